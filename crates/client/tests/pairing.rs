//! What a pairing makes of people who know each other already; codes themselves are tried in `crates/cli`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use client::{CalledOff, ClientError, FailPoint, Language, PairError, Paired, Trust};
use common::{Person, Relay};

/// The card names the key of before; the person compared the present one meanwhile.
#[test]
fn a_card_of_a_former_key_takes_nothing_from_who_was_verified_under_the_present_one() {
    let relay = Relay::start();
    let (ann, ben) = (relay.person("ann"), relay.person("ben"));
    let begun = ben.client().pair(Language::English, None).unwrap();
    let typed = ann.client().pair_with(&begun.code, None).unwrap();
    assert!(ann.client().finish_pairing(typed, Duration::ZERO, None, &|_| {}).unwrap().is_none());
    ann.client().rotate_identity().unwrap();
    ben.add(&ann);
    assert_eq!(ben.verify("ann").trust, Trust::Verified);
    let paired = ben.client().finish_pairing(begun.id, Duration::ZERO, None, &|_| {}).unwrap().unwrap();
    assert_eq!(paired.contact.trust, Trust::Verified);
}

/// One round of moves.
fn finish(client: &client::Client, id: i64) -> Result<Option<Paired>, ClientError> {
    client.finish_pairing(id, Duration::ZERO, None, &|_| {})
}

fn number(code: &str) -> u16 {
    code.split('-').next().unwrap().parse().unwrap()
}

fn knows_nobody(person: &Person) -> bool {
    person.client().collect().unwrap();
    person.client().contacts().unwrap().is_empty() && person.client().pairings().unwrap().is_empty()
}

#[test]
fn a_code_that_was_typed_and_called_off_sends_no_reply() {
    let relay = Relay::start();
    let (ann, ben) = (relay.person("ann"), relay.person("ben"));
    let begun = ben.client().pair(Language::English, None).unwrap();
    ann.client().pair_with(&begun.code, None).unwrap();
    assert_eq!(ann.client().call_off(number(&begun.code)), Ok(CalledOff::Unknown));
    assert_eq!(finish(&ben.client(), begun.id), Ok(None), "nobody replied");
    assert!(knows_nobody(&ann) && ben.client().contacts().unwrap().is_empty());
}

#[test]
fn a_code_that_is_called_off_after_the_reply_left_makes_no_contact_and_says_so() {
    let relay = Relay::start();
    let (ann, ben) = (relay.person("ann"), relay.person("ben"));
    let begun = ben.client().pair(Language::English, None).unwrap();
    let typed = ann.client().pair_with(&begun.code, None).unwrap();
    assert_eq!(finish(&ann.client(), typed), Ok(None));
    assert!(finish(&ben.client(), begun.id).unwrap().is_some());
    assert!(finish(&ann.client_that_dies(FailPoint::PairingDecided), typed).is_err());
    assert_eq!(ann.client().call_off(number(&begun.code)), Ok(CalledOff::PerhapsKnown));
    assert!(knows_nobody(&ann));
}

#[test]
fn who_calls_a_code_off_whose_reply_is_judged_already_makes_no_contact() {
    let relay = Relay::start();
    let begin = |[ann, ben]: [&str; 2], dies_at| {
        let (ann, ben) = (relay.person(ann), relay.person(ben));
        let begun = ben.client().pair(Language::English, None).unwrap();
        let typed = ann.client().pair_with(&begun.code, None).unwrap();
        assert_eq!(finish(&ann.client(), typed), Ok(None));
        assert!(finish(&ben.client_that_dies(dies_at), begun.id).is_err());
        let called_off = ben.client().call_off(number(&begun.code)).unwrap();
        assert!(knows_nobody(&ben));
        (called_off, finish(&ann.client(), typed))
    };
    let (called_off, anns) = begin(["ann", "ben"], FailPoint::PairingDecided);
    assert_eq!((called_off, anns), (CalledOff::Unknown, Err(PairError::OtherWords.into())));
    let (called_off, amys) = begin(["amy", "bea"], FailPoint::PairingSettled);
    assert_eq!(called_off, CalledOff::PerhapsKnown);
    assert!(amys.unwrap().is_some(), "her card was there");
}

#[test]
fn who_is_blocked_is_not_added_and_is_heard_again_after_a_pairing() {
    let relay = Relay::start();
    let (ann, ben) = (relay.person("ann"), relay.person("ben"));
    make_friends_of(&ann, &ben);
    ben.client().set_blocked("ann", true).unwrap();
    let refused = ben.client().add(&ann.client().address().unwrap(), None);
    assert_eq!(refused, Err(ClientError::Blocked { alias: "ann".into() }));
    ann.stored(&ben, "unheard");
    assert!(ben.texts().is_empty());
    let begun = ben.client().pair(Language::English, None).unwrap();
    let typed = ann.client().pair_with(&begun.code, None).unwrap();
    assert_eq!(finish(&ann.client(), typed), Ok(None));
    let paired = finish(&ben.client(), begun.id).unwrap().unwrap();
    assert!(!paired.contact.blocked && paired.contact.trust == Trust::Verified);
    ann.stored(&ben, "heard");
    assert_eq!(ben.texts(), ["heard"]);
}

/// Ann writes first, and Ben accepts.
fn make_friends_of(ann: &Person, ben: &Person) {
    ann.add(ben);
    ann.stored(ben, "hello");
    ben.client().collect().unwrap();
    ben.client().accept("ann", None).unwrap();
    assert_eq!(ben.texts(), ["hello"]);
}
