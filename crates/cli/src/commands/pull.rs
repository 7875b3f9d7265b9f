//! `oub pull`: collects what waits, commits, acknowledges, hands out.

use std::path::{Path, PathBuf};

use client::{Client, FileState, Handled, PullOptions, PullSummary, Received, ReceivedBody};

use crate::args::Pull;
use crate::commands::hook::{self, Outcome};
use crate::commands::{files, message, notices};
use crate::context::Context;
use crate::exit::Exit;
use crate::messages::{counts, problems, screens, why_of};
use crate::problem::Problem;
use crate::screen::Untaken;
use crate::shown::shown_on_one_line;
use crate::stop::Stop;

/// Hands out every message that was not handled before.
pub fn run(context: &Context, args: Pull) -> Result<Exit, Stop> {
    let client = context.open()?;
    // A folder that is settled once and for all is not meant for those who only look.
    let output = args.output.filter(|_| !args.peek);
    if let Some(folder) = &output {
        check_folder(folder)?;
    }
    let options = PullOptions {
        from: args.from,
        max: args.max,
        peek: args.peek,
        follow: args.follow,
        // What is only shown may be shown twice; a command does not run twice for one message, and no file is saved so.
        mark_together: args.exec.is_none() && output.is_none(),
        ..PullOptions::default()
    };
    let mut sink = Sink {
        context,
        client: &client,
        command: args.exec,
        output,
        untaken: None,
        left: 0,
        why: String::new(),
    };
    let summary = client.pull(&options, &mut |message| sink.take(message))?;
    if let Some(untaken) = sink.untaken {
        return Err(untaken.into());
    }
    tell(context, &summary);
    notices::tell(context, &client)?;
    if let Some(error) = &summary.unreachable {
        return Err(Problem::from(error).into());
    }
    sink.outcome()?;
    Ok(if args.exit_code && summary.handed_out == 0 { Exit::Nothing } else { Exit::Done })
}

fn check_folder(folder: &Path) -> Result<(), Stop> {
    if folder.is_dir() {
        return Ok(());
    }
    let words = problems::no_folder(shown_on_one_line(&folder.to_string_lossy()));
    Err(Problem::of(Exit::Usage, "OUB-E153", words).into())
}

/// Where messages go: the screen, or a command.
struct Sink<'a> {
    context: &'a Context,
    client: &'a Client,
    command: Option<String>,
    /// Where files are saved.
    output: Option<PathBuf>,
    /// Why standard output took no more.
    untaken: Option<Untaken>,
    left: u32,
    why: String,
}

impl Sink<'_> {
    /// A message counts as handled once it was handed over entirely, not before: a file once it is saved, if files
    /// are to be saved.
    fn take(&mut self, message: &Received) -> Handled {
        let mut message = message.clone();
        let mut file = None;
        if let Some(folder) = &self.output {
            match files::save_handed_out(self.client, &message, folder) {
                Ok(path) => file = path,
                Err(error) => return self.leave(why_of(&error)),
            }
        }
        if let (ReceivedBody::File(shown), Some(path)) = (&mut message.body, &file) {
            shown.state = FileState::Saved(path.clone());
        }
        let Some(command) = &self.command else {
            return match self.print(&message) {
                Ok(()) => Handled::Yes,
                Err(untaken) => {
                    self.untaken = Some(untaken);
                    Handled::NoAndStop
                }
            };
        };
        match hook::run(self.context, command, &message, file.as_deref(), None) {
            Outcome::Took if !self.context.screen.is_json() => Handled::Yes,
            Outcome::Took => match self.print(&message) {
                Ok(()) => Handled::Yes,
                Err(untaken) => {
                    self.untaken = Some(untaken);
                    // The hook did its work even if nobody reads that it did.
                    Handled::YesAndStop
                }
            },
            Outcome::Left(why) => self.leave(why),
        }
    }

    fn leave(&mut self, why: String) -> Handled {
        self.left = self.left.saturating_add(1);
        self.why = why;
        Handled::No
    }

    fn print(&self, message: &Received) -> Result<(), Untaken> {
        self.context.screen.answer(message::to_json(message), &message::to_text(message))
    }

    fn outcome(&self) -> Result<(), Stop> {
        if self.left == 0 {
            return Ok(());
        }
        let what = counts::not_handled(self.left);
        let remedy = match (&self.command, &self.output) {
            (Some(_), _) => problems::repair_command(),
            (None, _) => problems::make_room(),
        };
        let words = problems::not_handled(what, &self.why, remedy);
        Err(Problem::of(Exit::Temporary, "OUB-E047", words).into())
    }
}

/// What should be known besides the messages.
fn tell(context: &Context, summary: &PullSummary) {
    let screen = &context.screen;
    if summary.requests > 0 {
        screen.say(&counts::people_have_written(summary.requests));
    }
    if summary.expired > 0 {
        screen.warn(&screens::expired(counts::envelopes_expired(summary.expired)));
    }
    if summary.quarantined > 0 {
        screen.warn(&screens::set_aside(counts::envelopes_set_aside(summary.quarantined)));
    }
    summary.missing.iter().for_each(|missing| screen.warn(&notices::missing(missing)));
    screen.detail(&screens::handed_out(summary.handed_out, summary.handled));
}
