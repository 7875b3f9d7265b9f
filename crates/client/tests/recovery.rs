//! Conversations survive what happens to vaults and relays: both people end with the complete text (issue 3).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use client::{ClientError, FailPoint, Notice, Pauses, PullOptions, SendOptions, SentState};
use common::{Person, Relay, friends, make_friends};

/// Everybody pulls in turn until nothing new comes, delays over; returns what came, by person.
fn settle(people: [&Person; 2]) -> [Vec<String>; 2] {
    let mut came = [Vec::new(), Vec::new()];
    for _ in 0..6 {
        for (person, list) in people.iter().zip(&mut came) {
            list.extend(person.texts_later());
        }
    }
    came
}

fn both_still_write(alice: &Person, bob: &Person) {
    alice.stored(bob, "still there?");
    let (list, summary) = bob.pull_with(&PullOptions::default());
    assert_eq!(list.len(), 1, "{summary:?} {:?} {:?}", bob.client().quarantine(), bob.client().contacts());
    bob.stored(alice, "yes");
    assert_eq!(alice.texts(), ["yes"]);
}

fn history(person: &Person, with: &Person) -> Vec<String> {
    let log = person.client().log(&with.name, None).unwrap();
    log.iter().map(|entry| entry.body.text().unwrap_or("?").to_owned()).collect()
}

#[test]
fn a_recipient_whose_vault_went_back_ends_with_the_complete_text() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let old = bob.snapshot();
    for round in 0..3 {
        alice.stored(&bob, &format!("to bob {round}"));
        assert_eq!(bob.texts(), [format!("to bob {round}")]);
        bob.stored(&alice, &format!("to alice {round}"));
        assert_eq!(alice.texts(), [format!("to alice {round}")]);
    }
    bob.roll_back(&old);
    alice.stored(&bob, "does not open");
    let [to_alice, to_bob] = settle([&alice, &bob]);
    assert!(to_alice.is_empty(), "{to_alice:?}");
    assert_eq!(to_bob, ["to bob 0", "to bob 1", "to bob 2", "does not open"]);
    both_still_write(&alice, &bob);
}

/// Bob's vault goes back to before a message that he had taken and answered.
fn forgets_one_message(alice: &Person, bob: &Person) {
    alice.stored(bob, "known");
    assert_eq!(bob.texts(), ["known"]);
    let old = bob.snapshot();
    alice.stored(bob, "forgotten");
    assert_eq!(bob.texts(), ["forgotten"]);
    bob.stored(alice, "an answer");
    assert_eq!(alice.texts(), ["an answer"]);
    bob.roll_back(&old);
}

/// The sender begins another stream before anything shows the recipient that the former one went further.
#[test]
fn what_a_vault_forgot_comes_again_also_from_somebody_who_began_anew() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    forgets_one_message(&alice, &bob);
    alice.client().renew().unwrap();
    let [to_alice, to_bob] = settle([&alice, &bob]);
    assert!(to_alice.is_empty(), "{to_alice:?}");
    assert_eq!(to_bob, ["forgotten"]);
    both_still_write(&alice, &bob);
}

/// Under another key a conversation of its own begins; what had come in the former one is still known.
#[test]
fn what_a_vault_forgot_comes_again_also_under_another_key() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    forgets_one_message(&alice, &bob);
    alice.client().rotate_identity().unwrap();
    bob.verify("alice");
    alice.client().renew().unwrap();
    let [to_alice, to_bob] = settle([&alice, &bob]);
    assert!(to_alice.is_empty(), "{to_alice:?}");
    assert_eq!(to_bob, ["forgotten"]);
    both_still_write(&alice, &bob);
}

/// His friend thinks that he has stamps, and sends none; under another key no session form can leave either.
#[test]
fn whoever_lost_all_stamps_before_his_key_changed_begins_anew_after_a_day() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    bob.stored(&alice, "known");
    assert_eq!(alice.texts(), ["known"]);
    bob.change_vault("DELETE FROM stamp WHERE spent = 0");
    bob.client().rotate_identity().unwrap();
    alice.verify("bob");
    assert!(matches!(bob.send(&alice, "waits").state, SentState::Queued(_)));
    bob.client_hours_later(20).flush().unwrap();
    assert!(alice.texts().is_empty());
    bob.client_hours_later(25).flush().unwrap();
    assert_eq!(alice.texts(), ["waits"]);
    both_still_write(&alice, &bob);
}

