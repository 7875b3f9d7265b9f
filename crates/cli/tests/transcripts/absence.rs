//! Who was away for so long that the relay closed the mailboxes comes back, and goes on.

use std::time::{SystemTime, UNIX_EPOCH};

use store::{EmbeddedStore, MailboxStore};
use wire::Day;

use crate::person::{Person, friends};
use crate::relay::Relay;

/// Nobody opens a mailbox for more than ninety days.
fn ninety_days_pass(relay: &mut Relay) {
    relay.kill();
    let store = EmbeddedStore::open(&relay.data().join("store")).unwrap();
    let today = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 86_400;
    let _swept = store.sweep(Day(u16::try_from(today + 92).unwrap())).unwrap();
    drop(store);
    relay.start_again();
}

/// Everybody pulls in turns; what came for each.
fn settle(people: [&Person; 2]) -> [Vec<String>; 2] {
    let mut came = [Vec::new(), Vec::new()];
    for _ in 0..6 {
        for (person, texts) in people.iter().zip(&mut came) {
            texts.extend(person.pull());
        }
    }
    came
}

#[test]
fn who_comes_back_after_ninety_days_has_a_new_mailbox_and_contacts_know_it() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    ninety_days_pass(&mut relay);
    // She is told once, and what she says waits for him.
    let sent = alice.ok(&["send", "bob", "are you still there?"]);
    assert!(sent.err.contains("the server had closed your mailbox"), "{}", sent.err);
    assert!(sent.out.contains("queued") || sent.err.contains("queued"), "{}{}", sent.out, sent.err);
    let refused = alice.run(&["send", "bob", "not kept", "--no-queue"]);
    refused.assert_problem(5, "OUB-E184");
    let path = alice.home.path().join("a.bin");
    std::fs::write(&path, [7; 300_000]).unwrap();
    let refused = alice.run(&["send", "bob", "-f", path.to_str().unwrap(), "--no-queue"]);
    refused.assert_problem(5, "OUB-E184");
    let outbox = alice.ok(&["outbox"]).out;
    assert_eq!(outbox.lines().count(), 1, "{outbox}");
    let came = bob.ok(&["pull"]);
    assert!(came.err.contains("the server had closed your mailbox"), "{}", came.err);
    let [to_alice, to_bob] = settle([&alice, &bob]);
    assert_eq!((to_alice.len(), to_bob), (0, vec!["are you still there?".to_owned()]));
    bob.ok(&["send", "alice", "yes"]);
    alice.ok(&["send", "bob", "good"]);
    let [to_alice, to_bob] = settle([&alice, &bob]);
    assert_eq!((to_alice, to_bob), (vec!["yes".to_owned()], vec!["good".to_owned()]));
    assert!(!bob.ok(&["pull"]).err.contains("closed"), "said once");
}

#[test]
fn who_has_no_voucher_left_for_another_mailbox_is_told_what_brings_some() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    for _ in 0..2 {
        ninety_days_pass(&mut relay);
        bob.run(&["pull"]);
    }
    let refused = bob.run(&["pull"]);
    refused.assert_problem(5, "OUB-E186");
    assert!(refused.err.contains("oub identity rotate"), "{}", refused.err);
    bob.ok(&["identity", "rotate"]);
    bob.ok(&["pull"]);
    settle([&alice, &bob]);
    alice.ok(&["send", "bob", "by the new key"]);
    let [_, to_bob] = settle([&alice, &bob]);
    assert_eq!(to_bob, ["by the new key"]);
}
