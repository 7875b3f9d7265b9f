//! First contact: a HELLO at the doorstep of somebody absent, and what becomes of it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::*;
use e2ee::{
    Account, BundleError, Conversation, DoorstepOpened, Kind, OpenError, Outgoing, SealError, verify_bundle,
};
use wire::{Day, EnvelopeSize, IdentityFingerprint, UnixSeconds};

#[test]
fn alice_writes_to_absent_bob_and_he_answers() {
    let (mut alice, mut bob) = Person::pair();
    let envelope = alice.hello(&bob, "do you remember me?");
    assert_eq!(envelope.size(), EnvelopeSize::Medium);

    let hello = bob.answer_door(&envelope);
    assert_eq!(hello.from, alice.me);
    assert_eq!(text_of(&hello.opened.content), "do you remember me?");
    assert_eq!(hello.intro.reply.inbox, alice.inbox);
    assert_eq!(hello.intro.reply.stamps.len(), 32);
    assert_eq!(hello.intro.record.name.as_str(), "alice");

    let accept = bob.accept(&alice);
    let content = alice.read(&bob, &accept);
    let Kind::Accept(reply) = &content.kind else { panic!("not an ACCEPT") };
    assert_eq!((reply.inbox, reply.stamps.len()), (bob.inbox, 256));
    assert!(alice.conversation(&bob).can_use_inbox(TODAY));
    assert!(alice.conversation(&bob).hello_reply().is_none());

    let letter = alice.say(&bob, "then let us talk");
    assert_eq!(text_of(&bob.read(&alice, &letter)), "then let us talk");
}

#[test]
fn hellos_before_an_answer_share_session_stamps_and_offer() {
    let (mut alice, mut bob) = Person::pair();
    let first = alice.hello(&bob, "one");
    let second = alice.hello(&bob, "two");
    let third = alice.hello(&bob, "three");
    let one = bob.answer_door(&first);
    let three = bob.answer_door(&third);
    assert_eq!(three.opened.gaps, [2..=2]);
    let two = bob.answer_door(&second);
    for later in [&two, &three] {
        assert_eq!(one.intro.reply, later.intro.reply);
        assert_eq!(one.opened.content.offer, later.opened.content.offer);
        assert!(!later.opened.new_stream);
    }
    assert_eq!(one.opened.content.offer.as_ref().unwrap().n, 1);
    let sessions = [&one, &two, &three].map(|hello| hello.opened.conversation.sending_session());
    assert!(sessions.iter().all(|session| session.is_some() && *session == sessions[0]));
    assert_eq!(two.opened.conversation.seen().unwrap().through, 3);
}

#[test]
fn a_replayed_hello_makes_no_session() {
    let (mut alice, mut bob) = Person::pair();
    let envelope = alice.hello(&bob, "once");
    bob.answer_door(&envelope);
    // The session still lives: its ratchet refuses the message.
    assert_eq!(bob.try_doorstep(&envelope).unwrap_err(), OpenError::Olm);
    // Four newer sessions push it out: its id is remembered, though the fallback key would open it again.
    for _ in 0..5 {
        alice.with.clear();
        let another = alice.hello(&bob, "again");
        bob.answer_door(&another);
    }
    assert_eq!(bob.try_doorstep(&envelope).unwrap_err(), OpenError::SeenSession);
}

#[test]
fn a_hello_for_somebody_else_is_refused() {
    let (mut alice, bob) = Person::pair();
    let envelope = alice.hello(&bob, "for bob");
    let mut carol = Person::new("carol", 3);
    assert_eq!(carol.try_doorstep(&envelope).unwrap_err(), OpenError::UnknownPrekey);
    // Even with Bob's account, another fingerprint or another doorstep does not open it.
    carol.account = Account::restore(&bob.account.snapshot()).unwrap();
    assert_eq!(carol.try_doorstep(&envelope).unwrap_err(), OpenError::DoesNotOpen);
    carol.me = bob.me;
    assert_eq!(carol.try_doorstep(&envelope).unwrap_err(), OpenError::DoesNotOpen);
    carol.doorstep = bob.doorstep;
    assert!(matches!(carol.try_doorstep(&envelope), Ok(DoorstepOpened::Hello(_))));
}

