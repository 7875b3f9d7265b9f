//! One file brings an identity back: history whole, conversations alive, ratchets never reused (DESIGN § 9.10).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::path::PathBuf;

use client::{Client, ClientError, Language, Pauses, Protector, QueuedReason, Restored, SentState, Unlock};
use common::{Person, Relay, friends, make_friends, options, passphrase};

const SECRET: &str = "of the backup alone";

fn back_up(person: &Person, folder: &tempfile::TempDir) -> PathBuf {
    let file = folder.path().join(format!("{}.backup", person.name));
    person.client().backup(&file, &passphrase(SECRET)).unwrap();
    file
}

fn restore(name: &str, file: &std::path::Path) -> (Person, Restored) {
    let person = Person::stranger(name);
    let restored =
        Client::restore(&person.profile(), file, &passphrase(SECRET), &Protector::KeyFile, options());
    (person, restored.unwrap().1)
}

#[test]
fn recovery_words_that_nobody_has_stay_where_they_are() {
    let (relay, folder) = (Relay::start(), tempfile::tempdir().unwrap());
    let alice = Person::stranger("alice");
    let request = alice.request(relay.invite("alice"));
    let (client, joined) = Client::join(&alice.profile(), &request, options()).unwrap();
    let file = back_up(&alice, &folder);
    assert_eq!(client.recovery_words(Language::English).unwrap(), Some(joined.recovery_words));
    let (restored, _) = restore("alice", &file);
    assert_eq!(restored.client().recovery_words(Language::English).unwrap(), None);
}

#[test]
fn a_backup_that_was_killed_does_not_stop_the_next_one() {
    let (relay, folder) = (Relay::start(), tempfile::tempdir().unwrap());
    let alice = relay.person("alice");
    let left = |end: &str| folder.path().join(format!("alice.backup{end}"));
    // As this version leaves it, and as the one before did.
    for end in [".oub-part", ".part"] {
        std::fs::write(left(end), "half").unwrap();
    }
    let busy = std::fs::File::open(left(".oub-part")).unwrap();
    busy.lock().unwrap();
    assert!(alice.client().backup(&left(""), &passphrase(SECRET)).is_err(), "another one writes it now");
    drop(busy);
    let file = back_up(&alice, &folder);
    assert!(file.exists() && !left(".oub-part").exists());
    restore("alice", &file);
}

fn history(person: &Person, with: &str) -> Vec<String> {
    let log = person.client().log(with, None).unwrap();
    log.iter().map(|entry| entry.body.text().unwrap_or("?").to_owned()).collect()
}

#[test]
fn a_lost_device_comes_back_with_history_and_with_what_came_meanwhile() {
    let (relay, folder) = (Relay::start(), tempfile::tempdir().unwrap());
    let (alice, bob) = friends(&relay);
    bob.verify("alice");
    bob.stored(&alice, "one");
    assert_eq!(alice.texts(), ["one"]);
    let file = back_up(&bob, &folder);
    // After the backup: read by the lost device, and not read by anybody.
    alice.stored(&bob, "two");
    assert_eq!(bob.texts(), ["two"]);
    bob.stored(&alice, "three");
    alice.stored(&bob, "four");
    let old_key = bob.client().identity_fingerprint().unwrap();
    drop(bob);

    let (bob, restored) = restore("bob", &file);
    assert_eq!((restored.contacts, restored.unreachable.is_none()), (1, true));
    assert!(bob.client().take_notices().unwrap().is_empty(), "what the lost device did is no alarm");
    let checked = Client::check_backup(&file, &passphrase(SECRET)).unwrap();
    assert_eq!((checked.contacts, checked.messages), (restored.contacts, restored.messages));
    assert_eq!(bob.client().identity_fingerprint().unwrap(), old_key);
    assert!(bob.client().contact("alice").unwrap().trust.is_verified());
    assert_eq!(history(&bob, "alice"), ["hello", "one"]);
    let (mut to_alice, mut to_bob) = (Vec::new(), Vec::new());
    for _ in 0..4 {
        to_alice.extend(alice.texts_later());
        to_bob.extend(bob.texts_later());
    }
    assert_eq!(to_alice, ["three"], "what left before is shown once");
    assert_eq!(to_bob, ["two", "four"], "what the lost device had read comes again to the restored one");
    alice.stored(&bob, "and on");
    assert_eq!(bob.texts(), ["and on"]);
    bob.stored(&alice, "so it goes");
    assert_eq!(alice.texts(), ["so it goes"]);
    assert_eq!(history(&bob, "alice").last().unwrap(), "so it goes");
}

