//! Measures, on request: `cargo test --release -p e2ee --test speed -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::*;
use e2ee::{Conversation, open_doorstep};
use std::hint::black_box;

const TIMES: u32 = 1_000;

#[test]
#[ignore = "a measurement: run it alone"]
fn how_fast_envelopes_are_sealed_and_opened_and_how_large_a_conversation_is() {
    let (mut alice, mut bob) = acquainted();
    let text = "x".repeat(200);
    let (mut seal, mut open) = (Stopwatch::default(), Stopwatch::default());
    for _ in 0..TIMES / 2 {
        let letter = seal.time(|| alice.say(&bob, &text));
        open.time(|| bob.read(&alice, &letter));
        let letter = seal.time(|| bob.say(&alice, &text));
        open.time(|| alice.read(&bob, &letter));
    }
    seal.print("seal a text of 200 bytes, form 2, each an answer");
    open.print("open it");

    let (mut seal, mut open) = (Stopwatch::default(), Stopwatch::default());
    for _ in 0..TIMES {
        let letter = seal.time(|| alice.say(&bob, &text));
        open.time(|| bob.read(&alice, &letter));
    }
    seal.print("seal a text of 200 bytes, form 2, none answered");
    open.print("open it");
    measure_hello();
    measure_sizes();
}

fn measure_hello() {
    let (alice, bob) = Person::pair();
    let (intro, bundle, message) = (alice.intro(), bob.verified(), text_message("hello"));
    let (mut check, mut seal, mut open) = (Stopwatch::default(), Stopwatch::default(), Stopwatch::default());
    for _ in 0..TIMES {
        black_box(check.time(|| bob.verified()));
        let state = Conversation::new(alice.me, bob.me);
        let sealed =
            seal.time(|| state.seal_hello(&alice.account, &bundle, &intro, &message, START, &mut rng()));
        let envelope = sealed.unwrap().envelope;
        let nobody = |_: &_| None;
        let opened =
            open.time(|| open_doorstep(&bob.account, &bob.me, &envelope, bob.doorstep, nobody, START));
        black_box(opened.unwrap());
    }
    check.print("sign a bundle and verify it");
    seal.print("seal a HELLO");
    open.print("open it");
}

fn measure_sizes() {
    let size = |person: &Person, other: &Person| person.conversation(other).snapshot().len();
    let (mut alice, mut bob) = Person::pair();
    println!("{:>8} bytes: an account", alice.account.snapshot().len());
    let hello = alice.hello(&bob, "first");
    println!("{:>8} bytes: a conversation after its HELLO was sealed", size(&alice, &bob));
    bob.answer_door(&hello);
    let accept = bob.accept(&alice);
    alice.read(&bob, &accept);
    for _ in 0..20 {
        let letter = alice.say(&bob, "a");
        bob.read(&alice, &letter);
        let letter = bob.say(&alice, "b");
        alice.read(&bob, &letter);
    }
    println!("{:>8} bytes: after twenty round trips", size(&alice, &bob));
    for _ in 0..4 {
        let (message, state) = (text_message("x"), alice.conversation(&bob));
        let (account, theirs) = (&alice.account, bob.verified());
        let sealed = state.seal_fresh_session(account, &theirs, &message, &[], bob.inbox, START, &mut rng());
        alice.commit(sealed.unwrap().conversation);
        for _ in 0..5 {
            // 31 of 32 stay under way, in each of five chains.
            let letters: Vec<_> = (0..32).map(|_| alice.say(&bob, "late")).collect();
            bob.read(&alice, letters.last().unwrap());
            let letter = bob.say(&alice, "b");
            alice.read(&bob, &letter);
        }
    }
    println!(
        "{:>8} bytes: with four sessions, five chains in each, and 31 skipped keys in each chain",
        size(&bob, &alice)
    );
}

/// Time on a core, without what neighbours take.
#[derive(Default)]
struct Stopwatch {
    nanoseconds: u64,
    times: u32,
}

impl Stopwatch {
    fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let began = on_core();
        let value = work();
        self.nanoseconds += on_core() - began;
        self.times += 1;
        value
    }

    fn print(&self, what: &str) {
        let each = self.nanoseconds / u64::from(self.times);
        println!("{:>8} a second and core ({} µs each): {what}", 1_000_000_000 / each, each / 1_000);
    }
}

/// Nanoseconds that this thread was on a core.
fn on_core() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}
