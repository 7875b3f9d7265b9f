//! A profile that is copied as a whole, log included: what the copy still opens, and what lies in its pages.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod ages;
#[path = "../common/mod.rs"]
mod common;
mod pages;
mod witness;

use std::collections::BTreeSet;

use client::{Client, Handled, PullOptions, SendOptions};
use common::{Person, Relay, friends};
use pages::Pages;
use witness::Witness;

/// Bob, seen by a witness.
struct Seen {
    bob: Person,
    witness: Witness,
    /// Every secret that ever stood in the state of a conversation.
    ever: BTreeSet<Vec<u8>>,
}

/// How much of what was found where it should be.
#[derive(Debug)]
#[allow(dead_code, reason = "printed")]
struct Found {
    held: usize,
    of_offers: usize,
    of_olm: usize,
    frames: usize,
}

impl Seen {
    fn client(&self) -> Client {
        self.witness.client(&self.bob)
    }

    fn says(&self, to: &Person, text: &str) {
        self.client().send(&to.name, text, &SendOptions::default()).unwrap();
    }

    fn reads(&self) {
        self.client().pull(&PullOptions::default(), &mut |_| Handled::Yes).unwrap();
    }

    /// Copies the profile and looks for what is held and for what went; says how much of each.
    fn note(&mut self) -> Found {
        let copy = self.bob.twin();
        let pages = Pages::of(&copy.profile());
        let live =
            self.witness.secrets_in(&pages::column(&copy.profile(), "SELECT conversation FROM contact"));
        self.ever.extend(live.iter().cloned());
        let gone: Vec<_> = self.ever.difference(&live).collect();
        assert!(live.iter().all(|secret| pages.hold(secret)), "what is held is found");
        assert!(!gone.iter().any(|secret| pages.hold(secret)), "a secret that went lies in the copy");
        let offers = gone.iter().filter(|secret| secret.len() == 32).count();
        Found { held: live.len(), of_offers: offers, of_olm: gone.len() - offers, frames: pages.log.len() }
    }
}

#[test]
fn secrets_that_went_are_in_no_page_of_a_copy_nor_in_its_log() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let mut seen = Seen { bob, witness: Witness::default(), ever: BTreeSet::new() };
    // One client stays open, so that the log is not removed with the last one.
    let open = seen.client();
    let (mut copies, mut frames) = (0, 0);
    for round in 0..5 {
        seen.says(&alice, &format!("b{round}"));
        frames += seen.note().frames;
        assert!(!alice.texts().is_empty());
        alice.stored(&seen.bob, &format!("a{round}"));
        seen.reads();
        frames += seen.note().frames;
        copies += 2;
    }
    // A COLLECT that begins after the last offer was first used, by a clock of seconds.
    seen.witness.let_seconds_pass();
    seen.reads();
    let found = seen.note();
    println!("{found:?}; {frames} frames of the log in {copies} copies");
    assert!(found.of_offers >= 6 && found.of_olm >= 10 && frames > 0, "enough for this to mean something");
    drop(open);
}

#[test]
fn a_copy_opens_neither_what_came_before_nor_what_comes_after_a_round_trip() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.stored(&bob, "before");
    let (before, early) = (relay.snapshot(), bob.twin());
    assert_eq!(bob.texts(), ["before"]);
    bob.stored(&alice, "an answer");
    assert_eq!(alice.texts(), ["an answer"]);

    let copy = bob.twin();
    alice.stored(&bob, "there");
    assert_eq!(bob.texts(), ["there"]);
    bob.stored(&alice, "and back");
    assert_eq!(alice.texts(), ["and back"]);
    alice.stored(&bob, "for bob alone");
    let after = relay.snapshot();

    assert_eq!(what_it_opens(&copy), (vec![], 1), "after");
    relay.roll_back(&before);
    forget_what_came(&copy);
    assert_eq!(what_it_opens(&copy), (vec![], 1), "before");
    // The same, by somebody whose copy still holds the keys.
    relay.roll_back(&before);
    assert_eq!(what_it_opens(&early), (vec!["before".to_owned()], 0));
    relay.roll_back(&after);
    assert_eq!(bob.texts(), ["for bob alone"]);
}

/// Texts that a copy gets from the relay, and envelopes that stay closed to it.
fn what_it_opens(copy: &Person) -> (Vec<String>, u32) {
    let (list, summary) = copy.pull_with(&PullOptions::default());
    assert!(summary.unreachable.is_none(), "{:?}", summary.unreachable);
    let texts = list.iter().map(|message| message.body.text().unwrap_or("?").to_owned());
    (texts.collect(), summary.quarantined)
}

/// A thief removes what would keep his copy from trying an envelope again.
fn forget_what_came(copy: &Person) {
    pages::open(&copy.profile()).execute_batch("DELETE FROM envelope; DELETE FROM message;").unwrap();
}
