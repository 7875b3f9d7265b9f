//! The calendar that the relay believes, for what time lets go of (`spec/storage.md § Clock`).
//!
//! The system's clock may jump by years, either way, and be right again tomorrow. What it says is followed only as
//! fast as time really passes: between two looks the believed time moves by half to twice what a clock that cannot
//! be set has counted, and never back. So a jump expires nothing early by more than half, and keeps nothing longer
//! than twice its time.

use std::sync::{Mutex, PoisonError};

use wire::{Day, UnixSeconds};

use crate::clock::{Clock, wall};

/// Further away than this, what the system says is not followed at all: time passes as it is counted.
const FOLLOWED_S_MAX: u64 = 60 * DAY_S;
/// From here on the operator is told.
const TOLD_S: u64 = DAY_S;
const DAY_S: u64 = 86_400;

/// A calendar that is only ever moved by passing time. Pure: who asks says what the clocks show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Calendar {
    /// Believed at the last look, in milliseconds.
    at_ms: u64,
    /// Counted at the last look.
    counted_ms: u64,
}

impl Calendar {
    /// Goes on from what was believed when it was last written down; the time since is caught up with.
    pub fn begin(believed: UnixSeconds, counted_ms: u64) -> Self {
        Self { at_ms: believed.0.saturating_mul(1_000), counted_ms }
    }

    /// What is believed now.
    pub fn look(&mut self, counted_ms: u64, system: UnixSeconds) -> UnixSeconds {
        let passed = counted_ms.saturating_sub(self.counted_ms);
        let own = self.at_ms.saturating_add(passed);
        let system_ms = system.0.saturating_mul(1_000);
        let (slow, fast) = (self.at_ms.saturating_add(passed / 2), own.saturating_add(passed));
        self.at_ms = match system_ms.abs_diff(own) > FOLLOWED_S_MAX * 1_000 {
            true => own,
            false => system_ms.clamp(slow, fast),
        };
        self.counted_ms = counted_ms;
        UnixSeconds(self.at_ms / 1_000)
    }
}

/// The running relay's.
#[derive(Debug)]
pub struct Believed {
    calendar: Mutex<Calendar>,
    doubt: Mutex<Doubt>,
}

/// Whether the system's clock is to be taken for right where it is further ahead than it is followed.
#[derive(Default, Debug)]
struct Doubt {
    /// Since when it has been, as it was counted.
    since_ms: Option<u64>,
}

impl Believed {
    /// Goes on from what was written down; from the system's clock where nothing was.
    pub fn begin(kept: Option<UnixSeconds>, clock: &Clock) -> Self {
        let calendar = Mutex::new(Calendar::begin(kept.unwrap_or_else(wall), clock.now().0));
        Self { calendar, doubt: Mutex::default() }
    }

    /// What is believed now.
    pub fn now(&self, clock: &Clock) -> UnixSeconds {
        self.calendar(|calendar| calendar.look(clock.now().0, wall()))
    }

    /// Today, UTC.
    pub fn today(&self, clock: &Clock) -> Day {
        Day(u16::try_from(self.now(clock).0 / DAY_S).unwrap_or(u16::MAX))
    }

    /// Takes the system's word: for a relay that keeps nothing which could expire.
    pub fn trust_the_system(&self, clock: &Clock) {
        self.calendar(|calendar| *calendar = Calendar::begin(wall(), clock.now().0));
    }

    /// By how many seconds the system's clock is ahead of what is believed (negative: behind), if that is so
    /// much that somebody should look.
    pub fn disagreement_s(&self, clock: &Clock) -> Option<i64> {
        let (believed, system) = (self.now(clock).0, wall().0);
        let ahead = i64::try_from(system).ok()?.checked_sub(i64::try_from(believed).ok()?)?;
        (ahead.unsigned_abs() > TOLD_S).then_some(ahead)
    }

    /// Whether the system's clock may be years ahead for a moment, as after a start on a machine that has not asked for the
    /// time yet: it is further ahead than it is followed, and has not been so for a day.
    pub fn doubts_the_system(&self, clock: &Clock) -> bool {
        let ahead_s = wall().0.saturating_sub(self.now(clock).0);
        self.doubt.lock().unwrap_or_else(PoisonError::into_inner).is_due(clock.now().0, ahead_s)
    }

