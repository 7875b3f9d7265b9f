//! A conversation of many messages: offers ratchet, order may break, envelopes come twice.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::*;
use e2ee::{Account, Conversation, Kind, MessageId, OpenError, Outgoing, SealError};
use wire::limits::IN_FLIGHT_PER_CONTACT_MAX;
use wire::{Day, Envelope, EnvelopeSize, UnixSeconds};

#[test]
fn every_short_text_of_a_long_conversation_is_one_small_envelope() {
    let (mut alice, mut bob) = acquainted();
    alice.spare = alice.mint(256);
    bob.spare = bob.mint(256);
    let (mut offers_of_alice, mut offers_of_bob) = (Vec::new(), Vec::new());
    for turn in 0..40_usize {
        let text = "é".repeat((turn * 37) % 501);
        for _ in 0..=turn % 3 {
            let envelope = alice.say(&bob, &text);
            assert_eq!(envelope.size(), EnvelopeSize::Small);
            let content = bob.read(&alice, &envelope);
            assert_eq!(text_of(&content), text);
            offers_of_alice.push(content.offer.as_ref().unwrap().n);
        }
        let longest = "x".repeat(1_000);
        let envelope = bob.say(&alice, &longest);
        assert_eq!(envelope.size(), EnvelopeSize::Small);
        let content = alice.read(&bob, &envelope);
        assert_eq!(text_of(&content), longest);
        offers_of_bob.push(content.offer.as_ref().unwrap().n);
        for (one, other) in [(&alice, &bob), (&bob, &alice)] {
            assert!(one.conversation(other).offer_secrets() <= 3);
        }
    }
    assert!(offers_of_alice.is_sorted() && offers_of_bob.is_sorted());
    assert!(*offers_of_alice.last().unwrap() >= 40, "each answer brings the next offer into use");
    assert!(*offers_of_bob.last().unwrap() >= 40);
}

#[test]
fn the_longest_short_text_fits_even_as_a_pre_key_message_with_everything_on_board() {
    let (mut alice, mut bob) = acquainted();
    alice.spare = alice.mint(256);
    let message = text_message(&"y".repeat(1_000));
    for _ in 0..12 {
        let sealed = alice
            .conversation(&bob)
            .seal_fresh_session(
                &alice.account,
                &bob.verified(),
                &message,
                &alice.spare,
                bob.inbox,
                alice.now,
                &mut rng(),
            )
            .unwrap();
        alice.commit(sealed.conversation);
        assert_eq!(sealed.envelope.size(), EnvelopeSize::Small);
        assert!(sealed.stamps_used > 0);
        let opened = bob.try_read(&alice, &sealed.envelope).unwrap();
        assert_eq!(opened.content.stamps.len(), sealed.stamps_used);
        bob.commit(opened.conversation);
    }
}

#[test]
fn an_offer_made_is_used_next_and_its_predecessors_go() {
    let (mut alice, mut bob) = acquainted();
    assert_eq!(alice.conversation(&bob).their_offer(), Some(1));
    // One outstanding offer at a time: what Bob repeats before it is used is the same.
    let first = bob.say(&alice, "a");
    let second = bob.say(&alice, "b");
    let (one, two) = (alice.read(&bob, &first).offer, alice.read(&bob, &second).offer);
    assert_eq!(one, two);
    // Used: the next send makes another.
    let letter = alice.say(&bob, "c");
    bob.read(&alice, &letter);
    let third = bob.say(&alice, "d");
    assert_eq!(alice.read(&bob, &third).offer.unwrap().n, one.unwrap().n + 1);
    let letter = alice.say(&bob, "e");
    bob.read(&alice, &letter);
    assert_eq!(bob.conversation(&alice).offer_secrets(), 2);
    let early = bob.conversation(&alice).drained(bob.now, bob.now);
    assert_eq!(early.offer_secrets(), 2, "a COLLECT begun before the first use proves nothing");
    let drained = bob.conversation(&alice).drained(UnixSeconds(bob.now.0 + 1), UnixSeconds(bob.now.0 + 1));
    assert_eq!(drained.offer_secrets(), 1);
    let swept = bob.conversation(&alice).swept(&bob.account, UnixSeconds(bob.now.0 + 7 * 86_400));
    assert_eq!(swept.offer_secrets(), 1);
}

#[test]
fn an_envelope_under_an_erased_offer_stays_closed() {
    let (mut alice, mut bob) = acquainted();
    let kept_back = alice.say(&bob, "sealed to offer one");
    for _ in 0..2 {
        let letter = alice.say(&bob, "x");
        bob.read(&alice, &letter);
        let letter = bob.say(&alice, "y");
        alice.read(&bob, &letter);
    }
    let letter = alice.say(&bob, "z");
    bob.read(&alice, &letter);
    assert_eq!(bob.try_read(&alice, &kept_back).unwrap_err(), OpenError::NoKey);
}

