//! Each input of a stamp changes what comes out.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use crypto::{deposit_mac, stamp_commitment, stamp_secret, stamp_tag};
use proptest::prelude::*;

#[test]
fn every_input_changes_the_secret() {
    let usual = stamp_secret(&[1; 32], &[2; 16], 3, 4);
    assert_eq!(usual, stamp_secret(&[1; 32], &[2; 16], 3, 4));
    let others = [
        stamp_secret(&[9; 32], &[2; 16], 3, 4),
        stamp_secret(&[1; 32], &[9; 16], 3, 4),
        stamp_secret(&[1; 32], &[2; 16], 4, 4),
        stamp_secret(&[1; 32], &[2; 16], 3, 5),
        stamp_secret(&[1; 32], &[2; 16], 4, 3),
    ];
    assert!(!others.contains(&usual));
}

#[test]
fn every_input_changes_the_tag() {
    let usual = stamp_tag(&[1; 32], &[2; 16], 3, 4, &[5; 16]);
    let others = [
        stamp_tag(&[9; 32], &[2; 16], 3, 4, &[5; 16]),
        stamp_tag(&[1; 32], &[9; 16], 3, 4, &[5; 16]),
        stamp_tag(&[1; 32], &[2; 16], 9, 4, &[5; 16]),
        stamp_tag(&[1; 32], &[2; 16], 3, 9, &[5; 16]),
        stamp_tag(&[1; 32], &[2; 16], 3, 4, &[9; 16]),
    ];
    assert!(!others.contains(&usual));
}

#[test]
fn every_input_changes_the_mac() {
    let usual = deposit_mac(&[1; 16], &[2; 16], 3, 4, b"envelope");
    let others = [
        deposit_mac(&[9; 16], &[2; 16], 3, 4, b"envelope"),
        deposit_mac(&[1; 16], &[9; 16], 3, 4, b"envelope"),
        deposit_mac(&[1; 16], &[2; 16], 9, 4, b"envelope"),
        deposit_mac(&[1; 16], &[2; 16], 3, 9, b"envelope"),
        deposit_mac(&[1; 16], &[2; 16], 3, 4, b"envelopf"),
        deposit_mac(&[1; 16], &[2; 16], 3, 4, b""),
    ];
    assert!(!others.contains(&usual));
}

#[test]
fn secret_commitment_tag_and_mac_of_one_stamp_are_unrelated() {
    let key = [1; 32];
    let x = stamp_secret(&key, &[2; 16], 3, 4);
    let c = stamp_commitment(&x);
    let t = stamp_tag(&key, &[2; 16], 3, 4, &c);
    let m = deposit_mac(&x, &[2; 16], 3, 4, &c);
    assert_eq!(BTreeSet::from([x, c, t, m]).len(), 4);
}

#[test]
fn a_whole_generation_has_no_two_secrets_alike() {
    let secrets: BTreeSet<_> =
        (0..=u16::MAX).map(|index| stamp_secret(&[1; 32], &[2; 16], 0, index)).collect();
    assert_eq!(secrets.len(), 65_536);
}

proptest! {
    #[test]
    fn two_places_never_share_a_secret(one: (u8, u16), other: (u8, u16)) {
        prop_assume!(one != other);
        prop_assert_ne!(
            stamp_secret(&[1; 32], &[2; 16], one.0, one.1),
            stamp_secret(&[1; 32], &[2; 16], other.0, other.1)
        );
    }
}