#[test]
fn an_introduction_that_is_not_mine_is_not_sealed() {
    let (alice, bob) = Person::pair();
    let carol = Person::new("carol", 3);
    let seal = |intro: &e2ee::HelloIntro| {
        Conversation::new(alice.me, bob.me)
            .seal_hello(&alice.account, &bob.verified(), intro, &text_message("x"), START, &mut rng())
            .err()
    };
    assert_eq!(seal(&carol.intro()), Some(SealError::OtherIdentity));
    let mut mixed = alice.intro();
    mixed.bundle = carol.bundle();
    assert_eq!(seal(&mixed), Some(SealError::OtherIdentity));
    assert_eq!(seal(&alice.intro()), None);
}

#[test]
fn a_hello_with_forged_parts_is_refused() {
    let (alice, bob) = Person::pair();
    let open = |intro: &e2ee::HelloIntro| {
        let conversation = Conversation::new(alice.me, bob.me);
        let sealed = conversation
            .seal_hello(&alice.account, &bob.verified(), intro, &text_message("x"), START, &mut rng())
            .unwrap();
        bob.try_doorstep(&sealed.envelope).unwrap_err()
    };
    let mut record = alice.intro();
    record.record.seq = 1;
    assert_eq!(open(&record), OpenError::BadRecord);
    let mut signature = alice.intro();
    signature.sig_new.0[3000] ^= 1;
    assert_eq!(open(&signature), OpenError::BadRecord);
    let mut bundle = alice.intro();
    bundle.bundle.body.counter += 1;
    assert_eq!(open(&bundle), OpenError::BadBundle(BundleError::BadSignature));
}

#[test]
fn simultaneous_hellos_converge_on_one_session() {
    let (mut alice, mut bob) = Person::pair();
    let from_alice = alice.hello(&bob, "hello bob");
    let from_bob = bob.hello(&alice, "hello alice");
    alice.answer_door(&from_bob);
    bob.answer_door(&from_alice);
    let (accept_a, accept_b) = (alice.accept(&bob), bob.accept(&alice));
    alice.read(&bob, &accept_b);
    bob.read(&alice, &accept_a);
    for turn in 0..3 {
        let letter = alice.say(&bob, &format!("a{turn}"));
        bob.read(&alice, &letter);
        let letter = bob.say(&alice, &format!("b{turn}"));
        alice.read(&bob, &letter);
        let (one, other) = (alice.conversation(&bob), bob.conversation(&alice));
        assert_eq!(one.sending_session(), other.sending_session());
    }
}

#[test]
fn sixteen_hellos_are_the_most_and_a_repeat_is_none() {
    let (mut alice, bob) = Person::pair();
    let message = text_message("first");
    let sealed = alice.seal_hello(&bob, &message).unwrap();
    alice.commit(sealed.conversation);
    for _ in 1..16 {
        alice.hello(&bob, "more");
    }
    assert_eq!(alice.conversation(&bob).hellos_left(alice.now), 0);
    assert_eq!(alice.seal_hello(&bob, &text_message("x")).unwrap_err(), SealError::TooManyHellos);
    let again = Outgoing::again(message.message_id, message.kind, sealed.placed);
    assert_eq!(alice.seal_hello(&bob, &again).unwrap().placed, sealed.placed);
}

#[test]
fn after_fourteen_days_a_hello_begins_a_new_session_with_the_same_number() {
    let (mut alice, mut bob) = Person::pair();
    let message = text_message("anybody?");
    let first = alice.seal_hello(&bob, &message).unwrap();
    alice.commit(first.conversation.clone());
    alice.now = UnixSeconds(START.0 + 14 * 86_400);
    bob.now = alice.now;
    let again = Outgoing::again(message.message_id, message.kind, first.placed);
    let second = alice.seal_hello(&bob, &again).unwrap();
    assert_eq!((second.placed, second.message_id), (first.placed, first.message_id));
    assert!(!bob.answer_door(&first.envelope).opened.repeat);
    let later = bob.answer_door(&second.envelope);
    assert!(later.opened.repeat && !later.opened.new_stream);
}

