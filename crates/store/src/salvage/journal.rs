//! A journal of fjall, read without fjall: batch after batch, around what is damaged.
//!
//! ```text
//! batch = 1 ‖ items u32 ‖ number u64 ‖ item* ‖ 3 ‖ xxh3-64(item*) u64 ‖ "FJL\x03"
//! item  = 2 ‖ type u8 ‖ compression u8 ‖ keyspace u64 ‖ key len u16 ‖ len u32 ‖ len u32 ‖ key ‖ value
//! ```
//!
//! fjall takes whatever does not parse for the torn end of a journal, cuts the file there and says nothing: one
//! wrong byte would cost everything behind it. So a journal is looked through here before fjall sees it.

use std::ops::Range;

use super::bytes::Left;
use crate::codec::unseal;

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const END_MAGIC: [u8; 4] = *b"FJL\x03";
/// Bytes before the items of a batch, and behind them.
const HEAD_BYTES: usize = 13;
const END_BYTES: usize = 13;
/// Types of items: a value, and two ways of removing one.
const VALUE: u8 = 0;
const REMOVED: [u8; 2] = [1, 2];
/// No key of ours is longer.
const KEY_BYTES_MAX: usize = 64;
/// Nobody outside decides about more bytes in a row than this: the largest envelope is far below.
const FOREIGN_BYTES_MAX: usize = 128 * 1024;
/// The number of the table of envelopes.
const ENVELOPES: u8 = 4;

/// One change of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Item<'a> {
    /// fjall's number of the keyspace.
    pub(crate) keyspace: u64,
    pub(crate) key: &'a [u8],
    /// `None` removes the row.
    pub(crate) value: Option<&'a [u8]>,
}

impl<'a> Item<'a> {
    fn read(left: &mut Left<'a>) -> Option<Self> {
        let head = ItemHead::read(left)?;
        let is_value = head.kind == VALUE;
        let is_item = head.tag == ITEM && (is_value || REMOVED.contains(&head.kind)) && head.compression == 0;
        (is_item && head.len == head.len_here).then_some(())?;
        let (key, value) = (left.bytes(head.key_len)?, left.bytes(head.len)?);
        Some(Self { keyspace: head.keyspace, key, value: is_value.then_some(value) })
    }

    /// Likewise where the head is wrong in one place: something that can follow must follow.
    fn guess(left: &mut Left<'a>) -> Option<Self> {
        let mut behind_head = *left;
        let head = ItemHead::read(&mut behind_head)?;
        for len in [head.len, head.len_here] {
            let mut rest = behind_head;
            let (Some(key), Some(value)) = (rest.bytes(head.key_len), rest.bytes(len)) else { continue };
            if rest.0.first().is_some_and(|next| [ITEM, END].contains(next)) {
                *left = rest;
                return Some(Self { keyspace: head.keyspace, key, value: Some(value) });
            }
        }
        None
    }

    /// Likewise where the length of the key is wrong: the row proves which one is right.
    fn with_other_key(left: &mut Left<'a>) -> Option<Self> {
        let mut behind_head = *left;
        let head = ItemHead::read_any(&mut behind_head)?;
        (0..=KEY_BYTES_MAX).find_map(|key_len| {
            let mut rest = behind_head;
            let (key, value) = (rest.bytes(key_len)?, rest.bytes(head.len)?);
            let item = Self { keyspace: head.keyspace, key, value: Some(value) };
            item.is_sound_row().then(|| {
                *left = rest;
                item
            })
        })
    }

    /// Whether it proves by its own checksum that it is a row of ours: then it counts without its batch.
    fn is_sound_row(&self) -> bool {
        let value = self.value.unwrap_or_default();
        value.first().is_some_and(|table| unseal(*table, self.key, value).is_some())
    }
}

struct ItemHead {
    tag: u8,
    kind: u8,
    compression: u8,
    keyspace: u64,
    key_len: usize,
    len: usize,
    len_here: usize,
}

impl ItemHead {
    fn read(left: &mut Left<'_>) -> Option<Self> {
        Self::read_any(left).filter(|head| head.key_len <= KEY_BYTES_MAX)
    }

