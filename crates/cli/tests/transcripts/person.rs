//! A person of one test: a profile, and commands run in it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::bin_dir;
use crate::relay::Relay;

/// No command of these tests needs so long, even on a busy machine.
const COMMAND_MAX: Duration = Duration::from_secs(40);

/// Somebody with a home of their own.
pub struct Person {
    pub name: String,
    pub home: TempDir,
}

/// How a command ended and what it printed.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Person {
    /// Somebody who has not joined.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), home: TempDir::new().unwrap() }
    }

    /// Somebody registered at the relay.
    pub fn joined(name: &str, relay: &Relay) -> Self {
        Self::new(name).join(relay)
    }

    /// Registers.
    pub fn join(self, relay: &Relay) -> Self {
        self.ok(&["join", &relay.invite(&self.name), "--protect", "file"]);
        self
    }

    /// The program, in this home and cut off from the environment of whoever runs the tests.
    pub fn command(&self, args: &[&str]) -> Command {
        oub(self.home.path(), args)
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(args))
    }

    /// Runs with `input` on standard input.
    pub fn run_with(&self, args: &[&str], input: &[u8]) -> Ran {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        Ran::of_child(child)
    }

    /// Runs what must succeed.
    pub fn ok(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, Some(0), "{} oub {}\n{}{}", self.name, args.join(" "), ran.out, ran.err);
        ran
    }

    /// Runs with `--json` what must succeed; every line of standard output parses.
    pub fn json(&self, args: &[&str]) -> Vec<Value> {
        let ran = self.ok(&[&["--json"], args].concat());
        ran.lines()
    }

    /// Another folder with the same profile, as a backup of the disk would be.
    pub fn twin(&self) -> Self {
        let twin = Self::new(&self.name);
        let status = Command::new("cp").arg("-a").arg(self.dir()).arg(twin.home.path()).status().unwrap();
        assert!(status.success());
        twin
    }

    /// Everything but the words is lost: they bring the name back, and whoever typed them has them.
    pub fn assert_taken_back_by(&self, words: &[String]) {
        let (address, fresh) = (self.address(), Self::new(&self.name));
        let join = ["join", &address, "--recover", "--words-file", "-", "--protect", "file"];
        fresh.run_with(&join, words.join(" ").as_bytes()).assert_done();
        assert_eq!(fresh.address().split('#').next(), address.split('#').next());
        fresh.run(&["id", "--words"]).assert_problem(7, "OUB-E201");
    }

    /// The full address.
    pub fn address(&self) -> String {
        self.ok(&["id"]).out.trim().to_owned()
    }

    /// The profile's folder.
    pub fn dir(&self) -> PathBuf {
        self.home.path().join("default")
    }

    /// Texts handed out by one pull.
    pub fn pull(&self) -> Vec<String> {
        texts(&self.json(&["pull"]))
    }
}

impl Ran {
    pub fn of(command: &mut Command) -> Self {
        Self::of_child(command.spawn().unwrap())
    }

    /// Waits for the end, but not for ever.
    pub fn of_child(child: Child) -> Self {
        let pid = child.id();
        let (sender, receiver) = sync_channel(1);
        std::thread::spawn(move || sender.send(child.wait_with_output()));
        match receiver.recv_timeout(COMMAND_MAX) {
            Ok(output) => Self::from(output.unwrap()),
            Err(_) => {
                Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
                let ran = Self::from(receiver.recv().unwrap().unwrap());
                panic!("oub did not end within {COMMAND_MAX:?}\n{}{}", ran.out, ran.err);
            }
        }
    }

    /// The lines of standard output, each a JSON object.
    pub fn lines(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}")))
            .collect()
    }

    /// Asserts that it did what was asked.
    pub fn assert_done(&self) {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
    }

    /// Asserts the fixed form of a problem, on standard error alone.
    pub fn assert_problem(&self, exit: i32, code: &str) {
        let said = format!("{}\n{}", self.out, self.err);
        assert_eq!(self.code, Some(exit), "{said}");
        assert!(self.err.contains("error: ") && self.err.contains("\n  why   "), "{said}");
        assert!(self.err.contains("\n  do    "), "{said}");
        assert!(self.err.contains(&format!("  (exit {exit}, {code})")), "expected {code}: {said}");
        assert_eq!(self.out, "", "standard output is for answers: {said}");
    }
}

impl From<std::process::Output> for Ran {
    fn from(output: std::process::Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The recovery words on a screen, by their numbers: all 24, or as many as come in order.
pub fn words_in(text: &str) -> Vec<String> {
    let mut tokens = text.split_whitespace();
    let mut word = |number: usize| {
        tokens.find(|token| *token == number.to_string())?;
        tokens.next().map(str::to_owned)
    };
    (1..=24).map_while(&mut word).collect()
}

/// The program in this home.
pub fn oub(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(bin_dir().join("oub"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("TZ", "UTC");
    command.env("OUB_HOME", home).args(args);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The field `text` of every message among `lines`.
pub fn texts(lines: &[Value]) -> Vec<String> {
    let messages = lines.iter().filter(|line| line["t"] == "message");
    messages.map(|line| line["text"].as_str().unwrap().to_owned()).collect()
}

/// Alice and Bob, who have written to each other.
pub fn friends(relay: &Relay) -> (Person, Person) {
    let (alice, bob) = (Person::joined("alice", relay), Person::joined("bob", relay));
    meet(&alice, &bob);
    (alice, bob)
}

/// Alice writes to Bob, and he back.
pub fn meet(alice: &Person, bob: &Person) {
    alice.ok(&["add", &bob.address()]);
    alice.ok(&["send", "bob", "hello bob"]);
    bob.ok(&["requests"]);
    bob.ok(&["accept", "alice"]);
    assert_eq!(bob.pull(), ["hello bob"]);
    bob.ok(&["send", "alice", "hello alice"]);
    assert_eq!(alice.pull(), ["hello alice"]);
}
