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
use crate::context::Context;
use crate::exit::Exit;
use crate::stop::{Stop, usage};

/// Opens the vault three times: for the screen, for what arrives, and for errands.
pub fn run(context: &Context, args: &Chat) -> Result<Exit, Stop> {
    if context.screen.is_json() {
        let why = "it is for people: what it shows and asks has no fixed form";
        let remedy = "oub pull --follow --json   and   oub send CONTACT TEXT --json";
        return Err(usage("OUB-E095", "oub chat does not speak JSON", why, remedy).into());
    }
    let [shows, receives, runs] = context.open_three()?;
    if let Some(alias) = &args.contact {
        shows.contact(alias)?;
    }
    let me = shows.name()?.to_string();
    let with = args.contact.clone();
    if args.plain || !is_for_screens(context) {
        // A pipe is served by turns and waits for nothing more; a person is told what arrives meanwhile.
        let background = io::stdin().is_terminal().then(|| Background::start(receives, runs));
        return plain::run(context, shows, background, with);
    }
    let state = State::new(me, Clock::here(), Paint::new(context.wants_colour_on(&io::stdout())));
    full::run(state, shows, Background::start(receives, runs), with)
}

/// Whether a full screen can be drawn here; if not, a sentence says why it is not.
fn is_for_screens(context: &Context) -> bool {
    let both = io::stdin().is_terminal() && io::stdout().is_terminal();
    let why = match std::env::var("TERM").as_deref() {
        _ if !both => "this is not a terminal",
        Err(_) | Ok("") => "TERM does not say what this terminal can do",
        Ok("dumb") => "this terminal can only show lines",
        _ => return true,
    };
    context.screen.say(&format!("{why}: one line after the other, as with --plain"));
    false
}
