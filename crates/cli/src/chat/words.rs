//! What the chat says of people and messages: states in words, never by colour alone.

use client::{
    Contact, ContactRequest, Direction, FileState, LogEntry, OutboxState, ReceivedBody, Trust, shell_word,
};

use crate::chat::command;
use crate::chat::wrap::width;
use crate::commands::message;
use crate::messages::{chat as says, screens, states};
use crate::shown::shown_on_one_line;
use crate::when;

/// As much of a mistyped command is repeated.
const WORD_CHARS_MAX: usize = 30;

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
        // Afterwards nobody waits, and the answer would be refused.
        ReceivedBody::Question { until, .. } if theirs && *until > when::now() => {
            format!("{text}\n{}", says::answer_it(shell_word(&shown_on_one_line(contact))))
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

/// The request that a command names, by its number in the list or by its name.
pub fn request<'a>(requests: &'a [ContactRequest], which: &str) -> Option<&'a ContactRequest> {
    let by_number = which.parse::<usize>().ok().and_then(|number| requests.get(number.checked_sub(1)?));
    by_number.or_else(|| requests.iter().find(|request| request.label == which))
}

/// What is said about a line that begins with a slash and is no command.
pub fn no_such_command(line: &str) -> String {
    let word: String = line.split_whitespace().next().unwrap_or(line).chars().take(WORD_CHARS_MAX).collect();
    match command::nearest(&word).and_then(usage) {
        Some(usage) => says::perhaps_command(word, usage),
        None => says::no_such_command(word),
    }
}

/// How a command is written: what the help has of it before what it does.
fn usage(command: &str) -> Option<&'static str> {
    let lines = says::help_of_lines().lines().chain(says::help_of_doings().lines());
    let mut usages = lines.filter_map(|line| line.split("  ").next());
    usages.find(|usage| usage.strip_prefix('/').and_then(|rest| rest.split(' ').next()) == Some(command))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::{Language, in_language};

    #[test]
    fn a_mistyped_command_is_answered_by_how_the_nearest_is_written() {
        for (line, usage) in [
            ("/qiut", "perhaps   /quit"),
            ("/accept", "perhaps   /accept N"),
            ("/takeback", "perhaps   /take-back"),
            ("/files a.txt", "perhaps   /file PATH"),
            ("/TO carol", "perhaps   /to NAME"),
        ] {
            let said = no_such_command(line);
            assert!(said.contains("not sent") && said.contains(usage), "{line}: {said}");
        }
        assert!(!no_such_command("/etc/hosts").contains("perhaps"));
        assert!(in_language(Language::French, || no_such_command("/qiut")).contains("peut-être   /quit"));
    }

    #[test]
    fn the_help_tells_how_every_command_is_written() {
        for language in [Language::English, Language::French] {
            for word in command::WORDS {
                assert!(in_language(language, || usage(word)).is_some(), "{word}");
            }
        }
    }
}