#[test]
fn a_contact_whose_key_changed_meanwhile_is_told_at_once_too() {
    for heard_of_it in [false, true] {
        let (relay, folder) = (Relay::start(), tempfile::tempdir().unwrap());
        let (alice, bob) = friends(&relay);
        alice.client().rotate_identity().unwrap();
        if heard_of_it {
            alice.stored(&bob, "a new key");
            assert_eq!(bob.texts(), ["a new key"]);
        }
        let file = back_up(&bob, &folder);
        drop(bob);
        let (bob, _) = restore("bob", &file);
        assert!(alice.texts().is_empty(), "the news of the restored copy are no text");
        alice.stored(&bob, "for the restored one");
        assert_eq!(bob.texts(), ["for the restored one"], "heard of it before: {heard_of_it}");
        bob.stored(&alice, "found it");
        assert_eq!(alice.texts(), ["found it"]);
    }
}

#[test]
fn the_device_that_was_not_lost_after_all_is_refused() {
    let (relay, folder) = (Relay::start(), tempfile::tempdir().unwrap());
    let (_alice, bob) = friends(&relay);
    let file = back_up(&bob, &folder);
    let (_restored, _) = restore("bob", &file);
    assert_eq!(bob.client().collect().unwrap_err(), ClientError::OtherCopy);
}

#[test]
fn without_the_server_everything_is_there_and_the_next_command_renews() {
    let (mut relay, folder) = (Relay::start(), tempfile::tempdir().unwrap());
    let (alice, bob) = friends(&relay);
    let file = back_up(&bob, &folder);
    relay.kill();
    let (bob, restored) = restore("bob", &file);
    assert!(restored.unreachable.is_some());
    assert_eq!(history(&bob, "alice"), ["hello"]);
    relay.restart();
    alice.stored(&bob, "sealed to keys that are gone");
    let (mut came, mut back) = (Vec::new(), Vec::new());
    for _ in 0..4 {
        came.extend(bob.texts_later());
        back.extend(alice.texts_later());
    }
    assert_eq!((came, back.len()), (vec!["sealed to keys that are gone".to_owned()], 0));
    bob.stored(&alice, "here again");
    assert_eq!(alice.texts(), ["here again"]);
}

/// Sixteen went to an account that is gone; the seventeenth waits no longer than the bundle of before is used.
#[test]
fn who_has_no_first_message_left_for_a_lost_device_reaches_the_restored_one_a_day_later() {
    let (relay, folder) = (Relay::start(), tempfile::tempdir().unwrap());
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    alice.add(&bob);
    let file = back_up(&bob, &folder);
    let said: Vec<String> = (1..=17).map(|number| format!("{number}")).collect();
    said.iter().take(16).for_each(|text| alice.stored(&bob, text));
    drop(bob);
    let (bob, _) = restore("bob", &file);
    let waits = |sent: &SentState| matches!(sent, SentState::Queued(QueuedReason::AwaitingAnswer));
    let sent = alice.send(&bob, "17");
    assert!(waits(&sent.state), "{sent:?}");
    assert!(bob.texts().is_empty());
    assert_eq!(alice.client_hours_later(25).send_waiting(&mut Pauses::default()).unwrap(), 1);
    bob.client().collect().unwrap();
    bob.client().accept("alice", None).unwrap();
    let mut came = bob.texts();
    for _ in 0..3 {
        alice.texts_later();
        came.extend(bob.texts_later());
    }
    came.sort_by_key(|text| text.parse::<u32>().unwrap());
    assert_eq!(came, said, "what the lost device had not read is asked for");
}