/// The first of them shows that its stamp was spent; the others have stamps that were not, and keys that were.
#[test]
fn what_left_together_with_the_first_that_shows_a_spent_stamp_is_sealed_again() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.stored(&bob, "one");
    assert_eq!(bob.texts(), ["one"]);
    let old = alice.snapshot();
    alice.stored(&bob, "two");
    // More numbers than stamps.
    alice.change_vault("DELETE FROM stamp WHERE spent = 0");
    for text in ["three", "four"] {
        alice.stored(&bob, text);
    }
    assert_eq!(bob.texts(), ["two", "three", "four"]);
    alice.roll_back(&old);
    // He has seen her former numbers, which tells her nothing of the next.
    bob.stored(&alice, "I have seen four of yours");
    let said: Vec<String> = (5..10).map(|number| number.to_string()).collect();
    for text in &said {
        alice.client().queue("bob", text, &SendOptions::default()).unwrap();
    }
    alice.client().send_waiting(&mut Pauses::default()).unwrap();
    let [to_alice, mut to_bob] = settle([&alice, &bob]);
    to_bob.sort();
    assert_eq!((to_alice.len(), to_bob), (1, said));
    both_still_write(&alice, &bob);
}

/// A newer one was sealed under the offer of before when its sender died, and stands behind more than are looked at.
#[test]
fn many_that_are_asked_for_again_do_not_stand_in_the_way_of_one_that_is_sealed() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let said: Vec<String> = (0..80).map(|number| number.to_string()).collect();
    let (last, before) = said.split_last().unwrap();
    for text in before {
        alice.client().queue("bob", text, &SendOptions::default()).unwrap();
    }
    assert_eq!(alice.client().send_waiting(&mut Pauses::default()).unwrap(), 79);
    let dies = alice.client_that_dies(FailPoint::Sealed);
    assert!(dies.send("bob", last, &SendOptions::default()).is_err());
    drop(dies);
    alice
        .change_vault("UPDATE outbox SET state = 0, sid = NULL, route = NULL WHERE state = 2 AND number > 1");
    alice.change_vault("UPDATE contact SET revision = revision + 1");
    assert_eq!(alice.client().send_waiting(&mut Pauses::default()).unwrap(), 80);
    assert_eq!(bob.texts(), said);
}

#[test]
fn a_sender_whose_vault_went_back_begins_anew_and_is_told() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.stored(&bob, "one");
    assert_eq!(bob.texts(), ["one"]);
    let old = alice.snapshot();
    for round in 0..3 {
        alice.stored(&bob, &format!("two {round}"));
        assert_eq!(bob.texts(), [format!("two {round}")]);
    }
    alice.roll_back(&old);
    alice.stored(&bob, "three");
    assert_eq!(
        alice.client().take_notices().unwrap(),
        [Notice::WrittenElsewhere { contact: "bob".into() }],
        "the stamp had been spent"
    );
    assert!(alice.client().take_notices().unwrap().is_empty(), "said once");
    let [_, to_bob] = settle([&alice, &bob]);
    assert_eq!(to_bob, ["three"], "nothing is shown twice");
    both_still_write(&alice, &bob);
}

/// One box holds the relay and her profile, and the whole box goes back: the relay has forgotten which stamps were spent,
/// her keys are used once more, and under her numbers other messages have come.
#[test]
fn what_a_sender_says_who_went_back_together_with_the_relay_comes_again() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.stored(&bob, "one");
    assert_eq!(bob.texts(), ["one"]);
    let (her, its) = (alice.snapshot(), relay.snapshot());
    for text in ["two", "three"] {
        alice.stored(&bob, text);
    }
    assert_eq!(bob.texts(), ["two", "three"]);
    alice.roll_back(&her);
    relay.roll_back(&its);
    for text in ["four", "five"] {
        alice.stored(&bob, text);
    }
    let (list, summary) = bob.pull_with(&PullOptions::default());
    assert_eq!((list.len(), summary.quarantined), (0, 2), "their keys are used up");
    let [to_alice, mut to_bob] = settle([&alice, &bob]);
    to_bob.sort();
    assert_eq!((to_alice.len(), to_bob), (0, vec!["five".to_owned(), "four".to_owned()]));
    both_still_write(&alice, &bob);
    // Asked for once, and not again.
    let [to_alice, to_bob] = settle([&alice, &bob]);
    assert!(to_alice.is_empty() && to_bob.is_empty(), "{to_alice:?} {to_bob:?}");
}

