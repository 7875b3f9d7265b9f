//! Everything that a network, a client or a crowd may try against the real server
//! (`docs/hostile-rows.md`); each test names its rows.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod client;
mod equal;
mod exhaustion;
mod line;
mod network;
mod pressure;
#[path = "../support/mod.rs"]
mod support;

use support::peer::Peer;
use support::{Data, Server};
use wire::{Request, Response};

/// The full size of a flood, or a bounded one for every run of the tests.
fn many(bounded: usize, full: usize) -> usize {
    if std::env::var_os("OUBLIETTE_LONG").is_some() { full } else { bounded }
}

/// Somebody honest is served.
fn is_well(server: &Server) {
    assert!(matches!(Peer::connect(server.port).ask(Request::Ping), Response::Pong));
}

/// The server served somebody honest, answers its operator, and nothing in it ever panicked.
fn is_well_after_all(data: &Data, server: &Server) {
    is_well(server);
    assert_eq!(data.run(&["health"]).status.code(), Some(0));
    let log = server.log();
    assert!(!log.contains("panicked"), "{log}");
}

/// Lets this process hold as many sockets as the system allows it.
fn more_descriptors() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _refused = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.map_or(usize::MAX, |now| now as usize)
}
