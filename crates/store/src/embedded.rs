//! The default engine: the rules over fjall, one directory (`docs/decisions/0001-fjall.md`).

mod frozen;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bytes::Bytes;
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, PersistMode};
use wire::Day;

use crate::begin;
use crate::ended::Ended;
use crate::engine::{Engine, RaiseError, older_layout};
use crate::former::{self, Upgraded};
use crate::front::{self, FrontShelf, Sheet};
use crate::house::{House, Moving};
use crate::keyspaces::{self, Keyspaces};
use crate::opening::{self, OpenError};
use crate::salvage::{self, SalvageError, Salvaged, Survey, newest_journal};
use crate::shelf::{Batch, Durability, FrozenShelf, Rows, Shelf, Table};
use crate::{Cause, Options, Rebuild, StoreError};
use frozen::Frozen;

/// A store in a directory. One process at a time.
pub type EmbeddedStore = Engine<FrontShelf>;

impl EmbeddedStore {
    /// Opens the store of a directory, making it (0700) when it is not there.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        Self::open_with(dir, Options::default())
    }

    /// Likewise with other limits.
    pub fn open_with(dir: &Path, options: Options) -> Result<Self, OpenError> {
        if begin::is_free(dir) {
            let io = |source| OpenError::Io { path: dir.to_path_buf(), source };
            let aside = begin::aside(dir).map_err(io)?;
            drop(Self::open_there(&aside, options)?);
            begin::settle(&aside, dir).map_err(io)?;
        }
        Self::open_there(dir, options)
    }

    fn open_there(dir: &Path, options: Options) -> Result<Self, OpenError> {
        let failed = |error| match error {
            RaiseError::Newer(found) => OpenError::newer(dir, found),
            RaiseError::Failed(Cause::Damaged) => OpenError::damaged(dir),
            RaiseError::Failed(cause) => OpenError::of_cause(dir, cause),
        };
        let mut shelf = FrontShelf::open(dir, options.reserve_bytes)?;
        let mut upgraded = None;
        if let Some(layout) = older_layout(&shelf).filter(|_| options.keeps_former) {
            // Closed, all of it is in the files of the engine.
            drop(shelf);
            upgraded = Some(match former::keep(dir, layout, options.reserve_bytes) {
                Ok(former) => Upgraded::Kept(former),
                Err(error) => Upgraded::NotKept { layout, error },
            });
            shelf = FrontShelf::open(dir, options.reserve_bytes)?;
        }
        let mut store = Self::raise(shelf, options).map_err(failed)?;
        store.upgraded = upgraded;
        // An older program reads tables only: the layout that it must not touch stands there.
        store.shelf.settle().map_err(|cause| failed(RaiseError::Failed(cause)))?;
        Ok(store)
    }

    /// Writes everything that only logs and journals hold into tables: for a quick start after a planned
    /// stop. Nothing depends on it.
    pub fn flush(&self) -> Result<(), StoreError> {
        let _writer = self.write()?;
        self.shelf.flush().map_err(StoreError::NotDone)
    }

    /// Where rows of a backup are put, in a directory that holds no store yet.
    pub fn rebuild(dir: &Path) -> Result<Rebuild, OpenError> {
        let shelf = FjallShelf::open(dir, 0)?;
        for table in Table::FIXED {
            let rows = shelf.scan(table, &[], &[0xff; 64], 2);
            let is_filled = |rows: Rows| rows.iter().any(|(key, _)| !keyspaces::is_counter(table, key));
            if rows.map_or(true, is_filled) || !shelf.envelope_days().is_empty() {
                return Err(OpenError::Filled(dir.to_path_buf()));
            }
        }
        Ok(Rebuild::over(Box::new(shelf)))
    }

    /// Puts every row that a damaged store in `dir` still holds into a new one in `into`, which must be free
    /// (`spec/storage.md § Repair`). Nothing is written into `dir`. `today` is for envelopes whose day is lost.
    ///
    /// # Errors
    ///
    /// When the disk does not give or take a file, and when what everything else hangs on is lost.
    pub fn salvage(dir: &Path, into: &Path, today: Day) -> Result<Salvaged, SalvageError> {
        opening::unused(dir)?;
        salvage::salvage(dir, today, Self::rebuild(into)?)
    }

    /// Bytes at the end of the journal of a commit that was never finished, and so never confirmed. Opening let
    /// go of them: what a kill or a power cut leaves.
    pub fn torn_at_start(&self) -> u64 {
        self.shelf.torn()
    }

    /// What became of the store as it was, if opening it changed its layout.
    pub fn upgraded(&self) -> Option<&Upgraded> {
        self.upgraded.as_ref()
    }

    /// How a deposit is kept safe, for the operator's log.
    pub fn durability(&self) -> &'static str {
        "every deposit is synced before it is confirmed"
    }
}

