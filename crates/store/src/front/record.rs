//! A commit as the front log has it (`spec/storage.md § The front log`).
//!
//! ```text
//! record = len u32 ‖ confirmed u64 ‖ xxh3-64(len ‖ confirmed ‖ place u64) ‖ change* (len bytes) ‖ xxh3-64(change*),
//!          from a multiple of 512 bytes on
//! change = table u8 ‖ day u16 ‖ key len u8 ‖ value len u32 (all ones: removed) ‖ key ‖ value
//! ```
//!
//! Both checksums are seeded with the log's salt, the second with the record's place as well.

use std::io;

use wire::Day;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::backup::{Place, place_of, table_at};
use crate::codec::{Cut, unseal};
use crate::shelf::{Batch, Change, Key, Table};

/// Bytes of a record before its changes, and behind them.
pub(super) const HEAD_BYTES: usize = 20;
pub(super) const END_BYTES: usize = 8;
/// Records begin at multiples of this: what was synced is never written again, nor is what a disk writes in one.
pub(super) const STEP_BYTES: usize = 512;
/// Stands for the value of a row that was removed.
const REMOVED: u32 = u32::MAX;

/// Puts a batch into `record`, as it stands at this place of a log; what was in there goes.
pub(super) fn write(
    record: &mut Vec<u8>,
    batch: &Batch,
    confirmed: u64,
    place: u64,
    salt: u64,
) -> io::Result<()> {
    record.clear();
    record.resize(HEAD_BYTES, 0);
    for change in &batch.0 {
        write_change(record, change)?;
    }
    let len = u32::try_from(record.len().saturating_sub(HEAD_BYTES)).map_err(io::Error::other)?;
    let head = Head { len, confirmed }.bytes(place, salt);
    record.iter_mut().zip(head).for_each(|(to, from)| *to = from);
    let sum = sum(record.get(HEAD_BYTES..).unwrap_or_default(), place, salt);
    record.extend_from_slice(&sum);
    record.resize(record.len().next_multiple_of(STEP_BYTES), 0);
    Ok(())
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

/// How a record begins.
#[derive(Clone, Copy)]
pub(super) struct Head {
    /// Bytes of its changes.
    pub(super) len: u32,
    /// The log up to here was on stable storage when it was written; of a log's first record: the log before.
    pub(super) confirmed: u64,
}

impl Head {
    fn bytes(self, place: u64, salt: u64) -> [u8; HEAD_BYTES] {
        let mut said = [0; HEAD_BYTES];
        let fields = self.len.to_be_bytes().into_iter().chain(self.confirmed.to_be_bytes());
        said.iter_mut().zip(fields.clone().chain(place.to_be_bytes())).for_each(|(to, from)| *to = from);
        let check = xxh3_64_with_seed(&said, salt).to_be_bytes();
        said.iter_mut().zip(fields.chain(check)).for_each(|(to, from)| *to = from);
        said
    }

    /// `None`: no record begins here.
    pub(super) fn at(bytes: &[u8], at: usize, salt: u64) -> Option<Self> {
        let found = Cut(bytes.get(at..)?).array::<HEAD_BYTES>()?;
        let mut left = Cut(&found);
        let head = Self { len: left.u32()?, confirmed: left.u64()? };
        (found == head.bytes(at as u64, salt)).then_some(head)
    }
}

fn sum(changes: &[u8], place: u64, salt: u64) -> [u8; 8] {
    xxh3_64_with_seed(changes, salt ^ place).to_be_bytes()
}

/// What stands where a record begins.
pub(super) struct Record<'a> {
    pub(super) changes: &'a [u8],
    /// Where the next one begins.
    pub(super) end: usize,
    pub(super) is_whole: bool,
}

impl<'a> Record<'a> {
    /// `None`: no record begins here.
    pub(super) fn at(bytes: &'a [u8], at: usize, salt: u64) -> Option<Self> {
        let len = usize::try_from(Head::at(bytes, at, salt)?.len).ok()?;
        let mut left = Cut(bytes.get(at.checked_add(HEAD_BYTES)?..)?);
        let end = at.checked_add(HEAD_BYTES)?.checked_add(len)?.checked_add(END_BYTES)?;
        let changes = left.bytes(len.min(left.0.len()))?;
        let is_whole = left.array() == Some(sum(changes, at as u64, salt)) && changes.len() == len;
        Some(Self { changes, end: end.checked_next_multiple_of(STEP_BYTES)?, is_whole })
    }
}

/// The changes of a record that is whole.
pub(super) fn changes(bytes: &[u8]) -> impl Iterator<Item = Change> {
    let mut left = Cut(bytes);
    std::iter::from_fn(move || read_change(&mut left))
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
    Some(Change { table, key: Key::from_slice(key), value })
}

/// Whether a change proves by its own checksum that it is a row of ours.
fn is_sound(change: &Change) -> bool {
    let number = change.table.number();
    change.value.as_ref().is_some_and(|value| unseal(number, &change.key, value).is_some())
}

/// What a damaged record still holds. Rows prove themselves, of a removal nothing proves that it is one. Behind a
/// length that is wrong a stranger's bytes may stand, and so envelopes alone are taken: these come from anybody anyway.
pub(super) fn loose_rows(changes: &[u8], each: &mut dyn FnMut(Change)) {
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
