//! The key that owns one mailbox (`spec/primitives.md § Owner keys`).

use core::fmt;

use ed25519_dalek::{Signer, SigningKey};
use rand_core::CryptoRng;

use crate::ed25519::{self, BadKey};
use crate::label::Label;
use crate::secret::Secret;
use crate::signature::{BadSignature, transcript};

/// The secret half of a mailbox's owner key: Ed25519, one per mailbox, unrelated to any identity.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnerSecret(Secret<32>);

impl OwnerSecret {
    /// Draws a new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(Secret::generate(rng))
    }

    /// Brings a key back from its seed.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(Secret::new(seed))
    }

    /// The seed, which is the key.
    pub fn seed(&self) -> Secret<32> {
        self.0.clone()
    }

    /// The public half.
    pub fn public(&self) -> [u8; 32] {
        self.key().verifying_key().to_bytes()
    }

    /// Signs `message` for one purpose. The same inputs give the same signature.
    pub fn sign(&self, purpose: Label, message: &[u8]) -> [u8; 64] {
        let key = self.key();
        let signed = transcript(Label::OWNER_SIGNATURE, purpose, key.verifying_key().as_bytes(), message);
        key.sign(&signed).to_bytes()
    }

    fn key(&self) -> SigningKey {
        SigningKey::from_bytes(self.0.expose())
    }
}

impl fmt::Debug for OwnerSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("OwnerSecret(..)")
    }
}

/// Says whether bytes may serve as an owner key; asked before a mailbox is created.
///
/// # Errors
///
/// Refuses what is no point, not canonical, or of small order.
pub fn check_owner_key(public: &[u8; 32]) -> Result<(), BadKey> {
    ed25519::parse(public).map(drop)
}

/// Says whether the owner of `public` signed `message` for `purpose`.
///
/// # Errors
///
/// [`BadSignature`], also when the key itself is bad.
pub fn verify_owner(
    public: &[u8; 32],
    purpose: Label,
    message: &[u8],
    signature: &[u8; 64],
) -> Result<(), BadSignature> {
    let key = ed25519::parse(public).map_err(|_| BadSignature)?;
    let signed = transcript(Label::OWNER_SIGNATURE, purpose, public, message);
    ed25519::verify(&key, &signed, signature)
}
