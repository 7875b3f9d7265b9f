//! The help or the version that was asked for, and what is wrong with a command line: the grammar says both.

use std::ffi::{OsStr, OsString};

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Command, CommandFactory as _, Error};

use crate::args::Cli;
use crate::failure::{EXIT_USAGE, Failure};
use crate::verbs::{print, taken};

/// Says it, to a program as an object too. Help that was asked for is an answer: whoever wants it learns when it was not
/// written to its end.
pub fn tell(error: &Error, json: bool) -> Result<u8, Failure> {
    if error.use_stderr() && json {
        // Whatever standard output does, the operator is told, and the run ends with the right code.
        let _untaken = print(&(screen(&error.render().to_string()).json() + "\n"));
    }
    let said = error.print();
    if error.use_stderr() {
        return Ok(EXIT_USAGE);
    }
    taken(said).map(|()| 0)
}

/// A value that came out of a variable is that variable's: nobody gave the flag.
pub fn name_variable(error: &mut Error, arguments: &[OsString]) {
    let said = flag_and_value(error);
    let mut grammar = Cli::command();
    // How an argument is shown is known then.
    grammar.build();
    let arg = said.0.as_deref().and_then(|flag| arg_shown_as(&grammar, flag));
    let Some(name) = arg.and_then(Arg::get_env) else { return };
    // Whose it is, the line itself tells best: without the variable it is right, or wrong for another reason.
    let without = without_variable(Cli::command(), name).try_get_matches_from(arguments);
    if !without.is_err_and(|error| flag_and_value(&error) == said) {
        let name = name.to_string_lossy().into_owned();
        error.insert(ContextKind::InvalidArg, ContextValue::String(name));
    }
}

fn flag_and_value(error: &Error) -> (Option<String>, Option<String>) {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    (text(ContextKind::InvalidArg), text(ContextKind::InvalidValue))
}

fn arg_shown_as<'a>(grammar: &'a Command, flag: &str) -> Option<&'a Arg> {
    let own = grammar.get_arguments().find(|arg| arg.to_string() == flag);
    own.or_else(|| grammar.get_subcommands().find_map(|verb| arg_shown_as(verb, flag)))
}

fn without_variable(command: Command, name: &OsStr) -> Command {
    let command = command.mut_args(|arg| match arg.get_env() == Some(name) {
        true => arg.env(Resettable::Reset),
        false => arg,
    });
    command.mut_subcommands(|verb| without_variable(verb, name))
}

/// Whether a program reads standard output, as far as that can be seen before the line is understood.
pub fn is_for_programs(arguments: impl Iterator<Item = OsString>) -> bool {
    arguments.skip(1).take_while(|word| word != "--").any(|word| word == "--json")
}

/// What the grammar said, in the parts of an error screen: its first paragraph, hints, and the usage.
fn screen(said: &str) -> Failure {
    let joined = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut parts = said.split("\n\n").map(joined).filter(|part| !part.is_empty());
    let what = parts.next().unwrap_or_default();
    let what = what.strip_prefix("error: ").unwrap_or("a command is missing").to_owned();
    let (usage, hints): (Vec<_>, Vec<_>) = parts
        .filter(|part| !part.starts_with("For more information"))
        .partition(|part| part.starts_with("Usage: "));
    let hints = hints.iter().filter(|_| said.starts_with("error: ")).cloned().collect::<Vec<_>>().join("; ");
    let why = if hints.is_empty() {
        "it is not written as the help shows; nothing was done".to_owned()
    } else {
        hints
    };
    let remedy = usage.first().and_then(|usage| usage.strip_prefix("Usage: ")).unwrap_or("oublietted help");
    Failure::new(what, why, remedy, EXIT_USAGE, "OUB-S027")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_grammar_says_becomes_a_screen() {
        for (line, what, why, remedy) in [
            (
                "oublietted servee",
                "unrecognized subcommand 'servee'",
                "serve",
                "oublietted [OPTIONS] <COMMAND>",
            ),
            (
                "oublietted invite",
                "required arguments were not provided: <NAME>",
                "nothing was done",
                "oublietted invite",
            ),
            (
                "oublietted invite a",
                "invalid value 'a' for '<NAME>': a name is",
                "nothing was done",
                "oublietted help",
            ),
            ("oublietted name", "a command is missing", "nothing was done", "oublietted name"),
            ("oublietted status --jsn", "unexpected argument '--jsn' found", "'--json'", "oublietted status"),
        ] {
            let error = Cli::command().try_get_matches_from(line.split(' ')).err();
            let screen = screen(&error.map(|error| error.render().to_string()).unwrap_or_default());
            assert!(screen.what.contains(what) && screen.why.contains(why), "{line}: {screen}");
            assert!(screen.remedy.starts_with(remedy) && screen.exit == EXIT_USAGE, "{line}: {screen}");
        }
    }
}
