//! What people and circumstances get wrong: each has its exit code, its sentence and its remedy.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use crate::person::{Person, Ran, friends};
use crate::relay::{self, Relay};

#[test]
fn what_cannot_be_read_is_a_usage_problem() {
    let relay = Relay::start();
    let alice = Person::joined("alice", &relay);
    let table: [(&[&str], &str); 10] = [
        (&["add", "nonsense"], "OUB-E033"),
        (&["add", "oub://127.0.0.1/bob#ABC.DEF"], "OUB-E033"),
        (&["add", "Bob@127.0.0.1"], "OUB-E033"),
        (&["send", "nobody", "hi"], "OUB-E021"),
        (&["send", "nobody", ""], "OUB-E035"),
        (&["verify", "nobody"], "OUB-E021"),
        (&["log", "nobody"], "OUB-E021"),
        (&["accept", "nobody"], "OUB-E022"),
        (&["-P", "two", "join", "not a link#", "--protect", "file"], "OUB-E031"),
        (&["-P", "../two", "id"], "OUB-E020"),
    ];
    for (args, code) in table {
        alice.run(args).assert_problem(2, code);
    }
    alice.run(&["add", &alice.address()]).assert_problem(2, "OUB-E026");
}

/// What a variable says need not be typed.
#[test]
fn the_usage_that_is_shown_names_no_flag_that_a_variable_gave() {
    let mut command = Person::new("alice").command(&["send"]);
    let english = Ran::of(&mut command);
    assert_eq!(english.code, Some(2));
    assert!(english.err.contains("Usage: oub send <CONTACT> [TEXT]\n"), "{}", english.err);
    let french = Ran::of(command.env("OUB_LANG", "fr").env("OUB_COLOR", "never"));
    assert!(french.err.contains("oub send <CONTACT> [TEXTE]\n"), "{}", french.err);
}

#[test]
fn a_wrong_fingerprint_is_never_followed() {
    let relay = Relay::start();
    let (alice, bob) = (Person::joined("alice", &relay), Person::joined("bob", &relay));
    let address = bob.address();
    let (front, pins) = address.split_once('#').unwrap();
    let (server, identity) = pins.split_once('.').unwrap();

    let forged = format!("{front}#{server}.{}", changed(identity));
    alice.run(&["add", &forged]).assert_problem(6, "OUB-E063");
    let forged = format!("{front}#{}.{identity}", changed(server));
    alice.run(&["add", &forged]).assert_problem(6, "OUB-E060");
    assert_eq!(alice.ok(&["contacts"]).out, "", "nothing was kept");

    let link = relay.invite("carol");
    let (front, server) = link.split_once('#').unwrap();
    let carol = Person::new("carol");
    let forged = format!("{front}#{}", changed(server));
    carol.run(&["join", &forged, "--protect", "file"]).assert_problem(6, "OUB-E060");
    carol.ok(&["join", &link, "--protect", "file"]);
}

/// Another fingerprint of the right form.
fn changed(fingerprint: &str) -> String {
    let (first, rest) = fingerprint.split_at(1);
    format!("{}{rest}", if first == "7" { "8" } else { "7" })
}

#[test]
fn an_invitation_works_once_and_for_its_time() {
    let relay = Relay::start();
    let link = relay.invite("alice");
    let join = |link: &str, extra: &[&str]| {
        let somebody = Person::new("somebody");
        somebody.run(&[&["join", link, "--protect", "file"], extra].concat())
    };
    assert_eq!(join(&link, &[]).code, Some(0));
    assert_eq!(join(&link, &[]).code, Some(5), "used");
    join(&link, &["--name", "mallory"]).assert_problem(5, "OUB-E051");
    join(&relay.invite("dave"), &["--name", "alice"]).assert_problem(5, "OUB-E052");
    let short = relay.invite_for("erin", "1s");
    std::thread::sleep(Duration::from_millis(2_100));
    join(&short, &[]).assert_problem(5, "OUB-E051");
}

#[test]
fn a_server_that_says_nothing_is_waited_for_once() {
    let mut relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    relay.kill();
    let silent = std::net::TcpListener::bind(&relay.listens_on).unwrap();
    silent.set_nonblocking(true).unwrap();
    let sent = alice.ok(&["--timeout", "3s", "send", "bob", "hi"]);
    assert!(
        sent.err.contains("… queued for bob") && sent.err.contains("it did not answer in time"),
        "{sent:?}"
    );
    assert!(silent.accept().is_ok(), "it was called");
    assert!(silent.accept().is_err(), "and not called again");
    assert!(alice.ok(&["outbox"]).out.contains("cannot be reached"));
}

