//! The vault: one SQLite file, encrypted as a whole, that everything a client knows lives in (DESIGN § 10).

pub(crate) mod asked;
pub(crate) mod attempt;
pub(crate) mod backup;
pub(crate) mod clock;
pub(crate) mod contact;
pub(crate) mod edits;
pub(crate) mod file;
pub(crate) mod former;
pub(crate) mod given_up;
pub(crate) mod history;
pub(crate) mod inbox;
pub(crate) mod key;
pub(crate) mod ledger;
pub(crate) mod lock;
pub(crate) mod mailbox;
pub(crate) mod me;
pub(crate) mod migrate;
pub(crate) mod outbox;
pub(crate) mod pairing;
pub(crate) mod permissions;
pub(crate) mod record_update;
pub(crate) mod recovery;
pub(crate) mod rotation;
pub(crate) mod said;
pub(crate) mod stamp;

use std::{
    cell::Cell,
    fmt::Write as _,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crypto::Secret;
use rusqlite::{
    Connection, ErrorCode, Transaction, TransactionBehavior, ffi::SQLITE_IOERR_SHMSIZE, types::ValueRef,
};
use wire::UnixSeconds;
use zeroize::Zeroizing;

use crate::{ClientError, Profile, Protector, SharedWorld, Unlock, World, world::Dice};

/// What cannot be read where the first page does not open.
pub(crate) const WHOLE_FILE: &str = "the whole file, under this key";
/// What cannot be read where another does not.
const A_PAGE: &str = "a page of the file";
/// How SQLCipher says that every page so far checked out.
const WHOLE: ValueRef<'static> = ValueRef::Text(b"1");
/// How long one process waits for another's transaction.
const BUSY_WAIT: Duration = Duration::from_secs(20);
/// What taking one envelope in needs, and what handing it out does, fit into it.
const STATEMENTS_KEPT: usize = 128;

/// An open vault.
pub(crate) struct Vault {
    db: Connection,
    profile: Profile,
    world: SharedWorld,
    /// Whether its pages are encrypted and authenticated: all but those of tests.
    keyed: bool,
    /// Whether what earlier processes committed is known to be in the file.
    settled: Cell<bool>,
}

/// One transaction on the vault, and the world in which it happens.
pub(crate) struct Tx<'a> {
    db: Transaction<'a>,
    world: &'a dyn World,
    keyed: bool,
}

impl Tx<'_> {
    /// The time of day.
    pub(crate) fn now(&self) -> UnixSeconds {
        self.world.now()
    }

    /// Randomness for the pure crates.
    pub(crate) fn rng(&self) -> Dice<'_> {
        Dice(self.world)
    }

    /// An envelope is about to be opened.
    pub(crate) fn opening(&self, envelope: &wire::Envelope) {
        self.world.opening(envelope);
    }

    /// A random number.
    pub(crate) fn number(&self) -> u64 {
        u64::from_be_bytes(self.rng().bytes())
    }

    /// What `work` comes to, unless it read a page that does not check out. SQLCipher gives that as zeros, and every
    /// page after it: SQLite notices where it looks for a structure, and not in the middle of a long value
    /// (`spec/vault.md § Disks that fail`).
    fn with_whole_pages<T>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let value = work(self);
        // Answered where the sentence is understood: it must not be kept.
        let whole = !self.keyed
            || self.db.query_row("PRAGMA cipher_status", [], |row| Ok(row.get_ref(0)? == WHOLE))?;
        if whole { value } else { Err(ClientError::VaultDamaged { what: A_PAGE }) }
    }
}

impl<'a> std::ops::Deref for Tx<'a> {
    type Target = Transaction<'a>;

    fn deref(&self) -> &Transaction<'a> {
        &self.db
    }
}

/// In place of the library's, which understand the same sentence anew each time. One statement each: what follows a
/// semicolon would not run (`execute_batch` is for that).
impl Tx<'_> {
    pub(crate) fn execute(&self, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<usize> {
        self.db.prepare_cached(sql)?.execute(values)
    }

    pub(crate) fn query_row<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.db.prepare_cached(sql)?.query_row(values, read)
    }
}

impl Vault {
    /// Makes the folder, the key and an empty vault.
    pub(crate) fn create(
        profile: &Profile,
        protect: &Protector,
        world: &SharedWorld,
    ) -> Result<Vault, ClientError> {
        permissions::make_dir(profile.dir())?;
        let key = key::create(profile, protect, &**world)?;
        permissions::make_file(&profile.vault_path())?;
        Self::open_with(profile, &key, world)
    }

    /// Opens an existing vault.
    pub(crate) fn open(
        profile: &Profile,
        unlock: &Unlock,
        world: &SharedWorld,
    ) -> Result<Vault, ClientError> {
        if !profile.exists() {
            return Err(ClientError::NoIdentity { dir: profile.dir().to_path_buf() });
        }
        permissions::check(profile)?;
        let key = key::unlock(profile, unlock)?;
        permissions::make_file(&profile.vault_path())?;
        Self::open_with(profile, &key, world)
    }

