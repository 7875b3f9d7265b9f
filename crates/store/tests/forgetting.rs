//! What was acked leaves the disk, and the disk follows what waits (`spec/storage.md § Forgetting`).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use store::conformance::{Person, deposit, stamped, unmarked};
use store::{
    Cause, DepositOutcome, DepositRequest, EmbeddedStore, Extent, GenerationOutcome, MailboxStore,
    OperatorStore, Options, StoreError,
};
use wire::{Cursor, Day, DepositId, Envelope, Generation, StampIndex};

/// The day on which the people of the fixture begin.
const TODAY: Day = Day(20_000);

/// Bytes that the files of a folder take on the disk, holes not counted.
fn disk_bytes(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => disk_bytes(&entry.path()),
        _ => entry.metadata().map_or(0, |meta| meta.blocks() * 512),
    });
    sizes.sum()
}

/// What this process wrote to files so far.
fn written_bytes() -> u64 {
    let io = fs::read_to_string("/proc/self/io").unwrap();
    io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).unwrap().parse().unwrap()
}

fn roomy() -> Options {
    Options { inbox_envelopes_max: 1 << 20, inbox_bytes_max: 1 << 40, ..Options::default() }
}

/// Deposits `count` envelopes of 4 KiB in batches of 64, the indices from `from` on.
fn deposit_many(store: &EmbeddedStore, sids: &[DepositId], from: u16, count: u16) {
    let each = u16::try_from(sids.len()).unwrap();
    for first in (0..count).step_by(64) {
        let batch = (first..count.min(first + 64))
            .map(|n| stamped(sids[usize::from(n % each)], 1, from + n / each, u32::from(n)))
            .collect();
        let outcomes = store.deposit(batch);
        assert!(outcomes.iter().all(|outcome| *outcome == Ok(DepositOutcome::Stored)));
    }
}

fn ack_everything(store: &EmbeddedStore, sids: &[DepositId]) {
    for sid in sids {
        while let Some(last) = store.collect(sid, Cursor(0), 256).unwrap().last() {
            store.ack(sid, last.cursor).unwrap();
        }
    }
}

/// 32 bytes that stand nowhere else.
fn canary(number: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = 0xa5 ^ number.wrapping_mul(29).wrapping_add((place as u8).wrapping_mul(31));
    }
    bytes
}

/// The same deposit with a canary in the middle of its envelope.
fn marked(request: DepositRequest, number: u8) -> DepositRequest {
    let mut bytes = request.envelope.as_bytes().to_vec();
    bytes[1_000..1_032].copy_from_slice(&canary(number));
    DepositRequest { envelope: Envelope::new(Bytes::from(bytes)).unwrap(), ..request }
}

/// In how many files of a folder some bytes stand.
fn files_with(dir: &Path, wanted: &[u8]) -> usize {
    let mut found = 0;
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return 0,
        entries => entries.unwrap(),
    };
    for entry in entries.flatten() {
        if entry.file_type().unwrap().is_dir() {
            found += files_with(&entry.path(), wanted);
        } else {
            // The engine deletes files on threads of its own: one may go between the look and the reading.
            let bytes = fs::read(entry.path()).or_else(|error| match error.kind() {
                std::io::ErrorKind::NotFound => Ok(Vec::new()),
                _ => Err(error),
            });
            found += usize::from(bytes.unwrap().windows(wanted.len()).any(|bytes| bytes == wanted));
        }
    }
    found
}

