//! `backup` and `restore`: everything a server must not lose, in one sealed file (`spec/storage.md § Backup`).
//!
//! The rows come from the running server through its admin socket ([`dump`]), or from the folder when none
//! runs. The command that asked seals them ([`sealed`]) with rights and a secret ([`secret`]) that the server
//! never has, reads the file back record by record ([`reading`]), and only then gives it its name ([`make`]).
//! [`restore`] goes the other way, into an empty folder.

pub mod dump;
pub mod make;
pub mod reading;
pub mod record;
pub mod restore;
pub mod sealed;
pub mod secret;
pub mod verbs;

use std::io;
use std::path::{Path, PathBuf};

use store::OpenError;

use crate::ask::AskError;
use crate::data_folder::DataFolderError;
use crate::failure::{EXIT_LOCAL, EXIT_TEMPORARY, EXIT_USAGE, Failure};

/// Why there is no backup, or nothing came of one.
#[derive(thiserror::Error, Debug)]
pub enum BackupError {
    /// It would go over another file.
    #[error("{0} exists")]
    Exists(PathBuf),
    /// Another one is making it.
    #[error("another backup to {0} is under way")]
    UnderWay(PathBuf),
    /// It is not a backup, or of a later program.
    #[error("{path}: {reason}")]
    NotOne {
        /// Which file.
        path: PathBuf,
        /// In what way.
        reason: &'static str,
    },
    /// Another passphrase or key file opens it, or none does any more.
    #[error("{0} does not open with this secret")]
    DoesNotOpen(PathBuf),
    /// It opens at first, and then something is wrong with it.
    #[error("{path}: {reason}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// No passphrase and no key file.
    #[error("neither was given, and nobody can be asked")]
    NoSecret,
    /// The passphrase or the key file cannot be had.
    #[error("{0}")]
    Secret(String),
    /// The server did not hand over everything.
    #[error("what the server handed over ended early: {0}")]
    Cut(io::Error),
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The folder to restore into is not empty.
    #[error("{0} is not empty")]
    NotEmpty(PathBuf),
    /// The server's screen.
    #[error("{0}")]
    Told(Failure),
}

impl BackupError {
    fn file(path: &Path, error: io::Error) -> Self {
        Self::File { path: path.to_path_buf(), error }
    }

    fn damaged(path: &Path, reason: impl ToString) -> Self {
        Self::Damaged { path: path.to_path_buf(), reason: reason.to_string() }
    }
}

impl From<Failure> for BackupError {
    fn from(told: Failure) -> Self {
        Self::Told(told)
    }
}

impl From<AskError> for BackupError {
    fn from(error: AskError) -> Self {
        Self::Told(error.into())
    }
}

impl From<DataFolderError> for BackupError {
    fn from(error: DataFolderError) -> Self {
        Self::Told(error.into())
    }
}

impl From<OpenError> for BackupError {
    fn from(error: OpenError) -> Self {
        Self::Told(crate::serve::store_screen(error))
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        let why = error.to_string();
        let (what, remedy, exit, code) = match error {
            BackupError::Told(failure) => return failure,
            BackupError::Exists(_) => {
                ("a backup does not go over another file", "choose a new name", EXIT_USAGE, "OUB-S024")
            }
            BackupError::UnderWay(_) => (
                "this backup is being made already",
                "wait for it, or choose another name",
                EXIT_TEMPORARY,
                "OUB-S047",
            ),
            BackupError::NotOne { .. } => (
                "this is not a backup that this program reads",
                "name a file that   oublietted backup   made, of this version or an older one",
                EXIT_LOCAL,
                "OUB-S078",
            ),
            BackupError::DoesNotOpen(_) => (
                "the backup does not open",
                "try the passphrase or key file that it was made with; its first bytes may also be damaged",
                EXIT_LOCAL,
                "OUB-S079",
            ),
            BackupError::Damaged { .. } => (
                "the backup is damaged",
                "use another copy or an older backup, and check the disk that this one lies on",
                EXIT_LOCAL,
                "OUB-S080",
            ),
            BackupError::Secret(_) => (
                "the passphrase or key file cannot be used",
                "give   --passphrase-file FILE   or   --key-file FILE   that nobody else may read (chmod 600 FILE)",
                EXIT_USAGE,
                "OUB-S028",
            ),
            BackupError::NoSecret => (
                "a backup needs a passphrase or a key file",
                "give   --passphrase-file FILE   or   --key-file FILE   (oublietted backup-key FILE makes one)",
                EXIT_USAGE,
                "OUB-S025",
            ),
            BackupError::Cut(_) => (
                "the backup could not be finished",
                "try again; if it stays so, look at the server's log",
                EXIT_TEMPORARY,
                "OUB-S044",
            ),
            BackupError::File { .. } => (
                "a file could not be read or written",
                "check its folder, its permissions and the room on the disk",
                EXIT_LOCAL,
                "OUB-S081",
            ),
            BackupError::NotEmpty(_) => (
                "a backup is restored into an empty folder only",
                "name a new folder with   --data DIR   — nothing was changed",
                EXIT_LOCAL,
                "OUB-S082",
            ),
        };
        Failure::new(what, why, remedy, exit, code)
    }
}