#[test]
fn thirty_two_envelopes_open_in_any_order() {
    let (mut alice, mut bob) = acquainted();
    let mut envelopes: Vec<(usize, Envelope)> =
        (0..IN_FLIGHT_PER_CONTACT_MAX).map(|at| (at, alice.say(&bob, &at.to_string()))).collect();
    envelopes.reverse();
    envelopes.swap(3, 20);
    let mut gaps = Vec::new();
    for (at, envelope) in &envelopes {
        let opened = bob.try_read(&alice, envelope).unwrap();
        assert_eq!(text_of(&opened.content), at.to_string());
        gaps.extend(opened.gaps);
        bob.commit(opened.conversation);
    }
    assert_eq!(gaps, [2..=32], "number 1 was the HELLO");
    assert_eq!(bob.conversation(&alice).seen().unwrap().through, 33);
}

#[test]
fn an_envelope_delivered_twice_changes_nothing() {
    let (mut alice, mut bob) = acquainted();
    let letter = alice.say(&bob, "once");
    bob.read(&alice, &letter);
    let before = bob.conversation(&alice).snapshot();
    assert_eq!(bob.try_read(&alice, &letter).unwrap_err(), OpenError::Olm);
    assert_eq!(bob.conversation(&alice).snapshot(), before);
    let next = alice.say(&bob, "twice");
    assert_eq!(text_of(&bob.read(&alice, &next)), "twice");
}

#[test]
fn a_snapshot_in_the_middle_changes_nothing() {
    let (mut alice, mut bob) = acquainted();
    for turn in 0..30 {
        let letter = alice.say(&bob, &format!("a{turn}"));
        let lost = alice.say(&bob, "reordered");
        bob.read(&alice, &letter);
        for person in [&mut alice, &mut bob] {
            for conversation in person.with.values_mut() {
                let snapshot = conversation.snapshot();
                *conversation = Conversation::restore(&snapshot).unwrap();
                assert_eq!(conversation.snapshot(), snapshot);
            }
            let snapshot = person.account.snapshot();
            person.account = Account::restore(&snapshot).unwrap();
            assert_eq!(person.account.snapshot(), snapshot);
        }
        bob.read(&alice, &lost);
        let letter = bob.say(&alice, &format!("b{turn}"));
        assert_eq!(text_of(&alice.read(&bob, &letter)), format!("b{turn}"));
    }
}

#[test]
fn a_damaged_snapshot_is_refused() {
    let (alice, bob) = acquainted();
    let snapshot = alice.conversation(&bob).snapshot();
    for len in (0..snapshot.len()).step_by(13) {
        assert!(Conversation::restore(&snapshot[..len]).is_err());
    }
    let mut newer = snapshot.to_vec();
    newer[0] = 3;
    assert_eq!(Conversation::restore(&newer).err(), Some(e2ee::SnapshotError::Version(3)));
}

#[test]
fn what_was_seen_is_answered() {
    let (mut alice, mut bob) = acquainted();
    let letters = ["a", "b", "c"].map(|text| alice.say(&bob, text));
    bob.read(&alice, &letters[0]);
    bob.read(&alice, &letters[2]);
    let answer = bob.say(&alice, "b is missing");
    alice.read(&bob, &answer);
    assert_eq!(alice.conversation(&bob).answered().unwrap().through, 2);
    bob.read(&alice, &letters[1]);
    let answer = bob.say(&alice, "now all");
    alice.read(&bob, &answer);
    assert_eq!(alice.conversation(&bob).answered().unwrap().through, 4);
}

#[test]
fn nothing_is_sealed_to_an_old_offer_or_to_none() {
    let (mut alice, bob) = acquainted();
    let stranger = Conversation::new(alice.me, bob.me);
    let seal = |conversation: &Conversation, now| {
        conversation.seal(&text_message("x"), &[], bob.inbox, now, &mut rng()).map(|_| ()).unwrap_err()
    };
    assert_eq!(seal(&stranger, alice.now), SealError::NoSession);
    assert!(alice.conversation(&bob).can_use_inbox(Day(TODAY.0 + 59)));
    assert!(!alice.conversation(&bob).can_use_inbox(Day(TODAY.0 + 60)));
    alice.now = UnixSeconds(START.0 + 60 * 86_400);
    assert_eq!(seal(&alice.conversation(&bob), alice.now), SealError::OfferTooOld);
}

#[test]
fn after_long_silence_a_hello_opens_the_conversation_again() {
    let (mut alice, mut bob) = acquainted();
    let letter = alice.say(&bob, "see you");
    bob.read(&alice, &letter);
    alice.now = UnixSeconds(START.0 + 80 * 86_400);
    bob.now = alice.now;
    let hello = alice.hello(&bob, "long time");
    let opened = bob.answer_door(&hello).opened;
    assert!(!opened.new_stream && opened.gaps.is_empty());
    let letter = bob.say(&alice, "indeed");
    assert_eq!(text_of(&alice.read(&bob, &letter)), "indeed");
}

