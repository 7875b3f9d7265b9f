//! Messages that are more than a text, and files, as a person at a shell meets them.

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use crate::person::{Ran, friends};
use crate::relay::Relay;
use crate::terminal::Terminal;

/// A file of so many bytes that repeat nowhere near a part's length.
fn bytes(count: u32) -> Vec<u8> {
    (0..count).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

#[test]
fn a_file_is_sent_shown_and_saved_where_it_harms_nothing() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let path = alice.home.path().join("clé.pdf");
    std::fs::write(&path, bytes(300_000)).unwrap();
    let sent = alice.ok(&["send", "bob", "for you", "-f", path.to_str().unwrap()]);
    assert!(sent.err.contains("✓ stored for bob") && sent.err.contains("… 100 %"), "{sent:?}");
    let pulled = bob.ok(&["pull"]).out;
    assert!(pulled.contains("(file) clé.pdf, 300.0 kB  for you\n  save it:   oub save "), "{pulled}");
    let listed = bob.ok(&["files"]).out;
    let id = listed.split(' ').next().unwrap().to_owned();
    bob.run(&["save", &id]).assert_problem(2, "OUB-E152");
    let folder = bob.home.path().join("in");
    std::fs::create_dir(&folder).unwrap();
    let piped = bob.command(&["save", &id, "-o", "-"]).output().unwrap();
    assert!(piped.status.success() && piped.stdout == bytes(300_000));
    let saved = bob.ok(&["save", &id, "-o", folder.to_str().unwrap()]).out;
    assert!(saved.trim_end().ends_with("in/clé.pdf"), "{saved}");
    assert_eq!(std::fs::read(saved.trim_end()).unwrap(), bytes(300_000));
    assert_eq!(std::fs::metadata(saved.trim_end()).unwrap().permissions().mode() & 0o777, 0o600);
    bob.run(&["save", &id, "-o", folder.to_str().unwrap()]).assert_problem(2, "OUB-E144");
    assert!(bob.ok(&["files"]).out.contains("saved as "));
}

#[test]
fn a_pipe_is_a_file_and_pull_saves_it_before_a_hook_sees_it() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let sent = alice.run_with(&["send", "bob", "-f", "-", "--name", "../db.sql"], b"dump");
    assert_eq!(sent.code, Some(0), "{sent:?}");
    let folder = bob.home.path().display().to_string();
    bob.run(&["pull", "-o", "/nowhere/at/all"]).assert_problem(2, "OUB-E153");
    let failed = bob.run(&["pull", "-o", &folder, "--exec", "exit 7"]);
    assert_eq!(failed.code, Some(4), "{failed:?}");
    let pulled = bob.ok(&["pull", "-o", &folder, "--exec", "printf '%s ' \"$OUB_KIND\"; cat \"$OUB_FILE\""]);
    assert_eq!(pulled.out, "file dump");
    assert_eq!(std::fs::read(bob.home.path().join("db.sql")).unwrap(), b"dump");
    assert!(!bob.home.path().join("db (1).sql").exists(), "saved once");
    assert_eq!(bob.ok(&["pull"]).out, "");
}

#[test]
fn a_program_hears_how_far_a_file_has_come_and_then_that_it_is_there() {
    let relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    let path = alice.home.path().join("video.bin");
    std::fs::write(&path, bytes(2_000_000)).unwrap();
    let told = alice.json(&["send", "bob", "-f", path.to_str().unwrap()]);
    let (last, progress) = told.split_last().unwrap();
    assert_eq!(last["t"], "sent", "{told:?}");
    assert!(progress.iter().all(|line| line["t"] == "progress" && line["to"] == "bob"), "{told:?}");
    assert!((2..=10).contains(&progress.len()), "{told:?}");
    assert!(progress.is_sorted_by(|one, next| one["stored"].as_u64() < next["stored"].as_u64()), "{told:?}");
    let end = progress.last().unwrap();
    assert_eq!(end["stored"], end["parts"]);
    // Few parts are there before anybody looks.
    std::fs::write(&path, bytes(100_000)).unwrap();
    assert_eq!(alice.json(&["send", "bob", "-f", path.to_str().unwrap()]).len(), 1);
}

#[test]
fn a_bar_is_gone_when_it_is_said_what_became_of_the_file() {
    let relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    std::fs::write(alice.home.path().join("large"), bytes(15_000_000)).unwrap();
    let file = alice.home.path().join("large").display().to_string();
    let mut screen = Terminal::run(&alice.command(&["send", "bob", "-f", &file]), 100, 24);
    screen.sees("parts are stored; the rest goes some minutes after bob has been online");
    screen.wait("no bar", |screen| !screen.contents().contains(['█', '░']));
    assert!(screen.ends().success());
}

