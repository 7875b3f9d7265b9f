//! Every verb does what its help says.

use crate::person::{Person, Ran, friends};
use crate::relay::Relay;

#[test]
fn a_first_message_reaches_somebody_who_was_away() {
    let relay = Relay::start();
    let (alice, bob) = (Person::joined("alice", &relay), Person::joined("bob", &relay));

    let added = alice.ok(&["add", &bob.address(), "--as", "robert"]);
    assert!(added.out.starts_with("robert  (unverified"), "{}", added.out);
    assert!(alice.ok(&["send", "robert", "clé sous le pot"]).err.contains("✓ stored for robert"));
    assert_eq!(alice.ok(&["outbox"]).out, "");

    let pulled = bob.ok(&["pull"]);
    assert!(pulled.out.is_empty() && pulled.err.contains("oub requests"), "{pulled:?}");
    let requests = bob.ok(&["requests"]).out;
    assert!(
        requests.starts_with("alice (not accepted)  oub://") && requests.contains("clé sous le pot"),
        "{requests}"
    );
    bob.ok(&["accept", "alice"]);
    let pulled = bob.ok(&["pull"]).out;
    assert!(
        pulled.starts_with("alice (unverified)  ") && pulled.ends_with("  clé sous le pot\n"),
        "{pulled}"
    );
    assert_eq!(bob.ok(&["pull"]).out, "", "once read, not handed out again");

    bob.ok(&["send", "alice", "merci"]);
    assert_eq!(alice.pull(), ["merci"]);
    alice.ok(&["send", "robert", "de rien"]);
    assert_eq!(bob.pull(), ["de rien"]);
    let log = alice.ok(&["log", "robert"]).out;
    let said: Vec<&str> = log.lines().map(|line| line.rsplit("  ").next().unwrap()).collect();
    assert_eq!(said, ["clé sous le pot", "merci", "de rien"], "{log}");
}

#[test]
fn two_people_verify_each_other_by_words_digits_or_in_french() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let shown = |person: &Person, args: &[&str]| person.json(args).remove(0);

    let here = shown(&alice, &["verify", "bob"]);
    let there = shown(&bob, &["verify", "alice"]);
    assert_eq!((&here["words"], &here["digits"]), (&there["words"], &there["digits"]));
    assert_eq!(here["verified"], false);
    assert_eq!(here["words"].as_array().unwrap().len(), 10);
    assert_eq!(here["digits"].as_str().unwrap().chars().filter(char::is_ascii_digit).count(), 60);

    let words: Vec<&str> =
        here["words"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    alice.run(&["send", "bob", "secret", "--require-verified"]).assert_problem(6, "OUB-E062");
    alice.run(&["verify", "bob", "--words", "wrong words"]).assert_problem(6, "OUB-E065");
    assert_eq!(shown(&alice, &["verify", "bob", "--words", &words.join(" ")])["verified"], true);
    assert_eq!(
        shown(&bob, &["verify", "alice", "--words", here["digits"].as_str().unwrap()])["verified"],
        true
    );
    alice.ok(&["send", "bob", "secret", "--require-verified"]);
    let pulled = bob.ok(&["pull"]).out;
    assert!(pulled.starts_with("alice  "), "a verified sender needs no note: {pulled}");
    assert_ne!(shown(&alice, &["verify", "bob", "--lang", "fr"])["words"], here["words"]);
}

#[test]
fn text_may_come_from_standard_input() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    assert_eq!(alice.run_with(&["send", "bob", "-"], "a\nb\n".as_bytes()).code, Some(0));
    assert_eq!(alice.run_with(&["send", "bob"], "c".as_bytes()).code, Some(0));
    alice.run_with(&["send", "bob"], &[0xff, 0xfe]).assert_problem(2, "OUB-E036");
    assert_eq!(bob.pull(), ["a\nb", "c"]);
}

#[test]
fn the_same_idempotency_key_is_the_same_message() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let send = || alice.json(&["send", "bob", "backup done", "--idempotency", "night-1"]).remove(0);
    assert_eq!(send()["id"], send()["id"]);
    alice.run(&["send", "bob", "another", "--idempotency", "night-1"]).assert_problem(2, "OUB-E029");
    assert_eq!(bob.pull(), ["backup done"]);
}

#[test]
fn peek_shows_and_max_stops_and_from_chooses() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    for text in ["one", "two", "three"] {
        alice.ok(&["send", "bob", text]);
    }
    assert_eq!(bob.ok(&["pull", "--peek"]).out.lines().count(), 3);
    assert_eq!(bob.ok(&["pull", "-n", "2"]).out.lines().count(), 2);
    bob.run(&["pull", "--from", "nobody"]).assert_problem(2, "OUB-E021");
    assert!(bob.ok(&["pull", "--from", "alice"]).out.ends_with("  three\n"));
    assert_eq!(bob.run(&["pull", "--exit-code"]).code, Some(3));
    assert_eq!(bob.run(&["pull"]).code, Some(0));
}

