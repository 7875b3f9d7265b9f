//! Alice and Bob as they were recorded once: with them, every envelope is the same in every run.
//!
//! Olm draws its own randomness, so sealed envelopes cannot be made again from a seed. `fuzz record` seals some
//! and writes them, with both sides' state, to `fuzz/world`. The keys in it protect nothing and nobody.

use crate::corpus;
use crate::random::Random;
use crypto::{IdentitySecret, Label, XWingSecret};
use e2ee::{
    Account, Conversation, DoorstepOpened, HelloIntro, Kind, MessageId, Mint, Outgoing, ReplyPath,
    VerifiedBundle, open_doorstep, verify_bundle,
};
use std::path::PathBuf;
use std::sync::OnceLock;
use wire::{
    CommitmentNonce, Day, DepositId, Envelope, HostPort, IdentityFingerprint, Name, PrekeyBundle, PublicKey,
    RecordBody, RecordHash, RecoveryCommitment, ServerId, Signature, UnixSeconds, Wire,
};

/// When everything was recorded.
pub const NOW: UnixSeconds = UnixSeconds(20_000 * 86_400);
/// The same as a day.
pub const TODAY: Day = Day(20_000);
/// Bob's doorstep.
pub const DOORSTEP: DepositId = DepositId([2; 16]);
/// Bob's inbox.
pub const INBOX: DepositId = DepositId([52; 16]);
/// Alice's inbox.
pub const ALICE_INBOX: DepositId = DepositId([51; 16]);
const SERVER: ServerId = ServerId([9; 32]);

/// Two acquainted people, and envelopes from Alice that Bob has not opened.
pub struct World {
    /// Alice's account.
    pub alice: Account,
    /// What Alice holds of the conversation.
    pub alice_with_bob: Conversation,
    /// Bob's account.
    pub bob: Account,
    /// What Bob holds of the conversation.
    pub bob_with_alice: Conversation,
    /// To Bob's doorstep, from before the conversation.
    pub hello: Envelope,
    /// To Bob's doorstep, in the session form.
    pub session: Envelope,
    /// To Bob's inbox, of 4 and of 16 KiB.
    pub letters: [Envelope; 2],
}

impl World {
    /// The recorded one, read once.
    pub fn get() -> &'static World {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(|| World {
            alice: Account::restore(&read("alice-account")).expect(RECORD),
            alice_with_bob: Conversation::restore(&read("alice-with-bob")).expect(RECORD),
            bob: Account::restore(&read("bob-account")).expect(RECORD),
            bob_with_alice: Conversation::restore(&read("bob-with-alice")).expect(RECORD),
            hello: envelope("hello"),
            session: envelope("session"),
            letters: [envelope("letter-short"), envelope("letter-long")],
        })
    }

    /// Lets Alice and Bob meet, and writes down all of it.
    pub fn record() -> std::io::Result<()> {
        let world = World::new();
        let state = [
            ("alice-account", world.alice.snapshot()),
            ("alice-with-bob", world.alice_with_bob.snapshot()),
            ("bob-account", world.bob.snapshot()),
            ("bob-with-alice", world.bob_with_alice.snapshot()),
        ];
        for (name, bytes) in state {
            corpus::write(&folder(), name, &bytes)?;
        }
        let [short, long] = &world.letters;
        let envelopes = [
            ("hello", &world.hello),
            ("session", &world.session),
            ("letter-short", short),
            ("letter-long", long),
        ];
        for (name, envelope) in envelopes {
            corpus::write(&folder(), name, envelope.as_bytes())?;
        }
        Ok(())
    }

    fn new() -> World {
        let random = &mut Random::seeded(1);
        let (alice, bob) = (Account::generate(random, TODAY), Account::generate(random, TODAY));
        let begun = Conversation::new(fingerprint(1), fingerprint(2));
        let bundle = verified(&bob, 2, DOORSTEP);
        let sealed = begun
            .seal_hello(&alice, &bundle, &intro(&alice), &text(1, "it is me"), NOW, random)
            .expect(RECORD);
        let (hello, alice_with_bob) = (sealed.envelope, sealed.conversation);
        let opened = open_doorstep(&bob, &fingerprint(2), &hello, DOORSTEP, |_| None, NOW).expect(RECORD);
        let DoorstepOpened::Hello(opened) = opened else { unreachable!("a HELLO was sealed") };
        let path = ReplyPath { inbox: INBOX, ..reply_path(8) };
        let accept = Outgoing::new(MessageId([2; 16]), Kind::Accept(path));
        let accept = opened.opened.conversation.seal(&accept, &[], ALICE_INBOX, NOW, random).expect(RECORD);
        let alice_with_bob =
            alice_with_bob.open(&alice, &accept.envelope, ALICE_INBOX, NOW).expect(RECORD).conversation;
        let short = alice_with_bob.seal(&text(3, "short"), &[], INBOX, NOW, random).expect(RECORD);
        let long =
            short.conversation.seal(&text(4, &"long ".repeat(1_000)), &[], INBOX, NOW, random).expect(RECORD);
        let session = long
            .conversation
            .seal_session_form(&bundle, &text(5, "no stamps"), &[], NOW, random)
            .expect(RECORD);
        World {
            alice,
            alice_with_bob: session.conversation,
            bob,
            bob_with_alice: accept.conversation,
            hello,
            session: session.envelope,
            letters: [short.envelope, long.envelope],
        }
    }

    /// The body that the HELLO seals: a start for hostile ones.
    pub fn hello_body(&self) -> Vec<u8> {
        let bundle = bundle(&self.bob, 2, DOORSTEP);
        let secret = XWingSecret::from_seed(behind(&self.bob.snapshot(), bundle.body.prekey_id.as_bytes()));
        let (header, enc, ciphertext) = parts(&self.hello, 10);
        let info =
            info(1, &bundle.body.identity, &IdentityFingerprint([0; 32]), bundle.body.prekey.as_bytes());
        let padded =
            crypto::open_base(&secret, &enc, &info, &aad(header, &DOORSTEP, &self.hello), ciphertext);
        unpadded(&padded.expect(RECORD))
    }
}

