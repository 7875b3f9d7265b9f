//! [`Setting`]: what can be settled in the configuration file, and what its value may be.

use std::fmt;
use std::path::Path;

use clap::ValueEnum;
use serde_json::Value as Json;

use crate::args::{self, Colour, Language, Notify};
use crate::messages::settings as messages;

/// One setting. Nothing here switches off what protects somebody; what is secret in one is not shown.
#[derive(Debug)]
pub struct Setting {
    /// Its key in the file: the name of its flag, behind the verb that has it.
    pub key: &'static str,
    /// What its value may be.
    pub kind: Kind,
    /// The argument of the grammar that it speaks for.
    pub arg: Option<Arg>,
}

/// An argument of the grammar.
#[derive(Debug)]
pub struct Arg {
    /// Its name.
    pub id: &'static str,
    /// The verbs that have it; every verb if none is named.
    pub verbs: &'static [&'static [&'static str]],
}

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// True or false.
    Truth,
    /// How often a flag would be given.
    Count,
    /// One of a few words.
    Choice(fn() -> Vec<String>),
    /// A time such as 30s.
    Time,
    /// A whole path: the same from wherever a command is started.
    Path,
    /// Any words, but some.
    Words,
    /// A profile's name.
    Profile,
    /// A proxy, or none.
    Proxy,
}

/// A value that fits its setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// True or false.
    Truth(bool),
    /// A number.
    Count(u8),
    /// Words.
    Text(String),
}

/// The most that a count does anything at.
const COUNT_MAX: u8 = 2;

/// Taking something back says nothing new to anybody.
const SENDING: &[&[&str]] = &[&["send"], &["edit"], &["ask"], &["answer"]];
const RUNNING: &[&[&str]] = &[&["daemon"], &["daemon", "run"], &["daemon", "install"]];

/// All of them, in the order in which they are shown.
pub const SETTINGS: &[Setting] = &[
    global("profile", Kind::Profile, "profile"),
    global("lang", Kind::Choice(choices::<Language>), "lang"),
    global("color", Kind::Choice(choices::<Colour>), "color"),
    global("no-input", Kind::Truth, "no_input"),
    global("timeout", Kind::Time, "timeout"),
    global("proxy", Kind::Proxy, "proxy"),
    global("quiet", Kind::Count, "quiet"),
    global("verbose", Kind::Count, "verbose"),
    global("passphrase-file", Kind::Path, "passphrase_file"),
    of("require-verified", Kind::Truth, "require_verified", SENDING),
    Setting { key: "receipts", kind: Kind::Truth, arg: None },
    of("pull.output", Kind::Path, "output", &[&["pull"]]),
    of("chat.plain", Kind::Truth, "plain", &[&["chat"]]),
    of("daemon.notify", Kind::Choice(choices::<Notify>), "notify", RUNNING),
    of("daemon.exec", Kind::Words, "exec", RUNNING),
    of("daemon.exec-timeout", Kind::Time, "exec_timeout", RUNNING),
];

const fn global(key: &'static str, kind: Kind, id: &'static str) -> Setting {
    of(key, kind, id, &[])
}

const fn of(
    key: &'static str,
    kind: Kind,
    id: &'static str,
    verbs: &'static [&'static [&'static str]],
) -> Setting {
    Setting { key, kind, arg: Some(Arg { id, verbs }) }
}

impl Setting {
    /// The setting of this key.
    pub fn of(key: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.key == key)
    }

    /// Whether settings are grouped under this word.
    pub fn is_group(word: &str) -> bool {
        SETTINGS
            .iter()
            .any(|setting| setting.key.strip_prefix(word).is_some_and(|rest| rest.starts_with('.')))
    }

    /// The key that somebody may have meant.
    pub fn nearest(key: &str) -> Option<&'static str> {
        let key = key.to_ascii_lowercase().replace('_', "-");
        // A few slips of the finger, and not another word.
        let bound = (key.len() / 3).clamp(1, 4);
        let distances =
            SETTINGS.iter().map(|setting| (strsim::damerau_levenshtein(&key, setting.key), setting.key));
        let last = key.rsplit('.').next().unwrap_or_default();
        let elsewhere = SETTINGS.iter().find(|setting| setting.key.rsplit('.').next() == Some(last));
        let (distance, nearest) = distances.min()?;
        if distance <= bound { Some(nearest) } else { elsewhere.map(|setting| setting.key) }
    }
}

/// The key names it.
impl PartialEq for Setting {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Setting {}

impl Kind {
    /// The value that was written as one word on the command line.
    pub fn parse(self, text: &str) -> Result<Value, String> {
        match self {
            Self::Truth => text.parse().map(Value::Truth).map_err(|_| self.wish()),
            Self::Count => text.parse().map_err(|_| self.wish()).and_then(|count: u8| self.count(count)),
            _ => self.text(text),
        }
    }

    /// The value that stands in a file.
    pub fn read(self, value: &toml_edit::Value) -> Result<Value, String> {
        match (self, value) {
            (Self::Truth, toml_edit::Value::Boolean(truth)) => Ok(Value::Truth(*truth.value())),
            (Self::Count, toml_edit::Value::Integer(count)) => {
                u8::try_from(*count.value()).map_err(|_| self.wish()).and_then(|count| self.count(count))
            }
            (Self::Truth | Self::Count, _) => Err(self.wish()),
            (_, toml_edit::Value::String(text)) => self.text(text.value()),
            _ => Err(self.wish()),
        }
    }

