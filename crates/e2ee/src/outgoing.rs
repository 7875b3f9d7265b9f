//! A message on its way out, and what sealing makes of it.

use crate::conversation::Conversation;
use crate::{Kind, MessageId, StreamId};
use wire::{Envelope, UnixSeconds};

/// A message on its way out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outgoing {
    /// Its name, drawn once, whatever it is sealed to.
    pub message_id: MessageId,
    /// What it says.
    pub kind: Kind,
    /// Where it stands, when it was sealed before and is sealed again.
    pub placed: Option<Placed>,
    /// The ledger's gossip, or zeros.
    pub gossip: [u8; 44],
    /// Its sending time is not before this: of two edits of one message the later one counts, whatever the clock did between.
    pub not_before: UnixSeconds,
}

impl Outgoing {
    /// A message that was never sealed.
    pub fn new(message_id: MessageId, kind: Kind) -> Self {
        Self { message_id, kind, placed: None, gossip: [0; 44], not_before: UnixSeconds(0) }
    }

    /// The same with gossip.
    pub fn gossiping(self, gossip: [u8; 44]) -> Self {
        Self { gossip, ..self }
    }

    /// The same, sent at this time at the earliest.
    pub fn not_before(self, not_before: UnixSeconds) -> Self {
        Self { not_before, ..self }
    }

    /// A message that is sealed again, under the same id, number and time.
    pub fn again(message_id: MessageId, kind: Kind, placed: Placed) -> Self {
        Self { placed: Some(placed), ..Self::new(message_id, kind) }
    }
}

/// Where a message stands among those to one contact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed {
    /// In which of my streams.
    pub stream: StreamId,
    /// At which number.
    pub number: u64,
    /// When it was first sealed.
    pub sent_at: UnixSeconds,
}

/// An envelope, and the state that must be committed together with it before it leaves.
#[derive(Clone, Debug)]
#[must_use]
pub struct Sealed {
    /// What to deposit, byte for byte, however often.
    pub envelope: Envelope,
    /// The next state.
    pub conversation: Conversation,
    /// Which message it holds.
    pub message_id: MessageId,
    /// Where it stands; keep it beside the message until it is answered.
    pub placed: Placed,
    /// How many of the spare stamps ride along, from the first.
    pub stamps_used: usize,
}

/// Why nothing was sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// No offer of theirs is known: first contact is a HELLO.
    #[error("the other side has made no offer yet")]
    NoOffer,
    /// Their newest offer is older than 60 days: a HELLO is due.
    #[error("the other side's newest offer is too old")]
    OfferTooOld,
    /// Longer than what this form of envelope holds.
    #[error("{bytes} bytes are more than the {most} that fit one envelope")]
    TooLong {
        /// What was to be sealed.
        bytes: usize,
        /// What fits.
        most: usize,
    },
    /// More stamps than a HELLO (32) or an ACCEPT (256) carries.
    #[error("the reply path carries too many stamps")]
    TooManyStamps,
    /// An unknown kind under a number that is known.
    #[error("the kind of content is not well formed")]
    BadKind,
    /// The bundle, or what introduces me, belongs to another identity or account.
    #[error("the bundle or the introduction belongs to another identity")]
    OtherIdentity,
    /// A bundle of another vault, with a lower counter than one seen before.
    #[error("the bundle is from before the other side's vault was made anew")]
    OldBundle,
    /// Sixteen HELLOs without an answer.
    #[error("sixteen messages wait for a first answer")]
    TooManyHellos,
    /// No session to seal with, or it can seal no more.
    #[error("there is no session to seal with")]
    NoSession,
    /// A key of the recipient is not valid.
    #[error("a key of the recipient is not valid")]
    BadRecipient,
}

impl From<crypto::SealError> for SealError {
    fn from(_: crypto::SealError) -> Self {
        SealError::BadRecipient
    }
}