/// What was sealed for the account of before is lost; what is sealed once the new bundle shows is not.
#[test]
fn a_hello_to_whose_recipient_another_account_belongs_by_now_begins_a_new_session() {
    let (mut alice, mut bob) = Person::pair();
    for _ in 0..16 {
        alice.hello(&bob, "anybody?");
    }
    let state = alice.conversation(&bob);
    assert_eq!(state.noting(&bob.verified()).unwrap().hellos_left(alice.now), 0, "the same account");
    bob.restored();
    assert_eq!(state.noting(&bob.verified()).unwrap().hellos_left(alice.now), 16);
    let hello = alice.hello(&bob, "and now?");
    let opened = bob.answer_door(&hello).opened;
    assert_eq!((text_of(&opened.content), opened.gaps), ("and now?", vec![1..=16]));
    assert_eq!(alice.conversation(&bob).hellos_left(alice.now), 15, "counted anew");
    let letter = bob.accept(&alice);
    alice.read(&bob, &letter);
    let letter = alice.say(&bob, "at last");
    assert_eq!(text_of(&bob.read(&alice, &letter)), "at last");
}

#[test]
fn a_restored_correspondent_replaces_stream_offers_and_session() {
    let (mut alice, mut bob) = acquainted();
    for _ in 0..4 {
        let letter = bob.say(&alice, "before");
        alice.read(&bob, &letter);
        let letter = alice.say(&bob, "before");
        bob.read(&alice, &letter);
    }
    let before = alice.conversation(&bob);
    assert!(before.their_offer().unwrap() > 1);
    bob.restored();
    let hello = bob.hello(&alice, "I lost my vault");
    let opened = alice.answer_door(&hello).opened;
    assert!(opened.new_stream);
    assert_eq!(alice.conversation(&bob).their_offer(), Some(1));
    assert_ne!(alice.conversation(&bob).sending_session(), before.sending_session());
    let letter = alice.say(&bob, "welcome back");
    assert_eq!(text_of(&bob.read(&alice, &letter)), "welcome back");
    let letter = bob.say(&alice, "thank you");
    assert_eq!(text_of(&alice.read(&bob, &letter)), "thank you");
}

#[test]
fn a_hello_from_before_a_restore_that_comes_late_replaces_nothing() {
    let (mut alice, mut bob) = Person::pair();
    let late = bob.hello(&alice, "sent before the loss");
    bob.restored();
    let new = bob.hello(&alice, "after the loss");
    alice.answer_door(&new);
    let session = alice.conversation(&bob).sending_session();
    let opened = alice.answer_door(&late).opened;
    assert!(!opened.new_stream);
    assert_eq!(text_of(&opened.content), "sent before the loss");
    assert_eq!(alice.conversation(&bob).sending_session(), session);
    let letter = alice.say(&bob, "to the new vault");
    assert_eq!(text_of(&bob.read(&alice, &letter)), "to the new vault");
}

#[test]
fn a_bundle_is_checked_before_anything_is_sealed_to_it() {
    let (alice, bob) = Person::pair();
    let (bundle, identity) = (bob.bundle(), bob.identity.public());
    let check = |bundle: &_, today| verify_bundle(bundle, &identity, today).err();
    assert_eq!(check(&bundle, TODAY), None);
    assert_eq!(check(&bundle, Day(TODAY.0 + 90)), None);
    assert_eq!(check(&bundle, Day(TODAY.0 + 91)), Some(BundleError::Expired));
    assert_eq!(check(&bundle, Day(TODAY.0 - 2)), Some(BundleError::BadDates));
    let other = verify_bundle(&bundle, &alice.identity.public(), TODAY);
    assert_eq!(other.unwrap_err(), BundleError::OtherIdentity);
    let mut forged = bundle.clone();
    forged.body.doorstep = alice.doorstep;
    assert_eq!(check(&forged, TODAY), Some(BundleError::BadSignature));
}

#[test]
fn a_bundle_of_a_former_vault_or_a_foreign_one_is_refused() {
    let (mut alice, mut bob) = Person::pair();
    bob.counter = 7;
    alice.hello(&bob, "x");
    bob.restored();
    bob.counter = 6;
    assert_eq!(alice.seal_hello(&bob, &text_message("y")).unwrap_err(), SealError::OldBundle);
    let mut carol = Person::new("carol", 3);
    carol.me = bob.me;
    assert_eq!(alice.seal_hello(&carol, &text_message("y")).unwrap_err(), SealError::OtherIdentity);
}

