//! A correspondent who keeps to no rule: the whole of `spec/e2ee.md` written once more, from the page, with a
//! hook at every layer. What it seals is right unless the test says otherwise.

use client::Handled;
use crypto::{IdentitySecret, Label, Secret, XWingSecret, sha256};
use e2ee::{Content, Kind, MessageId, Mint, Offer, ReplyPath, StreamId, authorise};
use getrandom::{SysRng, rand_core::UnwrapErr};
use proto::signed::sign_first;
use vodozemac::{
    Curve25519PublicKey,
    olm::{Account, OlmMessage, Session, SessionConfig},
};
use wire::{
    BundleBody, CommitmentNonce, Curve25519Key, Day, DepositAuth, DepositId, Envelope, HostPort,
    IdentityFingerprint, IdentityRecord, Name, PrekeyBundle, PrekeyId, RecoveryCommitment, Signature, Stamp,
    UnixSeconds, Wire, Writer, XWingPublicKey,
};

use crate::evil::{Evil, Victim};

/// The first byte of every envelope, the second of each form.
pub const SUITE: u8 = 1;
pub const HELLO: u8 = 1;
pub const INBOX: u8 = 2;

/// Bytes of `enc` and of the tag around what HPKE seals.
const ENC_AND_TAG: usize = 1_120 + 16;

pub struct Peer {
    pub identity: IdentitySecret,
    pub me: IdentityFingerprint,
    pub name: Name,
    pub record: IdentityRecord,
    /// What the next HELLO introduces and what the directory shows.
    pub bundle: BundleBody,
    pub inbox: DepositId,
    pub stream: StreamId,
    pub number: u64,
    pub session: Option<Session>,
    pub their_offer: Option<Offer>,
    pub stamps: Vec<Stamp>,
    olm: Account,
    at: HostPort,
    mint: Mint,
    /// My offers to the victim, all of them for ever.
    offers: Vec<(u32, XWingSecret, [u8; 32])>,
    victim: IdentityFingerprint,
    victim_inbox: DepositId,
}

impl Peer {
    /// Somebody whom the relay knows, and who is about to meet `victim`.
    pub fn new(evil: &Evil, name: &str, victim: &Victim) -> Peer {
        let mut rng = UnwrapErr(SysRng);
        let identity = IdentitySecret::generate(&mut rng);
        let me = IdentityFingerprint(identity.public().fingerprint());
        let name = Name::parse(name).unwrap();
        let record = sign_first(&identity, name.clone(), evil.server_id, RecoveryCommitment([3; 32]));
        let mut olm = Account::new();
        olm.generate_fallback_key();
        let fallback = olm.fallback_key().into_values().next().unwrap();
        let bundle = BundleBody {
            identity: me,
            counter: 1,
            day: today(),
            not_after: Day(today().0 + 60),
            olm_identity: Curve25519Key(olm.curve25519_key().to_bytes()),
            olm_fallback: Curve25519Key(fallback.to_bytes()),
            prekey_id: PrekeyId(random()),
            prekey: XWingPublicKey(XWingSecret::generate(&mut rng).public()),
            doorstep: DepositId(random()),
            suites: vec![SUITE],
        };
        let inbox = DepositId(random());
        let peer = Peer {
            me,
            record,
            bundle,
            inbox,
            stream: StreamId(random()),
            number: 0,
            session: None,
            their_offer: None,
            stamps: Vec::new(),
            olm,
            at: evil.at.clone(),
            mint: Mint::generate(inbox, &mut rng),
            offers: Vec::new(),
            victim: IdentityFingerprint(victim.client().identity_fingerprint().unwrap()),
            victim_inbox: victim.inbox,
            identity,
            name,
        };
        let mut shell = evil.shell();
        shell.records.insert(peer.name.clone(), vec![peer.record.clone()]);
        shell.bundles.insert(peer.name.clone(), peer.signed_bundle());
        drop(shell);
        peer
    }

    /// Somebody who wrote to `victim`, was accepted, and holds stamps and an offer.
    pub fn befriended(evil: &Evil, name: &str, victim: &Victim) -> Peer {
        let mut peer = Peer::new(evil, name, victim);
        peer.knock(evil, victim, "let me in");
        victim.client().collect().unwrap();
        victim.client().accept(name, None).unwrap();
        let mut texts = Vec::new();
        let mut sink = |message: &client::Received| {
            texts.push(message.body.text().unwrap().to_owned());
            Handled::Yes
        };
        victim.client().pull(&client::PullOptions::default(), &mut sink).unwrap();
        assert_eq!(texts, ["let me in"]);
        assert!(peer.listen(evil).iter().any(|content| matches!(content.kind, Kind::Accept(_))));
        peer
    }

