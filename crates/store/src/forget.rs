//! Forgetting: what was let go of leaves the disk (`spec/storage.md § Forgetting`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use wire::Day;

use crate::engine::Engine;
use crate::shelf::{Batch, Durability, Shelf, Table};
use crate::{Cause, Extent, Forgotten, StoreError};

/// A table with less than this is written anew whenever it was touched, and while deposits stand still.
const SMALL_BYTES: u64 = 16 * 1024 * 1024;
/// The row that is written so that there is something to flush.
const FORGOTTEN_KEY: &[u8] = b"forgotten";

/// What is left for another time.
#[derive(Default)]
struct Left {
    /// Tables, and how many of their rows were removed.
    tables: BTreeMap<Table, u64>,
    /// Why the first of those that failed could not be written anew.
    error: Option<StoreError>,
}

impl<S: Shelf> Engine<S> {
    /// See [`MailboxStore::forget`](crate::MailboxStore::forget).
    pub(crate) fn forget_all(&self, today: Day, extent: Extent) -> Result<Forgotten, StoreError> {
        let mut known = self.forgetting.lock().unwrap_or_else(PoisonError::into_inner);
        self.running()?;
        if self.shelf.is_frozen() {
            return Err(StoreError::NotDone(Cause::Frozen));
        }
        let before = self.shelf.disk_bytes();
        let touched = self.shelf.take_touched();
        let left = match self.forget_touched(today, extent, &touched, &mut known) {
            Ok(left) => left,
            Err(error) => {
                self.shelf.touch(touched);
                return Err(error);
            }
        };
        self.shelf.touch(left.tables);
        match left.error {
            Some(error) => Err(error),
            None => Ok(Forgotten { bytes_before: before, bytes_after: self.shelf.disk_bytes() }),
        }
    }

    /// A table that cannot be written anew keeps no other one from it.
    fn forget_touched(
        &self,
        today: Day,
        extent: Extent,
        touched: &BTreeMap<Table, u64>,
        known: &mut BTreeSet<Table>,
    ) -> Result<Left, StoreError> {
        // Who makes room has the reserve for it: a disk that deposits have filled must be able to become emptier.
        // What waits before the tables, and the flush, take no more than this.
        if !self.shelf.has_spare(SMALL_BYTES) {
            return Err(StoreError::NotDone(Cause::DiskFull));
        }
        let mut left = Left::default();
        {
            let _writer = self.write()?;
            self.drop_empty_days(today, true)?;
        }
        // The first time of a day nothing is put off.
        let due = extent == Extent::All || self.forgot.load(Ordering::Relaxed) < today.0;
        for (table, removed) in touched {
            match self.move_table(*table, *removed, due) {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    self.running()?;
                    // Once for each place, however often it is met.
                    if error == StoreError::NotDone(Cause::Damaged) && known.insert(*table) {
                        self.count_damage();
                    }
                    left.error.get_or_insert(error);
                }
            }
            left.tables.insert(*table, *removed);
        }
        // The long part of the flush while deposits go on, the rest of it with the journal's end.
        self.shelf.flush().map_err(StoreError::NotDone)?;
        {
            let _writer = self.write()?;
            self.shelf.renew_journal().map_err(|cause| self.gave_up(cause))?;
        }
        self.nudge(today)?;
        self.forgot.store(today.0, Ordering::Relaxed);
        Ok(left)
    }

    /// Writes a table anew when that is due; `false` when it waits for another time.
    fn move_table(&self, table: Table, removed: u64, due: bool) -> Result<bool, StoreError> {
        let (count, bytes) = match table {
            Table::Envelopes(day) if !self.shelf.envelope_days().contains(&day) => return Ok(true),
            Table::Envelopes(day) => self.waiting_of(day),
            rows => (u64::MAX, self.shelf.table_bytes(rows)),
        };
        let due = due || bytes <= SMALL_BYTES || removed >= count.max(1);
        // The copy stands beside the table, and the flush comes after it.
        if !due || !self.shelf.has_spare(bytes.saturating_add(SMALL_BYTES)) {
            return Ok(false);
        }
        let writer = self.write()?;
        self.shelf.begin_move(table);
        let stands = bytes <= SMALL_BYTES;
        let (copied, _writer) = if stands {
            (self.shelf.copy_moved(), writer)
        } else {
            drop(writer);
            let copied = self.shelf.copy_moved();
            (copied, self.write()?)
        };
        let moved = self.shelf.end_move().map_err(|cause| self.gave_up(cause))?;
        copied.map_err(StoreError::NotDone)?;
        Ok(moved)
    }

    /// Writes a row and flushes: fjall looks for journals and tables to delete when it has flushed something.
    fn nudge(&self, today: Day) -> Result<(), StoreError> {
        {
            let _writer = self.write()?;
            let mut batch = Batch::default();
            batch.put(Table::Meta, FORGOTTEN_KEY, &today.0.to_be_bytes());
            self.commit(batch, Durability::Written)?;
        }
        self.shelf.flush().map_err(StoreError::NotDone)
    }

    /// How many envelopes of a day wait, and their bytes.
    fn waiting_of(&self, day: Day) -> (u64, u64) {
        self.look(|state| {
            state.mailboxes.values().fold((0, 0), |(count, bytes), mailbox| {
                let (more, of) = mailbox.waiting.of_day(day);
                (count + more, bytes + of)
            })
        })
    }
}
