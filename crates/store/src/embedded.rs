//! The default engine: the rules over fjall, one directory (`docs/decisions/0001-fjall.md`).

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use fjall::{
    CompressionType, Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, PersistMode, Readable,
    Snapshot,
};
use wire::Day;

use crate::engine::{Engine, RaiseError, SCHEMA};
use crate::shelf::{Batch, Durability, EachRow, FrozenShelf, Rows, Shelf, Table};
use crate::{Cause, Options, Rebuild, StoreError};

/// A store in a directory. One process at a time.
pub type EmbeddedStore = Engine<FjallShelf>;

/// Why a directory could not be opened as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has it.
    #[error("the store in {0} is in use by another process: stop that one first")]
    Locked(PathBuf),
    /// Written by a later version.
    #[error("the store has layout {found}, this program knows up to {known}: use the newer program")]
    Newer {
        /// The layout found.
        found: u32,
        /// The highest layout known.
        known: u32,
    },
    /// What everything else hangs on cannot be read.
    #[error("the store in {0} is damaged: restore a backup")]
    Corrupt(PathBuf),
    /// A backup does not go over what is there.
    #[error("there is a store in {0} already")]
    Filled(PathBuf),
    /// The system said no.
    #[error("the store in {path} cannot be opened")]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl EmbeddedStore {
    /// Opens the store of a directory, making it (0700) when it is not there.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        Self::open_with(dir, Options::default())
    }

    /// Likewise with other limits.
    pub fn open_with(dir: &Path, options: Options) -> Result<Self, OpenError> {
        let shelf = FjallShelf::open(dir, options.reserve_bytes)?;
        Self::raise(shelf, options).map_err(|error| match error {
            RaiseError::Newer(found) => OpenError::Newer { found, known: SCHEMA },
            RaiseError::Failed(Cause::Damaged) => OpenError::Corrupt(dir.to_path_buf()),
            RaiseError::Failed(cause) => {
                OpenError::Io { path: dir.to_path_buf(), source: io::Error::other(cause) }
            }
        })
    }

    /// Writes everything that only the journal holds into its tables: for a quick start after a planned
    /// stop. Nothing depends on it.
    pub fn flush(&self) -> Result<(), StoreError> {
        let _writer = self.write()?;
        self.shelf.flush().map_err(StoreError::NotDone)
    }

    /// Where rows of a backup are put, in a directory that holds no store yet.
    pub fn rebuild(dir: &Path) -> Result<Rebuild, OpenError> {
        let shelf = FjallShelf::open(dir, 0)?;
        for table in Table::FIXED {
            let rows = shelf.scan(table, &[], &[0xff; 64], 1);
            if rows.map_or(true, |rows| !rows.is_empty()) || !shelf.envelope_days().is_empty() {
                return Err(OpenError::Filled(dir.to_path_buf()));
            }
        }
        Ok(Rebuild::over(Box::new(shelf)))
    }

    /// How a deposit is kept safe, for the operator's log.
    pub fn durability(&self) -> &'static str {
        "every deposit is synced before it is confirmed"
    }
}

/// Caps the journals: what was acked leaves the disk soon.
const JOURNAL_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Caps the memtable that envelopes pass through, and that of the small tables.
const ENVELOPE_MEMTABLE_BYTES: u64 = 32 * 1024 * 1024;
const ROW_MEMTABLE_BYTES: u64 = 8 * 1024 * 1024;
/// Block cache.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;
/// From this on a value lives apart from its key and is not rewritten by compaction.
const APART_BYTES: u32 = 1_024;

/// The tables as fjall keyspaces.
pub struct FjallShelf {
    database: Database,
    fixed: BTreeMap<Table, Keyspace>,
    days: RwLock<BTreeMap<Day, Keyspace>>,
    dir: PathBuf,
    reserve_bytes: u64,
}

