//! Whatever the bytes are, reading them ends in a value or an error.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::num::NonZeroU32;

use common::*;
use e2ee::said::{FilePart, Note};
use e2ee::{Content, Conversation, Kind, MessageId, Mint, Offer, Seen, StreamId};
use proptest::prelude::*;
use wire::{Day, UnixSeconds, XWingPublicKey};

fn contents() -> impl Strategy<Value = Content> {
    let offer = (1_u32.., any::<u16>(), any::<[u8; 32]>()).prop_map(|(n, day, psk)| Offer {
        n,
        day: Day(day),
        key: XWingPublicKey([3; 1216]),
        psk,
    });
    let seen = (any::<[u8; 8]>(), 0..1_u64 << 48)
        .prop_map(|(stream, through)| Seen { stream: StreamId(stream), through });
    let kind = prop_oneof![
        ".{0,300}".prop_map(Kind::Text),
        Just(Kind::Refill),
        any::<[u8; 16]>().prop_map(|id| Kind::Delete(MessageId(id))),
        (any::<[u8; 16]>(), 0..200_u16, proptest::collection::vec(any::<u8>(), 1..300)).prop_map(
            |(file, index, bytes)| Kind::FilePart(FilePart { file: MessageId(file), index, bytes })
        ),
        (any::<[u8; 16]>(), 1..31_622_400_u32, ".{0,300}").prop_map(|(id, seconds, text)| {
            Kind::Note(Note { quotes: Some(MessageId(id)), expire_s: NonZeroU32::new(seconds), text })
        }),
        (Kind::UNOPENED + 1.., proptest::collection::vec(any::<u8>(), 0..300))
            .prop_map(|(kind, body)| Kind::Unknown { kind, body }),
    ];
    let ids = (any::<[u8; 16]>(), any::<[u8; 8]>(), 1..1_u64 << 48, any::<u64>());
    (ids, proptest::option::of(offer), proptest::option::of(seen), kind).prop_map(
        |((message, stream, number, sent_at), offer, seen, kind)| Content {
            message_id: MessageId(message),
            stream: StreamId(stream),
            number,
            seen,
            sent_at: UnixSeconds(sent_at),
            offer,
            gossip: [0; 44],
            reply: None,
            stamps: Vec::new(),
            kind,
        },
    )
}

proptest! {
    #[test]
    fn a_content_is_read_back_as_it_was(content in contents()) {
        prop_assert_eq!(Content::from_bytes(&content.to_bytes()), Ok(content));
    }

    #[test]
    fn what_reads_as_a_content_has_that_one_encoding(content in contents(), at in any::<usize>(), bit in 0..8_u8) {
        let mut bytes = content.to_bytes();
        let at = at % bytes.len();
        bytes[at] ^= 1_u8 << bit;
        if let Ok(read) = Content::from_bytes(&bytes) {
            prop_assert_eq!(read.to_bytes(), bytes);
        }
    }

    #[test]
    fn noise_is_never_state(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let led = [&[1][..], &bytes].concat();
        prop_assert!(Conversation::restore(&bytes).is_err() || bytes.len() > 64);
        prop_assert!(e2ee::Account::restore(&led).is_err());
        prop_assert!(Mint::restore(&led).is_err() || led.len() == 118);
    }
}

#[test]
fn every_shortened_content_is_refused() {
    let (mut alice, mut bob) = acquainted();
    let letter = alice.say(&bob, "whole");
    let bytes = bob.read(&alice, &letter).to_bytes();
    for len in 0..bytes.len() {
        assert!(Content::from_bytes(&bytes[..len]).is_err(), "cut at {len}");
    }
}
