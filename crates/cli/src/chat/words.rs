//! What the chat says of people and messages: states in words, never by colour alone.

use client::{Contact, Direction, FileState, LogEntry, OutboxState, ReceivedBody, Trust};

use crate::chat::wrap::width;
use crate::commands::message;
use crate::messages::{chat as says, screens, states};
use crate::shown::shown_on_one_line;

/// The state of a contact, short enough for a list.
pub fn state(contact: &Contact) -> &'static str {
    if contact.blocked {
        return states::blocked();
    }
    match contact.trust {
        Trust::Verified => states::verified(),
        Trust::Unverified => says::not_verified(),
        Trust::VerifiedBefore => says::compare_again(),
        Trust::Changed => says::new_key(),
    }
}

/// Where a message of mine is. A relay's word is never called delivery.
pub fn delivery(entry: &LogEntry) -> &'static str {
    match entry.outgoing {
        None => "",
        Some(_) if entry.read_at.is_some() => says::read(),
        Some(_) if entry.answered => says::answered(),
        Some(OutboxState::Stored) => states::stored(),
        Some(OutboxState::Refused) => states::refused(),
        Some(OutboxState::Waiting | OutboxState::Sealed) => states::waiting(),
    }
}

/// How many columns where a message is may take.
pub fn delivery_columns() -> usize {
    let all = [says::read(), says::answered(), states::stored(), states::refused(), states::waiting()];
    all.map(width).into_iter().max().unwrap_or_default()
}

/// What an entry says, harmless; below a question or a file, how to go on with it.
pub fn said(entry: &LogEntry, contact: &str) -> String {
    let text = message::said(&entry.body, &entry.marks, 0);
    let theirs = entry.direction == Direction::Received;
    match &entry.body {
        ReceivedBody::Question { .. } if theirs => {
            format!("{text}\n{}", says::answer_it(shown_on_one_line(contact)))
        }
        ReceivedBody::File(file) if theirs && file.state == FileState::Whole => {
            format!("{text}\n{}", says::save_it(message::short(&entry.id)))
        }
        _ => text,
    }
}

/// Whether a line is an event and nobody's message.
pub fn is_event(body: &ReceivedBody) -> bool {
    matches!(body, ReceivedBody::BegunAnew | ReceivedBody::KeyChanged { .. } | ReceivedBody::Timer { .. })
}

/// The last line of a history, on one line and harmless.
pub fn preview(entry: &LogEntry) -> String {
    let text = shown_on_one_line(&message::said(&entry.body, &entry.marks, 0));
    match entry.direction {
        Direction::Sent => format!("{}{}{text}", screens::me(), screens::colon()),
        Direction::Received => text,
    }
}

/// `(2 earlier messages have not arrived)`.
pub fn missing(count: u64) -> String {
    match count {
        1 => screens::one_not_arrived().to_owned(),
        count => screens::some_not_arrived(count),
    }
}

/// What to know before writing to this contact, if anything: the sentence, and whether sending is stopped. `how` is the
/// key or the command that shows the words to compare.
pub fn warning(contact: &Contact, how: &str) -> Option<(String, bool)> {
    let name = shown_on_one_line(&contact.alias);
    if contact.blocked {
        return Some((says::is_blocked(name), true));
    }
    match contact.trust {
        Trust::Verified => None,
        Trust::Unverified => Some((says::is_it_really(name, how), false)),
        Trust::VerifiedBefore => Some((says::has_signed_key(name, how), false)),
        Trust::Changed => Some((says::has_unsigned_key(name, how), true)),
    }
}
