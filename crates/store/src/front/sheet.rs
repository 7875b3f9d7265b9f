//! Changes in memory that no table has yet: the newest of each row, in order.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use bytes::Bytes;

use crate::shelf::{Batch, Change, Key, Table};

/// What became of a row: its value, or `None` where it was removed.
pub(crate) type Line = Option<Bytes>;

/// About what a row costs in memory beside its bytes.
const LINE_BYTES: usize = 96;

/// From this on a value is as large as the smallest envelope, about.
const LARGE_BYTES: usize = 1_024;

/// A row of a sheet.
#[derive(Clone, Debug)]
struct Kept {
    line: Line,
    /// No table has the row: removing it leaves nothing to say.
    is_new: bool,
}

/// Changes that no table has yet.
#[derive(Clone, Default, Debug)]
pub(crate) struct Sheet {
    tables: BTreeMap<Table, BTreeMap<Key, Kept>>,
    bytes: usize,
    /// Large values that were replaced. The scratch row is, where an envelope would be added, and memory that comes back at
    /// once is faster to write to than new memory: the time of an answer would tell which of both it was.
    replaced: Vec<Bytes>,
}

impl Sheet {
    /// Puts a batch on top, as it was just committed: an envelope under a new key is in no table, so that one that
    /// is acked before it comes to one leaves nothing behind.
    pub(crate) fn take(&mut self, batch: Batch) {
        for change in batch.0 {
            let is_new = matches!(change.table, Table::Envelopes(_));
            self.change(change, is_new);
        }
    }

    /// Puts a change on top that is read back: a table may have it already.
    pub(crate) fn take_again(&mut self, change: Change) {
        self.change(change, false);
    }

    fn change(&mut self, change: Change, is_new: bool) {
        let size = |line: &Line| line.as_ref().map_or(0, Bytes::len);
        let line = change.value.map(Bytes::from);
        let (key_bytes, line_bytes) = (change.key.len() + LINE_BYTES, size(&line));
        match self.tables.entry(change.table).or_default().entry(change.key) {
            Entry::Vacant(place) => {
                let is_new = is_new && line.is_some();
                place.insert(Kept { line, is_new });
                self.bytes += key_bytes + line_bytes;
            }
            Entry::Occupied(place) if line.is_none() && place.get().is_new => {
                let kept = place.remove();
                self.bytes = self.bytes.saturating_sub(key_bytes + size(&kept.line));
            }
            Entry::Occupied(mut place) => {
                let small_bytes = size(&place.get().line);
                let before = std::mem::replace(&mut place.get_mut().line, line);
                self.bytes += line_bytes;
                match before.filter(|before| before.len() >= LARGE_BYTES) {
                    Some(large) => self.replaced.push(large),
                    None => self.bytes = self.bytes.saturating_sub(small_bytes),
                }
            }
        }
    }

    /// What it says of a row, if anything.
    pub(crate) fn get(&self, table: Table, key: &[u8]) -> Option<&Line> {
        Some(&self.tables.get(&table)?.get(key)?.line)
    }

    /// What it says of the rows of a table.
    pub(crate) fn rows(&self, table: Table) -> impl Iterator<Item = (&[u8], &Line)> {
        self.tables.get(&table).into_iter().flatten().map(|(key, kept)| (key.as_slice(), &kept.line))
    }

    /// Likewise from one key (included) to another (not included).
    pub(crate) fn range<'s>(
        &'s self,
        table: Table,
        from: &'s [u8],
        until: &'s [u8],
    ) -> impl Iterator<Item = (&'s [u8], &'s Line)> {
        let rows = self.tables.get(&table).filter(|_| from < until).map(|rows| {
            use std::ops::Bound::{Excluded, Included};
            rows.range::<[u8], _>((Included(from), Excluded(until)))
        });
        rows.into_iter().flatten().map(|(key, kept)| (key.as_slice(), &kept.line))
    }

    /// The tables of which it says something, and of how many rows.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (Table, usize)> {
        self.tables.iter().filter(|(_, rows)| !rows.is_empty()).map(|(table, rows)| (*table, rows.len()))
    }

    /// Bytes in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tables.values().all(BTreeMap::is_empty)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use wire::Day;

    use super::*;

    const ENVELOPES: Table = Table::Envelopes(Day(7));

    fn put(table: Table, key: &[u8], body: &[u8]) -> Batch {
        let mut batch = Batch::default();
        batch.put(table, key, body);
        batch
    }

    fn remove(table: Table, key: &[u8]) -> Batch {
        let mut batch = Batch::default();
        batch.remove(table, key);
        batch
    }

    #[test]
    fn an_envelope_that_came_and_went_leaves_nothing() {
        let mut sheet = Sheet::default();
        sheet.take(put(ENVELOPES, b"a", &[1; 4_096]));
        assert!(sheet.bytes() > 4_096);
        sheet.take(remove(ENVELOPES, b"a"));
        assert_eq!((sheet.bytes(), sheet.is_empty(), sheet.get(ENVELOPES, b"a")), (0, true, None));
    }

    #[test]
    fn what_a_table_may_have_stays_removed() {
        let mut sheet = Sheet::default();
        sheet.take(remove(ENVELOPES, b"below"));
        sheet.take(put(Table::Names, b"n", b"name"));
        sheet.take(remove(Table::Names, b"n"));
        sheet.take_again(put(ENVELOPES, b"again", b"e").0.pop().unwrap());
        sheet.take_again(remove(ENVELOPES, b"again").0.pop().unwrap());
        assert_eq!(sheet.get(ENVELOPES, b"below"), Some(&None));
        assert_eq!(sheet.get(Table::Names, b"n"), Some(&None));
        assert_eq!(sheet.get(ENVELOPES, b"again"), Some(&None));
        assert_eq!(sheet.tables().collect::<Vec<_>>(), [(ENVELOPES, 2), (Table::Names, 1)]);
    }

    #[test]
    fn a_large_value_that_was_replaced_takes_its_room_until_the_sheet_goes() {
        let mut sheet = Sheet::default();
        sheet.take(put(Table::Meta, b"scratch", &[0; 4_096]));
        let once = sheet.bytes();
        sheet.take(put(Table::Meta, b"scratch", &[0; 4_096]));
        assert!(sheet.bytes() > once + 4_096, "as an envelope beside it would");
        sheet.take(put(Table::Meta, b"clock", b"1"));
        let small = sheet.bytes();
        sheet.take(put(Table::Meta, b"clock", b"2"));
        assert_eq!(sheet.bytes(), small);
    }

    #[test]
    fn a_range_ends_before_its_end() {
        let mut sheet = Sheet::default();
        for key in [b"a", b"b", b"c"] {
            sheet.take(put(Table::Spent, key, b""));
        }
        let keys: Vec<_> = sheet.range(Table::Spent, b"a", b"c").map(|(key, _)| key).collect();
        assert_eq!(keys, [b"a", b"b"]);
        assert_eq!(sheet.range(Table::Spent, b"c", b"a").count(), 0);
    }
}
