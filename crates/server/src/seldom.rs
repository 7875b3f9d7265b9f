//! A line in the log that strangers can cause comes once a minute at most, and says how often it was meant.

use std::sync::atomic::{AtomicU64, Ordering};

/// Between two lines, in seconds.
const PAUSE_S: u64 = 60;

/// Allows one line a minute.
#[derive(Default, Debug)]
pub struct Seldom {
    /// Not before this second of the process.
    next_s: AtomicU64,
    held_back: AtomicU64,
}

impl Seldom {
    /// Whether to speak now, and how many times nobody spoke since the last line.
    pub fn now(&self, uptime_s: u64) -> Option<u64> {
        let next = self.next_s.load(Ordering::Relaxed);
        let may = uptime_s >= next
            && self
                .next_s
                .compare_exchange(next, uptime_s + PAUSE_S, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if may {
            return Some(self.held_back.swap(0, Ordering::Relaxed));
        }
        self.held_back.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_one_line_and_the_next_tells_how_many_there_would_have_been() {
        let seldom = Seldom::default();
        assert_eq!(seldom.now(0), Some(0));
        assert!((0..1_000).all(|_| seldom.now(59).is_none()));
        assert_eq!(seldom.now(60), Some(1_000));
        assert_eq!(seldom.now(61), None);
    }
}
