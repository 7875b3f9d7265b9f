//! A relay in memory: answers every question of a server's machine, and remembers what it executed.

use std::collections::BTreeMap;

use proto::{Delivery, Now, Opening, PairingAnswer, ServerConnection, ServerEvent, Ticket, asked};
use wire::request::AnswerKind;
use wire::response::{Leaves, Record, Registered, Replaced};
use wire::{
    ChallengeNonce, CommitmentNonce, Cursor, Day, DepositId, Generation, IdentityRecord, Name, OwnerId,
    OwnerKey, PairingMove, PairingNumber, PairingShare, PairingStep, PrekeyBundle, RefusalKind, TreeHead,
};

#[derive(Clone, Default)]
pub struct Relay {
    pub records: BTreeMap<Name, Vec<IdentityRecord>>,
    pub bundles: BTreeMap<Name, PrekeyBundle>,
    pub mailboxes: BTreeMap<OwnerId, StoredMailbox>,
    /// What was executed, in order: one word each.
    pub log: Vec<&'static str>,
    challenges: u8,
}

#[derive(Clone)]
pub struct StoredMailbox {
    pub sid: DepositId,
    pub owner: OwnerKey,
    pub generations: Vec<Generation>,
    pub waiting: Vec<Delivery>,
    pub last: u64,
}

fn seven() -> PairingNumber {
    PairingNumber::new(7).unwrap()
}

impl Relay {
    /// Answers everything that is asked, at once.
    pub fn act(&mut self, now: Now, server: &mut ServerConnection) {
        while let Some(event) = server.poll_event() {
            self.answer(now, server, event);
        }
    }

    pub fn answer(&mut self, now: Now, server: &mut ServerConnection, event: ServerEvent) {
        match event {
            ServerEvent::Admit { ticket } => server.admitted(ticket.verify()),
            ServerEvent::Claim { ticket, claim } => self.claim(now, server, ticket, &claim.record),
            ServerEvent::Replace { ticket, kind, expected_seq, record, .. } => {
                self.replace(server, ticket, kind, expected_seq, *record);
            }
            ServerEvent::AnswerWrong => self.log.push("answer wrong"),
            ServerEvent::FindIdentity { ticket, name } => server.identity_found(ticket, self.newest(&name)),
            ServerEvent::Publish { ticket, name, bundle } => {
                self.log.push("publish");
                self.bundles.insert(name, *bundle);
                server.published(ticket);
            }
            ServerEvent::Lookup { ticket, name, .. } => {
                self.log.push("lookup");
                server.looked_up(ticket, self.newest(&name).cloned().map(in_ledger));
            }
            ServerEvent::Feed { ticket, .. } => {
                self.log.push("feed");
                server.fed(ticket, Leaves { tree_head: TreeHead::EMPTY, first: 0, leaves: Vec::new() });
            }
            ServerEvent::Fetch { ticket, name } => {
                self.log.push("fetch");
                server.fetched(ticket, self.bundles.get(&name).cloned());
            }
            ServerEvent::Deposit { ticket, deposit } => {
                self.log.push("deposit");
                match self.store(deposit.sid, &deposit.auth, deposit.envelope) {
                    true => server.deposited(ticket),
                    false => server.refuse(ticket, RefusalKind::NoSuchMailbox.into()),
                }
            }
            ServerEvent::Pairing { ticket, step } => {
                self.log.push("pairing");
                let answer = match step {
                    PairingStep::Begin(begin) => PairingAnswer::Begun(begin.number.unwrap_or_else(seven)),
                    PairingStep::Meet(_) => PairingAnswer::Met(PairingShare([5; 32])),
                    PairingStep::Reply(_) => PairingAnswer::Replied,
                    PairingStep::Settle(_) => PairingAnswer::Settled,
                    PairingStep::Await(_) => PairingAnswer::Awaited(Box::new(PairingMove::Nothing)),
                };
                server.paired(ticket, answer);
            }
            event => self.answer_owner(now, server, event),
        }
    }

