//! What is settled once: every setting of the configuration file does what it says, and says where it comes from.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::daemon::{Bot, Daemon, eventually, status};
use crate::person::{Person, Ran, friends};
use crate::relay::Relay;
use crate::terminal::Terminal;

fn file(person: &Person) -> PathBuf {
    person.home.path().join("config.toml")
}

fn settle(person: &Person, text: &str) {
    std::fs::write(file(person), text).unwrap();
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn setting(lines: &[Value], key: &str) -> Value {
    lines.iter().find(|line| line["key"] == key).unwrap_or_else(|| panic!("{key} is not listed")).clone()
}

/// A PATH on which this script comes first.
fn program(person: &Person, name: &str, script: &str) -> String {
    let bin = person.home.path().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::write(bin.join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(bin.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", bin.display(), std::env::var("PATH").unwrap())
}

#[test]
fn a_flag_wins_over_its_variable_a_variable_over_the_file_and_the_file_over_what_is_built_in() {
    let bob = Person::new("bob");
    let origin = |args: &[&str], variable: Option<&str>| {
        let mut command = bob.command(&[&["--json"], args, &["config", "--origin"]].concat());
        let ran = Ran::of(command.envs(variable.map(|value| ("OUB_TIMEOUT", value))));
        let row = setting(&ran.lines(), "timeout");
        (row["value"].clone(), row["origin"].as_str().unwrap().to_owned(), row["name"].clone())
    };
    let built_in = |value: &str| value.to_owned();
    assert_eq!(origin(&[], None), (Value::Null, built_in("built-in"), Value::Null));
    settle(&bob, "# mine\n\ntimeout = \"4s\"\n");
    assert_eq!(origin(&[], None), (json!("4s"), built_in("file"), Value::Null));
    assert_eq!(origin(&[], Some("3s")), (json!("3s"), built_in("variable"), json!("OUB_TIMEOUT")));
    let flag = (json!("2s"), built_in("flag"), json!("--timeout"));
    assert_eq!(origin(&["--timeout", "2s"], Some("3s")), flag);

    let shown = bob.ok(&["config", "--origin"]).out;
    let line = format!("timeout = \"4s\"                           # file {}, line 3", file(&bob).display());
    assert!(shown.lines().any(|each| each == line), "{shown}");
    assert!(shown.contains("color = \"auto\"                           # built in"), "{shown}");
    assert!(shown.contains("# pull.output is not set"), "{shown}");
    let plain = bob.ok(&["config"]).out;
    assert!(plain.lines().any(|each| each == "timeout = \"4s\"") && !plain.contains("built in"), "{plain}");
    assert_eq!(bob.ok(&["config", "get", "timeout"]).out, "4s\n");
}

#[test]
fn what_is_listed_can_stand_in_the_file_as_it_is() {
    let bob = Person::new("bob");
    let before = bob.ok(&["config"]).out;
    settle(&bob, &before);
    assert_eq!(bob.ok(&["config"]).out, before);
}

#[test]
fn one_line_is_changed_and_every_comment_stays() {
    let bob = Person::new("bob");
    bob.ok(&["config", "set", "color", "never"]);
    assert_eq!(std::fs::read_to_string(file(&bob)).unwrap(), "color = \"never\"\n");
    assert_eq!(mode(&file(&bob)), 0o600);
    let text = "# mine\ncolor = \"never\" # really\n\n[daemon]\n# quiet, please\nnotify = \"none\"\n";
    settle(&bob, text);
    std::fs::set_permissions(file(&bob), std::fs::Permissions::from_mode(0o640)).unwrap();
    bob.ok(&["config", "set", "daemon.notify", "name"]);
    bob.ok(&["config", "set", "profiles.work.require-verified", "true"]);
    let after = std::fs::read_to_string(file(&bob)).unwrap();
    assert_eq!(after, text.replace("none", "name") + "\n[profiles.work]\nrequire-verified = true\n");
    assert_eq!(mode(&file(&bob)), 0o640, "as somebody wished it");
    bob.ok(&["config", "unset", "profiles.work.require-verified"]);
    bob.ok(&["config", "unset", "color"]);
    let after = std::fs::read_to_string(file(&bob)).unwrap();
    assert!(after.starts_with("# mine\n\n[daemon]\n# quiet, please\nnotify = \"name\"\n"), "{after}");
    assert!(bob.ok(&["config", "unset", "color"]).err.contains("is not in"));

    // One that is kept elsewhere stays there.
    let elsewhere = bob.home.path().join("dotfiles");
    std::fs::rename(file(&bob), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, file(&bob)).unwrap();
    bob.ok(&["config", "set", "quiet", "1"]);
    assert!(file(&bob).is_symlink() && std::fs::read_to_string(&elsewhere).unwrap().contains("quiet = 1"));
}

#[test]
fn two_who_change_it_at_once_lose_nothing() {
    let bob = Person::new("bob");
    let settings = [("timeout", "5s"), ("color", "never"), ("quiet", "1"), ("chat.plain", "true")];
    std::thread::scope(|scope| {
        for (key, value) in settings {
            let bob = &bob;
            scope.spawn(move || bob.ok(&["config", "set", key, value]));
        }
    });
    for (key, value) in settings {
        assert_eq!(bob.ok(&["config", "get", key]).out, format!("{value}\n"));
    }
}

#[test]
fn a_file_that_is_wrong_is_refused_and_named_before_anything_is_done() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    for (text, code, words) in [
        ("# a\nrequire_verified = true\n", "OUB-E174", "did you mean   require-verified   ?"),
        ("color = pink\n", "OUB-E173", "line 1"),
        ("\n[daemon]\nnotify = \"all\"\n", "OUB-E175", "count, name, none"),
    ] {
        settle(&alice, text);
        let ran = alice.run(&["send", "bob", "this must not leave"]);
        ran.assert_problem(2, code);
        assert!(ran.err.contains(words) && ran.err.contains(", line "), "{ran:?}");
        alice.run(&["config"]).assert_problem(2, code);
        alice.ok(&["help", "files"]);
    }
    settle(&alice, "opne = true\nquiet = 1\n");
    alice.ok(&["config", "unset", "opne"]);
    alice.ok(&["id"]);
    alice.run(&["config", "set", "opne", "1"]).assert_problem(2, "OUB-E176");
    alice.run(&["config", "set", "timeout", "soon"]).assert_problem(2, "OUB-E179");
    alice.run(&["config", "get", "no-verify"]).assert_problem(2, "OUB-E176");
    assert_eq!(std::fs::read_to_string(file(&alice)).unwrap(), "quiet = 1\n");

    let lax = |path: &Path, mode: u32| {
        let before = std::fs::metadata(path).unwrap().permissions();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        let ran = alice.run(&["send", "bob", "this must not leave"]);
        ran.assert_problem(7, "OUB-E171");
        assert!(ran.err.contains(&format!("chmod go-w {}", path.display())), "{ran:?}");
        std::fs::set_permissions(path, before).unwrap();
    };
    lax(&file(&alice), 0o620);
    lax(&file(&alice), 0o602);
    lax(alice.home.path(), 0o770);
    assert!(bob.pull().is_empty());
    std::fs::remove_file(file(&alice)).unwrap();
    std::fs::create_dir(file(&alice)).unwrap();
    alice.run(&["id"]).assert_problem(7, "OUB-E172");
}

#[test]
fn the_file_is_where_it_belongs() {
    let bob = Person::new("bob");
    let config = bob.home.path().join("config");
    let run = |args: &[&str]| {
        let mut command = bob.command(args);
        Ran::of(command.env_remove("OUB_HOME").env("XDG_CONFIG_HOME", &config))
    };
    assert_eq!(run(&["config", "set", "timeout", "9s"]).code, Some(0));
    let path = config.join("oubliette").join("config.toml");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "timeout = \"9s\"\n");
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(run(&["config", "get", "timeout"]).out, "9s\n");
    assert_eq!(bob.ok(&["config", "get", "timeout"]).out, "\n", "--home has a file of its own");
    let mut homeless = bob.command(&["config", "set", "timeout", "9s"]);
    Ran::of(homeless.env_remove("OUB_HOME")).assert_problem(7, "OUB-E178");
}

#[test]
fn a_profile_is_chosen_and_has_settings_of_its_own() {
    let relay = Relay::start();
    let bob = Person::joined("bob", &relay);
    bob.ok(&["-P", "work", "join", &relay.invite("bob.at.work"), "--protect", "file"]);
    settle(&bob, "profile = \"work\"\nquiet = 0\n[profiles.work]\nquiet = 2\ntimeout = \"7s\"\n");
    assert!(bob.address().contains("bob.at.work"));
    assert!(bob.ok(&["-P", "default", "id"]).out.contains("/bob#"));
    let of = |profile: &str, key: &str| bob.ok(&["-P", profile, "config", "get", key]).out;
    assert_eq!((of("work", "quiet"), of("default", "quiet")), ("2\n".to_owned(), "0\n".to_owned()));
    assert_eq!((of("work", "timeout"), of("default", "timeout")), ("7s\n".to_owned(), "\n".to_owned()));
    assert_eq!(
        of("default", "profiles.work.timeout"),
        "7s\n",
        "a key that names a profile is about that one"
    );
}

#[test]
fn only_to_people_whose_key_was_compared_whatever_the_door() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    settle(&alice, "require-verified = true\n");
    for args in [
        &["send", "bob", "no"][..],
        &["send", "bob", "-f", "/etc/hostname"],
        &["ask", "bob", "no?"],
        &["edit", "bob", "last", "no"],
        &["contact", "timer", "bob", "1d"],
    ] {
        assert_eq!(alice.run(args).code, Some(6), "{args:?}");
    }
    let lines = alice.run_with(&["chat", "bob", "--plain"], b"no\n");
    assert!(lines.code == Some(6) && lines.err.contains("verif"), "{lines:?}");
    {
        let _daemon = Daemon::of(&alice);
        let answer = Bot::at(&alice).ask(json!({"v": 1, "do": "send", "to": "bob", "text": "no"}));
        assert_eq!(answer.last().unwrap()["exit"], 6, "{answer:?}");
    }
    assert!(bob.pull().is_empty());
    assert_eq!(alice.run(&["take-back", "bob", "last"]).code, Some(0), "that says nothing new");
    let mut once = alice.command(&["send", "bob", "no"]);
    assert_eq!(Ran::of(once.env("OUB_REQUIRE_VERIFIED", "1")).code, Some(6));
    let digits = alice.json(&["verify", "bob"]).remove(0)["digits"].as_str().unwrap().to_owned();
    alice.ok(&["verify", "bob", "--words", &digits]);
    alice.ok(&["send", "bob", "yes"]);
    assert_eq!(bob.pull(), ["yes"]);
}

