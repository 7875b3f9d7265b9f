//! One wrong byte at many places of every file of a stopped store: what it costs, and what `repair` brings back.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::time::{Duration, Instant};

use common::{copy, files};
use store::conformance::{Person, deposit, envelope, record, stamped};
use store::{
    Cause, DepositOutcome, DepositRequest, DirectoryStore, EmbeddedStore, Extent, LeftOut, MailboxStore,
    OpenError, OperatorStore, Options, Place, StoreError,
};
use wire::{Cursor, Day, DepositId};

const TODAY: Day = Day(20_000);
const ENVELOPES: usize = 40;

fn options() -> Options {
    Options { reserve_bytes: 0, puzzle_bits: 1, ..Options::default() }
}

/// A store with something of everything, partly in tables and partly in the front log.
fn filled(dir: &Path) -> DepositId {
    let store = EmbeddedStore::open_with(dir, options()).unwrap();
    let person = Person::register(&store, 1);
    let sid = person.inbox(&store);
    let batch = (0..20).map(|number| stamped(sid, 1, number, u32::from(number))).collect();
    assert!(store.deposit(batch).into_iter().all(|outcome| outcome == Ok(DepositOutcome::Stored)));
    store.flush().unwrap();
    let batch = (20..30).map(|number| stamped(sid, 1, number, u32::from(number))).collect();
    assert!(store.deposit(batch).into_iter().all(|outcome| outcome == Ok(DepositOutcome::Stored)));
    for number in 30..40 {
        assert_eq!(deposit(&store, &stamped(sid, 1, number, u32::from(number))), DepositOutcome::Stored);
    }
    sid
}

/// What kind of file a path is.
fn kind(file: &Path) -> &'static str {
    let folder = file.parent().unwrap().file_name().unwrap().to_str().unwrap();
    match (folder, file.file_name().unwrap().to_str().unwrap()) {
        ("tables", _) => "table",
        ("blobs", _) => "values",
        ("front", _) => "front log",
        (_, "current") => "current",
        (_, "lock" | "version") => "marker",
        (_, name) if name.ends_with(".jnl") => "journal",
        _ => "list",
    }
}

/// xorshift64*: enough to choose places, replayed by its seed.
fn next(seed: &mut u64) -> usize {
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    usize::try_from(seed.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 8).unwrap()
}

/// What damage did to stores.
#[derive(Default, Debug)]
struct Seen {
    opened: u32,
    refused: u32,
    lost_when_opened: usize,
    lost_when_repaired: usize,
    mailbox_lost: u32,
    irreparable: u32,
}

/// Envelopes that a store lost; every other one is as it was deposited.
fn lost(store: &EmbeddedStore, sid: DepositId, seen: &mut Seen) -> usize {
    if store.totals().mailboxes == 0 {
        // The record that was hit is the mailbox itself.
        seen.mailbox_lost += 1;
        return 0;
    }
    let found = store.collect(&sid, Cursor(0), 256).unwrap_or_default();
    for stored in &found {
        let number = u32::try_from(stored.cursor.0 - 1).unwrap();
        assert_eq!(stored.envelope, envelope(4_096, number), "a wrong byte was served");
        assert_eq!(stored.auth, stamped(sid, 1, u16::try_from(number).unwrap(), number).auth);
    }
    let name = Person { number: 1 }.name();
    if let Ok(Some(found)) = store.record(&name, None) {
        assert_eq!(found.record, record(&name, 0, 1));
    }
    ENVELOPES - found.len()
}

