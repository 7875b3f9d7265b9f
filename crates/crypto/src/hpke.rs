//! HPKE (RFC 9180), single shot, in the one suite that we speak (`spec/primitives.md § HPKE`).
//!
//! KEM X-Wing (0x647a), KDF HKDF-SHA256 (0x0001), AEAD ChaCha20-Poly1305 (0x0003). Each envelope has a
//! context of its own, used once.

use ::hpke::aead::ChaCha20Poly1305;
use ::hpke::kdf::HkdfSha256;
use ::hpke::kem::{Kem, XWing};
use ::hpke::{Deserializable, OpModeR, OpModeS, PskBundle, Serializable};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::xwing::{XWING_ENC_BYTES, XWING_PUBLIC_BYTES, XWingSecret};

/// What sealing gives: the encapsulation, and the ciphertext with its 16-byte tag at the end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sealed {
    /// The encapsulated key, `enc`.
    pub enc: [u8; XWING_ENC_BYTES],
    /// Ciphertext and tag: 16 bytes longer than the plaintext.
    pub ciphertext: Vec<u8>,
}

/// Why nothing was sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The recipient's key is not one that ML-KEM-768 accepts (FIPS 203, § 7.2).
    #[error("the recipient's envelope key is not valid")]
    BadRecipient,
    /// A psk needs an identifier.
    #[error("the pre-shared key has no identifier")]
    NoPskId,
}

/// It did not open. Deliberately without a reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the envelope does not open with this key")]
pub struct OpenError;

/// Seals in base mode: whoever knows the public key can have written it.
///
/// # Errors
///
/// [`SealError::BadRecipient`] when the key is not valid.
pub fn seal_base(
    recipient: &[u8; XWING_PUBLIC_BYTES],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Sealed, SealError> {
    seal(&OpModeS::Base, recipient, info, aad, plaintext, rng)
}

/// Opens what [`seal_base`] sealed.
///
/// # Errors
///
/// [`OpenError`] when anything at all differs.
pub fn open_base(
    secret: &XWingSecret,
    enc: &[u8; XWING_ENC_BYTES],
    info: &[u8],
    aad: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    open(&OpModeR::Base, secret, enc, info, aad, ciphertext)
}

/// Seals in PSK mode: only a holder of `psk` can have written it, and only one can read it.
///
/// # Errors
///
/// [`SealError::BadRecipient`] when the key is not valid, [`SealError::NoPskId`] when `psk_id` is empty.
pub fn seal_psk(
    recipient: &[u8; XWING_PUBLIC_BYTES],
    psk: &[u8; 32],
    psk_id: &[u8],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Sealed, SealError> {
    let bundle = PskBundle::new(psk, psk_id).map_err(|_| SealError::NoPskId)?;
    seal(&OpModeS::Psk(bundle), recipient, info, aad, plaintext, rng)
}

/// Opens what [`seal_psk`] sealed.
///
/// # Errors
///
/// [`OpenError`] when anything at all differs.
pub fn open_psk(
    secret: &XWingSecret,
    enc: &[u8; XWING_ENC_BYTES],
    psk: &[u8; 32],
    psk_id: &[u8],
    info: &[u8],
    aad: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let bundle = PskBundle::new(psk, psk_id).map_err(|_| OpenError)?;
    open(&OpModeR::Psk(bundle), secret, enc, info, aad, ciphertext)
}

/// Whether something can be sealed to this key at all: its ML-KEM-768 half must keep below the modulus
/// (FIPS 203, § 7.2). A point of low order in its X25519 half is let pass, as X-Wing does: it takes away the
/// classical half only, which its owner could publish as well.
pub fn is_envelope_key(key: &[u8; XWING_PUBLIC_BYTES]) -> bool {
    <XWing as Kem>::PublicKey::from_bytes(key).is_ok()
}

fn seal(
    mode: &OpModeS<'_, XWing>,
    recipient: &[u8; XWING_PUBLIC_BYTES],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Sealed, SealError> {
    let recipient = <XWing as Kem>::PublicKey::from_bytes(recipient).map_err(|_| SealError::BadRecipient)?;
    let (enc, ciphertext) = ::hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(
        mode, &recipient, info, plaintext, aad, rng,
    )
    .expect("a valid key, a fresh context and a plaintext far below the limit of the cipher always seal");
    Ok(Sealed { enc: enc.to_bytes().into(), ciphertext })
}

fn open(
    mode: &OpModeR<'_, XWing>,
    secret: &XWingSecret,
    enc: &[u8; XWING_ENC_BYTES],
    info: &[u8],
    aad: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let enc = <XWing as Kem>::EncappedKey::from_bytes(enc).map_err(|_| OpenError)?;
    ::hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(
        mode,
        secret.key(),
        &enc,
        info,
        ciphertext,
        aad,
    )
    .map(Zeroizing::new)
    .map_err(|_| OpenError)
}
