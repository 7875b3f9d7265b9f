//! What the tests of this crate share: hex, randomness, and the order of the Ed25519 group.
#![allow(dead_code)]

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;

/// The operating system's randomness.
pub fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes from hex; spaces and line ends between pairs are skipped.
pub fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    assert_eq!(digits.len() % 2, 0, "hex comes in pairs");
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// Bytes from hex, of a length known beforehand.
pub fn array<const N: usize>(text: &str) -> [u8; N] {
    from_hex(text).try_into().unwrap()
}

/// The order L of the Ed25519 group, little-endian.
pub const GROUP_ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

/// Adds L to a scalar: the same scalar in a form that RFC 8032 refuses.
pub fn add_group_order(scalar: &mut [u8]) {
    let mut carry = 0;
    for (byte, order) in scalar.iter_mut().zip(from_hex(GROUP_ORDER)) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    assert_eq!(carry, 0, "S + L fits 32 bytes");
}
