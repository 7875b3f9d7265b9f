//! Damages every golden frame: it is refused, or it is another value that says exactly the damaged bytes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use proptest::prelude::*;
use support::{framed, golden, read_one};
use wire::{Deframer, Frame, RawFrame, RequestId};

/// Every place of short frames; of long ones the head, the end, and every 61st byte between.
fn places(len: usize) -> Vec<usize> {
    (0..len).filter(|i| len <= 1024 || *i < 192 || *i + 32 >= len || i % 61 == 0).collect()
}

/// Every other byte for the head of a frame, a few tell-tale ones further in.
fn replacements(place: usize, byte: u8) -> Vec<u8> {
    match place {
        0..96 => (0..=255).filter(|other| *other != byte).collect(),
        _ => vec![byte ^ 1, byte ^ 0x80, byte.wrapping_add(1), 0, 0xff]
            .into_iter()
            .filter(|b| *b != byte)
            .collect(),
    }
}

#[test]
fn a_changed_byte_is_refused_or_is_another_value_with_these_very_bytes() {
    for case in golden::all() {
        let bytes = case.frame.encode();
        for place in places(bytes.len()) {
            for other in replacements(place, bytes[place]) {
                let mut damaged = bytes.to_vec();
                damaged[place] = other;
                if let Ok(frame) = read_one(&damaged) {
                    assert_ne!(frame, case.frame, "{} byte {place} = {other} changes nothing", case.name);
                    assert!(
                        frame.encode() == damaged,
                        "{} byte {place} = {other} has two encodings",
                        case.name
                    );
                }
            }
        }
    }
}

#[test]
fn a_truncated_stream_is_never_a_frame() {
    for case in golden::all() {
        let bytes = case.frame.encode();
        for len in places(bytes.len()) {
            let mut deframer = Deframer::new();
            deframer.extend(&bytes[..len]);
            assert_eq!(deframer.next_frame(), Ok(None), "{} cut to {len}", case.name);
        }
    }
}

#[test]
fn a_truncated_body_with_the_length_that_fits_it_is_refused() {
    for case in golden::all() {
        let bytes = case.frame.encode();
        let body = &bytes[8..];
        for len in places(body.len()) {
            let cut = framed(bytes[3], case.frame.request_id.0, &body[..len]);
            assert!(read_one(&cut).is_err(), "{} cut to {len}", case.name);
        }
    }
}

#[test]
fn a_byte_behind_the_body_is_refused() {
    for case in golden::all() {
        let bytes = case.frame.encode();
        for extra in [0, 1, 0xff] {
            let longer = framed(bytes[3], case.frame.request_id.0, &[&bytes[8..], &[extra]].concat());
            assert_eq!(read_one(&longer), Err("Trailing".into()), "{}", case.name);
        }
    }
}

#[test]
fn kinds_that_are_not_in_the_table_are_unknown_whatever_the_body() {
    let known: Vec<u8> = wire::kind::ALL.iter().map(|(kind, _)| *kind).collect();
    for byte in (0..=255).filter(|byte| !known.contains(byte)) {
        for body in [&b""[..], b"x"] {
            assert_eq!(read_one(&framed(byte, 1, body)), Err(format!("UnknownKind({byte})")));
        }
    }
}

proptest! {
    /// No bytes make the decoder panic, and what it accepts it says again in the same bytes.
    #[test]
    fn noise_is_refused_or_encodes_to_itself(byte: u8, id: u32, body in prop::collection::vec(any::<u8>(), 0..300)) {
        let raw = RawFrame { kind: byte, request_id: RequestId(id), body: body.clone().into() };
        if let Ok(frame) = Frame::decode(&raw) {
            prop_assert_eq!(frame.encode(), framed(byte, id, &body));
        }
    }
}