/// A first message brings a bundle, and a restored copy has none before it was at its own server.
#[test]
fn what_a_restored_copy_is_given_waits_for_its_own_server_and_not_for_that_of_the_contact() {
    let (mut own, other, folder) = (Relay::start(), Relay::start(), tempfile::tempdir().unwrap());
    let (bob, alice) = (own.person("bob"), other.person("alice"));
    make_friends(&alice, &bob);
    let file = back_up(&bob, &folder);
    own.kill();
    let (bob, _) = restore("bob", &file);
    let SentState::Queued(QueuedReason::Unreachable(error)) = bob.send(&alice, "as soon as it can").state
    else {
        panic!("sent without its server");
    };
    assert!(matches!(*error, ClientError::Unreachable { .. }), "{error:?}");
    assert!(alice.texts().is_empty());
    own.restart();
    assert!(bob.texts().is_empty());
    assert_eq!(alice.texts(), ["as soon as it can"]);
}

#[test]
fn a_backup_opens_with_its_passphrase_only_and_overwrites_nothing() {
    let (relay, folder) = (Relay::start(), tempfile::tempdir().unwrap());
    let (_alice, bob) = friends(&relay);
    let file = back_up(&bob, &folder);
    let again = bob.client().backup(&file, &passphrase(SECRET)).unwrap_err();
    assert_eq!(again.exit_code(), 7, "{again:?}");
    let try_restore = |file: &std::path::Path, secret: &str| {
        let person = Person::stranger("bob");
        let error =
            Client::restore(&person.profile(), file, &passphrase(secret), &Protector::KeyFile, options());
        error.map(drop).unwrap_err()
    };
    assert_eq!(try_restore(&file, "wrong"), ClientError::WrongBackupPassphrase { path: file.clone() });
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
    let whole = std::fs::read(&file).unwrap();
    for cut in [0, 10, whole.len() / 2, whole.len() - 1] {
        let damaged = folder.path().join(format!("cut-{cut}"));
        std::fs::write(&damaged, &whole[..cut]).unwrap();
        assert_eq!(try_restore(&damaged, SECRET).exit_code(), 7, "cut at {cut}");
    }
    for place in (20..whole.len()).step_by(whole.len() / 9) {
        let mut flipped = whole.clone();
        flipped[place] ^= 1;
        let damaged = folder.path().join(format!("flip-{place}"));
        std::fs::write(&damaged, flipped).unwrap();
        assert_eq!(try_restore(&damaged, SECRET).exit_code(), 7, "bit at {place}");
    }
    let other = relay.person("carol");
    let refused =
        Client::restore(&other.profile(), &file, &passphrase(SECRET), &Protector::KeyFile, options());
    assert!(matches!(refused.map(drop).unwrap_err(), ClientError::AlreadyJoined { .. }));
}

/// D02: what a backup holds of keys cannot make a ratchet go back.
#[test]
fn no_session_no_offer_and_no_plaintext_stands_in_a_backup() {
    let (relay, folder) = (Relay::start(), tempfile::tempdir().unwrap());
    let (alice, bob) = friends(&relay);
    alice.stored(&bob, "canary in the history");
    bob.texts();
    let file = back_up(&bob, &folder);
    let bytes = std::fs::read(&file).unwrap();
    let found = bytes.windows(6).any(|window| window == b"canary" || window == b"SQLite");
    assert!(!found, "the file shows nothing");
    let (restored, _) = restore("bob", &file);
    let client = Client::open(&restored.profile(), &Unlock::KeyFile, options()).unwrap();
    assert!(!client.contact("alice").unwrap().connected, "nothing to seal with until alice has answered");
    assert_eq!(client.contact("alice").unwrap().stamps, 0);
}
