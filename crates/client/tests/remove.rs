//! Removing a contact: the history goes, nothing old comes back, and whoever writes again asks like a stranger.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use client::{SendOptions, SentState, Trust};
use common::{Person, Relay, friends};

/// The texts of the one request that waits.
fn request(person: &Person) -> Vec<String> {
    person.client().collect().unwrap();
    let mut all = person.client().requests().unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0).texts
}

#[test]
fn whoever_was_removed_is_a_request_again_and_nothing_old_is_shown() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    bob.verify("alice");
    bob.stored(&alice, "my secret");
    assert_eq!(alice.texts(), ["my secret"]);
    bob.client().remove("alice").unwrap();
    assert!(bob.client().contacts().unwrap().is_empty() && bob.client().log("alice", None).is_err());
    let error = bob.client().send("alice", "hi", &SendOptions::default()).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{error:?}");

    // She does not know, and writes on. It is not shown as a message, it is listed.
    alice.stored(&bob, "are you there?");
    alice.stored(&bob, "bob?");
    assert!(bob.texts().is_empty());
    assert_eq!(request(&bob), ["are you there?", "bob?"]);

    let contact = bob.client().accept("alice", Some("alice again")).unwrap();
    assert_eq!((contact.alias.as_str(), contact.trust), ("alice again", Trust::Unverified));
    assert_eq!(bob.texts(), ["are you there?", "bob?"]);
    let log = bob.client().log("alice again", None).unwrap();
    let texts: Vec<_> = log.iter().filter_map(|entry| entry.body.text()).collect();
    assert_eq!(texts, ["are you there?", "bob?"], "what was erased stays erased");
    assert!(alice.texts().is_empty());
    let sent = bob.client().send("alice again", "here I am", &SendOptions::default()).unwrap();
    assert_eq!((sent.state, alice.texts()), (SentState::Stored, vec!["here I am".to_owned()]));
}

/// What somebody said after he was removed, in the log of whoever accepted him again.
fn accepted(person: &Person) -> Vec<String> {
    person.client().accept("alice", None).unwrap();
    let log = person.client().log("alice", None).unwrap();
    log.iter().map(|entry| entry.body.text().unwrap_or("-").to_owned()).collect()
}

#[test]
fn whoever_asks_again_edits_and_takes_back_what_he_said() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.stored(&bob, "kept from before");
    assert_eq!(bob.texts(), ["kept from before"]);
    bob.client().remove("alice").unwrap();
    alice.client().edit("bob", "last", "old words", &SendOptions::default()).unwrap();
    alice.stored(&bob, "at nine");
    alice.client().edit("bob", "last", "at ten", &SendOptions::default()).unwrap();
    assert_eq!(request(&bob), ["at ten"]);
    alice.stored(&bob, "a slip");
    assert_eq!(request(&bob), ["at ten", "a slip"]);
    alice.client().take_back("bob", "last", &SendOptions::default()).unwrap().unwrap();
    assert_eq!(request(&bob), ["at ten"]);
    for words in ["slip", "nine", "old words"] {
        let sql = format!("SELECT count(*) FROM message WHERE instr(body, CAST('{words}' AS BLOB))");
        assert_eq!(bob.number_in_vault(&sql), 0, "{words}");
    }
    assert_eq!(accepted(&bob), ["at ten", "-"]);
}

/// As clients before kept it: they did nothing about it as long as nobody had decided.
#[test]
fn what_a_request_edited_and_took_back_counts_once_it_is_accepted() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    bob.client().remove("alice").unwrap();
    alice.stored(&bob, "at nine");
    assert_eq!(request(&bob), ["at nine"]);
    alice.client().edit("bob", "last", "at ten", &SendOptions::default()).unwrap();
    alice.stored(&bob, "a slip");
    assert_eq!(request(&bob), ["at ten", "a slip"]);
    alice.client().take_back("bob", "last", &SendOptions::default()).unwrap().unwrap();
    assert_eq!(request(&bob), ["at ten"]);
    bob.change_vault(
        "UPDATE message SET body = CAST('at nine' AS BLOB), edited = 0 WHERE edited = 1;
         UPDATE message SET body = CAST('a slip' AS BLOB), gone = 0, handled = 0 WHERE gone = 1 AND kind = 1;",
    );
    assert_eq!(accepted(&bob), ["at ten", "-"]);
    assert_eq!(bob.texts(), ["at ten"]);
}

#[test]
fn what_a_blocked_person_took_back_goes_when_he_is_heard_again() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.stored(&bob, "a slip");
    bob.client().collect().unwrap();
    bob.client().set_blocked("alice", true).unwrap();
    alice.client().take_back("bob", "last", &SendOptions::default()).unwrap().unwrap();
    bob.client().collect().unwrap();
    bob.client().set_blocked("alice", false).unwrap();
    assert!(bob.texts().is_empty());
    let log = bob.client().log("alice", None).unwrap();
    assert!(log.iter().all(|entry| entry.body.text() != Some("a slip")), "{log:?}");
}

#[test]
fn removing_takes_back_what_waits() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let carol = relay.person("carol");
    bob.add(&carol);
    relay.kill();
    assert!(matches!(bob.send(&alice, "too late").state, SentState::Queued(_)));
    assert!(matches!(bob.send(&carol, "for carol").state, SentState::Queued(_)));
    bob.client().remove("alice").unwrap();
    let waiting = bob.client().outbox().unwrap();
    assert_eq!((waiting.len(), waiting[0].to.as_str()), (1, "carol"));
    relay.restart();
    assert_eq!(bob.client().flush().unwrap(), 1);
    assert!(alice.texts().is_empty());
    assert_eq!(request(&carol), ["for carol"]);
    bob.make_refill_due();
    bob.client().flush().unwrap();
    assert!(alice.texts().is_empty() && alice.client().requests().unwrap().is_empty());
}

#[test]
fn adding_a_removed_person_again_goes_on_with_the_conversation() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    bob.client().remove("alice").unwrap();
    let contact = bob.add(&alice);
    assert!(contact.connected && contact.trust == Trust::Unverified, "{contact:?}");
    bob.stored(&alice, "back again");
    assert_eq!(alice.texts(), ["back again"]);
    alice.stored(&bob, "welcome back");
    assert_eq!(bob.texts(), ["welcome back"]);
    assert!(bob.client().requests().unwrap().is_empty());
}

#[test]
fn somebody_who_was_blocked_and_is_removed_stays_out_of_sight() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    bob.client().set_blocked("alice", true).unwrap();
    bob.client().remove("alice").unwrap();
    alice.stored(&bob, "let me in");
    assert!(bob.texts().is_empty() && bob.client().requests().unwrap().is_empty());
    // Only my own step lets her in again.
    assert!(!bob.add(&alice).blocked);
    alice.stored(&bob, "thank you");
    assert_eq!(bob.texts(), ["thank you"]);
}

#[test]
fn what_a_removed_persons_program_sends_by_itself_is_no_request() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    bob.client().remove("alice").unwrap();
    alice.make_refill_due();
    alice.client().flush().unwrap();
    bob.client().collect().unwrap();
    assert!(bob.client().requests().unwrap().is_empty());
    alice.stored(&bob, "a word");
    assert_eq!(request(&bob), ["a word"]);
}
