//! In which order this vault came to know of messages, sent and received: rows of `history`, kept by triggers.

use std::collections::HashMap;

use super::Tx;
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
