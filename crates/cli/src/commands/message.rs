//! A message as a line for a program and as a line for a person.

use std::fmt::Write as _;

use client::{FileShown, FileState, Marks, Quote, Received, ReceivedBody, Trust, shell_word};
use serde_json::Value;
use wire::UnixSeconds;

use crate::json::Line;
use crate::messages::{counts, screens, states};
use crate::shown::{shown, shown_on_one_line};
use crate::when;

/// Characters of a quoted message that are shown.
const QUOTED_CHARS: usize = 40;

/// The promised fields of a received message.
pub fn to_json(message: &Received) -> Line {
    let line = Line::new("message")
        .text("id", &message.id)
        .text("from", &message.from)
        .truth("verified", message.trust.is_verified())
        .text("trust", message.trust.word())
        .text("sent", &when::for_programs(message.sent_at))
        .text("recv", &when::for_programs(message.received_at))
        .maybe_text("text", message.body.text())
        .json("file", file_to_json(&message.body))
        .number("number", message.number)
        .number("missing_before", message.missing_before)
        .maybe_number("unknown_kind", unknown_kind(&message.body));
    said_to_json(line, &message.body, &message.marks)
}

/// What kind of message it is, and what that kind has beside words.
pub fn said_to_json(line: Line, body: &ReceivedBody, marks: &Marks) -> Line {
    let (mut choices, mut until, mut question, mut edits, mut timer) = (Value::Null, None, None, None, None);
    match body {
        ReceivedBody::Question { choices: given, until: end, .. } => {
            choices = Value::from(given.clone());
            until = Some(when::for_programs(*end));
        }
        ReceivedBody::Answer { question: id, .. } => question = Some(id.as_str()),
        ReceivedBody::Edited { message, .. } => edits = Some(message.as_str()),
        ReceivedBody::Timer { seconds } => timer = Some(u64::from(*seconds)),
        _ => {}
    }
    line.text("kind", kind(body))
        .maybe_text("quotes", marks.quotes.as_ref().map(|quote| quote.id.as_str()))
        .truth("edited", marks.edited)
        .maybe_number("expire_s", marks.expire_s.map(u64::from))
        .json("choices", choices)
        .maybe_text("until", until.as_deref())
        .maybe_text("question", question)
        .maybe_text("edits", edits)
        .maybe_number("timer_s", timer)
}

/// A file's name, length, hash and place, or null.
pub fn file_to_json(body: &ReceivedBody) -> Value {
    let ReceivedBody::File(file) = body else { return Value::Null };
    let path = match &file.state {
        FileState::Saved(path) => Value::from(path.to_string_lossy().into_owned()),
        _ => Value::Null,
    };
    serde_json::json!({
        "name": file.name, "bytes": file.bytes, "sha256": file.sha256, "state": file.state.word(),
        "arrived": file.arrived, "path": path,
    })
}

/// One word for what it is.
pub fn kind(body: &ReceivedBody) -> &'static str {
    match body {
        ReceivedBody::Text(_) => "text",
        ReceivedBody::Question { .. } => "question",
        ReceivedBody::Answer { .. } => "answer",
        ReceivedBody::File(_) => "file",
        ReceivedBody::Timer { .. } => "timer",
        ReceivedBody::Edited { .. } => "edit",
        ReceivedBody::TakenBack => "taken_back",
        ReceivedBody::Unknown { .. } => "unknown",
        ReceivedBody::KeyChanged { .. } => "key_changed",
        ReceivedBody::BegunAnew => "begun_anew",
    }
}

/// `alice  09:14  text`, preceded by what is missing, with the state of the key in words unless it is verified.
pub fn to_text(message: &Received) -> String {
    let who = who(&message.from, message.trust);
    let mut line = line(&who, message.sent_at, &message.body, &message.marks);
    match &message.body {
        // Afterwards nobody waits, and the answer would be refused.
        ReceivedBody::Question { until, .. } if *until > when::now() => {
            let from = shown_on_one_line(&message.from);
            let _ = write!(line, "\n{}", screens::answer_it(shell_word(&from)));
        }
        ReceivedBody::File(file) if file.state == FileState::Whole => {
            let _ = write!(line, "\n{}", screens::save_it(short(&message.id)));
        }
        _ => {}
    }
    match message.missing_before {
        0 => line,
        missing => format!("{who}  {}\n{line}", counts::not_arrived(missing)),
    }
}

/// As much of an id as names a message to a person.
pub fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// The line alone.
pub fn line(who: &str, at: UnixSeconds, body: &ReceivedBody, marks: &Marks) -> String {
    let start = format!("{who}  {}  ", when::for_people(at));
    let indent = start.chars().count();
    format!("{start}{}", said(body, marks, indent))
}

/// What it says, with what belongs to it beside its words.
pub fn said(body: &ReceivedBody, marks: &Marks, indent: usize) -> String {
    let quoted = marks.quotes.as_ref().map(quoted).unwrap_or_default();
    format!("{quoted}{}{}", words(body, indent), after(marks))
}

