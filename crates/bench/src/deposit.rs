//! Deposits per second, each acknowledged after the sync.

use crate::Failure;
use crate::link::{Link, invitation};
use crate::relay::Relay;
use bytes::Bytes;
use crypto::{IdentitySecret, OwnerSecret, deposit_mac, stamp_commitment, stamp_tag};
use getrandom::SysRng;
use proto::{ClientEvent, ServerPin, signed};
use rand_core::{Rng, UnwrapErr};
use std::time::Instant;
use wire::request::{Claim, Create, Deposit, Generate, MailboxPolicy, Open, VOUCHERS};
use wire::{
    ConnectionKind, DepositAuth, DepositId, DepositMac, Envelope, Generation, OwnerId, OwnerKey,
    RecoveryCommitment, Response, ServerId, StampCommitment, StampIndex, StampKey, StampTag, Voucher,
    VoucherHash,
};

/// One inbox and the key of its only stamp generation.
#[derive(Clone, Copy)]
struct Inbox {
    sid: DepositId,
    key: StampKey,
}

/// Deposits `count` envelopes of 4 KiB into four inboxes, at most `in_flight` of them unanswered at once.
pub fn run(in_flight: usize, count: usize) -> Result<(), Failure> {
    let relay = Relay::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (pin, inboxes) = four_inboxes(&relay).await?;
        let connections = in_flight.div_ceil(64).max(1);
        let mut links = Vec::new();
        for inbox in inboxes.iter().cycle().take(connections) {
            links.push((Link::open(&relay, pin, ConnectionKind::Anonymous).await?, *inbox));
        }
        let (each, share) = (in_flight / connections, count / connections);
        let cpu = relay.cpu_seconds()?;
        let began = Instant::now();
        let tasks = links.into_iter().map(|(link, inbox)| deposit(link, inbox, each, share));
        let set = tokio::task::LocalSet::new();
        let handles: Vec<_> = tasks.map(|task| set.spawn_local(task)).collect();
        set.run_until(async {
            for handle in handles {
                handle.await??;
            }
            Ok::<(), Failure>(())
        })
        .await?;
        let seconds = began.elapsed().as_secs_f64();
        let done = (share * connections) as f64;
        let spent = (relay.cpu_seconds()? - cpu) * 1e5 / done;
        println!("deposit: {:.0} per second with {in_flight} in flight ({done} of 4 KiB, {spent:.2} server CPU s per 100k)", done / seconds);
        Ok(())
    })
}

/// Keeps `in_flight` deposits under way until `count` are stored.
async fn deposit(mut link: Link, inbox: Inbox, in_flight: usize, count: usize) -> Result<(), Failure> {
    let mut bytes = vec![0_u8; 4096];
    UnwrapErr(SysRng).fill_bytes(&mut bytes);
    let envelope = Envelope::new(Bytes::from(bytes))?;
    let (mut sent, mut stored) = (0, 0);
    while stored < count {
        while sent < count && sent - stored < in_flight {
            link.ask(stamped(&inbox, sent, &envelope)?)?;
            sent += 1;
        }
        match link.event().await? {
            ClientEvent::Answered { response: Response::Stored, .. } => stored += 1,
            other => return Err(format!("not stored: {other:?}").into()),
        }
    }
    Ok(())
}

/// A deposit with the stamp of a given index, made as the owner would have made it.
fn stamped(inbox: &Inbox, index: usize, envelope: &Envelope) -> Result<Deposit, Failure> {
    let (generation, index) = (Generation(0), StampIndex(u16::try_from(index)?));
    let secret = [7_u8; 16];
    let commitment = stamp_commitment(&secret);
    let tag = stamp_tag(&inbox.key.0, &inbox.sid.0, generation.0, index.0, &commitment);
    let mac = deposit_mac(&secret, &inbox.sid.0, generation.0, index.0, envelope.as_bytes());
    let auth = DepositAuth::Stamped {
        generation,
        index,
        commitment: StampCommitment(commitment),
        tag: StampTag(tag),
        mac: DepositMac(mac),
    };
    Ok(Deposit { sid: inbox.sid, auth, envelope: envelope.clone() })
}

/// Registers a name and makes its four vouchers into four inboxes.
async fn four_inboxes(relay: &Relay) -> Result<(ServerPin, Vec<Inbox>), Failure> {
    let invitation = invitation(relay, "bench")?;
    let pin = ServerPin::Short(invitation.server);
    let mut registry = Link::open(relay, pin, ConnectionKind::Registry).await?;
    let server_id = registry.machine.proof().ok_or("no proof")?.server_id;
    let vouchers: [Voucher; VOUCHERS] = std::array::from_fn(|_| Voucher(random()));
    let claim = claim(server_id, &vouchers, &invitation)?;
    match registry.answer(claim).await? {
        Response::Registered(_) => {}
        other => return Err(format!("not registered: {other:?}").into()),
    }
    let mut inboxes = Vec::new();
    for voucher in vouchers {
        inboxes.push(inbox(relay, pin, voucher).await?);
    }
    Ok((pin, inboxes))
}

fn claim(
    server_id: ServerId,
    vouchers: &[Voucher; VOUCHERS],
    invitation: &wire::Invitation,
) -> Result<Claim, Failure> {
    let identity = IdentitySecret::generate(&mut UnwrapErr(SysRng));
    let recovery = RecoveryCommitment(identity.public().commitment());
    let record = signed::sign_first(&identity, wire::Name::parse("bench")?, server_id, recovery);
    let vouchers = vouchers.map(|voucher| VoucherHash(crypto::voucher_hash(&voucher.0)));
    Ok(Claim { record, vouchers, invite: Some(invitation.code) })
}

async fn inbox(relay: &Relay, pin: ServerPin, voucher: Voucher) -> Result<Inbox, Failure> {
    let mut link = Link::open(relay, pin, ConnectionKind::Owner).await?;
    let (owner, rid, key) =
        (OwnerSecret::generate(&mut UnwrapErr(SysRng)), OwnerId(random()), StampKey(random()));
    let create = Create { rid, owner_key: OwnerKey(owner.public()), policy: MailboxPolicy::Inbox, voucher };
    let Response::Created(created) = link.answer(create).await? else { return Err("not created".into()) };
    let proof = signed::sign_open(&owner, &rid, &link.machine.proof().ok_or("no proof")?);
    let Response::Opened(opened) = link.answer(Open { rid, proof }).await? else {
        return Err("not opened".into());
    };
    match link.answer(Generate { slot: opened.slot, generation: Generation(0), key }).await? {
        Response::Generated => Ok(Inbox { sid: created.sid, key }),
        other => Err(format!("no generation: {other:?}").into()),
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    UnwrapErr(SysRng).fill_bytes(&mut bytes);
    bytes
}
