//! All rows of one moment, out of a running store and into an empty one (`spec/storage.md § Backup`).

use std::ops::ControlFlow;

use wire::Day;

use crate::Cause;
use crate::codec::{seal, unseal};
use crate::ledger::WENT_BACK_KEY;
use crate::scratch::is_scratch;
use crate::shelf::{Batch, Change, Durability, FrozenShelf, Key, Shelf, Table};

/// Where a row lies: the number of its table, and the day where that table has one for each.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place {
    /// As in `spec/storage.md § Tables`.
    pub table: u8,
    /// Day of deposit for envelopes, else 0.
    pub day: Day,
}

/// One row as it lies in a store, checksum included.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// In which table.
    pub place: Place,
    /// Its key.
    pub key: Vec<u8>,
    /// `table ‖ key ‖ body ‖ checksum`.
    pub value: Vec<u8>,
}

/// A row that no store would have written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a row is not as it was written")]
pub struct BadRow;

impl Row {
    /// Whether this row is as it was written, and where it belongs.
    pub fn check(&self) -> Result<(), BadRow> {
        self.table().map(|_| ())
    }

    fn table(&self) -> Result<Table, BadRow> {
        unseal(self.place.table, &self.key, &self.value).ok_or(BadRow)?;
        table_at(self.place).ok_or(BadRow)
    }
}

/// What a store holds and does not give.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct LeftOut {
    /// Rows that are known, and not as they were written.
    pub rows: u64,
    /// Blocks of rows that are not as they were written. Whatever in them proves itself was handed out; how many rows
    /// were there beside that nobody can tell.
    pub blocks: u64,
}

impl LeftOut {
    /// Whether everything is there.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// The rows of a store at one moment.
pub struct Frozen(Box<dyn FrozenShelf>);

impl Frozen {
    pub(crate) fn of(shelf: Box<dyn FrozenShelf>) -> Self {
        Self(shelf)
    }

