//! Times as people and programs read them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use wire::UnixSeconds;

use crate::messages::states;

/// This moment.
pub fn now() -> UnixSeconds {
    UnixSeconds(u64::try_from(Timestamp::now().as_second()).unwrap_or(0))
}

/// RFC 3339 in UTC, for programs.
pub fn for_programs(time: UnixSeconds) -> String {
    timestamp(time).to_string()
}

/// A time as a program said it, for people; as it stands where it is none.
pub fn of_programs(time: &str) -> String {
    let seconds = time.parse::<Timestamp>().ok().and_then(|time| u64::try_from(time.as_second()).ok());
    seconds.map_or_else(|| time.to_owned(), |seconds| for_people(UnixSeconds(seconds)))
}

/// Hour and minute here; the date too when it is not today.
pub fn for_people(time: UnixSeconds) -> String {
    in_zone(time, Timestamp::now(), &TimeZone::system())
}

/// A length of time in its largest whole unit: `90 s` is `90s`, an hour `1h`.
pub fn span(seconds: u64) -> String {
    let whole = |unit| seconds >= unit && seconds.is_multiple_of(unit);
    match () {
        () if whole(86_400) => states::days(seconds / 86_400),
        () if whole(3_600) => states::hours(seconds / 3_600),
        () if whole(60) => states::minutes(seconds / 60),
        () => states::seconds(seconds),
    }
}

fn in_zone(time: UnixSeconds, now: Timestamp, zone: &TimeZone) -> String {
    let (then, today) = (timestamp(time).to_zoned(zone.clone()), now.to_zoned(zone.clone()).date());
    let format = if then.date() == today { "%H:%M" } else { states::date_and_time() };
    then.strftime(format).to_string()
}

/// A sender may claim any time: what no calendar holds is shown as the nearest one that it does.
fn timestamp(time: UnixSeconds) -> Timestamp {
    let latest = Timestamp::MAX;
    i64::try_from(time.0).ok().and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or(latest)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn today_needs_no_date() {
        let now = Timestamp::from_second(1_795_433_640).unwrap();
        let shown = |seconds| in_zone(UnixSeconds(seconds), now, &TimeZone::UTC);
        assert_eq!(shown(1_795_433_640), "11:34");
        assert_eq!(shown(1_795_433_640 - 86_400), "2026-11-22 11:34");
        assert_eq!(for_programs(UnixSeconds(1_795_433_640)), "2026-11-23T11:34:00Z");
        assert_eq!(of_programs("2026-11-23T11:34:00Z"), for_people(UnixSeconds(1_795_433_640)));
        assert_eq!(of_programs("yesterday"), "yesterday");
    }

    #[test]
    fn an_impossible_time_is_still_a_time() {
        assert!(for_programs(UnixSeconds(u64::MAX)).starts_with("9999-12-"));
        assert!(!for_people(UnixSeconds(u64::MAX)).is_empty());
    }
}
