//! Storage's answers, and a count of what they allow the machine to say.

use super::ask::{CHALLENGE, Signed, card, owner_key};
use bytes::Bytes;
use proto::PairingAnswer;
use proto::{Delivery, Now, Opening, ServerConnection, ServerEvent};
use std::collections::BTreeMap;
use wire::response::{Leaves, Record, Registered, Replaced};
use wire::{
    CommitmentNonce, Cursor, Day, DepositAuth, DepositId, Envelope, Generation, PairingMove, PairingNumber,
    PairingShare, PairingStep, RefusalKind, Settlement, TreeHead, kind,
};

/// Kinds that may be said only once storage has confirmed.
const PROMISES: [u8; 20] = [
    kind::LEAVES,
    kind::REGISTERED,
    kind::CHALLENGE,
    kind::REPLACED,
    kind::PUBLISHED,
    kind::RECORD,
    kind::BUNDLE,
    kind::STORED,
    kind::CREATED,
    kind::OPENED,
    kind::DELIVER,
    kind::GENERATED,
    kind::RETIRED,
    kind::CROSSED_OFF,
    kind::DRAINED,
    kind::BEGUN,
    kind::MET,
    kind::REPLIED,
    kind::SETTLED,
    kind::AWAITED,
];

/// How often each was confirmed.
#[derive(Default)]
pub struct Answers(BTreeMap<u8, usize>);

impl Answers {
    /// Whether this kind waits for storage. An `ACK` below one that was confirmed needs no second confirmation.
    pub fn is_promise(said: u8) -> bool {
        PROMISES.contains(&said)
    }

    /// How often it may have been said.
    pub fn given(&self, kind: u8) -> usize {
        self.0.get(&kind).copied().unwrap_or(0)
    }

    /// Completes a question: with yes (0), no (1), nothing there (2), or something else that is legal (3).
    pub fn answer(&mut self, now: Now, server: &mut ServerConnection, event: ServerEvent, choice: u8) {
        if choice & 3 == 1 {
            return refuse(
                server,
                event,
                if choice & 4 == 0 { RefusalKind::Unavailable } else { RefusalKind::Stale },
            );
        }
        match event {
            ServerEvent::Deposit { .. }
            | ServerEvent::Create { .. }
            | ServerEvent::FindOwner { .. }
            | ServerEvent::Open { .. }
            | ServerEvent::Read { .. }
            | ServerEvent::Ack { .. }
            | ServerEvent::Generate { .. }
            | ServerEvent::Retire { .. }
            | ServerEvent::CrossOff { .. } => self.mailbox(now, server, event, choice),
            event => self.directory(now, server, event, choice),
        }
    }

    fn directory(&mut self, now: Now, server: &mut ServerConnection, event: ServerEvent, choice: u8) {
        let there = choice & 3 != 2;
        let [first, second] = &Signed::get().records;
        match event {
            ServerEvent::Admit { ticket } => server.admitted(ticket.verify()),
            ServerEvent::Claim { ticket, .. } if there => {
                self.confirm(kind::REGISTERED);
                server.registered(ticket, registered());
            }
            ServerEvent::Claim { ticket, .. } => {
                self.confirm(kind::CHALLENGE);
                server.taken(now, ticket, if choice & 4 == 0 { first } else { second }, CHALLENGE);
            }
            ServerEvent::Replace { ticket, .. } => {
                self.confirm(kind::REPLACED);
                let Registered { leaf_index, tree_head, commitment_nonce } = registered();
                server.replaced(ticket, Replaced { leaf_index, tree_head, commitment_nonce });
            }
            ServerEvent::FindIdentity { ticket, .. } => server.identity_found(ticket, there.then_some(first)),
            ServerEvent::Publish { ticket, .. } => {
                self.confirm(kind::PUBLISHED);
                server.published(ticket);
            }
            ServerEvent::Lookup { ticket, .. } => {
                self.confirm(kind::RECORD);
                server.looked_up(ticket, there.then(|| record(first.clone())));
            }
            ServerEvent::Pairing { ticket, step } => {
                let number = PairingNumber::new(1 + u16::from(choice)).expect("1 to 256 are numbers");
                let (kind, answer) = match step {
                    PairingStep::Begin(_) => (kind::BEGUN, PairingAnswer::Begun(number)),
                    PairingStep::Meet(_) => (kind::MET, PairingAnswer::Met(PairingShare([choice; 32]))),
                    PairingStep::Reply(_) => (kind::REPLIED, PairingAnswer::Replied),
                    PairingStep::Settle(_) => (kind::SETTLED, PairingAnswer::Settled),
                    PairingStep::Await(_) => (kind::AWAITED, PairingAnswer::Awaited(Box::new(moved(choice)))),
                };
                self.confirm(kind);
                server.paired(ticket, answer);
            }
            ServerEvent::Feed { ticket, .. } => {
                self.confirm(kind::LEAVES);
                server.fed(ticket, Leaves { tree_head: TreeHead::EMPTY, first: 0, leaves: Vec::new() });
            }
            ServerEvent::Fetch { ticket, .. } => {
                self.confirm(kind::BUNDLE);
                let world = crate::world::World::get();
                server.fetched(
                    ticket,
                    there.then(|| crate::world::bundle(&world.alice, 1, DepositId([1; 16]))),
                );
            }
            _ => {}
        }
    }

