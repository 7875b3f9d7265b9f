//! What stands before the tables: a log that is synced at each commit, and the same in memory until tables have it.
//!
//! Most of what a relay stores is acked within the second. Here it costs one write to the log, and is gone from memory
//! before a table hears of it. What stays longer is *settled*: written into tables in one go, in the order of its keys,
//! by a thread of its own; then its log's file becomes the next log, and what stood there is written over.

mod found;
mod log;
mod record;
mod sheet;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;

use bytes::Bytes;
use wire::Day;

pub(crate) use found::read;
pub(crate) use sheet::{Line, Sheet};

use crate::Cause;
use crate::embedded::FjallShelf;
use crate::opening::{self, OpenError};
use crate::shelf::{Batch, Durability, EachRow, FrozenShelf, Rows, Shelf, Table};
use found::Found;
use log::Log;

/// From this on a sheet is shut and settled. A smaller one writes more of what is acked soon.
const SHEET_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Likewise a log, however little of it is still wanted.
const LOG_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// At so many times as much of either, whoever commits waits until the sheet before is settled.
const BEHIND_MAX: u32 = 2;

/// As much as whoever answers people is preferred to whoever tidies up behind him, of 19 that there are.
const NICE: i32 = 5;

/// Lets everybody else go before this thread, where the system allows that.
pub(crate) fn give_way() {
    // Where it does not, all are equal, as they were.
    let _ = rustix::process::setpriority_process(None, NICE);
}

/// The tables, and what stands before them.
pub struct FrontShelf {
    front: Arc<Front>,
    settler: Option<JoinHandle<()>>,
}

struct Front {
    below: FjallShelf,
    dir: PathBuf,
    sheets: RwLock<Sheets>,
    /// Where the open sheet's changes stand.
    log: Mutex<Log>,
    /// The next one, made beforehand: that takes syncs for which no deposit shall wait.
    next: Mutex<Option<Log>>,
    /// One settles at a time.
    settling: Mutex<()>,
    /// What the settler is to do, and who waits for it.
    bell: Mutex<Bell>,
    rung: Condvar,
    settled: Condvar,
    /// After a failure nothing is known of the disk.
    failed: AtomicBool,
    torn: u64,
}

/// What no table has yet.
#[derive(Default)]
struct Sheets {
    open: Sheet,
    /// Bytes of the open sheet's log.
    logged: u64,
    shut: Option<Shut>,
}

/// What becomes of the file of a log that was settled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Old {
    /// It is a log again. What stood there stays until it is written over.
    Reused,
    /// It goes.
    Deleted,
}

/// A sheet that takes nothing more and is being settled.
#[derive(Clone)]
struct Shut {
    sheet: Arc<Sheet>,
    log: PathBuf,
}

#[derive(Default)]
struct Bell {
    is_due: bool,
    is_over: bool,
}

impl Sheets {
    /// Whether the open sheet or its log is so many times as large as one that is shut.
    fn is_full(&self, times: u32) -> bool {
        let sheet_max = SHEET_BYTES_MAX.saturating_mul(times as usize);
        self.open.bytes() > sheet_max || self.logged > LOG_BYTES_MAX.saturating_mul(times.into())
    }

    /// What they say of a row, if anything.
    fn get(&self, table: Table, key: &[u8]) -> Option<Line> {
        let shut = self.shut.as_ref();
        self.open.get(table, key).or_else(|| shut?.sheet.get(table, key)).cloned()
    }

    /// The older first.
    fn each(&self) -> impl Iterator<Item = &Sheet> {
        self.shut.iter().map(|shut| &*shut.sheet).chain([&self.open])
    }

    /// What they say of the rows of a table, between two keys.
    fn between(&self, table: Table, from: &[u8], until: &[u8]) -> BTreeMap<Vec<u8>, Line> {
        let mut lines = BTreeMap::new();
        for sheet in self.each() {
            lines.extend(sheet.range(table, from, until).map(|(key, line)| (key.to_vec(), line.clone())));
        }
        lines
    }

