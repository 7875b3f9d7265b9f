//! The front log: what was committed and no table has yet (`spec/storage.md § The front log`).
//!
//! ```text
//! front/N-SALT.log = record*
//! record = len u32 ‖ xxh3-64(len ‖ place u64) ‖ change* (len bytes) ‖ xxh3-64(change*) ‖ 0xe7
//! change = table u8 ‖ day u16 ‖ key len u8 ‖ value len u32 (all ones: removed) ‖ key ‖ value
//! ```
//!
//! Both checksums are seeded with the salt, the second with the record's place as well. The salt is drawn anew for
//! each file, so that no envelope can look like a record: strangers write envelopes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use wire::Day;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::backup::{Place, place_of, table_at};
use crate::codec::{Cut, unseal};
use crate::opening::paths_in;
use crate::shelf::{Batch, Change, Table};

/// Bytes of a record before its changes, and behind them.
const HEAD_BYTES: usize = 12;
const END_BYTES: usize = 9;
/// A record never ends with a zero: where zeros are, nothing was written.
const END: u8 = 0xe7;
/// Stands for the value of a row that was removed.
const REMOVED: u32 = u32::MAX;
/// The folder within a store's.
const FOLDER: &str = "front";

/// A log that is written to.
pub(crate) struct Log {
    path: PathBuf,
    file: File,
    number: u64,
    salt: u64,
    len: u64,
    record: Vec<u8>,
}

impl Log {
    /// Makes the log of a number; its name is on stable storage when this returns.
    pub(crate) fn make(dir: &Path, number: u64) -> io::Result<Self> {
        let folder = dir.join(FOLDER);
        if !folder.is_dir() {
            fs::create_dir(&folder)?;
            File::open(dir)?.sync_all()?;
        }
        let mut salt = [0; 8];
        getrandom::fill(&mut salt).map_err(io::Error::other)?;
        let salt = u64::from_be_bytes(salt);
        let path = folder.join(format!("{number}-{salt:016x}.log"));
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        File::open(&folder)?.sync_all()?;
        Ok(Self { path, file, number, salt, len: 0, record: Vec::new() })
    }

    /// Hands a batch to the system, in one piece.
    pub(crate) fn append(&mut self, batch: &Batch) -> io::Result<()> {
        let mut record = std::mem::take(&mut self.record);
        record.clear();
        record.resize(HEAD_BYTES, 0);
        for change in &batch.0 {
            write_change(&mut record, change)?;
        }
        let len = u32::try_from(record.len().saturating_sub(HEAD_BYTES)).map_err(io::Error::other)?;
        for (to, from) in record.iter_mut().zip(head(len, self.len, self.salt)) {
            *to = from;
        }
        let sum = sum(record.get(HEAD_BYTES..).unwrap_or_default(), self.len, self.salt);
        record.extend_from_slice(&sum);
        record.push(END);
        self.file.write_all(&record)?;
        self.len += record.len() as u64;
        self.record = record;
        Ok(())
    }

    /// Brings what was appended to stable storage.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes in it.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }
}

fn write_change(record: &mut Vec<u8>, change: &Change) -> io::Result<()> {
    let place = place_of(change.table);
    let value = change.value.as_deref();
    let len = value.map_or(Ok(REMOVED), |value| u32::try_from(value.len())).map_err(io::Error::other)?;
    record.push(place.table);
    record.extend_from_slice(&place.day.0.to_be_bytes());
    record.push(u8::try_from(change.key.len()).map_err(io::Error::other)?);
    record.extend_from_slice(&len.to_be_bytes());
    record.extend_from_slice(&change.key);
    record.extend_from_slice(value.unwrap_or_default());
    Ok(())
}

fn head(len: u32, place: u64, salt: u64) -> [u8; HEAD_BYTES] {
    let mut said = [0; HEAD_BYTES];
    let bytes = len.to_be_bytes().into_iter().chain(place.to_be_bytes());
    said.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    let check = xxh3_64_with_seed(&said, salt).to_be_bytes();
    let mut head = [0; HEAD_BYTES];
    let bytes = len.to_be_bytes().into_iter().chain(check);
    head.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    head
}

