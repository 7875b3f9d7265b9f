//! One registered person with mailboxes: whom `equal` asks about, and whom `flood` spares or attacks.

use bytes::Bytes;
use crypto::{IdentitySecret, OwnerSecret};
use getrandom::SysRng;
use proto::{ServerPin, signed};
use rand_core::{Rng, UnwrapErr};
use wire::request::{Claim, ConnectionProof, Create, Deposit, Generate, MailboxPolicy, Open, VOUCHERS};
use wire::{
    ConnectionKind, DepositAuth, DepositId, DepositMac, Envelope, Generation, Invitation, InviteCode, Name,
    OwnerId, OwnerKey, RecoveryCommitment, Response, ServerId, Slot, StampCommitment, StampIndex, StampKey,
    StampTag, Voucher, VoucherHash,
};

use crate::Failure;
use crate::link::{Link, invitation};
use crate::relay::Relay;

/// The person, with vouchers for as many mailboxes as a registration allows.
pub struct Citizen {
    pin: ServerPin,
    vouchers: Vec<Voucher>,
}

/// One of the mailboxes.
pub struct Mailbox {
    pub sid: DepositId,
    pub rid: OwnerId,
    owner: OwnerSecret,
    key: StampKey,
}

impl Citizen {
    /// Registers a name by invitation.
    pub async fn register(relay: &Relay, name: &str) -> Result<Citizen, Failure> {
        Self::join(relay, name, invitation(relay, name)?).await
    }

    /// Registers a name by an invitation that he has.
    pub async fn join(relay: &Relay, name: &str, invitation: Invitation) -> Result<Citizen, Failure> {
        let pin = ServerPin::Short(invitation.server);
        let mut registry = Link::open_at(relay.at, pin, ConnectionKind::Registry).await?;
        let server_id = registry.machine.proof().ok_or("no proof")?.server_id;
        let vouchers: [Voucher; VOUCHERS] = std::array::from_fn(|_| Voucher(random()));
        match registry.answer(claim(name, server_id, &vouchers, Some(invitation.code))?).await? {
            Response::Registered(_) => Ok(Citizen { pin, vouchers: vouchers.to_vec() }),
            other => Err(format!("not registered: {other:?}").into()),
        }
    }

    /// How the relay is recognised.
    pub fn pin(&self) -> ServerPin {
        self.pin
    }

    /// A connection to the relay.
    pub async fn link(&self, relay: &Relay, kind: ConnectionKind) -> Result<Link, Failure> {
        Link::open_at(relay.at, self.pin, kind).await
    }

    /// One more mailbox; an inbox has its first generation of stamps.
    pub async fn mailbox(&mut self, relay: &Relay, policy: MailboxPolicy) -> Result<Mailbox, Failure> {
        let voucher = self.vouchers.pop().ok_or("no voucher is left")?;
        let mut link = self.link(relay, ConnectionKind::Owner).await?;
        let (owner, rid) = (OwnerSecret::generate(&mut UnwrapErr(SysRng)), OwnerId(random()));
        let create = Create { rid, owner_key: OwnerKey(owner.public()), policy, voucher };
        let Response::Created(created) = link.answer(create).await? else { return Err("not created".into()) };
        let mailbox = Mailbox { sid: created.sid, rid, owner, key: StampKey(random()) };
        if policy == MailboxPolicy::Inbox {
            let slot = mailbox.open(&mut link).await?;
            let generate = Generate { slot, generation: Generation(0), key: mailbox.key };
            let Response::Generated = link.answer(generate).await? else { return Err("no stamps".into()) };
        }
        Ok(mailbox)
    }
}

impl Mailbox {
    /// The request that opens it on the connection of this proof.
    pub fn opening(&self, proof: &ConnectionProof) -> Open {
        Open { rid: self.rid, proof: signed::sign_open(&self.owner, &self.rid, proof) }
    }

    /// Opens it on a connection.
    pub async fn open(&self, link: &mut Link) -> Result<Slot, Failure> {
        let opening = self.opening(&link.machine.proof().ok_or("no proof")?);
        match link.answer(opening).await? {
            Response::Opened(opened) => Ok(opened.slot),
            other => Err(format!("not opened: {other:?}").into()),
        }
    }

    /// A deposit under the stamp of an index, made as the owner would have made it.
    pub fn stamped(&self, index: u16, envelope: &Envelope) -> Deposit {
        let (generation, index, secret) = (Generation(0), StampIndex(index), [7_u8; 16]);
        let commitment = crypto::stamp_commitment(&secret);
        let tag = crypto::stamp_tag(&self.key.0, &self.sid.0, generation.0, index.0, &commitment);
        let mac = crypto::deposit_mac(&secret, &self.sid.0, generation.0, index.0, envelope.as_bytes());
        let auth = DepositAuth::Stamped {
            generation,
            index,
            commitment: StampCommitment(commitment),
            tag: StampTag(tag),
            mac: DepositMac(mac),
        };
        Deposit { sid: self.sid, auth, envelope: envelope.clone() }
    }
}

/// A first claim of a name.
pub fn claim(
    name: &str,
    server_id: ServerId,
    vouchers: &[Voucher; VOUCHERS],
    invite: Option<InviteCode>,
) -> Result<Claim, Failure> {
    let identity = IdentitySecret::generate(&mut UnwrapErr(SysRng));
    let recovery = RecoveryCommitment(identity.public().commitment());
    let record = signed::sign_first(&identity, Name::parse(name)?, server_id, recovery);
    let vouchers = vouchers.map(|voucher| VoucherHash(crypto::voucher_hash(&voucher.0)));
    Ok(Claim { record, vouchers, invite })
}

/// An envelope of noise.
pub fn noise(bytes: usize) -> Result<Envelope, Failure> {
    let mut noise = vec![0_u8; bytes];
    UnwrapErr(SysRng).fill_bytes(&mut noise);
    Ok(Envelope::new(Bytes::from(noise))?)
}

/// Fresh random bytes.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    UnwrapErr(SysRng).fill_bytes(&mut bytes);
    bytes
}