#[test]
fn standard_input_that_does_not_end_is_too_long_and_not_no_text() {
    let relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    // A cut after a mebibyte falls within a letter.
    let long = "é鍵".repeat(210_000);
    let ran = alice.run_with(&["send", "bob"], long.as_bytes());
    ran.assert_problem(2, "OUB-E027");
    assert!(ran.err.contains("more than any message") && ran.err.contains("-f - --name FILE"), "{}", ran.err);
    let ran = alice.run_with(&["send", "bob"], b"\xff\xfe");
    ran.assert_problem(2, "OUB-E036");
    assert!(ran.err.contains("-f - --name NAME"), "{}", ran.err);
    alice.run(&["ledger", "verify-fraud", "/nonexistent"]).assert_problem(2, "OUB-E151");
}

#[test]
fn a_join_that_was_refused_is_not_told_to_go_on() {
    let relay = Relay::start();
    let link = relay.invite("alice");
    Person::new("alice").ok(&["join", &link, "--protect", "file"]);
    let bob = Person::new("bob");
    bob.run(&["join", &link, "--protect", "file"]).assert_problem(5, "OUB-E052");
    let ran = bob.run(&["id"]);
    ran.assert_problem(7, "OUB-E071");
    assert!(ran.err.contains("if it was refused, with a new invitation"), "{}", ran.err);
    bob.ok(&["join", &relay.invite("bob")]);
}

#[test]
fn what_is_no_invitation_is_said_before_keys_need_a_place() {
    let nobody = Person::new("nobody");
    // Nothing protects keys here: no terminal, no keyring, no passphrase.
    for text in ["garbage", "oub://127.0.0.1"] {
        nobody.run(&["join", text]).assert_problem(2, "OUB-E025");
    }
    nobody.run(&["join", "http://example.org/x"]).assert_problem(2, "OUB-E031");
    nobody.run(&["join", "garbage", "--name", "alice"]).assert_problem(7, "OUB-E081");
}

#[test]
fn a_mistyped_profile_is_told_which_there_are() {
    let relay = Relay::start();
    let alice = Person::joined("alice", &relay);
    let ran = alice.run(&["-P", "defualt", "pull"]);
    ran.assert_problem(7, "OUB-E070");
    assert!(ran.err.contains("oub -P NAME …   (default)\n"), "{}", ran.err);
    assert!(ran.err.contains("oub -P defualt join INVITATION"), "{}", ran.err);
}

#[test]
fn where_everybody_may_join_the_server_is_pinned_or_trusted_at_first() {
    let relay = Relay::start_open();
    let status = String::from_utf8(relay.admin(&["status"]).stdout).unwrap();
    let (_, line) = status.split_once("everybody may join:   oub join ").unwrap();
    let address = line.split_whitespace().next().unwrap().to_owned();
    let join = |address: &str, extra: &[&str]| {
        let somebody = Person::new("somebody");
        somebody.run(&[&["join", address, "--protect", "file"], extra].concat())
    };
    join(&address, &[]).assert_problem(2, "OUB-E025");
    let pinned = join(&address, &["--name", "alice"]);
    assert_eq!((pinned.code, pinned.err.contains("matches the address")), (Some(0), true), "{pinned:?}");
    join(&address, &["--name", "alice"]).assert_problem(5, "OUB-E052");
    let (host, fingerprint) = address.split_once('#').unwrap();
    let trusted = join(host, &["--name", "bob"]);
    assert_eq!((trusted.code, trusted.err.contains("trusted on first use")), (Some(0), true), "{trusted:?}");
    join(&format!("{host}#{}", changed(fingerprint)), &["--name", "carol"]).assert_problem(6, "OUB-E060");
    let closed = Relay::start();
    let status = String::from_utf8(closed.admin(&["status"]).stdout).unwrap();
    assert!(!status.contains("everybody"), "{status}");
    join(&closed.listens_on, &["--name", "dave"]).assert_problem(5, "OUB-E051");
}

#[test]
fn an_unknown_name_is_refused() {
    let relay = Relay::start();
    let alice = Person::joined("alice", &relay);
    let address = alice.address().replace("/alice#", "/nobody#");
    alice.run(&["add", &address]).assert_problem(5, "OUB-E053");
}

