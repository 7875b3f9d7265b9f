//! Calls on the vault's files fail (F03): what `oub` says then is so, and the next command goes on.

use crate::book::{Book, assert_told, history, is_kept, texts_of};
use crate::dice::Dice;
use crate::person::{Person, Ran, friends};
use crate::relay::Relay;
use crate::rounds;
use crate::strace::{Fault, count, may_meddle, under};

pub const FAULTS: [Fault; 5] = [
    Fault { calls: "fsync,fdatasync", error: "EIO" },
    Fault { calls: "fsync,fdatasync", error: "ENOSPC" },
    Fault { calls: "write,pwrite64", error: "EIO" },
    Fault { calls: "write,pwrite64", error: "ENOSPC" },
    Fault { calls: "read,pread64", error: "EIO" },
];

/// A moment among so many calls: one of them fails, or all from it on.
pub fn moment(dice: &mut Dice, calls: usize) -> String {
    let from = 1 + dice.below(u64::try_from(calls.max(1)).unwrap());
    let and_all_later = if dice.below(3) > 0 { "+" } else { "" };
    format!("{from}{and_all_later}")
}

/// How it went, over all faults.
#[derive(Default)]
struct Figures {
    failed: usize,
    told: usize,
    kept: usize,
}

impl Figures {
    /// Says whether it was done; a problem is the vault's.
    fn note(&mut self, (ran, failed): &(Ran, usize), what: &str) -> bool {
        let done = assert_told(ran, what);
        self.failed += failed;
        self.told += usize::from(!done);
        self.kept += usize::from(is_kept(ran));
        assert!(*failed > 0 || done, "nothing failed, and yet: {what}\n{}", ran.err);
        done
    }

    fn print(&self, test: &str) {
        println!(
            "{test}: {} calls failed, {} commands said so, {} of them that it is kept",
            self.failed, self.told, self.kept
        );
    }
}

#[test]
fn a_send_whose_vault_fails_says_what_is_kept_and_the_message_comes_once() {
    if !may_meddle() {
        return;
    }
    let (mut dice, mut figures) = (Dice::new("failing send"), Figures::default());
    for fault in &FAULTS {
        // Others each time: stamps are finite.
        let (relay, mut book) = (Relay::start(), Book::default());
        let (alice, bob) = friends(&relay);
        let (ran, calls) = count(fault.calls, alice.home.path(), &["send", "bob", &book.next_text()]);
        ran.assert_done();
        for _ in 0..rounds(3, 60) {
            let (text, when) = (book.next_text(), moment(&mut dice, calls));
            let what = format!("send {text}, {fault:?} {when}");
            let tried = under(fault, &when, alice.home.path(), &["send", "bob", &text]);
            let done = figures.note(&tried, &what);
            // The fault is over. Whoever was told that it is kept says nothing again; who was not looks first, as told.
            if !done && !is_kept(&tried.0) {
                let says_where = tried.0.err.contains("oub outbox");
                // A page that the device does not give is damage, and a file beside the vault keeps nothing.
                let is_other = ["OUB-E078", "OUB-E079"].iter().any(|code| tried.0.err.contains(code));
                assert!(says_where || is_other, "{what}\n{}", tried.0.err);
                alice.ok(&["outbox"]);
                if !history(&alice, "bob", "sent").contains(&text) {
                    alice.ok(&["send", "bob", &text]);
                }
            }
            alice.ok(&["pull"]);
            assert_eq!(alice.ok(&["outbox"]).out, "", "{what}");
        }
        book.shown(pull_whole(&bob), false);
        book.assert_exact(&format!("send while {}", fault.told()), &bob, "alice");
    }
    figures.print("failing send");
}

/// Everything that waits; nothing that was acknowledged is missing.
fn pull_whole(person: &Person) -> Vec<String> {
    let ran = person.ok(&["--json", "pull"]);
    assert!(!ran.err.contains("missing"), "{}", ran.err);
    texts_of(&ran.out)
}

#[test]
fn a_pull_whose_vault_fails_acknowledges_nothing_that_it_did_not_keep() {
    if !may_meddle() {
        return;
    }
    let (mut dice, mut figures) = (Dice::new("failing pull"), Figures::default());
    for fault in &FAULTS {
        let (relay, mut book) = (Relay::start(), Book::default());
        let (alice, bob) = friends(&relay);
        alice.ok(&["send", "bob", &book.next_text()]);
        let (ran, calls) = count(fault.calls, bob.home.path(), &["--json", "pull"]);
        book.shown(texts_of(&ran.out), false);
        for _ in 0..rounds(3, 60) {
            for _ in 0..2 {
                alice.ok(&["send", "bob", &book.next_text()]);
            }
            let when = moment(&mut dice, calls);
            let tried = under(fault, &when, bob.home.path(), &["--json", "pull"]);
            let done = figures.note(&tried, &format!("pull, {fault:?} {when}"));
            let shown = texts_of(&tried.0.out);
            assert!(!done || shown.len() == 2, "done, and {} shown: {fault:?} {when}", shown.len());
            book.shown(shown, false);
            book.shown(pull_whole(&bob), !done);
        }
        book.assert_exact(&format!("pull while {}", fault.told()), &bob, "alice");
    }
    figures.print("failing pull");
}

#[test]
fn an_acceptance_whose_vault_fails_is_made_once() {
    if !may_meddle() {
        return;
    }
    let (mut dice, mut figures) = (Dice::new("failing accept"), Figures::default());
    let relay = Relay::start_open();
    let bob = Person::joined("bob", &relay);
    let mut strangers = 0;
    let mut next = || {
        strangers += 1;
        let stranger = Person::joined(&format!("person{strangers}"), &relay);
        stranger.ok(&["add", &bob.address()]);
        stranger.ok(&["send", "bob", "hello bob"]);
        bob.ok(&["requests"]);
        stranger
    };
    for fault in &FAULTS {
        let (ran, calls) = count(fault.calls, bob.home.path(), &["accept", &next().name]);
        ran.assert_done();
        for _ in 0..rounds(1, 30) {
            let (stranger, when) = (next(), moment(&mut dice, calls));
            let name = stranger.name.as_str();
            let what = format!("accept {name}, {fault:?} {when}");
            let tried = under(fault, &when, bob.home.path(), &["accept", name]);
            let done = figures.note(&tried, &what);
            let is_contact = || bob.ok(&["contacts"]).out.contains(name);
            if done || is_kept(&tried.0) {
                assert!(is_contact(), "{what}");
            } else if !is_contact() {
                bob.ok(&["accept", name]);
            }
            bob.ok(&["pull"]);
            bob.ok(&["send", name, "welcome"]);
            assert_eq!(stranger.pull(), ["welcome"], "{what}");
            stranger.ok(&["send", "bob", "thank you"]);
            assert_eq!(bob.pull(), ["thank you"], "{what}");
        }
    }
    figures.print("failing accept");
}
