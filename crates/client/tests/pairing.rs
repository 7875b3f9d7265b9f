//! What a pairing makes of people who know each other already; codes themselves are tried in `crates/cli`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use client::{Language, Trust};
use common::Relay;

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
