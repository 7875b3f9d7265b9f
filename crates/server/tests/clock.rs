//! The system's clock jumps by ten years, also across restarts: nothing expires, and everything is told.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::path::Path;

use support::peer::Peer;
use support::person::{Person, collect, envelope};
use support::{Data, Server, oublietted};
use wire::Response;
use wire::request::MailboxPolicy;

const LIBRARIES: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
];

/// The relay, for which it is so much later or earlier.
fn serve_at(data: &Data, library: &str, offset: &str) -> Server {
    let path = data.path();
    let mut command =
        oublietted(&["serve", "--verbose", "--listen", "127.0.0.1:0", "--data", path.to_str().unwrap()]);
    // Only the calendar jumps: passing time is counted by a clock that nobody can set.
    command.env("LD_PRELOAD", library).env("FAKETIME", offset).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Server::start(command)
}

#[test]
fn envelopes_outlive_ten_years_that_did_not_pass() {
    let Some(library) = LIBRARIES.into_iter().find(|library| Path::new(library).exists()) else {
        eprintln!("SKIPPED: needs libfaketime (apt-get install libfaketime)");
        return;
    };
    let data = Data::new();
    let server = data.serve(&[]);
    let alice = Person::registered(server.port, "alice", data.invite("alice", &[]).code);
    let inbox = alice.create(server.port, MailboxPolicy::Inbox, 0);
    let mut owner = Peer::connect(server.port);
    let slot = inbox.open(&mut owner).slot;
    inbox.generate(&mut owner, slot);
    assert!(matches!(Peer::connect(server.port).ask(inbox.stamped(0, envelope(7, 4_096))), Response::Stored));
    server.terminate();
    // Nobody connects to a relay whose certificates are of another decade; its sweep, at each start, goes on.
    for (offset, ahead) in [("+3650d", 1), ("-3650d", -1), ("+3650d", 1)] {
        let server = serve_at(&data, library, offset);
        let status: serde_json::Value =
            serde_json::from_slice(&data.run(&["status", "--json"]).stdout).unwrap();
        assert_eq!(status["clock_ahead_s"].as_i64().unwrap().signum(), ahead, "{offset}");
        assert_eq!((&status["waiting"], &status["mailboxes"]), (&1.into(), &1.into()), "{offset}");
        server.kill_9();
    }
    let server = serve_at(&data, library, "+0d");
    let status: serde_json::Value = serde_json::from_slice(&data.run(&["status", "--json"]).stdout).unwrap();
    assert_eq!(status["clock_ahead_s"], 0);
    let mut owner = Peer::connect(server.port);
    let opened = inbox.open(&mut owner);
    assert_eq!((opened.waiting, opened.expired), (1, 0));
    assert_eq!(collect(&mut owner, opened.slot, false).len(), 1);
}
