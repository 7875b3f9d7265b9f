//! Where fjall keeps the envelopes of a day, how they move, and how a journal ends.
//!
//! fjall drops a removed value when a compaction happens to meet it; we promised a time. So a day's keyspace
//! is written anew without its removed rows, under the next house number, and the old one is dropped whole.
//! Until that drop the old house has everything: after a crash the lowest number counts.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use fjall::{Keyspace, PersistMode};
use wire::Day;

use crate::Cause;
use crate::embedded::{FjallShelf, Opened, envelope_options, read_cause};
use crate::shelf::Change;

/// The keyspace of a day: `envelopes-DAY`, and `envelopes-DAY.N` after it moved N times.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct House {
    pub(crate) day: Day,
    number: u32,
}

impl House {
    /// Where a day's envelopes lie first.
    pub(crate) fn first(day: Day) -> Self {
        Self { day, number: 0 }
    }

    /// Where they move next.
    fn next(self) -> Self {
        Self { day: self.day, number: self.number.wrapping_add(1) }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_prefix("envelopes-")?;
        let (day, number) = match rest.split_once('.') {
            Some((day, number)) => (day, number.parse().ok()?),
            None => (rest, 0),
        };
        Some(Self { day: Day(day.parse().ok()?), number })
    }

    pub(crate) fn name(self) -> String {
        match self.number {
            0 => format!("envelopes-{}", self.day.0),
            number => format!("envelopes-{}.{number}", self.day.0),
        }
    }
}

/// A day whose envelopes are being copied.
pub(crate) struct Moving {
    pub(crate) day: Day,
    copy: Option<Keyspace>,
    removed: Vec<Vec<u8>>,
    added: bool,
}

impl Moving {
    pub(crate) fn of(day: Day) -> Self {
        Self { day, copy: None, removed: Vec::new(), added: false }
    }

    /// What happens to the day while it is copied.
    pub(crate) fn note(&mut self, change: &Change) {
        match change.value {
            Some(_) => self.added = true,
            None => self.removed.push(change.key.clone()),
        }
    }
}

/// The tables must have taken a flush by then.
const FLUSH: Duration = Duration::from_secs(120);

impl FjallShelf {
    pub(crate) fn copy_house(&self) -> Result<(), Cause> {
        let day =
            self.moving.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|moving| moving.day);
        let Some(day) = day else { return Ok(()) };
        let copy = self.with(|opened| copy(opened, day))?;
        if let Some(moving) = self.moving.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            moving.copy = copy;
        }
        Ok(())
    }

    pub(crate) fn change_house(&self) -> Result<bool, Cause> {
        let moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Moving { day, copy: Some(copy), removed, added }) = moving else { return Ok(false) };
        self.with(|opened| {
            if added {
                opened.database.delete_keyspace(copy).map_err(|_| Cause::Write)?;
                return Ok(false);
            }
            if !removed.is_empty() {
                let mut batch = opened.database.batch().durability(Some(PersistMode::SyncAll));
                for key in removed {
                    batch.remove(&copy, key);
                }
                batch.commit().map_err(|_| Cause::Write)?;
            }
            let old = opened.days.write().unwrap_or_else(PoisonError::into_inner).insert(day, copy);
            if let Some(old) = old {
                opened.database.delete_keyspace(old).map_err(|_| Cause::Write)?;
            }
            Ok(true)
        })
    }

    /// Rotates every memtable and waits until all are tables, but not for ever: a worker that failed would
    /// never say so.
    pub(crate) fn flush_all(&self) -> Result<(), Cause> {
        self.with(|opened| {
            let all = opened.all();
            for keyspace in &all {
                keyspace.rotate_memtable().map_err(|_| Cause::Write)?;
            }
            let begun = Instant::now();
            while all.iter().any(|keyspace| keyspace.sealed_memtable_count() > 0) {
                if begun.elapsed() > FLUSH {
                    return Err(Cause::Write);
                }
                std::thread::sleep(Duration::from_millis(2));
            }
            Ok(())
        })
    }
}

/// Writes the live rows of a day into its next house, straight into tables.
fn copy(opened: &Opened, day: Day) -> Result<Option<Keyspace>, Cause> {
    let old = opened.days.read().unwrap_or_else(PoisonError::into_inner).get(&day).cloned();
    let Some(old) = old else { return Ok(None) };
    let house = House::parse(old.name()).unwrap_or(House::first(day)).next();
    let copy = opened.database.keyspace(&house.name(), envelope_options).map_err(|_| Cause::Write)?;
    let filled = fill(&old, &copy);
    if filled.is_err() {
        opened.database.delete_keyspace(copy).map_err(|_| Cause::Write)?;
        return filled.map(|()| None);
    }
    Ok(Some(copy))
}

fn fill(old: &Keyspace, copy: &Keyspace) -> Result<(), Cause> {
    let mut ingestion = copy.start_ingestion().map_err(|_| Cause::Write)?;
    for guard in old.iter() {
        let (key, value) = guard.into_inner().map_err(|error| read_cause(&error))?;
        ingestion.write(key, value).map_err(|_| Cause::Write)?;
    }
    ingestion.finish().map_err(|_| Cause::Write)
}

/// Begins the next journal of a **closed** database, as fjall itself does when one is full: at the next open the
/// one before counts as sealed and goes as soon as the tables hold all of it. Whether they do, fjall judges.
pub(crate) fn start_journal(dir: &Path) -> io::Result<()> {
    let mut last = None;
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "jnl") {
            let number = path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok());
            last = last.max(number.map(|number| (number, path)));
        }
    }
    let Some((number, path)) = last else { return Ok(()) };
    File::open(&path)?.sync_all()?;
    let next = dir.join(format!("{}.jnl", number.saturating_add(1)));
    OpenOptions::new().write(true).create_new(true).open(next)?.sync_all()?;
    File::open(dir)?.sync_all()
}

/// Bytes that the files of a folder take on the disk, holes not counted.
pub(crate) fn allocated(dir: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    // Files come and go meanwhile; what cannot be looked at counts nothing.
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => allocated(&entry.path()),
        Ok(meta) => meta.blocks().saturating_mul(512),
        Err(_) => 0,
    });
    sizes.sum()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_house_is_found_by_its_name() {
        let first = House::first(Day(20_000));
        assert_eq!(
            (first.name().as_str(), House::parse("envelopes-20000")),
            ("envelopes-20000", Some(first))
        );
        assert_eq!(House::parse(&first.next().name()), Some(first.next()));
        assert!(first < first.next() && first.next() < House::first(Day(20_001)));
        assert_eq!(House::parse("mailboxes"), None);
        assert_eq!(House::parse("envelopes-1.x"), None);
    }
}