/// Caps the journals: what was acked leaves the disk soon.
const JOURNAL_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Caps the memtable that envelopes pass through. A smaller one writes more of what is acked soon.
const ENVELOPE_MEMTABLE_BYTES: u64 = 8 * 1024 * 1024;
/// Caps those of the small tables: a megabyte is ten thousand rows and more, and while it is let go of, deposits wait
/// (`bench/RESULTS.md`).
const ROW_MEMTABLE_BYTES: u64 = 1024 * 1024;
/// Block cache.
const CACHE_BYTES: u64 = 8 * 1024 * 1024;
/// From this on a value lives apart from its key and is not rewritten by compaction.
const APART_BYTES: u32 = 1_024;

/// The tables as fjall keyspaces.
pub struct FjallShelf {
    /// Empty once a reopening failed: then every call fails, as after a failed write.
    opened: RwLock<Option<Opened>>,
    dir: PathBuf,
    /// Device and number of the directory: it is the same one for as long as it is written to.
    place: (u64, u64),
    reserve_bytes: u64,
    /// Tables with rows removed or replaced since they were last written anew, and how many.
    pub(crate) touched: Mutex<BTreeMap<Table, u64>>,
    /// The table that is being copied, and what happened to it meanwhile.
    pub(crate) moving: Mutex<Option<Moving>>,
    /// Bytes of a commit that an earlier process did not finish.
    torn: u64,
}

/// An open database and its keyspaces. Nothing hands a keyspace out of the lock around it, so that whoever
/// holds that lock alone may close all.
pub(crate) struct Opened {
    pub(crate) database: Database,
    pub(crate) keyspaces: Keyspaces,
    pub(crate) tables: RwLock<BTreeMap<Table, Keyspace>>,
    /// Held by every snapshot that is about.
    frozen: Arc<()>,
}

impl Opened {
    pub(crate) fn open(dir: &Path) -> Result<Self, fjall::Error> {
        // fjall's worker inherits the priority of the thread that opens it: nobody waits for what it does.
        let opened = std::thread::scope(|scope| {
            let open = || {
                front::give_way();
                Self::open_here(dir)
            };
            scope.spawn(open).join()
        });
        opened.unwrap_or(Err(fjall::Error::Poisoned))
    }

    fn open_here(dir: &Path) -> Result<Self, fjall::Error> {
        let database = Database::builder(dir)
            .cache_size(CACHE_BYTES)
            .max_journaling_size(JOURNAL_BYTES_MAX)
            // Of several, the first spins over others' compactions while it waits for something to flush.
            .worker_threads(1)
            // Envelopes are sealed bytes: compressing them costs time and gains nothing.
            .journal_compression(CompressionType::None)
            .open()?;
        let keyspaces = Keyspaces::of(&database)?;
        let mut houses: Vec<House> =
            database.list_keyspace_names().iter().filter_map(|name| House::parse(name)).collect();
        houses.sort_unstable();
        let mut tables = BTreeMap::new();
        for house in houses {
            let keyspace = keyspaces.open(house)?;
            match tables.entry(house.table) {
                // A second house of a table is a copy that was not finished: the first still has all.
                Entry::Occupied(_) => keyspaces.delete(keyspace)?,
                Entry::Vacant(entry) => {
                    entry.insert(keyspace);
                }
            }
        }
        for table in Table::FIXED {
            if let Entry::Vacant(entry) = tables.entry(table) {
                entry.insert(keyspaces.open(House::first(table))?);
            }
        }
        Ok(Self { database, keyspaces, tables: RwLock::new(tables), frozen: Arc::default() })
    }

    pub(crate) fn keyspace(&self, table: Table) -> Option<Keyspace> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner).get(&table).cloned()
    }

    /// The keyspace to write to; the first envelope of a day makes the day's.
    fn made_keyspace(&self, table: Table) -> Result<Keyspace, Cause> {
        if let Some(keyspace) = self.keyspace(table) {
            return Ok(keyspace);
        }
        let keyspace = self.keyspaces.open(House::first(table)).map_err(|error| write_cause(&error))?;
        self.tables.write().unwrap_or_else(PoisonError::into_inner).insert(table, keyspace.clone());
        Ok(keyspace)
    }

    /// Every keyspace that stands.
    pub(crate) fn all(&self) -> Vec<Keyspace> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

impl FjallShelf {
    pub(crate) fn open(dir: &Path, reserve_bytes: u64) -> Result<Self, OpenError> {
        Self::open_ended(dir, reserve_bytes, None)
    }

