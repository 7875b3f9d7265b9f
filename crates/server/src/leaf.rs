//! The leaf certificate that TLS presents: short-lived, only in memory, renewed by itself.

use std::fmt;
use std::sync::{Arc, RwLock};

use rcgen::{
    CertificateParams, DistinguishedName, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, PKCS_ED25519,
};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::PrivateKeyDer;
use wire::UnixSeconds;

use crate::identity::{BACKDATE_S, Identity, at};

/// The name every leaf carries and every client verifies; no server is reached by it (DESIGN § 4).
pub const LEAF_NAME: &str = "relay.oubliette.invalid";
/// A leaf's life; in its last third a new one is made.
pub const LEAF_LIFE_S: u64 = 30 * 86_400;

/// Why there is no leaf.
#[derive(thiserror::Error, Debug)]
pub enum LeafError {
    /// The certificate could not be made.
    #[error("the certificate could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// TLS does not take it.
    #[error("TLS does not take the certificate: {0}")]
    Tls(#[from] rustls::Error),
    /// The key did not survive its encoding.
    #[error("the certificate's key cannot be encoded")]
    Key,
}

/// Hands the current leaf to each new connection; swapped without closing any.
pub struct LeafResolver {
    current: RwLock<Leaf>,
}

struct Leaf {
    certified: Arc<CertifiedKey>,
    not_after: UnixSeconds,
}

impl LeafResolver {
    /// Issues the first leaf.
    pub fn issue(identity: &Identity, now: UnixSeconds) -> Result<Self, LeafError> {
        Ok(Self { current: RwLock::new(Leaf::issue(identity, now)?) })
    }

    /// Replaces the leaf if less than a third of its life is left, or it begins in the future (it was issued while the
    /// system's clock was ahead); says whether it did.
    pub fn renew(&self, identity: &Identity, now: UnixSeconds) -> Result<bool, LeafError> {
        let left = self.not_after().0.saturating_sub(now.0);
        if (LEAF_LIFE_S / 3..=LEAF_LIFE_S + BACKDATE_S).contains(&left) {
            return Ok(false);
        }
        let fresh = Leaf::issue(identity, now)?;
        *self.current.write().unwrap_or_else(std::sync::PoisonError::into_inner) = fresh;
        Ok(true)
    }

    /// When the current leaf ends.
    pub fn not_after(&self) -> UnixSeconds {
        self.current.read().unwrap_or_else(std::sync::PoisonError::into_inner).not_after
    }
}

impl ResolvesServerCert for LeafResolver {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        Some(current.certified.clone())
    }
}

impl fmt::Debug for LeafResolver {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("LeafResolver(..)")
    }
}

impl Leaf {
    fn issue(identity: &Identity, now: UnixSeconds) -> Result<Self, LeafError> {
        let not_after = UnixSeconds((now.0 + LEAF_LIFE_S).min(identity.ca_not_after().0));
        let key = KeyPair::generate_for(&PKCS_ED25519)?;
        let mut params = CertificateParams::new(vec![LEAF_NAME.to_owned()])?;
        params.distinguished_name = DistinguishedName::new();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        (params.not_before, params.not_after) = (at(now.0.saturating_sub(BACKDATE_S)), at(not_after.0));
        let leaf = params.signed_by(&key, &identity.leaf_issuer()?)?;
        let private = PrivateKeyDer::try_from(key.serialize_der()).map_err(|_| LeafError::Key)?;
        let signer = rustls::crypto::aws_lc_rs::sign::any_supported_type(&private)?;
        let [ca, root] = identity.chain();
        let certified = CertifiedKey::new(vec![leaf.der().clone(), ca, root], signer);
        certified.keys_match()?;
        Ok(Self { certified: Arc::new(certified), not_after })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_is_renewed_in_its_last_third_only() {
        let base = tempfile::tempdir().unwrap();
        let now = UnixSeconds(1_800_000_000);
        let identity = Identity::load_or_make(&base.path().join("i"), &base.path().join("s"), now).unwrap();
        let leaf = LeafResolver::issue(&identity, now).unwrap();
        assert!(!leaf.renew(&identity, UnixSeconds(now.0 + LEAF_LIFE_S / 2)).unwrap());
        let late = UnixSeconds(now.0 + LEAF_LIFE_S * 3 / 4);
        assert!(leaf.renew(&identity, late).unwrap());
        assert_eq!(leaf.not_after().0, late.0 + LEAF_LIFE_S);
    }

    #[test]
    fn a_leaf_of_a_clock_that_was_ahead_is_issued_anew_when_the_clock_is_right() {
        let base = tempfile::tempdir().unwrap();
        let now = UnixSeconds(1_800_000_000);
        let ahead = UnixSeconds(now.0 + 60 * 86_400);
        let identity = Identity::load_or_make(&base.path().join("i"), &base.path().join("s"), now).unwrap();
        let leaf = LeafResolver::issue(&identity, ahead).unwrap();
        assert!(leaf.renew(&identity, now).unwrap(), "no client would connect for two months");
        assert_eq!(leaf.not_after().0, now.0 + LEAF_LIFE_S);
        assert!(!leaf.renew(&identity, now).unwrap());
        assert!(!leaf.renew(&identity, UnixSeconds(now.0 - 60)).unwrap(), "a correction is no jump");
    }
}
