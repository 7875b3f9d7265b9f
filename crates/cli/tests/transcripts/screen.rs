//! What strangers and correspondents write, seen on the screen of the real program: nothing in it is obeyed.

use crate::person::{Person, Ran, friends};
use crate::relay::Relay;

/// Everything that a terminal obeys or that turns a line round: CSI, OSC 52 (writes the clipboard), OSC 0, DCS,
/// eight-bit controls, DEL, backspace, carriage return, bidirectional and invisible characters, tags.
const HOSTILE: &str = "a\u{1b}[2J\u{1b}]52;c;ZXZpbA==\u{7}\u{1b}]0;owned\u{1b}\\\u{1b}P+q\u{1b}\\\u{9b}31m\u{9d}0;x\u{9c}\
     \u{7f}\u{8}\u{8}\rfrom root\u{b}\u{c}\u{0}\u{202e}gpj.exe\u{2066}\u{200b}\u{feff}\u{e0041}\nbob  09:14  yes";

/// What may never reach a terminal.
fn is_obeyed(each: char) -> bool {
    (each.is_control() && each != '\n')
        || matches!(each, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

fn assert_harmless(what: &str, ran: &Ran) {
    for (stream, text) in [("stdout", &ran.out), ("stderr", &ran.err)] {
        let found: Vec<char> = text.chars().filter(|each| is_obeyed(*each)).collect();
        assert!(found.is_empty(), "{what}, {stream}: {found:?} in {text:?}");
    }
}

/// P09: through every command that shows what others wrote, as text and as JSON.
#[test]
fn nothing_that_others_write_reaches_the_terminal_raw() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let carol = Person::joined("carol", &relay);
    carol.ok(&["add", &bob.address()]);
    for person in [&carol, &alice] {
        let sent = person.run_with(&["send", "bob", "-"], HOSTILE.as_bytes());
        assert_eq!(sent.code, Some(0), "{}", sent.err);
    }
    let commands: [&[&str]; 8] = [
        &["requests"],
        &["pull", "--peek"],
        &["pull", "--exec", "false"],
        &["log", "alice"],
        &["contacts"],
        &["outbox"],
        &["doctor"],
        &["verify", "alice"],
    ];
    for command in commands {
        for json in [&[][..], &["--json"], &["-v"]] {
            let args = [json, command].concat();
            assert_harmless(&args.join(" "), &bob.run(&args));
        }
    }
    let shown = bob.ok(&["log", "alice"]).out;
    assert!(shown.contains("\\u{1b}]52;c;ZXZpbA=="), "it is shown, not swallowed: {shown}");
    assert!(!shown.lines().any(|line| line.starts_with("bob  09:14")), "{shown}");
    let read = bob.json(&["log", "alice"]);
    assert!(read.iter().any(|line| line["text"] == HOSTILE), "a program reads what was written");
    let requests = bob.json(&["requests"]);
    assert_eq!(requests[0]["texts"][0], HOSTILE);
    relay.kill();
    assert_harmless("send", &alice.run_with(&["send", "bob", "-"], HOSTILE.as_bytes()));
    assert_harmless("outbox", &alice.ok(&["outbox"]));
}

/// P09: in what is typed or pasted, and comes back in an error.
#[test]
fn nothing_that_was_pasted_comes_back_raw_in_an_error() {
    let relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    // The system takes no zero byte in an argument.
    let hostile = HOSTILE.replace('\0', "");
    let address = format!("oub://{}/{hostile}#x.y", relay.listens_on);
    let host = format!("oub://{hostile}/bob");
    let commands: [&[&str]; 12] = [
        &["send", &hostile, "hi"],
        &["log", &hostile],
        &["accept", &hostile],
        &["decline", &hostile],
        &["verify", &hostile],
        &["add", &hostile],
        &["add", &address],
        &["add", &host],
        &["contact", "rename", "bob", &hostile],
        &["contact", "show", &hostile],
        &["verify", "bob", "--words", &hostile],
        &["-P", &hostile, "id"],
    ];
    for command in commands {
        for json in [&[][..], &["--json"]] {
            let args = [json, command].concat();
            let ran = alice.run(&args);
            assert_ne!(ran.code, Some(0), "{args:?}");
            assert_harmless(&format!("{args:?}"), &ran);
        }
    }
    let somebody = Person::new("somebody");
    assert_harmless("join", &somebody.run(&["join", &hostile, "--protect", "file"]));
}

/// P10: a name is plain ASCII, an alias holds nothing that cannot be seen, and who is not the contact is never
/// shown under the contact's name.
#[test]
fn a_look_alike_is_told_apart() {
    let (here, there) = (Relay::start(), Relay::start());
    let (alice, bob) = friends(&here);
    // Another bob, on another relay, and one whose name looks alike.
    let other = Person::joined("bob", &there);
    let alike = Person::joined("b0b", &here);
    for stranger in [&other, &alike] {
        stranger.ok(&["add", &alice.address()]);
        stranger.ok(&["send", "alice", "it is me"]);
    }
    let requests = alice.json(&["requests"]);
    let names: Vec<_> = requests.iter().map(|line| line["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["bob-2", "b0b"], "{requests:?}");
    let text = alice.ok(&["requests"]).out;
    assert!(text.contains("bob-2 (not accepted)") && text.contains(&there.listens_on), "{text}");
    assert_eq!(alice.pull(), Vec::<String>::new(), "nothing of theirs is among bob's");
    // Neither may be called as bob is.
    alice.run(&["accept", "b0b", "--as", "bob"]).assert_problem(2, "OUB-E023");
    alice.ok(&["accept", "b0b"]);
    for hidden in
        ["bob\u{200b}", "b\u{ad}ob", "bob\u{2060}", "bob\u{fe0f}", "bo\u{202e}b", "bob\u{e0061}", " bob"]
    {
        alice.run(&["contact", "rename", "b0b", hidden]).assert_problem(2, "OUB-E024");
    }
    // A Cyrillic о in an address.
    alice.run(&["add", &bob.address().replace("/bob#", "/b\u{43e}b#")]).assert_problem(2, "OUB-E033");
    assert_eq!(alice.ok(&["contacts"]).out.lines().count(), 2);
}

/// S20: the relay's word is called what it is: stored there, never delivered or read.
#[test]
fn a_relays_word_is_never_called_delivery() {
    let relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    let said = [
        alice.ok(&["send", "bob", "one"]),
        alice.ok(&["--json", "send", "bob", "two"]),
        alice.ok(&["log", "bob"]),
        alice.ok(&["outbox"]),
        alice.ok(&["help", "send"]),
    ];
    for ran in &said {
        let all = format!("{}{}", ran.out, ran.err).to_lowercase();
        for word in ["delivered", "has read", "was read", "seen by", "received by"] {
            assert!(!all.contains(word), "{word}: {all}");
        }
    }
    assert!(said[0].err.contains("stored") || said[0].out.contains("stored"), "{:?}", said[0]);
}