    fn count(self, count: u8) -> Result<Value, String> {
        if count <= COUNT_MAX { Ok(Value::Count(count)) } else { Err(self.wish()) }
    }

    fn text(self, text: &str) -> Result<Value, String> {
        let fits = match self {
            Self::Truth | Self::Count => false,
            Self::Choice(choices) => choices().iter().any(|choice| choice == text),
            Self::Time => args::parse_duration(text).is_ok(),
            Self::Path => !text.contains('\0') && (text.starts_with('/') || text.starts_with("~/")),
            Self::Words => !text.trim().is_empty() && !text.contains('\0'),
            Self::Profile => client::Profile::named(Some(Path::new("/")), text).is_ok(),
            Self::Proxy => args::parse_route(text).is_ok(),
        };
        if fits { Ok(Value::Text(text.to_owned())) } else { Err(self.wish()) }
    }

    /// What would fit.
    fn wish(self) -> String {
        match self {
            Self::Truth => messages::true_or_false().to_owned(),
            Self::Count => messages::a_number(COUNT_MAX),
            Self::Choice(choices) => messages::one_of(choices().join(", ")),
            Self::Time => messages::a_time().to_owned(),
            Self::Path => messages::a_path().to_owned(),
            Self::Words => messages::some_words().to_owned(),
            Self::Profile => messages::a_profile().to_owned(),
            Self::Proxy => messages::a_proxy().to_owned(),
        }
    }
}

fn choices<T: ValueEnum>() -> Vec<String> {
    let values = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    values.map(|value| value.get_name().to_owned()).collect()
}

impl Value {
    /// As the command line would have it; `~/` is the home of whoever asks.
    pub fn as_argument(&self, kind: Kind) -> String {
        match self {
            Self::Text(text) if matches!(kind, Kind::Path) => {
                match (text.strip_prefix("~/"), std::env::home_dir()) {
                    (Some(rest), Some(home)) => home.join(rest).to_string_lossy().into_owned(),
                    _ => text.clone(),
                }
            }
            Self::Text(text) => text.clone(),
            Self::Truth(truth) => truth.to_string(),
            Self::Count(count) => count.to_string(),
        }
    }

    /// As it may be shown.
    pub fn without_secret(self, kind: Kind) -> Self {
        match (kind, self) {
            (Kind::Proxy, Self::Text(text)) => Self::Text(args::without_credentials(&text)),
            (_, value) => value,
        }
    }

    /// For a program.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Truth(truth) => Json::from(*truth),
            Self::Count(count) => Json::from(*count),
            Self::Text(text) => Json::from(text.as_str()),
        }
    }

    /// For the file.
    pub fn to_toml(&self) -> toml_edit::Value {
        match self {
            Self::Truth(truth) => toml_edit::Value::from(*truth),
            Self::Count(count) => toml_edit::Value::from(i64::from(*count)),
            Self::Text(text) => toml_edit::Value::from(text.as_str()),
        }
    }
}

/// As it would stand in the file.
impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.to_toml())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::args::Oub;

    /// The command of the grammar that has the argument.
    fn command(verbs: &[&str]) -> clap::Command {
        verbs.iter().fold(Oub::command(), |command, verb| command.find_subcommand(verb).unwrap().clone())
    }

    #[test]
    fn every_setting_is_a_flag_of_its_name_wherever_it_says() {
        for setting in SETTINGS {
            let Some(arg) = &setting.arg else { continue };
            let everywhere: &[&[&str]] = &[&[]];
            for verbs in if arg.verbs.is_empty() { everywhere } else { arg.verbs } {
                let command = command(verbs);
                let found = command.get_arguments().find(|each| each.get_id() == arg.id).unwrap();
                let (_, flag) = setting.key.rsplit_once('.').unwrap_or(("", setting.key));
                assert_eq!(found.get_long(), Some(flag), "{}", setting.key);
                if let Kind::Choice(choices) = setting.kind {
                    let possible: Vec<_> =
                        found.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
                    assert_eq!(possible, choices(), "{}", setting.key);
                }
            }
        }
    }

    #[test]
    fn a_value_that_does_not_fit_is_refused_and_one_that_fits_is_read_back_from_the_file() {
        for (key, good, bad) in [
            ("profile", "work", "../work"),
            ("color", "never", "Never"),
            ("no-input", "true", "yes"),
            ("timeout", "90s", "90"),
            ("proxy", "socks5://a:b@[::1]:9050", "[::1]"),
            ("proxy", "none", "off"),
            ("quiet", "2", "3"),
            ("pull.output", "~/in", "in"),
            ("daemon.exec", "a \"b\" \\ 'c'", " "),
            ("daemon.notify", "name", ""),
        ] {
            let kind = Setting::of(key).unwrap().kind;
            assert!(kind.parse(bad).is_err(), "{key}");
            let value = kind.parse(good).unwrap();
            let text = format!("key = {value}");
            let document = toml_edit::Document::parse(text).unwrap();
            assert_eq!(kind.read(document.get("key").unwrap().as_value().unwrap()).unwrap(), value, "{key}");
        }
    }

    #[test]
    fn the_key_that_was_meant_is_found_and_none_is_made_up() {
        assert_eq!(Setting::nearest("require_verified"), Some("require-verified"));
        assert_eq!(Setting::nearest("colour"), Some("color"));
        assert_eq!(Setting::nearest("notify"), Some("daemon.notify"));
        assert_eq!(Setting::nearest("daemon.timeout"), Some("timeout"));
        assert_eq!(Setting::nearest("no-verify"), None);
    }
}