/// A HELLO introduces its sender by the newest bundle; the directory shows it from the next midnight on.
#[test]
fn until_midnight_the_directory_may_know_less_than_a_hello() {
    let (mut alice, mut bob) = Person::pair();
    bob.counter = 2;
    let hello = bob.hello(&alice, "my next bundle is inside");
    alice.answer_door(&hello);
    bob.counter = 1;
    let message = text_message("and this is the one I fetched");
    let conversation = alice.conversation(&bob);
    let sealed =
        conversation.seal_session_form(&bob.verified(), &message, &[], alice.now, &mut rng()).unwrap();
    assert!(matches!(bob.try_doorstep(&sealed.envelope), Ok(DoorstepOpened::Session { .. })));
}

#[test]
fn superseded_prekeys_open_first_flights_for_seventeen_days() {
    let (mut alice, mut bob) = Person::pair();
    let envelope = alice.hello(&bob, "slow post");
    let day = |days: u16| Day(TODAY.0 + days);
    assert!(bob.account.prekey_due(day(7)) && !bob.account.prekey_due(day(6)));
    assert!(bob.account.fallback_due(day(28)) && !bob.account.fallback_due(day(27)));
    bob.account = bob.account.rotate_prekey(&mut rng(), day(7)).rotate_fallback(day(7));
    bob.account = bob.account.swept(day(60));
    assert!(bob.try_doorstep(&envelope).is_ok(), "the clock starts only when the successor is published");
    bob.account = bob.account.published(day(7)).swept(day(23));
    assert!(bob.try_doorstep(&envelope).is_ok());
    bob.account = bob.account.swept(day(24));
    assert_eq!(bob.try_doorstep(&envelope).unwrap_err(), OpenError::UnknownPrekey);
}

/// F08: what was noted under a clock a month ahead would keep keys for a month beyond their time.
#[test]
fn keys_of_a_day_that_has_not_come_keep_their_pace() {
    let (mut alice, mut bob) = Person::pair();
    let envelope = alice.hello(&bob, "slow post");
    let day = |days: u16| Day(TODAY.0 + days);
    let ahead = bob.account.rotate_prekey(&mut rng(), day(30)).rotate_fallback(day(30)).published(day(30));
    assert!(ahead.is_ahead(TODAY) && !bob.account.is_ahead(TODAY));
    assert!(!ahead.prekey_due(day(8)), "three weeks too long");
    let right = ahead.put_right(TODAY);
    assert!(!right.is_ahead(TODAY));
    assert!(right.prekey_due(day(7)) && !right.prekey_due(day(6)));
    bob.account = right.swept(day(16));
    assert!(bob.try_doorstep(&envelope).is_ok());
    bob.account = right.swept(day(17));
    assert_eq!(bob.try_doorstep(&envelope).unwrap_err(), OpenError::UnknownPrekey);
    assert!(bob.account.fallback_due(day(28)) && !bob.account.fallback_due(day(27)));
    // A right clock changes nothing.
    assert_eq!(right.put_right(day(5)).snapshot().as_slice(), right.snapshot().as_slice());
}

#[test]
fn the_session_form_reaches_the_doorstep_without_stamps() {
    let (mut alice, mut bob) = acquainted();
    let letter = alice.say(&bob, "one");
    bob.read(&alice, &letter);
    let conversation = alice.conversation(&bob);
    let sealed = conversation
        .seal_session_form(&bob.verified(), &text_message("no stamps left"), &[], alice.now, &mut rng())
        .unwrap();
    alice.commit(sealed.conversation);
    assert_eq!(sealed.envelope.size(), EnvelopeSize::Medium);
    let Ok(DoorstepOpened::Session { from, opened }) = bob.try_doorstep(&sealed.envelope) else {
        panic!("not a session form")
    };
    assert_eq!(from, alice.me);
    assert_eq!(text_of(&opened.content), "no stamps left");
    let carol = Person::new("carol", 3);
    let nobody = |_: &IdentityFingerprint| None;
    let opened = e2ee::open_doorstep(&bob.account, &bob.me, &sealed.envelope, bob.doorstep, nobody, bob.now);
    assert_eq!(opened.unwrap_err(), OpenError::UnknownSender);
    assert!(carol.try_doorstep(&sealed.envelope).is_err());
}
