//! Kills a depositing process at random moments: every confirmed deposit must be there afterwards.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use store::conformance::{Person, deposit, envelope, stamped};
use store::{DepositOutcome, DepositRequest, EmbeddedStore, Extent, MailboxStore, Options};
use wire::request::MailboxPolicy;
use wire::{Cursor, DepositId};

const DIR: &str = "STORE_CRASH_DIR";
const FIRST: &str = "STORE_CRASH_FIRST";
/// Bytes of an envelope. Of the largest, sheets are full and logs are used again several times a second, and nothing
/// is forgotten, which would end that.
const SIZE: &str = "STORE_CRASH_SIZE";
const CYCLES: u32 = 24;
const SMALL: usize = 4_096;
const LARGE: usize = 65_536;

fn open(dir: &Path) -> EmbeddedStore {
    EmbeddedStore::open_with(&dir.join("store"), Options { reserve_bytes: 0, ..Options::default() }).unwrap()
}

fn inbox() -> DepositId {
    Person { number: 1 }.new_mailbox(MailboxPolicy::Inbox, wire::Day(20_000)).sid
}

fn numbered(number: u16, size: usize) -> DepositRequest {
    DepositRequest {
        envelope: envelope(size, u32::from(number)),
        ..stamped(inbox(), 1, number, u32::from(number))
    }
}

/// Deposits batches of growing numbers until killed, writing each number down only once confirmed; acks the
/// older half now and then, writing that down beforehand, and forgets if envelopes are small.
#[test]
fn child() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let mut number: u16 = std::env::var(FIRST).unwrap().parse().unwrap();
    let size: usize = std::env::var(SIZE).unwrap().parse().unwrap();
    let dir = Path::new(&dir);
    let store = open(dir);
    let mut log = fs::OpenOptions::new().append(true).create(true).open(dir.join("confirmed")).unwrap();
    for round in 0..2_000u16 {
        let batch: Vec<_> = (number..number + round % 5 + 1).map(|n| numbered(n, size)).collect();
        let count = u16::try_from(batch.len()).unwrap();
        for (n, outcome) in (number..).zip(store.deposit(batch)) {
            if matches!(outcome, Ok(DepositOutcome::Stored | DepositOutcome::Again)) {
                writeln!(log, "stored {n}").unwrap();
            }
        }
        number += count;
        if round % 16 == 15 {
            let found = store.collect(&inbox(), Cursor(0), 256).unwrap();
            let (through, last) = (found[found.len() / 2].cursor, &found[found.len() / 2].envelope);
            writeln!(log, "acking {}", u32::from_be_bytes(last.as_bytes()[..4].try_into().unwrap())).unwrap();
            store.ack(&inbox(), through).unwrap();
        }
        if size == SMALL && round % 24 == 20 {
            // Copies the day, closes the database and opens it: a kill meets that often.
            store.forget(wire::Day(20_000), Extent::All).unwrap();
        }
    }
}

/// The numbers confirmed so far, and the highest that may have been acked.
fn confirmed(dir: &Path) -> (BTreeSet<u16>, Option<u16>) {
    let text = fs::read_to_string(dir.join("confirmed")).unwrap_or_default();
    let numbers = |word: &str| -> BTreeSet<u16> {
        let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        lines.filter_map(|line| line.trim().strip_prefix(word)?.parse().ok()).collect()
    };
    (numbers("stored "), numbers("acking ").last().copied())
}

/// Opens the store and checks every confirmed deposit; how many were confirmed, and how many of them are
/// still to be there.
fn check(dir: &Path, size: usize) -> (usize, u32) {
    let (stored, acked) = confirmed(dir);
    let store = open(dir);
    let mut found = BTreeSet::new();
    let mut after = Cursor(0);
    loop {
        let page = store.collect(&inbox(), after, 256).unwrap();
        let Some(last) = page.last() else { break };
        after = last.cursor;
        for one in page {
            let number = u32::from_be_bytes(one.envelope.as_bytes()[..4].try_into().unwrap());
            assert_eq!(one.envelope, envelope(size, number));
            assert!(found.last().is_none_or(|last| *last < number), "order");
            found.insert(number);
        }
    }
    let mut kept = 0;
    for number in &stored {
        let forgotten = acked.is_some_and(|acked| *number <= acked);
        assert!(forgotten || found.contains(&u32::from(*number)), "{number} was lost");
        kept += u32::from(!forgotten);
    }
    for number in stored.iter().rev().take(5) {
        assert_eq!(
            deposit(&store, &numbered(*number, size)),
            DepositOutcome::Again,
            "spent with its envelope"
        );
    }
    assert_eq!(store.totals().damaged, 0);
    (stored.len(), kept)
}

/// Kills a child so many times, each after so many milliseconds; the highest number of a log that it left.
fn kill(cycles: u32, size: usize, after: impl Fn(u32) -> u32) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    assert_eq!(Person::register(&store, 1).inbox(&store), inbox());
    drop(store);
    let (mut checked, mut kept, mut highest) = (0, 0, 0);
    for cycle in 0..cycles {
        let first = confirmed(dir.path()).0.last().map_or(0, |last| last + 200);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env(DIR, dir.path())
            .env(FIRST, first.to_string())
            .env(SIZE, size.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(after(cycle).into()));
        child.kill().unwrap();
        child.wait().unwrap();
        let logs = fs::read_dir(dir.path().join("store/front")).unwrap().flatten();
        let numbers = logs.filter_map(|log| log.file_name().to_str()?.split('-').next()?.parse().ok());
        highest = numbers.fold(highest, u64::max);
        let (stored, there) = check(dir.path(), size);
        checked = stored;
        kept += there;
    }
    println!(
        "promise P1: {checked} deposits of {size} bytes confirmed, {cycles} kill -9 of the store, {kept} looked up, 0 lost; \
         front log {highest} was the last"
    );
    assert!(checked > 50, "the children were killed before they did anything");
    highest
}

#[test]
fn every_confirmed_deposit_survives_a_kill_at_any_moment() {
    kill(CYCLES, SMALL, |cycle| 60 + cycle * 37 % 190);
}

#[test]
fn every_confirmed_deposit_survives_a_kill_while_logs_are_used_again() {
    // A store begins with two new ones.
    let highest = kill(CYCLES / 3, LARGE, |cycle| 400 + cycle * 137 % 400);
    assert!(highest > 4, "log {highest} is the newest");
}