#[test]
fn without_a_server_a_message_waits_and_goes_later() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    relay.kill();

    let ran = alice.ok(&["send", "bob", "later"]);
    assert!(ran.err.contains("… queued for bob"), "{}", ran.err);
    alice.run(&["send", "bob", "now or never", "--no-queue"]).assert_problem(4, "OUB-E043");
    alice.run(&["add", &bob.address().replace("/bob#", "/carol#")]).assert_problem(4, "OUB-E041");
    let ran = alice.run(&["pull"]);
    ran.assert_problem(4, "OUB-E041");
    assert!(ran.err.contains("  why   Connection refused\n"), "{}", ran.err);
    let french = alice.run(&["--lang", "fr", "pull"]);
    assert!(french.err.contains("  cause   connexion refusée\n"), "{}", french.err);
    // Other words for what waits: it goes on waiting.
    let edited = alice.ok(&["edit", "bob", "last", "later, then", "--no-queue"]);
    assert!(edited.err.contains("… queued for bob"), "{}", edited.err);
    let outbox = alice.ok(&["outbox"]).out;
    assert_eq!(outbox.lines().count(), 1, "{outbox}");

    relay.start_again();
    alice.ok(&["pull"]);
    assert_eq!(alice.ok(&["outbox"]).out, "");
    assert_eq!(bob.pull(), ["later, then"]);
}

#[test]
fn a_change_that_shall_not_wait_and_cannot_leave_changes_nothing() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.ok(&["send", "bob", "as it was"]);
    relay.kill();
    alice.run(&["edit", "bob", "last", "as it is", "--no-queue"]).assert_problem(4, "OUB-E043");
    alice.run(&["take-back", "bob", "last", "--no-queue"]).assert_problem(4, "OUB-E043");
    let log = alice.ok(&["log", "bob"]).out;
    assert!(log.contains("as it was") && !log.contains("as it is") && !log.contains("edited"), "{log}");
    assert_eq!(alice.ok(&["outbox"]).out, "");

    relay.start_again();
    alice.ok(&["edit", "bob", "last", "as it is", "--no-queue"]);
    assert_eq!(bob.pull(), ["as it is"]);
    alice.ok(&["take-back", "bob", "last", "--no-queue"]);
    assert!(!alice.ok(&["log", "bob"]).out.contains("as it is"));
}

#[test]
fn a_second_server_on_the_same_data_says_so_and_harms_nothing() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let second = relay::serve(&relay.data(), "127.0.0.1:0").output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(7), "{said}");
    assert!(said.contains("error: ") && said.contains("  do    "), "{said}");
    alice.ok(&["send", "bob", "still there"]);
    assert_eq!(bob.pull(), ["still there"]);
}

#[test]
fn lax_permissions_are_refused_with_the_command_that_repairs_them() {
    let relay = Relay::start();
    let alice = Person::joined("alice", &relay);
    for (path, mode) in
        [(alice.dir(), 0o755), (alice.dir().join("vault.db"), 0o644), (alice.dir().join("vault.key"), 0o640)]
    {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let ran = alice.run(&["id"]);
        ran.assert_problem(7, "OUB-E076");
        let remedy = ran.err.lines().find_map(|line| line.strip_prefix("  do    ")).unwrap();
        assert!(remedy.starts_with("chmod "), "{remedy}");
        assert!(Command::new("sh").args(["-c", remedy]).status().unwrap().success());
        alice.ok(&["id"]);
    }
}

#[test]
fn without_an_identity_or_with_one_already_the_next_step_is_named() {
    let relay = Relay::start();
    let alice = Person::new("alice");
    for args in [&["id"][..], &["pull"], &["send", "bob", "hi"], &["doctor"], &["outbox"]] {
        let ran = alice.run(args);
        ran.assert_problem(7, "OUB-E070");
        assert!(ran.err.contains("oub join"), "{}", ran.err);
    }
    alice.ok(&["join", &relay.invite("alice"), "--protect", "file"]);
    alice.run(&["join", &relay.invite("bob"), "--protect", "file"]).assert_problem(7, "OUB-E072");
    alice.ok(&["-P", "second", "join", &relay.invite("carol"), "--protect", "file"]);
    assert!(alice.ok(&["-P", "second", "id"]).out.contains("/carol#"));
}

#[test]
fn hostile_text_is_shown_and_not_obeyed() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let hostile = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}txt\nbob  09:14  yes";
    alice.ok(&["send", "bob", hostile]);
    let shown = bob.ok(&["pull", "--peek"]).out;
    assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{shown:?}");
    assert!(shown.contains("\\u{1b}[2J"), "{shown:?}");
    assert!(shown.lines().skip(1).all(|line| line.starts_with("    ")), "{shown:?}");
    let raw = bob.ok(&["pull", "--json"]);
    assert!(!raw.out.contains('\u{1b}'), "JSON escapes them");
    assert_eq!(crate::person::texts(&raw.lines()), [hostile]);
}

#[test]
fn a_closed_pipe_is_a_quiet_end_and_nothing_counts_as_read() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.ok(&["send", "bob", "not yet read"]);
    let mut child = bob.command(&["pull"]).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{output:?}");
    assert_eq!(bob.pull(), ["not yet read"]);
}

