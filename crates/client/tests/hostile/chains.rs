//! Names that change their key again and again: read on and back in bounded steps, and never beyond what was signed.

use client::{Client, ClientError, OutboxState, QueuedReason, ReceivedBody, SendOptions, SentState, Trust};
use crypto::IdentitySecret;
use e2ee::Account;
use getrandom::{SysRng, rand_core::UnwrapErr};
use proto::signed::{sign_first, sign_recovery, sign_rotation, sign_tombstone};
use wire::{
    Address, Day, DepositId, IdentityRecord, Name, RecoveryCommitment, Request, ShortFingerprint,
    address::Pins,
};

use crate::evil::{Evil, Victim};

/// Bob, whose chain the test writes.
struct Chain {
    keys: Vec<IdentitySecret>,
    records: Vec<IdentityRecord>,
    recovery: IdentitySecret,
}

/// A new identity.
pub fn draw() -> IdentitySecret {
    IdentitySecret::generate(&mut UnwrapErr(SysRng))
}

fn bob() -> Name {
    Name::parse("bob").unwrap()
}

impl Chain {
    fn begin(evil: &Evil) -> Chain {
        let (key, recovery) = (draw(), draw());
        let committed = RecoveryCommitment(recovery.public().commitment());
        let first = sign_first(&key, bob(), evil.server_id, committed);
        Chain { keys: vec![key], records: vec![first], recovery }
    }

    fn rotate(&mut self, times: usize) {
        for _ in 0..times {
            let (old, next) = (self.keys.last().unwrap(), draw());
            self.records.push(sign_rotation(old, &next, &self.records.last().unwrap().body));
            self.keys.push(next);
        }
    }

    fn recover(&mut self) {
        let (next, body) = (draw(), &self.records.last().unwrap().body);
        self.records.push(sign_recovery(&self.recovery, &next, body.recovery, body));
        self.keys.push(next);
    }

    /// Gives the name up, by this key.
    fn give_up(&mut self, by: &IdentitySecret) {
        self.records.push(sign_tombstone(by, &self.records.last().unwrap().body));
    }

    /// What the relay shows from now on, with a bundle of the newest key.
    fn show(&self, evil: &Evil) {
        let today = Day((std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() / 86_400) as u16);
        let account = Account::generate(&mut UnwrapErr(SysRng), today);
        let bundle = account.bundle(self.keys.last().unwrap(), 1, today, DepositId([9; 16]));
        let mut shell = evil.shell();
        shell.records.insert(bob(), self.records.clone());
        shell.bundles.insert(bob(), bundle);
    }

    /// The address that bob printed under one of his keys.
    fn address(&self, evil: &Evil, key: usize) -> Address {
        let identity = ShortFingerprint::from_full(&self.keys[key].public().fingerprint());
        let server = ShortFingerprint::from_full(&evil.server_id.0);
        Address { name: bob(), at: evil.at.clone(), pins: Some(Pins { server, identity }) }
    }
}

/// How many look-ups each connection of the last `calls` brought that brought any.
fn look_ups(evil: &Evil) -> Vec<usize> {
    let shell = evil.shell();
    let counts = shell
        .connections
        .iter()
        .map(|heard| heard.requests().iter().filter(|request| matches!(request, Request::Lookup(_))).count());
    counts.filter(|count| *count > 0).collect()
}

/// Sends hours later, when the record is looked up anew, and says why it waits; `None` if it left.
fn send_late(alice: &Victim) -> Result<Option<String>, ClientError> {
    send_by(&alice.client_hours_later(2))
}

fn send_by(client: &Client) -> Result<Option<String>, ClientError> {
    let sent = client.send("bob", "hello", &SendOptions::default())?;
    Ok(match sent.state {
        SentState::Stored => None,
        SentState::Queued(QueuedReason::Unreachable(why)) => Some(why.code()),
        other => panic!("{other:?}"),
    })
}

/// Why it waits, with each command until it leaves.
fn waits_until_it_leaves(send: impl Fn() -> Result<Option<String>, ClientError>) -> Vec<String> {
    let mut codes = Vec::new();
    while let Some(code) = send().unwrap() {
        codes.push(code);
        assert!(codes.len() < 10, "no step forward: {codes:?}");
    }
    codes
}

/// Alice, who pinned the first of bob's keys.
fn pinned() -> (Evil, Victim, Chain) {
    let evil = Evil::start();
    let alice = evil.join("alice");
    let chain = Chain::begin(&evil);
    chain.show(&evil);
    alice.client().add(&evil.address("bob"), None).unwrap();
    (evil, alice, chain)
}

