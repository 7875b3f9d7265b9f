//! `oub`: private messages to one person, through a server you own.
//!
//! [`args`] is the grammar; each verb has a file of its name in [`commands`]; a verb either ends with an
//! [`exit::Exit`] or stops with a [`problem::Problem`]. Answers go to standard output through
//! [`screen::Screen`], everything else to standard error.

mod args;
mod chat;
mod commands;
mod completion;
mod context;
mod daemon;
mod exit;
mod help;
mod json;
mod messages;
mod mistake;
mod passphrase;
mod problem;
mod process;
mod progress;
mod protector;
mod qr;
mod screen;
mod settings;
mod shown;
mod stop;
mod when;

use std::io::{Write as _, stderr, stdout};

use clap::parser::ValueSource;
use clap::{CommandFactory as _, FromArgMatches as _};

use crate::args::{Command, ConfigVerb, Oub};
use crate::context::Context;
use crate::exit::Exit;
use crate::messages::{Language, choice::Choice, help::in_its_language};
use crate::problem::Problem;
use crate::settings::layers::Layers;
use crate::stop::Stop;

fn main() {
    process::keep_memory_private();
    let exit = run();
    let _closed = stdout().flush();
    process::end(exit);
}

fn run() -> Exit {
    if let Some(exit) = completion::answer_shell() {
        return exit;
    }
    let arguments: Vec<_> = std::env::args_os().collect();
    let variable = |name: &str| std::env::var_os(name);
    if !Choice::is_for_programs(&arguments, variable) {
        messages::speak(Choice::of(&arguments, variable).language());
    }
    if arguments.len() < 2 {
        // Clap would do so too, but not when a variable such as OUB_HOME is set.
        let _closed = write!(stderr().lock(), "{}", in_its_language(Oub::command()).render_help());
        return Exit::Usage;
    }
    let (oub, layers) = understood(in_its_language(Oub::command()));
    speak_as_asked(&oub);
    let (oub, layers) = match with_settings(&oub, layers.clone()) {
        Ok(None) => (oub, layers),
        Ok(Some(settled)) => settled,
        Err(problem) => {
            Context::new(oub.global, layers).screen.tell(&problem);
            return problem.exit();
        }
    };
    speak_as_asked(&oub);
    let context = Context::new(oub.global, layers);
    match commands::run(&context, oub.command) {
        Ok(exit) => exit,
        Err(Stop::Closed) => Exit::Done,
        Err(Stop::Problem(problem)) => {
            context.screen.tell(&problem);
            problem.exit()
        }
    }
}

/// The language, once flags, variables and perhaps the file are understood. What a program reads depends on nobody's
/// language: with `--json` the whole run is English.
fn speak_as_asked(oub: &Oub) {
    match oub.global.lang {
        _ if oub.global.json => messages::speak(Language::English),
        Some(language) => messages::speak(language.into()),
        None => {}
    }
}

/// The command line, or the end of this run with what is wrong with it.
fn understood(grammar: clap::Command) -> (Oub, Layers) {
    let matches = grammar.try_get_matches().unwrap_or_else(|error| mistake::end(&error));
    let mut oub =
        Oub::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut Oub::command()).exit());
    oub.global.lang_is_given = matches.value_source("lang") == Some(ValueSource::CommandLine);
    let layers = Layers::without_file(matches, &oub.global);
    (oub, layers)
}

/// The same once more, with what the configuration file settles built in; `None` where it settles nothing.
fn with_settings(oub: &Oub, layers: Layers) -> Result<Option<(Oub, Layers)>, Box<Problem>> {
    match &oub.command {
        // These help with a file that is wrong, or have nothing to do with it.
        Command::Help(_) | Command::Completions(_) | Command::Man(_) => return Ok(None),
        Command::Config(config) if !matches!(config.verb, None | Some(ConfigVerb::Get { .. })) => {
            return Ok(None);
        }
        _ => {}
    }
    let layers = layers.with_file()?;
    let grammar = in_its_language(layers.apply(Oub::command()));
    Ok(Some((understood(grammar).0, layers)))
}
