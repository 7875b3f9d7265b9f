//! [`Relay`]: a server without sockets: its store, who has which mailbox open, and its bad days.
//!
//! What is asked of the store, and what is answered, is what `crates/server/src/task` does; the parts with
//! budgets per source are left out.

use std::collections::{BTreeMap, BTreeSet};

use proto::{Delivery, Opening, ServerConnection, ServerEvent, Ticket, asked};
use server::pairings::Pairings;
use store::{
    CreateOutcome, DepositOutcome, DepositRequest, DirectoryStore, GenerationOutcome, MailboxStore,
    MemoryStore, NewMailbox, OpenedMailbox, PublishOutcome, RegisterOutcome, RegisterRequest, ReplaceOutcome,
    ReplaceRequest, StoreError, Stored,
};
use wire::refusal::Refusal;
use wire::request::{Claim, Create, Deposit};
use wire::response::{Record, Registered, Replaced};
use wire::{
    ChallengeNonce, CommitmentNonce, Cursor, Day, DepositAuth, DepositId, HostPort, Name, OwnerId,
    PrekeyBundle, PrekeyId, RefusalKind, ServerId, Slot, TreeHead, UnixSeconds, VoucherHash,
};

use crate::connection::{Connection, ConnectionId, Waiting};
use crate::liar::Lie;
use crate::net::Luck;

/// Leading zero bits of a doorstep's puzzle: work, but little.
const PUZZLE_BITS: u8 = 4;

/// One server.
pub(crate) struct Relay {
    pub(crate) at: HostPort,
    pub(crate) server_id: ServerId,
    pub(crate) store: MemoryStore,
    /// Which connection has a mailbox open, under which name.
    pub(crate) holds: BTreeMap<DepositId, (ConnectionId, Slot)>,
    /// Nobody reaches it before then.
    pub(crate) down_until: u64,
    /// Acknowledged, and only handed to the system: a power cut forgets it (`MailboxStore::ack`).
    unsynced: Vec<(DepositId, Cursor)>,
    /// An older backup.
    pub(crate) backup: Option<MemoryStore>,
    /// Envelopes of a mailbox that nobody collected in time, as its owner was told.
    pub(crate) expired: BTreeMap<DepositId, u64>,
    /// Prekeys that the owner of a doorstep published.
    prekeys: BTreeMap<DepositId, BTreeSet<PrekeyId>>,
    /// Those who meet under a number, in memory only.
    pairings: Pairings,
    /// Where a name's first messages go.
    pub(crate) doorsteps: BTreeMap<Name, DepositId>,
}

/// What answering a question did besides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum After {
    /// Nothing.
    Nothing,
    /// Another connection must hear that it lost a mailbox.
    Superseded(ConnectionId, Slot),
}

impl Relay {
    pub(crate) fn new(at: HostPort, server_id: ServerId) -> Self {
        let options = store::Options { puzzle_bits: PUZZLE_BITS, ..store::Options::default() };
        Self {
            at,
            server_id,
            store: MemoryStore::with(options),
            holds: BTreeMap::new(),
            down_until: 0,
            unsynced: Vec::new(),
            backup: None,
            expired: BTreeMap::new(),
            prekeys: BTreeMap::new(),
            pairings: Pairings::default(),
            doorsteps: BTreeMap::new(),
        }
    }

    /// Its process dies. With the power goes what was not synced.
    pub(crate) fn die(&mut self, power_cut: bool) {
        if power_cut {
            self.unsynced.clear();
        }
        self.sync();
        self.store = self.store.reopened();
        self.pairings = Pairings::default();
        self.holds.clear();
    }

    /// Puts the backup back, if there is one, and keeps the present state as the next backup.
    pub(crate) fn restore(&mut self) -> bool {
        self.sync();
        let Some(backup) = self.backup.take() else { return false };
        self.store = backup;
        self.holds.clear();
        true
    }

    /// Makes a backup.
    pub(crate) fn back_up(&mut self) {
        self.sync();
        self.backup = Some(self.store.reopened());
    }

    /// Whatever was handed to the system has reached the disk.
    pub(crate) fn sync(&mut self) {
        for (sid, through) in std::mem::take(&mut self.unsynced) {
            // A mailbox that is gone has nothing to let go of.
            let _gone = self.store.ack(&sid, through);
        }
    }

    /// The hourly sweep.
    pub(crate) fn sweep(&mut self, today: Day) {
        self.sync();
        let _swept = self.store.sweep(today);
    }

