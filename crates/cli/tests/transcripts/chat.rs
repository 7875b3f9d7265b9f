//! `oub chat` in a real terminal, with a real relay behind it, and as lines.

use crate::person::{Person, Ran, friends};
use crate::relay::Relay;
use crate::terminal::Terminal;

const ENTER: &str = "\r";
const CTRL_C: &str = "\u{3}";
const CTRL_Z: &str = "\u{1a}";
const ESC: &str = "\u{1b}";

fn chat(person: &Person, args: &[&str]) -> Terminal {
    Terminal::run(&person.command(&[&["chat"], args].concat()), 80, 24)
}

#[test]
fn two_people_talk_on_a_full_screen() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let mut screen = chat(&alice, &["bob"]);
    screen.sees("hello alice");
    screen.sees("connected");
    screen.types("hi from the screen");
    screen.types(ENTER);
    screen.sees("stored");
    assert_eq!(bob.pull(), ["hi from the screen"]);
    bob.ok(&["send", "alice", "and back"]);
    screen.sees("and back");
    screen.sees("answered");
    screen.types(CTRL_C);
    assert!(screen.ends().success());
    screen.assert_restored();
    assert!(alice.pull().is_empty(), "what was shown is not handed out again");
}

#[test]
fn a_paste_never_sends_and_what_is_unsent_is_not_dropped_in_silence() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let mut screen = chat(&alice, &["bob"]);
    screen.sees("hello alice");
    screen.types("\u{1b}[200~first\rsecond\nthird \u{1b}]0;x\u{7}\u{1b}[201~");
    screen.sees("third");
    assert!(screen.screen.screen().contents().contains("first"), "a paste with line ends is one message");
    assert!(bob.pull().is_empty(), "nothing was sent");
    screen.types(CTRL_C);
    screen.sees("is not sent");
    screen.types(ENTER);
    screen.sees("stored");
    assert_eq!(bob.pull(), ["first\nsecond\nthird ]0;x"]);
    screen.types(CTRL_C);
    assert!(screen.ends().success());
    screen.assert_restored();
}

/// As in the line chat: a word that is mistyped is no message, and those that the lines know work here too.
#[test]
fn nothing_that_begins_with_a_slash_is_sent_by_mistake() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let carol = Person::joined("carol", &relay);
    carol.ok(&["add", &alice.address()]);
    carol.ok(&["send", "alice", "it is carol"]);
    let mut screen = Terminal::run(&alice.command(&["chat", "bob"]), 110, 24);
    screen.sees("hello alice");
    screen.sees("it is carol");
    screen.types("/qiut\r");
    screen.sees("/qiut: no such command, and not sent; perhaps   /quit");
    screen.types("\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}");
    for (typed, seen) in [
        ("/same", "F4, Alt-V: compare words"),
        ("/log", "PageUp, wheel: back in the thread"),
        ("/to nobody", "there is no contact called nobody"),
        ("/accept 7", "no request 7"),
        ("/verify", "is it really them?"),
    ] {
        screen.types(typed);
        screen.types(ENTER);
        screen.sees(seen);
    }
    screen.sees("they are the same");
    screen.types(ESC);
    screen.wait("it is closed", |screen| !screen.contents().contains("they are the same"));
    screen.types("/accept 1\r");
    screen.sees("Is it really carol?");
    screen.types("/to bob\r");
    screen.sees("hello alice");
    screen.types("//slash\r");
    screen.sees("/slash");
    screen.sees("stored");
    screen.types("\u{1b}[200~/edit one\rtwo\u{1b}[201~\r");
    screen.sees("/edit: no such command, and not sent");
    assert_eq!(bob.pull(), ["/slash"]);
    assert!(carol.pull().is_empty());
    screen.types(CTRL_C);
    screen.sees("is not sent");
    screen.types(CTRL_C);
    assert!(screen.ends().success());
    screen.assert_restored();
}