/// Files with these bytes a moment after the store forgot: none, as soon as the engine has deleted what it let go of.
fn files_left_with(dir: &Path, wanted: &[u8]) -> usize {
    for _ in 0..500 {
        if files_with(dir, wanted) == 0 {
            return 0;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    files_with(dir, wanted)
}

fn numbers(store: &EmbeddedStore, sid: &DepositId) -> Vec<u64> {
    store.collect(sid, Cursor(0), 256).unwrap().iter().map(|stored| stored.cursor.0).collect()
}

#[test]
fn what_was_acked_is_in_no_file_once_forgotten_and_what_waits_is() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path()).unwrap();
    let (anna, ben) = (Person::register(&store, 1).inbox(&store), Person::register(&store, 2).inbox(&store));
    // Canary 0 is acked straight away, 1 after it went into tables; 2 and 3 wait, one in tables, one not.
    let put = |sid, index, number| {
        let request = marked(stamped(sid, 1, index, u32::from(number)), number);
        assert_eq!(deposit(&store, &request), DepositOutcome::Stored);
    };
    put(anna, 0, 1);
    put(ben, 0, 2);
    store.flush().unwrap();
    put(anna, 1, 0);
    put(ben, 1, 3);
    for number in 0..4 {
        assert!(files_with(dir.path(), &canary(number)) > 0, "canary {number} is found before it is acked");
    }
    store.ack(&anna, Cursor(2)).unwrap();
    assert!(
        files_with(dir.path(), &canary(0)) > 0,
        "an ack alone erases nothing: else this test shows nothing"
    );
    store.forget(TODAY, Extent::All).unwrap();
    for (number, stays) in [(0, false), (1, false), (2, true), (3, true)] {
        let left = if stays {
            files_with(dir.path(), &canary(number))
        } else {
            files_left_with(dir.path(), &canary(number))
        };
        assert_eq!(left > 0, stays, "canary {number}");
    }
    assert_eq!((numbers(&store, &anna), numbers(&store, &ben)), (vec![], vec![1, 2]));
    drop(store);
    let store = EmbeddedStore::open(dir.path()).unwrap();
    assert_eq!((numbers(&store, &anna), numbers(&store, &ben)), (vec![], vec![1, 2]));
    assert_eq!(store.totals().damaged, 0);
    // And once more, from a store that does not know what was removed before it was opened.
    store.ack(&ben, Cursor(1)).unwrap();
    drop(store);
    let store = EmbeddedStore::open(dir.path()).unwrap();
    assert!(store.unforgotten() > 0);
    store.forget(TODAY, Extent::Due).unwrap();
    assert_eq!((files_left_with(dir.path(), &canary(2)), numbers(&store, &ben)), (0, vec![2]));
    assert!(files_with(dir.path(), &canary(3)) > 0);
}

#[test]
fn what_stood_in_a_log_used_again_is_forgotten_too() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open_with(dir.path(), roomy()).unwrap();
    let sids = [Person::register(&store, 1).inbox(&store)];
    let logs = || -> Vec<_> {
        let found = fs::read_dir(dir.path().join("front")).unwrap().flatten();
        found.map(|entry| (entry.file_name(), entry.metadata().unwrap().len())).collect()
    };
    // In each log that a sheet fills: one canary, and what waits, over 8 MiB of it.
    let (first, each) = (logs(), 2_100_u16);
    for number in 0..5_u8 {
        let index = u16::from(number) * (each + 1);
        let canary = marked(stamped(sids[0], 1, index, u32::from(number)), number);
        assert_eq!(deposit(&store, &canary), DepositOutcome::Stored);
        deposit_many(&store, &sids, index + 1, each);
        // Until it is settled, there is no next log to be used again.
        for _ in 0..500 {
            if logs().len() == 2 {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    assert!(
        logs().iter().all(|(name, len)| *len > 0 && first.iter().all(|(old, _)| old != name)),
        "{:?}",
        logs()
    );
    ack_everything(&store, &sids);
    let is_in_a_log = |number| files_with(&dir.path().join("front"), &canary(number)) > 0;
    assert!((0..5).any(is_in_a_log), "else this test shows nothing");
    store.flush().unwrap();
    assert!(!(0..5).any(is_in_a_log), "settling everything takes the files, not only what they say");
    store.forget(TODAY, Extent::All).unwrap();
    for number in 0..5 {
        assert_eq!(files_left_with(dir.path(), &canary(number)), 0, "canary {number}");
    }
    assert!(logs().iter().all(|(_, len)| *len < 1 << 20), "{:?}", logs());
}

#[test]
fn what_was_dropped_or_repeated_reaches_no_file_and_takes_no_room() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path()).unwrap();
    let anna = Person::register(&store, 1).inbox(&store);
    assert_eq!(store.cross_off(&anna, Generation(1), &[StampIndex(7)]), Ok(GenerationOutcome::Done));
    let dropped = marked(stamped(anna, 1, 7, 1), 1);
    assert_eq!(deposit(&store, &dropped), DepositOutcome::Stored);
    assert_eq!(deposit(&store, &dropped), DepositOutcome::Again);
    let kept = stamped(anna, 1, 0, 1);
    assert_eq!(deposit(&store, &kept), DepositOutcome::Stored);
    // 48 MiB: more than any journal or table that is about to go.
    for _ in 0..48 {
        let repeats = store.deposit(vec![kept.clone(); 256]);
        assert!(repeats.iter().all(|outcome| *outcome == Ok(DepositOutcome::Again)));
    }
    assert_eq!((files_with(dir.path(), &canary(1)), numbers(&store, &anna)), (0, vec![1]));
    store.forget(TODAY, Extent::All).unwrap();
    let left = disk_bytes(dir.path());
    assert!(left < 8 << 20, "{left} bytes are left");
    drop(store);
    let store = EmbeddedStore::open(dir.path()).unwrap();
    assert_eq!((numbers(&store, &anna), store.totals().damaged), (vec![1], 0));
}