    /// Likewise after a stop that says where the journal ended.
    pub(crate) fn open_ended(
        dir: &Path,
        reserve_bytes: u64,
        ended: Option<Ended>,
    ) -> Result<Self, OpenError> {
        make_private(dir).map_err(|source| OpenError::Io { path: dir.to_path_buf(), source })?;
        let io = |source| OpenError::Io { path: dir.to_path_buf(), source };
        let place = place_of(dir).map_err(io)?;
        let survey = opening::survey(dir)?;
        let missing = ended.and_then(|ended| ended.missing(dir, survey.journal, survey.batch));
        if let Some(journal) = missing {
            return Err(OpenError::Damaged(journal));
        }
        let opened = Opened::open(dir).map_err(|error| OpenError::of(dir, error))?;
        // What was removed before this start is not known: everything counts as touched.
        let tables: Vec<Table> =
            opened.tables.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect();
        let tables = tables.into_iter().filter(|table| *table != Table::Meta);
        let touched = tables.map(|table| (table, u64::from(u32::MAX))).collect();
        Ok(Self {
            opened: RwLock::new(Some(opened)),
            dir: dir.to_path_buf(),
            place,
            reserve_bytes,
            touched: Mutex::new(touched),
            moving: Mutex::new(None),
            torn: survey.torn,
        })
    }

    /// Does something with the open database.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&Opened) -> Result<T, Cause>) -> Result<T, Cause> {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        work(opened.as_ref().ok_or(Cause::Stopped)?)
    }

    /// Closes the database, does something to the closed files, and opens it again.
    pub(crate) fn reopened(&self, between: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), Cause> {
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        drop(opened.take());
        between(&self.dir).map_err(|_| Cause::Stopped)?;
        // All is in tables by now, and fjall is about to delete what their lists leave out.
        let lists = Survey::of_lists(&self.dir).map_err(|_| Cause::Stopped)?;
        if lists.damaged.is_some() {
            return Err(Cause::Stopped);
        }
        *opened = Some(Opened::open(&self.dir).map_err(|_| Cause::Stopped)?);
        Ok(())
    }

    /// Writes a last batch into the journal, and says where that ends, of a store whose front logs begin with this one.
    pub(crate) fn end(&self, log: u64) -> Result<Ended, Cause> {
        let journal = newest_journal(&self.dir).ok().flatten().ok_or(Cause::Read)?;
        let batch = self.with(|opened| opened.keyspaces.count_last().map_err(|_| Cause::Write))?;
        Ok(Ended { batch, journal, log })
    }

    /// Bytes of a commit that an earlier process did not finish.
    pub(crate) fn torn(&self) -> u64 {
        self.torn
    }

    /// Whether the directory is still the one that was opened.
    pub(crate) fn is_in_place(&self) -> bool {
        place_of(&self.dir).ok() == Some(self.place)
    }

    /// Notes what a batch removes or replaces, for [`Shelf::take_touched`].
    pub(crate) fn note_touched(&self, batch: &Batch) {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        // What the store keeps of itself is no secret, and forgetting writes there.
        for change in batch.0.iter().filter(|change| change.table != Table::Meta) {
            // What was only added is touched too: the table knows in which order.
            *touched.entry(change.table).or_default() += u64::from(change.value.is_none());
        }
    }

    /// Notes what happens to a table while it is copied.
    fn note_moving<'r>(&self, table: Table, rows: impl Iterator<Item = (&'r [u8], Option<&'r [u8]>)>) {
        let mut moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(moving) = moving.as_mut().filter(|moving| moving.table == table) {
            rows.for_each(|(key, value)| moving.note(key, value));
        }
    }

    /// Brings the rows of a sheet into tables, on stable storage when this returns. Where it breaks off some are there
    /// and some are not, and doing it again does no harm. [`Cause::DiskFull`] is a failed write as well.
    pub(crate) fn settle(&self, sheet: &Sheet) -> Result<(), Cause> {
        self.with(|opened| {
            let mut write = opened.database.batch().durability(Some(PersistMode::SyncAll));
            let mut is_few = false;
            for (table, count) in sheet.tables() {
                let has_values = sheet.rows(table).any(|(_, line)| line.is_some());
                let keyspace = match opened.keyspace(table) {
                    // Of a day that was dropped there is nothing to remove.
                    None if !has_values => continue,
                    _ => opened.made_keyspace(table)?,
                };
                self.note_moving(table, sheet.rows(table).map(|(key, line)| (key, line.as_deref())));
                if count >= MANY_ROWS || matches!(table, Table::Envelopes(_)) {
                    ingest(&keyspace, sheet, table)?;
                    continue;
                }
                is_few = true;
                for (key, line) in sheet.rows(table) {
                    match line {
                        Some(value) => write.insert(&keyspace, key, value.as_ref()),
                        None => write.remove(&keyspace, key),
                    }
                }
            }
            if is_few {
                write.commit().map_err(|error| write_cause(&error))?;
            }
            Ok(())
        })
    }
}

