//! The operating system's randomness, from the one place that asks for it.

use getrandom::{SysRng, rand_core::UnwrapErr};
use rand_core::Rng;

/// A generator for the pure crates. A system without randomness ends the program: nothing can be done then.
pub(crate) fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// Fresh bytes.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rng().fill_bytes(&mut bytes);
    bytes
}

/// A fresh number.
pub(crate) fn number() -> u64 {
    u64::from_be_bytes(bytes())
}
