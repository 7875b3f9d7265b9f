//! What a run must know before its command line is understood: the help, and what is said about a mistake, heed it too.

use std::env::var_os;
use std::ffi::{OsStr, OsString};
use std::io::{IsTerminal, stderr};

use clap::builder::Resettable;
use clap::{Command, CommandFactory as _, ValueEnum as _};

use crate::args::{Colour, Oub};
use crate::colour;
use crate::messages::choice::{Choice, said};
use crate::screen::Screen;

/// What the words of the command line, the variables and the file say, as far as that can be seen so early. It is looked
/// for when it is asked for: most runs need no more than [`Early::json`].
#[derive(Clone, Debug)]
pub struct Early {
    /// Whether a program reads standard output.
    pub json: bool,
    arguments: Vec<OsString>,
}

impl Early {
    /// Looks at the words and at the environment.
    pub fn of(arguments: Vec<OsString>) -> Self {
        Self { json: Choice::is_for_programs(&arguments, |name| var_os(name)), arguments }
    }

    /// The words of the command line, the program's name first.
    pub fn arguments(&self) -> &[OsString] {
        &self.arguments
    }

    /// Whether what goes to `stream` shall be coloured. What is none of ours is told later.
    pub fn wants_colour(&self, stream: &impl IsTerminal) -> bool {
        let word = said("color", &self.arguments, &|name: &str| var_os(name));
        let colour = word.and_then(|word| Colour::from_str(word.to_str()?, false).ok());
        colour::is_wanted(colour.unwrap_or(Colour::Auto), stream)
    }

    /// Where output goes until more is known.
    pub fn screen(&self) -> Screen {
        Screen::new(self.json, 0, 0, self.wants_colour(&stderr()))
    }
}

/// The grammar of this run: a variable that is empty is as good as none.
pub fn grammar() -> Command {
    without_variables(Oub::command(), &|name| var_os(name).is_some_and(|value| value.is_empty()))
}

/// The same as if one more variable held nothing.
pub fn grammar_without(variable: &OsStr) -> Command {
    without_variables(grammar(), &|name| name == variable)
}

/// The same as if there were no variables.
pub fn grammar_of_line() -> Command {
    without_variables(Oub::command(), &|_| true)
}

fn without_variables(command: Command, is_one: &impl Fn(&OsStr) -> bool) -> Command {
    let command = command.mut_args(|arg| match arg.get_env().is_some_and(is_one) {
        true => arg.env(Resettable::Reset),
        false => arg,
    });
    command.mut_subcommands(|verb| without_variables(verb, is_one))
}
