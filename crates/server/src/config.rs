//! The settings of `serve`, gathered from flag, environment, file and built-in value, in this order.

use std::fmt::Display;
use std::net::{Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use wire::HostPort;
use wire::limits::{
    CONNECTIONS_MAX, CONNECTIONS_PER_SOURCE_MAX, HANDSHAKES_MAX, HANDSHAKES_PER_MINUTE_MAX,
    HANDSHAKES_PER_SECOND_MAX, PORT,
};

use crate::admission::Budgets;
use crate::args::{Common, SettingFlags};
use crate::failure::{EXIT_USAGE, Failure};
use crate::network::Network;
use crate::proxy_entrances::ProxyEntrances;

/// Where the configuration is looked for when none is named; it need not exist.
pub const CONFIG_FILE: &str = "/etc/oubliette/oublietted.toml";
/// The data folder of the package, and of root.
pub const SYSTEM_FOLDER: &str = "/var/lib/oubliette";
/// No machine has room for more of anything that is counted here.
const COUNT_MAX: usize = 1_000_000;
/// Where proxies stand unless configured: on this machine.
const PROXIES: [&str; 2] = ["127.0.0.0/8", "::1"];
/// Networks of proxies that can be named.
const PROXIES_MAX: usize = 64;
/// A configuration longer than this is not one.
const CONFIG_BYTES_MAX: u64 = 64 * 1024;

/// What `serve` runs with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The data folder.
    pub data: PathBuf,
    /// Listening addresses, at least one.
    pub listen: Vec<SocketAddr>,
    /// What invitations name, if told.
    pub public_host: Option<HostPort>,
    /// Registration without invitations.
    pub open: bool,
    /// Who may have how much.
    pub budgets: Budgets,
    /// Where proxies say for whom they speak.
    pub proxy_header: ProxyEntrances,
    /// Where metrics are to be had, if anywhere.
    pub metrics_listen: Option<SocketAddr>,
    /// The keys that the configuration file sets.
    pub in_file: Vec<&'static str>,
}

/// The file, key by key.
#[derive(Deserialize, Default, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    data: Option<PathBuf>,
    listen: Option<Vec<Endpoint>>,
    public_host: Option<String>,
    open: Option<bool>,
    connections_max: Option<usize>,
    connections_per_source_max: Option<usize>,
    handshakes_max: Option<usize>,
    handshakes_per_minute_max: Option<u32>,
    handshakes_per_second_max: Option<u32>,
    proxies: Option<Vec<Network>>,
    proxy_header: Option<ProxyEntrances>,
    metrics_listen: Option<Endpoint>,
}

/// Where to listen, as it is written.
#[derive(Deserialize, Clone, Copy, Debug)]
#[serde(try_from = "String")]
struct Endpoint(SocketAddr);

impl TryFrom<String> for Endpoint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        endpoint(&text).map(Self)
    }
}

/// An address of this machine and a port.
pub(crate) fn endpoint(text: &str) -> Result<SocketAddr, String> {
    const FORM: &str =
        "write an address of this machine and a port: [::]:24268 (everywhere), 127.0.0.1:24268";
    text.parse().map_err(|_| FORM.to_owned())
}

impl File {
    /// The keys that it sets.
    fn keys(&self) -> Vec<&'static str> {
        let keys = [
            ("data", self.data.is_some()),
            ("listen", self.listen.is_some()),
            ("public-host", self.public_host.is_some()),
            ("open", self.open.is_some()),
            ("connections-max", self.connections_max.is_some()),
            ("connections-per-source-max", self.connections_per_source_max.is_some()),
            ("handshakes-max", self.handshakes_max.is_some()),
            ("handshakes-per-minute-max", self.handshakes_per_minute_max.is_some()),
            ("handshakes-per-second-max", self.handshakes_per_second_max.is_some()),
            ("proxies", self.proxies.is_some()),
            ("proxy-header", self.proxy_header.is_some()),
            ("metrics-listen", self.metrics_listen.is_some()),
        ];
        keys.into_iter().filter(|(_, is_set)| *is_set).map(|(key, _)| key).collect()
    }
}

