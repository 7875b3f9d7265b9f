//! Somebody with keys: registers, creates and opens mailboxes, deposits and collects.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use crypto::{IdentitySecret, OwnerSecret};
use getrandom::SysRng;
use proto::signed;
use rand_core::UnwrapErr;
use wire::bundle::BundleBody;
use wire::request::{
    Answer, AnswerKind, ChallengeProof, Claim, Collect, ConnectionProof, Create, Deposit, Generate,
    MailboxPolicy, Open,
};
use wire::response::{Created, Deliver, Opened};
use wire::{
    Cursor, Curve25519Key, Day, DepositAuth, DepositId, Envelope, Generation, IdentityFingerprint,
    IdentityRecord, InviteCode, Name, Notice, OwnerId, OwnerKey, PrekeyId, RecoveryCommitment, Refusal,
    RefusalKind, Response, ServerId, Slot, StampIndex, StampKey, Voucher, VoucherHash, XWingPublicKey,
};

use super::peer::Peer;
use super::{Data, Server};

/// A registered or soon registered person.
pub struct Person {
    pub name: Name,
    pub identity: IdentitySecret,
    pub record: IdentityRecord,
    vouchers: [Voucher; 4],
}

/// One mailbox of a person.
pub struct Mailbox {
    pub rid: OwnerId,
    pub sid: DepositId,
    owner: OwnerSecret,
}

/// The relay's key of the test's one stamp generation.
const STAMP_KEY: [u8; 32] = [3; 32];

impl Person {
    pub fn new(name: &str, server_id: ServerId) -> Self {
        let identity = IdentitySecret::generate(&mut UnwrapErr(SysRng));
        let name = Name::parse(name).unwrap();
        let record = signed::sign_first(&identity, name.clone(), server_id, RecoveryCommitment([9; 32]));
        Self { name, identity, record, vouchers: vouchers() }
    }

    pub fn claim(&self, invite: Option<InviteCode>) -> Claim {
        Claim { record: self.record.clone(), vouchers: hashes(&self.vouchers), invite }
    }

    /// Registered through an invitation, with everything well.
    pub fn registered(port: u16, name: &str, invite: InviteCode) -> Self {
        let mut peer = Peer::connect(port);
        let person = Self::new(name, peer.welcome.server_id);
        assert!(matches!(peer.ask(person.claim(Some(invite))), Response::Registered(_)));
        person
    }

    /// The request for a new mailbox, and the secret that will open it.
    pub fn creation(&self, policy: MailboxPolicy, voucher: usize) -> (Create, OwnerSecret) {
        let owner = OwnerSecret::generate(&mut UnwrapErr(SysRng));
        let owner_key = OwnerKey(owner.public());
        (Create { rid: OwnerId(random()), owner_key, policy, voucher: self.vouchers[voucher] }, owner)
    }

    pub fn create(&self, port: u16, policy: MailboxPolicy, voucher: usize) -> Mailbox {
        let (create, owner) = self.creation(policy, voucher);
        let rid = create.rid;
        let Response::Created(Created { sid }) = Peer::connect(port).ask(create) else {
            panic!("not created")
        };
        Mailbox { rid, sid, owner }
    }

    /// What a bundle of today says, with keys that nobody uses.
    pub fn bundle_body(&self, doorstep: DepositId, counter: u64) -> BundleBody {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let today = u16::try_from(since.as_secs() / 86_400).unwrap();
        BundleBody {
            identity: IdentityFingerprint(self.identity.public().fingerprint()),
            counter,
            day: Day(today),
            not_after: Day(today + 90),
            olm_identity: Curve25519Key([7; 32]),
            olm_fallback: Curve25519Key(random()),
            prekey_id: PrekeyId(random()),
            prekey: XWingPublicKey(crypto::XWingSecret::from_seed([1; 32]).public()),
            doorstep,
            suites: vec![1],
        }
    }

    /// The right answer to a challenge that names a new identity key.
    pub fn rotation(&self, peer: &Peer, challenge: &wire::response::Challenge) -> (Answer, IdentitySecret) {
        let next = IdentitySecret::generate(&mut UnwrapErr(SysRng));
        let record = signed::sign_rotation(&self.identity, &next, &self.record.body);
        let question = ChallengeProof {
            name: &self.name,
            old: challenge.record_hash,
            new: signed::record_hash(&record.body),
            nonce: challenge.nonce,
            authority: &self.record.body.identity_key,
        };
        let proof = signed::sign_challenge(&self.identity, AnswerKind::Rotate, &question, &peer.proof);
        let vouchers = hashes(&vouchers());
        (Answer { kind: AnswerKind::Rotate, record, vouchers, proof }, next)
    }
}

