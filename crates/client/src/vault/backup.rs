//! A backup: one SQLCipher file of its own passphrase, with everything that must outlive this device and no
//! secret of a ratchet (`spec/vault.md § Backup`).
//!
//! Its first 16 bytes are the salt, of SQLCipher and of Argon2id at once; the rest is encrypted and authenticated
//! page by page. It has the tables of a vault, so that later versions bring it forward as they bring a vault.

use std::{
    fs::{self, File, OpenOptions},
    io::Read,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use crypto::Secret;
use e2ee::{Account, Conversation};
use rusqlite::{Connection, OpenFlags};
use zeroize::Zeroizing;

use super::{
    Tx, Vault, contact, key_literal, key_pragma, keying, me, migrate,
    permissions::{file_error, sync_dir},
};
use crate::{ClientError, Passphrase, SharedWorld, world::Dice};

const SALT_BYTES: usize = 16;

/// What is copied, in an order that foreign keys allow: table, and what replaces some columns.
///
/// Left out: stamps of others and what does not open (a restored client gets new ones and asks again), hashes of
/// envelopes (message ids tell repeats), notices.
const TABLES: [(&str, &[(&str, &str)]); 17] = [
    (
        "me",
        &[
            ("account", "x''"),
            // Whoever steals it must not have the last word about the name.
            ("recovery_entropy", "NULL"),
            ("bundle", "NULL"),
            ("bundle_published", "0"),
            ("swept_day", "0"),
            // Its log is replayed from nothing.
            ("leaf_seen", "0"),
            ("copy", "1"),
        ],
    ),
    ("voucher", &[]),
    ("mailbox", &[("through", "NULL"), ("expired", "0")]),
    (
        "contact",
        &[
            ("conversation", "x''"),
            ("anew_due", "NULL"),
            ("ask_due", "NULL"),
            ("refill_due", "NULL"),
            // Whoever is restored begins anew under the present key.
            ("tell_due", "NULL"),
            ("replay_due", "NULL"),
        ],
    ),
    ("asked", &[]),
    ("handed", &[]),
    (
        "outbox",
        &[("state", "iif(state = 1, 0, state)"), ("auth", "NULL"), ("envelope", "NULL"), ("sid", "NULL")],
    ),
    ("message", &[]),
    ("file", &[]),
    ("part", &[]),
    ("stream", &[]),
    ("key_change", &[]),
    ("begun_anew", &[]),
    ("former", &[]),
    ("rotation", &[]),
    ("given_up", &[]),
    ("history", &[]),
];

/// What stands in a backup.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Counts {
    pub(crate) contacts: u32,
    pub(crate) messages: u32,
}

/// Writes a backup beside `path`, opens it again to check it, and only then gives it its name.
pub(crate) fn write(vault: &Vault, path: &Path, passphrase: &Passphrase) -> Result<Counts, ClientError> {
    if path.exists() {
        return Err(ClientError::FileExists { path: path.to_path_buf() });
    }
    let part = part_of(path);
    let salt: [u8; SALT_BYTES] = Dice(&*vault.world).bytes();
    let key = crypto::passphrase_key(passphrase.as_bytes(), &salt);
    // Locked until it has its name: closing the file gives up every lock that SQLite has on it.
    let _writing = begin(&part)?;
    let written = fill(vault, &part, &key, &salt).and_then(|()| verify(vault, &part, &key, &salt));
    let finished = written.and_then(|counts| {
        fs::rename(&part, path).map_err(|error| file_error(path, &error))?;
        sync_dir(path)?;
        Ok(counts)
    });
    if finished.is_err() {
        let _ = fs::remove_file(&part);
    }
    finished
}

/// A new file, locked. One that a backup left that was killed goes: nobody has that locked.
fn begin(part: &Path) -> Result<File, ClientError> {
    if File::open(part).is_ok_and(|left| left.try_lock().is_ok()) {
        fs::remove_file(part).map_err(|error| file_error(part, &error))?;
    }
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(part);
    let made = made.map_err(|error| file_error(part, &error))?;
    made.lock().map_err(|error| file_error(part, &error))?;
    Ok(made)
}