#[test]
fn what_a_restored_relay_lost_is_missed_and_asked_for() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.stored(&bob, "kept");
    assert_eq!(bob.texts(), ["kept"]);
    let old = relay.snapshot();
    alice.stored(&bob, "lost 1");
    alice.stored(&bob, "lost 2");
    relay.roll_back(&old);
    alice.stored(&bob, "after");
    let (list, summary) = bob.pull_with(&PullOptions::default());
    assert_eq!(list[0].body.text(), Some("after"));
    assert_eq!(list[0].missing_before, 2);
    assert_eq!((summary.missing[0].from.as_str(), summary.missing[0].count), ("alice", 2));
    let [_, to_bob] = settle([&alice, &bob]);
    assert_eq!(to_bob, ["lost 1", "lost 2"]);
    assert_eq!(history(&bob, &alice), ["hello", "kept", "lost 1", "lost 2", "after"]);
    assert!(bob.pull_with(&PullOptions::default()).1.missing.is_empty());
    both_still_write(&alice, &bob);
}

/// It has a former key under her name, and her bundle, published again, is nobody's there: what comes is shown.
#[test]
fn a_relay_restored_from_before_a_change_of_key_is_told_of() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let old = relay.snapshot();
    bob.stored(&alice, "one");
    assert_eq!(alice.texts(), ["one"]);
    alice.client().rotate_identity().unwrap();
    relay.roll_back(&old);
    bob.stored(&alice, "two");
    let (list, summary) = alice.pull_with(&PullOptions::default());
    assert_eq!(list[0].body.text(), Some("two"));
    let error = summary.unreachable.unwrap();
    assert!(matches!(error, ClientError::ForgottenKey { .. }) && error.exit_code() == 6, "{error:?}");
    assert_eq!(alice.client().take_notices().unwrap(), [Notice::RelayWentBack]);
    let checks = alice.client().doctor(client::Language::English);
    let of = |subject| checks.iter().find(|check| check.subject == subject).unwrap();
    assert_eq!(of("name").verdict, client::Verdict::Bad, "{checks:#?}");
    assert!(of("name").remedy.as_ref().unwrap().contains("oub join --recover"), "{checks:#?}");
    assert_ne!(of("keys").remedy.as_deref(), Some("oub pull"));
}

#[test]
fn what_does_not_open_is_kept_and_shown_and_blocks_nothing() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let old = bob.snapshot();
    alice.stored(&bob, "one");
    bob.texts();
    bob.stored(&alice, "two");
    alice.texts();
    bob.roll_back(&old);
    alice.stored(&bob, "three");
    let (list, summary) = bob.pull_with(&PullOptions::default());
    assert!(list.is_empty());
    assert_eq!(summary.quarantined, 1);
    let kept = bob.client().quarantine().unwrap();
    assert_eq!((kept.len(), kept[0].from.as_deref(), kept[0].bytes), (1, Some("alice"), 4096));
    let carol = relay.person("carol");
    carol.add(&bob);
    carol.stored(&bob, "not held up");
    bob.client().collect().unwrap();
    assert_eq!(bob.client().requests().unwrap()[0].texts, ["not held up"]);
}

/// D01: a thief's copy and the original are not both the one that counts, and the one that lost is told.
#[test]
fn two_copies_of_one_identity_do_not_fight_in_silence() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let twin = bob.twin();
    alice.stored(&bob, "to whoever collects first");
    assert_eq!(twin.texts(), ["to whoever collects first"]);
    alice.stored(&bob, "and the next");
    bob.pull_with(&PullOptions::default());
    let notices = bob.client().take_notices().unwrap();
    assert!(matches!(notices.as_slice(), [Notice::CollectedElsewhere { count: 1.. }]), "{notices:?}");

    assert_eq!(bob.client().renew().unwrap().contacts, 1);
    let refused = twin.client().collect().unwrap_err();
    assert_eq!(refused, ClientError::OtherCopy);
    assert_eq!((refused.exit_code(), refused.code()), (7, "OUB-E086".to_owned()));
    let sent = twin.client().send("alice", "from the copy", &SendOptions::default());
    assert_eq!(sent.unwrap_err(), ClientError::OtherCopy);
    let [_, to_bob] = settle([&alice, &bob]);
    assert!(to_bob.contains(&"to whoever collects first".to_owned()), "asked for again: {to_bob:?}");
    both_still_write(&alice, &bob);
}

