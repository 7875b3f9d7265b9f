//! `oub completions`: a script that lets a shell complete commands and flags.

use clap::CommandFactory as _;

use crate::args::{Completions, Oub};
use crate::context::Context;
use crate::exit::Exit;
use crate::stop::Stop;

/// Prints the script; shells say in their manuals where it belongs.
pub fn run(context: &Context, args: &Completions) -> Result<Exit, Stop> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Oub::command(), "oub", &mut script);
    context.screen.print(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Done)
}
