//! The puzzle of a busy doorstep (`spec/primitives.md § Puzzle`).

use crate::hash::blake3_of;
use crate::label::Label;

/// Says whether `nonce` solves the puzzle: the hash begins with at least `bits` zero bits.
pub fn puzzle_ok(seed: &[u8; 16], sid: &[u8; 16], envelope_hash: &[u8; 16], nonce: u64, bits: u8) -> bool {
    let hash = blake3_of(Label::PUZZLE, &[seed, sid, envelope_hash, &nonce.to_be_bytes()]);
    leading_zeros(&hash) >= u32::from(bits)
}

/// Tries the nonces 0, 1, 2, … below `tries_max`; `None` when none of them solves it.
///
/// About 2^bits tries are needed, so a caller that refuses puzzles above some difficulty names a bound a
/// few times that.
pub fn solve_puzzle(
    seed: &[u8; 16],
    sid: &[u8; 16],
    envelope_hash: &[u8; 16],
    bits: u8,
    tries_max: u64,
) -> Option<u64> {
    (0..tries_max).find(|nonce| puzzle_ok(seed, sid, envelope_hash, *nonce, bits))
}

fn leading_zeros(hash: &[u8; 32]) -> u32 {
    let whole = hash.iter().take_while(|byte| **byte == 0).count();
    let rest = hash.get(whole).map_or(0, |byte| byte.leading_zeros());
    u32::try_from(whole).expect("at most 32") * 8 + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_solution_holds_for_its_own_puzzle_only() {
        let (seed, sid, hash) = ([1; 16], [2; 16], [3; 16]);
        let nonce = solve_puzzle(&seed, &sid, &hash, 12, 1 << 20).expect("2^20 tries find 12 bits");
        assert!(puzzle_ok(&seed, &sid, &hash, nonce, 12));
        assert!(!puzzle_ok(&[9; 16], &sid, &hash, nonce, 12));
        assert!(!puzzle_ok(&seed, &[9; 16], &hash, nonce, 12));
        assert!(!puzzle_ok(&seed, &sid, &[9; 16], nonce, 12));
        assert!(!puzzle_ok(&seed, &sid, &hash, nonce + 1, 12));
    }

    #[test]
    fn the_search_ends_at_its_bound() {
        assert_eq!(solve_puzzle(&[0; 16], &[0; 16], &[0; 16], 255, 1000), None);
        assert_eq!(solve_puzzle(&[0; 16], &[0; 16], &[0; 16], 0, 0), None);
    }

    #[test]
    fn no_bits_ask_for_nothing() {
        assert_eq!(solve_puzzle(&[0; 16], &[0; 16], &[0; 16], 0, 1), Some(0));
    }

    #[test]
    fn zeros_are_counted_from_the_first_bit() {
        let mut hash = [0xff; 32];
        assert_eq!(leading_zeros(&hash), 0);
        hash = [0; 32];
        assert_eq!(leading_zeros(&hash), 256);
        if let Some(byte) = hash.get_mut(2) {
            *byte = 0x10;
        }
        assert_eq!(leading_zeros(&hash), 19);
    }
}
