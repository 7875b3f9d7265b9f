//! Frames that wait to be written.

use std::collections::VecDeque;

use bytes::Bytes;
use wire::Frame;

/// A queue of encoded frames that knows its size.
#[derive(Default)]
pub(crate) struct Output {
    frames: VecDeque<Bytes>,
    bytes: usize,
}

impl Output {
    pub(crate) fn push(&mut self, frame: &Frame) {
        self.push_bytes(frame.encode());
    }

    pub(crate) fn push_bytes(&mut self, frame: Bytes) {
        self.bytes = self.bytes.saturating_add(frame.len());
        self.frames.push_back(frame);
    }

    /// The next frame. Where there is none, the queue lets go of its memory, too.
    pub(crate) fn pop(&mut self) -> Option<Bytes> {
        let Some(frame) = self.frames.pop_front() else {
            self.frames = VecDeque::new();
            return None;
        };
        self.bytes = self.bytes.saturating_sub(frame.len());
        Some(frame)
    }

    pub(crate) fn clear(&mut self) {
        self.frames.clear();
        self.bytes = 0;
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }
}
