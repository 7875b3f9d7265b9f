//! Where answers go: a pipe that nobody reads, a disk that is full, and a run that shall be quiet.

use std::fs::OpenOptions;
use std::process::Stdio;

use crate::person::{Person, Ran, friends};
use crate::relay::Relay;

/// Runs with a standard output that takes nothing, as on a full disk.
fn onto_full_disk(person: &Person, args: &[&str]) -> Ran {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    Ran::of(person.command(args).stdout(full))
}

/// Runs with a standard output that nobody reads any more.
fn into_closed_pipe(person: &Person, args: &[&str]) -> Ran {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    Ran::of(person.command(args).stdout(writer))
}

#[test]
fn what_a_full_disk_did_not_take_is_said_by_every_verb() {
    let relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    let commands: [&[&str]; 11] = [
        &["log", "bob"],
        &["log", "bob", "--html"],
        &["--json", "log", "bob"],
        &["id"],
        &["contacts"],
        &["config"],
        &["completions", "bash"],
        &["help"],
        &["help", "send"],
        &["send", "--help"],
        &["--version"],
    ];
    for args in commands {
        let ran = onto_full_disk(&alice, args);
        ran.assert_problem(7, "OUB-E096");
        assert!(ran.err.contains("No space left on device"), "{args:?}: {}", ran.err);
        let ran = into_closed_pipe(&alice, args);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{args:?}");
    }
    let said = onto_full_disk(&alice, &["--lang", "fr", "id"]).err;
    assert!(said.contains("la sortie standard n'a plus rien pris"), "{said}");
    assert!(said.contains("plus de place sur le disque"), "{said}");
}

#[test]
fn what_was_not_printed_is_handed_out_again() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.ok(&["send", "bob", "one"]);
    alice.ok(&["send", "bob", "two"]);
    for args in [&["pull"][..], &["--json", "pull"]] {
        onto_full_disk(&bob, args).assert_problem(7, "OUB-E096");
        let ran = into_closed_pipe(&bob, args);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{args:?}");
    }
    let ran = Ran::of(
        bob.command(&["chat", "--plain", "alice"])
            .stdout(OpenOptions::new().write(true).open("/dev/full").unwrap()),
    );
    ran.assert_problem(7, "OUB-E096");
    assert_eq!(bob.pull(), ["one", "two"]);
    assert!(bob.pull().is_empty());
}

#[test]
fn an_answer_that_was_not_printed_comes_with_the_next_pull() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let asking = alice.command(&["ask", "bob", "ready?", "--timeout", "30s"]).stdout(full).spawn().unwrap();
    while !bob.ok(&["pull"]).out.contains("(question) ready?") {}
    bob.ok(&["answer", "alice", "nearly"]);
    Ran::of_child(asking).assert_problem(7, "OUB-E096");
    assert_eq!(alice.pull(), ["nearly"]);
    assert!(alice.pull().is_empty());
}

/// A hook has done its work, whether or not somebody reads that it did.
#[test]
fn a_full_disk_does_not_run_a_hook_twice() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.ok(&["send", "bob", "one"]);
    onto_full_disk(&bob, &["--json", "pull", "--exec", "true"]).assert_problem(7, "OUB-E096");
    assert!(bob.pull().is_empty());
}

#[test]
fn a_file_goes_into_a_closed_pipe_quietly_and_onto_a_full_disk_not() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let path = alice.home.path().join("long.bin");
    std::fs::write(&path, vec![7; 300_000]).unwrap();
    alice.ok(&["send", "bob", "-f", path.to_str().unwrap()]);
    bob.ok(&["pull"]);
    let id = bob.json(&["files"])[0]["id"].as_str().unwrap().to_owned();
    let save = ["save", &id, "-o", "-"];
    let ran = into_closed_pipe(&bob, &save);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    onto_full_disk(&bob, &save).assert_problem(7, "OUB-E096");
    // Whoever reads only the beginning is no fault either.
    let mut child = bob.command(&save).spawn().unwrap();
    let mut some = [0; 10];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut some).unwrap();
    drop(child.stdout.take());
    let ran = Ran::of_child(child);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let whole = bob.command(&save).stdout(Stdio::piped()).output().unwrap();
    assert_eq!(whole.stdout, vec![7; 300_000], "the vault kept it");
}

/// The 24 words of a run, with their numbers.
fn words_in(text: &str) -> usize {
    (1..=24).filter(|number| text.contains(&format!(" {number} "))).count()
}

#[test]
fn no_quietness_silences_the_recovery_words() {
    let relay = Relay::start();
    let join = |name: &str| vec!["join".to_owned(), relay.invite(name), "--protect".into(), "file".into()];
    let by_flag = Person::new("alice");
    let args = join("alice");
    let args: Vec<&str> = ["-qq"].into_iter().chain(args.iter().map(String::as_str)).collect();
    let ran = by_flag.ok(&args);
    assert_eq!(words_in(&ran.err), 24, "{}", ran.err);
    assert!(ran.err.contains("write these 24 words on paper now"), "{}", ran.err);
    assert!(!ran.err.contains("Your address"), "the rest is silent: {}", ran.err);

    let by_variable = Person::new("bob");
    let args = join("bob");
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran = Ran::of(by_variable.command(&args).env("OUB_QUIET", "2"));
    assert_eq!((ran.code, words_in(&ran.err)), (Some(0), 24), "{}", ran.err);

    let by_file = Person::new("carol");
    std::fs::write(by_file.home.path().join("config.toml"), "quiet = 2\n").unwrap();
    let args = join("carol");
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    assert_eq!(words_in(&by_file.ok(&args).err), 24);
}

/// A program gets them in its answer; where that is not taken, they are told as a person would be told.
#[test]
fn the_recovery_words_outlive_a_full_disk() {
    let relay = Relay::start();
    let alice = Person::new("alice");
    let ran = onto_full_disk(&alice, &["--json", "join", &relay.invite("alice"), "--protect", "file"]);
    assert_eq!((ran.code, words_in(&ran.err)), (Some(7), 24), "{}", ran.err);
    let bob = Person::new("bob");
    let ran = bob.ok(&["-qq", "--json", "join", &relay.invite("bob"), "--protect", "file"]);
    assert_eq!(ran.lines()[0]["recovery_words"].as_array().unwrap().len(), 24);
    assert_eq!(words_in(&ran.err), 0, "{}", ran.err);
}