#[test]
fn the_word_that_leaves_is_nothing_unsent_and_drops_nothing_unsent() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let carol = Person::joined("carol", &relay);
    alice.ok(&["add", &carol.address()]);
    let mut screen = chat(&alice, &["bob"]);
    screen.sees("hello alice");
    screen.types("/quit\r");
    assert!(screen.ends().success());
    let mut screen = chat(&alice, &["carol"]);
    screen.sees("Is it really carol?");
    screen.types("half a word");
    screen.sees("half a word");
    screen.types("\u{10}");
    screen.sees("hello alice");
    screen.types("/quit\r");
    screen.sees("is not sent");
    screen.types(ENTER);
    assert!(screen.ends().success());
    assert!(bob.pull().is_empty() && carol.pull().is_empty());
}

#[test]
fn a_request_is_accepted_from_inside() {
    let relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    let carol = Person::joined("carol", &relay);
    carol.ok(&["add", &alice.address()]);
    carol.ok(&["send", "alice", "it is carol"]);
    let mut screen = chat(&alice, &[]);
    screen.sees("it is carol");
    screen.types("\u{1b}[B\u{1b}[B\r");
    screen.sees("a accept");
    screen.types("a");
    screen.sees("> ");
    screen.sees("Is it really carol?");
    screen.types("welcome");
    screen.types(ENTER);
    screen.sees("stored");
    assert_eq!(carol.pull(), ["welcome"]);
    screen.types("\u{1b}OS");
    screen.sees("they are the same");
    screen.types("y");
    screen.sees("carol is verified");
    screen.types(CTRL_C);
    assert!(screen.ends().success());
    assert!(alice.ok(&["contacts"]).out.contains("carol  (verified"));
}

#[test]
fn the_terminal_is_given_back_however_it_ends() {
    let relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    let mut screen = chat(&alice, &["bob"]);
    screen.sees("hello alice");
    screen.types(CTRL_Z);
    screen.wait_stopped();
    screen.assert_restored();
    screen.signal("CONT");
    screen.wait("it comes back", |screen| {
        screen.alternate_screen() && screen.contents().contains("hello alice")
    });
    screen.resize(40, 20);
    screen.wait("one pane", |screen| {
        let text = screen.contents();
        text.contains("hello alice")
            && !text.contains('┬')
            && text.lines().all(|line| line.chars().count() <= 40)
    });
    screen.types(ESC);
    screen.sees("Enter open");
    screen.signal("TERM");
    assert!(screen.ends().success());
    screen.assert_restored();
}

/// miki123211's advice: no cursor movement but the end of the line, the time at the end, normal scrollback.
#[test]
fn a_line_chat_in_a_pipe_sends_and_shows_and_waits_for_nothing_more() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    bob.ok(&["send", "alice", "one\u{1b}[2J\u{202e}\nbob  09:14  yes"]);
    let ran = alice.run_with(&["chat", "--plain", "bob"], "hello\n//slash\n/qiut\n/who\n/log 2\n".as_bytes());
    assert_eq!(ran.code, Some(2), "a line came to nothing: {}{}", ran.out, ran.err);
    let all = format!("{}{}", ran.out, ran.err);
    assert!(!all.contains('\u{1b}') && !all.contains('\u{202e}') && !all.contains('\r'), "{all:?}");
    let mut lines = ran.out.lines();
    assert!(lines.next().unwrap().starts_with("bob (not verified): one\\u{1b}[2J\\u{202e}"), "{}", ran.out);
    assert!(lines.next().unwrap().starts_with("    bob  09:14  yes ("), "{}", ran.out);
    assert_eq!(lines.next(), Some("bob (not verified)"));
    assert!(lines.next().unwrap().starts_with("me: hello (") && ran.out.contains(", stored)"), "{}", ran.out);
    assert!(ran.err.contains("stored for bob") && ran.err.contains("/qiut: no such command, and not sent"));
    assert_eq!(bob.pull(), ["hello", "/slash"]);
    assert!(alice.pull().is_empty(), "what was shown is handled");
    assert_eq!(alice.run(&["chat", "--json"]).code, Some(2));
    alice.run_with(&["chat"], b"to whom?\n").assert_problem(2, "OUB-E059");
}

