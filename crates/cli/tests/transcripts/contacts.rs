//! People: what is known of their keys in words, comparing by every means, removing, and who asks to be one.

use crate::person::{Person, friends};
use crate::relay::Relay;

/// The part in brackets of the one line that `contact show` prints.
fn states(person: &Person, contact: &str) -> String {
    let line = person.ok(&["contact", "show", contact]).out;
    let (_, rest) = line.split_once('(').unwrap();
    rest.split_once(')').unwrap().0.to_owned()
}

#[test]
fn what_is_known_of_a_key_is_said_in_words() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    assert_eq!(states(&alice, "bob"), "unverified");
    let digits = bob.json(&["verify", "alice"])[0]["digits"].as_str().unwrap().to_owned();
    alice.ok(&["verify", "bob", "--words", &digits]);
    assert_eq!(states(&alice, "bob"), "verified");
    alice.ok(&["contact", "block", "bob"]);
    assert_eq!(states(&alice, "bob"), "verified, blocked");
    alice.ok(&["contact", "unblock", "bob"]);

    bob.ok(&["identity", "rotate"]);
    alice.ok(&["verify", "bob"]);
    assert_eq!(states(&alice, "bob"), "verified before this key");
    alice.run(&["send", "bob", "secret", "--require-verified"]).assert_problem(6, "OUB-E062");
    let require = alice.command(&["send", "bob", "x"]).env("OUB_REQUIRE_VERIFIED", "1").output().unwrap();
    assert_eq!(require.status.code(), Some(6));

    // Whoever has the box gives the name to somebody else.
    relay.kill();
    std::fs::remove_dir_all(relay.data().join("store")).unwrap();
    std::fs::remove_file(relay.data().join("has-store")).unwrap();
    relay.start_again();
    let _impostor = Person::joined("bob", &relay);
    alice.ok(&["verify", "bob"]);
    assert_eq!(states(&alice, "bob"), "changed");
    alice.run(&["send", "bob", "secret"]).assert_problem(6, "OUB-E061");
}

#[test]
fn two_people_compare_across_languages_and_by_code() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let shown = |person: &Person, contact: &str, lang: &str| {
        let line = person.json(&["verify", contact, "--lang", lang]).remove(0);
        let list: Vec<String> = serde_json::from_value(line["words"].clone()).unwrap();
        (list.join(" "), line["code"].as_str().unwrap().to_owned())
    };
    let (english, code) = shown(&bob, "alice", "en");
    let (french, same_code) = shown(&alice, "bob", "fr");
    assert_eq!(code, same_code);
    assert_ne!(english, french);
    // Each side reads out what it sees in its language; the other takes it whatever its own is.
    alice.ok(&["verify", "bob", "--lang", "fr", "--words", &english]);
    bob.ok(&["verify", "alice", "--lang", "en", "--words", &french]);

    let (carol, dave) = (Person::joined("carol", &relay), Person::joined("dave", &relay));
    carol.ok(&["add", &dave.address()]);
    dave.ok(&["add", &carol.address()]);
    let screen = carol.ok(&["verify", "dave", "--qr"]).out;
    let code = screen.lines().last().unwrap();
    assert!(code.starts_with("OUB-VERIFY:1:") && screen.contains('█'), "{screen}");
    let rows: Vec<usize> =
        screen.lines().filter(|line| line.contains('█')).map(|line| line.chars().count()).collect();
    assert!(rows.len() <= 24 && rows.iter().all(|width| *width < 80), "it fits a terminal: {rows:?}");
    let wrong = code.replace("OUB-VERIFY:1:", "OUB-VERIFY:1:0");
    dave.run(&["verify", "carol", "--code", &wrong]).assert_problem(6, "OUB-E065");
    alice.run(&["verify", "bob", "--code", code]).assert_problem(6, "OUB-E065");
    // A scanner that was closed, or saw something else, is no alarm.
    dave.run_with(&["verify", "carol", "--code", "-"], b"").assert_problem(2, "OUB-E099");
    dave.run(&["verify", "carol", "--code", "https://example.org"]).assert_problem(2, "OUB-E099");
    dave.run(&["verify", "carol", "--words", " "]).assert_problem(2, "OUB-E099");
    assert_eq!(states(&dave, "carol"), "unverified, not connected yet");
    let scanned = dave.run_with(&["verify", "carol", "--code", "-"], format!("{code}\r\n").as_bytes());
    assert_eq!(scanned.code, Some(0), "{}", scanned.err);
    assert!(states(&dave, "carol").starts_with("verified"));
    carol.ok(&["verify", "dave", "--words", code]);
}

