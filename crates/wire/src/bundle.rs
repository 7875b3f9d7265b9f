//! What a sender fetches to write to somebody absent (`spec/directory.md § Bundles`).

use crate::plain::{rises_strictly, wire_struct};
use crate::{
    Curve25519Key, Day, DecodeError, DepositId, IdentityFingerprint, PrekeyId, Reader, Signature, Wire,
    Writer, XWingPublicKey,
};

/// What the identity signs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BundleBody {
    /// Under which identity.
    pub identity: IdentityFingerprint,
    /// Never goes back under one identity.
    pub counter: u64,
    /// Day of signing.
    pub day: Day,
    /// Not to be used after this day (90 days after signing).
    pub not_after: Day,
    /// Olm identity key.
    pub olm_identity: Curve25519Key,
    /// Olm fallback key.
    pub olm_fallback: Curve25519Key,
    /// Names the X-Wing prekey.
    pub prekey_id: PrekeyId,
    /// Envelope key for first contact.
    pub prekey: XWingPublicKey,
    /// Where strangers drop envelopes.
    pub doorstep: DepositId,
    /// Suites understood: rising, 1 to 8 of them; only suite 1 exists.
    pub suites: Vec<u8>,
}

/// A signed bundle.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PrekeyBundle {
    /// What is signed.
    pub body: BundleBody,
    /// By the identity key, label `oubliette/bundle/1`.
    pub signature: Signature,
}

/// Suites in one bundle.
pub const SUITES_MAX: usize = 8;

wire_struct!(PrekeyBundle { body, signature });

impl Wire for BundleBody {
    fn write(&self, out: &mut Writer) {
        self.identity.write(out);
        self.counter.write(out);
        self.day.write(out);
        self.not_after.write(out);
        self.olm_identity.write(out);
        self.olm_fallback.write(out);
        self.prekey_id.write(out);
        self.prekey.write(out);
        self.doorstep.write(out);
        out.short_bytes(&self.suites);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            identity: Wire::read(input)?,
            counter: Wire::read(input)?,
            day: Wire::read(input)?,
            not_after: Wire::read(input)?,
            olm_identity: Wire::read(input)?,
            olm_fallback: Wire::read(input)?,
            prekey_id: Wire::read(input)?,
            prekey: Wire::read(input)?,
            doorstep: Wire::read(input)?,
            suites: read_suites(input)?,
        })
    }
}

fn read_suites(input: &mut Reader<'_>) -> Result<Vec<u8>, DecodeError> {
    let suites = input.short_bytes()?;
    if !(1..=SUITES_MAX).contains(&suites.len()) {
        return Err(DecodeError::Length { what: "suites" });
    }
    if !rises_strictly(suites) {
        return Err(DecodeError::Order { what: "suites" });
    }
    Ok(suites.to_vec())
}