    /// What they say of all rows of a table.
    fn of(&self, table: Table) -> BTreeMap<Vec<u8>, Line> {
        let mut lines = BTreeMap::new();
        for sheet in self.each() {
            lines.extend(sheet.rows(table).map(|(key, line)| (key.to_vec(), line.clone())));
        }
        lines
    }

    fn tables(&self) -> BTreeSet<Table> {
        self.each().flat_map(Sheet::tables).map(|(table, _)| table).collect()
    }
}

impl FrontShelf {
    /// Opens tables and logs; what only the logs have is in tables when this returns.
    pub(crate) fn open(dir: &Path, reserve_bytes: u64) -> Result<Self, OpenError> {
        let io = |source| OpenError::Io { path: dir.to_path_buf(), source };
        // Who writes to it now would look like damage.
        opening::unused(dir)?;
        let mut sheet = Sheet::default();
        let found = read(dir, &mut |change| sheet.take_again(change)).map_err(io)?;
        if let Some(damaged) = found.damaged.first().cloned() {
            return Err(OpenError::Damaged(damaged));
        }
        let below = FjallShelf::open_ended(dir, reserve_bytes, found.ended)?;
        if !sheet.is_empty() {
            below.settle(&sheet).map_err(|cause| OpenError::of_cause(dir, cause))?;
        }
        for log in found.in_order_of_deletion() {
            Found::delete(&log.path).map_err(io)?;
        }
        Found::delete_spare(dir).map_err(io)?;
        let number = found.logs.last().map_or(1, |log| log.number.saturating_add(1));
        let log = Log::make(dir, number).map_err(io)?;
        let next = Log::make(dir, number.saturating_add(1)).map_err(io)?;
        let front = Arc::new(Front {
            below,
            dir: dir.to_path_buf(),
            sheets: RwLock::default(),
            log: Mutex::new(log),
            next: Mutex::new(Some(next)),
            settling: Mutex::new(()),
            bell: Mutex::default(),
            rung: Condvar::new(),
            settled: Condvar::new(),
            failed: AtomicBool::new(false),
            torn: found.torn,
        });
        let to_settle = front.clone();
        let settler =
            std::thread::Builder::new().name("settler".into()).spawn(move || to_settle.settle_when_due());
        Ok(Self { front, settler: Some(settler.map_err(io)?) })
    }

    /// Writes everything that stands before the tables into them.
    pub(crate) fn settle(&self) -> Result<(), Cause> {
        self.front.settle_all()
    }

    /// Bytes of a commit that an earlier process did not finish.
    pub(crate) fn torn(&self) -> u64 {
        self.front.torn.saturating_add(self.front.below.torn())
    }
}

impl Drop for FrontShelf {
    fn drop(&mut self) {
        self.front.bell().is_over = true;
        self.front.rung.notify_all();
        // It ends after the sheet that it has in hand; one that failed has said so to whoever committed.
        self.settler.take().map(JoinHandle::join);
        if self.front.running().is_ok() {
            // Whatever is missing from now on was taken. A log that does not say so is one of a process that was killed,
            // which is what it comes to where this fails.
            let _ = self.front.end();
        }
    }
}

