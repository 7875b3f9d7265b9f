//! Looking back by pages: a history of any length, read a screenful at a time.

use e2ee::MessageId;

use super::{
    contacts::to_contact,
    log::{begun_anew, key_changed, received, sent},
};
use crate::{
    Client, ClientError, ContactOverview, LogEntry, LogFrom, LogSearch, Place,
    vault::{
        Tx,
        contact::{self, Standing},
        history::{self, Placed},
        inbox::{self, InRow},
        outbox, recovery, rotation,
    },
};

/// No page is longer, whatever is asked for.
const PAGE_ENTRIES_MAX: u32 = 1_000;
/// No step of a search looks at more.
const SEARCH_ENTRIES_MAX: u32 = 10_000;
/// The kinds of history rows (`vault/migrations`); the fourth is a new beginning.
const RECEIVED: i64 = 0;
const SENT: i64 = 1;
const KEY_CHANGE: i64 = 2;

/// See [`Client::log_page`].
pub(crate) fn page(
    client: &Client,
    alias: &str,
    from: LogFrom,
    limit: u32,
) -> Result<Vec<LogEntry>, ClientError> {
    let limit = limit.min(PAGE_ENTRIES_MAX);
    client.vault.read(|tx| {
        let contact = contact::expect(tx, alias)?.id;
        entries(tx, rows(tx, contact, from, limit)?)
    })
}

fn rows(tx: &Tx<'_>, contact: i64, from: LogFrom, limit: u32) -> Result<Vec<Placed>, ClientError> {
    let before = match from {
        LogFrom::Newest => i64::MAX,
        LogFrom::Before(place) => place.0,
        LogFrom::At(place) => return history::from(tx, contact, place.0, limit),
    };
    let mut rows = history::before(tx, contact, before, limit)?;
    rows.reverse();
    Ok(rows)
}

/// The entries of rows that stand one after the other. Received ones take the places of received ones in their
/// sender's order.
fn entries(tx: &Tx<'_>, rows: Vec<Placed>) -> Result<Vec<LogEntry>, ClientError> {
    let mut arrived: Vec<InRow> = Vec::new();
    for row in rows.iter().filter(|row| row.kind == RECEIVED) {
        arrived.extend(inbox::shown(tx, row.row)?);
    }
    let mut arrived = inbox::in_order(arrived)?.into_iter();
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let entry = match row.kind {
            RECEIVED => arrived.next().map(|row| received(tx, row)).transpose()?,
            SENT => Some(sent(tx, outbox::by_id(tx, row.row)?)?),
            KEY_CHANGE => rotation::key_change(tx, row.row)?.map(|change| key_changed(&change)),
            _ => recovery::begun_anew_at(tx, row.row)?.map(begun_anew),
        };
        entries.extend(entry.map(|entry| LogEntry { place: Place(row.seq), ..entry }));
    }
    Ok(entries)
}

/// See [`Client::search_log`].
pub(crate) fn search(
    client: &Client,
    alias: &str,
    words: &str,
    before: Option<Place>,
    limit: u32,
) -> Result<LogSearch, ClientError> {
    let (limit, words) = (limit.min(SEARCH_ENTRIES_MAX), words.to_lowercase());
    client.vault.read(|tx| {
        let contact = contact::expect(tx, alias)?.id;
        let rows = history::before(tx, contact, before.map_or(i64::MAX, |place| place.0), limit)?;
        for row in &rows {
            if text_of(tx, row)?.is_some_and(|text| text.to_lowercase().contains(&words)) {
                return Ok(LogSearch::Found(Place(row.seq)));
            }
        }
        Ok(match rows.last() {
            Some(last) if rows.len() == limit as usize => LogSearch::NotAfter(Place(last.seq)),
            _ => LogSearch::Nothing,
        })
    })
}

fn text_of(tx: &Tx<'_>, row: &Placed) -> Result<Option<String>, ClientError> {
    Ok(match row.kind {
        RECEIVED => inbox::shown(tx, row.row)?.and_then(|row| row.body.text().map(str::to_owned)),
        SENT => Some(outbox::by_id(tx, row.row)?.text),
        _ => None,
    })
}

/// See [`Client::overview`].
pub(crate) fn overview(client: &Client) -> Result<Vec<ContactOverview>, ClientError> {
    client.vault.read(|tx| {
        let people = contact::list(tx, Standing::Contact)?;
        let one = |person: &contact::Person| -> Result<ContactOverview, ClientError> {
            let last = entries(tx, history::before(tx, person.id, i64::MAX, 1)?)?.pop();
            let unread = if person.blocked { 0 } else { inbox::count_unhandled(tx, person.id)? };
            Ok(ContactOverview { contact: to_contact(tx, person)?, unread, last })
        };
        people.iter().map(one).collect()
    })
}

/// See [`Client::mark_handled`].
pub(crate) fn mark_handled(client: &Client, alias: &str, ids: &[String]) -> Result<(), ClientError> {
    let ids: Vec<MessageId> = ids.iter().filter_map(|id| message_id(id)).collect();
    client.vault.write(|tx| inbox::set_handled_of(tx, contact::expect(tx, alias)?.id, &ids))
}

