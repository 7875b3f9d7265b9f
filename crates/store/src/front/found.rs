//! The logs of a store, as a start finds them.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::log::{FOLDER, SPARE};
use super::record::{HEAD_BYTES, Head, Record, STEP_BYTES, changes, loose_rows};
use crate::codec::Cut;
use crate::ended::Ended;
use crate::opening::paths_in;
use crate::salvage::{Given, is_unreadable};
use crate::shelf::{Change, Table};

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

    /// How much of the log before this one was synced, as far as this one says.
    fn says_of_the_one_before(&self) -> io::Result<u64> {
        let mut first = Vec::new();
        let read = File::open(&self.path)?.take(HEAD_BYTES as u64).read_to_end(&mut first);
        // Then it is damaged itself.
        if read.as_ref().is_err_and(is_unreadable) {
            return Ok(0);
        }
        read?;
        Ok(Head::at(&first, 0, self.salt).map_or(0, |head| head.confirmed))
    }

    /// Deletes the file that a process which was killed was making a log of.
    pub(crate) fn delete_spare(dir: &Path) -> io::Result<()> {
        let spare = dir.join(FOLDER).join(SPARE);
        match spare.try_exists()? {
            true => Self::delete(&spare),
            false => Ok(()),
        }
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
    /// Bytes of last records that were never finished: what a kill or a power cut leaves.
    pub(crate) torn: u64,
    /// Bytes that the disk did not give.
    pub(crate) unreadable: u64,
    /// What an orderly stop says, in the last of them.
    pub(crate) ended: Option<Ended>,
}

impl Read {
    /// Oldest first, but before them the one that would miss them.
    pub(crate) fn in_order_of_deletion(&self) -> impl Iterator<Item = &Found> {
        let (last, others) = self.logs.split_last().unzip();
        let others = others.into_iter().flatten();
        let (first, last) = if self.ended.is_some() { (last, None) } else { (None, last) };
        first.into_iter().chain(others).chain(last)
    }

    /// Whether a log is gone that was there at an orderly stop, or at any time between two that are.
    fn lacks_a_log(&self) -> bool {
        let (Some(oldest), Some(last)) = (self.logs.first(), self.logs.last()) else { return false };
        let first = self.ended.map_or(oldest.number, |ended| ended.log.min(oldest.number));
        let there = self.logs.iter().filter(|log| (first..last.number).contains(&log.number)).count();
        last.number.saturating_sub(first) > there as u64
    }
}

/// Reads the logs of a store: `each` gets every change of whole records, and of damaged ones every row that is sound by
/// itself.
pub(crate) fn read(dir: &Path, each: &mut dyn FnMut(Change)) -> io::Result<Read> {
    let mut read = Read { logs: Found::all(dir)?, ..Read::default() };
    let mut ended = None;
    let mut each = |change| match Ended::of(&change) {
        Some(said) => ended = Some(said),
        None => each(change),
    };
    for (index, log) in read.logs.iter().enumerate() {
        let Given { bytes, unreadable } = Given::read(&log.path)?;
        if is_of_before(&bytes, log.salt) {
            return Err(io::Error::other(format!(
                "{} is in a form that no release wrote: with the program that wrote it make a backup (oublietted backup \
                 FILE), and restore that with this one",
                log.path.display()
            )));
        }
        // This one was synced to its end before the one of the next number was written to.
        let behind = read.logs.get(index + 1).filter(|behind| behind.number == log.number.saturating_add(1));
        let confirmed = behind.map_or(Ok(0), Found::says_of_the_one_before)?;
        let findings = walk(&bytes, log.salt, confirmed, &mut each);
        if findings.is_damaged || unreadable > 0 {
            read.damaged.push(log.path.clone());
        }
        read.torn += findings.torn as u64;
        read.unreadable += unreadable;
    }
    read.ended = ended;
    if read.lacks_a_log() {
        read.damaged.push(dir.join(FOLDER));
    }
    Ok(read)
}

/// Whether a log is in the form of 27 November 2026, whose heads had no `confirmed`: here it would read as nothing.
fn is_of_before(bytes: &[u8], salt: u64) -> bool {
    let mut left = Cut(bytes);
    let (Some(len), Some(check)) = (left.array::<4>(), left.array::<8>()) else { return false };
    let said = [&len[..], &[0; 8]].concat();
    check == xxh3_64_with_seed(&said, salt).to_be_bytes()
}