    /// Answers one question of a connection's machine.
    pub(crate) fn answer(
        &mut self,
        id: ConnectionId,
        connection: &mut Connection,
        event: ServerEvent,
        luck: &mut Luck,
    ) -> After {
        if !matches!(event, ServerEvent::Ack { .. }) {
            self.sync();
        }
        match event {
            ServerEvent::Deposit { ticket, deposit } => self.deposit(connection, ticket, *deposit, luck),
            ServerEvent::Open { ticket, slot, rid } => {
                return self.open(id, connection, ticket, (slot, rid), luck);
            }
            event @ (ServerEvent::Lookup { .. } | ServerEvent::Fetch { .. }) => {
                self.tell(connection, event, luck)
            }
            event @ (ServerEvent::Claim { .. }
            | ServerEvent::Replace { .. }
            | ServerEvent::FindIdentity { .. }
            | ServerEvent::Publish { .. }) => self.register(&mut connection.machine, event, luck),
            event => self.serve_owner(&mut connection.machine, event, luck),
        }
        After::Nothing
    }

    // --- deposits ---

    fn deposit(
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

    fn open(
        &mut self,
        id: ConnectionId,
        connection: &mut Connection,
        ticket: Ticket<asked::Open>,
        (slot, rid): (Slot, OwnerId),
        luck: &mut Luck,
    ) -> After {
        match self.store.open(&rid, luck.today()) {
            Ok(Some(OpenedMailbox { sid, waiting, oldest, expired, generations })) => {
                *self.expired.entry(sid).or_default() += u64::from(expired);
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

    fn serve_owner(&mut self, machine: &mut ServerConnection, event: ServerEvent, luck: &mut Luck) {
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
                changed(machine, ticket, self.store.retire(&sid, generation), ServerConnection::retired);
            }
            ServerEvent::CrossOff { ticket, sid, generation, indices } => {
                let outcome = self.store.cross_off(&sid, generation, &indices);
                changed(machine, ticket, outcome, ServerConnection::crossed_off);
            }
            ServerEvent::Pairing { ticket, step } => {
                let (now, random) = (luck.moment(), luck.random.word());
                match self.pairings.take(now, step, || Some(random)) {
                    Ok(answer) => machine.paired(ticket, answer),
                    Err(refusal) => machine.refuse(ticket, refusal),
                }
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

    // --- the directory ---

    fn register(&mut self, machine: &mut ServerConnection, event: ServerEvent, luck: &mut Luck) {
        match event {
            ServerEvent::Claim { ticket, claim } => self.claim(machine, ticket, *claim, luck),
            ServerEvent::Replace { ticket, kind, expected_seq, record, vouchers } => {
                let request = ReplaceRequest {
                    kind,
                    record: *record,
                    expected_seq,
                    vouchers,
                    commitment_nonce: CommitmentNonce(luck.random.bytes()),
                    now: UnixSeconds(luck.clock),
                };
                match self.store.replace(request) {
                    Ok(ReplaceOutcome::Replaced(stored)) => {
                        let (leaf_index, commitment_nonce) = (stored.leaf_index, stored.commitment_nonce);
                        let tree_head = TreeHead::EMPTY;
                        machine.replaced(ticket, Replaced { leaf_index, tree_head, commitment_nonce });
                    }
                    Ok(ReplaceOutcome::Stale) => machine.refuse(ticket, Refusal::new(RefusalKind::Stale)),
                    Ok(ReplaceOutcome::NoSuch) => {
                        machine.refuse(ticket, Refusal::new(RefusalKind::NoSuchName))
                    }
                    Err(_) => machine.refuse(ticket, Refusal::new(RefusalKind::Unavailable)),
                }
            }
            ServerEvent::FindIdentity { ticket, name } => match self.store.record(&name, None) {
                Ok(found) => machine.identity_found(ticket, found.as_ref().map(|stored| &stored.record)),
                Err(_) => machine.refuse(ticket, Refusal::new(RefusalKind::Unavailable)),
            },
            ServerEvent::Publish { ticket, name, bundle } => {
                self.publish(machine, ticket, name, *bundle, luck)
            }
            _ => {}
        }
    }

    fn claim(
        &mut self,
        machine: &mut ServerConnection,
        ticket: Ticket<asked::Claim>,
        claim: Claim,
        luck: &mut Luck,
    ) {
        let Claim { record, vouchers, invite } = claim;
        let commitment_nonce = CommitmentNonce(luck.random.bytes());
        let now = UnixSeconds(luck.clock);
        let request = RegisterRequest { record, vouchers, invite, open: true, commitment_nonce, now };
        match self.store.register(request) {
            Ok(RegisterOutcome::Registered(stored) | RegisterOutcome::Again(stored)) => {
                let (leaf_index, commitment_nonce) = (stored.leaf_index, stored.commitment_nonce);
                machine.registered(
                    ticket,
                    Registered { leaf_index, tree_head: TreeHead::EMPTY, commitment_nonce },
                );
            }
            Ok(RegisterOutcome::Taken(stored)) => {
                machine.taken(luck.moment(), ticket, &stored.record, ChallengeNonce(luck.random.bytes()));
            }
            Ok(RegisterOutcome::BadInvite) => machine.refuse(ticket, Refusal::new(RefusalKind::Invite)),
            Err(_) => machine.refuse(ticket, Refusal::new(RefusalKind::Unavailable)),
        }
    }

    fn publish(
        &mut self,
        machine: &mut ServerConnection,
        ticket: Ticket<asked::Publish>,
        name: Name,
        bundle: PrekeyBundle,
        luck: &mut Luck,
    ) {
        let (doorstep, prekey) = (bundle.body.doorstep, bundle.body.prekey_id);
        match self.store.publish(&name, bundle, luck.today()) {
            Ok(PublishOutcome::Published | PublishOutcome::Again) => {
                self.prekeys.entry(doorstep).or_default().insert(prekey);
                self.doorsteps.insert(name, doorstep);
                machine.published(ticket);
            }
            Ok(PublishOutcome::Stale) => machine.refuse(ticket, Refusal::new(RefusalKind::Stale)),
            Ok(PublishOutcome::NoSuchName) => machine.refuse(ticket, Refusal::new(RefusalKind::NoSuchName)),
            Err(_) => machine.refuse(ticket, Refusal::new(RefusalKind::Unavailable)),
        }
    }

    /// Look-ups and fetches: the place for lies.
    fn tell(&mut self, connection: &mut Connection, event: ServerEvent, luck: &mut Luck) {
        let lie = connection.lie;
        let machine = &mut connection.machine;
        match event {
            ServerEvent::Lookup { ticket, name, seq } => {
                let found = match lie {
                    Some(lie) => self.lie_about_record(lie, &name, seq, luck),
                    None => self.record(&name, seq),
                };
                machine.looked_up(ticket, found);
            }
            ServerEvent::Fetch { ticket, name } => {
                let found = match lie {
                    Some(lie) => self.lie_about_bundle(lie, &name, luck),
                    None => self.store.bundle(&name, luck.today()).unwrap_or(None),
                };
                machine.fetched(ticket, found);
            }
            _ => {}
        }
    }

    fn record(&self, name: &Name, seq: Option<u32>) -> Option<Record> {
        self.store.record(name, seq).unwrap_or(None).map(|stored| Record {
            record: stored.record,
            commitment_nonce: stored.commitment_nonce,
            leaf_index: stored.leaf_index,
            tree_head: TreeHead::EMPTY,
        })
    }

    fn lie_about_record(&self, lie: Lie, name: &Name, seq: Option<u32>, luck: &mut Luck) -> Option<Record> {
        let truth = self.record(name, seq)?;
        match (lie, seq) {
            (Lie::Nobody, _) => None,
            (Lie::Foreign, _) => {
                let record = luck.liar.foreign_record(name, &self.server_id);
                Some(Record { record, ..truth })
            }
            (Lie::Unsigned, None) => {
                let record = luck.liar.unsigned_successor(&truth.record.body);
                Some(Record { record, ..truth })
            }
            (Lie::Older, None) if truth.record.body.seq > 0 => {
                self.record(name, Some(truth.record.body.seq - 1))
            }
            _ => Some(truth),
        }
    }

    fn lie_about_bundle(&self, lie: Lie, name: &Name, luck: &mut Luck) -> Option<PrekeyBundle> {
        match (lie, self.doorsteps.get(name)) {
            (Lie::Nobody, _) => None,
            (Lie::Foreign | Lie::Unsigned | Lie::ForeignBundle, Some(doorstep)) => {
                Some(luck.liar.foreign_bundle(*doorstep, luck.today()))
            }
            _ => self.store.bundle(name, luck.today()).unwrap_or(None),
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
        Err(_) => machine.refuse(ticket, Refusal::new(RefusalKind::Unavailable)),
    }
}
