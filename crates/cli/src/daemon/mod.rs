//! `oub daemon`: receives in the background for one vault, and serves a socket.
//!
//! [`run`] takes the [`seat`] (one daemon for a vault), unlocks the vault, binds the [`socket`] and stays connected;
//! [`Shared`](shared::Shared) is what its threads know of each other. Each connection to the socket is a
//! [`conversation`] of [`request`]s, one JSON line each ([`saying`] does those that say something to a contact);
//! [`subscription`]s push what comes, the [`hooks`] hand it to a
//! command, [`notify`] tells a person, and what
//! waits in the [`outbox`] leaves. Another `oub` finds the daemon through [`beside`]. [`mod@unit`] is what
//! `oub daemon install` writes.

pub mod beside;
mod conversation;
mod hooks;
pub mod lines;
mod notify;
mod outbox;
mod request;
mod saying;
mod seat;
mod serve;
mod shared;
pub mod socket;
mod subscription;
pub mod unit;

pub use seat::{is_running, socket_of};
pub use serve::run;
