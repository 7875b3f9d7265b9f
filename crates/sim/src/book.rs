//! [`Book`]: what was said to whom, what became of it, and what was shown.

use std::collections::BTreeMap;
use std::fmt;

use crate::person::Shown;

/// Everything that the checkers must know of a run.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) said: Vec<Said>,
    /// For each person, what was shown, in order.
    pub(crate) shown: Vec<Vec<Shown>>,
    /// What messages said before they were edited, by id.
    pub(crate) versions: BTreeMap<String, Vec<String>>,
    /// Edits so far.
    pub(crate) edits: u64,
    /// Whether anybody agreed on a time after which words disappear.
    pub(crate) timers: bool,
}

/// A text that somebody handed to `send`.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) from: usize,
    pub(crate) alias: String,
    pub(crate) text: String,
    pub(crate) key: Option<String>,
    /// The message that it answers.
    pub(crate) quotes: Option<String>,
    /// After how long it disappears.
    pub(crate) expire_s: Option<u64>,
    pub(crate) outcome: Outcome,
}

/// What `send` said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// The relay has it: P1 begins.
    Stored,
    /// It waits in the outbox.
    Queued,
    /// An error; it may be in the outbox or not.
    Failed,
    /// The process died; it may be in the outbox or not.
    Died,
}

impl Book {
    pub(crate) fn new(people: usize) -> Self {
        Self { shown: vec![Vec::new(); people], ..Self::default() }
    }

    /// A text that was never said before, and tells by itself from whom to whom it is.
    pub(crate) fn next_text(&self, from: &str, to: &str, bytes: usize) -> String {
        let mut text = format!("{from}>{to} #{}", self.said.len());
        if text.len() < bytes {
            text.push(' ');
            text.extend(std::iter::repeat_n('.', bytes - text.len()));
        }
        text
    }
}

impl fmt::Display for Said {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "'{}' ({:?})", short(&self.text), self.outcome)
    }
}

/// The beginning of a text, which says all.
pub(crate) fn short(text: &str) -> &str {
    text.split(" .").next().unwrap_or(text)
}