#[test]
fn what_cannot_be_sent_as_a_file_says_why() {
    let relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    let folder = alice.home.path().display().to_string();
    alice.run(&["send", "bob", "-f", &folder]).assert_problem(2, "OUB-E151");
    alice.run(&["send", "bob", "-f", "/nowhere"]).assert_problem(2, "OUB-E151");
    let large = alice.home.path().join("large");
    std::fs::File::create(&large).unwrap().set_len(16 * 1024 * 1024 + 1).unwrap();
    alice.run(&["send", "bob", "-f", large.to_str().unwrap()]).assert_problem(2, "OUB-E141");
    assert_eq!(alice.ok(&["outbox"]).out, "");
}

#[test]
fn a_script_asks_and_a_person_answers() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let asking = ["ask", "bob", "Deploy 1.4?", "--choice", "yes,no", "--timeout", "30s"];
    let asking = alice.command(&asking).spawn().unwrap();
    let question = loop {
        let pulled = bob.ok(&["pull"]).out;
        if !pulled.is_empty() {
            break pulled;
        }
    };
    assert!(question.contains("(question) Deploy 1.4?  [1 yes]  [2 no]  (until "), "{question}");
    assert!(question.contains("answer it:   oub answer alice"), "{question}");
    bob.run(&["answer", "alice", "maybe"]).assert_problem(2, "OUB-E136");
    bob.ok(&["answer", "alice", "2"]);
    let answered = Ran::of_child(asking);
    assert_eq!((answered.code, answered.out.as_str()), (Some(0), "no\n"), "{}", answered.err);
    bob.run(&["answer", "alice", "yes"]).assert_problem(2, "OUB-E134");
}

#[test]
fn a_question_without_an_answer_ends_with_3() {
    let relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    let ran = alice.run(&["ask", "bob", "there?", "--timeout", "1s"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(3), ""), "{}", ran.err);
    assert!(ran.err.contains("bob has not answered in time"), "{}", ran.err);
    alice.run(&["ask", "bob", "x", "--require-verified"]).assert_problem(6, "OUB-E062");
    alice.run(&["ask", "bob", "x", "--choice", "a,a"]).assert_problem(2, "OUB-E137");
}

#[test]
fn second_thoughts_show_on_both_sides() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.ok(&["send", "bob", "at nine"]);
    bob.ok(&["pull"]);
    alice.ok(&["edit", "bob", "last", "at ten"]);
    assert!(bob.ok(&["pull"]).out.contains("(edited) at ten"));
    assert!(bob.ok(&["log", "alice"]).out.contains("at ten  (edited)"));
    bob.ok(&["send", "alice", "good", "--reply", "last"]);
    assert!(alice.ok(&["pull"]).out.contains("(to “at ten”) good"));
    let taken = alice.ok(&["take-back", "bob", "last"]);
    assert!(taken.err.contains("bob's client is asked to do the same"), "{taken:?}");
    bob.ok(&["pull"]);
    assert!(bob.ok(&["log", "alice"]).out.contains("(taken back)"));
    bob.run(&["edit", "alice", "zzzz", "x"]).assert_problem(2, "OUB-E131");
    let ids = bob.ok(&["log", "alice", "--ids"]).out;
    let id = ids.lines().last().unwrap().split(' ').next().unwrap().to_owned();
    bob.ok(&["edit", "alice", &id, "very good"]);
    assert!(alice.ok(&["pull"]).out.contains("(edited) very good"));
}

#[test]
fn words_disappear_as_agreed_and_the_screen_says_when() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    assert!(alice.ok(&["contact", "timer", "bob", "1h"]).out.contains("texts disappear after 1h"));
    let pulled = bob.ok(&["pull"]).out;
    assert!(pulled.contains("(from here on, the texts that you both send disappear after 1h)"), "{pulled}");
    bob.ok(&["send", "alice", "agreed"]);
    assert!(alice.ok(&["pull"]).out.contains("agreed  (disappears 1h after this)"));
    alice.ok(&["contact", "timer", "bob", "off"]);
    assert!(bob.ok(&["pull"]).out.contains("(from here on, the texts that you both send stay)"));
    assert!(alice.ok(&["contact", "receipts", "bob", "on"]).out.contains("gets receipts"));
    alice.ok(&["send", "bob", "burn", "--expire", "1s"]);
    bob.ok(&["pull"]);
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert!(!bob.ok(&["log", "alice"]).out.contains("burn"));
    assert!(!alice.ok(&["log", "bob"]).out.contains("burn"));
}

#[test]
fn a_conversation_is_searched_and_exported() {
    let relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    alice.ok(&["send", "bob", "The KEY is <under> the pot"]);
    alice.ok(&["send", "bob", "something else"]);
    let found = alice.ok(&["log", "bob", "--grep", "key"]).out;
    assert!(found.contains("under") && !found.contains("something"), "{found}");
    let page = alice.ok(&["log", "bob", "--html"]).out;
    assert!(page.contains("The KEY is &lt;under&gt; the pot") && page.ends_with("</html>\n"), "{page}");
    let lines = alice.json(&["log", "bob", "--grep", "pot"]);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["kind"], "text");
}

