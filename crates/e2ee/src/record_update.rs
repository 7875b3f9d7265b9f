//! A changed key, told by its owner inside the conversation (`spec/e2ee.md § Kinds`).

use crate::content::ContentError;
use wire::{Authority, CommitmentNonce, IdentityRecord, Reader, Wire, Writer};

/// A record that the key before signed, and where it stands in the log of its server. Nothing is checked here but its form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordUpdate {
    /// The record.
    pub record: IdentityRecord,
    /// Opens the leaf's commitment to it.
    pub commitment_nonce: CommitmentNonce,
    /// Place of the leaf.
    pub leaf_index: u64,
}

impl RecordUpdate {
    /// Whether the key before signed it: a first record, and one of the recovery key, are told by nobody.
    pub(crate) fn is_well_formed(&self) -> bool {
        self.record.body.seq > 0 && matches!(self.record.authority, Authority::Old(_))
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        self.record.write(out);
        self.commitment_nonce.write(out);
        out.u64(self.leaf_index);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, ContentError> {
        let (record, commitment_nonce) = (Wire::read(input)?, Wire::read(input)?);
        let update = Self { record, commitment_nonce, leaf_index: input.u64()? };
        if update.is_well_formed() { Ok(update) } else { Err(ContentError::RecordUpdate) }
    }
}
