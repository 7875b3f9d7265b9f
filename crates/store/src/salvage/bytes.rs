//! Reading what fjall writes: little-endian numbers, lengths before what they measure.

/// What is left to read; every answer is `None` once it is too short.
#[derive(Clone, Copy)]
pub(super) struct Left<'a>(pub(super) &'a [u8]);

impl<'a> Left<'a> {
    /// From a place on.
    pub(super) fn of(bytes: &'a [u8], at: usize) -> Option<Self> {
        bytes.get(at..).map(Self)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn u128(&mut self) -> Option<u128> {
        self.array().map(u128::from_le_bytes)
    }

    /// A length that stands in 32 bits.
    pub(super) fn len(&mut self) -> Option<usize> {
        usize::try_from(self.u32()?).ok()
    }

    /// Seven bits a byte, the lowest first, the high bit set on all but the last.
    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A length that stands in a varint.
    pub(super) fn varlen(&mut self) -> Option<usize> {
        usize::try_from(self.varint()?).ok()
    }

    pub(super) fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn varints_end_and_have_a_bound() {
        assert_eq!(Left(&[0x7f]).varint(), Some(127));
        assert_eq!(Left(&[0x80, 0x01]).varint(), Some(128));
        assert_eq!(Left(&[0x80]).varint(), None);
        assert_eq!(Left(&[0xff; 11]).varint(), None);
    }
}
