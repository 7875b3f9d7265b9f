//! The directory: names to records, compare-and-set, invites.

use wire::limits::{CHANGES_PER_DAY_MAX, LEDGER_LEAVES_MAX, LEDGER_RESERVE};
use wire::request::{AnswerKind, VOUCHERS};
use wire::{
    CommitmentNonce, Day, IdentityRecord, InviteCode, Leaf, LeafKind, Name, NameTag, PrekeyBundle,
    RecordHash, UnixSeconds,
};
use wire::{VoucherHash, Wire};

use crate::codec::Cut;
use crate::engine::Engine;
use crate::ledger::{LeafPlace, LogRow, seconds};
use crate::shelf::{Batch, Key, Shelf, Table, key_of};
use crate::{
    Cause, DirectoryStore, LedgerStore, NewInvite, PublishOutcome, RegisterOutcome, RegisterRequest,
    ReplaceOutcome, ReplaceRequest, StoreError, StoredRecord,
};

/// How long a name rests after its tombstone (DESIGN § 6.1).
const REST_SECONDS: u64 = 30 * DAY_S;
const DAY_S: u64 = 86_400;

/// What a name points at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Head {
    /// The newest record's number.
    pub(crate) seq: u32,
    /// When the name was given up, if it was.
    pub(crate) tombstone: Option<UnixSeconds>,
    /// Its tag in the ledger; `None` in rows from before there was one, until that is filled in.
    pub(crate) tag: Option<NameTag>,
}

impl Head {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let time = self.tombstone.map_or(0, |time| time.0);
        let flag = u8::from(self.tombstone.is_some());
        let tag = self.tag.iter().flat_map(|tag| tag.0);
        self.seq.to_be_bytes().into_iter().chain([flag]).chain(time.to_be_bytes()).chain(tag).collect()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut cut = Cut(bytes);
        let (seq, flag, time) = (cut.u32()?, cut.u8()?, cut.u64()?);
        let tag = if cut.0.is_empty() { None } else { Some(NameTag(cut.array()?)) };
        cut.end()?;
        Some(Self { seq, tombstone: (flag == 1).then_some(UnixSeconds(time)), tag })
    }

    /// Free again: given up, and rested.
    fn is_free(self, now: UnixSeconds) -> bool {
        self.tombstone.is_some_and(|time| now >= end_of_rest(time))
    }
}

fn end_of_rest(given_up: UnixSeconds) -> UnixSeconds {
    UnixSeconds(given_up.0.saturating_add(REST_SECONDS))
}

/// Invitations listed or revoked in one go.
pub(crate) const INVITES_MAX: usize = 4_096;

/// A name as its server's operator sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NameState {
    /// Its key in storage, behind which a listing goes on.
    pub key: [u8; 32],
    /// The record registered now, which is public.
    pub record: IdentityRecord,
    /// When its owner gave it up, if so.
    pub given_up: Option<UnixSeconds>,
    /// Since when it is suspended, if it is.
    pub suspended: Option<UnixSeconds>,
}

impl NameState {
    /// From when on somebody else may have it, if its owner gave it up.
    pub fn free_from(&self) -> Option<UnixSeconds> {
        self.given_up.map(end_of_rest)
    }
}

/// Some names, and behind which key the next ones are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamesFound {
    /// Those of which the rows are sound.
    pub names: Vec<NameState>,
    /// Where a listing goes on; `None` at the end.
    pub next: Option<[u8; 32]>,
}

/// Outcome of suspending or resuming.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Suspension {
    /// So it is now.
    Done,
    /// So it was.
    Already,
    /// No such name.
    NoSuchName,
}

/// An invitation that is out, without its code, which nobody keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Invite {
    /// The hash of its code.
    pub id: [u8; 32],
    /// From when on it is void.
    pub expires: UnixSeconds,
    /// Whether it is for one name only, which is kept as a hash.
    pub for_one_name: bool,
}

impl<S: Shelf> DirectoryStore for Engine<S> {
    fn record(&self, name: &Name, seq: Option<u32>) -> Result<Option<StoredRecord>, StoreError> {
        self.running()?;
        let key = self.name_key(name);
        let Some(head) = self.head(&key)? else { return Ok(None) };
        self.read_record(&key, seq.unwrap_or(head.seq))
    }

