//! What a relay answers to those who deposit, and to those who own a mailbox.

use proto::{Delivery, Opening, ServerConnection, ServerEvent, Ticket, asked};
use store::{
    CreateOutcome, DepositOutcome, DepositRequest, GenerationOutcome, MailboxStore, NewMailbox,
    OpenedMailbox, StoreError, Stored,
};
use wire::refusal::Refusal;
use wire::request::{Create, Deposit};
use wire::{DepositAuth, DepositId, OwnerId, PrekeyId, RefusalKind, Slot, VoucherHash};

use super::{After, Relay};
use crate::connection::{Connection, ConnectionId, Waiting};
use crate::net::Luck;

/// Steps in which a generation is retired: more than all of its stamps take.
const STEPS_MAX: u32 = 1_024;

impl Relay {
    // --- deposits ---

    pub(super) fn deposit(
        &mut self,
        connection: &mut Connection,
        ticket: Ticket<asked::Deposit>,
        deposit: Deposit,
        luck: &mut Luck,
    ) {
        self.check_prekey(&deposit, luck);
        let bad_day = luck.bad_day();
        if let Some((refusal, false)) = bad_day {
            return connection.machine.refuse(ticket, refusal);
        }
        let Deposit { sid, auth, envelope } = deposit;
        let outcome = self.store.deposit(vec![DepositRequest { sid, auth, envelope, today: luck.today() }]);
        let outcome = outcome.into_iter().next().unwrap_or(Err(StoreError::NotDone(store::Cause::Stopped)));
        luck.tally.add(match outcome {
            Ok(DepositOutcome::Stored) => "envelopes stored",
            Ok(DepositOutcome::Again) => "envelopes stored before",
            Ok(DepositOutcome::Refused(RefusalKind::Puzzle(_))) => "envelopes refused for a puzzle",
            _ => "envelopes refused",
        });
        let result = match (outcome, bad_day) {
            (_, Some((refusal, _))) => Err(refusal),
            (Ok(DepositOutcome::Stored | DepositOutcome::Again), None) => Ok(()),
            (Ok(DepositOutcome::Refused(kind)), None) => Err(Refusal::new(kind)),
            (Err(_), None) => Err(Refusal::new(RefusalKind::Unavailable)),
        };
        connection.settle(Waiting { ticket, result }, luck);
    }

    /// P6: what comes to a doorstep is sealed to a prekey that its owner published.
    fn check_prekey(&self, deposit: &Deposit, luck: &mut Luck) {
        let DepositAuth::Open { .. } = deposit.auth else { return };
        let named = deposit.envelope.as_bytes().get(2..10).and_then(|id| id.try_into().ok()).map(PrekeyId);
        let published = self.prekeys.get(&deposit.sid);
        if !named.is_some_and(|id| published.is_some_and(|published| published.contains(&id))) {
            luck.broken("P6: something was sealed to a key that its recipient never published".to_owned());
        }
    }

    // --- owners ---

    pub(super) fn open(
        &mut self,
        id: ConnectionId,
        connection: &mut Connection,
        ticket: Ticket<asked::Open>,
        (slot, rid): (Slot, OwnerId),
        luck: &mut Luck,
    ) -> After {
        match self.store.open(&rid, luck.today()) {
            Ok(Some(OpenedMailbox { sid, waiting, oldest, expired, generations })) => {
                self.expired.insert(sid, u64::from(expired));
                let before = self.holds.insert(sid, (id, slot));
                connection.slots.insert(slot, sid);
                connection.machine.opened(ticket, Opening { sid, waiting, oldest, expired, generations });
                match before {
                    Some((other, slot)) if other != id => After::Superseded(other, slot),
                    _ => After::Nothing,
                }
            }
            Ok(None) => {
                connection.machine.refuse(ticket, Refusal::new(RefusalKind::NoSuchMailbox));
                After::Nothing
            }
            Err(_) => {
                connection.machine.refuse(ticket, Refusal::new(RefusalKind::Unavailable));
                After::Nothing
            }
        }
    }

