//! `oub log`: the history with a contact, as this vault holds it.

use client::{Direction, LogEntry, OutboxState, ReceivedBody, SetAside};

use crate::args::Log;
use crate::commands::message;
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::shown::shown_on_one_line;
use crate::stop::Stop;
use crate::when;

/// Prints the history, oldest first.
pub fn run(context: &Context, args: &Log) -> Result<Exit, Stop> {
    let client = context.open()?;
    let Some(contact) = args.contact.as_ref().filter(|_| !args.quarantine) else {
        client.quarantine()?.iter().try_for_each(|aside| show_aside(context, args, aside))?;
        return Ok(Exit::Done);
    };
    let entries = client.log(contact, args.max)?;
    entries.iter().try_for_each(|entry| show(context, contact, entry))?;
    Ok(Exit::Done)
}

/// An envelope that could not be opened; of one contact if one was named.
fn show_aside(context: &Context, args: &Log, aside: &SetAside) -> Result<(), Stop> {
    if args.contact.is_some() && args.contact != aside.from {
        return Ok(());
    }
    let line = Line::new("set_aside")
        .text("at", &when::for_programs(aside.at))
        .maybe_text("from", aside.from.as_deref())
        .number("bytes", u64::try_from(aside.bytes).unwrap_or(u64::MAX))
        .text("hash", &aside.hash);
    let from = aside.from.as_deref().map_or_else(|| "somebody".to_owned(), shown_on_one_line);
    let text = format!(
        "{}  {} bytes, perhaps from {from}  {}",
        when::for_people(aside.at),
        aside.bytes,
        aside.hash.get(..16).unwrap_or_default()
    );
    Ok(context.screen.answer(line, &text)?)
}

fn show(context: &Context, contact: &str, entry: &LogEntry) -> Result<(), Stop> {
    Ok(context.screen.answer(to_json(contact, entry), &to_text(contact, entry))?)
}

/// A line of the history for a program. What is no message is of a kind of its own, so that nobody takes it for one.
pub fn to_json(contact: &str, entry: &LogEntry) -> Line {
    let at = when::for_programs(entry.at);
    match entry.body {
        ReceivedBody::KeyChanged { signed } => Line::new("key_changed")
            .text("contact", contact)
            .text("at", &at)
            .text("fingerprint", &entry.id)
            .truth("signed", signed),
        ReceivedBody::BegunAnew => Line::new("begun_anew").text("contact", contact).text("at", &at),
        _ => Line::new("log")
            .text("id", &entry.id)
            .text("contact", contact)
            .text("direction", if is_mine(entry) { "sent" } else { "received" })
            .text("sent", &when::for_programs(entry.sent_at))
            .text("at", &at)
            .maybe_text("text", entry.body.text())
            .number("number", entry.number)
            .number("missing_before", entry.missing_before)
            .maybe_number("unknown_kind", message::unknown_kind(&entry.body))
            .maybe_text("state", entry.outgoing.map(OutboxState::word))
            .truth("handled", entry.handled),
    }
}

fn is_mine(entry: &LogEntry) -> bool {
    entry.direction == Direction::Sent
}

fn to_text(contact: &str, entry: &LogEntry) -> String {
    let contact = shown_on_one_line(contact);
    match entry.body {
        ReceivedBody::KeyChanged { .. } => {
            let line = message::line(&contact, entry.at, &entry.body);
            return format!("{line}; compare once more:   oub verify {contact}");
        }
        ReceivedBody::BegunAnew => return message::line(&contact, entry.at, &entry.body),
        _ => {}
    }
    let who = match (is_mine(entry), entry.outgoing) {
        (false, _) => contact.clone(),
        (true, None | Some(OutboxState::Stored)) => "me".to_owned(),
        (true, Some(state)) => format!("me ({})", state.word()),
    };
    let line = message::line(&who, entry.sent_at, &entry.body);
    match entry.missing_before {
        0 => line,
        missing => format!("{contact}  ({missing} message(s) missing here)\n{line}"),
    }
}
