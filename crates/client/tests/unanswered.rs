//! First messages that nobody answers: what waits for the answer does not wait for ever.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use client::{Client, ClientError, Declined, Pauses, SendOptions, SentState};
use common::{Person, Relay, friends};

const DAY_H: u64 = 24;

/// The client of so many days from now. A day before that, times noted then would count as of a clock that was ahead.
fn in_days(person: &Person, days: u64) -> Client {
    person.client_hours_later(days * DAY_H + 1)
}

/// Lets the client do what it does by itself, so many days from now; says how many messages left.
fn days_later(person: &Person, days: u64) -> u32 {
    in_days(person, days).send_waiting(&mut Pauses::default()).unwrap()
}

/// A send of a fortnight from now, when what was lost twice was sealed once more.
fn sent_then(alice: &Person, text: &str) -> SentState {
    in_days(alice, 14).send("bob", text, &SendOptions::default()).unwrap().state
}

fn waits(sent: &SentState) -> bool {
    matches!(sent, SentState::Queued(_))
}

/// The relay forgets what was stored since; nobody is told.
fn lost(relay: &mut Relay, work: impl FnOnce()) {
    let before = relay.snapshot();
    work();
    relay.roll_back(&before);
}

/// So is what is sealed once more after a fortnight.
fn lost_twice(relay: &mut Relay, sender: &Person, work: impl FnOnce()) {
    lost(relay, work);
    lost(relay, || assert_eq!(days_later(sender, 14), 1));
}

#[test]
fn what_waited_under_a_replaced_key_leaves_under_the_new_one_with_what_was_never_answered() {
    let mut relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    alice.add(&bob);
    lost_twice(&mut relay, &alice, || alice.stored(&bob, "one"));
    in_days(&alice, 14).rotate_identity().unwrap();
    assert!(waits(&sent_then(&alice, "two")));
    // He may answer for a fortnight.
    assert_eq!(days_later(&alice, 27), 0);
    assert_eq!(days_later(&alice, 28), 2);
    bob.client().collect().unwrap();
    assert_eq!(bob.client().requests().unwrap()[0].texts, ["one", "two"]);
    bob.client().accept("alice", None).unwrap();
    assert_eq!(bob.texts(), ["one", "two"]);
    bob.stored(&alice, "three");
    assert_eq!(alice.texts(), ["three"]);
    alice.stored(&bob, "four");
    assert_eq!(bob.texts(), ["four"]);
    assert!(alice.client().outbox().unwrap().is_empty());
}

#[test]
fn the_same_when_the_recipient_replaced_the_key() {
    let mut relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    alice.add(&bob);
    bob.add(&alice);
    lost_twice(&mut relay, &alice, || alice.stored(&bob, "one"));
    bob.client().rotate_identity().unwrap();
    // What follows the new key finds that the first message went to the old one.
    in_days(&alice, 14).safety_number("bob", client::Language::English).unwrap();
    assert!(waits(&sent_then(&alice, "two")));
    assert_eq!(days_later(&alice, 27), 0);
    assert_eq!(days_later(&alice, 28), 2);
    assert_eq!(bob.texts(), ["one", "two"]);
    bob.stored(&alice, "three");
    assert_eq!(alice.texts(), ["three"]);
}

/// Bob knows her new key before he sees what she said under the old one: that stays a request, which he cannot accept.
#[test]
fn what_was_said_under_a_superseded_key_comes_again_under_the_present_one() {
    let relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    alice.add(&bob);
    alice.stored(&bob, "one");
    alice.client().rotate_identity().unwrap();
    bob.add(&alice);
    assert!(waits(&alice.send(&bob, "two").state));
    assert!(bob.texts().is_empty());
    let label = bob.client().requests().unwrap()[0].label.clone();
    let error = bob.client().accept(&label, Some("alice again")).unwrap_err();
    assert!(matches!(error, ClientError::FormerKey { .. }), "{error:?}");
    assert_eq!(days_later(&alice, 14), 2);
    assert_eq!(bob.texts(), ["one", "two"]);
    assert!(bob.client().contact("alice").unwrap().connected);
}

