//! Questions about names: claim, replace, publish, look-up, fetch.

use proto::{Ticket, asked};
use store::{PublishOutcome, RegisterOutcome, RegisterRequest, ReplaceOutcome, ReplaceRequest};
use wire::request::{AnswerKind, Claim, VOUCHERS};
use wire::response::{Record, Registered, Replaced};
use wire::{
    ChallengeNonce, CommitmentNonce, IdentityRecord, Name, PrekeyBundle, RefusalKind, TreeHead, VoucherHash,
};

use super::{Look, NO_RANDOMNESS, Question, answer, at_once, failed, no, random, refused};
use crate::admission::Source;
use crate::clock::wall;
use crate::relay::OVER_BUDGET;

/// Looks at a claim before the directory does: it changes nothing, but takes a processor long.
pub(super) fn verify(ticket: Ticket<asked::Admit>) -> Question {
    at_once(move |_| {
        let verified = ticket.verify();
        answer(move |machine, _| machine.admitted(verified))
    })
}

pub(super) fn claim(ticket: Ticket<asked::Claim>, claim: Box<Claim>, source: Source) -> Question {
    at_once(move |relay| {
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
            Ok(RegisterOutcome::BadInvite) => no(ticket, RefusalKind::Invite),
            Err(error) => failed(relay, ticket, error),
        }
    })
}

pub(super) fn replace(
    ticket: Ticket<asked::Replace>,
    kind: AnswerKind,
    expected_seq: u32,
    record: Box<IdentityRecord>,
    vouchers: [VoucherHash; VOUCHERS],
) -> Question {
    at_once(move |relay| {
        let Some(commitment_nonce) = random().map(CommitmentNonce) else {
            return refused(ticket, NO_RANDOMNESS);
        };
        let now = wall();
        let request = ReplaceRequest { kind, record: *record, expected_seq, vouchers, commitment_nonce, now };
        match relay.store.replace(request) {
            Ok(ReplaceOutcome::Replaced(stored)) => answer(move |machine, _| {
                let (leaf_index, commitment_nonce) = (stored.leaf_index, stored.commitment_nonce);
                machine
                    .replaced(ticket, Replaced { leaf_index, tree_head: TreeHead::EMPTY, commitment_nonce });
            }),
            Ok(ReplaceOutcome::Stale) => no(ticket, RefusalKind::Stale),
            Ok(ReplaceOutcome::NoSuch) => no(ticket, RefusalKind::NoSuchName),
            Err(error) => failed(relay, ticket, error),
        }
    })
}

pub(super) fn find_identity(ticket: Ticket<asked::FindIdentity>, name: Name) -> Look {
    Box::new(move |relay| match relay.store.record(&name, None) {
        Ok(found) => answer(move |machine, _| {
            machine.identity_found(ticket, found.as_ref().map(|stored| &stored.record));
        }),
        Err(error) => failed(relay, ticket, error),
    })
}

pub(super) fn publish(ticket: Ticket<asked::Publish>, name: Name, bundle: Box<PrekeyBundle>) -> Question {
    at_once(move |relay| match relay.store.publish(&name, *bundle, relay.today()) {
        Ok(PublishOutcome::Published | PublishOutcome::Again) => {
            answer(move |machine, _| machine.published(ticket))
        }
        Ok(PublishOutcome::Stale) => no(ticket, RefusalKind::Stale),
        Ok(PublishOutcome::NoSuchName) => no(ticket, RefusalKind::NoSuchName),
        Err(error) => failed(relay, ticket, error),
    })
}

pub(super) fn lookup(ticket: Ticket<asked::Lookup>, name: Name, seq: Option<u32>) -> Look {
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

pub(super) fn fetch(ticket: Ticket<asked::Fetch>, name: Name) -> Look {
    Box::new(move |relay| match relay.store.bundle(&name, relay.today()) {
        Ok(found) => answer(move |machine, _| machine.fetched(ticket, found)),
        Err(error) => failed(relay, ticket, error),
    })
}