/// Opens a store with one wrong byte; if it refuses, repairs it.
fn examine(dir: &Path, hit: &Path, sid: DepositId, seen: &mut Seen) {
    let before: Vec<_> = files(dir).iter().map(|file| fs::read(file).unwrap()).collect();
    match EmbeddedStore::open_with(dir, options()) {
        Ok(store) => {
            seen.opened += 1;
            let lost = lost(&store, sid, seen);
            seen.lost_when_opened += lost;
            assert!(lost <= 1, "{}: {lost} lost", hit.display());
            // A last commit whose end does not stand there is what a kill leaves: that is said at start.
            assert!(lost == 0 || store.totals().damaged > 0 || store.torn_at_start() > 0, "lost in silence");
            return;
        }
        // A list and what points to it accuse each other.
        Err(OpenError::Damaged(file)) => assert!(is_told(&file, hit), "{} named", file.display()),
        Err(OpenError::Io { .. }) => {}
        Err(error) => panic!("{}: {error}", hit.display()),
    }
    seen.refused += 1;
    let after: Vec<_> = files(dir).iter().map(|file| fs::read(file).unwrap()).collect();
    // fjall checks its own marker before anything else; tables it reads when all the rest was found sound.
    assert!(
        before == after || kind(hit) == "table" || kind(hit) == "values",
        "the refusal changed something"
    );
    let into = quick_dir();
    let salvaged = match EmbeddedStore::salvage(dir, &into.path().join("store"), TODAY) {
        Ok(salvaged) => salvaged,
        Err(store::SalvageError::NoKeys) => {
            seen.irreparable += 1;
            return;
        }
        Err(error) => panic!("{}: {error}", hit.display()),
    };
    let store = EmbeddedStore::open_with(&into.path().join("store"), options()).unwrap();
    let lost = lost(&store, sid, seen);
    assert!(lost <= 1, "{}: {lost} lost, {salvaged:?}", hit.display());
    seen.lost_when_repaired += lost;
    let is_named = salvaged.damaged_files.iter().any(|file| is_told(&dir.join(file), hit));
    assert!(is_named || kind(hit) == "marker", "{} is not in {salvaged:?}", hit.display());
}

fn is_told(file: &Path, hit: &Path) -> bool {
    let is_pair = ["current", "list"].contains(&kind(hit)) && file.parent() == hit.parent();
    file == hit || is_pair
}

/// In memory where there is such a place: damage needs no disk.
fn quick_dir() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// In how many files of a folder some bytes stand.
fn files_with(dir: &Path, wanted: &[u8]) -> usize {
    // The engine deletes files on threads of its own: one may go between the look and the reading.
    let all = files(dir).into_iter().map(|file| fs::read(file).unwrap_or_default());
    all.filter(|bytes| bytes.windows(wanted.len()).any(|part| part == wanted)).count()
}