impl Front {
    fn sheets(&self) -> RwLockReadGuard<'_, Sheets> {
        self.sheets.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn sheets_mut(&self) -> RwLockWriteGuard<'_, Sheets> {
        self.sheets.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> MutexGuard<'_, Option<Log>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bell(&self) -> MutexGuard<'_, Bell> {
        self.bell.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> Result<(), Cause> {
        match self.failed.load(Ordering::Acquire) {
            true => Err(Cause::Stopped),
            false => Ok(()),
        }
    }

    /// Notes a failure for good.
    fn failed(&self, cause: Cause) -> Cause {
        self.failed.store(true, Ordering::Release);
        let _bell = self.bell();
        self.settled.notify_all();
        cause
    }

    fn commit(&self, batch: Batch, durability: Durability) -> Result<(), Cause> {
        self.wait_for_room()?;
        // Files of a directory that was moved or deleted take what is written, and nobody will ever find it.
        if durability == Durability::Synced && !self.below.is_in_place() {
            return Err(Cause::Write);
        }
        self.below.note_touched(&batch);
        let is_shut = self.put(batch, durability).map_err(|_| self.failed(Cause::Write))?;
        if is_shut {
            self.bell().is_due = true;
            self.rung.notify_one();
        }
        Ok(())
    }

    /// Writes a batch to the log, shows it, and shuts the sheet where it is full: `true`.
    fn put(&self, batch: Batch, durability: Durability) -> io::Result<bool> {
        let mut log = self.log();
        log.append(&batch)?;
        if durability == Durability::Synced {
            log.sync()?;
        }
        let mut sheets = self.sheets_mut();
        sheets.open.take(batch);
        sheets.logged = log.len();
        let is_shut = sheets.is_full(1) && sheets.shut.is_none();
        if is_shut {
            self.shut(&mut log, &mut sheets)?;
        }
        Ok(is_shut)
    }

    /// Waits while much more is committed than settled.
    fn wait_for_room(&self) -> Result<(), Cause> {
        self.running()?;
        while self.is_behind() {
            let bell = self.bell();
            // Looked at again under the lock under which the settler rings.
            if self.is_behind() {
                drop(self.settled.wait(bell).unwrap_or_else(PoisonError::into_inner));
            }
            self.running()?;
        }
        Ok(())
    }

    fn is_behind(&self) -> bool {
        let sheets = self.sheets();
        sheets.shut.is_some() && sheets.is_full(BEHIND_MAX)
    }

    /// Shuts the open sheet and begins the next log. The one before is whole on the disk by then.
    fn shut(&self, log: &mut Log, sheets: &mut Sheets) -> io::Result<()> {
        log.sync()?;
        let mut next = match self.next().take() {
            Some(next) => next,
            None => Log::make(&self.dir, log.number().saturating_add(1))?,
        };
        next.follow(log);
        let sheet = Arc::new(std::mem::take(&mut sheets.open));
        sheets.logged = 0;
        sheets.shut = Some(Shut { sheet, log: log.path().to_path_buf() });
        *log = next;
        Ok(())
    }

    /// Settles the sheet that is shut, if one is. The caller holds the right to settle.
    fn settle_shut(&self, old: Old) -> Result<(), Cause> {
        let Some(shut) = self.sheets().shut.clone() else { return Ok(()) };
        let stops = |cause| if cause == Cause::DiskFull { Cause::Write } else { cause };
        self.below.settle(&shut.sheet).map_err(|cause| self.failed(stops(cause)))?;
        self.make_next(&shut.log, old).map_err(|_| self.failed(Cause::Write))?;
        // The last to hold it lets go of it here, while nobody waits.
        self.sheets_mut().shut = None;
        let _bell = self.bell();
        self.settled.notify_all();
        Ok(())
    }

    /// Makes the next log while the one in use is far from full.
    fn make_next(&self, settled: &Path, old: Old) -> io::Result<()> {
        let number = self.log().number().saturating_add(1);
        let mut next = self.next();
        if old == Old::Reused && next.is_none() {
            *next = Some(Log::make_of(settled, number)?);
            return Ok(());
        }
        Found::delete(settled)?;
        if next.is_none() {
            *next = Some(Log::make(&self.dir, number)?);
        }
        Ok(())
    }

    /// Says in the log that it ends here, and in the next one how much that is, where the journal ends, and which logs there
    /// are: what is cut off or gone cannot say that itself. Leaves nothing of what stood in the files before.
    fn end(&self) -> io::Result<()> {
        let mut log = self.log();
        log.end()?;
        let number = log.number();
        let first = match (self.sheets().shut.is_some(), log.len() > 0) {
            (true, _) => number.saturating_sub(1),
            (false, true) => number,
            (false, false) => number.saturating_add(1),
        };
        let ended = self.below.end(first).map_err(io::Error::other)?;
        let mut next = match self.next().take() {
            Some(next) => next,
            None => Log::make(&self.dir, number.saturating_add(1))?,
        };
        next.follow(&log);
        next.append(&Batch(vec![ended.change()]))?;
        next.end()
    }

    fn settle_all(&self) -> Result<(), Cause> {
        let _settling = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
        self.settle_all_alone()
    }

    /// Likewise for who has the right to settle.
    fn settle_all_alone(&self) -> Result<(), Cause> {
        self.running()?;
        self.settle_shut(Old::Deleted)?;
        self.shut_now().map_err(|_| self.failed(Cause::Write))?;
        self.settle_shut(Old::Deleted)?;
        // The log that came next may be in a file that was used before; the one after it is not.
        if self.log().is_reused() {
            self.shut_now().map_err(|_| self.failed(Cause::Write))?;
            self.settle_shut(Old::Deleted)?;
        }
        Ok(())
    }

    /// Shuts the open sheet if the last is settled, and its log, or the file of one, says anything.
    fn shut_now(&self) -> io::Result<()> {
        let mut log = self.log();
        let mut sheets = self.sheets_mut();
        let is_reused = log.is_reused() || self.next().as_ref().is_some_and(Log::is_reused);
        match (log.len() > 0 || is_reused) && sheets.shut.is_none() {
            true => self.shut(&mut log, &mut sheets),
            false => Ok(()),
        }
    }

    /// The settler's thread.
    fn settle_when_due(&self) {
        give_way();
        let _watch = Watch(self);
        loop {
            {
                let mut bell = self.bell();
                while !bell.is_due && !bell.is_over {
                    bell = self.rung.wait(bell).unwrap_or_else(PoisonError::into_inner);
                }
                if bell.is_over {
                    return;
                }
                bell.is_due = false;
            }
            let _settling = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
            if self.settle_shut(Old::Reused).is_err() {
                return;
            }
        }
    }
}

/// Whoever waits for a settler that died is told.
struct Watch<'a>(&'a Front);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.failed(Cause::Write);
        }
    }
}

