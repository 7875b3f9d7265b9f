//! Names: invitations let in once, and a taken name changes its key for the right answer only.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::Duration;

use support::Data;
use support::peer::Peer;
use support::person::{Person, refused};
use wire::request::Lookup;
use wire::{InviteCode, RefusalKind, Response};

#[test]
fn an_invitation_lets_in_its_name_once() {
    let data = Data::new();
    let server = data.serve(&[]);
    let code = data.invite("alice", &[]).code;
    let mut peer = Peer::connect(server.port);
    let mallory = Person::new("mallory", peer.welcome.server_id);
    assert_eq!(refused(peer.ask(mallory.claim(Some(code)))), RefusalKind::Invite);
    assert_eq!(refused(peer.ask(mallory.claim(Some(InviteCode([0; 16]))))), RefusalKind::Invite);
    assert_eq!(refused(peer.ask(mallory.claim(None))), RefusalKind::Invite);
    let alice = Person::new("alice", peer.welcome.server_id);
    assert!(matches!(peer.ask(alice.claim(Some(code))), Response::Registered(_)));
    // A lost answer costs nothing: the same claim is answered again.
    assert!(matches!(Peer::connect(server.port).ask(alice.claim(Some(code))), Response::Registered(_)));
}

#[test]
fn an_expired_invitation_is_refused() {
    let data = Data::new();
    let server = data.serve(&[]);
    let code = data.invite("alice", &["--expires", "1s"]).code;
    std::thread::sleep(Duration::from_millis(2_100));
    let mut peer = Peer::connect(server.port);
    let alice = Person::new("alice", peer.welcome.server_id);
    assert_eq!(refused(peer.ask(alice.claim(Some(code)))), RefusalKind::Invite);
}

#[test]
fn the_holder_of_the_old_key_replaces_it_and_a_replay_changes_nothing() {
    let data = Data::new();
    let server = data.serve(&[]);
    let alice = Person::registered(server.port, "alice", data.invite("alice", &[]).code);
    // Another first record for a taken name: a challenge.
    let other = Person::new("alice", alice.record.body.server_id);
    let mut peer = Peer::connect(server.port);
    let Response::Challenge(challenge) = peer.ask(other.claim(None)) else { panic!("no challenge") };
    let (answer, next) = alice.rotation(&peer, &challenge);
    // The same answer on another connection, under another nonce: wrong.
    let mut thief = Peer::connect(server.port);
    assert!(matches!(thief.ask(other.claim(None)), Response::Challenge(_)));
    assert_eq!(refused(thief.ask(answer.clone())), RefusalKind::ChallengeFailed);
    assert_eq!(registered_seq(&alice, server.port), 0);
    // On its own connection: right.
    let replaced = peer.ask(answer.clone());
    assert!(matches!(replaced, Response::Replaced(_)), "{replaced:?}");
    assert_eq!(registered_seq(&alice, server.port), 1);
    drop(next);
    // Replayed after the fact: nothing changes.
    let mut late = Peer::connect(server.port);
    assert!(matches!(late.ask(other.claim(None)), Response::Challenge(_)));
    assert_eq!(refused(late.ask(answer)), RefusalKind::ChallengeFailed);
    assert_eq!(registered_seq(&alice, server.port), 1);
}

#[test]
fn a_name_is_kept_over_a_restart_and_an_unknown_one_is_refused() {
    let data = Data::new();
    let server = data.serve(&["--open"]);
    let mut peer = Peer::connect(server.port);
    let carol = Person::new("carol", peer.welcome.server_id);
    assert!(matches!(peer.ask(carol.claim(None)), Response::Registered(_)));
    server.kill_9();
    let server = data.serve(&[]);
    assert_eq!(registered_seq(&carol, server.port), 0);
    let nobody = Lookup { name: wire::Name::parse("nobody").unwrap(), seq: None };
    assert_eq!(refused(Peer::connect(server.port).ask(nobody)), RefusalKind::NoSuchName);
}

fn registered_seq(person: &Person, port: u16) -> u32 {
    let lookup = Lookup { name: person.name.clone(), seq: None };
    match Peer::connect(port).ask(lookup) {
        Response::Record(record) => record.record.body.seq,
        other => panic!("no record: {other:?}"),
    }
}
