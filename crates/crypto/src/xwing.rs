//! X-Wing keys: ML-KEM-768 and X25519 together, behind one 32-byte seed.

use core::fmt;
use std::sync::OnceLock;

use hpke::kem::{Kem, XWing};
use hpke::{Deserializable, Serializable};
use rand_core::CryptoRng;

use crate::secret::Secret;

/// Length of an X-Wing public key.
pub const XWING_PUBLIC_BYTES: usize = 1_216;

/// Length of an X-Wing encapsulation.
pub const XWING_ENC_BYTES: usize = 1_120;

/// The secret half of an envelope key.
#[derive(Clone)]
pub struct XWingSecret {
    seed: Secret<32>,
    /// What the seed expands to, once it was asked for: an opening needs it twice.
    key: OnceLock<<XWing as Kem>::PrivateKey>,
}

impl XWingSecret {
    /// Draws a new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self { seed: Secret::generate(rng), key: OnceLock::new() }
    }

    /// Brings a key back from its seed.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self { seed: Secret::new(seed), key: OnceLock::new() }
    }

    /// The seed, which is the key.
    pub fn seed(&self) -> Secret<32> {
        self.seed.clone()
    }

    /// The public half.
    pub fn public(&self) -> [u8; XWING_PUBLIC_BYTES] {
        let public = XWing::sk_to_pk(self.key());
        public.to_bytes().into()
    }

    pub(crate) fn key(&self) -> &<XWing as Kem>::PrivateKey {
        let expand = || Deserializable::from_bytes(self.seed.expose()).expect("every 32 bytes are a seed");
        self.key.get_or_init(expand)
    }
}

impl PartialEq for XWingSecret {
    fn eq(&self, other: &Self) -> bool {
        self.seed == other.seed
    }
}

impl Eq for XWingSecret {}

impl fmt::Debug for XWingSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("XWingSecret(..)")
    }
}
