//! `oub`: private messages to one person, through a server you own.
//!
//! [`args`] is the grammar; each verb has a file of its name in [`commands`]; a verb either ends with an
//! [`exit::Exit`] or stops with a [`problem::Problem`]. Answers go to standard output through
//! [`screen::Screen`], everything else to standard error.

mod args;
mod chat;
mod colour;
mod commands;
mod completion;
mod context;
mod daemon;
mod early;
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
mod roff;
mod screen;
mod settings;
mod shown;
mod stop;
mod when;

use std::io::{Write as _, stdout};

use clap::FromArgMatches as _;
use clap::parser::ValueSource;

use crate::args::{Command, ConfigVerb, Oub};
use crate::context::Context;
use crate::early::Early;
use crate::exit::Exit;
use crate::messages::{Language, choice::Choice, help::in_its_language};
use crate::screen::Screen;
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
    let early = Early::of(std::env::args_os().collect());
    if !early.json {
        messages::speak(Choice::of(early.arguments(), |name| std::env::var_os(name)).language());
    }
    if early.arguments().len() < 2 {
        return ended(&early.screen(), mistake::no_verb(&early));
    }
    let mut grammar = in_its_language(early::grammar());
    match understood(&mut grammar) {
        Ok((oub, layers)) => obey(oub, layers),
        Err(mut error) => {
            mistake::name_variable(&mut error, &grammar, early.arguments());
            mistake::leave_variables_out(&mut error, early.arguments());
            ended(&early.screen(), mistake::tell(error, &early))
        }
    }
}

/// Settles what the line leaves open, and does what it asks for.
fn obey(oub: Oub, layers: Layers) -> Exit {
    speak_as_asked(&oub);
    let (oub, layers) = match with_settings(&oub, layers.clone()) {
        Ok(None) => (oub, layers),
        Ok(Some(settled)) => settled,
        Err(stop) => return ended(&Context::new(oub.global, layers).screen, Err(stop)),
    };
    speak_as_asked(&oub);
    let context = Context::new(oub.global, layers);
    let done = commands::run(&context, oub.command);
    ended(&context.screen, done)
}

/// How the run ends; a problem is told.
fn ended(screen: &Screen, done: Result<Exit, Stop>) -> Exit {
    match done {
        Ok(exit) => exit,
        Err(Stop::Closed) => Exit::Done,
        Err(Stop::Problem(problem)) => {
            screen.tell(&problem);
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

/// The command line, or what is wrong with it.
fn understood(grammar: &mut clap::Command) -> Result<(Oub, Layers), clap::Error> {
    let matches = grammar.try_get_matches_from_mut(std::env::args_os())?;
    let mut oub = Oub::from_arg_matches(&matches).map_err(|error| error.format(grammar))?;
    oub.global.lang_is_given = matches.value_source("lang") == Some(ValueSource::CommandLine);
    let layers = Layers::without_file(matches, &oub.global);
    Ok((oub, layers))
}

/// The same once more, with what the configuration file settles built in; `None` where it settles nothing.
fn with_settings(oub: &Oub, layers: Layers) -> Result<Option<(Oub, Layers)>, Stop> {
    match &oub.command {
        // These help with a file that is wrong, or have nothing to do with it.
        Command::Help(_) | Command::Completions(_) | Command::Man(_) => return Ok(None),
        Command::Config(config) if !matches!(config.verb, None | Some(ConfigVerb::Get { .. })) => {
            return Ok(None);
        }
        _ => {}
    }
    let layers = layers.with_file()?;
    let mut grammar = in_its_language(layers.apply(early::grammar()));
    // What the line says was understood already, and a setting holds what its flag may.
    let (oub, _) = understood(&mut grammar).map_err(|error| mistake::problem(&error))?;
    Ok(Some((oub, layers)))
}
