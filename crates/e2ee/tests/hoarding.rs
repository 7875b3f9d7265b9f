//! What one correspondent can make me keep: bounded, whatever he skips, restarts or leaves out.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::*;
use e2ee::{Offer, StreamId};

/// Four sessions, each of five chains with forty skipped keys (122 KB as measured), and 1,024 ids of sessions.
const CONVERSATION_BYTES_MAX: usize = 192 * 1024;

/// Alice seals fifty and delivers the last one.
fn skip(alice: &mut Person, bob: &mut Person) {
    for _ in 0..49 {
        let _never_delivered = alice.say(bob, "skipped");
    }
    let letter = alice.say(bob, "delivered");
    bob.read(alice, &letter);
    let answer = bob.say(alice, "a new chain");
    alice.read(bob, &answer);
}

/// P05: skipped keys in every chain of every session that is kept, over and over: at some size it stays.
#[test]
fn skipped_keys_are_forgotten_beyond_a_bound() {
    let (mut alice, mut bob) = acquainted();
    let mut sizes = Vec::new();
    for _ in 0..7 {
        for _ in 0..7 {
            skip(&mut alice, &mut bob);
        }
        sizes.push(bob.conversation(&alice).snapshot().len());
        // As somebody does who lost a vault: another session, another stream.
        alice.restored();
        let hello = alice.hello(&bob, "again");
        bob.answer_door(&hello);
        let accept = bob.accept(&alice);
        alice.read(&bob, &accept);
    }
    println!("bytes of one conversation after each session: {sizes:?}");
    let largest = sizes.iter().max().unwrap();
    assert!(*largest <= CONVERSATION_BYTES_MAX, "{sizes:?}");
    let grown = sizes[6].saturating_sub(sizes[4]);
    assert!(grown < 1_024, "beyond four sessions it grows by a session's id at most: {sizes:?}");
}

/// P05: skipped keys are kept, though: as many as may be under way open in any order.
#[test]
fn what_may_be_under_way_still_opens() {
    let (mut alice, mut bob) = acquainted();
    let letters: Vec<_> = (0..32).map(|n| alice.say(&bob, &n.to_string())).collect();
    for (n, letter) in letters.iter().enumerate().rev() {
        assert_eq!(text_of(&bob.read(&alice, letter)), n.to_string());
    }
}

/// D05: nothing of a secret stands in what a panic or a log line would print.
#[test]
fn nothing_secret_is_printed_for_debugging() {
    let (mut alice, mut bob) = acquainted();
    let letter = alice.say(&bob, "x");
    let content = bob.read(&alice, &letter);
    let offer: &Offer = content.offer.as_ref().unwrap();
    let printed = [
        format!("{:?}", bob.account),
        format!("{:?}", bob.conversation(&alice)),
        format!("{:?}", bob.mint.borrow()),
        format!("{:?}", bob.identity),
        format!("{offer:?}"),
        format!("{:?}", bob.reply_path(2)),
        format!("{:?}", StreamId([7; 8])),
    ];
    let key = offer.key.as_bytes();
    for text in &printed {
        assert!(text.len() < 400, "{text}");
        assert!(!text.contains(&format!("{}, {}", offer.psk[0], offer.psk[1])), "{text}");
        assert!(!text.contains(&format!("{}, {}, {}", key[0], key[1], key[2])), "{text}");
    }
}
