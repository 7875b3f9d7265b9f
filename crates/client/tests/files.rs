//! Files: whole or not at all, resumed after a cut on either side, under names that do no harm.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{io::Read, os::unix::fs::PermissionsExt, path::Path};

use client::{
    ClientError, FailPoint, FileState, OutboxState, QueuedReason, Received, ReceivedBody, SaidError,
    SendOptions, Sent, SentState,
};
use common::{Person, Relay, friends};

/// Bytes that repeat nowhere near a part's length.
fn bytes(count: usize) -> Vec<u8> {
    (0..count as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

fn send(from: &Person, to: &Person, name: &str, content: &[u8]) -> Sent {
    let mut input = content;
    from.client().send_file(&to.name, &mut input, name, "", &SendOptions::default()).unwrap()
}

fn file(message: &Received) -> &client::FileShown {
    let ReceivedBody::File(file) = &message.body else { panic!("{message:?}") };
    file
}

fn saved(person: &Person, id: &str, to: &Path) -> Vec<u8> {
    std::fs::read(person.client().save_file(id, to).unwrap()).unwrap()
}

#[test]
fn a_file_arrives_as_it_was_and_is_saved_once() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    for count in [0, 1, 59_999, 60_000, 60_001, 300_000] {
        let content = bytes(count);
        let sent = send(&alice, &bob, "report.pdf", &content);
        assert_eq!(sent.state, SentState::Stored, "{count}");
        let list = bob.pull();
        assert_eq!(list.len(), 1, "{count}");
        assert_eq!((file(&list[0]).bytes, &file(&list[0]).state), (count as u64, &FileState::Whole));
        let folder = tempfile::tempdir().unwrap();
        let path = bob.client().save_file(&sent.id[..8], folder.path()).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), content);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = bob.client().save_file(&sent.id, folder.path()).unwrap_err();
        assert!(matches!(again, ClientError::Said(SaidError::FileSaved { .. })), "{again:?}");
    }
}

#[test]
fn a_file_of_who_is_no_contact_is_not_kept_and_shown_as_that() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    bob.client().remove("alice").unwrap();
    alice.stored(&bob, "see the report");
    send(&alice, &bob, "report.pdf", &bytes(100));
    bob.client().collect().unwrap();
    bob.client().accept("alice", None).unwrap();
    let list = bob.pull();
    assert_eq!((list.len(), &file(&list[1]).state), (2, &FileState::BeforeAccepted));
}

/// A greeting is words. A file for somebody who knows nothing of its sender is announced by a first message without any.
#[test]
fn a_file_that_is_the_first_to_a_stranger_announces_itself_and_follows_the_answer() {
    let relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    alice.add(&bob);
    let content = bytes(100_000);
    let sent = send(&alice, &bob, "report.pdf", &content);
    assert_eq!(sent.state, SentState::Queued(QueuedReason::NotForFirstContact));
    bob.client().collect().unwrap();
    assert!(bob.client().requests().unwrap()[0].texts.is_empty());
    bob.client().accept("alice", None).unwrap();
    alice.client().collect().unwrap();
    let list = bob.pull();
    assert_eq!((list.len(), &file(&list[0]).state), (1, &FileState::Whole));
    assert_eq!(saved(&bob, &sent.id, tempfile::tempdir().unwrap().path()), content);
    assert!(alice.client().outbox().unwrap().is_empty());
}

#[test]
fn nothing_is_overwritten_and_no_name_leaves_the_folder() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("passwd"), "mine").unwrap();
    let sent = send(&alice, &bob, "../../etc/passwd", b"theirs");
    bob.pull();
    let path = bob.client().save_file(&sent.id, folder.path()).unwrap();
    assert_eq!(path.file_name().unwrap(), "passwd (1)");
    assert_eq!(std::fs::read(folder.path().join("passwd")).unwrap(), b"mine");
    let other = send(&alice, &bob, "x", b"more");
    bob.pull();
    let refused = bob.client().save_file(&other.id, &folder.path().join("passwd")).unwrap_err();
    assert!(matches!(refused, ClientError::File { .. }), "{refused:?}");
    assert_eq!(saved(&bob, &other.id, &folder.path().join("named")), b"more");
}

#[test]
fn a_file_is_resumed_after_a_cut_on_either_side() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let content = bytes(5_000_000);
    // The sender dies between parts, and the relay with her.
    let mut input = content.as_slice();
    let dying = alice.client_that_dies(FailPoint::StoredNotNoted);
    assert!(dying.send_file("bob", &mut input, "big", "look", &SendOptions::default()).is_err());
    drop(dying);
    relay.kill();
    relay.restart();
    assert_eq!(alice.client().outbox().unwrap()[0].parts, Some((0, 84)));
    // The receiver dies in the middle too.
    for _ in 0..3 {
        let dying = alice.client_that_dies(FailPoint::StoredNotNoted);
        assert!(dying.flush().is_err());
    }
    for at in [FailPoint::DeliveredNotCommitted, FailPoint::CommittedNotAcked] {
        assert!(bob.client_that_dies(at).collect().is_err());
    }
    assert!(bob.pull().is_empty(), "it has not come whole");
    let files = bob.client().files(Some("alice")).unwrap();
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].file.state, FileState::OnItsWay);
    assert!(files[0].file.arrived > 0, "{files:?}");
    let early = bob.client().save_file(&files[0].id, Path::new("/nowhere")).unwrap_err();
    assert!(matches!(early, ClientError::Said(SaidError::FileIncomplete { .. })), "{early:?}");
    // Words are not held up by it.
    alice.client().flush().unwrap();
    assert!(alice.client().outbox().unwrap().is_empty());
    let list = bob.pull();
    assert_eq!((list.len(), file(&list[0]).text.as_str()), (1, "look"));
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(saved(&bob, &list[0].id, folder.path()), content);
}

