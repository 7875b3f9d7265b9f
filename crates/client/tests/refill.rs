//! Stamps after a vault was lost: whoever begins anew is given new ones, and they do not run out for good.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{fs, path::Path};

use client::{Allotment, Client, Options, SendOptions, SentState, Unlock};
use common::{Person, Relay, friends, options};

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

fn write(relay: &mut Relay, from: &Person, to: &Person, count: u32) {
    relay.kill();
    for n in 0..count {
        assert!(matches!(from.send(to, &format!("{n}")).state, SentState::Queued(_)));
    }
    relay.restart();
    assert_eq!(from.client().flush().unwrap(), count);
}

#[test]
fn stamps_that_were_lost_with_a_vault_do_not_keep_refills_back() {
    let mut relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    let backup = tempfile::tempdir().unwrap();
    copy(alice.profile().dir(), backup.path());
    alice.add(&bob);
    alice.stored(&bob, "hello");
    bob.client().collect().unwrap();
    bob.client().accept("alice", None).unwrap();
    assert_eq!((bob.texts(), alice.texts().len()), (vec!["hello".to_owned()], 0));
    assert_eq!(alice.client().contact("bob").unwrap().stamps, 256);

    // Alice's disk dies; an old copy comes back, from before she knew bob.
    copy(backup.path(), alice.profile().dir());
    alice.add(&bob);
    alice.stored(&bob, "hello again");
    assert_eq!(bob.texts(), ["hello again"]);
    assert!(alice.texts().is_empty());
    alice.keep_refill_back();
    assert_eq!(alice.client().contact("bob").unwrap().stamps, 256);

    write(&mut relay, &alice, &bob, 200);
    assert_eq!(bob.texts().len(), 200);
    assert_eq!(alice.client().contact("bob").unwrap().stamps, 56);
    let later = Options { dues_early_s: 600, ..options() };
    Client::open(&bob.profile(), &Unlock::KeyFile, later).unwrap().flush().unwrap();
    alice.client().collect().unwrap();
    let refilled = alice.client().contact("bob").unwrap().stamps;
    assert!(refilled > 256, "{refilled}");
}

/// What falls due within ten minutes leaves now, and is collected.
fn refill(from: &Person, to: &Person) {
    let later = Options { dues_early_s: 600, ..options() };
    Client::open(&from.profile(), &Unlock::KeyFile, later).unwrap().flush().unwrap();
    to.client().collect().unwrap();
}

#[test]
fn who_may_hold_more_is_brought_up_to_it_and_sends_a_large_file_at_once() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let held = || alice.client().contact("bob").unwrap().stamps;
    let let_hold = |stamps| bob.client().set_allotment("alice", Allotment::new(stamps).unwrap()).unwrap();
    assert!(held() <= 256, "{}", held());
    assert_eq!(let_hold(1_024).allotment.stamps(), 1_024);
    refill(&bob, &alice);
    let most = held();
    assert!((1_024 - 32..1_024 + 256).contains(&most), "{most}");
    refill(&bob, &alice);
    assert_eq!(held(), most, "once");

    let mut file = &vec![7; 16 * 1024 * 1024][..];
    let sent = alice.client().send_file("bob", &mut file, "large", "", &SendOptions::default()).unwrap();
    assert_eq!(sent.state, SentState::Stored, "{} are left", held());
    assert_eq!(bob.pull().len(), 1);
    refill(&bob, &alice);
    let left = held();
    assert!(left > 256 && left < most, "more than a quarter is left: {left}");

    // Nothing is taken back, and less than a quarter of the least brings a refill only when it is reached.
    let_hold(256);
    refill(&bob, &alice);
    assert_eq!(held(), left);
    alice.change_vault("UPDATE stamp SET spent = 1;");
    bob.change_vault("UPDATE handed SET spent = 1;");
    let_hold(4_096);
    refill(&bob, &alice);
    assert_eq!(held(), 4_096);
}

#[test]
fn a_contact_who_spent_stamps_on_what_expired_gets_new_ones() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    // As after weeks in which bob was away: her messages expired at his inbox, and the stamps were spent.
    alice.change_vault("DELETE FROM stamp;");
    alice.stored(&bob, "are you back?");
    assert_eq!(alice.client().contact("bob").unwrap().stamps, 0, "it went by the doorstep");
    assert_eq!(bob.texts(), ["are you back?"]);
    let later = Options { dues_early_s: 600, ..options() };
    let bobs = Client::open(&bob.profile(), &Unlock::KeyFile, later).unwrap();
    bobs.flush().unwrap();
    alice.client().collect().unwrap();
    assert_eq!(alice.client().contact("bob").unwrap().stamps, 256);

    // Somebody who only says so gets no more than 4,096 in all.
    let mut most = 0;
    for n in 0..18 {
        alice.change_vault(
            "CREATE TABLE IF NOT EXISTS hoard AS SELECT * FROM stamp WHERE 0;
            INSERT INTO hoard SELECT * FROM stamp; DELETE FROM stamp;",
        );
        alice.stored(&bob, &format!("poor me {n}"));
        bobs.collect().unwrap();
        bobs.flush().unwrap();
        alice.client().collect().unwrap();
        most += alice.client().contact("bob").unwrap().stamps;
    }
    assert!((3_000..=4_096).contains(&most), "{most}");
}
