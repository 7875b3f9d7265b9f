//! The targets, one file for each kind of door.

pub mod backup;
pub mod bodies;
pub mod client;
pub mod content;
pub mod envelopes;
pub mod frames;
pub mod ledger;
pub mod operator;
pub mod peer;
pub mod proxied;
pub mod rows;
pub mod server;
pub mod snapshot;
pub mod text;