/// A backup that was opened by its passphrase and found whole.
pub(crate) struct Opened {
    path: PathBuf,
    key: Secret<32>,
    salt: [u8; SALT_BYTES],
    /// What is in it.
    pub(crate) counts: Counts,
}

/// Opens a backup for reading and checks all of it.
pub(crate) fn open_whole(
    path: &Path,
    passphrase: &Passphrase,
    world: &SharedWorld,
) -> Result<Opened, ClientError> {
    let salt = salt_of(path)?;
    let key = crypto::passphrase_key(passphrase.as_bytes(), &salt);
    let backup = open(path, &key, &salt, OpenFlags::SQLITE_OPEN_READ_ONLY, world)?;
    check(&backup, path)?;
    let counts = backup.read(|tx| count(tx, "main"))?;
    Ok(Opened { path: path.to_path_buf(), key, salt, counts })
}

/// Copies a backup into a new, empty vault, which is not renewed yet.
pub(crate) fn read_into(vault: &Vault, backup: &Opened) -> Result<Counts, ClientError> {
    // A copy is brought forward to this version; the backup itself is never written to.
    let copy = vault.profile().dir().join("restoring.db");
    let copied =
        copy_private(&backup.path, &copy).and_then(|()| take_in(vault, &copy, &backup.key, &backup.salt));
    let _ = fs::remove_file(&copy);
    copied
}

fn take_in(
    vault: &Vault,
    copy: &Path,
    key: &Secret<32>,
    salt: &[u8; SALT_BYTES],
) -> Result<Counts, ClientError> {
    let backup = open(copy, key, salt, OpenFlags::SQLITE_OPEN_READ_WRITE, &vault.world)?;
    migrate::migrate(&backup)?;
    drop(backup);
    vault.attached(copy, &key_literal(key, salt), |tx| {
        copy_tables(tx, "backup", "main")?;
        let today = client_core::schedule::day_of(tx.now());
        me::set_account(tx, &Account::generate(&mut tx.rng(), today))?;
        count(tx, "main")
    })
}

fn fill(vault: &Vault, part: &Path, key: &Secret<32>, salt: &[u8; SALT_BYTES]) -> Result<(), ClientError> {
    let empty = open(part, key, salt, OpenFlags::SQLITE_OPEN_READ_WRITE, &vault.world)?;
    migrate::migrate(&empty)?;
    drop(empty);
    vault.attached(part, &key_literal(key, salt), |tx| {
        copy_tables(tx, "main", "backup")?;
        for id in contact::ids(tx)? {
            let bare: Conversation = contact::conversation(tx, id)?.without_secrets();
            let sql = "UPDATE backup.contact SET conversation = ?2 WHERE id = ?1";
            tx.execute(sql, (id, bare.snapshot().as_slice()))?;
        }
        Ok(())
    })
}

/// Opened once more with the passphrase's key: every page is whole, and it holds what the vault holds.
fn verify(
    vault: &Vault,
    part: &Path,
    key: &Secret<32>,
    salt: &[u8; SALT_BYTES],
) -> Result<Counts, ClientError> {
    let backup = open(part, key, salt, OpenFlags::SQLITE_OPEN_READ_ONLY, &vault.world)?;
    check(&backup, part)?;
    let (written, here) = (backup.read(|tx| count(tx, "main"))?, vault.read(|tx| count(tx, "main"))?);
    // Messages that came meanwhile are not in it; nothing else may differ.
    match written.contacts <= here.contacts && written.messages <= here.messages {
        true => Ok(written),
        false => Err(ClientError::BackupDamaged { path: part.to_path_buf() }),
    }
}

/// Every page's authentication code holds, and so do SQLite's structures.
fn check(backup: &Vault, path: &Path) -> Result<(), ClientError> {
    let faults: Option<String> = backup.read(|tx| {
        let mut rows = tx.prepare("PRAGMA cipher_integrity_check")?;
        Ok(rows.query_map([], |row| row.get(0))?.next().transpose()?)
    })?;
    let whole: String = backup.read(|tx| Ok(tx.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?))?;
    let sound = faults.is_none() && whole == "ok" && backup.read(me::me)?.is_some();
    if sound { Ok(()) } else { Err(ClientError::BackupDamaged { path: path.to_path_buf() }) }
}

