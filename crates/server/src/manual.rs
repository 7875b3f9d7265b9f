//! `man DIR`: the manual, one page a verb, out of the same grammar as the help.

use std::io;
use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::args::Cli;
use crate::failure::{EXIT_LOCAL, Failure};

/// The part of the manual that is about daemons and what administers them.
const SECTION: &str = "8";

/// Writes `oublietted.8`, `oublietted-serve.8` and so on into a folder.
pub fn write(folder: &Path) -> Result<(), Failure> {
    let mut grammar = Cli::command().disable_help_subcommand(true);
    grammar.build();
    pages(&grammar, folder).map_err(|error| {
        Failure::new(
            format!("cannot write the manual into {}", folder.display()),
            error.to_string(),
            "give a folder that is there and may be written to",
            EXIT_LOCAL,
            "OUB-S091",
        )
    })
}

/// What is hidden has no page.
fn pages(command: &Command, folder: &Path) -> io::Result<()> {
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        pages(verb, folder)?;
    }
    Man::new(command.clone()).section(SECTION).generate_to(folder)?;
    Ok(())
}
