//! What a store answers: one outcome type per operation, one error for what storage itself could not do.

use wire::request::MailboxPolicy;
use wire::{Cursor, Day, DepositAuth, DepositId, Envelope, Generation, OwnerKey, RefusalKind};

use crate::StoredRecord;

/// Storage itself failed. Two sentences a caller can act on; the cause is for the operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was done and nothing of it will appear later: `REFUSED(unavailable)`.
    #[error("nothing was stored: {0}")]
    NotDone(Cause),
    /// It may have been done: `REFUSED(uncertain)`; repeating the same bytes tells.
    #[error("it is not known whether it was stored: {0}")]
    Unknown(Cause),
}

/// Why storage failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// Less room is left than the store keeps in reserve.
    #[error("the disk is full")]
    DiskFull,
    /// A write or a sync failed earlier; the process must be restarted.
    #[error("the store has stopped after a failed write")]
    Stopped,
    /// A write or a sync failed in this call.
    #[error("writing to the disk failed")]
    Write,
    /// A read failed.
    #[error("reading from the disk failed")]
    Read,
    /// The record needed for the answer is damaged.
    #[error("a stored record is damaged")]
    Damaged,
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Randomness,
    /// Somebody reads a snapshot, for a backup.
    #[error("a backup is being made")]
    Frozen,
    /// A cursor or counter would overflow.
    #[error("a counter is exhausted")]
    Exhausted,
}

/// Outcome of [`MailboxStore::create`](crate::MailboxStore::create).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum CreateOutcome {
    /// A new mailbox; its voucher is spent.
    Created(DepositId),
    /// The identical request was carried out before; same answer.
    Again(DepositId),
    /// The owner id exists with other properties.
    RidTaken,
    /// The voucher is unknown, or was spent on another mailbox.
    BadVoucher,
}

/// What opening needs to know before ownership is proven.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OwnerView {
    /// Where senders drop envelopes.
    pub sid: DepositId,
    /// Whose signature opens it.
    pub owner_key: OwnerKey,
    /// Doorstep or inbox.
    pub policy: MailboxPolicy,
}

/// A mailbox as its owner finds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenedMailbox {
    /// Where senders drop envelopes.
    pub sid: DepositId,
    /// Envelopes waiting.
    pub waiting: u32,
    /// Arrival day of the oldest of them; day 0 when none waits.
    pub oldest: Day,
    /// Envelopes that expired unread since the mailbox was made.
    pub expired: u32,
    /// Live stamp generations, rising.
    pub generations: Vec<Generation>,
}

/// Outcome of one deposit of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum DepositOutcome {
    /// On stable storage now (or dropped under a crossed-off stamp: not told apart).
    Stored,
    /// The same deposit was stored before; the sender is told `STORED`.
    Again,
    /// A numbered no; nothing was stored, no stamp was spent.
    Refused(RefusalKind),
}

/// What became of one change of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Wrote {
    /// Of a deposit.
    Deposit {
        /// What its sender is told.
        outcome: DepositOutcome,
        /// Where the envelope waits now; nowhere when it is a repeat, or was dropped or refused.
        at: Option<Cursor>,
    },
    /// It was let go, now or before.
    Ack,
}

impl Wrote {
    pub(crate) fn is_of_deposit(&self) -> bool {
        matches!(self, Wrote::Deposit { .. })
    }

    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Wrote::Deposit { outcome: DepositOutcome::Refused(_), .. })
    }

    pub(crate) fn deposited(self) -> Result<DepositOutcome, StoreError> {
        match self {
            Wrote::Deposit { outcome, .. } => Ok(outcome),
            Wrote::Ack => Err(StoreError::Unknown(Cause::Stopped)),
        }
    }
}

/// One waiting envelope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// Its place.
    pub cursor: Cursor,
    /// By what right it was dropped, without a puzzle's solution.
    pub auth: DepositAuth,
    /// The sealed bytes.
    pub envelope: Envelope,
}

/// Outcome of changing stamp generations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum GenerationOutcome {
    /// Done, now or by an identical request before.
    Done,
    /// As much of it is done as others may wait for: the identical request goes on.
    More,
    /// A numbered no; nothing changed.
    Refused(RefusalKind),
}

/// What a sweep let go of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Swept {
    /// Envelopes past their TTL.
    pub envelopes: u64,
    /// Mailboxes closed after 90 unopened days.
    pub mailboxes: u64,
}

/// How much of what was let go of shall leave the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extent {
    /// What is due: days on which much still waits are put off, at most until the next day.
    Due,
    /// Everything that can.
    All,
}

/// What forgetting did to the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Forgotten {
    /// Bytes on the disk before.
    pub bytes_before: u64,
    /// And after.
    pub bytes_after: u64,
}

/// What a store holds, as counters without persons.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Live mailboxes.
    pub mailboxes: u64,
    /// Envelopes waiting.
    pub waiting: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Changes of records so far, from the first on: leaves of the ledger that are of somebody.
    pub leaves: u64,
    /// Damaged records met since the store was opened; none of them was served.
    pub damaged: u64,
}

/// Outcome of [`DirectoryStore::register`](crate::DirectoryStore::register).
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use]
pub enum RegisterOutcome {
    /// The name is this record's now; the invite is spent, the vouchers are good.
    Registered(StoredRecord),
    /// This very record is the registered one.
    Again(StoredRecord),
    /// The name has another record: challenge.
    Taken(StoredRecord),
    /// The name is free, but not for this invite (or it rests after a tombstone): told apart to nobody.
    BadInvite,
    /// The name is free, and the request did not say under which tag the ledger shall have it.
    Untagged,
    /// The store went back and the ledger has yet to say so: this leaf would pass for one that was there before.
    Unmarked,
    /// The ledger takes no new name: the last [`LEDGER_RESERVE`](wire::limits::LEDGER_RESERVE) leaves are kept for others.
    Full,
}

/// Outcome of [`DirectoryStore::replace`](crate::DirectoryStore::replace). Made once in a key's life: not
/// worth a box.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use]
pub enum ReplaceOutcome {
    /// The new record stands (also when this very record stood already).
    Replaced(StoredRecord),
    /// The registered sequence number is not the expected one.
    Stale,
    /// No such name.
    NoSuch,
    /// It was changed in this way [`CHANGES_PER_DAY_MAX`](wire::limits::CHANGES_PER_DAY_MAX) times within a day; this many
    /// seconds are left of it.
    TooMany {
        /// Seconds, at least one.
        left_s: u32,
    },
    /// The ledger takes no change: the last leaves are kept for heartbeats and restores.
    Full,
    /// The leaves of this name are from before there was a ledger and not filled in yet: a leaf that said nothing of the
    /// one before would be another history.
    Untagged,
    /// As [`RegisterOutcome::Unmarked`].
    Unmarked,
}

/// Outcome of [`DirectoryStore::publish`](crate::DirectoryStore::publish).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum PublishOutcome {
    /// Kept; in effect at once if the first under its identity or of its account, else from the next 00:00 UTC.
    Published,
    /// These very bytes were published before.
    Again,
    /// The counter is not higher than the published one's.
    Stale,
    /// No such name.
    NoSuchName,
}
