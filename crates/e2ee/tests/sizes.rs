//! The largest HELLO fits the doorstep, and the safety number is the same for both.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::*;
use e2ee::{Language, SafetyNumber, SealError, Side};
use wire::limits::HOST_BYTES_MAX;
use wire::{EnvelopeSize, Name, ServerId};

const LONGEST_NAME: &str = "a23456789-123456789-123456789-12";

#[test]
fn the_largest_hello_fits_and_one_byte_more_is_told() {
    let (mut alice, mut bob) = Person::pair();
    alice.name = LONGEST_NAME;
    let label = "h".repeat(62);
    alice.host = [label.as_str(); 4].join(".") + ".x";
    assert_eq!(alice.host.len(), HOST_BYTES_MAX);
    for _ in 0..3 {
        let greeting = "g".repeat(1_024);
        let hello = alice.hello(&bob, &greeting);
        assert_eq!(hello.size(), EnvelopeSize::Medium);
        let opened = bob.answer_door(&hello);
        assert_eq!(text_of(&opened.opened.content), greeting);
        assert_eq!(opened.intro.reply.at.host(), alice.host);
        assert_eq!(opened.intro.reply.stamps.len(), 32);
    }
    let too_long = alice.seal_hello(&bob, &text_message(&"g".repeat(1_025)));
    assert_eq!(too_long.unwrap_err(), SealError::TooLong { bytes: 1_025, most: 1_024 });
}

#[test]
fn both_see_the_same_safety_number() {
    let (alice, bob) = Person::pair();
    let names = (Name::parse("alice").unwrap(), Name::parse("bob").unwrap());
    let server_id = ServerId([9; 32]);
    let a = Side { fingerprint: alice.me, name: &names.0, server_id };
    let b = Side { fingerprint: bob.me, name: &names.1, server_id };
    let number = SafetyNumber::between(&a, &b);
    assert_eq!(number, SafetyNumber::between(&b, &a));
    assert_eq!(number.digits().len(), 71);
    assert!(number.digits().split(' ').all(|group| group.len() == 5));
    for language in Language::ALL {
        assert!(number.words(language).iter().all(|word| !word.is_empty()));
    }
    let other = Side { fingerprint: alice.me, name: &names.1, server_id };
    assert_ne!(number, SafetyNumber::between(&a, &other));
}
