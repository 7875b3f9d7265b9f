//! Lengths of time and numbers, as people write them.

use std::time::Duration;

use client::Allotment;

/// "30s", "5m", "1h30m": a time a person would write, bounded to a week.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    parse_within(text, Duration::from_millis(1), 7)
}

/// The same in days too, of whole seconds, bounded to a year.
pub fn parse_long(text: &str) -> Result<Duration, String> {
    parse_within(text, Duration::from_secs(1), 366)
}

fn parse_within(text: &str, least: Duration, days: u64) -> Result<Duration, String> {
    let wrong = || crate::messages::problems::write_a_time().to_owned();
    let whole_days = text.strip_suffix('d').and_then(|number| number.parse::<u64>().ok());
    let time = match whole_days {
        Some(number) => Duration::from_secs(number.checked_mul(86_400).ok_or_else(wrong)?),
        None => {
            let parsed: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
            Duration::try_from(parsed).map_err(|_| wrong())?
        }
    };
    let bounds = least..=Duration::from_secs(days * 86_400);
    if bounds.contains(&time) { Ok(time) } else { Err(wrong()) }
}

/// "1h", "7d", "off": after how long words disappear.
pub fn parse_timer(text: &str) -> Result<Option<Duration>, String> {
    if text == "off" { Ok(None) } else { parse_long(text).map(Some) }
}

/// How many: one or more.
pub fn parse_count(text: &str) -> Result<u32, String> {
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| crate::messages::problems::write_a_count().to_owned())
}

/// What a spoken code begins with.
pub fn parse_code_number(text: &str) -> Result<u16, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| crate::messages::problems::write_a_code_number().to_owned())
}

/// How many stamps a contact may have in hand.
pub fn parse_allotment(text: &str) -> Result<Allotment, String> {
    let allotment = text.parse().ok().and_then(Allotment::new);
    allotment.ok_or_else(|| crate::messages::problems::write_an_allotment().to_owned())
}

/// A time, or none at all; a type of its own, since clap reads `Option` otherwise.
pub type Timer = std::option::Option<Duration>;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        assert_eq!(parse_duration("30s").unwrap().as_secs(), 30);
        assert_eq!(parse_duration("5m").unwrap().as_secs(), 300);
        assert_eq!(parse_duration("1h30m").unwrap().as_secs(), 5400);
        for wrong in ["", "30", "-5s", "soon", "0s", "100000h"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }
}
