//! The engine: every rule of mailboxes and directory, over any [`Shelf`].
//!
//! One writer at a time holds `writer`, decides, commits and syncs; only then does it take `state` for the
//! moment of showing the result. Readers take `state` for a look and read the shelf without any lock, so a
//! slow disk delays no reader and nothing unsynced is ever seen.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use bytes::Bytes;
use wire::{Cursor, Day, DepositId, OwnerId};

use crate::codec::unseal;
use crate::former::Upgraded;
use crate::keyspaces::is_counter;
use crate::mailbox::{Allowance, LOST, Mailbox, MailboxRow};
use crate::shelf::{Batch, Durability, Shelf, Table};
use crate::{Cause, Options, StoreError};

/// The layout that this code writes; a higher one found is refused, a lower one migrated.
pub(crate) const SCHEMA: u32 = 4;
/// Rows scanned or removed in one step.
pub(crate) const STEP: usize = 4_096;
/// Bytes around an envelope in its row: cursor key, auth and checksum.
pub(crate) const AUTH_BYTES: usize = 52;

/// All rules over one shelf. See [`MemoryStore`](crate::MemoryStore), [`EmbeddedStore`](crate::EmbeddedStore).
pub struct Engine<S> {
    pub(crate) shelf: S,
    pub(crate) options: Options,
    pub(crate) keys: StoreKeys,
    pub(crate) state: RwLock<State>,
    writer: Mutex<()>,
    stopped: AtomicBool,
    damaged: AtomicU64,
    /// The last day anybody told: for calls that carry none.
    today: AtomicU16,
    /// The day on which this process last forgot.
    pub(crate) forgot: AtomicU16,
    /// One forgets at a time. The tables whose damage was met there and counted.
    pub(crate) forgetting: Mutex<BTreeSet<Table>>,
    /// What became of the store as it was, if opening changed its layout.
    pub(crate) upgraded: Option<Upgraded>,
}

/// Random keys of this store, drawn once.
pub(crate) struct StoreKeys {
    /// Names are looked up by their hash under this key.
    pub(crate) names: [u8; 32],
    /// Seeds of puzzles are derived from this key.
    pub(crate) puzzles: [u8; 32],
}

/// What is held in memory.
#[derive(Default)]
pub(crate) struct State {
    /// Each in a box: a table of many has up to twice as many places as entries.
    pub(crate) mailboxes: HashMap<DepositId, Box<Mailbox>>,
    pub(crate) owners: HashMap<OwnerId, DepositId>,
    /// Leaves of the ledger.
    pub(crate) leaves: u64,
    /// How many of them are of no record.
    pub(crate) marks: u64,
    /// The latest time of one.
    pub(crate) leaf_time: u32,
}

/// Why an engine could not be raised over a shelf.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RaiseError {
    /// The layout is newer than this code.
    Newer(u32),
    /// The shelf failed, or the rows without which nothing makes sense are damaged.
    Failed(Cause),
}

impl From<Cause> for RaiseError {
    fn from(cause: Cause) -> Self {
        RaiseError::Failed(cause)
    }
}

impl<S: Shelf> Engine<S> {
    /// Reads what a shelf holds and stands ready.
    pub(crate) fn raise(shelf: S, options: Options) -> Result<Self, RaiseError> {
        let keys = settle_schema(&shelf)?;
        let mut damaged = 0;
        let state = load(&shelf, &mut damaged)?;
        Ok(Self {
            shelf,
            options,
            keys,
            state: RwLock::new(state),
            writer: Mutex::new(()),
            stopped: AtomicBool::new(false),
            damaged: AtomicU64::new(damaged),
            today: AtomicU16::new(0),
            forgot: AtomicU16::new(0),
            forgetting: Mutex::default(),
            upgraded: None,
        })
    }

