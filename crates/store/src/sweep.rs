//! What time lets go of: expired envelopes, closed mailboxes, old invitations and retry hashes, empty days.

use std::collections::BTreeSet;

use wire::limits::{DOORSTEP_DAYS_MAX, INBOX_DAYS_MAX};
use wire::request::MailboxPolicy;
use wire::{Day, DepositId};

use crate::codec::{Cut, unseal};
use crate::engine::{Engine, STEP};
use crate::mailbox::Mailbox;
use crate::shelf::{Batch, Durability, Shelf, Table};
use crate::{StoreError, Swept};

/// So long an invitation that is over is listed yet.
const INVITES_KEPT_DAYS: u16 = 7;

/// What a sweep has to do with one mailbox.
enum Due {
    Close,
    Expire,
    /// A doorstep's allowance is computed soon after midnight, before anybody's collecting can show in it.
    Allow,
}

impl<S: Shelf> Engine<S> {
    /// See [`MailboxStore::sweep`](crate::MailboxStore::sweep).
    pub(crate) fn sweep_all(&self, today: Day) -> Result<Swept, StoreError> {
        self.see(today);
        let (mut swept, mut failed) = (Swept::default(), None);
        for (sid, due) in self.due(today) {
            // The writer's lock is taken anew for each, so that deposits wait for one mailbox at most.
            let _writer = self.write()?;
            let Some(mailbox) = self.look(|state| state.mailboxes.get(&sid).cloned()) else { continue };
            let done = match due {
                Due::Close => self.close(&sid, mailbox, &mut swept),
                Due::Expire | Due::Allow => self.expire_one(&sid, mailbox, today, &mut swept),
            };
            self.go_on(done, &mut failed)?;
        }
        let over = self.forget_invites(today);
        self.go_on(over, &mut failed)?;
        let _writer = self.write()?;
        let oldest = Day(today.0.saturating_sub(DOORSTEP_DAYS_MAX));
        let old = self.forget_range(Table::Retries, Vec::new(), &oldest.0.to_be_bytes());
        self.go_on(old, &mut failed)?;
        self.drop_empty_days(today, false)?;
        self.show(|state| {
            for mailbox in state.mailboxes.values_mut() {
                mailbox.counted = (mailbox.waiting.len(), mailbox.waiting.bytes());
            }
        });
        failed.map_or(Ok(swept), Err)
    }

    /// Invitations that are over and were not used: each may hold the name that it was for, under the store's key.
    fn forget_invites(&self, today: Day) -> Result<(), StoreError> {
        let over = u64::from(today.0.saturating_sub(INVITES_KEPT_DAYS)).saturating_mul(86_400);
        let mut from = Vec::new();
        loop {
            // Taken anew for each step, so that deposits wait for one at most.
            let _writer = self.write()?;
            let rows = self.shelf.scan(Table::Invites, &from, &[0xff; 64], STEP);
            let rows = rows.map_err(|cause| self.failed(cause))?;
            let mut batch = Batch::default();
            for (key, value) in &rows {
                let body = value.as_ref().and_then(|value| unseal(Table::Invites.number(), key, value));
                if body.and_then(|body| Cut(body).u64()).is_some_and(|expires| expires <= over) {
                    batch.remove(Table::Invites, key);
                }
            }
            self.commit(batch, Durability::Written)?;
            match rows.last().filter(|_| rows.len() == STEP) {
                Some((last, _)) => from = last.iter().copied().chain([0]).collect(),
                None => return Ok(()),
            }
        }
    }

    /// What is damaged keeps nothing else from its end: the first failure is told last, unless the store has stopped.
    fn go_on(&self, done: Result<(), StoreError>, failed: &mut Option<StoreError>) -> Result<(), StoreError> {
        let Err(error) = done else { return Ok(()) };
        if self.running().is_err() {
            return Err(error);
        }
        failed.get_or_insert(error);
        Ok(())
    }

    fn due(&self, today: Day) -> Vec<(DepositId, Due)> {
        self.look(|state| {
            let live = state.mailboxes.iter().filter(|(_, mailbox)| !mailbox.row.gone);
            live.filter_map(|(sid, mailbox)| {
                if mailbox.row.is_gone(today) {
                    return Some((*sid, Due::Close));
                }
                if mailbox.expires_through(today).is_some() {
                    return Some((*sid, Due::Expire));
                }
                let allows = mailbox.row.policy == MailboxPolicy::Doorstep
                    && mailbox.waiting.len() > 0
                    && mailbox.allowance.day < today;
                allows.then_some((*sid, Due::Allow))
            })
            .collect()
        })
    }

