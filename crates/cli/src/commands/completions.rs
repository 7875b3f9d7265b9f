//! `oub completions`: a script that lets a shell complete commands, flags, and the names of contacts.

use crate::args::Completions;
use crate::completion;
use crate::context::Context;
use crate::exit::Exit;
use crate::messages::{problems, reason};
use crate::problem::Problem;
use crate::stop::Stop;

/// Prints the script; shells say in their manuals where it belongs.
pub fn run(context: &Context, args: &Completions) -> Result<Exit, Stop> {
    let script = completion::script(&args.shell.to_string())
        .map_err(|error| Problem::of(Exit::Unexpected, "OUB-E181", problems::no_script(reason(error))))?;
    context.screen.print(script.trim_end())?;
    Ok(Exit::Done)
}
