//! [`Address`]: whom to reach and where, `alice@host` or the full link with fingerprints.

use core::fmt;
use core::str::FromStr;

use crate::name::{HostError, HostPort, Name, NameError};
use crate::{base32, invitation};

/// What every link begins with.
pub(crate) const SCHEME: &str = "oub://";

/// A person at a server.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Address {
    /// Who.
    pub name: Name,
    /// Where.
    pub at: HostPort,
    /// What both must prove to be; without them the first meeting is trusted, and says so.
    pub pins: Option<Pins>,
}

/// The fingerprints that a full address carries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Pins {
    /// Of the server's root key.
    pub server: ShortFingerprint,
    /// Of the person's identity key.
    pub identity: ShortFingerprint,
}

/// The first 160 bits of a SHA-256 fingerprint; 32 characters of Crockford base32.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShortFingerprint([u8; 20]);

/// Why a text is not an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AddressError {
    /// Neither `name@host` nor an `oub://` link.
    #[error("an address is name@host, or a link that begins with oub://")]
    Form,
    /// A link that invites, where a person was asked for.
    #[error("this link is an invitation, not an address")]
    Invitation,
    /// The name is not one.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The host is not one.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A link without its two fingerprints.
    #[error("after the name stand '#' and two fingerprints, parted by '.'")]
    Fingerprints,
    /// A fingerprint that is not one.
    #[error(transparent)]
    Fingerprint(#[from] FingerprintError),
}

/// Why a text is not a fingerprint.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a fingerprint has 32 of the characters 0-9 and A-Z without I, L, O, U")]
pub struct FingerprintError;

impl Address {
    /// Reads either form; nothing is trimmed or folded but the case of fingerprints.
    pub fn parse(text: &str) -> Result<Address, AddressError> {
        match text.strip_prefix(SCHEME) {
            Some(link) => parse_link(link),
            None => parse_human(text),
        }
    }

    /// The form people say, without fingerprints.
    pub fn human(&self) -> String {
        format!("{}@{}", self.name, self.at)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Address, AddressError> {
        Address::parse(text)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pins {
            Some(pins) => {
                write!(out, "{SCHEME}{}/{}#{}.{}", self.at, self.name, pins.server, pins.identity)
            }
            None => write!(out, "{}@{}", self.name, self.at),
        }
    }
}

impl ShortFingerprint {
    /// The short form of a full fingerprint.
    pub fn from_full(full: &[u8; 32]) -> Self {
        let (short, _) = full.split_first_chunk::<20>().expect("32 bytes hold 20");
        Self(*short)
    }

    /// Whether a full fingerprint begins with this one.
    pub fn matches(&self, full: &[u8; 32]) -> bool {
        *self == Self::from_full(full)
    }

    /// Reads 32 characters, in either case, without grouping.
    pub fn parse(text: &str) -> Result<Self, FingerprintError> {
        base32::decode(text).map(Self).ok_or(FingerprintError)
    }

    /// The 160 bits.
    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl From<[u8; 20]> for ShortFingerprint {
    fn from(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }
}

impl FromStr for ShortFingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        Self::parse(text)
    }
}

impl fmt::Display for ShortFingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&base32::encode(&self.0))
    }
}

impl fmt::Debug for ShortFingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ShortFingerprint(..)")
    }
}

fn parse_human(text: &str) -> Result<Address, AddressError> {
    let (name, at) = text.split_once('@').ok_or(AddressError::Form)?;
    Ok(Address { name: Name::parse(name)?, at: HostPort::parse(at)?, pins: None })
}

/// `host[:port]/alice#SERVERFP.IDENTITYFP`
fn parse_link(link: &str) -> Result<Address, AddressError> {
    let (at, rest) = link.split_once('/').ok_or(AddressError::Form)?;
    if rest.starts_with(invitation::PATH) {
        return Err(AddressError::Invitation);
    }
    let (name, pins) = rest.split_once('#').ok_or(AddressError::Fingerprints)?;
    let (server, identity) = pins.split_once('.').ok_or(AddressError::Fingerprints)?;
    let pins =
        Pins { server: ShortFingerprint::parse(server)?, identity: ShortFingerprint::parse(identity)? };
    Ok(Address { name: Name::parse(name)?, at: HostPort::parse(at)?, pins: Some(pins) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_fingerprint_matches_by_its_first_160_bits() {
        let full = core::array::from_fn(|i| u8::try_from(i).unwrap());
        let short = ShortFingerprint::from_full(&full);
        let (mut inside, mut outside) = (full, full);
        inside[19] ^= 1;
        outside[20] ^= 1;
        assert!(short.matches(&full) && short.matches(&outside) && !short.matches(&inside));
    }

    #[test]
    fn debug_shows_neither_name_nor_fingerprint() {
        let pins = Pins { server: ShortFingerprint([1; 20]), identity: ShortFingerprint([2; 20]) };
        let address = Address { pins: Some(pins), ..Address::parse("alice@localhost").unwrap() };
        let shown = format!("{address:?}");
        assert!(!shown.contains("alice") && !shown.contains(&pins.server.to_string()), "{shown}");
    }

    proptest! {
        #[test]
        fn a_printed_address_is_read_back(
            name in "[a-z0-9][a-z0-9._-]{1,31}",
            host in "[a-z]([a-z0-9-]{0,20}[a-z0-9])?(\\.[a-z]{2,9}){0,3}",
            port in 1_u16..,
            pins: Option<([u8; 20], [u8; 20])>,
        ) {
            let pins = pins.map(|(server, identity)| Pins { server: server.into(), identity: identity.into() });
            let address = Address { name: Name::parse(&name).unwrap(), at: HostPort::new(&host, port).unwrap(), pins };
            prop_assert_eq!(Address::parse(&address.to_string()), Ok(address));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,120}", tail in "[a-z0-9:@/#.\\[\\]-]{0,60}") {
            let _ = (Address::parse(&text), Address::parse(&format!("oub://{tail}")));
            if let Ok(address) = Address::parse(&tail) {
                prop_assert_eq!(Address::parse(&address.to_string()), Ok(address));
            }
        }
    }
}
