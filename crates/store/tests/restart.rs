//! The embedded engine across restarts, second opens, and damage to its files.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{copy, files};
use store::conformance::{Person, deposit, envelope, stamped, unmarked};
use store::{DepositOutcome, DirectoryStore, EmbeddedStore, MailboxStore, OpenError, Options};
use wire::request::MailboxPolicy;
use wire::{Cursor, Day, DepositId, Generation, RefusalKind};

const TODAY: Day = Day(20_000);

fn open(dir: &Path) -> EmbeddedStore {
    EmbeddedStore::open_with(dir, Options { reserve_bytes: 0, puzzle_bits: 1, ..Options::default() }).unwrap()
}

#[test]
fn everything_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let person = Person::register(&store, 1);
    let (inbox, doorstep) = (person.inbox(&store), person.doorstep(&store));
    for number in 0..6 {
        assert_eq!(deposit(&store, &stamped(inbox, 1, number, u32::from(number))), DepositOutcome::Stored);
    }
    for number in 0..32 {
        assert_eq!(deposit(&store, &unmarked(doorstep, number, TODAY)), DepositOutcome::Stored);
    }
    store.ack(&inbox, Cursor(2)).unwrap();
    let before = (store.totals(), store.record(&person.name(), None).unwrap());
    let open_before = store.open(&person.rid(MailboxPolicy::Inbox), TODAY).unwrap();
    drop(store);
    let store = open(dir.path());
    assert_eq!((store.totals(), store.record(&person.name(), None).unwrap()), before);
    store.flush().unwrap();
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.open(&person.rid(MailboxPolicy::Inbox), TODAY).unwrap(), open_before);
    let found: Vec<_> =
        store.collect(&inbox, Cursor(0), 99).unwrap().into_iter().map(|s| s.envelope).collect();
    assert_eq!(found, [2, 3, 4, 5].map(|number| envelope(4_096, number)));
    assert_eq!(deposit(&store, &stamped(inbox, 1, 0, 0)), DepositOutcome::Again);
    assert_eq!(deposit(&store, &stamped(inbox, 1, 0, 9)), DepositOutcome::Refused(RefusalKind::Spent));
    assert_eq!(deposit(&store, &unmarked(doorstep, 5, TODAY)), DepositOutcome::Again);
    let more = deposit(&store, &unmarked(doorstep, 99, TODAY));
    assert!(matches!(more, DepositOutcome::Refused(RefusalKind::Puzzle(_))), "the day's count was kept");
}

#[test]
fn a_cursor_is_not_used_again_after_everything_was_acked_and_the_store_restarted() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let sid = Person::register(&store, 1).inbox(&store);
    assert_eq!(deposit(&store, &stamped(sid, 1, 0, 1)), DepositOutcome::Stored);
    let first = store.collect(&sid, Cursor(0), 9).unwrap()[0].cursor;
    store.ack(&sid, first).unwrap();
    drop(store);
    let store = open(dir.path());
    assert_eq!(deposit(&store, &stamped(sid, 1, 1, 2)), DepositOutcome::Stored);
    assert!(store.collect(&sid, Cursor(0), 9).unwrap()[0].cursor > first);
    drop(store);
    let store = open(dir.path());
    store.sweep(Day(TODAY.0 + 31)).unwrap();
    drop(store);
    let store = open(dir.path());
    let opened =
        store.open(&Person { number: 1 }.rid(MailboxPolicy::Inbox), Day(TODAY.0 + 31)).unwrap().unwrap();
    assert_eq!((opened.waiting, opened.expired), (0, 1), "the count survives a restart");
    assert_eq!(deposit(&store, &stamped(sid, 1, 2, 3)), DepositOutcome::Stored);
    assert_eq!(store.collect(&sid, Cursor(2), 9).unwrap().len(), 1);
}

#[test]
fn a_second_open_fails_with_a_clear_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let Err(error) = EmbeddedStore::open(dir.path()) else { panic!("two writers would destroy each other") };
    assert!(matches!(error, OpenError::Locked(_)));
    assert!(error.to_string().contains("in use by another process"), "{error}");
    drop(store);
    open(dir.path());
}

