//! Keys that are none: low-order points and wrong encodings, in every place where a correspondent names one.

use client::{ClientError, SendOptions, SentState};
use wire::{Curve25519Key, XWingPublicKey};

use crate::{
    evil::{Evil, Victim, befriend},
    olm::First,
    peer::{Peer, at_doorstep, bundle_of, prefix},
};

/// Every encoding that X25519 takes for a point of low order: 0, 1, the two points of order 8, p − 1, p and
/// p + 1, and those of them whose ignored top bit may be set. 12 are named by RFC 7748's errata and by
/// <https://cr.yp.to/ecdh.html>; the rest differ in the ignored bit only.
pub fn low_order_points() -> Vec<[u8; 32]> {
    let hex = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    let parse = |text: &str| -> [u8; 32] {
        let byte = |at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap();
        std::array::from_fn(byte)
    };
    let plain = hex.map(parse);
    let topped = plain.map(|mut point| {
        point[31] |= 0x80;
        point
    });
    [plain, topped].concat()
}

/// Somebody else writes to the victim and is written to: whatever was done to the victim, that still works.
fn still_talks(victim: &Victim, friend: &Victim, text: &str) {
    let sent = victim.client().send(&friend.name, text, &SendOptions::default()).unwrap();
    assert_eq!(sent.state, SentState::Stored, "{text}");
    assert_eq!(friend.texts(), [text]);
    friend.stored(victim, text);
    assert_eq!(victim.texts(), [text]);
}

/// S05: a first message whose keys are of low order begins nothing, and holds nobody else up.
#[test]
fn low_order_keys_in_a_first_message_begin_no_conversation() {
    let evil = Evil::start();
    let (bob, carol) = (evil.join("bob"), evil.join("carol"));
    befriend(&carol, &bob);
    let theirs = bundle_of(&evil, &bob);
    for (n, point) in low_order_points().into_iter().enumerate() {
        for slot in ["one-time", "base", "identity", "ratchet"] {
            let mut first = First::towards(&theirs);
            let said = &mut first.said;
            *match slot {
                "one-time" => &mut said.one_time,
                "base" => &mut said.base,
                "identity" => &mut said.identity,
                _ => &mut said.ratchet,
            } = point;
            let name = format!("{slot}{n}");
            let mut mallory = Peer::new(&evil, &name, &bob);
            mallory.bundle.olm_identity = Curve25519Key(first.said.identity);
            let mut content = mallory.text("let me in");
            content.reply = Some(mallory.reply_path(32));
            let plaintext = [prefix(&mallory.me, &theirs), content.to_bytes()].concat();
            let olm = first.message(&theirs, &plaintext);
            at_doorstep(&evil, &bob, mallory.hello_around(&theirs, &olm));
        }
    }
    bob.client().collect().unwrap();
    let requests = bob.client().requests().unwrap();
    let names: Vec<_> = requests.iter().map(|request| request.label.as_str()).collect();
    assert!(names.is_empty(), "{names:?}");
    still_talks(&bob, &carol, "undisturbed");
}

/// The forger of this file can do it: with honest keys the same bytes open.
#[test]
fn a_first_message_made_by_hand_opens() {
    let evil = Evil::start();
    let bob = evil.join("bob");
    let theirs = bundle_of(&evil, &bob);
    let first = First::towards(&theirs);
    let mut mallory = Peer::new(&evil, "mallory", &bob);
    mallory.bundle.olm_identity = Curve25519Key(first.said.identity);
    let mut content = mallory.text("let me in");
    content.reply = Some(mallory.reply_path(32));
    let plaintext = [prefix(&mallory.me, &theirs), content.to_bytes()].concat();
    at_doorstep(&evil, &bob, mallory.hello_around(&theirs, &first.message(&theirs, &plaintext)));
    bob.client().collect().unwrap();
    assert_eq!(bob.client().requests().unwrap()[0].texts, ["let me in"]);
}

/// Keys that ML-KEM-768 does not accept (FIPS 203, § 7.2: every coefficient stays below the modulus): all of
/// them wrong, the first, the last.
fn no_ml_kem_keys(good: &XWingPublicKey) -> Vec<XWingPublicKey> {
    let with = |places: &[usize]| {
        let mut key = *good;
        places.iter().for_each(|at| key.0[*at] = 0xff);
        key
    };
    let all: Vec<usize> = (0..1_152).collect();
    vec![with(&all), with(&[0, 1]), with(&[1_150, 1_151])]
}

