//! `oub pull`: collects what waits, commits, acknowledges, hands out.

use client::{Handled, PullOptions, PullSummary, Received};

use crate::args::Pull;
use crate::commands::hook::{self, Outcome};
use crate::commands::{message, notices};
use crate::context::Context;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::screen::Closed;
use crate::stop::Stop;

/// Hands out every message that was not handled before.
pub fn run(context: &Context, args: Pull) -> Result<Exit, Stop> {
    let client = context.open()?;
    let options = PullOptions {
        from: args.from,
        max: args.max,
        peek: args.peek,
        follow: args.follow,
        ..PullOptions::default()
    };
    let mut sink = Sink { context, command: args.exec, closed: false, left: 0, why: String::new() };
    let summary = client.pull(&options, &mut |message| sink.take(message))?;
    if sink.closed {
        return Err(Stop::Closed);
    }
    tell(context, &summary);
    notices::tell(context, &client)?;
    if let Some(error) = &summary.unreachable {
        return Err(Problem::from(error).into());
    }
    sink.outcome()?;
    Ok(if args.exit_code && summary.handed_out == 0 { Exit::Nothing } else { Exit::Done })
}

/// Where messages go: the screen, or a command.
struct Sink<'a> {
    context: &'a Context,
    command: Option<String>,
    closed: bool,
    left: u32,
    why: String,
}

impl Sink<'_> {
    /// A message counts as handled once it was handed over entirely, not before.
    fn take(&mut self, message: &Received) -> Handled {
        let handled = match &self.command {
            Some(command) => match hook::run(self.context, command, message, None) {
                Outcome::Took => {
                    if self.context.screen.is_json() {
                        self.print(message)
                    } else {
                        Ok(())
                    }
                }
                Outcome::Left(why) => {
                    self.left = self.left.saturating_add(1);
                    self.why = why;
                    return Handled::No;
                }
            },
            None => self.print(message),
        };
        match handled {
            Ok(()) => Handled::Yes,
            Err(Closed) => {
                self.closed = true;
                // The hook did its work even if nobody reads that it did.
                if self.command.is_some() { Handled::YesAndStop } else { Handled::NoAndStop }
            }
        }
    }

    fn print(&self, message: &Received) -> Result<(), Closed> {
        self.context.screen.answer(message::to_json(message), &message::to_text(message))
    }

    fn outcome(&self) -> Result<(), Stop> {
        let what = match self.left {
            0 => return Ok(()),
            1 => "one message was not handled".to_owned(),
            left => format!("{left} messages were not handled"),
        };
        let remedy = "repair the command; the next   oub pull --exec   hands them out again";
        Err(Problem::new(Exit::Temporary, "OUB-E047", what, &self.why, remedy).into())
    }
}

/// What should be known besides the messages.
fn tell(context: &Context, summary: &PullSummary) {
    let screen = &context.screen;
    if summary.requests > 0 {
        screen.say(&format!(
            "{} first message(s) from people you have not accepted:   oub requests",
            summary.requests
        ));
    }
    if summary.expired > 0 {
        screen
            .warn(&format!("{} envelope(s) expired on the relay before you collected them", summary.expired));
    }
    if summary.quarantined > 0 {
        screen.warn(&format!(
            "{} envelope(s) could not be opened and were set aside; the conversation heals by itself:   oub log \
             --quarantine",
            summary.quarantined
        ));
    }
    summary.missing.iter().for_each(|missing| screen.warn(&notices::missing(missing)));
    screen.detail(&format!("handed out {}, handled {}", summary.handed_out, summary.handled));
}
