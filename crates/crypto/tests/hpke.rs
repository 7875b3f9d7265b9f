//! Envelopes open for whom they are sealed, and for nobody else.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::rng;
use crypto::{
    OpenError, SealError, Sealed, XWingSecret, is_envelope_key, open_base, open_psk, seal_base, seal_psk,
};
use proptest::prelude::*;

const PSK: [u8; 32] = [5; 32];

fn sealed_base(key: &XWingSecret) -> Sealed {
    seal_base(&key.public(), b"info", b"aad", b"letter", &mut rng()).unwrap()
}

fn sealed_psk(key: &XWingSecret) -> Sealed {
    seal_psk(&key.public(), &PSK, b"\0\0\0\x01", b"info", b"aad", b"letter", &mut rng()).unwrap()
}

#[test]
fn the_recipient_reads_what_was_sealed() {
    let key = XWingSecret::generate(&mut rng());
    let sealed = sealed_base(&key);
    assert_eq!(sealed.ciphertext.len(), 6 + 16);
    assert_eq!(
        open_base(&key, &sealed.enc, b"info", b"aad", &sealed.ciphertext).unwrap().as_slice(),
        b"letter"
    );
    let sealed = sealed_psk(&key);
    let opened = open_psk(&key, &sealed.enc, &PSK, b"\0\0\0\x01", b"info", b"aad", &sealed.ciphertext);
    assert_eq!(opened.unwrap().as_slice(), b"letter");
}

#[test]
fn a_key_comes_back_from_its_seed() {
    let key = XWingSecret::generate(&mut rng());
    let again = XWingSecret::from_seed(*key.seed().expose());
    assert_eq!(again.public(), key.public());
    let sealed = sealed_base(&key);
    assert!(open_base(&again, &sealed.enc, b"info", b"aad", &sealed.ciphertext).is_ok());
    assert_eq!(format!("{key:?}"), "XWingSecret(..)");
}

#[test]
fn wrong_key_info_aad_or_enc_do_not_open() {
    let key = XWingSecret::generate(&mut rng());
    let Sealed { enc, ciphertext } = sealed_base(&key);
    let stranger = XWingSecret::generate(&mut rng());
    assert_eq!(open_base(&stranger, &enc, b"info", b"aad", &ciphertext), Err(OpenError));
    assert_eq!(open_base(&key, &enc, b"inf0", b"aad", &ciphertext), Err(OpenError));
    assert_eq!(open_base(&key, &enc, b"infoaad", b"", &ciphertext), Err(OpenError));
    assert_eq!(open_base(&key, &enc, b"info", b"aae", &ciphertext), Err(OpenError));
    assert_eq!(open_base(&key, &enc, b"info", b"aad", &[]), Err(OpenError));
    for at in [0, 500, 1087, 1088, 1119] {
        let mut other = enc;
        other[at] ^= 1;
        assert_eq!(open_base(&key, &other, b"info", b"aad", &ciphertext), Err(OpenError), "enc byte {at}");
    }
    assert_eq!(open_base(&key, &[0; 1120], b"info", b"aad", &ciphertext), Err(OpenError));
}

#[test]
fn wrong_psk_or_psk_id_or_mode_do_not_open() {
    let key = XWingSecret::generate(&mut rng());
    let Sealed { enc, ciphertext } = sealed_psk(&key);
    let open = |psk: &[u8; 32], id: &[u8]| open_psk(&key, &enc, psk, id, b"info", b"aad", &ciphertext);
    assert!(open(&PSK, b"\0\0\0\x01").is_ok());
    assert_eq!(open(&[6; 32], b"\0\0\0\x01"), Err(OpenError));
    assert_eq!(open(&PSK, b"\0\0\0\x02"), Err(OpenError));
    assert_eq!(open(&PSK, b""), Err(OpenError));
    assert_eq!(open_base(&key, &enc, b"info", b"aad", &ciphertext), Err(OpenError));
    let base = sealed_base(&key);
    let opened = open_psk(&key, &base.enc, &PSK, b"\0\0\0\x01", b"info", b"aad", &base.ciphertext);
    assert_eq!(opened, Err(OpenError));
}

