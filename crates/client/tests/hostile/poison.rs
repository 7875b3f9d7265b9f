//! A contact who sends what no client of ours would: it is set aside, and everything behind it is shown.

use client::PullOptions;
use vodozemac::olm::{Account, DecryptionError, OlmMessage, SessionConfig};

use crate::{
    evil::Evil,
    olm::{altered, index_of},
    peer::{Peer, random},
};

/// What the library derives at most for one message (`vodozemac`, pinned).
const JUMP_MAX: u64 = 2_000;

/// P04: a counter of 2³² − 1, and every other beyond the limit, is refused; the conversation goes on with the
/// next message as if nothing had come.
#[test]
fn a_jump_of_the_ratchet_is_refused_and_forgotten() {
    let evil = Evil::start();
    let bob = evil.join("bob");
    let mut mallory = Peer::befriended(&evil, "mallory", &bob);
    let honest = mallory.ratchet(b"never delivered as it is");
    let at = index_of(&honest[1..]);
    let jumps = [at + JUMP_MAX + 1, u64::from(u32::MAX), u64::from(u32::MAX) + 1, u64::MAX];
    let fresh = random();
    for (n, index) in jumps.into_iter().enumerate() {
        for ratchet in [None, Some(&fresh)] {
            let olm = [&[1][..], &altered(&honest[1..], ratchet, index)].concat();
            let letter = mallory.letter_around(&olm, 4_096);
            mallory.drop_in(&evil, letter);
        }
        mallory.say(&evil, "and on it goes");
        let (list, summary) = bob.pull_with(&PullOptions::default());
        let texts: Vec<_> = list.iter().map(|message| message.body.text().unwrap()).collect();
        assert_eq!((texts, summary.quarantined), (vec!["and on it goes"], 2), "{n}");
        assert!(summary.unreachable.is_none());
    }
}

/// P04: refused before anything is derived. Work is not measured by the clock: the library compares the gap
/// first, and says so by another error than that of a MAC which it computed and which does not hold.
#[test]
fn a_jump_is_refused_before_a_key_is_derived_for_it() {
    let (alice, mut bob) = (Account::new(), Account::new());
    bob.generate_fallback_key();
    let fallback = bob.fallback_key().into_values().next().unwrap();
    let config = SessionConfig::version_2();
    let mut sending = alice.create_outbound_session(config, bob.curve25519_key(), fallback).unwrap();
    let OlmMessage::PreKey(first) = sending.encrypt("first").unwrap() else { panic!("a pre-key message") };
    let mut receiving = bob.create_inbound_session(config, alice.curve25519_key(), &first).unwrap().session;
    let back = receiving.encrypt("back").unwrap();
    sending.decrypt(&back).unwrap();
    let (_, honest) = sending.encrypt("next").unwrap().to_parts();
    let before = serde_json::to_string(&receiving.pickle()).unwrap();
    let mut open = |index| {
        let forged = OlmMessage::from_parts(1, &altered(&honest, None, index)).unwrap();
        receiving.decrypt(&forged).unwrap_err()
    };
    for index in [JUMP_MAX + 1, u64::from(u32::MAX), u64::MAX] {
        let error = open(index);
        assert!(matches!(error, DecryptionError::TooBigMessageGap(gap, JUMP_MAX) if gap == index), "{error}");
    }
    assert!(matches!(open(JUMP_MAX), DecryptionError::InvalidMAC(_)), "this one was derived");
    assert_eq!(serde_json::to_string(&receiving.pickle()).unwrap(), before);
}
