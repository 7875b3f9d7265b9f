//! Olm messages as bytes: a type byte and what vodozemac writes, with keys that are keys.

use crate::open::OpenError;
use crypto::sha256;
use vodozemac::olm::{OlmMessage, PreKeyMessage, SessionConfig, SessionKeys};
use vodozemac::{Curve25519PublicKey, Curve25519SecretKey};
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
    // Any clamped scalar tells: the order of such a point divides it.
    Curve25519SecretKey::from_slice(&[1; 32]).diffie_hellman(key).is_none()
}

pub(crate) fn curve_key(key: &Curve25519Key) -> Curve25519PublicKey {
    Curve25519PublicKey::from_bytes(*key.as_bytes())
}
