//! `oub`: private messages to one person, through a server you own.
//!
//! [`args`] is the grammar; each verb has a file of its name in [`commands`]; a verb either ends with an
//! [`exit::Exit`] or stops with a [`problem::Problem`]. Answers go to standard output through
//! [`screen::Screen`], everything else to standard error.

mod args;
mod chat;
mod commands;
mod context;
mod daemon;
mod exit;
mod help;
mod json;
mod passphrase;
mod problem;
mod process;
mod progress;
mod protector;
mod qr;
mod screen;
mod shown;
mod stop;
mod when;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use crate::context::Context;
use crate::exit::Exit;
use crate::stop::Stop;

fn main() -> ExitCode {
    if std::env::args_os().len() < 2 {
        // Clap would do so too, but not when a variable such as OUB_HOME is set.
        eprint!("{}", args::Oub::command().render_help());
        return Exit::Usage.into();
    }
    process::keep_memory_private();
    let oub = args::Oub::parse();
    let context = Context::new(oub.global);
    match commands::run(&context, oub.command) {
        Ok(exit) => exit.into(),
        Err(Stop::Closed) => Exit::Done.into(),
        Err(Stop::Problem(problem)) => {
            context.screen.tell(&problem);
            problem.exit().into()
        }
    }
}
