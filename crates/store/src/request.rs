//! What a store is asked: parsed, verified values only; a store checks no signatures.

use wire::request::{AnswerKind, MailboxPolicy, VOUCHERS};
use wire::{
    CommitmentNonce, Cursor, Day, DepositAuth, DepositId, Envelope, IdentityRecord, InviteCode, Leaf, Name,
    NameTag, OwnerId, OwnerKey, UnixSeconds, VoucherHash,
};

/// A mailbox to be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewMailbox {
    /// The owner's id, drawn by the client.
    pub rid: OwnerId,
    /// Where envelopes are dropped, drawn by the server at random: [`DepositId`] unrelated to `rid`.
    pub sid: DepositId,
    /// Whose signature opens it.
    pub owner_key: OwnerKey,
    /// Doorstep or inbox.
    pub policy: MailboxPolicy,
    /// Counts as its first opening.
    pub today: Day,
}

/// One deposit of a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DepositRequest {
    /// Into which mailbox.
    pub sid: DepositId,
    /// By what right.
    pub auth: DepositAuth,
    /// The sealed bytes.
    pub envelope: Envelope,
    /// Arrival, by day only.
    pub today: Day,
}

/// One change that goes into a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Write {
    /// Store an envelope.
    Deposit(DepositRequest),
    /// Let go of everything up to and including a place.
    Ack {
        /// Of which mailbox.
        sid: DepositId,
        /// The last to go.
        through: Cursor,
    },
}

/// A first registration whose signatures were verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegisterRequest {
    /// Sequence number 0.
    pub record: IdentityRecord,
    /// Hashes of the vouchers that the client drew.
    pub vouchers: [VoucherHash; VOUCHERS],
    /// The invitation's code, if one came.
    pub invite: Option<InviteCode>,
    /// Whether a free name needs no invite.
    pub open: bool,
    /// The name's tag in the ledger; a free name without it is [`Untagged`](crate::RegisterOutcome::Untagged).
    pub tag: Option<NameTag>,
    /// Blinds the record's commitment; drawn by the server.
    pub commitment_nonce: CommitmentNonce,
    /// Time of the leaf.
    pub now: UnixSeconds,
}

/// A change of a name's key whose proof was verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReplaceRequest {
    /// What happens to the name.
    pub kind: AnswerKind,
    /// Sequence number `expected_seq + 1`.
    pub record: IdentityRecord,
    /// The record that the proof spoke of: compare-and-set.
    pub expected_seq: u32,
    /// Hashes of four new vouchers.
    pub vouchers: [VoucherHash; VOUCHERS],
    /// Blinds the record's commitment; drawn by the server.
    pub commitment_nonce: CommitmentNonce,
    /// Time of the leaf.
    pub now: UnixSeconds,
}

/// An invitation to be honoured once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewInvite {
    /// Its secret.
    pub code: InviteCode,
    /// For which name only, if bound.
    pub name: Option<Name>,
    /// From when on it is void.
    pub expires: UnixSeconds,
}

/// A record as the directory keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredRecord {
    /// The signed record.
    pub record: IdentityRecord,
    /// Opens the leaf's commitment.
    pub commitment_nonce: CommitmentNonce,
    /// Its leaf in the ledger.
    pub leaf_index: u64,
}

/// What stands at one place of the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LeafSlot {
    /// A leaf.
    Leaf(Leaf),
    /// A leaf from before there was a ledger, of which it has yet to be said whose it is.
    Untagged {
        /// When.
        time: u32,
    },
    /// One whose row is damaged or missing.
    Lost,
}

/// A leaf that is of no record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LeafMark {
    /// Nothing happened.
    Heartbeat,
    /// The relay went back.
    Restored {
        /// How many leaves stand as they were.
        stand: u64,
        /// Their root.
        root: [u8; 32],
    },
}
