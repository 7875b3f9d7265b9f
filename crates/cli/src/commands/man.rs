//! `oub man DIR`: the manual, one page a verb, out of the same grammar as the help.

use clap::CommandFactory as _;

use crate::args::{Man, Oub};
use crate::context::Context;
use crate::exit::Exit;
use crate::messages::{problems, reason, screens};
use crate::problem::Problem;
use crate::stop::Stop;

/// Writes `oub.1`, `oub-send.1` and so on into a folder.
pub fn run(context: &Context, args: &Man) -> Result<Exit, Stop> {
    clap_mangen::generate_to(Oub::command(), &args.folder).map_err(|error| {
        let words = problems::no_manual(args.folder.display(), reason(error));
        Problem::of(Exit::Local, "OUB-E154", words)
    })?;
    context.screen.say(screens::manual_written());
    Ok(Exit::Done)
}
