//! What a connection asks of the store besides deposits: one task per question, run beside the event loop.

use std::sync::Arc;

use proto::server::Asked;
use proto::{Delivery, Now, Opening, ServerConnection, ServerEvent, Ticket};
use store::{
    CreateOutcome, GenerationOutcome, NewMailbox, PublishOutcome, RegisterOutcome, RegisterRequest,
    ReplaceOutcome, ReplaceRequest, StoreError,
};
use tokio::sync::Notify;
use wire::refusal::{Refusal, RefusalKind};
use wire::request::Claim;
use wire::response::{Record, Registered, Replaced};
use wire::{ChallengeNonce, CommitmentNonce, DepositId, OwnerId, Slot, TreeHead};

use crate::admission::Source;
use crate::clock::{today, wall};
use crate::hub::Hold;
use crate::relay::{OVER_BUDGET, Relay};

/// A question for the store; it blocks, so it runs on a thread where that does no harm.
pub type Task = Box<dyn FnOnce(&Relay) -> Answer + Send>;
/// What the store's answer does to the connection.
pub type Answer = Box<dyn FnOnce(&mut ServerConnection, Now) -> Option<(Slot, Hold)> + Send>;

/// Everything about the asking connection that a task may need.
#[derive(Clone, Debug)]
pub struct Asker {
    /// Its budgets.
    pub source: Source,
    /// How the hub reaches it.
    pub ring: Arc<Notify>,
}

/// The task behind an event, or the event itself if it is none for a task.
pub fn of(event: ServerEvent, asker: &Asker) -> Result<Task, ServerEvent> {
    Ok(match event {
        ServerEvent::Claim { ticket, claim } => self::claim(ticket, claim, asker.source),
        ServerEvent::Replace { ticket, kind, expected_seq, record, vouchers } => Box::new(move |relay| {
            let Some(commitment_nonce) = random().map(CommitmentNonce) else {
                return refused(ticket, NO_RANDOMNESS);
            };
            let now = wall();
            let request =
                ReplaceRequest { kind, record: *record, expected_seq, vouchers, commitment_nonce, now };
            match relay.store.replace(request) {
                Ok(ReplaceOutcome::Replaced(stored)) => answer(move |machine, _| {
                    let (leaf_index, commitment_nonce) = (stored.leaf_index, stored.commitment_nonce);
                    machine.replaced(
                        ticket,
                        Replaced { leaf_index, tree_head: TreeHead::EMPTY, commitment_nonce },
                    );
                }),
                Ok(ReplaceOutcome::Stale) => refused(ticket, no(RefusalKind::Stale)),
                Ok(ReplaceOutcome::NoSuch) => refused(ticket, no(RefusalKind::NoSuchName)),
                Err(error) => failed(relay, ticket, error),
            }
        }),
        ServerEvent::FindIdentity { ticket, name } => {
            Box::new(move |relay| match relay.store.record(&name, None) {
                Ok(found) => answer(move |machine, _| {
                    machine.identity_found(ticket, found.as_ref().map(|stored| &stored.record))
                }),
                Err(error) => failed(relay, ticket, error),
            })
        }
        ServerEvent::Publish { ticket, name, bundle } => {
            Box::new(move |relay| match relay.store.publish(&name, *bundle, today()) {
                Ok(PublishOutcome::Published | PublishOutcome::Again) => {
                    answer(move |machine, _| machine.published(ticket))
                }
                Ok(PublishOutcome::Stale) => refused(ticket, no(RefusalKind::Stale)),
                Ok(PublishOutcome::NoSuchName) => refused(ticket, no(RefusalKind::NoSuchName)),
                Err(error) => failed(relay, ticket, error),
            })
        }
        ServerEvent::Lookup { ticket, name, seq } => {
            Box::new(move |relay| match relay.store.record(&name, seq) {
                Ok(found) => answer(move |machine, _| {
                    let found = found.map(|stored| Record {
                        record: stored.record,
                        commitment_nonce: stored.commitment_nonce,
                        leaf_index: stored.leaf_index,
                        tree_head: TreeHead::EMPTY,
                    });
                    machine.looked_up(ticket, found);
                }),
                Err(error) => failed(relay, ticket, error),
            })
        }
        ServerEvent::Fetch { ticket, name } => {
            Box::new(move |relay| match relay.store.bundle(&name, today()) {
                Ok(found) => answer(move |machine, _| machine.fetched(ticket, found)),
                Err(error) => failed(relay, ticket, error),
            })
        }
        other => return of_owner(other, asker),
    })
}

