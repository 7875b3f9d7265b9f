//! The clocks of an offer, each at its last moment and at its end (`spec/e2ee.md § Offers`).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::*;
use e2ee::{OpenError, SealError};
use wire::{Envelope, UnixSeconds};

const DAY: u64 = 86_400;
/// The last second of a day counts as that day.
const LATE: u64 = DAY - 1;

fn at(days: u64, seconds: u64) -> UnixSeconds {
    UnixSeconds(START.0 + days * DAY + seconds)
}

/// Alice has used Bob's offer, learnt of the next, and used that one at `now`.
fn with_a_previous_offer(now: UnixSeconds) -> (Person, Person, Envelope) {
    let (mut alice, mut bob) = acquainted();
    let letter = alice.say(&bob, "under the first offer");
    bob.read(&alice, &letter);
    let late = alice.say(&bob, "under the first offer too");
    let letter = bob.say(&alice, "the next offer");
    alice.read(&bob, &letter);
    meet(&mut alice, &mut bob, now);
    let letter = alice.say(&bob, "under it");
    bob.read(&alice, &letter);
    assert_eq!(bob.conversation(&alice).offer_secrets(), 2);
    (alice, bob, late)
}

fn meet(alice: &mut Person, bob: &mut Person, now: UnixSeconds) {
    (alice.now, bob.now) = (now, now);
}

#[test]
fn an_unused_offer_is_repeated_for_thirty_days_and_then_followed() {
    let (mut alice, mut bob) = acquainted();
    let mut carried = |now| {
        meet(&mut alice, &mut bob, now);
        let letter = alice.say(&bob, "no answer needed");
        bob.read(&alice, &letter).offer.unwrap().n
    };
    let first = carried(at(0, 0));
    assert_eq!(carried(at(29, LATE)), first);
    assert_eq!(carried(at(30, 0)), first + 1);
    assert_eq!(carried(at(59, LATE)), first + 1);
}

#[test]
fn nothing_is_sealed_to_an_offer_of_sixty_days_and_a_hello_opens_the_conversation_again() {
    let (mut alice, mut bob) = acquainted();
    meet(&mut alice, &mut bob, at(59, LATE));
    assert!(alice.conversation(&bob).can_use_inbox(alice.today()));
    let letter = alice.say(&bob, "on the last day");
    assert_eq!(text_of(&bob.try_read(&alice, &letter).unwrap().content), "on the last day");

    meet(&mut alice, &mut bob, at(60, 0));
    let state = alice.conversation(&bob);
    assert!(!state.can_use_inbox(alice.today()));
    let refused = state.seal(&text_message("too late"), &[], bob.inbox, alice.now, &mut rng());
    assert_eq!(refused.unwrap_err(), SealError::OfferTooOld);
    let stream = state.stream();
    let hello = alice.hello(&bob, "are you still there?");
    assert!(!bob.answer_door(&hello).opened.new_stream);
    assert_eq!(alice.conversation(&bob).stream(), stream);
    let letter = bob.say(&alice, "yes");
    alice.read(&bob, &letter);
    assert!(alice.conversation(&bob).can_use_inbox(alice.today()));
}

/// Sealed on the last day on which it may be, and left by the relay for its thirty days.
#[test]
fn what_waited_its_whole_time_opens_and_after_ninety_two_days_the_secret_is_gone() {
    let (mut alice, mut bob) = acquainted();
    meet(&mut alice, &mut bob, at(59, LATE));
    let letter = alice.say(&bob, "slow post");
    let other = alice.say(&bob, "slower");
    for days in [60, 89, 91] {
        meet(&mut alice, &mut bob, at(days, LATE));
        let swept = bob.conversation(&alice).swept(&bob.account, bob.now);
        bob.commit(swept);
        assert!(bob.try_read(&alice, &letter).is_ok(), "day {days}");
    }
    meet(&mut alice, &mut bob, at(92, 0));
    let swept = bob.conversation(&alice).swept(&bob.account, bob.now);
    assert_eq!(swept.offer_secrets(), 0);
    bob.commit(swept);
    assert_eq!(bob.try_read(&alice, &other).unwrap_err(), OpenError::NoKey);
}

#[test]
fn a_previous_offer_goes_seven_days_after_its_successor_was_used() {
    let (alice, mut bob, late) = with_a_previous_offer(at(0, 0));
    bob.commit(bob.conversation(&alice).swept(&bob.account, UnixSeconds(at(7, 0).0 - 1)));
    assert!(bob.try_read(&alice, &late).is_ok());
    bob.commit(bob.conversation(&alice).swept(&bob.account, at(7, 0)));
    assert_eq!(bob.conversation(&alice).offer_secrets(), 1);
    assert_eq!(bob.try_read(&alice, &late).unwrap_err(), OpenError::NoKey);
}

#[test]
fn only_a_collection_begun_after_the_first_use_erases_the_previous_offer() {
    let (alice, bob, _) = with_a_previous_offer(at(1, 5));
    let held = |began| bob.conversation(&alice).drained(began, began).offer_secrets();
    assert_eq!([at(1, 4), at(1, 5), at(1, 6)].map(held), [2, 2, 1], "not in the same second");
}
