//! [`Engine`]: chooses, mutates and tries inputs, and keeps those that show something new.

use crate::mutate::mutate;
use crate::random::Random;
use crate::target::Target;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Inputs kept at most; beyond it new ones replace old ones at random.
const POOL_MAX: usize = 4_096;
/// An input that takes longer is a finding: a stranger could make us wait.
pub const SLOW: Duration = Duration::from_secs(5);

/// One run of one target.
pub struct Engine {
    target: Target,
    random: Random,
    pool: Vec<Vec<u8>>,
    seen: BTreeSet<u64>,
    executions: u64,
    slowest: Duration,
    fresh: Vec<Vec<u8>>,
}

/// What a stranger could do to us.
#[derive(Clone, Debug)]
pub struct Finding {
    /// With which input.
    pub input: Vec<u8>,
    /// What happened.
    pub what: String,
}

/// How a run went.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// Inputs tried, the corpus included.
    pub executions: u64,
    /// Different features seen.
    pub features: usize,
    /// Inputs that showed them.
    pub pool: usize,
    /// The longest that one input took.
    pub slowest: Duration,
}

impl Engine {
    /// Begins with a corpus, which the caller has put in a stable order.
    pub fn new(target: Target, seed: u64, corpus: Vec<Vec<u8>>) -> Result<Self, Finding> {
        let random = Random::seeded(seed);
        let (seen, pool) = (BTreeSet::new(), Vec::new());
        let mut engine =
            Self { target, random, pool, seen, executions: 0, slowest: Duration::ZERO, fresh: Vec::new() };
        for input in corpus {
            engine.learn(&input)?;
            engine.pool.push(input);
        }
        Ok(engine)
    }

    /// Tries one more input.
    pub fn step(&mut self) -> Result<(), Finding> {
        let nothing = Vec::new();
        let base = self.random.choose(&self.pool).unwrap_or(&nothing);
        let other = self.random.choose(&self.pool).unwrap_or(&nothing);
        let input = mutate(self.target.shape, base, other, &mut self.random);
        if self.learn(&input)? {
            self.fresh.push(input.clone());
            self.keep(input);
        }
        Ok(())
    }

    /// How it went so far.
    pub fn report(&self) -> Report {
        let (features, pool) = (self.seen.len(), self.pool.len());
        Report { executions: self.executions, features, pool, slowest: self.slowest }
    }

    /// The inputs that this run found worth keeping.
    pub fn fresh(&self) -> &[Vec<u8>] {
        &self.fresh
    }

    /// Tries an input; whether it showed something new.
    fn learn(&mut self, input: &[u8]) -> Result<bool, Finding> {
        let began = Instant::now();
        let features = try_once(self.target, input)?;
        let took = began.elapsed();
        self.slowest = self.slowest.max(took);
        self.executions += 1;
        if took > SLOW {
            return Err(Finding { input: input.to_vec(), what: format!("it took {took:?}") });
        }
        let before = self.seen.len();
        self.seen.extend(features.iter());
        Ok(self.seen.len() > before)
    }

    fn keep(&mut self, input: Vec<u8>) {
        if self.pool.len() < POOL_MAX {
            return self.pool.push(input);
        }
        let at = self.random.below(self.pool.len());
        if let Some(old) = self.pool.get_mut(at) {
            *old = input;
        }
    }
}

/// Tries one input and turns a panic into a finding; the panic's own words are on standard error.
pub fn try_once(target: Target, input: &[u8]) -> Result<crate::features::Features, Finding> {
    catch_unwind(AssertUnwindSafe(|| (target.run)(input))).map_err(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let what = words.or_else(|| panic.downcast_ref::<&str>().map(|words| (*words).to_owned()));
        Finding { input: input.to_vec(), what: what.unwrap_or_else(|| "a panic".to_owned()) }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::features::Features;
    use crate::target::Shape;

    fn hates_a_word(input: &[u8]) -> Features {
        let mut features = Features::default();
        let prefix = input.iter().zip(b"no").take_while(|(a, b)| a == b).count();
        features.count("prefix", prefix);
        assert!(prefix < 2, "the word was said");
        features
    }

    fn find(seed: u64) -> (u64, Finding) {
        let target = Target { name: "t", about: "", shape: Shape::Bytes, run: hates_a_word };
        let mut engine = Engine::new(target, seed, vec![b"yes".to_vec()]).unwrap();
        loop {
            if let Err(finding) = engine.step() {
                return (engine.report().executions, finding);
            }
            assert!(engine.report().executions < 10_000_000);
        }
    }

    #[test]
    fn a_word_is_found_letter_by_letter_and_one_seed_finds_it_again() {
        let (executions, finding) = find(3);
        assert!(finding.input.starts_with(b"no") && finding.what == "the word was said");
        let (again, repeated) = find(3);
        assert_eq!((executions, finding.input), (again, repeated.input));
    }
}