    fn open_with(profile: &Profile, key: &key::RawKey, world: &SharedWorld) -> Result<Vault, ClientError> {
        let alone = keying();
        let db = Connection::open(profile.vault_path())?;
        db.busy_timeout(BUSY_WAIT)?;
        db.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        // First of all, or SQLCipher prints its complaint about a wrong key to stderr.
        db.execute_batch("PRAGMA cipher_log_level = NONE;")?;
        db.execute_batch(&key_pragma(&key_literal(key, &[])))?;
        db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(wrong_key)?;
        db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
             PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;",
        )?;
        drop(alone);
        let vault = Vault::over(db, profile, world);
        former::keep(&vault, key)?;
        migrate::migrate(&vault)?;
        Ok(vault)
    }

    /// Over a database that is open and keyed.
    fn over(db: Connection, profile: &Profile, world: &SharedWorld) -> Vault {
        Vault { db, profile: profile.clone(), world: world.clone(), keyed: true, settled: Cell::new(false) }
    }

    /// A vault in memory, empty and without a key.
    #[cfg(test)]
    pub(crate) fn in_memory(profile: &Profile) -> Vault {
        let _alone = keying();
        let db = Connection::open_in_memory().expect("a database in memory opens");
        Vault { keyed: false, ..Vault::over(db, profile, &SharedWorld::default()) }
    }

    /// Where this vault lives.
    pub(crate) fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Runs one transaction under the write lock; an error undoes it.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        if !self.settled.get() {
            self.settle()?;
        }
        let tx = self.begin(TransactionBehavior::Immediate)?;
        let value = tx.with_whole_pages(work)?;
        tx.db.commit()?;
        self.world.committed();
        Ok(value)
    }

    /// [`Vault::write`] for a transaction that erases a secret: the old bytes are not left in the WAL.
    pub(crate) fn erase<T>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let value = self.write(work)?;
        self.truncate_wal();
        Ok(value)
    }

    /// Runs one read of a consistent state.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        self.begin(TransactionBehavior::Deferred)?.with_whole_pages(work)
    }

    /// Brings what was committed from the log to the file, where each page is authenticated, as far as no reader holds
    /// that up. What a process that died, or whose sync failed, left in the log may never have reached the device:
    /// this writes it once more, and syncs it.
    pub(crate) fn settle(&self) -> Result<(), ClientError> {
        self.db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        self.settled.set(true);
        Ok(())
    }

    /// Changes when another connection commits.
    pub(crate) fn changes(&self) -> Result<u64, ClientError> {
        Ok(uint(self.db.query_row("PRAGMA data_version", [], |row| row.get(0))?))
    }

    fn begin(&self, behavior: TransactionBehavior) -> Result<Tx<'_>, ClientError> {
        let db = Transaction::new_unchecked(&self.db, behavior)?;
        Ok(Tx { db, world: &*self.world, keyed: self.keyed })
    }

    /// Another process that reads can hold this up; then the next erasing transaction does it.
    fn truncate_wal(&self) {
        let busy = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        for _ in 0..20 {
            match self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], busy) {
                Ok(0) => return,
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

/// SQLite says that it has started before SQLCipher has (`SQLITE_EXTRA_INIT` runs last, outside SQLite's lock): a second
/// thread that opens and keys a database at that moment is told that there is no key. So databases are opened and keyed
/// one after the other.
pub(super) fn keying() -> MutexGuard<'static, ()> {
    static KEYING: Mutex<()> = Mutex::new(());
    KEYING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key_pragma(literal: &str) -> Zeroizing<String> {
    let mut sql = Zeroizing::new(String::with_capacity(128));
    sql.extend(["PRAGMA key = ", literal, ";"]);
    sql
}

/// `"x'KEY SALT'"`, as SQLCipher takes a raw key with its salt; without one, the file has it.
fn key_literal(key: &Secret<32>, salt: &[u8]) -> Zeroizing<String> {
    // All of it, so that no part is left behind where it grew.
    let mut text = Zeroizing::new(String::with_capacity(112));
    text.push_str("\"x'");
    for byte in key.expose().iter().chain(salt) {
        let _ = write!(text, "{byte:02x}");
    }
    text.push_str("'\"");
    text
}

fn wrong_key(error: rusqlite::Error) -> ClientError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => ClientError::VaultDamaged { what: WHOLE_FILE },
        _ => error.into(),
    }
}

impl From<rusqlite::Error> for ClientError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => ClientError::VaultBusy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                ClientError::VaultDamaged { what: A_PAGE }
            }
            Some(ErrorCode::DiskFull) => ClientError::VaultFull,
            // The index of the log has no room.
            _ if error.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_IOERR_SHMSIZE) => {
                ClientError::VaultFull
            }
            _ => ClientError::Vault { reason: error.to_string() },
        }
    }
}

/// Sets one column of one row. The names are always literals of this crate.
pub(crate) fn set_column(
    tx: &Tx<'_>,
    table: &'static str,
    id: i64,
    column: &'static str,
    value: impl rusqlite::ToSql,
) -> Result<(), ClientError> {
    let sql = format!("UPDATE {table} SET {column} = ?2 WHERE id = ?1");
    tx.execute(&sql, rusqlite::params![id, value])?;
    Ok(())
}

/// A wire value out of a column.
pub(crate) fn decode<T: wire::Wire>(bytes: &[u8], what: &'static str) -> Result<T, ClientError> {
    T::from_bytes(bytes).map_err(|_| ClientError::VaultDamaged { what })
}

/// SQLite's integers are signed.
pub(crate) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// And back.
pub(crate) fn uint(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests;