fn of_owner(event: ServerEvent, asker: &Asker) -> Result<Task, ServerEvent> {
    Ok(match event {
        ServerEvent::Create { ticket, create } => Box::new(move |relay| {
            let Some(sid) = random().map(DepositId) else { return refused(ticket, NO_RANDOMNESS) };
            let (rid, owner_key, policy) = (create.rid, create.owner_key, create.policy);
            let voucher = crypto::voucher_hash(create.voucher.as_bytes()).into();
            match relay.store.create(NewMailbox { rid, sid, owner_key, policy, today: today() }, &voucher) {
                Ok(CreateOutcome::Created(sid) | CreateOutcome::Again(sid)) => {
                    answer(move |machine, _| machine.created(ticket, sid))
                }
                Ok(CreateOutcome::RidTaken | CreateOutcome::BadVoucher) => {
                    refused(ticket, no(RefusalKind::Voucher))
                }
                Err(error) => failed(relay, ticket, error),
            }
        }),
        ServerEvent::FindOwner { ticket, rid } => Box::new(move |relay| match relay.store.find_owner(&rid) {
            Ok(owner) => {
                answer(move |machine, _| machine.owner_found(ticket, owner.map(|view| view.owner_key)))
            }
            Err(error) => failed(relay, ticket, error),
        }),
        ServerEvent::Open { ticket, slot, rid } => open(ticket, slot, rid, asker.ring.clone()),
        ServerEvent::Read { ticket, sid, after, max, .. } => {
            Box::new(move |relay| match relay.store.collect(&sid, after, usize::from(max)) {
                Ok(batch) => answer(move |machine, now| {
                    let deliver = |stored: store::Stored| Delivery {
                        cursor: stored.cursor,
                        auth: stored.auth,
                        envelope: stored.envelope,
                    };
                    machine.delivered(now, ticket, batch.into_iter().map(deliver).collect());
                }),
                Err(error) => failed(relay, ticket, error),
            })
        }
        ServerEvent::Ack { ticket, sid, through } => {
            Box::new(move |relay| match relay.store.ack(&sid, through) {
                Ok(()) => answer(move |machine, _| machine.acked(ticket)),
                Err(error) => failed(relay, ticket, error),
            })
        }
        ServerEvent::Generate { ticket, sid, generation, key } => Box::new(move |relay| {
            let outcome = relay.store.generate(&sid, generation, &key);
            generation_answer(relay, ticket, outcome, ServerConnection::generated)
        }),
        ServerEvent::Retire { ticket, sid, generation } => Box::new(move |relay| {
            let outcome = relay.store.retire(&sid, generation);
            generation_answer(relay, ticket, outcome, ServerConnection::retired)
        }),
        ServerEvent::CrossOff { ticket, sid, generation, indices } => Box::new(move |relay| {
            let outcome = relay.store.cross_off(&sid, generation, &indices);
            generation_answer(relay, ticket, outcome, ServerConnection::crossed_off)
        }),
        other => return Err(other),
    })
}

fn claim(ticket: Ticket<proto::asked::Claim>, claim: Box<Claim>, source: Source) -> Task {
    Box::new(move |relay| {
        let Some(commitment_nonce) = random().map(CommitmentNonce) else {
            return refused(ticket, NO_RANDOMNESS);
        };
        let Claim { record, vouchers, invite } = *claim;
        let (open, now) = (relay.open, wall());
        match relay.store.register(RegisterRequest { record, vouchers, invite, open, commitment_nonce, now })
        {
            Ok(RegisterOutcome::Registered(stored) | RegisterOutcome::Again(stored)) => {
                answer(move |machine, _| {
                    let (leaf_index, commitment_nonce) = (stored.leaf_index, stored.commitment_nonce);
                    machine.registered(
                        ticket,
                        Registered { leaf_index, tree_head: TreeHead::EMPTY, commitment_nonce },
                    );
                })
            }
            // A challenge tells that the name is taken: it counts as a look-up (DESIGN § 6.3).
            Ok(RegisterOutcome::Taken(_)) if !relay.admission.lookup(source) => {
                relay.counters.over_budget.add_one();
                refused(ticket, OVER_BUDGET)
            }
            Ok(RegisterOutcome::Taken(stored)) => {
                let Some(nonce) = random().map(ChallengeNonce) else { return refused(ticket, NO_RANDOMNESS) };
                answer(move |machine, now| machine.taken(now, ticket, &stored.record, nonce))
            }
            Ok(RegisterOutcome::BadInvite) => refused(ticket, no(RefusalKind::Invite)),
            Err(error) => failed(relay, ticket, error),
        }
    })
}

fn open(ticket: Ticket<proto::asked::Open>, slot: Slot, rid: OwnerId, ring: Arc<Notify>) -> Task {
    Box::new(move |relay| match relay.store.open(&rid, today()) {
        Ok(Some(opened)) => {
            // The hub knows the new owner before the first read, so no arrival falls between.
            let hold = relay.hub.take(opened.sid, ring);
            Box::new(move |machine, _| {
                let store::OpenedMailbox { sid, waiting, oldest, expired, generations } = opened;
                machine.opened(ticket, Opening { sid, waiting, oldest, expired, generations });
                Some((slot, hold))
            })
        }
        Ok(None) => refused(ticket, no(RefusalKind::NoSuchMailbox)),
        Err(error) => failed(relay, ticket, error),
    })
}

fn generation_answer<T: Asked + Send + 'static>(
    relay: &Relay,
    ticket: Ticket<T>,
    outcome: Result<GenerationOutcome, StoreError>,
    done: impl FnOnce(&mut ServerConnection, Ticket<T>) + Send + 'static,
) -> Answer {
    match outcome {
        Ok(GenerationOutcome::Done) => answer(move |machine, _| done(machine, ticket)),
        Ok(GenerationOutcome::Refused(kind)) => refused(ticket, no(kind)),
        Err(error) => failed(relay, ticket, error),
    }
}

fn answer(then: impl FnOnce(&mut ServerConnection, Now) + Send + 'static) -> Answer {
    Box::new(move |machine, now| {
        then(machine, now);
        None
    })
}

fn refused<T: Asked + Send + 'static>(ticket: Ticket<T>, refusal: Refusal) -> Answer {
    answer(move |machine, _| machine.refuse(ticket, refusal))
}

fn failed<T: Asked + Send + 'static>(relay: &Relay, ticket: Ticket<T>, error: StoreError) -> Answer {
    refused(ticket, relay.store_failed(error))
}

fn no(kind: RefusalKind) -> Refusal {
    Refusal { kind, retry_after_s: None }
}

/// What is said when the system gives no random bytes: nothing was done.
const NO_RANDOMNESS: Refusal = Refusal { kind: RefusalKind::Unavailable, retry_after_s: Some(60) };

/// Fresh bytes of the system, if it gives any.
pub(crate) fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).ok().map(|()| bytes)
}
