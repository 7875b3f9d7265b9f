//! What the chat says of people and messages: states in words, never by colour alone.

use client::{Contact, Direction, FileState, LogEntry, OutboxState, ReceivedBody, Trust};

use crate::commands::message;
use crate::shown::shown_on_one_line;

/// The state of a contact, short enough for a list.
pub fn state(contact: &Contact) -> &'static str {
    if contact.blocked {
        return "blocked";
    }
    match contact.trust {
        Trust::Verified => "verified",
        Trust::Unverified => "not verified",
        Trust::VerifiedBefore => "compare again",
        Trust::Changed => "NEW KEY",
    }
}

/// Where a message of mine is. A relay's word is never called delivery.
pub fn delivery(entry: &LogEntry) -> &'static str {
    match entry.outgoing {
        None => "",
        Some(_) if entry.read_at.is_some() => "read",
        Some(_) if entry.answered => "answered",
        Some(OutboxState::Stored) => "stored",
        Some(OutboxState::Refused) => "refused",
        Some(OutboxState::Waiting | OutboxState::Sealed) => "waiting",
    }
}

/// What an entry says, harmless; below a question or a file, how to go on with it.
pub fn said(entry: &LogEntry, contact: &str) -> String {
    let text = message::said(&entry.body, &entry.marks, 0);
    let theirs = entry.direction == Direction::Received;
    match &entry.body {
        ReceivedBody::Question { .. } if theirs => {
            format!("{text}\n(answer it:   oub answer {} …)", shown_on_one_line(contact))
        }
        ReceivedBody::File(file) if theirs && file.state == FileState::Whole => {
            format!("{text}\n(save it:   oub save {})", message::short(&entry.id))
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
        Direction::Sent => format!("me: {text}"),
        Direction::Received => text,
    }
}

/// `2 earlier messages have not arrived`.
pub fn missing(count: u64) -> String {
    match count {
        1 => "1 earlier message has not arrived".to_owned(),
        count => format!("{count} earlier messages have not arrived"),
    }
}

/// What to know before writing to this contact, if anything: the sentence, and whether sending is stopped.
pub fn warning(contact: &Contact) -> Option<(String, bool)> {
    let name = shown_on_one_line(&contact.alias);
    if contact.blocked {
        return Some((
            format!("{name} is blocked: nothing is shown or sent.   oub contact unblock {name}"),
            true,
        ));
    }
    match contact.trust {
        Trust::Verified => None,
        Trust::Unverified => Some((format!("Is it really {name}? Compare ten words by phone: F4"), false)),
        Trust::VerifiedBefore => {
            Some((format!("{name} has a new key, signed by the old one. Compare again: F4"), false))
        }
        Trust::Changed => Some((
            format!(
                "NEW KEY: the old one did not sign it, so it may be somebody else. Nothing is sent until you decide. \
                 Call {name} and compare: F4"
            ),
            true,
        )),
    }
}
