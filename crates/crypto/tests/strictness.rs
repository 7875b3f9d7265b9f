//! Keys and signatures have one form, and both halves count.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{add_group_order, array, rng};
use crypto::{BadKey, BadSignature, CompositeSignature, IdentitySecret, Label, OwnerSecret, PublicIdentity};

/// The eight points of small order, in every encoding that decodes (ed25519-speccheck; "Taming the many EdDSAs").
const SMALL_ORDER: [&str; 14] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

fn alice() -> IdentitySecret {
    IdentitySecret::from_seeds([1; 32], [2; 32])
}

/// Alice's key with another Ed25519 half.
fn with_classical(half: &[u8; 32]) -> [u8; 1984] {
    let mut bytes = alice().public().to_bytes();
    bytes[..32].copy_from_slice(half);
    bytes
}

#[test]
fn keys_of_small_order_are_refused_in_every_encoding() {
    for key in SMALL_ORDER.map(array::<32>) {
        assert!(PublicIdentity::from_bytes(&with_classical(&key)).is_err());
        assert!(crypto::check_owner_key(&key).is_err());
    }
}

#[test]
fn the_reason_of_a_bad_key_is_told() {
    let reason = |key: &str| PublicIdentity::from_bytes(&with_classical(&array(key))).err();
    assert_eq!(reason(SMALL_ORDER[0]), Some(BadKey::SmallOrder));
    assert_eq!(reason(SMALL_ORDER[10]), Some(BadKey::NotCanonical));
    // p + 3 is y = 3, a point of large order.
    let second_form = "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
    assert_eq!(reason(second_form), Some(BadKey::NotCanonical));
    let nowhere = "0200000000000000000000000000000000000000000000000000000000000000";
    assert_eq!(reason(nowhere), Some(BadKey::NotAPoint));
}

#[test]
fn a_public_key_survives_the_wire() {
    let public = IdentitySecret::generate(&mut rng()).public();
    assert_eq!(PublicIdentity::from_bytes(&public.to_bytes()).unwrap(), public);
}

#[test]
fn both_halves_must_verify() {
    let (alice, eve) = (alice(), IdentitySecret::from_seeds([3; 32], [4; 32]));
    let (good, bad) = (alice.sign(Label::BUNDLE, b"m").to_bytes(), eve.sign(Label::BUNDLE, b"m").to_bytes());
    let verify = |left: &[u8], right: &[u8]| {
        let joined: [u8; 3373] = [left, right].concat().try_into().unwrap();
        alice.public().verify(Label::BUNDLE, b"m", &CompositeSignature::from_bytes(&joined))
    };
    assert_eq!(verify(&good[..64], &good[64..]), Ok(()));
    assert_eq!(verify(&bad[..64], &good[64..]), Err(BadSignature));
    assert_eq!(verify(&good[..64], &bad[64..]), Err(BadSignature));
    assert_eq!(verify(&[0; 64], &good[64..]), Err(BadSignature));
    assert_eq!(verify(&good[..64], &[0; 3309]), Err(BadSignature));
    assert_eq!(verify(&good[..64], &[0xff; 3309]), Err(BadSignature));
}

#[test]
fn halves_of_two_messages_do_not_make_a_signature() {
    let alice = alice();
    let (one, other) =
        (alice.sign(Label::RECORD, b"1").to_bytes(), alice.sign(Label::RECORD, b"2").to_bytes());
    let mixed: [u8; 3373] = [&one[..64], &other[64..]].concat().try_into().unwrap();
    let mixed = CompositeSignature::from_bytes(&mixed);
    for message in [b"1", b"2"] {
        assert_eq!(alice.public().verify(Label::RECORD, message, &mixed), Err(BadSignature));
    }
}

#[test]
fn halves_of_two_identities_do_not_make_a_key() {
    // Both share the Ed25519 half, so only the fingerprint in the transcript tells them apart.
    let (one, other) =
        (IdentitySecret::from_seeds([1; 32], [2; 32]), IdentitySecret::from_seeds([1; 32], [9; 32]));
    let (a, b) = (one.sign(Label::RECORD, b"m").to_bytes(), other.sign(Label::RECORD, b"m").to_bytes());
    assert_ne!(a[..64], b[..64], "even the shared half signs who it is part of");
    let mixed: [u8; 3373] = [&b[..64], &a[64..]].concat().try_into().unwrap();
    assert!(one.public().verify(Label::RECORD, b"m", &CompositeSignature::from_bytes(&mixed)).is_err());
}