fn sum(changes: &[u8], place: u64, salt: u64) -> [u8; 8] {
    xxh3_64_with_seed(changes, salt ^ place).to_be_bytes()
}

/// A log that is read.
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) number: u64,
    salt: u64,
}

impl Found {
    /// The logs of a store, oldest first. What has another name is none.
    fn all(dir: &Path) -> io::Result<Vec<Self>> {
        let mut logs = Vec::new();
        for path in paths_in(&dir.join(FOLDER))? {
            let name = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".log")?.split_once('-'));
            let read = name
                .and_then(|(number, salt)| Some((number.parse().ok()?, u64::from_str_radix(salt, 16).ok()?)));
            logs.extend(read.map(|(number, salt)| Self { path, number, salt }));
        }
        logs.sort_by_key(|log| log.number);
        Ok(logs)
    }

    /// Deletes it for good.
    pub(crate) fn delete(path: &Path) -> io::Result<()> {
        fs::remove_file(path)?;
        // A log that came back without the one behind it would bring back what that one removed.
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }
}

/// What the logs of a store are.
#[derive(Default)]
pub(crate) struct Read {
    /// Oldest first.
    pub(crate) logs: Vec<Found>,
    /// Those that are not as they were written.
    pub(crate) damaged: Vec<PathBuf>,
    /// Bytes of a last record that was never finished: what a kill or a power cut leaves.
    pub(crate) torn: u64,
}

/// Reads the logs of a store: `each` gets every change of whole records, and of damaged ones every row that is sound by
/// itself.
pub(crate) fn read(dir: &Path, each: &mut dyn FnMut(Change)) -> io::Result<Read> {
    let mut read = Read { logs: Found::all(dir)?, ..Read::default() };
    let mut cut: Option<PathBuf> = None;
    for log in &read.logs {
        let bytes = fs::read(&log.path)?;
        // One was made for later: nobody wrote to it yet.
        if bytes.iter().all(|byte| *byte == 0) {
            continue;
        }
        // The one before was synced to its end before this one was written to.
        read.damaged.extend(cut.take());
        let findings = walk(&bytes, log.salt, each);
        if findings.is_damaged {
            read.damaged.push(log.path.clone());
        }
        cut = (findings.torn > 0).then(|| log.path.clone());
        read.torn = findings.torn as u64;
    }
    Ok(read)
}

/// What is wrong with a log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Findings {
    /// Something in it is not as it was written.
    is_damaged: bool,
    /// Bytes of a last record that was never finished.
    torn: usize,
}

fn walk(bytes: &[u8], salt: u64, each: &mut dyn FnMut(Change)) -> Findings {
    let mut findings = Findings::default();
    // Zeros are what a file system leaves for what never reached the disk.
    let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let mut at = 0;
    while at < written {
        at = match Record::at(bytes, at, salt) {
            Some(record) if record.is_whole => {
                let mut changes = Cut(record.changes);
                while let Some(change) = read_change(&mut changes) {
                    each(change);
                }
                record.end
            }
            Some(record) if record.end > written => {
                findings.torn = written - at;
                written
            }
            Some(record) => {
                findings.is_damaged = true;
                loose_rows(record.changes, each);
                record.end
            }
            None if written - at < HEAD_BYTES => {
                findings.torn = written - at;
                written
            }
            None => {
                findings.is_damaged = true;
                let next = (at + 1..written).find(|place| Record::at(bytes, *place, salt).is_some());
                let next = next.unwrap_or(written);
                loose_rows(bytes.get(at + HEAD_BYTES..next).unwrap_or_default(), each);
                next
            }
        };
    }
    findings
}

/// What stands where a record begins.
struct Record<'a> {
    changes: &'a [u8],
    end: usize,
    is_whole: bool,
}

