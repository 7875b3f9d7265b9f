//! What can go wrong with messages that are more than a text: named, edited, asked, attached.

use std::path::PathBuf;

/// Why something about a message or a file was not done. Part of [`super::ClientError`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SaidError {
    /// No message of this history has this id.
    NoSuchMessage {
        /// What was asked for.
        which: String,
    },
    /// Several messages begin like this.
    AmbiguousMessage {
        /// What was asked for.
        which: String,
    },
    /// Only one's own texts can be edited.
    NotEditable {
        /// What was asked for.
        which: String,
    },
    /// Nothing waits for an answer.
    NoQuestion {
        /// Who.
        alias: String,
    },
    /// Nobody waits for the answer any more.
    QuestionOver,
    /// The question gave choices.
    NotAChoice {
        /// Which there are.
        choices: Vec<String>,
    },
    /// Choices that a question cannot have.
    BadChoices {
        /// How many there may be.
        max: usize,
        /// How long one may be.
        bytes: usize,
    },
    /// A time that is zero, or too long.
    BadExpiry {
        /// The longest, in seconds.
        max_s: u32,
    },
    /// Files are bounded.
    FileTooLarge {
        /// Bytes that a file may have.
        max: u64,
    },
    /// It could not be read to its end.
    FileUnreadable {
        /// What the system said.
        reason: String,
    },
    /// Parts of it are still under way.
    FileIncomplete {
        /// Which.
        id: String,
    },
    /// It was saved before, and only there it is.
    FileSaved {
        /// Where.
        path: PathBuf,
    },
    /// It was damaged, dropped, or taken back.
    FileGone {
        /// Which.
        id: String,
    },
}

impl SaidError {
    pub(super) fn exit_code(&self) -> u8 {
        use SaidError::*;
        match self {
            FileIncomplete { .. } => 4,
            QuestionOver => 5,
            FileGone { .. } => 7,
            _ => 2,
        }
    }

    pub(super) fn number(&self) -> u16 {
        use SaidError::*;
        match self {
            NoSuchMessage { .. } => 131,
            AmbiguousMessage { .. } => 132,
            NotEditable { .. } => 133,
            NoQuestion { .. } => 134,
            QuestionOver => 135,
            NotAChoice { .. } => 136,
            BadChoices { .. } => 137,
            BadExpiry { .. } => 138,
            FileTooLarge { .. } => 141,
            FileUnreadable { .. } => 142,
            FileIncomplete { .. } => 143,
            FileSaved { .. } => 144,
            FileGone { .. } => 145,
        }
    }
}