#[test]
fn a_contact_may_hold_more_stamps_where_somebody_says_so() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let allotted = || bob.json(&["contact", "show", "alice"]).remove(0)["allotment"].as_u64();
    assert_eq!((allotted(), states(&bob, "alice").contains("stamps")), (Some(256), false));
    let said = bob.ok(&["contact", "allotment", "alice", "1024"]);
    assert!(said.out.contains("may hold 1024 stamps") && said.err.contains("within ten minutes"), "{said:?}");
    assert!(bob.ok(&["--lang", "fr", "contacts"]).out.contains("peut tenir 1024 timbres"));
    for wrong in ["255", "4097", "-1", "all", ""] {
        let ran = bob.run(&["contact", "allotment", "alice", wrong]);
        assert!(ran.code == Some(2) && (wrong == "-1" || ran.err.contains("from 256 to 4096")), "{ran:?}");
    }
    assert_eq!(allotted(), Some(1_024));
    let said = bob.ok(&["contact", "allotment", "alice", "256"]);
    assert!(!said.out.contains("may hold") && said.err.is_empty(), "{said:?}");
    bob.run(&["contact", "allotment", "nobody", "512"]).assert_problem(2, "OUB-E021");
    bob.ok(&["contact", "allotment", "alice", "512"]);
    alice.ok(&["send", "bob", "still here"]);
    assert_eq!(bob.pull(), ["still here"]);
    assert_eq!(allotted(), Some(512));
}

#[test]
fn removing_asks_and_whoever_was_removed_asks_again() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let ran = alice.run(&["contact", "remove", "bob"]);
    ran.assert_problem(2, "OUB-E155");
    assert!(ran.err.contains("2 messages, ") && ran.err.contains("--yes"), "{}", ran.err);
    assert_eq!(alice.ok(&["log", "bob"]).out.lines().count(), 2, "nothing was lost");

    assert!(alice.ok(&["contact", "remove", "bob", "--yes"]).err.contains("erased the history"));
    assert_eq!(alice.ok(&["contacts"]).out, "");
    alice.run(&["log", "bob"]).assert_problem(2, "OUB-E021");
    alice.run(&["contact", "remove", "bob", "--yes"]).assert_problem(2, "OUB-E021");

    bob.ok(&["send", "alice", "did you get it?"]);
    let pulled = alice.ok(&["pull"]);
    assert!(pulled.out.is_empty() && pulled.err.contains("oub requests"), "{pulled:?}");
    let requests = alice.ok(&["requests"]).out;
    assert!(requests.contains("did you get it?") && !requests.contains("hello"), "{requests}");
    alice.ok(&["accept", "bob"]);
    assert_eq!(alice.pull(), ["did you get it?"]);
    alice.ok(&["send", "bob", "now I did"]);
    assert_eq!(bob.pull(), ["now I did"]);
}

#[test]
fn strangers_are_listed_apart_and_never_told() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let mallory = Person::joined("mallory", &relay);
    mallory.ok(&["add", &bob.address()]);
    mallory.ok(&["send", "bob", "hello stranger"]);
    alice.ok(&["send", "bob", "hello friend"]);
    // A machine reading messages meets no stranger's words.
    assert_eq!(bob.pull(), ["hello friend"]);
    assert!(bob.ok(&["requests"]).out.contains("mallory (not accepted)"));
    assert!(!bob.ok(&["contacts"]).out.contains("mallory"));
    bob.run(&["send", "mallory", "x"]).assert_problem(2, "OUB-E021");
    bob.run(&["verify", "mallory"]).assert_problem(2, "OUB-E021");
    mallory.ok(&["pull"]);
    assert!(states(&mallory, "bob").contains("not connected yet"), "nothing was answered");
}

/// Whoever was told of it by telephone need not look first.
#[test]
fn a_request_that_waits_at_the_server_is_answered_at_once() {
    let mut relay = Relay::start();
    let bob = Person::joined("bob", &relay);
    for name in ["alice", "mallory"] {
        let stranger = Person::joined(name, &relay);
        stranger.ok(&["add", &bob.address()]);
        stranger.ok(&["send", "bob", "it is me"]);
        match name {
            "alice" => assert!(bob.ok(&["accept", name]).out.contains("alice")),
            _ => assert_eq!(bob.ok(&["decline", name, "--json"]).lines()[0]["t"], "declined"),
        }
    }
    assert_eq!(bob.pull(), ["it is me"]);
    bob.run(&["decline", "carol"]).assert_problem(2, "OUB-E022");
    relay.kill();
    // Whether there is one, nobody can tell now.
    bob.run(&["accept", "carol"]).assert_problem(4, "OUB-E041");
}

/// Her present key signed nothing of it, nor did the former one: it is the former one's.
#[test]
fn a_request_under_a_key_that_was_replaced_is_refused_for_that() {
    let relay = Relay::start();
    let (alice, bob) = (Person::joined("alice", &relay), Person::joined("bob", &relay));
    alice.ok(&["add", &bob.address()]);
    alice.ok(&["send", "bob", "under the first"]);
    alice.ok(&["identity", "rotate"]);
    bob.ok(&["add", &alice.address()]);
    let request = bob.json(&["requests"]).remove(0);
    let label = request["name"].as_str().unwrap();
    let refused = bob.run(&["accept", label, "--as", "alice again"]);
    refused.assert_problem(6, "OUB-E204");
    assert!(refused.err.contains("under a key that alice has replaced since"), "{}", refused.err);
    assert!(refused.err.contains(&format!("oub decline {label}")), "{}", refused.err);
    assert!(!refused.err.contains("not signed"), "{}", refused.err);
    let french = bob.run(&["--lang", "fr", "accept", label, "--as", "alice again"]);
    assert!(french.err.contains("sous une clé que alice a remplacée depuis"), "{}", french.err);
    bob.ok(&["decline", label]);
}