#[test]
fn a_hook_decides_what_is_handled() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.ok(&["send", "bob", "deploy 1.4"]);
    bob.run(&["pull", "--exec", "exit 7"]).assert_problem(4, "OUB-E047");
    let hook = "printf '%s|%s|%s|' \"$OUB_FROM\" \"$OUB_VERIFIED\" \"$OUB_ID\"; cat";
    let ran = bob.ok(&["pull", "--exec", hook]).out;
    let fields: Vec<&str> = ran.split('|').collect();
    assert_eq!((fields[0], fields[1], fields[3]), ("alice", "false", "deploy 1.4"), "{ran}");
    assert_eq!(fields[2].len(), 32);
    assert_eq!(bob.ok(&["pull", "--exec", "cat"]).out, "", "it was handled");
}

#[test]
fn a_hook_may_answer() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.ok(&["send", "bob", "ping"]);
    let hook = format!("{} send \"$OUB_FROM\" \"got $(cat)\"", crate::bin_dir().join("oub").display());
    bob.ok(&["pull", "--exec", &hook]);
    assert_eq!(alice.pull(), ["got ping"]);
}

#[test]
fn follow_prints_what_arrives() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let follower = bob.command(&["pull", "--follow", "-n", "2", "--json"]).spawn().unwrap();
    alice.ok(&["send", "bob", "first"]);
    alice.ok(&["send", "bob", "second"]);
    let ran = Ran::of_child(follower);
    assert_eq!(crate::person::texts(&ran.lines()), ["first", "second"]);
}

#[test]
fn doctor_finds_everything_in_order_and_says_when_the_server_is_away() {
    let mut relay = Relay::start();
    let alice = Person::joined("alice", &relay);
    let report = alice.ok(&["doctor"]).out;
    assert!(report.contains("good") && !report.contains("bad  "), "{report}");
    relay.kill();
    let ran = alice.run(&["doctor"]);
    assert_eq!(ran.code, Some(4), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("bad      server"), "{}", ran.out);
}

#[test]
fn contacts_are_listed_renamed_and_blocked() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    assert_eq!(alice.ok(&["contacts"]).out, alice.ok(&["contact", "list"]).out);
    alice.ok(&["contact", "rename", "bob", "robert"]);
    alice.ok(&["contact", "block", "robert"]);
    alice.run(&["send", "robert", "x"]).assert_problem(5, "OUB-E054");
    bob.ok(&["send", "alice", "are you there?"]);
    assert_eq!(alice.pull(), Vec::<String>::new());
    alice.ok(&["contact", "unblock", "robert"]);
    alice.ok(&["send", "robert", "yes"]);
    assert_eq!(bob.pull(), ["yes"]);
}

#[test]
fn a_declined_request_is_gone() {
    let relay = Relay::start();
    let (alice, bob) = (Person::joined("alice", &relay), Person::joined("bob", &relay));
    alice.ok(&["add", &bob.address()]);
    alice.ok(&["send", "bob", "buy this"]);
    assert!(bob.ok(&["requests"]).out.contains("buy this"));
    bob.ok(&["decline", "alice"]);
    assert_eq!(bob.ok(&["requests"]).out, "");
}

#[test]
fn a_passphrase_protects_the_vault() {
    let relay = Relay::start();
    let alice = Person::new("alice");
    let file = alice.home.path().join("passphrase");
    std::fs::write(&file, "correct horse\n").unwrap();
    let path = file.to_str().unwrap();
    let link = relay.invite("alice");
    alice.run(&["join", &link]).assert_problem(7, "OUB-E081");
    alice.ok(&["join", &link, "--protect", "passphrase", "--passphrase-file", path]);
    alice.run(&["id"]).assert_problem(7, "OUB-E073");
    assert!(alice.ok(&["id", "--passphrase-file", path]).out.starts_with("oub://"));
    assert_eq!(Ran::of(alice.command(&["id"]).env("OUB_PASSPHRASE_FILE", path)).code, Some(0));
    std::fs::write(&file, "wrong horse\n").unwrap();
    alice.run(&["id", "--passphrase-file", path]).assert_problem(7, "OUB-E074");
}

#[test]
fn an_invitation_may_come_from_a_file_or_standard_input() {
    let relay = Relay::start();
    let printed = relay.admin(&["invite", "alice"]).stdout;
    let alice = Person::new("alice");
    let ran = alice.run_with(&["join", "--invite-file", "-", "--protect", "file"], &printed);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(ran.out.trim(), alice.address());
    assert!(ran.err.contains("24 words"), "{}", ran.err);
    assert!(alice.ok(&["id", "--qr"]).out.lines().count() > 15);
}

#[test]
fn help_is_there_without_arguments_and_about_topics() {
    let nobody = Person::new("nobody");
    let ran = nobody.run(&[]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("Examples") && ran.err.contains("Usage: oub"), "{}", ran.err);
    for topic in ["json", "exit-codes", "files", "send", "contact"] {
        assert!(!nobody.ok(&["help", topic]).out.is_empty());
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(nobody.ok(&["completions", shell]).out.contains("OUB_COMPLETE"), "{shell}");
    }
    nobody.run(&["help", "nonsense"]).assert_problem(2, "OUB-E037");
}
