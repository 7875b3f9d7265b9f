//! Giving one's name up: nothing that was stored is lost, and no death in between leaves half of it.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use client::{ClientError, Direction, FailPoint, LogEntry, OutboxState, SendOptions};
use common::{Person, Relay, friends, make_friends};

/// What a person has received from a contact, as the history shows it.
fn received(person: &Person, from: &str) -> Vec<String> {
    let is_theirs = |entry: &LogEntry| entry.direction == Direction::Received;
    let log = person.client().log(from, None).unwrap();
    log.iter()
        .filter(|entry| is_theirs(entry))
        .filter_map(|entry| entry.body.text().map(str::to_owned))
        .collect()
}

#[test]
fn a_release_stopped_at_any_step_is_the_same_release_afterwards() {
    let relay = Relay::start();
    let alice = relay.person("alice");
    let steps = [FailPoint::ReleaseBegun, FailPoint::TombstoneNotNoted, FailPoint::ReleasedNotLeft];
    for (name, step) in ["anna", "anja", "anke"].into_iter().zip(steps) {
        let owner = relay.person(name);
        make_friends(&alice, &owner);
        alice.stored(&owner, "one");
        assert!(owner.client_that_dies(step).release_name().is_err());
        assert_eq!(owner.client().released().unwrap().unwrap().at, None, "{step:?}");
        let refused = owner.client().send("alice", "no", &SendOptions::default()).unwrap_err();
        assert!(matches!(refused, ClientError::ReleaseUnfinished { .. }), "{step:?}: {refused:?}");
        // Whoever looked the owner up just now writes on, until the stamps are void.
        alice.stored(&owner, "two");
        let released = owner.client().release_name().unwrap();
        assert!(released.at.is_some() && released.unsent == 0, "{step:?}: {released:?}");
        assert_eq!(
            received(&owner, "alice")[1..],
            ["one", "two"],
            "{step:?}: nothing that was stored is lost"
        );
        assert_eq!(owner.client().release_name().unwrap(), released, "{step:?}: once");
        assert_eq!(owner.client().collect().unwrap_err().code(), "OUB-E187");
    }
}

#[test]
fn the_stamps_are_void_at_once_and_nobody_new_reaches_the_doorstep() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    bob.client().release_name().unwrap();
    let carol = relay.person("carol");
    let address = bob.client().address().unwrap();
    assert_eq!(carol.client().add(&address, None).unwrap_err().code(), "OUB-E190");
    // Who knows no key of his has only the relay's word, and a relay gives up no name in its owner's place.
    let bare = wire::Address { pins: None, ..address };
    assert_eq!(carol.client().add(&bare, None).unwrap_err().code(), "OUB-E053");
    // What the log of keys shows under the name is no alarm for the former owner, who can still ask.
    let standings = bob.client().sync_logs().unwrap();
    assert!(standings.iter().all(|standing| standing.not_mine.is_none()), "{standings:?}");
    // Her stamps are refused, so she looks, and is told.
    let told = alice.client().send("bob", "still there?", &SendOptions::default()).unwrap_err();
    assert!(matches!(told, ClientError::GivenUp { .. }), "{told:?}");
    let kept = alice.client().outbox().unwrap();
    assert_eq!((kept.len(), kept[0].state), (1, OutboxState::Refused), "{kept:?}");
    assert!(alice.client().contact("bob").unwrap().given_up_at.is_some());
}
