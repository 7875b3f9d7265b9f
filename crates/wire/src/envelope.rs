//! [`Envelope`]: the sealed, padded bytes a relay holds, of exactly one of three sizes.

use core::fmt;

use bytes::Bytes;

use crate::limits::ENVELOPE_BYTES;
use crate::{DecodeError, Reader, Wire, Writer};

/// Sealed bytes whose length has been checked. Cheap to clone; compares by content; prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    bytes: Bytes,
    size: EnvelopeSize,
}

/// The three sizes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum EnvelopeSize {
    /// 4 KiB: a short text.
    Small,
    /// 16 KiB: a first contact, a refill, a longer text.
    Medium,
    /// 64 KiB: a part of a file.
    Large,
}

/// No envelope has this length.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no envelope has {0} bytes")]
pub struct EnvelopeSizeError(pub usize);

impl Envelope {
    /// Takes bytes of one of the three sizes.
    pub fn new(bytes: Bytes) -> Result<Self, EnvelopeSizeError> {
        let size = EnvelopeSize::exactly(bytes.len()).ok_or(EnvelopeSizeError(bytes.len()))?;
        Ok(Self { bytes, size })
    }

    /// Which size it has.
    pub fn size(&self) -> EnvelopeSize {
        self.size
    }

    /// The sealed bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The sealed bytes, to be shared.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Envelope({:?})", self.size)
    }
}

impl Wire for Envelope {
    fn write(&self, out: &mut Writer) {
        out.u32(u32::try_from(self.bytes.len()).expect("an envelope has at most 64 KiB"));
        out.bytes(&self.bytes);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let len = input.u32()?;
        let size = EnvelopeSize::exactly(len as usize).ok_or(DecodeError::EnvelopeSize(len))?;
        Ok(Self { bytes: input.shared(size.bytes())?, size })
    }
}

impl EnvelopeSize {
    /// All three, rising.
    pub const ALL: [EnvelopeSize; 3] = [Self::Small, Self::Medium, Self::Large];

    /// Its bytes.
    pub fn bytes(self) -> usize {
        let [small, medium, large] = ENVELOPE_BYTES;
        match self {
            Self::Small => small,
            Self::Medium => medium,
            Self::Large => large,
        }
    }

    /// The smallest that holds `len` bytes.
    pub fn fitting(len: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|size| len <= size.bytes())
    }

    /// The size with exactly `len` bytes.
    pub fn exactly(len: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|size| len == size.bytes())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_the_three_sizes_are_envelopes() {
        for size in EnvelopeSize::ALL {
            let len = size.bytes();
            assert_eq!(Envelope::new(vec![0; len].into()).map(|envelope| envelope.size()), Ok(size));
            for other in [len - 1, len + 1] {
                assert_eq!(Envelope::new(vec![0; other].into()), Err(EnvelopeSizeError(other)));
            }
        }
    }

    #[test]
    fn the_fitting_size_is_the_smallest_that_holds() {
        assert_eq!(EnvelopeSize::fitting(0), Some(EnvelopeSize::Small));
        assert_eq!(EnvelopeSize::fitting(4096), Some(EnvelopeSize::Small));
        assert_eq!(EnvelopeSize::fitting(4097), Some(EnvelopeSize::Medium));
        assert_eq!(EnvelopeSize::fitting(65_536), Some(EnvelopeSize::Large));
        assert_eq!(EnvelopeSize::fitting(65_537), None);
    }

    #[test]
    fn a_decoded_envelope_shares_the_bytes_it_came_from() {
        let whole = Bytes::from(Envelope::new(vec![7; 4096].into()).unwrap().to_bytes());
        let envelope = Envelope::read(&mut Reader::sharing(&whole)).unwrap();
        assert_eq!(envelope.as_bytes().as_ptr(), whole.slice(4..).as_ptr());
    }

    #[test]
    fn debug_shows_only_the_size() {
        assert_eq!(format!("{:?}", Envelope::new(vec![7; 4096].into()).unwrap()), "Envelope(Small)");
    }
}