impl Shelf for FrontShelf {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, Cause> {
        let said = self.front.sheets().get(table, key);
        match said {
            Some(line) => Ok(line),
            None => self.front.below.get(table, key),
        }
    }

    fn scan(&self, table: Table, from: &[u8], until: &[u8], max: usize) -> Result<Rows, Cause> {
        let sheets = self.front.sheets();
        let lines = sheets.between(table, from, until);
        let wanted = max.saturating_add(lines.values().filter(|line| line.is_none()).count());
        let found = self.front.below.scan(table, from, until, wanted)?;
        drop(sheets);
        // Where the tables have more than was asked for, nothing is known of what comes behind the last row.
        let last = found.last().filter(|_| found.len() >= wanted).map(|(key, _)| key.clone());
        let mut rows: BTreeMap<_, _> = found.into_iter().collect();
        for (key, line) in lines {
            match line {
                Some(value) => rows.insert(key, Some(value.to_vec())),
                None => rows.remove(&key),
            };
        }
        let is_known = |key: &[u8]| last.as_deref().is_none_or(|last| key <= last);
        Ok(rows.into_iter().filter(|(key, _)| is_known(key)).take(max).collect())
    }

    fn keys(&self, table: Table, each: &mut dyn FnMut(&[u8])) -> Result<(), Cause> {
        let sheets = self.front.sheets();
        let mut lines = sheets.of(table).into_iter().peekable();
        self.front.below.keys(table, &mut |key| {
            while let Some((above, line)) = lines.next_if(|(above, _)| above.as_slice() < key) {
                line.is_some().then(|| each(&above));
            }
            match lines.next_if(|(above, _)| above == key) {
                Some((_, None)) => {}
                Some((_, Some(_))) | None => each(key),
            }
        })?;
        lines.filter(|(_, line)| line.is_some()).for_each(|(key, _)| each(&key));
        Ok(())
    }

