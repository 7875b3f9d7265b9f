//! A disk that fails, loses its power, or changes what was written: the real `oub` on a real vault, against a real relay.
//!
//! Rows F02, F03, F04 and F06 of the hostile tests, for the vault: what `oub` says is so, and once the fault is over
//! the next command goes on, with nothing lost, doubled or out of order. `OUB_TEST_SEED` replays the random places of
//! a run; `OUBLIETTE_LONG` tries many more.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../transcripts/dice.rs"]
mod dice;
#[path = "../../../server/tests/durability/disk.rs"]
mod disk;
#[path = "../transcripts/person.rs"]
#[allow(dead_code)]
mod person;
#[path = "../transcripts/programs.rs"]
mod programs;
#[path = "../transcripts/relay.rs"]
#[allow(dead_code)]
mod relay;

mod book;
mod strace;

mod damage;
mod failing;
mod full;
mod joining;
mod power;

use programs::bin_dir;

/// How often: `usual` in `./test`, `long` with OUBLIETTE_LONG.
fn rounds(usual: u64, long: u64) -> u64 {
    if std::env::var_os("OUBLIETTE_LONG").is_some() { long } else { usual }
}
