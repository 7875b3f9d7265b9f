//! The floor: the smallest relay that moves the same bytes under the same promise.
//!
//! Frame → hash map → frame over the same TLS, with a log that is synced before the answer. It knows no names, no
//! proofs, no stamps, no limits, no expiry, and never reads its log again. What ours costs more is what those cost.

mod client;
mod frame;
mod log;
mod relay;

pub use client::Client;
pub use relay::run;
