//! A changed key that its owner tells of inside the conversation: followed once the log has it, and never otherwise.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use client::{Client, Options, PullOptions, ReceivedBody, SendOptions, Trust, Unlock};
use common::{Person, Relay, friends, make_friends, options};

const DAY_S: u64 = 86_400;

/// A client for which a whole day of random delays is over already.
fn a_day_later(person: &Person) -> Client {
    let options = Options { dues_early_s: DAY_S, ..options() };
    Client::open(&person.profile(), &Unlock::KeyFile, options).unwrap()
}

fn key_changes(person: &Person, of: &str) -> usize {
    let log = person.client().log(of, None).unwrap();
    log.iter().filter(|entry| entry.body == ReceivedBody::KeyChanged { signed: true }).count()
}

fn kept(person: &Person) -> i64 {
    person.number_in_vault("SELECT count(*) FROM record_update")
}

/// Contacts who are still to be told.
fn untold(person: &Person) -> i64 {
    person.number_in_vault("SELECT count(*) FROM contact WHERE tell_due IS NOT NULL")
}

fn address_of(person: &Person, of: &str) -> wire::Address {
    person.client().contact(of).unwrap().address
}

#[test]
fn whoever_only_reads_follows_once_the_log_has_the_key() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    bob.verify("alice");
    let before = address_of(&bob, "alice");
    let rotated = alice.client().rotate_identity().unwrap();
    alice.stored(&bob, "under my new key");
    assert_eq!(bob.texts(), ["under my new key"], "what was told is nothing to read");
    assert_eq!((address_of(&bob, "alice"), kept(&bob)), (before, 1), "the log was not replayed since");
    bob.client().sync_logs().unwrap();
    let contact = bob.client().contact("alice").unwrap();
    assert_eq!((contact.address, contact.trust), (rotated.address, Trust::VerifiedBefore));
    assert_eq!((key_changes(&bob, "alice"), kept(&bob)), (1, 0));
    assert_eq!(untold(&alice), 0);

    // What she writes under it later is hers, and no stranger's.
    alice.client().renew().unwrap();
    alice.client().send("bob", "from a new account", &SendOptions::default()).unwrap();
    assert_eq!(bob.texts(), ["from a new account"]);
    assert!(bob.client().requests().unwrap().is_empty());
    bob.stored(&alice, "still you");
    assert_eq!(alice.texts(), ["still you"]);
}

#[test]
fn contacts_are_told_within_a_day_where_nothing_is_said_to_them() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let carol = relay.person("carol");
    make_friends(&alice, &carol);
    let rotated = alice.client().rotate_identity().unwrap();
    a_day_later(&alice).collect().unwrap();
    for person in [&bob, &carol] {
        assert!(person.texts().is_empty());
        person.client().sync_logs().unwrap();
        assert_eq!(address_of(person, "alice"), rotated.address);
    }
    assert_eq!(untold(&alice), 0);
    // Once each.
    a_day_later(&alice).collect().unwrap();
    assert_eq!(alice.number_in_vault("SELECT count(*) FROM outbox WHERE kind = 7"), 2);
}

#[test]
fn changes_one_after_another_are_followed_to_the_last() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.client().rotate_identity().unwrap();
    alice.client().rotate_identity().unwrap();
    alice.stored(&bob, "two");
    let rotated = alice.client().rotate_identity().unwrap();
    alice.stored(&bob, "three");
    assert_eq!(bob.texts(), ["two", "three"]);
    assert_eq!(kept(&bob), 3);
    bob.client().sync_logs().unwrap();
    assert_eq!((address_of(&bob, "alice"), kept(&bob)), (rotated.address, 0));
}

#[test]
fn a_change_that_was_looked_up_meanwhile_is_not_followed_once_more() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let rotated = alice.client().rotate_identity().unwrap();
    alice.stored(&bob, "one");
    bob.client().collect().unwrap();
    bob.client().safety_number("alice", client::Language::English).unwrap();
    assert_eq!(address_of(&bob, "alice"), rotated.address);
    bob.client().sync_logs().unwrap();
    assert_eq!((key_changes(&bob, "alice"), kept(&bob)), (1, 0));
}

/// Bob goes on as if nothing had been told; what is true he learns by looking Alice up.
fn is_not_followed(alice: &Person, bob: &Person) {
    let before = address_of(bob, "alice");
    alice.stored(bob, "something is wrong with what I tell");
    assert_eq!(bob.texts(), ["something is wrong with what I tell"]);
    bob.client().sync_logs().unwrap();
    assert_eq!((address_of(bob, "alice"), key_changes(bob, "alice")), (before, 0));
    bob.client().safety_number("alice", client::Language::English).unwrap();
    assert_eq!(address_of(bob, "alice"), alice.client().address().unwrap());
    bob.stored(alice, "fine");
    assert_eq!(alice.texts(), ["fine"]);
}

