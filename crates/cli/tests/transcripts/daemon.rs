//! The daemon: it receives beside everything else, and nothing is lost or doubled because of it.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Dice;
use crate::person::{Person, Ran, friends, texts};
use crate::relay::Relay;

/// Nothing in these tests takes so long, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running daemon; ended with its life.
pub struct Daemon {
    child: Option<Child>,
    said: Receiver<String>,
}

impl Daemon {
    /// Started, and listening at its socket.
    pub fn of(person: &Person) -> Self {
        Self::with(person, &["daemon", "--notify", "none"])
    }

    pub fn with(person: &Person, args: &[&str]) -> Self {
        Self::spawn(&mut person.command(args), "receiving in the background")
    }

    pub fn spawn(command: &mut Command, ready: &str) -> Self {
        let mut child = command.spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (sender, said) = channel();
        std::thread::spawn(move || {
            BufReader::new(stderr).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let daemon = Self { child: Some(child), said };
        daemon.says(ready);
        daemon
    }

    /// Waits for a line on standard error that holds this.
    pub fn says(&self, what: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let line = self.said.recv_timeout(end.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("the daemon did not say: {what}"));
            if line.contains(what) {
                return line;
            }
        }
    }

    /// Signals it, and says how it ended and what it had still said.
    fn signal(&mut self, signal: &str) -> (ExitStatus, String) {
        let mut child = self.child.take().unwrap();
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end && child.try_wait().unwrap().is_none() {
            sleep(Duration::from_millis(5));
        }
        let _ = child.kill();
        (child.wait().unwrap(), self.said.iter().collect::<Vec<_>>().join("\n"))
    }

    /// Waits until it ends by itself: its exit code, and what it had still said.
    pub fn ends(&mut self) -> (Option<i32>, String) {
        let mut child = self.child.take().unwrap();
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end && child.try_wait().unwrap().is_none() {
            sleep(Duration::from_millis(5));
        }
        let _ = child.kill();
        (child.wait().unwrap().code(), self.said.iter().collect::<Vec<_>>().join("\n"))
    }

    pub fn kill(&mut self) {
        let (status, said) = self.signal("-KILL");
        assert_eq!(status.code(), None, "{said}");
    }

    /// Asks it to end, and waits until it is about that.
    pub fn begins_to_end(&self, person: &Person) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        eventually("it ends", || !socket(person).exists());
    }

    /// Does not wait until it has ended in order: it may have by then, or not.
    pub fn interrupt(&mut self) {
        let (status, said) = self.signal("-TERM");
        assert!(matches!(status.code(), Some(0 | 4)), "{status}: {said}");
    }

