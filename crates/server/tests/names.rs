//! What an operator may see of names and invitations, and what he may decide.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use proto::signed;
use support::Data;
use support::peer::Peer;
use support::person::{Mailbox, Person, refused};
use wire::request::{Fetch, Lookup, MailboxPolicy, Publish};
use wire::{RefusalKind, Response};

fn json(bytes: &[u8]) -> Vec<serde_json::Value> {
    String::from_utf8_lossy(bytes).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn publish(port: u16, person: &Person, doorstep: &Mailbox) {
    let bundle = signed::sign_bundle(&person.identity, person.bundle_body(doorstep.sid, 1));
    let name = person.name.clone();
    assert!(matches!(Peer::connect(port).ask(Publish { name, bundle }), Response::Published));
}

#[test]
fn a_suspended_name_is_looked_up_but_nobody_new_can_write_to_it() {
    let data = Data::new();
    let server = data.serve(&[]);
    let alice = Person::registered(server.port, "alice", data.invite("alice", &[]).code);
    let doorstep = alice.create(server.port, MailboxPolicy::Doorstep, 0);
    publish(server.port, &alice, &doorstep);
    let fetch = || Peer::connect(server.port).ask(Fetch { name: alice.name.clone() });
    let lookup = || Peer::connect(server.port).ask(Lookup { name: alice.name.clone(), seq: None });
    assert!(matches!(fetch(), Response::Bundle(_)));
    let suspended = data.run(&["name", "suspend", "alice", "--json"]);
    assert!(suspended.status.success());
    assert_eq!(json(&suspended.stdout)[0]["state"], "suspended");
    assert_eq!(refused(fetch()), RefusalKind::NoSuchName);
    assert!(matches!(lookup(), Response::Record(_)), "what is public stays public");
    // The relay does not know whose this doorstep is: whoever knew it before still writes, and she reads.
    assert!(matches!(Peer::connect(server.port).ask(doorstep.knock(1)), Response::Stored));
    server.kill_9();
    let server = data.serve(&[]);
    let fetch = || Peer::connect(server.port).ask(Fetch { name: alice.name.clone() });
    assert_eq!(refused(fetch()), RefusalKind::NoSuchName, "a suspension outlives the process");
    assert!(data.run(&["name", "resume", "alice"]).status.success());
    assert!(matches!(fetch(), Response::Bundle(_)));
    assert_eq!(data.run(&["name", "suspend", "nobody"]).status.code(), Some(5));
}

#[test]
fn names_are_listed_from_their_public_records_page_by_page() {
    let data = Data::new();
    let server = data.serve(&["--open"]);
    let mut peer = Peer::connect(server.port);
    // More than one answer of the admin socket holds.
    let names: Vec<String> = (0..130).map(|number| format!("n{number:03}")).collect();
    for name in &names {
        let person = Person::new(name, peer.welcome.server_id);
        assert!(matches!(peer.ask(person.claim(None)), Response::Registered(_)));
    }
    let listed = json(&data.run(&["name", "list", "--json"]).stdout);
    let mut found: Vec<_> = listed.iter().map(|line| line["name"].as_str().unwrap().to_owned()).collect();
    found.sort();
    assert_eq!(found, names);
    let screen = String::from_utf8(data.run(&["name", "show", "n007"]).stdout).unwrap();
    assert!(screen.starts_with("n007") && screen.contains("registered, record 0\n  identity  "), "{screen}");
    assert_eq!(data.run(&["name", "show", "nobody"]).status.code(), Some(5));
}

#[test]
fn an_invitation_that_went_astray_is_found_and_made_void() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (astray, other) = (data.invite("alice", &[]), data.invite("bob", &[]));
    data.invite("alice", &["--expires", "1h"]);
    assert_eq!(json(&data.run(&["invite", "list", "--json"]).stdout).len(), 3);
    let hers = data.run(&["invite", "list", "--name", "alice"]);
    let screen = String::from_utf8(hers.stdout).unwrap();
    assert_eq!(screen.matches("for one name").count(), 2, "{screen}");
    for secret in [astray.code.0.iter().map(|byte| format!("{byte:02x}")).collect(), "alice".to_owned()] {
        let secret: String = secret;
        assert!(!screen.contains(&secret), "{screen}");
    }
    let one = screen.split_whitespace().next().unwrap();
    assert!(data.run(&["invite", "revoke", one]).status.success());
    assert_eq!(data.run(&["invite", "revoke", one]).status.code(), Some(5));
    assert!(data.run(&["invite", "revoke", "--name", "alice"]).status.success());
    let mut peer = Peer::connect(server.port);
    let alice = Person::new("alice", peer.welcome.server_id);
    assert_eq!(refused(peer.ask(alice.claim(Some(astray.code)))), RefusalKind::Invite);
    let bob = Person::new("bob", peer.welcome.server_id);
    assert!(matches!(peer.ask(bob.claim(Some(other.code))), Response::Registered(_)));
    assert!(json(&data.run(&["invite", "list", "--json"]).stdout).is_empty());
    assert_eq!(data.run(&["invite", "revoke"]).status.code(), Some(2));
}
