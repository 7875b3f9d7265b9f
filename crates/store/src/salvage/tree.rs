//! A keyspace of fjall, read without fjall: what its tables hold, newest first, around what is damaged.
//!
//! ```text
//! current  = version u64 ‖ xxh3-128 of the file vVERSION ‖ 0
//! vVERSION = … ‖ section "tables" = levels u8 ‖ (runs u8 ‖ (tables u32 ‖ (id u64 ‖ 0 ‖ xxh3-128 u128 ‖ base u64)*)*)*
//!          ‖ section "blob_files" = files u32 ‖ (id u64 ‖ 0 ‖ xxh3-128 u128)*
//!          … ‖ "TOC!" ‖ sections u32 ‖ (place u64 ‖ len u64 ‖ name len u16 ‖ name)* ‖ "SFA!" ‖ … ‖ TOC place u64 ‖ u64
//! ```
//!
//! fjall does not check a version file. It deletes tables that are not listed there, so a damaged list must never
//! reach it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::block;
use super::bytes::Left;
use super::given::Given;
use super::values;
use crate::opening::paths_in;

/// The newest that is known of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Known {
    /// Its value.
    Value(Vec<u8>),
    /// Where its value stands: file of values, place, length of key and value.
    Apart { file: u64, place: u64, len: u32 },
    /// It was removed.
    Removed,
}

/// By which the newer of two is told: fjall's number, then the table's.
type Rank = (u64, u64);

/// Every key of a keyspace.
#[derive(Default, Debug)]
pub(crate) struct Tree {
    pub(crate) known: BTreeMap<Vec<u8>, (Rank, Known)>,
    /// Files that are not as they were written.
    pub(crate) damaged: Vec<PathBuf>,
    /// Blocks in them of which rows may be missing.
    pub(crate) damaged_blocks: u64,
    /// Bytes of tables that the disk did not give.
    pub(crate) unreadable: u64,
}

impl Tree {
    /// What the tables of a keyspace's folder hold.
    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        let mut tree = Self::default();
        let list = match List::read(folder)? {
            Listed::Whole(list) => Some(list),
            Listed::None => None,
            Listed::Damaged(file) => {
                tree.damaged.push(file);
                None
            }
        };
        let mut files = numbered(&folder.join("tables"))?;
        for (id, base, checksum) in list.iter().flat_map(|list| &list.tables) {
            let path = folder.join("tables").join(id.to_string());
            match files.remove(id) {
                Some(_) => tree.read_table(&path, *id, *base, Some(*checksum))?,
                None => tree.damaged.push(path),
            }
        }
        // Without a list all tables count; what a whole list leaves out was let go of.
        for (id, path) in files.into_iter().filter(|_| list.is_none()) {
            tree.read_table(&path, id, 0, None)?;
        }
        if !tree.damaged.is_empty() {
            tree.read_values(folder)?;
        }
        Ok(tree)
    }

    /// Where tables are damaged, takes from the files of values what no table speaks of any more. What had been
    /// let go of already may come again by that.
    fn read_values(&mut self, folder: &Path) -> io::Result<()> {
        for path in numbered(&folder.join("blobs"))?.into_values() {
            values::each(&Given::read(&path)?.bytes, &mut |number, key, value| {
                if !self.known.contains_key(key) {
                    self.known.insert(key.to_vec(), ((number, 0), Known::Value(value.to_vec())));
                }
            });
        }
        Ok(())
    }

    fn read_table(&mut self, path: &Path, id: u64, base: u64, checksum: Option<u128>) -> io::Result<()> {
        let Given { bytes, unreadable } = Given::read(path)?;
        let is_whole =
            unreadable == 0 && checksum.is_none_or(|sum| xxhash_rust::xxh3::xxh3_128(&bytes) == sum);
        let findings = block::entries(&bytes, &mut |key, number, known| {
            self.learn((base.saturating_add(number), id), key, known);
        });
        if !is_whole || (checksum.is_none() && findings.damaged > 0) {
            self.damaged.push(path.to_path_buf());
        }
        self.damaged_blocks += findings.with_rows;
        self.unreadable += unreadable;
        Ok(())
    }

    /// Takes what is newer than what is known.
    pub(crate) fn learn(&mut self, rank: Rank, key: &[u8], known: Known) {
        match self.known.get_mut(key) {
            Some(older) if older.0 > rank => {}
            Some(older) => *older = (rank, known),
            None => {
                self.known.insert(key.to_vec(), (rank, known));
            }
        }
    }
}

