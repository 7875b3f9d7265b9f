//! The checkers of what people say beside texts: both sides have the same words, and the same words are gone.

use std::collections::{BTreeMap, BTreeSet};

use client::{FileState, LogEntry, OutboxState, ReceivedBody};

use crate::book::{Book, short};
use crate::checks::Pair;

/// So many files of one sender may be on their way at once; what comes beyond is dropped.
const FILES_MAX: usize = 8;

/// Whether a message is one that can be handed out: a file that is not whole cannot.
pub(crate) fn is_whole(body: &ReceivedBody) -> bool {
    match body {
        ReceivedBody::File(file) => matches!(file.state, FileState::Whole | FileState::Saved(_)),
        _ => true,
    }
}

/// What both have, both have alike, and the recipient was shown it; what was taken back is gone at both.
///
/// Whoever goes back to an older copy does not know what was said since, and cannot be agreed with; to him it is said
/// again, as far as that is done: what was edited or taken back before `since` is not.
pub(crate) fn both_agree(pair: &Pair, book: &Book, since: u64) -> Vec<String> {
    let Pair { from, to, .. } = pair;
    if pair.sender_forgot {
        return Vec::new();
    }
    let sent: BTreeMap<&str, &LogEntry> = pair.sent.iter().map(|entry| (entry.id.as_str(), entry)).collect();
    let mut found = Vec::new();
    let [mine, theirs] = &pair.taken_back;
    let is_young = |entry: &&LogEntry| {
        let edited_at = book.edited_at.get(&entry.id).copied();
        edited_at.unwrap_or(entry.at.0).min(entry.at.0) >= since
    };
    for entry in pair.received.iter().filter(is_young) {
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
        let asked = |entry: &LogEntry| match &entry.body {
            ReceivedBody::Question { choices, until, .. } => Some(format!("{choices:?} until {until:?}")),
            ReceivedBody::Answer { question, .. } => Some(format!("to {question}")),
            _ => None,
        };
        if asked(original) != asked(entry) {
            found.push(format!("asked: '{text}' is another question, or answers another one, at {to}"));
        }
        let file = is_as_sent(pair, original, entry, book);
        found.extend(file.map(|what| format!("file: '{text}' at {to}: {what}")));
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

fn is_as_sent(pair: &Pair, sent: &LogEntry, received: &LogEntry, book: &Book) -> Option<String> {
    let (ReceivedBody::File(sent_file), ReceivedBody::File(file)) = (&sent.body, &received.body) else {
        return None;
    };
    let begin = format!("{}>{} #", pair.from, pair.to);
    let many = book.files.keys().filter(|words| words.starts_with(&begin)).count() > FILES_MAX;
    let is_stored = sent.outgoing == Some(OutboxState::Stored) && sent_file.state == FileState::Whole;
    let same = (&sent_file.sha256, sent_file.bytes) == (&file.sha256, file.bytes);
    match file.state {
        FileState::Whole if same => {
            let bytes = (pair.files.get(&received.id), book.files.get(&sent_file.text));
            (bytes.0 != bytes.1).then(|| format!("its bytes are others: {bytes:?}"))
        }
        FileState::Dropped if many => None,
        // Parts that were answered are erased, and cannot be said again to whoever went back.
        _ if pair.forgetful => None,
        _ if !is_stored => None,
        ref state => Some(format!("it is {}", state.word())),
    }
}