#[test]
fn new_contacts_get_receipts_where_that_is_settled_and_old_ones_stay_as_they_are() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let carol = Person::joined("carol", &relay);
    settle(&alice, "receipts = true\n");
    settle(&carol, "receipts = true\n");
    let receipts =
        |person: &Person, name: &str| person.json(&["contact", "show", name])[0]["receipts"].clone();
    carol.ok(&["add", &alice.address()]);
    carol.ok(&["send", "alice", "hello"]);
    alice.ok(&["requests"]);
    alice.ok(&["accept", "carol"]);
    alice.ok(&["add", &bob.address()]);
    assert_eq!((receipts(&alice, "carol"), receipts(&carol, "alice")), (json!(true), json!(true)));
    assert_eq!(receipts(&alice, "bob"), false);
    let dora = Person::joined("dora", &relay);
    settle(&dora, "receipts = true\n");
    let mut waits = dora.command(&["pair", "--timeout", "30s"]).spawn().unwrap();
    let mut code = String::new();
    BufReader::new(waits.stdout.as_mut().unwrap()).read_line(&mut code).unwrap();
    bob.ok(&["pair", code.trim()]);
    assert_eq!(Ran::of_child(waits).code, Some(0));
    assert_eq!((receipts(&dora, "bob"), receipts(&bob, "dora")), (json!(true), json!(false)));
}