    pub fn terminate(&mut self) {
        let (status, said) = self.signal("-TERM");
        assert_eq!(status.code(), Some(0), "{status}: {said}");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A program at the socket.
pub struct Bot {
    pub stream: UnixStream,
    pub lines: BufReader<UnixStream>,
}

impl Bot {
    pub fn at(person: &Person) -> Self {
        let stream = UnixStream::connect(socket(person)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { lines: BufReader::new(stream.try_clone().unwrap()), stream }
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub fn line(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|why| panic!("{why}: {line:?}"))
    }

    /// Asks, and gives back the answer through its last line.
    pub fn ask(&mut self, request: Value) -> Vec<Value> {
        self.write(format!("{request}\n").as_bytes());
        let mut answer = Vec::new();
        loop {
            answer.push(self.line());
            if matches!(answer.last().unwrap()["t"].as_str().unwrap(), "done" | "error") {
                return answer;
            }
        }
    }

    pub fn subscribe(&mut self) {
        self.write(b"{\"v\":1,\"id\":\"sub\",\"do\":\"subscribe\"}\n");
    }

    /// The next message that is pushed.
    pub fn message(&mut self) -> Value {
        loop {
            let line = self.line();
            if line["t"] == "message" {
                return line;
            }
            assert_eq!(line["t"], "done", "{line}");
        }
    }

    pub fn handle(&mut self, message: &Value) {
        let request = json!({"v": 1, "id": "h", "do": "handled", "message": message["id"]});
        self.write(format!("{request}\n").as_bytes());
    }
}

pub fn socket(person: &Person) -> PathBuf {
    person.dir().join("daemon.sock")
}

pub fn status(person: &Person) -> Value {
    person.json(&["daemon", "status"]).remove(0)
}

pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_message_arrives_at_a_subscriber_and_is_handled_once() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let _daemon = Daemon::of(&bob);
    let mut bot = Bot::at(&bob);
    bot.subscribe();
    alice.ok(&["send", "bob", "one"]);
    let first = bot.message();
    assert_eq!(
        (&first["text"], &first["from"], &first["re"]),
        (&json!("one"), &json!("alice"), &json!("sub"))
    );
    alice.ok(&["send", "bob", "two"]);
    let second = bot.message();
    assert_eq!(second["text"], "two");
    bot.handle(&first);
    assert_eq!(bot.line()["t"], "done");

    // At least once: what was not handled is there for the next one, and for `pull`.
    let mut other = Bot::at(&bob);
    other.subscribe();
    assert_eq!(other.message()["text"], "two");
    assert_eq!(bob.pull(), ["two"]);
    assert!(bob.pull().is_empty());
    bot.handle(&second);
    assert_eq!(bot.line()["code"], "OUB-E111", "it was handled by the pull");
}

#[test]
fn commands_beside_the_daemon_answer_as_they_do_without_it() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let carol = Person::joined("carol", &relay);
    let _daemon = Daemon::of(&bob);

    alice.ok(&["send", "bob", "one"]);
    let pulled = bob.ok(&["pull"]);
    assert!(pulled.out.ends_with("  one\n") && pulled.err.is_empty(), "{pulled:?}");
    assert_eq!(bob.run(&["pull", "--exit-code"]).code, Some(3));
    let sent = bob.ok(&["send", "alice", "two"]);
    assert!(sent.err.starts_with("✓ stored for alice"), "{sent:?}");
    assert_eq!(alice.pull(), ["two"]);
    alice.ok(&["send", "bob", "three"]);
    let ran = bob.ok(&["pull", "--exec", "test \"$OUB_FROM $(cat)\" = 'alice three'"]);
    assert_eq!(ran.err, "");

    carol.ok(&["add", &bob.address()]);
    carol.ok(&["send", "bob", "hello from carol"]);
    assert!(bob.ok(&["requests"]).out.contains("hello from carol"));
    let mut bot = Bot::at(&bob);
    bot.subscribe();
    bob.ok(&["accept", "carol"]);
    assert_eq!(
        bot.message()["text"],
        "hello from carol",
        "what was accepted beside the daemon is pushed too"
    );
    assert!(bob.ok(&["log", "alice"]).out.ends_with("  three\n"));
    let checks = bob.json(&["doctor"]);
    let mailboxes = checks.iter().find(|check| check["subject"] == "mailboxes").unwrap();
    assert!(mailboxes["finding"].as_str().unwrap().starts_with("both open"), "{mailboxes}");
    bob.ok(&["identity", "rotate"]);
    bob.ok(&["identity", "renew"]);
    alice.ok(&["send", "bob", "four"]);
    eventually("bob renewed beside the daemon", || {
        alice.ok(&["pull"]);
        bob.pull().contains(&"four".to_owned())
    });
    assert_eq!(status(&bob)["link"], "connected");
}

#[test]
fn what_was_stored_before_a_pull_is_in_it() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let _daemon = Daemon::of(&bob);
    let mut asking = Bot::at(&bob);
    for number in 0..40 {
        let text = number.to_string();
        alice.ok(&["send", "bob", &text]);
        // The daemon hears of it by itself at the same moment: whichever comes first, it is there afterwards.
        let answer = asking.ask(json!({"v": 1, "do": "collect"}));
        assert_eq!(answer[0]["connected"], true, "{answer:?}");
        let log = asking.ask(json!({"v": 1, "do": "log", "contact": "alice", "max": 1}));
        assert_eq!(log[0]["text"], text, "{log:?}");
    }
    assert_eq!(bob.pull().len(), 40);
}