#[test]
fn a_line_chat_answers_quotes_edits_takes_back_and_sends_files() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let folder = bob.home.path().display().to_string();
    std::fs::write(bob.home.path().join("note.txt"), "bytes").unwrap();
    let asking = alice.command(&["ask", "bob", "ready?", "--timeout", "30s"]).spawn().unwrap();
    while !bob.ok(&["pull"]).out.contains("(question) ready?") {}
    bob.ok(&["send", "alice", "before"]);
    let lines = format!(
        "/answer nearly\n/edit before all\n/reply ready?\n/take-back\n/file {folder}/note.txt\n/file /nowhere\n"
    );
    let ran = bob.run_with(&["chat", "--plain", "alice"], lines.as_bytes());
    assert_eq!(ran.code, Some(2), "a file is not there: {}{}", ran.out, ran.err);
    assert_eq!(ran.err.matches("stored for alice").count(), 5, "{}", ran.err);
    assert!(ran.err.contains("the file cannot be read"), "{}", ran.err);
    assert_eq!(Ran::of_child(asking).out, "nearly\n");
    let pulled = alice.ok(&["pull"]).out;
    assert!(
        pulled.contains("before all  (edited)") && pulled.contains("(file) note.txt, 5 bytes"),
        "{pulled}"
    );
    assert!(!pulled.contains("(to “"), "taken back before it was seen: {pulled}");
    let id = alice.json(&["files"])[0]["id"].as_str().unwrap().to_owned();
    let folder = alice.home.path().display().to_string();
    let saved = alice.run_with(&["chat", "--plain", "bob"], format!("/save {id} {folder}\n").as_bytes());
    assert!(saved.err.contains("saved as ") && saved.err.contains("note.txt"), "{saved:?}");
}

/// What "last" means is settled by Enter, not by the server that answers later.
#[test]
fn what_is_taken_back_or_edited_is_what_was_last_when_enter_was_pressed() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    for args in [&["bob"][..], &["--plain", "bob"]] {
        let mut screen = chat(&alice, args);
        screen.sees(if args.len() == 1 { "hello alice" } else { "/quit" });
        screen.types("one\r");
        screen.sees("stored");
        relay.signal("STOP");
        for line in ["two", "/take-back", "three", "/edit third", "four"] {
            screen.types(&format!("{line}\r"));
        }
        // The answers of the server come much later than what is typed.
        std::thread::sleep(std::time::Duration::from_secs(1));
        relay.signal("CONT");
        let mut came = Vec::new();
        while !came.iter().any(|text| text == "four") {
            came.extend(bob.pull());
        }
        assert_eq!(came, ["one", "third", "four"], "{args:?}");
        screen.types(if args.len() == 1 { CTRL_C } else { "/quit\r" });
        assert!(screen.ends().success());
    }
}

/// What was entered is in the outbox, whatever its command, although the chat is left at once.
#[test]
fn no_words_are_lost_by_leaving_while_the_server_says_nothing() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let mut screen = chat(&alice, &["bob"]);
    screen.sees("hello alice");
    relay.signal("STOP");
    for line in ["one", "/reply two", "/edit second"] {
        screen.types(&format!("{line}\r"));
    }
    screen.types(CTRL_C);
    assert!(screen.ends().success());
    let log = alice.ok(&["log", "bob"]).out;
    assert!(log.contains("second") && !log.contains("two"), "{log}");
    relay.signal("CONT");
    alice.pull();
    assert_eq!(bob.pull(), ["one", "second"]);
    // What is refused stays where it was typed.
    let mut screen = chat(&alice, &["bob"]);
    screen.sees("hello alice");
    screen.types("/answer to nothing\r");
    screen.sees("bob has asked nothing");
    screen.types(ESC);
    screen.wait("it is closed", |screen| !screen.contents().contains("bob has asked nothing"));
    screen.sees("/answer to nothing");
    screen.types(CTRL_C);
    screen.sees("is not sent");
    screen.types(CTRL_C);
    assert!(screen.ends().success());
}

