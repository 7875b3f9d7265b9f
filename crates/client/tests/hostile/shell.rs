//! What a cheating relay keeps: everything, for ever, and whatever the test puts in its place.

use std::collections::BTreeMap;

use proto::{Delivery, Now, Opening, ServerConnection, ServerEvent};
use wire::{
    Body, ChallengeNonce, Commitment, CommitmentNonce, Cursor, Day, Deframer, DepositAuth, DepositId,
    Envelope, Frame, Generation, IdentityRecord, Leaf, LeafKind, Name, NameTag, OwnerId, OwnerKey,
    PrekeyBundle, Refusal, RefusalKind, Request, TreeHead,
    request::Deposit,
    response::{Leaves, Record, Registered},
};

/// How the relay answers who reads a mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reads {
    /// What waits, and that it is all.
    #[default]
    Honest,
    /// Behind what waits, nonsense without end.
    Endless,
    /// Not at all.
    Silent,
}

/// What the relay shows of a log that it does not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Log {
    /// It says that it is longer than any.
    TooLong,
    /// It has grown by one leaf with each answer.
    Grows,
    /// There is more, and it does not come.
    Stuck,
    /// Nothing comes at all.
    Silent,
}

/// When the relay says what it should not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    Lookup,
    Deposit,
    Open,
    Read,
}

#[derive(Default)]
pub struct Shell {
    pub records: BTreeMap<Name, Vec<IdentityRecord>>,
    pub bundles: BTreeMap<Name, PrekeyBundle>,
    pub mailboxes: Vec<Mailbox>,
    /// Every deposit that ever came.
    pub deposits: Vec<Deposit>,
    /// Say these bytes at that moment, and nothing else.
    pub outburst: Option<(When, Vec<u8>)>,
    /// Say nonsense when somebody reads this mailbox.
    pub breaks_at: Option<DepositId>,
    /// Answer so many deposits with this.
    pub refusals: Vec<RefusalKind>,
    /// Answer one in so many look-ups with a wait of a second.
    pub busy_every: Option<usize>,
    /// Say nothing to one in so many look-ups.
    pub mute_every: Option<usize>,
    /// How mailboxes are read from now on.
    pub reads: Reads,
    /// Deliveries that it made up.
    pub made_up: usize,
    /// The log that it shows, instead of none.
    pub log: Option<Log>,
    /// Whether records are said to stand in it.
    pub shows_log: bool,
    /// Answers that it gave to who asked for leaves.
    pub fed: u64,
    /// Look-ups that ever came.
    looked_up: usize,
    /// Everything that clients ever said, connection by connection.
    pub connections: Vec<Heard>,
    /// Requests that came after an outburst on the same connection.
    pub answers_to_outbursts: usize,
    /// Stamps that owners had crossed off.
    pub crossed_off: usize,
}

/// What one connection carried from the client, inside TLS.
#[derive(Default)]
pub struct Heard {
    pub bytes: Vec<u8>,
    pub resumed: bool,
}

impl Heard {
    /// The requests in it, in order.
    pub fn requests(&self) -> Vec<Request> {
        let mut deframer = Deframer::new();
        deframer.extend(&self.bytes);
        let frames = std::iter::from_fn(|| deframer.next_frame().unwrap());
        let request = |frame| match Frame::decode(&frame).unwrap().body {
            Body::Request(request) => request,
            other => panic!("a client said {other:?}"),
        };
        frames.map(request).collect()
    }
}

pub struct Mailbox {
    pub rid: OwnerId,
    pub sid: DepositId,
    owner: OwnerKey,
    generations: Vec<Generation>,
    pub waiting: Vec<(DepositAuth, Envelope)>,
    /// Envelopes that expired so far, as it is told.
    pub expired: u32,
    /// Places given so far: they never come again.
    pub given: u64,
}

impl Shell {
    /// A connection begins.
    pub fn hear(&mut self, resumed: bool) -> usize {
        self.connections.push(Heard { bytes: Vec::new(), resumed });
        self.connections.len() - 1
    }

    /// And goes on.
    pub fn note(&mut self, number: usize, bytes: &[u8]) {
        self.connections[number].bytes.extend(bytes);
    }

    pub fn mailbox(&mut self, sid: DepositId) -> &mut Mailbox {
        self.mailboxes.iter_mut().find(|mailbox| mailbox.sid == sid).unwrap()
    }

    /// Takes what waits somewhere.
    pub fn take(&mut self, sid: DepositId) -> Vec<(DepositAuth, Envelope)> {
        std::mem::take(&mut self.mailbox(sid).waiting)
    }

