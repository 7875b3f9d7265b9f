//! Days as people name them.

use jiff::civil::Date;

use super::table::messages;

messages! {
    today: en "today", fr "aujourd'hui";
    yesterday: en "yesterday", fr "hier";

    monday: en "Monday", fr "lundi";
    tuesday: en "Tuesday", fr "mardi";
    wednesday: en "Wednesday", fr "mercredi";
    thursday: en "Thursday", fr "jeudi";
    friday: en "Friday", fr "vendredi";
    saturday: en "Saturday", fr "samedi";
    sunday: en "Sunday", fr "dimanche";

    january: en "January", fr "janvier";
    february: en "February", fr "février";
    march: en "March", fr "mars";
    april: en "April", fr "avril";
    may: en "May", fr "mai";
    june: en "June", fr "juin";
    july: en "July", fr "juillet";
    august: en "August", fr "août";
    september: en "September", fr "septembre";
    october: en "October", fr "octobre";
    november: en "November", fr "novembre";
    december: en "December", fr "décembre";

    // What fits at the end of a short line.
    jan: en "Jan", fr "janv.";
    feb: en "Feb", fr "févr.";
    mar: en "Mar", fr "mars";
    apr: en "Apr", fr "avr.";
    jun: en "Jun", fr "juin";
    jul: en "Jul", fr "juil.";
    aug: en "Aug", fr "août";
    sep: en "Sep", fr "sept.";
    oct: en "Oct", fr "oct.";
    nov: en "Nov", fr "nov.";
    dec: en "Dec", fr "déc.";

    first_of_month: en "1", fr "1er";
}

type Say = fn() -> &'static str;

const WEEKDAYS: [Say; 7] = [monday, tuesday, wednesday, thursday, friday, saturday, sunday];

/// Each with its short name.
const MONTHS: [(Say, Say); 12] = [
    (january, jan),
    (february, feb),
    (march, mar),
    (april, apr),
    (may, may),
    (june, jun),
    (july, jul),
    (august, aug),
    (september, sep),
    (october, oct),
    (november, nov),
    (december, dec),
];

/// `Monday 23 November 2026`.
pub fn whole(day: Date) -> String {
    let after_monday = usize::from(day.weekday().to_monday_zero_offset().unsigned_abs());
    let weekday = WEEKDAYS.get(after_monday).map_or("", |say| say());
    format!("{weekday} {} {} {}", number(day), month(day).0(), day.year())
}

/// `23 Nov`.
pub fn short(day: Date) -> String {
    format!("{} {}", number(day), month(day).1())
}

fn number(day: Date) -> String {
    if day.day() == 1 { first_of_month().to_owned() } else { day.day().to_string() }
}

/// A date has one of twelve months.
fn month(day: Date) -> (Say, Say) {
    let before = usize::from(day.month().unsigned_abs()).saturating_sub(1);
    MONTHS.get(before).copied().unwrap_or((january, jan))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::{Language, in_language};

    #[test]
    fn every_month_has_the_name_that_calendars_have_in_english() {
        for month in 1..=12 {
            let day = Date::constant(2026, month, 1);
            assert_eq!(whole(day), day.strftime("%A %-d %B %Y").to_string());
            assert_eq!(
                short(day.saturating_add(jiff::Span::new().days(1))),
                day.strftime("2 %b").to_string()
            );
        }
    }

    #[test]
    fn days_are_written_as_in_french() {
        let said = |day| in_language(Language::French, || (whole(day), short(day)));
        assert_eq!(said(Date::constant(2026, 11, 23)), ("lundi 23 novembre 2026".into(), "23 nov.".into()));
        assert_eq!(said(Date::constant(2027, 8, 1)), ("dimanche 1er août 2027".into(), "1er août".into()));
    }
}
