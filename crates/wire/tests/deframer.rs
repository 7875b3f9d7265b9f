//! However the bytes arrive, the same frames come out.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use proptest::prelude::*;
use support::{framed, golden};
use wire::{DeframeError, Deframer, Frame, RawFrame, limits::FRAME_BYTES_MAX};

fn feed<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<RawFrame>, DeframeError> {
    let mut deframer = Deframer::new();
    let mut frames = Vec::new();
    for part in parts {
        deframer.extend(part);
        while let Some(frame) = deframer.next_frame()? {
            frames.push(frame);
        }
        assert!(deframer.buffered() < FRAME_BYTES_MAX + 3, "more than one frame is held");
    }
    assert_eq!(deframer.buffered(), 0);
    Ok(frames)
}

fn stream() -> Vec<u8> {
    golden::all().iter().flat_map(|case| case.frame.encode()).collect()
}

#[test]
fn byte_by_byte_in_halves_and_whole_give_the_same_frames() {
    let bytes = stream();
    let whole = feed([&bytes[..]]).unwrap();
    let decoded: Vec<Frame> = whole.iter().map(|raw| Frame::decode(raw).unwrap()).collect();
    let sent: Vec<Frame> = golden::all().into_iter().map(|case| case.frame).collect();
    assert_eq!(decoded, sent);
    for size in [1, 2, 3, 7, 8, 4099, bytes.len() / 2, bytes.len() - 1] {
        assert_eq!(feed(bytes.chunks(size)).unwrap(), whole, "in pieces of {size}");
    }
}

#[test]
fn a_cut_at_every_offset_gives_the_same_frames() {
    let small = golden::all().into_iter().map(|case| case.frame.encode()).filter(|bytes| bytes.len() < 200);
    let bytes: Vec<u8> = small.flatten().collect();
    let whole = feed([&bytes[..]]).unwrap();
    for cut in 0..=bytes.len() {
        let (front, back) = bytes.split_at(cut);
        assert_eq!(feed([front, back]).unwrap(), whole, "cut at {cut}");
    }
}

#[test]
fn a_length_over_the_limit_is_refused_before_anything_of_the_frame_arrives() {
    let mut deframer = Deframer::new();
    deframer.extend(&(FRAME_BYTES_MAX as u32 + 1).to_be_bytes()[1..]);
    assert_eq!(deframer.next_frame(), Err(DeframeError::TooLong(FRAME_BYTES_MAX as u32 + 1)));
    assert_eq!(deframer.buffered(), 0);
}

#[test]
fn a_frame_of_exactly_the_limit_passes() {
    let frames = feed([&framed(0x7f, 1, &vec![0; FRAME_BYTES_MAX - 5])[..]]).unwrap();
    assert_eq!(frames[0].body.len(), FRAME_BYTES_MAX - 5);
}

#[test]
fn a_length_without_room_for_the_head_is_refused_at_once() {
    for len in 0..5 {
        let mut deframer = Deframer::new();
        deframer.extend(&[0, 0, len]);
        assert_eq!(deframer.next_frame(), Err(DeframeError::TooShort(u32::from(len))));
    }
}

#[test]
fn after_an_error_nothing_is_accepted_any_more() {
    let mut deframer = Deframer::new();
    deframer.extend(&[0, 0, 0]);
    assert!(deframer.next_frame().is_err());
    deframer.extend(&framed(0x02, 1, &[]));
    assert_eq!(deframer.next_frame(), Err(DeframeError::TooShort(0)));
    assert_eq!(deframer.buffered(), 0);
}

#[test]
fn frames_before_a_broken_one_are_still_given() {
    let mut deframer = Deframer::new();
    deframer.extend(&[framed(0x02, 1, &[]), vec![0xff, 0xff, 0xff]].concat());
    assert!(matches!(deframer.next_frame(), Ok(Some(_))));
    assert_eq!(deframer.next_frame(), Err(DeframeError::TooLong(0xff_ffff)));
}

proptest! {
    #[test]
    fn random_pieces_give_the_same_frames(cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..40)) {
        let bytes = stream();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        let parts = places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
        prop_assert_eq!(feed(parts).unwrap(), feed([&bytes[..]]).unwrap());
    }
}
