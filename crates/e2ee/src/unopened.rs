//! Asking for messages by their envelopes: what arrived and does not open has no number that its recipient could name.

use core::fmt;

use wire::{Envelope, Reader, Writer};

use crate::content::ContentError;

/// Envelopes that one request names.
pub const UNOPENED_MAX: usize = 64;

/// The hash of an envelope (`spec/primitives.md`): by it, its sender finds what he sealed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvelopeHash(pub [u8; 16]);

impl EnvelopeHash {
    /// That of an envelope.
    pub fn of(envelope: &Envelope) -> Self {
        Self(crypto::envelope_hash(envelope.as_bytes()))
    }
}

impl fmt::Debug for EnvelopeHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("EnvelopeHash(..)")
    }
}

/// From 1 to [`UNOPENED_MAX`], rising: one encoding for a set.
pub(crate) fn is_well_formed(hashes: &[EnvelopeHash]) -> bool {
    (1..=UNOPENED_MAX).contains(&hashes.len()) && hashes.is_sorted_by(|one, other| one < other)
}

pub(crate) fn write(hashes: &[EnvelopeHash], out: &mut Writer) {
    hashes.iter().for_each(|hash| out.bytes(&hash.0));
}

pub(crate) fn read(input: &mut Reader<'_>) -> Result<Vec<EnvelopeHash>, ContentError> {
    let (hashes, rest) = input.rest().as_chunks();
    let hashes: Vec<_> = hashes.iter().copied().map(EnvelopeHash).collect();
    match rest.is_empty() && is_well_formed(&hashes) {
        true => Ok(hashes),
        false => Err(ContentError::Unopened),
    }
}
