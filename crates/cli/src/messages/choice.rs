//! Which language: said once, at the start.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::Command;
use clap::builder::{FalseyValueParser, TypedValueParser as _};
use client::Language;

use crate::settings::file::{File, place};
use crate::settings::setting::Setting;

/// The word that chooses it, as somebody wrote it, if there is one.
pub struct Choice(Option<OsString>);

impl Choice {
    /// Whether the command line or the environment asks for JSON: such a run is English, also in what is said about a
    /// flag that is wrong.
    pub fn is_for_programs(arguments: &[OsString], variable: impl Fn(&str) -> Option<OsString>) -> bool {
        let flag = arguments.iter().skip(1).take_while(|word| *word != "--").any(|word| word == "--json");
        let read = |text: OsString| FalseyValueParser::new().parse_ref(&Command::new("oub"), None, &text);
        flag || variable("OUB_JSON").is_some_and(|text| read(text).unwrap_or_default())
    }

    /// What the command line, the environment, the configuration or else the locale says. The arguments are looked at
    /// before they are understood, since the help, and what is said about a wrong flag, are in the language too.
    pub fn of(arguments: &[OsString], variable: impl Fn(&str) -> Option<OsString>) -> Self {
        // The order of POSIX: the first that is set decides, also when it says something else.
        let locale = || ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|name| set(&variable, name));
        Self(said("lang", arguments, &variable).or_else(locale))
    }

    /// The language. What is none of ours is English; a flag or `OUB_LANG` that is none is refused later.
    pub fn language(self) -> Language {
        match self.0.as_deref().map(OsStr::to_string_lossy) {
            Some(word) if is_french(&word) => Language::French,
            _ => Language::English,
        }
    }
}

/// `fr`, `fr_CA.UTF-8`, `fr@euro`; but not `fro`.
fn is_french(word: &str) -> bool {
    let rest = word.strip_prefix("fr").or_else(|| word.strip_prefix("FR"));
    rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric()))
}

/// What a flag, else its variable, else the file says of a setting, as far as that can be seen before the grammar has
/// read the line. The file is read only where the others are silent.
pub fn said(
    key: &str,
    arguments: &[OsString],
    variable: &impl Fn(&str) -> Option<OsString>,
) -> Option<OsString> {
    let now = |key: &str| {
        let named = || set(variable, &format!("OUB_{}", key.to_uppercase()));
        given(arguments, &format!("--{key}")).or_else(named)
    };
    now(key).or_else(|| file(key, now("home"), now("profile")))
}

/// A variable that holds something.
fn set(variable: &impl Fn(&str) -> Option<OsString>, name: &str) -> Option<OsString> {
    variable(name).filter(|value| !value.is_empty())
}

/// The value of a flag.
fn given(arguments: &[OsString], flag: &str) -> Option<OsString> {
    let words = || arguments.iter().skip(1).take_while(|word| *word != "--");
    let beside =
        words().zip(words().skip(1)).filter(|(word, _)| *word == flag).map(|(_, value)| value.clone());
    let within =
        words().filter_map(|word| Some(word.to_str()?.strip_prefix(flag)?.strip_prefix('=')?.into()));
    beside.chain(within).last()
}

/// What the configuration file settles; what is wrong with it is told when it counts.
fn file(key: &str, home: Option<OsString>, profile: Option<OsString>) -> Option<OsString> {
    let file = File::read(&place(home.as_deref().map(Path::new))?).ok()??;
    let profile = profile.unwrap_or_else(|| "default".into());
    let entry = file.entry(Setting::of(key)?, &profile.to_string_lossy())?;
    Some(entry.value.as_argument(entry.setting.kind).into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn chosen(line: &str, environment: &[(&str, &str)]) -> Language {
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let variable = |name: &str| {
            // No file of whoever runs the tests.
            let home = [("OUB_HOME", "/nonexistent")];
            let mut all = environment.iter().chain(&home);
            all.find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        };
        Choice::of(&arguments, variable).language()
    }

    #[test]
    fn the_flag_wins_over_the_variable_and_that_over_the_locale() {
        use Language::{English, French};
        assert_eq!(chosen("oub id", &[]), English);
        assert_eq!(chosen("oub id", &[("LANG", "fr_FR.UTF-8")]), French);
        assert_eq!(chosen("oub id", &[("LANG", "fr_FR.UTF-8"), ("LC_ALL", "C")]), English);
        assert_eq!(chosen("oub id", &[("LANG", "fr_FR.UTF-8"), ("LC_ALL", "")]), French);
        assert_eq!(chosen("oub id", &[("LC_MESSAGES", "fr"), ("LANG", "en_GB")]), French);
        assert_eq!(chosen("oub id", &[("OUB_LANG", "en"), ("LC_ALL", "fr_CA")]), English);
        assert_eq!(chosen("oub id --lang fr", &[("OUB_LANG", "en")]), French);
        assert_eq!(chosen("oub --lang=fr id", &[("OUB_LANG", "en")]), French);
        assert_eq!(chosen("oub send bob -- --lang=fr", &[]), English);
        assert_eq!(chosen("oub id", &[("LANG", "fro")]), English);
    }

    #[test]
    fn what_programs_read_is_known_before_the_line_is_understood() {
        let asked = |line: &str, variable: Option<&str>| {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            Choice::is_for_programs(&arguments, |_| variable.map(OsString::from))
        };
        assert!(asked("oub --json nonsense", None) && asked("oub id", Some("1")));
        assert!(!asked("oub send bob -- --json", None) && !asked("oub id", Some("0")));
    }

    #[test]
    fn a_configuration_stands_between_the_variable_and_the_locale() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("config.toml"), "lang = \"fr\"\n").unwrap();
        let line = format!("oub id --home {}", home.path().display());
        assert_eq!(chosen(&line, &[("LANG", "en_GB")]), Language::French);
        assert_eq!(chosen(&line, &[("OUB_LANG", "en")]), Language::English);
        assert_eq!(chosen(&format!("{line} --lang en"), &[]), Language::English);
    }
}