impl FjallShelf {
    fn open(dir: &Path, reserve_bytes: u64) -> Result<Self, OpenError> {
        make_private(dir).map_err(|source| OpenError::Io { path: dir.to_path_buf(), source })?;
        let why = |error| open_error(dir, error);
        let database = Database::builder(dir)
            .cache_size(CACHE_BYTES)
            .max_journaling_size(JOURNAL_BYTES_MAX)
            // Of several, the first spins over others' compactions while it waits for something to flush.
            .worker_threads(1)
            // Envelopes are sealed bytes: compressing them costs time and gains nothing.
            .journal_compression(CompressionType::None)
            .open()
            .map_err(why)?;
        let mut fixed = BTreeMap::new();
        for table in Table::FIXED {
            let keyspace =
                database.keyspace(&name_of(table), || row_options(ROW_MEMTABLE_BYTES)).map_err(why)?;
            fixed.insert(table, keyspace);
        }
        let mut days = BTreeMap::new();
        for day in database.list_keyspace_names().iter().filter_map(|name| day_of(name)) {
            let keyspace =
                database.keyspace(&name_of(Table::Envelopes(day)), envelope_options).map_err(why)?;
            days.insert(day, keyspace);
        }
        let days = RwLock::new(days);
        Ok(Self { database, fixed, days, dir: dir.to_path_buf(), reserve_bytes })
    }

    fn flush(&self) -> Result<(), Cause> {
        let days = self.days.read().unwrap_or_else(PoisonError::into_inner);
        for keyspace in self.fixed.values().chain(days.values()) {
            keyspace.rotate_memtable_and_wait().map_err(|_| Cause::Write)?;
        }
        Ok(())
    }

    fn keyspace(&self, table: Table) -> Option<Keyspace> {
        match table {
            Table::Envelopes(day) => {
                self.days.read().unwrap_or_else(PoisonError::into_inner).get(&day).cloned()
            }
            fixed => self.fixed.get(&fixed).cloned(),
        }
    }

    /// The keyspace to write to; the first envelope of a day makes the day's.
    fn made_keyspace(&self, table: Table) -> Result<Keyspace, Cause> {
        if let Some(keyspace) = self.keyspace(table) {
            return Ok(keyspace);
        }
        let keyspace = self.database.keyspace(&name_of(table), envelope_options).map_err(|_| Cause::Write)?;
        if let Table::Envelopes(day) = table {
            self.days.write().unwrap_or_else(PoisonError::into_inner).insert(day, keyspace.clone());
        }
        Ok(keyspace)
    }
}

impl Shelf for FjallShelf {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, Cause> {
        let Some(keyspace) = self.keyspace(table) else { return Ok(None) };
        let value = keyspace.get(key).map_err(|error| read_cause(&error))?;
        Ok(value.map(Bytes::from))
    }

    fn scan(&self, table: Table, from: &[u8], until: &[u8], max: usize) -> Result<Rows, Cause> {
        let Some(keyspace) = self.keyspace(table) else { return Ok(Vec::new()) };
        if from >= until {
            return Ok(Vec::new());
        }
        let mut rows = Vec::new();
        for guard in keyspace.range(from..until).take(max) {
            let (key, value) = guard.into_inner().map_err(|error| read_cause(&error))?;
            rows.push((key.to_vec(), Some(value.to_vec())));
        }
        Ok(rows)
    }

    fn keys(&self, table: Table, each: &mut dyn FnMut(&[u8])) -> Result<(), Cause> {
        let Some(keyspace) = self.keyspace(table) else { return Ok(()) };
        for guard in keyspace.iter() {
            each(&guard.key().map_err(|error| read_cause(&error))?);
        }
        Ok(())
    }

    fn commit(&self, batch: Batch, durability: Durability) -> Result<(), Cause> {
        let mode = match durability {
            Durability::Synced => PersistMode::SyncAll,
            Durability::Written => PersistMode::Buffer,
        };
        // One batch, one sync: fjall writes the journal, syncs it, and only then shows the rows.
        let mut write = self.database.batch().durability(Some(mode));
        for change in batch.0 {
            match change.value {
                Some(value) => write.insert(&self.made_keyspace(change.table)?, change.key, value),
                None => {
                    if let Some(keyspace) = self.keyspace(change.table) {
                        write.remove(&keyspace, change.key);
                    }
                }
            }
        }
        write.commit().map_err(|_| Cause::Write)
    }