    fn read_any(left: &mut Left<'_>) -> Option<Self> {
        let (tag, kind, compression) = (left.u8()?, left.u8()?, left.u8()?);
        let (keyspace, key_len) = (left.u64()?, usize::from(left.u16()?));
        let (len, len_here) = (left.len()?, left.len()?);
        Some(Self { tag, kind, compression, keyspace, key_len, len, len_here })
    }
}

/// What is wrong with a journal.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Findings {
    /// Stretches that are not as they were written.
    pub(crate) damaged: Vec<Range<usize>>,
    /// Batches whose number does not fit into its place. They are whole, and fjall would misplace them.
    pub(crate) misnumbered: u64,
    /// Bytes of a last batch that was never finished: what a kill or a power cut leaves.
    pub(crate) torn: usize,
}

impl Findings {
    pub(crate) fn is_damaged(&self) -> bool {
        !self.damaged.is_empty() || self.misnumbered > 0
    }
}

/// What is done with a number and the change under it.
pub(crate) type EachItem<'a, 'f> = dyn FnMut(u64, Item<'a>) + 'f;

/// Walks a journal. `each` gets what stands in whole batches, and of damaged ones every row that is sound by
/// itself; `last` is the number of the batch before, and then of the last one here.
pub(crate) fn walk<'a>(bytes: &'a [u8], last: &mut u64, each: &mut EachItem<'a, '_>) -> Findings {
    let mut findings = Findings::default();
    let mut at = 0;
    while at < bytes.len() {
        at = if let Some(batch) = Batch::at(bytes, at) {
            findings.misnumbered += u64::from(batch.number <= *last);
            // The order in the file is the order in which it happened.
            *last = batch.number.max(*last);
            batch.items.into_iter().for_each(|item| each(*last, item));
            batch.end
        } else if is_torn(bytes, at) {
            // Zeros are room that was made beforehand, and nothing was written there.
            let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            findings.torn = written.saturating_sub(at);
            bytes.len()
        } else {
            let end = pass(bytes, at, *last, each);
            findings.damaged.push(at..end);
            end
        };
    }
    findings
}

/// Hands out what a damaged batch still holds, and says where the next one begins.
fn pass<'a>(bytes: &'a [u8], at: usize, number: u64, each: &mut EachItem<'a, '_>) -> usize {
    let Some(mut left) = Left::of(bytes, at + HEAD_BYTES) else { return bytes.len() };
    let body = left.0;
    let mut items = Vec::new();
    let mut is_lost = false;
    while !is_lost && !left.0.is_empty() && !is_end(left, body) {
        let mut ahead = left;
        match Item::read(&mut ahead).or_else(|| {
            ahead = left;
            Item::guess(&mut ahead)
        }) {
            Some(item) if item.value.is_none() || item.is_sound_row() => {
                items.push(item);
                left = ahead;
            }
            unsound => match Item::with_other_key(&mut left) {
                Some(item) => items.push(item),
                None if unsound.is_some() => left = ahead,
                None => is_lost = true,
            },
        }
    }
    let body_len = body.len() - left.0.len();
    // If only head or end are damaged, the checksum still proves all; else nothing proves of a removal that it
    // is one, and rows prove themselves.
    let is_proven = left.0.get(1..9).is_some_and(|sum| *sum == checksum(body, body_len));
    items.into_iter().filter(|item| is_proven || item.is_sound_row()).for_each(|item| each(number, item));
    let behind = at + HEAD_BYTES + body_len;
    if !is_lost {
        return behind.saturating_add(END_BYTES).min(bytes.len());
    }
    let next = (at + 1..bytes.len()).find(|place| is_trusted(bytes, *place)).unwrap_or(bytes.len());
    loose_envelopes(bytes, at + 1..next, number, each);
    next
}

/// Whether an end mark stands here, with at most one of its parts wrong.
fn is_end(left: Left<'_>, body: &[u8]) -> bool {
    let Some(mark) = left.0.get(..END_BYTES) else { return false };
    match (mark.first() == Some(&END), mark.ends_with(&END_MAGIC)) {
        (true, true) => true,
        (false, false) => false,
        _ => mark.get(1..9) == Some(&checksum(body, body.len() - left.0.len())),
    }
}

fn checksum(body: &[u8], len: usize) -> [u8; 8] {
    xxhash_rust::xxh3::xxh3_64(body.get(..len).unwrap_or_default()).to_le_bytes()
}

