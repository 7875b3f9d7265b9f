//! Somebody whom I blocked and who does not stop: dropped by me, and past a bound by the relay, without a word.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use client::{PullOptions, SentState};
use common::{Person, Relay, friends};

/// Queued while the relay is away, then sent on one connection.
fn flood(relay: &mut Relay, from: &Person, to: &Person, count: u32) {
    relay.kill();
    for n in 0..count {
        assert!(matches!(from.send(to, &format!("flood {n}")).state, SentState::Queued(_)));
    }
    relay.restart();
    assert_eq!(from.client().flush().unwrap(), count, "the flooder sees STORED for each");
}

/// What waits on the relay, as `doctor` says it.
fn mailboxes(person: &Person) -> String {
    person
        .client()
        .doctor(client::Language::English)
        .into_iter()
        .find(|check| check.subject == "mailboxes")
        .unwrap()
        .finding
}

/// Alice and Bob, where Alice holds 512 stamps.
fn with_many_stamps(relay: &Relay) -> (Person, Person) {
    let (alice, bob) = friends(relay);
    bob.make_refill_due();
    bob.client().flush().unwrap();
    alice.client().collect().unwrap();
    assert_eq!(alice.client().contact("bob").unwrap().stamps, 512);
    (alice, bob)
}

#[test]
fn up_to_the_bound_a_blocked_contact_is_dropped_here_and_the_relay_learns_nothing() {
    let mut relay = Relay::start();
    let (alice, bob) = with_many_stamps(&relay);
    let carol = relay.person("carol");
    carol.add(&bob);
    carol.stored(&bob, "hello");
    bob.client().collect().unwrap();
    bob.client().accept("carol", None).unwrap();
    assert_eq!(bob.texts(), ["hello"]);
    carol.client().collect().unwrap();
    bob.client().set_blocked("alice", true).unwrap();

    // As much as one allotment: dropped here, and the relay learns nothing.
    flood(&mut relay, &alice, &bob, 256);
    carol.stored(&bob, "am I lost in there?");
    assert_eq!(bob.texts(), ["am I lost in there?"]);
    assert_eq!(bob.client().contact("alice").unwrap().crossed_off, 0);
    // Each drain counts anew: who goes on in ordinary measure is no flood.
    flood(&mut relay, &alice, &bob, 20);
    assert!(bob.texts().is_empty());
    assert_eq!(bob.client().contact("alice").unwrap().crossed_off, 0);
}

#[test]
fn past_the_bound_the_relay_drops_the_flood_and_unblocking_gives_new_stamps() {
    let mut relay = Relay::start();
    let (alice, bob) = with_many_stamps(&relay);
    bob.client().set_blocked("alice", true).unwrap();
    flood(&mut relay, &alice, &bob, 257);
    assert!(bob.texts().is_empty());
    let left = alice.client().contact("bob").unwrap().stamps;
    assert_eq!((left, bob.client().contact("alice").unwrap().crossed_off), (255, 255));

    flood(&mut relay, &alice, &bob, 60);
    assert!(mailboxes(&bob).contains("nothing waits"), "{}", mailboxes(&bob));
    let (list, summary) = bob.pull_with(&PullOptions::default());
    assert!(list.is_empty() && summary.quarantined == 0, "{summary:?}");

    // Somebody else gets through as ever.
    let dave = relay.person("dave");
    dave.add(&bob);
    dave.stored(&bob, "hello from dave");
    bob.client().collect().unwrap();
    assert_eq!(bob.client().requests().unwrap().len(), 1);

    bob.client().set_blocked("alice", false).unwrap();
    bob.make_refill_due();
    bob.client().flush().unwrap();
    alice.client().collect().unwrap();
    let before = alice.client().contact("bob").unwrap().stamps;
    assert_eq!(before, 255 - 60 + 256);
    // The old ones are spent first, and bring nothing; the first new one brings its message and shows the gap.
    flood(&mut relay, &alice, &bob, 255 - 60);
    assert!(bob.texts().is_empty());
    alice.stored(&bob, "sorry");
    let list = bob.pull();
    assert_eq!((list.len(), list[0].body.text()), (1, Some("sorry")));
    assert_eq!(list[0].missing_before, 255, "never in silence");
}