#[test]
fn a_signature_holds_for_its_own_purpose_message_and_key() {
    let alice = alice();
    let signature = alice.sign(Label::CHALLENGE_ROTATE, b"proof");
    let public = alice.public();
    assert_eq!(public.verify(Label::CHALLENGE_ROTATE, b"proof", &signature), Ok(()));
    for purpose in Label::ALL.iter().filter(|label| **label != Label::CHALLENGE_ROTATE) {
        assert_eq!(public.verify(*purpose, b"proof", &signature), Err(BadSignature), "{purpose:?}");
    }
    assert_eq!(public.verify(Label::CHALLENGE_ROTATE, b"proof!", &signature), Err(BadSignature));
    let other = IdentitySecret::generate(&mut rng()).public();
    assert_eq!(other.verify(Label::CHALLENGE_ROTATE, b"proof", &signature), Err(BadSignature));
}

#[test]
fn flipped_bits_anywhere_are_refused() {
    let alice = alice();
    let signature = alice.sign(Label::BUNDLE, b"m").to_bytes();
    let public = alice.public();
    for at in (0..64).chain((64..3373).step_by(97)).chain(3312..3373) {
        let mut altered = signature;
        altered[at] ^= 0x10;
        let verified = public.verify(Label::BUNDLE, b"m", &CompositeSignature::from_bytes(&altered));
        assert_eq!(verified, Err(BadSignature), "byte {at}");
    }
}

#[test]
fn an_owner_signature_has_one_form() {
    let owner = OwnerSecret::generate(&mut rng());
    let signature = owner.sign(Label::OPEN, b"proof");
    assert_eq!(crypto::verify_owner(&owner.public(), Label::OPEN, b"proof", &signature), Ok(()));
    let mut second_form = signature;
    add_group_order(&mut second_form[32..]);
    assert_eq!(crypto::verify_owner(&owner.public(), Label::OPEN, b"proof", &second_form), Err(BadSignature));
    for small in SMALL_ORDER.map(array::<32>) {
        let mut small_r = signature;
        small_r[..32].copy_from_slice(&small);
        assert_eq!(crypto::verify_owner(&owner.public(), Label::OPEN, b"proof", &small_r), Err(BadSignature));
        // S = 0 and R, A of small order: the equation that lax verifiers accept.
        let mut lax = [0; 64];
        lax[..32].copy_from_slice(&small);
        assert_eq!(crypto::verify_owner(&small, Label::OPEN, b"proof", &lax), Err(BadSignature));
    }
}

#[test]
fn an_owner_signature_is_not_an_identity_signature() {
    // The same seed on both sides, which never happens; the leading label still keeps them apart.
    let (owner, identity) = (OwnerSecret::from_seed([1; 32]), alice());
    let signature = owner.sign(Label::RECORD, b"m");
    assert_ne!(signature, identity.sign(Label::RECORD, b"m").as_bytes()[..64]);
    assert!(crypto::verify_owner(&owner.public(), Label::OPEN, b"m", &signature).is_err());
    assert!(crypto::verify_owner(&[7; 32], Label::RECORD, b"m", &signature).is_err());
}

#[test]
fn seeds_bring_an_identity_back_and_nothing_prints() {
    let alice = IdentitySecret::generate(&mut rng());
    let seeds = alice.seeds();
    let (left, right) = seeds.expose().split_at(32);
    let again = IdentitySecret::from_seeds(left.try_into().unwrap(), right.try_into().unwrap());
    assert_eq!(again, alice);
    assert_eq!(again.public().fingerprint(), alice.public().fingerprint());
    assert_eq!(
        format!("{alice:?} {:?} {seeds:?}", alice.public()),
        "IdentitySecret(..) PublicIdentity(..) Secret(..)"
    );
    assert_eq!(format!("{:?}", OwnerSecret::from_seed([1; 32])), "OwnerSecret(..)");
}

#[test]
fn recovery_key_and_identity_key_of_one_entropy_are_unrelated() {
    let recovery = IdentitySecret::recovery_from_entropy(&[1; 32]);
    assert_ne!(recovery, IdentitySecret::from_seeds([1; 32], [1; 32]));
    assert_ne!(recovery.public().commitment(), recovery.public().fingerprint());
    assert_ne!(recovery, IdentitySecret::recovery_from_entropy(&[2; 32]));
    let (left, right) = (recovery.seeds().expose()[..32].to_vec(), recovery.seeds().expose()[32..].to_vec());
    assert_ne!(left, right);
}
