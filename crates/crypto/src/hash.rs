//! Hashes with a purpose (`spec/primitives.md § Hashes`).

use sha2::{Digest, Sha256, Sha512};

use crate::label::Label;

/// SHA-256 over the parts one after the other. The caller sees to a label and to lengths.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

/// SHA-256 over bytes that come one piece at a time.
#[derive(Clone, Default)]
pub struct Sha256Stream(Sha256);

impl Sha256Stream {
    /// Over nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all of them.
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl core::fmt::Debug for Sha256Stream {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str("Sha256Stream(..)")
    }
}

/// SHA-512 over the parts one after the other. The caller sees to a label and to lengths.
pub fn sha512(parts: &[&[u8]]) -> [u8; 64] {
    let mut hasher = Sha512::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

/// The hash of a record's body: `H(record)` and `prev_hash`.
pub fn record_hash(body: &[u8]) -> [u8; 32] {
    sha256(&[Label::RECORD_HASH.as_bytes(), body])
}

/// What the relay keeps of a voucher.
pub fn voucher_hash(voucher: &[u8; 16]) -> [u8; 32] {
    blake3_of(Label::VOUCHER, &[voucher])
}

/// By what a doorstep knows an envelope again.
pub fn envelope_hash(envelope: &[u8]) -> [u8; 16] {
    first_half(blake3_of(Label::ENVELOPE_HASH, &[envelope]))
}

/// A name as a key of storage: without `key` one cannot tell whose it is.
pub fn keyed_name(key: &[u8; 32], name: &str) -> [u8; 32] {
    keyed(key, Label::NAME_KEY, &[name.as_bytes()])
}

/// BLAKE3 in keyed mode over label and parts one after the other. The caller sees to lengths.
pub fn keyed(key: &[u8; 32], label: Label, parts: &[&[u8]]) -> [u8; 32] {
    finish(blake3::Hasher::new_keyed(key), label, parts)
}

/// BLAKE3 over label and parts one after the other.
pub(crate) fn blake3_of(label: Label, parts: &[&[u8]]) -> [u8; 32] {
    finish(blake3::Hasher::new(), label, parts)
}

/// The first 16 of 32 bytes.
pub(crate) fn first_half(bytes: [u8; 32]) -> [u8; 16] {
    *bytes.first_chunk().expect("32 bytes begin with 16")
}

/// BLAKE3 hashes several chunks at once where it is given them at once. Behind a label by itself it would go on block
/// by block to the end of that chunk.
fn finish(hasher: blake3::Hasher, label: Label, parts: &[&[u8]]) -> [u8; 32] {
    let pieces = || core::iter::once(label.as_bytes()).chain(parts.iter().copied());
    let len = pieces().fold(0_usize, |len, piece| len.saturating_add(piece.len()));
    if (blake3::CHUNK_LEN..=WHOLE_BYTES_MAX).contains(&len) {
        return finish_whole(hasher, pieces());
    }
    in_pieces(hasher, pieces())
}

/// Pieces of at most so many bytes together are laid side by side: a small envelope and what surrounds it.
const WHOLE_BYTES_MAX: usize = 4_608;

fn finish_whole<'a>(mut hasher: blake3::Hasher, pieces: impl Iterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut whole = [0; WHOLE_BYTES_MAX];
    let mut free = whole.as_mut_slice();
    for piece in pieces {
        let (place, rest) = free.split_at_mut(piece.len());
        place.copy_from_slice(piece);
        free = rest;
    }
    let len = WHOLE_BYTES_MAX - free.len();
    hasher.update(whole.split_at(len).0).finalize().into()
}

fn in_pieces<'a>(mut hasher: blake3::Hasher, pieces: impl Iterator<Item = &'a [u8]>) -> [u8; 32] {
    for piece in pieces {
        hasher.update(piece);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_side_by_side_hash_to_what_they_hash_to_one_after_the_other() {
        let bytes: Vec<u8> = (0..20_000_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
        let around = [blake3::CHUNK_LEN, 2 * blake3::CHUNK_LEN, WHOLE_BYTES_MAX, 16_384];
        for len in around.into_iter().flat_map(|len| len - 60..len + 60) {
            let (one, rest) = bytes.split_at(len / 3);
            let parts = [one, &[], rest.split_at(len - len / 3).0];
            let pieces = || core::iter::once(Label::ENVELOPE_HASH.as_bytes()).chain(parts);
            let plain = in_pieces(blake3::Hasher::new(), pieces());
            assert_eq!(blake3_of(Label::ENVELOPE_HASH, &parts), plain, "{len} bytes");
            let key = [7; 32];
            let under_a_key = in_pieces(blake3::Hasher::new_keyed(&key), pieces());
            assert_eq!(keyed(&key, Label::ENVELOPE_HASH, &parts), under_a_key, "{len} bytes");
        }
    }
}
