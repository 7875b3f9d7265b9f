//! What can go wrong with messages that are more than a text: named, edited, asked, attached.

use std::path::PathBuf;

use thiserror::Error;

/// Why something about a message or a file was not done. Part of [`super::ClientError`].
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum SaidError {
    /// No message of this history has this id.
    #[error("there is no message {which}")]
    NoSuchMessage {
        /// What was asked for.
        which: String,
    },
    /// Several messages begin like this.
    #[error("several messages begin with {which}")]
    AmbiguousMessage {
        /// What was asked for.
        which: String,
    },
    /// Only one's own texts can be edited.
    #[error("the message {which} cannot be edited")]
    NotEditable {
        /// What was asked for.
        which: String,
    },
    /// Nothing waits for an answer.
    #[error("{alias} has asked nothing that waits for an answer")]
    NoQuestion {
        /// Who.
        alias: String,
    },
    /// Nobody waits for the answer any more.
    #[error("the time of this question is over")]
    QuestionOver,
    /// The question gave choices.
    #[error("this is none of the choices")]
    NotAChoice {
        /// Which there are.
        choices: Vec<String>,
    },
    /// Choices that a question cannot have.
    #[error("these choices cannot be used")]
    BadChoices {
        /// How many there may be.
        max: usize,
        /// How long one may be.
        bytes: usize,
    },
    /// A time that is zero, or too long.
    #[error("words cannot disappear after this time")]
    BadExpiry {
        /// The longest, in seconds.
        max_s: u32,
    },
    /// Files are bounded.
    #[error("the file is too large")]
    FileTooLarge {
        /// Bytes that a file may have.
        max: u64,
    },
    /// It could not be read to its end.
    #[error("the file cannot be read")]
    FileUnreadable {
        /// What the system said.
        reason: String,
    },
    /// Parts of it are still under way.
    #[error("the file {id} has not arrived whole")]
    FileIncomplete {
        /// Which.
        id: String,
    },
    /// It was saved before, and only there it is.
    #[error("the file was saved already")]
    FileSaved {
        /// Where.
        path: PathBuf,
    },
    /// It was damaged, dropped, or taken back.
    #[error("the file {id} is not here")]
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

    pub(super) fn why(&self) -> String {
        use SaidError::*;
        match self {
            NoSuchMessage { .. } => {
                "no message here has an id that begins so; four digits are the fewest".into()
            }
            AmbiguousMessage { .. } => "the beginning of an id must be long enough to name one".into(),
            NotEditable { .. } => "only words of one's own are edited, as long as they are here".into(),
            NoQuestion { .. } => "there is no question, or it was answered, or its time is over".into(),
            QuestionOver => "whoever asked has stopped waiting".into(),
            NotAChoice { choices } => format!("the choices are: {}", choices.join(", ")),
            BadChoices { max, bytes } => {
                format!("a question has at most {max} choices of 1 to {bytes} bytes, no two alike")
            }
            BadExpiry { max_s } => format!("it is at least a second and at most {} days", max_s / 86_400),
            FileTooLarge { max } => format!("a file may have {} MiB", max / (1024 * 1024)),
            FileUnreadable { reason } => reason.clone(),
            FileIncomplete { .. } => "parts of it are still on their way".into(),
            FileSaved { path } => format!("it is kept once, in {}", path.display()),
            FileGone { .. } => "it did not arrive whole, was taken back, or there was no room for it".into(),
        }
    }

    pub(super) fn do_(&self) -> String {
        use SaidError::*;
        match self {
            NoSuchMessage { .. } | AmbiguousMessage { .. } | NotEditable { .. } => {
                "see the ids:   oub log CONTACT --ids".into()
            }
            NoQuestion { .. } => "see what was said:   oub log CONTACT".into(),
            QuestionOver => "send a message instead:   oub send CONTACT …".into(),
            NotAChoice { .. } => "answer with one of them, or with its number from 1".into(),
            BadChoices { .. } => "give fewer or shorter ones:   --choice yes,no".into(),
            BadExpiry { .. } => "give a time like   1h   or   7d".into(),
            FileTooLarge { .. } => "send it in pieces, or another way; nothing was sent".into(),
            FileUnreadable { .. } => "check the file and try again; nothing was sent".into(),
            FileIncomplete { .. } => "wait and collect again:   oub pull".into(),
            FileSaved { .. } => "take it from there".into(),
            FileGone { .. } => "ask for it once more".into(),
        }
    }
}
