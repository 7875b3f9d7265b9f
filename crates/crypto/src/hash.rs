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

fn finish(mut hasher: blake3::Hasher, label: Label, parts: &[&[u8]]) -> [u8; 32] {
    hasher.update(label.as_bytes());
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}