#[test]
fn the_directory_is_the_owners_alone() {
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("store");
    fs::create_dir(&inner).unwrap();
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).unwrap();
    let _store = open(&inner);
    assert_eq!(fs::metadata(&inner).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_file_where_the_directory_should_be_is_an_error_not_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    fs::write(&path, b"hello").unwrap();
    assert!(matches!(EmbeddedStore::open(&path).err(), Some(OpenError::Io { .. })));
}

#[test]
fn a_disk_without_its_reserve_refuses_deposits_and_serves_acks() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let sid = Person::register(&store, 1).inbox(&store);
    assert_eq!(deposit(&store, &stamped(sid, 1, 0, 1)), DepositOutcome::Stored);
    drop(store);
    let greedy = Options { reserve_bytes: u64::MAX / 2, ..Options::default() };
    let store = EmbeddedStore::open_with(dir.path(), greedy).unwrap();
    let full = store::StoreError::NotDone(store::Cause::DiskFull);
    assert_eq!(store.deposit(vec![stamped(sid, 1, 1, 2)]), [Err(full)]);
    assert_eq!(store.collect(&sid, Cursor(0), 9).unwrap().len(), 1);
    store.ack(&sid, Cursor(9)).unwrap();
    assert_eq!(store.totals().waiting, 0);
}

/// A store with something of everything, partly in tables and partly in the journal.
fn filled(dir: &Path) -> DepositId {
    let store = open(dir);
    let person = Person::register(&store, 1);
    let sid = person.inbox(&store);
    let batch = (0..20).map(|number| stamped(sid, 1, number, u32::from(number))).collect();
    assert!(store.deposit(batch).into_iter().all(|outcome| outcome == Ok(DepositOutcome::Stored)));
    store.flush().unwrap();
    for number in 20..40 {
        assert_eq!(deposit(&store, &stamped(sid, 1, number, u32::from(number))), DepositOutcome::Stored);
    }
    sid
}

/// What a damaged store did.
#[derive(Default, Debug)]
struct Seen {
    refused_to_open: u32,
    refused_to_serve: u32,
    panicked: u32,
    all_served: u32,
    some_missing_and_counted: u32,
    some_missing_in_silence: u32,
}

/// Opens a damaged copy and checks that nothing wrong is served.
fn examine(dir: &Path, sid: DepositId, seen: &mut Seen) {
    let options = Options { reserve_bytes: 0, ..Options::default() };
    let opened = std::panic::catch_unwind(|| EmbeddedStore::open_with(dir, options));
    let Ok(opened) = opened else {
        seen.panicked += 1;
        return;
    };
    let Ok(store) = opened else {
        seen.refused_to_open += 1;
        return;
    };
    let Ok(found) = store.collect(&sid, Cursor(0), 256) else {
        seen.refused_to_serve += 1;
        return;
    };
    for stored in &found {
        let number = u32::try_from(stored.cursor.0 - 1).unwrap();
        assert_eq!(stored.envelope, envelope(4_096, number), "a wrong byte was served");
        assert_eq!(stored.auth, stamped(sid, 1, u16::try_from(number).unwrap(), number).auth);
    }
    if let Ok(Some(found)) = store.record(&Person { number: 1 }.name(), None) {
        assert_eq!(found.record, store::conformance::record(&Person { number: 1 }.name(), 0, 1));
    }
    match (found.len(), store.totals().damaged) {
        (40, _) => seen.all_served += 1,
        (_, 0) => seen.some_missing_in_silence += 1,
        _ => seen.some_missing_and_counted += 1,
    }
}

/// In memory where there is such a place: damage needs no disk.
fn quick_dir() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// xorshift64*: enough to choose places, replayed by its seed.
fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    seed.wrapping_mul(0x2545_F491_4F6C_DD1D)
}

