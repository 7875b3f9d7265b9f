//! Stamps: each once, each for one envelope, in an order that tells nothing.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::*;
use e2ee::{BadStamp, Mint, authorise};
use std::collections::BTreeSet;
use wire::{DepositAuth, DepositId, DepositMac, Envelope, Generation, StampIndex};

const SID: DepositId = DepositId([5; 16]);

fn envelope(fill: u8) -> Envelope {
    Envelope::new(vec![fill; 4_096].into()).unwrap()
}

#[test]
fn a_stamp_holds_for_its_envelope_only() {
    let (mint, stamps) = Mint::generate(SID, &mut rng()).mint(3);
    for stamp in &stamps {
        let auth = authorise(stamp, &SID, &envelope(1));
        assert_eq!(mint.verify(&auth, &envelope(1)), Ok(stamp.index));
        assert_eq!(mint.verify(&auth, &envelope(2)), Err(BadStamp));
    }
    let elsewhere = authorise(&stamps[0], &DepositId([6; 16]), &envelope(1));
    assert_eq!(mint.verify(&elsewhere, &envelope(1)), Err(BadStamp));
    let stranger = Mint::generate(SID, &mut rng());
    assert_eq!(stranger.verify(&authorise(&stamps[0], &SID, &envelope(1)), &envelope(1)), Err(BadStamp));
    assert_eq!(mint.verify(&DepositAuth::Open { puzzle: None }, &envelope(1)), Err(BadStamp));
}

#[test]
fn every_field_of_a_stamped_deposit_counts() {
    let (mint, stamps) = Mint::generate(SID, &mut rng()).mint(1);
    let DepositAuth::Stamped { generation, index, commitment, tag, mac } =
        authorise(&stamps[0], &SID, &envelope(1))
    else {
        panic!("stamped")
    };
    let mut other_mac = mac;
    other_mac.0[15] ^= 1;
    let mut other_commitment = commitment;
    other_commitment.0[0] ^= 1;
    let forged = [
        DepositAuth::Stamped { generation: Generation(9), index, commitment, tag, mac },
        DepositAuth::Stamped { generation, index: StampIndex(index.0 ^ 1), commitment, tag, mac },
        DepositAuth::Stamped { generation, index, commitment: other_commitment, tag, mac },
        DepositAuth::Stamped { generation, index, commitment, tag, mac: other_mac },
        DepositAuth::Stamped { generation, index, commitment, tag, mac: DepositMac([0; 16]) },
    ];
    for auth in forged {
        assert_eq!(mint.verify(&auth, &envelope(1)), Err(BadStamp));
    }
}

#[test]
fn a_generation_hands_out_every_index_once_in_a_random_order() {
    let mint = Mint::generate(SID, &mut rng());
    assert!(!mint.wants_successor());
    let (first, some) = mint.mint(49_152);
    assert!(first.wants_successor());
    let (last, rest) = first.mint(1_000_000);
    assert_eq!(last.left(), 0);
    assert!(last.mint(1).1.is_empty());
    let indices: Vec<u16> = some.iter().chain(&rest).map(|stamp| stamp.index.0).collect();
    assert_eq!(indices.iter().collect::<BTreeSet<_>>().len(), 65_536);
    let rising = indices.windows(2).filter(|pair| pair[0] < pair[1]).count();
    assert!((30_000..35_500).contains(&rising), "{rising} of 65,535 steps rise");
}

#[test]
fn the_next_generation_has_other_stamps_and_its_own_key() {
    let mint = Mint::generate(SID, &mut rng());
    let next = mint.next_generation(&mut rng());
    assert_eq!(next.generation(), Generation(2));
    assert_ne!(next.key(), mint.key());
    let (next, stamps) = next.mint(1);
    let auth = authorise(&stamps[0], &SID, &envelope(1));
    assert!(next.verify(&auth, &envelope(1)).is_ok());
    assert_eq!(mint.verify(&auth, &envelope(1)), Err(BadStamp));
}

#[test]
fn a_mint_goes_on_after_its_snapshot() {
    let (mint, before) = Mint::generate(SID, &mut rng()).mint(10);
    let back = Mint::restore(&mint.snapshot()).unwrap();
    let ((_, one), (_, other)) = (mint.mint(10), back.mint(10));
    assert_eq!(one, other);
    assert!(one.iter().all(|stamp| !before.contains(stamp)));
}
