//! Collecting: both mailboxes opened, drained, committed, and only then acknowledged.

use std::time::Duration;

use client_core::schedule::day_of;
use proto::DeliveryTicket;
use tokio::sync::Notify;
use wire::{
    Cursor, DepositAuth, Envelope, Response, UnixSeconds,
    request::{Collect, MailboxPolicy},
    response::Opened,
};

use super::{
    copies,
    flood::Flood,
    give_up,
    join::{make_generation_known, retire},
    open::{self, Outcome},
    owner_lines::OwnerLines,
    recover, upkeep,
};
use crate::{
    Client, ClientError, Collected, FailPoint,
    transport::Pushed,
    vault::{
        contact::{self, Standing},
        mailbox,
        me::{self, Copy},
        stamp,
    },
};

/// Deliveries in one vault transaction.
const BATCH_MAX: usize = 64;
/// Deliveries of one drain: the relay's hard cap is twice the quota (`spec/mailbox.md`).
const DRAIN_MAX: usize = 2 * wire::limits::INBOX_ENVELOPES_MAX as usize;
/// A generation of stamps ends so many days after its last stamp was handed out (DESIGN § 8.2).
const RETIRE_DAYS: u16 = 60;
/// Unacked envelopes under way.
const CREDIT: u16 = 64;

/// Both mailboxes, open.
pub(crate) struct Owner<'a> {
    client: &'a Client,
    lines: OwnerLines,
    doorstep: Opened,
    inbox: Opened,
    pub(crate) collected: Collected,
    flood: Flood,
}

struct Delivery {
    policy: MailboxPolicy,
    auth: DepositAuth,
    envelope: Envelope,
    ticket: DeliveryTicket,
}

