//! `spec/limits.md` and `limits.rs` say the same, name by name.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use wire::limits;

/// Each named limit with its numbers as the page writes them.
macro_rules! of_the_code {
    ($($name:ident),+ $(,)?) => {
        BTreeMap::from([$((stringify!($name), numbers(&format!("{:?}", limits::$name)))),+])
    };
}

fn of_the_code() -> BTreeMap<&'static str, Vec<u64>> {
    of_the_code!(
        FRAME_BYTES_MAX,
        ENVELOPE_BYTES,
        ENVELOPE_BYTES_MAX,
        OUTSTANDING_MAX,
        FRUITLESS_PER_SECOND_MAX,
        FRUITLESS_BYTES,
        FRUITLESS_SIGNED,
        UNREAD_OUTPUT_BYTES_MAX,
        UNREAD_MS_MAX,
        HANDSHAKE_MS_MAX,
        IDLE_MS_MAX,
        KEEP_ALIVE_MS,
        CREDIT_MAX,
        SLOTS_MAX,
        CHALLENGE_MS_MAX,
        CHALLENGES_PER_CONNECTION_MAX,
        INBOX_ENVELOPES_MAX,
        INBOX_BYTES_MAX,
        INBOX_DAYS_MAX,
        DOORSTEP_DAYS_MAX,
        DOORSTEP_ENVELOPES_MAX,
        DOORSTEP_DAILY_MAX,
        DOORSTEP_FREE_MAX,
        PUZZLE_BITS_MIN,
        PUZZLE_STEP,
        PUZZLE_BITS_MAX,
        MAILBOX_UNOPENED_DAYS_MAX,
        GENERATIONS_MAX,
        STAMPS_PER_GENERATION,
        CROSS_OFF_INDICES_MAX,
        FORMER_DAYS,
        ALLOTMENT,
        ALLOTMENT_MAX,
        REFILL_STAMPS_MAX,
        HELLO_STAMPS,
        IN_FLIGHT_PER_CONTACT_MAX,
        SESSIONS_PER_CONTACT_MAX,
        SHORT_TEXT_BYTES,
        GREETING_BYTES_MAX,
        HOST_BYTES_MAX,
        NAME_BYTES_MAX,
        NAME_BYTES_MIN,
        PORT,
        LOOKUPS_PER_MINUTE_MAX,
        FEEDS_PER_MINUTE_MAX,
        LEAVES_MAX,
        LEDGER_LEAVES_MAX,
        RESTORED_MAX,
        LEDGER_RESERVE,
        CHANGES_PER_DAY_MAX,
        HEARTBEAT_HOURS_MAX,
        HEAD_AHEAD_HOURS_MAX,
        SILENT_HOURS,
        REGISTRY_PER_MINUTE_MAX,
        DOORSTEP_PER_HOUR_MAX,
        PAIRING_NUMBER_MAX,
        PAIRINGS_MAX,
        PAIRING_MS_MAX,
        PAIRING_ENDED_MS_MAX,
        PAIRING_STAYS_MS_MIN,
        PAIRING_CARD_BYTES,
        PAIRINGS_PER_MINUTE_MAX,
        CONNECTIONS_MAX,
        CONNECTIONS_PER_SOURCE_MAX,
        HANDSHAKES_MAX,
        HANDSHAKES_PER_MINUTE_MAX,
        HANDSHAKES_PER_SECOND_MAX,
        ARRIVALS_MAX,
        PROXY_HEADER_BYTES_MAX,
        PROXY_HEADER_MS_MAX,
        KNOCKS_PER_SECOND_MAX,
        DEPOSITS_PER_SECOND_MAX,
        BACKOFF_MS,
        MAILBOX_BACKOFF_MS,
    )
}

/// The numbers of `[1, 2]`, `(1, 2)` or `1, 2`.
fn numbers(text: &str) -> Vec<u64> {
    text.trim_matches(['[', ']', '(', ')']).split(',').map(|number| number.trim().parse().unwrap()).collect()
}

fn of_the_page() -> BTreeMap<&'static str, Vec<u64>> {
    let mut rows = BTreeMap::new();
    for line in include_str!("../../../spec/limits.md").lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let twice = rows.insert(cells[1].trim_matches('`'), numbers(cells[2]));
        assert!(twice.is_none(), "{} stands twice", cells[1]);
        assert!(!cells[3].is_empty(), "{} does not say what happens", cells[1]);
    }
    rows
}

#[test]
fn the_page_of_limits_has_the_numbers_of_the_code() {
    assert_eq!(of_the_page(), of_the_code());
}

#[test]
fn every_constant_of_the_code_is_compared() {
    let source = include_str!("../src/limits.rs");
    let declared = source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next());
    let declared: Vec<&str> = declared.collect();
    let compared = of_the_code();
    assert_eq!(declared.len(), compared.len());
    assert!(declared.iter().all(|name| compared.contains_key(name)), "{declared:?}");
}

#[test]
fn the_grammar_uses_these_limits() {
    let grammar = include_str!("../../../spec/wire.grammar");
    for line in [
        format!("text {}..{} name", limits::NAME_BYTES_MIN, limits::NAME_BYTES_MAX),
        format!("u16 in 1..{}", limits::CREDIT_MAX),
        format!("rising u16 0..{} stamp_index", limits::CROSS_OFF_INDICES_MAX),
        format!("rising u8 0..{} generation", limits::GENERATIONS_MAX),
        format!(
            "sized {} {} {}",
            limits::ENVELOPE_BYTES[0],
            limits::ENVELOPE_BYTES[1],
            limits::ENVELOPE_BYTES[2]
        ),
    ] {
        assert!(grammar.contains(&line), "{line}");
    }
}
