//! [`Features`]: what one execution showed, as numbers; an input that shows a new one is worth keeping.

use core::hash::{Hash, Hasher};
use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;

/// Kept of one execution at most, so that a long script does not fill memory.
const FEATURES_MAX: usize = 512;

/// A set of hashes. Without coverage from the compiler, targets say themselves what told two runs apart: which
/// error, which kind of frame, how many, how long (as a power of two).
#[derive(Clone, Default, Debug)]
pub struct Features(BTreeSet<u64>);

impl Features {
    /// This was seen at this place.
    pub fn note(&mut self, place: &str, seen: impl Hash) {
        if self.0.len() < FEATURES_MAX {
            self.0.insert(hash(place, seen));
        }
    }

    /// Whether this was noted at this place.
    pub fn has(&self, place: &str, seen: impl Hash) -> bool {
        self.0.contains(&hash(place, seen))
    }

    /// This many were seen: told apart by powers of two.
    pub fn count(&mut self, place: &str, many: usize) {
        self.note(place, usize::BITS - many.leading_zeros());
    }

    /// An outcome, told apart by its `Debug` without digits: errors that differ in a length are the same.
    pub fn outcome<T, E: core::fmt::Debug>(&mut self, place: &str, outcome: &Result<T, E>) {
        let shown = match outcome {
            Ok(_) => String::new(),
            Err(error) => format!("{error:?}"),
        };
        let shown: String = shown.chars().filter(|char| !char.is_ascii_digit()).collect();
        self.note(place, shown);
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().copied()
    }
}

/// Its keys are fixed, so that a seed replays.
fn hash(place: &str, seen: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    (place, seen).hash(&mut hasher);
    hasher.finish()
}
