//! An offer: the envelope key that the other side may use next, announced inside the conversation.

use core::fmt;
use wire::{Day, DecodeError, Reader, Wire, Writer, XWingPublicKey};

/// A per-contact envelope key with its psk (`spec/e2ee.md § Offers`).
#[derive(Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its number in the owner's series; the first is 1.
    pub n: u32,
    /// When it was made.
    pub day: Day,
    /// What envelopes are sealed to.
    pub key: XWingPublicKey,
    /// Shared by nobody else: proves to the owner that the sender read the offer.
    pub psk: [u8; 32],
}

impl Offer {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.u32(self.n);
        self.day.write(out);
        self.key.write(out);
        out.bytes(&self.psk);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            n: input.u32()?,
            day: Day::read(input)?,
            key: XWingPublicKey::read(input)?,
            psk: input.array()?,
        })
    }
}

impl fmt::Debug for Offer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Offer({}, ..)", self.n)
    }
}

impl Drop for Offer {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.psk);
    }
}
