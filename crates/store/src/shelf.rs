//! What an engine needs from the thing underneath: ordered tables, atomic batches, one sync.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use bytes::Bytes;
use smallvec::SmallVec;
use wire::Day;

use crate::Cause;

/// The tables (`spec/storage.md § Tables`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Table {
    /// Schema version and the store's own keys.
    Meta,
    /// sid → mailbox row.
    Mailboxes,
    /// sid → daily allowance.
    Doorsteps,
    /// sid ‖ cursor ‖ size class → envelope, one table per day of deposit so that a day is dropped whole.
    Envelopes(Day),
    /// sid ‖ generation ‖ index → m.
    Spent,
    /// day ‖ sid ‖ H(envelope) → nothing.
    Retries,
    /// keyed name → head.
    Names,
    /// keyed name ‖ seq → record.
    Records,
    /// keyed name → bundles.
    Bundles,
    /// voucher hash → nothing.
    Vouchers,
    /// code hash → invite.
    Invites,
    /// leaf index → log entry.
    Log,
    /// keyed name → since when the operator suspended it.
    Suspended,
}

impl Table {
    /// Every table that always exists.
    pub const FIXED: [Table; 12] = [
        Table::Meta,
        Table::Mailboxes,
        Table::Doorsteps,
        Table::Spent,
        Table::Retries,
        Table::Names,
        Table::Records,
        Table::Bundles,
        Table::Vouchers,
        Table::Invites,
        Table::Log,
        Table::Suspended,
    ];

    /// The number in every row's seal; never reused for another meaning.
    pub fn number(self) -> u8 {
        match self {
            Table::Meta => 1,
            Table::Mailboxes => 2,
            Table::Doorsteps => 3,
            Table::Envelopes(_) => 4,
            Table::Spent => 5,
            Table::Retries => 6,
            Table::Names => 7,
            Table::Records => 8,
            Table::Bundles => 9,
            Table::Vouchers => 10,
            Table::Invites => 11,
            Table::Log => 12,
            Table::Suspended => 13,
        }
    }
}

/// How safe a commit is when it returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    /// On stable storage.
    Synced,
    /// Handed to the system: survives the process, and a power cut from the next sync on.
    Written,
}

/// A key: in place, since none of ours is longer than this.
pub type Key = SmallVec<[u8; 40]>;

/// A key of parts.
pub(crate) fn key_of(parts: &[&[u8]]) -> Key {
    let mut key = Key::new();
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

/// One change of a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// Where.
    pub table: Table,
    /// Which row.
    pub key: Key,
    /// Its sealed value, or `None` to remove it.
    pub value: Option<Vec<u8>>,
}

/// Changes that happen together or not at all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Batch(pub Vec<Change>);

impl Batch {
    /// Seals and adds a row.
    pub fn put(&mut self, table: Table, key: &[u8], body: &[u8]) {
        self.put_parts(table, key, &[body]);
    }

    /// Likewise for a body that lies in parts.
    pub fn put_parts(&mut self, table: Table, key: &[u8], body: &[&[u8]]) {
        let value = Some(crate::codec::seal(table.number(), key, body));
        self.0.push(Change { table, key: Key::from_slice(key), value });
    }

    /// Removes a row.
    pub fn remove(&mut self, table: Table, key: &[u8]) {
        self.0.push(Change { table, key: Key::from_slice(key), value: None });
    }

    /// How much it will write, roughly.
    pub fn bytes(&self) -> u64 {
        let sum: usize = self.0.iter().map(|c| c.key.len() + c.value.as_ref().map_or(0, Vec::len)).sum();
        sum as u64
    }
}

/// Keys with their values, in order; no value where it cannot be read for damage.
pub type Rows = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// Ordered tables with atomic batches. An implementation holds no meaning, the engine above holds all.
pub trait Shelf: Send + Sync {
    /// One value as it was written; `Cause::Damaged` when the shelf itself notices damage.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, Cause>;

    /// Keys and values from `from` (included) to `until` (not included), at most `max`, in order. A row
    /// that cannot be read for damage comes without value.
    fn scan(&self, table: Table, from: &[u8], until: &[u8], max: usize) -> Result<Rows, Cause>;

