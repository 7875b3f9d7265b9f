//! The one folder that a server owns: private to its user, held by one process at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::failure::{EXIT_LOCAL, Failure};

/// Why the folder cannot be used.
#[derive(thiserror::Error, Debug)]
pub enum DataFolderError {
    /// Others may enter it, or it is somebody else's.
    #[error("{path} {reason}")]
    NotPrivate {
        /// Which path.
        path: PathBuf,
        /// In what way it is not private.
        reason: String,
    },
    /// A backup was being restored into it when something went wrong.
    #[error("{0} was not restored to its end")]
    HalfRestored(PathBuf),
    /// A damaged folder was being repaired into it when something went wrong.
    #[error("{0} was not repaired to its end")]
    HalfRepaired(PathBuf),
    /// A store was opened here once, and is not here now.
    #[error("{0} had a store and has none")]
    StoreLost(PathBuf),
    /// Nobody could knock there.
    #[error("{0} has more than {max} bytes", max = DATA_PATH_BYTES_MAX)]
    PathTooLong(PathBuf),
    /// Another server runs on it.
    #[error("another oublietted is running on {0}")]
    Held(PathBuf),
    /// The system said no.
    #[error("{path}: {error}")]
    Io {
        /// Which path.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl From<DataFolderError> for Failure {
    fn from(error: DataFolderError) -> Self {
        let why = error.to_string();
        let (what, remedy, code) = match &error {
            DataFolderError::NotPrivate { path, .. } => (
                "the data folder is not private",
                format!("chown it to the server's user and   chmod 700 {}", path.display()),
                "OUB-S070",
            ),
            DataFolderError::HalfRestored(_) => (
                "the data folder is not whole",
                "run   oublietted restore   on it again; what is there of the restoring is replaced"
                    .to_owned(),
                "OUB-S083",
            ),
            DataFolderError::HalfRepaired(half) => (
                "the data folder is not whole",
                format!(
                    "run   oublietted repair {}   on the damaged folder again; what is there is replaced",
                    half.display()
                ),
                "OUB-S083",
            ),
            DataFolderError::StoreLost(_) => (
                "the server's store is missing",
                "put the folder store/ back (is its disk mounted?), or restore a backup into an empty folder"
                    .to_owned(),
                "OUB-S089",
            ),
            DataFolderError::PathTooLong(_) => (
                "the path of the data folder is too long for its admin socket",
                "choose a shorter one with   --data DIR   — or a link to it".to_owned(),
                "OUB-S087",
            ),
            DataFolderError::Held(_) => (
                "the data folder is in use",
                "stop the other server, or give this one its own   --data DIR".to_owned(),
                "OUB-S071",
            ),
            DataFolderError::Io { .. } => (
                "the data folder cannot be used",
                "make it writable for the server's user, or choose another with   --data DIR".to_owned(),
                "OUB-S072",
            ),
        };
        Failure::new(what, why, remedy, EXIT_LOCAL, code)
    }
}

/// A data folder that this process holds until dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    /// Released by the system when the process ends, however it ends.
    _lock: File,
}

