//! What an operator or a test may choose; the defaults are the limits of the spec.

use wire::limits::{INBOX_BYTES_MAX, INBOX_ENVELOPES_MAX, PUZZLE_BITS_MIN};

/// Choices of a store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Deposits are refused when less than this would be left on the disk; acks use it to go on.
    pub reserve_bytes: u64,
    /// Envelopes waiting in an inbox before `FULL`.
    pub inbox_envelopes_max: u32,
    /// Bytes waiting in an inbox before `FULL`.
    pub inbox_bytes_max: u64,
    /// Leading zero bits that a doorstep's first puzzle of a day asks for.
    pub puzzle_bits: u8,
    /// A store of an older layout stays beside the one that it becomes, for some days.
    pub keeps_former: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            reserve_bytes: 64 * 1024 * 1024,
            inbox_envelopes_max: INBOX_ENVELOPES_MAX,
            inbox_bytes_max: INBOX_BYTES_MAX,
            puzzle_bits: PUZZLE_BITS_MIN,
            keeps_former: true,
        }
    }
}
