//! `restore FILE`: a backup becomes the data folder of a server, whole or not at all.

use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::Path;

use store::{EmbeddedStore, OperatorStore, Options, Rebuild, RebuildError};

use super::BackupError;
use super::reading::{self, Contents};
use super::record::Record;
use super::secret::BackupSecret;
use crate::data_folder::{
    DataFolder, MARKER, clear_half_made, is_store_half_made, make_private, mark_store, restoring,
    write_private,
};

/// Reads all of a backup and changes nothing.
pub fn verify(path: &Path, secret: &BackupSecret) -> Result<Contents, BackupError> {
    reading::read(path, secret, |_| Ok(()))
}

/// Puts a backup into `data`, which must be empty.
///
/// It grows in a folder of its own inside. The store moves to its place before the identity does: whenever this
/// ends early, what is there is refused by `serve`, never served half and never taken for a new server.
pub fn restore(path: &Path, secret: &BackupSecret, data: &Path) -> Result<Contents, BackupError> {
    refuse_filled(data)?;
    // First all of it, so that a bad backup changes nothing.
    verify(path, secret)?;
    let folder = DataFolder::hold(data)?;
    refuse_filled(data)?;
    let fresh = restoring(data);
    clear_half_made(data, &fresh)?;
    let (store, identity) = (fresh.join("store"), fresh.join("identity"));
    make_private(&fresh)?;
    make_private(&identity)?;
    let mut rebuild = EmbeddedStore::rebuild(&store)?;
    let contents = reading::read(path, secret, |record| put(record, &mut rebuild, &identity))?;
    rebuild.finish().map_err(|error| stuck(&store, error))?;
    check(&store, &contents)?;
    for (from, to) in [(&store, folder.store()), (&identity, folder.identity())] {
        fs::rename(from, &to).map_err(|error| BackupError::file(&to, error))?;
        mark_store(data)?;
        sync(data)?;
    }
    fs::remove_dir(&fresh).map_err(|error| BackupError::file(&fresh, error))?;
    sync(data)?;
    Ok(contents)
}

fn put(record: Record, rebuild: &mut Rebuild, identity: &Path) -> Result<(), BackupError> {
    match record {
        Record::Row(row) => rebuild.put(row).map_err(|error| stuck(identity, error)),
        Record::File { name, bytes } => Ok(write_private(&identity.join(name), &bytes)?),
        Record::Manifest(_) | Record::End(_) => Ok(()),
    }
}

/// Opened as a server opens it: every row of the backup is there and sound. Holes that were in mailboxes before the
/// backup are no row's damage.
fn check(store: &Path, contents: &Contents) -> Result<(), BackupError> {
    // What it is made of is in the backup.
    let alone = Options { keeps_former: false, ..Options::default() };
    let opened = EmbeddedStore::open_with(store, alone)?;
    let unread = |cause| BackupError::file(store, std::io::Error::other(cause));
    let mut sound = 0_u64;
    let left_out = opened.freeze().map_err(|error| unread(error.to_string()))?.rows(|_| {
        sound = sound.saturating_add(1);
        ControlFlow::Continue(())
    });
    let left_out = left_out.map_err(|cause| unread(cause.to_string()))?;
    if !left_out.is_nothing() || sound < contents.tally.rows {
        return Err(BackupError::damaged(store, "what was restored does not read back"));
    }
    Ok(())
}

fn stuck(path: &Path, error: RebuildError) -> BackupError {
    match error {
        RebuildError::Row(error) => BackupError::damaged(path, error),
        RebuildError::Cause(cause) => BackupError::file(path, std::io::Error::other(cause)),
    }
}

/// Nothing may be there but what an earlier attempt, or the lock, left.
fn refuse_filled(data: &Path) -> Result<(), BackupError> {
    let entries = match fs::read_dir(data) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(BackupError::file(data, error)),
    };
    let half = is_store_half_made(data, &restoring(data));
    for entry in entries {
        let entry = entry.map_err(|error| BackupError::file(data, error))?;
        let name = entry.file_name();
        // The store of an attempt that ended between its two last steps is a copy of what is in the backup.
        let ours = ["lock", "restoring", "lost+found", MARKER].iter().any(|ours| name == *ours)
            || (half && name == "store");
        if !ours {
            return Err(BackupError::NotEmpty(data.to_path_buf()));
        }
    }
    Ok(())
}

fn sync(folder: &Path) -> Result<(), BackupError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| BackupError::file(folder, error))
}
