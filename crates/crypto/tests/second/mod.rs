//! X-Wing and HPKE written a second time, on libcrux, with the two halves of a key apart.
//!
//! The tests of `e2ee` use it too: an attacker who has one half is built of it.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hkdf::Hkdf;
use libcrux_ml_kem::mlkem768;
use sha2::Sha256;
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};

/// X-Wing's own label, six bytes that draw a wing.
const XWING_LABEL: &[u8] = br"\.//^\";
const SUITE: &[u8] = b"HPKE\x64\x7a\x00\x01\x00\x03";

/// An X-Wing key as draft-connolly-cfrg-xwing-kem expands it, with libcrux inside.
pub struct SecondKey {
    post_quantum: mlkem768::MlKem768KeyPair,
    /// The X25519 half.
    pub classical: [u8; 32],
}

impl SecondKey {
    /// Both halves of a seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let expanded: [u8; 96] = libcrux_sha3::shake256(seed);
        Self {
            post_quantum: mlkem768::generate_key_pair(expanded[..64].try_into().unwrap()),
            classical: expanded[64..].try_into().unwrap(),
        }
    }

    /// The public key.
    pub fn public(&self) -> [u8; 1216] {
        let classical = x25519(self.classical, X25519_BASEPOINT_BYTES);
        [self.post_quantum.pk().as_slice(), &classical].concat().try_into().unwrap()
    }

    /// The shared secret of X-Wing.
    pub fn decapsulate(&self, enc: &[u8; 1120]) -> [u8; 32] {
        with_half(&self.post_quantum_share(enc), &self.classical, enc)
    }

    /// What the ML-KEM half makes of its part of `enc`; of a foreign one, something without meaning.
    pub fn post_quantum_share(&self, enc: &[u8; 1120]) -> [u8; 32] {
        let post_quantum: [u8; 1088] = enc[..1088].try_into().unwrap();
        mlkem768::decapsulate(self.post_quantum.private_key(), &post_quantum.into())
    }
}

/// The shared secret that follows from the X25519 half and what is taken for the share of ML-KEM.
pub fn with_half(post_quantum_share: &[u8; 32], classical: &[u8; 32], enc: &[u8; 1120]) -> [u8; 32] {
    let theirs: [u8; 32] = enc[1088..].try_into().unwrap();
    let ours = x25519(*classical, X25519_BASEPOINT_BYTES);
    combine(post_quantum_share, &x25519(*classical, theirs), &theirs, &ours)
}

/// X-Wing's combiner.
pub fn combine(one: &[u8; 32], other: &[u8; 32], enc: &[u8; 32], public: &[u8; 32]) -> [u8; 32] {
    libcrux_sha3::sha256(&[one.as_slice(), other, enc, public, XWING_LABEL].concat())
}

/// Opens a ciphertext with a shared secret; `psk` empty means base mode.
pub fn open(
    shared: &[u8; 32],
    info: &[u8],
    psk: &[u8],
    psk_id: &[u8],
    aad: &[u8],
    ciphertext: &[u8],
) -> Option<Vec<u8>> {
    let (key, nonce) = key_and_nonce(shared, info, psk, psk_id);
    let payload = Payload { msg: ciphertext, aad };
    ChaCha20Poly1305::new(&key.into()).decrypt(&Nonce::from(nonce), payload).ok()
}

/// RFC 9180 § 5.1, key schedule; `psk` empty means base mode.
pub fn key_and_nonce(shared: &[u8; 32], info: &[u8], psk: &[u8], psk_id: &[u8]) -> ([u8; 32], [u8; 12]) {
    let context = [
        &[u8::from(!psk.is_empty())],
        extract(b"", b"psk_id_hash", psk_id).0.as_slice(),
        extract(b"", b"info_hash", info).0.as_slice(),
    ]
    .concat();
    let (_, secret) = extract(shared, b"secret", psk);
    (expand(&secret, b"key", &context), expand(&secret, b"base_nonce", &context))
}

fn extract(salt: &[u8], label: &[u8], ikm: &[u8]) -> (Vec<u8>, Hkdf<Sha256>) {
    let (key, hkdf) = Hkdf::<Sha256>::extract(Some(salt), &[b"HPKE-v1", SUITE, label, ikm].concat());
    (key.to_vec(), hkdf)
}

fn expand<const N: usize>(secret: &Hkdf<Sha256>, label: &[u8], context: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    let info = [&(N as u16).to_be_bytes(), b"HPKE-v1".as_slice(), SUITE, label, context].concat();
    secret.expand(&info, &mut out).unwrap();
    out
}
