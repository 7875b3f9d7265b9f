//! Creating, opening, collecting, acking, and the stamp generations of a mailbox.

use wire::limits::{CREDIT_MAX, CROSS_OFF_INDICES_MAX, GENERATIONS_MAX};
use wire::request::MailboxPolicy;
use wire::{
    Cursor, Day, DepositId, Generation, OwnerId, RefusalKind, StampIndex, StampKey, UnixSeconds, VoucherHash,
};

use crate::deposit::{envelope_from, spent_key};
use crate::engine::{Engine, STEP};
use crate::gate::SpentStamp;
use crate::mailbox::{Mailbox, MailboxRow, envelope_key};
use crate::shelf::{Batch, Durability, Shelf, Table};
use crate::{
    Cause, CreateOutcome, Extent, Forgotten, GenerationOutcome, MailboxStore, NewMailbox, OpenedMailbox,
    OwnerView, ROWS_AT_ONCE, StoreError, Stored, Swept, Totals, Write, Wrote,
};

/// Under which the time is written down.
const CLOCK_KEY: &[u8] = b"clock";

impl<S: Shelf> MailboxStore for Engine<S> {
    fn create(&self, new: NewMailbox, voucher: &VoucherHash) -> Result<CreateOutcome, StoreError> {
        let _writer = self.write()?;
        self.see(new.today);
        if let Some(outcome) = self.created_before(&new, voucher) {
            return Ok(outcome);
        }
        if self.row(Table::Vouchers, voucher.as_bytes())?.is_none() {
            return Ok(CreateOutcome::BadVoucher);
        }
        if self.look(|state| state.mailboxes.contains_key(&new.sid)) {
            // 128 random bits met again: the system's randomness is broken.
            return Err(StoreError::NotDone(Cause::Randomness));
        }
        let row = MailboxRow {
            rid: new.rid,
            owner_key: new.owner_key,
            policy: new.policy,
            voucher: *voucher,
            opened: new.today,
            gone: false,
            expired: 0,
            acked: 0,
            generations: Vec::new(),
            used: [0; 32],
        };
        let mut batch = Batch::default();
        batch.remove(Table::Vouchers, voucher.as_bytes());
        batch.put(Table::Mailboxes, new.sid.as_bytes(), &row.to_bytes());
        self.commit_addition(batch)?;
        self.show(|state| {
            state.owners.insert(new.rid, new.sid);
            state.mailboxes.insert(new.sid, Box::new(Mailbox::new(row)));
        });
        Ok(CreateOutcome::Created(new.sid))
    }

    fn find_owner(&self, rid: &OwnerId) -> Result<Option<OwnerView>, StoreError> {
        self.running()?;
        let today = self.today();
        Ok(self.look(|state| {
            let sid = state.owners.get(rid)?;
            let row = &state.mailboxes.get(sid)?.row;
            (!row.is_gone(today)).then_some(OwnerView {
                sid: *sid,
                owner_key: row.owner_key,
                policy: row.policy,
            })
        }))
    }

    fn open(&self, rid: &OwnerId, today: Day) -> Result<Option<OpenedMailbox>, StoreError> {
        let _writer = self.write()?;
        self.see(today);
        let Some((sid, mut mailbox)) = self.look(|state| {
            let sid = *state.owners.get(rid)?;
            Some((sid, state.mailboxes.get(&sid)?.clone()))
        }) else {
            return Ok(None);
        };
        if mailbox.row.is_gone(today) {
            return Ok(None);
        }
        let mut batch = Batch::default();
        Self::expire(&mut batch, &sid, &mut mailbox, today);
        self.fix_allowance(&mut batch, &sid, &mut mailbox, today);
        let opened = OpenedMailbox {
            sid,
            waiting: mailbox.waiting.len(),
            oldest: mailbox.waiting.oldest(),
            expired: mailbox.row.expired,
            generations: mailbox.row.generations.iter().map(|(generation, _)| *generation).collect(),
        };
        if mailbox.row.opened != today || !batch.0.is_empty() {
            mailbox.row.opened = mailbox.row.opened.max(today);
            batch.put(Table::Mailboxes, sid.as_bytes(), &mailbox.row.to_bytes());
            self.commit(batch, Durability::Synced)?;
            self.show(|state| state.mailboxes.insert(sid, mailbox));
        }
        Ok(Some(opened))
    }

    fn write_batch(&self, batch: &[Write]) -> Vec<Result<Wrote, StoreError>> {
        self.write_all(batch)
    }

