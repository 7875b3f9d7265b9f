//! A second X-Wing and a second HPKE, on libcrux: each opens what the other sealed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use common::rng;
use crypto::{Secret, XWingSecret};
use hkdf::Hkdf;
use libcrux_ml_kem::mlkem768;
use sha2::Sha256;
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};

/// X-Wing's own label, six bytes that draw a wing.
const XWING_LABEL: &[u8] = br"\.//^\";
const SUITE: &[u8] = b"HPKE\x64\x7a\x00\x01\x00\x03";

/// An X-Wing key as draft-connolly-cfrg-xwing-kem expands it, with libcrux inside.
struct SecondKey {
    post_quantum: mlkem768::MlKem768KeyPair,
    classical: [u8; 32],
}

impl SecondKey {
    fn from_seed(seed: &[u8; 32]) -> Self {
        let expanded: [u8; 96] = libcrux_sha3::shake256(seed);
        Self {
            post_quantum: mlkem768::generate_key_pair(expanded[..64].try_into().unwrap()),
            classical: expanded[64..].try_into().unwrap(),
        }
    }

    fn public(&self) -> [u8; 1216] {
        let classical = x25519(self.classical, X25519_BASEPOINT_BYTES);
        [self.post_quantum.pk().as_slice(), &classical].concat().try_into().unwrap()
    }

    fn decapsulate(&self, enc: &[u8; 1120]) -> [u8; 32] {
        let post_quantum: [u8; 1088] = enc[..1088].try_into().unwrap();
        let theirs: [u8; 32] = enc[1088..].try_into().unwrap();
        let ours = x25519(self.classical, X25519_BASEPOINT_BYTES);
        let one = mlkem768::decapsulate(self.post_quantum.private_key(), &post_quantum.into());
        combine(&one, &x25519(self.classical, theirs), &theirs, &ours)
    }
}

fn encapsulate(public: &[u8; 1216]) -> ([u8; 1120], [u8; 32]) {
    let post_quantum: [u8; 1184] = public[..1184].try_into().unwrap();
    let theirs: [u8; 32] = public[1184..].try_into().unwrap();
    let (randomness, once) = (Secret::<32>::generate(&mut rng()), Secret::<32>::generate(&mut rng()));
    let (first, one) = mlkem768::encapsulate(&post_quantum.into(), *randomness.expose());
    let ours = x25519(*once.expose(), X25519_BASEPOINT_BYTES);
    let enc = [first.as_slice().as_slice(), &ours].concat().try_into().unwrap();
    (enc, combine(&one, &x25519(*once.expose(), theirs), &ours, &theirs))
}

fn combine(one: &[u8; 32], other: &[u8; 32], enc: &[u8; 32], public: &[u8; 32]) -> [u8; 32] {
    libcrux_sha3::sha256(&[one.as_slice(), other, enc, public, XWING_LABEL].concat())
}

/// RFC 9180 § 5.1, key schedule; `psk` empty means base mode.
fn key_and_nonce(shared: &[u8; 32], info: &[u8], psk: &[u8], psk_id: &[u8]) -> ([u8; 32], [u8; 12]) {
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

#[test]
fn both_make_the_same_public_key_of_a_seed() {
    for byte in 0..16 {
        let seed = [byte; 32];
        assert_eq!(XWingSecret::from_seed(seed).public(), SecondKey::from_seed(&seed).public());
    }
}

#[test]
fn the_second_opens_what_the_first_sealed() {
    let seed = *Secret::generate(&mut rng()).expose();
    let (key, second) = (XWingSecret::from_seed(seed), SecondKey::from_seed(&seed));
    for (psk, psk_id) in [(None, b"".as_slice()), (Some([7; 32]), b"\0\0\0\x01")] {
        let sealed = match psk {
            None => crypto::seal_base(&key.public(), b"info", b"aad", b"letter", &mut rng()),
            Some(psk) => {
                crypto::seal_psk(&key.public(), &psk, psk_id, b"info", b"aad", b"letter", &mut rng())
            }
        }
        .unwrap();
        let psk = psk.map_or(vec![], |psk| psk.to_vec());
        let (key, nonce) = key_and_nonce(&second.decapsulate(&sealed.enc), b"info", &psk, psk_id);
        let payload = Payload { msg: &sealed.ciphertext, aad: b"aad" };
        let opened = ChaCha20Poly1305::new(&key.into()).decrypt(&Nonce::from(nonce), payload);
        assert_eq!(opened.unwrap(), b"letter");
    }
}

#[test]
fn the_first_opens_what_the_second_sealed() {
    let key = XWingSecret::generate(&mut rng());
    for (psk, psk_id) in [(None, b"".as_slice()), (Some([7; 32]), b"\0\0\0\x01")] {
        let (enc, shared) = encapsulate(&key.public());
        let bytes = psk.map_or(vec![], |psk| psk.to_vec());
        let (once, nonce) = key_and_nonce(&shared, b"info", &bytes, psk_id);
        let payload = Payload { msg: b"letter", aad: b"aad" };
        let ciphertext = ChaCha20Poly1305::new(&once.into()).encrypt(&Nonce::from(nonce), payload).unwrap();
        let opened = match psk {
            None => crypto::open_base(&key, &enc, b"info", b"aad", &ciphertext),
            Some(psk) => crypto::open_psk(&key, &enc, &psk, psk_id, b"info", b"aad", &ciphertext),
        };
        assert_eq!(opened.unwrap().as_slice(), b"letter");
    }
}

#[test]
fn both_reject_an_altered_encapsulation_in_the_same_way() {
    // ML-KEM rejects implicitly: the two must agree even on the wrong secret, else timing or errors differ.
    let key = XWingSecret::from_seed([3; 32]);
    let (mut enc, _) = encapsulate(&key.public());
    enc[100] ^= 1;
    let (once, nonce) = key_and_nonce(&SecondKey::from_seed(&[3; 32]).decapsulate(&enc), b"", b"", b"");
    let ciphertext =
        ChaCha20Poly1305::new(&once.into()).encrypt(&Nonce::from(nonce), b"x".as_slice()).unwrap();
    assert!(crypto::open_base(&key, &enc, b"", b"", &ciphertext).is_ok());
}
