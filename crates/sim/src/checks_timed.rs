//! The checkers of what hangs on time: words that disappear, and receipts.

use std::collections::BTreeMap;

use client::{LogEntry, OutboxState, ReceivedBody};

use crate::book::{Book, Expires, Said, short};
use crate::checks::Pair;

/// Words are erased by the next command after their time is over.
const GRACE_S: u64 = 600;
/// As far as anybody's clock is off.
const SKEW_S: u64 = 2_000;

/// A text has the time that was asked for or agreed on, and quotes what its sender quoted.
pub(crate) fn as_they_were_said(pair: &Pair, book: &Book) -> Vec<String> {
    let said = said(book);
    let mut found = Vec::new();
    for shown in pair.taken.iter().filter(|shown| shown.edits.is_none()) {
        let Some(said) = said.get(shown.text.as_str()) else { continue };
        let (text, to) = (short(&shown.text), &pair.to);
        if shown.quotes != said.quotes {
            found.push(format!("quoted: '{text}' quotes {:?} at {to}, not {:?}", shown.quotes, said.quotes));
        }
        let stays = match said.expires {
            Expires::Unknown => continue,
            _ if pair.forgetful || pair.sender_forgot => continue,
            Expires::Never => None,
            Expires::After(seconds) => Some(seconds),
        };
        if shown.expire_s.map(u64::from) != stays {
            found.push(format!("timed: '{text}' has {:?} seconds at {to}, not {stays:?}", shown.expire_s));
        }
    }
    found
}

/// Where words had a time, and it is over, they are gone: as the vaults have it, and by what was seen from outside.
pub(crate) fn nothing_outlives_its_time(pair: &Pair, book: &Book, now: u64) -> Vec<String> {
    let over = |entry: &&LogEntry| entry.marks.expires_at.is_some_and(|at| at.0 + GRACE_S < now);
    let left = pair.sent.iter().chain(&pair.received).filter(over);
    let tell = |entry: &LogEntry| short(entry.body.text().unwrap_or_default()).to_owned();
    let mut found: Vec<String> = left.map(|entry| format!("'{}' outlived its time", tell(entry))).collect();
    let is_past = |at: u64, seconds: u64| at + seconds + SKEW_S + GRACE_S < now;
    for shown in pair.taken.iter().filter(|_| !pair.forgetful) {
        let is_over = shown.expire_s.is_some_and(|seconds| is_past(shown.at, u64::from(seconds)));
        if is_over && pair.received.iter().any(|entry| entry.id == shown.id) {
            found.push(format!("'{}' was shown, and its time never ends at {}", short(&shown.text), pair.to));
        }
    }
    let said = said(book);
    for entry in pair.sent.iter().filter(|entry| entry.outgoing == Some(OutboxState::Stored)) {
        let Some(said) = entry.body.text().and_then(|text| said.get(text)) else { continue };
        let Expires::After(seconds) = said.expires else { continue };
        if !pair.sender_forgot
            && (entry.marks.expires_at.is_none() || is_past(said.at, seconds) && is_stored(said))
        {
            found.push(format!("'{}' was stored, and its time never ends at {}", tell(entry), pair.from));
        }
    }
    found
}

/// A receipt tells of what was shown, and not before it was.
pub(crate) fn read_after_shown(pair: &Pair, book: &Book) -> Vec<String> {
    let mut first: BTreeMap<&str, u64> = BTreeMap::new();
    for shown in &pair.taken {
        first.entry(&shown.id).or_insert(shown.at);
    }
    // Whoever answers a question has read it.
    let asked = |id: &str| {
        let mut entries = pair.sent.iter().filter(|entry| entry.id == id);
        book.questions_taken_back.contains(id)
            || entries.any(|entry| matches!(entry.body, ReceivedBody::Question { .. }))
    };
    let too_early = |(id, at, _): &&(String, u64, String)| {
        let shown = first.get(id.as_str());
        !asked(id) && shown.is_none_or(|shown| at + SKEW_S + GRACE_S < *shown)
    };
    let early = pair.read.iter().filter(too_early);
    early
        .map(|(_, _, text)| format!("receipt: '{text}' was said to be read before {} was shown it", pair.to))
        .collect()
}

fn said(book: &Book) -> BTreeMap<&str, &Said> {
    book.said.iter().map(|said| (said.text.as_str(), said)).collect()
}

fn is_stored(said: &Said) -> bool {
    said.outcome == crate::book::Outcome::Stored
}
