//! [`Book`]: what was said to whom, what became of it, and what was shown.

use std::collections::{BTreeMap, BTreeSet};
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
    /// When each message was last edited, by id.
    pub(crate) edited_at: BTreeMap<String, u64>,
    /// What messages said that somebody wanted to take back.
    pub(crate) taken_back: BTreeSet<String>,
    /// And which messages these were, whatever they had said before.
    pub(crate) taken_back_ids: BTreeSet<String>,
    /// Which of these were questions, by id.
    pub(crate) questions_taken_back: BTreeSet<String>,
    /// Times after which words disappear, as they were agreed on, in order.
    pub(crate) timers: Vec<Timer>,
    /// Messages that a device had which was lost without a backup, by id.
    pub(crate) lost: BTreeSet<String>,
    /// Envelopes that expired, as people were told of them.
    pub(crate) expired: u64,
    /// Whether somebody died while he may have been told.
    pub(crate) died_at_a_pull: bool,
    /// SHA-256 of the files that were sent, by the words beside them.
    pub(crate) files: BTreeMap<String, String>,
}

/// A time that somebody set for what both write from then on.
#[derive(Clone, Debug)]
pub(crate) struct Timer {
    pub(crate) by: usize,
    pub(crate) with: usize,
    /// 0: words stay.
    pub(crate) seconds: u64,
    /// Whether it is known that it was set.
    pub(crate) is_set: bool,
}

/// After how long a text disappears.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Expires {
    /// It stays.
    Never,
    After(u64),
    /// A time was being agreed on.
    Unknown,
}

/// A text that somebody handed to `send`.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// What the sender calls the recipient.
    pub(crate) alias: String,
    pub(crate) text: String,
    pub(crate) key: Option<String>,
    /// The message that it answers.
    pub(crate) quotes: Option<String>,
    /// After how long it disappears.
    pub(crate) expire_s: Option<u64>,
    /// The same, whether it was asked for or agreed on.
    pub(crate) expires: Expires,
    pub(crate) outcome: Outcome,
    /// When `send` had come back.
    pub(crate) at: u64,
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

    /// After how long a text disappears that somebody writes now, by what both agreed on: known where only one time
    /// was ever set, and who writes set it, or was shown that it was.
    pub(crate) fn agreed(&self, who: usize, with: usize, alias: &str) -> Expires {
        let between =
            |timer: &&Timer| (timer.by, timer.with) == (who, with) || (timer.by, timer.with) == (with, who);
        let mut timers = self.timers.iter().filter(between);
        let (Some(timer), None) = (timers.next(), timers.next()) else {
            return if self.timers.iter().any(|timer| between(&timer)) {
                Expires::Unknown
            } else {
                Expires::Never
            };
        };
        let shown = self.shown.get(who).into_iter().flatten();
        let is_known = match timer.by == who {
            true => timer.is_set,
            false => shown.filter(|shown| shown.from == alias).any(|shown| shown.timer_s.is_some()),
        };
        match timer.seconds {
            _ if !is_known => Expires::Unknown,
            0 => Expires::Never,
            seconds => Expires::After(seconds),
        }
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
