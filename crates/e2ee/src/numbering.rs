//! Which numbers of a correspondent's stream have come: what is missing is known, and never skipped in silence.

use crate::resend::NUMBER_LAST;
use crate::{Resend, Seen, StreamId};
use core::ops::RangeInclusive;

/// Islands of numbers beyond a gap that are remembered; more gaps at once are not told apart.
const ISLANDS_MAX: usize = 64;

/// The received numbers of one stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Received {
    pub(crate) stream: StreamId,
    /// Everything up to here has come.
    pub(crate) through: u64,
    /// The highest number that came.
    pub(crate) highest: u64,
    /// What came beyond `through`: rising, apart from each other.
    pub(crate) islands: Vec<(u64, u64)>,
}

/// What one number told.
pub(crate) struct Taken {
    pub(crate) repeat: bool,
    pub(crate) gaps: Vec<RangeInclusive<u64>>,
}

impl Received {
    pub(crate) fn new(stream: StreamId) -> Self {
        Self { stream, through: 0, highest: 0, islands: Vec::new() }
    }

    /// Takes a number, which is at least 1.
    pub(crate) fn take(&mut self, number: u64) -> Taken {
        if self.has(number) {
            return Taken { repeat: true, gaps: Vec::new() };
        }
        let next = self.highest.saturating_add(1);
        let gaps = if number > next { vec![next..=number.saturating_sub(1)] } else { Vec::new() };
        self.highest = self.highest.max(number);
        self.add(number);
        Taken { repeat: false, gaps }
    }

    pub(crate) fn seen(&self) -> Seen {
        Seen { stream: self.stream, through: self.through }
    }

    /// What has not come, rising: up to the highest number that came.
    pub(crate) fn missing(&self) -> Vec<RangeInclusive<u64>> {
        let mut gaps = Vec::new();
        let mut next = self.through.saturating_add(1);
        for (first, last) in &self.islands {
            gaps.push(next..=first.saturating_sub(1));
            next = last.saturating_add(1);
        }
        if next <= self.highest {
            gaps.push(next..=self.highest);
        }
        gaps
    }

    /// What has not come, and whatever may follow the highest number that came.
    pub(crate) fn everything_missing(&self) -> Option<Resend> {
        let mut gaps = self.missing();
        let next = self.highest.saturating_add(1);
        match gaps.last_mut() {
            Some(last) if last.end().saturating_add(1) >= next => *last = *last.start()..=NUMBER_LAST,
            _ => gaps.push(next..=NUMBER_LAST),
        }
        Resend::new(self.stream, &gaps)
    }

    fn has(&self, number: u64) -> bool {
        number <= self.through || self.islands.iter().any(|(first, last)| (*first..=*last).contains(&number))
    }

    fn add(&mut self, number: u64) {
        self.islands.push((number, number));
        self.islands.sort_unstable();
        self.islands = join(&self.islands);
        while let Some((first, last)) = self.islands.first().copied() {
            if first > self.through.saturating_add(1) {
                break;
            }
            self.through = last;
            self.islands.remove(0);
        }
        self.islands.truncate(ISLANDS_MAX);
    }
}

/// Joins islands that touch.
fn join(islands: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let mut joined: Vec<(u64, u64)> = Vec::with_capacity(islands.len());
    for (first, last) in islands {
        match joined.last_mut() {
            Some((_, end)) if *first <= end.saturating_add(1) => *end = (*end).max(*last),
            _ => joined.push((*first, *last)),
        }
    }
    joined
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn received() -> Received {
        Received::new(StreamId([1; 8]))
    }

    #[test]
    fn a_gap_is_told_once_and_closes_when_the_missing_come() {
        let mut received = received();
        assert!(received.take(1).gaps.is_empty());
        assert_eq!(received.take(5).gaps, [2..=4]);
        assert!(received.take(6).gaps.is_empty());
        assert!(received.take(3).gaps.is_empty());
        assert_eq!(received.seen().through, 1);
        received.take(2);
        assert_eq!(received.seen().through, 3);
        received.take(4);
        assert_eq!(received.seen().through, 6);
        assert!(received.islands.is_empty());
    }

    #[test]
    fn what_is_missing_is_known_by_number() {
        let mut received = received();
        assert!(received.missing().is_empty());
        for number in [1, 4, 5, 9] {
            received.take(number);
        }
        assert_eq!(received.missing(), [2..=3, 6..=8]);
    }

    #[test]
    fn a_number_that_came_is_a_repeat() {
        let mut received = received();
        received.take(1);
        received.take(3);
        assert!(received.take(1).repeat && received.take(3).repeat);
        assert!(!received.take(2).repeat);
    }

    #[test]
    fn a_hostile_numbering_stays_small() {
        let mut received = received();
        for number in (2..10_000).step_by(2) {
            received.take(number);
        }
        assert_eq!(received.islands.len(), ISLANDS_MAX);
        assert_eq!(received.seen().through, 0);
        assert_eq!(received.take((1 << 48) - 1).gaps.len(), 1);
    }
}
