//! The two traits that an engine implements.
//!
//! Synchronous on purpose: the server calls the mutating methods from its writer thread and the reading
//! ones from wherever it likes. Every mutating method is atomic, and durable when it returns `Ok`
//! ([`MailboxStore::ack`] says what it relaxes). Every one is idempotent: repeating it is always safe.

use std::collections::BTreeMap;

use wire::{
    Cursor, Day, DepositId, Generation, InviteCode, Name, NameTag, OwnerId, PrekeyBundle, StampIndex,
    StampKey, UnixSeconds, VoucherHash,
};

use crate::{
    CreateOutcome, DepositOutcome, DepositRequest, Extent, Forgotten, Frozen, GenerationOutcome, Invite,
    LeafMark, LeafSlot, NameState, NamesFound, NewInvite, NewMailbox, OpenedMailbox, OwnerView,
    PublishOutcome, RegisterOutcome, RegisterRequest, ReplaceOutcome, ReplaceRequest, StoreError, Stored,
    StoredRecord, Suspension, Swept, Totals, Write, Wrote,
};

/// Rows that change together at most where everybody else waits for it: a few milliseconds.
pub const ROWS_AT_ONCE: usize = 256;

/// Mailboxes: created by voucher, filled by deposit, emptied by ack or time.
pub trait MailboxStore: Send + Sync {
    /// Makes a mailbox and spends the voucher. The identical request (same rid, key, policy, voucher)
    /// gets the sid of the first one; `new.sid` is then unused.
    fn create(&self, new: NewMailbox, voucher: &VoucherHash) -> Result<CreateOutcome, StoreError>;

    /// Whose signature opens the mailbox of `rid`; `None` when unknown or gone.
    fn find_owner(&self, rid: &OwnerId) -> Result<Option<OwnerView>, StoreError>;

    /// Marks the mailbox opened today, lets what is past its TTL expire, and returns how it stands.
    fn open(&self, rid: &OwnerId, today: Day) -> Result<Option<OpenedMailbox>, StoreError>;

    /// Judges and does everything of a batch in its order, with one commit, and one sync if a deposit is
    /// among it. One result for each change, at the same place. Without room for what adds, deposits are
    /// refused and acks are done all the same.
    fn write_batch(&self, batch: &[Write]) -> Vec<Result<Wrote, StoreError>>;

    /// [`write_batch`](Self::write_batch) for deposits alone.
    fn deposit(&self, batch: Vec<DepositRequest>) -> Vec<Result<DepositOutcome, StoreError>> {
        let wrote = self.write_batch(&batch.into_iter().map(Write::Deposit).collect::<Vec<_>>());
        wrote.into_iter().map(|wrote| wrote.and_then(Wrote::deposited)).collect()
    }

    /// Up to `max` waiting envelopes behind `after`, in order of storage. Fewer than `max` (at most
    /// [`CREDIT_MAX`](wire::limits::CREDIT_MAX)) means that nothing more was waiting. Damaged records are
    /// counted and skipped.
    fn collect(&self, sid: &DepositId, after: Cursor, max: usize) -> Result<Vec<Stored>, StoreError>;

    /// Lets go of every envelope up to and including `through`. Cumulative; again is harmless; a cursor
    /// beyond the last one lets go of what waits now and of nothing later. Survives the end of the process
    /// at once and a power cut from the next sync on: a lost ack costs a redelivery, never an envelope.
    fn ack(&self, sid: &DepositId, through: Cursor) -> Result<(), StoreError> {
        self.write_batch(&[Write::Ack { sid: *sid, through }])
            .into_iter()
            .try_for_each(|wrote| wrote.map(drop))
    }

    /// Whether a doorstep has this id now. Reads no disk.
    fn is_doorstep(&self, sid: &DepositId) -> bool;

    /// Whether anything waits behind `after`. Reads no disk.
    fn is_waiting(&self, sid: &DepositId, after: Cursor) -> bool;

    /// Makes a stamp generation known. Its number must be new to this mailbox, at most four are live.
    fn generate(
        &self,
        sid: &DepositId,
        generation: Generation,
        key: &StampKey,
    ) -> Result<GenerationOutcome, StoreError>;

    /// Ends a generation: its stamps are worth nothing at once, its spent records go, [`ROWS_AT_ONCE`] of them each time
    /// this is asked for, until it is done.
    fn retire(&self, sid: &DepositId, generation: Generation) -> Result<GenerationOutcome, StoreError>;

    /// From now on envelopes under these stamps are dropped while the sender keeps seeing `STORED`.
    fn cross_off(
        &self,
        sid: &DepositId,
        generation: Generation,
        indices: &[StampIndex],
    ) -> Result<GenerationOutcome, StoreError>;

    /// Lets go of what is past its time and refreshes the counts behind `FULL`. To be called at start,
    /// every hour, and soon after each 00:00 UTC.
    fn sweep(&self, today: Day) -> Result<Swept, StoreError>;

    /// Writes down the time that the relay believes it is.
    fn keep_clock(&self, now: UnixSeconds) -> Result<(), StoreError>;

    /// The time last written down.
    fn kept_clock(&self) -> Option<UnixSeconds>;

