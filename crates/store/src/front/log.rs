//! The front log: what was committed and no table has yet (`spec/storage.md § The front log`).
//!
//! `front/N-SALT.log` holds records. The salt is drawn anew for each log, so that neither an envelope nor what stood in
//! the file before can look like one: strangers write envelopes, and a file is used again for the next log, since writing
//! over what is there syncs in half the time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::record::{self, STEP_BYTES};
use crate::shelf::Batch;

/// The folder within a store's.
pub(super) const FOLDER: &str = "front";
/// The file there of a log that is wanted no more, and not one again yet.
pub(super) const SPARE: &str = "spare";

/// A log that is written to.
pub(crate) struct Log {
    path: PathBuf,
    file: File,
    number: u64,
    salt: u64,
    len: u64,
    /// What is on stable storage of it; before its first record, of the log before.
    confirmed: u64,
    /// Whether the file was a log before: what stood in that is still there.
    is_reused: bool,
    record: Vec<u8>,
}

impl Log {
    /// Makes the log of a number; its name is on stable storage when this returns.
    pub(crate) fn make(dir: &Path, number: u64) -> io::Result<Self> {
        let folder = dir.join(FOLDER);
        if !folder.is_dir() {
            fs::create_dir(&folder)?;
            File::open(dir)?.sync_all()?;
        }
        let (salt, path) = name(&folder, number)?;
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        Self::begun(path, file, number, salt, false)
    }

    /// Likewise, out of the file of one that is wanted no more. Where the first record will begin nothing is left of that.
    pub(crate) fn make_of(old: &Path, number: u64) -> io::Result<Self> {
        let folder = old.parent().unwrap_or(old);
        let (salt, path) = name(folder, number)?;
        // Meanwhile it has the name of no log: either would read as damaged.
        let spare = folder.join(SPARE);
        fs::rename(old, &spare)?;
        File::open(folder)?.sync_all()?;
        let file = OpenOptions::new().write(true).open(&spare)?;
        file.write_all_at(&[0; STEP_BYTES], 0)?;
        file.sync_data()?;
        fs::rename(&spare, &path)?;
        Self::begun(path, file, number, salt, true)
    }

    fn begun(path: PathBuf, file: File, number: u64, salt: u64, is_reused: bool) -> io::Result<Self> {
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?;
        Ok(Self { path, file, number, salt, len: 0, confirmed: 0, is_reused, record: Vec::new() })
    }

    /// Hands a batch to the system, in one piece.
    pub(crate) fn append(&mut self, batch: &Batch) -> io::Result<()> {
        let mut record = std::mem::take(&mut self.record);
        record::write(&mut record, batch, self.confirmed, self.len, self.salt)?;
        self.file.write_all(&record)?;
        // The first record alone speaks of the log before.
        if self.len == 0 {
            self.confirmed = 0;
        }
        self.len += record.len() as u64;
        self.record = record;
        Ok(())
    }

    /// Brings what was appended to stable storage.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        if self.len > 0 {
            self.confirmed = self.len;
        }
        Ok(())
    }

    /// Says at its end that all of it was synced, and in one that begins with it so of the log that it follows, by a record
    /// of nothing; and cuts off what stood there before.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        if self.len > 0 || self.confirmed > 0 {
            self.sync()?;
            self.append(&Batch::default())?;
            self.sync()?;
        }
        self.file.set_len(self.len)
    }

    /// Has its first record say that all of the log before, which is synced, counts.
    pub(crate) fn follow(&mut self, before: &Self) {
        self.confirmed = before.len;
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes in it.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn is_reused(&self) -> bool {
        self.is_reused
    }
}

/// A salt, and the path of the log of that salt and number.
fn name(folder: &Path, number: u64) -> io::Result<(u64, PathBuf)> {
    let mut salt = [0; 8];
    getrandom::fill(&mut salt).map_err(io::Error::other)?;
    let salt = u64::from_be_bytes(salt);
    Ok((salt, folder.join(format!("{number}-{salt:016x}.log"))))
}
