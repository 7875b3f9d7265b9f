//! Networks and relays that cheat, seen from the client: nothing is lost in silence, nothing is shown twice,
//! nothing is said in somebody else's name, nothing is sealed to a stranger's key.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod blocked;
mod chains;
mod clock;
#[path = "../common/mod.rs"]
mod common;
mod crash;
mod cut;
mod deliveries;
mod deniable;
mod directory;
mod disk;
mod endless;
mod evil;
mod fences;
mod grammar;
mod impostor;
mod junk;
mod keys;
mod linking;
mod moved;
mod olm;
mod pauses;
mod peer;
mod poison;
mod probes;
mod proxy;
mod restored;
mod shell;
mod stamps;