/// Why there are no settings.
#[derive(thiserror::Error, Debug)]
pub enum ConfigError {
    /// The file named cannot be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The file is not TOML, has an unknown key or a wrong value.
    #[error("{path}: {reason}")]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// Where and what, in one line.
        reason: String,
    },
    /// An address of proxies to which nobody could connect.
    #[error("proxy-header names {0}, which listen does not")]
    NotListened(SocketAddr),
    /// A number with which no server could serve.
    #[error("{setting} is {value}; it must be from {min} to {max}")]
    Absurd {
        /// Which setting.
        setting: &'static str,
        /// What it was set to.
        value: String,
        /// The least that makes sense.
        min: usize,
        /// The most that makes sense.
        max: usize,
    },
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let why = error.to_string();
        let remedy = match error {
            ConfigError::Unreadable { .. } => {
                "name a file that is there and that this user may read:   --config FILE"
            }
            _ => "correct the setting, then   oublietted check",
        };
        Failure::new("the configuration cannot be used", why, remedy, EXIT_USAGE, "OUB-S020")
    }
}

impl Settings {
    /// Flags and variables win over the file, the file over what is built in.
    pub fn gather(common: &Common, given: &SettingFlags) -> Result<Self, ConfigError> {
        let (path, file) = read(common.config.as_deref())?;
        Self::settle(common, given, path, file)
    }

    /// What a file of this text and nothing else makes.
    pub fn from_text(text: &str) -> Result<Self, ConfigError> {
        let path = PathBuf::from(CONFIG_FILE);
        let file = parse(text).map_err(|reason| ConfigError::Wrong { path: path.clone(), reason })?;
        Self::settle(&Common::default(), &SettingFlags::default(), path, file)
    }

    fn settle(common: &Common, given: &SettingFlags, path: PathBuf, file: File) -> Result<Self, ConfigError> {
        let (in_file, budgets) = (file.keys(), budgets(&file, given.connections_max)?);
        let public_host = match (&given.public_host, file.public_host) {
            (Some(flag), _) => Some(flag.clone()),
            (None, Some(text)) => Some(HostPort::parse(&text).map_err(|error| ConfigError::Wrong {
                path,
                reason: format!("public-host: {}", one_line(&error.to_string())),
            })?),
            (None, None) => None,
        };
        let flags = Some(given.listen.clone()).filter(|listen| !listen.is_empty());
        let in_file_listen =
            file.listen.map(|all| all.into_iter().map(|Endpoint(address)| address).collect());
        let listen = flags.or(in_file_listen).filter(|listen| !listen.is_empty()).unwrap_or_else(everywhere);
        let proxy_header = file.proxy_header.unwrap_or_default();
        if let Some(address) = proxy_header.first_beyond(&listen) {
            return Err(ConfigError::NotListened(address));
        }
        Ok(Self {
            data: common.data.clone().or(file.data).unwrap_or_else(default_data),
            listen,
            public_host,
            open: given.open || file.open.unwrap_or(false),
            budgets,
            proxy_header,
            metrics_listen: given.metrics_listen.or(file.metrics_listen.map(|Endpoint(address)| address)),
            in_file,
        })
    }

    /// Every setting under its key in the file, as it would stand there.
    pub fn shown(&self) -> Vec<(&'static str, Option<String>)> {
        let text = |text: &dyn std::fmt::Display| Some(format!("\"{text}\""));
        let listen: Vec<_> = self.listen.iter().map(|address| format!("\"{address}\"")).collect();
        let proxies: Vec<_> = self.budgets.proxies.iter().map(|network| format!("\"{network}\"")).collect();
        vec![
            ("data", text(&self.data.display())),
            ("listen", Some(format!("[{}]", listen.join(", ")))),
            ("public-host", self.public_host.as_ref().and_then(|host| text(host))),
            ("open", Some(self.open.to_string())),
            ("connections-max", Some(self.budgets.connections_max.to_string())),
            ("connections-per-source-max", Some(self.budgets.connections_per_source_max.to_string())),
            ("handshakes-max", Some(self.budgets.handshakes_max.to_string())),
            ("handshakes-per-minute-max", Some(self.budgets.handshakes_per_minute_max.to_string())),
            ("handshakes-per-second-max", Some(self.budgets.handshakes_per_second_max.to_string())),
            ("proxies", Some(format!("[{}]", proxies.join(", ")))),
            ("proxy-header", Some(self.proxy_header.to_string())),
            ("metrics-listen", self.metrics_listen.as_ref().and_then(|address| text(address))),
        ]
    }

    /// Only the data folder, for the verbs that talk to a running server.
    pub fn data_folder(common: &Common) -> Result<PathBuf, ConfigError> {
        let (_, file) = read(common.config.as_deref())?;
        Ok(common.data.clone().or(file.data).unwrap_or_else(default_data))
    }
}

