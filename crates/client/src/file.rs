//! What callers see of files.

use std::path::PathBuf;

use e2ee::said::FILE_BYTES_MAX;
use wire::UnixSeconds;

use crate::{ClientError, SaidError};

/// Whether a file of this length may be sent: to be asked before any of it is read, where the length is known.
pub fn check_file_length(bytes: u64) -> Result<(), ClientError> {
    match bytes > u64::from(FILE_BYTES_MAX) {
        true => Err(SaidError::FileTooLarge { max: u64::from(FILE_BYTES_MAX) }.into()),
        false => Ok(()),
    }
}

/// A file, as it is known here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileShown {
    /// Its name, reduced to a harmless one.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 over the whole, 64 hexadecimal digits.
    pub sha256: String,
    /// Words that came with it.
    pub text: String,
    /// Bytes that arrived; of one of mine, that the relay has.
    pub arrived: u64,
    /// Where it is.
    pub state: FileState,
}

/// Where a file is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FileState {
    /// Parts are under way.
    OnItsWay,
    /// Received: whole and in the vault. Mine: stored at the relay.
    Whole,
    /// Here, and no longer in the vault.
    Saved(PathBuf),
    /// Its hash does not hold, or what is missing never came.
    Damaged,
    /// Too many files of this contact were on their way at once.
    Dropped,
    /// It came before its sender was a contact, when nothing of a file is kept.
    BeforeAccepted,
    /// It was taken back.
    Erased,
}

impl FileState {
    /// The word that people read.
    pub fn word(&self) -> &'static str {
        match self {
            FileState::OnItsWay => "on its way",
            FileState::Whole => "whole",
            FileState::Saved(_) => "saved",
            FileState::Damaged => "damaged",
            FileState::Dropped | FileState::BeforeAccepted => "dropped",
            FileState::Erased => "taken back",
        }
    }
}

/// A received file, as [`crate::Client::files`] lists it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReceivedFile {
    /// The id of the message that announced it: 32 hexadecimal digits.
    pub id: String,
    /// The contact's alias.
    pub from: String,
    /// When the sender says it was sent.
    pub sent_at: UnixSeconds,
    /// The file.
    pub file: FileShown,
}

/// How far a file has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// So much of it was read into the vault.
    Read {
        /// Bytes so far.
        bytes: u64,
    },
    /// So many of its parts are at the relay.
    Stored {
        /// All of them.
        parts: u64,
        /// Those that the relay has.
        stored: u64,
    },
}
