//! Versions of the protocol, and the four kinds of connection.

use crate::{DecodeError, Reader, Wire, Writer};

/// The version that this code speaks.
pub const PROTOCOL_VERSION: u8 = 1;

/// From and through which version a server speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VersionRange {
    /// Lowest.
    pub min: u8,
    /// Highest, not below `min`.
    pub max: u8,
}

/// What a connection is for, fixed by its first request and never mixed (DESIGN § 5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ConnectionKind {
    /// A mailbox's owner collects.
    Owner,
    /// Look-ups of one name, or deposits to one mailbox.
    Anonymous,
    /// Claim, answer, publish.
    Registry,
    /// Two people who meet under a number.
    Pairing,
}

impl VersionRange {
    /// What this code speaks.
    pub const OURS: VersionRange = VersionRange { min: PROTOCOL_VERSION, max: PROTOCOL_VERSION };

    /// Whether a version lies in it.
    pub fn contains(&self, version: u8) -> bool {
        (self.min..=self.max).contains(&version)
    }
}

impl Wire for VersionRange {
    fn write(&self, out: &mut Writer) {
        out.u8(self.min);
        out.u8(self.max);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (min, max) = (input.u8()?, input.u8()?);
        if min == 0 || max < min {
            return Err(DecodeError::Range { what: "versions" });
        }
        Ok(VersionRange { min, max })
    }
}
