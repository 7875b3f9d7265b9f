//! Accepted means kept: what the real server confirmed, under load, is there after whatever ended it.
//!
//! A ledger writes down what depositors were told and owners let go of; every test ends the server in its own
//! way and holds what a new one serves against that ledger. Rows F01–F07 and F09–F11 of the hostile tests;
//! promises P1, P9, P10 and P11, one line of figures for each.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

mod chance;
mod ledger;
mod letters;
mod load;
mod verdict;
mod world;

mod disk;
mod meddle;

mod faults;
mod fresh;
mod full;
mod kill;
mod power;

/// How often: `usual` in `./test`, `long` with OUBLIETTE_LONG.
fn rounds(usual: u32, long: u32) -> u32 {
    if std::env::var_os("OUBLIETTE_LONG").is_some() { long } else { usual }
}
