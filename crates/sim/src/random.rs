//! [`Random`]: the luck of a run, from one seed. Never for real keys.

use core::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

/// SplitMix64: one word of state, good enough for bad luck.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The same seed gives the same numbers; each purpose has its own, so that none moves the others.
    pub fn of(seed: u64, purpose: u64) -> Self {
        let mut mixed = Self(seed ^ purpose.wrapping_mul(0xd134_2543_de82_ef95));
        Self(mixed.word())
    }

    /// The next 64 bits.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, or 0 when there is none.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.word() % bound.max(1)
    }

    /// True so many times in a thousand.
    pub fn happens(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// One of these, if there is one.
    pub fn choose<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        among.get(usize::try_from(self.below(among.len() as u64)).unwrap_or(0))
    }

    /// One of these, each as often as its weight has it.
    pub fn weighted<T: Copy>(&mut self, among: &[(T, u64)]) -> Option<T> {
        let mut drawn = self.below(among.iter().map(|(_, weight)| weight).sum());
        for (one, weight) in among {
            match drawn.checked_sub(*weight) {
                Some(left) => drawn = left,
                None => return Some(*one),
            }
        }
        None
    }

    /// Puts a list into some other order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = usize::try_from(self.below(last as u64 + 1)).unwrap_or(0);
            list.swap(last, other);
        }
    }

    /// Fresh bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// Fills a buffer.
    pub fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let word = self.word().to_be_bytes();
            chunk.iter_mut().zip(word).for_each(|(byte, drawn)| *byte = drawn);
        }
    }
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::try_from(self.word() >> 32).unwrap_or(0))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.word())
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.fill(out);
        Ok(())
    }
}

/// A lie told to the functions that make keys, so that a run can be replayed; this crate ships in no program.
impl TryCryptoRng for Random {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_luck_and_each_purpose_its_own() {
        let (mut one, mut other) = (Random::of(7, 1), Random::of(7, 1));
        assert!((0..100).all(|_| one.word() == other.word()));
        assert_ne!(Random::of(7, 1).word(), Random::of(7, 2).word());
        assert_ne!(Random::of(7, 1).word(), Random::of(8, 1).word());
    }
}