#[test]
fn a_command_line_that_cannot_be_understood_is_an_object_for_programs() {
    let nobody = Person::new("nobody");
    let table: [(&[&str], &str, &str, &str); 6] = [
        (&["sned"], "unrecognized subcommand 'sned'", "similar: send", "oub help"),
        (&["send"], "these arguments are required: <CONTACT>", "nothing was done", "oub help send"),
        (&["contact", "show"], "these arguments are required: <CONTACT>", "nothing", "oub help contact show"),
        (&["id", "--color", "blue"], "invalid value 'blue'", "possible values: auto", "oub help"),
        (&["pull", "--peek", "--exec", "x"], "cannot be used with", "nothing was done", "oub help pull"),
        (&["contact"], "'oub contact' wants a command", "nothing was done", "oub help contact"),
    ];
    for (args, what, why, remedy) in table {
        let ran = nobody.run(&[args, &["--json"]].concat());
        let [line] = ran.lines().try_into().unwrap_or_else(|lines| panic!("{args:?}: {lines:?}"));
        assert_eq!(
            (ran.code, &line["t"], &line["code"]),
            (Some(2), &"error".into(), &"OUB-E097".into()),
            "{line}"
        );
        assert_eq!(
            (&line["v"], &line["exit"], &line["do"]),
            (&1.into(), &2.into(), &remedy.into()),
            "{line}"
        );
        assert!(line["what"].as_str().unwrap().contains(what), "{line}");
        assert!(line["why"].as_str().unwrap().contains(why), "{line}");
        assert!(
            ran.err.contains("Usage: ") || ran.err.contains("--help"),
            "a person is told too: {}",
            ran.err
        );
    }
    let ran = Ran::of(nobody.command(&[]).env("OUB_JSON", "1").env("LC_ALL", "fr_FR.UTF-8"));
    assert_eq!((ran.code, ran.lines()[0]["what"].as_str()), (Some(2), Some("a command is missing")));
    let help = nobody.ok(&["--json", "send", "--help"]);
    assert!(help.out.contains("Usage: oub send"), "help that was asked for is no error: {}", help.out);
}

#[test]
fn a_wrong_variable_is_named_and_an_empty_one_is_none() {
    let relay = Relay::start();
    let alice = Person::joined("alice", &relay);
    for (name, value, flag) in [
        ("OUB_TIMEOUT", "soon", "--timeout"),
        ("OUB_QUIET", "very", "--quiet"),
        ("OUB_COLOR", "blue", "--color"),
        ("OUB_LANG", "de", "--lang"),
    ] {
        let ran = Ran::of(alice.command(&["id"]).env(name, value));
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(ran.err.contains(&format!("invalid value '{value}' for '{name}'")), "{}", ran.err);
        assert!(!ran.err.contains(flag), "{}", ran.err);
        let ran = Ran::of(alice.command(&["--json", "id"]).env(name, value));
        assert!(ran.lines()[0]["what"].as_str().unwrap().contains(name), "{}", ran.out);
        alice.ok(&["id"]);
        Ran::of(alice.command(&["id"]).env(name, "")).assert_done();
    }
    let ran = Ran::of(alice.command(&["id"]).env("OUB_TIMEOUT", "soon").env("LC_ALL", "fr"));
    assert!(ran.err.contains("OUB_TIMEOUT ne peut pas être «\u{a0}soon\u{a0}»"), "{}", ran.err);
    let ran = Ran::of(alice.command(&["id", "--timeout", "later"]).env("OUB_TIMEOUT", "soon"));
    assert!(
        ran.err.contains("'--timeout <TIMEOUT>'"),
        "whoever gave the flag is told of the flag: {}",
        ran.err
    );
    for word in ["-xq", "-x-y"] {
        let set = ["config", "set", "daemon.exec", word];
        let ran = Ran::of(alice.command(&set).env("OUB_QUIET", "very"));
        assert!(ran.err.contains("for 'OUB_QUIET'"), "a value that looks like a flag is none: {}", ran.err);
        let ran = Ran::of(alice.command(&set).env("OUB_TIMEOUT", "soon"));
        assert!(ran.err.contains("for 'OUB_TIMEOUT'"), "{}", ran.err);
    }
    for name in ["OUB_PASSPHRASE_FILE", "OUB_PROFILE", "OUB_JSON", "OUB_NO_INPUT", "OUB_VERBOSE"] {
        Ran::of(alice.command(&["id"]).env(name, "")).assert_done();
    }
    // Neither is an empty one worth more than the file.
    std::fs::write(alice.home.path().join("config.toml"), "timeout = \"9s\"\n").unwrap();
    let ran = Ran::of(alice.command(&["config", "get", "timeout"]).env("OUB_TIMEOUT", ""));
    assert_eq!(ran.out, "9s\n", "{}", ran.err);
}
