//! Questions about mailboxes: create, open, read, and the stamp generations.

use std::sync::Arc;

use proto::{Delivery, Opening, ServerConnection, Ticket, asked};
use store::{
    CreateOutcome, GenerationOutcome, NewMailbox, OpenedMailbox, ROWS_AT_ONCE, Store, StoreError, Stored,
};
use wire::request::Create;
use wire::{Cursor, DepositId, Generation, OwnerId, RefusalKind, Slot, StampIndex, StampKey, VoucherHash};

use super::{Look, NO_RANDOMNESS, Question, answer, at_once, by_and_by, failed, no, random, refused};
use crate::bell::Bell;

pub(super) fn create(ticket: Ticket<asked::Create>, create: Create) -> Question {
    at_once(move |relay| {
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

pub(super) fn find_owner(ticket: Ticket<asked::FindOwner>, rid: OwnerId) -> Look {
    Box::new(move |relay| match relay.store.find_owner(&rid) {
        Ok(owner) => answer(move |machine, _| machine.owner_found(ticket, owner.map(|view| view.owner_key))),
        Err(error) => failed(relay, ticket, error),
    })
}

pub(super) fn open(ticket: Ticket<asked::Open>, slot: Slot, rid: OwnerId, bell: Arc<Bell>) -> Look {
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

/// So many bytes of envelopes end what one read hands over: two of the largest. Whoever asks for much and takes
/// little makes the disk read no more than this in vain.
const READ_BYTES: usize = 128 * 1024;

/// Reads what waits behind a place.
pub fn read(ticket: Ticket<asked::Read>, sid: DepositId, after: Cursor, max: u16) -> Look {
    Box::new(move |relay| match read_some(&*relay.store, &sid, after, max) {
        Ok(batch) => answer(move |machine, now| machine.delivered(now, ticket, batch)),
        Err(error) => failed(relay, ticket, error),
    })
}

fn read_some(
    store: &dyn Store,
    sid: &DepositId,
    mut after: Cursor,
    max: u16,
) -> Result<Vec<Delivery>, StoreError> {
    let (mut batch, mut bytes) = (Vec::new(), 0);
    while batch.len() < usize::from(max) && bytes < READ_BYTES {
        let Some(Stored { cursor, auth, envelope }) = store.collect(sid, after, 1)?.pop() else { break };
        after = cursor;
        bytes += envelope.as_bytes().len();
        batch.push(Delivery { cursor, auth, envelope });
    }
    Ok(batch)
}

pub(super) fn generate(
    ticket: Ticket<asked::Generate>,
    sid: DepositId,
    g: Generation,
    key: StampKey,
) -> Question {
    by_and_by(ticket, ServerConnection::generated, move |relay| relay.store.generate(&sid, g, &key))
}

pub(super) fn retire(ticket: Ticket<asked::Retire>, sid: DepositId, g: Generation) -> Question {
    by_and_by(ticket, ServerConnection::retired, move |relay| relay.store.retire(&sid, g))
}

pub(super) fn cross_off(
    ticket: Ticket<asked::CrossOff>,
    sid: DepositId,
    g: Generation,
    indices: Vec<StampIndex>,
) -> Question {
    let mut done = 0;
    by_and_by(ticket, ServerConnection::crossed_off, move |relay| {
        let rest = indices.get(done..).unwrap_or_default();
        let some = rest.get(..ROWS_AT_ONCE).unwrap_or(rest);
        done += some.len();
        let crossed = relay.store.cross_off(&sid, g, some)?;
        Ok(if crossed == GenerationOutcome::Done && some.len() < rest.len() {
            GenerationOutcome::More
        } else {
            crossed
        })
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use store::conformance::{Person, deposit, envelope, stamped};
    use store::{DepositOutcome, MemoryStore};

    use super::*;

    #[test]
    fn a_read_ends_with_what_reaches_its_bytes_and_the_next_goes_on_there() {
        let store = MemoryStore::new();
        let sid = Person::register(&store, 1).inbox(&store);
        for number in 0..40 {
            let mut request = stamped(sid, 1, number, u32::from(number));
            if number % 8 == 0 {
                request.envelope = envelope(64 * 1024, u32::from(number));
            }
            assert_eq!(deposit(&store, &request), DepositOutcome::Stored);
        }
        let (mut after, mut lengths) = (Cursor(0), Vec::new());
        loop {
            let batch = read_some(&store, &sid, after, 16).unwrap();
            let Some(last) = batch.last() else { break };
            assert!(last.cursor > after);
            after = last.cursor;
            lengths.push(batch.len());
        }
        // A large one at each eighth place: 64 + 7 × 4 + 64 KiB, and at most sixteen.
        assert_eq!(lengths, [9, 16, 15]);
        assert!(read_some(&store, &sid, Cursor(0), 0).unwrap().is_empty());
    }
}
