//! `oub man DIR`: the manual, one page a verb, out of the same grammar as the help.

use clap::CommandFactory as _;

use crate::args::{Man, Oub};
use crate::context::Context;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::stop::Stop;

/// Writes `oub.1`, `oub-send.1` and so on into a folder.
pub fn run(context: &Context, args: &Man) -> Result<Exit, Stop> {
    clap_mangen::generate_to(Oub::command(), &args.folder).map_err(|error| {
        let what = format!("cannot write the manual into {}", args.folder.display());
        let remedy = "give a folder that is there and may be written to";
        Problem::new(Exit::Local, "OUB-E154", what, error.to_string(), remedy)
    })?;
    context.screen.say("✓ manual written");
    Ok(Exit::Done)
}