    fn register(&self, request: RegisterRequest) -> Result<RegisterOutcome, StoreError> {
        let _writer = self.write()?;
        let key = self.name_key(&request.record.body.name);
        let mut batch = Batch::default();
        let mut before = Leaf::NONE;
        if let Some(head) = self.head(&key)? {
            before = match self.freed(&key, head, request.now)? {
                Some(leaf) => leaf,
                None => return self.already(&key, head, &request),
            };
            for seq in 0..=head.seq {
                batch.remove(Table::Records, &record_key(&key, seq));
            }
            batch.remove(Table::Bundles, &key);
            // Whatever was against the one before is nothing to the next.
            batch.remove(Table::Suspended, &key);
        }
        if !request.open || request.invite.is_some() {
            // On an open server a bad code is ignored, a good one is spent.
            match self.good_invite(request.invite.as_ref(), &key, request.now)? {
                Some(row) => batch.remove(Table::Invites, &row),
                None if !request.open => return Ok(RegisterOutcome::BadInvite),
                None => {}
            }
        }
        if !self.has_room(LEDGER_RESERVE) {
            return Ok(RegisterOutcome::Full);
        }
        if self.went_back()?.is_some() {
            return Ok(RegisterOutcome::Unmarked);
        }
        let Some(tag) = request.tag else { return Ok(RegisterOutcome::Untagged) };
        let row = LogRow {
            kind: LeafKind::Register,
            record: hash_of(&request.record),
            nonce: request.commitment_nonce,
            time: request.now,
            place: Some(self.leaf_place(tag, before, request.now)),
        };
        let head = Head { seq: request.record.body.seq, tombstone: None, tag: Some(tag) };
        let stored = self.put_record(batch, &key, head, request.record, row, &request.vouchers)?;
        Ok(RegisterOutcome::Registered(stored))
    }

    fn replace(&self, request: ReplaceRequest) -> Result<ReplaceOutcome, StoreError> {
        let _writer = self.write()?;
        let key = self.name_key(&request.record.body.name);
        let Some(head) = self.head(&key)? else { return Ok(ReplaceOutcome::NoSuch) };
        if head.seq == request.record.body.seq && request.expected_seq.checked_add(1) == Some(head.seq) {
            // The answer to the first attempt was lost; the same record stands already.
            if let Some(stored) =
                self.read_record(&key, head.seq)?.filter(|stored| stored.record == request.record)
            {
                return Ok(ReplaceOutcome::Replaced(stored));
            }
        }
        let next = request.expected_seq.checked_add(1);
        if head.tombstone.is_some()
            || head.seq != request.expected_seq
            || next != Some(request.record.body.seq)
        {
            return Ok(ReplaceOutcome::Stale);
        }
        if !self.has_room(LEDGER_RESERVE / 4) {
            return Ok(ReplaceOutcome::Full);
        }
        if self.went_back()?.is_some() {
            return Ok(ReplaceOutcome::Unmarked);
        }
        let Some(tag) = head.tag else { return Ok(ReplaceOutcome::Untagged) };
        let kind = match request.kind {
            AnswerKind::Rotate => LeafKind::Rotate,
            AnswerKind::Recover => LeafKind::Recover,
            AnswerKind::Tombstone => LeafKind::Tombstone,
        };
        let mut batch = Batch::default();
        if kind == LeafKind::Tombstone {
            batch.remove(Table::Bundles, &key);
        }
        let Some(before) = self.read_record(&key, head.seq)? else {
            return Err(self.failed(Cause::Damaged));
        };
        if let Some(left_s) = self.day_left(kind, before.leaf_index, request.now)? {
            return Ok(ReplaceOutcome::TooMany { left_s });
        }
        let row = LogRow {
            kind,
            record: hash_of(&request.record),
            nonce: request.commitment_nonce,
            time: request.now,
            place: Some(self.leaf_place(tag, before.leaf_index, request.now)),
        };
        let tombstone = (kind == LeafKind::Tombstone).then_some(request.now);
        let head = Head { seq: request.record.body.seq, tombstone, tag: head.tag };
        let stored = self.put_record(batch, &key, head, request.record, row, &request.vouchers)?;
        Ok(ReplaceOutcome::Replaced(stored))
    }

