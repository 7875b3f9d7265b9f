//! The store that an upgrade changed, as it was: beside it for some days, for whoever wants to go back
//! (`spec/storage.md § Versions`).
//!
//! Tables and values are never written to again once they are there, so that the copy has the same files by a second
//! name: it takes a moment and next to no room. What it holds is held until the copy goes, also what was let go of since.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use wire::UnixSeconds;
use wire::limits::FORMER_DAYS;

use crate::begin;
use crate::codec::seal_of_layout;
use crate::embedded::FjallShelf;
use crate::ledger::WENT_BACK_KEY;
use crate::opening::paths_in;
use crate::shelf::{Batch, Change, Durability, Key, Shelf, Table};

/// Stands between the name of a store and the layout of a former one.
const LAYOUT: &str = ".layout-";
/// Behind the name of one that is being made.
const ASIDE: &str = ".new";
/// Of no former store when it is in place: all that stood there was brought into tables.
const FRONT: &str = "front";
/// What fjall never writes to again.
const STEADY: [&str; 2] = ["tables", "blobs"];
/// A store of fjall is no deeper.
const DEPTH_MAX: usize = 8;
const DAY_S: u64 = 86_400;

/// A store as it was before an upgrade.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Former {
    /// Its folder, beside the store's.
    pub path: PathBuf,
    /// Its layout, which the programs of before know.
    pub layout: u32,
    /// When it was made.
    pub made: UnixSeconds,
}

/// What became of the store of an older layout that was opened.
#[derive(Debug)]
pub enum Upgraded {
    /// It stands beside.
    Kept(Former),
    /// It could not be kept, and is of this program's layout now.
    NotKept {
        /// What it was of.
        layout: u32,
        /// What the disk said.
        error: io::Error,
    },
}

impl Former {
    /// The former stores beside the one in `dir`, the newest layout last.
    ///
    /// # Errors
    ///
    /// When the folder around it cannot be read.
    pub fn beside(dir: &Path) -> io::Result<Vec<Self>> {
        let mut found = Vec::new();
        for path in paths_in(around(dir))? {
            let Some(layout) = layout_in(dir, &path) else { continue };
            let made = fs::metadata(&path)?.modified()?.duration_since(UNIX_EPOCH);
            let made = UnixSeconds(made.map_or(0, |made| made.as_secs()));
            found.push(Self { path, layout, made });
        }
        found.sort_by_key(|former| former.layout);
        Ok(found)
    }

