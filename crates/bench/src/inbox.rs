//! Inboxes at a relay: registers names, changes their keys, and turns all their vouchers into mailboxes, many at once.

use crate::Failure;
use crate::envelopes::random;
use crate::link::Link;
use crate::relay::Relay;
use crypto::{IdentitySecret, OwnerSecret, deposit_mac, stamp_commitment, stamp_tag};
use getrandom::SysRng;
use proto::{ServerPin, signed};
use rand_core::UnwrapErr;
use std::cell::Cell;
use std::rc::Rc;
use tokio::task::JoinSet;
use wire::limits::CHANGES_PER_DAY_MAX;
use wire::request::{
    Answer, AnswerKind, ChallengeProof, Claim, Create, Deposit, Generate, MailboxPolicy, Open, VOUCHERS,
};
use wire::{
    ConnectionKind, DepositAuth, DepositId, DepositMac, Envelope, Generation, OwnerId, OwnerKey, PublicKey,
    RecordBody, RecoveryCommitment, Response, Slot, StampCommitment, StampIndex, StampKey, StampTag, Voucher,
    VoucherHash,
};

/// Registrations under way at once. The ledger gives each a tag, which takes a tenth of a second.
const LANES: usize = 16;

/// One inbox, with what its owner and its senders hold.
pub struct Inbox {
    /// Where senders drop envelopes.
    pub sid: DepositId,
    rid: OwnerId,
    owner: OwnerSecret,
    key: StampKey,
    next_stamp: Cell<u32>,
}

impl Inbox {
    /// A deposit with the next stamp, made as a sender would make it.
    pub fn stamped(&self, envelope: &Envelope) -> Result<Deposit, Failure> {
        let number = self.next_stamp.get();
        self.next_stamp.set(number + 1);
        let generation = Generation(0);
        let index = StampIndex(u16::try_from(number).map_err(|_| "the stamps of this inbox are spent")?);
        let secret = [7_u8; 16];
        let commitment = stamp_commitment(&secret);
        let tag = stamp_tag(&self.key.0, &self.sid.0, generation.0, index.0, &commitment);
        let mac = deposit_mac(&secret, &self.sid.0, generation.0, index.0, envelope.as_bytes());
        let auth = DepositAuth::Stamped {
            generation,
            index,
            commitment: StampCommitment(commitment),
            tag: StampTag(tag),
            mac: DepositMac(mac),
        };
        Ok(Deposit { sid: self.sid, auth, envelope: envelope.clone() })
    }

    /// Opens it on an owner's connection.
    pub async fn open(&self, link: &mut Link) -> Result<Slot, Failure> {
        let proof = signed::sign_open(&self.owner, &self.rid, &link.machine.proof().ok_or("no proof")?);
        match link.answer(Open { rid: self.rid, proof }).await? {
            Response::Opened(opened) => Ok(opened.slot),
            other => Err(format!("not opened: {other:?}").into()),
        }
    }
}

/// How far a mailbox is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// Created and never opened.
    Created,
    /// Ready for deposits.
    WithStamps,
}

/// Makes so many inboxes at a relay that is open for registration.
pub async fn make(relay: &Relay, pin: ServerPin, count: usize, made: Made) -> Result<Vec<Inbox>, Failure> {
    let names = count.div_ceil(VOUCHERS);
    let next = Rc::new(Cell::new(0));
    let mut lanes = JoinSet::new();
    for _ in 0..LANES.min(names) {
        lanes.spawn_local(lane(relay.at, pin, next.clone(), names, made));
    }
    let mut inboxes = Vec::new();
    while let Some(lane) = lanes.join_next().await {
        inboxes.append(&mut lane?.map_err(|failure| -> Failure { failure.into() })?);
    }
    inboxes.truncate(count);
    Ok(inboxes)
}

