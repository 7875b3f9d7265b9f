//! SIGTERM drains: whatever was confirmed is there after it, however much was under way (promise P11).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use support::peer::Peer;
use support::person::{Mailbox, Person, alice_with_inbox, envelope};
use support::{Data, PATIENCE, Server};
use wire::request::{Ack, Collect, MailboxPolicy};
use wire::{Body, Cursor, Envelope, Notice, Response};

const SENDERS: usize = 6;
/// Deposits of one sender that are on their way at once.
const AT_ONCE: usize = 16;

fn rounds() -> usize {
    if std::env::var_os("OUBLIETTE_LONG").is_some() { 30 } else { 4 }
}

fn numbered(number: u16) -> Envelope {
    let mut bytes = vec![0x5c; 4_096];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    Envelope::new(Bytes::from(bytes)).unwrap()
}

/// Sends until the server goes; returns what it called stored.
fn send(mut peer: Peer, inbox: &Mailbox, next: &AtomicU16, stop: &AtomicBool) -> BTreeSet<u16> {
    let mut stored = BTreeSet::new();
    let mut asked = HashMap::new();
    loop {
        while asked.len() < AT_ONCE && !stop.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Ok(id) = peer.try_send(inbox.stamped(number, numbered(number))) else { break };
            asked.insert(id, number);
        }
        if asked.is_empty() {
            return stored;
        }
        match peer.answer() {
            Some((id, Response::Stored)) => stored.extend(asked.remove(&id)),
            // Refused while stopping: nothing was promised, and the sender keeps it.
            Some((id, Response::Refused(_))) => {
                asked.remove(&id);
            }
            Some((_, other)) => panic!("not an answer to a deposit: {other:?}"),
            None => return stored,
        }
    }
}

fn collect(server: &Server, inbox: &Mailbox) -> BTreeSet<u16> {
    let mut peer = Peer::connect(server.port);
    let slot = inbox.open(&mut peer).slot;
    assert!(matches!(
        peer.ask(Collect { slot, after: Cursor(0), credit: 32, follow: false }),
        Response::Collecting
    ));
    let mut found = BTreeSet::new();
    let until = Instant::now() + PATIENCE * 3;
    loop {
        assert!(Instant::now() < until, "collecting does not end");
        match peer.notice() {
            Notice::Deliver(deliver) => {
                let number = u16::from_be_bytes(deliver.envelope.as_bytes()[..2].try_into().unwrap());
                assert!(deliver.envelope == numbered(number));
                assert!(found.insert(number), "{number} twice");
                if found.len() % 16 == 0 {
                    assert!(matches!(peer.ask(Ack { slot, through: deliver.cursor }), Response::Acked));
                }
            }
            Notice::Drained(drained) => {
                let rest = Ack { slot, through: drained.cursor };
                assert!(found.is_empty() || matches!(peer.ask(rest), Response::Acked));
                return found;
            }
            other => panic!("neither delivered nor drained: {other:?}"),
        }
    }
}

#[test]
fn restarts_under_load_lose_nothing_that_was_confirmed() {
    let data = Data::new();
    let server = data.serve(&[]);
    let alice = Person::registered(server.port, "alice", data.invite("alice", &[]).code);
    let inbox = alice.create(server.port, MailboxPolicy::Inbox, 0);
    let mut peer = Peer::connect(server.port);
    let slot = inbox.open(&mut peer).slot;
    inbox.generate(&mut peer, slot);
    drop(peer);
    let next = AtomicU16::new(0);
    let (mut server, mut confirmed, mut slowest) = (server, 0, Duration::ZERO);
    for round in 0..rounds() {
        let stop = AtomicBool::new(false);
        let peers: Vec<_> = (0..SENDERS).map(|_| Peer::connect(server.port)).collect();
        let (ended, stored) = std::thread::scope(|scope| {
            let (inbox, next, stop) = (&inbox, &next, &stop);
            let senders: Vec<_> =
                peers.into_iter().map(|peer| scope.spawn(move || send(peer, inbox, next, stop))).collect();
            std::thread::sleep(Duration::from_millis(120 + 37 * round as u64 % 200));
            let asked = Instant::now();
            let ended = server.terminate();
            let took = asked.elapsed();
            stop.store(true, Ordering::Relaxed);
            let stored: BTreeSet<u16> =
                senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect();
            slowest = slowest.max(took);
            (ended, stored)
        });
        assert_eq!(ended.0.code(), Some(0), "{}", ended.1);
        server = data.serve(&[]);
        let there = collect(&server, &inbox);
        let lost: Vec<_> = stored.difference(&there).collect();
        assert!(lost.is_empty(), "round {round}: {} of {} lost: {lost:?}", lost.len(), stored.len());
        confirmed += stored.len();
    }
    assert!(confirmed > 0);
    println!(
        "promise P11: {} restarts under load, {confirmed} deposits confirmed, 0 lost; slowest end {} ms",
        rounds(),
        slowest.as_millis()
    );
}

/// P11: what the server said before it stopped arrives, however slowly a peer reads and whatever he still says.
#[test]
fn what_was_said_before_the_end_arrives_also_at_a_peer_who_goes_on_talking() {
    const COUNT: u16 = 6;
    let data = Data::new();
    let mut server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    let mut sender = Peer::connect(server.port);
    for index in 0..COUNT {
        assert!(matches!(sender.ask(inbox.stamped(index, envelope(7, 65_536))), Response::Stored));
    }
    let mut owner = Peer::connect(server.port);
    let slot = inbox.open(&mut owner).slot;
    owner.send(Collect { slot, after: Cursor(0), credit: 64, follow: false });
    // All of it is out of the server's hands, and most of it not in the peer's.
    std::thread::sleep(Duration::from_millis(500));
    server.signal(rustix::process::Signal::TERM);
    let until = Instant::now() + PATIENCE;
    while !server.log().contains("stopping") {
        assert!(Instant::now() < until, "the server does not stop");
        std::thread::sleep(Duration::from_millis(10));
    }
    for _ in 0..5 {
        std::thread::sleep(Duration::from_millis(20));
        owner.try_send(wire::Request::Ping).expect("a server that listens for a moment yet");
    }
    let heard: Vec<_> = std::iter::from_fn(|| owner.heard()).collect();
    let delivered = heard.iter().filter(|frame| matches!(frame.body, Body::Notice(Notice::Deliver(_))));
    assert_eq!(delivered.count(), usize::from(COUNT), "{} frames", heard.len());
    assert_eq!(server.wait().0.code(), Some(0));
}