/// Whether the batches from here on are the journal's. Envelopes are strangers' bytes, and one of them may look
/// like a batch of rows that its writer would like to see in the store. What follows behind it gives it away: it
/// cannot go on to the end of the file, nor for longer than an envelope is.
fn is_trusted(bytes: &[u8], place: usize) -> bool {
    let mut at = place;
    while let Some(batch) = Batch::at(bytes, at) {
        at = batch.end;
        if at == bytes.len() || at - place > FOREIGN_BYTES_MAX {
            return true;
        }
    }
    false
}

/// Envelopes where the frames around them are lost. Only envelopes: these may come from anybody anyway.
fn loose_envelopes<'a>(bytes: &'a [u8], stretch: Range<usize>, number: u64, each: &mut EachItem<'a, '_>) {
    let mut at = stretch.start;
    while at < stretch.end {
        let mut left = Left(bytes.get(at..stretch.end).unwrap_or_default());
        let is_envelope = |item: &Item<'_>| item.value.is_some_and(|value| value.first() == Some(&ENVELOPES));
        match Item::read(&mut left).filter(is_envelope).filter(Item::is_sound_row) {
            Some(row) => {
                at = stretch.end - left.0.len();
                each(number, row);
            }
            None => at += 1,
        }
    }
}

struct Batch<'a> {
    number: u64,
    items: Vec<Item<'a>>,
    end: usize,
}

impl<'a> Batch<'a> {
    /// The batch that begins here, if it is whole.
    fn at(bytes: &'a [u8], at: usize) -> Option<Self> {
        let mut left = Left::of(bytes, at)?;
        (left.u8()? == START).then_some(())?;
        let (count, number) = (left.u32()?, left.u64()?);
        let body = left.0;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(Item::read(&mut left)?);
        }
        let sum = checksum(body, body.len() - left.0.len());
        let is_end = left.u8()? == END && left.array::<8>()? == sum && left.array::<4>()? == END_MAGIC;
        is_end.then_some(Self { number, items, end: bytes.len() - left.0.len() })
    }
}

/// Whether what stands here is a last batch that was cut off: well formed up to where the file ends, or up to
/// where a file system left zeros for what never reached the disk.
fn is_torn(bytes: &[u8], at: usize) -> bool {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let Some(batch) = bytes.get(at..end) else { return true };
    let mut left = Left(batch);
    match left.u8() {
        None => return true,
        Some(START) => {}
        Some(_) => return false,
    }
    let (Some(count), Some(_)) = (left.u32(), left.u64()) else { return true };
    for _ in 0..count {
        let before = left;
        if Item::read(&mut left).is_none() {
            return is_cut_item(before);
        }
    }
    left.0.first().is_none_or(|tag| *tag == END) && left.0.len() < END_BYTES
}