/// Registers names, and changes the key of each as often as may be within a day, until all vouchers are there.
async fn lane(
    at: std::net::SocketAddr,
    pin: ServerPin,
    next: Rc<Cell<usize>>,
    names: usize,
    made: Made,
) -> Result<Vec<Inbox>, String> {
    let mut inboxes = Vec::new();
    let registers = async {
        let mut registry = Link::open_at(at, pin, ConnectionKind::Registry).await?;
        let mut owner = Link::open_at(at, pin, ConnectionKind::Owner).await?;
        let mut holder: Option<Holder> = None;
        while next.get() < names {
            next.set(next.get() + 1);
            let vouchers = match holder.as_mut().filter(|holder| holder.body.seq < CHANGES_PER_DAY_MAX) {
                Some(holder) => Holder::rotate(holder, &mut registry).await?,
                None => {
                    let (registered, vouchers) = Holder::register(&mut registry).await?;
                    holder = Some(registered);
                    vouchers
                }
            };
            for voucher in vouchers {
                inboxes.push(create(&mut owner, voucher).await?);
            }
        }
        if made == Made::WithStamps {
            for inbox in &inboxes {
                // A connection has two slots only.
                let mut owner = Link::open_at(at, pin, ConnectionKind::Owner).await?;
                let slot = inbox.open(&mut owner).await?;
                match owner.answer(Generate { slot, generation: Generation(0), key: inbox.key }).await? {
                    Response::Generated => {}
                    other => return Err(format!("no generation: {other:?}").into()),
                }
            }
        }
        Ok::<(), Failure>(())
    };
    registers.await.map_err(|failure| failure.to_string())?;
    Ok(inboxes)
}

/// Somebody whose every change of key brings vouchers: cheaper for a relay than as many registrations, each of which it
/// gives a tag in its ledger.
struct Holder {
    identity: IdentitySecret,
    /// The record that is registered.
    body: RecordBody,
}

impl Holder {
    async fn register(registry: &mut Link) -> Result<(Self, [Voucher; VOUCHERS]), Failure> {
        let server_id = registry.machine.proof().ok_or("no proof")?.server_id;
        let identity = IdentitySecret::generate(&mut UnwrapErr(SysRng));
        let recovery = RecoveryCommitment(identity.public().commitment());
        let name = format!("b{:032x}", u128::from_be_bytes(random()));
        let name = wire::Name::parse(name.get(..wire::limits::NAME_BYTES_MAX).ok_or("no name")?)?;
        let record = signed::sign_first(&identity, name, server_id, recovery);
        let body = record.body.clone();
        let vouchers = draw();
        let claim = Claim { record, vouchers: hashes(&vouchers), invite: None };
        match registry.answer(claim).await? {
            Response::Registered(_) => Ok((Self { identity, body }, vouchers)),
            other => Err(format!("not registered: {other:?}").into()),
        }
    }

    async fn rotate(&mut self, registry: &mut Link) -> Result<[Voucher; VOUCHERS], Failure> {
        let connection = registry.machine.proof().ok_or("no proof")?;
        let RecordBody { name, server_id, .. } = self.body.clone();
        let vouchers = draw();
        // Another first record than the registered one, only to be asked.
        let record = signed::sign_first(&self.identity, name, server_id, RecoveryCommitment([1; 32]));
        let claim = Claim { record, vouchers: hashes(&vouchers), invite: None };
        let Response::Challenge(challenge) = registry.answer(claim).await? else {
            return Err("not asked for the key".into());
        };
        let identity = IdentitySecret::generate(&mut UnwrapErr(SysRng));
        let record = signed::sign_rotation(&self.identity, &identity, &self.body);
        let authority = PublicKey(self.identity.public().to_bytes());
        let proof = ChallengeProof {
            name: &self.body.name,
            old: challenge.record_hash,
            new: signed::record_hash(&record.body),
            nonce: challenge.nonce,
            authority: &authority,
        };
        let proof = signed::sign_challenge(&self.identity, AnswerKind::Rotate, &proof, &connection);
        let body = record.body.clone();
        let answer = Answer { kind: AnswerKind::Rotate, record, vouchers: hashes(&vouchers), proof };
        match registry.answer(answer).await? {
            Response::Replaced(_) => (self.identity, self.body) = (identity, body),
            other => return Err(format!("not replaced: {other:?}").into()),
        }
        Ok(vouchers)
    }
}

fn draw() -> [Voucher; VOUCHERS] {
    std::array::from_fn(|_| Voucher(random()))
}

fn hashes(vouchers: &[Voucher; VOUCHERS]) -> [VoucherHash; VOUCHERS] {
    vouchers.each_ref().map(|voucher| VoucherHash(crypto::voucher_hash(&voucher.0)))
}

async fn create(link: &mut Link, voucher: Voucher) -> Result<Inbox, Failure> {
    let (owner, rid, key) =
        (OwnerSecret::generate(&mut UnwrapErr(SysRng)), OwnerId(random()), StampKey(random()));
    let create = Create { rid, owner_key: OwnerKey(owner.public()), policy: MailboxPolicy::Inbox, voucher };
    match link.answer(create).await? {
        Response::Created(created) => {
            Ok(Inbox { sid: created.sid, rid, owner, key, next_stamp: Cell::new(0) })
        }
        other => Err(format!("not created: {other:?}").into()),
    }
}
