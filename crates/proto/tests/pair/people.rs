//! Alice and her things, always the same.

use std::sync::OnceLock;

use bytes::Bytes;
use crypto::{IdentitySecret, OwnerSecret};
use wire::request::{Claim, Create, Deposit, Generate, MailboxPolicy, Publish};
use wire::{
    BundleBody, Curve25519Key, Day, DepositAuth, DepositId, DepositMac, Envelope, EnvelopeSize, Generation,
    IdentityFingerprint, IdentityRecord, Name, OwnerId, OwnerKey, PrekeyBundle, PrekeyId, RecoveryCommitment,
    ServerId, Slot, StampCommitment, StampIndex, StampKey, StampTag, Voucher, VoucherHash, XWingPublicKey,
};

pub const SERVER: ServerId = ServerId([0x5e; 32]);

pub fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// The n-th of our identities; n decides which.
pub fn identity(n: u8) -> IdentitySecret {
    IdentitySecret::from_seeds([n; 32], [n ^ 0xff; 32])
}

pub fn recovery_key() -> IdentitySecret {
    IdentitySecret::recovery_from_entropy(&[9; 32])
}

pub fn commitment(key: &IdentitySecret) -> RecoveryCommitment {
    RecoveryCommitment(key.public().commitment())
}

pub fn first_record() -> IdentityRecord {
    static RECORD: OnceLock<IdentityRecord> = OnceLock::new();
    RECORD
        .get_or_init(|| {
            proto::signed::sign_first(&identity(1), name("alice"), SERVER, commitment(&recovery_key()))
        })
        .clone()
}

/// A first record for the same name under another key: what starts a challenge.
pub fn rival_record(n: u8) -> IdentityRecord {
    proto::signed::sign_first(&identity(n), name("alice"), SERVER, commitment(&identity(77)))
}

pub fn claim(record: IdentityRecord) -> Claim {
    Claim { record, vouchers: vouchers(0x40), invite: None }
}

pub fn vouchers(first: u8) -> [VoucherHash; 4] {
    [0, 1, 2, 3].map(|n| VoucherHash([first + n; 32]))
}

pub fn bundle(identity: &IdentitySecret, counter: u64) -> PrekeyBundle {
    let body = BundleBody {
        identity: IdentityFingerprint(identity.public().fingerprint()),
        counter,
        day: Day(20_000),
        not_after: Day(20_090),
        olm_identity: Curve25519Key([3; 32]),
        olm_fallback: Curve25519Key([4; 32]),
        prekey_id: PrekeyId([5; 8]),
        prekey: XWingPublicKey([6; 1216]),
        doorstep: DepositId([7; 16]),
        suites: vec![1],
    };
    proto::signed::sign_bundle(identity, body)
}

pub fn publish(counter: u64) -> Publish {
    Publish { name: name("alice"), bundle: bundle(&identity(1), counter) }
}

pub fn owner() -> OwnerSecret {
    OwnerSecret::from_seed([0x0a; 32])
}

pub const RID: OwnerId = OwnerId([0x1d; 16]);

pub fn create(rid: OwnerId, policy: MailboxPolicy) -> Create {
    Create { rid, owner_key: OwnerKey(owner().public()), policy, voucher: Voucher([1; 16]) }
}

pub fn generate(slot: Slot) -> Generate {
    Generate { slot, generation: Generation(1), key: StampKey([8; 32]) }
}

pub fn envelope(fill: u8) -> Envelope {
    Envelope::new(Bytes::from(vec![fill; EnvelopeSize::Small.bytes()])).unwrap()
}

pub fn deposit(sid: DepositId, fill: u8) -> Deposit {
    Deposit { sid, auth: stamped(fill), envelope: envelope(fill) }
}

pub fn stamped(index: u8) -> DepositAuth {
    DepositAuth::Stamped {
        generation: Generation(1),
        index: StampIndex(u16::from(index)),
        commitment: StampCommitment([index; 16]),
        tag: StampTag([index; 16]),
        mac: DepositMac([index; 16]),
    }
}
