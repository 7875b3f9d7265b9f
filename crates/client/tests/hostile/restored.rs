//! A relay that was put back to an older copy of itself: what it forgot, and what it brings again.

use std::path::{Path, PathBuf};

use client::{PullOptions, SendOptions};

use crate::common::{Relay, friends};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A copy of the relay's store, as a careful operator makes it: while nobody writes.
struct Copy(tempfile::TempDir);

impl Copy {
    fn of(relay: &mut Relay) -> Copy {
        relay.kill();
        let copied = Copy(tempfile::tempdir().unwrap());
        copy(&store(relay), &copied.0.path().join("store"));
        relay.restart();
        copied
    }

    fn put_back(&self, relay: &mut Relay) {
        relay.kill();
        std::fs::remove_dir_all(store(relay)).unwrap();
        copy(&self.0.path().join("store"), &store(relay));
        relay.restart();
    }
}

fn store(relay: &Relay) -> PathBuf {
    relay.data().join("store")
}

/// S21, S10: acknowledgements are forgotten, so that everything comes again: nothing is shown twice, and the
/// conversation goes on both ways with the stamps that are left.
#[test]
fn what_a_restored_relay_delivers_again_is_not_shown_again() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.stored(&bob, "one");
    alice.stored(&bob, "two");
    let copy = Copy::of(&mut relay);
    assert_eq!(bob.texts(), ["one", "two"]);
    alice.stored(&bob, "three");
    bob.stored(&alice, "four");
    assert_eq!(bob.texts(), ["three"]);
    assert_eq!(alice.texts(), ["four"]);
    copy.put_back(&mut relay);
    let (list, summary) = bob.pull_with(&PullOptions::default());
    assert!(list.is_empty(), "{list:?}");
    assert_eq!((summary.quarantined, summary.unreachable), (0, None));
    assert!(alice.texts().is_empty());
    for text in ["five", "six"] {
        alice.stored(&bob, text);
        bob.stored(&alice, text);
        let (list, _) = bob.pull_with(&PullOptions::default());
        assert_eq!(list.len(), 1);
        assert_eq!((list[0].body.text(), list[0].missing_before), (Some(text), 0));
        assert_eq!(alice.texts(), [text]);
    }
}

/// S21, S08: what was stored and not yet collected is gone with the newer store. The sender was told STORED, and
/// cannot know; the recipient is told of the hole by the next message.
#[test]
fn what_a_restored_relay_lost_leaves_a_hole_that_is_told() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let copy = Copy::of(&mut relay);
    alice.stored(&bob, "lost");
    copy.put_back(&mut relay);
    assert!(bob.texts().is_empty());
    alice.stored(&bob, "behind");
    let (list, _) = bob.pull_with(&PullOptions::default());
    assert_eq!((list[0].body.text(), list[0].missing_before), (Some("behind"), 1));
}

/// S21, S04: a rotation that the relay forgot. Nothing is sealed to the key that was given up; the contact's key
/// counts as changed until somebody compares again. The owner goes on receiving and sending.
#[test]
fn a_rotation_that_a_restored_relay_forgot_is_not_undone() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let copy = Copy::of(&mut relay);
    bob.client().rotate_identity().unwrap();
    alice.client_hours_later(2).send("bob", "to the new key", &SendOptions::default()).unwrap();
    assert_eq!(bob.texts(), ["to the new key"]);
    copy.put_back(&mut relay);
    let error = alice.client_hours_later(4).send("bob", "held back", &SendOptions::default()).unwrap_err();
    assert_eq!(error.code(), "OUB-E061", "{error:?}");
    assert_eq!(alice.client().outbox().unwrap().len(), 1, "it is kept");
    bob.stored(&alice, "still here");
    assert_eq!(alice.texts(), ["still here"]);
}

/// S21: a name that the relay forgot altogether. Nothing is lost on either side and nothing is taken for
/// delivered; that it comes back takes the operator, or a later version that registers again.
#[test]
fn who_joined_after_the_copy_is_told_so_and_loses_nothing() {
    let mut relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    let copy = Copy::of(&mut relay);
    let carol = relay.person("carol");
    alice.add(&carol);
    carol.add(&alice);
    alice.stored(&carol, "hello");
    assert_eq!(carol.texts(), ["hello"]);
    assert!(alice.texts().is_empty());
    copy.put_back(&mut relay);
    let refused = carol.client().collect().unwrap_err();
    assert_eq!(refused.code(), "OUB-E056", "{refused:?}");
    carol.stored(&alice, "can you hear me");
    assert_eq!(alice.texts(), ["can you hear me"], "the inbox of alice is older than the copy");
    let error = alice.client().send("carol", "yes", &SendOptions::default()).unwrap_err();
    assert_eq!(error.exit_code(), 5, "{error:?}");
    assert_eq!(alice.client().outbox().unwrap().len(), 1, "it is kept");
}