impl<'a> Record<'a> {
    /// `None`: no record begins here.
    fn at(bytes: &'a [u8], at: usize, salt: u64) -> Option<Self> {
        let mut left = Cut(bytes.get(at..)?);
        let found = left.array::<HEAD_BYTES>()?;
        let len = Cut(&found).u32()?;
        (found == head(len, at as u64, salt)).then_some(())?;
        let len = usize::try_from(len).ok()?;
        let end = at.checked_add(HEAD_BYTES)?.checked_add(len)?.checked_add(END_BYTES)?;
        let changes = left.bytes(len.min(left.0.len()))?;
        let is_whole = left.array() == Some(sum(changes, at as u64, salt))
            && left.u8() == Some(END)
            && changes.len() == len;
        Some(Self { changes, end, is_whole })
    }
}

fn read_change(left: &mut Cut<'_>) -> Option<Change> {
    let mut ahead = Cut(left.0);
    let place = Place { table: ahead.u8()?, day: Day(ahead.u16()?) };
    let (key_len, len) = (usize::from(ahead.u8()?), ahead.u32()?);
    let key = ahead.bytes(key_len)?;
    let value = match len {
        REMOVED => None,
        len => Some(ahead.bytes(usize::try_from(len).ok()?)?.to_vec()),
    };
    let table = table_at(place)?;
    *left = ahead;
    Some(Change { table, key: key.to_vec(), value })
}

/// Whether a change proves by its own checksum that it is a row of ours.
fn is_sound(change: &Change) -> bool {
    let number = change.table.number();
    change.value.as_ref().is_some_and(|value| unseal(number, &change.key, value).is_some())
}

