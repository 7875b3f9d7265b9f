//! A mailbox that is full: refused before STORED, kept where it was written, and gone as soon as there is room.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use client::{ClientError, OutboxState, PullOptions, QueuedReason, SendOptions, SentState};
use common::{Person, Relay, friends, opening};
use e2ee::{Mint, authorise};
use store::{DepositOutcome, DepositRequest, EmbeddedStore, MailboxStore};
use wire::{Day, DepositId, Envelope, limits::INBOX_BYTES_MAX};

/// Bytes of the largest envelope: the fewest of them fill a mailbox.
const LARGE: usize = 64 * 1024;

/// Where a person's inbox is, and what makes stamps for it: below the library.
fn mint_of(person: &Person) -> (DepositId, Mint) {
    let key = std::fs::read(person.profile().key_file_path()).unwrap();
    let db = opening::open(&person.profile().vault_path(), &key);
    let row = db.query_row("SELECT sid, mint FROM mailbox WHERE policy = 1", [], |row| {
        Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, Vec<u8>>(1)?))
    });
    let (sid, mint) = row.unwrap();
    (DepositId(sid), Mint::restore(&mint).unwrap())
}

/// Fills the inbox by what nobody can read, each piece under a stamp that was never handed out; how many there are.
fn fill(relay: &mut Relay, owner: &Person) -> usize {
    relay.kill();
    let store = EmbeddedStore::open(&relay.data().join("store")).unwrap();
    let (sid, mint) = mint_of(owner);
    let count = (INBOX_BYTES_MAX as usize).div_ceil(LARGE);
    let today = Day((std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() / 86_400) as u16);
    let deposits = mint.mint(count).1.into_iter().enumerate().map(|(number, stamp)| {
        let envelope = Envelope::new([&number.to_be_bytes()[..], &[7; LARGE - 8]].concat().into()).unwrap();
        DepositRequest { sid, auth: authorise(&stamp, &sid, &envelope), envelope, today }
    });
    let deposits: Vec<_> = deposits.collect();
    for some in deposits.chunks(64) {
        let stored = store.deposit(some.to_vec());
        assert!(stored.iter().all(|one| *one == Ok(DepositOutcome::Stored)), "{stored:?}");
    }
    drop(store);
    relay.restart();
    count
}

/// R07: what does not fit is not called stored; the sender keeps it, says why, and brings it when the owner has pulled.
#[test]
fn a_full_mailbox_refuses_and_what_was_refused_leaves_when_there_is_room() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let filled = fill(&mut relay, &bob);
    let full = SentState::Queued(QueuedReason::MailboxFull);
    let held = || alice.client().contact("bob").unwrap().stamps;
    let stamps = held();
    for text in ["one", "two"] {
        assert_eq!(alice.send(&bob, text).state, full, "{text}");
    }
    assert_eq!(held(), stamps - 1, "the one that is refused again says enough");
    let outbox = alice.client().outbox().unwrap();
    assert!(outbox.len() == 2 && outbox.iter().all(|entry| entry.state != OutboxState::Stored));
    assert_eq!(outbox[0].reason.as_deref(), Some("the mailbox is full"));
    // Neither does trying again help, nor does it cost anything.
    let stamps = alice.client().contact("bob").unwrap().stamps;
    assert_eq!(alice.client().flush().unwrap(), 0);
    assert_eq!(alice.client().contact("bob").unwrap().stamps, stamps);
    // The owner's own words, and his pulling, go on.
    bob.stored(&alice, "my mailbox is full");
    assert_eq!(alice.texts(), ["my mailbox is full"]);
    let (texts, summary) = bob.pull_with(&PullOptions::default());
    assert!(texts.is_empty() && summary.unreachable.is_none());
    // The relay counts every hour, and when it starts.
    relay.restart();
    assert_eq!(alice.client().flush().unwrap(), 2);
    assert_eq!(bob.texts(), ["one", "two"]);
    println!("{filled} envelopes in the way: 2 texts refused before STORED, 0 lost");
}

/// How many rows of this table there are: below the library.
fn rows_of(person: &Person, table: &str) -> i64 {
    let key = std::fs::read(person.profile().key_file_path()).unwrap();
    let db = opening::open(&person.profile().vault_path(), &key);
    db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[test]
fn a_file_that_a_full_mailbox_refuses_and_that_shall_not_wait_leaves_nothing_behind() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    fill(&mut relay, &bob);
    let strict = SendOptions { no_queue: true, ..SendOptions::default() };
    let bytes = vec![7; 300_000];
    let refused = alice.client().send_file("bob", &mut &bytes[..], "a.bin", "", &strict);
    assert!(matches!(refused, Err(ClientError::NotTaken { .. })), "{refused:?}");
    assert!(alice.client().outbox().unwrap().is_empty());
    assert_eq!((rows_of(&alice, "file"), rows_of(&alice, "part")), (0, 0));
    // Numbers that are used are filled by what says nothing.
    assert_eq!(rows_of(&alice, "outbox WHERE kind = 2 AND (state = 1 OR number IS NULL)"), 0);
    bob.texts();
    relay.restart();
    alice.stored(&bob, "words");
    assert_eq!(bob.texts(), ["words"]);
    assert!(bob.client().files(None).unwrap().is_empty());
    assert_eq!((rows_of(&alice, "outbox WHERE state < 2"), rows_of(&bob, "part")), (0, 0));
}