#[test]
fn every_altered_or_missing_byte_of_a_ciphertext_is_noticed() {
    let key = XWingSecret::generate(&mut rng());
    let Sealed { enc, ciphertext } = sealed_base(&key);
    for at in 0..ciphertext.len() {
        let mut altered = ciphertext.clone();
        altered[at] ^= 0x80;
        assert_eq!(open_base(&key, &enc, b"info", b"aad", &altered), Err(OpenError), "byte {at}");
        assert_eq!(open_base(&key, &enc, b"info", b"aad", &ciphertext[..at]), Err(OpenError), "cut at {at}");
    }
}

#[test]
fn two_envelopes_never_share_an_encapsulation() {
    let key = XWingSecret::generate(&mut rng());
    let (one, other) = (sealed_base(&key), sealed_base(&key));
    assert_ne!(one.enc, other.enc);
    assert_ne!(one.ciphertext, other.ciphertext);
}

#[test]
fn a_recipient_key_outside_the_field_is_refused() {
    let seal = |key| seal_base(key, b"", b"", b"", &mut rng());
    assert_eq!(seal(&[0xff; 1216]), Err(SealError::BadRecipient));
}

/// S06: the check that is made before anything is sealed says the same as sealing does, coefficient by coefficient.
#[test]
fn a_key_above_the_modulus_is_none_wherever_it_is_above() {
    let good = XWingSecret::generate(&mut rng()).public();
    assert!(is_envelope_key(&good));
    for at in (0..1_152).step_by(3) {
        let mut key = good;
        // 12 bits each: the modulus is 3,329.
        (key[at], key[at + 1]) = (0xff, key[at + 1] | 0x0f);
        assert!(!is_envelope_key(&key), "coefficient at byte {at}");
        assert_eq!(seal_base(&key, b"", b"", b"", &mut rng()), Err(SealError::BadRecipient));
    }
}

/// S05: a point of low order in the X25519 half passes, as X-Wing says: who owns the key gave his classical half
/// away, and the post-quantum half still closes the envelope to everybody else.
#[test]
fn a_low_order_point_in_the_classical_half_opens_nothing_to_others() {
    let owner = XWingSecret::generate(&mut rng());
    let mut points = [[0; 32], [0; 32], [0xff; 32]];
    points[1][0] = 1;
    (points[2][0], points[2][31]) = (0xec, 0x7f);
    for point in points {
        let mut key = owner.public();
        key[1_184..].copy_from_slice(&point);
        assert!(is_envelope_key(&key));
        let sealed = seal_base(&key, b"info", b"aad", b"letter", &mut rng()).unwrap();
        let stranger = XWingSecret::generate(&mut rng());
        assert!(open_base(&stranger, &sealed.enc, b"info", b"aad", &sealed.ciphertext).is_err());
    }
}

#[test]
fn a_psk_without_an_identifier_is_refused() {
    let key = XWingSecret::generate(&mut rng()).public();
    assert_eq!(seal_psk(&key, &PSK, b"", b"", b"", b"", &mut rng()), Err(SealError::NoPskId));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn whatever_is_sealed_opens_again(
        seed: [u8; 32],
        psk: [u8; 32],
        info: Vec<u8>,
        aad: Vec<u8>,
        plaintext in proptest::collection::vec(any::<u8>(), 0..5_000),
    ) {
        let key = XWingSecret::from_seed(seed);
        let sealed = seal_psk(&key.public(), &psk, b"id", &info, &aad, &plaintext, &mut rng()).unwrap();
        let opened = open_psk(&key, &sealed.enc, &psk, b"id", &info, &aad, &sealed.ciphertext).unwrap();
        prop_assert_eq!(opened.as_slice(), plaintext.as_slice());
    }

    #[test]
    fn no_garbage_opens_or_panics(seed: [u8; 32], enc in proptest::collection::vec(any::<u8>(), 1120), rest: Vec<u8>) {
        let key = XWingSecret::from_seed(seed);
        let enc = enc.try_into().unwrap();
        prop_assert_eq!(open_base(&key, &enc, b"", b"", &rest), Err(OpenError));
    }
}
