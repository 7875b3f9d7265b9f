//! `oub log`: the history with a contact, as this vault holds it.

use client::{Direction, LogEntry, OutboxState, ReceivedBody, SetAside};

use crate::args::Log;
use crate::commands::{message, notices, page};
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{counts, screens, states};
use crate::shown::shown_on_one_line;
use crate::stop::Stop;
use crate::when;

/// Prints the history, oldest first.
pub fn run(context: &Context, args: &Log) -> Result<Exit, Stop> {
    let client = context.open()?;
    notices::tell_given_up(context, &client)?;
    let Some(contact) = args.contact.as_ref().filter(|_| !args.quarantine) else {
        client.quarantine()?.iter().try_for_each(|aside| show_aside(context, args, aside))?;
        return Ok(Exit::Done);
    };
    let mut entries = client.log(contact, if args.grep.is_some() { None } else { args.max })?;
    if let Some(words) = &args.grep {
        retain_with(&mut entries, words, args.max);
    }
    if args.html && !context.screen.is_json() {
        context.screen.print(&page::of(contact, &entries))?;
        return Ok(Exit::Done);
    }
    entries.iter().try_for_each(|entry| show(context, contact, entry, args.ids))?;
    Ok(Exit::Done)
}

/// Keeps messages with these words in their text or their file's name, the newest so many.
fn retain_with(entries: &mut Vec<LogEntry>, words: &str, max: Option<u32>) {
    let words = words.to_lowercase();
    let has = |text: &str| text.to_lowercase().contains(&words);
    entries.retain(|entry| {
        let named = matches!(&entry.body, ReceivedBody::File(file) if has(&file.name));
        named || entry.body.text().is_some_and(has)
    });
    let skip = max.map_or(0, |max| entries.len().saturating_sub(max as usize));
    entries.drain(..skip);
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
    let from = aside.from.as_deref().map_or_else(|| screens::somebody().to_owned(), shown_on_one_line);
    let hash = aside.hash.get(..16).unwrap_or_default();
    let text = screens::envelope_aside(when::for_people(aside.at), aside.bytes, from, hash);
    Ok(context.screen.answer(line, &text)?)
}

fn show(context: &Context, contact: &str, entry: &LogEntry, ids: bool) -> Result<(), Stop> {
    let id = if ids { format!("{}  ", message::short(&entry.id)) } else { String::new() };
    Ok(context.screen.answer(to_json(contact, entry), &format!("{id}{}", to_text(contact, entry)))?)
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
        _ => {
            let line = Line::new("log")
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
                .truth("handled", entry.handled)
                .json("file", message::file_to_json(&entry.body))
                .truth("answered", entry.answered)
                .maybe_text("read", entry.read_at.map(when::for_programs).as_deref())
                .maybe_text("expires_at", entry.marks.expires_at.map(when::for_programs).as_deref());
            message::said_to_json(line, &entry.body, &entry.marks)
        }
    }
}

fn is_mine(entry: &LogEntry) -> bool {
    entry.direction == Direction::Sent
}

fn to_text(contact: &str, entry: &LogEntry) -> String {
    let contact = shown_on_one_line(contact);
    match entry.body {
        ReceivedBody::KeyChanged { .. } => {
            let line = message::line(&contact, entry.at, &entry.body, &entry.marks);
            return screens::compare_once_more(line, contact);
        }
        ReceivedBody::BegunAnew => return message::line(&contact, entry.at, &entry.body, &entry.marks),
        _ => {}
    }
    let line = message::line(&who(&contact, entry), entry.sent_at, &entry.body, &entry.marks);
    match entry.missing_before {
        0 => line,
        missing => {
            let missing = counts::messages_missing_here(missing);
            format!("{}\n{line}", screens::missing_here(contact, missing))
        }
    }
}

/// Whose message it is; of one of mine also where it is, unless that is where it should be.
pub fn who(contact: &str, entry: &LogEntry) -> String {
    match (is_mine(entry), entry.outgoing) {
        (false, _) => contact.to_owned(),
        (true, _) if entry.read_at.is_some() => screens::me_read().to_owned(),
        (true, None | Some(OutboxState::Stored)) => screens::me().to_owned(),
        (true, Some(state)) => screens::me_with(states::outbox(state)),
    }
}
