//! A second X-Wing and a second HPKE, on libcrux: each opens what the other sealed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;
mod second;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use common::rng;
use crypto::{Secret, XWingSecret};
use libcrux_ml_kem::mlkem768;
use second::{SecondKey, combine, key_and_nonce};
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};

fn encapsulate(public: &[u8; 1216]) -> ([u8; 1120], [u8; 32]) {
    let post_quantum: [u8; 1184] = public[..1184].try_into().unwrap();
    let theirs: [u8; 32] = public[1184..].try_into().unwrap();
    let (randomness, once) = (Secret::<32>::generate(&mut rng()), Secret::<32>::generate(&mut rng()));
    let (first, one) = mlkem768::encapsulate(&post_quantum.into(), *randomness.expose());
    let ours = x25519(*once.expose(), X25519_BASEPOINT_BYTES);
    let enc = [first.as_slice().as_slice(), &ours].concat().try_into().unwrap();
    (enc, combine(&one, &x25519(*once.expose(), theirs), &ours, &theirs))
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
        let shared = second.decapsulate(&sealed.enc);
        let opened = second::open(&shared, b"info", &psk, psk_id, b"aad", &sealed.ciphertext);
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
