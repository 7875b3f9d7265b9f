//! Bots that do more than write: files, questions, second thoughts at the daemon's socket, and what hooks learn of them.

use serde_json::json;

use crate::daemon::{Bot, Daemon, eventually};
use crate::person::friends;
use crate::relay::Relay;

#[test]
fn a_bot_asks_and_answers() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let (_hers, _his) = (Daemon::of(&alice), Daemon::of(&bob));
    let (mut at_alice, mut at_bob) = (Bot::at(&alice), Bot::at(&bob));
    at_alice.subscribe();
    at_bob.subscribe();
    let question = json!({
        "v": 1, "do": "ask", "to": "bob", "text": "Deploy?", "choices": ["yes", "no"], "timeout_s": 600,
        "idempotency": "deploy-7"
    });
    let asked = Bot::at(&alice).ask(question.clone());
    assert_eq!((&asked[0]["t"], &asked[0]["stored"]), (&json!("asked"), &json!(true)), "{asked:?}");
    let came = at_bob.message();
    assert_eq!((&came["kind"], &came["choices"]), (&json!("question"), &json!(["yes", "no"])), "{came}");
    let wrong = Bot::at(&bob).ask(json!({"v": 1, "do": "answer", "to": "alice", "text": "maybe"}));
    assert_eq!(wrong[0]["t"], "error", "{wrong:?}");
    let answer = json!({"v": 1, "do": "answer", "to": "alice", "text": "2", "question": came["id"]});
    assert_eq!(Bot::at(&bob).ask(answer)[0]["t"], "sent");
    let came = at_alice.message();
    assert_eq!((&came["kind"], &came["text"]), (&json!("answer"), &json!("no")), "{came}");
    assert_eq!(came["question"], asked[0]["id"]);
    // Asked again under its key, it is the same question, and the answer is not taken away by that.
    assert_eq!(Bot::at(&alice).ask(question)[0]["id"], asked[0]["id"]);
    assert_eq!(alice.pull(), ["no"]);
    assert!(bob.pull().is_empty(), "who answers a question has handled it");
}

#[test]
fn a_bot_sends_and_saves_files_edits_and_takes_back() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let (_hers, _his) = (Daemon::of(&alice), Daemon::of(&bob));
    let (mut at_alice, mut at_bob) = (Bot::at(&alice), Bot::at(&bob));
    at_bob.subscribe();
    let (report, folder) = (alice.home.path().join("report.txt"), bob.home.path().join("in"));
    std::fs::write(&report, "all is well").unwrap();
    let sent = at_alice.ask(json!({"v": 1, "do": "send_file", "to": "bob", "path": report, "text": "look"}));
    assert_eq!(sent[0]["t"], "sent", "{sent:?}");
    let came = at_bob.message();
    assert_eq!((&came["kind"], &came["file"]["name"]), (&json!("file"), &json!("report.txt")), "{came}");
    let save = json!({"v": 1, "do": "save", "message": came["id"], "folder": folder});
    assert_eq!(Bot::at(&bob).ask(save.clone())[0]["code"], "OUB-E153");
    std::fs::create_dir(&folder).unwrap();
    let saved = Bot::at(&bob).ask(save);
    assert_eq!(saved[0]["path"], json!(folder.join("report.txt")), "{saved:?}");
    assert_eq!(std::fs::read_to_string(folder.join("report.txt")).unwrap(), "all is well");
    for path in ["report.txt", "/nowhere/at/all", "/"] {
        let refused = at_alice.ask(json!({"v": 1, "do": "send_file", "to": "bob", "path": path}));
        assert_eq!(refused[0]["t"], "error", "{path}: {refused:?}");
    }

    let sent = at_alice.ask(json!({"v": 1, "do": "send", "to": "bob", "text": "at noon"}));
    assert_eq!(at_bob.message()["text"], "at noon");
    let edit = json!({"v": 1, "do": "edit", "to": "bob", "message": sent[0]["id"], "text": "at one"});
    assert_eq!(at_alice.ask(edit)[0]["t"], "sent");
    eventually("the words are the new ones", || bob.ok(&["log", "alice"]).out.contains("at one"));
    let back = json!({"v": 1, "do": "take_back", "to": "bob", "message": "last", "idempotency": "once"});
    let taken = at_alice.ask(back.clone());
    assert_eq!((&taken[0]["t"], &taken[0]["state"]), (&json!("taken_back"), &json!("sent")), "{taken:?}");
    assert_eq!(at_alice.ask(back)[0]["t"], "taken_back", "asked again, it is the same one");
    eventually("it is taken back there", || bob.ok(&["log", "alice"]).out.contains("(taken back)"));
}

/// Bob is away: some parts of hers are left to words.
#[test]
fn a_bot_hears_how_far_a_file_has_come_and_why_the_rest_waits() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let _hers = Daemon::of(&alice);
    let mut at_alice = Bot::at(&alice);
    assert_eq!(at_alice.ask(json!({"v": 1, "do": "outbox"})).len(), 1, "nothing but done");
    let (few, many) = (alice.home.path().join("few"), alice.home.path().join("many"));
    std::fs::write(&few, vec![7; 400_000]).unwrap();
    std::fs::write(&many, vec![7; 15_000_000]).unwrap();
    let told = at_alice.ask(json!({"v": 1, "id": "a", "do": "send_file", "to": "bob", "path": few}));
    let (progress, end) = told.split_at(told.len() - 2);
    assert!(progress.iter().all(|line| line["t"] == "progress" && line["to"] == "bob" && line["re"] == "a"));
    let stored: Vec<_> = progress.iter().map(|line| line["stored"].as_u64().unwrap()).collect();
    assert!(stored.is_sorted() && stored.last() == Some(&7) && progress[0]["parts"] == 7, "{told:?}");
    assert_eq!((&end[0]["t"], &end[1]["t"]), (&json!("sent"), &json!("done")));

    let told = at_alice.ask(json!({"v": 1, "do": "send_file", "to": "bob", "path": many}));
    let [.., queued, _] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(queued["t"], "queued", "{told:?}");
    let waits = at_alice.ask(json!({"v": 1, "do": "outbox"}));
    let why = "the rest goes some minutes after the contact has been online";
    assert_eq!((&waits[0]["id"], &waits[0]["why"]), (&queued["id"], &json!(why)), "{waits:?}");
    assert!(alice.ok(&["outbox"]).out.contains(why));
    assert!(
        alice
            .ok(&["--lang", "fr", "outbox"])
            .out
            .contains("le reste part quelques minutes après que le contact aura été en ligne")
    );
    assert_eq!(bob.json(&["pull"]).len(), 1, "the small one");
}

#[test]
fn a_hook_learns_what_kind_it_is_handed() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let kinds = bob.home.path().join("kinds");
    let hook = format!("echo \"$OUB_KIND\" >> {}", kinds.display());
    let _daemon = Daemon::with(&bob, &["daemon", "--notify", "none", "--exec", &hook]);
    alice.ok(&["send", "bob", "words"]);
    alice.ok(&["send", "bob", "-f", "/etc/hostname"]);
    alice.run(&["ask", "bob", "well?", "--timeout", "1s"]);
    let read = || std::fs::read_to_string(&kinds).unwrap_or_default();
    eventually("all three", || read() == "text\nfile\nquestion\n");
}
