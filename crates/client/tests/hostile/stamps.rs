//! Somebody who writes and writes, and a recipient who never answers: the stamps do not run out.

use client::{Client, Options, SendOptions, SentState, Unlock};

use crate::common::{Relay, friends, options};

/// A refill that fell due leaves with the next command, once, and only then (DESIGN § 8.2).
#[test]
fn a_refill_leaves_with_the_first_command_after_its_due_time() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    relay.kill();
    let writer = alice.client();
    let before = writer.contact("bob").unwrap().stamps;
    let written = before - 40;
    for n in 0..written {
        let sent = writer.send("bob", &n.to_string(), &SendOptions::default()).unwrap();
        assert!(matches!(sent.state, SentState::Queued(_)));
    }
    relay.restart();
    assert_eq!(writer.flush().unwrap(), written);
    assert_eq!(writer.contact("bob").unwrap().stamps, 40);
    assert_eq!(bob.texts().len(), written as usize);
    // The longest delay goes by: whatever bob does next sends it.
    let later = Options { dues_early_s: 600, ..options() };
    let bob = Client::open(&bob.profile(), &Unlock::KeyFile, later).unwrap();
    bob.flush().unwrap();
    assert!(alice.texts().is_empty(), "a refill is no message");
    let refilled = writer.contact("bob").unwrap().stamps;
    assert!(refilled > 200, "{refilled}");
    bob.flush().unwrap();
    assert!(alice.texts().is_empty());
    assert_eq!(writer.contact("bob").unwrap().stamps, refilled, "one refill, not two");
}