#[test]
fn files_are_saved_where_it_is_settled_and_a_look_saves_nothing() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let folder = bob.home.path().join("in");
    settle(&bob, &format!("[pull]\noutput = \"{}\"\n", folder.display()));
    alice.ok(&["send", "bob", "-f", "/etc/hostname"]);
    bob.run(&["pull"]).assert_problem(2, "OUB-E153");
    bob.ok(&["pull", "--peek"]);
    std::fs::create_dir(&folder).unwrap();
    bob.ok(&["pull", "--peek"]);
    assert!(!folder.join("hostname").exists());
    bob.ok(&["pull"]);
    assert!(folder.join("hostname").exists());
    // `~` is whoever asks.
    settle(&bob, "pull.output = \"~/in\"\n");
    alice.ok(&["send", "bob", "-f", "/etc/passwd"]);
    let ran = Ran::of(bob.command(&["pull"]).env("HOME", bob.home.path()));
    assert!(ran.code == Some(0) && folder.join("passwd").exists(), "{ran:?}");
}

#[test]
fn talk_colour_questions_and_the_passphrase_are_as_settled() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    settle(&alice, "quiet = 1\n");
    assert_eq!(alice.ok(&["send", "bob", "one"]).err, "");
    settle(&alice, "color = \"always\"\n");
    assert!(alice.run(&["send", "nobody", "x"]).err.contains("\u{1b}[31merror:"));
    settle(&bob, "verbose = 1\n");
    assert!(bob.ok(&["pull"]).err.contains("handed out 1"));
    let quiet = Ran::of(bob.command(&["pull"]).env("OUB_VERBOSE", "0"));
    assert_eq!(quiet.err, "");

    settle(&alice, "no-input = true\n");
    let remove = alice.command(&["contact", "remove", "bob"]);
    let mut asked = Terminal::run(&remove, 80, 24);
    asked.sees("OUB-E155");
    let mut command = alice.command(&["contact", "remove", "bob"]);
    let mut asked = Terminal::run(command.env("OUB_NO_INPUT", "0"), 80, 24);
    asked.sees("Remove? [y/N]");

    let carol = Person::new("carol");
    let secret = carol.home.path().join("secret");
    std::fs::write(&secret, "of carol\n").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    settle(&carol, &format!("passphrase-file = \"{}\"\n", secret.display()));
    carol.ok(&["join", &relay.invite("carol"), "--protect", "passphrase"]);
    carol.ok(&["id"]);
    settle(&carol, "");
    assert_eq!(carol.run(&["id"]).code, Some(7), "nothing else opens it");
}

