//! What a server says: responses to requests, and notices unasked (`spec/wire.md § Responses`).

pub use crate::leaf::Leaves;
use crate::{
    ChallengeNonce, CommitmentNonce, Cursor, Day, DepositAuth, DepositId, Envelope, Generation,
    IdentityRecord, PairingMove, PairingNumber, PairingShare, PrekeyBundle, RecordHash, Refusal, ServerId,
    Slot, TreeHead, UnixSeconds, VersionRange, WelcomeNonce,
};

/// The answer to one request, carrying its id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Response {
    /// Answers `Ping`.
    Pong,
    /// A numbered no.
    Refused(Refusal),
    /// Answers `Claim` of a free name.
    Registered(Box<Registered>),
    /// Answers `Claim` of a taken name.
    Challenge(Challenge),
    /// Answers `Answer`.
    Replaced(Box<Replaced>),
    /// Answers `Publish`.
    Published,
    /// Answers `Lookup`.
    Record(Box<Record>),
    /// Answers `Fetch`.
    Bundle(Box<PrekeyBundle>),
    /// Answers `Deposit`: the envelope is on stable storage.
    Stored,
    /// Answers `Begin`.
    Begun(PairingNumber),
    /// Answers `Meet`.
    Met(PairingShare),
    /// Answers `Reply`.
    Replied,
    /// Answers `Settle`.
    Settled,
    /// Answers `Await`.
    Awaited(Box<PairingMove>),
    /// Answers `Create`.
    Created(Created),
    /// Answers `Open`.
    Opened(Opened),
    /// Answers `Collect`: deliveries follow as notices.
    Collecting,
    /// Answers `Ack`.
    Acked,
    /// Answers `Generate`.
    Generated,
    /// Answers `Retire`.
    Retired,
    /// Answers `CrossOff`.
    CrossedOff,
    /// Answers `Feed`.
    Leaves(Box<Leaves>),
}

/// Where a registration stands in the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Registered {
    /// Its leaf.
    pub leaf_index: u64,
    /// The tree head that covers it ([`TreeHead::EMPTY`] where no ledger is kept).
    pub tree_head: TreeHead,
    /// Opens the leaf's commitment.
    pub commitment_nonce: CommitmentNonce,
}

/// What must be answered before a taken name's key changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Challenge {
    /// Fresh, for this connection, 60 s.
    pub nonce: ChallengeNonce,
    /// The registered record's sequence number.
    pub seq: u32,
    /// The registered record's hash.
    pub record_hash: RecordHash,
}

/// The new record stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replaced {
    /// Its leaf.
    pub leaf_index: u64,
    /// The tree head that covers it.
    pub tree_head: TreeHead,
    /// Opens the leaf's commitment.
    pub commitment_nonce: CommitmentNonce,
}

/// A name's record, with what ties it to the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// The record asked for.
    pub record: IdentityRecord,
    /// Opens the leaf's commitment.
    pub commitment_nonce: CommitmentNonce,
    /// Its leaf.
    pub leaf_index: u64,
    /// The tree head that covers it.
    pub tree_head: TreeHead,
}

/// A mailbox exists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Created {
    /// Where envelopes are dropped, drawn by the server.
    pub sid: DepositId,
}

/// A mailbox is open on this connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    /// What later frames call it.
    pub slot: Slot,
    /// Where senders drop envelopes.
    pub sid: DepositId,
    /// Envelopes waiting.
    pub waiting: u32,
    /// Arrival day of the oldest of them (day 0 when none waits).
    pub oldest: Day,
    /// Envelopes that expired unread since the mailbox was made.
    pub expired: u32,
    /// Stamp generations that the relay accepts, rising, at most 4.
    pub generations: Vec<Generation>,
}

/// Unasked words of the server; request id 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// First frame of every connection.
    Welcome(Welcome),
    /// One envelope for the owner.
    Deliver(Box<Deliver>),
    /// Nothing more is waiting after this cursor.
    Drained(Drained),
    /// Another connection of the owner took this mailbox over.
    Superseded(Slot),
}

/// The server's greeting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Welcome {
    /// Protocol versions spoken.
    pub versions: VersionRange,
    /// Who this is; must be the pinned one.
    pub server_id: ServerId,
    /// Fresh for this connection.
    pub nonce: WelcomeNonce,
    /// The server's clock.
    pub time: UnixSeconds,
    /// Largest frame accepted, in bytes.
    pub frame_bytes_max: u32,
    /// Requests that may be outstanding.
    pub outstanding_max: u16,
    /// Silence after which the server closes, in milliseconds.
    pub idle_ms_max: u32,
    /// Bit 0: registration is open without invitation. A server of version 1 sends the others as 0; a client
    /// ignores those it does not know, since it reads this before a version is agreed.
    pub flags: u16,
}

/// One envelope handed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deliver {
    /// Which opened mailbox.
    pub slot: Slot,
    /// Its place.
    pub cursor: Cursor,
    /// By what right it was dropped (no puzzle solution is repeated: `DepositAuth::Open`).
    pub auth: DepositAuth,
    /// The sealed bytes.
    pub envelope: Envelope,
}

/// The mailbox is empty behind a cursor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drained {
    /// Which opened mailbox.
    pub slot: Slot,
    /// The last place delivered, or that of `Collect` when nothing was.
    pub cursor: Cursor,
}
