//! The system's clock jumps by ten years, also across restarts: nothing expires, and everything is told.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use support::peer::Peer;
use support::person::{Person, alice_with_inbox, collect, envelope};
use support::{Data, Server, oublietted};
use wire::Response;
use wire::request::{Feed, MailboxPolicy};

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
    // One leaf, or one head, of the other decade would keep the log from every client for ten years.
    let all = Feed { log_number: 0, from: 0 };
    let Response::Leaves(log) = Peer::connect(server.port).ask(all) else { panic!("no log") };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let newest = log.leaves.iter().map(|leaf| u64::from(leaf.time)).max().unwrap();
    assert!(newest <= now && log.tree_head.time.abs_diff(now) < 3_600, "{newest}, {}", log.tree_head.time);
}

/// A machine may start with a wrong clock, and set it a moment later: who comes then is served.
#[test]
fn a_start_with_a_clock_that_is_ahead_is_made_good_when_it_is_right() {
    let Some(library) = LIBRARIES.into_iter().find(|library| Path::new(library).exists()) else {
        eprintln!("SKIPPED: needs libfaketime (apt-get install libfaketime)");
        return;
    };
    let data = Data::new();
    let first = data.serve(&[]);
    alice_with_inbox(&data, &first);
    first.terminate();
    let (clock, root) = (data.path().with_extension("clock"), data.path().with_extension("key"));
    std::fs::write(&clock, "+3650d").unwrap();
    let mut command =
        oublietted(&["serve", "--listen", "127.0.0.1:0", "--data", data.path().to_str().unwrap()]);
    command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", &clock).env("FAKETIME_NO_CACHE", "1");
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let server = Server::start(command);
    assert!(Peer::try_connect(server.port).is_none(), "its certificates are of another decade");
    // What an hour brings by itself, a command has at once.
    let root = root.to_str().unwrap();
    assert!(data.run(&["identity", "export-root", root]).status.success());
    let is_now = |time: &str| {
        std::fs::write(&clock, time).unwrap();
        let renewed = data.run(&["identity", "import-root", root]);
        assert!(renewed.status.success(), "{}", String::from_utf8_lossy(&renewed.stderr));
    };
    // Right at last; and then ahead once more, while the relay runs.
    for jump in ["+0d", "+3650d"] {
        is_now(jump);
        is_now("+0d");
        let mut peer = Peer::try_connect(server.port).expect("a certificate of today");
        let Response::Leaves(log) = peer.ask(Feed { log_number: 0, from: 0 }) else { panic!("no log") };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        assert!(log.leaves.iter().all(|leaf| u64::from(leaf.time) <= now), "{jump}: {:?}", log.leaves);
        assert!(log.tree_head.time.abs_diff(now) < 3_600, "{jump}: {}", log.tree_head.time);
    }
}
