//! The blocks of a table file of fjall, each with its checksum.
//!
//! ```text
//! block   = "LSM\x03" ‖ type u8 ‖ xxh3-128 of the payload ‖ len u32 ‖ len unpacked u32 ‖ checksum u32 ‖ payload
//! payload = entry* ‖ 255 ‖ … ‖ trailer[31], which begins with the restart interval u8   (type 0; packed with LZ4 or not)
//! entry   = type u8 ‖ number varint ‖ key ‖ (len varint ‖ value)?
//! key     = len varint ‖ bytes at every restart, else shared with the restart's varint ‖ len varint ‖ bytes
//! ```

use super::bytes::Left;
use super::tree::Known;
use crate::codec::unseal;

const MAGIC: [u8; 4] = *b"LSM\x03";
const HEAD_BYTES: usize = 33;
const TRAILER_BYTES: usize = 31;
const DATA: u8 = 0;
/// Closes the entries of a block.
const ENTRIES_END: u8 = 255;
/// No block of ours unpacks to more.
const UNPACKED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What is done with a key, the number of its entry, and what is known of it.
pub(super) type EachEntry<'f> = dyn FnMut(&[u8], u64, Known) + 'f;

/// What is wrong with a file of blocks.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Findings {
    /// Blocks of any kind that are not as they were written.
    pub(super) damaged: u64,
    /// Those among them in which rows may have stood.
    pub(super) with_rows: u64,
}

impl Findings {
    fn blame(&mut self, has_rows: bool) {
        self.damaged += 1;
        self.with_rows += u64::from(has_rows);
    }
}

/// Hands out every entry of every sound block, and of others every row that is sound by itself.
pub(super) fn entries(bytes: &[u8], each: &mut EachEntry<'_>) -> Findings {
    let mut at = 0;
    let mut findings = Findings::default();
    let mut has_rows = true;
    while let Some(place) = next(bytes, at) {
        // Blocks of rows come first, and without gaps.
        if place != at {
            if has_rows {
                findings.blame(true);
            }
            loose_rows(bytes.get(at..place).unwrap_or_default(), each);
        }
        let Some(block) = Block::at(bytes, place) else { break };
        has_rows &= block.kind == DATA;
        match block.payload() {
            Some(payload) if block.kind != DATA || read(&payload, each).is_some() => {}
            Some(_) => findings.blame(true),
            None => {
                findings.blame(block.kind == DATA);
                loose_rows(&block.unproven(), each);
            }
        }
        at = place.saturating_add(HEAD_BYTES).saturating_add(block.data.len());
    }
    // Other blocks always follow: what was cut off took them along.
    if has_rows {
        findings.blame(true);
    }
    findings
}

/// Where the next head stands that is one.
fn next(bytes: &[u8], from: usize) -> Option<usize> {
    (from..bytes.len()).find(|place| Block::at(bytes, *place).is_some())
}

struct Block<'a> {
    kind: u8,
    checksum: u128,
    unpacked: usize,
    data: &'a [u8],
}

impl<'a> Block<'a> {
    fn at(bytes: &'a [u8], at: usize) -> Option<Self> {
        let mut left = Left::of(bytes, at)?;
        let head = left.0;
        (left.array()? == MAGIC).then_some(())?;
        let (kind, checksum, len, unpacked) = (left.u8()?, left.u128()?, left.len()?, left.len()?);
        let sum = xxhash_rust::xxh3::xxh3_128(head.get(..HEAD_BYTES - 4)?).to_le_bytes();
        (sum.starts_with(&left.array::<4>()?)).then_some(())?;
        Some(Self { kind, checksum, unpacked, data: left.bytes(len)? })
    }

    /// What the block holds, if it is as it was written.
    fn payload(&self) -> Option<Vec<u8>> {
        (xxhash_rust::xxh3::xxh3_128(self.data) == self.checksum).then_some(())?;
        self.unpack()
    }

    /// What the block seems to hold.
    fn unproven(&self) -> Vec<u8> {
        self.unpack().unwrap_or_default()
    }

    fn unpack(&self) -> Option<Vec<u8>> {
        if self.unpacked == self.data.len() {
            return Some(self.data.to_vec());
        }
        (self.unpacked <= UNPACKED_BYTES_MAX).then_some(())?;
        lz4_flex::decompress(self.data, self.unpacked).ok()
    }
}

fn read(payload: &[u8], each: &mut EachEntry<'_>) -> Option<()> {
    let interval = usize::from(*payload.get(payload.len().checked_sub(TRAILER_BYTES)?)?);
    let mut left = Left(payload);
    let mut restart = Vec::new();
    for index in 0.. {
        let kind = left.u8()?;
        if kind == ENTRIES_END {
            break;
        }
        let number = left.varint()?;
        let key = if index % interval.max(1) == 0 {
            let len = left.varlen()?;
            restart = left.bytes(len)?.to_vec();
            restart.clone()
        } else {
            let (shared, len) = (left.varlen()?, left.varlen()?);
            [restart.get(..shared)?, left.bytes(len)?].concat()
        };
        each(&key, number, known(kind, &mut left)?);
    }
    Some(())
}

