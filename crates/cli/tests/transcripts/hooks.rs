//! What the daemon does for a person by itself: it runs a command for each message, and tells a desktop.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;

use crate::daemon::{Daemon, eventually, status};
use crate::person::{Person, friends};
use crate::programs::bin_dir;
use crate::relay::Relay;

#[test]
fn a_hook_is_tried_until_it_succeeds_and_ended_when_it_hangs() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let (log, tries) = (bob.home.path().join("log"), bob.home.path().join("tries"));
    let script = format!(
        "echo try >> {tries}; text=$(cat); case \"$text\" in hang) [ -e {tries}.hung ] || {{ touch {tries}.hung; \
         sleep 600; }};; twice) [ -e {tries}.twice ] || {{ touch {tries}.twice; exit 1; }};; esac; \
         echo \"$OUB_FROM $OUB_VERIFIED $text\" >> {log}",
        tries = tries.display(),
        log = log.display()
    );
    let args = ["daemon", "--notify", "none", "--exec-timeout", "1s", "--exec", &script];
    let mut daemon = Daemon::with(&bob, &args);
    for text in ["once", "twice", "hang"] {
        alice.ok(&["send", "bob", text]);
    }
    daemon.says("did not end in time");
    let read = || std::fs::read_to_string(&log).unwrap_or_default();
    eventually("all three are handled", || read().lines().count() == 3);
    let all: BTreeSet<String> = read().lines().map(str::to_owned).collect();
    let expected = ["alice false once", "alice false twice", "alice false hang"];
    assert_eq!(all, expected.map(str::to_owned).into_iter().collect());
    assert_eq!(std::fs::read_to_string(&tries).unwrap().lines().count(), 5, "two of them were tried twice");
    daemon.terminate();
    assert!(bob.pull().is_empty(), "handled is handled");
}

/// A pull beside a command that runs says what is so: nobody is collecting, and what came is not lost.
#[test]
fn a_pull_beside_a_command_that_runs_says_who_has_the_messages() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let runs = bob.home.path().join("runs");
    let script = format!("touch {}; sleep 600", runs.display());
    let daemon =
        Daemon::with(&bob, &["daemon", "--notify", "none", "--exec-timeout", "8s", "--exec", &script]);
    alice.ok(&["send", "bob", "long"]);
    eventually("it runs", || runs.exists());
    let pulled = bob.run(&["--timeout", "1s", "pull"]);
    pulled.assert_problem(4, "OUB-E202");
    assert!(!pulled.err.contains("collect"), "{}", pulled.err);
    daemon.says("did not end in time");
}

#[test]
fn a_notification_counts_and_names_nobody() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let (bin, told) = (bob.home.path().join("bin"), bob.home.path().join("told"));
    std::fs::create_dir(&bin).unwrap();
    let program = bin.join("notify-send");
    std::fs::write(&program, format!("#!/bin/sh\nprintf '%s|' \"$@\" >> {}\n", told.display())).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    alice.ok(&["send", "bob", "before"]);
    let mut command = bob.command(&["daemon"]);
    let _daemon = Daemon::spawn(command.env("PATH", &path), "receiving in the background");
    eventually("connected", || status(&bob)["link"] == "connected");
    alice.ok(&["send", "bob", "the secret of $(touch /tmp/x)"]);
    let read = || std::fs::read_to_string(&told).unwrap_or_default();
    eventually("somebody is told", || read().contains("new message"));
    let said = read();
    assert!(!said.contains("alice") && !said.contains("secret"), "{said}");
    assert!(said.contains("--|"), "{said}");

    // Where there is no such program, it is said once and nothing else suffers.
    let carol = Person::joined("carol", &relay);
    let mut command = carol.command(&["daemon"]);
    let daemon = Daemon::spawn(command.env("PATH", carol.home.path()), "receiving in the background");
    carol.ok(&["add", &bob.address()]);
    carol.ok(&["send", "bob", "x"]);
    bob.ok(&["requests"]);
    bob.ok(&["accept", "carol"]);
    bob.ok(&["send", "carol", "y"]);
    daemon.says("no desktop notifications");
    assert_eq!(carol.pull(), ["y"]);
}

/// A home that is named from where one stands is the same for a hook that goes elsewhere, and for who asks from elsewhere.
#[test]
fn a_home_named_from_here_is_found_from_elsewhere() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let folder = bob.home.path();
    let mut command =
        bob.command(&["daemon", "--notify", "none", "--exec", "cd / && oub send \"$OUB_FROM\" answered"]);
    command.env("OUB_HOME", folder.file_name().unwrap()).current_dir(folder.parent().unwrap());
    let path = format!("{}:{}", bin_dir().display(), std::env::var("PATH").unwrap());
    let _daemon = Daemon::spawn(command.env("PATH", &path), "receiving in the background");
    assert!(status(&bob)["pid"].is_u64());
    alice.ok(&["send", "bob", "well?"]);
    eventually("it is answered", || alice.pull() == ["answered"]);
}

fn is_there(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

/// The next daemon hands the same message out: the command must not run twice at once.
#[test]
fn a_command_that_still_runs_ends_with_its_daemon() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let pids = bob.home.path().join("pids");
    // It holds no end of a pipe of the daemon's: whoever reads what that says would wait for it.
    let script = format!("exec >/dev/null 2>&1; sleep 120 & echo $$ $! > {}; wait", pids.display());
    let mut daemon = Daemon::with(&bob, &["daemon", "--notify", "none", "--exec", &script]);
    alice.ok(&["send", "bob", "long"]);
    let read = || std::fs::read_to_string(&pids).unwrap_or_default();
    eventually("it runs", || read().split_whitespace().count() == 2);
    daemon.terminate();
    for pid in read().split_whitespace() {
        eventually("it has ended", || !is_there(pid));
    }
    assert_eq!(bob.pull(), ["long"], "nobody handled it");
}

/// The same where nobody waits for its farewell, and where it does not hear that it shall end.
#[test]
fn a_command_that_ignores_its_end_does_not_outlive_a_daemon_that_is_told_twice() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let pids = bob.home.path().join("pids");
    let script =
        format!("exec >/dev/null 2>&1; trap '' TERM; sleep 120 & echo $$ $! > {}; wait", pids.display());
    let mut daemon = Daemon::with(&bob, &["daemon", "--notify", "none", "--exec", &script]);
    alice.ok(&["send", "bob", "long"]);
    let read = || std::fs::read_to_string(&pids).unwrap_or_default();
    eventually("it runs", || read().split_whitespace().count() == 2);
    daemon.begins_to_end(&bob);
    daemon.interrupt();
    for pid in read().split_whitespace() {
        assert!(!is_there(pid), "{pid} outlives its daemon");
    }
    assert_eq!(bob.pull(), ["long"], "nobody handled it");
}
