//! fjall's files of values that lie apart from their keys.
//!
//! ```text
//! value = "BLOB" ‖ xxh3-128 of key and value ‖ number u64 ‖ key len u16 ‖ len u32 ‖ len u32 ‖ key ‖ value
//! ```

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::bytes::Left;
use crate::codec::unseal;

const MAGIC: [u8; 4] = *b"BLOB";
const HEAD_BYTES: u64 = 38;
/// No value of ours is longer.
const VALUE_BYTES_MAX: u32 = 1024 * 1024;
/// The number of the table whose values lie apart.
const ENVELOPES: u8 = 4;

/// The files of values of one keyspace.
pub(super) struct Values {
    folder: PathBuf,
    open: BTreeMap<u64, Option<File>>,
}

impl Values {
    pub(super) fn of(keyspace: &Path) -> Self {
        Self { folder: keyspace.join("blobs"), open: BTreeMap::new() }
    }

    /// What stands at a place, unproven.
    pub(super) fn read(&mut self, file: u64, place: u64, key_len: usize, len: u32) -> Option<Vec<u8>> {
        let path = self.folder.join(file.to_string());
        let file = self.open.entry(file).or_insert_with(|| File::open(path).ok()).as_ref()?;
        let mut value = vec![0; usize::try_from(len.min(VALUE_BYTES_MAX)).ok()?];
        let place = place.checked_add(HEAD_BYTES)?.checked_add(key_len as u64)?;
        file.read_exact_at(&mut value, place).ok()?;
        Some(value)
    }
}

/// Hands out every sound envelope of a file: number, key, value.
pub(super) fn each<'a>(bytes: &'a [u8], each: &mut dyn FnMut(u64, &'a [u8], &'a [u8])) {
    let mut left = Left(bytes);
    while !left.0.is_empty() {
        let mut ahead = left;
        left = match value(&mut ahead) {
            Some((number, key, value)) => {
                each(number, key, value);
                ahead
            }
            None => Left(left.0.get(1..).unwrap_or_default()),
        };
    }
}

fn value<'a>(left: &mut Left<'a>) -> Option<(u64, &'a [u8], &'a [u8])> {
    (left.array()? == MAGIC).then_some(())?;
    left.u128()?;
    let (number, key_len) = (left.u64()?, usize::from(left.u16()?));
    let (_, len) = (left.len()?, left.len()?);
    let (key, value) = (left.bytes(key_len)?, left.bytes(len)?);
    unseal(ENVELOPES, key, value).map(|_| (number, key, value))
}