    fn has_room(&self, bytes: u64) -> bool {
        // When the system cannot say, the write itself will.
        let Ok(stat) = rustix::fs::statvfs(&self.dir) else { return true };
        // The journal takes it now and the tables soon: twice.
        let wanted = bytes.saturating_mul(2).saturating_add(self.reserve_bytes);
        stat.f_bavail.saturating_mul(stat.f_frsize) >= wanted
    }

    fn envelope_days(&self) -> Vec<Day> {
        self.days.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    fn drop_day(&self, day: Day) -> Result<(), Cause> {
        let keyspace = self.days.write().unwrap_or_else(PoisonError::into_inner).remove(&day);
        let Some(keyspace) = keyspace else { return Ok(()) };
        self.database.delete_keyspace(keyspace).map_err(|_| Cause::Write)
    }

    fn freeze(&self) -> Box<dyn FrozenShelf> {
        let days = self.days.read().unwrap_or_else(PoisonError::into_inner);
        // A keyspace held here keeps its files when the sweep drops its day.
        let fixed = self.fixed.iter().map(|(table, keyspace)| (*table, keyspace.clone()));
        let days = days.iter().map(|(day, keyspace)| (Table::Envelopes(*day), keyspace.clone()));
        Box::new(Frozen { keyspaces: fixed.chain(days).collect(), snapshot: self.database.snapshot() })
    }
}

/// A snapshot of fjall over all keyspaces: it keeps what is let go of meanwhile, so it must not live long.
struct Frozen {
    keyspaces: Vec<(Table, Keyspace)>,
    snapshot: Snapshot,
}

impl FrozenShelf for Frozen {
    fn rows(&self, each: &mut EachRow<'_>) -> Result<(), Cause> {
        for (table, keyspace) in &self.keyspaces {
            for guard in self.snapshot.iter(keyspace) {
                let read = match guard.into_inner() {
                    Ok((key, value)) => each(*table, &key, Some(&value)),
                    Err(error) if read_cause(&error) == Cause::Damaged => each(*table, &[], None),
                    Err(error) => return Err(read_cause(&error)),
                };
                if read.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

fn name_of(table: Table) -> String {
    match table {
        Table::Envelopes(day) => format!("envelopes-{}", day.0),
        Table::Meta => "meta".to_owned(),
        Table::Mailboxes => "mailboxes".to_owned(),
        Table::Doorsteps => "doorsteps".to_owned(),
        Table::Spent => "spent".to_owned(),
        Table::Retries => "retries".to_owned(),
        Table::Names => "names".to_owned(),
        Table::Records => "records".to_owned(),
        Table::Bundles => "bundles".to_owned(),
        Table::Vouchers => "vouchers".to_owned(),
        Table::Invites => "invites".to_owned(),
        Table::Log => "log".to_owned(),
    }
}

fn day_of(name: &str) -> Option<Day> {
    name.strip_prefix("envelopes-")?.parse().ok().map(Day)
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
fn read_cause(error: &fjall::Error) -> Cause {
    match error {
        fjall::Error::Io(_) | fjall::Error::Storage(fjall::LsmError::Io(_)) => Cause::Read,
        fjall::Error::Poisoned => Cause::Stopped,
        _ => Cause::Damaged,
    }
}

fn open_error(dir: &Path, error: fjall::Error) -> OpenError {
    let path = dir.to_path_buf();
    match error {
        fjall::Error::Locked => OpenError::Locked(path),
        fjall::Error::Io(source) | fjall::Error::Storage(fjall::LsmError::Io(source)) => {
            OpenError::Io { path, source }
        }
        _ => OpenError::Corrupt(path),
    }
}

/// The directory is the owner's alone (0700): whatever lies inside, nobody else reaches it.
fn make_private(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))
}
