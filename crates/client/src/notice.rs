//! What happened besides, and what is missing.

use wire::{HostPort, UnixSeconds};

use crate::{LogTrouble, PairError, Trust};

/// Messages of one contact that never came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing {
    /// The contact's alias.
    pub from: String,
    /// How many.
    pub count: u64,
    /// Whether they were asked for again; if not yet, that happens within minutes, with a command.
    pub asked: bool,
}

/// Something that happened and that a person should hear once.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Notice {
    /// Somebody else who has my keys collected envelopes of mine, or the relay lost them.
    CollectedElsewhere {
        /// How many.
        count: u64,
    },
    /// Somebody else who has my keys wrote to a contact; the conversation was begun anew.
    WrittenElsewhere {
        /// The contact's alias.
        contact: String,
    },
    /// The relay went back to an earlier state of its own; what it lost is asked for again.
    RelayWentBack,
    /// The relay had no mailbox of mine any more: it closes what nobody opens for ninety days. It made another one, and
    /// contacts are told.
    MailboxGone,
    /// A contact's key was compared and taken, and the public log of its server does not have it, or is not to be trusted.
    VerifiedNotInLog {
        /// The contact's alias.
        contact: String,
    },
    /// Somebody typed a code of mine, or I typed theirs: we are contacts.
    Paired {
        /// The contact's alias.
        contact: String,
        /// Verified, unless the key has changed since.
        trust: Trust,
    },
    /// A pairing came to nothing.
    NotPaired(PairError),
    /// A contact says that he was shown another public log of a server than I was: one of us was, or his program errs.
    OtherLog {
        /// The contact's alias.
        contact: String,
        /// Which server.
        server: HostPort,
    },
    /// Something about the public log of keys of a server.
    OfLog {
        /// Which server.
        server: HostPort,
        /// What.
        what: NoticeOfLog,
    },
}

/// What a person should hear of a public log of keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoticeOfLog {
    /// Something is wrong with it.
    Trouble(LogTrouble),
    /// The relay says openly that it went back to an earlier state.
    Restored,
    /// It has a key under my own name that I did not make.
    NotMine,
    /// The server signed two histories, and the proof is kept.
    Fraud,
    /// It has had no new entry for two days, or could not be had for so long.
    Silent,
}

impl NoticeOfLog {
    pub(crate) fn of(trouble: ledger::Trouble) -> Self {
        NoticeOfLog::Trouble(trouble.into())
    }
}

/// An envelope that could not be opened, and is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetAside {
    /// When it was collected.
    pub at: UnixSeconds,
    /// Whose stamp it came with, if that is known: a hint, not a proof.
    pub from: Option<String>,
    /// SHA-256 of the envelope, 64 hexadecimal digits.
    pub hash: String,
    /// Its size in bytes.
    pub bytes: usize,
}