/// Whether what stands where the first record begins is none. Who begins a log leaves nothing or zeros there, and a disk
/// writes that much of a record or nothing of it.
fn begins_with_nonsense(bytes: &[u8], salt: u64) -> bool {
    let first = bytes.get(..STEP_BYTES).unwrap_or(bytes);
    first.len() >= HEAD_BYTES && first.iter().any(|byte| *byte != 0) && Head::at(bytes, 0, salt).is_none()
}

/// What is wrong with a log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Findings {
    /// Something in it is not as it was written.
    is_damaged: bool,
    /// Bytes of last records that were never finished.
    torn: usize,
}

/// Reads a log that was synced at least up to `confirmed`.
fn walk(bytes: &[u8], salt: u64, confirmed: u64, each: &mut dyn FnMut(Change)) -> Findings {
    let mut findings = Findings::default();
    let places = |from: usize| (from..bytes.len()).step_by(STEP_BYTES);
    let heads = places(STEP_BYTES).filter_map(|place| Head::at(bytes, place, salt));
    let confirmed = heads.map(|head| head.confirmed).fold(confirmed, u64::max);
    if confirmed == 0 && begins_with_nonsense(bytes, salt) {
        findings.is_damaged = true;
        // Of rows nobody could say how old they are.
        loose_rows(bytes, &mut |change| {
            if matches!(change.table, Table::Envelopes(_)) {
                each(change);
            }
        });
        return findings;
    }
    let mut at = 0;
    while (at as u64) < confirmed || at < bytes.len() {
        let record = Record::at(bytes, at, salt);
        at = match record {
            Some(record) if record.is_whole => {
                changes(record.changes).for_each(&mut *each);
                record.end
            }
            // Nobody was told of it, nor of anything behind it.
            _ if at as u64 >= confirmed => {
                let ends = places(at).filter_map(|place| Record::at(bytes, place, salt));
                findings.torn = ends.map(|record| record.end.min(bytes.len()) - at).max().unwrap_or(0);
                break;
            }
            Some(record) => {
                findings.is_damaged = true;
                loose_rows(record.changes, each);
                record.end
            }
            None => {
                findings.is_damaged = true;
                let next = places(at + STEP_BYTES).find(|place| Head::at(bytes, *place, salt).is_some());
                let next = next.unwrap_or_else(|| usize::try_from(confirmed).unwrap_or(bytes.len()));
                loose_rows(bytes.get(at + HEAD_BYTES..next.min(bytes.len())).unwrap_or_default(), each);
                next
            }
        };
    }
    findings
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::fs::OpenOptions;

    use wire::Day;

    use super::super::log::Log;
    use super::*;
    use crate::front::record::END_BYTES;
    use crate::shelf::Batch;

    const SALT: u64 = 7;

    fn row(key: &[u8], body: &[u8]) -> Batch {
        let mut batch = Batch::default();
        batch.put(Table::Spent, key, body);
        batch
    }

    /// A log of some batches, written as it is in use, and where each record begins, and the end.
    fn written(batches: &[Batch], is_ended: bool) -> (Vec<u8>, u64, Vec<usize>) {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::make(dir.path(), 1).unwrap();
        let mut places = vec![0];
        for batch in batches {
            log.append(batch).unwrap();
            log.sync().unwrap();
            places.push(usize::try_from(log.len()).unwrap());
        }
        if is_ended {
            log.end().unwrap();
        }
        let found = Found::all(dir.path()).unwrap().pop().unwrap();
        (fs::read(&found.path).unwrap(), found.salt, places)
    }

    fn keys(bytes: &[u8], salt: u64) -> (Vec<Vec<u8>>, Findings) {
        let mut keys = Vec::new();
        let findings = walk(bytes, salt, 0, &mut |change| {
            if change.value.is_some() {
                keys.push(change.key.to_vec());
            }
        });
        (keys, findings)
    }

    fn four(is_ended: bool) -> (Vec<u8>, u64, Vec<usize>) {
        let mut second = row(b"b", b"second");
        second.0.extend(row(b"c", b"third").0);
        second.remove(Table::Envelopes(Day(3)), b"gone");
        written(&[row(b"a", b"first"), second, row(b"d", &[b'4'; 1_000])], is_ended)
    }

    #[test]
    fn what_was_appended_is_read_in_its_order() {
        for is_ended in [false, true] {
            let (bytes, salt, _) = four(is_ended);
            let mut changes = Vec::new();
            assert_eq!(walk(&bytes, salt, 0, &mut |change| changes.push(change)), Findings::default());
            let expected: Vec<_> = four_changes();
            assert_eq!(changes, expected);
        }
    }

    fn four_changes() -> Vec<Change> {
        let mut all = row(b"a", b"first");
        all.0.extend(row(b"b", b"second").0);
        all.0.extend(row(b"c", b"third").0);
        all.remove(Table::Envelopes(Day(3)), b"gone");
        all.0.extend(row(b"d", &[b'4'; 1_000]).0);
        all.0
    }

    /// Where a record ends, and nothing but zeros follows to where the next begins.
    fn end_of(bytes: &[u8], salt: u64, place: usize) -> usize {
        place + HEAD_BYTES + Head::at(bytes, place, salt).unwrap().len as usize + END_BYTES
    }

    #[test]
    fn a_flipped_byte_is_noticed_and_costs_its_record_at_most() {
        for is_ended in [false, true] {
            let (sound, salt, places) = four(is_ended);
            for place in 0..places[3] {
                let mut bad = sound.clone();
                bad[place] ^= 0x41;
                let (keys, findings) = keys(&bad, salt);
                let hit = places.iter().filter(|begin| **begin <= place).count() - 1;
                // Of the last of a process that was killed nobody can say that it was finished.
                let is_last = hit == 2 && !is_ended;
                let is_between = place >= end_of(&sound, salt, places[hit]);
                assert_eq!(findings.is_damaged, !is_between && !is_last, "byte {place}: {findings:?}");
                let others = if is_between { "abcd" } else { ["bcd", "ad", "abc"][hit] };
                for key in others.bytes() {
                    assert!(keys.contains(&vec![key]), "byte {place}: {keys:?}");
                }
            }
        }
    }

    #[test]
    fn what_a_kill_leaves_is_torn_and_not_damaged() {
        let (sound, salt, places) = four(false);
        let end = end_of(&sound, salt, places[2]);
        for len in places[2]..end {
            for behind in [vec![], vec![0; 4_096], vec![0x5a; 4_096]] {
                let cut = [&sound[..len], &behind].concat();
                let (keys, findings) = keys(&cut, salt);
                assert_eq!((keys.len(), findings.is_damaged), (3, false), "{len}");
                let has_head = len >= places[2] + HEAD_BYTES;
                let torn = if has_head { cut.len().min(places[3]) - places[2] } else { 0 };
                assert_eq!(findings.torn, torn, "{len}");
            }
        }
        let (keys, findings) = keys(&[sound, vec![0x5a; 1_000]].concat(), salt);
        assert_eq!((keys.len(), findings), (4, Findings::default()));
    }

    #[test]
    fn what_stands_behind_a_commit_that_never_was_counts_no_more_than_that() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::make(dir.path(), 1).unwrap();
        let mut places = Vec::new();
        for (at, key) in [b"a", b"b", b"c", b"d"].into_iter().enumerate() {
            places.push(usize::try_from(log.len()).unwrap());
            log.append(&row(key, b"body")).unwrap();
            if at == 0 {
                log.sync().unwrap();
            }
        }
        let found = Found::all(dir.path()).unwrap().pop().unwrap();
        let mut bytes = fs::read(&found.path).unwrap();
        // A power cut may keep what was written later and lose what was written before.
        bytes[places[1]..places[2]].fill(0);
        let (kept, findings) = keys(&bytes, found.salt);
        let torn = Findings { is_damaged: false, torn: bytes.len() - places[1] };
        assert_eq!((kept, findings), (vec![b"a".to_vec()], torn));
        bytes[places[0] + HEAD_BYTES] ^= 1;
        assert!(keys(&bytes, found.salt).1.is_damaged, "the first was synced before the second was written");
    }

    #[test]
    fn a_log_in_a_file_used_before_holds_its_own_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut old = Log::make(dir.path(), 1).unwrap();
        for key in [b"a", b"b", b"c"] {
            old.append(&row(key, &[7; 900])).unwrap();
        }
        old.sync().unwrap();
        let mut log = Log::make_of(old.path(), 2).unwrap();
        assert!(log.is_reused() && !old.path().exists());
        let kept = || {
            let mut keys = Vec::new();
            let read = read(dir.path(), &mut |change| keys.push(change.key.to_vec())).unwrap();
            assert_eq!((read.logs.len(), read.damaged.len(), read.torn), (1, 0, 0));
            keys
        };
        let bytes = |log: &Log| fs::metadata(log.path()).unwrap().len();
        assert_eq!(kept(), Vec::<Vec<u8>>::new());
        log.append(&row(b"d", b"body")).unwrap();
        log.sync().unwrap();
        assert_eq!((kept(), bytes(&log)), (vec![b"d".to_vec()], old.len()));
        log.end().unwrap();
        assert_eq!((kept(), bytes(&log)), (vec![b"d".to_vec()], log.len()));
    }

    #[test]
    fn only_the_last_log_that_was_written_to_may_lack_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let mut logs: Vec<_> = (1..4).map(|number| Log::make(dir.path(), number).unwrap()).collect();
        logs[0].append(&row(b"a", b"first")).unwrap();
        logs[0].sync().unwrap();
        let (before, behind) = logs.split_at_mut(1);
        behind[0].follow(&before[0]);
        behind[0].append(&row(b"b", b"second")).unwrap();
        behind[0].sync().unwrap();
        let cut = |log: &Log| {
            let file = OpenOptions::new().write(true).open(log.path()).unwrap();
            file.set_len(HEAD_BYTES as u64 + 3).unwrap();
        };
        cut(&logs[1]);
        let found = read(dir.path(), &mut |_| {}).unwrap();
        assert_eq!((found.logs.len(), found.damaged.len(), found.torn), (3, 0, HEAD_BYTES as u64 + 3));
        cut(&logs[0]);
        assert_eq!(read(dir.path(), &mut |_| {}).unwrap().damaged, [logs[0].path()]);
        OpenOptions::new().write(true).open(logs[0].path()).unwrap().set_len(0).unwrap();
        assert_eq!(read(dir.path(), &mut |_| {}).unwrap().damaged, [logs[0].path()]);
    }

    #[test]
    fn a_log_that_was_ended_may_not_lack_its_end_where_the_next_one_tells_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut logs: Vec<_> = (1..4).map(|number| Log::make(dir.path(), number).unwrap()).collect();
        logs[0].append(&row(b"a", b"first")).unwrap();
        logs[0].sync().unwrap();
        // The second was begun when the first was full, and nothing came.
        for at in 1..3 {
            let (before, behind) = logs.split_at_mut(at);
            before[at - 1].end().unwrap();
            behind[0].follow(&before[at - 1]);
        }
        logs[2].end().unwrap();
        let found = read(dir.path(), &mut |_| {}).unwrap();
        assert_eq!((found.logs.len(), found.damaged.len(), found.torn), (3, 0, 0));
        for log in &logs[..2] {
            let bytes = fs::read(log.path()).unwrap();
            fs::write(log.path(), &bytes[..bytes.len() - STEP_BYTES]).unwrap();
            assert_eq!(read(dir.path(), &mut |_| {}).unwrap().damaged, [log.path()]);
            fs::write(log.path(), bytes).unwrap();
        }
        // Of the last one nothing is lost but that it said so.
        fs::write(logs[2].path(), b"").unwrap();
        let found = read(dir.path(), &mut |_| {}).unwrap();
        assert_eq!((found.logs.len(), found.damaged.len(), found.torn), (3, 0, 0));
    }

    #[test]
    fn a_log_that_is_gone_between_two_is_missed_and_its_length_held_against_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let mut logs: Vec<_> = (1..4).map(|number| Log::make(dir.path(), number).unwrap()).collect();
        for (at, rows) in [1, 4, 1].into_iter().enumerate() {
            let (before, behind) = logs.split_at_mut(at);
            before.last().into_iter().for_each(|before| behind[0].follow(before));
            for _ in 0..rows {
                behind[0].append(&row(b"a", b"body")).unwrap();
                behind[0].sync().unwrap();
            }
        }
        assert_eq!(read(dir.path(), &mut |_| {}).unwrap().damaged, [] as [PathBuf; 0]);
        let second = fs::read(logs[1].path()).unwrap();
        fs::remove_file(logs[1].path()).unwrap();
        assert_eq!(read(dir.path(), &mut |_| {}).unwrap().damaged, [dir.path().join(FOLDER)]);
        fs::write(logs[1].path(), second).unwrap();
        // The oldest goes when tables have all of it.
        fs::remove_file(logs[0].path()).unwrap();
        assert_eq!(read(dir.path(), &mut |_| {}).unwrap().damaged, [] as [PathBuf; 0]);
    }

    #[test]
    fn a_log_of_which_nothing_can_be_read_is_damaged_and_one_that_was_never_written_to_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let mut logs: Vec<_> = (1..3).map(|number| Log::make(dir.path(), number).unwrap()).collect();
        let mut batch = row(b"a", b"body");
        batch.put(Table::Envelopes(Day(3)), b"envelope", &[7; 900]);
        logs[0].append(&batch).unwrap();
        logs[0].sync().unwrap();
        let found = || {
            let mut keys = Vec::new();
            let read = read(dir.path(), &mut |change| keys.push(change.key.to_vec())).unwrap();
            (read.damaged, read.torn, keys)
        };
        assert_eq!(found(), (vec![], 0, vec![b"a".to_vec(), b"envelope".to_vec()]));
        let written = fs::read(logs[0].path()).unwrap();
        // A salt that is another, or a first byte: what is an envelope proves itself, and no more is believed.
        let renamed = dir.path().join(FOLDER).join("1-0123456789abcdef.log");
        fs::rename(logs[0].path(), &renamed).unwrap();
        assert_eq!(found(), (vec![renamed.clone()], 0, vec![b"envelope".to_vec()]));
        fs::rename(&renamed, logs[0].path()).unwrap();
        fs::write(logs[0].path(), [&[0x41], &written[1..]].concat()).unwrap();
        assert_eq!(found(), (vec![logs[0].path().to_path_buf()], 0, vec![b"envelope".to_vec()]));
        // What a kill or a power cut leaves of a log that was just begun, or of its first record.
        let torn = [&[0; STEP_BYTES], &written[STEP_BYTES..]].concat();
        for left in [vec![], vec![0; STEP_BYTES], vec![0; 4_096], torn, written[..STEP_BYTES].to_vec()] {
            fs::write(logs[0].path(), &left).unwrap();
            let (damaged, _, keys) = found();
            assert_eq!((damaged.len(), keys.len()), (0, 0), "{} bytes", left.len());
        }
        // The file of a log before says nothing, wherever it was left.
        fs::write(logs[0].path(), &written).unwrap();
        fs::copy(logs[0].path(), dir.path().join(FOLDER).join(SPARE)).unwrap();
        Log::make_of(logs[0].path(), 3).unwrap();
        assert_eq!(found(), (vec![], 0, vec![]));
    }

    #[test]
    fn a_log_in_the_form_of_before_is_not_overlooked() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::make(dir.path(), 1).unwrap();
        let len = 5u32.to_be_bytes();
        let check = xxh3_64_with_seed(&[&len[..], &[0; 8]].concat(), Found::all(dir.path()).unwrap()[0].salt)
            .to_be_bytes();
        fs::write(log.path(), [&len[..], &check, b"said!", &[0; 9]].concat()).unwrap();
        let said = read(dir.path(), &mut |_| {}).map(|_| ()).unwrap_err().to_string();
        assert!(said.contains(log.path().to_str().unwrap()), "{said}");
    }

    #[test]
    fn an_envelope_that_looks_like_a_record_is_not_taken_for_one() {
        // Whoever wrote it knew the format, had it stand where records may begin, and had to guess the salt.
        let (forged, forged_salt, _) = written(&[row(b"forged", b"row")], false);
        // As long as brings the forged one to where a record may begin.
        let mut carrier = row(b"a", &[1; 450]);
        carrier.put(Table::Envelopes(Day(3)), b"carrier", &forged);
        let (sound, salt, _) = written(&[carrier, row(b"d", b"last")], false);
        assert_ne!(salt, forged_salt);
        let found = sound.windows(forged.len()).position(|part| part == forged);
        assert_eq!(found.map(|place| place % STEP_BYTES), Some(0), "{found:?}");
        for place in 0..end_of(&sound, salt, 0) {
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