/// Of a key that was replaced since nobody knows who has it. What she said comes again.
#[test]
fn a_request_of_a_key_in_between_is_nobodys_and_nothing_is_lost_with_it() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.client().rotate_identity().unwrap();
    alice.client().renew().unwrap();
    alice.stored(&bob, "between two keys");
    alice.client().rotate_identity().unwrap();
    bob.client().collect().unwrap();
    let requests = bob.client().requests().unwrap();
    assert_eq!((requests.len(), requests[0].claims.as_deref()), (1, Some("alice")));
    let error = bob.client().accept(&requests[0].label, None).unwrap_err();
    assert!(matches!(error, ClientError::FormerKey { .. }), "{error:?}");
    assert_eq!(bob.client().contact("alice").unwrap().address, alice.client().address().unwrap(), "followed");
    assert_eq!(bob.client().decline(&requests[0].label).unwrap(), Declined::Dropped);
    bob.client().send("alice", "one", &SendOptions::default()).unwrap();
    assert_eq!(alice.texts(), ["one"]);
    // Both do what they do by themselves, within a fortnight.
    for day in [1, 2, 14] {
        for person in [&bob, &alice] {
            days_later(person, day);
        }
        for person in [&alice, &bob] {
            in_days(person, day).collect().unwrap();
        }
    }
    assert_eq!(bob.texts(), ["between two keys"], "said again under the present key");
}

/// Whoever let her in is heard of at once, not when he has something to say.
#[test]
fn a_request_of_a_replaced_key_that_is_accepted_is_answered_at_once() {
    let relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    alice.add(&bob);
    alice.stored(&bob, "one");
    alice.client().rotate_identity().unwrap();
    assert!(waits(&alice.send(&bob, "two").state));
    bob.client().collect().unwrap();
    bob.client().accept("alice", None).unwrap();
    assert!(alice.texts().is_empty());
    assert!(alice.client().contact("bob").unwrap().connected);
    assert_eq!(bob.texts(), ["one", "two"]);
}

/// An edit may not be the first thing that a stranger hears, and holds up what follows it.
#[test]
fn a_first_message_that_was_lost_is_followed_by_one_without_words() {
    let mut relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    alice.add(&bob);
    bob.add(&alice);
    lost_twice(&mut relay, &alice, || alice.stored(&bob, "at nine"));
    in_days(&alice, 14).edit("bob", "last", "at ten", &SendOptions::default()).unwrap();
    assert!(waits(&sent_then(&alice, "or later")));
    days_later(&alice, 27);
    bob.client().collect().unwrap();
    assert!(!bob.client().contact("alice").unwrap().connected);
    days_later(&alice, 28);
    assert!(bob.texts().is_empty(), "a greeting has no words");
    // He is answered, and asks for what he sees to be missing.
    let mut came = Vec::new();
    for _ in 0..3 {
        alice.texts_later();
        came.extend(bob.texts_later());
    }
    came.sort();
    assert_eq!(came, ["at ten", "or later"]);
    assert!(alice.client().outbox().unwrap().is_empty());
}

/// Nobody hears that an envelope without a stamp was lost, and the other side may not write for long.
#[test]
fn what_left_without_stamps_and_was_not_answered_for_a_fortnight_is_asked_for() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    bob.stored(&alice, "known");
    assert_eq!(alice.texts(), ["known"]);
    alice.change_vault("DELETE FROM stamp WHERE spent = 0");
    lost(&mut relay, || alice.stored(&bob, "without a stamp"));
    days_later(&alice, 13);
    assert!(bob.texts_later().is_empty());
    days_later(&alice, 14);
    let mut came = bob.texts_later();
    for _ in 0..3 {
        alice.texts_later();
        came.extend(bob.texts_later());
    }
    assert_eq!(came, ["without a stamp"]);
}
