//! Changing one's key: the name goes on, contacts follow, and messages keep flowing.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use client::{ClientError, Declined, FailPoint, Language, ReceivedBody, SendOptions, SentState, Trust};
use common::{Relay, friends};

fn key_changes(log: &[client::LogEntry]) -> usize {
    log.iter().filter(|entry| entry.body == ReceivedBody::KeyChanged { signed: true }).count()
}

#[test]
fn messages_keep_flowing_both_ways_and_the_contact_is_told() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    bob.verify("alice");
    let before = alice.client().address().unwrap();
    bob.stored(&alice, "before");
    let rotated = alice.client().rotate_identity().unwrap();
    assert_eq!(rotated.sequence, 1);
    assert_ne!(rotated.address, before);
    assert_eq!(alice.client().address().unwrap(), rotated.address);
    assert_eq!(alice.texts(), ["before"], "sent to the old key, and read under the new one");

    // Bob does not know yet.
    alice.stored(&bob, "under the new key");
    assert_eq!(bob.texts(), ["under the new key"]);
    // To be shown what to compare asks for the present record.
    bob.client().safety_number("alice", Language::English).unwrap();
    bob.stored(&alice, "one");
    let contact = bob.client().contact("alice").unwrap();
    assert_eq!((contact.trust, contact.address), (Trust::VerifiedBefore, rotated.address));
    for round in 0..3 {
        alice.stored(&bob, &format!("a{round}"));
        bob.stored(&alice, &format!("b{round}"));
    }
    assert_eq!(bob.texts(), ["a0", "a1", "a2"]);
    assert_eq!(alice.texts(), ["one", "b0", "b1", "b2"]);
    let log = bob.client().log("alice", None).unwrap();
    assert_eq!(key_changes(&log), 1);
    let place = log.iter().position(|entry| entry.body == ReceivedBody::KeyChanged { signed: true }).unwrap();
    // The line stands where it happened: between what was committed before and after.
    assert_eq!(
        (log[place - 1].body.text(), log[place + 1].body.text()),
        (Some("under the new key"), Some("one"))
    );
    let strict = SendOptions { require_verified: true, ..SendOptions::default() };
    assert_eq!(bob.client().send("alice", "x", &strict).unwrap_err().exit_code(), 6);
    assert!(bob.client().requests().unwrap().is_empty());
}

#[test]
fn both_compare_the_present_keys_and_the_contact_is_verified_again() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let old = bob.client().safety_number("alice", Language::English).unwrap();
    alice.client().rotate_identity().unwrap();
    alice.client().rotate_identity().unwrap();
    bob.client().rotate_identity().unwrap();
    let (mine, theirs) = (
        alice.client().safety_number("bob", Language::English).unwrap(),
        bob.client().safety_number("alice", Language::English).unwrap(),
    );
    assert_eq!((&mine.digits, &mine.words), (&theirs.digits, &theirs.words));
    assert_ne!(mine.digits, old.digits);
    assert_eq!(bob.client().contact("alice").unwrap().trust, Trust::Unverified);
    assert_eq!(bob.verify("alice").trust, Trust::Verified);
    // Both have changed, and both go on.
    alice.stored(&bob, "one");
    bob.stored(&alice, "two");
    assert_eq!((bob.texts(), alice.texts()), (vec!["one".to_owned()], vec!["two".to_owned()]));
    assert_eq!(bob.client().contact("alice").unwrap().trust, Trust::Verified);
}

#[test]
fn a_rotation_stopped_at_any_step_is_the_same_rotation_afterwards() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let steps = [FailPoint::RotationBegun, FailPoint::ReplacedNotNoted, FailPoint::RotatedNotPublished];
    for (before, step) in (0..).zip(steps) {
        assert!(alice.client_that_dies(step).rotate_identity().is_err());
        let rotated = alice.client().rotate_identity().unwrap();
        assert_eq!(rotated.sequence, before + 1, "{step:?}: one rotation, not two");
        bob.client().safety_number("alice", Language::English).unwrap();
        assert_eq!(bob.client().contact("alice").unwrap().address, rotated.address);
        alice.stored(&bob, "still here");
        bob.stored(&alice, "so am i");
        assert_eq!((bob.texts().len(), alice.texts().len()), (1, 1));
    }
}