#[test]
fn what_expired_what_was_retired_and_what_was_closed_leave_the_files_too() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path()).unwrap();
    let (anna, ben) = (Person::register(&store, 1), Person::register(&store, 2));
    let (inbox, step) = (anna.inbox(&store), ben.doorstep(&store));
    let stamp = marked(stamped(inbox, 1, 9, 7), 4);
    let wire::DepositAuth::Stamped { mac, .. } = &stamp.auth else { panic!("stamped") };
    let knock = marked(unmarked(step, 8, TODAY), 5);
    let retry = crypto::envelope_hash(knock.envelope.as_bytes());
    assert_eq!(deposit(&store, &stamp), DepositOutcome::Stored);
    assert_eq!(deposit(&store, &knock), DepositOutcome::Stored);
    let generation_key = [1 ^ 0x5a; 32];
    let gone: [&[u8]; 5] = [&canary(4), &canary(5), mac.as_bytes(), &retry, &generation_key];
    store.flush().unwrap();
    for (place, bytes) in gone.iter().enumerate() {
        assert!(files_with(dir.path(), bytes) > 0, "{place} is there before");
    }
    // Retiring ends the stamp's m and the generation's key, 15 days the doorstep's envelope and its hash.
    store.ack(&inbox, Cursor(1)).unwrap();
    let _done = store.retire(&inbox, Generation(1)).unwrap();
    let later = Day(TODAY.0 + 16);
    let swept = store.sweep(later).unwrap();
    assert_eq!((swept.envelopes, swept.mailboxes), (1, 0));
    store.forget(later, Extent::Due).unwrap();
    for (place, bytes) in gone.iter().enumerate() {
        assert_eq!(files_left_with(dir.path(), bytes), 0, "{place} is gone");
    }
    // A mailbox that nobody opened for 90 days leaves the fact that it was.
    assert_eq!(deposit(&store, &marked(unmarked(step, 9, later), 6)), DepositOutcome::Stored);
    let end = Day(TODAY.0 + 91);
    assert_eq!(store.sweep(end).unwrap().mailboxes, 2);
    store.forget(end, Extent::Due).unwrap();
    assert_eq!(files_left_with(dir.path(), &canary(6)), 0);
}

#[test]
fn the_store_shrinks_when_everything_was_acked() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open_with(dir.path(), roomy()).unwrap();
    let sids: Vec<_> = (1..=8).map(|number| Person::register(&store, number).inbox(&store)).collect();
    deposit_many(&store, &sids, 0, 24_576);
    let full = disk_bytes(dir.path());
    assert!(full > 96 << 20, "{full}");
    ack_everything(&store, &sids);
    let forgotten = store.forget(TODAY, Extent::Due).unwrap();
    assert_eq!((forgotten.bytes_after, store.unforgotten()), (disk_bytes(dir.path()), 0));
    println!(
        "96 MiB deposited and acked: {} KiB of disk before, {} after",
        full >> 10,
        forgotten.bytes_after >> 10
    );
    // The spent stamps stay, about 60 bytes each.
    assert!(forgotten.bytes_after < 8 << 20, "{forgotten:?}");
}