    fn bundle(&self, name: &Name, today: Day) -> Result<Option<PrekeyBundle>, StoreError> {
        self.bundle_in_effect(name, today)
    }

    fn publish(&self, name: &Name, bundle: PrekeyBundle, today: Day) -> Result<PublishOutcome, StoreError> {
        self.publish_bundle(name, bundle, today)
    }

    fn invite(&self, invite: NewInvite) -> Result<(), StoreError> {
        let _writer = self.write()?;
        let mut body = invite.expires.0.to_be_bytes().to_vec();
        if let Some(name) = &invite.name {
            body.extend_from_slice(&self.name_key(name));
        }
        let mut batch = Batch::default();
        batch.put(Table::Invites, &invite_key(&invite.code), &body);
        self.commit_addition(batch)
    }

    fn is_for_the_taking(
        &self,
        name: &Name,
        invite: Option<&InviteCode>,
        open: bool,
        now: UnixSeconds,
    ) -> Result<bool, StoreError> {
        self.running()?;
        let key = self.name_key(name);
        let is_free = match self.head(&key)? {
            None => true,
            Some(head) => self.freed(&key, head, now)?.is_some(),
        };
        Ok(self.has_room(LEDGER_RESERVE)
            && is_free
            && self.went_back()?.is_none()
            && (open || self.good_invite(invite, &key, now)?.is_some()))
    }
}

impl<S: Shelf> Engine<S> {
    pub(crate) fn name_key(&self, name: &Name) -> [u8; 32] {
        crypto::keyed_name(&self.keys.names, name.as_str())
    }

    pub(crate) fn head(&self, key: &[u8; 32]) -> Result<Option<Head>, StoreError> {
        let Some(body) = self.row(Table::Names, key)? else { return Ok(None) };
        Head::from_bytes(&body).map(Some).ok_or_else(|| self.failed(Cause::Damaged))
    }

    pub(crate) fn read_record(&self, key: &[u8; 32], seq: u32) -> Result<Option<StoredRecord>, StoreError> {
        let Some(body) = self.row(Table::Records, &record_key(key, seq))? else { return Ok(None) };
        record_from(&body).map(Some).ok_or_else(|| self.failed(Cause::Damaged))
    }

    /// The leaf that a name's tombstone has, once it has rested; `None` while it is somebody's. It rests on while the ledger
    /// does not know its tag.
    fn freed(&self, key: &[u8; 32], head: Head, now: UnixSeconds) -> Result<Option<u64>, StoreError> {
        if !head.is_free(now) || head.tag.is_none() {
            return Ok(None);
        }
        let Some(last) = self.read_record(key, head.seq)? else { return Err(self.failed(Cause::Damaged)) };
        Ok(Some(last.leaf_index))
    }

    /// What the next leaf says of itself: its time is never below that of one before it.
    fn leaf_place(&self, tag: NameTag, prev_index: u64, now: UnixSeconds) -> LeafPlace {
        let time = self.look(|state| state.leaf_time).max(seconds(now));
        LeafPlace { tag, prev_index, time }
    }

    /// Whether as many leaves as these are left after the next one.
    fn has_room(&self, reserve: u64) -> bool {
        self.look(|state| state.leaves) < LEDGER_LEAVES_MAX - reserve
    }

    /// How much of the day is left in which a name, of which this is the newest leaf, was changed in this way as often as it
    /// may be; `None` if it may be once more.
    fn day_left(&self, kind: LeafKind, newest: u64, now: UnixSeconds) -> Result<Option<u32>, StoreError> {
        let (mut index, mut counted) = (newest, 0);
        // Of both kinds there are so many at most within a day.
        for _ in 0..2 * CHANGES_PER_DAY_MAX {
            let Some(row) = self.log_row(index)? else { return Ok(None) };
            let end = row.time.0.saturating_add(DAY_S);
            if end <= now.0 {
                return Ok(None);
            }
            counted += u32::from(row.kind == kind);
            if counted == CHANGES_PER_DAY_MAX {
                // A clock that went back keeps nobody waiting for longer.
                let left = (end - now.0).min(DAY_S);
                return Ok(Some(u32::try_from(left).unwrap_or(u32::MAX)));
            }
            let Some(place) = row.place else { return Ok(None) };
            index = place.prev_index;
        }
        Ok(None)
    }

