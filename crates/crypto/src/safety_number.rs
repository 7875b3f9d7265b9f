//! What two people compare (`spec/primitives.md § Safety number`).

use crate::hash::sha512;
use crate::label::Label;

/// The version of safety numbers that this crate makes.
pub const SAFETY_NUMBER_VERSION: u16 = 1;

const ROUNDS: u32 = 5_200;
const GROUPS: usize = 6;
const WORDS: usize = 10;

/// One person's side: the slow hash over who they are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SafetyHalf([u8; 64]);

/// Makes one side; some milliseconds, so that searching for a key with similar digits costs more.
///
/// # Panics
///
/// When `name` is longer than 255 bytes; names have at most 32.
pub fn safety_half(version: u16, fingerprint: &[u8; 32], name: &str, server_id: &[u8; 32]) -> SafetyHalf {
    let name_len = u8::try_from(name.len()).expect("names have at most 32 bytes");
    let who = [
        Label::SAFETY_NUMBER.as_bytes(),
        &version.to_be_bytes(),
        fingerprint,
        &[name_len],
        name.as_bytes(),
        server_id,
    ]
    .concat();
    let first = sha512(&[&who]);
    SafetyHalf((1..ROUNDS).fold(first, |hash, _| sha512(&[&hash, &who])))
}

impl SafetyHalf {
    /// 30 decimal digits: six groups of five, each from five bytes.
    pub fn digits(&self) -> String {
        self.0.chunks_exact(5).take(GROUPS).map(group).collect()
    }
}

impl core::fmt::Debug for SafetyHalf {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str("SafetyHalf(..)")
    }
}

/// Both sides together, the same for both people.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SafetyNumber {
    lower: SafetyHalf,
    higher: SafetyHalf,
}

impl SafetyNumber {
    /// Puts two sides together, in whichever order they come.
    pub fn of(one: SafetyHalf, other: SafetyHalf) -> Self {
        Self { lower: one.min(other), higher: one.max(other) }
    }

    /// All 60 digits, without spaces.
    pub fn digits(&self) -> String {
        self.lower.digits() + &self.higher.digits()
    }

    /// Ten numbers below 2,048: positions in a BIP39 word list.
    pub fn word_indices(&self) -> [u16; WORDS] {
        let hash = sha512(&[Label::SAFETY_WORDS.as_bytes(), &self.lower.0, &self.higher.0]);
        let bits = u128::from_be_bytes(*hash.first_chunk().expect("64 bytes begin with 16"));
        let mut shift = u128::BITS;
        [(); WORDS].map(|()| {
            shift -= 11;
            u16::try_from((bits >> shift) & 0x7ff).expect("eleven bits fit")
        })
    }
}

fn group(bytes: &[u8]) -> String {
    let number = bytes.iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    format!("{:05}", number % 100_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half(name: &str) -> SafetyHalf {
        safety_half(1, &[1; 32], name, &[2; 32])
    }

    #[test]
    fn both_people_see_the_same_number() {
        let (alice, bob) = (half("alice"), half("bob"));
        assert_eq!(SafetyNumber::of(alice, bob), SafetyNumber::of(bob, alice));
        assert_eq!(SafetyNumber::of(alice, bob).digits().len(), 60);
        assert!(SafetyNumber::of(alice, bob).digits().bytes().all(|digit| digit.is_ascii_digit()));
        assert!(SafetyNumber::of(alice, bob).word_indices().iter().all(|index| *index < 2048));
    }

    #[test]
    fn everything_about_a_person_changes_the_half() {
        let usual = half("alice");
        assert_ne!(usual, safety_half(2, &[1; 32], "alice", &[2; 32]));
        assert_ne!(usual, safety_half(1, &[3; 32], "alice", &[2; 32]));
        assert_ne!(usual, safety_half(1, &[1; 32], "alicf", &[2; 32]));
        assert_ne!(usual, safety_half(1, &[1; 32], "alice", &[3; 32]));
    }
}
