//! The two machines against each other, over an in-memory relay, in virtual time.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod challenge;
mod client_hears;
mod cut;
mod deliveries;
mod hostile;
mod order;
mod people;
mod relay;
mod schedules;
mod stories;
mod time;
mod vectors;
mod wire_between;
