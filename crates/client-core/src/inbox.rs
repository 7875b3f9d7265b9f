//! Received numbers of one stream: order, and gaps that are shown rather than skipped (P3).

use serde::{Deserialize, Serialize};

/// Which numbers of one stream have arrived. Streams count from 1.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Numbers {
    /// Everything from 1 through this has arrived.
    whole: u64,
    /// What arrived beyond the first gap, as rising, separate, inclusive ranges. At most [`RANGES_MAX`].
    beyond: Vec<(u64, u64)>,
}

/// Ranges beyond the first gap; past it the oldest gap counts as lost for good and is closed.
pub const RANGES_MAX: usize = 256;

/// What taking a number in means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    /// It is new; so many numbers before it are missing now.
    New {
        /// Lower numbers not here.
        missing_before: u64,
    },
    /// It has been here.
    Again,
}

impl Numbers {
    /// Takes a number in.
    #[must_use]
    pub fn take(&self, number: u64) -> (Numbers, Taken) {
        if number == 0 || self.contains(number) {
            return (self.clone(), Taken::Again);
        }
        let mut next = self.clone();
        next.beyond.push((number, number));
        next.beyond.sort_unstable();
        next.merge();
        let missing_before = next.missing_before(number);
        (next, Taken::New { missing_before })
    }

    /// Whether a number arrived.
    pub fn contains(&self, number: u64) -> bool {
        number <= self.whole || self.beyond.iter().any(|(from, to)| (*from..=*to).contains(&number))
    }

    /// The highest number up to which nothing is missing.
    pub fn whole(&self) -> u64 {
        self.whole
    }

    /// How many numbers below this one have not arrived.
    pub fn missing_before(&self, number: u64) -> u64 {
        let here: u64 = self
            .beyond
            .iter()
            .filter(|(from, _)| *from < number)
            .map(|(from, to)| (*to).min(number.saturating_sub(1)) - from + 1)
            .sum();
        number.saturating_sub(1).saturating_sub(self.whole).saturating_sub(here)
    }

    fn merge(&mut self) {
        let mut merged: Vec<(u64, u64)> = Vec::with_capacity(self.beyond.len());
        for (from, to) in self.beyond.drain(..) {
            match merged.last_mut() {
                Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        while merged
            .first()
            .is_some_and(|first| first.0 <= self.whole.saturating_add(1) || merged.len() > RANGES_MAX)
        {
            self.whole = merged.remove(0).1;
        }
        self.beyond = merged;
    }
}

/// Puts messages that arrived in any order into their senders' order: each stream keeps the places it holds in
/// the list, filled by rising number.
pub fn in_order<T>(mut list: Vec<T>, key: impl Fn(&T) -> (i64, [u8; 8], u64)) -> Vec<T> {
    let mut order: Vec<usize> = (0..list.len()).collect();
    let keys: Vec<_> = list.iter().map(&key).collect();
    let mut streams: std::collections::BTreeMap<(i64, [u8; 8]), Vec<usize>> = Default::default();
    for (place, (contact, stream, _)) in keys.iter().enumerate() {
        streams.entry((*contact, *stream)).or_default().push(place);
    }
    for places in streams.values() {
        let mut by_number = places.clone();
        by_number.sort_by_key(|place| keys.get(*place).map(|key| key.2));
        for (place, from) in places.iter().zip(by_number) {
            if let Some(slot) = order.get_mut(*place) {
                *slot = from;
            }
        }
    }
    let mut slots: Vec<Option<T>> = list.drain(..).map(Some).collect();
    order.into_iter().filter_map(|from| slots.get_mut(from).and_then(Option::take)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take_all(numbers: &[u64]) -> (Numbers, Vec<Taken>) {
        let mut state = Numbers::default();
        let mut taken = Vec::new();
        for number in numbers {
            let (next, answer) = state.take(*number);
            state = next;
            taken.push(answer);
        }
        (state, taken)
    }

    #[test]
    fn in_order_nothing_is_missing() {
        let (state, taken) = take_all(&[1, 2, 3]);
        assert_eq!(state.whole(), 3);
        assert!(taken.iter().all(|t| *t == Taken::New { missing_before: 0 }));
    }

    #[test]
    fn a_gap_is_noted_and_closes_when_filled() {
        let (state, taken) = take_all(&[1, 4, 3]);
        assert_eq!(taken, [0, 2, 1].map(|missing_before| Taken::New { missing_before }));
        assert_eq!((state.whole(), state.missing_before(5)), (1, 1));
        let (state, _) = state.take(2);
        assert_eq!(state.whole(), 4);
    }

    #[test]
    fn a_number_seen_before_is_told() {
        let (_, taken) = take_all(&[1, 3, 3, 1]);
        assert_eq!(taken.get(2..), Some([Taken::Again, Taken::Again].as_slice()));
    }

    #[test]
    fn a_sender_who_only_leaves_gaps_cannot_grow_the_state() {
        let odd: Vec<u64> = (0..10_000).map(|n| 2 * n + 3).collect();
        let (state, _) = take_all(&odd);
        assert!(state.beyond.len() <= RANGES_MAX);
    }

    #[test]
    fn each_stream_is_shown_by_number() {
        let arrived = vec![(1, [0; 8], 2), (2, [0; 8], 1), (1, [0; 8], 1)];
        assert_eq!(in_order(arrived, |m| *m), [(1, [0; 8], 1), (2, [0; 8], 1), (1, [0; 8], 2)]);
    }
}