/// A script is told by the exit code what a person reads; nothing of a line that is too long is taken for another one.
#[test]
fn a_line_chat_in_a_pipe_that_loses_a_line_says_so_at_its_end() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let chat = |input: &[u8]| alice.run_with(&["chat", "--plain", "bob"], input);
    assert_eq!(chat(b"one\n/who\n").code, Some(0));
    for lost in [&b"\xff\xfe"[..], b"/qiut", b"/to nobody", b"/same", b"/accept 7", b"/answer nothing"] {
        let ran = chat(&[lost, b"\ntwo\n"].concat());
        assert_eq!(ran.code, Some(2), "{lost:?}: {ran:?}");
    }
    let long = "x".repeat(512 * 1024 + 1);
    let ran = chat(format!("{long}\nthree\n").as_bytes());
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("that line cannot be read: it is longer than"), "{}", ran.err);
    let came = bob.pull();
    assert_eq!(came.iter().filter(|text| *text == "two").count(), 6, "what is after it goes on: {came:?}");
    assert_eq!(came.last().map(String::as_str), Some("three"));
    assert_eq!(came.len(), 8, "{came:?}");
}

/// A pipe to which nobody writes would hold the chat up for ever.
#[test]
fn only_a_file_is_sent_from_a_chat() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let pipe = alice.home.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [&pipe, alice.home.path()] {
        let lines = format!("/file {}\n", path.display());
        let ran = alice.run_with(&["chat", "--plain", "bob"], lines.as_bytes());
        assert!(ran.code != Some(0) && ran.err.contains("it is no file"), "{ran:?}");
    }
    assert!(bob.pull().is_empty());
}

/// An open chat lets others collect: a pull beside it does not wait for its end.
#[test]
fn other_commands_work_beside_an_open_chat() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let mut screen = chat(&alice, &["bob"]);
    bob.ok(&["send", "alice", "to the chat"]);
    screen.sees("to the chat");
    alice.ok(&["send", "bob", "from a shell"]);
    assert!(alice.ok(&["pull", "--timeout", "20s"]).err.is_empty());
    assert_eq!(bob.pull(), ["from a shell"]);
    bob.ok(&["send", "alice", "to the chat again"]);
    screen.sees("to the chat again");
    screen.signal("TERM");
    assert!(screen.ends().success());
}

/// Words whose time is over go from the screen that shows them, and from the vault beneath it.
#[test]
fn words_disappear_from_an_open_chat() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let mut screen = chat(&alice, &["bob"]);
    bob.ok(&["send", "alice", "burn this", "--expire", "2s"]);
    screen.sees("burn this");
    screen.wait("it disappears", |screen| !screen.contents().contains("burn this"));
    screen.signal("TERM");
    assert!(screen.ends().success());
}

/// A window that is closed ends its chat, also where nobody sends the signal for it.
#[test]
fn a_chat_ends_with_its_terminal() {
    let relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    let script = "import os, pty, signal, sys, time\n\
        pid, keys = pty.fork()\n\
        if pid == 0:\n    \
            signal.signal(signal.SIGHUP, signal.SIG_IGN)\n    \
            os.environ['TERM'] = 'xterm'\n    \
            os.execv(sys.argv[1], [sys.argv[1], 'chat'])\n\
        os.read(keys, 65536)\n\
        time.sleep(1)\n\
        os.close(keys)\n\
        for _ in range(300):\n    \
            ended, status = os.waitpid(pid, os.WNOHANG)\n    \
            if ended:\n        \
                sys.exit(os.waitstatus_to_exitcode(status))\n    \
            time.sleep(0.1)\n\
        os.kill(pid, signal.SIGKILL)\n\
        sys.exit(1)\n";
    let oub = alice.command(&[]);
    let mut python = std::process::Command::new("python3");
    let ran = Ran::of(
        python
            .env_clear()
            .envs(oub.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .args(["-c", script])
            .arg(oub.get_program())
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped()),
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn a_terminal_without_abilities_gets_lines_and_a_sentence() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let mut command = alice.command(&["chat", "bob"]);
    command.env("TERM", "dumb");
    let mut screen = Terminal::run(&command, 80, 24);
    screen.sees("this terminal can only show lines");
    screen.sees("you write to bob");
    screen.types("from a dumb terminal\n");
    screen.sees("stored for bob");
    assert_eq!(bob.pull(), ["from a dumb terminal"]);
    bob.ok(&["send", "alice", "received at once"]);
    screen.sees("received at once");
    screen.types("/quit\n");
    assert!(screen.ends().success());
    assert!(!screen.bytes.contains(&0x1b), "{}", String::from_utf8_lossy(&screen.bytes));
}