/// Which files a keyspace has.
struct List {
    /// Number, what is added to the numbers of its rows, checksum of the file.
    tables: Vec<(u64, u64, u128)>,
    /// Files of values: number, checksum.
    values: Vec<(u64, u128)>,
}

enum Listed {
    Whole(List),
    /// The keyspace was never finished.
    None,
    Damaged(PathBuf),
}

impl List {
    fn read(folder: &Path) -> io::Result<Listed> {
        let current = folder.join("current");
        let bytes = match Given::read(&current) {
            Ok(given) => given.bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Listed::None),
            Err(error) => return Err(error),
        };
        let mut left = Left(&bytes);
        let (Some(version), Some(checksum)) = (left.u64(), left.u128()) else {
            return Ok(Listed::Damaged(current));
        };
        let path = folder.join(format!("v{version}"));
        let bytes = match Given::read(&path) {
            Ok(given) => given.bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Listed::Damaged(current)),
            Err(error) => return Err(error),
        };
        let is_whole = xxhash_rust::xxh3::xxh3_128(&bytes) == checksum;
        Ok(match Self::parse(&bytes).filter(|_| is_whole) {
            Some(list) => Listed::Whole(list),
            None => Listed::Damaged(path),
        })
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut left = section(bytes, b"tables")?;
        let mut tables = Vec::new();
        for _ in 0..left.u8()? {
            for _ in 0..left.u8()? {
                for _ in 0..left.u32()? {
                    let id = left.u64()?;
                    (left.u8()? == 0).then_some(())?;
                    let checksum = left.u128()?;
                    tables.push((id, left.u64()?, checksum));
                }
            }
        }
        let mut left = section(bytes, b"blob_files")?;
        let mut values = Vec::new();
        for _ in 0..left.u32()? {
            let id = left.u64()?;
            (left.u8()? == 0).then_some(())?;
            values.push((id, left.u128()?));
        }
        Some(Self { tables, values })
    }
}

fn section<'a>(bytes: &'a [u8], name: &[u8]) -> Option<Left<'a>> {
    let contents = Left::of(bytes, bytes.len().checked_sub(16)?)?.u64()?;
    let mut left = Left::of(bytes, usize::try_from(contents).ok()?)?;
    (left.array()? == *b"TOC!").then_some(())?;
    for _ in 0..left.u32()? {
        let (place, len, name_len) = (left.u64()?, left.u64()?, left.u16()?);
        if left.bytes(usize::from(name_len))? == name {
            let mut section = Left::of(bytes, usize::try_from(place).ok()?)?;
            return section.bytes(usize::try_from(len).ok()?).map(Left);
        }
    }
    None
}

/// Files of values that are not as they were written.
#[derive(Default)]
pub(crate) struct DamagedValues {
    pub(crate) files: Vec<PathBuf>,
    /// Bytes in them that the disk did not give.
    pub(crate) unreadable: u64,
}

/// Those of a keyspace: all of them are read.
pub(crate) fn damaged_values(folder: &Path) -> io::Result<DamagedValues> {
    let mut damaged = DamagedValues::default();
    let Listed::Whole(list) = List::read(folder)? else { return Ok(damaged) };
    for (id, checksum) in list.values {
        let path = folder.join("blobs").join(id.to_string());
        let is_whole = match Given::read(&path) {
            Ok(given) => {
                damaged.unreadable += given.unreadable;
                given.unreadable == 0 && xxhash_rust::xxh3::xxh3_128(&given.bytes) == checksum
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        if !is_whole {
            damaged.files.push(path);
        }
    }
    Ok(damaged)
}

/// The list of tables of a keyspace, if it is not as it was written: which file it is.
pub(crate) fn damaged_list(folder: &Path) -> io::Result<Option<PathBuf>> {
    Ok(match List::read(folder)? {
        Listed::Damaged(file) => Some(file),
        Listed::Whole(_) | Listed::None => None,
    })
}

/// The files and folders of a folder whose names are numbers.
pub(crate) fn numbered(folder: &Path) -> io::Result<BTreeMap<u64, PathBuf>> {
    let mut found = BTreeMap::new();
    for path in paths_in(folder)? {
        let number = path.file_stem().and_then(|name| name.to_str()?.parse().ok());
        found.extend(number.map(|number| (number, path)));
    }
    Ok(found)
}
