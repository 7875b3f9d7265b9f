//! Chances that can be had again: every test prints its seed and takes it from OUBLIETTE_SEED.

use std::time::Duration;

/// xorshift64*: enough to choose moments and places.
pub struct Chance(u64);

impl Chance {
    /// The seed of the environment, or another one each time.
    pub fn new(test: &str) -> Self {
        let given = std::env::var("OUBLIETTE_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed: u64 = given.unwrap_or_else(|| u64::from_be_bytes(crate::support::person::random()) | 1);
        println!("{test}: OUBLIETTE_SEED={seed}");
        Self(seed)
    }

    /// A stream that follows from what it is for, and from nothing else.
    pub fn of(what: u64) -> Self {
        Self((what ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A pause of `from` to `to` milliseconds, down to the microsecond.
    pub fn pause(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_micros(from * 1_000 + self.below((to - from) * 1_000))
    }
}
