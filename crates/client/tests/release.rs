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

/// What the program sent by itself since: receipts, refills and heads, by contact.
fn sent_by_itself(person: &Person, to: &str) -> [i64; 3] {
    let count = |kind| {
        let whom = format!("SELECT id FROM contact WHERE alias = '{to}'");
        person.number_in_vault(&format!(
            "SELECT count(*) FROM outbox WHERE kind = {kind} AND contact = ({whom}) AND queued_at > 1"
        ))
    };
    [3, 4, 8].map(count)
}

/// All of it is due at once, to one who is there and to one who gave the name up.
#[test]
fn receipts_refills_and_heads_leave_for_nobody_who_gave_the_name_up() {
    let relay = Relay::start();
    let alice = relay.person("alice");
    let (bob, dora) = (relay.person("bob"), relay.person("dora"));
    make_friends(&alice, &bob);
    make_friends(&alice, &dora);
    for friend in [&bob, &dora] {
        alice.client().set_receipts(&friend.name, true).unwrap();
        friend.stored(&alice, "read me");
    }
    bob.client().release_name().unwrap();
    let told = alice.client().send("bob", "still there?", &SendOptions::default()).unwrap_err();
    assert!(matches!(told, ClientError::GivenUp { .. }), "{told:?}");
    alice.change_vault(
        "UPDATE outbox SET queued_at = 1;
         UPDATE contact SET refill_due = 1;
         INSERT OR REPLACE INTO gossip (contact, server_id, slot, log, size, root, head_time, heard_at, replays)
            SELECT contact.id, ledger.server_id, 1, x'01020304', 9, zeroblob(32), 9000000000, 1, 0 FROM contact, ledger;",
    );
    alice.client().sync_logs().unwrap();
    assert_eq!(alice.texts(), ["read me", "read me"]);
    alice.client().flush().unwrap();
    assert_eq!(sent_by_itself(&alice, "dora"), [1, 1, 1], "receipts, refills, heads");
    assert_eq!(sent_by_itself(&alice, "bob"), [0, 0, 0], "receipts, refills, heads");
    dora.client().collect().unwrap();
    assert!(alice.client().outbox().unwrap().iter().all(|entry| entry.state == OutboxState::Refused));
}
