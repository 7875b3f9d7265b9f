//! Olm messages as bytes: a type byte and what vodozemac writes.

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
        0 => OlmMessage::from_parts(0, bytes).map_err(|_| OpenError::Body),
        1 => OlmMessage::from_parts(1, bytes).map_err(|_| OpenError::Body),
        _ => Err(OpenError::Body),
    }
}

/// Reads a pre-key message, the only one that a HELLO may hold.
pub(crate) fn pre_key(bytes: &[u8]) -> Result<PreKeyMessage, OpenError> {
    PreKeyMessage::from_bytes(bytes).map_err(|_| OpenError::Body)
}

pub(crate) fn curve_key(key: &Curve25519Key) -> Curve25519PublicKey {
    Curve25519PublicKey::from_bytes(*key.as_bytes())
}