/// 32 hexadecimal digits, as [`LogEntry::id`] has them.
fn message_id(digits: &str) -> Option<MessageId> {
    (digits.len() == 32)
        .then(|| u128::from_str_radix(digits, 16).ok())
        .flatten()
        .map(|id| MessageId(id.to_be_bytes()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::{Options, Profile, Protector, vault::Vault};

    /// A vault with one contact and so many messages in turns, every third of them mine.
    fn with_history(folder: &std::path::Path, messages: u32) -> Client {
        let profile = Profile::named(Some(folder), "default").unwrap();
        let options = Options::default();
        let vault = Vault::create(&profile, &Protector::KeyFile, &options.world).unwrap();
        let rows = "INSERT INTO contact (id, standing, alias, name, host, port, server_id, fingerprint, trust,
                conversation, added_at) VALUES (7, 0, 'bob', 'bob', 'h', 1, zeroblob(32), zeroblob(32), 0, x'', 1);
            INSERT INTO stream VALUES (7, zeroblob(8), '{\"whole\":0,\"beyond\":[]}');";
        vault.write(|tx| Ok(tx.execute_batch(rows)?)).unwrap();
        vault
            .write(|tx| {
                for number in 1..=messages {
                    let id = u128::from(number).to_be_bytes();
                    let text = format!("message number {number} about the garden, the weather and the key");
                    match number % 3 {
                        0 => tx.execute(
                            "INSERT INTO outbox (contact, message_id, kind, text, state, queued_at)
                             VALUES (7, ?1, 1, ?2, 2, ?3)",
                            (id, text, number),
                        )?,
                        _ => tx.execute(
                            "INSERT INTO message (contact, message_id, stream, number, sent_at, received_at, kind,
                             body, shown, handled) VALUES (7, ?1, zeroblob(8), ?3, ?3, ?3, 1, CAST(?2 AS BLOB), 1, 1)",
                            (id, text, number),
                        )?,
                    };
                }
                Ok(())
            })
            .unwrap();
        Client { vault, options }
    }

    #[test]
    fn pages_in_either_direction_are_the_whole_history() {
        let folder = tempfile::tempdir().unwrap();
        let client = with_history(folder.path(), 250);
        let whole = client.log("bob", None).unwrap();
        let mut backward = client.log_page("bob", LogFrom::Newest, 60).unwrap();
        while let Some(first) = backward.first() {
            let mut earlier = client.log_page("bob", LogFrom::Before(first.place), 60).unwrap();
            if earlier.is_empty() {
                break;
            }
            earlier.append(&mut backward);
            backward = earlier;
        }
        assert_eq!(backward, whole);
        let mut forward = client.log_page("bob", LogFrom::At(Place::default()), 60).unwrap();
        while let Some(last) = forward.last() {
            let mut later = client.log_page("bob", LogFrom::At(last.place.next()), 60).unwrap();
            if later.is_empty() {
                break;
            }
            forward.append(&mut later);
        }
        assert_eq!(forward, whole);
    }

    #[test]
    fn a_search_goes_back_in_steps_and_ends() {
        let folder = tempfile::tempdir().unwrap();
        let client = with_history(folder.path(), 250);
        let LogSearch::NotAfter(on) = client.search_log("bob", "NUMBER 17 ", None, 100).unwrap() else {
            unreachable!("it is not among the last hundred")
        };
        let LogSearch::NotAfter(on) = client.search_log("bob", "NUMBER 17 ", Some(on), 100).unwrap() else {
            unreachable!("nor among the hundred before")
        };
        let LogSearch::Found(place) = client.search_log("bob", "NUMBER 17 ", Some(on), 100).unwrap() else {
            unreachable!("it is there")
        };
        let found = client.log_page("bob", LogFrom::At(place), 1).unwrap();
        assert!(found.first().unwrap().body.text().unwrap().starts_with("message number 17 "));
        assert_eq!(client.search_log("bob", "number 17 ", Some(place), 100), Ok(LogSearch::Nothing));
    }

    /// `bench/RESULTS.md`: cargo test --release --workspace --lib a_long_history -- --ignored --nocapture
    #[test]
    #[ignore = "measures; prints figures and asserts none"]
    fn a_long_history_is_opened_and_scrolled() {
        let folder = tempfile::tempdir().unwrap();
        for messages in [1_000, 100_000] {
            let client = with_history(&folder.path().join(messages.to_string()), messages);
            let begun = Instant::now();
            let whole = client.overview().unwrap().len();
            let overview = begun.elapsed();
            let begun = Instant::now();
            let mut page = client.log_page("bob", LogFrom::Newest, 100).unwrap();
            let newest = begun.elapsed();
            let (mut pages, mut slowest, begun) = (0_u32, std::time::Duration::ZERO, Instant::now());
            while let Some(first) = page.first() {
                let one = Instant::now();
                page = client.log_page("bob", LogFrom::Before(first.place), 100).unwrap();
                slowest = slowest.max(one.elapsed());
                pages += 1;
            }
            let all = begun.elapsed();
            println!(
                "{messages} messages, {whole} contact: overview {overview:?}, newest page {newest:?}, {pages} pages \
                 back to the first {all:?}, the slowest {slowest:?}"
            );
            let begun = Instant::now();
            let mut before = None;
            while let LogSearch::NotAfter(on) = client.search_log("bob", "not there", before, 2_000).unwrap()
            {
                before = Some(on);
            }
            println!("a search for what is not there: {:?}", begun.elapsed());
        }
    }
}
