//! The public log of keys: checked by everybody, and what a relay can show nobody without being found out.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use store::{EmbeddedStore, LeafMark, LedgerStore};
use wire::UnixSeconds;
use wire::limits::{CHANGES_PER_DAY_MAX, LEAVES_MAX};

use crate::machine::Schema;
use crate::person::Person;
use crate::relay::Relay;

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

fn state(person: &Person, verb: &str) -> (Option<i32>, Value) {
    let ran = person.run(&["--json", "ledger", verb]);
    let line = ran.lines().into_iter().next();
    (ran.code, line.unwrap_or_else(|| panic!("{ran:?}")))
}

/// The relay as it was when the copy was made, with whatever the copy does not know forgotten in silence.
fn go_back(relay: &mut Relay, copied: &Path) {
    relay.kill();
    std::fs::remove_dir_all(relay.data()).unwrap();
    copy(copied, &relay.data());
    relay.start_again();
}

#[test]
fn whoever_registered_after_the_log_was_read_is_not_said_to_be_missing_from_it() {
    let mut relay = Relay::start();
    let alice = Person::joined("alice", &relay);
    alice.ok(&["ledger", "sync"]);
    // What was read and what came are told apart by whole seconds.
    std::thread::sleep(Duration::from_millis(1_100));
    let bob = Person::joined("bob", &relay);
    bob.ok(&["add", &alice.address()]);
    bob.ok(&["send", "alice", "hello"]);
    alice.ok(&["pull"]);
    relay.kill();
    let asks = alice.ok(&["requests"]).out;
    assert!(
        asks.contains("hello") && !asks.contains("public log"),
        "nothing is known, and nothing said: {asks}"
    );
    assert!(alice.json(&["requests"])[0]["checked"].is_null());
    relay.start_again();
    assert_eq!(alice.json(&["requests"])[0]["checked"], true, "read anew by whoever looks");
}

#[test]
fn everybody_replays_the_log_and_takes_no_key_that_it_does_not_have() {
    let relay = Relay::start();
    let (alice, bob) = (Person::joined("alice", &relay), Person::joined("bob", &relay));
    assert!(alice.ok(&["ledger", "status"]).out.contains("not looked at yet"));
    assert!(bob.run(&["ledger", "status"]).code == Some(0));
    let (code, line) = state(&alice, "sync");
    assert_eq!((code, &line["state"], &line["mine"]), (Some(0), &"good".into(), &true.into()));
    // One says that the relay began, two are people.
    assert_eq!(line["entries"], 3);
    alice.ok(&["add", &bob.address()]);
    alice.ok(&["send", "bob", "hello"]);
    bob.ok(&["ledger", "sync"]);
    assert!(bob.ok(&["requests"]).out.contains("the name is in the public log of its server, with this key"));
    assert_eq!(bob.json(&["requests"])[0]["checked"], true);
    bob.ok(&["accept", "alice"]);
    let audit = &bob.json(&["ledger", "audit"])[0];
    assert_eq!((&audit["agree"], audit["differ"].as_array().unwrap().len()), (&1.into(), 0));
    // A change of key is a leaf, found without asking anybody but for the log.
    alice.ok(&["identity", "rotate"]);
    bob.ok(&["ledger", "sync"]);
    let audit = &bob.json(&["ledger", "audit"])[0];
    assert_eq!((&audit["agree"], &audit["changed"][0]), (&0.into(), &"alice".into()));
    assert!(bob.ok(&["--lang", "fr", "ledger", "audit"]).out.contains("alice y a une clé plus récente"));
}

