//! The one function that compares secrets, in constant time.

use subtle::ConstantTimeEq;

/// Says that two byte strings were compared and found equal; only [`equal`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Same(());

/// Compares in constant time; a different length is unequal, and lengths are not secret.
pub fn equal(left: &[u8], right: &[u8]) -> Option<Same> {
    bool::from(left.ct_eq(right)).then_some(Same(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equal_bytes_of_equal_length_are_the_same() {
        assert!(equal(b"", b"").is_some());
        assert!(equal(b"stamp", b"stamp").is_some());
        assert!(equal(b"stamp", b"stamq").is_none());
        assert!(equal(b"stamp", b"stam").is_none());
        assert!(equal(b"stamp", b"stamp\0").is_none());
    }
}
