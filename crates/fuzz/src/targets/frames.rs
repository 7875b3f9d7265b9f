//! Bytes of a connection: cut into frames however they arrive, decoded, and encoded to the same bytes.

use crate::features::Features;
use wire::frame::RawFrame;
use wire::limits::FRAME_BYTES_MAX;
use wire::{DeframeError, Deframer, Frame};

/// Tries one stream.
pub fn run(input: &[u8]) -> Features {
    let mut features = Features::default();
    let (whole, error) = deframe(input, input.len().max(1));
    let step = 1 + input.len() % 7;
    assert_eq!(deframe(input, step), (whole.clone(), error), "frames depend on how the bytes arrive");
    features.note("deframer", error.map(|error| matches!(error, DeframeError::TooLong(_))));
    features.count("frames", whole.len());
    let mut at = 0;
    for raw in &whole {
        let bytes = input.get(at..at + 8 + raw.body.len()).expect("a frame is a part of the stream");
        at += bytes.len();
        decode(raw, bytes, &mut features);
    }
    features
}

/// The frames, and why there are no more.
fn deframe(input: &[u8], step: usize) -> (Vec<RawFrame>, Option<DeframeError>) {
    let (mut deframer, mut frames) = (Deframer::new(), Vec::new());
    for chunk in input.chunks(step) {
        deframer.extend(chunk);
        loop {
            match deframer.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
        assert!(deframer.buffered() < FRAME_BYTES_MAX + 3, "more than one frame is held");
    }
    (frames, None)
}

fn decode(raw: &RawFrame, bytes: &[u8], features: &mut Features) {
    let decoded = Frame::decode(raw);
    features.note("kind", (raw.kind, decoded.is_ok()));
    features.outcome("decode", &decoded);
    if let Ok(frame) = decoded {
        assert_eq!(frame.encode(), bytes, "another encoding was accepted");
        features.note("accepted", (raw.kind, usize::BITS - raw.body.len().leading_zeros()));
    }
}