    /// The right to decide and commit; refused once a write has failed.
    pub(crate) fn write(&self) -> Result<MutexGuard<'_, ()>, StoreError> {
        let guard = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.running()?;
        Ok(guard)
    }

    /// After a failed write or sync nothing is known of the disk: every later call says so.
    pub(crate) fn running(&self) -> Result<(), StoreError> {
        match self.stopped.load(Ordering::Acquire) {
            true => Err(StoreError::NotDone(Cause::Stopped)),
            false => Ok(()),
        }
    }

    /// Commits; a failure stops the store for good, since what a failed sync left behind is unknown.
    pub(crate) fn commit(&self, batch: Batch, durability: Durability) -> Result<(), StoreError> {
        if batch.0.is_empty() {
            return Ok(());
        }
        self.shelf.commit(batch, durability).map_err(|cause| {
            self.stopped.store(true, Ordering::Release);
            StoreError::Unknown(cause)
        })
    }

    /// The shelf failed in a way after which it cannot be used: the store stops. Nothing confirmed is lost.
    pub(crate) fn gave_up(&self, cause: Cause) -> StoreError {
        if cause == Cause::Frozen {
            return StoreError::NotDone(cause);
        }
        self.stopped.store(true, Ordering::Release);
        StoreError::NotDone(Cause::Stopped)
    }

    /// For what adds: refused while there still is room for what frees.
    pub(crate) fn commit_addition(&self, batch: Batch) -> Result<(), StoreError> {
        if !self.shelf.has_room(batch.bytes()) {
            return Err(StoreError::NotDone(Cause::DiskFull));
        }
        self.commit(batch, Durability::Synced)
    }

    /// The body of a row; damage is counted and never served.
    pub(crate) fn row(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let value = match self.shelf.get(table, key) {
            Ok(value) => value,
            Err(cause) => return Err(self.failed(cause)),
        };
        let Some(value) = value else { return Ok(None) };
        match unseal(table.number(), key, &value) {
            Some(body) => Ok(Some(value.slice_ref(body))),
            None => Err(self.failed(Cause::Damaged)),
        }
    }

    /// A row whose body does not parse is as damaged as one whose checksum fails.
    pub(crate) fn failed(&self, cause: Cause) -> StoreError {
        if cause == Cause::Damaged {
            self.count_damage();
        }
        StoreError::NotDone(cause)
    }

    pub(crate) fn count_damage(&self) {
        self.damaged.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn damage(&self) -> u64 {
        self.damaged.load(Ordering::Relaxed)
    }

    pub(crate) fn see(&self, today: Day) {
        self.today.store(today.0, Ordering::Relaxed);
    }

    pub(crate) fn today(&self) -> Day {
        Day(self.today.load(Ordering::Relaxed))
    }

    /// A look at the state.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Shows what was committed.
    pub(crate) fn show<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(crate) const SCHEMA_KEY: &[u8] = b"schema";
pub(crate) const KEYS_KEY: &[u8] = b"keys";

/// The layout of a shelf, if it is sound and older than this code.
pub(crate) fn older_layout<S: Shelf>(shelf: &S) -> Option<u32> {
    let value = shelf.get(Table::Meta, SCHEMA_KEY).ok()??;
    let schema = unseal(Table::Meta.number(), SCHEMA_KEY, &value)?.try_into().ok()?;
    Some(u32::from_be_bytes(schema)).filter(|schema| *schema < SCHEMA)
}

/// Reads the schema and keys of a shelf, or writes them into an empty one.
fn settle_schema<S: Shelf>(shelf: &S) -> Result<StoreKeys, RaiseError> {
    let read = |key: &[u8]| -> Result<Option<Vec<u8>>, RaiseError> {
        let Some(value) = shelf.get(Table::Meta, key)? else { return Ok(None) };
        let body = unseal(Table::Meta.number(), key, &value).ok_or(RaiseError::Failed(Cause::Damaged))?;
        Ok(Some(body.to_vec()))
    };
    let damaged = RaiseError::Failed(Cause::Damaged);
    match (read(SCHEMA_KEY)?, read(KEYS_KEY)?) {
        (None, None) => {
            // Mailboxes without a schema row mean that the row was lost, not that the store is new: new
            // keys would make every name unfindable.
            for table in Table::FIXED {
                let rows = shelf.scan(table, &[], &[0xff; 64], 2)?;
                if rows.iter().any(|(key, _)| !is_counter(table, key)) {
                    return Err(damaged);
                }
            }
            let mut bytes = [0; 64];
            getrandom::fill(&mut bytes).map_err(|_| Cause::Randomness)?;
            let mut batch = Batch::default();
            batch.put(Table::Meta, SCHEMA_KEY, &SCHEMA.to_be_bytes());
            batch.put(Table::Meta, KEYS_KEY, &bytes);
            shelf.commit(batch, Durability::Synced)?;
            split_keys(&bytes).ok_or(damaged)
        }
        (Some(schema), keys) => {
            let schema = u32::from_be_bytes(schema.try_into().map_err(|_| damaged)?);
            if schema > SCHEMA {
                return Err(RaiseError::Newer(schema));
            }
            let keys = split_keys(&keys.ok_or(damaged)?).ok_or(damaged)?;
            if schema < SCHEMA {
                // 1 → 2: a day's envelopes may lie in another house, which the code of layout 1 would not find.
                // 2 → 3: rows of the log may say whose leaf they are, which the code of layout 2 would not read.
                // 3 → 4: rows may stand in the front log alone, of which the code of layout 3 knows nothing.
                let mut batch = Batch::default();
                batch.put(Table::Meta, SCHEMA_KEY, &SCHEMA.to_be_bytes());
                shelf.commit(batch, Durability::Synced)?;
            }
            Ok(keys)
        }
        (None, Some(_)) => Err(damaged),
    }
}

fn split_keys(bytes: &[u8]) -> Option<StoreKeys> {
    let mut cut = crate::codec::Cut(bytes);
    let keys = StoreKeys { names: cut.array()?, puzzles: cut.array()? };
    cut.end().map(|()| keys)
}

/// Rebuilds the counters from the rows: keys of envelopes, never their bytes.
fn load<S: Shelf>(shelf: &S, damaged: &mut u64) -> Result<State, RaiseError> {
    let mut state = State::default();
    each_row(shelf, Table::Mailboxes, damaged, |key, body| {
        let sid = DepositId(key.try_into().ok()?);
        let row = MailboxRow::from_bytes(body)?;
        state.owners.insert(row.rid, sid);
        state.mailboxes.insert(sid, Box::new(Mailbox::new(row)));
        Some(())
    })?;
    each_row(shelf, Table::Doorsteps, damaged, |key, body| {
        let allowance = Allowance::from_bytes(body)?;
        if let Some(mailbox) = state.mailboxes.get_mut(&DepositId(key.try_into().ok()?)) {
            mailbox.allowance = allowance;
        }
        Some(())
    })?;
    for day in shelf.envelope_days() {
        shelf.keys(Table::Envelopes(day), &mut |key| load_envelope(&mut state, damaged, day, key))?;
    }
    for mailbox in state.mailboxes.values_mut() {
        mailbox.counted = (mailbox.waiting.len(), mailbox.waiting.bytes());
    }
    crate::ledger::load(shelf, &mut state, damaged)?;
    Ok(state)
}

fn load_envelope(state: &mut State, damaged: &mut u64, day: Day, key: &[u8]) {
    let mut cut = crate::codec::Cut(key);
    let (Some(sid), Some(cursor), Some(class)) = (cut.array(), cut.u64(), cut.u8()) else {
        *damaged += 1;
        return;
    };
    // An envelope whose mailbox row is damaged stays on disk: nobody can ask for it, nothing is erased.
    let Some(mailbox) = state.mailboxes.get_mut(&DepositId(sid)) else { return };
    let holes = cursor.saturating_sub(mailbox.waiting.next());
    if cursor < mailbox.waiting.next() || holes > STEP as u64 {
        *damaged += 1;
        return;
    }
    for _ in 0..holes {
        *damaged += 1;
        mailbox.waiting.push(day, LOST);
    }
    mailbox.waiting.push(day, class);
}

/// Calls `each` with every sound row of a table; what is damaged, or `each` cannot parse, is counted.
pub(crate) fn each_row<S: Shelf>(
    shelf: &S,
    table: Table,
    damaged: &mut u64,
    mut each: impl FnMut(&[u8], &[u8]) -> Option<()>,
) -> Result<(), RaiseError> {
    let mut from = Vec::new();
    loop {
        let rows = shelf.scan(table, &from, &[0xff; 64], STEP)?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        from = last.iter().copied().chain([0]).collect();
        for (key, value) in &rows {
            let body = value.as_ref().and_then(|value| unseal(table.number(), key, value));
            if body.and_then(|body| each(key, body)).is_none() {
                *damaged += 1;
            }
        }
    }
}

impl<S: Shelf> Engine<S> {
    /// Adds the removal of a mailbox's envelopes up to and including `through` to a batch.
    pub(crate) fn forget_envelopes(batch: &mut Batch, sid: &DepositId, mailbox: &Mailbox, through: u64) {
        let mut cursor = mailbox.waiting.first();
        while cursor <= through && cursor < mailbox.waiting.next() {
            if let Some((day, class)) = mailbox.waiting.place_of(cursor) {
                batch
                    .remove(Table::Envelopes(day), &crate::mailbox::envelope_key(sid, Cursor(cursor), class));
            }
            cursor = cursor.saturating_add(1);
        }
    }

    pub(crate) fn waiting_totals(&self) -> (u64, u64, u64) {
        self.look(|state| {
            let live = state.mailboxes.values().filter(|mailbox| !mailbox.row.gone);
            live.fold((0, 0, 0), |(n, waiting, bytes), mailbox| {
                (n + 1, waiting + u64::from(mailbox.waiting.len()), bytes + mailbox.waiting.bytes())
            })
        })
    }
}

const _: () = assert!(AUTH_BYTES == 1 + 1 + 2 + 3 * 16);

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
