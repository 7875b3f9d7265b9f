//! What was changed on the way, or comes from another, does not open and changes nothing.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::*;
use e2ee::OpenError;
use wire::{DepositId, Envelope};

fn with_flipped_bit(envelope: &Envelope, at: usize) -> Envelope {
    let mut bytes = envelope.as_bytes().to_vec();
    bytes[at] ^= 1 << (at % 8);
    Envelope::new(bytes.into()).unwrap()
}

/// Every byte of the header and around each seam, and a sample of the rest.
fn places(len: usize) -> impl Iterator<Item = usize> {
    (0..len).filter(move |at| *at < 14 || at % 61 == 0 || (1_110..1_150).contains(at) || *at >= len - 20)
}

#[test]
fn a_changed_byte_anywhere_closes_an_inbox_envelope_and_changes_nothing() {
    let (mut alice, mut bob) = acquainted();
    let letter = alice.say(&bob, "as it was written");
    let before = (bob.conversation(&alice).snapshot(), bob.account.snapshot());
    for at in places(letter.as_bytes().len()) {
        assert!(bob.try_read(&alice, &with_flipped_bit(&letter, at)).is_err(), "byte {at}");
    }
    assert_eq!((bob.conversation(&alice).snapshot(), bob.account.snapshot()), before);
    assert_eq!(text_of(&bob.read(&alice, &letter)), "as it was written");
}

#[test]
fn a_changed_byte_anywhere_closes_a_hello_and_changes_nothing() {
    let (mut alice, mut bob) = Person::pair();
    let hello = alice.hello(&bob, "as it was written");
    let before = bob.account.snapshot();
    for at in places(hello.as_bytes().len()) {
        assert!(bob.try_doorstep(&with_flipped_bit(&hello, at)).is_err(), "byte {at}");
    }
    assert_eq!(bob.account.snapshot(), before);
    assert_eq!(text_of(&bob.answer_door(&hello).opened.content), "as it was written");
}

#[test]
fn an_envelope_moved_to_another_mailbox_stays_closed() {
    let (mut alice, bob) = acquainted();
    let letter = alice.say(&bob, "for the inbox");
    let elsewhere = DepositId([77; 16]);
    let opened = bob.conversation(&alice).open(&bob.account, &letter, elsewhere, bob.now);
    assert_eq!(opened.unwrap_err(), OpenError::NoKey);
    assert_eq!(bob.try_doorstep(&letter).unwrap_err(), OpenError::Form);
}

#[test]
fn a_letter_opens_only_in_the_conversation_with_its_sender() {
    let (mut alice, mut bob) = acquainted();
    let mut carol = Person::new("carol", 3);
    let hello = carol.hello(&bob, "me too");
    bob.answer_door(&hello);
    let accept = bob.accept(&carol);
    carol.read(&bob, &accept);
    let letter = alice.say(&bob, "from alice");
    assert_eq!(bob.try_read(&carol, &letter).unwrap_err(), OpenError::NoKey);
    let letter_of_carol = carol.say(&bob, "from carol");
    assert_eq!(bob.try_read(&alice, &letter_of_carol).unwrap_err(), OpenError::NoKey);
    assert_eq!(text_of(&bob.read(&alice, &letter)), "from alice");
    assert_eq!(text_of(&bob.read(&carol, &letter_of_carol)), "from carol");
}

#[test]
fn an_envelope_cut_to_another_size_stays_closed() {
    let (mut alice, bob) = acquainted();
    let long = alice.say(&bob, &"z".repeat(5_000));
    let cut = Envelope::new(long.bytes().slice(..4_096)).unwrap();
    assert_eq!(bob.try_read(&alice, &cut).unwrap_err(), OpenError::NoKey);
}