    fn collect(&self, sid: &DepositId, after: Cursor, max: usize) -> Result<Vec<Stored>, StoreError> {
        self.running()?;
        let max = max.min(usize::from(CREDIT_MAX));
        let mut found = Vec::new();
        let mut cursor = after.0.saturating_add(1);
        // Bounded by what waits: the low-water mark below, the next free cursor above, never a scan.
        while found.len() < max {
            let Some((at, place)) = self.next_waiting(sid, cursor) else { break };
            cursor = at.saturating_add(1);
            if let Some(stored) = self.read_envelope(sid, Cursor(at), place)? {
                found.push(stored);
            }
        }
        Ok(found)
    }

    fn is_doorstep(&self, sid: &DepositId) -> bool {
        self.look(|state| {
            state.mailboxes.get(sid).is_some_and(|mailbox| mailbox.row.policy == MailboxPolicy::Doorstep)
        })
    }

    fn is_waiting(&self, sid: &DepositId, after: Cursor) -> bool {
        self.next_waiting(sid, after.0.saturating_add(1)).is_some()
    }

    fn generate(
        &self,
        sid: &DepositId,
        generation: Generation,
        key: &StampKey,
    ) -> Result<GenerationOutcome, StoreError> {
        let _writer = self.write()?;
        let Some(mut row) = self.inbox_row(sid) else {
            return Ok(GenerationOutcome::Refused(RefusalKind::NoSuchMailbox));
        };
        if row.key_of(generation) == Some(key) {
            return Ok(GenerationOutcome::Done);
        }
        if row.was_used(generation) || row.generations.len() >= GENERATIONS_MAX {
            return Ok(GenerationOutcome::Refused(RefusalKind::Generation));
        }
        row.mark_used(generation);
        row.generations.push((generation, *key));
        row.generations.sort_unstable_by_key(|(generation, _)| *generation);
        let mut batch = Batch::default();
        batch.put(Table::Mailboxes, sid.as_bytes(), &row.to_bytes());
        self.commit_addition(batch)?;
        self.show_row(sid, row);
        Ok(GenerationOutcome::Done)
    }

    fn retire(&self, sid: &DepositId, generation: Generation) -> Result<GenerationOutcome, StoreError> {
        let _writer = self.write()?;
        let Some(mut row) = self.inbox_row(sid) else {
            return Ok(GenerationOutcome::Refused(RefusalKind::NoSuchMailbox));
        };
        if !row.was_used(generation) {
            return Ok(GenerationOutcome::Refused(RefusalKind::Generation));
        }
        if row.key_of(generation).is_some() {
            row.generations.retain(|(live, _)| *live != generation);
            let mut batch = Batch::default();
            batch.put(Table::Mailboxes, sid.as_bytes(), &row.to_bytes());
            self.commit(batch, Durability::Synced)?;
            self.show_row(sid, row);
        }
        // After the key is gone the spent records say nothing any more. Cut short by a crash, the rest
        // goes with the identical request or with the mailbox.
        let (from, until) = spent_range(sid, Some(generation));
        match self.forget_some(Table::Spent, &from, &until, ROWS_AT_ONCE)? {
            Some(_) => Ok(GenerationOutcome::More),
            None => Ok(GenerationOutcome::Done),
        }
    }

    fn cross_off(
        &self,
        sid: &DepositId,
        generation: Generation,
        indices: &[StampIndex],
    ) -> Result<GenerationOutcome, StoreError> {
        let _writer = self.write()?;
        if self.inbox_row(sid).is_none_or(|row| row.key_of(generation).is_none()) {
            return Ok(GenerationOutcome::Refused(RefusalKind::Generation));
        }
        let mut batch = Batch::default();
        for index in indices.iter().take(CROSS_OFF_INDICES_MAX) {
            let key = spent_key(sid, generation, *index);
            // What was spent keeps its m, so that its retries are answered as ever.
            if self.row(Table::Spent, &key)?.is_none() {
                batch.put(Table::Spent, &key, &SpentStamp::CrossedOff.to_bytes());
            }
        }
        self.commit_addition(batch)?;
        Ok(GenerationOutcome::Done)
    }

    fn sweep(&self, today: Day) -> Result<Swept, StoreError> {
        self.sweep_all(today)
    }

    fn keep_clock(&self, now: UnixSeconds) -> Result<(), StoreError> {
        let _writer = self.write()?;
        let mut batch = Batch::default();
        batch.put(Table::Meta, CLOCK_KEY, &now.0.to_be_bytes());
        self.commit(batch, Durability::Written)
    }

    fn kept_clock(&self) -> Option<UnixSeconds> {
        let body = self.row(Table::Meta, CLOCK_KEY).ok().flatten()?;
        Some(UnixSeconds(u64::from_be_bytes(body.as_ref().try_into().ok()?)))
    }

