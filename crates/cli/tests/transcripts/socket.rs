//! The daemon's socket: where it is, who may be at it, and what it makes of whatever somebody says there.

use std::io::{BufRead as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use crate::daemon::{Bot, Daemon, eventually, socket, status};
use crate::person::{Person, Ran, friends};
use crate::relay::Relay;

#[test]
fn wrong_lines_are_answered_and_end_nothing() {
    let relay = Relay::start();
    let (_alice, bob) = friends(&relay);
    let _daemon = Daemon::of(&bob);
    let mut bot = Bot::at(&bob);
    for line in
        ["", "hello", "[]", "{\"v\":1}", "{\"v\":9,\"do\":\"hello\"}", "{\"v\":1,\"do\":\"dance\"}", "\u{0}"]
    {
        bot.write(format!("{line}\n").as_bytes());
        let answer = bot.line();
        assert_eq!(
            (&answer["t"], &answer["code"]),
            (&json!("error"), &json!("OUB-E100")),
            "{line}: {answer}"
        );
    }
    bot.write(&[0xff, 0xfe, b'\n']);
    assert_eq!(bot.line()["code"], "OUB-E100");
    let mut long = vec![b'x'; 3 * 1024 * 1024];
    long.push(b'\n');
    bot.write(&long);
    assert_eq!(bot.line()["code"], "OUB-E101");
    let answer = bot.ask(json!({"v": 1, "id": "7", "do": "send", "to": "nobody", "text": "x"}));
    assert_eq!((&answer[0]["code"], &answer[0]["re"]), (&json!("OUB-E021"), &json!("7")));
    let answer = bot.ask(json!({"v": 1, "do": "send", "to": "alice", "text": "x", "require_verifed": true}));
    assert_eq!(answer[0]["code"], "OUB-E100", "a misspelt wish is not ignored");
    // One that is cut off by the end of the connection is a request or none.
    let mut cut = Bot::at(&bob);
    cut.write(b"{\"v\":1,\"do\":\"se");
    drop(cut);
    assert_eq!(bot.ask(json!({"v": 1, "do": "hello"}))[0]["t"], "hello");
    // Too many at once are turned away with a reason, and the others stay.
    let mut crowd: Vec<Bot> = (0..80).map(|_| Bot::at(&bob)).collect();
    let refused = crowd.iter_mut().filter_map(|bot| {
        bot.stream.write_all(b"{\"v\":1,\"do\":\"hello\"}\n").ok();
        let mut line = String::new();
        bot.lines.read_line(&mut line).ok().filter(|_| line.contains("OUB-E102"))
    });
    assert!(refused.count() >= 80 - 64);
    drop(crowd);
    eventually("seats come back", || Bot::at(&bob).ask(json!({"v": 1, "do": "hello"}))[0]["t"] == "hello");
}

#[test]
fn a_connection_subscribes_once_and_the_beginning_of_an_id_is_one() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let _daemon = Daemon::of(&bob);
    let mut bot = Bot::at(&bob);
    bot.subscribe();
    bot.write(b"{\"v\":1,\"id\":\"again\",\"do\":\"subscribe\"}\n");
    let refused = std::iter::repeat_with(|| bot.line()).take(8).find(|line| line["re"] == "again").unwrap();
    assert_eq!(refused["code"], "OUB-E203", "{refused}");
    alice.ok(&["send", "bob", "once"]);
    let message = bot.message();
    assert_eq!(message["text"], "once");
    let id = message["id"].as_str().unwrap();
    for (which, came) in [("", "error"), ("zz", "error"), (&id[..8], "done"), (&id[..8], "error")] {
        let mut other = Bot::at(&bob);
        let answer = other.ask(json!({"v": 1, "do": "handled", "message": which}));
        assert_eq!(answer.last().unwrap()["t"], came, "{which}: {answer:?}");
    }
    assert!(bob.pull().is_empty());
}

#[test]
fn who_does_not_read_is_let_go_and_holds_nobody_up() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let daemon = Daemon::of(&bob);
    let mut bot = Bot::at(&bob);
    bot.subscribe();
    let mut deaf = Bot::at(&bob);
    deaf.stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    // It asks and asks, until no answer fits between the two any more.
    let asked = (0..100_000).take_while(|_| deaf.stream.write_all(b"{\"v\":1,\"do\":\"status\"}\n").is_ok());
    assert!(asked.count() < 100_000);
    alice.ok(&["send", "bob", "meanwhile"]);
    assert_eq!(bot.message()["text"], "meanwhile");
    daemon.says("did not read was closed");
    assert_eq!(bob.pull(), ["meanwhile"]);
}