#[test]
fn eight_senders_beside_the_daemons_of_both_lose_and_double_nothing() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let (_hers, _his) = (Daemon::of(&alice), Daemon::of(&bob));
    let mut bot = Bot::at(&bob);
    bot.subscribe();
    let alice = &alice;
    std::thread::scope(|scope| {
        for sender in 0..8 {
            scope.spawn(move || {
                for number in 0..3 {
                    match number {
                        1 => {
                            let text = format!("{sender}.{number}");
                            let answer =
                                Bot::at(alice).ask(json!({"v": 1, "do": "send", "to": "bob", "text": text}));
                            assert_eq!(answer.last().unwrap()["t"], "done", "{answer:?}");
                        }
                        _ => drop(alice.ok(&["send", "bob", &format!("{sender}.{number}")])),
                    }
                }
            });
        }
    });
    let mut came = Vec::new();
    while came.len() < 24 {
        let message = bot.message();
        came.push(message["text"].as_str().unwrap().to_owned());
    }
    assert_eq!(came.iter().collect::<BTreeSet<_>>().len(), 24, "{came:?}");
    for sender in 0..8 {
        let mine: Vec<&String> = came.iter().filter(|text| text.starts_with(&format!("{sender}."))).collect();
        assert!(mine.is_sorted(), "each sender's own order stays: {came:?}");
    }
    assert_eq!(alice.ok(&["outbox"]).out, "");
    assert_eq!(bob.pull().len(), 24, "nothing was handled yet, and nothing is there twice");
}

#[test]
fn killed_in_the_middle_of_traffic_it_loses_and_doubles_nothing() {
    const MESSAGES: usize = 60;
    let mut dice = Dice::new("killed_daemon");
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let sent: Vec<String> = (0..MESSAGES).map(|number| format!("message {number:02}")).collect();
    let (mut shown, mut kills) = (Vec::new(), 0);
    std::thread::scope(|scope| {
        let (alice, sent) = (&alice, &sent);
        let sender = scope.spawn(move || sent.iter().for_each(|text| drop(alice.ok(&["send", "bob", text]))));
        while !sender.is_finished() {
            let mut daemon = Daemon::of(&bob);
            // A command in the middle of it: whoever answers it, it ends well.
            let child = bob.command(&["pull", "--json"]).spawn().unwrap();
            sleep(Duration::from_millis(dice.below(150)));
            daemon.kill();
            kills += 1;
            let ran = Ran::of_child(child);
            assert_eq!(ran.code, Some(0), "{ran:?}");
            shown.extend(texts(&ran.lines()));
        }
        sender.join().unwrap();
    });
    println!("{MESSAGES} messages, {kills} daemons killed");
    let _daemon = Daemon::of(&bob);
    shown.extend(bob.pull());
    assert_eq!(shown, sent, "all, once, in order");
}

#[test]
fn what_a_bot_handled_never_comes_again_however_often_the_daemon_dies() {
    const MESSAGES: usize = 30;
    let mut dice = Dice::new("dying_daemon");
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let sent: Vec<String> = (0..MESSAGES).map(|number| format!("message {number:02}")).collect();
    let (mut handled, mut deaths) = (Vec::new(), 0);
    std::thread::scope(|scope| {
        let (alice, sent) = (&alice, &sent);
        scope.spawn(move || sent.iter().for_each(|text| drop(alice.ok(&["send", "bob", text]))));
        while handled.len() < MESSAGES {
            let mut daemon = Daemon::of(&bob);
            let mut bot = Bot::at(&bob);
            bot.subscribe();
            for _ in 0..=dice.below(6).min((MESSAGES - handled.len() - 1) as u64) {
                let message = bot.message();
                bot.handle(&message);
                // Said before the next message, or after it: messages do not wait for answers.
                handled.push(message["text"].as_str().unwrap().to_owned());
            }
            // Whoever asks after that knows that all before it was done.
            let mut asked = json!({"v": 1, "id": "last", "do": "hello"}).to_string();
            asked.push('\n');
            bot.write(asked.as_bytes());
            while bot.line()["t"] != "hello" {}
            deaths += 1;
            if dice.below(2) == 0 { daemon.kill() } else { daemon.terminate() }
        }
    });
    println!("{MESSAGES} messages, {deaths} deaths");
    assert_eq!(handled, sent, "each once, in order");
    assert!(bob.pull().is_empty());
}

