//! The 24 recovery words: in the vault until somebody has them, and not a moment longer.

use std::fs::OpenOptions;
use std::process::{Command, Stdio};

use crate::person::{Person, Ran, words_in};
use crate::relay::Relay;
use crate::terminal::Terminal;

/// Says in each command that they wait.
const REMINDER: &str = "oub id --words";

fn device(path: &str) -> Stdio {
    OpenOptions::new().write(true).open(path).unwrap().into()
}

fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn joining(person: &Person, relay: &Relay, json: bool) -> Command {
    let flags: &[&str] = if json { &["--json"] } else { &[] };
    person.command(&[flags, &["join", &relay.invite(&person.name), "--protect", "file"]].concat())
}

#[test]
fn words_that_nobody_took_are_shown_by_a_later_command() {
    let ways: [(&str, bool, [Stdio; 2]); 6] = [
        ("noroom", true, [device("/dev/full"), device("/dev/full")]),
        ("closed", true, [closed_pipe(), closed_pipe()]),
        ("thrown", true, [device("/dev/null"), Stdio::piped()]),
        ("unheard", false, [Stdio::piped(), device("/dev/null")]),
        ("unsaid", false, [Stdio::piped(), device("/dev/full")]),
        ("unanswered", false, [device("/dev/full"), Stdio::piped()]),
    ];
    for (name, json, [out, err]) in ways {
        let (relay, person) = (Relay::start(), Person::new(name));
        let joined = Ran::of(joining(&person, &relay, json).stdout(out).stderr(err));
        assert_eq!(joined.code, Some(if name == "noroom" || name == "unanswered" { 7 } else { 0 }), "{name}");
        for verb in [["id"].as_slice(), &["pull"]] {
            assert!(person.ok(verb).err.contains(REMINDER), "{name} {verb:?}");
            let quiet = person.ok(&[&["-q"], verb].concat());
            assert!(!quiet.err.contains(REMINDER), "{name} {verb:?}");
        }
        assert!(person.run(&["doctor"]).out.contains("words"), "{name}");
        // A look that is not taken changes nothing.
        person.command(&["id", "--words"]).stdout(device("/dev/full")).status().unwrap();
        person.command(&["id", "--words"]).stdout(device("/dev/null")).status().unwrap();
        let shown = person.ok(&["id", "--words"]);
        let words = words_in(&shown.out);
        assert_eq!(words.len(), 24, "{name}: {}", shown.out);
        assert!(shown.err.contains("the vault has forgotten the 24 words"), "{name}: {}", shown.err);
        let gone = person.run(&["id", "--words"]);
        gone.assert_problem(7, "OUB-E201");
        assert!(!person.ok(&["pull"]).err.contains(REMINDER), "{name}");
        assert!(!person.run(&["doctor"]).out.contains("words"), "{name}");
        person.assert_taken_back_by(&words);
    }
}

#[test]
fn joining_once_more_brings_the_words_that_nobody_took() {
    let relay = Relay::start();
    let alice = Person::new("alice");
    let link = relay.invite("alice");
    let join = ["--json", "join", &link, "--protect", "file"];
    let lost = Ran::of(alice.command(&join).stdout(closed_pipe()).stderr(device("/dev/null")));
    assert_eq!(lost.code, Some(0));
    let again = alice.ok(&join);
    let words: Vec<String> = serde_json::from_value(again.lines()[0]["recovery_words"].clone()).unwrap();
    assert_eq!((words.len(), again.lines()[0]["t"].as_str()), (24, Some("joined")));
    let gone = alice.run(&join);
    assert_eq!((gone.code, gone.lines()[0]["code"].as_str()), (Some(7), Some("OUB-E072")));
    alice.assert_taken_back_by(&words);
}