#[test]
fn after_a_thousand_unanswered_messages_a_fresh_session_begins() {
    let (mut alice, mut bob) = acquainted();
    let mut unread = 0;
    while !alice.conversation(&bob).wants_fresh_session(alice.now) {
        alice.say(&bob, "");
        unread += 1;
        assert!(unread <= 1_000);
    }
    let before = alice.conversation(&bob).sending_session();
    let message = text_message("fresh");
    let sealed = alice
        .conversation(&bob)
        .seal_fresh_session(&alice.account, &bob.verified(), &message, &[], bob.inbox, alice.now, &mut rng())
        .unwrap();
    alice.commit(sealed.conversation);
    assert_ne!(alice.conversation(&bob).sending_session(), before);
    assert_eq!(text_of(&bob.read(&alice, &sealed.envelope)), "fresh");
    let answer = bob.say(&alice, "heard");
    alice.read(&bob, &answer);
    assert!(!alice.conversation(&bob).wants_fresh_session(alice.now));
}

#[test]
fn longer_texts_take_larger_envelopes_until_none_is_large_enough() {
    let (mut alice, mut bob) = acquainted();
    for (bytes, size) in
        [(1_000, EnvelopeSize::Small), (10_000, EnvelopeSize::Medium), (60_000, EnvelopeSize::Large)]
    {
        let letter = alice.say(&bob, &"z".repeat(bytes));
        assert_eq!(letter.size(), size);
        assert_eq!(text_of(&bob.read(&alice, &letter)).len(), bytes);
    }
    let too_long = text_message(&"z".repeat(64 * 1024));
    let sealed = alice.conversation(&bob).seal(&too_long, &[], bob.inbox, alice.now, &mut rng());
    assert!(matches!(sealed.unwrap_err(), SealError::TooLong { bytes: 65_536, most } if most > 60_000));
}

#[test]
fn a_refill_brings_its_stamps_in_one_medium_envelope() {
    let (mut alice, mut bob) = acquainted();
    alice.spare = alice.mint(300);
    let refill = alice.write(&bob, Kind::Refill);
    assert_eq!(refill.size(), EnvelopeSize::Medium);
    assert_eq!(bob.read(&alice, &refill).stamps, alice.spare[..256]);
}

#[test]
fn an_unknown_kind_is_kept_as_it_came() {
    let (mut alice, mut bob) = acquainted();
    let kind = Kind::Unknown { kind: 200, body: vec![1, 2, 3] };
    let letter = alice.write(&bob, kind.clone());
    assert_eq!(bob.read(&alice, &letter).kind, kind);
    let disguised = Kind::Unknown { kind: Kind::TEXT, body: vec![] };
    let message = Outgoing::new(MessageId::random(&mut rng()), disguised);
    let sealed = alice.conversation(&bob).seal(&message, &[], bob.inbox, alice.now, &mut rng());
    assert_eq!(sealed.unwrap_err(), SealError::BadKind);
}

#[test]
fn losing_sessions_go_after_ninety_two_silent_days() {
    let (mut alice, mut bob) = Person::pair();
    let hellos = (alice.hello(&bob, "a"), bob.hello(&alice, "b"));
    alice.answer_door(&hellos.1);
    bob.answer_door(&hellos.0);
    let letter = bob.say(&alice, "c");
    alice.read(&bob, &letter);
    let kept = alice.conversation(&bob).sending_session();
    let later = |days: u64| UnixSeconds(alice.now.0 + days * 86_400);
    // A day more than the other side may wait before it seals with the other one.
    let swept = alice.conversation(&bob).swept(&alice.account, later(91));
    assert_eq!(swept.snapshot().len(), alice.conversation(&bob).snapshot().len());
    let swept = alice.conversation(&bob).swept(&alice.account, later(92));
    assert_eq!(swept.sending_session(), kept);
    assert!(swept.snapshot().len() < alice.conversation(&bob).snapshot().len());
}

/// Each prefers the session of the other: what was accepted crossed under way. Then nobody writes for a while.
#[test]
fn after_a_long_silence_each_may_write_with_the_session_that_the_other_does_not_use() {
    for days in [8, 30, 50] {
        let (mut alice, mut bob) = Person::pair();
        let hellos = (alice.hello(&bob, "a"), bob.hello(&alice, "b"));
        alice.answer_door(&hellos.1);
        bob.answer_door(&hellos.0);
        let (accept_a, accept_b) = (alice.accept(&bob), bob.accept(&alice));
        alice.read(&bob, &accept_b);
        bob.read(&alice, &accept_a);
        let (one, other) = (alice.conversation(&bob), bob.conversation(&alice));
        assert_ne!(one.sending_session(), other.sending_session(), "they crossed");
        let now = UnixSeconds(alice.now.0 + days * 86_400);
        (alice.now, bob.now) = (now, now);
        alice.commit(one.swept(&alice.account, now));
        bob.commit(other.swept(&bob.account, now));
        let (from_alice, from_bob) = (alice.say(&bob, "still there?"), bob.say(&alice, "and you?"));
        assert_eq!(text_of(&alice.read(&bob, &from_bob)), "and you?", "after {days} days");
        assert_eq!(text_of(&bob.read(&alice, &from_alice)), "still there?", "after {days} days");
    }
}
