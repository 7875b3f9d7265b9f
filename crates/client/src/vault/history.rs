//! In which order this vault came to know of messages, sent and received: rows of `history`, kept by triggers.

use std::collections::HashMap;

use super::{Tx, inbox::SHOWN, outbox::IN_HISTORY};
use crate::{ClientError, Direction};

/// The places of one contact's messages, by direction and row.
#[derive(Default)]
pub(crate) struct History(HashMap<(i64, i64), i64>);

impl History {
    /// Of one contact.
    pub(crate) fn of(tx: &Tx<'_>, contact: i64) -> Result<Self, ClientError> {
        let mut rows = tx.prepare_cached("SELECT outgoing, entry, seq FROM history WHERE contact = ?1")?;
        let places = rows.query_map([contact], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
        Ok(Self(places.collect::<Result<_, _>>()?))
    }

    /// Where a message stands; before everything when it has no place.
    pub(crate) fn place(&self, direction: Direction, row: i64) -> i64 {
        self.find(i64::from(direction == Direction::Sent), row)
    }

    /// Where the change of a key stands.
    pub(crate) fn place_of_change(&self, row: i64) -> i64 {
        self.find(2, row)
    }

    /// Where a contact's new beginning stands.
    pub(crate) fn place_of_beginning(&self, row: i64) -> i64 {
        self.find(3, row)
    }

    fn find(&self, kind: i64, row: i64) -> i64 {
        self.0.get(&(kind, row)).copied().unwrap_or_default()
    }
}

/// A row of `history` that a person sees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    /// Its place.
    pub(crate) seq: i64,
    /// 0 received, 1 sent, 2 a changed key, 3 a new beginning.
    pub(crate) kind: i64,
    /// The row in the table of its kind.
    pub(crate) row: i64,
}

/// At most `limit` rows of a contact that a person sees before a place, the latest first.
pub(crate) fn before(tx: &Tx<'_>, contact: i64, seq: i64, limit: u32) -> Result<Vec<Placed>, ClientError> {
    page(tx, &seen("seq < ?2 ORDER BY seq DESC LIMIT ?3"), (contact, seq, limit))
}

/// At most `limit` rows from a place on, in order.
pub(crate) fn from(tx: &Tx<'_>, contact: i64, seq: i64, limit: u32) -> Result<Vec<Placed>, ClientError> {
    page(tx, &seen("seq >= ?2 ORDER BY seq LIMIT ?3"), (contact, seq, limit))
}

/// What the client sends by itself, and what is not shown, has a place too.
fn seen(rest: &str) -> String {
    format!(
        "SELECT seq, outgoing, entry FROM history WHERE contact = ?1 AND CASE outgoing
         WHEN 0 THEN EXISTS (SELECT 1 FROM message WHERE id = entry AND {SHOWN})
         WHEN 1 THEN EXISTS (SELECT 1 FROM outbox WHERE id = entry AND {IN_HISTORY})
         ELSE 1 END AND {rest}"
    )
}

fn page(tx: &Tx<'_>, sql: &str, bounds: (i64, i64, u32)) -> Result<Vec<Placed>, ClientError> {
    let mut rows = tx.prepare_cached(sql)?;
    let found =
        rows.query_map(bounds, |row| Ok(Placed { seq: row.get(0)?, kind: row.get(1)?, row: row.get(2)? }))?;
    Ok(found.collect::<Result<_, _>>()?)
}
