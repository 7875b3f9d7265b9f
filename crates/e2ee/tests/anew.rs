//! A conversation that begins anew heals what cannot be opened, and loses nothing that is under way.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Person, acquainted, rng, text_of};
use e2ee::{Conversation, Kind, MessageId, Outgoing, Resend, resend::NUMBER_LAST};
use wire::{IdentityFingerprint, UnixSeconds};

/// Begins anew towards the other, and seals the HELLO that asks for what is missing.
fn begin_anew(person: &mut Person, other: &Person) -> wire::Envelope {
    let state = person.conversation(other);
    let kind = state.everything_missing().map_or(Kind::Refill, Kind::Resend);
    person.commit(state.begun_anew(person.me, other.me, person.now));
    let message = Outgoing::new(MessageId::random(&mut rng()), kind);
    let sealed = person.seal_hello(other, &message).unwrap();
    person.commit(sealed.conversation);
    sealed.envelope
}

fn both_still_write(alice: &mut Person, bob: &mut Person) {
    for round in 0..3 {
        let letter = alice.say(bob, &format!("to bob {round}"));
        assert_eq!(text_of(&bob.read(alice, &letter)), format!("to bob {round}"));
        let letter = bob.say(alice, &format!("to alice {round}"));
        assert_eq!(text_of(&alice.read(bob, &letter)), format!("to alice {round}"));
    }
}

/// Bob's vault went back to an old copy: what alice writes now does not open, until he begins anew.
#[test]
fn a_rolled_back_conversation_heals_by_a_hello_of_its_own() {
    let (mut alice, mut bob) = acquainted();
    let letter = alice.say(&bob, "one");
    bob.read(&alice, &letter);
    let old = bob.conversation(&alice);
    for _ in 0..4 {
        let letter = alice.say(&bob, "two");
        bob.read(&alice, &letter);
        let letter = bob.say(&alice, "three");
        alice.read(&bob, &letter);
    }
    bob.commit(old);
    let lost = alice.say(&bob, "lost");
    assert!(bob.try_read(&alice, &lost).is_err());

    let hello = begin_anew(&mut bob, &alice);
    let opened = alice.answer_door(&hello).opened;
    assert!(opened.new_stream);
    let Kind::Resend(resend) = &opened.content.kind else { panic!("no request") };
    assert_eq!(Some(resend.stream()), alice.conversation(&bob).stream());
    assert_eq!(resend.gaps(), [3..=NUMBER_LAST], "the hello and `one` came");
    let accept = alice.accept(&bob);
    bob.read(&alice, &accept);
    both_still_write(&mut alice, &mut bob);
}

#[test]
fn what_is_under_way_when_one_begins_anew_still_opens() {
    let (mut alice, mut bob) = acquainted();
    let under_way = alice.say(&bob, "under way");
    let later = alice.say(&bob, "later");
    let hello = begin_anew(&mut bob, &alice);
    assert_eq!(text_of(&bob.read(&alice, &under_way)), "under way");
    assert!(!bob.conversation(&alice).can_use_inbox(bob.today()), "the hello awaits its answer");
    let snapshot = bob.conversation(&alice).snapshot();
    let restored = Conversation::restore(&snapshot).unwrap();
    assert_eq!(*restored.snapshot(), *snapshot);
    bob.commit(restored);
    alice.answer_door(&hello);
    assert_eq!(text_of(&bob.read(&alice, &later)), "later");
    let accept = alice.accept(&bob);
    bob.read(&alice, &accept);
    both_still_write(&mut alice, &mut bob);
    let drained = bob.conversation(&alice).drained(UnixSeconds(bob.now.0 + 1), UnixSeconds(bob.now.0 + 1));
    assert!(drained.offer_secrets() <= 3, "the series of before is gone");
}

/// A key that is replaced before anything was said anew: the conversation is between the present keys, and what was under
/// way under those of before still opens.
#[test]
fn a_conversation_in_which_nothing_was_said_anew_takes_other_keys() {
    let (mut alice, mut bob) = acquainted();
    let under_way = alice.say(&bob, "under way");
    let other = IdentityFingerprint([9; 32]);
    assert!(bob.conversation(&alice).between(bob.me, other).is_none(), "something was said");
    let anew = bob.conversation(&alice).begun_anew(bob.me, alice.me, bob.now);
    let next = anew.between(bob.me, other).unwrap();
    assert_eq!((next.mine(), next.theirs()), (&bob.me, &other));
    assert_eq!(next.everything_missing(), anew.everything_missing());
    let opened = next.open(&bob.account, &under_way, bob.inbox, bob.now).unwrap();
    assert_eq!(text_of(&opened.content), "under way");
    begin_anew(&mut bob, &alice);
    assert!(bob.conversation(&alice).between(bob.me, other).is_none(), "it awaits its answer");
}

#[test]
fn two_who_begin_anew_at_once_meet_again() {
    let (mut alice, mut bob) = acquainted();
    let (from_alice, from_bob) = (begin_anew(&mut alice, &bob), begin_anew(&mut bob, &alice));
    alice.answer_door(&from_bob);
    bob.answer_door(&from_alice);
    let (accept, other) = (alice.accept(&bob), bob.accept(&alice));
    bob.read(&alice, &accept);
    alice.read(&bob, &other);
    both_still_write(&mut alice, &mut bob);
}

#[test]
fn a_week_after_beginning_anew_nothing_of_before_is_kept() {
    let (mut alice, bob) = acquainted();
    begin_anew(&mut alice, &bob);
    let week = UnixSeconds(alice.now.0 + 7 * 86_400);
    let before = alice.conversation(&bob);
    assert!(before.offer_secrets() > 1);
    assert_eq!(before.swept(&alice.account, week).offer_secrets(), 1);
}

#[test]
fn a_backup_of_a_conversation_knows_what_came_and_no_secret() {
    let (mut alice, mut bob) = acquainted();
    let letter = bob.say(&alice, "kept in mind");
    alice.read(&bob, &letter);
    let state = alice.conversation(&bob);
    let bare = state.without_secrets();
    assert_eq!(bare.seen(), state.seen());
    assert_eq!((bare.offer_secrets(), bare.sending_session(), bare.their_offer()), (0, None, None));
    let request: Resend = bare.everything_missing().unwrap();
    assert!(request.asks_for(3) && !request.asks_for(2));
}
