//! Offers under loss, delay, repetition and crashes: what is held after every step is what the specification says.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod rule;
mod world;

use rule::Why;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};
use world::World;

const STEPS: usize = 500;

/// How both people and the relay behave.
#[derive(Clone, Copy, Debug)]
struct Habits {
    /// Delivers in the order of storing, except what it delivers again.
    orderly_relay: bool,
    /// At most so many days go by at once.
    days: u64,
}

const HABITS: [Habits; 3] = [
    Habits { orderly_relay: true, days: 0 },
    Habits { orderly_relay: false, days: 0 },
    Habits { orderly_relay: false, days: 45 },
];

#[test]
fn offers_are_made_used_and_erased_as_specified_under_every_disorder() {
    let given = std::env::var("OUBLIETTE_SEED").ok().map(|seed| seed.parse().expect("a seed is a number"));
    let count = if std::env::var_os("OUBLIETTE_LONG").is_some() { 120 } else { 12 };
    let first =
        given.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64);
    let mut tally = Tally::default();
    for seed in (0..if given.is_some() { 1 } else { count }).map(|run| first.wrapping_add(run)) {
        println!("seed {seed} (repeat with OUBLIETTE_SEED={seed})");
        let habits = HABITS[(seed % 3) as usize];
        let mut world = World::new(seed, habits);
        (0..STEPS).for_each(|_| world.step());
        world.settle();
        if habits.orderly_relay {
            assert!(world.tally.closed.is_empty(), "nothing stays closed at an orderly relay");
        }
        tally.add(&world.tally);
    }
    println!("{tally:?}");
    if given.is_none() {
        let Tally { sealed, opened, repeats, crashes, erased, .. } = &tally;
        assert!([*sealed, *opened, *repeats, *crashes].iter().all(|count| *count >= 100));
        assert!(erased.contains_key(&Why::TwoLater) && erased.contains_key(&Why::Drained));
    }
}

/// What happened, so that a quiet schedule is noticed.
#[derive(Default, Debug)]
struct Tally {
    sealed: usize,
    hellos: usize,
    opened: usize,
    repeats: usize,
    crashes: usize,
    /// Secrets that went, and why.
    erased: BTreeMap<Why, usize>,
    /// Envelopes that stayed closed, and why their secret had gone.
    closed: BTreeMap<Option<Why>, usize>,
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        self.sealed += other.sealed;
        self.hellos += other.hellos;
        self.opened += other.opened;
        self.repeats += other.repeats;
        self.crashes += other.crashes;
        for (why, count) in &other.erased {
            *self.erased.entry(*why).or_default() += count;
        }
        for (why, count) in &other.closed {
            *self.closed.entry(*why).or_default() += count;
        }
    }
}

/// A small generator (splitmix64), so that a schedule can be replayed from its seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((value ^ (value >> 31)) % bound as u64) as usize
    }
}
