//! What each source spent of a budget within a period, for a bounded number of sources.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// Sources remembered at once.
const SOURCES_MAX: usize = 65_536;
/// When all places are taken, those whose period is over are looked for so often within one.
const LOOKS: u32 = 64;

/// Counts by source; memory ends at `SOURCES_MAX` of them.
#[derive(Debug)]
pub struct Spent<K> {
    counts: HashMap<K, Count>,
    /// Not before this moment is it worth looking again for what is over.
    next_look: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    since: Instant,
    count: u32,
}

impl<K> Default for Spent<K> {
    fn default() -> Self {
        Self { counts: HashMap::new(), next_look: None }
    }
}

impl<K: Eq + Hash> Spent<K> {
    /// Counts one more, and says whether it is still within `max` of this period.
    ///
    /// When more sources are active than can be remembered, a new one is let through uncounted. Refusing it
    /// would let whoever owns many addresses lock everybody else out; what a source budget cannot hold then,
    /// the total budgets, the allowance and the puzzle of a doorstep do.
    pub fn spend(&mut self, key: K, max: u32, period: Duration, now: Instant) -> bool {
        if self.counts.len() >= SOURCES_MAX && !self.counts.contains_key(&key) {
            // Everybody waits while this walks through all of them, so a crowd must not have it walk each time.
            if self.next_look.is_some_and(|at| now < at) {
                return true;
            }
            self.next_look = Some(now + period / LOOKS);
            self.counts.retain(|_, count| now.duration_since(count.since) < period);
            if self.counts.len() >= SOURCES_MAX {
                return true;
            }
        }
        let count = self.counts.entry(key).or_insert(Count { since: now, count: 0 });
        if now.duration_since(count.since) >= period {
            *count = Count { since: now, count: 0 };
        }
        count.count = count.count.saturating_add(1);
        count.count <= max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_secs(60);

    #[test]
    fn a_period_begins_with_the_first_and_ends_for_all_of_it() {
        let (mut spent, now) = (Spent::default(), Instant::now());
        assert!((0..3).all(|_| spent.spend(1, 3, PERIOD, now)));
        assert!(!spent.spend(1, 3, PERIOD, now + PERIOD / 2));
        assert!(spent.spend(2, 3, PERIOD, now));
        assert!(spent.spend(1, 3, PERIOD, now + PERIOD));
    }

    #[test]
    fn a_crowd_of_sources_neither_grows_memory_nor_locks_others_out() {
        let (mut spent, now) = (Spent::default(), Instant::now());
        for source in 0..SOURCES_MAX + 1_000 {
            assert!(spent.spend(source, 1, PERIOD, now));
        }
        assert_eq!(spent.counts.len(), SOURCES_MAX);
        assert!(!spent.spend(7, 1, PERIOD, now), "who is known is still counted");
        assert!(spent.spend(usize::MAX, 1, PERIOD, now + PERIOD));
        assert_eq!(spent.counts.len(), 1, "what is over makes room");
    }

    #[test]
    fn a_full_memory_is_walked_through_now_and_then_and_not_for_each_stranger() {
        let (mut spent, begun) = (Spent::default(), Instant::now());
        for source in 0..SOURCES_MAX {
            spent.spend(source, 1, PERIOD, begun);
        }
        let late = begun + PERIOD - PERIOD / LOOKS / 2;
        assert!(spent.spend(SOURCES_MAX, 1, PERIOD, late), "nothing is over yet");
        let over = begun + PERIOD;
        assert!(spent.spend(SOURCES_MAX, 1, PERIOD, over));
        assert_eq!(spent.counts.len(), SOURCES_MAX, "looked a moment ago");
        assert!(spent.spend(SOURCES_MAX, 1, PERIOD, over + PERIOD / LOOKS));
        assert_eq!(spent.counts.len(), 1);
    }
}
