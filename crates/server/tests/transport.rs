//! What the wire shows before anybody has asked for anything: TLS, certificates, deadlines, garbage.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustls::NamedGroup;
use server::identity::server_id_of;
use support::peer::{Peer, handshake};
use support::{Data, PATIENCE};
use wire::address::ShortFingerprint;
use wire::{Request, Response};

#[test]
fn the_chain_ends_in_the_root_that_the_invitation_names() {
    let data = Data::new();
    let server = data.serve(&[]);
    let peer = Peer::connect(server.port);
    let id = server_id_of(peer.chain.last().unwrap()).unwrap();
    assert_eq!(peer.chain.len(), 3);
    assert_eq!(id, peer.welcome.server_id);
    let pinned = data.invite("alice", &[]).server;
    assert!(pinned.matches(id.as_bytes()));
    assert!(!ShortFingerprint::from_full(&[1; 32]).matches(id.as_bytes()));
}

#[test]
fn another_server_shows_another_root() {
    let (one, other) = (Data::new(), Data::new());
    let (one, other) = (one.serve(&[]), other.serve(&[]));
    let root = |port| server_id_of(Peer::connect(port).chain.last().unwrap()).unwrap();
    assert_ne!(root(one.port), root(other.port));
}

#[test]
fn the_server_id_survives_a_restart_and_the_leaf_does_not() {
    let data = Data::new();
    let server = data.serve(&[]);
    let before = Peer::connect(server.port).chain;
    server.kill_9();
    let after = Peer::connect(data.serve(&[]).port).chain;
    assert_eq!(before[2], after[2]);
    assert_ne!(before[0], after[0]);
}

#[test]
fn the_key_exchange_is_hybrid_and_no_ticket_is_issued() {
    let data = Data::new();
    let server = data.serve(&[]);
    let mut peer = Peer::connect(server.port);
    assert_eq!(peer.group(), NamedGroup::X25519MLKEM768);
    assert!(matches!(peer.ask(Request::Ping), Response::Pong));
    assert_eq!(*peer.tickets.0.lock().unwrap(), 0);
}

#[test]
fn the_welcome_is_fresh_on_every_connection() {
    let data = Data::new();
    let server = data.serve(&["--open"]);
    let (one, two) = (Peer::connect(server.port).welcome, Peer::connect(server.port).welcome);
    assert_ne!(one.nonce, two.nonce);
    assert_eq!(one.server_id, two.server_id);
    assert_eq!(one.flags, 1);
}

#[test]
fn another_protocol_name_or_none_is_closed() {
    let data = Data::new();
    let server = data.serve(&[]);
    assert!(handshake(server.port, &[b"http/1.1"]).is_err() || says_nothing(server.port, &[b"http/1.1"]));
    assert!(says_nothing(server.port, &[]));
}

fn says_nothing(port: u16, alpn: &[&[u8]]) -> bool {
    let Ok(mut stream) = handshake(port, alpn) else { return true };
    !matches!(stream.read(&mut [0; 16]), Ok(read) if read > 0)
}

#[test]
fn garbage_instead_of_tls_is_closed_at_once() {
    let data = Data::new();
    let server = data.serve(&[]);
    let mut socket = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut rest = Vec::new();
    let started = Instant::now();
    let _reset_or_end = socket.read_to_end(&mut rest);
    assert!(started.elapsed() < Duration::from_secs(4));
    assert!(matches!(Peer::connect(server.port).ask(Request::Ping), Response::Pong));
}

#[test]
fn garbage_instead_of_frames_is_closed() {
    let data = Data::new();
    let server = data.serve(&[]);
    let mut peer = Peer::connect(server.port);
    peer.tls.write_all(&[0xff; 64]).unwrap();
    peer.tls.flush().unwrap();
    assert!(peer.is_closed());
}

#[test]
fn a_handshake_that_does_not_end_is_closed_after_ten_seconds() {
    let data = Data::new();
    let server = data.serve(&[]);
    let mut socket = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(&[22, 3, 1]).unwrap();
    let started = Instant::now();
    assert_eq!(socket.read(&mut [0; 16]).unwrap_or(0), 0);
    let waited = started.elapsed();
    assert!(waited > Duration::from_secs(8) && waited < Duration::from_secs(13), "{waited:?}");
}

#[test]
fn a_greeted_peer_that_asks_nothing_is_closed() {
    let data = Data::new();
    let server = data.serve(&[]);
    let started = Instant::now();
    assert!(Peer::connect(server.port).is_closed());
    assert!(started.elapsed() < Duration::from_secs(13));
}

#[test]
fn connections_beyond_the_total_are_turned_away_and_places_come_back() {
    let data = Data::new();
    let server = data.serve(&["--connections-max", "2"]);
    let mut held = vec![Peer::connect(server.port), Peer::connect(server.port)];
    assert!(handshake(server.port, &[b"oub/1"]).is_err());
    held.pop();
    let until = Instant::now() + PATIENCE;
    while handshake(server.port, &[b"oub/1"]).is_err() {
        assert!(Instant::now() < until, "the place does not come back");
        std::thread::sleep(Duration::from_millis(50));
    }
}