#[test]
fn a_damaged_table_keeps_no_other_one_from_forgetting() {
    let base = quick_dir();
    let store = EmbeddedStore::open_with(base.path(), options()).unwrap();
    let (kept, emptied) =
        (Person::register(&store, 1).inbox(&store), Person::register(&store, 2).inbox(&store));
    assert_eq!(deposit(&store, &stamped(kept, 1, 0, 1)), DepositOutcome::Stored);
    for number in 2..4 {
        let request =
            DepositRequest { today: Day(TODAY.0 + 1), ..stamped(emptied, 1, number, number.into()) };
        assert_eq!(deposit(&store, &request), DepositOutcome::Stored);
    }
    store.flush().unwrap();
    drop(store);
    // One wrong byte in the envelope that waits since yesterday.
    let (wanted, acked) = (envelope(4_096, 1), envelope(4_096, 2));
    let mut hit = 0;
    for file in files(base.path()) {
        let mut bytes = fs::read(&file).unwrap();
        if let Some(place) = bytes.windows(64).position(|part| part == &wanted.as_bytes()[..64]) {
            bytes[place + 1_000] ^= 1;
            fs::write(&file, bytes).unwrap();
            hit += 1;
        }
    }
    assert_eq!(hit, 1);

    let store = EmbeddedStore::open_with(base.path(), options()).unwrap();
    store.ack(&emptied, Cursor(1)).unwrap();
    assert_ne!(files_with(base.path(), &acked.as_bytes()[..64]), 0);
    let damaged = Err(StoreError::NotDone(Cause::Damaged));
    assert_eq!(store.forget(Day(TODAY.0 + 1), Extent::All), damaged, "it is said");
    let until = Instant::now() + Duration::from_secs(10);
    while files_with(base.path(), &acked.as_bytes()[..64]) > 0 {
        assert!(Instant::now() < until, "what was acked stays on the disk");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(store.forget(Day(TODAY.0 + 1), Extent::All), damaged);
    assert_eq!(store.totals().damaged, 1, "one place, however often it is met");
    assert_eq!(store.collect(&emptied, Cursor(0), 256).unwrap().len(), 1);
}

#[test]
fn a_wrong_byte_in_any_file_costs_at_most_the_record_it_hit() {
    let source = tempfile::tempdir().unwrap();
    let sid = filled(source.path());
    let mut seed = std::env::var("STORE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x5eed);
    let rounds = if std::env::var_os("OUBLIETTE_LONG").is_some() { 40 } else { 2 };
    println!("STORE_SEED={seed}");
    let mut seen: BTreeMap<&str, Seen> = BTreeMap::new();
    let mut flips = 0;
    for file in files(source.path()) {
        let bytes = fs::read(&file).unwrap();
        let rounds =
            if ["journal", "front log", "values"].contains(&kind(&file)) { 10 * rounds } else { rounds };
        for _ in 0..if bytes.is_empty() { 0 } else { rounds } {
            let copied = quick_dir();
            copy(source.path(), copied.path());
            let hit = copied.path().join(file.strip_prefix(source.path()).unwrap());
            let mut bad = bytes.clone();
            let place = next(&mut seed) % bad.len();
            bad[place] ^= u8::try_from(next(&mut seed) % 255).unwrap() + 1;
            fs::write(&hit, bad).unwrap();
            println!("{} byte {place}", hit.display());
            examine(copied.path(), &hit, sid, seen.entry(kind(&file)).or_default());
            flips += 1;
        }
    }
    println!("promise P10: {flips} flips: {seen:?}, 0 wrong bytes served");
}

/// Rows by where they lie.
type Rows = BTreeMap<(Place, Vec<u8>), Vec<u8>>;

/// Every row of a store that a backup would take, and what it would leave out.
fn backed_up(store: &EmbeddedStore) -> (Rows, LeftOut) {
    let mut rows = Rows::new();
    let left_out = store.freeze().unwrap().rows(|row| {
        let before = rows.insert((row.place, row.key), row.value);
        assert_eq!(before, None, "a row came twice");
        ControlFlow::Continue(())
    });
    (rows, left_out.unwrap())
}

#[test]
fn a_backup_takes_every_row_around_a_damaged_block() {
    let source = quick_dir();
    let store = EmbeddedStore::open_with(source.path(), options()).unwrap();
    let sid = Person::register(&store, 1).inbox(&store);
    let batch = |numbers: Range<u16>| numbers.map(|number| stamped(sid, 1, number, number.into())).collect();
    assert!(store.deposit(batch(0..300)).into_iter().all(|outcome| outcome == Ok(DepositOutcome::Stored)));
    // No journal has them any more.
    store.forget(TODAY, Extent::All).unwrap();
    // Above the table with the damage: in another table, in the journal, and in the front log.
    assert!(store.deposit(batch(300..400)).into_iter().all(|outcome| outcome == Ok(DepositOutcome::Stored)));
    store.ack(&sid, Cursor(40)).unwrap();
    drop(store);
    let store = EmbeddedStore::open_with(source.path(), options()).unwrap();
    assert!(store.deposit(batch(400..410)).into_iter().all(|outcome| outcome == Ok(DepositOutcome::Stored)));
    store.ack(&sid, Cursor(50)).unwrap();
    let (sound, _) = backed_up(&store);
    drop(store);

    let (mut hits, mut lost, mut values_lost) = (0, 0, 0);
    for file in files(source.path()).iter().filter(|file| ["table", "values"].contains(&kind(file))) {
        let bytes = fs::read(file).unwrap();
        for place in (700..bytes.len()).step_by(if kind(file) == "table" { 1_001 } else { 200_001 }) {
            let copied = quick_dir();
            copy(source.path(), copied.path());
            let mut bad = bytes.clone();
            bad[place] ^= 0x41;
            let hit = copied.path().join(file.strip_prefix(source.path()).unwrap());
            fs::write(&hit, bad).unwrap();
            // Some places are looked at when a store is opened.
            let Ok(store) = EmbeddedStore::open_with(copied.path(), options()) else { continue };
            let (rows, left_out) = backed_up(&store);
            println!("{} byte {place}: {left_out:?}", hit.display());
            assert!(
                rows.iter().all(|(key, value)| sound.get(key) == Some(value)),
                "what was let go of came again"
            );
            let missing = sound.len() - rows.len();
            assert!(missing <= 1, "{missing} missing");
            assert!(missing == 0 || !left_out.is_nothing(), "lost in silence");
            assert!(left_out.rows + left_out.blocks <= 1, "{left_out:?}");
            if kind(&hit) == "values" {
                assert_eq!(left_out, LeftOut { rows: missing as u64, blocks: 0 }, "what is known is counted");
                values_lost += missing;
            }
            hits += 1;
            lost += missing;
        }
    }
    assert!(hits > 20 && lost > 10 && values_lost > 2, "{hits}, {lost}, {values_lost}");
}
