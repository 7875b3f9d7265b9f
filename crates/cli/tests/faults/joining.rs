//! Joining on a disk that fails, or ending before the words were printed (F03): an account stands with its words, or not at all.

use std::fs::File;

use crate::book::assert_told;
use crate::dice::Dice;
use crate::failing::{FAULTS, moment};
use crate::person::{Person, Ran, words_in};
use crate::relay::Relay;
use crate::rounds;
use crate::strace::{Fault, count, killed_at_write, may_meddle, under, unsynced};

/// The words of whoever ran into a fault once the fault is over: printed before, or had by joining once more.
fn words_after(person: &Person, join: &[&str], said: &str, what: &str) -> Vec<String> {
    let again = person.run(join);
    let words = match again.code {
        Some(0) => words_in(&again.err),
        _ => {
            assert!(again.err.contains("OUB-E072"), "{what}\n{}", again.err);
            words_in(said)
        }
    };
    assert_eq!(words.len(), 24, "{what}\n{said}{}", again.err);
    // Whoever has them is asked for nothing more, and nothing shows them again.
    person.run(&["id", "--words"]).assert_problem(7, "OUB-E201");
    assert!(!person.ok(&["id"]).err.contains("--words"), "{what}");
    words
}

/// One join under a fault, at a relay of its own, which grants one source so many claims; says whether it failed.
fn join_under(fault: &Fault, when: &str) -> bool {
    let (relay, person) = (Relay::start(), Person::new("alice"));
    let link = relay.invite("alice");
    let (join, what) = (["join", &link, "--protect", "file"], format!("join, {fault:?} {when}"));
    let (tried, _) = under(fault, when, person.home.path(), &join);
    let done = assert_told(&tried, &what);
    let words = match done && words_in(&tried.err).len() == 24 && has_let_go(&person) {
        true => words_in(&tried.err),
        false => words_after(&person, &join, &tried.err, &what),
    };
    person.assert_taken_back_by(&words);
    !done
}

/// Whether the vault has forgotten the words: where erasing them failed, they are there still.
fn has_let_go(person: &Person) -> bool {
    !person.ok(&["id"]).err.contains("--words")
}

#[test]
fn who_joins_while_the_vault_fails_has_the_words_or_no_account() {
    if !may_meddle() {
        return;
    }
    let (mut dice, mut joins, mut failed) = (Dice::new("failing join"), 0, 0);
    for fault in &FAULTS {
        let (relay, person) = (Relay::start(), Person::new("alice"));
        let link = relay.invite("alice");
        let (ran, calls) = count(fault.calls, person.home.path(), &["join", &link, "--protect", "file"]);
        ran.assert_done();
        // The last calls are those of the end: joined, shown, erased.
        let mut moments: Vec<String> =
            (calls.saturating_sub(3).max(1)..=calls).map(|n| format!("{n}+")).collect();
        moments.extend((0..rounds(4, 60)).map(|_| moment(&mut dice, calls)));
        for when in moments {
            joins += 1;
            failed += usize::from(join_under(fault, &when));
        }
    }
    println!("failing join: {joins} joins, {failed} of them said so, and everybody has the words");
}

#[test]
fn who_is_killed_before_the_words_are_printed_has_them_from_the_next_command() {
    if !may_meddle() {
        return;
    }
    for as_json in [false, true] {
        let mut n = 1;
        loop {
            let (relay, person) = (Relay::start(), Person::new("alice"));
            let link = relay.invite("alice");
            let flags: &[&str] = if as_json { &["--json"] } else { &[] };
            let join = [flags, &["join", &link, "--protect", "file"]].concat();
            if !killed_at_write(n, person.home.path(), &join, "said") {
                break;
            }
            let what = format!("{join:?} killed at write {n}");
            let words = match as_json {
                true => person.ok(&join).lines()[0]["recovery_words"].to_string(),
                false => {
                    let told = person.ok(&["id"]).err;
                    assert!(told.contains("oub id --words"), "{what}\n{told}");
                    words_in(&person.ok(&["id", "--words"]).out).join(" ")
                }
            };
            let words = words.replace(|other: char| !other.is_alphabetic(), " ");
            let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
            assert_eq!(words.len(), 24, "{what}");
            person.run(&["id", "--words"]).assert_problem(7, "OUB-E201");
            person.assert_taken_back_by(&words);
            n += 1;
        }
        assert!(n > 1, "nobody was killed");
        println!("killed join: at each of {} writes, the words were had afterwards", n - 1);
    }
}

/// A file that was written and never synced is empty after the power went; the vault is synced, and would have let go.
#[test]
fn words_in_a_file_count_as_had_once_its_disk_has_them() {
    if !may_meddle() {
        return;
    }
    for as_json in [false, true] {
        let (relay, person) = (Relay::start(), Person::new("alice"));
        let link = relay.invite("alice");
        let flags: &[&str] = if as_json { &["--json"] } else { &[] };
        let (home, said) = (person.home.path(), person.home.path().join("said"));
        let joined =
            unsynced(home, &[flags, &["join", &link, "--protect", "file"]].concat(), "said", !as_json);
        joined.assert_done();
        let text = std::fs::read_to_string(&said).unwrap() + &joined.err;
        assert!(text.contains("is not on its disk") && text.contains("oub id --words"), "{text}");
        let shown = unsynced(home, &["id", "--words"], "said", false);
        assert!(shown.err.contains("is not on its disk"), "{}", shown.err);
        let mut command = person.command(&["id", "--words"]);
        let shown = Ran::of(command.stdout(File::create(&said).unwrap()));
        assert!(shown.err.contains("the vault has forgotten the 24 words"), "{}", shown.err);
        person.assert_taken_back_by(&words_in(&std::fs::read_to_string(&said).unwrap()));
    }
}