#[test]
fn on_a_terminal_they_are_forgotten_when_they_are_said_to_be_on_paper() {
    let relay = Relay::start();
    let alice = Person::new("alice");
    let mut screen = Terminal::run(&joining(&alice, &relay, false), 140, 40);
    screen.sees("[Y/n/later]");
    assert_eq!(words_in(&screen.screen.screen().contents()).len(), 0, "nobody said yes");
    screen.types("\n");
    screen.sees("Are all 24 on paper?");
    let words = words_in(&screen.screen.screen().contents());
    assert_eq!(words.len(), 24);
    screen.types("\n");
    screen.sees(REMINDER);
    assert!(screen.ends().success());

    let mut screen = Terminal::run(&alice.command(&["id", "--words"]), 140, 40);
    screen.sees("Are all 24 on paper?");
    assert_eq!(words_in(&screen.screen.screen().contents()), words);
    screen.types("no\n");
    screen.sees(REMINDER);
    assert!(screen.ends().success());

    let mut screen = Terminal::run(&alice.command(&["--lang", "fr", "id", "--words"]), 140, 40);
    screen.sees("Sont-ils tous les 24 sur papier");
    assert_ne!(words_in(&screen.screen.screen().contents()), words, "the French list");
    screen.types("o\n");
    screen.sees("le coffre a oublié les 24 mots");
    assert!(screen.ends().success());
    alice.run(&["id", "--words"]).assert_problem(7, "OUB-E201");
    alice.assert_taken_back_by(&words);
}

#[test]
fn who_says_later_is_reminded_and_who_says_no_types_the_name() {
    let relay = Relay::start();
    let alice = Person::new("alice");
    let mut screen = Terminal::run(&joining(&alice, &relay, false), 140, 40);
    screen.sees("[Y/n/later]");
    screen.types("later\n");
    screen.sees(REMINDER);
    assert!(screen.ends().success());
    assert_eq!(words_in(&screen.screen.screen().contents()).len(), 0);
    let mut chat = Terminal::run(&alice.command(&["chat", "--plain"]), 140, 40);
    chat.sees(REMINDER);
    chat.types("/quit\n");
    assert!(chat.ends().success());
    // A program takes them without being asked, and a person who may not be asked counts as one.
    let mut screen = Terminal::run(&alice.command(&["--no-input", "id", "--words"]), 140, 40);
    screen.sees("the vault has forgotten the 24 words");
    assert!(screen.ends().success());

    let bob = Person::new("bob");
    let join = joining(&bob, &relay, false);
    for (typed, seen) in [("y\n", REMINDER), ("bob\n", "the vault has forgotten the 24 words")] {
        let mut screen = Terminal::run(&join, 140, 40);
        screen.sees("[Y/n/later]");
        screen.types("n\n");
        screen.sees("Type the name, bob,");
        screen.types(typed);
        screen.sees(seen);
        assert!(screen.ends().success());
        assert_eq!(words_in(&screen.screen.screen().contents()).len(), 0);
    }
    bob.run(&["id", "--words"]).assert_problem(7, "OUB-E201");
}

/// JSON on a terminal is read by whoever sits there, and nobody was asked.
#[test]
fn on_a_terminal_json_does_not_count_as_a_program() {
    let relay = Relay::start();
    let alice = Person::new("alice");
    for command in [joining(&alice, &relay, true), alice.command(&["--json", "id", "--words"])] {
        let mut screen = Terminal::run(&command, 140, 40);
        screen.sees("recovery_words");
        screen.sees(REMINDER);
        assert!(screen.ends().success());
    }
    let mut screen = Terminal::run(&alice.command(&["--json", "--no-input", "id", "--words"]), 140, 40);
    screen.sees("the vault has forgotten the 24 words");
    assert!(screen.ends().success());
}

/// An invitation that comes by a pipe leaves nobody to ask, and a person reads the words all the same.
#[test]
fn on_a_terminal_where_nobody_can_answer_they_are_shown_and_kept() {
    let relay = Relay::start();
    let alice = Person::new("alice");
    let command = alice.command(&[]);
    let oub = command.get_program().to_str().unwrap();
    let line = format!("echo '{}' | {oub} join --invite-file - --protect file", relay.invite("alice"));
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).env_clear();
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut screen = Terminal::run(&shell, 140, 40);
    screen.sees(REMINDER);
    assert!(screen.ends().success());
    let words = words_in(&screen.screen.screen().contents());
    assert_eq!(words.len(), 24);
    assert_eq!(words_in(&alice.ok(&["id", "--words"]).out), words);
}

/// A name that was given up is not brought back by anything: nobody is asked to write its words down.
#[test]
fn who_gave_the_name_up_is_not_reminded() {
    let relay = Relay::start();
    let alice = Person::new("alice");
    let joined = Ran::of(joining(&alice, &relay, false).stderr(device("/dev/null")));
    joined.assert_done();
    let released = alice.ok(&["identity", "release", "--yes", "alice"]);
    assert!(!released.err.contains(REMINDER), "{}", released.err);
    assert!(!alice.ok(&["id"]).err.contains(REMINDER));
}
