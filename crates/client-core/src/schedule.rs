//! When to try again, to refill, to look up: times as numbers, randomness as an argument.

use wire::{
    Day, UnixSeconds,
    limits::{BACKOFF_MS, MAILBOX_BACKOFF_MS},
};

/// A record looked up longer ago than this is looked up again before a send (DESIGN § 7).
pub const RECORD_FRESH_S: u64 = 3_600;
/// A bundle fetched longer ago than this is fetched again before a HELLO (DESIGN § 9.2).
pub const BUNDLE_FRESH_S: u64 = 24 * 3_600;
/// A refill leaves at a random time within this.
pub const REFILL_DELAY_S: u64 = 600;
/// Contacts are told of a changed key within this, each at a random time.
pub const TELL_WITHIN_S: u64 = 24 * 3_600;
/// What a contact told of his key and no log bears out is kept for so long.
pub const TOLD_KEPT_S: u64 = 7 * 24 * 3_600;
/// With so few days of its life left, the bundle is published anew.
pub const BUNDLE_RENEW_DAYS: u16 = 30;
/// A server that asks for more patience than this is asked again all the same.
const RETRY_AFTER_S_MAX: u32 = 3_600;

/// How long to wait before attempt `attempt` (0 = the first repetition): full jitter over a doubling bound,
/// never less than the server asked for, within an hour.
fn backoff_ms(attempt: u32, random: u64, retry_after_s: Option<u32>) -> u64 {
    let bound = doubled(attempt, BACKOFF_MS);
    (random % (bound + 1)).max(asked_ms(retry_after_s))
}

/// The same before whoever stays connected tries a contact again to whom nothing could be brought: slower, and never
/// at once, since each try is a new connection.
pub fn mailbox_backoff_ms(attempt: u32, random: u64, retry_after_s: Option<u32>) -> u64 {
    let half = doubled(attempt, MAILBOX_BACKOFF_MS) / 2;
    (half + random % (half + 1)).max(asked_ms(retry_after_s))
}

fn doubled(attempt: u32, (first, longest): (u64, u64)) -> u64 {
    first.checked_shl(attempt.min(20)).unwrap_or(longest).min(longest)
}

fn asked_ms(retry_after_s: Option<u32>) -> u64 {
    retry_after_s.map_or(0, |s| u64::from(s.min(RETRY_AFTER_S_MAX)) * 1_000)
}

/// Attempts to stay connected that came to nothing, one after another.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attempts(u32);

impl Attempts {
    /// The connection broke after it stood for so long. One that stood as long as the next wait may be ends the count;
    /// one that is cut as soon as it is made does not.
    pub fn broke(&mut self, stood_ms: u64) {
        if stood_ms >= doubled(self.0, BACKOFF_MS) {
            self.0 = 0;
        }
    }

    /// Counts as if no more failed than this.
    pub fn at_most(&mut self, attempts: u32) {
        self.0 = self.0.min(attempts);
    }

    /// Counts as if no fewer failed than this.
    pub fn at_least(&mut self, attempts: u32) {
        self.0 = self.0.max(attempts);
    }

    /// One more failed: how long to wait before the next.
    pub fn wait_ms(&mut self, random: u64, retry_after_s: Option<u32>) -> u64 {
        let wait = backoff_ms(self.0, random, retry_after_s);
        self.0 = self.0.saturating_add(1);
        wait
    }
}

/// When a refill that falls due now shall leave.
pub fn refill_due(now: UnixSeconds, random: u64) -> UnixSeconds {
    UnixSeconds(now.0.saturating_add(random % (REFILL_DELAY_S + 1)))
}

/// When a contact is told of a key that changed now, or a log is replayed because he told of his.
pub fn tell_due(now: UnixSeconds, random: u64) -> UnixSeconds {
    UnixSeconds(now.0.saturating_add(random % (TELL_WITHIN_S + 1)))
}

/// Whether something learnt at `learnt` is fresh for `fresh_s` more seconds. A clock that went back makes it
/// stale rather than eternal.
pub fn is_fresh(learnt: UnixSeconds, now: UnixSeconds, fresh_s: u64) -> bool {
    now.0 >= learnt.0 && now.0 - learnt.0 < fresh_s
}

/// The UTC day of a time.
pub fn day_of(now: UnixSeconds) -> Day {
    Day(u16::try_from(now.0 / 86_400).unwrap_or(u16::MAX))
}

/// Whether so many days have gone by.
pub fn days_passed(since: Day, today: Day, days: u16) -> bool {
    today.0.saturating_sub(since.0) >= days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_grows_to_five_minutes_and_honours_the_server() {
        for attempt in 0..64 {
            assert!(backoff_ms(attempt, u64::MAX, None) <= BACKOFF_MS.1);
        }
        assert_eq!(backoff_ms(0, 0, Some(7)), 7_000);
        assert_eq!(backoff_ms(0, 0, Some(u32::MAX)), 3_600_000, "a hostile one cannot silence a client");
        assert!(backoff_ms(10, 299_999, None) > 100_000);
    }

    #[test]
    fn a_connection_that_stood_ends_the_count_and_one_that_is_cut_at_once_does_not() {
        let mut attempts = Attempts::default();
        for cut in 0..8 {
            attempts.broke(900);
            let longest = attempts.wait_ms(u64::MAX, None);
            assert!(longest <= 1_000 << cut, "{cut}");
        }
        assert!(attempts.wait_ms(200_000, None) > 100_000, "a relay that cuts whoever comes is left alone");
        attempts.broke(3_600_000);
        assert!(attempts.wait_ms(u64::MAX, None) <= 1_000, "an hour's connection was a good one");
    }

    #[test]
    fn a_mailbox_that_took_nothing_is_left_alone_from_seconds_up_to_ten_minutes() {
        for random in [0, 1, 4_999, u64::MAX] {
            assert!((5_000..=10_000).contains(&mailbox_backoff_ms(0, random, None)));
            assert!((10_000..=20_000).contains(&mailbox_backoff_ms(1, random, None)));
            assert!((300_000..=600_000).contains(&mailbox_backoff_ms(u32::MAX, random, None)));
        }
        assert_eq!(mailbox_backoff_ms(0, 0, Some(60)), 60_000);
    }

    #[test]
    fn a_changed_key_is_told_within_a_day() {
        for random in [0, 1, 86_399, 86_400, 86_401, u64::MAX] {
            assert!((100..=86_500).contains(&tell_due(UnixSeconds(100), random).0));
        }
        assert_eq!(tell_due(UnixSeconds(u64::MAX), 5).0, u64::MAX);
    }

    #[test]
    fn a_refill_leaves_within_ten_minutes() {
        for random in [0, 1, 599, 600, 601, u64::MAX] {
            assert!((100..=700).contains(&refill_due(UnixSeconds(100), random).0));
        }
    }

    #[test]
    fn what_was_learnt_in_the_future_is_stale() {
        assert!(!is_fresh(UnixSeconds(10), UnixSeconds(9), 100));
        assert!(is_fresh(UnixSeconds(10), UnixSeconds(10), 100));
        assert!(!is_fresh(UnixSeconds(10), UnixSeconds(110), 100));
    }
}
