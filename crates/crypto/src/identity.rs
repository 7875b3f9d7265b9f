//! A person's long-term key: Ed25519 and ML-DSA-65 together (`spec/primitives.md § Identity`).

use core::fmt;

use ed25519_dalek::{Signer, SigningKey};
use ml_dsa::{ExpandedSigningKey, MlDsa65, VerifyingKey};
use rand_core::CryptoRng;

use crate::ed25519::{self, BadKey};
use crate::hash::sha256;
use crate::label::Label;
use crate::recovery;
use crate::secret::Secret;
use crate::signature::{BadSignature, CompositeSignature, ML_DSA_SIGNATURE_BYTES, transcript};

/// Length of a public identity: Ed25519 (32), then ML-DSA-65 (1,952).
pub const PUBLIC_IDENTITY_BYTES: usize = 32 + ML_DSA_PUBLIC_BYTES;

const ML_DSA_PUBLIC_BYTES: usize = 1_952;

/// The context string that FIPS 204 mixes into every signature.
const ML_DSA_CONTEXT: &[u8] = b"oubliette";

/// The two seeds of an identity or recovery key. Signs keys and records, never messages.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentitySecret {
    classical: Secret<32>,
    post_quantum: Secret<32>,
}

impl IdentitySecret {
    /// Draws a new identity.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self { classical: Secret::generate(rng), post_quantum: Secret::generate(rng) }
    }

    /// Brings an identity back from its seeds, as the vault keeps them: Ed25519 first.
    pub fn from_seeds(classical: [u8; 32], post_quantum: [u8; 32]) -> Self {
        Self { classical: Secret::new(classical), post_quantum: Secret::new(post_quantum) }
    }

    /// The recovery key behind 24 recovery words, from the words' entropy.
    ///
    /// The entropy and not the sentence counts, so the words may be written in any language.
    pub fn recovery_from_entropy(entropy: &[u8; 32]) -> Self {
        let (classical, post_quantum) = recovery::seeds(entropy);
        Self { classical, post_quantum }
    }

    /// Both seeds, Ed25519 first.
    pub fn seeds(&self) -> Secret<64> {
        Secret::filled_by(|bytes| {
            let (left, right) = bytes.split_at_mut(32);
            left.copy_from_slice(self.classical.expose());
            right.copy_from_slice(self.post_quantum.expose());
        })
    }

    /// The public half.
    pub fn public(&self) -> PublicIdentity {
        self.public_with(&self.classical_key(), &self.post_quantum_key())
    }

    /// Signs `message` for one purpose. The same inputs give the same signature.
    pub fn sign(&self, purpose: Label, message: &[u8]) -> CompositeSignature {
        let (classical, post_quantum) = (self.classical_key(), self.post_quantum_key());
        let signer = self.public_with(&classical, &post_quantum).fingerprint();
        let signed = transcript(Label::SIGNATURE, purpose, &signer, message);
        let right = post_quantum
            .sign_deterministic(&signed, ML_DSA_CONTEXT)
            .expect("the context is shorter than 256 bytes, and rejection ends (FIPS 204, appendix C)");
        CompositeSignature::join(&classical.sign(&signed).to_bytes(), &right.encode())
    }

    fn classical_key(&self) -> SigningKey {
        SigningKey::from_bytes(self.classical.expose())
    }

    fn post_quantum_key(&self) -> ExpandedSigningKey<MlDsa65> {
        ExpandedSigningKey::from_seed(self.post_quantum.expose().into())
    }

    fn public_with(&self, left: &SigningKey, right: &ExpandedSigningKey<MlDsa65>) -> PublicIdentity {
        let classical = left.verifying_key();
        let mut bytes = Box::new([0; PUBLIC_IDENTITY_BYTES]);
        let (to_left, to_right) = bytes.split_at_mut(32);
        to_left.copy_from_slice(classical.as_bytes());
        to_right.copy_from_slice(&right.verifying_key().encode());
        PublicIdentity { bytes, classical }
    }
}

impl fmt::Debug for IdentitySecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("IdentitySecret(..)")
    }
}

/// The public half of an [`IdentitySecret`], checked when it was parsed.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicIdentity {
    bytes: Box<[u8; PUBLIC_IDENTITY_BYTES]>,
    classical: ed25519_dalek::VerifyingKey,
}

impl PublicIdentity {
    /// Parses a key that came from elsewhere.
    ///
    /// # Errors
    ///
    /// Refuses an Ed25519 half that is no point, not canonical, or of small order. Every 1,952 bytes are
    /// an ML-DSA-65 key.
    pub fn from_bytes(bytes: &[u8; PUBLIC_IDENTITY_BYTES]) -> Result<Self, BadKey> {
        let (left, _) = split(bytes);
        Ok(Self { classical: ed25519::parse(left)?, bytes: Box::new(*bytes) })
    }

    /// The key as it stands on the wire.
    pub fn to_bytes(&self) -> [u8; PUBLIC_IDENTITY_BYTES] {
        *self.bytes
    }

    /// The key as it stands on the wire, in place.
    pub fn as_bytes(&self) -> &[u8; PUBLIC_IDENTITY_BYTES] {
        &self.bytes
    }

    /// The fingerprint by which people and contacts know an identity.
    pub fn fingerprint(&self) -> [u8; 32] {
        sha256(&[Label::IDENTITY_FINGERPRINT.as_bytes(), self.bytes.as_slice()])
    }

    /// What a record commits to, when this is a recovery key.
    pub fn commitment(&self) -> [u8; 32] {
        sha256(&[Label::RECOVERY_COMMITMENT.as_bytes(), self.bytes.as_slice()])
    }

    /// Says whether this key signed `message` for `purpose`: both halves must hold.
    ///
    /// # Errors
    ///
    /// [`BadSignature`], without telling which half failed.
    pub fn verify(
        &self,
        purpose: Label,
        message: &[u8],
        signature: &CompositeSignature,
    ) -> Result<(), BadSignature> {
        let signed = transcript(Label::SIGNATURE, purpose, &self.fingerprint(), message);
        let (left, right) = signature.halves();
        ed25519::verify(&self.classical, &signed, left)?;
        self.verify_post_quantum(&signed, right)
    }

    fn verify_post_quantum(&self, signed: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let (_, key) = split(&self.bytes);
        let key = VerifyingKey::<MlDsa65>::decode(key.into());
        let signature = ml_dsa::Signature::try_from(signature).map_err(|_| BadSignature)?;
        if key.verify_with_context(signed, ML_DSA_CONTEXT, &signature) { Ok(()) } else { Err(BadSignature) }
    }
}

impl fmt::Debug for PublicIdentity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PublicIdentity(..)")
    }
}

fn split(bytes: &[u8; PUBLIC_IDENTITY_BYTES]) -> (&[u8; 32], &[u8; ML_DSA_PUBLIC_BYTES]) {
    let (left, right) = bytes.split_first_chunk().expect("a public identity is longer than 32 bytes");
    (left, right.try_into().expect("the rest has the length of an ML-DSA-65 key"))
}

const _: () = assert!(PUBLIC_IDENTITY_BYTES == 1_984 && ML_DSA_SIGNATURE_BYTES == 3_309);