#[test]
fn a_relay_that_goes_and_comes_back_is_found_again() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let daemon = Daemon::of(&bob);
    let mut bot = Bot::at(&bob);
    bot.subscribe();
    eventually("connected", || status(&bob)["link"] == "connected");
    relay.kill();
    daemon.says("cannot be reached");
    bob.run(&["pull"]).assert_problem(4, "OUB-E041");
    let queued = bob.json(&["send", "alice", "from bob, later"]).remove(0);
    assert_eq!(queued["t"], "queued");
    assert_eq!(bob.ok(&["daemon", "status"]).out.lines().count(), 2, "it says why");
    let api = Bot::at(&bob).ask(json!({"v": 1, "id": "c", "do": "collect"}));
    assert_eq!((&api[0]["t"], &api[0]["connected"]), (&json!("collected"), &json!(false)));
    relay.start_again();
    alice.ok(&["send", "bob", "after the storm"]);
    // Asking is enough to have it tried again at once.
    Bot::at(&bob).ask(json!({"v": 1, "do": "collect"}));
    assert_eq!(bot.message()["text"], "after the storm");
    eventually("what waited leaves by itself", || alice.pull() == ["from bob, later"]);
}

#[test]
fn follow_beside_a_daemon_shows_what_comes_and_outlives_it() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let mut daemon = Daemon::of(&bob);
    let mut child = bob.command(&["pull", "--follow", "--json"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    alice.ok(&["send", "bob", "one"]);
    assert_eq!(next()["text"], "one");
    daemon.kill();
    alice.ok(&["send", "bob", "two"]);
    assert_eq!(next()["text"], "two", "it goes on by itself");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(bob.pull().len() <= 1, "at most what was shown and not noted yet");
}

#[test]
fn a_passphrase_is_typed_once() {
    let relay = Relay::start();
    let alice = Person::joined("alice", &relay);
    let bob = Person::new("bob");
    let secret = bob.home.path().join("secret");
    std::fs::write(&secret, "correct horse\n").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let secret = secret.display().to_string();
    bob.ok(&["join", &relay.invite("bob"), "--protect", "passphrase", "--passphrase-file", &secret]);
    bob.run(&["id"]).assert_problem(7, "OUB-E073");
    // From a pipe that nobody else can read; no unit could have that.
    bob.run_with(&["id", "--passphrase-fd", "0"], b"correct horse\n").assert_done();
    bob.run_with(&["id", "--passphrase-fd", "0"], b"wrong\n").assert_problem(7, "OUB-E074");
    bob.run(&["id", "--passphrase-fd", "9"]).assert_problem(7, "OUB-E082");
    bob.run(&["daemon", "install", "--passphrase-fd", "0"]).assert_problem(2, "OUB-E116");
    let mut daemon = Daemon::with(&bob, &["--passphrase-file", &secret, "daemon", "--notify", "none"]);
    alice.ok(&["add", &bob.address()]);
    alice.ok(&["send", "bob", "hello"]);
    assert!(bob.ok(&["requests"]).out.contains("hello"));
    bob.ok(&["accept", "alice"]);
    assert_eq!(bob.pull(), ["hello"]);
    // A wrong one that is given is still a wrong one.
    std::fs::write(bob.home.path().join("secret"), "wrong\n").unwrap();
    bob.run(&["id", "--passphrase-file", &secret]).assert_problem(7, "OUB-E074");
    daemon.terminate();
    bob.run(&["id"]).assert_problem(7, "OUB-E073");

    // A key that is not kept by a passphrase is not handed out.
    let _daemon = Daemon::of(&alice);
    let answer = Bot::at(&alice).ask(json!({"v": 1, "do": "key"}));
    assert_eq!(answer[0]["code"], "OUB-E112");
}
