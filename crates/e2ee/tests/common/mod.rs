//! Alice, Bob, and a relay that is only a pair of hands.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, dead_code)]

use crypto::{IdentitySecret, Label};
use e2ee::{
    Account, Content, Conversation, DoorstepOpened, HelloIntro, Kind, MessageId, Mint, OpenError, Opened,
    OpenedHello, Outgoing, ReplyPath, Sealed, VerifiedBundle, open_doorstep, verify_bundle,
};
use getrandom::SysRng;
use rand_core::UnwrapErr;
use std::cell::RefCell;
use std::collections::BTreeMap;
use wire::{
    CommitmentNonce, Day, DepositId, Envelope, HostPort, IdentityFingerprint, Name, PrekeyBundle, PublicKey,
    RecordBody, RecordHash, RecoveryCommitment, ServerId, Signature, Stamp, UnixSeconds, Wire,
};

pub const START: UnixSeconds = UnixSeconds(20_000 * 86_400);
pub const TODAY: Day = Day(20_000);

pub fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// A person with one vault.
pub struct Person {
    pub identity: IdentitySecret,
    pub me: IdentityFingerprint,
    pub name: &'static str,
    pub host: String,
    pub account: Account,
    pub doorstep: DepositId,
    pub inbox: DepositId,
    pub mint: RefCell<Mint>,
    pub counter: u64,
    /// One conversation per correspondent.
    pub with: BTreeMap<IdentityFingerprint, Conversation>,
    pub now: UnixSeconds,
    pub spare: Vec<Stamp>,
}

impl Person {
    pub fn new(name: &'static str, number: u8) -> Self {
        let identity = IdentitySecret::from_seeds([number; 32], [number + 100; 32]);
        let me = IdentityFingerprint(identity.public().fingerprint());
        let inbox = DepositId([number + 50; 16]);
        Self {
            me,
            identity,
            name,
            host: "relay.example".into(),
            account: Account::generate(&mut rng(), TODAY),
            doorstep: DepositId([number; 16]),
            inbox,
            mint: RefCell::new(Mint::generate(inbox, &mut rng())),
            counter: 1,
            with: BTreeMap::new(),
            now: START,
            spare: Vec::new(),
        }
    }

    pub fn pair() -> (Person, Person) {
        (Person::new("alice", 1), Person::new("bob", 2))
    }

    /// The vault was lost: a new account, conversations gone, the identity kept.
    pub fn restored(&mut self) {
        self.account = Account::generate(&mut rng(), TODAY);
        self.counter += 1;
        self.with.clear();
    }

    pub fn today(&self) -> Day {
        Day((self.now.0 / 86_400) as u16)
    }

    pub fn bundle(&self) -> PrekeyBundle {
        self.account.bundle(&self.identity, self.counter, self.today(), self.doorstep)
    }

    pub fn verified(&self) -> VerifiedBundle {
        verify_bundle(&self.bundle(), &self.identity.public(), self.today()).unwrap()
    }

    pub fn mint(&self, count: usize) -> Vec<Stamp> {
        let (next, stamps) = self.mint.borrow().mint(count);
        *self.mint.borrow_mut() = next;
        stamps
    }

    pub fn reply_path(&self, stamps: usize) -> ReplyPath {
        ReplyPath {
            server_id: ServerId([9; 32]),
            at: HostPort::new(&self.host, 24268).unwrap(),
            inbox: self.inbox,
            stamps: self.mint(stamps),
        }
    }

    pub fn intro(&self) -> HelloIntro {
        let record = RecordBody {
            name: Name::parse(self.name).unwrap(),
            server_id: ServerId([9; 32]),
            seq: 0,
            identity_key: PublicKey(self.identity.public().to_bytes()),
            recovery: RecoveryCommitment([8; 32]),
            prev_hash: RecordHash([0; 32]),
        };
        let sig_new = self.identity.sign(Label::RECORD, &record.to_bytes());
        HelloIntro {
            record,
            sig_new: Signature(sig_new.to_bytes()),
            commitment_nonce: CommitmentNonce([7; 16]),
            leaf_index: 5,
            bundle: self.bundle(),
            reply: self.reply_path(32),
        }
    }

    pub fn conversation(&self, other: &Person) -> Conversation {
        self.with.get(&other.me).cloned().unwrap_or_else(|| Conversation::new(self.me, other.me))
    }

    pub fn commit(&mut self, conversation: Conversation) {
        self.with.insert(*conversation.theirs(), conversation);
    }

    /// Seals a HELLO and commits.
    pub fn hello(&mut self, to: &Person, text: &str) -> Envelope {
        let sealed = self.seal_hello(to, &text_message(text)).unwrap();
        self.commit(sealed.conversation);
        sealed.envelope
    }

    pub fn seal_hello(&self, to: &Person, message: &Outgoing) -> Result<Sealed, e2ee::SealError> {
        let conversation = self.conversation(to);
        conversation.seal_hello(&self.account, &to.verified(), &self.intro(), message, self.now, &mut rng())
    }

    /// Seals for the inbox and commits.
    pub fn write(&mut self, to: &Person, kind: Kind) -> Envelope {
        let message = Outgoing::new(MessageId::random(&mut rng()), kind);
        let spare = self.spare.clone();
        let sealed = self.conversation(to).seal(&message, &spare, to.inbox, self.now, &mut rng()).unwrap();
        self.commit(sealed.conversation);
        sealed.envelope
    }

    pub fn say(&mut self, to: &Person, text: &str) -> Envelope {
        self.write(to, Kind::Text(text.into()))
    }

    pub fn accept(&mut self, other: &Person) -> Envelope {
        let reply = self.reply_path(256);
        self.write(other, Kind::Accept(reply))
    }

    pub fn try_doorstep(&self, envelope: &Envelope) -> Result<DoorstepOpened, OpenError> {
        let known = |who: &IdentityFingerprint| self.with.get(who).cloned();
        open_doorstep(&self.account, &self.me, envelope, self.doorstep, known, self.now)
    }

    /// Opens a HELLO and commits.
    pub fn answer_door(&mut self, envelope: &Envelope) -> OpenedHello {
        match self.try_doorstep(envelope).unwrap() {
            DoorstepOpened::Hello(hello) => {
                self.commit(hello.opened.conversation.clone());
                *hello
            }
            _ => panic!("not a HELLO"),
        }
    }

    pub fn try_read(&self, from: &Person, envelope: &Envelope) -> Result<Opened, OpenError> {
        self.conversation(from).open(&self.account, envelope, self.inbox, self.now)
    }

    /// Opens from the inbox and commits.
    pub fn read(&mut self, from: &Person, envelope: &Envelope) -> Content {
        let opened = self.try_read(from, envelope).unwrap();
        self.commit(opened.conversation);
        opened.content
    }
}

pub fn text_message(text: &str) -> Outgoing {
    Outgoing::new(MessageId::random(&mut rng()), Kind::Text(text.into()))
}

pub fn text_of(content: &Content) -> &str {
    match &content.kind {
        Kind::Text(text) => text,
        other => panic!("not a text: {other:?}"),
    }
}

/// Alice has written to Bob, who has accepted.
pub fn acquainted() -> (Person, Person) {
    let (mut alice, mut bob) = Person::pair();
    let hello = alice.hello(&bob, "it is me");
    bob.answer_door(&hello);
    let accept = bob.accept(&alice);
    alice.read(&bob, &accept);
    (alice, bob)
}
