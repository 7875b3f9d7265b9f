//! The codec's three tools: [`Writer`], [`Reader`] and the trait [`Wire`] that ties a value to its one encoding.
//!
//! Numbers are big-endian. An option is a `bool` and then the value; a `bool` is 0 or 1 and nothing else.
//! Lengths are checked against what is there before anything is copied, so no length makes us allocate.

use bytes::Bytes;

use crate::name::{HostError, NameError};

/// A value with exactly one encoding (`spec/wire.md`).
pub trait Wire: Sized {
    /// Appends the encoding.
    fn write(&self, out: &mut Writer);

    /// Takes one value from the front of `input`.
    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// The encoding alone.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::new();
        self.write(&mut out);
        out.into_bytes()
    }

    /// Reads one value that fills `bytes`; trailing bytes are refused.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut input = Reader::new(bytes);
        let value = Self::read(&mut input)?;
        input.finish()?;
        Ok(value)
    }
}

/// Why bytes are not a value. Everything but [`DecodeError::UnknownKind`] is `REFUSED(malformed)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end inside the value.
    #[error("the bytes end inside the value")]
    Truncated,
    /// More bytes than the value needs.
    #[error("bytes follow the value")]
    Trailing,
    /// No frame has this kind byte: `REFUSED(unknown)`.
    #[error("frame kind {0:#04x} is not known")]
    UnknownKind(u8),
    /// A notice with a request id, or a request or response without one.
    #[error("the request id does not fit the kind of frame")]
    RequestId,
    /// A `bool` that is neither 0 nor 1.
    #[error("{0} is neither 0 nor 1")]
    Bool(u8),
    /// A choice that does not exist.
    #[error("{value} is no {what}")]
    Tag {
        /// Which choice.
        what: &'static str,
        /// The byte that came.
        value: u8,
    },
    /// A number outside its range.
    #[error("{what} is out of range")]
    Range {
        /// Which number.
        what: &'static str,
    },
    /// A vector, string or rest outside its bounds.
    #[error("{what} has a length out of bounds")]
    Length {
        /// Which vector.
        what: &'static str,
    },
    /// A vector that must rise strictly and does not.
    #[error("{what} do not rise strictly")]
    Order {
        /// Which vector.
        what: &'static str,
    },
    /// An envelope that is not exactly 4, 16 or 64 KiB.
    #[error("no envelope has {0} bytes")]
    EnvelopeSize(u32),
    /// Not a name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Not a host.
    #[error(transparent)]
    Host(#[from] HostError),
}

/// Grows by encoded values.
#[derive(Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Nothing written yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing written yet, room for `bytes`.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes) }
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Two bytes.
    pub fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    /// Three bytes; the caller's value is below 2^24.
    pub fn u24(&mut self, value: u32) {
        let [high, rest @ ..] = value.to_be_bytes();
        assert!(high == 0, "a u24 is below 2^24");
        self.bytes(&rest);
    }

    /// Four bytes.
    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    /// Eight bytes.
    pub fn u64(&mut self, value: u64) {
        self.bytes(&value.to_be_bytes());
    }

    /// 0 or 1.
    pub fn bool(&mut self, value: bool) {
        self.u8(u8::from(value));
    }

    /// The bytes as they are, without a length.
    pub fn bytes(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
    }

    /// A `u8` length and the bytes; the caller's value has at most 255.
    pub fn short_bytes(&mut self, value: &[u8]) {
        self.u8(u8::try_from(value.len()).expect("short bytes are at most 255, the caller checked"));
        self.bytes(value);
    }

    /// A `u16` length and the bytes; the caller's value has at most 65,535.
    pub fn long_bytes(&mut self, value: &[u8]) {
        self.u16(u16::try_from(value.len()).expect("long bytes are at most 65,535, the caller checked"));
        self.bytes(value);
    }

    /// Bytes written so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Shrinks by decoded values; every step is checked.
pub struct Reader<'a> {
    left: &'a [u8],
    /// What `left` is a part of, when it may be shared instead of copied.
    whole: Option<&'a Bytes>,
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes, whole: None }
    }

    /// Reads from the start of `bytes`, sharing long values with it instead of copying them.
    pub fn sharing(bytes: &'a Bytes) -> Self {
        Self { left: bytes, whole: Some(bytes) }
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array().map(u8::from_be_bytes)
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    /// Three bytes.
    pub fn u24(&mut self) -> Result<u32, DecodeError> {
        self.array().map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_be_bytes)
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_be_bytes)
    }

    /// 0 or 1, nothing else.
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(DecodeError::Bool(other)),
        }
    }

    /// The next `len` bytes.
    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, left) = self.left.split_at_checked(len).ok_or(DecodeError::Truncated)?;
        self.left = left;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, left) = self.left.split_first_chunk::<N>().ok_or(DecodeError::Truncated)?;
        self.left = left;
        Ok(*taken)
    }

    /// The next `len` bytes, shared with the source where it is a [`Bytes`].
    pub fn shared(&mut self, len: usize) -> Result<Bytes, DecodeError> {
        let taken = self.bytes(len)?;
        Ok(match self.whole {
            Some(whole) => whole.slice_ref(taken),
            None => Bytes::copy_from_slice(taken),
        })
    }

    /// Bytes after a `u8` length.
    pub fn short_bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.u8()?;
        self.bytes(usize::from(len))
    }

    /// Bytes after a `u16` length.
    pub fn long_bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.u16()?;
        self.bytes(usize::from(len))
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.left)
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.left.len()
    }

    /// Nothing may be left.
    pub fn finish(self) -> Result<(), DecodeError> {
        if self.left.is_empty() { Ok(()) } else { Err(DecodeError::Trailing) }
    }
}