impl Mailbox {
    /// The request that opens it on the connection of this proof.
    pub fn opening(&self, proof: &ConnectionProof) -> Open {
        Open { rid: self.rid, proof: signed::sign_open(&self.owner, &self.rid, proof) }
    }

    /// Opened on this connection.
    pub fn open(&self, peer: &mut Peer) -> Opened {
        self.try_open(peer).expect("an answer before the end")
    }

    /// Likewise, where the server may be gone or about to go.
    pub fn try_open(&self, peer: &mut Peer) -> Option<Opened> {
        let opening = self.opening(&peer.proof);
        peer.try_send(opening).ok()?;
        match peer.answer()? {
            (_, Response::Opened(opened)) => Some(opened),
            // A server whose disk died.
            (
                _,
                Response::Refused(Refusal {
                    kind: RefusalKind::Unavailable | RefusalKind::Uncertain, ..
                }),
            ) => None,
            other => panic!("not opened: {other:?}"),
        }
    }

    /// Accepts the stamps that [`Mailbox::stamp`] makes.
    pub fn generate(&self, peer: &mut Peer, slot: Slot) {
        let generate = Generate { slot, generation: Generation(0), key: StampKey(STAMP_KEY) };
        assert!(matches!(peer.ask(generate), Response::Generated));
    }

    /// A deposit under stamp `index`.
    pub fn stamped(&self, index: u16, envelope: Envelope) -> Deposit {
        let sid = self.sid.as_bytes();
        let secret = crypto::stamp_secret(&[4; 32], sid, 0, index);
        let commitment = crypto::stamp_commitment(&secret);
        let auth = DepositAuth::Stamped {
            generation: Generation(0),
            index: StampIndex(index),
            tag: crypto::stamp_tag(&STAMP_KEY, sid, 0, index, &commitment).into(),
            mac: crypto::deposit_mac(&secret, sid, 0, index, envelope.as_bytes()).into(),
            commitment: commitment.into(),
        };
        Deposit { sid: self.sid, auth, envelope }
    }

    /// A deposit of a stranger.
    pub fn knock(&self, fill: u8) -> Deposit {
        let envelope = envelope(fill, 16 * 1024);
        Deposit { sid: self.sid, auth: DepositAuth::Open { puzzle: None }, envelope }
    }
}

/// Alice, registered, with an inbox that takes stamps.
pub fn alice_with_inbox(data: &Data, server: &Server) -> (Person, Mailbox) {
    let alice = Person::registered(server.port, "alice", data.invite("alice", &[]).code);
    let inbox = alice.create(server.port, MailboxPolicy::Inbox, 0);
    let mut owner = Peer::connect(server.port);
    let slot = inbox.open(&mut owner).slot;
    inbox.generate(&mut owner, slot);
    (alice, inbox)
}

/// Everything waiting, in order.
pub fn collect(peer: &mut Peer, slot: Slot, follow: bool) -> Vec<Deliver> {
    let collect = Collect { slot, after: Cursor(0), credit: 64, follow };
    assert!(matches!(peer.ask(collect), Response::Collecting));
    let mut delivered = Vec::new();
    loop {
        match peer.notice() {
            Notice::Deliver(deliver) => delivered.push(*deliver),
            Notice::Drained(_) => return delivered,
            other => panic!("neither delivered nor drained: {other:?}"),
        }
    }
}

pub fn envelope(fill: u8, bytes: usize) -> Envelope {
    Envelope::new(Bytes::from(vec![fill; bytes])).unwrap()
}

/// Which refusal this is.
pub fn refused(response: Response) -> RefusalKind {
    match response {
        Response::Refused(Refusal { kind, .. }) => kind,
        other => panic!("not refused: {other:?}"),
    }
}

pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

fn vouchers() -> [Voucher; 4] {
    std::array::from_fn(|_| Voucher(random()))
}

fn hashes(vouchers: &[Voucher; 4]) -> [VoucherHash; 4] {
    vouchers.map(|voucher| VoucherHash(crypto::voucher_hash(voucher.as_bytes())))
}
