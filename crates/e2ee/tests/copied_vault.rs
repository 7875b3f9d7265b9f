//! A vault that is copied: what the copy opens of what came before, and of what comes after (DESIGN § 9.4).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::*;
use e2ee::{Account, Conversation, OpenError};
use wire::{Envelope, UnixSeconds};

/// A passive thief: what was Bob's at one moment, and every envelope that ever was under way.
struct Copy {
    of: Person,
}

impl Copy {
    /// From bytes, as they lie in the vault.
    fn take(of: &Person, with: &Person) -> Self {
        let mut copy = Person::new(of.name, if of.name == "alice" { 1 } else { 2 });
        copy.account = Account::restore(&of.account.snapshot()).unwrap();
        copy.commit(Conversation::restore(&of.conversation(with).snapshot()).unwrap());
        copy.now = of.now;
        Self { of: copy }
    }

    /// Opens what can be opened and goes on from there, as long as that brings something new.
    fn opened(mut self, from: &Person, recorded: &[(String, Envelope)]) -> Vec<String> {
        let mut texts = Vec::new();
        for _ in 0..recorded.len() {
            for (text, envelope) in recorded {
                if let Ok(opened) = self.of.try_read(from, envelope) {
                    self.of.commit(opened.conversation);
                    texts.push(text.clone());
                }
            }
        }
        texts
    }
}

/// Says, records and reads; a drain follows, as in every command that collects.
fn pass(from: &mut Person, to: &mut Person, text: &str, recorded: &mut Vec<(String, Envelope)>) {
    let letter = from.say(to, text);
    recorded.push((text.to_owned(), letter.clone()));
    assert_eq!(text_of(&to.read(from, &letter)), text);
    to.now = UnixSeconds(to.now.0 + 2);
    to.commit(to.conversation(from).drained(to.now, to.now));
}

/// Alice and Bob in the middle of a conversation; what Alice wrote is recorded.
fn in_conversation() -> (Person, Person, Vec<(String, Envelope)>) {
    let (mut alice, mut bob) = acquainted();
    let (mut hers, mut his) = (Vec::new(), Vec::new());
    for round in 0..4 {
        pass(&mut alice, &mut bob, &format!("before, a{round}"), &mut hers);
        pass(&mut bob, &mut alice, &format!("before, b{round}"), &mut his);
        pass(&mut alice, &mut bob, &format!("before, again a{round}"), &mut hers);
    }
    (alice, bob, hers)
}

#[test]
fn what_was_opened_before_the_copy_stays_closed_to_it() {
    let (alice, bob, hers) = in_conversation();
    assert_eq!(hers.len(), 8);
    let copy = Copy::take(&bob, &alice);
    let (mut no_key, mut no_ratchet) = (0, 0);
    for (text, envelope) in &hers {
        match copy.of.try_read(&alice, envelope).unwrap_err() {
            OpenError::NoKey => no_key += 1,
            OpenError::Olm => no_ratchet += 1,
            other => panic!("{text}: {other}"),
        }
    }
    println!(
        "of 8 envelopes the offer is erased for {no_key}, and the message key for the other {no_ratchet}"
    );
    assert!(no_key >= 6, "all but those under the last offer used");
    assert_eq!(copy.opened(&alice, &hers), [""; 0]);
}

/// Worst for Bob: he had just written, so that his offer and his ratchet lay in the vault and were not used yet.
#[test]
fn what_alice_writes_after_a_round_trip_begun_by_her_stays_closed_to_the_copy() {
    let (mut alice, mut bob, _) = in_conversation();
    let (mut hers, mut his) = (Vec::new(), Vec::new());
    pass(&mut bob, &mut alice, "just before the copy", &mut his);
    let (one, other) = (Copy::take(&bob, &alice), Copy::take(&bob, &alice));
    pass(&mut alice, &mut bob, "there", &mut hers);
    pass(&mut bob, &mut alice, "and back", &mut his);
    for round in 0..3 {
        pass(&mut alice, &mut bob, &format!("after, {round}"), &mut hers);
        pass(&mut alice, &mut bob, &format!("after, again {round}"), &mut hers);
        pass(&mut bob, &mut alice, "and back again", &mut his);
    }
    assert_eq!(one.opened(&alice, &hers[1..]), [""; 0]);
    assert_eq!(other.opened(&alice, &hers), ["there"], "sealed to an offer that the copy holds, and no more");
}

/// The round trip ends where Bob's new offer arrives: his first message after the copy may only repeat an old one.
#[test]
fn after_a_round_trip_begun_by_bob_the_copy_is_shut_out_when_his_answer_arrives() {
    let (mut alice, mut bob, _) = in_conversation();
    let (mut hers, mut his) = (Vec::new(), Vec::new());
    pass(&mut bob, &mut alice, "just before the copy", &mut his);
    let copy = Copy::take(&bob, &alice);
    pass(&mut bob, &mut alice, "there", &mut his);
    pass(&mut alice, &mut bob, "and back", &mut hers);
    pass(&mut alice, &mut bob, "before his answer", &mut hers);
    pass(&mut bob, &mut alice, "the answer, with a new offer", &mut his);
    pass(&mut alice, &mut bob, "after his answer", &mut hers);
    assert_eq!(copy.opened(&alice, &hers), ["and back", "before his answer"]);
}

/// Neither copy helps the other: what one side loses is replaced by its own next answer.
#[test]
fn copies_of_both_vaults_are_shut_out_alike() {
    let (mut alice, mut bob, _) = in_conversation();
    let (of_alice, of_bob) = (Copy::take(&alice, &bob), Copy::take(&bob, &alice));
    let (mut hers, mut his) = (Vec::new(), Vec::new());
    pass(&mut alice, &mut bob, "there", &mut hers);
    pass(&mut bob, &mut alice, "and back", &mut his);
    pass(&mut alice, &mut bob, "there again", &mut hers);
    for _ in 0..3 {
        pass(&mut bob, &mut alice, "his, after", &mut his);
        pass(&mut alice, &mut bob, "hers, after", &mut hers);
    }
    let (of_hers, of_his) = (of_bob.opened(&alice, &hers), of_alice.opened(&bob, &his));
    assert_eq!((of_hers, of_his), (vec!["there".to_owned()], vec!["and back".to_owned()]));
    println!(
        "promise P5: both vaults copied, {} envelopes after: the copies open the first round trip, 0 of the rest",
        hers.len() + his.len()
    );
}