    pub fn signed_bundle(&self) -> PrekeyBundle {
        let signature = self.identity.sign(Label::BUNDLE, &self.bundle.to_bytes());
        PrekeyBundle { body: self.bundle.clone(), signature: Signature(signature.to_bytes()) }
    }

    /// A content with the next number and my newest offer.
    pub fn content(&mut self, kind: Kind) -> Content {
        self.number += 1;
        if self.offers.is_empty() {
            self.new_offer();
        }
        Content {
            message_id: MessageId(random()),
            stream: self.stream,
            number: self.number,
            seen: None,
            sent_at: now(),
            offer: Some(self.offer()),
            gossip: [0; 44],
            reply: None,
            stamps: Vec::new(),
            kind,
        }
    }

    pub fn text(&mut self, text: &str) -> Content {
        self.content(Kind::Text(text.to_owned()))
    }

    /// Where to answer me, with fresh stamps.
    pub fn reply_path(&mut self, stamps: usize) -> ReplyPath {
        let (mint, stamps) = self.mint.mint(stamps);
        self.mint = mint;
        ReplyPath { server_id: self.record.body.server_id, at: self.at.clone(), inbox: self.inbox, stamps }
    }

    pub fn new_offer(&mut self) {
        let n = self.offers.len() as u32 + 1;
        self.offers.push((n, XWingSecret::generate(&mut UnwrapErr(SysRng)), random()));
    }

    fn offer(&self) -> Offer {
        let (n, secret, psk) = self.offers.last().unwrap();
        Offer { n: *n, day: today(), key: XWingPublicKey(secret.public()), psk: *psk }
    }

    /// An ordinary HELLO, left at the victim's doorstep.
    pub fn knock(&mut self, evil: &Evil, victim: &Victim, text: &str) {
        let envelope = self.hello(evil, victim, text);
        at_doorstep(evil, victim, envelope);
    }

    /// An ordinary HELLO.
    pub fn hello(&mut self, evil: &Evil, victim: &Victim, text: &str) -> Envelope {
        let mut content = self.text(text);
        content.reply = Some(self.reply_path(32));
        self.hello_of(evil, victim, &content.to_bytes())
    }

    /// A HELLO of these Content bytes, in the session of the HELLOs before.
    pub fn hello_of(&mut self, evil: &Evil, victim: &Victim, content: &[u8]) -> Envelope {
        let theirs = bundle_of(evil, victim);
        let session = self.session.get_or_insert_with(|| {
            let [identity, fallback] = [theirs.body.olm_identity, theirs.body.olm_fallback]
                .map(|key| Curve25519PublicKey::from(key.0));
            self.olm.create_outbound_session(SessionConfig::version_2(), identity, fallback).unwrap()
        });
        let plaintext = [&prefix(&self.me, &theirs)[..], content].concat();
        let (_, olm) = session.encrypt(&plaintext).unwrap().to_parts();
        self.hello_around(&theirs, &olm)
    }

    /// A HELLO around any Olm bytes.
    pub fn hello_around(&self, theirs: &PrekeyBundle, olm: &[u8]) -> Envelope {
        let mut body = Writer::new();
        self.record.body.write(&mut body);
        self.record.sig_new.write(&mut body);
        CommitmentNonce([2; 16]).write(&mut body);
        body.u64(1);
        self.signed_bundle().write(&mut body);
        body.long_bytes(olm);
        to_doorstep(HELLO, theirs, &body.into_bytes())
    }

    /// Encrypts with the ratchet: `type u8 ‖ Olm message`.
    pub fn ratchet(&mut self, plaintext: &[u8]) -> Vec<u8> {
        let (kind, olm) = self.session.as_mut().unwrap().encrypt(plaintext).unwrap().to_parts();
        [&[kind as u8][..], &olm].concat()
    }

    /// An inbox envelope of these Content bytes.
    pub fn letter_of(&mut self, content: &[u8]) -> Envelope {
        let olm = self.ratchet(content);
        self.letter_around(&olm, 4_096)
    }

    /// An inbox envelope around any body, under the victim's newest offer.
    pub fn letter_around(&self, body: &[u8], size: usize) -> Envelope {
        let offer = self.their_offer.as_ref().unwrap();
        let header = [SUITE, INBOX];
        let info = info(INBOX, &self.victim, &self.me, offer.key.as_bytes());
        let aad = aad(&header, &self.victim_inbox, size);
        let padded = padded(body, size - header.len() - ENC_AND_TAG);
        let id = offer.n.to_be_bytes();
        let rng = &mut UnwrapErr(SysRng);
        let sealed =
            crypto::seal_psk(offer.key.as_bytes(), &offer.psk, &id, &info, &aad, &padded, rng).unwrap();
        Envelope::new([&header[..], &sealed.enc, &sealed.ciphertext].concat().into()).unwrap()
    }