#[test]
fn a_contact_whose_server_is_gone_does_not_keep_what_comes_waiting() {
    let (relay, mut far) = (Relay::start(), Relay::start());
    let (alice, bob) = friends(&relay);
    let carol = Person::joined("carol", &far);
    bob.ok(&["add", &carol.address()]);
    far.kill();
    // Somebody who takes the connection, and then says nothing.
    let _silent = std::net::TcpListener::bind(&far.listens_on).unwrap();
    let queued = bob.json(&["send", "carol", "hello", "--timeout", "1s"]).remove(0);
    assert_eq!(queued["t"], "queued");
    let _daemon = Daemon::of(&bob);
    let mut bot = Bot::at(&bob);
    bot.subscribe();
    bot.stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    for text in ["one", "two", "three"] {
        alice.ok(&["send", "bob", text]);
        assert_eq!(bot.message()["text"], text, "well before the 30 s that carol's server is given");
    }
}

#[test]
fn a_socket_that_others_may_reach_is_refused() {
    let relay = Relay::start();
    let (_alice, bob) = friends(&relay);
    let mut daemon = Daemon::of(&bob);
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(socket(&bob)), mode(bob.dir())), (0o600, 0o700));
    std::fs::set_permissions(socket(&bob), std::fs::Permissions::from_mode(0o666)).unwrap();
    let ran = bob.run(&["daemon", "status"]);
    assert!(ran.code == Some(3) && ran.err.contains("others may reach"), "{ran:?}");
    std::fs::set_permissions(socket(&bob), std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(status(&bob)["t"], "status");

    let second = bob.run(&["daemon"]);
    second.assert_problem(4, "OUB-E105");
    let pid = status(&bob)["pid"].to_string();
    assert!(second.err.contains(&format!("process {pid} is the daemon")), "{second:?}");

    daemon.kill();
    assert!(socket(&bob).exists(), "kill -9 leaves it behind");
    assert_eq!(bob.run(&["daemon", "status"]).code, Some(3));
    assert!(bob.pull().is_empty(), "a dead socket stops no command");
    let mut daemon = Daemon::of(&bob);
    daemon.terminate();
    assert!(!socket(&bob).exists());
    std::fs::write(socket(&bob), "mine").unwrap();
    bob.run(&["daemon"]).assert_problem(7, "OUB-E109");
    assert_eq!(std::fs::read_to_string(socket(&bob)).unwrap(), "mine", "nothing of somebody else is removed");
}