    /// A mailbox unopened for 90 days: only the fact that it existed remains, for `REFUSED(gone)`.
    fn close(&self, sid: &DepositId, mut mailbox: Box<Mailbox>, swept: &mut Swept) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        let waiting = mailbox.waiting.len();
        let last = mailbox.waiting.next().saturating_sub(1);
        Self::let_go(&mut batch, sid, &mut mailbox, last);
        mailbox.row.gone = true;
        mailbox.row.generations.clear();
        batch.remove(Table::Doorsteps, sid.as_bytes());
        batch.put(Table::Mailboxes, sid.as_bytes(), &mailbox.row.to_bytes());
        self.commit(batch, Durability::Written)?;
        self.show(|state| state.mailboxes.insert(*sid, mailbox));
        self.forget_spent(sid)?;
        swept.mailboxes += 1;
        swept.envelopes += u64::from(waiting);
        Ok(())
    }

    fn expire_one(
        &self,
        sid: &DepositId,
        mut mailbox: Box<Mailbox>,
        today: Day,
        swept: &mut Swept,
    ) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        let before = mailbox.waiting.len();
        if Self::expire(&mut batch, sid, &mut mailbox, today) {
            batch.put(Table::Mailboxes, sid.as_bytes(), &mailbox.row.to_bytes());
        }
        self.fix_allowance(&mut batch, sid, &mut mailbox, today);
        self.commit(batch, Durability::Written)?;
        swept.envelopes += u64::from(before.saturating_sub(mailbox.waiting.len()));
        self.show(|state| state.mailboxes.insert(*sid, mailbox));
        Ok(())
    }

    /// Lets go of what is past its TTL and counts it; the caller writes the row.
    pub(crate) fn expire(batch: &mut Batch, sid: &DepositId, mailbox: &mut Mailbox, today: Day) -> bool {
        let Some(through) = mailbox.expires_through(today) else { return false };
        let before = mailbox.waiting.len();
        Self::let_go(batch, sid, mailbox, through);
        let gone = before.saturating_sub(mailbox.waiting.len());
        mailbox.row.expired = mailbox.row.expired.saturating_add(gone);
        true
    }

    /// Removes envelopes and raises the low-water mark, in a batch and in a copy of the mailbox.
    pub(crate) fn let_go(batch: &mut Batch, sid: &DepositId, mailbox: &mut Mailbox, through: u64) {
        let through = through.min(mailbox.waiting.next().saturating_sub(1));
        Self::forget_envelopes(batch, sid, mailbox, through);
        mailbox.waiting.forget(through);
        mailbox.row.acked = mailbox.row.acked.max(through);
    }

    /// Computes a doorstep's allowance of today if nobody did yet.
    pub(crate) fn fix_allowance(
        &self,
        batch: &mut Batch,
        sid: &DepositId,
        mailbox: &mut Mailbox,
        today: Day,
    ) {
        if mailbox.row.policy != MailboxPolicy::Doorstep {
            return;
        }
        let rolled = mailbox.allowance.rolled(today, mailbox.waiting.len());
        if rolled != mailbox.allowance {
            mailbox.allowance = rolled;
            batch.put(Table::Doorsteps, sid.as_bytes(), &rolled.to_bytes());
        }
    }

    /// Drops the table of each past day on which nothing that still waits arrived, and of today `as_well`. With
    /// damage about, a mailbox may exist that we cannot see: then a day stays until no mailbox could want it.
    pub(crate) fn drop_empty_days(&self, today: Day, as_well: bool) -> Result<(), StoreError> {
        let used: BTreeSet<Day> = self
            .look(|state| state.mailboxes.values().flat_map(|mailbox| mailbox.waiting.each_day()).collect());
        for day in self.shelf.envelope_days() {
            let wanted = self.damage() > 0 && day.0 >= today.0.saturating_sub(INBOX_DAYS_MAX);
            if (day < today || as_well) && !wanted && !used.contains(&day) {
                self.shelf.drop_day(day).map_err(StoreError::NotDone)?;
            }
        }
        Ok(())
    }
}