    pub(super) fn serve_owner(
        &mut self,
        machine: &mut ServerConnection,
        event: ServerEvent,
        luck: &mut Luck,
    ) {
        match event {
            ServerEvent::Create { ticket, create } => self.create(machine, ticket, create, luck),
            ServerEvent::FindOwner { ticket, rid } => match self.store.find_owner(&rid) {
                Ok(owner) => machine.owner_found(ticket, owner.map(|view| view.owner_key)),
                Err(_) => machine.refuse(ticket, Refusal::new(RefusalKind::Unavailable)),
            },
            ServerEvent::Read { ticket, sid, after, max, .. } => {
                let deliver = |Stored { cursor, auth, envelope }| Delivery { cursor, auth, envelope };
                match self.store.collect(&sid, after, usize::from(max)) {
                    Ok(batch) => {
                        batch.iter().for_each(|_| luck.tally.add("envelopes delivered"));
                        let batch = batch.into_iter().map(deliver).collect();
                        machine.delivered(luck.moment(), ticket, batch);
                    }
                    Err(_) => machine.refuse(ticket, Refusal::new(RefusalKind::Unavailable)),
                }
            }
            ServerEvent::Ack { ticket, sid, through } => {
                self.unsynced.push((sid, through));
                machine.acked(ticket);
            }
            ServerEvent::Generate { ticket, sid, generation, key } => {
                changed(
                    machine,
                    ticket,
                    self.store.generate(&sid, generation, &key),
                    ServerConnection::generated,
                );
            }
            ServerEvent::Retire { ticket, sid, generation } => {
                let step = |_| self.store.retire(&sid, generation);
                let is_done =
                    |retired: &Result<GenerationOutcome, StoreError>| *retired != Ok(GenerationOutcome::More);
                let retired = (0..STEPS_MAX).map(step).find(is_done).unwrap_or(Ok(GenerationOutcome::More));
                changed(machine, ticket, retired, ServerConnection::retired);
            }
            ServerEvent::CrossOff { ticket, sid, generation, indices } => {
                let outcome = self.store.cross_off(&sid, generation, &indices);
                changed(machine, ticket, outcome, ServerConnection::crossed_off);
            }
            // Those that are answered elsewhere.
            _ => {}
        }
    }

    fn create(
        &mut self,
        machine: &mut ServerConnection,
        ticket: Ticket<asked::Create>,
        create: Create,
        luck: &mut Luck,
    ) {
        let sid = DepositId(luck.random.bytes());
        let Create { rid, owner_key, policy, voucher } = create;
        let voucher = VoucherHash(crypto::voucher_hash(voucher.as_bytes()));
        let new = NewMailbox { rid, sid, owner_key, policy, today: luck.today() };
        match self.store.create(new, &voucher) {
            Ok(CreateOutcome::Created(sid) | CreateOutcome::Again(sid)) => machine.created(ticket, sid),
            Ok(CreateOutcome::RidTaken | CreateOutcome::BadVoucher) => {
                machine.refuse(ticket, Refusal::new(RefusalKind::Voucher));
            }
            Err(_) => machine.refuse(ticket, Refusal::new(RefusalKind::Unavailable)),
        }
    }
}

fn changed<T: proto::ticket::Asked>(
    machine: &mut ServerConnection,
    ticket: Ticket<T>,
    outcome: Result<GenerationOutcome, StoreError>,
    done: fn(&mut ServerConnection, Ticket<T>),
) {
    match outcome {
        Ok(GenerationOutcome::Done) => done(machine, ticket),
        Ok(GenerationOutcome::Refused(kind)) => machine.refuse(ticket, Refusal::new(kind)),
        Ok(GenerationOutcome::More) | Err(_) => {
            machine.refuse(ticket, Refusal::new(RefusalKind::Unavailable));
        }
    }
}
