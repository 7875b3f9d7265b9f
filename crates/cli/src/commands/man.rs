//! `oub man DIR`: the manual, one page a verb, out of the same grammar as the help.

use clap::CommandFactory as _;

use crate::args::{Man, Oub};
use crate::context::Context;
use crate::exit::Exit;
use crate::messages::{help::in_its_language, in_language, problems, reason, screens};
use crate::problem::Problem;
use crate::stop::Stop;

/// Writes `oub.1`, `oub-send.1` and so on into a folder. Others may read it than whose locale this is: it is English,
/// unless `--lang` stands on the command line.
pub fn run(context: &Context, args: &Man) -> Result<Exit, Stop> {
    let language = context.global().words_language();
    let grammar = in_language(language, || in_its_language(Oub::command()));
    clap_mangen::generate_to(grammar, &args.folder).map_err(|error| {
        let words = problems::no_manual(args.folder.display(), reason(error));
        Problem::of(Exit::Local, "OUB-E154", words)
    })?;
    context.screen.say(screens::manual_written());
    Ok(Exit::Done)
}
