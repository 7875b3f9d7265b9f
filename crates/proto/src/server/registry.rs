//! Claim, challenge, answer, publish: authenticated by the signed objects themselves.

use wire::request::{Answer, AnswerKind, ChallengeProof, Claim, Publish};
use wire::response::{Challenge, Registered, Replaced};
use wire::{ChallengeNonce, IdentityRecord, RefusalKind, RequestId, Response};

use super::ServerConnection;
use super::challenge::OpenChallenge;
use crate::Now;
use crate::event::ServerEvent;
use crate::signed::{self, Change};
use crate::ticket::{Ticket, asked};

impl ServerConnection {
    /// The peer may bring one more claim, and it was verified: asks for [`ServerEvent::Claim`], or refuses.
    pub fn admitted(&mut self, ticket: Ticket<asked::Admitted>) {
        if !self.is_ours(&ticket) {
            return;
        }
        let (admitted, ticket) = ticket.step(asked::Claim(()));
        match admitted.claim {
            Ok(claim) => self.events.push_back(ServerEvent::Claim { ticket, claim }),
            Err(_) => self.refuse_request(ticket.request, RefusalKind::Signature),
        }
        self.pump();
    }

    /// The name is registered with the claimed record, now or before: durable, in the ledger.
    pub fn registered(&mut self, ticket: Ticket<asked::Claim>, registered: Registered) {
        self.complete(ticket, Response::Registered(Box::new(registered)));
    }

    /// Another record stands under the claimed name: challenges its holder, with a fresh random nonce. The
    /// shell counts this as a look-up.
    pub fn taken(
        &mut self,
        now: Now,
        ticket: Ticket<asked::Claim>,
        registered: &IdentityRecord,
        nonce: ChallengeNonce,
    ) {
        self.now = now;
        if !self.is_ours(&ticket) {
            return;
        }
        if self.challenges.issue(now, registered.body.clone(), nonce) {
            let record_hash = signed::record_hash(&registered.body);
            self.respond(
                ticket.request,
                Response::Challenge(Challenge { nonce, seq: registered.body.seq, record_hash }),
            );
        } else {
            self.refuse_request(ticket.request, RefusalKind::Busy);
        }
        self.pump();
    }

    /// The new record stands: compare-and-set and ledger leaf are durable.
    pub fn replaced(&mut self, ticket: Ticket<asked::Replace>, replaced: Replaced) {
        self.complete(ticket, Response::Replaced(Box::new(replaced)));
    }

    /// The newest record of the name whose bundle is to be published. Verifies the bundle against it and
    /// asks for [`ServerEvent::Publish`], or refuses.
    pub fn identity_found(&mut self, ticket: Ticket<asked::FindIdentity>, record: Option<&IdentityRecord>) {
        if !self.is_ours(&ticket) {
            return;
        }
        match check_publish(&ticket.what.publish, record) {
            Ok(()) => {
                let (found, ticket) = ticket.step(asked::Publish(()));
                let Publish { name, bundle } = *found.publish;
                self.events.push_back(ServerEvent::Publish { ticket, name, bundle: Box::new(bundle) });
            }
            Err(kind) => self.refuse_request(ticket.request, kind),
        }
        self.pump();
    }

    /// The bundle is published, or will be at the next midnight.
    pub fn published(&mut self, ticket: Ticket<asked::Publish>) {
        self.complete(ticket, Response::Published);
    }

    pub(super) fn on_claim(&mut self, id: RequestId, claim: Box<Claim>) {
        let ticket = self.ticket(id, asked::Admit { claim, server_id: self.config.server_id });
        self.events.push_back(ServerEvent::Admit { ticket });
    }

    pub(super) fn on_answer(&mut self, id: RequestId, answer: Answer) {
        let Some(challenge) = self.challenges.take(self.now, &answer.record.body.name) else {
            return self.refuse_request(id, RefusalKind::ChallengeFailed);
        };
        if !self.is_right(&answer, &challenge) {
            self.events.push_back(ServerEvent::AnswerWrong);
            return self.refuse_request(id, RefusalKind::ChallengeFailed);
        }
        let ticket = self.ticket(id, asked::Replace(()));
        self.events.push_back(ServerEvent::Replace {
            ticket,
            kind: answer.kind,
            expected_seq: challenge.registered.seq,
            record: Box::new(answer.record),
            vouchers: answer.vouchers,
        });
    }

    pub(super) fn on_publish(&mut self, id: RequestId, publish: Box<Publish>) {
        let name = publish.name.clone();
        let ticket = self.ticket(id, asked::FindIdentity { publish });
        self.events.push_back(ServerEvent::FindIdentity { ticket, name });
    }

    /// The new record follows the registered one as the answer says, and its authority proves to be here now.
    fn is_right(&self, answer: &Answer, challenge: &OpenChallenge) -> bool {
        let Ok(change) = signed::verify_next(&answer.record, &challenge.registered) else { return false };
        let kind = match change {
            Change::Rotated => AnswerKind::Rotate,
            Change::Recovered => AnswerKind::Recover,
            Change::Released => AnswerKind::Tombstone,
        };
        let Some(authority) = signed::authority_of(&answer.record, &challenge.registered) else {
            return false;
        };
        let proof = ChallengeProof {
            name: &challenge.registered.name,
            old: signed::record_hash(&challenge.registered),
            new: signed::record_hash(&answer.record.body),
            nonce: challenge.nonce,
            authority,
        };
        self.is_bound()
            && kind == answer.kind
            && signed::verify_challenge(kind, &proof, &self.proof(), &answer.proof).is_ok()
    }
}

fn check_publish(publish: &Publish, record: Option<&IdentityRecord>) -> Result<(), RefusalKind> {
    let record = record.ok_or(RefusalKind::NoSuchName)?;
    if signed::is_tombstone(&record.body) {
        return Err(RefusalKind::NoSuchName);
    }
    let identity = signed::identity_of(&record.body).map_err(|_| RefusalKind::Signature)?;
    signed::verify_bundle_signature(&publish.bundle, &identity).map_err(|_| RefusalKind::Signature)
}