/// Whether this begins like an item and only its end is missing.
fn is_cut_item(mut left: Left<'_>) -> bool {
    let fits = |byte: Option<u8>, allowed: &[u8]| byte.is_none_or(|byte| allowed.contains(&byte));
    let is_head = fits(left.u8(), &[ITEM]) && fits(left.u8(), &[VALUE, 1, 2]) && fits(left.u8(), &[0]);
    match (left.u64(), left.u16(), left.len(), left.len()) {
        (Some(_), Some(key_len), Some(len), Some(len_here)) => {
            let key_len = usize::from(key_len);
            let is_short = left.0.len() < key_len.saturating_add(len);
            is_head && key_len <= KEY_BYTES_MAX && len == len_here && is_short
        }
        _ => is_head,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::codec::seal;

    fn batch(number: u64, rows: &[(&[u8], Option<Vec<u8>>)]) -> Vec<u8> {
        let mut body = Vec::new();
        for (key, value) in rows {
            body.extend([ITEM, if value.is_some() { VALUE } else { REMOVED[0] }, 0]);
            body.extend(7u64.to_le_bytes());
            body.extend(u16::try_from(key.len()).unwrap().to_le_bytes());
            let value = value.clone().unwrap_or_default();
            let len = u32::try_from(value.len()).unwrap().to_le_bytes();
            body.extend([len, len].concat());
            body.extend([*key, &value].concat());
        }
        let count = u32::try_from(rows.len()).unwrap();
        let mut all = [&[START][..], &count.to_le_bytes(), &number.to_le_bytes(), &body].concat();
        all.push(END);
        all.extend(xxhash_rust::xxh3::xxh3_64(&body).to_le_bytes());
        all.extend(END_MAGIC);
        all
    }

    fn row(key: &[u8]) -> (&[u8], Option<Vec<u8>>) {
        (key, Some(seal(5, key, &[b"some body"])))
    }

    fn three() -> Vec<u8> {
        let removed: (&[u8], _) = (b"b", None);
        [batch(4, &[row(b"a"), row(b"b")]), batch(5, &[row(b"c"), removed]), batch(6, &[row(b"d")])].concat()
    }

    fn keys(bytes: &[u8]) -> (Vec<Vec<u8>>, Findings) {
        let mut keys = Vec::new();
        let findings = walk(bytes, &mut 0, &mut |_, item| {
            if item.value.is_some() {
                keys.push(item.key.to_vec());
            }
        });
        (keys, findings)
    }

    #[test]
    fn whole_batches_are_read_in_order() {
        let (keys, findings) = keys(&three());
        assert_eq!(
            (keys, findings),
            ([b"a", b"b", b"c", b"d"].map(|key| key.to_vec()).into(), Findings::default())
        );
    }

    #[test]
    fn a_flipped_byte_costs_at_most_the_row_it_hit_and_is_noticed() {
        let sound = three();
        let last = batch(6, &[row(b"d")]).len();
        for place in 0..sound.len() {
            let mut bad = sound.clone();
            bad[place] ^= 0x41;
            let (keys, findings) = keys(&bad);
            assert!(keys.len() >= 3, "byte {place}: {keys:?}");
            // A length or the end mark of the very last batch can look as if the end were missing.
            // The number of the very last batch may be any that is higher: nothing depends on it.
            let begin = sound.len() - last;
            let is_number = (begin + 5..begin + 13).contains(&place);
            let is_noticed = findings.is_damaged() || findings.torn > 0 || is_number;
            let may_look_torn = place >= begin;
            assert!(is_noticed && (findings.torn == 0 || may_look_torn), "byte {place}: {findings:?}");
        }
    }

    #[test]
    fn what_a_kill_leaves_is_torn_and_not_damaged() {
        let sound = three();
        let kept = sound.len() - batch(6, &[row(b"d")]).len();
        for len in kept + 1..sound.len() {
            for zeros in [0, 4_096] {
                let cut = [&sound[..len], &vec![0; zeros]].concat();
                let (keys, findings) = keys(&cut);
                assert_eq!((keys.len(), findings.is_damaged()), (3, false), "{len} {zeros}");
                let written = cut.iter().rposition(|byte| *byte != 0).unwrap() + 1;
                assert_eq!(findings.torn, written - kept, "{len} {zeros}");
            }
        }
    }

    #[test]
    fn room_that_was_made_beforehand_is_not_an_unfinished_write() {
        let (keys, findings) = keys(&[three(), vec![0; 4_096]].concat());
        assert_eq!((keys.len(), findings), (4, Findings::default()));
    }

    #[test]
    fn an_envelope_that_looks_like_a_batch_of_rows_is_not_taken_for_one() {
        let forged = batch(9, &[row(b"forged")]);
        let carrier: (&[u8], _) =
            (b"carrier", Some(seal(ENVELOPES, b"carrier", &[&forged.repeat(3), b"tail"])));
        let sound = [batch(4, &[row(b"a"), carrier]), batch(5, &[row(b"c")])].concat();
        for place in 0..sound.len() - batch(5, &[row(b"c")]).len() {
            let mut bad = sound.clone();
            bad[place] ^= 0x41;
            let (keys, findings) = keys(&bad);
            assert!(!keys.contains(&b"forged".to_vec()), "byte {place}");
            assert!(keys.contains(&b"c".to_vec()) && findings.is_damaged(), "byte {place}: {keys:?}");
        }
    }

    #[test]
    fn a_batch_with_an_older_number_is_noticed() {
        let (_, findings) = keys(&[batch(4, &[row(b"a")]), batch(3, &[row(b"b")])].concat());
        assert_eq!(findings.misnumbered, 1);
    }
}
