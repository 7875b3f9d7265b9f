//! Two people pair by a spoken code, and what becomes of those who do it wrong.

use std::io::{BufRead as _, BufReader};
use std::process::Child;
use std::time::Duration;

use crate::person::{Person, Ran};
use crate::relay::Relay;

fn two(relay: &Relay) -> (Person, Person) {
    (Person::joined("alice", relay), Person::joined("bob", relay))
}

/// Makes a code and leaves it to later commands.
fn code(person: &Person) -> String {
    person.ok(&["pair", "--no-wait"]).out.trim().to_owned()
}

/// Starts `oub pair`, which waits, and reads its code.
fn waiting(person: &Person) -> (Child, String) {
    let mut child = person.command(&["pair", "--timeout", "30s"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (child, line.trim().to_owned())
}

fn number(code: &str) -> &str {
    code.split('-').next().unwrap()
}

#[test]
fn two_people_are_verified_contacts_after_one_spoken_code() {
    let relay = Relay::start();
    let (alice, bob) = two(&relay);
    let (child, code) = waiting(&alice);
    let spoken = code.to_uppercase().replace('-', " ");
    let typed: Vec<&str> = [&["pair", "--as", "Al"][..], &spoken.split(' ').collect::<Vec<_>>()].concat();
    let bobs = bob.ok(&typed);
    assert!(bobs.err.contains("✓ paired with Al (verified)"), "{bobs:?}");
    let alices = Ran::of_child(child);
    assert_eq!(alices.code, Some(0), "{alices:?}");
    assert!(alices.err.contains("✓ paired with bob (verified)"), "{alices:?}");
    alice.ok(&["send", "bob", "hello", "--require-verified"]);
    assert_eq!(bob.json(&["pull"])[0]["from"], "Al", "nobody is a request");
    bob.ok(&["send", "Al", "hello yourself", "--require-verified"]);
    assert_eq!(alice.json(&["pull"])[0]["verified"], true);
    assert!(alice.ok(&["pair", "--list"]).out.is_empty());
}

#[test]
fn neither_has_to_be_there_while_the_other_acts_and_the_relay_may_forget() {
    let mut relay = Relay::start();
    let (alice, bob) = two(&relay);
    let code = code(&alice);
    let bobs = bob.json(&["pair", "--no-wait", &code]);
    assert!(bobs.is_empty(), "nothing is known yet: {bobs:?}");
    // What was left at the relay was in its memory alone.
    relay.kill();
    relay.start_again();
    let mut told = (String::new(), String::new());
    for _ in 0..12 {
        if told.0.contains("paired with bob") && told.1.contains("paired with alice") {
            break;
        }
        // Commands that do something else ask every quarter of a minute.
        std::thread::sleep(Duration::from_secs(6));
        told.0 += &alice.ok(&["pull"]).err;
        told.1 += &bob.ok(&["pull"]).err;
    }
    assert!(told.0.contains("✓ paired with bob (verified)"), "{told:?}");
    assert!(told.1.contains("✓ paired with alice (verified)"), "{told:?}");
    assert_eq!(told.0.matches("paired with").count(), 1, "told once: {told:?}");
}

#[test]
fn other_words_burn_the_code_and_both_are_told() {
    let relay = Relay::start();
    let (alice, bob) = two(&relay);
    let mallory = Person::joined("mallory", &relay);
    let (child, code) = waiting(&alice);
    mallory.run(&["pair", &format!("{}-zoo-zoo", number(&code))]).assert_problem(6, "OUB-E164");
    Ran::of_child(child).assert_problem(6, "OUB-E164");
    // The right words come too late: the one try is spent.
    let late = bob.run(&["pair", &code]);
    assert!(matches!(late.code, Some(5 | 6)), "{late:?}");
    for person in [&alice, &bob, &mallory] {
        assert!(person.ok(&["contacts"]).out.is_empty(), "nobody was added");
    }
}

#[test]
fn whoever_types_a_code_is_told_that_the_other_side_is_waited_for() {
    let relay = Relay::start();
    let (alice, bob) = two(&relay);
    let code = code(&alice);
    let typed = bob.run(&["--timeout", "1s", "pair", &format!("{}-zoo-zoo", number(&code))]);
    assert_eq!(typed.code, Some(3), "nobody is there: {typed:?}");
    assert!(typed.err.starts_with("Waiting; you may close this"), "{}", typed.err);
}

#[test]
fn a_slip_costs_no_guess() {
    let relay = Relay::start();
    let (alice, bob) = two(&relay);
    let (child, code) = waiting(&alice);
    bob.run(&["pair", "guitar-volcano"]).assert_problem(2, "OUB-E161");
    let slip = bob.run(&["pair", &format!("{}-abandno-zoo", number(&code))]);
    slip.assert_problem(2, "OUB-E161");
    assert!(slip.err.contains("“abandon” is one"), "{slip:?}");
    alice.run(&["pair", &code]).assert_problem(2, "OUB-E166");
    bob.run(&["pair", "--as", "bad\u{7}name", &code]).assert_problem(2, "OUB-E024");
    bob.run(&["pair", "9999-abandon-zoo"]).assert_problem(5, "OUB-E162");
    bob.ok(&["pair", &code]);
    assert_eq!(Ran::of_child(child).code, Some(0));
}

#[test]
fn codes_are_listed_and_called_off() {
    let relay = Relay::start();
    let (alice, bob) = two(&relay);
    let code = code(&alice);
    let listed = alice.json(&["pair", "--list"]);
    assert_eq!((&listed[0]["t"], &listed[0]["code"]), (&"pairing".into(), &code.as_str().into()));
    alice.run(&["pair", "--call-off", "9999"]).assert_problem(2, "OUB-E169");
    let misread = alice.run(&["pair", "--call-off", "guitar"]);
    assert!(
        misread.code == Some(2) && misread.err.contains("number that the code begins with"),
        "{misread:?}"
    );
    alice.ok(&["pair", "--call-off", number(&code)]);
    assert!(alice.ok(&["pair", "--list"]).out.is_empty());
    bob.run(&["pair", &code]).assert_problem(5, "OUB-E162");
    let in_vain = alice.run(&["pair", "--timeout", "1s"]);
    assert_eq!(in_vain.code, Some(3), "{in_vain:?}");
    for _ in 0..7 {
        self::code(&alice);
    }
    alice.run(&["pair"]).assert_problem(2, "OUB-E167");
}

#[test]
fn people_of_two_relays_pair_at_one_of_them() {
    let (here, there) = (Relay::start(), Relay::start());
    let (alice, bob) = (Person::joined("alice", &here), Person::joined("bob", &there));
    let (child, code) = waiting(&alice);
    let relay = alice.address();
    let host = relay.strip_prefix("oub://").unwrap().split('/').next().unwrap();
    bob.ok(&["pair", &format!("{code}@{host}")]);
    assert_eq!(Ran::of_child(child).code, Some(0));
    alice.ok(&["send", "bob", "across", "--require-verified"]);
    assert_eq!(bob.json(&["pull"])[0]["text"], "across");
}