#[test]
fn while_a_backup_is_read_forgetting_waits() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path()).unwrap();
    let frozen = store.freeze().unwrap();
    let refused = store.forget(TODAY, Extent::All);
    assert_eq!(refused, Err(StoreError::NotDone(Cause::Frozen)));
    assert!(store.unforgotten() > 0);
    drop(frozen);
    store.forget(TODAY, Extent::All).unwrap();
    let _inbox = Person::register(&store, 1).inbox(&store);
}

#[test]
fn nothing_is_lost_while_somebody_deposits_and_acks() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open_with(dir.path(), roomy()).unwrap();
    let (busy, calm) = (Person::register(&store, 1).inbox(&store), Person::register(&store, 2).inbox(&store));
    deposit_many(&store, &[calm], 0, 512);
    let stop = std::sync::atomic::AtomicBool::new(false);
    let (stored, acked) = std::thread::scope(|scope| {
        let depositor = scope.spawn(|| {
            let (mut index, mut acked) = (0u16, 0);
            while !stop.load(std::sync::atomic::Ordering::Relaxed) && index < 20_000 {
                let batch = (index..index + 8).map(|n| stamped(busy, 1, n, u32::from(n))).collect();
                assert!(store.deposit(batch).iter().all(|outcome| *outcome == Ok(DepositOutcome::Stored)));
                index += 8;
                if index % 64 == 0 {
                    acked = u64::from(index) - 40;
                    store.ack(&busy, Cursor(acked)).unwrap();
                }
            }
            (u64::from(index), acked)
        });
        for _ in 0..6 {
            store.forget(TODAY, Extent::All).unwrap();
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        depositor.join().unwrap()
    });
    let check = |store: &EmbeddedStore| {
        assert_eq!(numbers(store, &busy), (acked + 1..=stored).collect::<Vec<_>>());
        assert_eq!((store.totals().waiting, store.totals().damaged), (512 + stored - acked, 0));
    };
    check(&store);
    drop(store);
    check(&EmbeddedStore::open(dir.path()).unwrap());
}

/// `cargo test --release -p store --test forgetting -- --ignored --nocapture churn`
#[test]
#[ignore = "a measurement: run it alone"]
fn churn() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open_with(dir.path(), roomy()).unwrap();
    let sids: Vec<_> = (1..=16).map(|number| Person::register(&store, number).inbox(&store)).collect();
    let (begun, before, mut deposited) = (Instant::now(), written_bytes(), 0u64);
    for round in 0..24u16 {
        deposit_many(&store, &sids, round * 1_024, 16_384);
        deposited += 16_384 * 4_096;
        let (_, full) = (store.totals().bytes, disk_bytes(dir.path()));
        let live = store.totals().bytes;
        if round % 3 != 2 {
            ack_everything(&store, &sids);
        }
        println!(
            "{:>6.1} s: deposited {:>5} MiB, waiting {:>4} MiB on {:>4} MiB of disk; after the ack {:>4} MiB on {:>4} MiB; written {:.2} per byte",
            begun.elapsed().as_secs_f64(),
            deposited >> 20,
            live >> 20,
            full >> 20,
            store.totals().bytes >> 20,
            disk_bytes(dir.path()) >> 20,
            (written_bytes() - before) as f64 / deposited as f64,
        );
    }
    ack_everything(&store, &sids);
    std::thread::sleep(Duration::from_secs(10));
    let quiet = disk_bytes(dir.path()) >> 20;
    let forgetting = Instant::now();
    store.forget(TODAY, Extent::Due).unwrap();
    println!(
        "all acked: {quiet} MiB; forgotten in {:.2} s: {} KiB; written {:.2} per byte",
        forgetting.elapsed().as_secs_f64(),
        disk_bytes(dir.path()) >> 10,
        (written_bytes() - before) as f64 / deposited as f64,
    );
}
