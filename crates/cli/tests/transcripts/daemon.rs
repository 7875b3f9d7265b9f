//! The daemon: it receives beside everything else, and nothing is lost or doubled because of it.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
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

    fn signal(&mut self, signal: &str) -> Ran {
        let child = self.child.take().unwrap();
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        Ran::of_child(child)
    }

    pub fn kill(&mut self) {
        assert_eq!(self.signal("-KILL").code, None);
    }

    pub fn terminate(&mut self) {
        assert_eq!(self.signal("-TERM").code, Some(0));
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
    stream: UnixStream,
    lines: BufReader<UnixStream>,
}

impl Bot {
    pub fn at(person: &Person) -> Self {
        let stream = UnixStream::connect(socket(person)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { lines: BufReader::new(stream.try_clone().unwrap()), stream }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    fn line(&mut self) -> Value {
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

    fn subscribe(&mut self) {
        self.write(b"{\"v\":1,\"id\":\"sub\",\"do\":\"subscribe\"}\n");
    }

    /// The next message that is pushed.
    fn message(&mut self) -> Value {
        loop {
            let line = self.line();
            if line["t"] == "message" {
                return line;
            }
            assert_eq!(line["t"], "done", "{line}");
        }
    }

    fn handle(&mut self, message: &Value) {
        let request = json!({"v": 1, "id": "h", "do": "handled", "message": message["id"]});
        self.write(format!("{request}\n").as_bytes());
    }
}

fn socket(person: &Person) -> PathBuf {
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
    let path = run.join("oubliette").join("default.sock");
    assert!(path.exists());
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

#[test]
fn the_unit_is_shown_written_and_removed() {
    let relay = Relay::start();
    let bob = Person::joined("bob", &relay);
    let config = bob.home.path().join("config");
    let run = |args: &[&str]| Ran::of(bob.command(args).env("XDG_CONFIG_HOME", &config));
    let shown = run(&["daemon", "install", "--print", "--exec", "echo $OUB_FROM"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(
        shown.out.contains("NoNewPrivileges=yes") && shown.out.contains("echo $$OUB_FROM"),
        "{}",
        shown.out
    );
    assert!(!config.exists(), "--print only shows");
    let installed = run(&["daemon", "install"]);
    assert_eq!(installed.code, Some(0), "{installed:?}");
    let unit = config.join("systemd/user/oubliette-default.service");
    assert_eq!(installed.out.trim(), unit.display().to_string());
    assert!(installed.err.contains("systemctl --user"), "{installed:?}");
    let text = std::fs::read_to_string(&unit).unwrap();
    assert!(text.contains(&format!("ReadWritePaths=\"{}\"", bob.dir().display())), "{text}");
    verify(&unit);
    assert_eq!(run(&["daemon", "uninstall"]).code, Some(0));
    assert!(!unit.exists());
    std::fs::write(&unit, "[Unit]\n").unwrap();
    run(&["daemon", "install"]).assert_problem(7, "OUB-E115");
    run(&["daemon", "uninstall"]).assert_problem(7, "OUB-E115");
}

/// By systemd itself, where it is there.
fn verify(unit: &std::path::Path) {
    let Ok(output) = Command::new("systemd-analyze")
        .args(["verify", "--user", "--man=no"])
        .arg(unit)
        .env("XDG_RUNTIME_DIR", unit.parent().unwrap())
        .stdin(Stdio::null())
        .output()
    else {
        println!("systemd-analyze is not there: the unit was not verified");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    println!("systemd-analyze verify: {} {said}", output.status);
    let complaints = said.lines().filter(|line| line.contains("oubliette-default.service:"));
    assert_eq!(complaints.count(), 0, "{said}");
}
