//! The check of a fetched bundle: nothing is sealed to one that has not passed it.

use crate::account::BUNDLE_DAYS_MAX;
use crate::envelope::SUITE;
use crate::olm::{curve_key, is_of_low_order};
use crypto::{CompositeSignature, Label, PublicIdentity, is_envelope_key};
use wire::{Day, PrekeyBundle, Wire};

/// A bundle whose identity, signature and dates hold; what [`crate::Conversation::seal_hello`] asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifiedBundle(PrekeyBundle);

impl VerifiedBundle {
    /// The bundle.
    pub fn bundle(&self) -> &PrekeyBundle {
        &self.0
    }
}

/// Why nothing is sealed to a bundle.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// It names another identity than the pinned one.
    #[error("the bundle belongs to another identity")]
    OtherIdentity,
    /// The identity did not sign it.
    #[error("the bundle's signature does not hold")]
    BadSignature,
    /// Nobody could seal to a key in it.
    #[error("a key in the bundle is none")]
    BadKey,
    /// It is past its last day.
    #[error("the bundle expired")]
    Expired,
    /// It was signed in the future, or claims a longer life than 90 days.
    #[error("the bundle's dates are impossible")]
    BadDates,
    /// It understands no suite of ours.
    #[error("the bundle names no suite that this version speaks")]
    NoSuite,
}

/// Checks a bundle against the identity that the user has seen.
///
/// A counter lower than one seen before is refused later, by the conversation that remembers it.
pub fn verify_bundle(
    bundle: &PrekeyBundle,
    identity: &PublicIdentity,
    today: Day,
) -> Result<VerifiedBundle, BundleError> {
    check_signature(bundle, identity)?;
    check_dates(bundle, today)?;
    if today > bundle.body.not_after {
        return Err(BundleError::Expired);
    }
    Ok(VerifiedBundle(bundle.clone()))
}

/// What of the check does not depend on how long the bundle was under way.
pub(crate) fn check_signature(bundle: &PrekeyBundle, identity: &PublicIdentity) -> Result<(), BundleError> {
    if bundle.body.identity.as_bytes() != &identity.fingerprint() {
        return Err(BundleError::OtherIdentity);
    }
    let signature = CompositeSignature::from_bytes(bundle.signature.as_bytes());
    identity
        .verify(Label::BUNDLE, &bundle.body.to_bytes(), &signature)
        .map_err(|_| BundleError::BadSignature)?;
    check_keys(bundle)?;
    if bundle.body.suites.contains(&SUITE) { Ok(()) } else { Err(BundleError::NoSuite) }
}

/// Keys of which nothing can be made are found here, not in the middle of sealing.
fn check_keys(bundle: &PrekeyBundle) -> Result<(), BundleError> {
    let olm = [&bundle.body.olm_identity, &bundle.body.olm_fallback];
    let sound = !olm.iter().any(|key| is_of_low_order(&curve_key(key)));
    if sound && is_envelope_key(bundle.body.prekey.as_bytes()) { Ok(()) } else { Err(BundleError::BadKey) }
}

/// One day of grace for clocks that run apart.
fn check_dates(bundle: &PrekeyBundle, today: Day) -> Result<(), BundleError> {
    let (day, not_after) = (bundle.body.day.0, bundle.body.not_after.0);
    let possible = day <= today.0.saturating_add(1) && not_after >= day && not_after - day <= BUNDLE_DAYS_MAX;
    if possible { Ok(()) } else { Err(BundleError::BadDates) }
}
