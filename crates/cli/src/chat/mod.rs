//! `oub chat`: a full screen, or lines for whoever hears them instead of seeing them.
//!
//! The vault is the only thing that the parts share: `full` and `plain` read it and commit to it, `background`
//! receives into it and sends out of it. What is shown is `state`, and `draw` makes a picture of it without asking
//! anybody; so the pictures can be tested without a relay.

mod act;
mod background;
mod clock;
mod command;
mod doing;
mod draw;
mod draw_open;
mod draw_over;
mod draw_people;
mod entry;
mod full;
pub mod keys;
mod paint;
mod plain;
mod state;
mod terminal;
mod thread;
mod typed;
mod words;
mod wrap;

#[cfg(test)]
mod pictures;

use std::io::{self, IsTerminal as _};

use crate::args::Chat;
use crate::chat::background::Background;
use crate::chat::clock::Clock;
use crate::chat::paint::Paint;
use crate::chat::state::State;
use crate::commands::notices;
use crate::context::Context;
use crate::exit::Exit;
use crate::messages::chat as says;
use crate::problem::Problem;
use crate::stop::Stop;

/// Opens the vault three times: for the screen, for what arrives, and for errands.
pub fn run(context: &Context, args: &Chat) -> Result<Exit, Stop> {
    if context.screen.is_json() {
        return Err(Problem::of(Exit::Usage, "OUB-E095", says::no_json()).into());
    }
    let [shows, receives, runs] = context.open_three()?;
    shows.check_name()?;
    if let Some(alias) = &args.contact {
        shows.contact(alias)?;
    }
    notices::tell_words(context, &shows)?;
    let me = shows.name()?.to_string();
    let (with, words) = (args.contact.clone(), context.global().words_language());
    if args.plain || !is_for_screens(context) {
        // A pipe is served by turns and waits for nothing more; a person is told what arrives meanwhile.
        let background = io::stdin().is_terminal().then(|| Background::start(receives, runs, words));
        return plain::run(context, shows, background, with);
    }
    let state = State::new(me, Clock::here(), Paint::new(context.wants_colour_on(&io::stdout())));
    full::run(state, shows, Background::start(receives, runs, words), with)
}

/// Whether a full screen can be drawn here; if not, a sentence says why it is not.
fn is_for_screens(context: &Context) -> bool {
    let both = io::stdin().is_terminal() && io::stdout().is_terminal();
    let why = match std::env::var("TERM").as_deref() {
        _ if !both => says::no_terminal_here(),
        Err(_) | Ok("") => says::unknown_terminal(),
        Ok("dumb") => says::dumb_terminal(),
        _ => return true,
    };
    context.screen.say(&says::only_lines(why));
    false
}