    fn calendar<T>(&self, with: impl FnOnce(&mut Calendar) -> T) -> T {
        with(&mut self.calendar.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Doubt {
    fn is_due(&mut self, counted_ms: u64, ahead_s: u64) -> bool {
        if ahead_s <= FOLLOWED_S_MAX {
            self.since_ms = None;
            return false;
        }
        let since_ms = *self.since_ms.get_or_insert(counted_ms);
        counted_ms.saturating_sub(since_ms) < DAY_S * 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: u64 = 20_000 * DAY_S;
    const TEN_YEARS: u64 = 3_652 * DAY_S;
    const HOUR_MS: u64 = 3_600_000;

    /// Looks every hour for so many days while the system's clock shows what `system` makes of the true time.
    fn live(calendar: &mut Calendar, days: u64, system: impl Fn(u64) -> u64) -> u64 {
        let (from, mut last) = (calendar.counted_ms, calendar.at_ms / 1_000);
        for hour in 1..=days * 24 {
            let counted = from + hour * HOUR_MS;
            let believed = calendar.look(counted, UnixSeconds(system(counted / 1_000))).0;
            assert!(believed >= last, "it went back");
            last = believed;
        }
        last
    }

    #[test]
    fn a_clock_is_doubted_for_a_day_where_it_is_further_ahead_than_it_is_followed() {
        let (mut doubt, day_ms) = (Doubt::default(), DAY_S * 1_000);
        for begin_ms in [0, 30 * day_ms] {
            assert!(doubt.is_due(begin_ms, TEN_YEARS) && doubt.is_due(begin_ms + day_ms - 1, TEN_YEARS));
            assert!(!doubt.is_due(begin_ms + day_ms, TEN_YEARS), "whoever was away for so long goes on");
            assert!(
                !doubt.is_due(begin_ms + 2 * day_ms, FOLLOWED_S_MAX)
                    && !doubt.is_due(begin_ms + 2 * day_ms, 0)
            );
        }
    }

    #[test]
    fn a_right_clock_is_followed_to_the_second() {
        let mut calendar = Calendar::begin(UnixSeconds(BEGIN), 0);
        assert_eq!(live(&mut calendar, 40, |passed| BEGIN + passed), BEGIN + 40 * DAY_S);
        // A drift and its correction.
        assert_eq!(live(&mut calendar, 1, |passed| BEGIN + passed + 90), BEGIN + 41 * DAY_S + 90);
        assert_eq!(live(&mut calendar, 1, |passed| BEGIN + passed - 90), BEGIN + 42 * DAY_S - 90);
    }

    #[test]
    fn ten_years_forth_or_back_expire_nothing_and_keep_nothing_for_ever() {
        for jumped in [BEGIN + TEN_YEARS, BEGIN - TEN_YEARS, 0, u64::MAX / 2_000] {
            let mut calendar = Calendar::begin(UnixSeconds(BEGIN), 0);
            // 30 days with a clock that is off: 30 days pass, and the day after the jump is the next day.
            assert_eq!(live(&mut calendar, 1, |passed| jumped + passed), BEGIN + DAY_S);
            assert_eq!(live(&mut calendar, 29, |passed| jumped + passed), BEGIN + 30 * DAY_S);
            // A restart with the clock still off: the same.
            let mut again = Calendar::begin(UnixSeconds(BEGIN + 30 * DAY_S), 0);
            assert_eq!(live(&mut again, 1, |passed| jumped + passed), BEGIN + 31 * DAY_S);
            // It is right again: so is the calendar.
            let right = live(&mut calendar, 1, |passed| BEGIN + passed);
            assert_eq!(right, BEGIN + 31 * DAY_S);
        }
    }

    #[test]
    fn a_clock_that_stands_still_or_jumps_about_keeps_nothing_longer_than_twice() {
        let mut calendar = Calendar::begin(UnixSeconds(BEGIN), 0);
        let believed = live(&mut calendar, 60, |_| BEGIN);
        assert!((BEGIN + 30 * DAY_S..=BEGIN + 60 * DAY_S).contains(&believed), "{}", believed - BEGIN);
        let mut calendar = Calendar::begin(UnixSeconds(BEGIN), 0);
        let wild = |passed: u64| BEGIN + passed + (passed / 3_600 * 7_919 % 100) * DAY_S;
        let believed = live(&mut calendar, 60, wild);
        assert!((BEGIN + 30 * DAY_S..=BEGIN + 120 * DAY_S).contains(&believed), "{}", believed - BEGIN);
    }

    #[test]
    fn a_week_without_the_relay_is_caught_up_with_in_a_week() {
        let mut calendar = Calendar::begin(UnixSeconds(BEGIN), 0);
        let later = |passed: u64| BEGIN + 7 * DAY_S + passed;
        assert_eq!(live(&mut calendar, 1, later), BEGIN + 2 * DAY_S);
        assert_eq!(live(&mut calendar, 6, later), BEGIN + 14 * DAY_S);
        assert_eq!(live(&mut calendar, 1, later), BEGIN + 15 * DAY_S);
    }
}