    /// Everything that was ever dropped into a mailbox.
    pub fn history(&self, sid: DepositId) -> Vec<(DepositAuth, Envelope)> {
        let mine = self.deposits.iter().filter(|deposit| deposit.sid == sid);
        mine.map(|deposit| (deposit.auth, deposit.envelope.clone())).collect()
    }

    /// Answers one question of the machine, or says what bytes to burst out with.
    pub fn answer(&mut self, now: Now, server: &mut ServerConnection, event: ServerEvent) -> Option<Vec<u8>> {
        let when = match event {
            ServerEvent::Lookup { .. } => Some(When::Lookup),
            ServerEvent::Deposit { .. } => Some(When::Deposit),
            ServerEvent::Open { .. } => Some(When::Open),
            ServerEvent::Read { .. } => Some(When::Read),
            _ => None,
        };
        if let ServerEvent::Read { sid, .. } = &event
            && self.breaks_at == Some(*sid)
        {
            return Some(vec![0xff; 64]);
        }
        if let Some((at, bytes)) = self.outburst.clone()
            && when == Some(at)
        {
            return Some(bytes);
        }
        match event {
            ServerEvent::Lookup { .. }
            | ServerEvent::Fetch { .. }
            | ServerEvent::Feed { .. }
            | ServerEvent::Deposit { .. } => {
                self.answer_anonymous(server, event);
            }
            ServerEvent::Admit { ticket } => server.admitted(ticket.verify()),
            ServerEvent::Claim { .. }
            | ServerEvent::FindIdentity { .. }
            | ServerEvent::Publish { .. }
            | ServerEvent::Replace { .. } => self.answer_registry(now, server, event),
            event => self.answer_owner(now, server, event),
        }
        None
    }

    fn answer_anonymous(&mut self, server: &mut ServerConnection, event: ServerEvent) {
        match event {
            ServerEvent::Lookup { ticket, name, seq } => {
                self.looked_up += 1;
                if self.busy_every.is_some_and(|every| self.looked_up.is_multiple_of(every)) {
                    return server.refuse(ticket, Refusal::retry_after(RefusalKind::Busy, 1));
                }
                if self.mute_every.is_some_and(|every| self.looked_up.is_multiple_of(every)) {
                    return;
                }
                let chain = self.records.get(&name);
                let record = chain.and_then(|chain| match seq {
                    Some(seq) => chain.get(seq as usize),
                    None => chain.last(),
                });
                let tree_head = TreeHead { size: u64::from(self.shows_log), ..TreeHead::EMPTY };
                let record = record.cloned().map(in_ledger);
                server.looked_up(ticket, record.map(|record| Record { tree_head, ..record }));
            }
            ServerEvent::Fetch { ticket, name } => server.fetched(ticket, self.bundles.get(&name).cloned()),
            ServerEvent::Feed { ticket, feed } => {
                self.fed += 1;
                if self.log == Some(Log::Silent) {
                    return;
                }
                server.fed(ticket, self.leaves(feed.from));
            }
            ServerEvent::Deposit { ticket, deposit } => {
                self.deposits.push((*deposit).clone());
                if let Some(kind) = self.refusals.pop() {
                    return server.refuse(ticket, kind.into());
                }
                if let Some(mailbox) = self.mailboxes.iter_mut().find(|mailbox| mailbox.sid == deposit.sid) {
                    mailbox.waiting.push((deposit.auth, deposit.envelope));
                }
                server.deposited(ticket);
            }
            other => panic!("nobody answers {other:?}"),
        }
    }

    /// What it answers to who asks for leaves from here on.
    fn leaves(&self, from: u64) -> Leaves {
        let size = match self.log {
            None | Some(Log::Silent) => {
                return Leaves { tree_head: TreeHead::EMPTY, first: 0, leaves: Vec::new() };
            }
            Some(Log::TooLong) => u64::MAX,
            Some(Log::Grows) => from + 2,
            Some(Log::Stuck) => from + 1,
        };
        let leaf = Leaf {
            kind: LeafKind::Heartbeat,
            tag: NameTag([0; 32]),
            prev_index: Leaf::NONE,
            commitment: Commitment([0; 32]),
            time: 1,
        };
        let leaves = if self.log == Some(Log::Stuck) { Vec::new() } else { vec![leaf] };
        Leaves { tree_head: TreeHead { size, time: 1, ..TreeHead::EMPTY }, first: from, leaves }
    }