#[test]
fn a_relay_that_signs_two_histories_is_found_out_and_anybody_can_check_the_proof() {
    let mut relay = Relay::start();
    let (alice, bob) = (Person::joined("alice", &relay), Person::joined("bob", &relay));
    alice.ok(&["add", &bob.address()]);
    alice.ok(&["send", "bob", "before"]);
    bob.ok(&["pull"]);
    bob.ok(&["accept", "alice"]);
    alice.ok(&["pull"]);
    relay.kill();
    let folder = tempfile::tempdir().unwrap();
    let copied = folder.path().join("copied");
    copy(&relay.data(), &copied);
    relay.start_again();
    let carol = Person::joined("carol", &relay);
    alice.ok(&["ledger", "sync"]);
    // A second history: no carol, but others.
    go_back(&mut relay, &copied);
    let (dora, _erin) = (Person::joined("dora", &relay), Person::joined("erin", &relay));
    let (code, line) = state(&alice, "sync");
    assert_eq!((code, &line["state"]), (Some(6), &"forked".into()));
    let shown = alice.run(&["ledger", "status"]);
    assert_eq!((shown.code, shown.out.contains("TROUBLE since")), (Some(6), true), "{shown:?}");
    let pulled = alice.run(&["pull"]);
    assert!(pulled.err.contains("no new key is taken from there"), "{pulled:?}");
    assert!(!alice.run(&["pull"]).err.contains("no new key is taken"), "said once");
    // No new key is taken; whoever is known is written to as ever.
    alice.run(&["add", &dora.address()]).assert_problem(6, "OUB-E069");
    alice.ok(&["send", "bob", "after"]);
    assert!(bob.ok(&["pull"]).out.contains("after"));
    // Those who never saw the first history notice nothing, and need nothing but the proof.
    assert_eq!(state(&dora, "sync").0, Some(0));
    let proof = line["fraud"].as_str().unwrap().to_owned();
    let stranger = Person::new("stranger");
    let checked = stranger.ok(&["ledger", "verify-fraud", &proof]);
    assert!(checked.out.starts_with("proved:"), "{checked:?}");
    let line = stranger.json(&["ledger", "verify-fraud", &proof]).remove(0);
    assert_eq!((Schema::read().check(&line).as_str(), &line["one"]["entries"]), ("fraud", &4.into()));
    let text = std::fs::read_to_string(&proof).unwrap();
    let other = folder.path().join("other");
    let mut spoiled: Value = serde_json::from_str(&text).unwrap();
    spoiled["other"] = spoiled["one"].clone();
    std::fs::write(&other, spoiled.to_string()).unwrap();
    stranger.run(&["ledger", "verify-fraud", other.to_str().unwrap()]).assert_problem(1, "OUB-E014");
    std::fs::write(&other, "no proof").unwrap();
    stranger.run(&["ledger", "verify-fraud", other.to_str().unwrap()]).assert_problem(1, "OUB-E014");
    drop(carol);
    println!(
        "promise P6: a relay that signed two histories: 1 key asked for, 0 taken; 1 proof, which a stranger checked"
    );
}

#[test]
fn a_relay_that_goes_back_in_silence_is_given_no_new_key_until_it_says_so() {
    let mut relay = Relay::start();
    let (alice, bob) = (Person::joined("alice", &relay), Person::joined("bob", &relay));
    let folder = tempfile::tempdir().unwrap();
    let (copied, key, file) =
        (folder.path().join("copied"), folder.path().join("key"), folder.path().join("backup"));
    let (key, file) = (key.to_str().unwrap(), file.to_str().unwrap());
    assert!(relay.admin(&["backup-key", key]).status.success());
    assert!(relay.admin(&["backup", file, "--key-file", key]).status.success());
    relay.kill();
    copy(&relay.data(), &copied);
    relay.start_again();
    let _carol = Person::joined("carol", &relay);
    alice.ok(&["ledger", "sync"]);
    go_back(&mut relay, &copied);
    assert_eq!(state(&alice, "sync"), (Some(6), state(&alice, "status").1));
    assert_eq!(state(&alice, "status").1["state"], "went_back");
    alice.run(&["add", &bob.address()]).assert_problem(6, "OUB-E069");
    // Restored by its own command it says what was lost, and is believed again.
    relay.kill();
    std::fs::remove_dir_all(relay.data()).unwrap();
    assert!(relay.admin(&["restore", file, "--key-file", key]).status.success());
    relay.start_again();
    let (code, line) = state(&alice, "sync");
    assert_eq!((code, &line["state"], &line["restored"]), (Some(0), &"good".into(), &1.into()));
    assert!(alice.ok(&["pull"]).err.contains("says that it was restored from a backup"));
    alice.ok(&["add", &bob.address()]);
    let dora = Person::joined("dora", &relay);
    alice.ok(&["add", &dora.address()]);
}

#[test]
fn a_key_under_my_name_that_i_did_not_make_is_said() {
    let relay = Relay::start();
    let alice = Person::joined("alice", &relay);
    assert_eq!(state(&alice, "sync").1["not_mine"], Value::Null);
    let thief = alice.twin();
    thief.ok(&["identity", "rotate"]);
    let (code, line) = state(&alice, "sync");
    assert_eq!((code, &line["state"], &line["not_mine"]), (Some(6), &"good".into(), &2.into()));
    assert_eq!(state(&thief, "sync").1["not_mine"], Value::Null);
    // Somebody who changes his key hears nothing of it.
    let bob = Person::joined("bob", &relay);
    bob.ok(&["ledger", "sync"]);
    bob.ok(&["identity", "rotate"]);
    assert_eq!((state(&bob, "sync").0, &state(&bob, "status").1["not_mine"]), (Some(0), &Value::Null));
}

