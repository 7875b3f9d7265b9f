//! What an identity's signature is and what exactly is signed (`spec/primitives.md § Composite signature`).

use core::fmt;

use crate::label::Label;

/// Length of a composite signature: Ed25519 (64), then ML-DSA-65 (3,309).
pub const COMPOSITE_SIGNATURE_BYTES: usize = ED25519_SIGNATURE_BYTES + ML_DSA_SIGNATURE_BYTES;

const ED25519_SIGNATURE_BYTES: usize = 64;
pub(crate) const ML_DSA_SIGNATURE_BYTES: usize = 3_309;

/// The signature is not one by this key, over this message, for this purpose. Which half failed is not told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the signature does not hold")]
pub struct BadSignature;

/// An Ed25519 and an ML-DSA-65 signature over the same transcript. Only both together mean anything.
#[derive(Clone, PartialEq, Eq)]
pub struct CompositeSignature(Box<[u8; COMPOSITE_SIGNATURE_BYTES]>);

impl CompositeSignature {
    /// Takes the bytes as they are; whether they hold is for [`crate::PublicIdentity::verify`] to say.
    pub fn from_bytes(bytes: &[u8; COMPOSITE_SIGNATURE_BYTES]) -> Self {
        Self(Box::new(*bytes))
    }

    pub(crate) fn join(classical: &[u8; 64], post_quantum: &[u8]) -> Self {
        let mut bytes = Box::new([0; COMPOSITE_SIGNATURE_BYTES]);
        let (left, right) = bytes.split_at_mut(ED25519_SIGNATURE_BYTES);
        left.copy_from_slice(classical);
        right.copy_from_slice(post_quantum);
        Self(bytes)
    }

    /// The signature's bytes.
    pub fn to_bytes(&self) -> [u8; COMPOSITE_SIGNATURE_BYTES] {
        *self.0
    }

    /// The signature's bytes, in place.
    pub fn as_bytes(&self) -> &[u8; COMPOSITE_SIGNATURE_BYTES] {
        &self.0
    }

    /// The two halves, in the order in which they stand.
    pub(crate) fn halves(&self) -> (&[u8; 64], &[u8]) {
        self.0.split_first_chunk().expect("a composite signature is longer than 64 bytes")
    }
}

impl fmt::Debug for CompositeSignature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("CompositeSignature(..)")
    }
}

/// `leader ‖ len8 ‖ purpose ‖ signer ‖ len32 ‖ message`: what is signed in place of the message.
///
/// The leader tells which kind of key signs, `signer` which key, `purpose` what for; with both lengths
/// written, no two different inputs give one transcript.
pub(crate) fn transcript(leader: Label, purpose: Label, signer: &[u8; 32], message: &[u8]) -> Vec<u8> {
    let purpose = purpose.as_bytes();
    let purpose_len = u8::try_from(purpose.len()).expect("labels are at most 64 bytes (label.rs)");
    let message_len = u32::try_from(message.len()).expect("nothing that we sign is near 4 GiB");
    [leader.as_bytes(), &[purpose_len], purpose, signer, &message_len.to_be_bytes(), message].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_a_byte_between_purpose_and_message_changes_the_transcript() {
        let signer = [3; 32];
        let one = transcript(Label::SIGNATURE, Label::RECORD, &signer, b"\x01x");
        let other = transcript(Label::SIGNATURE, Label::RECORD, &signer, b"x\x01");
        assert_ne!(one, other);
        assert_ne!(one, transcript(Label::OWNER_SIGNATURE, Label::RECORD, &signer, b"\x01x"));
        assert_ne!(one, transcript(Label::SIGNATURE, Label::BUNDLE, &signer, b"\x01x"));
        assert_ne!(one, transcript(Label::SIGNATURE, Label::RECORD, &[4; 32], b"\x01x"));
    }

    #[test]
    fn a_signature_does_not_print() {
        assert_eq!(format!("{:?}", CompositeSignature::join(&[1; 64], &[2; 3309])), "CompositeSignature(..)");
    }
}
