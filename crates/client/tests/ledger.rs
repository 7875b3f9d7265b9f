//! The public log of keys as a client takes it: what it stops, what it does not, and what is said of it (`spec/ledger.md`).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use client::{ClientError, FailPoint, LogStanding, LogState, Notice, NoticeOfLog, SendOptions, SentState};
use common::{Person, Relay, friends};
use ledger::Endorsement;
use rcgen::{KeyPair, PublicKeyData, SigningKey};

/// The relay keeps its log, and nobody may have it: its key is endorsed for a time that is over, and the root key away.
fn withhold_log(relay: &mut Relay) {
    relay.kill();
    let folder = relay.data().join("identity");
    let key = |name: &str| KeyPair::from_pem(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap();
    let (root, public) = (key("root.key"), key("ledger.key").der_bytes().try_into().unwrap());
    let signature = root.sign(&crypto::endorsement_message(&public, 1, 2)).unwrap().try_into().unwrap();
    let over = Endorsement { ledger_key: public, not_before: 1, not_after: 2, signature };
    let text: String = over.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::write(folder.join("ledger.endorsement"), text).unwrap();
    std::fs::remove_file(folder.join("root.key")).unwrap();
    relay.restart();
}

/// How it stands with the log of one's own server.
fn mine(person: &Person) -> LogStanding {
    person.client().sync_logs().unwrap().remove(0)
}

#[test]
fn a_log_that_cannot_be_had_keeps_new_keys_away_and_nobody_who_is_known() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let carol = relay.person("carol");
    withhold_log(&mut relay);
    assert!(alice.client().sync_logs().is_err(), "the log is not shown");
    let sent = alice.client_hours_later(2).send("bob", "still here", &SendOptions::default()).unwrap();
    assert_eq!(sent.state, SentState::Stored);
    assert_eq!(bob.texts(), ["still here"]);
    let refused = alice.client().add(&carol.client().address().unwrap(), None).unwrap_err();
    assert!(matches!(refused.exit_code(), 4 | 5), "{refused:?}");
}

#[test]
fn a_slow_clock_stops_nobody_who_is_known_and_is_told_where_a_key_is_new() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let carol = relay.person("carol").client().address().unwrap();
    alice.change_vault("UPDATE contact SET checked_at = 0");
    let slow = alice.client_hours_ago(30);
    assert_eq!(slow.send("bob", "still here", &SendOptions::default()).unwrap().state, SentState::Stored);
    assert_eq!(bob.texts(), ["still here"]);
    let refused = slow.add(&carol, None).unwrap_err();
    assert!(matches!(refused, ClientError::LogAhead { .. }), "{refused:?}");
    assert_eq!(slow.log_standings().unwrap()[0].state, LogState::Good, "nothing is wrong with the log");
    // Up to a day is what clocks may differ by.
    alice.client_hours_ago(20).add(&carol, None).unwrap();
}

/// For a client whose clock is three days ahead nothing has come for long, which is what it would see of a relay that signs
/// the same leaves again and again.
#[test]
fn a_log_to_which_nothing_is_added_is_said_to_be_silent_once() {
    let relay = Relay::start();
    let alice = relay.person("alice");
    let later = alice.client_hours_later(72);
    assert_eq!(later.sync_logs().unwrap()[0].state, LogState::Silent);
    let said = later.take_notices().unwrap();
    assert!(matches!(said[..], [Notice::OfLog { what: NoticeOfLog::Silent, .. }]), "{said:?}");
    later.sync_logs().unwrap();
    assert!(later.take_notices().unwrap().is_empty(), "said once");
    assert_eq!(mine(&alice).state, LogState::Good);
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

/// Whether a contact is said to have been shown another log.
fn told_of_another(person: &Person) -> bool {
    let said = person.client().take_notices().unwrap();
    said.iter().any(|notice| matches!(notice, Notice::OtherLog { .. }))
}

/// Bob is shown that Carol came, and Alice that nobody did, ever.
fn kept_from_alice() -> (Relay, Person, Person) {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let before = relay.snapshot();
    relay.person("carol");
    bob.client().sync_logs().unwrap();
    relay.roll_back(&before);
    mine(&alice);
    bob.stored(&alice, "hello");
    assert_eq!(alice.texts(), ["hello"]);
    (relay, alice, bob)
}

#[test]
fn a_log_that_a_contact_was_shown_more_of_is_another_one_once_i_had_time_to_see_it_too() {
    let (_relay, alice, _bob) = kept_from_alice();
    mine(&alice);
    assert!(!told_of_another(&alice), "what he has may be on its way");
    alice.client_hours_later(2).sync_logs().unwrap();
    assert!(told_of_another(&alice));
    let sent = alice.client().outbox().unwrap();
    assert!(sent.is_empty(), "no message of hers: {sent:?}");
}

#[test]
fn a_number_that_no_leaf_of_mine_proves_is_that_of_another_log() {
    let (_relay, alice, _bob) = kept_from_alice();
    alice.change_vault("UPDATE gossip SET log = x'01020304'");
    mine(&alice);
    assert!(!told_of_another(&alice));
    alice.client_hours_later(2).sync_logs().unwrap();
    assert!(told_of_another(&alice));
}

#[test]
fn a_relay_that_went_back_openly_raises_no_alarm_among_its_members() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let before = relay.backup();
    for came in ["carol", "dora"] {
        // What Bob is shown is lost: the first time he was of the number before, the second time of one that is gone.
        relay.person(came);
        bob.client().sync_logs().unwrap();
        relay.restore(&before);
        mine(&alice);
        bob.stored(&alice, came);
        assert_eq!(alice.texts(), [came]);
        alice.client_hours_later(2).sync_logs().unwrap();
        assert!(!told_of_another(&alice), "{came}");
        mine(&alice);
    }
}
