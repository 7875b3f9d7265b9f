//! [`Deframer`]: cuts a stream of bytes into [`RawFrame`]s, however the bytes arrive.

use bytes::{Buf, BytesMut};

use crate::frame::{HEAD_BYTES, LENGTH_BYTES, RawFrame};
use crate::limits::FRAME_BYTES_MAX;
use crate::{Reader, RequestId};

/// Why the stream cannot be cut any further; the connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DeframeError {
    /// Longer than any frame may be.
    #[error("a frame of {0} bytes is longer than {FRAME_BYTES_MAX}")]
    TooLong(u32),
    /// Too short for kind and request id.
    #[error("a frame of {0} bytes has no room for its head")]
    TooShort(u32),
}

/// Holds what has arrived and is not yet a whole frame.
///
/// Draw frames until `None` after every [`extend`](Self::extend); then at most one frame is held. A length is
/// judged as soon as it is known, and nothing is ever allocated because of it. After an error nothing more is
/// accepted, since the place where the next frame begins is lost.
#[derive(Default)]
pub struct Deframer {
    arrived: BytesMut,
    broken: Option<DeframeError>,
}

impl Deframer {
    /// Nothing has arrived.
    pub fn new() -> Self {
        Self::default()
    }

    /// More has arrived.
    pub fn extend(&mut self, bytes: &[u8]) {
        if self.broken.is_none() {
            self.arrived.extend_from_slice(bytes);
        }
    }

    /// The next whole frame, or `None` until more arrives.
    pub fn next_frame(&mut self) -> Result<Option<RawFrame>, DeframeError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        let mut head = Reader::new(&self.arrived);
        let Ok(len) = head.u24() else { return Ok(None) };
        if let Err(error) = check_length(len) {
            self.broken = Some(error);
            self.arrived = BytesMut::new();
            return Err(error);
        }
        let (Ok(kind), Ok(request_id)) = (head.u8(), head.u32()) else { return Ok(None) };
        let whole = LENGTH_BYTES + len as usize;
        if self.arrived.len() < whole {
            return Ok(None);
        }
        // Whoever says no more for now is not to hold the memory of what he said.
        let frame = match self.arrived.len() == whole {
            true => core::mem::take(&mut self.arrived),
            false => self.arrived.split_to(whole),
        };
        let mut body = frame.freeze();
        body.advance(LENGTH_BYTES + HEAD_BYTES);
        Ok(Some(RawFrame { kind, request_id: RequestId(request_id), body }))
    }

    /// Bytes held.
    pub fn buffered(&self) -> usize {
        self.arrived.len()
    }
}

fn check_length(len: u32) -> Result<(), DeframeError> {
    match len as usize {
        short if short < HEAD_BYTES => Err(DeframeError::TooShort(len)),
        long if long > FRAME_BYTES_MAX => Err(DeframeError::TooLong(len)),
        _ => Ok(()),
    }
}