    fn answer_owner(&mut self, now: Now, server: &mut ServerConnection, event: ServerEvent) {
        match event {
            ServerEvent::Create { ticket, create } => {
                self.log.push("create");
                let sid = DepositId(create.rid.0.map(|byte| byte ^ 0xff));
                let owner = create.owner_key;
                let fresh = StoredMailbox { sid, owner, generations: vec![], waiting: vec![], last: 0 };
                self.mailboxes.insert(create.rid, fresh);
                server.created(ticket, sid);
            }
            ServerEvent::FindOwner { ticket, rid } => {
                server.owner_found(ticket, self.mailboxes.get(&rid).map(|mailbox| mailbox.owner));
            }
            ServerEvent::Open { ticket, rid, .. } => {
                self.log.push("open");
                let mailbox = &self.mailboxes[&rid];
                let waiting = mailbox.waiting.len() as u32;
                let generations = mailbox.generations.clone();
                let opening = Opening { sid: mailbox.sid, waiting, oldest: Day(0), expired: 0, generations };
                server.opened(ticket, opening);
            }
            ServerEvent::Read { ticket, sid, after, max, .. } => {
                let waiting = self.mailbox(sid).waiting.iter().filter(|one| one.cursor > after);
                server.delivered(now, ticket, waiting.take(usize::from(max)).cloned().collect());
            }
            ServerEvent::Ack { ticket, sid, through } => {
                self.log.push("ack");
                self.mailbox(sid).waiting.retain(|one| one.cursor > through);
                server.acked(ticket);
            }
            ServerEvent::Generate { ticket, sid, generation, .. } => {
                self.log.push("generate");
                self.mailbox(sid).generations.push(generation);
                server.generated(ticket);
            }
            ServerEvent::Retire { ticket, .. } => {
                self.log.push("retire");
                server.retired(ticket);
            }
            ServerEvent::CrossOff { ticket, .. } => {
                self.log.push("cross off");
                server.crossed_off(ticket);
            }
            other => panic!("nobody answers {other:?}"),
        }
    }

    pub fn newest(&self, name: &Name) -> Option<&IdentityRecord> {
        self.records.get(name)?.last()
    }

    pub fn store(&mut self, sid: DepositId, auth: &wire::DepositAuth, envelope: wire::Envelope) -> bool {
        let Some(mailbox) = self.mailboxes.values_mut().find(|mailbox| mailbox.sid == sid) else {
            return false;
        };
        mailbox.last += 1;
        mailbox.waiting.push(Delivery { cursor: Cursor(mailbox.last), auth: *auth, envelope });
        true
    }

    fn mailbox(&mut self, sid: DepositId) -> &mut StoredMailbox {
        self.mailboxes.values_mut().find(|mailbox| mailbox.sid == sid).unwrap()
    }

    fn claim(
        &mut self,
        now: Now,
        server: &mut ServerConnection,
        ticket: Ticket<asked::Claim>,
        record: &IdentityRecord,
    ) {
        match self.newest(&record.body.name).cloned() {
            None => {
                self.log.push("register");
                self.records.insert(record.body.name.clone(), vec![record.clone()]);
                server.registered(ticket, registered());
            }
            Some(present) if present == *record => server.registered(ticket, registered()),
            Some(present) => {
                self.log.push("challenge");
                self.challenges += 1;
                server.taken(now, ticket, &present, ChallengeNonce([self.challenges; 32]));
            }
        }
    }

    fn replace(
        &mut self,
        server: &mut ServerConnection,
        ticket: Ticket<asked::Replace>,
        kind: AnswerKind,
        expected_seq: u32,
        record: IdentityRecord,
    ) {
        let chain = self.records.get_mut(&record.body.name).unwrap();
        if chain.last().unwrap().body.seq != expected_seq {
            return server.refuse(ticket, RefusalKind::Stale.into());
        }
        self.log.push(match kind {
            AnswerKind::Rotate => "rotate",
            AnswerKind::Recover => "recover",
            AnswerKind::Tombstone => "tombstone",
        });
        chain.push(record);
        let Registered { leaf_index, tree_head, commitment_nonce } = registered();
        server.replaced(ticket, Replaced { leaf_index, tree_head, commitment_nonce });
    }
}

fn registered() -> Registered {
    Registered { leaf_index: 1, tree_head: TreeHead::EMPTY, commitment_nonce: CommitmentNonce([2; 16]) }
}

pub fn in_ledger(record: IdentityRecord) -> Record {
    Record { record, commitment_nonce: CommitmentNonce([2; 16]), leaf_index: 1, tree_head: TreeHead::EMPTY }
}