#[test]
fn flipped_bytes_are_never_served() {
    let source = tempfile::tempdir().unwrap();
    let sid = filled(source.path());
    let mut seed = std::env::var("STORE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x5eed);
    println!("STORE_SEED={seed}");
    let mut seen = Seen::default();
    let names = files(source.path());
    // Half of the flips hit what is large: the journal and the envelopes themselves.
    let mut largest = names.clone();
    largest.sort_by_key(|file| std::cmp::Reverse(fs::metadata(file).unwrap().len()));
    largest.truncate(4);
    let rounds = 120;
    for round in 0..rounds {
        let copied = quick_dir();
        copy(source.path(), copied.path());
        let file = match round % 2 {
            0 => &names[usize::try_from(next(&mut seed)).unwrap() % names.len()],
            _ => &largest[usize::try_from(next(&mut seed)).unwrap() % largest.len()],
        };
        let target = copied.path().join(file.strip_prefix(source.path()).unwrap());
        let mut bytes = fs::read(&target).unwrap();
        if bytes.is_empty() {
            continue;
        }
        let place = usize::try_from(next(&mut seed)).unwrap() % bytes.len();
        bytes[place] ^= u8::try_from(next(&mut seed) % 255).unwrap() + 1;
        fs::write(&target, bytes).unwrap();
        examine(copied.path(), sid, &mut seen);
    }
    println!("promise P10: {rounds} flips: {seen:?}, 0 wrong bytes served");
}

/// The newest journal.
fn journal(dir: &Path) -> PathBuf {
    files(dir).into_iter().filter(|file| file.extension().is_some_and(|e| e == "jnl")).max().unwrap()
}

#[test]
fn a_journal_that_was_cut_after_an_orderly_stop_is_noticed() {
    let source = quick_dir();
    filled(source.path());
    // What the front log had is in tables and in the journal, and another stop.
    drop(open(source.path()));
    let journal = journal(source.path());
    let bytes = fs::read(&journal).unwrap();
    let len = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for left in
        [Some(len - 1), Some(len - 7), Some(len - 100), Some(len - 5_000), Some(len / 2), Some(0), None]
    {
        let copied = quick_dir();
        copy(source.path(), copied.path());
        let cut = copied.path().join(journal.strip_prefix(source.path()).unwrap());
        match left {
            Some(left) => fs::write(&cut, &bytes[..left]).unwrap(),
            None => fs::remove_file(&cut).unwrap(),
        }
        let options = Options { reserve_bytes: 0, ..Options::default() };
        let opened = EmbeddedStore::open_with(copied.path(), options);
        assert!(matches!(opened.err(), Some(OpenError::Damaged(file)) if file == cut), "{left:?} of {len}");
        let saved = copied.path().join("saved");
        match EmbeddedStore::salvage(copied.path(), &saved, TODAY) {
            Ok(salvaged) => {
                let named = cut.strip_prefix(copied.path()).unwrap().to_path_buf();
                assert!(salvaged.damaged_files.contains(&named), "{left:?} of {len}: {salvaged:?}");
                open(&saved);
            }
            // The store's own keys may stand in the journal alone.
            Err(error) => assert!(matches!(error, store::SalvageError::NoKeys), "{left:?} of {len}: {error}"),
        }
    }
    let store = open(source.path());
    assert_eq!((store.totals().waiting, store.torn_at_start()), (40, 0));
}

#[test]
fn a_truncated_journal_costs_its_tail_only() {
    // Of a process that was killed.
    let source = tempfile::tempdir().unwrap();
    let sid = filled(source.path());
    say_nothing_of_the_stop(source.path());
    let journal = journal(source.path());
    let len = fs::metadata(&journal).unwrap().len();
    for cut in [1, 7, 100, 4_000, 5_000, 50_000] {
        let copied = tempfile::tempdir().unwrap();
        copy(source.path(), copied.path());
        let target = copied.path().join(journal.strip_prefix(source.path()).unwrap());
        fs::OpenOptions::new().write(true).open(&target).unwrap().set_len(len.saturating_sub(cut)).unwrap();
        let store = open(copied.path());
        let found = store.collect(&sid, Cursor(0), 256).unwrap();
        assert!(found.len() >= 20, "what had reached the tables");
        for (number, stored) in (0..).zip(&found) {
            assert_eq!(stored.envelope, envelope(4_096, number), "a prefix, in order");
        }
        assert_eq!(store.retire(&sid, Generation(1)).map(|_| ()), Ok(()));
    }
}

/// The last front log that says anything of rows: that with the most bytes.
fn last_log(dir: &Path) -> PathBuf {
    let logs = files(&dir.join("front"));
    logs.into_iter().max_by_key(|log| fs::metadata(log).unwrap().len()).unwrap()
}

/// Leaves the log that was to come next empty, as a kill does, and as earlier programs did.
fn say_nothing_of_the_stop(dir: &Path) {
    let last = last_log(dir);
    for log in files(&dir.join("front")).into_iter().filter(|log| *log != last) {
        fs::File::create(log).unwrap();
    }
}

#[test]
fn a_log_that_was_cut_after_an_orderly_stop_is_noticed_and_one_of_a_kill_is_not_blamed() {
    let (killed, stopped) = (quick_dir(), quick_dir());
    let store = open(stopped.path());
    let sid = Person::register(&store, 1).inbox(&store);
    for number in 0..8 {
        assert_eq!(deposit(&store, &stamped(sid, 1, number, u32::from(number))), DepositOutcome::Stored);
    }
    drop(store);
    copy(stopped.path(), killed.path());
    say_nothing_of_the_stop(killed.path());
    for (source, is_stopped) in [(killed.path(), false), (stopped.path(), true)] {
        let log = last_log(source);
        let len = fs::metadata(&log).unwrap().len();
        for left in (0..len).step_by(512).chain([len - 1_000, len - 500, 1, 27]) {
            let copied = quick_dir();
            copy(source, copied.path());
            let cut = copied.path().join(log.strip_prefix(source).unwrap());
            fs::OpenOptions::new().write(true).open(&cut).unwrap().set_len(left).unwrap();
            let options = Options { reserve_bytes: 0, ..Options::default() };
            let opened = EmbeddedStore::open_with(copied.path(), options);
            if !is_stopped {
                assert!(opened.is_ok(), "{left} of {len}: a kill leaves that");
                continue;
            }
            assert!(matches!(opened.err(), Some(OpenError::Damaged(file)) if file == cut), "{left} of {len}");
            let saved = copied.path().join("saved");
            let salvaged = EmbeddedStore::salvage(copied.path(), &saved, TODAY).unwrap();
            assert_eq!(salvaged.damaged_files, [cut.strip_prefix(copied.path()).unwrap()], "{left} of {len}");
            open(&saved);
        }
    }
}

#[test]
fn a_log_that_is_gone_after_an_orderly_stop_is_noticed_and_what_a_start_deleted_is_not() {
    let source = quick_dir();
    let store = open(source.path());
    let sid = Person::register(&store, 1).inbox(&store);
    assert_eq!(deposit(&store, &stamped(sid, 1, 0, 1)), DepositOutcome::Stored);
    drop(store);
    let log = last_log(source.path());
    let next = files(&source.path().join("front")).into_iter().find(|file| *file != log).unwrap();
    let without = |file: &Path| {
        let copied = quick_dir();
        copy(source.path(), copied.path());
        fs::remove_file(copied.path().join(file.strip_prefix(source.path()).unwrap())).unwrap();
        copied
    };
    let copied = without(&log);
    let options = Options { reserve_bytes: 0, ..Options::default() };
    let opened = EmbeddedStore::open_with(copied.path(), options);
    assert!(matches!(opened.err(), Some(OpenError::Damaged(file)) if file == copied.path().join("front")));
    let saved = copied.path().join("saved");
    let salvaged = EmbeddedStore::salvage(copied.path(), &saved, TODAY).unwrap();
    assert_eq!(salvaged.damaged_files, [Path::new("front")]);
    open(&saved);
    // A start that is killed deletes the one that speaks of the others before them.
    assert_eq!(open(without(&next).path()).totals().waiting, 1);
}

/// Copies the folder of a store that is open, at a moment in which nothing in it changes: what a kill leaves.
fn copy_open(from: &Path, to: &Path) {
    let state = || -> Vec<_> {
        let state = files(from).into_iter().map(|file| {
            let known = fs::metadata(&file).map(|known| (known.len(), known.modified().ok())).ok();
            (file, known)
        });
        state.collect()
    };
    for _ in 0..200 {
        let before = state();
        // What is written in the background settles.
        std::thread::sleep(Duration::from_millis(50));
        if state() != before {
            continue;
        }
        copy(from, to);
        if state() == before {
            return;
        }
        files(to).into_iter().for_each(|file| fs::remove_file(file).unwrap());
    }
    panic!("{} does not come to rest", from.display());
}

#[test]
fn a_log_that_nobody_can_read_is_refused_and_kept() {
    let (source, killed) = (quick_dir(), quick_dir());
    let store = open(source.path());
    let sid = Person::register(&store, 1).inbox(&store);
    assert_eq!(deposit(&store, &stamped(sid, 1, 0, 1)), DepositOutcome::Stored);
    drop(store);
    // What is known of it goes into tables, and one envelope into the log of a process that is killed.
    let store = open(source.path());
    assert_eq!(deposit(&store, &stamped(sid, 1, 1, 1)), DepositOutcome::Stored);
    copy_open(source.path(), killed.path());
    drop(store);
    let log = last_log(killed.path());
    let (number, _) = log.file_name().unwrap().to_str().unwrap().split_once('-').unwrap();
    let renamed = log.with_file_name(format!("{number}-0123456789abcdef.log"));
    fs::rename(&log, &renamed).unwrap();
    let options = Options { reserve_bytes: 0, ..Options::default() };
    let opened = EmbeddedStore::open_with(killed.path(), options);
    assert!(matches!(opened.err(), Some(OpenError::Damaged(file)) if file == renamed));
    let saved = killed.path().join("saved");
    let salvaged = EmbeddedStore::salvage(killed.path(), &saved, TODAY).unwrap();
    assert_eq!(salvaged.damaged_files, [renamed.strip_prefix(killed.path()).unwrap()]);
    assert_eq!((salvaged.envelopes, open(&saved).totals().waiting), (2, 2));
    // As it was: and what a kill left between two logs says nothing, and goes.
    fs::rename(&renamed, &log).unwrap();
    let spare = killed.path().join("front/spare");
    fs::copy(&log, &spare).unwrap();
    assert_eq!((open(killed.path()).totals().waiting, spare.exists()), (2, false));
}

#[test]
fn a_store_that_an_earlier_program_stopped_is_opened() {
    let dir = quick_dir();
    let store = open(dir.path());
    let sid = Person::register(&store, 1).inbox(&store);
    assert_eq!(deposit(&store, &stamped(sid, 1, 0, 1)), DepositOutcome::Stored);
    drop(store);
    say_nothing_of_the_stop(dir.path());
    let store = open(dir.path());
    assert_eq!((store.totals().waiting, store.torn_at_start()), (1, 0));
}

#[test]
fn stores_that_are_opened_and_stopped_again_and_again_accuse_nobody() {
    let dir = quick_dir();
    let store = open(dir.path());
    let sid = Person::register(&store, 1).inbox(&store);
    drop(store);
    for number in 0..12 {
        let store = open(dir.path());
        assert_eq!(store.torn_at_start(), 0);
        if number % 3 == 0 {
            assert_eq!(deposit(&store, &stamped(sid, 1, number, u32::from(number))), DepositOutcome::Stored);
        }
    }
    assert_eq!((open(dir.path()).totals().waiting, files(&dir.path().join("front")).len()), (4, 2));
}

#[test]
fn a_flipped_byte_in_an_envelope_costs_that_envelope() {
    let source = tempfile::tempdir().unwrap();
    let sid = filled(source.path());
    let blob =
        files(source.path()).into_iter().find(|file| file.parent().unwrap().ends_with("blobs")).unwrap();
    let bytes = fs::read(&blob).unwrap();
    for number in [0u32, 7, 19] {
        let needle: Vec<u8> = number.to_be_bytes().into_iter().chain([0x6f; 60]).collect();
        let place = bytes.windows(needle.len()).position(|part| part == needle).unwrap();
        let copied = quick_dir();
        copy(source.path(), copied.path());
        let mut bad = bytes.clone();
        bad[place + 1_000] ^= 0x10;
        fs::write(copied.path().join(blob.strip_prefix(source.path()).unwrap()), bad).unwrap();
        let store = open(copied.path());
        let found: Vec<_> =
            store.collect(&sid, Cursor(0), 256).unwrap().into_iter().map(|s| s.cursor.0).collect();
        assert_eq!(found, (1..=40).filter(|cursor| *cursor != u64::from(number) + 1).collect::<Vec<_>>());
        assert_eq!(store.totals().damaged, 1, "reported");
        store.ack(&sid, Cursor(40)).unwrap();
        assert_eq!(store.totals().waiting, 0);
    }
}
