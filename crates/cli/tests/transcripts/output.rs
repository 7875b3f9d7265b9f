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