    fn forget(&self, today: Day, extent: Extent) -> Result<Forgotten, StoreError> {
        self.forget_all(today, extent)
    }

    fn unforgotten(&self) -> u64 {
        self.shelf.touched_rows()
    }

    fn disk_bytes(&self) -> u64 {
        self.shelf.disk_bytes()
    }

    fn totals(&self) -> Totals {
        let (mailboxes, waiting, bytes) = self.waiting_totals();
        Totals {
            mailboxes,
            waiting,
            bytes,
            leaves: self.look(|state| state.leaves - state.marks),
            damaged: self.damage(),
        }
    }
}

impl<S: Shelf> Engine<S> {
    /// `CREATE` of a known rid: the same answer to the same request, a refusal to any other.
    fn created_before(&self, new: &NewMailbox, voucher: &VoucherHash) -> Option<CreateOutcome> {
        self.look(|state| {
            let sid = state.owners.get(&new.rid)?;
            let row = &state.mailboxes.get(sid)?.row;
            let same = row.owner_key == new.owner_key && row.policy == new.policy && row.voucher == *voucher;
            Some(match same && !row.is_gone(new.today) {
                true => CreateOutcome::Again(*sid),
                false => CreateOutcome::RidTaken,
            })
        })
    }

    /// The first waiting cursor not below `from`, and where its row lies.
    fn next_waiting(&self, sid: &DepositId, from: u64) -> Option<(u64, (Day, u8))> {
        self.look(|state| {
            let waiting = &state.mailboxes.get(sid)?.waiting;
            let at = from.max(waiting.first());
            Some((at, waiting.place_of(at)?))
        })
    }

    /// One envelope; `None` when it is damaged or was let go a moment ago.
    fn read_envelope(
        &self,
        sid: &DepositId,
        cursor: Cursor,
        (day, class): (Day, u8),
    ) -> Result<Option<Stored>, StoreError> {
        let body = match self.row(Table::Envelopes(day), &envelope_key(sid, cursor, class)) {
            Ok(body) => body,
            Err(StoreError::NotDone(Cause::Damaged)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(body) = body else { return Ok(None) };
        let Some((auth, envelope)) = envelope_from(&body) else {
            self.count_damage();
            return Ok(None);
        };
        Ok(Some(Stored { cursor, auth, envelope }))
    }

    fn inbox_row(&self, sid: &DepositId) -> Option<MailboxRow> {
        let today = self.today();
        let row = self.look(|state| state.mailboxes.get(sid).map(|mailbox| mailbox.row.clone()))?;
        (row.policy == MailboxPolicy::Inbox && !row.is_gone(today)).then_some(row)
    }

    fn show_row(&self, sid: &DepositId, row: MailboxRow) {
        self.show(|state| {
            if let Some(mailbox) = state.mailboxes.get_mut(sid) {
                mailbox.row = row;
            }
        });
    }

    /// Removes the spent records of all generations.
    pub(crate) fn forget_spent(&self, sid: &DepositId) -> Result<(), StoreError> {
        let (from, until) = spent_range(sid, None);
        self.forget_range(Table::Spent, from, &until)
    }

    /// Removes a range of keys, in bounded steps.
    pub(crate) fn forget_range(
        &self,
        table: Table,
        mut from: Vec<u8>,
        until: &[u8],
    ) -> Result<(), StoreError> {
        while let Some(next) = self.forget_some(table, &from, until, STEP)? {
            from = next;
        }
        Ok(())
    }

    /// Removes the first so many keys of a range; says where the rest begins, unless there cannot be any.
    fn forget_some(
        &self,
        table: Table,
        from: &[u8],
        until: &[u8],
        count: usize,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let rows = self.shelf.scan(table, from, until, count).map_err(|cause| self.failed(cause))?;
        let mut batch = Batch::default();
        for (key, _) in &rows {
            batch.remove(table, key);
        }
        if !rows.is_empty() {
            self.commit(batch, Durability::Written)?;
        }
        let last = rows.last().filter(|_| rows.len() >= count);
        Ok(last.map(|(last, _)| last.iter().copied().chain([0]).collect()))
    }
}

/// The keys of spent records of one generation or of all.
fn spent_range(sid: &DepositId, generation: Option<Generation>) -> (Vec<u8>, Vec<u8>) {
    let from: Vec<u8> = sid.0.into_iter().chain(generation.map(|g| g.0)).collect();
    let until = from.iter().copied().chain([0xff; 8]).collect();
    (from, until)
}