    /// Drops an envelope into the victim's inbox, with one of the stamps that the victim gave.
    pub fn drop_in(&mut self, evil: &Evil, envelope: Envelope) {
        let stamp = self.stamps.pop().expect("stamps are left");
        let auth = authorise(&stamp, &self.victim_inbox, &envelope);
        evil.shell().mailbox(self.victim_inbox).waiting.push((auth, envelope));
    }

    /// An ordinary message.
    pub fn say(&mut self, evil: &Evil, text: &str) {
        let content = self.text(text).to_bytes();
        let letter = self.letter_of(&content);
        self.drop_in(evil, letter);
    }

    /// Opens everything that the victim ever dropped into my inbox and that opens; takes offers and stamps.
    pub fn listen(&mut self, evil: &Evil) -> Vec<Content> {
        let letters = evil.shell().history(self.inbox);
        letters.iter().filter_map(|(_, envelope)| self.open(envelope)).collect()
    }

    fn open(&mut self, envelope: &Envelope) -> Option<Content> {
        let bytes = envelope.as_bytes();
        let (enc, ciphertext) = bytes[2..].split_first_chunk::<1_120>()?;
        let aad = aad(&bytes[..2], &self.inbox, bytes.len());
        let body = self.offers.iter().rev().find_map(|(n, secret, psk)| {
            let info = info(INBOX, &self.me, &self.victim, &secret.public());
            crypto::open_psk(secret, enc, psk, &n.to_be_bytes(), &info, &aad, ciphertext).ok()
        })?;
        let len = usize::from(u16::from_be_bytes([body[0], body[1]]));
        let message = OlmMessage::from_parts(usize::from(body[2]), &body[3..2 + len]).ok()?;
        let content = Content::from_bytes(&self.session.as_mut()?.decrypt(&message).ok()?).unwrap();
        let known = self.their_offer.as_ref().map_or(0, |offer| offer.n);
        if let Some(offer) = content.offer.as_ref().filter(|offer| offer.n > known) {
            self.their_offer = Some(offer.clone());
        }
        self.stamps.extend(&content.stamps);
        if let Kind::Accept(reply) = &content.kind {
            self.stamps.extend(&reply.stamps);
        }
        Some(content)
    }
}

/// What the relay shows of a victim.
pub fn bundle_of(evil: &Evil, victim: &Victim) -> PrekeyBundle {
    evil.shell().bundles[&victim.client().name().unwrap()].clone()
}

/// What stands before a HELLO's Content, inside Olm.
pub fn prefix(from: &IdentityFingerprint, theirs: &PrekeyBundle) -> Vec<u8> {
    [from.as_bytes().as_slice(), theirs.body.identity.as_bytes(), theirs.body.prekey_id.as_bytes()].concat()
}

/// Seals a body to a bundle's prekey.
pub fn to_doorstep(form: u8, theirs: &PrekeyBundle, body: &[u8]) -> Envelope {
    let to = &theirs.body;
    let header = [&[SUITE, form], to.prekey_id.as_bytes().as_slice()].concat();
    let info = info(form, &to.identity, &IdentityFingerprint([0; 32]), to.prekey.as_bytes());
    let aad = aad(&header, &to.doorstep, 16_384);
    let padded = padded(body, 16_384 - header.len() - ENC_AND_TAG);
    let sealed =
        crypto::seal_base(to.prekey.as_bytes(), &info, &aad, &padded, &mut UnwrapErr(SysRng)).unwrap();
    Envelope::new([header.as_slice(), &sealed.enc, &sealed.ciphertext].concat().into()).unwrap()
}

/// Puts an envelope where strangers put theirs.
pub fn at_doorstep(evil: &Evil, victim: &Victim, envelope: Envelope) {
    let auth = DepositAuth::Open { puzzle: None };
    evil.shell().mailbox(victim.doorstep).waiting.push((auth, envelope));
}

fn info(form: u8, to: &IdentityFingerprint, from: &IdentityFingerprint, key: &[u8]) -> Vec<u8> {
    let label = b"oubliette/envelope/1";
    [label.as_slice(), &[SUITE, form], to.as_bytes(), from.as_bytes(), &sha256(&[key])].concat()
}

fn aad(header: &[u8], mailbox: &DepositId, size: usize) -> Vec<u8> {
    [header, mailbox.as_bytes(), &(size as u32).to_be_bytes()].concat()
}

fn padded(body: &[u8], room: usize) -> Vec<u8> {
    let mut padded = [&(body.len() as u16).to_be_bytes()[..], body].concat();
    assert!(padded.len() <= room, "{} bytes do not fit", body.len());
    padded.resize(room, 0);
    padded
}

pub fn random<const N: usize>() -> [u8; N] {
    *Secret::<N>::generate(&mut UnwrapErr(SysRng)).expose()
}

pub fn now() -> UnixSeconds {
    UnixSeconds(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs())
}

pub fn today() -> Day {
    Day((now().0 / 86_400) as u16)
}