#[test]
fn words_overtake_the_parts_of_a_file() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    relay.kill();
    let content = bytes(5_000_000);
    let mut input = content.as_slice();
    let sent = alice.client().send_file("bob", &mut input, "big", "", &SendOptions::default()).unwrap();
    assert!(matches!(sent.state, SentState::Queued(QueuedReason::Unreachable(_))), "{sent:?}");
    alice.send(&bob, "meanwhile");
    relay.restart();
    // Dead with 32 of them in flight: head, text, and some parts are at the relay.
    for _ in 0..2 {
        assert!(alice.client_that_dies(FailPoint::StoredNotNoted).flush().is_err());
    }
    assert_eq!(bob.texts(), ["meanwhile"]);
    alice.client().flush().unwrap();
    let list = bob.pull();
    assert_eq!(file(&list[0]).state, FileState::Whole);
}

#[test]
fn parts_leave_sixty_four_stamps_to_words_and_go_on_when_new_ones_come() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.change_vault("DELETE FROM stamp WHERE id NOT IN (SELECT id FROM stamp WHERE spent = 0 LIMIT 70);");
    let content = bytes(1_200_000);
    let sent = send(&alice, &bob, "big", &content);
    let SentState::Queued(QueuedReason::Parts { parts: 20, stored }) = sent.state else { panic!("{sent:?}") };
    assert!((1..=6).contains(&stored), "{stored}");
    alice.stored(&bob, "words still go");
    assert_eq!(bob.texts(), ["words still go"]);
    bob.make_refill_due();
    bob.client().collect().unwrap();
    alice.client().collect().unwrap();
    alice.client().flush().unwrap();
    let list = bob.pull();
    assert_eq!(file(&list[0]).state, FileState::Whole);
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(saved(&bob, &list[0].id, folder.path()), content);
}

#[test]
fn a_part_that_a_relay_lost_is_asked_for_again() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let snapshot = relay.snapshot();
    let content = bytes(200_000);
    let sent = send(&alice, &bob, "big", &content);
    // The relay goes back to before the file; what alice writes next shows the gap.
    relay.roll_back(&snapshot);
    alice.stored(&bob, "did it arrive?");
    for _ in 0..4 {
        bob.texts_later();
        alice.texts_later();
    }
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(saved(&bob, &sent.id, folder.path()), content);
}

#[test]
fn a_file_for_a_stranger_waits_for_the_answer() {
    let relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    alice.add(&bob);
    let sent = send(&alice, &bob, "x", b"for you");
    assert!(matches!(sent.state, SentState::Queued(_)), "{sent:?}");
    assert_eq!(alice.client().outbox().unwrap()[0].state, OutboxState::Waiting);
    let relayed = bob.client().collect().unwrap();
    assert_eq!(relayed.requests, 1);
    assert!(
        bob.client().requests().unwrap()[0].texts.is_empty(),
        "nothing of the file leaves for a stranger"
    );
    alice.client().take_back("bob", "last", &SendOptions::default()).unwrap();
    alice.stored(&bob, "hello");
    bob.client().collect().unwrap();
    bob.client().accept("alice", None).unwrap();
    alice.client().collect().unwrap();
    let sent = send(&alice, &bob, "x", b"for you");
    assert_eq!(sent.state, SentState::Stored);
    let list = bob.pull();
    assert_eq!(list.len(), 2);
}

#[test]
fn a_file_that_is_too_large_or_breaks_off_leaves_nothing_behind() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let mut endless = std::io::repeat(7).take(17 * 1024 * 1024);
    let refused =
        alice.client().send_file("bob", &mut endless, "x", "", &SendOptions::default()).unwrap_err();
    assert!(matches!(refused, ClientError::Said(SaidError::FileTooLarge { .. })), "{refused:?}");
    struct Broken(usize);
    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0 += 1;
            if self.0 > 20 {
                return Err(std::io::Error::other("the cable was pulled"));
            }
            buffer.fill(1);
            Ok(buffer.len())
        }
    }
    let broken = alice.client().send_file("bob", &mut Broken(0), "x", "", &SendOptions::default());
    assert!(matches!(broken, Err(ClientError::Said(SaidError::FileUnreadable { .. }))), "{broken:?}");
    assert!(alice.client().outbox().unwrap().is_empty());
    assert!(bob.pull().is_empty());
}

#[test]
fn the_same_key_sends_a_file_once() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let options = SendOptions { idempotency: Some("backup-1".into()), ..SendOptions::default() };
    let send = |content: &[u8]| {
        let mut input = content;
        alice.client().send_file("bob", &mut input, "db.sql", "", &options)
    };
    let first = send(b"dump").unwrap();
    assert_eq!(send(b"dump").unwrap(), first);
    assert_eq!(send(b"other").unwrap_err(), ClientError::IdempotencyConflict);
    assert_eq!(bob.pull().len(), 1);
}

#[test]
fn a_file_is_taken_back() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let sent = send(&alice, &bob, "secret.txt", &bytes(100_000));
    bob.client().collect().unwrap();
    alice.client().take_back("bob", &sent.id, &SendOptions::default()).unwrap().unwrap();
    assert!(bob.pull().is_empty());
    let gone = bob.client().save_file(&sent.id, Path::new("/nowhere")).unwrap_err();
    assert!(matches!(gone, ClientError::Said(_)), "{gone:?}");
}
