//! Minimises a corpus: kept inputs become short, and those that show nothing of their own leave.

use crate::corpus;
use crate::engine::{Finding, try_once};
use crate::target::Target;
use std::collections::BTreeSet;

/// Attempts to shorten one input at most.
const ATTEMPTS_MAX: usize = 400;

/// What came of one corpus.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Minimised {
    /// Files that stayed, seeds included.
    pub stayed: usize,
    /// Files that left.
    pub left: usize,
}

/// Goes through the files, seeds first and then the shortest first. Seeds, which have a name, always stay.
pub fn minimise(target: &Target) -> std::io::Result<Minimised> {
    let mut files = corpus::load(target)?;
    files.sort_by_key(|(name, input)| (is_hash(name), input.len()));
    let (mut seen, mut outcome) = (BTreeSet::new(), Minimised::default());
    for (name, input) in files {
        let shown = features(target, &input);
        let fresh: BTreeSet<u64> = shown.difference(&seen).copied().collect();
        seen.extend(shown);
        if !is_hash(&name) {
            outcome.stayed += 1;
            continue;
        }
        corpus::remove(target, &name)?;
        if fresh.is_empty() {
            outcome.left += 1;
            continue;
        }
        corpus::keep(target, &shorten(target, input, &fresh))?;
        outcome.stayed += 1;
    }
    Ok(outcome)
}

/// Cuts pieces out, large ones first, as long as everything wanted is still shown.
fn shorten(target: &Target, mut input: Vec<u8>, wanted: &BTreeSet<u64>) -> Vec<u8> {
    let (mut piece, mut attempts) = (input.len().div_ceil(2), 0);
    while piece > 0 && attempts < ATTEMPTS_MAX {
        let mut at = 0;
        while at < input.len() && attempts < ATTEMPTS_MAX {
            let end = input.len().min(at + piece);
            let shorter = [input.get(..at), input.get(end..)].into_iter().flatten().flatten();
            let shorter: Vec<u8> = shorter.copied().collect();
            attempts += 1;
            match wanted.is_subset(&features(target, &shorter)) {
                true => input = shorter,
                false => at = end,
            }
        }
        piece /= 2;
    }
    input
}

/// What an input shows; one that fails shows nothing, and the tests will tell.
fn features(target: &Target, input: &[u8]) -> BTreeSet<u64> {
    let shown: Result<_, Finding> = try_once(*target, input);
    shown.map(|features| features.iter().collect()).unwrap_or_default()
}

/// Kept inputs are named by their hash, seeds by what they are.
fn is_hash(name: &str) -> bool {
    name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Features;
    use crate::target::Shape;

    fn likes_a_letter(input: &[u8]) -> Features {
        let mut features = Features::default();
        features.note("letter", input.contains(&b'x'));
        features
    }

    #[test]
    fn an_input_is_cut_down_to_what_it_shows() {
        let target = Target { name: "t", about: "", shape: Shape::Bytes, run: likes_a_letter };
        let input = b"much that is not needed, an x and more".to_vec();
        let wanted = features(&target, &input);
        assert_eq!(shorten(&target, input, &wanted), b"x");
    }

    #[test]
    fn seeds_are_told_from_kept_inputs() {
        assert!(is_hash("0123456789ab") && !is_hash("usual") && !is_hash("names-damage"));
    }
}
