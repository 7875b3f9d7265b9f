//! What a run must know before its command line is understood: the help, and what is said about a mistake, heed it too.

use std::env::var_os;
use std::ffi::{OsStr, OsString};
use std::io;

use clap::builder::Resettable;
use clap::{Command, CommandFactory as _, ValueEnum as _};

use crate::args::{Colour, Oub};
use crate::colour;
use crate::messages::choice::{Choice, said};
use crate::screen::Screen;

/// What the words of the command line, the variables and the file say, as far as that can be seen so early.
#[derive(Clone, Copy, Debug)]
pub struct Early {
    /// Whether a program reads standard output.
    pub json: bool,
    /// When to colour.
    pub colour: Colour,
}

impl Early {
    /// Looks at the words and at the environment. What is none of ours is told later.
    pub fn of(arguments: &[OsString], variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let colour = said("color", arguments, &variable).into_iter().flatten().next();
        let colour = colour.and_then(|word| Colour::from_str(word.to_str()?, false).ok());
        Self { json: Choice::is_for_programs(arguments, variable), colour: colour.unwrap_or(Colour::Auto) }
    }

    /// Where output goes until more is known.
    pub fn screen(self) -> Screen {
        Screen::new(self.json, 0, 0, colour::is_wanted(self.colour, &io::stderr()))
    }
}

/// The grammar of this run: a variable that is empty is as good as none.
pub fn grammar() -> Command {
    without_empty_variables(Oub::command())
}

fn without_empty_variables(command: Command) -> Command {
    let is_empty = |name: &OsStr| var_os(name).is_some_and(|value| value.is_empty());
    let command = command.mut_args(|arg| match arg.get_env().is_some_and(is_empty) {
        true => arg.env(Resettable::Reset),
        false => arg,
    });
    command.mut_subcommands(without_empty_variables)
}
