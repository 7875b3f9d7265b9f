//! Where fjall keeps a table, how it moves, and how a journal ends.
//!
//! fjall drops a removed value when a compaction happens to meet it, and keeps with every row when it was written,
//! as a number that only grows. We promised a time for the first, and whoever seizes the disk shall not read from
//! the second who wrote after whom. So a table is written anew, in the order of its keys, under the next house
//! number, and the old one is dropped whole. Until that drop the old house has everything: after a crash the lowest
//! number counts.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use fjall::{Keyspace, PersistMode};
use wire::Day;

use crate::Cause;
use crate::embedded::{FjallShelf, Opened, read_cause};
use crate::shelf::{Change, Key, Table};

/// The keyspace of a table: its name, and `NAME.N` after it moved N times.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct House {
    pub(crate) table: Table,
    number: u32,
}

impl House {
    /// Where a table lies first.
    pub(crate) fn first(table: Table) -> Self {
        Self { table, number: 0 }
    }

    /// Where it moves next.
    fn next(self) -> Self {
        Self { table: self.table, number: self.number.wrapping_add(1) }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (name, number) = match name.split_once('.') {
            Some((name, number)) => (name, number.parse().ok()?),
            None => (name, 0),
        };
        let table = match name.strip_prefix("envelopes-") {
            Some(day) => Table::Envelopes(Day(day.parse().ok()?)),
            None => Table::FIXED.into_iter().find(|table| name_of(*table) == name)?,
        };
        Some(Self { table, number })
    }

    pub(crate) fn name(self) -> String {
        match self.number {
            0 => name_of(self.table),
            number => format!("{}.{number}", name_of(self.table)),
        }
    }
}

fn name_of(table: Table) -> String {
    match table {
        Table::Envelopes(day) => return format!("envelopes-{}", day.0),
        Table::Meta => "meta",
        Table::Mailboxes => "mailboxes",
        Table::Doorsteps => "doorsteps",
        Table::Spent => "spent",
        Table::Retries => "retries",
        Table::Names => "names",
        Table::Records => "records",
        Table::Bundles => "bundles",
        Table::Vouchers => "vouchers",
        Table::Invites => "invites",
        Table::Log => "log",
        Table::Suspended => "suspended",
    }
    .to_owned()
}

/// More than this happening to a table while it is copied, and the copy is given up.
const NOTED_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A table that is being copied.
pub(crate) struct Moving {
    pub(crate) table: Table,
    copy: Option<Keyspace>,
    noted: Vec<Change>,
    bytes: usize,
}

impl Moving {
    pub(crate) fn of(table: Table) -> Self {
        Self { table, copy: None, noted: Vec::new(), bytes: 0 }
    }

    /// What happens to the table while it is copied.
    pub(crate) fn note(&mut self, key: &[u8], value: Option<&[u8]>) {
        self.bytes = self.bytes.saturating_add(key.len() + value.map_or(0, <[u8]>::len));
        if self.is_given_up() {
            self.noted = Vec::new();
        } else {
            let value = value.map(<[u8]>::to_vec);
            self.noted.push(Change { table: self.table, key: Key::from_slice(key), value });
        }
    }

    fn is_given_up(&self) -> bool {
        self.bytes > NOTED_BYTES_MAX
    }
}

/// The tables must have taken a flush by then.
const FLUSH: Duration = Duration::from_secs(120);

impl FjallShelf {
    pub(crate) fn copy_house(&self) -> Result<(), Cause> {
        let moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(table) = moving.as_ref().map(|moving| moving.table) else { return Ok(()) };
        // Whoever commits meanwhile notes what he does there.
        drop(moving);
        let copy = self.with(|opened| copy(opened, table))?;
        if let Some(moving) = self.moving.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            moving.copy = copy;
        }
        Ok(())
    }

    pub(crate) fn change_house(&self) -> Result<bool, Cause> {
        let moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(moving) = moving else { return Ok(false) };
        let given_up = moving.is_given_up();
        let Moving { table, copy: Some(copy), noted, .. } = moving else { return Ok(false) };
        self.with(|opened| {
            if given_up {
                opened.keyspaces.delete(copy).map_err(|_| Cause::Write)?;
                return Ok(false);
            }
            if !noted.is_empty() {
                let mut batch = opened.database.batch().durability(Some(PersistMode::SyncAll));
                for change in noted {
                    match change.value {
                        Some(value) => batch.insert(&copy, change.key.as_slice(), value),
                        None => batch.remove(&copy, change.key.as_slice()),
                    }
                }
                batch.commit().map_err(|_| Cause::Write)?;
            }
            let old = opened.tables.write().unwrap_or_else(PoisonError::into_inner).insert(table, copy);
            if let Some(old) = old {
                opened.keyspaces.delete(old).map_err(|_| Cause::Write)?;
            }
            Ok(true)
        })
    }

    /// Rotates every memtable and waits until all are tables, but not for ever.
    pub(crate) fn flush_all(&self) -> Result<(), Cause> {
        self.with(|opened| {
            let all = opened.all();
            for keyspace in &all {
                keyspace.rotate_memtable().map_err(|_| Cause::Write)?;
            }
            let begun = Instant::now();
            while all.iter().any(|keyspace| keyspace.sealed_memtable_count() > 0) {
                // A worker that failed says so to whoever writes next, and to nobody who waits.
                opened.keyspaces.still_take_rows().map_err(|_| Cause::Write)?;
                if begun.elapsed() > FLUSH {
                    return Err(Cause::Write);
                }
                std::thread::sleep(Duration::from_millis(2));
            }
            Ok(())
        })
    }
}

/// Writes the rows of a table into its next house, straight into tables, where all have one number.
fn copy(opened: &Opened, table: Table) -> Result<Option<Keyspace>, Cause> {
    let Some(old) = opened.keyspace(table) else { return Ok(None) };
    let house = House::parse(old.name()).unwrap_or(House::first(table)).next();
    let copy = opened.keyspaces.open(house).map_err(|_| Cause::Write)?;
    let filled = fill(&old, &copy);
    if filled.is_err() {
        opened.keyspaces.delete(copy).map_err(|_| Cause::Write)?;
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
        let first = House::first(Table::Envelopes(Day(20_000)));
        assert_eq!(
            (first.name().as_str(), House::parse("envelopes-20000")),
            ("envelopes-20000", Some(first))
        );
        assert_eq!(House::parse(&first.next().name()), Some(first.next()));
        assert!(first < first.next() && first.next() < House::first(Table::Envelopes(Day(20_001))));
        for table in Table::FIXED {
            let second = House::first(table).next();
            assert_eq!((House::parse(&second.name()), second.number), (Some(second), 1));
        }
        assert_eq!(House::parse("strange"), None);
        assert_eq!(House::parse("envelopes-1.x"), None);
    }
}