#[test]
fn the_socket_lies_in_the_runtime_folder_where_there_is_one() {
    let relay = Relay::start();
    let bob = Person::new("bob");
    let (data, run) = (bob.home.path().join("data"), bob.home.path().join("run"));
    std::fs::create_dir(&run).unwrap();
    let command = |args: &[&str]| {
        let mut command = bob.command(args);
        command.env_remove("OUB_HOME").env("XDG_DATA_HOME", &data).env("XDG_RUNTIME_DIR", &run);
        command
    };
    let joined = Ran::of(&mut command(&["join", &relay.invite("bob"), "--protect", "file"]));
    assert_eq!(joined.code, Some(0), "{joined:?}");
    let daemon = Daemon::spawn(&mut command(&["daemon", "--notify", "none"]), "receiving in the background");
    let sockets = || -> Vec<_> {
        let folder = std::fs::read_dir(run.join("oubliette")).unwrap();
        folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let path = run.join("oubliette").join(&sockets()[0]);
    assert!(sockets()[0].starts_with("default-") && sockets()[0].ends_with(".sock"), "{path:?}");
    assert_eq!(Ran::of(&mut command(&["daemon", "status"])).code, Some(0));
    // A cron job has no such folder in its environment.
    let mut cron = command(&["daemon", "status"]);
    assert_eq!(Ran::of(cron.env_remove("XDG_RUNTIME_DIR")).code, Some(0));
    // The same runtime folder, another profile of the same name: not its daemon.
    let elsewhere = bob.home.path().join("elsewhere");
    let mut other = command(&["join", &relay.invite("carol"), "--protect", "file"]);
    assert_eq!(Ran::of(other.env("XDG_DATA_HOME", &elsewhere)).code, Some(0));
    let mut other = command(&["daemon", "status"]);
    assert_eq!(Ran::of(other.env("XDG_DATA_HOME", &elsewhere)).code, Some(3));
    // Each has a daemon, and neither takes the other's place.
    let mut other = command(&["daemon", "--notify", "none"]);
    let second = other.env("XDG_DATA_HOME", &elsewhere);
    let mut second = Daemon::spawn(second, "receiving in the background");
    assert_eq!(sockets().len(), 2);
    for home in [&data, &elsewhere] {
        let mut asks = command(&["daemon", "status"]);
        assert_eq!(Ran::of(asks.env("XDG_DATA_HOME", home)).code, Some(0), "{home:?}");
    }
    second.terminate();
    assert_eq!(Ran::of(&mut command(&["daemon", "status"])).code, Some(0));
    let stopped = Ran::of(&mut command(&["daemon", "stop"]));
    assert!(stopped.code == Some(0) && stopped.err.contains("✓ ended"), "{stopped:?}");
    daemon.says("ended; what came is kept");
    assert!(!path.exists());

    let deep = bob.home.path().join("d".repeat(100));
    let mut far = bob.command(&["join", &relay.invite("dora"), "--protect", "file"]);
    assert_eq!(Ran::of(far.env("OUB_HOME", &deep)).code, Some(0));
    Ran::of(bob.command(&["daemon"]).env("OUB_HOME", &deep)).assert_problem(7, "OUB-E106");
    assert_eq!(Ran::of(bob.command(&["pull"]).env("OUB_HOME", &deep)).code, Some(0));
}

/// A program that leaks connections is told so, and keeps nobody from asking after the daemon or from ending it.
#[test]
fn a_program_that_takes_every_seat_leaves_some_to_oub() {
    let relay = Relay::start();
    let bob = Person::joined("bob", &relay);
    let mut daemon = Daemon::of(&bob);
    let mut leaked: Vec<Bot> = (0..56).map(|_| Bot::at(&bob)).collect();
    assert_eq!(leaked[55].ask(json!({"v": 1, "do": "contacts"}))[0]["t"], "done");
    let refused = Bot::at(&bob).ask(json!({"v": 1, "id": "x", "do": "contacts"}));
    assert_eq!((&refused[0]["code"], &refused[0]["re"]), (&json!("OUB-E102"), &json!("x")));
    // Those that say nothing do not keep the last seats.
    let silent: Vec<Bot> = (0..8).map(|_| Bot::at(&bob)).collect();
    for mut each in silent {
        assert_eq!(each.line()["code"], "OUB-E102");
        // Whoever sees the end may come again.
        assert_eq!(each.lines.read_line(&mut String::new()).unwrap(), 0);
    }
    assert_eq!(bob.json(&["daemon", "status"])[0]["connections"], 57);
    bob.ok(&["daemon", "stop"]);
    assert_eq!(daemon.ends().0, Some(0));
}

/// One that has no seat left is not said to be none.
#[test]
fn a_daemon_without_any_seat_is_said_to_be_full_and_can_be_stopped() {
    let relay = Relay::start();
    let bob = Person::joined("bob", &relay);
    let mut daemon = Daemon::of(&bob);
    let mut taken: Vec<Bot> = (0..64).map(|_| Bot::at(&bob)).collect();
    for each in &mut taken[56..] {
        each.ask(json!({"v": 1, "do": "hello"}));
    }
    let status = bob.run(&["daemon", "status"]);
    status.assert_problem(4, "OUB-E102");
    assert!(status.err.contains("all 64 connections of the daemon are taken"), "{}", status.err);
    assert!(status.err.contains("oub daemon stop"), "{}", status.err);
    let second = bob.run(&["daemon", "--notify", "none"]);
    second.assert_problem(4, "OUB-E105");
    assert!(second.err.contains("is the daemon, at"), "{}", second.err);
    // What needs no daemon goes on without it.
    let listed = bob.ok(&["contact", "list"]);
    assert!(listed.err.contains("the daemon is not used: all 64 connections"), "{}", listed.err);
    assert_eq!(bob.ok(&["daemon", "stop"]).err, "✓ ended; what came is kept\n");
    assert_eq!(daemon.ends().0, Some(0));
}
