//! Olm messages as bytes: a type byte and what vodozemac writes, with keys that are keys.

use crate::open::OpenError;
use crypto::sha256;
use vodozemac::Curve25519PublicKey;
use vodozemac::olm::{OlmMessage, PreKeyMessage, SessionConfig, SessionKeys};
use wire::Curve25519Key;

/// Version 2 only: its MAC is not truncated.
pub(crate) const CONFIG: SessionConfig = SessionConfig::version_2();

/// The raw id of a session: SHA-256 over the three keys that began it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct SessionId(pub(crate) [u8; 32]);

impl SessionId {
    pub(crate) fn of(keys: &SessionKeys) -> Self {
        Self(sha256(&[keys.identity_key.as_bytes(), keys.base_key.as_bytes(), keys.one_time_key.as_bytes()]))
    }
}

/// `type u8 ‖ message`.
pub(crate) fn to_bytes(message: &OlmMessage) -> Vec<u8> {
    let (kind, bytes) = match message {
        OlmMessage::PreKey(message) => (0, message.to_bytes()),
        OlmMessage::Normal(message) => (1, message.to_bytes()),
    };
    [&[kind], bytes.as_slice()].concat()
}

/// Reads what [`to_bytes`] wrote.
pub(crate) fn from_bytes(bytes: &[u8]) -> Result<OlmMessage, OpenError> {
    let (kind, bytes) = bytes.split_first().ok_or(OpenError::Body)?;
    match kind {
        0 => Ok(OlmMessage::PreKey(pre_key(bytes)?)),
        1 => normal(bytes),
        _ => Err(OpenError::Body),
    }
}

/// Reads a pre-key message, the only one that a HELLO may hold.
pub(crate) fn pre_key(bytes: &[u8]) -> Result<PreKeyMessage, OpenError> {
    let message = PreKeyMessage::from_bytes(bytes).map_err(|_| OpenError::Body)?;
    let ratchet = message.message().ratchet_key();
    let keys = [message.identity_key(), message.base_key(), message.one_time_key(), ratchet];
    if keys.iter().any(is_of_low_order) { Err(OpenError::Body) } else { Ok(message) }
}

/// Reads an ordinary message, the only one that a session form may hold.
pub(crate) fn normal(bytes: &[u8]) -> Result<OlmMessage, OpenError> {
    let message = OlmMessage::from_parts(1, bytes).map_err(|_| OpenError::Body)?;
    match &message {
        OlmMessage::Normal(inner) if !is_of_low_order(&inner.ratchet_key()) => Ok(message),
        _ => Err(OpenError::Body),
    }
}

/// Whether every agreement with this key gives zero. The library finds out when it computes one: with the
/// ratchet key of a first message only when somebody answers, and then the answer cannot be sealed.
pub(crate) fn is_of_low_order(key: &Curve25519PublicKey) -> bool {
    let mut bytes = key.to_bytes();
    // X25519 does not look at the highest bit (RFC 7748 § 5).
    bytes[31] &= 0x7f;
    LOW_ORDER.contains(&bytes)
}

/// Every u, as it may be written, of a point of Curve25519 or its twist whose order divides eight
/// (<https://cr.yp.to/ecdh.html#validate>): 0, 1, two of order eight, −1, and 0 and 1 with p added.
const LOW_ORDER: [[u8; 32]; 7] = [
    [0; 32],
    low(1, 0, 0),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda,
        0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04,
        0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
    low(0xec, 0xff, 0x7f),
    low(0xed, 0xff, 0x7f),
    low(0xee, 0xff, 0x7f),
];

/// A number by its lowest byte, those between, and its highest.
const fn low(lowest: u8, between: u8, highest: u8) -> [u8; 32] {
    let mut bytes = [between; 32];
    bytes[0] = lowest;
    bytes[31] = highest;
    bytes
}

pub(crate) fn curve_key(key: &Curve25519Key) -> Curve25519PublicKey {
    Curve25519PublicKey::from_bytes(*key.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use vodozemac::Curve25519SecretKey;

    /// Any clamped scalar tells: the order of such a point divides it.
    fn gives_zero(bytes: [u8; 32]) -> bool {
        let key = Curve25519PublicKey::from_bytes(bytes);
        Curve25519SecretKey::from_slice(&[1; 32]).diffie_hellman(&key).is_none()
    }

    #[test]
    fn the_points_of_low_order_are_those_with_which_an_agreement_gives_zero() {
        let high = |mut bytes: [u8; 32]| {
            bytes[31] |= 0x80;
            bytes
        };
        for bytes in LOW_ORDER.into_iter().flat_map(|bytes| [bytes, high(bytes)]) {
            assert!(gives_zero(bytes), "{bytes:x?}");
            assert!(is_of_low_order(&Curve25519PublicKey::from_bytes(bytes)), "{bytes:x?}");
        }
    }

    #[test]
    fn neighbours_of_such_points_and_ordinary_keys_are_none() {
        let near_zero = (0..=40).map(|n| low(n, 0, 0));
        let near_p = (0xd0..=0xff).map(|n| low(n, 0xff, 0x7f));
        let ordinary = (0..40_u8).map(|n| sha256(&[&[n]]));
        for bytes in near_zero.chain(near_p).chain(ordinary) {
            let key = Curve25519PublicKey::from_bytes(bytes);
            assert_eq!(is_of_low_order(&key), gives_zero(bytes), "{bytes:x?}");
        }
    }
}
