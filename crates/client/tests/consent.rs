//! A contact's key that the old one did not sign: nothing leaves before the person has decided (P6, exit 6).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use client::{ClientError, Notice, OutboxState, ReceivedBody, SendOptions, Trust};
use common::{Person, Relay, make_friends};

/// Bob lost everything, and the operator of his server let him take his name again. Alice, whose server is another,
/// had written meanwhile.
///
/// `forget` is how his name became free there.
fn bob_lost_everything(hers: &Relay, his: &mut Relay, forget: impl FnOnce(&mut Relay)) -> (Person, Person) {
    let (alice, lost) = (hers.person("alice"), his.person("bob"));
    make_friends(&alice, &lost);
    alice.stored(&Person::stranger("bob"), "never answered");
    forget(his);
    let bob = his.person("bob");
    let error = alice.client_hours_later(2).send("bob", "held", &SendOptions::default()).unwrap_err();
    assert_eq!(error, ClientError::KeyChanged { alias: "bob".into() });
    assert_eq!(alice.client().contact("bob").unwrap().trust, Trust::Changed);
    let waiting = alice.client().outbox().unwrap();
    assert_eq!((waiting.len(), waiting[0].state), (1, OutboxState::Waiting));
    (alice, bob)
}

fn texts_of_request(bob: &Person) -> Vec<String> {
    bob.client().collect().unwrap();
    bob.client().requests().unwrap().remove(0).texts
}

#[test]
fn what_was_held_and_never_answered_goes_to_the_new_key_after_both_compared() {
    let (hers, mut his) = (Relay::start(), Relay::start());
    let (alice, bob) = bob_lost_everything(&hers, &mut his, Relay::forget_everybody);
    assert_eq!(alice.verify("bob").trust, Trust::Verified);
    let said = alice.client().take_notices().unwrap();
    let warned = said.contains(&Notice::VerifiedNotInLog { contact: "bob".into() });
    assert!(warned, "his relay forgot its log in silence: {said:?}");
    let log = alice.client().log("bob", None).unwrap();
    assert!(log.iter().any(|entry| entry.body == ReceivedBody::KeyChanged { signed: false }));
    assert_eq!(alice.client().flush().unwrap(), 2);
    assert_eq!(texts_of_request(&bob), ["never answered", "held"]);
    bob.client().accept("alice", None).unwrap();
    alice.texts();
    alice.stored(&bob, "and on");
    assert_eq!(bob.texts(), ["never answered", "held", "and on"]);
}

#[test]
fn a_new_key_may_be_taken_unverified_by_decision_only() {
    let (hers, mut his) = (Relay::start(), Relay::start());
    let empty = his.backup();
    let (alice, bob) = bob_lost_everything(&hers, &mut his, |his| his.restore(&empty));
    let refused = alice.client().send("bob", "no", &SendOptions::default()).unwrap_err();
    assert_eq!((refused.exit_code(), refused.code()), (6, "OUB-E061".to_owned()));
    assert_eq!(alice.client().flush().unwrap_err().exit_code(), 6);
    assert_eq!(alice.client().trust_new_key("bob").unwrap().trust, Trust::Unverified);
    alice.client().flush().unwrap();
    assert_eq!(texts_of_request(&bob), ["never answered", "held"]);
}

/// A decision without words counts for a key that everybody can see, and for no other.
#[test]
fn a_new_key_is_not_taken_unverified_from_a_log_that_is_not_the_one_of_before() {
    let (hers, mut his) = (Relay::start(), Relay::start());
    let (alice, _bob) = bob_lost_everything(&hers, &mut his, Relay::forget_everybody);
    let refused = alice.client().trust_new_key("bob").unwrap_err();
    assert_eq!((refused.exit_code(), refused.code()), (6, "OUB-E069".to_owned()));
    assert_eq!(alice.client().contact("bob").unwrap().trust, Trust::Changed);
}

/// The directory says one thing, and the log another.
#[test]
fn a_new_key_is_not_taken_unverified_that_the_log_does_not_have() {
    let (hers, mut his) = (Relay::start(), Relay::start());
    let empty = his.backup();
    let (alice, _bob) = bob_lost_everything(&hers, &mut his, |his| his.restore(&empty));
    // As if its nonce had been made up.
    alice.change_vault("UPDATE contact SET candidate_place = zeroblob(56) WHERE candidate NOT NULL");
    let refused = alice.client().trust_new_key("bob").unwrap_err();
    assert_eq!((refused.exit_code(), refused.code()), (6, "OUB-E182".to_owned()));
    assert_eq!(alice.client().contact("bob").unwrap().trust, Trust::Changed);
}

/// Between showing words and saying yes another key came: the words were for the other one.
#[test]
fn only_the_key_that_was_shown_is_taken() {
    let (hers, mut his) = (Relay::start(), Relay::start());
    let (alice, _bob) = bob_lost_everything(&hers, &mut his, Relay::forget_everybody);
    let shown = alice.client().safety_number("bob", client::Language::English).unwrap();
    his.forget_everybody();
    let _somebody_else = his.person("bob");
    alice.client().safety_number("bob", client::Language::English).unwrap();
    let error = alice.client().mark_verified("bob", &shown).unwrap_err();
    assert_eq!(error, ClientError::KeyChanged { alias: "bob".into() });
    assert_eq!(alice.client().contact("bob").unwrap().trust, Trust::Changed);
}