/// The budgets that were chosen, each within reason.
fn budgets(file: &File, connections_max: Option<usize>) -> Result<Budgets, ConfigError> {
    let proxies = file.proxies.clone().unwrap_or_else(|| PROXIES.iter().flat_map(|it| it.parse()).collect());
    // Without any, nobody could say for whom he speaks, and everybody would be refused.
    let (what, least) = match file.proxy_header.as_ref().is_some_and(|entrances| !entrances.is_empty()) {
        true => ("the number of proxies, where proxy-header is set,", 1),
        false => ("the number of proxies", 0),
    };
    within(what, proxies.len(), least..=PROXIES_MAX)?;
    let (many, some) = (1..=COUNT_MAX, 1..=COUNT_MAX as u32);
    let total = connections_max.or(file.connections_max).unwrap_or(CONNECTIONS_MAX);
    let of_source = file.connections_per_source_max.unwrap_or(CONNECTIONS_PER_SOURCE_MAX);
    let handshakes = file.handshakes_max.unwrap_or(HANDSHAKES_MAX);
    let a_minute = file.handshakes_per_minute_max.unwrap_or(HANDSHAKES_PER_MINUTE_MAX);
    let a_second = file.handshakes_per_second_max.unwrap_or(HANDSHAKES_PER_SECOND_MAX);
    Ok(Budgets {
        connections_max: within("connections-max", total, many.clone())?,
        connections_per_source_max: within("connections-per-source-max", of_source, many.clone())?,
        handshakes_max: within("handshakes-max", handshakes, many)?,
        handshakes_per_minute_max: within("handshakes-per-minute-max", a_minute, some.clone())?,
        handshakes_per_second_max: within("handshakes-per-second-max", a_second, some)?,
        proxies,
    })
}

