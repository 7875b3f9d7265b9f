//! What can go wrong while two people pair.

use e2ee::pairing::PairingCodeError;

/// Why a pairing did not begin, or how it ended without a contact. Part of [`super::ClientError`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PairError {
    /// The text is no code: nothing was sent, and no guess was spent.
    BadCode(PairingCodeError),
    /// The relay knows of no such number.
    NobodyThere {
        /// Which.
        number: u16,
        /// Where.
        host: String,
    },
    /// A reply came there before mine.
    SomebodyElse,
    /// The two sides had other words.
    OtherWords,
    /// It ended by time, or another process of this profile took it to its end.
    Over,
    /// A code is for the other one.
    OwnCode,
    /// More than a vault keeps.
    TooMany {
        /// How many there may be.
        max: usize,
    },
    /// A relay of an earlier version.
    OldRelay {
        /// Which.
        host: String,
    },
    /// No code of this vault has the number.
    NotMine {
        /// Which.
        number: u16,
    },
    /// The card was right, the directory shows somebody else.
    OtherIdentity,
}

impl PairError {
    pub(super) fn exit_code(&self) -> u8 {
        use PairError::*;
        match self {
            BadCode(_) | OwnCode | TooMany { .. } | NotMine { .. } => 2,
            NobodyThere { .. } | Over | OldRelay { .. } => 5,
            SomebodyElse | OtherWords | OtherIdentity => 6,
        }
    }

    pub(super) fn number(&self) -> u16 {
        use PairError::*;
        match self {
            BadCode(_) => 161,
            NobodyThere { .. } => 162,
            SomebodyElse => 163,
            OtherWords => 164,
            Over => 165,
            OwnCode => 166,
            TooMany { .. } => 167,
            OldRelay { .. } => 168,
            NotMine { .. } => 169,
            OtherIdentity => 170,
        }
    }
}