    /// A claim of a name that is somebody's: mine again, taken, or resting.
    fn already(
        &self,
        key: &[u8; 32],
        head: Head,
        request: &RegisterRequest,
    ) -> Result<RegisterOutcome, StoreError> {
        if head.tombstone.is_some() {
            return Ok(RegisterOutcome::BadInvite);
        }
        let Some(stored) = self.read_record(key, head.seq)? else {
            // A head without its record: the record's row was lost, and nothing may take its place.
            return Err(self.failed(Cause::Damaged));
        };
        Ok(match stored.record == request.record {
            true => RegisterOutcome::Again(stored),
            false => RegisterOutcome::Taken(stored),
        })
    }

    /// The row of an invite that is good for this name now.
    fn good_invite(
        &self,
        code: Option<&InviteCode>,
        name: &[u8; 32],
        now: UnixSeconds,
    ) -> Result<Option<[u8; 32]>, StoreError> {
        let Some(code) = code else { return Ok(None) };
        let row = invite_key(code);
        let Some(body) = self.row(Table::Invites, &row)? else { return Ok(None) };
        let mut cut = Cut(&body);
        let expires = cut.u64().ok_or_else(|| self.failed(Cause::Damaged))?;
        let bound = cut.rest();
        let good = now.0 < expires && (bound.is_empty() || bound == name);
        Ok(good.then_some(row))
    }

    /// Record, head, vouchers and leaf in one commit.
    fn put_record(
        &self,
        mut batch: Batch,
        key: &[u8; 32],
        head: Head,
        record: IdentityRecord,
        row: LogRow,
        vouchers: &[VoucherHash; VOUCHERS],
    ) -> Result<StoredRecord, StoreError> {
        let leaf_index = self.look(|state| state.leaves);
        let next = leaf_index.checked_add(1).ok_or(StoreError::NotDone(Cause::Exhausted))?;
        let stored = StoredRecord { record, commitment_nonce: row.nonce, leaf_index };
        batch.put(Table::Records, &record_key(key, head.seq), &record_body(&stored));
        batch.put(Table::Names, key, &head.to_bytes());
        batch.put(Table::Log, &leaf_index.to_be_bytes(), &row.to_bytes());
        for voucher in vouchers {
            batch.put(Table::Vouchers, voucher.as_bytes(), &[]);
        }
        self.commit_addition(batch)?;
        self.show(|state| {
            state.leaves = next;
            state.leaf_time = state.leaf_time.max(row.leaf_time());
        });
        Ok(stored)
    }
}

fn hash_of(record: &IdentityRecord) -> RecordHash {
    RecordHash(crypto::record_hash(&record.body.to_bytes()))
}

/// `keyed name ‖ seq`.
pub(crate) fn record_key(key: &[u8; 32], seq: u32) -> Key {
    key_of(&[key, &seq.to_be_bytes()])
}

/// A code is a secret: on disk lies its hash only.
fn invite_key(code: &InviteCode) -> [u8; 32] {
    crypto::sha256(&[b"oubliette/invite/1", code.as_bytes()])
}

/// `commitment nonce ‖ leaf ‖ record`.
fn record_body(stored: &StoredRecord) -> Vec<u8> {
    let mut out = stored.commitment_nonce.0.to_vec();
    out.extend_from_slice(&stored.leaf_index.to_be_bytes());
    out.extend_from_slice(&stored.record.to_bytes());
    out
}

pub(crate) fn record_from(body: &[u8]) -> Option<StoredRecord> {
    let mut cut = Cut(body);
    let commitment_nonce = CommitmentNonce(cut.array()?);
    let leaf_index = cut.u64()?;
    let record = IdentityRecord::from_bytes(cut.rest()).ok()?;
    Some(StoredRecord { record, commitment_nonce, leaf_index })
}
