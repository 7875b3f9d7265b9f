//! A disk that really fills up. Needs a small file system of its own, for example
//! `mount -t tmpfs -o size=160m none /mnt/small`, then
//! `STORE_SMALL_DISK=/mnt/small cargo test --release -p store --test full_disk -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::io::Write;
use std::path::{Path, PathBuf};

use store::conformance::{Person, stamped};
use store::{Cause, DepositOutcome, EmbeddedStore, MailboxStore, Options, StoreError};
use wire::{Cursor, DepositId};

const BATCH: u16 = 16;

fn open(dir: &Path, reserve_bytes: u64) -> EmbeddedStore {
    let options = Options {
        reserve_bytes,
        inbox_envelopes_max: 1 << 20,
        inbox_bytes_max: 1 << 40,
        ..Options::default()
    };
    EmbeddedStore::open_with(dir, options).unwrap()
}

fn small_disk(name: &str) -> PathBuf {
    let disk = std::env::var("STORE_SMALL_DISK").expect("STORE_SMALL_DISK names a small file system");
    let dir = Path::new(&disk).join(name);
    let _ = std::fs::remove_dir_all(&dir);
    dir
}

/// Deposits until something else than `STORED` is said; how many were confirmed, and what was said.
fn fill(store: &EmbeddedStore, sid: DepositId) -> (u64, StoreError) {
    let mut confirmed = 0;
    for first in (0..60_000u16).step_by(usize::from(BATCH)) {
        let batch = (first..first + BATCH).map(|number| stamped(sid, 1, number, u32::from(number))).collect();
        for outcome in store.deposit(batch) {
            match outcome {
                Ok(DepositOutcome::Stored) => confirmed += 1,
                Ok(other) => panic!("{other:?}"),
                Err(error) => return (confirmed, error),
            }
        }
    }
    panic!("the disk is not small");
}

fn waiting(store: &EmbeddedStore, sid: DepositId) -> u64 {
    let (mut after, mut count) = (Cursor(0), 0);
    while let Some(last) = store.collect(&sid, after, 256).unwrap().last() {
        count = last.cursor.0;
        after = last.cursor;
    }
    count
}

#[test]
#[ignore = "needs a small file system"]
fn a_full_disk_is_said_before_anything_is_confirmed_and_acks_go_on() {
    let dir = small_disk("reserve");
    let store = open(&dir, 24 << 20);
    let sid = Person::register(&store, 1).inbox(&store);
    let (confirmed, error) = fill(&store, sid);
    assert_eq!(error, StoreError::NotDone(Cause::DiskFull));
    assert_eq!(waiting(&store, sid), confirmed);
    store.ack(&sid, Cursor(confirmed / 2)).unwrap();
    drop(store);
    let store = open(&dir, 24 << 20);
    assert_eq!(store.totals().waiting, confirmed - confirmed / 2);
    println!("{confirmed} confirmed before the disk was full, 0 lost");
    drop(store);
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
#[ignore = "needs a small file system"]
fn a_disk_eaten_by_somebody_else_loses_nothing_confirmed() {
    let dir = small_disk("none");
    let store = open(&dir, 0);
    let sid = Person::register(&store, 1).inbox(&store);
    // Somebody else eats the disk between the question whether there is room and the write.
    let ballast = dir.parent().unwrap().join("ballast");
    let eaten = ballast.clone();
    let eater = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(100));
        let mut file = std::fs::File::create(eaten).unwrap();
        for _ in 0..1_000 {
            let _ = file.write_all(&[7; 1 << 20]);
        }
    });
    let (confirmed, error) = fill(&store, sid);
    eater.join().unwrap();
    println!("{confirmed} confirmed, then: {error}");
    drop(store);
    std::fs::remove_file(ballast).unwrap();
    let store = open(&dir, 0);
    assert!(waiting(&store, sid) >= confirmed);
    drop(store);
    std::fs::remove_dir_all(&dir).unwrap();
}