/// From this on rows of a sheet go straight into a table: the journal and the memtable would have them twice.
const MANY_ROWS: usize = 1_024;

/// Writes rows straight into a table of their own, synced.
fn ingest(keyspace: &Keyspace, sheet: &Sheet, table: Table) -> Result<(), Cause> {
    let mut ingestion = keyspace.start_ingestion().map_err(|error| write_cause(&error))?;
    for (key, line) in sheet.rows(table) {
        match line {
            Some(value) => ingestion.write(key, value.as_ref()),
            None => ingestion.write_tombstone(key),
        }
        .map_err(|error| write_cause(&error))?;
    }
    ingestion.finish().map_err(|error| write_cause(&error))
}

impl Shelf for FjallShelf {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, Cause> {
        self.with(|opened| {
            let Some(keyspace) = opened.keyspace(table) else { return Ok(None) };
            let value = keyspace.get(key).map_err(|error| read_cause(&error))?;
            Ok(value.map(Bytes::from))
        })
    }

    fn scan(&self, table: Table, from: &[u8], until: &[u8], max: usize) -> Result<Rows, Cause> {
        self.with(|opened| {
            let Some(keyspace) = opened.keyspace(table) else { return Ok(Vec::new()) };
            if from >= until {
                return Ok(Vec::new());
            }
            let mut rows = Vec::new();
            for guard in keyspace.range(from..until).take(max) {
                let (key, value) = guard.into_inner().map_err(|error| read_cause(&error))?;
                rows.push((key.to_vec(), Some(value.to_vec())));
            }
            Ok(rows)
        })
    }

    fn keys(&self, table: Table, each: &mut dyn FnMut(&[u8])) -> Result<(), Cause> {
        self.with(|opened| {
            let Some(keyspace) = opened.keyspace(table) else { return Ok(()) };
            for guard in keyspace.iter() {
                each(&guard.key().map_err(|error| read_cause(&error))?);
            }
            Ok(())
        })
    }

    fn commit(&self, batch: Batch, durability: Durability) -> Result<(), Cause> {
        let mode = match durability {
            Durability::Synced => PersistMode::SyncAll,
            Durability::Written => PersistMode::Buffer,
        };
        // Files of a directory that was moved or deleted take what is written, and nobody will ever find it.
        if durability == Durability::Synced && !self.is_in_place() {
            return Err(Cause::Write);
        }
        self.note_touched(&batch);
        for change in &batch.0 {
            let row = (change.key.as_slice(), change.value.as_deref());
            self.note_moving(change.table, std::iter::once(row));
        }
        self.with(|opened| {
            // One batch, one sync: fjall writes the journal, syncs it, and only then shows the rows.
            let mut write = opened.database.batch().durability(Some(mode));
            for change in batch.0 {
                match change.value {
                    Some(value) => {
                        let keyspace = opened.made_keyspace(change.table).map_err(|_| Cause::Write)?;
                        write.insert(&keyspace, change.key.as_slice(), value)
                    }
                    None => {
                        if let Some(keyspace) = opened.keyspace(change.table) {
                            write.remove(&keyspace, change.key.as_slice());
                        }
                    }
                }
            }
            write.commit().map_err(|_| Cause::Write)
        })
    }

    fn has_room(&self, bytes: u64) -> bool {
        // The journal takes it now and the tables soon: twice.
        self.has_spare(bytes.saturating_mul(2).saturating_add(self.reserve_bytes))
    }

    fn has_spare(&self, bytes: u64) -> bool {
        // When the system cannot say, the write itself will.
        let Ok(stat) = rustix::fs::statvfs(&self.dir) else { return true };
        stat.f_bavail.saturating_mul(stat.f_frsize) >= bytes
    }

    fn envelope_days(&self) -> Vec<Day> {
        let days = self.with(|opened| {
            let tables = opened.tables.read().unwrap_or_else(PoisonError::into_inner);
            let days = tables.keys().filter_map(|table| match table {
                Table::Envelopes(day) => Some(*day),
                _ => None,
            });
            Ok(days.collect())
        });
        days.unwrap_or_default()
    }

