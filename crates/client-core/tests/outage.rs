//! A relay that was away for a minute, and ten thousand clients that stay connected: they come back, and not all at once.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // Tests panic when they fail.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use client_core::schedule::Attempts;

const CLIENTS: usize = 10_000;
/// The relay is away from the first moment on.
const AWAY_MS: u64 = 60_000;
/// The rate of attempts that came to nothing is taken over so long before it returns.
const STEADY_MS: u64 = 10_000;
/// Everybody is back after this, whatever the draws (`BACKOFF_MS`).
const LONGEST_MS: u64 = 300_000;

/// SplitMix64 (Steele, Lea and Flood, 2014): numbers that a seed brings again.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// When attempts were made, whether or not somebody answered.
fn attempts(seed: u64) -> Vec<u64> {
    let (mut draws, mut made) = (Draws(seed), Vec::new());
    let mut clients = vec![Attempts::default(); CLIENTS];
    let mut due = BinaryHeap::new();
    for (number, client) in clients.iter_mut().enumerate() {
        client.broke(u64::MAX);
        due.push(Reverse((client.wait_ms(draws.next(), None), number)));
    }
    while let Some(Reverse((at, number))) = due.pop() {
        made.push(at);
        if at < AWAY_MS {
            clients[number].broke(0);
            due.push(Reverse((at + clients[number].wait_ms(draws.next(), None), number)));
        }
    }
    made
}

#[test]
fn ten_thousand_come_back_after_an_outage_and_not_all_at_once() {
    for seed in 0..8 {
        let made = attempts(seed);
        let within = |from: u64, until: u64| made.iter().filter(|at| (from..until).contains(*at)).count();
        let steady = within(AWAY_MS - STEADY_MS, AWAY_MS) as f64 / (STEADY_MS / 1_000) as f64;
        let seconds = (AWAY_MS..AWAY_MS + LONGEST_MS).step_by(1_000);
        let peak = seconds.map(|second| within(second, second + 1_000)).max().unwrap();
        println!(
            "seed {seed}: {steady:.0} attempts a second at the end of the outage, at most {peak} after it"
        );
        assert_eq!(within(AWAY_MS, AWAY_MS + LONGEST_MS), CLIENTS, "seed {seed}: everybody is back");
        assert!(peak as f64 <= 2.0 * steady, "seed {seed}: {peak} in one second, {steady} before");
        assert!(peak * 20 < CLIENTS, "seed {seed}: {peak} in one second");
    }
}
