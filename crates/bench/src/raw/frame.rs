//! The raw relay's frames: a length, a kind, a number, and an envelope where there is one.

use crate::Failure;
use bytes::{Buf, BufMut, Bytes, BytesMut};

/// What a frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// From now on this connection deposits into the mailbox of this number.
    Sender,
    /// From now on this connection owns the mailbox of this number.
    Owner,
    /// An envelope.
    Deposit,
    /// The deposit of this number is on stable storage.
    Stored,
    /// Give me what waits; with number 1, also what comes later.
    Collect,
    /// An envelope of this place in the mailbox.
    Deliver,
    /// Nothing more waits.
    Drained,
    /// Let go of everything up to this place.
    Ack,
    /// Let go.
    Acked,
}

const KINDS: [Kind; 9] = [
    Kind::Sender,
    Kind::Owner,
    Kind::Deposit,
    Kind::Stored,
    Kind::Collect,
    Kind::Deliver,
    Kind::Drained,
    Kind::Ack,
    Kind::Acked,
];
/// Longest frame taken.
const FRAME_BYTES_MAX: usize = 80 * 1024;
/// Kind and number.
const HEAD_BYTES: usize = 9;

/// One frame.
pub struct Frame {
    /// What it is.
    pub kind: Kind,
    /// Which one.
    pub number: u64,
    /// The envelope, or nothing.
    pub envelope: Bytes,
}

/// Appends a frame.
pub fn put(out: &mut BytesMut, kind: Kind, number: u64, envelope: &[u8]) {
    out.reserve(4 + HEAD_BYTES + envelope.len());
    out.put_u32((HEAD_BYTES + envelope.len()) as u32);
    out.put_u8(kind as u8);
    out.put_u64(number);
    out.put_slice(envelope);
}

/// Takes the first whole frame out of what came.
pub fn take(input: &mut BytesMut) -> Result<Option<Frame>, Failure> {
    let Some(length) = input.first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_be_bytes(*length) as usize;
    if !(HEAD_BYTES..=FRAME_BYTES_MAX).contains(&length) {
        return Err("not a raw frame".into());
    }
    if input.len() < 4 + length {
        return Ok(None);
    }
    input.advance(4);
    let mut frame = input.split_to(length).freeze();
    let kind = *KINDS.get(usize::from(frame.get_u8())).ok_or("not a raw frame")?;
    let number = frame.get_u64();
    Ok(Some(Frame { kind, number, envelope: frame }))
}