#[test]
fn the_copy_that_a_person_chooses_counts_from_then_on() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let twin = bob.twin();
    bob.client().renew().unwrap();
    assert_eq!(twin.client().collect().unwrap_err(), ClientError::OtherCopy);
    twin.client().renew().unwrap();
    assert_eq!(bob.client().collect().unwrap_err(), ClientError::OtherCopy);
    let [_, _] = settle([&alice, &twin]);
    both_still_write(&alice, &twin);
}

#[test]
fn two_who_begin_anew_at_once_and_write_meanwhile_lose_nothing() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let (old_alice, old_bob) = (alice.snapshot(), bob.snapshot());
    for round in 0..2 {
        alice.stored(&bob, &format!("a{round}"));
        bob.texts();
        bob.stored(&alice, &format!("b{round}"));
        alice.texts();
    }
    alice.roll_back(&old_alice);
    bob.roll_back(&old_bob);
    alice.send(&bob, "from old alice");
    bob.send(&alice, "from old bob");
    let [to_alice, to_bob] = settle([&alice, &bob]);
    assert_eq!(to_alice.iter().filter(|text| *text == "from old bob").count(), 1, "{to_alice:?}");
    assert_eq!(to_bob.iter().filter(|text| *text == "from old alice").count(), 1, "{to_bob:?}");
    both_still_write(&alice, &bob);
}

/// A request for what is missing of a former stream is made once: it must not fall into the half hour in which
/// another was answered.
#[test]
fn who_asks_twice_in_half_an_hour_is_answered_twice() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    forgets_one_message(&alice, &bob);
    alice.client().renew().unwrap();
    alice.change_vault("UPDATE contact SET resent_at = strftime('%s', 'now')");
    let [to_alice, to_bob] = settle([&alice, &bob]);
    assert!(to_alice.is_empty(), "{to_alice:?}");
    assert_eq!(to_bob, ["forgotten"]);
    both_still_write(&alice, &bob);
}

/// The first envelope under another key comes before anybody followed that key, and says what is lacking.
#[test]
fn what_a_new_key_asks_for_is_answered_once_it_is_known_to_be_a_contacts() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    bob.stored(&alice, "known");
    assert_eq!(alice.texts(), ["known"]);
    let old = alice.snapshot();
    bob.stored(&alice, "forgotten");
    assert_eq!(alice.texts(), ["forgotten"]);
    alice.roll_back(&old);
    alice.client().rotate_identity().unwrap();
    alice.client().renew().unwrap();
    assert!(bob.texts().is_empty());
    assert_eq!(bob.client().requests().unwrap().len(), 1, "the new key is a stranger's");
    bob.verify("alice");
    let [to_alice, to_bob] = settle([&alice, &bob]);
    assert!(to_bob.is_empty(), "{to_bob:?}");
    assert_eq!(to_alice, ["forgotten"]);
    both_still_write(&alice, &bob);
}

/// A vault that went back hands the same stamps out once more, to somebody else: who holds them since before is not lost
/// behind the one who seems to hold them now.
#[test]
fn what_comes_under_a_stamp_that_was_handed_out_twice_is_read_as_its_senders() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let carol = relay.person("carol");
    make_friends(&alice, &carol);
    alice.stored(&bob, "one");
    assert_eq!(bob.texts(), ["one"]);
    let refill = |to: &str| {
        alice.change_vault(&format!("UPDATE contact SET refill_due = 1 WHERE alias = '{to}'"));
        alice.client().flush().unwrap();
    };
    let copy = alice.snapshot();
    refill("bob");
    bob.client().collect().unwrap();
    carol.stored(&alice, "forgotten");
    assert_eq!(alice.texts(), ["forgotten"]);
    alice.roll_back(&copy);
    refill("carol");
    // Only what alice does not remember to have given.
    bob.change_vault("DELETE FROM stamp WHERE spent = 0 AND id <= (SELECT max(id) - 200 FROM stamp)");
    bob.stored(&alice, "can you read me?");
    let came = alice.pull();
    let read: Vec<_> = came.iter().map(|message| (message.from.as_str(), message.body.text())).collect();
    assert_eq!(read, [("bob", Some("can you read me?"))]);
}
