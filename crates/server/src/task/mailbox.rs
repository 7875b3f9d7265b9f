//! Questions about mailboxes: create, open, read, and the stamp generations.

use std::sync::Arc;

use proto::ticket::Asked;
use proto::{Delivery, Opening, ServerConnection, Ticket, asked};
use store::{CreateOutcome, GenerationOutcome, NewMailbox, OpenedMailbox, StoreError, Stored};
use wire::request::Create;
use wire::{Cursor, DepositId, Generation, OwnerId, RefusalKind, Slot, StampIndex, StampKey, VoucherHash};

use super::{Answer, NO_RANDOMNESS, Task, answer, failed, no, random, refused};
use crate::bell::Bell;
use crate::relay::Relay;

pub(super) fn create(ticket: Ticket<asked::Create>, create: Create) -> Task {
    Box::new(move |relay| {
        let Some(sid) = random().map(DepositId) else { return refused(ticket, NO_RANDOMNESS) };
        let Create { rid, owner_key, policy, voucher } = create;
        let voucher = VoucherHash(crypto::voucher_hash(voucher.as_bytes()));
        match relay.store.create(NewMailbox { rid, sid, owner_key, policy, today: relay.today() }, &voucher) {
            Ok(CreateOutcome::Created(sid) | CreateOutcome::Again(sid)) => {
                answer(move |machine, _| machine.created(ticket, sid))
            }
            Ok(CreateOutcome::RidTaken | CreateOutcome::BadVoucher) => no(ticket, RefusalKind::Voucher),
            Err(error) => failed(relay, ticket, error),
        }
    })
}

pub(super) fn find_owner(ticket: Ticket<asked::FindOwner>, rid: OwnerId) -> Task {
    Box::new(move |relay| match relay.store.find_owner(&rid) {
        Ok(owner) => answer(move |machine, _| machine.owner_found(ticket, owner.map(|view| view.owner_key))),
        Err(error) => failed(relay, ticket, error),
    })
}

pub(super) fn open(ticket: Ticket<asked::Open>, slot: Slot, rid: OwnerId, bell: Arc<Bell>) -> Task {
    Box::new(move |relay| match relay.store.open(&rid, relay.today()) {
        Ok(Some(opened)) => {
            // The hub knows the new owner before the first read, so no arrival falls between.
            let hold = relay.hub.take(opened.sid, slot, bell);
            Box::new(move |machine, _| {
                let OpenedMailbox { sid, waiting, oldest, expired, generations } = opened;
                machine.opened(ticket, Opening { sid, waiting, oldest, expired, generations });
                Some(hold)
            })
        }
        Ok(None) => no(ticket, RefusalKind::NoSuchMailbox),
        Err(error) => failed(relay, ticket, error),
    })
}

/// Reads what waits behind a place.
pub fn read(ticket: Ticket<asked::Read>, sid: DepositId, after: Cursor, max: u16) -> Task {
    let deliver = |Stored { cursor, auth, envelope }| Delivery { cursor, auth, envelope };
    Box::new(move |relay| match relay.store.collect(&sid, after, usize::from(max)) {
        Ok(batch) => answer(move |machine, now| {
            machine.delivered(now, ticket, batch.into_iter().map(deliver).collect());
        }),
        Err(error) => failed(relay, ticket, error),
    })
}

pub(super) fn generate(
    ticket: Ticket<asked::Generate>,
    sid: DepositId,
    g: Generation,
    key: StampKey,
) -> Task {
    Box::new(move |relay| {
        changed(relay, ticket, relay.store.generate(&sid, g, &key), ServerConnection::generated)
    })
}

pub(super) fn retire(ticket: Ticket<asked::Retire>, sid: DepositId, g: Generation) -> Task {
    Box::new(move |relay| changed(relay, ticket, relay.store.retire(&sid, g), ServerConnection::retired))
}

pub(super) fn cross_off(
    ticket: Ticket<asked::CrossOff>,
    sid: DepositId,
    g: Generation,
    indices: Vec<StampIndex>,
) -> Task {
    Box::new(move |relay| {
        changed(relay, ticket, relay.store.cross_off(&sid, g, &indices), ServerConnection::crossed_off)
    })
}

fn changed<T: Asked + Send + 'static>(
    relay: &Relay,
    ticket: Ticket<T>,
    outcome: Result<GenerationOutcome, StoreError>,
    done: fn(&mut ServerConnection, Ticket<T>),
) -> Answer {
    match outcome {
        Ok(GenerationOutcome::Done) => answer(move |machine, _| done(machine, ticket)),
        Ok(GenerationOutcome::Refused(kind)) => no(ticket, kind),
        Err(error) => failed(relay, ticket, error),
    }
}
