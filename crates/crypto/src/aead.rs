//! Wraps one key under another, for the vault (`spec/primitives.md § Wrapped keys`).

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::label::Label;

const NONCE_BYTES: usize = 12;

/// The wrapped bytes do not open: another key, or altered bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the wrapped key does not open")]
pub struct UnwrapKeyError;

/// Seals `plaintext` under `wrapping`: `nonce[12] ‖ ciphertext ‖ tag[16]`.
///
/// The nonce is drawn, so one wrapping key must not be used for more than 2^32 seals; a vault makes a handful.
pub fn seal_key(wrapping: &[u8; 32], plaintext: &[u8], rng: &mut impl CryptoRng) -> Vec<u8> {
    let mut nonce = [0; NONCE_BYTES];
    rng.fill_bytes(&mut nonce);
    let payload = Payload { msg: plaintext, aad: Label::VAULT_KEY.as_bytes() };
    let sealed = ChaCha20Poly1305::new(wrapping.into())
        .encrypt(&Nonce::from(nonce), payload)
        .expect("a key is far shorter than the limit of the cipher");
    [nonce.as_slice(), &sealed].concat()
}

/// Opens what [`seal_key`] sealed.
///
/// # Errors
///
/// [`UnwrapKeyError`] when anything at all differs.
pub fn open_key(wrapping: &[u8; 32], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, UnwrapKeyError> {
    let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(UnwrapKeyError)?;
    let payload = Payload { msg: ciphertext, aad: Label::VAULT_KEY.as_bytes() };
    ChaCha20Poly1305::new(wrapping.into())
        .decrypt(&Nonce::from(*nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| UnwrapKeyError)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use getrandom::SysRng;
    use getrandom::rand_core::UnwrapErr;

    #[test]
    fn a_wrapped_key_opens_under_its_own_key_only() {
        let sealed = seal_key(&[1; 32], b"vault", &mut UnwrapErr(SysRng));
        assert_eq!(sealed.len(), 12 + 5 + 16);
        assert_eq!(open_key(&[1; 32], &sealed).unwrap().as_slice(), b"vault");
        assert_eq!(open_key(&[2; 32], &sealed), Err(UnwrapKeyError));
    }

    #[test]
    fn any_altered_or_missing_byte_is_refused() {
        let sealed = seal_key(&[1; 32], b"vault", &mut UnwrapErr(SysRng));
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered.get_mut(at).into_iter().for_each(|byte| *byte ^= 1);
            assert_eq!(open_key(&[1; 32], &altered), Err(UnwrapKeyError), "byte {at}");
            assert_eq!(open_key(&[1; 32], sealed.get(..at).unwrap()), Err(UnwrapKeyError), "cut at {at}");
        }
    }

    #[test]
    fn two_seals_differ() {
        let rng = &mut UnwrapErr(SysRng);
        assert_ne!(seal_key(&[1; 32], b"vault", rng), seal_key(&[1; 32], b"vault", rng));
    }
}