/// S18, D07: who pinned the first of 130 keys comes to the last one, a part with each command.
#[test]
fn a_hundred_and_thirty_changes_are_followed_in_parts() {
    let (evil, alice, mut chain) = pinned();
    chain.rotate(130);
    chain.show(&evil);
    let before = look_ups(&evil).len();
    let waits = "OUB-E049".to_owned();
    let states: Vec<_> = (0..3).map(|_| send_late(&alice).unwrap()).collect();
    assert_eq!(states, [Some(waits.clone()), Some(waits), None]);
    assert_eq!(look_ups(&evil)[before..], [49, 49, 34], "the newest, and 48 at most");
    let contact = alice.client().contact("bob").unwrap();
    assert_eq!((contact.trust, contact.address), (Trust::Unverified, chain.address(&evil, 130)));
    assert!(alice.client().outbox().unwrap().iter().all(|entry| entry.state != OutboxState::Waiting));
    // From there on it is one step again.
    chain.rotate(1);
    chain.show(&evil);
    let steps = look_ups(&evil).len();
    alice.client_hours_later(4).send("bob", "and again", &SendOptions::default()).unwrap();
    assert_eq!(look_ups(&evil)[steps..], [1]);
}

/// D07: the recovery key somewhere on the way is not forgotten between two parts, whatever signed the rest.
#[test]
fn a_recovery_in_the_middle_of_a_long_chain_stops_sealing() {
    let (evil, alice, mut chain) = pinned();
    chain.rotate(30);
    chain.recover();
    chain.rotate(40);
    chain.show(&evil);
    assert_eq!(send_late(&alice).unwrap().unwrap(), "OUB-E049");
    assert_eq!(send_late(&alice).unwrap_err().code(), "OUB-E061");
    assert_eq!(alice.client().contact("bob").unwrap().trust, Trust::Changed);
    assert!(evil.shell().deposits.is_empty(), "something was sealed");
    // What the person decides for is the newest.
    alice.client().trust_new_key("bob").unwrap();
    assert_eq!(alice.client().contact("bob").unwrap().address, chain.address(&evil, 71));
}

/// S02, S18: a record far ahead that does not follow is found out with the next step, not after all of them.
#[test]
fn a_chain_of_others_is_found_out_at_its_first_step() {
    let (evil, alice, _) = pinned();
    let mut others = Chain::begin(&evil);
    others.rotate(200);
    others.show(&evil);
    let before = look_ups(&evil).len();
    assert_eq!(send_late(&alice).unwrap_err().code(), "OUB-E061");
    assert_eq!(look_ups(&evil)[before..], [3], "the newest, the next, and the one before the newest");
    assert!(evil.shell().deposits.is_empty(), "something was sealed");
}

/// S18: an address of long ago is as good as one of today, and one of today costs two look-ups.
#[test]
fn addresses_of_any_age_lead_to_the_newest_key() {
    let evil = Evil::start();
    let mut chain = Chain::begin(&evil);
    chain.rotate(100);
    chain.show(&evil);
    for (name, key, expected) in [("alice", 0, 101), ("carol", 60, 41), ("dora", 99, 2), ("erin", 100, 2)] {
        let (person, before) = (evil.join(name), look_ups(&evil).len());
        let contact = person.client().add(&chain.address(&evil, key), None).unwrap();
        assert_eq!(contact.address, chain.address(&evil, 100), "{name}");
        assert_eq!(look_ups(&evil)[before..], [expected], "{name}");
    }
    // Without a fingerprint there is nothing to read back to.
    let (frank, before) = (evil.join("frank"), look_ups(&evil).len());
    frank.client().add(&evil.address("bob"), None).unwrap();
    assert_eq!(look_ups(&evil)[before..], [2]);
}

/// S01: a recovery that the relay made up does not put an attacker's key behind somebody's address.
#[test]
fn an_identity_that_signed_nothing_is_not_in_the_chain() {
    let evil = Evil::start();
    let alice = evil.join("alice");
    let mut chain = Chain::begin(&evil);
    chain.rotate(3);
    let address = chain.address(&evil, 3);
    // The key of record 3 in a body of the relay's own, with a commitment to the relay's own recovery key.
    let mut forged = chain.records[3].clone();
    let theirs = draw();
    forged.body.recovery = RecoveryCommitment(theirs.public().commitment());
    let attacker = draw();
    let next = sign_recovery(&theirs, &attacker, forged.body.recovery, &forged.body);
    chain.records.truncate(3);
    chain.records.extend([forged, next]);
    chain.keys.push(attacker);
    chain.show(&evil);
    let error = alice.client().add(&address, None).unwrap_err();
    assert_eq!(error.code(), "OUB-E064", "{error:?}");
    assert!(alice.client().contacts().unwrap().is_empty());
}

