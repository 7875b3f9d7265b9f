//! [`Layers`]: flags, variables, the configuration file and what is built in, and which of them speaks.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use clap::builder::{FalseyValueParser, TypedValueParser as _};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory as _};

use crate::args::{Global, Oub};
use crate::problem::Problem;
use crate::settings::file::{self, File};
use crate::settings::setting::{Kind, SETTINGS, Setting, Value};

/// Everything that settles something, for one run.
#[derive(Clone, Debug)]
pub struct Layers {
    matches: ArgMatches,
    place: Option<PathBuf>,
    file: Option<File>,
    profile: String,
}

/// Where a value comes from, most particular first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The command line: this flag.
    Flag(String),
    /// This variable.
    Variable(String),
    /// This line of the configuration file.
    File(PathBuf, usize),
    /// Nobody said anything.
    BuiltIn,
}

/// A setting as it holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which.
    pub setting: &'static Setting,
    /// Its value without what is secret in it; `None` when it is not set and need not be.
    pub value: Option<Value>,
    /// Why.
    pub origin: Origin,
}

impl Layers {
    /// Flags and variables alone.
    pub fn without_file(matches: ArgMatches, global: &Global) -> Self {
        let place = file::place(global.home.as_deref());
        Self { matches, place, file: None, profile: global.profile.clone() }
    }

    /// The same with the configuration file, if there is one.
    pub fn with_file(mut self) -> Result<Self, Box<Problem>> {
        if let Some(place) = &self.place {
            self.file = File::read(place)?;
        }
        // The file may choose the profile, and then has a section for it.
        if let Some(Value::Text(name)) = Setting::of("profile").and_then(|setting| self.row(setting).value) {
            self.profile = name;
        }
        Ok(self)
    }

    /// The same as they hold for the profile that a key names, if it names one.
    pub fn for_profile(mut self, profile: Option<&str>) -> Self {
        if let Some(profile) = profile {
            profile.clone_into(&mut self.profile);
        }
        self
    }

    /// The profile that is used.
    pub fn profile(&self) -> &str {
        &self.profile
    }

    /// Where the file is, or would be.
    pub fn place(&self) -> Option<&Path> {
        self.place.as_deref()
    }

    /// The grammar, with what the file settles built in.
    pub fn apply(&self, grammar: Command) -> Command {
        SETTINGS.iter().fold(grammar, |grammar, setting| {
            let said = self.file.as_ref().and_then(|file| file.entry(setting, &self.profile));
            let (Some(entry), Some(arg)) = (said, &setting.arg) else { return grammar };
            let value = entry.value.as_argument(setting.kind);
            if arg.verbs.is_empty() {
                return with_default(grammar, &[], arg.id, &value);
            }
            arg.verbs.iter().fold(grammar, |grammar, verbs| with_default(grammar, verbs, arg.id, &value))
        })
    }

    /// Every setting with its value and origin.
    pub fn rows(&self) -> Vec<Row> {
        SETTINGS.iter().map(|setting| self.row(setting)).collect()
    }

    /// One of them, as it may be shown.
    pub fn row(&self, setting: &'static Setting) -> Row {
        let said = self.of_flag(setting).or_else(|| of_variable(setting)).or_else(|| self.of_file(setting));
        let (value, origin) = said.unwrap_or_else(|| (built_in(setting), Origin::BuiltIn));
        Row { setting, value: value.map(|value| value.without_secret(setting.kind)), origin }
    }

    /// Whether a setting of true or false is true.
    pub fn holds(&self, key: &str) -> bool {
        Setting::of(key).is_some_and(|setting| self.row(setting).value == Some(Value::Truth(true)))
    }

    /// Whether a flag or a variable says so, for this run.
    pub fn is_said_now(&self, key: &str) -> bool {
        let said = Setting::of(key).map(|setting| self.row(setting).origin);
        matches!(said, Some(Origin::Flag(_) | Origin::Variable(_)))
    }

    fn of_flag(&self, setting: &Setting) -> Option<(Option<Value>, Origin)> {
        let arg = setting.arg.as_ref().filter(|arg| arg.verbs.is_empty())?;
        if self.matches.value_source(arg.id) != Some(ValueSource::CommandLine) {
            return None;
        }
        let value = match setting.kind {
            Kind::Truth => Value::Truth(self.matches.get_flag(arg.id)),
            Kind::Count => Value::Count(self.matches.get_count(arg.id)),
            _ => Value::Text(self.matches.get_raw(arg.id)?.next_back()?.to_string_lossy().into_owned()),
        };
        Some((Some(value), Origin::Flag(format!("--{}", setting.key))))
    }

    fn of_file(&self, setting: &Setting) -> Option<(Option<Value>, Origin)> {
        let file = self.file.as_ref()?;
        let entry = file.entry(setting, &self.profile)?;
        Some((Some(entry.value.clone()), Origin::File(file.path.clone(), entry.line)))
    }
}

/// Made once a run: every setting looks itself up in it.
static GRAMMAR: LazyLock<Command> = LazyLock::new(Oub::command);

fn of_variable(setting: &Setting) -> Option<(Option<Value>, Origin)> {
    let name = argument(setting)?.get_env()?.to_string_lossy().into_owned();
    let text = env::var_os(&name).filter(|text| !text.is_empty())?;
    let value = match setting.kind {
        Kind::Truth => {
            let truth = FalseyValueParser::new().parse_ref(&GRAMMAR, None, &text);
            Value::Truth(truth.unwrap_or_default())
        }
        Kind::Count => Value::Count(text.to_str().and_then(|text| text.parse().ok()).unwrap_or_default()),
        _ => Value::Text(text.to_string_lossy().into_owned()),
    };
    Some((Some(value), Origin::Variable(name)))
}

fn built_in(setting: &Setting) -> Option<Value> {
    match setting.kind {
        Kind::Truth => Some(Value::Truth(false)),
        Kind::Count => Some(Value::Count(0)),
        _ => {
            let argument = argument(setting)?;
            let value = argument.get_default_values().first()?;
            Some(Value::Text(value.to_string_lossy().into_owned()))
        }
    }
}

/// The setting's flag in the grammar.
fn argument(setting: &Setting) -> Option<clap::Arg> {
    let arg = setting.arg.as_ref()?;
    let verbs = arg.verbs.first().copied().unwrap_or_default();
    let command = verbs.iter().try_fold(&*GRAMMAR, |command, verb| command.find_subcommand(verb))?;
    command.get_arguments().find(|each| each.get_id() == arg.id).cloned()
}

fn with_default(command: Command, verbs: &[&str], id: &str, value: &str) -> Command {
    match verbs.split_first() {
        None => command.mut_arg(id, |arg| arg.default_value(value.to_owned())),
        Some((verb, rest)) => command.mut_subcommand(verb, |inner| with_default(inner, rest, id, value)),
    }
}
