//! Ed25519 as we accept it: strict keys, strict signatures (`spec/primitives.md § Ed25519`).

use ed25519_dalek::{Signature, VerifyingKey};

use crate::signature::BadSignature;

/// A public key that no honest person made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadKey {
    /// The Ed25519 half is not a point of the curve.
    #[error("the key is not a point of the curve")]
    NotAPoint,
    /// The same point has another encoding; one key would have two fingerprints.
    #[error("the key is not written in its only allowed form")]
    NotCanonical,
    /// Under such a key one signature fits nearly every message.
    #[error("the key has small order")]
    SmallOrder,
}

/// Parses a public key: canonical, and not of small order.
pub(crate) fn parse(bytes: &[u8; 32]) -> Result<VerifyingKey, BadKey> {
    let key = VerifyingKey::from_bytes(bytes).map_err(|_| BadKey::NotAPoint)?;
    if key.to_edwards().compress().as_bytes() != bytes {
        return Err(BadKey::NotCanonical);
    }
    if key.is_weak() {
        return Err(BadKey::SmallOrder);
    }
    Ok(key)
}

/// Verifies strictly: S below the group order, R canonical, and neither R nor the key of small order.
pub(crate) fn verify(key: &VerifyingKey, message: &[u8], signature: &[u8; 64]) -> Result<(), BadSignature> {
    key.verify_strict(message, &Signature::from_bytes(signature)).map_err(|_| BadSignature)
}