/// What a damaged record still holds. Rows prove themselves, of a removal nothing proves that it is one. Behind a
/// length that is wrong a stranger's bytes may stand, and so envelopes alone are taken: these come from anybody anyway.
fn loose_rows(changes: &[u8], each: &mut dyn FnMut(Change)) {
    let mut left = Cut(changes);
    let mut is_in_step = true;
    while !left.0.is_empty() {
        let mut ahead = Cut(left.0);
        match read_change(&mut ahead) {
            Some(change)
                if is_sound(&change) && (is_in_step || matches!(change.table, Table::Envelopes(_))) =>
            {
                each(change);
            }
            Some(change) if is_in_step && change.value.is_none() => {}
            _ => {
                is_in_step = false;
                ahead = Cut(left.0.get(1..).unwrap_or_default());
            }
        }
        left = ahead;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    const SALT: u64 = 7;

    fn row(key: &[u8], body: &[u8]) -> Batch {
        let mut batch = Batch::default();
        batch.put(Table::Spent, key, body);
        batch
    }

    /// A log of some batches, written as it is in use, and where each record ends.
    fn written(batches: &[Batch]) -> (Vec<u8>, u64, Vec<usize>) {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::make(dir.path(), 1).unwrap();
        let mut ends = Vec::new();
        for batch in batches {
            log.append(batch).unwrap();
            ends.push(usize::try_from(log.len()).unwrap());
        }
        log.sync().unwrap();
        let found = Found::all(dir.path()).unwrap().pop().unwrap();
        (fs::read(&found.path).unwrap(), found.salt, ends)
    }

    fn keys(bytes: &[u8], salt: u64) -> (Vec<Vec<u8>>, Findings) {
        let mut keys = Vec::new();
        let findings = walk(bytes, salt, &mut |change| {
            if change.value.is_some() {
                keys.push(change.key);
            }
        });
        (keys, findings)
    }

    fn four() -> (Vec<u8>, u64, Vec<usize>) {
        let mut second = row(b"b", b"second");
        second.0.extend(row(b"c", b"third").0);
        second.remove(Table::Envelopes(Day(3)), b"gone");
        written(&[row(b"a", b"first"), second, row(b"d", b"fourth")])
    }

    #[test]
    fn what_was_appended_is_read_in_its_order() {
        let (bytes, salt, _) = four();
        let mut changes = Vec::new();
        assert_eq!(walk(&bytes, salt, &mut |change| changes.push(change)), Findings::default());
        let expected: Vec<_> = four_changes();
        assert_eq!(changes, expected);
    }

    fn four_changes() -> Vec<Change> {
        let mut all = row(b"a", b"first");
        all.0.extend(row(b"b", b"second").0);
        all.0.extend(row(b"c", b"third").0);
        all.remove(Table::Envelopes(Day(3)), b"gone");
        all.0.extend(row(b"d", b"fourth").0);
        all.0
    }

    #[test]
    fn a_flipped_byte_is_noticed_and_costs_its_record_at_most() {
        let (sound, salt, ends) = four();
        for place in 0..sound.len() {
            let mut bad = sound.clone();
            bad[place] ^= 0x41;
            let (keys, findings) = keys(&bad, salt);
            assert!(findings.is_damaged, "byte {place}: {findings:?}");
            let hit = ends.iter().filter(|end| **end <= place).count();
            let others = ["bcd", "ad", "abc"][hit];
            for key in others.bytes() {
                assert!(keys.contains(&vec![key]), "byte {place}: {keys:?}");
            }
        }
    }

    #[test]
    fn what_a_kill_leaves_is_torn_and_not_damaged() {
        let (sound, salt, ends) = four();
        for len in ends[1] + 1..sound.len() {
            for zeros in [0, 4_096] {
                let cut = [&sound[..len], &vec![0; zeros]].concat();
                let (keys, findings) = keys(&cut, salt);
                let written = cut.iter().rposition(|byte| *byte != 0).unwrap() + 1;
                assert_eq!((keys.len(), findings.is_damaged), (3, false), "{len} {zeros}");
                assert_eq!(findings.torn, written - ends[1], "{len} {zeros}");
            }
        }
        let (keys, findings) = keys(&[sound, vec![0; 100]].concat(), salt);
        assert_eq!((keys.len(), findings), (4, Findings::default()));
    }

    #[test]
    fn only_the_last_log_that_was_written_to_may_lack_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let mut logs: Vec<_> = (1..4).map(|number| Log::make(dir.path(), number).unwrap()).collect();
        logs[0].append(&row(b"a", b"first")).unwrap();
        logs[1].append(&row(b"b", b"second")).unwrap();
        let cut = |log: &Log| {
            let len = log.len() - 3;
            OpenOptions::new().write(true).open(log.path()).unwrap().set_len(len).unwrap();
            len
        };
        let len = cut(&logs[1]);
        let found = read(dir.path(), &mut |_| {}).unwrap();
        assert_eq!((found.logs.len(), found.damaged.len(), found.torn), (3, 0, len));
        cut(&logs[0]);
        assert_eq!(read(dir.path(), &mut |_| {}).unwrap().damaged.len(), 1);
    }

    #[test]
    fn an_envelope_that_looks_like_a_record_is_not_taken_for_one() {
        // Whoever wrote it knew the format and the place, and had to guess the salt.
        let (forged, forged_salt, _) = written(&[row(b"forged", b"row")]);
        let mut carrier = row(b"a", b"first");
        carrier.put(Table::Envelopes(Day(3)), b"carrier", &forged);
        let (sound, salt, ends) = written(&[carrier, row(b"d", b"last")]);
        assert_ne!(salt, forged_salt);
        for place in 0..ends[0] {
            let mut bad = sound.clone();
            bad[place] ^= 0x41;
            let (keys, findings) = keys(&bad, salt);
            assert!(findings.is_damaged && keys.contains(&b"d".to_vec()), "byte {place}");
            assert!(!keys.contains(&b"forged".to_vec()), "byte {place}");
        }
    }

    #[test]
    fn nonsense_is_read_without_harm() {
        for seed in 0..200u64 {
            let bytes: Vec<u8> =
                (0..seed * 3).map(|at| xxh3_64_with_seed(&at.to_be_bytes(), seed) as u8).collect();
            let (keys, _) = keys(&bytes, SALT);
            assert_eq!(keys.len(), 0, "seed {seed}");
        }
    }
}