    fn drop_day(&self, day: Day) -> Result<(), Cause> {
        self.with(|opened| {
            let table = Table::Envelopes(day);
            let keyspace = opened.tables.write().unwrap_or_else(PoisonError::into_inner).remove(&table);
            let Some(keyspace) = keyspace else { return Ok(()) };
            opened.keyspaces.delete(keyspace).map_err(|_| Cause::Write)
        })
    }

    fn take_touched(&self) -> BTreeMap<Table, u64> {
        std::mem::take(&mut *self.touched.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn touch(&self, tables: BTreeMap<Table, u64>) {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        for (table, rows) in tables {
            let noted = touched.entry(table).or_default();
            *noted = noted.saturating_add(rows);
        }
    }

    fn touched_rows(&self) -> u64 {
        let touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        touched.values().fold(0, |sum, rows| sum.saturating_add((*rows).max(1)))
    }

    fn begin_move(&self, table: Table) {
        *self.moving.lock().unwrap_or_else(PoisonError::into_inner) = Some(Moving::of(table));
    }

    fn copy_moved(&self) -> Result<(), Cause> {
        self.copy_house()
    }

    fn end_move(&self) -> Result<bool, Cause> {
        self.change_house()
    }

    fn flush(&self) -> Result<(), Cause> {
        self.flush_all()
    }

    fn table_bytes(&self, table: Table) -> u64 {
        let bytes =
            self.with(|opened| Ok(opened.keyspace(table).map_or(0, |keyspace| keyspace.disk_space())));
        bytes.unwrap_or_default()
    }

    fn renew_journal(&self) -> Result<(), Cause> {
        self.flush_all()?;
        // Who reads a snapshot holds keyspaces, and the database cannot close beside him.
        if self.is_frozen() {
            return Err(Cause::Frozen);
        }
        self.reopened(crate::house::start_journal)
    }

    fn disk_bytes(&self) -> u64 {
        crate::house::allocated(&self.dir)
    }

    fn freeze(&self) -> Result<Box<dyn FrozenShelf>, Cause> {
        self.with(|opened| {
            let tables = opened.tables.read().unwrap_or_else(PoisonError::into_inner);
            // A keyspace held here keeps its files when the sweep drops its day.
            let keyspaces = tables.iter().map(|(table, keyspace)| (*table, keyspace.clone()));
            Ok(Box::new(Frozen {
                dir: self.dir.clone(),
                keyspaces: keyspaces.collect(),
                snapshot: opened.database.snapshot(),
                _seen: opened.frozen.clone(),
            }) as Box<dyn FrozenShelf>)
        })
    }

    fn is_frozen(&self) -> bool {
        self.with(|opened| Ok(Arc::strong_count(&opened.frozen) > 1)).unwrap_or(false)
    }
}

/// How a table lies on the disk.
pub(crate) fn options_of(table: Table) -> KeyspaceCreateOptions {
    match table {
        Table::Envelopes(_) => envelope_options(),
        _ => row_options(ROW_MEMTABLE_BYTES),
    }
}

fn row_options(memtable_bytes: u64) -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default().max_memtable_size(memtable_bytes)
}

fn envelope_options() -> KeyspaceCreateOptions {
    let apart =
        KvSeparationOptions::default().separation_threshold(APART_BYTES).compression(CompressionType::None);
    row_options(ENVELOPE_MEMTABLE_BYTES).with_kv_separation(Some(apart))
}

/// Damage is told from a disk that fails: the first costs a record, the second must never let one pass.
pub(crate) fn read_cause(error: &fjall::Error) -> Cause {
    match error {
        // What ends too early is damaged, or a length in it is: a disk that fails says something else.
        fjall::Error::Io(io) | fjall::Error::Storage(fjall::LsmError::Io(io))
            if io.kind() == io::ErrorKind::UnexpectedEof =>
        {
            Cause::Damaged
        }
        fjall::Error::Io(_) | fjall::Error::Storage(fjall::LsmError::Io(_)) => Cause::Read,
        fjall::Error::Poisoned => Cause::Stopped,
        _ => Cause::Damaged,
    }
}

/// Why a write failed: whoever starts a store can make room.
fn write_cause(error: &fjall::Error) -> Cause {
    match error {
        fjall::Error::Io(io) | fjall::Error::Storage(fjall::LsmError::Io(io))
            if matches!(io.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) =>
        {
            Cause::DiskFull
        }
        _ => Cause::Write,
    }
}

fn place_of(dir: &Path) -> io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let found = std::fs::metadata(dir)?;
    Ok((found.dev(), found.ino()))
}

/// The directory is the owner's alone (0700): whatever lies inside, nobody else reaches it.
fn make_private(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))
}