#[test]
fn send_waits_until_the_other_side_has_it() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let late = alice.run(&["send", "bob", "hello?", "--wait", "seen", "--timeout", "1s"]);
    assert_eq!(late.code, Some(3), "{late:?}");
    assert_eq!(bob.pull(), ["hello?"], "or the answer would be to that one");
    let waiting =
        alice.command(&["send", "bob", "and now?", "--wait", "seen", "--timeout", "30s"]).spawn().unwrap();
    assert!((0..100).any(|_| !bob.pull().is_empty()));
    bob.ok(&["send", "alice", "yes"]);
    let seen = Ran::of_child(waiting);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    assert!(seen.err.contains("✓ bob has it"), "{seen:?}");
    assert_eq!(alice.pull(), ["yes"], "the wait swallowed nothing");
}

#[test]
fn a_file_from_standard_input_needs_a_name() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let ran = alice.run_with(&["send", "bob", "-f", "-"], b"");
    ran.assert_problem(2, "OUB-E098");
    assert!(ran.err.contains("-f - --name NAME"), "{}", ran.err);
    alice.run_with(&["send", "bob", "-f", "-", "--name", "db.sql"], b"dump");
    bob.ok(&["pull"]);
    assert_eq!(bob.json(&["files"]).len(), 1);
}

/// Nothing of it is read, written or reported: it is a hole in the disk, and still refused at once.
#[test]
fn a_file_that_is_too_large_is_refused_before_it_is_read() {
    let relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    let path = alice.home.path().join("large.bin");
    std::fs::File::create(&path).unwrap().set_len(16 * 1024 * 1024 + 1).unwrap();
    let size = || std::fs::metadata(alice.dir().join("vault.db")).unwrap().len();
    let before = size();
    let file = path.to_str().unwrap();
    let ran = alice.run(&["send", "bob", "-f", file]);
    ran.assert_problem(2, "OUB-E141");
    assert!(size() < before + 1024 * 1024, "{before} became {}", size());
    let lines = format!("/file {file}\n");
    let ran = alice.run_with(&["chat", "--plain", "bob"], lines.as_bytes());
    assert!(ran.err.contains("the file is too large"), "{}", ran.err);
    assert!(size() < before + 1024 * 1024, "{before} became {}", size());
    std::fs::File::create(&path).unwrap().set_len(16 * 1024 * 1024).unwrap();
    alice.ok(&["send", "bob", "-f", file]);
}

#[test]
fn what_has_not_left_is_not_said_to_be_unanswered_or_sent() {
    let mut relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    relay.kill();
    let asked = alice.run(&["ask", "bob", "Deploy?", "--timeout", "1s"]);
    assert_eq!(asked.code, Some(3), "{asked:?}");
    assert!(asked.err.contains("has not left, and bob has not seen it"), "{}", asked.err);
    assert!(alice.ok(&["take-back", "bob", "last"]).err.contains("it had not left"));
    let sent = alice.run(&["send", "bob", "hi", "--wait", "seen", "--timeout", "1s"]);
    assert_eq!(sent.code, Some(3), "{sent:?}");
    assert!(
        sent.err.contains("it has not left for bob yet") && !sent.err.contains("stays sent"),
        "{}",
        sent.err
    );
    relay.start_again();
    let sent = alice.run(&["send", "bob", "hi", "--wait", "seen", "--timeout", "1s"]);
    assert_eq!((sent.code, sent.err.contains("it stays sent")), (Some(3), true), "{sent:?}");
}

#[test]
fn a_history_tells_programs_when_words_disappear() {
    let relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    alice.ok(&["send", "bob", "soon gone", "--expire", "1h"]);
    let lines = alice.json(&["log", "bob"]);
    let gone = |text: &str| lines.iter().find(|line| line["text"] == text).unwrap()["expires_at"].clone();
    assert!(gone("soon gone").as_str().is_some_and(|time| time.ends_with('Z')), "{lines:?}");
    assert!(gone("hello bob").is_null());
}

#[test]
fn a_line_chat_tells_how_to_answer_while_somebody_waits() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.run(&["ask", "bob", "soon over?", "--timeout", "1s"]);
    // Its time is told by whole seconds.
    std::thread::sleep(Duration::from_secs(2));
    let mut asking = alice.command(&["ask", "bob", "still open?", "--timeout", "60s"]).spawn().unwrap();
    let (mut shown, end) = (String::new(), Instant::now() + Duration::from_secs(30));
    while !shown.contains("still open?") && Instant::now() < end {
        let chat = bob.run_with(&["chat", "--plain", "alice"], b"");
        shown.push_str(&chat.out);
        shown.push_str(&chat.err);
    }
    asking.kill().unwrap();
    asking.wait().unwrap();
    let (over, open) = shown.split_once("still open?").unwrap();
    assert!(over.contains("soon over?") && !over.contains("oub answer"), "{shown}");
    assert!(open.contains("(answer it:   oub answer alice …)"), "{shown}");
}
