//! The checkers of what people say beside texts: both sides have the same words, and the same words are gone.

use std::collections::{BTreeMap, BTreeSet};

use client::{FileState, LogEntry, OutboxState, ReceivedBody};

use crate::book::short;
use crate::checks::Pair;

/// Words are erased by the next command after their time is over.
const GRACE_S: u64 = 600;

/// Whether a message is one that can be handed out: a file that is not whole cannot.
pub(crate) fn is_whole(body: &ReceivedBody) -> bool {
    match body {
        ReceivedBody::File(file) => matches!(file.state, FileState::Whole | FileState::Saved(_)),
        _ => true,
    }
}

/// What both have, both have alike, and the recipient was shown it; what was taken back is gone at both.
pub(crate) fn both_agree(pair: &Pair) -> Vec<String> {
    let Pair { from, to, .. } = pair;
    let sent: BTreeMap<&str, &LogEntry> = pair.sent.iter().map(|entry| (entry.id.as_str(), entry)).collect();
    let mut found = Vec::new();
    let [mine, theirs] = &pair.taken_back;
    for entry in &pair.received {
        let text = short(entry.body.text().unwrap_or_default());
        if mine.contains(&entry.id) {
            found.push(format!("taken back: '{text}' of {from} is still at {to}"));
        }
        let Some(original) = sent.get(entry.id.as_str()) else { continue };
        let said = short(original.body.text().unwrap_or_default());
        if said != text {
            found.push(format!("edited: {from} has '{said}', {to} has '{text}'"));
        }
        let quoted = [*original, entry].map(|entry| entry.marks.quotes.as_ref().map(|quote| &quote.id));
        let [quoted_there, quoted_here] = quoted;
        if quoted_there != quoted_here {
            found.push(format!("quoted: '{text}' quotes another message at {to}"));
        }
        if original.read_at.is_some() && !entry.handled && !pair.forgetful {
            found.push(format!("receipt: '{text}' is said to be read by {to}"));
        }
        found.extend(same_file(original, entry).map(|what| format!("file: '{text}' at {to}: {what}")));
        let is =
            |shown: &&crate::person::Shown| shown.id == entry.id || shown.edits.as_ref() == Some(&entry.id);
        let last = pair.taken.iter().rev().find(is);
        if let Some(last) = last.filter(|last| short(&last.text) != text) {
            found.push(format!("edited: {to} has '{text}' and was last shown '{}'", short(&last.text)));
        }
    }
    let unasked: BTreeSet<_> = theirs.difference(mine).filter(|id| sent.contains_key(id.as_str())).collect();
    found.extend(unasked.iter().map(|id| format!("taken back: {id} of {from} is gone at {to} only")));
    found
}

fn same_file(sent: &LogEntry, received: &LogEntry) -> Option<String> {
    let (ReceivedBody::File(sent_file), ReceivedBody::File(file)) = (&sent.body, &received.body) else {
        return None;
    };
    let is_stored = sent.outgoing == Some(OutboxState::Stored) && sent_file.state == FileState::Whole;
    let same = (&sent_file.sha256, sent_file.bytes) == (&file.sha256, file.bytes);
    match file.state {
        FileState::Whole | FileState::Saved(_) if same => None,
        FileState::Dropped => None,
        _ if !is_stored => None,
        ref state => Some(format!("it is {}", state.word())),
    }
}

/// Where words had a time, and it is over, they are gone.
pub(crate) fn nothing_outlives_its_time(pair: &Pair, now: u64) -> Vec<String> {
    let over = |entry: &&LogEntry| entry.marks.expires_at.is_some_and(|at| at.0 + GRACE_S < now);
    let left = pair.sent.iter().chain(&pair.received).filter(over);
    left.map(|entry| format!("'{}' outlived its time", short(entry.body.text().unwrap_or_default())))
        .collect()
}