    /// Erases the former stores beside the one in `dir` that had their days; returns how many.
    ///
    /// # Errors
    ///
    /// When one of them cannot be erased.
    pub fn let_go(dir: &Path, now: UnixSeconds) -> io::Result<usize> {
        let mut count = 0;
        for former in Self::beside(dir)? {
            if former.is_over(now) {
                fs::remove_dir_all(&former.path)?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// When it goes.
    pub fn until(&self) -> UnixSeconds {
        UnixSeconds(self.made.0.saturating_add(FORMER_DAYS * DAY_S))
    }

    /// One that is of a day to come was made while a clock was ahead: nobody knows for how long it would stay.
    fn is_over(&self, now: UnixSeconds) -> bool {
        now >= self.until() || self.made.0 > now.0.saturating_add(DAY_S)
    }
}

/// Keeps the store in `dir`, which nobody has open and whose front logs are settled, under the name of its layout.
pub(crate) fn keep(dir: &Path, layout: u32, reserve_bytes: u64) -> io::Result<Former> {
    let path = named(dir, &format!("{LAYOUT}{layout}"))?;
    let aside = named(dir, &format!("{LAYOUT}{layout}{ASIDE}"))?;
    for left in [&aside, &path] {
        remove(left)?;
    }
    let made = copy(dir, &aside, reserve_bytes).and_then(|()| say_it_went_back(&aside, layout));
    if let Err(error) = made.and_then(|()| begin::settle(&aside, &path)) {
        // What cannot be removed is the next attempt's.
        let _left = remove(&aside);
        return Err(error);
    }
    let former = Former::beside(dir)?.into_iter().find(|former| former.layout == layout);
    let former = former.ok_or(io::ErrorKind::NotFound)?;
    for other in Former::beside(dir)? {
        if other.layout != layout {
            remove(&other.path)?;
        }
    }
    Ok(former)
}

/// Every file of a store but its front logs.
fn copy(from: &Path, to: &Path, reserve_bytes: u64) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(to)?;
    let mut folders = vec![(from.to_path_buf(), to.to_path_buf(), 1)];
    while let Some((from, to, depth)) = folders.pop() {
        let is_steady = from.file_name().is_some_and(|name| STEADY.iter().any(|steady| name == *steady));
        for path in paths_in(&from)? {
            let Some(name) = path.file_name().filter(|name| depth > 1 || *name != OsStr::new(FRONT)) else {
                continue;
            };
            let (kind, twin) = (fs::symlink_metadata(&path)?.file_type(), to.join(name));
            if kind.is_dir() {
                if depth >= DEPTH_MAX {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                DirBuilder::new().mode(0o700).create(&twin)?;
                folders.push((path, twin, depth + 1));
            } else if kind.is_file() && !(is_steady && fs::hard_link(&path, &twin).is_ok()) {
                copy_file(&path, &twin, reserve_bytes)?;
            }
        }
    }
    Ok(())
}

/// By its bytes, if the reserve stays free.
fn copy_file(from: &Path, to: &Path, reserve_bytes: u64) -> io::Result<()> {
    let stat = rustix::fs::statvfs(to.parent().unwrap_or(to))?;
    let wanted = fs::metadata(from)?.len().saturating_add(reserve_bytes);
    if stat.f_bavail.saturating_mul(stat.f_frsize) < wanted {
        return Err(io::ErrorKind::StorageFull.into());
    }
    fs::copy(from, to).map(|_| ())
}

/// Whoever goes back to it has a ledger that went back, and the next start says so there, as after a restore.
fn say_it_went_back(dir: &Path, layout: u32) -> io::Result<()> {
    let shelf = FjallShelf::open(dir, 0).map_err(io::Error::other)?;
    if shelf.get(Table::Meta, WENT_BACK_KEY).map_err(io::Error::other)?.is_some() {
        return Ok(());
    }
    let value = seal_of_layout(layout, Table::Meta.number(), WENT_BACK_KEY, &[]);
    let row = Change { table: Table::Meta, key: Key::from_slice(WENT_BACK_KEY), value: Some(value) };
    shelf.commit(Batch(vec![row]), Durability::Synced).map_err(io::Error::other)
}

/// The layout that a path beside a store is named for, if it is a former one.
fn layout_in(dir: &Path, path: &Path) -> Option<u32> {
    let name = path.file_name()?.to_str()?.strip_prefix(dir.file_name()?.to_str()?)?;
    name.strip_prefix(LAYOUT)?.parse().ok()
}

fn named(dir: &Path, tail: &str) -> io::Result<PathBuf> {
    let mut name = dir.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_os_string();
    name.push(tail);
    Ok(dir.with_file_name(name))
}

/// A bare name lies in the working directory.
fn around(dir: &Path) -> &Path {
    dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::fs::{File, FileTimes};
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::conformance::{Person, deposit, stamped};
    use crate::engine::{SCHEMA, SCHEMA_KEY, older_layout};
    use crate::shelf::Rows;
    use crate::{DepositOutcome, EmbeddedStore, LedgerStore, MailboxStore, OpenError, Options};

    const TABLES: [Table; 4] = [Table::Mailboxes, Table::Records, Table::Log, Table::Vouchers];

    fn options() -> Options {
        Options { reserve_bytes: 0, ..Options::default() }
    }

    /// The rows of a store that nobody has open.
    fn rows(dir: &Path) -> Vec<Rows> {
        let shelf = FjallShelf::open(dir, 0).unwrap();
        TABLES.iter().map(|table| shelf.scan(*table, &[], &[0xff; 64], 9_999).unwrap()).collect()
    }

    fn write(shelf: &FjallShelf, table: Table, key: Vec<u8>, value: Vec<u8>) {
        let row = Change { table, key: key.into(), value: Some(value) };
        shelf.commit(Batch(vec![row]), Durability::Synced).unwrap();
    }

    /// Makes a store say that it is of this layout, with the checksums of that.
    fn make_of_layout(dir: &Path, layout: u32) {
        let shelf = FjallShelf::open(dir, 0).unwrap();
        for table in Table::FIXED {
            for (key, value) in shelf.scan(table, &[], &[0xff; 64], 9_999).unwrap() {
                let value = value.unwrap();
                let Some(body) = crate::codec::unseal(table.number(), &key, &value) else { continue };
                let value = seal_of_layout(layout, table.number(), &key, body);
                write(&shelf, table, key, value);
            }
        }
        let value = seal_of_layout(layout, Table::Meta.number(), SCHEMA_KEY, &layout.to_be_bytes());
        write(&shelf, Table::Meta, SCHEMA_KEY.to_vec(), value);
        drop(shelf);
        if layout < 4 {
            fs::remove_dir_all(dir.join(FRONT)).unwrap();
        }
    }

    /// A folder with a store of a person in it, and its path.
    fn of_layout(layout: u32) -> (tempfile::TempDir, PathBuf) {
        let base = tempfile::tempdir().unwrap();
        let dir = base.path().join("store");
        let store = EmbeddedStore::open_with(&dir, options()).unwrap();
        let sid = Person::register(&store, 1).inbox(&store);
        assert_eq!(deposit(&store, &stamped(sid, 1, 0, 1)), DepositOutcome::Stored);
        store.flush().unwrap();
        drop(store);
        make_of_layout(&dir, layout);
        (base, dir)
    }

    fn names(base: &tempfile::TempDir) -> Vec<String> {
        let mut names: Vec<_> = paths_in(base.path())
            .unwrap()
            .iter()
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_store_of_before_stands_beside_the_one_that_it_became() {
        for layout in 1..SCHEMA {
            let (base, dir) = of_layout(layout);
            let before = rows(&dir);
            let store = EmbeddedStore::open_with(&dir, options()).unwrap();
            let Some(Upgraded::Kept(former)) = store.upgraded() else { panic!("{:?}", store.upgraded()) };
            assert_eq!(
                (former.layout, &former.path),
                (layout, &base.path().join(format!("store.layout-{layout}")))
            );
            let former = former.path.clone();
            let person = Person::register(&store, 2);
            assert_eq!(deposit(&store, &stamped(person.inbox(&store), 1, 0, 1)), DepositOutcome::Stored);
            store.flush().unwrap();
            assert_eq!(store.went_back(), Ok(None));
            drop(store);
            assert_eq!(rows(&former), before, "what came since is not in it");
            let shelf = FjallShelf::open(&former, 0).unwrap();
            assert_eq!(older_layout(&shelf), Some(layout));
            let mark = shelf.get(Table::Meta, WENT_BACK_KEY).unwrap().unwrap();
            assert_eq!(*mark, *seal_of_layout(layout, Table::Meta.number(), WENT_BACK_KEY, &[]));
            drop(shelf);
            // Opened once more it is of this layout, and kept as it was.
            assert!(EmbeddedStore::open_with(&dir, options()).unwrap().upgraded().is_none());
            assert_eq!(names(&base), ["store".to_owned(), format!("store.layout-{layout}")]);
        }
    }

    #[test]
    fn who_goes_back_has_the_store_of_before_and_a_ledger_that_says_so() {
        let (_base, dir) = of_layout(3);
        drop(EmbeddedStore::open_with(&dir, options()).unwrap());
        let former = dir.with_file_name("store.layout-3");
        fs::rename(&dir, dir.with_file_name("store.newer")).unwrap();
        fs::rename(former, &dir).unwrap();
        let store = EmbeddedStore::open_with(&dir, options()).unwrap();
        assert!(matches!(store.upgraded(), Some(Upgraded::Kept(_))));
        assert_eq!(store.went_back(), Ok(Some(u64::MAX)));
        assert_eq!((store.totals().waiting, store.totals().damaged), (1, 0));
    }

    #[test]
    fn a_newer_store_is_refused_and_the_one_of_before_named() {
        let (_base, dir) = of_layout(3);
        drop(EmbeddedStore::open_with(&dir, options()).unwrap());
        make_of_layout(&dir, SCHEMA + 1);
        let former = |error| match error {
            OpenError::Newer { found, former, .. } if found == SCHEMA + 1 => {
                former.map(|former: Former| former.layout)
            }
            other => panic!("{other}"),
        };
        assert_eq!(former(EmbeddedStore::open_with(&dir, options()).err().unwrap()), Some(3));
        fs::rename(dir.with_file_name("store.layout-3"), dir.with_file_name("store.layout-9")).unwrap();
        let refused = EmbeddedStore::open_with(&dir, options()).err().unwrap();
        assert_eq!(former(refused), None, "nor does this program know that one");
    }

    #[test]
    fn without_room_a_store_is_upgraded_and_what_was_begun_beside_it_removed() {
        let (base, dir) = of_layout(3);
        fs::create_dir_all(dir.with_file_name("store.layout-3.new").join("keyspaces")).unwrap();
        let options = Options { reserve_bytes: 1 << 60, ..options() };
        let store = EmbeddedStore::open_with(&dir, options).unwrap();
        assert!(matches!(store.upgraded(), Some(Upgraded::NotKept { layout: 3, .. })));
        assert_eq!(store.totals().waiting, 1);
        assert_eq!(names(&base), ["store"]);
    }

    #[test]
    fn what_an_interrupted_upgrade_left_is_no_obstacle_and_an_older_former_store_goes() {
        let (base, dir) = of_layout(3);
        for left in ["store.layout-3.new", "store.layout-3", "store.layout-2"] {
            fs::create_dir(dir.with_file_name(left)).unwrap();
            fs::write(dir.with_file_name(left).join("0.jnl"), b"half").unwrap();
        }
        assert!(matches!(
            EmbeddedStore::open_with(&dir, options()).unwrap().upgraded(),
            Some(Upgraded::Kept(_))
        ));
        assert_eq!(names(&base), ["store", "store.layout-3"]);
        assert_eq!(rows(&dir.with_file_name("store.layout-3")), rows(&dir));
    }

    #[test]
    fn a_former_store_has_its_days() {
        let base = tempfile::tempdir().unwrap();
        let (dir, path) = (base.path().join("store"), base.path().join("store.layout-3"));
        let made = 20_000 * DAY_S;
        let after = |days: u64, seconds: u64| UnixSeconds(made + days * DAY_S + seconds);
        let make = || {
            fs::create_dir(&path).unwrap();
            let times = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(made));
            File::open(&path).unwrap().set_times(times).unwrap();
        };
        make();
        assert_eq!(Former::let_go(&dir, after(0, 0)).unwrap(), 0);
        assert_eq!(Former::let_go(&dir, UnixSeconds(after(FORMER_DAYS, 0).0 - 1)).unwrap(), 0);
        assert_eq!(Former::let_go(&dir, after(FORMER_DAYS, 0)).unwrap(), 1);
        make();
        assert_eq!(Former::let_go(&dir, UnixSeconds(made - DAY_S)).unwrap(), 0);
        assert_eq!(Former::let_go(&dir, UnixSeconds(made - DAY_S - 1)).unwrap(), 1, "its day is to come");
        assert!(Former::beside(&dir).unwrap().is_empty());
    }
}