/// S18: a relay that has enough of look-ups is waited for where nothing can be kept, and come back to where it can.
#[test]
fn a_relay_that_asks_for_patience_is_given_it_and_no_step_is_lost() {
    let (evil, alice, mut chain) = pinned();
    let carol = evil.join("carol");
    chain.rotate(20);
    chain.show(&evil);
    // Every ninth look-up hears that it has to wait for a second.
    evil.shell().busy_every = Some(9);
    let codes = waits_until_it_leaves(|| send_late(&alice));
    assert!(!codes.is_empty() && codes.iter().all(|code| code == "OUB-E042"), "{codes:?}");
    assert_eq!(alice.client().contact("bob").unwrap().address, chain.address(&evil, 20));
    let contact = carol.client().add(&chain.address(&evil, 0), None).unwrap();
    assert_eq!(contact.address, chain.address(&evil, 20));
}

/// S18: a relay that falls silent on the way makes nobody begin anew.
#[test]
fn what_was_read_of_a_chain_stays_read_where_the_relay_falls_silent() {
    let (evil, alice, mut chain) = pinned();
    chain.rotate(20);
    chain.show(&evil);
    evil.shell().mute_every = Some(9);
    let codes = waits_until_it_leaves(|| send_by(&alice.hasty_client_hours_later(2)));
    assert!(!codes.is_empty() && codes.iter().all(|code| code == "OUB-E041"), "{codes:?}");
    assert_eq!(alice.client().contact("bob").unwrap().address, chain.address(&evil, 20));
}

/// S01, C15: that a name was given up is believed to its key, and to nobody else.
#[test]
fn a_relay_gives_up_no_name_in_its_owners_place() {
    let (evil, alice, mut chain) = pinned();
    let is_given_up = || alice.client().contact("bob").unwrap().given_up_at.is_some();
    // Signed by another key; then by the right key of another chain.
    chain.give_up(&draw());
    chain.show(&evil);
    assert_eq!(send_late(&alice).unwrap_err().code(), "OUB-E064");
    let mut others = Chain::begin(&evil);
    others.give_up(&others.keys[0].clone());
    others.show(&evil);
    assert_eq!(send_late(&alice).unwrap_err().code(), "OUB-E053");
    let waits = |entry: &client::OutboxEntry| entry.state == OutboxState::Waiting;
    assert!(alice.client().outbox().unwrap().iter().all(waits) && !is_given_up());
    // His own word ends it: nothing waits any more, and nothing was sealed.
    chain.records.pop();
    chain.rotate(2);
    chain.give_up(&chain.keys[2].clone());
    chain.show(&evil);
    assert_eq!(send_late(&alice).unwrap_err().code(), "OUB-E190");
    let refused = |entry: &client::OutboxEntry| entry.state == OutboxState::Refused;
    assert!(alice.client().outbox().unwrap().iter().all(refused) && is_given_up());
    assert!(evil.shell().deposits.is_empty(), "something was sealed");
}

/// Nothing was said to bob that is not so: what he has is what alice sees that he has.
#[test]
fn a_change_that_a_busy_relay_keeps_from_leaving_changes_nothing() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    alice.client().send("bob", "as it was", &SendOptions::default()).unwrap();
    evil.shell().busy_every = Some(1);
    let late = alice.client_hours_later(2);
    let at_once = SendOptions { no_queue: true, ..SendOptions::default() };
    let error = late.edit("bob", "last", "as it is", &at_once).unwrap_err();
    assert_eq!(error.code(), "OUB-E042", "{error:?}");
    assert_eq!(late.take_back("bob", "last", &at_once).unwrap_err().code(), "OUB-E042");
    let log = late.log("bob", None).unwrap();
    let said = log.last().unwrap();
    assert!(matches!(&said.body, ReceivedBody::Text(text) if text == "as it was") && !said.marks.edited);
    assert!(late.outbox().unwrap().iter().all(|entry| entry.state != OutboxState::Waiting));
    assert_eq!(bob.texts().last().unwrap(), "as it was");
}