#[test]
fn two_people_who_were_shown_two_histories_find_out_by_writing_to_each_other() {
    let mut relay = Relay::start();
    let (alice, bob) = (Person::joined("alice", &relay), Person::joined("bob", &relay));
    alice.ok(&["add", &bob.address()]);
    alice.ok(&["send", "bob", "hello"]);
    bob.ok(&["pull"]);
    bob.ok(&["accept", "alice"]);
    alice.ok(&["pull"]);
    alice.ok(&["send", "bob", "and again"]);
    bob.ok(&["pull"]);
    relay.kill();
    let folder = tempfile::tempdir().unwrap();
    let copied = folder.path().join("copied");
    copy(&relay.data(), &copied);
    relay.start_again();
    // Alice is shown that carol came, bob that dora did, and neither of them anything else.
    let _carol = Person::joined("carol", &relay);
    alice.ok(&["ledger", "sync"]);
    go_back(&mut relay, &copied);
    let _dora = Person::joined("dora", &relay);
    bob.ok(&["ledger", "sync"]);
    // What she writes brings the root that she was shown.
    alice.ok(&["send", "bob", "how is the weather?"]);
    let pulled = bob.ok(&["pull"]);
    assert!(pulled.out.contains("how is the weather?"), "{pulled:?}");
    assert!(pulled.err.contains("alice was shown another public log"), "{pulled:?}");
    assert_eq!(state(&bob, "status").1["fraud"], Value::Null, "what she says proves nothing");
    // His signed head went to her by itself: with her own it is a proof, and hers comes back to him.
    bob.ok(&["send", "alice", "rain"]);
    let pulled = alice.ok(&["pull"]);
    assert!(pulled.out.contains("rain") && !pulled.out.contains("cannot"), "{pulled:?}");
    assert!(pulled.err.contains("PROVED: the server"), "{pulled:?}");
    let (code, line) = state(&alice, "status");
    assert_eq!(code, Some(6));
    let stranger = Person::new("stranger");
    stranger.ok(&["ledger", "verify-fraud", line["fraud"].as_str().unwrap()]);
    alice.ok(&["send", "bob", "me too"]);
    bob.ok(&["pull"]);
    let proof = state(&bob, "status").1["fraud"].as_str().unwrap().to_owned();
    stranger.ok(&["ledger", "verify-fraud", &proof]);
    // No new key from there while the proof is kept; the two go on.
    bob.run(&["add", &Person::joined("erin", &relay).address()]).assert_problem(6, "OUB-E069");
    bob.ok(&["send", "alice", "still here"]);
    assert!(alice.ok(&["pull"]).out.contains("still here"));
    assert!(alice.ok(&["log", "bob"]).out.lines().count() < 10, "heads are shown to nobody");
    println!(
        "promise P6: 2 people shown two histories: 2 of 2 have the proof after a message each way and one more"
    );
}

/// Nobody makes the log of a whole server too long for everybody by changing one key for ever.
#[test]
fn a_key_is_replaced_so_often_within_a_day_and_messages_come_meanwhile() {
    let relay = Relay::start();
    let (alice, bob) = (Person::joined("alice", &relay), Person::joined("bob", &relay));
    bob.ok(&["add", &alice.address()]);
    for _ in 0..CHANGES_PER_DAY_MAX {
        alice.ok(&["identity", "rotate"]);
    }
    let refused = alice.run(&["identity", "rotate"]);
    refused.assert_problem(4, "OUB-E042");
    assert!(refused.err.contains("try again after 24"), "{refused:?}");
    bob.ok(&["send", "alice", "come in"]);
    // What waits to be changed stops nothing.
    alice.ok(&["pull"]);
    alice.ok(&["accept", "bob"]);
    assert!(alice.ok(&["log", "bob"]).out.contains("come in"));
    let (code, line) = state(&alice, "sync");
    assert_eq!((code, &line["state"], &line["not_mine"]), (Some(0), &"good".into(), &Value::Null));
}

#[test]
fn a_log_that_is_longer_than_one_answer_is_read_whole() {
    let mut relay = Relay::start();
    let (alice, bob) = (Person::joined("alice", &relay), Person::joined("bob", &relay));
    relay.kill();
    let store = EmbeddedStore::open(&relay.data().join("store")).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for _ in 0..LEAVES_MAX + 100 {
        store.append_mark(LeafMark::Heartbeat, UnixSeconds(now)).unwrap();
    }
    let leaves = store.leaves();
    drop(store);
    relay.start_again();
    let (code, line) = state(&alice, "sync");
    assert_eq!((code, &line["state"], &line["entries"]), (Some(0), &"good".into(), &leaves.into()));
    alice.ok(&["add", &bob.address()]);
    // What is there already is not asked for again, and fits what comes.
    bob.ok(&["identity", "rotate"]);
    let (code, line) = state(&alice, "sync");
    assert_eq!((code, &line["state"], &line["entries"]), (Some(0), &"good".into(), &(leaves + 1).into()));
    assert_eq!(alice.json(&["ledger", "audit"])[0]["changed"][0], "bob");
}