#[test]
fn a_lost_answer_is_found_by_the_next_command_that_collects() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let before = alice.client().address().unwrap();
    assert!(alice.client_that_dies(FailPoint::ReplacedNotNoted).rotate_identity().is_err());
    assert_eq!(alice.client().address().unwrap(), before, "the vault does not know yet");
    bob.stored(&alice, "hi");
    assert_eq!(alice.texts(), ["hi"]);
    assert_ne!(alice.client().address().unwrap(), before);
    // The bundle stands too: somebody new can write.
    let carol = relay.person("carol");
    carol.add(&alice);
    carol.stored(&alice, "hello alice");
    alice.client().collect().unwrap();
    assert_eq!(alice.client().requests().unwrap()[0].texts, ["hello alice"]);
}

#[test]
fn a_relay_that_is_not_there_leaves_the_old_key_in_place() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let before = alice.client().address().unwrap();
    relay.kill();
    assert_eq!(alice.client().rotate_identity().unwrap_err().exit_code(), 4);
    assert_eq!(alice.client().address().unwrap(), before);
    relay.restart();
    assert_eq!(alice.client().rotate_identity().unwrap().sequence, 1);
    alice.stored(&bob, "hi");
    assert_eq!(bob.texts(), ["hi"]);
}

#[test]
fn a_first_message_sealed_to_the_old_key_still_opens_and_can_be_answered() {
    let relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    alice.add(&bob);
    bob.add(&alice);
    alice.stored(&bob, "to your old key");
    bob.client().rotate_identity().unwrap();
    assert_eq!(bob.texts(), ["to your old key"]);
    bob.stored(&alice, "got it");
    assert_eq!(alice.texts(), ["got it"]);
    alice.stored(&bob, "good");
    assert_eq!(bob.texts(), ["good"]);
}

#[test]
fn somebody_added_and_never_written_to_is_written_to_under_the_new_key() {
    let relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    alice.add(&bob);
    bob.add(&alice);
    alice.client().rotate_identity().unwrap();
    alice.stored(&bob, "hello");
    // A key that Bob has not seen: a request, until the directory says that the old key signed it.
    assert!(bob.texts().is_empty());
    let label = bob.client().requests().unwrap()[0].label.clone();
    let contact = bob.client().accept(&label, None).unwrap();
    assert_eq!((contact.alias.as_str(), contact.trust), ("alice", Trust::Unverified));
    assert!(bob.client().requests().unwrap().is_empty());
    assert_eq!(bob.texts(), ["hello"]);
    bob.stored(&alice, "hello you");
    assert_eq!(alice.texts(), ["hello you"]);
    alice.stored(&bob, "fine");
    assert_eq!(bob.texts(), ["fine"]);
    assert_eq!(bob.client().contacts().unwrap().len(), 1);
}

#[test]
fn what_needs_the_doorstep_after_a_rotation_waits_for_the_answer() {
    let relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    alice.add(&bob);
    alice.stored(&bob, "one");
    alice.client().rotate_identity().unwrap();
    assert!(matches!(alice.send(&bob, "two").state, SentState::Queued(_)));
    bob.client().collect().unwrap();
    // The request came under a key that was replaced since: what Bob writes goes to the present one only.
    bob.client().accept("alice", None).unwrap();
    assert!(!bob.client().contact("alice").unwrap().connected);
    assert_eq!(bob.texts(), ["one"]);
    bob.stored(&alice, "who else has your old key?");
    assert_eq!(alice.texts(), ["who else has your old key?"]);
    assert_eq!(bob.texts(), ["two"]);
    bob.stored(&alice, "three");
    assert_eq!(alice.texts(), ["three"]);
}

#[test]
fn adding_somebody_again_follows_a_key_that_the_old_one_signed() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let rotated = alice.client().rotate_identity().unwrap();
    let again = bob.add(&alice);
    assert_eq!((again.alias.as_str(), &again.address), ("alice", &rotated.address));
    assert_eq!(bob.client().contacts().unwrap().len(), 1);
    assert_eq!(key_changes(&bob.client().log("alice", None).unwrap()), 1);
    bob.stored(&alice, "still you");
    assert_eq!(alice.texts(), ["still you"]);
}

