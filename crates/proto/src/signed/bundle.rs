//! Prekey bundles: one signature over all of it (`spec/directory.md § Bundles`).

use crypto::{CompositeSignature, IdentitySecret, Label, PublicIdentity};
use wire::{BundleBody, PrekeyBundle, Signature, Wire};

/// Why a bundle is not the identity's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BundleError {
    /// It was made under another identity.
    #[error("the bundle belongs to another identity")]
    Identity,
    /// The signature does not hold.
    #[error("the bundle's signature does not hold")]
    Signature,
}

/// Signs a bundle's body.
pub fn sign_bundle(identity: &IdentitySecret, body: BundleBody) -> PrekeyBundle {
    let signature = Signature(identity.sign(Label::BUNDLE, &body.to_bytes()).to_bytes());
    PrekeyBundle { body, signature }
}

/// Checks that this identity signed the bundle. Days and counter are the reader's to judge.
pub fn verify_bundle_signature(bundle: &PrekeyBundle, identity: &PublicIdentity) -> Result<(), BundleError> {
    if bundle.body.identity.0 != identity.fingerprint() {
        return Err(BundleError::Identity);
    }
    let signature = CompositeSignature::from_bytes(&bundle.signature.0);
    identity.verify(Label::BUNDLE, &bundle.body.to_bytes(), &signature).map_err(|_| BundleError::Signature)
}