fn copy_tables(tx: &Tx<'_>, from: &str, to: &str) -> Result<(), ClientError> {
    for (table, replaced) in TABLES {
        // Triggers have written a history of their own by then.
        tx.execute_batch(&format!("DELETE FROM {to}.{table}"))?;
        let columns = columns_of(tx, from, table)?;
        let value = |column: &String| {
            let other = replaced.iter().find(|(name, _)| *name == column.as_str());
            other.filter(|_| to == "backup").map_or_else(|| column.clone(), |(_, value)| (*value).to_owned())
        };
        let values: Vec<String> = columns.iter().map(value).collect();
        let (columns, values) = (columns.join(", "), values.join(", "));
        tx.execute(&format!("INSERT INTO {to}.{table} ({columns}) SELECT {values} FROM {from}.{table}"), [])?;
    }
    Ok(())
}

fn columns_of(tx: &Tx<'_>, schema: &str, table: &str) -> Result<Vec<String>, ClientError> {
    let mut rows = tx.prepare(&format!("PRAGMA {schema}.table_info({table})"))?;
    Ok(rows.query_map([], |row| row.get(1))?.collect::<Result<_, _>>()?)
}

fn count(tx: &Tx<'_>, schema: &str) -> Result<Counts, ClientError> {
    let of = |sql: &str| tx.query_row(sql, [], |row| row.get::<_, u32>(0));
    Ok(Counts {
        contacts: of(&format!("SELECT count(*) FROM {schema}.contact WHERE standing = 0"))?,
        messages: of(&format!(
            "SELECT (SELECT count(*) FROM {schema}.message WHERE shown = 1)
             + (SELECT count(*) FROM {schema}.outbox WHERE {})",
            super::outbox::OF_A_PERSON
        ))?,
    })
}

fn open(
    path: &Path,
    key: &Secret<32>,
    salt: &[u8; SALT_BYTES],
    flags: OpenFlags,
    world: &SharedWorld,
) -> Result<Vault, ClientError> {
    let _alone = keying();
    let db = Connection::open_with_flags(path, flags)?;
    db.execute_batch("PRAGMA cipher_log_level = NONE;")?;
    db.execute_batch(&key_pragma(&key_literal(key, salt)))?;
    let wrong = |_| ClientError::WrongBackupPassphrase { path: path.to_path_buf() };
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(wrong)?;
    db.execute_batch("PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;")?;
    let profile = crate::Profile::at(path.parent().unwrap_or(Path::new(".")));
    Ok(Vault::over(db, &profile, world))
}

impl Vault {
    /// Runs one transaction over this vault and another file under its own key, which is called `backup` in it.
    pub(super) fn attached<T>(
        &self,
        path: &Path,
        key: &str,
        work: impl FnOnce(&Tx<'_>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let name = path.to_str().ok_or_else(|| ClientError::File {
            path: path.to_path_buf(),
            reason: "its name is not UTF-8".into(),
            is_missing: false,
        })?;
        let sql = Zeroizing::new(format!("ATTACH DATABASE ?1 AS backup KEY {key}"));
        {
            let _alone = keying();
            self.db.execute(&sql, [name])?;
        }
        let done = self.write(work);
        self.db.execute_batch("DETACH DATABASE backup")?;
        done
    }
}

fn salt_of(path: &Path) -> Result<[u8; SALT_BYTES], ClientError> {
    let mut salt = [0; SALT_BYTES];
    let mut file = File::open(path).map_err(|error| file_error(path, &error))?;
    file.read_exact(&mut salt).map_err(|_| ClientError::BackupDamaged { path: path.to_path_buf() })?;
    Ok(salt)
}

fn copy_private(from: &Path, to: &Path) -> Result<(), ClientError> {
    let _ = fs::remove_file(to);
    let mut source = File::open(from).map_err(|error| file_error(from, &error))?;
    let target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    let mut target = target.map_err(|error| file_error(to, &error))?;
    std::io::copy(&mut source, &mut target).map_err(|error| file_error(to, &error))?;
    Ok(())
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    // A name that nobody else gives a file.
    name.push(".oub-part");
    path.with_file_name(name)
}
