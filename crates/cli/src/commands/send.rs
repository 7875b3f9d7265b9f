//! `oub send`: hands a message or a file to the relay, or keeps it until the relay can be reached.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use client::{Client, Options, QueuedReason, SendOptions, Sent, SentState};

use crate::args::{How, Send, Wait};
use crate::commands::{addressee, input, notices};
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{problems, reason, screens, why_of};
use crate::problem::Problem;
use crate::progress;
use crate::shown::shown_on_one_line;
use crate::stop::Stop;

/// Sends one text or one file.
pub fn run(context: &Context, args: Send) -> Result<Exit, Stop> {
    let options = SendOptions { quotes: args.reply.clone(), expire: args.expire, ..how(&args.how) };
    let (client, sent) = match &args.file {
        Some(file) => send_file(context, &args, file, &options)?,
        None => {
            let text = input::words(args.text.as_deref(), problems::send_example())?;
            let client = context.open()?;
            let to = addressee::of(context, &client, &args.contact)?;
            let sent = client.send(&to, &text, &options)?;
            (client, sent)
        }
    };
    tell(context, &sent)?;
    let exit = match args.wait {
        Wait::Stored => Exit::Done,
        Wait::Seen => wait_seen(context, &client, &sent)?,
    };
    notices::tell(context, &client)?;
    Ok(exit)
}

/// What every sending verb was told.
pub fn how(how: &How) -> SendOptions {
    SendOptions {
        idempotency: how.idempotency.clone(),
        require_verified: how.require_verified,
        no_queue: how.no_queue,
        ..SendOptions::default()
    }
}

fn send_file(
    context: &Context,
    args: &Send,
    file: &Path,
    options: &SendOptions,
) -> Result<(Client, Sent), Stop> {
    let (mut input, bytes, name): (Box<dyn Read>, _, _) = if file.as_os_str() == "-" {
        (Box::new(io::stdin().lock()), None, args.name.clone().ok_or_else(nameless)?)
    } else {
        let opened = File::open(file).and_then(|opened| Ok((opened.metadata()?, opened)));
        let (metadata, opened) = opened.map_err(|error| unreadable(file, &reason(error)))?;
        if metadata.is_dir() {
            return Err(unreadable(file, problems::is_a_folder()));
        }
        let own = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if metadata.is_file() {
            client::check_file_length(metadata.len())?;
        }
        (Box::new(opened), Some(metadata.len()), args.name.clone().unwrap_or(own))
    };
    let words = args.text.as_deref().unwrap_or_default();
    let to = Arc::default();
    let progress = Some(progress::of_sending(&context.screen, &to, bytes));
    let client = context.open_with(Options { progress, ..context.options() })?;
    let contact = addressee::of(context, &client, &args.contact)?;
    let sent = client.send_file(to.get_or_init(|| contact), &mut input, &name, words, options);
    progress::end(&context.screen);
    Ok((client, sent?))
}

/// A pipe has no name that the other side could see.
fn nameless() -> Problem {
    Problem::of(Exit::Usage, "OUB-E098", problems::file_without_name())
}

/// A file that somebody named.
pub fn unreadable(file: &Path, why: &str) -> Stop {
    let words = problems::cannot_read(shown_on_one_line(&file.to_string_lossy()), why);
    Problem::of(Exit::Usage, "OUB-E151", words).into()
}

/// Says what became of it: one line for a program, one for a person.
pub fn tell(context: &Context, sent: &Sent) -> Result<(), Stop> {
    let to = shown_on_one_line(&sent.to);
    let talk = match &sent.state {
        SentState::Stored => screens::stored_for(to, &sent.id),
        SentState::Queued(reason) => {
            let why = why_queued(reason, &sent.to);
            screens::queued_for(to, &sent.id, shown_on_one_line(&why))
        }
    };
    if context.screen.is_json() {
        context.screen.print(&to_json(sent).to_string())?;
    }
    match sent.state {
        SentState::Stored => context.screen.say(&talk),
        SentState::Queued(_) => context.screen.important(&talk),
    }
    Ok(())
}

/// Waits for a later message that shows that it arrived.
fn wait_seen(context: &Context, client: &Client, sent: &Sent) -> Result<Exit, Stop> {
    let to = shown_on_one_line(&sent.to);
    if client.wait_seen(&sent.id, context.patience_with_people(), None)? {
        context.screen.say(&screens::has_it(to));
        return Ok(Exit::Done);
    }
    context.screen.important(&match has_left(client, &sent.id)? {
        true => screens::nothing_shows_it(to),
        false => screens::has_not_left(to),
    });
    Ok(Exit::Nothing)
}

/// Whether a message of mine does not wait here any more.
pub fn has_left(client: &Client, id: &str) -> Result<bool, Stop> {
    Ok(client.outbox()?.iter().all(|entry| entry.id != id))
}

/// What became of it, for a program.
pub fn to_json(sent: &Sent) -> Line {
    let line = |kind: &str| Line::new(kind).text("id", &sent.id).text("to", &sent.to);
    match &sent.state {
        SentState::Stored => line("sent"),
        SentState::Queued(reason) => line("queued").text("why", &why_queued(reason, &sent.to)),
    }
}

/// Why a message waits.
pub fn why_queued(reason: &QueuedReason, to: &str) -> String {
    let to = shown_on_one_line(to);
    match reason {
        QueuedReason::Unreachable(why) => screens::goes_with_next(why_of(why)),
        QueuedReason::AwaitingAnswer => screens::nothing_lately(to),
        QueuedReason::TooLongForFirstContact => screens::too_long_for_first(to),
        QueuedReason::NotForFirstContact => screens::not_for_first(to),
        QueuedReason::MailboxFull => screens::mailbox_full(to),
        QueuedReason::MailboxClosed => screens::mailbox_closed(to),
        QueuedReason::BehindOthers => screens::earlier_first().to_owned(),
        QueuedReason::Parts { parts, stored } => screens::parts_stored(stored, parts, to),
    }
}
