//! `config`: every setting, and where its value comes from.

use std::path::Path;

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde_json::json;

use crate::config::Settings;

/// Where a value comes from, most particular first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The command line.
    Flag,
    /// A variable `OUBLIETTED_…`.
    Variable,
    /// The configuration file.
    File,
    /// Nobody said anything.
    BuiltIn,
}

/// One setting as it is used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Its key in the file.
    pub key: &'static str,
    /// What it is; `None` when it is not set and need not be.
    pub value: Option<String>,
    /// Why.
    pub origin: Origin,
}

/// Every setting with its origin.
pub fn rows(settings: &Settings, flags: &ArgMatches) -> Vec<Row> {
    let rows = settings.shown().into_iter().map(|(key, value)| {
        let flag = key.replace('-', "_");
        let given =
            flags.try_contains_id(&flag).unwrap_or(false).then(|| flags.value_source(&flag)).flatten();
        let origin = match given {
            Some(ValueSource::CommandLine) => Origin::Flag,
            Some(ValueSource::EnvVariable) => Origin::Variable,
            _ if settings.in_file.contains(&key) => Origin::File,
            _ => Origin::BuiltIn,
        };
        Row { key, value, origin }
    });
    rows.collect()
}

impl Origin {
    /// In words, for a setting.
    fn words(self, key: &str, file: &Path) -> String {
        match self {
            Self::Flag => format!("flag --{key}"),
            Self::Variable => format!("variable OUBLIETTED_{}", key.replace('-', "_").to_uppercase()),
            Self::File => format!("file {}", file.display()),
            Self::BuiltIn => "built in".to_owned(),
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Variable => "variable",
            Self::File => "file",
            Self::BuiltIn => "built-in",
        }
    }
}

impl Row {
    /// A line as it could stand in the file, with its origin behind it if asked.
    pub fn line(&self, file: &Path, with_origin: bool) -> String {
        let line = match &self.value {
            Some(value) => format!("{} = {value}", self.key),
            None => format!("# {} is not set", self.key),
        };
        if with_origin {
            format!("{line:<50} # {}\n", self.origin.words(self.key, file))
        } else {
            line + "\n"
        }
    }

    /// One JSON line for scripts.
    pub fn json(&self) -> String {
        let Self { key, value, origin } = self;
        json!({"v": 1, "t": "setting", "key": key, "value": value, "origin": origin.code()}).to_string()
            + "\n"
    }
}