#[test]
fn a_new_key_whose_bundle_is_still_to_come_is_no_alarm() {
    let relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    bob.add(&alice);
    assert!(alice.client_that_dies(FailPoint::RotatedNotPublished).rotate_identity().is_err());
    let error = bob.client().send("alice", "hello", &SendOptions::default()).unwrap_err();
    assert!(matches!(error, ClientError::NoBundle { .. }), "{error:?}");
    assert!(alice.texts().is_empty());
    assert_eq!(bob.client().flush().unwrap(), 1, "it was kept, and leaves once there is a bundle");
    alice.client().collect().unwrap();
    assert_eq!(alice.client().requests().unwrap()[0].texts, ["hello"]);
}

/// Bob began anew under his new key before he saw what Alice had sent to the old one, then answered that.
#[test]
fn a_request_of_the_new_key_does_not_undo_the_conversation_that_goes_on() {
    let relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    alice.add(&bob);
    bob.add(&alice);
    alice.stored(&bob, "to your old key");
    bob.client().rotate_identity().unwrap();
    let busy = std::fs::File::create(bob.profile().dir().join("collector.lock")).unwrap();
    busy.lock().unwrap();
    bob.stored(&alice, "under my new key");
    drop(busy);
    assert_eq!(bob.texts(), ["to your old key"]);
    bob.stored(&alice, "in our conversation");
    let mut came = alice.texts();
    // Her client may have followed the new key by itself meanwhile; else it is a request.
    if let Some(request) = alice.client().requests().unwrap().first() {
        alice.client().accept(&request.label, Some("bob again")).unwrap();
        came.extend(alice.texts());
    }
    came.sort();
    assert_eq!(came, ["in our conversation", "under my new key"]);
    alice.stored(&bob, "one");
    bob.stored(&alice, "two");
    assert_eq!((bob.texts(), alice.texts()), (vec!["one".to_owned()], vec!["two".to_owned()]));
}

/// Alice changes her key, begins anew under it, writes, and changes it again before Bob looks.
fn changes_twice(alice: &common::Person) {
    alice.client().rotate_identity().unwrap();
    alice.client().renew().unwrap();
    alice.client().send("bob", "between two keys", &SendOptions::default()).unwrap();
    alice.client().rotate_identity().unwrap();
}

#[test]
fn a_request_that_a_contact_wrote_under_the_present_key_is_not_declined() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.client().rotate_identity().unwrap();
    alice.client().renew().unwrap();
    alice.client().send("bob", "under the new key", &SendOptions::default()).unwrap();
    bob.client().collect().unwrap();
    let label = bob.client().requests().unwrap().remove(0).label;
    let declined = bob.client().decline(&label).unwrap();
    assert!(matches!(&declined, Declined::WasContact(contact) if contact.alias == "alice"), "{declined:?}");
    assert_eq!(bob.texts(), ["under the new key"]);
    bob.stored(&alice, "one");
    assert_eq!(alice.texts(), ["one"]);
    alice.stored(&bob, "two");
    assert_eq!(bob.texts(), ["two"]);
}

#[test]
fn whoever_is_blocked_stays_so_under_another_key() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    bob.client().set_blocked("alice", true).unwrap();
    changes_twice(&alice);
    bob.client().collect().unwrap();
    assert!(bob.client().requests().unwrap().is_empty());
    assert!(bob.texts().is_empty());
}

#[test]
fn whoever_was_written_to_by_a_stranger_in_a_contacts_name_looks_before_the_next_message() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.client().rotate_identity().unwrap();
    alice.client().renew().unwrap();
    alice.client().send("bob", "under the new key", &SendOptions::default()).unwrap();
    bob.client().collect().unwrap();
    assert_eq!(bob.client().requests().unwrap().len(), 1);
    bob.client().send("alice", "one", &SendOptions::default()).unwrap();
    assert!(bob.client().requests().unwrap().is_empty(), "the key was followed, and what it wrote is hers");
    assert_eq!(bob.texts(), ["under the new key"]);
    assert_eq!(alice.texts(), ["one"]);
}