#[test]
fn machines_are_waited_for_as_settled_and_a_person_is_not() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    settle(&alice, "timeout = \"1s\"\n");
    let silent = program(&alice, "secret-tool", "exec sleep 600");
    let mut joining = alice.command(&["-P", "other", "join", &relay.invite("other"), "--protect", "keyring"]);
    let ran = Ran::of(joining.env("PATH", silent));
    assert!(ran.code == Some(7) && ran.err.contains(" 1 s"), "{ran:?}");
    let asking = alice.command(&["ask", "bob", "ready?"]).spawn().unwrap();
    eventually("asked", || !bob.pull().is_empty());
    std::thread::sleep(std::time::Duration::from_secs(2));
    bob.ok(&["answer", "alice", "yes"]);
    let answered = Ran::of_child(asking);
    assert!(answered.code == Some(0) && answered.out == "yes\n", "{answered:?}");
}

#[test]
fn the_chat_is_plain_where_that_is_settled() {
    let relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    settle(&alice, "[chat]\nplain = true\n");
    let mut lines = Terminal::run(&alice.command(&["chat", "bob"]), 80, 24);
    lines.sees("you write to bob");
    assert!(!lines.screen.screen().alternate_screen());
    let mut command = alice.command(&["chat", "bob"]);
    let mut full = Terminal::run(command.env("OUB_PLAIN", "0"), 80, 24);
    full.wait("a full screen", vt100::Screen::alternate_screen);
}

#[test]
fn the_daemon_notifies_and_runs_what_is_settled() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let (told, ran) = (bob.home.path().join("told"), bob.home.path().join("ran"));
    let path = program(&bob, "notify-send", &format!("printf '%s|' \"$@\" >> {}", told.display()));
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
    settle(&bob, "[daemon]\nnotify = \"name\"\n");
    {
        let mut command = bob.command(&["daemon"]);
        let _daemon = Daemon::spawn(command.env("PATH", &path), "receiving in the background");
        eventually("connected", || status(&bob)["link"] == "connected");
        alice.ok(&["send", "bob", "to the desktop"]);
        eventually("told from whom", || read(&told).contains("from alice"));
    }
    bob.pull();

    let hook = format!("cat >> {}", ran.display());
    settle(&bob, &format!("[daemon]\nnotify = \"none\"\nexec-timeout = \"5s\"\nexec = '{hook}'\n"));
    let shown = bob.ok(&["daemon", "install", "--print"]).out;
    let words = format!("\"--notify\" \"none\" \"--exec-timeout\" \"5s\" \"--exec\" \"{hook}\"");
    assert!(shown.contains(&words), "{shown}");
    let said = bob.ok(&["daemon", "install", "--print", "--notify", "count"]).out;
    assert!(said.contains("\"--notify\" \"count\""), "{said}");
    let _daemon = Daemon::with(&bob, &["daemon"]);
    alice.ok(&["send", "bob", "to the hook"]);
    eventually("the hook has it", || read(&ran) == "to the hook");
}