impl<'a> Owner<'a> {
    /// Connects and opens both mailboxes. The caller holds the collector's lock.
    pub(crate) async fn connect(client: &'a Client) -> Result<Owner<'a>, ClientError> {
        give_up::check(&client.vault)?;
        copies::check(client)?;
        let (lines, doorstep, inbox) = OwnerLines::connect(client).await?;
        let owner = Owner::of(client, lines, doorstep, inbox)?;
        copies::check_generations(client, &owner.inbox.generations)?;
        Ok(owner)
    }

    /// The same for who only looks: a mailbox that the relay has no more is not made anew.
    pub(crate) async fn look(client: &'a Client) -> Result<Option<Owner<'a>>, ClientError> {
        give_up::check(&client.vault)?;
        copies::check(client)?;
        let Some(owner) = Owner::connect_if_there(client).await? else { return Ok(None) };
        copies::check_generations(client, &owner.inbox.generations)?;
        Ok(Some(owner))
    }

    /// Connects where the relay has both mailboxes still, whatever became of the name. The caller holds the collector's lock.
    pub(crate) async fn connect_if_there(client: &'a Client) -> Result<Option<Owner<'a>>, ClientError> {
        match OwnerLines::connect_if_there(client).await? {
            Some((lines, doorstep, inbox)) => Owner::of(client, lines, doorstep, inbox).map(Some),
            None => Ok(None),
        }
    }

    fn of(
        client: &'a Client,
        lines: OwnerLines,
        doorstep: Opened,
        inbox: Opened,
    ) -> Result<Owner<'a>, ClientError> {
        let expired = client.vault.write(|tx| {
            let at_the_door = mailbox::note_expired(tx, MailboxPolicy::Doorstep, doorstep.expired)?;
            let inside = mailbox::note_expired(tx, MailboxPolicy::Inbox, inbox.expired)?;
            Ok(at_the_door.saturating_add(inside))
        })?;
        let collected = Collected { expired, ..Collected::default() };
        let flood = Flood::default();
        Ok(Owner { client, lines, doorstep, inbox, collected, flood })
    }

    /// Drains both mailboxes, then does what only a drained client may do. The inbox comes first: what a friend
    /// without stamps left at the doorstep, at most 32 envelopes, is mostly later, and Olm keeps 40 skipped keys.
    pub(crate) async fn drain(&mut self) -> Result<(), ClientError> {
        let began = self.client.now();
        self.take_all().await?;
        self.after_drain(began)?;
        if self.client.vault.read(me::copy)? == Copy::Restored {
            // Its generation of stamps may be another's by now: it gets one of its own when it is renewed.
            return Ok(());
        }
        self.stem_flood().await?;
        upkeep::mint_successor(self.client)?;
        // Also where a relay went back to before it knew the generation.
        let line = self.lines.of(MailboxPolicy::Inbox);
        make_generation_known(&self.client.vault, line, &self.inbox).await?;
        self.retire_old_stamps().await
    }

    /// Makes every stamp of mine void, then takes in what came until then.
    pub(crate) async fn leave(&mut self) -> Result<(), ClientError> {
        let began = self.client.now();
        for generation in std::mem::take(&mut self.inbox.generations) {
            retire(self.lines.of(MailboxPolicy::Inbox), self.inbox.slot, generation).await?;
        }
        self.take_all().await?;
        self.after_drain(began)
    }

    async fn take_all(&mut self) -> Result<(), ClientError> {
        for policy in [MailboxPolicy::Inbox, MailboxPolicy::Doorstep] {
            self.collect(policy, false).await?;
            let mut delivered = 0;
            loop {
                let batch = self.next_batch(policy).await?;
                delivered += batch.deliveries;
                if batch.drained.contains(&policy) {
                    break;
                }
                // A relay that never says DRAINED must not keep this client busy for ever.
                if delivered > DRAIN_MAX {
                    let host = self.host();
                    return Err(ClientError::Protocol {
                        host,
                        reason: "it delivers more than a mailbox holds",
                    });
                }
            }
        }
        Ok(())
    }

    /// Generations that nobody needs any more end: 60 days after their last stamp was handed out, and once every
    /// contact has later ones.
    async fn retire_old_stamps(&mut self) -> Result<(), ClientError> {
        let vault = &self.client.vault;
        let present = vault.read(mailbox::mint)?.generation();
        let older: Vec<_> = self.inbox.generations.iter().copied().filter(|each| *each < present).collect();
        for generation in older {
            if vault.read(|tx| stamp::may_retire(tx, generation, RETIRE_DAYS))? {
                retire(self.lines.of(MailboxPolicy::Inbox), self.inbox.slot, generation).await?;
                vault.erase(|tx| {
                    mailbox::drop_mint(tx, generation)?;
                    stamp::forget_generation(tx, generation)
                })?;
                self.inbox.generations.retain(|each| *each != generation);
            }
        }
        Ok(())
    }

    /// From now on deliveries are pushed as they come.
    pub(crate) async fn follow(&mut self) -> Result<(), ClientError> {
        self.collect(MailboxPolicy::Doorstep, true).await?;
        self.collect(MailboxPolicy::Inbox, true).await
    }

    /// Waits for pushed deliveries and takes them in. Says whether anything came.
    pub(crate) async fn wait(&mut self, wait: Duration) -> Result<bool, ClientError> {
        self.wait_unless(wait, None).await
    }

    /// [`Owner::wait`], given up as soon as `wake` is rung.
    pub(crate) async fn wait_unless(
        &mut self,
        wait: Duration,
        wake: Option<&Notify>,
    ) -> Result<bool, ClientError> {
        let began = self.client.now();
        self.lines.await_pushed(wait, wake).await?;
        match self.take_batch().await? {
            Some(batch) if batch.deliveries > 0 => {
                self.after_drain(began)?;
                self.stem_flood().await?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Closes whatever is open.
    pub(crate) async fn close(self) {
        self.lines.close().await;
    }

    async fn collect(&mut self, policy: MailboxPolicy, follow: bool) -> Result<(), ClientError> {
        let slot = match policy {
            MailboxPolicy::Doorstep => self.doorstep.slot,
            MailboxPolicy::Inbox => self.inbox.slot,
        };
        let line = self.lines.of(policy);
        match line.ask(Collect { slot, after: Cursor(0), credit: CREDIT, follow }).await? {
            Response::Collecting => {
                line.forget_drained(slot);
                Ok(())
            }
            other => Err(line.unexpected(&other)),
        }
    }

    async fn stem_flood(&mut self) -> Result<(), ClientError> {
        let line = self.lines.of(MailboxPolicy::Inbox);
        self.flood.stem(self.client, line, self.inbox.slot).await
    }

    /// Which server, for sentences.
    fn host(&mut self) -> String {
        self.lines.of(MailboxPolicy::Inbox).host().to_owned()
    }

    /// Waits for the mailbox that is being drained.
    async fn next_batch(&mut self, policy: MailboxPolicy) -> Result<Batch, ClientError> {
        let host = self.host();
        let reason = "it stopped delivering".to_owned();
        self.lines.of(policy).await_pushed(self.client.options.timeout, None).await?;
        self.take_batch().await?.ok_or(ClientError::Unreachable { host, reason })
    }

    /// One batch: what is here already, at most [`BATCH_MAX`], in one transaction, then acknowledged.
    async fn take_batch(&mut self) -> Result<Option<Batch>, ClientError> {
        let mut deliveries = Vec::new();
        let mut drained = Vec::new();
        while deliveries.len() < BATCH_MAX
            && drained.is_empty()
            && let Some((policy, pushed)) = self.lines.take_pushed()
        {
            match pushed {
                Pushed::Delivery { auth, envelope, ticket } => {
                    deliveries.push(Delivery { policy, auth, envelope, ticket });
                }
                Pushed::Drained(_) => drained.push(policy),
            }
        }
        let count = deliveries.len();
        let came = count > 0 || !drained.is_empty();
        if count > 0 {
            self.commit_and_ack(deliveries).await?;
        }
        Ok(came.then_some(Batch { deliveries: count, drained }))
    }

    /// P2: everything is committed before anything is acknowledged.
    async fn commit_and_ack(&mut self, deliveries: Vec<Delivery>) -> Result<(), ClientError> {
        self.client.fail_at(FailPoint::DeliveredNotCommitted)?;
        let now = self.client.now();
        let flood = &mut self.flood;
        let outcomes = self.client.vault.erase(|tx| {
            let mut take = |delivery: &Delivery| {
                let policy = delivery.policy;
                let outcome = open::take_in(tx, policy, &delivery.auth, &delivery.envelope, now)?;
                copies::follow_cursor(tx, policy, delivery.ticket.cursor(), outcome)?;
                if outcome != Outcome::Repeat {
                    flood.count(tx, &delivery.auth, &delivery.envelope)?;
                }
                Ok(outcome)
            };
            deliveries.iter().map(&mut take).collect::<Result<Vec<_>, ClientError>>()
        })?;
        self.collected.kept += count(&outcomes, Outcome::Kept);
        self.collected.quarantined += count(&outcomes, Outcome::SetAside);
        self.client.fail_at(FailPoint::CommittedNotAcked)?;
        self.ack(deliveries).await
    }

    /// Acknowledgements are cumulative: the highest of each mailbox is enough.
    async fn ack(&mut self, deliveries: Vec<Delivery>) -> Result<(), ClientError> {
        let (mut doorstep, mut inbox) = (None, None);
        for delivery in deliveries {
            let highest = match delivery.policy {
                MailboxPolicy::Doorstep => &mut doorstep,
                MailboxPolicy::Inbox => &mut inbox,
            };
            *highest = Some((delivery.policy, delivery.ticket));
        }
        for (policy, ticket) in [doorstep, inbox].into_iter().flatten() {
            let line = self.lines.of(policy);
            match line.ack(ticket).await? {
                Response::Acked => {}
                other => return Err(line.unexpected(&other)),
            }
        }
        Ok(())
    }

    /// Retries what did not open in its turn, and lets old offers go.
    fn after_drain(&mut self, began: UnixSeconds) -> Result<(), ClientError> {
        let client = self.client;
        client.vault.erase(|tx| {
            open::retry_set_aside(tx, tx.now())?;
            for standing in [Standing::Contact, Standing::Request, Standing::Removed] {
                for person in contact::list(tx, standing)? {
                    let state = contact::conversation(tx, person.id)?;
                    let state = state.drained(began, tx.now());
                    contact::set_conversation(tx, person.id, &state)?;
                    recover::note_gaps(tx, &person, &state)?;
                }
            }
            Ok(())
        })
    }

    /// Days since the oldest waiting envelope came, for `doctor`.
    pub(crate) fn oldest_days(&self) -> u16 {
        let today = day_of(self.client.now()).0;
        let waiting = [&self.doorstep, &self.inbox].into_iter().filter(|opened| opened.waiting > 0);
        waiting.map(|opened| today.saturating_sub(opened.oldest.0)).max().unwrap_or(0)
    }

    /// Envelopes that waited when the mailboxes were opened.
    pub(crate) fn waiting(&self) -> u32 {
        self.doorstep.waiting.saturating_add(self.inbox.waiting)
    }
}

struct Batch {
    deliveries: usize,
    drained: Vec<MailboxPolicy>,
}

fn count(outcomes: &[Outcome], which: Outcome) -> u32 {
    u32::try_from(outcomes.iter().filter(|outcome| **outcome == which).count()).unwrap_or(u32::MAX)
}