#[test]
fn what_stands_elsewhere_in_the_log_or_nowhere_is_not_followed() {
    for (place, left) in [("0000000000000000", 0), ("7fffffffffffffff", 1)] {
        let relay = Relay::start();
        let (alice, bob) = friends(&relay);
        alice.client().rotate_identity().unwrap();
        let told = format!(
            "UPDATE own_record SET body = CAST(substr(body, 1, length(body) - 8) || x'{place}' AS BLOB)"
        );
        alice.change_vault(&told);
        alice.stored(&bob, "first");
        assert_eq!(bob.texts(), ["first"]);
        bob.client().sync_logs().unwrap();
        assert_eq!(kept(&bob), left, "one that the log may have yet waits for it");
        bob.client_hours_later(8 * 24).collect().unwrap();
        assert_eq!(kept(&bob), 0, "and not for ever");
        is_not_followed(&alice, &bob);
    }
}

#[test]
fn a_replay_of_before_it_was_told_bears_nothing_out() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let before = address_of(&bob, "alice");
    let rotated = alice.client().rotate_identity().unwrap();
    bob.client().sync_logs().unwrap();
    alice.stored(&bob, "one");
    assert_eq!(bob.texts(), ["one"]);
    assert_eq!((address_of(&bob, "alice"), kept(&bob)), (before, 1), "a newer one may stand there since");
    bob.client().sync_logs().unwrap();
    assert_eq!((address_of(&bob, "alice"), kept(&bob)), (rotated.address, 0));
}

#[test]
fn whoever_is_accepted_after_a_change_is_told_of_it() {
    let relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    bob.add(&alice);
    bob.stored(&alice, "to your old key");
    alice.client().collect().unwrap();
    let rotated = alice.client().rotate_identity().unwrap();
    alice.client().accept("bob", None).unwrap();
    a_day_later(&alice).collect().unwrap();
    bob.client().collect().unwrap();
    assert_eq!((untold(&alice), kept(&bob)), (0, 1));
    bob.client().sync_logs().unwrap();
    assert_eq!(address_of(&bob, "alice"), rotated.address);
}

#[test]
fn what_the_key_before_did_not_sign_is_not_followed() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.client().rotate_identity().unwrap();
    // In the middle of the old key's signature, which stands before the new one's, the nonce and the place.
    let byte = "substr(body, length(body) - 24 - 3373 - 1000, 1)";
    let broken = format!(
        "UPDATE own_record SET body = CAST(substr(body, 1, length(body) - 24 - 3373 - 1001)
         || iif({byte} = x'00', x'01', x'00') || substr(body, length(body) - 24 - 3373 - 999) AS BLOB)"
    );
    alice.change_vault(&broken);
    is_not_followed(&alice, &bob);
    assert_eq!(kept(&bob), 0, "it keeps no place from what is true");
}

#[test]
fn whoever_is_blocked_tells_nothing() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    bob.client().set_blocked("alice", true).unwrap();
    alice.client().rotate_identity().unwrap();
    alice.stored(&bob, "x");
    bob.client().collect().unwrap();
    assert_eq!(kept(&bob), 0);
}

#[test]
fn the_log_of_another_server_is_replayed_within_a_day_for_it() {
    let (here, there) = (Relay::start(), Relay::start());
    let (alice, bob) = (there.person("alice"), here.person("bob"));
    make_friends(&alice, &bob);
    let before = address_of(&bob, "alice");
    let rotated = alice.client().rotate_identity().unwrap();
    alice.stored(&bob, "from afar");
    assert_eq!(bob.texts(), ["from afar"]);
    assert_eq!((address_of(&bob, "alice"), kept(&bob)), (before, 1));
    a_day_later(&bob).pull(&PullOptions::default(), &mut |_| client::Handled::Yes).unwrap();
    assert_eq!((address_of(&bob, "alice"), kept(&bob)), (rotated.address, 0));
}

#[test]
fn whoever_lacks_more_changes_than_are_told_looks_them_up() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let rotated: Vec<_> = (0..9).map(|_| alice.client().rotate_identity().unwrap()).collect();
    alice.stored(&bob, "many keys later");
    assert_eq!((bob.texts(), kept(&bob)), (vec!["many keys later".to_owned()], 0));
    assert_eq!(untold(&alice), 0);
    bob.client().safety_number("alice", client::Language::English).unwrap();
    assert_eq!(address_of(&bob, "alice"), rotated[8].address);
}
