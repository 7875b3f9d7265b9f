//! Questions about names: claim, replace, publish, look-up, fetch.

use proto::{Ticket, asked};
use store::{PublishOutcome, RegisterOutcome, RegisterRequest, ReplaceOutcome, ReplaceRequest};
use wire::request::{AnswerKind, Claim, Feed, VOUCHERS};
use wire::response::{Record, Registered, Replaced};
use wire::{
    ChallengeNonce, CommitmentNonce, IdentityRecord, Name, NameTag, PrekeyBundle, Refusal, RefusalKind,
    VoucherHash,
};

use super::{
    Change, Claiming, Look, NO_RANDOMNESS, Question, answer, at_once, failed, no, once, random, refused,
};
use crate::clock::wall;
use crate::ledger::Unfed;
use crate::relay::{OVER_BUDGET, Relay};

/// What whoever asks for the log hears while it is being read.
const NOT_NOW: Refusal = Refusal { kind: RefusalKind::Unavailable, retry_after_s: Some(5) };

/// What a change of a name hears whose leaves are not filled in yet: ten names a second are. And what every claim and change
/// hears of a relay that went back, until its log says so.
const LATER: Refusal = Refusal { kind: RefusalKind::Busy, retry_after_s: Some(60) };

/// What a claim hears whose name came free in the moment in which it was made.
const AGAIN: Refusal = Refusal { kind: RefusalKind::Busy, retry_after_s: Some(1) };

/// Looks at a claim before the directory does: it changes nothing, but takes a processor long.
pub(super) fn verify(ticket: Ticket<asked::Admit>) -> Question {
    at_once(move |_| {
        let verified = ticket.verify();
        answer(move |machine, _| machine.admitted(verified))
    })
}

/// Whether a claim would register a name now, so that its tag is wanted.
pub fn is_for_the_taking(relay: &Relay, claim: &Claim) -> bool {
    let name = &claim.record.body.name;
    // What the store cannot tell now it will not tell the claim either.
    relay.store.is_for_the_taking(name, claim.invite.as_ref(), relay.open, wall()).unwrap_or(false)
}

/// Registers, or challenges. `tag` is that of the name where it was for the taking a moment ago.
pub fn claim(claiming: Claiming, tag: Option<NameTag>) -> Change {
    let Claiming { claim, ticket, source } = claiming;
    once(move |relay| {
        let Some(commitment_nonce) = random().map(CommitmentNonce) else {
            return refused(ticket, NO_RANDOMNESS);
        };
        let Claim { record, vouchers, invite } = *claim;
        let (open, now) = (relay.open, wall());
        let request = RegisterRequest { record, vouchers, invite, open, tag, commitment_nonce, now };
        match relay.store.register(request) {
            Ok(RegisterOutcome::Registered(stored) | RegisterOutcome::Again(stored)) => {
                let tree_head = relay.ledger.head(&*relay.store);
                answer(move |machine, _| {
                    let (leaf_index, commitment_nonce) = (stored.leaf_index, stored.commitment_nonce);
                    machine.registered(ticket, Registered { leaf_index, tree_head, commitment_nonce });
                })
            }
            // It came free in this moment.
            Ok(RegisterOutcome::Untagged) => refused(ticket, AGAIN),
            Ok(RegisterOutcome::Unmarked) => refused(ticket, LATER),
            // A challenge tells that the name is taken, and its absence that it is not: both count as a look-up (DESIGN § 6.3).
            Ok(RegisterOutcome::Taken(_) | RegisterOutcome::BadInvite) if !relay.admission.lookup(source) => {
                relay.counters.over_budget.add_one();
                refused(ticket, OVER_BUDGET)
            }
            Ok(RegisterOutcome::Taken(stored)) => {
                let Some(nonce) = random().map(ChallengeNonce) else { return refused(ticket, NO_RANDOMNESS) };
                answer(move |machine, now| machine.taken(now, ticket, &stored.record, nonce))
            }
            Ok(RegisterOutcome::BadInvite) => no(ticket, RefusalKind::Invite),
            Ok(RegisterOutcome::Full) => no(ticket, RefusalKind::Unavailable),
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
            Ok(ReplaceOutcome::Replaced(stored)) => {
                let tree_head = relay.ledger.head(&*relay.store);
                answer(move |machine, _| {
                    let (leaf_index, commitment_nonce) = (stored.leaf_index, stored.commitment_nonce);
                    machine.replaced(ticket, Replaced { leaf_index, tree_head, commitment_nonce });
                })
            }
            Ok(ReplaceOutcome::Stale) => no(ticket, RefusalKind::Stale),
            Ok(ReplaceOutcome::NoSuch) => no(ticket, RefusalKind::NoSuchName),
            Ok(ReplaceOutcome::Full) => no(ticket, RefusalKind::Unavailable),
            Ok(ReplaceOutcome::Untagged | ReplaceOutcome::Unmarked) => refused(ticket, LATER),
            Ok(ReplaceOutcome::TooMany { left_s }) => {
                refused(ticket, Refusal { kind: RefusalKind::Busy, retry_after_s: Some(left_s) })
            }
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
        Ok(found) => {
            // After the record, so that it covers its leaf.
            let tree_head = relay.ledger.head(&*relay.store);
            answer(move |machine, _| {
                let found = found.map(|stored| Record {
                    record: stored.record,
                    commitment_nonce: stored.commitment_nonce,
                    leaf_index: stored.leaf_index,
                    tree_head,
                });
                machine.looked_up(ticket, found);
            })
        }
        Err(error) => failed(relay, ticket, error),
    })
}

pub(super) fn fetch(ticket: Ticket<asked::Fetch>, name: Name) -> Look {
    Box::new(move |relay| match relay.store.bundle(&name, relay.today()) {
        Ok(found) => answer(move |machine, _| machine.fetched(ticket, found)),
        Err(error) => failed(relay, ticket, error),
    })
}

pub(super) fn feed(ticket: Ticket<asked::Feed>, feed: Feed) -> Look {
    Box::new(move |relay| match relay.ledger.feed(&*relay.store, feed) {
        Ok(leaves) => answer(move |machine, _| machine.fed(ticket, leaves)),
        Err(Unfed::NotNow) => refused(ticket, NOT_NOW),
        Err(Unfed::Store(error)) => failed(relay, ticket, error),
    })
}