    fn mailbox(&mut self, now: Now, server: &mut ServerConnection, event: ServerEvent, choice: u8) {
        match event {
            ServerEvent::Deposit { ticket, .. } => {
                self.confirm(kind::STORED);
                server.deposited(ticket);
            }
            ServerEvent::Create { ticket, .. } => {
                self.confirm(kind::CREATED);
                server.created(ticket, DepositId([1; 16]));
            }
            ServerEvent::FindOwner { ticket, .. } => {
                server.owner_found(ticket, (choice & 3 != 2).then(owner_key))
            }
            ServerEvent::Open { ticket, .. } => {
                self.confirm(kind::OPENED);
                server.opened(ticket, opening());
            }
            ServerEvent::Read { ticket, after, max, .. } => {
                let batch = batch(after, usize::from(max).min(usize::from(choice & 3) * 5));
                *self.0.entry(kind::DELIVER).or_default() += batch.len();
                self.confirm(kind::DRAINED);
                server.delivered(now, ticket, batch);
            }
            ServerEvent::Ack { ticket, .. } => server.acked(ticket),
            ServerEvent::Generate { ticket, .. } => {
                self.confirm(kind::GENERATED);
                server.generated(ticket);
            }
            ServerEvent::Retire { ticket, .. } => {
                self.confirm(kind::RETIRED);
                server.retired(ticket);
            }
            ServerEvent::CrossOff { ticket, .. } => {
                self.confirm(kind::CROSSED_OFF);
                server.crossed_off(ticket);
            }
            _ => {}
        }
    }

    fn confirm(&mut self, kind: u8) {
        *self.0.entry(kind).or_default() += 1;
    }
}

fn refuse(server: &mut ServerConnection, event: ServerEvent, kind: RefusalKind) {
    let refusal = kind.into();
    match event {
        ServerEvent::Admit { ticket } => server.refuse(ticket, refusal),
        ServerEvent::Claim { ticket, .. } => server.refuse(ticket, refusal),
        ServerEvent::Replace { ticket, .. } => server.refuse(ticket, refusal),
        ServerEvent::FindIdentity { ticket, .. } => server.refuse(ticket, refusal),
        ServerEvent::Publish { ticket, .. } => server.refuse(ticket, refusal),
        ServerEvent::Lookup { ticket, .. } => server.refuse(ticket, refusal),
        ServerEvent::Fetch { ticket, .. } => server.refuse(ticket, refusal),
        ServerEvent::Feed { ticket, .. } => server.refuse(ticket, refusal),
        ServerEvent::Deposit { ticket, .. } => server.refuse(ticket, refusal),
        ServerEvent::Pairing { ticket, .. } => server.refuse(ticket, refusal),
        ServerEvent::Create { ticket, .. } => server.refuse(ticket, refusal),
        ServerEvent::FindOwner { ticket, .. } => server.refuse(ticket, refusal),
        ServerEvent::Open { ticket, .. } => server.refuse(ticket, refusal),
        ServerEvent::Read { ticket, .. } => server.refuse(ticket, refusal),
        ServerEvent::Ack { ticket, .. } => server.refuse(ticket, refusal),
        ServerEvent::Generate { ticket, .. } => server.refuse(ticket, refusal),
        ServerEvent::Retire { ticket, .. } => server.refuse(ticket, refusal),
        ServerEvent::CrossOff { ticket, .. } => server.refuse(ticket, refusal),
        ServerEvent::AnswerWrong => {}
    }
}

fn batch(after: Cursor, many: usize) -> Vec<Delivery> {
    let envelope = Envelope::new(Bytes::from(vec![9; 4096])).expect("4 KiB are an envelope");
    let places = (1..).map_while(|n| after.0.checked_add(n)).take(many);
    places
        .map(|cursor| Delivery {
            cursor: Cursor(cursor),
            auth: DepositAuth::Open { puzzle: None },
            envelope: envelope.clone(),
        })
        .collect()
}

fn moved(choice: u8) -> PairingMove {
    match choice & 3 {
        0 => PairingMove::Nothing,
        1 => PairingMove::Reply { share: PairingShare([choice; 32]), card: card(choice) },
        2 => PairingMove::Settled(Settlement::Burned),
        _ => PairingMove::Settled(Settlement::Card(card(choice))),
    }
}

fn opening() -> Opening {
    let generations = vec![Generation(1)];
    Opening { sid: DepositId([1; 16]), waiting: 3, oldest: Day(19_999), expired: 0, generations }
}

fn registered() -> Registered {
    Registered { leaf_index: 1, tree_head: TreeHead::EMPTY, commitment_nonce: CommitmentNonce([2; 16]) }
}

fn record(record: wire::IdentityRecord) -> Record {
    Record { record, commitment_nonce: CommitmentNonce([2; 16]), leaf_index: 1, tree_head: TreeHead::EMPTY }
}
