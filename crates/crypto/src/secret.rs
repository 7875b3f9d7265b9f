//! Bytes that are wiped when dropped, and that never print.

use core::fmt;

use rand_core::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::compare;

/// N secret bytes: wiped when dropped, silent in `Debug`, compared in constant time.
///
/// ```
/// let secret = crypto::Secret::new([7; 32]);
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// assert_eq!(secret.expose(), &[7; 32]);
/// ```
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret<const N: usize>([u8; N]);

impl<const N: usize> Secret<N> {
    /// Takes charge of the bytes. The caller's own copy, if it kept one, is the caller's to wipe.
    pub fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// Draws N fresh bytes.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut secret = Self([0; N]);
        rng.fill_bytes(&mut secret.0);
        secret
    }

    /// Fills N bytes in place, so that no second copy is made on the way.
    pub(crate) fn filled_by(fill: impl FnOnce(&mut [u8; N])) -> Self {
        let mut secret = Self([0; N]);
        fill(&mut secret.0);
        secret
    }

    /// The bytes themselves; named so that each use is seen in a review.
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        compare::equal(&self.0, &other.0).is_some()
    }
}

impl<const N: usize> Eq for Secret<N> {}

impl<const N: usize> From<[u8; N]> for Secret<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self::new(bytes)
    }
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        let secret = Secret::new([0xab; 8]);
        assert_eq!(format!("{secret:?} {secret:#?}"), "Secret(..) Secret(..)");
    }

    #[test]
    fn secrets_are_equal_when_their_bytes_are() {
        assert_eq!(Secret::new([1; 4]), Secret::new([1; 4]));
        assert_ne!(Secret::new([1; 4]), Secret::new([1, 1, 1, 2]));
    }

    #[test]
    fn wiping_leaves_zeros() {
        let mut secret = Secret::new([9; 16]);
        secret.zeroize();
        assert_eq!(secret.expose(), &[0; 16]);
    }
}