    /// Makes what was let go of leave the disk, within the bounds of `spec/storage.md § Forgetting`. Deposits
    /// wait while envelopes are copied and the journal changes: for a fraction of a second.
    fn forget(&self, today: Day, extent: Extent) -> Result<Forgotten, StoreError>;

    /// Rows removed or replaced that may still be on the disk: 0 when there is nothing to forget. What was there
    /// before this store was opened counts as many.
    fn unforgotten(&self) -> u64;

    /// Bytes that the store takes on the disk.
    fn disk_bytes(&self) -> u64;

    /// How much is kept.
    fn totals(&self) -> Totals;
}

/// The directory: name to records and bundle.
pub trait DirectoryStore: Send + Sync {
    /// The record of a name: the newest, or the one with a sequence number.
    fn record(&self, name: &Name, seq: Option<u32>) -> Result<Option<StoredRecord>, StoreError>;

    /// First registration: record, vouchers, spent invite and leaf in one commit.
    fn register(&self, request: RegisterRequest) -> Result<RegisterOutcome, StoreError>;

    /// Compare-and-set of a name's record, with its vouchers and leaf in one commit.
    fn replace(&self, request: ReplaceRequest) -> Result<ReplaceOutcome, StoreError>;

    /// The bundle in effect today.
    fn bundle(&self, name: &Name, today: Day) -> Result<Option<PrekeyBundle>, StoreError>;

    /// Replaces a name's bundle by compare-and-set on its counter, which runs per identity.
    fn publish(&self, name: &Name, bundle: PrekeyBundle, today: Day) -> Result<PublishOutcome, StoreError>;

    /// Makes an invitation known.
    fn invite(&self, invite: NewInvite) -> Result<(), StoreError>;

    /// Whether [`register`](Self::register) would register this name now, as far as one can tell before: it is free, the
    /// invitation is good where one is asked for, and the ledger has room for it.
    fn is_for_the_taking(
        &self,
        name: &Name,
        invite: Option<&InviteCode>,
        open: bool,
        now: UnixSeconds,
    ) -> Result<bool, StoreError>;
}

/// The leaves of the ledger: one for each change of a record, in their order.
pub trait LedgerStore: Send + Sync {
    /// How many.
    fn leaves(&self) -> u64;

    /// Up to `max` of them from a place on.
    fn leaf_slots(&self, from: u64, max: usize) -> Result<Vec<LeafSlot>, StoreError>;

    /// Of which name each leaf is, as far as the records tell.
    fn names_of_leaves(&self) -> Result<BTreeMap<u64, Name>, StoreError>;

    /// Says of a leaf from before there was a ledger whose it is and what it follows. One of which nobody knows the name any
    /// more becomes a heartbeat.
    fn fill_leaf(
        &self,
        index: u64,
        of: Option<(&Name, NameTag)>,
        prev_index: u64,
        time: u32,
    ) -> Result<(), StoreError>;

    /// Puts a heartbeat in the place of a leaf that was lost; [`went_back`](Self::went_back) knows of it from the same commit on.
    fn replace_lost_leaf(&self, index: u64, time: u32) -> Result<(), StoreError>;

    /// Appends a leaf that is of no record, and says where it stands.
    fn append_mark(&self, mark: LeafMark, now: UnixSeconds) -> Result<u64, StoreError>;

    /// How many leaves stand as they were, where these rows came from a backup or a repair and no leaf says so yet:
    /// [`u64::MAX`] where all do. Until then no name is registered and none is changed.
    fn went_back(&self) -> Result<Option<u64>, StoreError>;
}

/// What only whoever runs the server asks.
pub trait OperatorStore: Send + Sync {
    /// Everything that is durable now, to be copied while deposits go on. Whatever was confirmed before the
    /// call is in it. It keeps what is let go of meanwhile on the disk, so it must not live long.
    fn freeze(&self) -> Result<Frozen, StoreError>;

    /// Up to `max` names behind the one with this key, in no order that means anything.
    fn names(&self, after: Option<&[u8; 32]>, max: usize) -> Result<NamesFound, StoreError>;

    /// One name.
    fn name(&self, name: &Name) -> Result<Option<NameState>, StoreError>;

    /// From now on nobody is given this name's bundle. Its record is still shown to whoever looks it up, and its
    /// owner can still replace it.
    fn suspend(&self, name: &Name, now: UnixSeconds) -> Result<Suspension, StoreError>;

    /// Ends a suspension.
    fn resume(&self, name: &Name) -> Result<Suspension, StoreError>;

    /// Invitations that are out, a bounded number: those for one name or all, and those whose id begins with
    /// these bytes.
    fn invites(&self, name: Option<&Name>, id: &[u8]) -> Result<Vec<Invite>, StoreError>;

    /// Makes invitations void, and says how many there were.
    fn revoke(&self, ids: &[[u8; 32]]) -> Result<u64, StoreError>;
}

/// All of them at once: what a server holds as `Arc<dyn Store>`.
pub trait Store: MailboxStore + DirectoryStore + LedgerStore + OperatorStore {}

impl<S: MailboxStore + DirectoryStore + LedgerStore + OperatorStore> Store for S {}
