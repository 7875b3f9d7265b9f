//! An envelope that ends the process of whoever opens it: after some deaths it is set aside, unopened.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use client::{
    Client, Dialling, Handled, Options, Pin, Proxy, PullOptions, PullSummary, RealWorld, SharedWorld, Unlock,
    World,
};
use wire::{Envelope, HostPort, UnixSeconds};

use crate::{
    common::options,
    evil::{Evil, Victim},
};

/// The real world, but that one envelope kills.
struct Deadly(Envelope);

impl World for Deadly {
    fn now(&self) -> UnixSeconds {
        RealWorld.now()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        RealWorld.fill_random(bytes);
    }

    fn dial(&self, at: HostPort, pin: Pin, proxy: Option<Proxy>, patience: Duration) -> Dialling {
        RealWorld.dial(at, pin, proxy, patience)
    }

    fn opening(&self, envelope: &Envelope) {
        assert!(envelope.as_bytes() != self.0.as_bytes(), "a poisoned envelope, as the test wants it");
    }
}

/// Pulls as a process of its own would: nothing of one pull but the profile's folder reaches the next.
fn pull(victim: &Victim, deadly: &Envelope) -> Option<(Vec<String>, PullSummary)> {
    let options = Options { world: SharedWorld::new(Deadly(deadly.clone())), ..options() };
    let mut texts = Vec::new();
    let run = || {
        let client = Client::open(&victim.profile(), &Unlock::KeyFile, options).unwrap();
        let mut sink = |message: &client::Received| {
            texts.push(message.body.text().unwrap().to_owned());
            Handled::Yes
        };
        client.pull(&PullOptions::default(), &mut sink).unwrap()
    };
    let summary = catch_unwind(AssertUnwindSafe(run)).ok()?;
    Some((texts, summary))
}

/// P03: wherever it stands among the others, which are all shown.
#[test]
fn an_envelope_that_kills_whoever_opens_it_is_set_aside_after_three_deaths() {
    for place in 0..3 {
        // Friends of their own: what is set aside is asked for within the half hour, and would come between.
        let evil = Evil::start();
        let (alice, bob) = evil.friends();
        let sent = ["one", "two", "three"];
        sent.iter().for_each(|text| alice.stored(&bob, text));
        assert_eq!(evil.shell().mailbox(bob.inbox).waiting.len(), sent.len(), "one envelope a text");
        let deadly = evil.shell().mailbox(bob.inbox).waiting[place].1.clone();
        for death in 0..3 {
            assert!(pull(&bob, &deadly).is_none(), "{place} {death}: it must die for the test to tell");
            let mut shell = evil.shell();
            let waiting = &shell.mailbox(bob.inbox).waiting;
            assert!(waiting.iter().any(|(_, each)| *each == deadly), "it is not acknowledged");
        }
        let (texts, summary) = pull(&bob, &deadly).expect("the fourth lives");
        let others: Vec<_> = (0..3).filter(|n| *n != place).map(|n| sent[n].to_owned()).collect();
        assert_eq!((texts, summary.quarantined), (others, 1), "{place}");
        assert!(evil.shell().mailbox(bob.inbox).waiting.is_empty(), "and all is acknowledged");
        // It does not come back by itself, nor when the relay delivers it again.
        let again = evil.shell().history(bob.inbox);
        evil.shell().mailbox(bob.inbox).waiting.extend(again);
        let (texts, _) = pull(&bob, &deadly).expect("it is not opened again");
        assert!(texts.is_empty(), "{texts:?}");
    }
}

/// P03: at the doorstep too, where strangers put theirs.
#[test]
fn a_deadly_first_message_is_dropped_after_three_deaths() {
    let evil = Evil::start();
    let (alice, bob) = (evil.join("alice"), evil.join("bob"));
    let carol = evil.join("carol");
    for person in [&carol, &alice] {
        person.add(&bob);
        person.stored(&bob, "let me in");
    }
    let deadly = evil.shell().mailbox(bob.doorstep).waiting[0].1.clone();
    for _ in 0..3 {
        assert!(pull(&bob, &deadly).is_none());
    }
    let (_, summary) = pull(&bob, &deadly).expect("the fourth lives");
    assert_eq!((summary.requests, summary.quarantined), (1, 1));
    assert_eq!(bob.client().requests().unwrap()[0].label, "alice");
}