/// Bob's offer to Alice, with its secret: a start for hostile messages under a good seal.
pub struct BobsOffer {
    /// Its number.
    pub n: u32,
    /// Its secret key.
    pub secret: XWingSecret,
    /// What Alice proves that she has read.
    pub psk: [u8; 32],
}

impl BobsOffer {
    /// Found in Bob's snapshot behind its number and day, and proved by its public key in Alice's.
    pub fn find(world: &World) -> BobsOffer {
        let n = world.alice_with_bob.their_offer().expect(RECORD);
        let mark = [n.to_be_bytes().as_slice(), TODAY.0.to_be_bytes().as_slice()].concat();
        let (bobs, alices) = (world.bob_with_alice.snapshot(), world.alice_with_bob.snapshot());
        let found = bobs.windows(mark.len() + 64).filter_map(|window| window.strip_prefix(mark.as_slice()));
        let offers = found.filter_map(|secrets| {
            let (seed, psk) = secrets.split_first_chunk::<32>()?;
            Some(BobsOffer { n, secret: XWingSecret::from_seed(*seed), psk: *psk.first_chunk()? })
        });
        let known = |offer: &BobsOffer| alices.windows(1216).any(|window| window == offer.secret.public());
        offers.into_iter().find(known).expect(RECORD)
    }

    /// The Olm message that one of Alice's letters seals.
    pub fn opened(&self, letter: &Envelope) -> Vec<u8> {
        let (header, enc, ciphertext) = parts(letter, 2);
        let info = info(2, &fingerprint(2), &fingerprint(1), &self.secret.public());
        let aad = aad(header, &INBOX, letter);
        let padded =
            crypto::open_psk(&self.secret, &enc, &self.psk, &self.n.to_be_bytes(), &info, &aad, ciphertext);
        unpadded(&padded.expect(RECORD))
    }
}

const RECORD: &str = "fuzz/world does not fit this version: run `cargo run --release -p fuzz -- record`";

