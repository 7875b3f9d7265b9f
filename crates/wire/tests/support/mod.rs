//! What several test files share.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

pub mod golden;
pub mod grammar;

use wire::{Deframer, Frame};

/// Reads bytes that must be exactly one frame; the error is the `Debug` of whoever refused.
pub fn read_one(bytes: &[u8]) -> Result<Frame, String> {
    let mut deframer = Deframer::new();
    deframer.extend(bytes);
    let raw = deframer.next_frame().map_err(|error| format!("{error:?}"))?.ok_or("Incomplete")?;
    if deframer.buffered() != 0 {
        return Err("Leftover".to_owned());
    }
    Frame::decode(&raw).map_err(|error| format!("{error:?}"))
}

/// A body under a kind and request id, with the length that fits it.
pub fn framed(kind: u8, request_id: u32, body: &[u8]) -> Vec<u8> {
    let len = (body.len() + 5) as u32;
    [&len.to_be_bytes()[1..], &[kind], &request_id.to_be_bytes(), body].concat()
}
