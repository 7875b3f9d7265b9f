//! A message as a line for a program and as a line for a person.

use client::{Received, ReceivedBody, Trust};
use wire::UnixSeconds;

use crate::json::Line;
use crate::shown::{shown, shown_on_one_line};
use crate::when;

/// The promised fields of a received message.
pub fn to_json(message: &Received) -> Line {
    Line::new("message")
        .text("id", &message.id)
        .text("from", &message.from)
        .truth("verified", message.trust.is_verified())
        .text("trust", message.trust.word())
        .text("sent", &when::for_programs(message.sent_at))
        .text("recv", &when::for_programs(message.received_at))
        .maybe_text("text", message.body.text())
        .maybe_text("file", None)
        .number("number", message.number)
        .number("missing_before", message.missing_before)
        .maybe_number("unknown_kind", unknown_kind(&message.body))
}

/// `alice  09:14  text`, preceded by what is missing, with the state of the key in words unless it is verified.
pub fn to_text(message: &Received) -> String {
    let who = who(&message.from, message.trust);
    let line = line(&who, message.sent_at, &message.body);
    match message.missing_before {
        0 => line,
        1 => format!("{who}  (1 earlier message has not arrived)\n{line}"),
        missing => format!("{who}  ({missing} earlier messages have not arrived)\n{line}"),
    }
}

/// The line alone.
pub fn line(who: &str, at: UnixSeconds, body: &ReceivedBody) -> String {
    let start = format!("{who}  {}  ", when::for_people(at));
    let indent = start.chars().count();
    match body {
        ReceivedBody::Text(text) => format!("{start}{}", shown(text, indent)),
        ReceivedBody::Unknown { kind } => {
            format!("{start}(a newer kind of message, number {kind}, which this version cannot show)")
        }
        ReceivedBody::BegunAnew => {
            format!("{start}(began the conversation anew here, as after a restore or a lost device)")
        }
        ReceivedBody::KeyChanged { signed: true } => {
            format!("{start}(has a new key from here on, signed by the one before)")
        }
        ReceivedBody::KeyChanged { signed: false } => {
            format!("{start}(has a new key from here on, NOT signed by the one before: you took it)")
        }
    }
}

/// The number of a kind that this version cannot show.
pub fn unknown_kind(body: &ReceivedBody) -> Option<u64> {
    match body {
        ReceivedBody::Text(_) | ReceivedBody::KeyChanged { .. } | ReceivedBody::BegunAnew => None,
        ReceivedBody::Unknown { kind } => Some(u64::from(*kind)),
    }
}

fn who(from: &str, trust: Trust) -> String {
    let from = shown_on_one_line(from);
    if trust.is_verified() { from } else { format!("{from} ({})", trust.word()) }
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
            body: ReceivedBody::Text(text.to_owned()),
        }
    }

    #[test]
    fn the_json_of_a_message_keeps_its_promised_fields() {
        assert_eq!(
            to_json(&message("hi \u{1b}[1m", Trust::Verified)).to_string(),
            "{\"v\":1,\"t\":\"message\",\"id\":\"00ff\",\"from\":\"alice\",\"verified\":true,\"trust\":\"verified\",\
             \"sent\":\"2026-11-23T11:34:00Z\",\"recv\":\"2026-11-23T11:34:01Z\",\"text\":\"hi \\u001b[1m\",\
             \"file\":null,\"number\":7,\"missing_before\":0,\"unknown_kind\":null}"
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
