//! The programs of `docs/guide/bots.md`, run as they stand there.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::daemon::{Daemon, eventually};
use crate::person::{Person, Ran, friends};
use crate::relay::Relay;

/// The first block of this language in the guide, as a program of its own.
fn from_the_guide(person: &Person, language: &str, name: &str) -> PathBuf {
    let guide = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/bots.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let (_, rest) = guide.split_once(&format!("```{language}\n")).unwrap();
    let (program, _) = rest.split_once("```").unwrap();
    let path = person.home.path().join(name);
    std::fs::write(&path, program).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Where the programs of the guide find `oub`.
pub fn path_with_oub() -> String {
    format!("{}:{}", crate::bin_dir().display(), std::env::var("PATH").unwrap())
}

#[test]
fn the_bot_of_the_guide_answers_each_ping_once() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let program = from_the_guide(&bob, "python", "pong.py");
    let start = || {
        let mut bot = Command::new("python3");
        bot.arg(&program).env("PATH", path_with_oub()).env("OUB_HOME", bob.home.path());
        bot.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let ran = Ran::of_child(start());
    assert!(ran.code == Some(1) && ran.err.contains("no daemon runs"), "{ran:?}");
    let mut daemon = Daemon::of(&bob);
    let mut bot = start();
    let mut printed = BufReader::new(bot.stdout.take().unwrap()).lines();
    alice.ok(&["send", "bob", "ping"]);
    alice.ok(&["send", "bob", "hello\nthere"]);
    assert_eq!(printed.next().unwrap().unwrap(), "alice \"hello\\nthere\"");
    assert_eq!(alice.pull(), ["pong"]);
    bot.kill().unwrap();
    bot.wait().unwrap();
    alice.ok(&["send", "bob", "ping"]);
    let bot = start();
    eventually("the second is answered by the next bot", || alice.pull() == ["pong"]);
    eventually("both are handled", || {
        let log = bob.json(&["log", "alice"]);
        log.iter().all(|line| line["handled"] == true)
    });
    daemon.terminate();
    let ran = Ran::of_child(bot);
    assert!(ran.err.contains("the daemon has ended"), "{ran:?}");
    assert!(bob.pull().is_empty() && alice.pull().is_empty());
}

#[test]
fn the_hook_of_the_guide_tells_the_time_to_whom_it_knows() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let program = from_the_guide(&bob, "sh", "clock.sh");
    let mut command = bob.command(&["daemon", "--notify", "none", "--exec", program.to_str().unwrap()]);
    let _daemon = Daemon::spawn(command.env("PATH", path_with_oub()), "receiving in the background");
    alice.ok(&["send", "bob", "time"]);
    eventually("handled and not answered", || {
        bob.json(&["log", "alice"])
            .last()
            .is_some_and(|line| line["text"] == "time" && line["handled"] == true)
    });
    let words = bob.json(&["verify", "alice"]).remove(0)["digits"].as_str().unwrap().to_owned();
    bob.ok(&["verify", "alice", "--words", &words]);
    alice.ok(&["send", "bob", "time"]);
    let mut answers = Vec::new();
    eventually("the time is told", || {
        answers.extend(alice.pull());
        !answers.is_empty()
    });
    assert!(answers.len() == 1 && answers[0].contains(':'), "{answers:?}");
}
