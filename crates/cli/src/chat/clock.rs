//! Days and hours as a thread shows them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use wire::UnixSeconds;

use crate::messages::{dates, states};

/// What time it is, and where.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: TimeZone,
    today: Date,
}

impl Clock {
    /// Here and now.
    pub fn here() -> Self {
        let now = Zoned::now();
        Self { zone: now.time_zone().clone(), today: now.date() }
    }

    /// A fixed one, for screens that must be the same tomorrow.
    #[cfg(test)]
    pub fn fixed(now: UnixSeconds) -> Self {
        Self { zone: TimeZone::UTC, today: at(now).to_zoned(TimeZone::UTC).date() }
    }

    /// `09:14`.
    pub fn hour(&self, time: UnixSeconds) -> String {
        self.zoned(time).strftime("%H:%M").to_string()
    }

    /// The day on which something happened: equal for two moments of one day.
    pub fn day(&self, time: UnixSeconds) -> Date {
        self.zoned(time).date()
    }

    /// `today`, `yesterday`, `Monday 23 November 2026`.
    pub fn day_in_words(&self, time: UnixSeconds) -> String {
        let day = self.day(time);
        if day == self.today {
            return dates::today().to_owned();
        }
        if self.today.yesterday().is_ok_and(|yesterday| yesterday == day) {
            return dates::yesterday().to_owned();
        }
        dates::whole(day)
    }

    /// The hour today, the day before: what fits at the end of a short line.
    pub fn short(&self, time: UnixSeconds) -> String {
        if self.day(time) == self.today { self.hour(time) } else { dates::short(self.day(time)) }
    }

    /// Hour, and the day unless it is today.
    pub fn long(&self, time: UnixSeconds) -> String {
        let format = if self.day(time) == self.today { "%H:%M" } else { states::date_and_time() };
        self.zoned(time).strftime(format).to_string()
    }

    fn zoned(&self, time: UnixSeconds) -> Zoned {
        at(time).to_zoned(self.zone.clone())
    }
}

/// A sender may claim any time.
fn at(time: UnixSeconds) -> Timestamp {
    let seconds = i64::try_from(time.0).ok();
    seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_the_names_that_people_use() {
        let clock = Clock::fixed(UnixSeconds(1_795_433_640));
        assert_eq!(clock.day_in_words(UnixSeconds(1_795_433_640)), "today");
        assert_eq!(clock.day_in_words(UnixSeconds(1_795_433_640 - 86_400)), "yesterday");
        assert_eq!(clock.day_in_words(UnixSeconds(1_795_433_640 - 3 * 86_400)), "Friday 20 November 2026");
        assert_eq!(clock.short(UnixSeconds(1_795_433_640)), "11:34");
        assert_eq!(clock.short(UnixSeconds(1_795_433_640 - 86_400)), "22 Nov");
        assert!(!clock.short(UnixSeconds(u64::MAX)).is_empty());
    }
}