/// What HPKE binds besides the header: who seals to whom, under which key (`spec/e2ee.md § Envelopes`).
pub fn info(form: u8, to: &IdentityFingerprint, from: &IdentityFingerprint, key: &[u8]) -> Vec<u8> {
    let suite_and_form = [1, form];
    let key = crypto::sha256(&[key]);
    [Label::ENVELOPE.as_bytes(), suite_and_form.as_slice(), to.as_bytes(), from.as_bytes(), key.as_slice()]
        .concat()
}

/// What an envelope says openly, with where it lies and how large it is.
pub fn aad_of_size(header: &[u8], mailbox: &DepositId, size: usize) -> Vec<u8> {
    let size = u32::try_from(size).unwrap_or(0).to_be_bytes();
    [header, mailbox.as_bytes().as_slice(), size.as_slice()].concat()
}

/// Alice (1) or Bob (2).
pub fn identity(n: u8) -> IdentitySecret {
    IdentitySecret::from_seeds([n; 32], [n + 100; 32])
}

/// Of Alice (1) or Bob (2).
pub fn fingerprint(n: u8) -> IdentityFingerprint {
    IdentityFingerprint(identity(n).public().fingerprint())
}

/// What one of them publishes.
pub fn bundle(account: &Account, n: u8, doorstep: DepositId) -> PrekeyBundle {
    account.bundle(&identity(n), 1, TODAY, doorstep)
}

/// The same, checked.
pub fn verified(account: &Account, n: u8, doorstep: DepositId) -> VerifiedBundle {
    verify_bundle(&bundle(account, n, doorstep), &identity(n).public(), TODAY).expect(RECORD)
}

/// A text under a fixed id.
pub fn text(id: u8, text: &str) -> Outgoing {
    Outgoing::new(MessageId([id; 16]), Kind::Text(text.to_owned()))
}

/// Alice's, with stamps.
pub fn reply_path(stamps: usize) -> ReplyPath {
    let (_, stamps) = Mint::generate(ALICE_INBOX, &mut Random::seeded(2)).mint(stamps);
    let at = HostPort::new("relay.example", 24268).expect("a host");
    ReplyPath { server_id: SERVER, at, inbox: ALICE_INBOX, stamps }
}

/// How Alice introduces herself.
pub fn intro(account: &Account) -> HelloIntro {
    let record = RecordBody {
        name: Name::parse("alice").expect("a name"),
        server_id: SERVER,
        seq: 0,
        identity_key: PublicKey(identity(1).public().to_bytes()),
        recovery: RecoveryCommitment([8; 32]),
        prev_hash: RecordHash([0; 32]),
    };
    let sig_new = Signature(identity(1).sign(Label::RECORD, &record.to_bytes()).to_bytes());
    let bundle = bundle(account, 1, DepositId([1; 16]));
    HelloIntro {
        record,
        sig_new,
        commitment_nonce: CommitmentNonce([7; 16]),
        leaf_index: 5,
        bundle,
        reply: reply_path(32),
    }
}

fn aad(header: &[u8], mailbox: &DepositId, envelope: &Envelope) -> Vec<u8> {
    aad_of_size(header, mailbox, envelope.as_bytes().len())
}

fn parts(envelope: &Envelope, header: usize) -> (&[u8], [u8; 1120], &[u8]) {
    let (header, rest) = envelope.as_bytes().split_at(header);
    let (enc, ciphertext) = rest.split_first_chunk::<1120>().expect("an envelope is longer");
    (header, *enc, ciphertext)
}

/// The 32 bytes that follow a mark: a snapshot holds a prekey's seed behind its id.
fn behind(snapshot: &[u8], mark: &[u8]) -> [u8; 32] {
    let at = snapshot.windows(mark.len()).position(|window| window == mark).expect(RECORD);
    let rest = snapshot.get(at + mark.len()..).unwrap_or_default();
    *rest.first_chunk().expect(RECORD)
}

fn unpadded(padded: &[u8]) -> Vec<u8> {
    let (len, rest) = padded.split_first_chunk::<2>().expect(RECORD);
    rest.get(..usize::from(u16::from_be_bytes(*len))).expect(RECORD).to_vec()
}

fn folder() -> PathBuf {
    corpus::home().join("world")
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).expect(RECORD)
}

fn envelope(name: &str) -> Envelope {
    Envelope::new(read(name).into()).expect(RECORD)
}