fn known(kind: u8, left: &mut Left<'_>) -> Option<Known> {
    if kind == 1 || kind == 2 {
        return Some(Known::Removed);
    }
    let len = left.varlen()?;
    let value = left.bytes(len)?;
    match kind {
        0 => Some(Known::Value(value.to_vec())),
        4 => {
            let mut left = Left(value);
            let (place, file) = (left.varint()?, left.varint()?);
            Some(Known::Apart { file, place, len: u32::try_from(left.varint()?).ok()? })
        }
        _ => None,
    }
}

/// Rows that prove themselves, wherever they stand: every value begins with its whole key. Nothing proves of a
/// removal that it is one; of values that lie apart the other file tells.
fn loose_rows(payload: &[u8], each: &mut EachEntry<'_>) {
    let mut left = Left(payload);
    while !left.0.is_empty() {
        let found = [true, false].into_iter().find_map(|is_whole_key| {
            let mut ahead = left;
            let (key, number, value) = loose_row(&mut ahead, is_whole_key)?;
            each(key, number, Known::Value(value.to_vec()));
            Some(ahead)
        });
        left = found.unwrap_or(Left(left.0.get(1..).unwrap_or_default()));
    }
}

fn loose_row<'a>(left: &mut Left<'a>, is_whole_key: bool) -> Option<(&'a [u8], u64, &'a [u8])> {
    (left.u8()? == 0).then_some(())?;
    let number = left.varint()?;
    let shared = if is_whole_key { 0 } else { left.varlen()? };
    let key_len = left.varlen()?;
    left.bytes(key_len)?;
    let len = left.varlen()?;
    let value = left.bytes(len)?;
    let key = value.get(1..1usize.checked_add(shared)?.checked_add(key_len)?)?;
    unseal(*value.first()?, key, value).map(|_| (key, number, value))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::codec::seal;

    /// A payload of two rows: the second shares a byte with the first.
    fn payload() -> Vec<u8> {
        let (one, two) = (seal(5, b"ka", &[b"one"]), seal(5, b"kb", &[b"two"]));
        let len = |row: &[u8]| u8::try_from(row.len()).unwrap();
        let mut payload = [&[0, 7, 2][..], b"ka", &[len(&one)], &one].concat();
        payload.extend([&[0, 8, 1, 1][..], b"b", &[len(&two)], &two, &[ENTRIES_END]].concat());
        payload.extend([16].iter().chain(&[0; TRAILER_BYTES - 1]));
        payload
    }

    fn block(kind: u8) -> Vec<u8> {
        let payload = payload();
        let len = u32::try_from(payload.len()).unwrap().to_le_bytes();
        let sum = xxhash_rust::xxh3::xxh3_128(&payload).to_le_bytes();
        let mut block = [&MAGIC[..], &[kind], &sum, &len, &len].concat();
        block.extend_from_slice(&xxhash_rust::xxh3::xxh3_128(&block).to_le_bytes()[..4]);
        block.extend(payload);
        block
    }

    fn keys(bytes: &[u8]) -> (Vec<Vec<u8>>, Findings) {
        let mut keys = Vec::new();
        let findings = entries(bytes, &mut |key, _, known| {
            let Known::Value(value) = known else { return };
            if unseal(5, key, &value).is_some() {
                keys.push(key.to_vec());
            }
        });
        (keys, findings)
    }

    #[test]
    fn a_flipped_byte_in_a_block_costs_at_most_the_row_it_hit() {
        let (one, end) = (block(DATA), block(1));
        let sound = [one.clone(), end.clone()].concat();
        assert_eq!(keys(&sound), (vec![b"ka".to_vec(), b"kb".to_vec()], Findings::default()));
        for place in 0..one.len() {
            let mut bad = [one.clone(), sound.clone()].concat();
            bad[place] ^= 0x41;
            let (keys, findings) = keys(&bad);
            assert!(keys.len() >= 3, "byte {place}: {keys:?}");
            assert_eq!(findings, Findings { damaged: 1, with_rows: 1 }, "byte {place}");
        }
    }

    #[test]
    fn what_holds_no_rows_is_not_counted_where_rows_may_be_missing() {
        let (one, end) = (block(DATA), block(1));
        let mut bad = [one.clone(), end.clone(), vec![0; 37], end.clone()].concat();
        assert_eq!(keys(&bad).1, Findings::default(), "what stands between other blocks is none");
        bad[one.len() + HEAD_BYTES + 1] ^= 1;
        assert_eq!(keys(&bad).1, Findings { damaged: 1, with_rows: 0 });
        for len in [0, 1, one.len()] {
            assert_eq!(keys(&bad[..len]).1, Findings { damaged: 1, with_rows: 1 }, "cut to {len}");
        }
    }
}