    /// Hands every sound row to `each` until it breaks off, and returns what was damaged and left out.
    ///
    /// # Errors
    ///
    /// What the disk said, when it did not give the rows.
    pub fn rows(&self, mut each: impl FnMut(Row) -> ControlFlow<()>) -> Result<LeftOut, Cause> {
        let mut damaged = 0;
        let blocks = self.0.rows(&mut |table, key, value| {
            if is_scratch(table, key) {
                return ControlFlow::Continue(());
            }
            let row = value.map(|value| Row { place: place_of(table), key: key.into(), value: value.into() });
            match row.filter(|row| row.check().is_ok()) {
                Some(row) => each(row),
                None => {
                    damaged += 1;
                    ControlFlow::Continue(())
                }
            }
        })?;
        Ok(LeftOut { rows: damaged, blocks })
    }
}

/// Rows written in one go.
const STEP_BYTES: u64 = 4 * 1024 * 1024;

/// A store that is being put together from the rows of a backup. It is one only after [`Rebuild::finish`].
pub struct Rebuild {
    shelf: Box<dyn Shelf>,
    batch: Batch,
    bytes: u64,
    /// How many leaves the rows have.
    leaves: u64,
    /// Whether the rows say themselves that the store went back.
    says_so: bool,
}

/// Why a row did not get into a store.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RebuildError {
    /// It is not one.
    #[error(transparent)]
    Row(#[from] BadRow),
    /// The disk did not take it.
    #[error(transparent)]
    Cause(#[from] Cause),
}

impl Rebuild {
    pub(crate) fn over(shelf: Box<dyn Shelf>) -> Self {
        Self { shelf, batch: Batch::default(), bytes: 0, leaves: 0, says_so: false }
    }

    /// Adds a row, if it is sound.
    pub fn put(&mut self, row: Row) -> Result<(), RebuildError> {
        let table = row.table()?;
        // Before, not after: then the last commit, which is the one that syncs, is never an empty one.
        if self.bytes >= STEP_BYTES {
            self.write(Durability::Written)?;
        }
        self.says_so |= table == Table::Meta && row.key == WENT_BACK_KEY;
        if let (Table::Log, Ok(index)) = (table, row.key.as_slice().try_into().map(u64::from_be_bytes)) {
            self.leaves = self.leaves.max(index.saturating_add(1));
        }
        self.bytes += (row.key.len() + row.value.len()) as u64;
        self.batch.0.push(Change { table, key: row.key.into(), value: Some(row.value) });
        Ok(())
    }

    /// Writes what is left, and syncs all of it.
    ///
    /// What happened after the rows were written is gone, and the store says of itself behind how many leaves, until the ledger
    /// does.
    pub fn finish(mut self) -> Result<(), RebuildError> {
        // A backup of a store that had yet to say it of itself knows more.
        if !self.says_so {
            let value = seal(Table::Meta.number(), WENT_BACK_KEY, &[&self.leaves.to_be_bytes()]);
            let key = Key::from_slice(WENT_BACK_KEY);
            self.batch.0.push(Change { table: Table::Meta, key, value: Some(value) });
        }
        Ok(self.write(Durability::Synced)?)
    }

    fn write(&mut self, durability: Durability) -> Result<(), Cause> {
        self.bytes = 0;
        self.shelf.commit(core::mem::take(&mut self.batch), durability)
    }
}

pub(crate) fn place_of(table: Table) -> Place {
    let day = if let Table::Envelopes(day) = table { day } else { Day(0) };
    Place { table: table.number(), day }
}

pub(crate) fn table_at(place: Place) -> Option<Table> {
    if place.table == Table::Envelopes(place.day).number() {
        return Some(Table::Envelopes(place.day));
    }
    let fixed = Table::FIXED.into_iter().find(|table| table.number() == place.table);
    fixed.filter(|_| place.day == Day(0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use wire::request::AnswerKind;
    use wire::{CommitmentNonce, UnixSeconds};

    use super::*;
    use crate::conformance::{Person, record, stamped};
    use crate::{
        DirectoryStore, EmbeddedStore, LeafMark, LedgerStore, MailboxStore, MemoryStore, OperatorStore,
        RegisterOutcome, ReplaceOutcome, ReplaceRequest,
    };

    fn rows_of(store: &dyn OperatorStore) -> Vec<Row> {
        let mut rows = Vec::new();
        let damaged = store.freeze().unwrap().rows(|row| {
            rows.push(row);
            ControlFlow::Continue(())
        });
        assert_eq!(damaged, Ok(LeftOut::default()));
        rows
    }

    #[test]
    fn a_store_put_together_from_rows_holds_the_same_rows() {
        let base = tempfile::tempdir().unwrap();
        let rows = rows_of(&MemoryStore::new());
        let mut rebuild = EmbeddedStore::rebuild(&base.path().join("one")).unwrap();
        for row in &rows {
            rebuild.put(row.clone()).unwrap();
        }
        rebuild.finish().unwrap();
        let store = EmbeddedStore::open(&base.path().join("one")).unwrap();
        let (said, held): (Vec<_>, Vec<_>) =
            rows_of(&store).into_iter().partition(|row| row.key == WENT_BACK_KEY);
        assert_eq!((said.len(), held), (1, rows));
        assert_eq!(store.totals().damaged, 0);
    }

    #[test]
    fn a_store_from_a_backup_knows_how_many_leaves_stood_and_takes_no_name_before_the_ledger_says_so() {
        let base = tempfile::tempdir().unwrap();
        let before = MemoryStore::new();
        for number in 1..=3 {
            Person::register(&before, number);
        }
        let mut rebuild = EmbeddedStore::rebuild(&base.path().join("one")).unwrap();
        for row in rows_of(&before) {
            rebuild.put(row).unwrap();
        }
        rebuild.finish().unwrap();
        let store = EmbeddedStore::open(&base.path().join("one")).unwrap();
        assert_eq!(store.went_back(), Ok(Some(3)));
        assert_eq!(store.register(Person { number: 4 }.claim(NOW)), Ok(RegisterOutcome::Unmarked));
        assert!(!store.is_for_the_taking(&Person { number: 4 }.name(), None, true, NOW).unwrap());
        assert_eq!(store.replace(change(1)), Ok(ReplaceOutcome::Unmarked));
        assert_eq!(store.leaves(), 3);
        assert!(
            matches!(store.register(Person { number: 1 }.claim(NOW)), Ok(RegisterOutcome::Again(_))),
            "its answer was lost"
        );
        assert_eq!(store.append_mark(LeafMark::Restored { stand: 3, root: [0; 32] }, NOW), Ok(3));
        assert!(matches!(
            store.register(Person { number: 4 }.claim(NOW)),
            Ok(RegisterOutcome::Registered(_))
        ));
        assert!(matches!(store.replace(change(1)), Ok(ReplaceOutcome::Replaced(_))));
    }

    const NOW: UnixSeconds = UnixSeconds(1 << 32);

    fn change(number: u8) -> ReplaceRequest {
        let person = Person { number };
        ReplaceRequest {
            kind: AnswerKind::Rotate,
            record: record(&person.name(), 1, 9),
            expected_seq: 0,
            vouchers: person.vouchers(1),
            commitment_nonce: CommitmentNonce([9; 16]),
            now: NOW,
        }
    }

    #[test]
    fn a_row_that_was_altered_or_moved_gets_in_nowhere() {
        let base = tempfile::tempdir().unwrap();
        let row = rows_of(&MemoryStore::new()).pop().unwrap();
        let mut rebuild = EmbeddedStore::rebuild(&base.path().join("one")).unwrap();
        let mut altered = row.clone();
        altered.value.iter_mut().for_each(|byte| *byte ^= 1);
        let moved = Row { place: Place { table: 3, ..row.place }, ..row.clone() };
        let dated = Row { place: Place { day: Day(1), ..row.place }, ..row };
        for wrong in [altered, moved, dated] {
            assert_eq!(rebuild.put(wrong), Err(RebuildError::Row(BadRow)));
        }
    }

    #[test]
    fn damaged_rows_are_left_out_and_counted() {
        let store = MemoryStore::new();
        let sid = Person::register(&store, 1).inbox(&store);
        assert!(store.deposit(vec![stamped(sid, 1, 0, 1)]).iter().all(Result::is_ok));
        let mut rows = store.dangerous_rows();
        rows.iter_mut().filter(|row| row.table == 4).for_each(|row| row.sealed = false);
        let damaged = MemoryStore::dangerous_from_rows(rows.clone(), crate::Options::default()).unwrap();
        let mut count = 0;
        let left_out = damaged.freeze().unwrap().rows(|_| {
            count += 1;
            ControlFlow::Continue(())
        });
        assert_eq!((left_out, count), (Ok(LeftOut { rows: 1, blocks: 0 }), rows.len() - 1));
    }

    #[test]
    fn what_is_let_go_of_meanwhile_is_still_handed_out() {
        let base = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(base.path()).unwrap();
        let sid = Person::register(&store, 1).inbox(&store);
        let deposits = (0..5).map(|index| stamped(sid, 1, index, 1)).collect();
        assert!(store.deposit(deposits).iter().all(Result::is_ok));
        let before = rows_of(&store);
        let frozen = store.freeze().unwrap();
        store.ack(&sid, wire::Cursor(u64::MAX)).unwrap();
        // The day's table is dropped whole.
        let day = before.iter().map(|row| row.place.day).max().unwrap();
        store.sweep(Day(day.0 + 1)).unwrap();
        assert!(rows_of(&store).iter().all(|row| row.place.table != 4));
        let mut rows = Vec::new();
        let damaged = frozen.rows(|row| {
            rows.push(row);
            ControlFlow::Continue(())
        });
        assert_eq!((damaged, rows), (Ok(LeftOut::default()), before));
    }

    #[test]
    fn a_backup_does_not_go_over_a_store_that_is_there() {
        let base = tempfile::tempdir().unwrap();
        drop(EmbeddedStore::open(base.path()).unwrap());
        assert!(matches!(EmbeddedStore::rebuild(base.path()), Err(crate::OpenError::Filled(_))));
    }
}
