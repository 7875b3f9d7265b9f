//! [`Tally`]: what a run did and what was done to it, counted.

use std::collections::BTreeMap;
use std::fmt;

/// Counters by name. What happened, first; what was done to whom, next.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    /// One more.
    pub fn add(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    /// How many.
    pub fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or(0)
    }

    /// Adds another run's.
    pub fn merge(&mut self, other: &Tally) {
        for (what, count) in &other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }

    /// The counters whose names begin so, in all.
    pub fn sum(&self, prefix: &str) -> u64 {
        self.0.iter().filter(|(what, _)| what.starts_with(prefix)).map(|(_, count)| count).sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, count) in &self.0 {
            writeln!(out, "  {count:>9}  {what}")?;
        }
        Ok(())
    }
}