    fn commit(&self, batch: Batch, durability: Durability) -> Result<(), Cause> {
        self.front.commit(batch, durability)
    }

    fn has_room(&self, bytes: u64) -> bool {
        self.front.below.has_room(bytes)
    }

    fn has_spare(&self, bytes: u64) -> bool {
        self.front.below.has_spare(bytes)
    }

    fn envelope_days(&self) -> Vec<Day> {
        let sheets = self.front.sheets();
        let mut days: BTreeSet<Day> = self.front.below.envelope_days().into_iter().collect();
        for table in sheets.tables() {
            if let Table::Envelopes(day) = table
                && sheets.each().any(|sheet| sheet.rows(table).any(|(_, line)| line.is_some()))
            {
                days.insert(day);
            }
        }
        days.into_iter().collect()
    }

    fn drop_day(&self, day: Day) -> Result<(), Cause> {
        // Otherwise what stands before the table would make it again.
        self.settle()?;
        self.front.below.drop_day(day)
    }

    fn take_touched(&self) -> BTreeMap<Table, u64> {
        self.front.below.take_touched()
    }

    fn touch(&self, tables: BTreeMap<Table, u64>) {
        self.front.below.touch(tables);
    }

    fn touched_rows(&self) -> u64 {
        self.front.below.touched_rows()
    }

    fn begin_move(&self, table: Table) {
        // What was removed until now is not copied. If that fails, every later call says so.
        if self.settle().is_ok() {
            self.front.below.begin_move(table);
        }
    }

    fn copy_moved(&self) -> Result<(), Cause> {
        self.front.running()?;
        self.front.below.copy_moved()
    }

    fn end_move(&self) -> Result<bool, Cause> {
        let _settling = self.front.settling.lock().unwrap_or_else(PoisonError::into_inner);
        self.front.running()?;
        self.front.below.end_move()
    }

    fn flush(&self) -> Result<(), Cause> {
        self.settle()?;
        self.front.below.flush()
    }

    fn table_bytes(&self, table: Table) -> u64 {
        self.front.below.table_bytes(table)
    }

    fn renew_journal(&self) -> Result<(), Cause> {
        let _settling = self.front.settling.lock().unwrap_or_else(PoisonError::into_inner);
        self.front.settle_all_alone()?;
        self.front.below.renew_journal()
    }

    fn disk_bytes(&self) -> u64 {
        self.front.below.disk_bytes()
    }

    fn freeze(&self) -> Result<Box<dyn FrozenShelf>, Cause> {
        // Nothing is settled to its end while this is held.
        let sheets = self.front.sheets();
        let tables = sheets.tables().into_iter().map(|table| (table, sheets.of(table)));
        let lines = tables.collect();
        Ok(Box::new(Frozen { lines, below: self.front.below.freeze()? }))
    }

    fn is_frozen(&self) -> bool {
        self.front.below.is_frozen()
    }
}

/// The tables of one moment, and what stood before them.
struct Frozen {
    lines: BTreeMap<Table, BTreeMap<Vec<u8>, Line>>,
    below: Box<dyn FrozenShelf>,
}

impl FrozenShelf for Frozen {
    fn rows(&self, each: &mut EachRow<'_>) -> Result<u64, Cause> {
        let mut is_over = false;
        let damaged_blocks = self.below.rows(&mut |table, key, value| {
            if self.lines.get(&table).is_some_and(|lines| lines.contains_key(key)) {
                return ControlFlow::Continue(());
            }
            let flow = each(table, key, value);
            is_over = flow.is_break();
            flow
        })?;
        for (table, lines) in &self.lines {
            for (key, line) in lines {
                if is_over {
                    return Ok(damaged_blocks);
                }
                let Some(value) = line else { continue };
                is_over = each(*table, key, Some(value)).is_break();
            }
        }
        Ok(damaged_blocks)
    }
}