impl DataFolder {
    /// Makes the folder if it is missing, checks that it is private, and takes it.
    pub fn hold(path: &Path) -> Result<Self, DataFolderError> {
        make_private(path)?;
        let lock_path = path.join("lock");
        let open = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&lock_path);
        let lock = open.map_err(|error| io_error(&lock_path, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_path_buf(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DataFolderError::Held(path.to_path_buf())),
            Err(TryLockError::Error(error)) => Err(io_error(&lock_path, error)),
        }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the store lives.
    pub fn store(&self) -> PathBuf {
        self.path.join("store")
    }

    /// Where keys and certificates live.
    pub fn identity(&self) -> PathBuf {
        self.path.join("identity")
    }

    /// Where the admin verbs knock.
    pub fn admin_socket(&self) -> PathBuf {
        admin_socket(&self.path)
    }
}

/// Where the admin verbs find a server that runs on `data`.
pub fn admin_socket(data: &Path) -> PathBuf {
    data.join(ADMIN_SOCKET)
}

/// The name of the admin socket.
const ADMIN_SOCKET: &str = "admin.sock";
/// The system takes so many for the path of a socket,
const SOCKET_PATH_BYTES_MAX: usize = 107;
/// which leaves so many for the folder's.
const DATA_PATH_BYTES_MAX: usize = SOCKET_PATH_BYTES_MAX - ADMIN_SOCKET.len() - 1;

/// Whether the admin socket fits behind the path of the folder, before anything is made there.
pub fn check_path(data: &Path) -> Result<(), DataFolderError> {
    if admin_socket(data).as_os_str().len() > SOCKET_PATH_BYTES_MAX {
        return Err(DataFolderError::PathTooLong(data.to_path_buf()));
    }
    Ok(())
}

/// Where a backup is put together before it becomes a server's.
pub fn restoring(data: &Path) -> PathBuf {
    data.join("restoring")
}

/// Where a damaged folder is put together anew before it becomes a server's.
pub fn repairing(data: &Path) -> PathBuf {
    data.join("repairing")
}

/// A folder in which a restoring or a repair ended early must not be taken for an empty one.
pub fn refuse_half_restored(data: &Path) -> Result<(), DataFolderError> {
    if is_half_made(data, &restoring(data)) {
        return Err(DataFolderError::HalfRestored(data.to_path_buf()));
    }
    if is_half_made(data, &repairing(data)) {
        return Err(DataFolderError::HalfRepaired(data.to_path_buf()));
    }
    Ok(())
}

/// The identity comes to its place last, and leaves `growing` empty. A store beside an empty one is a server's, which has
/// lost its identity since.
fn is_half_made(data: &Path, growing: &Path) -> bool {
    let is_empty = || std::fs::read_dir(growing).is_ok_and(|mut entries| entries.next().is_none());
    growing.exists() && !data.join("identity").exists() && !(data.join("store").exists() && is_empty())
}

/// Whether the store of a folder is what somebody who ended early brought there from `growing`: the identity still waits.
pub fn is_store_half_made(data: &Path, growing: &Path) -> bool {
    growing.join("identity").exists() && !data.join("identity").exists()
}

/// Erases what an attempt that ended early left, the store before all that tells of it.
pub fn clear_half_made(data: &Path, growing: &Path) -> Result<(), DataFolderError> {
    let store = data.join("store");
    let moved = is_store_half_made(data, growing).then_some(store.as_path());
    for left in moved.into_iter().chain([growing]).filter(|left| left.exists()) {
        std::fs::remove_dir_all(left).map_err(|error| io_error(left, error))?;
    }
    Ok(())
}

/// Removes the empty folder of an attempt that ended before its very last step. Where one is not empty it stays.
pub fn clear_finished(data: &Path) {
    if data.join("identity").exists() {
        for growing in [restoring(data), repairing(data)] {
            let _stays = std::fs::remove_dir(growing);
        }
    }
}

/// The name of the file that stays where a store was opened once.
pub const MARKER: &str = "has-store";

/// An empty store under an old identity would tell everybody that his names and messages are gone.
pub fn refuse_lost_store(data: &Path) -> Result<(), DataFolderError> {
    // What is mounted there may have come empty.
    let is_filled = std::fs::read_dir(data.join("store")).is_ok_and(|mut entries| {
        entries.any(|entry| entry.is_ok_and(|entry| entry.file_name() != "lost+found"))
    });
    let is_lost = data.join(MARKER).exists() && !is_filled;
    if is_lost { Err(DataFolderError::StoreLost(data.to_path_buf())) } else { Ok(()) }
}

/// Notes that there is a store.
pub fn mark_store(data: &Path) -> Result<(), DataFolderError> {
    let marker = data.join(MARKER);
    if marker.exists() {
        return Ok(());
    }
    write_private(&marker, b"store/ belongs beside this file; without it nothing is served\n")
}

/// Makes `path` a folder that only this user enters, or says why it is not one.
pub fn make_private(path: &Path) -> Result<(), DataFolderError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| io_error(path, error))?;
    check_private(path)
}

/// Whether only this user reaches `path`.
pub fn check_private(path: &Path) -> Result<(), DataFolderError> {
    let found = std::fs::metadata(path).map_err(|error| io_error(path, error))?;
    let refused = |reason| Err(DataFolderError::NotPrivate { path: path.to_path_buf(), reason });
    if found.uid() != rustix::process::geteuid().as_raw() {
        return refused("belongs to another user".to_owned());
    }
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return refused(format!("is open to others (mode {mode:03o})"));
    }
    Ok(())
}

/// Writes a small secret file so that after a power cut it is whole or absent.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), DataFolderError> {
    replace(path, bytes).map_err(|error| io_error(path, error))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Writes a small secret file that must not be there yet, whole or not at all.
pub fn write_new(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    let written = new.write_all(bytes).and_then(|()| new.sync_all());
    if written.is_err() {
        // Half a key is none, and stands in the way of the next try.
        let _gone = std::fs::remove_file(file);
        return written;
    }
    // A bare name lies in the working directory.
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

pub(crate) fn io_error(path: &Path, error: io::Error) -> DataFolderError {
    DataFolderError::Io { path: path.to_path_buf(), error }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    #[test]
    fn a_folder_that_others_may_enter_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o750)).unwrap();
        assert!(matches!(DataFolder::hold(folder.path()), Err(DataFolderError::NotPrivate { .. })));
    }

    #[test]
    fn a_folder_is_held_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new");
        let held = DataFolder::hold(&path).unwrap();
        assert!(matches!(DataFolder::hold(&path), Err(DataFolderError::Held(_))));
        drop(held);
        assert!(DataFolder::hold(&path).is_ok());
    }

    #[test]
    fn a_secret_file_is_private_and_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write_private(&path, b"one").unwrap();
        write_private(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert!(check_private(&path).is_ok());
    }
}
