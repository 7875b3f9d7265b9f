//! Before fjall opens a store, and why it does not.

use std::fs::{self, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::engine::SCHEMA;
use crate::salvage::{Survey, damaged_files};
use crate::{Cause, Former};

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
        /// The store as it was before the upgrade, which this program knows.
        former: Option<Former>,
    },
    /// A file is not as it was written. To open it nevertheless would lose what it still holds.
    #[error("{0} is damaged: it is not as it was written")]
    Damaged(PathBuf),
    /// A backup does not go over what is there.
    #[error("there is a store in {0} already")]
    Filled(PathBuf),
    /// The system said no.
    #[error("the store in {path} cannot be opened: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl OpenError {
    /// Something is damaged: the file, if it can be told, or else the folder.
    pub(crate) fn damaged(dir: &Path) -> Self {
        let files = damaged_files(dir).unwrap_or_default();
        Self::Damaged(files.into_iter().next().unwrap_or_else(|| dir.to_path_buf()))
    }

    /// The layout found is beyond this program.
    pub(crate) fn newer(dir: &Path, found: u32) -> Self {
        let mut formers = Former::beside(dir).unwrap_or_default();
        formers.retain(|former| former.layout <= SCHEMA);
        Self::Newer { found, known: SCHEMA, former: formers.pop() }
    }

    /// What a call said that was to make it ready.
    pub(crate) fn of_cause(dir: &Path, cause: Cause) -> Self {
        let source = match cause {
            Cause::DiskFull => io::ErrorKind::StorageFull.into(),
            cause => io::Error::other(cause),
        };
        Self::Io { path: dir.to_path_buf(), source }
    }

    /// What fjall said.
    pub(crate) fn of(dir: &Path, error: fjall::Error) -> Self {
        match error {
            fjall::Error::Locked => Self::Locked(dir.to_path_buf()),
            fjall::Error::InvalidVersion(_) => Self::Damaged(dir.join("version")),
            fjall::Error::Io(source) | fjall::Error::Storage(fjall::LsmError::Io(source)) => {
                // A file that is shorter than its contents say is damaged as well.
                match damaged_files(dir).ok().and_then(|files| files.into_iter().next()) {
                    Some(file) => Self::Damaged(file),
                    None => Self::Io { path: dir.to_path_buf(), source },
                }
            }
            _ => Self::damaged(dir),
        }
    }
}

/// Looks a store over that nobody has open; refuses one that fjall would make worse.
pub(crate) fn survey(dir: &Path) -> Result<Survey, OpenError> {
    unused(dir)?;
    let found = Survey::of(dir).map_err(|source| OpenError::Io { path: dir.to_path_buf(), source })?;
    match found.damaged {
        Some(file) => Err(OpenError::Damaged(file)),
        None => Ok(found),
    }
}

/// What lies in a folder; nothing where there is none.
pub(crate) fn paths_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Whether another process has it: fjall's own lock.
pub(crate) fn unused(dir: &Path) -> Result<(), OpenError> {
    let lock = match OpenOptions::new().write(true).open(dir.join("lock")) {
        Ok(lock) => lock,
        // Then there is nothing yet, or fjall will say what is wrong.
        Err(_) => return Ok(()),
    };
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked(dir.to_path_buf())),
        _ => Ok(()),
    }
}
