//! The public log of keys as a client takes it: what it stops, what it does not, and what is said of it (`spec/ledger.md`).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use client::{FailPoint, LogStanding};
use common::{Person, Relay};

/// How it stands with the log of one's own server.
fn mine(person: &Person) -> LogStanding {
    person.client().sync_logs().unwrap().remove(0)
}

#[test]
fn a_leaf_that_is_not_where_the_server_said_is_told() {
    let relay = Relay::start();
    let alice = relay.person("alice");
    alice.change_vault("UPDATE me SET leaf_index = leaf_index + 1000");
    let place = mine(&alice).not_mine.expect("it is not there");
    alice.change_vault("UPDATE me SET leaf_index = leaf_index - 1000");
    assert!(place >= 1000);
    assert_eq!(mine(&alice).not_mine, None);
}

/// However high the index that the server told.
#[test]
fn a_key_that_i_did_not_make_is_told_whatever_the_index_of_mine() {
    let relay = Relay::start();
    let alice = relay.person("alice");
    assert_eq!(mine(&alice).not_mine, None);
    alice.change_vault("UPDATE me SET leaf_index = 9223372036854775807");
    alice.twin().client().rotate_identity().unwrap();
    assert!(mine(&alice).not_mine.is_some());
}

#[test]
fn a_change_under_way_hides_no_other() {
    let relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    let thief = alice.twin();
    assert!(alice.client_that_dies(FailPoint::RotationBegun).rotate_identity().is_err());
    assert_eq!(mine(&alice).not_mine, None);
    thief.client().rotate_identity().unwrap();
    assert!(mine(&alice).not_mine.is_some(), "the thief's is not the one that is under way");
    // One whose answer was lost is one's own.
    assert!(bob.client_that_dies(FailPoint::ReplacedNotNoted).rotate_identity().is_err());
    assert_eq!(mine(&bob).not_mine, None);
    bob.client().rotate_identity().unwrap();
    assert_eq!(mine(&bob).not_mine, None);
}

#[test]
fn a_relay_that_went_back_openly_brings_back_my_own_former_key_and_no_alarm() {
    let mut relay = Relay::start();
    let before = relay.backup();
    let alice = relay.person("alice");
    let joined = relay.backup();
    alice.client().rotate_identity().unwrap();
    assert_eq!(mine(&alice).not_mine, None);
    relay.restore(&joined);
    assert_eq!(mine(&alice).not_mine, None, "the newest leaf is a former one of mine");
    relay.restore(&before);
    assert_eq!(mine(&alice).not_mine, None, "there is none");
    // Somebody else has the name now, at a lower place than mine had.
    relay.person("alice");
    assert!(mine(&alice).not_mine.is_some());
}

/// Nothing was replayed between the change and the restore.
#[test]
fn a_leaf_that_was_lost_before_anybody_saw_it_is_no_alarm() {
    let mut relay = Relay::start();
    let alice = relay.person("alice");
    assert_eq!(mine(&alice).not_mine, None);
    let joined = relay.backup();
    alice.client().rotate_identity().unwrap();
    relay.restore(&joined);
    assert_eq!(mine(&alice).not_mine, None);
}
