//! Giving one's name up: what is said before, what is left after, and who may have the name next.

use crate::daemon::Daemon;
use crate::person::{Person, friends};
use crate::relay::Relay;
use crate::terminal::Terminal;

#[test]
fn a_name_is_given_up_after_a_last_pull_and_the_profile_can_only_be_read() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let address = alice.address();
    bob.ok(&["send", "alice", "the last thing"]);
    for args in [&["identity", "release"][..], &["identity", "release", "--yes", "bob"]] {
        alice.run(args).assert_problem(2, "OUB-E189");
    }
    assert!(alice.json(&["id"])[0]["given_up"].is_null(), "nothing happened");

    let line = alice.json(&["identity", "release", "--yes", "alice"]).remove(0);
    assert_eq!((line["t"].as_str(), line["name"].as_str()), (Some("released"), Some("alice")), "{line}");
    assert_eq!((line["address"].as_str(), line["unsent"].as_u64()), (Some(address.as_str()), Some(0)));
    let again = alice.json(&["identity", "release"]).remove(0);
    assert_eq!(again, line, "once more changes nothing, and needs no second yes");

    let backup = alice.home.path().join("alice.backup").display().to_string();
    let secret = alice.home.path().join("secret");
    std::fs::write(&secret, "of the backup\n").unwrap();
    let secret = secret.display().to_string();
    let export = ["identity", "backup", backup.as_str(), "--backup-passphrase-file", secret.as_str()];
    for args in
        [&["log", "bob"][..], &["contacts"], &["contact", "show", "bob"], &["id"], &["doctor"], &export]
    {
        let ran = alice.ok(args);
        assert!(ran.err.contains("alice was given up "), "{args:?}: {}", ran.err);
    }
    assert!(alice.ok(&["log", "bob"]).out.contains("the last thing"));
    assert_eq!(alice.json(&["id"])[0]["given_up"], line["at"]);
    alice.ok(&["config"]);
    let (invitation, address_of_bob) = (relay.invite("other"), bob.address());
    for args in [
        &["send", "bob", "hi"][..],
        &["pull"],
        &["requests"],
        &["ask", "bob", "hm?"],
        &["add", &address_of_bob],
        &["accept", "carol"],
        &["pair", "--no-wait"],
        &["chat", "bob"],
        &["daemon"],
        &["identity", "rotate"],
        &["identity", "renew"],
        &["join", &invitation, "--protect", "file"],
    ] {
        let refused = alice.run(args);
        refused.assert_problem(7, "OUB-E187");
        assert!(refused.err.contains("oub log CONTACT"), "{}", refused.err);
    }
    assert!(alice.ok(&["outbox"]).out.is_empty(), "nothing was kept of what was refused");

    // A backup of it brings back what can be read, and nothing else.
    let elsewhere = Person::new("alice");
    let restore = ["identity", "restore", backup.as_str(), "--protect", "file"];
    let restored = elsewhere.ok(&[&restore[..], &["--backup-passphrase-file", secret.as_str()]].concat());
    assert!(
        restored.err.contains("alice was given up") && !restored.err.contains("fresh keys"),
        "{restored:?}"
    );
    assert!(elsewhere.ok(&["log", "bob"]).out.contains("the last thing"));
    elsewhere.run(&["pull"]).assert_problem(7, "OUB-E187");

    // The name rests, and it is said which invitation lives to see it free.
    let refused = relay.admin(&["invite", "alice"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(5) && told.contains("OUB-S053"), "{told}");
    assert!(told.contains("oublietted invite alice --expires 37d"), "{told}");
    assert!(relay.admin(&["invite", "alice", "--expires", "37d"]).status.success());
}

#[test]
fn a_contact_is_told_and_what_waited_is_refused_for_good() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let address = alice.address();
    relay.kill();
    bob.ok(&["send", "alice", "waits for the server"]);
    relay.start_again();
    alice.ok(&["identity", "release", "--yes", "alice"]);

    let refused = bob.run(&["send", "alice", "are you there?"]);
    refused.assert_problem(5, "OUB-E190");
    assert!(refused.err.contains("alice was given up by its owner"), "{}", refused.err);
    assert!(refused.err.contains("ask for the new address in another way"), "{}", refused.err);
    for args in [&["contacts"][..], &["contact", "show", "alice"]] {
        let shown = bob.ok(args).out;
        assert!(shown.contains("gave the name up") && !shown.contains("not connected"), "{shown}");
    }
    assert!(bob.json(&["contacts"])[0]["given_up"].is_string());
    let waits = bob.json(&["outbox"]);
    assert_eq!(waits.len(), 2, "{waits:?}");
    for line in waits {
        assert_eq!(
            (&line["state"], &line["why"]),
            (&"refused".into(), &"the name was given up by its owner".into())
        );
    }
    bob.run(&["send", "alice", "once more"]).assert_problem(5, "OUB-E190");
    assert!(bob.ok(&["log", "alice"]).out.contains("hello bob"), "what was said stays");
    // Who has the address only hears the same.
    let carol = Person::joined("carol", &relay);
    carol.run(&["add", &address]).assert_problem(5, "OUB-E190");
}

#[test]
fn on_a_terminal_the_name_is_typed_after_what_it_does_was_said() {
    let relay = Relay::start();
    let alice = Person::joined("alice", &relay);
    let mut screen = Terminal::run(&alice.command(&["identity", "release"]), 120, 30);
    screen.sees("nobody can write to you under it");
    screen.sees("Type the name, alice, to give it up:");
    screen.types("yes\n");
    screen.sees("OUB-E189");
    assert_eq!(screen.ends().code(), Some(2));
    assert!(alice.json(&["id"])[0]["given_up"].is_null());

    let mut screen = Terminal::run(&alice.command(&["identity", "release", "--lang", "fr"]), 120, 30);
    screen.sees("Tapez le nom, alice, pour l'abandonner");
    screen.types("alice\n");
    screen.sees("alice est abandonné");
    assert!(screen.ends().success());
    alice.run(&["pull"]).assert_problem(7, "OUB-E187");
}

#[test]
fn a_server_that_is_away_leaves_everything_as_it_was() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    relay.kill();
    alice.run(&["identity", "release", "--yes", "alice"]).assert_problem(4, "OUB-E041");
    alice.ok(&["send", "bob", "later"]);
    relay.start_again();
    alice.ok(&["send", "bob", "and now"]);
    assert_eq!(bob.pull(), ["later", "and now"]);
}

#[test]
fn a_daemon_beside_it_ends_in_order_and_says_why() {
    let relay = Relay::start();
    let alice = Person::joined("alice", &relay);
    let mut daemon = Daemon::of(&alice);
    daemon.says("connected");
    alice.ok(&["identity", "release", "--yes", "alice"]);
    let (code, said) = daemon.ends();
    assert_eq!(code, Some(7), "systemd does not start it again after this one: {said}");
    assert!(said.contains("OUB-E187"), "{said}");
}