/// What it says, with what it is in brackets unless it is a text.
pub fn words(body: &ReceivedBody, indent: usize) -> String {
    match body {
        ReceivedBody::Text(text) => shown(text, indent),
        ReceivedBody::Question { text, choices, until } => {
            let choices = numbered(choices);
            screens::question(shown(text, indent), choices, when::for_people(*until))
        }
        ReceivedBody::Answer { text, .. } => screens::answer(shown(text, indent)),
        ReceivedBody::File(file) => file_words(file, indent),
        ReceivedBody::Timer { seconds: 0 } => screens::stays_from_here().to_owned(),
        ReceivedBody::Timer { seconds } => screens::disappears_from_here(when::span(u64::from(*seconds))),
        ReceivedBody::Edited { text, .. } => screens::edited(shown(text, indent)),
        ReceivedBody::TakenBack => screens::is_taken_back().to_owned(),
        ReceivedBody::Unknown { kind } => screens::newer_kind(kind),
        ReceivedBody::BegunAnew => screens::begun_anew().to_owned(),
        ReceivedBody::KeyChanged { signed: true } => screens::new_signed_key().to_owned(),
        ReceivedBody::KeyChanged { signed: false } => screens::new_unsigned_key().to_owned(),
    }
}

fn numbered(choices: &[String]) -> String {
    let each = choices.iter().zip(1_u32..);
    each.map(|(choice, number)| format!("  [{number} {}]", shown_on_one_line(choice))).collect()
}

fn file_words(file: &FileShown, indent: usize) -> String {
    let state = match &file.state {
        FileState::Whole => String::new(),
        FileState::Saved(path) => screens::file_saved_as(shown_on_one_line(&path.to_string_lossy())),
        FileState::OnItsWay => screens::file_so_far(size(file.arrived)),
        FileState::Damaged => screens::file_damaged().to_owned(),
        FileState::Dropped => screens::file_dropped().to_owned(),
        FileState::BeforeAccepted => screens::file_before_accepted().to_owned(),
        FileState::Erased => screens::file_taken_back().to_owned(),
    };
    let words = if file.text.is_empty() { String::new() } else { format!("  {}", shown(&file.text, indent)) };
    format!("{}{}, {}{state}{words}", screens::file_prefix(), shown_on_one_line(&file.name), size(file.bytes))
}

/// Bytes as people read them.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => states::bytes(bytes),
        1_000..1_000_000 => states::kilobytes(bytes / 1_000, bytes % 1_000 / 100),
        _ => states::megabytes(bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

fn quoted(quote: &Quote) -> String {
    let words = quote.text.as_deref().map_or_else(
        || screens::message_called(short(&quote.id)),
        |text| shown_on_one_line(&text.chars().take(QUOTED_CHARS).collect::<String>()),
    );
    screens::quoting(words)
}

/// What is said behind the words: that they were edited, and when they disappear.
pub fn after(marks: &Marks) -> String {
    let edited = if marks.edited { screens::is_edited() } else { "" };
    let gone = match (marks.expires_at, marks.expire_s) {
        (Some(at), _) => screens::disappears_at(when::for_people(at)),
        (None, Some(seconds)) => screens::disappears_after(when::span(u64::from(seconds))),
        (None, None) => String::new(),
    };
    format!("{edited}{gone}")
}

/// The number of a kind that this version cannot show.
pub fn unknown_kind(body: &ReceivedBody) -> Option<u64> {
    match body {
        ReceivedBody::Unknown { kind } => Some(u64::from(*kind)),
        _ => None,
    }
}

fn who(from: &str, trust: Trust) -> String {
    let from = shown_on_one_line(from);
    if trust.is_verified() { from } else { format!("{from} ({})", states::trust(trust)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str, trust: Trust) -> Received {
        Received {
            id: "00ff".to_owned(),
            from: "alice".to_owned(),
            trust,
            number: 7,
            missing_before: 0,
            sent_at: UnixSeconds(1_795_433_640),
            received_at: UnixSeconds(1_795_433_641),
            marks: Marks::default(),
            body: ReceivedBody::Text(text.to_owned()),
        }
    }

    #[test]
    fn the_json_of_a_message_keeps_its_promised_fields() {
        assert_eq!(
            to_json(&message("hi \u{1b}[1m", Trust::Verified)).to_string(),
            "{\"v\":1,\"t\":\"message\",\"id\":\"00ff\",\"from\":\"alice\",\"verified\":true,\"trust\":\"verified\",\
             \"sent\":\"2026-11-23T11:34:00Z\",\"recv\":\"2026-11-23T11:34:01Z\",\"text\":\"hi \\u001b[1m\",\
             \"file\":null,\"number\":7,\"missing_before\":0,\"unknown_kind\":null,\"kind\":\"text\",\
             \"quotes\":null,\"edited\":false,\"expire_s\":null,\"choices\":null,\"until\":null,\
             \"question\":null,\"edits\":null,\"timer_s\":null}"
        );
    }

    #[test]
    fn the_state_of_the_key_is_said_in_words() {
        assert!(to_text(&message("hi", Trust::Unverified)).starts_with("alice (unverified)  "));
        assert!(to_text(&message("hi", Trust::Verified)).starts_with("alice  "));
    }

    #[test]
    fn a_gap_is_shown_and_never_skipped() {
        let late = Received { missing_before: 2, ..message("hi", Trust::Verified) };
        assert!(to_text(&late).starts_with("alice  (2 earlier messages have not arrived)\n"));
    }

    #[test]
    fn a_text_cannot_steer_the_terminal_or_forge_a_line() {
        let text = to_text(&message("a\u{1b}]0;x\u{7}\nbob  10:00  yes\u{202e}", Trust::Verified));
        assert!(!text.contains('\u{1b}') && !text.contains('\u{7}') && !text.contains('\u{202e}'));
        assert!(text.lines().skip(1).all(|line| line.starts_with(' ')));
    }

    #[test]
    fn an_unknown_kind_is_shown_as_such() {
        let body = ReceivedBody::Unknown { kind: 9 };
        let text = to_text(&Received { body: body.clone(), ..message("", Trust::Verified) });
        assert!(text.contains("number 9"));
        assert_eq!(unknown_kind(&body), Some(9));
    }
}