    fn answer_registry(&mut self, now: Now, server: &mut ServerConnection, event: ServerEvent) {
        match event {
            ServerEvent::Claim { ticket, claim } => {
                let chain = self.records.entry(claim.record.body.name.clone()).or_default();
                match chain.last() {
                    Some(present) if *present != claim.record => {
                        server.taken(now, ticket, present, ChallengeNonce([7; 32]));
                    }
                    _ => {
                        chain.truncate(0);
                        chain.push(claim.record);
                        let commitment_nonce = CommitmentNonce([2; 16]);
                        let tree_head = TreeHead::EMPTY;
                        server.registered(ticket, Registered { leaf_index: 1, tree_head, commitment_nonce });
                    }
                }
            }
            ServerEvent::FindIdentity { ticket, name } => {
                server.identity_found(ticket, self.records.get(&name).and_then(|chain| chain.last()));
            }
            ServerEvent::Publish { ticket, name, bundle } => {
                self.bundles.insert(name, *bundle);
                server.published(ticket);
            }
            other => panic!("nobody answers {other:?}"),
        }
    }

    fn answer_owner(&mut self, now: Now, server: &mut ServerConnection, event: ServerEvent) {
        match event {
            ServerEvent::Create { ticket, create } => {
                let sid = DepositId(create.rid.0.map(|byte| byte ^ 0xff));
                let (rid, owner) = (create.rid, create.owner_key);
                self.mailboxes.push(Mailbox {
                    rid,
                    sid,
                    owner,
                    generations: vec![],
                    waiting: vec![],
                    expired: 0,
                    given: 0,
                });
                server.created(ticket, sid);
            }
            ServerEvent::FindOwner { ticket, rid } => {
                let owner = self.mailboxes.iter().find(|mailbox| mailbox.rid == rid);
                server.owner_found(ticket, owner.map(|mailbox| mailbox.owner));
            }
            ServerEvent::Open { ticket, rid, .. } => {
                let mailbox = self.mailboxes.iter().find(|mailbox| mailbox.rid == rid).unwrap();
                let waiting = mailbox.waiting.len() as u32;
                let (generations, expired) = (mailbox.generations.clone(), mailbox.expired);
                let opening = Opening { sid: mailbox.sid, waiting, oldest: Day(0), expired, generations };
                server.opened(ticket, opening);
            }
            ServerEvent::Read { ticket, sid, after, max, .. } => {
                let mut batch = self.mailbox(sid).batch(after, usize::from(max));
                match self.reads {
                    Reads::Honest => {}
                    Reads::Endless => {
                        let honest = batch.len();
                        self.mailbox(sid).make_up(&mut batch, after, usize::from(max));
                        self.made_up += batch.len() - honest;
                    }
                    Reads::Silent => return,
                }
                server.delivered(now, ticket, batch);
            }
            ServerEvent::Ack { ticket, sid, through } => {
                self.mailbox(sid).let_go(through);
                server.acked(ticket);
            }
            ServerEvent::CrossOff { ticket, indices, .. } => {
                self.crossed_off += indices.len();
                server.crossed_off(ticket);
            }
            ServerEvent::Generate { ticket, sid, generation, .. } => {
                self.mailbox(sid).generations.push(generation);
                server.generated(ticket);
            }
            other => panic!("nobody answers {other:?}"),
        }
    }
}

impl Mailbox {
    /// What waits stands at the places behind those that were let go.
    fn batch(&self, after: Cursor, max: usize) -> Vec<Delivery> {
        let numbered = self.waiting.iter().zip(self.given + 1..);
        let all = numbered.map(|((auth, envelope), place)| Delivery {
            cursor: Cursor(place),
            auth: *auth,
            envelope: envelope.clone(),
        });
        all.filter(|delivery| delivery.cursor > after).take(max).collect()
    }

    /// Fills a batch up with nonsense behind everything that waits.
    fn make_up(&self, batch: &mut Vec<Delivery>, after: Cursor, max: usize) {
        let last = after.0.max(self.given + self.waiting.len() as u64);
        let envelope = Envelope::new(vec![0x33; 4_096].into()).unwrap();
        for place in (last + 1..).take(max - batch.len()) {
            let auth = DepositAuth::Open { puzzle: None };
            batch.push(Delivery { cursor: Cursor(place), auth, envelope: envelope.clone() });
        }
    }

    fn let_go(&mut self, through: Cursor) {
        let gone = through.0.saturating_sub(self.given).min(self.waiting.len() as u64);
        self.waiting.drain(..gone as usize);
        self.given = (self.given + gone).max(through.0);
    }
}

fn in_ledger(record: IdentityRecord) -> Record {
    Record { record, commitment_nonce: CommitmentNonce([2; 16]), leaf_index: 1, tree_head: TreeHead::EMPTY }
}
