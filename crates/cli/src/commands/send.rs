//! `oub send`: hands a message to the relay, or keeps it until the relay can be reached.

use std::io::{self, IsTerminal as _, Read as _};

use client::{QueuedReason, SendOptions, Sent, SentState};

use crate::args::Send;
use crate::commands::notices;
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::shown::shown_on_one_line;
use crate::stop::{Stop, usage};

/// More than any message may have; the exact bound is the client's to tell.
const STDIN_BYTES_MAX: u64 = 1 << 20;

/// Sends one text.
pub fn run(context: &Context, args: Send) -> Result<Exit, Stop> {
    let text = match args.text.as_deref() {
        Some("-") => from_stdin()?,
        None if !io::stdin().is_terminal() => from_stdin()?,
        None => return Err(nothing_to_send("no text was given").into()),
        Some(text) => text.to_owned(),
    };
    if text.is_empty() {
        return Err(nothing_to_send("the text is empty").into());
    }
    let options = SendOptions {
        idempotency: args.idempotency,
        require_verified: args.require_verified,
        no_queue: args.no_queue,
    };
    let client = context.open()?;
    let sent = client.send(&args.contact, &text, &options)?;
    let to = shown_on_one_line(&sent.to);
    let talk = match &sent.state {
        SentState::Stored => format!("✓ stored for {to}  {}", sent.id),
        SentState::Queued(reason) => {
            let why = why_queued(reason, &sent.to);
            format!("… queued for {to}  {}: {}", sent.id, shown_on_one_line(&why))
        }
    };
    if context.screen.is_json() {
        context.screen.print(&to_json(&sent).to_string())?;
    }
    match sent.state {
        SentState::Stored => context.screen.say(&talk),
        SentState::Queued(_) => context.screen.important(&talk),
    }
    notices::tell(context, &client)?;
    Ok(Exit::Done)
}

/// What became of it, for a program.
pub fn to_json(sent: &Sent) -> Line {
    let line = |kind: &str| Line::new(kind).text("id", &sent.id).text("to", &sent.to);
    match &sent.state {
        SentState::Stored => line("sent"),
        SentState::Queued(reason) => line("queued").text("why", &why_queued(reason, &sent.to)),
    }
}

fn why_queued(reason: &QueuedReason, to: &str) -> String {
    let to = shown_on_one_line(to);
    match reason {
        QueuedReason::Unreachable(why) => format!("{why}; it will go with the next oub command"),
        QueuedReason::AwaitingAnswer => {
            format!("nothing has come from {to} lately; it goes once {to} has answered, or has been online")
        }
        QueuedReason::TooLongForFirstContact => {
            format!("too long for a first message; it will go once {to} has accepted")
        }
        QueuedReason::MailboxFull => {
            format!("the mailbox of {to} is full; it will go with a later oub command")
        }
        QueuedReason::Refused => "the server refused it; see   oub outbox".to_owned(),
        QueuedReason::BehindOthers => {
            "earlier messages go first; it will go with a later oub command".to_owned()
        }
    }
}

/// Neither words nor anything else.
pub fn nothing_to_send(why: &str) -> crate::problem::Problem {
    usage(
        "OUB-E035",
        "there is nothing to send",
        why,
        "oub send CONTACT 'TEXT'   or   … | oub send CONTACT -",
    )
}

/// All of standard input as text, without the line end that `echo` adds.
fn from_stdin() -> Result<String, Stop> {
    let mut text = String::new();
    io::stdin().lock().take(STDIN_BYTES_MAX).read_to_string(&mut text).map_err(|error| {
        usage("OUB-E036", "standard input is not a text", error.to_string(), "send text in UTF-8")
    })?;
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}
