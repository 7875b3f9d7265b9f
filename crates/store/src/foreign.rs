//! Stores over rows that this code did not write: what a fault behind a right checksum, or a hand on the disk,
//! can bring. The door of the fuzzer; nothing that ships goes through it.

use std::sync::PoisonError;

use wire::Day;

use crate::codec::{seal, unseal};
use crate::memory::MemoryShelf;
use crate::shelf::{Batch, Change, Durability, Shelf, Table};
use crate::{MemoryStore, Options};

/// One row from elsewhere.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ForeignRow {
    /// The number of its table (`spec/storage.md § Tables`).
    pub table: u8,
    /// For envelopes, the day of their table.
    pub day: Day,
    /// Where it lies.
    pub key: Vec<u8>,
    /// What the checksum covers, besides table and key.
    pub body: Vec<u8>,
    /// Whether the checksum is right.
    pub sealed: bool,
}

impl ForeignRow {
    fn table(&self) -> Option<Table> {
        let envelopes = Table::Envelopes(self.day);
        let mut tables = Table::FIXED.into_iter().chain([envelopes]);
        tables.find(|table| table.number() == self.table)
    }

    fn change(self) -> Option<Change> {
        let table = self.table()?;
        let mut value = seal(self.table, &self.key, &[&self.body]);
        if !self.sealed {
            value.iter_mut().for_each(|byte| *byte ^= 0x40);
        }
        Some(Change { table, key: self.key.into(), value: Some(value) })
    }
}

impl MemoryStore {
    /// Raises a store over any rows; `None` if it refuses them. Rows of tables that do not exist are left out.
    pub fn dangerous_from_rows(rows: Vec<ForeignRow>, options: Options) -> Option<Self> {
        let shelf = MemoryShelf::default();
        let batch = Batch(rows.into_iter().filter_map(ForeignRow::change).collect());
        shelf.commit(batch, Durability::Synced).ok()?;
        Self::raise(shelf, options).ok()
    }

    /// Every row that this store holds.
    pub fn dangerous_rows(&self) -> Vec<ForeignRow> {
        let tables = self.shelf.tables.read().unwrap_or_else(PoisonError::into_inner);
        let rows =
            tables.iter().flat_map(|(table, rows)| rows.iter().map(|(key, value)| (*table, key, value)));
        rows.map(|(table, key, value)| {
            let day = if let Table::Envelopes(day) = table { day } else { Day(0) };
            let body = unseal(table.number(), key, value);
            let sealed = body.is_some();
            let body = body.unwrap_or_default().to_vec();
            ForeignRow { table: table.number(), day, key: key.clone(), body, sealed }
        })
        .collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::MailboxStore;
    use crate::conformance::{Person, stamped};

    #[test]
    fn rows_that_are_carried_over_make_the_same_store() {
        let store = MemoryStore::new();
        let sid = Person::register(&store, 1).inbox(&store);
        assert!(store.deposit(vec![stamped(sid, 1, 0, 1)]).iter().all(Result::is_ok));
        let rows = store.dangerous_rows();
        let again = MemoryStore::dangerous_from_rows(rows.clone(), Options::default()).unwrap();
        assert_eq!((again.dangerous_rows(), again.totals()), (rows, store.totals()));
    }

    #[test]
    fn a_store_whose_own_keys_are_damaged_is_refused() {
        let mut rows = MemoryStore::new().dangerous_rows();
        rows.iter_mut().for_each(|row| row.sealed = false);
        assert!(MemoryStore::dangerous_from_rows(rows, Options::default()).is_none());
    }
}
