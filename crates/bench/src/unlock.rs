//! What one guess at a passphrase costs (D09).

use std::time::Instant;

use crate::median;

/// Time from passphrase to wrapping key, on one core.
pub fn run(times: usize) {
    let guess = |n: usize| {
        let began = Instant::now();
        let key = crypto::passphrase_key(format!("guess {n}").as_bytes(), &[7; 16]);
        let took = began.elapsed().as_secs_f64() * 1e3;
        std::hint::black_box(key);
        took
    };
    println!("unlock: {:.0} ms a guess, 64 MiB (median of {times})", median((0..times).map(guess).collect()));
}
