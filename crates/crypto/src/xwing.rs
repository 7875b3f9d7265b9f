//! X-Wing keys: ML-KEM-768 and X25519 together, behind one 32-byte seed.

use core::fmt;

use hpke::kem::{Kem, XWing};
use hpke::{Deserializable, Serializable};
use rand_core::CryptoRng;

use crate::secret::Secret;

/// Length of an X-Wing public key.
pub const XWING_PUBLIC_BYTES: usize = 1_216;

/// Length of an X-Wing encapsulation.
pub const XWING_ENC_BYTES: usize = 1_120;

/// The secret half of an envelope key.
#[derive(Clone, PartialEq, Eq)]
pub struct XWingSecret(Secret<32>);

impl XWingSecret {
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
    pub fn public(&self) -> [u8; XWING_PUBLIC_BYTES] {
        let public = XWing::sk_to_pk(&self.key());
        public.to_bytes().into()
    }

    pub(crate) fn key(&self) -> <XWing as Kem>::PrivateKey {
        Deserializable::from_bytes(self.0.expose()).expect("every 32 bytes are a seed")
    }
}

impl fmt::Debug for XWingSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("XWingSecret(..)")
    }
}
