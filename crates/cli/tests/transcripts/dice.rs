//! Chances that can be had again.

/// A small generator whose seed is printed, so that an unlucky run can be repeated.
pub struct Dice(u64);

impl Dice {
    pub fn new(test: &str) -> Self {
        let given = std::env::var("OUB_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let clock =
            || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos();
        let seed = given.unwrap_or_else(|| u64::from(clock()));
        println!("{test}: OUB_TEST_SEED={seed}");
        Self(seed | 1)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