/// S05, S06: bundles that their owner signed and nobody can seal to.
#[test]
fn a_contact_with_useless_keys_gets_nothing_and_holds_nobody_up() {
    let evil = Evil::start();
    let (bob, carol) = (evil.join("bob"), evil.join("carol"));
    let mut useless = Vec::new();
    let good = Peer::new(&evil, "good", &bob).bundle;
    for point in low_order_points() {
        useless.push(wire::BundleBody { olm_identity: Curve25519Key(point), ..good.clone() });
        useless.push(wire::BundleBody { olm_fallback: Curve25519Key(point), ..good.clone() });
    }
    for prekey in no_ml_kem_keys(&good.prekey) {
        useless.push(wire::BundleBody { prekey, ..good.clone() });
    }
    for (n, bundle) in useless.into_iter().enumerate() {
        let mut mallory = Peer::new(&evil, &format!("mallory{n}"), &bob);
        mallory.bundle = wire::BundleBody { identity: mallory.me, ..bundle };
        evil.shell().bundles.insert(mallory.name.clone(), mallory.signed_bundle());
        bob.client().add(&evil.address(mallory.name.as_str()), None).unwrap();
        let before = evil.shell().deposits.len();
        let error = bob.client().send(mallory.name.as_str(), "x", &SendOptions::default()).unwrap_err();
        assert_eq!(error.exit_code(), 5, "{n}: {error:?}");
        assert_eq!(evil.shell().deposits.len(), before, "{n}: nothing was sealed");
    }
    // Carol became a contact after all of them: she stands last in every round.
    befriend(&carol, &bob);
    still_talks(&bob, &carol, "undisturbed");
}

/// S06: a later offer that nobody can seal to is not taken; what is written goes on under the one before.
#[test]
fn an_offer_of_no_key_is_refused_and_holds_nobody_up() {
    let evil = Evil::start();
    let (bob, carol) = (evil.join("bob"), evil.join("carol"));
    let mut mallory = Peer::befriended(&evil, "mallory", &bob);
    befriend(&carol, &bob);
    let good = mallory.text("unsaid").offer.unwrap();
    for (n, key) in no_ml_kem_keys(&good.key).into_iter().enumerate() {
        let mut content = mallory.text("a poisoned offer");
        content.offer = Some(e2ee::Offer { n: n as u32 + 7, key, ..good.clone() });
        let letter = mallory.letter_of(&content.to_bytes());
        mallory.drop_in(&evil, letter);
        assert_eq!(bob.texts(), ["a poisoned offer"]);
        let sent = bob.client().send("mallory", "still under the first", &SendOptions::default()).unwrap();
        assert_eq!(sent.state, SentState::Stored);
        assert_eq!(mallory.listen(&evil).len(), 1, "and can be read");
        still_talks(&bob, &carol, "undisturbed");
    }
}

/// S04: a contact whose first message knew a newer bundle than the directory shows, which is that of a vault before:
/// nothing is sealed to the older one, and nobody else waits for that. (A relay put back to an old copy does it.)
#[test]
fn a_bundle_older_than_the_first_messages_holds_nobody_up() {
    let evil = Evil::start();
    let (bob, carol) = (evil.join("bob"), evil.join("carol"));
    let mut mallory = Peer::new(&evil, "mallory", &bob);
    mallory.bundle.counter = 9;
    let mut content = mallory.text("let me in");
    // No stamps: the answer needs the directory's bundle.
    content.reply = Some(mallory.reply_path(0));
    let hello = mallory.hello_of(&evil, &bob, &content.to_bytes());
    at_doorstep(&evil, &bob, hello);
    let before = Peer::new(&evil, "mallory-before", &bob).bundle;
    mallory.bundle =
        wire::BundleBody { counter: 1, olm_identity: before.olm_identity, ..mallory.bundle.clone() };
    evil.shell().bundles.insert(mallory.name.clone(), mallory.signed_bundle());
    bob.client().collect().unwrap();
    bob.client().accept("mallory", None).unwrap();
    assert_eq!(bob.texts(), ["let me in"]);
    assert!(evil.shell().deposits.is_empty(), "nothing was sealed");
    befriend(&carol, &bob);
    still_talks(&bob, &carol, "undisturbed");
    // No lie: so it is at an honest directory until the midnight after a renewal.
    let error = bob.client().send("mallory", "x", &SendOptions::default()).unwrap_err();
    assert!(matches!(error, ClientError::NoBundle { .. }), "{error:?}");
}