    /// Calls `each` with every key of a table, in order, without reading values that lie apart.
    fn keys(&self, table: Table, each: &mut dyn FnMut(&[u8])) -> Result<(), Cause>;

    /// Applies a batch.
    fn commit(&self, batch: Batch, durability: Durability) -> Result<(), Cause>;

    /// Whether that many bytes more leave the reserve untouched.
    fn has_room(&self, bytes: u64) -> bool;

    /// Whether that many bytes more fit at all, into the reserve too: for what makes room.
    fn has_spare(&self, bytes: u64) -> bool;

    /// The days whose envelope tables exist, rising.
    fn envelope_days(&self) -> Vec<Day>;

    /// Drops the table of a day whole.
    fn drop_day(&self, day: Day) -> Result<(), Cause>;

    /// Everything as it is now, to be read while others go on writing.
    fn freeze(&self) -> Result<Box<dyn FrozenShelf>, Cause>;

    /// Whether somebody still reads what was frozen.
    fn is_frozen(&self) -> bool {
        false
    }
    // What follows makes removed rows leave the medium. Where a removed row is gone at once, as in maps, there
    // is nothing to do.

    /// Tables that were written to since this was last called, and how many rows were removed.
    fn take_touched(&self) -> BTreeMap<Table, u64> {
        BTreeMap::new()
    }

    /// Adds tables to those that [`take_touched`](Self::take_touched) gives next.
    fn touch(&self, _tables: BTreeMap<Table, u64>) {}

    /// How many rows [`take_touched`](Self::take_touched) would speak of.
    fn touched_rows(&self) -> u64 {
        0
    }

    /// From now on changes of a table are noted. Only while nobody commits.
    fn begin_move(&self, _table: Table) {}

    /// Writes what that table holds now into another one, from which nobody reads in which order it came. Others
    /// may commit meanwhile.
    fn copy_moved(&self) -> Result<(), Cause> {
        Ok(())
    }

    /// Repeats on the copy what happened meanwhile, and lets it take the table's place; `false` when that was
    /// too much, and the copy is given up. Only while nobody commits.
    fn end_move(&self) -> Result<bool, Cause> {
        Ok(true)
    }

    /// Brings everything into tables.
    fn flush(&self) -> Result<(), Cause> {
        Ok(())
    }

    /// Bytes that a table takes on the medium.
    fn table_bytes(&self, _table: Table) -> u64 {
        0
    }

    /// Begins a new journal; the one before goes with the next [`flush`](Self::flush). Only while nobody
    /// commits. `Cause::Frozen` while somebody reads a snapshot; any other failure leaves the shelf unusable.
    fn renew_journal(&self) -> Result<(), Cause> {
        Ok(())
    }

    /// Bytes that all this takes on the medium.
    fn disk_bytes(&self) -> u64 {
        0
    }
}

/// All rows of one moment.
pub trait FrozenShelf: Send {
    /// Hands every row to `each` as it was written, table by table, until it breaks off. A row that cannot be
    /// read for damage comes without value. Returns how many blocks are damaged, of which rows may not have come at all.
    fn rows(&self, each: &mut EachRow<'_>) -> Result<u64, Cause>;
}

/// What is done with a row: table, key, sealed value.
pub type EachRow<'a> = dyn FnMut(Table, &[u8], Option<&[u8]>) -> ControlFlow<()> + 'a;

#[cfg(test)]
mod tests {
    use wire::{Cursor, DepositId, Generation, StampIndex};

    use super::*;
    use crate::deposit::{retry_key, spent_key};
    use crate::directory::record_key;
    use crate::mailbox::envelope_key;

    #[test]
    fn no_key_takes_memory_of_its_own() {
        let sid = DepositId([1; 16]);
        let keys = [
            envelope_key(&sid, Cursor(1), 0),
            spent_key(&sid, Generation(1), StampIndex(1)),
            retry_key(Day(1), &sid, &[1; 16]),
            record_key(&[1; 32], 1),
        ];
        assert_eq!(keys.map(|key| (key.len(), key.spilled())), [25, 19, 34, 36].map(|len| (len, false)));
    }
}