/// Zero would serve nobody, and a number beyond every machine is a slip of the keyboard.
fn within<T>(setting: &'static str, value: T, range: RangeInclusive<T>) -> Result<T, ConfigError>
where
    T: Copy + PartialOrd + Display + TryInto<usize>,
{
    if range.contains(&value) {
        return Ok(value);
    }
    let bound = |bound: &T| (*bound).try_into().unwrap_or(usize::MAX);
    let (min, max) = (bound(range.start()), bound(range.end()));
    Err(ConfigError::Absurd { setting, value: value.to_string(), min, max })
}

fn everywhere() -> Vec<SocketAddr> {
    vec![SocketAddr::from((Ipv6Addr::UNSPECIFIED, PORT))]
}

fn read(named: Option<&Path>) -> Result<(PathBuf, File), ConfigError> {
    let path = named.unwrap_or(Path::new(CONFIG_FILE)).to_path_buf();
    if named.is_none() && !path.exists() {
        return Ok((path, File::default()));
    }
    let unreadable = |error| ConfigError::Unreadable { path: path.clone(), error };
    if std::fs::metadata(&path).map_err(unreadable)?.len() > CONFIG_BYTES_MAX {
        return Err(ConfigError::Wrong { path, reason: "longer than a configuration can be".into() });
    }
    let text = std::fs::read_to_string(&path).map_err(unreadable)?;
    match parse(&text) {
        Ok(file) => Ok((path, file)),
        Err(reason) => Err(ConfigError::Wrong { path, reason }),
    }
}

/// The keys of a file, or where and why it is none, in one line.
fn parse(text: &str) -> Result<File, String> {
    toml::from_str(text).map_err(|error| {
        let line =
            error.span().map_or(0, |span| text.bytes().take(span.start).filter(|b| *b == b'\n').count() + 1);
        format!("line {line}: {}", one_line(error.message()))
    })
}

/// Words that quote the file, as a terminal may show them.
fn one_line(words: &str) -> String {
    let shown =
        |char: char| if char.is_control() { char.escape_default().collect() } else { char.to_string() };
    words.chars().map(shown).collect()
}

/// `/var/lib/oubliette` for root and for whoever owns it, else the user's data folder.
fn default_data() -> PathBuf {
    use std::os::unix::fs::MetadataExt;
    let system = PathBuf::from(SYSTEM_FOLDER);
    let me = rustix::process::geteuid().as_raw();
    if me == 0 || std::fs::metadata(&system).is_ok_and(|found| found.uid() == me) {
        return system;
    }
    let home = || std::env::var_os("HOME").map_or_else(|| PathBuf::from("."), PathBuf::from);
    let base = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .unwrap_or_else(|| home().join(".local/share"));
    base.join("oublietted")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn gather(text: &str) -> Result<Settings, ConfigError> {
        gather_with(text, Some(7))
    }

    fn gather_with(text: &str, connections_max: Option<usize>) -> Result<Settings, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("oublietted.toml");
        std::fs::write(&path, text).unwrap();
        let common = Common { config: Some(path), ..Common::default() };
        let given = SettingFlags { connections_max, ..SettingFlags::default() };
        Settings::gather(&common, &given)
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_what_is_built_in() {
        let settings = gather("connections-max = 9\nopen = true\npublic-host = \"relay.example\"").unwrap();
        assert_eq!(settings.budgets.connections_max, 7);
        assert!(settings.open);
        assert_eq!(settings.public_host.unwrap().port(), PORT);
        assert_eq!(settings.listen, everywhere());
    }

    #[test]
    fn a_place_to_listen_that_is_none_is_an_error_that_says_how_one_is_written() {
        for text in
            ["listen = [\"999\"]", "metrics-listen = \"localhost\"", "listen = [\"relay.example:24268\"]"]
        {
            let error = gather(text).unwrap_err().to_string();
            assert!(error.contains("line 1") && error.contains("127.0.0.1:24268"), "{text}: {error}");
        }
        assert_eq!(gather("metrics-listen = \"[::1]:9\"").unwrap().metrics_listen.unwrap().port(), 9);
    }

    #[test]
    fn what_is_not_configured_is_as_the_page_of_limits_says() {
        let budgets = gather_with("", None).unwrap().budgets;
        assert_eq!((budgets.connections_max, budgets.connections_per_source_max), (4_096, 64));
        assert_eq!(budgets.proxies, PROXIES.map(|text| text.parse().unwrap()));
    }

    #[test]
    fn the_example_configuration_sets_what_is_built_in() {
        let example = gather_with(include_str!("../../../deploy/oublietted.toml"), None).unwrap();
        let built_in = gather_with("", None).unwrap();
        assert_eq!(example.budgets, built_in.budgets);
        assert_eq!((example.listen, example.open), (built_in.listen, built_in.open));
    }

    #[test]
    fn a_number_with_which_nobody_could_be_served_is_an_error_that_says_so() {
        for setting in [
            "connections-max",
            "connections-per-source-max",
            "handshakes-max",
            "handshakes-per-minute-max",
            "handshakes-per-second-max",
        ] {
            for absurd in ["0", "1000001", "4000000000"] {
                let error = gather_with(&format!("{setting} = {absurd}"), None).unwrap_err().to_string();
                let said = format!("{setting} is {absurd}; it must be from 1 to 1000000");
                assert_eq!(error, said);
            }
            assert!(
                gather_with(&format!("{setting} = -1"), None).unwrap_err().to_string().contains("line 1")
            );
        }
        assert!(gather_with("", Some(0)).unwrap_err().to_string().contains("connections-max is 0"));
        let error = gather_with("proxies = [\"10.0.0.1/8\"]", None).unwrap_err().to_string();
        assert!(error.contains("line 1") && error.contains("10.0.0.1/8"), "{error}");
    }

    #[test]
    fn every_key_of_the_example_file_is_shown_with_its_value() {
        let example = include_str!("../../../deploy/oublietted.toml");
        let settings = gather("").unwrap();
        let keys = example.lines().filter_map(|line| {
            let (key, value) = line.trim_start_matches("# ").split_once(" = ")?;
            (!key.contains(' ')).then_some((key, value, line.starts_with('#')))
        });
        let mut found = 0;
        for (key, value, unset) in keys {
            found += 1;
            let shown = settings.shown().into_iter().find(|(shown, _)| *shown == key);
            let (_, shown) = shown.unwrap_or_else(|| panic!("{key} is not shown"));
            // What a flag or this user's home decides is not built in.
            if !unset && key != "connections-max" && key != "data" {
                assert_eq!(shown.as_deref(), Some(value), "{key}");
            }
        }
        assert_eq!(found, settings.shown().len());
        let set: String =
            example.lines().map(|line| line.trim_start_matches("# ").to_owned() + "\n").collect();
        let set: String =
            set.lines().filter(|line| line.contains(" = ")).map(|line| line.to_owned() + "\n").collect();
        let shown: Vec<_> = settings.shown().iter().map(|(key, _)| *key).collect();
        assert_eq!(gather(&set).unwrap().in_file, shown, "every key of the file has its origin there");
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_its_line() {
        let error = gather("open = true\nopne = true").unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("opne"), "{error}");
    }

    #[test]
    fn an_error_that_quotes_the_file_holds_nothing_that_a_terminal_obeys() {
        let error = gather("\"\\u001b[2J\" = 1").unwrap_err().to_string();
        assert!(error.contains("\\u{1b}[2J") && !error.contains('\u{1b}'), "{error}");
    }

    #[test]
    fn a_missing_file_that_was_named_is_an_error() {
        let common = Common { config: Some("/nonexistent/x".into()), ..Common::default() };
        assert!(matches!(Settings::data_folder(&common), Err(ConfigError::Unreadable { .. })));
    }
}