#[test]
fn an_address_is_written_to_as_a_contact_is() {
    let relay = Relay::start();
    let (alice, bob) = (Person::joined("alice", &relay), Person::joined("bob", &relay));
    let address = bob.address();
    let sent = alice.ok(&["send", &address, "first words"]);
    assert!(sent.err.contains("bob is a contact now") && sent.err.contains("oub verify bob"), "{}", sent.err);
    bob.ok(&["pull"]);
    bob.ok(&["accept", "alice"]);
    alice.ok(&["pull"]);

    // He is one by now: nothing is looked up.
    let queued = alice.json(&["send", &address, "while away", "--proxy", "socks5://127.0.0.1:1"]);
    assert_eq!(
        (queued[0]["t"].as_str(), queued[0]["to"].as_str()),
        (Some("queued"), Some("bob")),
        "{queued:?}"
    );
    assert_eq!(alice.ok(&["contact", "list"]).out.lines().count(), 1);
    let path = alice.home.path().join("a.bin");
    std::fs::write(&path, [7; 300_000]).unwrap();
    let lines = alice.json(&["send", &address, "-f", path.to_str().unwrap()]);
    assert!(lines.len() > 2 && lines.iter().all(|line| line["to"] == "bob"), "{lines:?}");

    // Other fingerprints than those that are known are somebody else's.
    let alices = alice.address();
    let (to_the_name, _) = address.rsplit_once('.').unwrap();
    let (_, another_key) = alices.rsplit_once('.').unwrap();
    let forged = format!("{to_the_name}.{another_key}");
    let refused = alice.run(&["send", &forged, "for whom?"]);
    assert_eq!(refused.code, Some(6), "{}", refused.err);
    alice.run(&["send", "oub://", "x"]).assert_problem(2, "OUB-E033");
    bob.ok(&["pull"]);
    assert!(!bob.ok(&["log", "alice"]).out.contains("for whom?"));
}

#[test]
fn requests_that_were_collected_are_shown_without_the_server() {
    let mut relay = Relay::start();
    let (alice, bob) = (Person::joined("alice", &relay), Person::joined("bob", &relay));
    alice.ok(&["send", &bob.address(), "may I?"]);
    assert!(bob.ok(&["requests"]).out.contains("may I?"));
    relay.kill();
    let kept = bob.ok(&["requests"]);
    assert!(kept.out.contains("may I?") && kept.err.contains("collected before"), "{}{}", kept.out, kept.err);
}

#[test]
fn a_mistyped_contact_is_named_and_never_taken() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.ok(&["contact", "rename", "bob", "Bob Müller"]);
    for typed in ["bob müller", "Bob Muller", "Bob Mülelr"] {
        let ran = alice.run(&["send", typed, "hi"]);
        ran.assert_problem(2, "OUB-E021");
        assert!(ran.err.contains("one is called Bob Müller\n"), "{}", ran.err);
        assert!(ran.err.contains(&format!("--as '{typed}'\n")), "{}", ran.err);
    }
    // As he is called at the server, and was here.
    let ran = alice.run(&["send", "bob", "hi"]);
    ran.assert_problem(2, "OUB-E021");
    assert!(ran.err.contains("one is called Bob Müller\n"), "{}", ran.err);
    assert!(!alice.run(&["send", "carol", "hi"]).err.contains("one is called"));
    assert!(bob.pull().is_empty());
}

#[test]
fn the_next_command_works_as_it_is_printed() {
    let relay = Relay::start();
    let (alice, bob) = (Person::joined("alice", &relay), Person::joined("bob", &relay));
    let said = alice.ok(&["add", &bob.address(), "--as", "Bob o'Neil"]).err;
    let word = r"'Bob o'\''Neil'";
    assert!(said.contains(&format!("oub send {word} 'hello'\n")), "{said}");
    assert!(said.contains(&format!("oub verify {word}     (both")), "{said}");
    let said = alice.ok(&["add", &bob.address(), "--as", "Bob"]).err;
    assert!(
        said.contains(&format!(
            "was a contact before, as Bob o'Neil; another name:   oub contact rename {word} Bob\n"
        )),
        "{said}"
    );
    assert!(!alice.ok(&["add", &bob.address()]).err.contains("before"), "nothing else was asked for");
    let refused = alice.run(&["contact", "rename", "Bob o'Neil", ""]);
    refused.assert_problem(2, "OUB-E024");
    assert!(refused.err.contains("the last word of  oub contact rename"), "{}", refused.err);
}
