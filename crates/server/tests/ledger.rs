//! The public log of keys, as a client that trusts nothing reads it from the real program.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ledger::{Replay, commits_to, head, replay};
use proto::signed;
use support::Data;
use support::peer::Peer;
use support::person::{Person, refused};
use wire::request::{Feed, Lookup};
use wire::response::{Leaves, Record};
use wire::{
    CommitmentNonce, IdentityRecord, Leaf, LeafKind, NameTag, RefusalKind, Response, ServerId, TreeHead,
};

/// All leaves of the newest head, from where somebody who has so many goes on.
fn feed(port: u16, log_number: u32, from: u64) -> Leaves {
    let mut peer = Peer::connect(port);
    let Response::Leaves(leaves) = peer.ask(Feed { log_number, from }) else { panic!("no leaves") };
    *leaves
}

/// The same, once the relay has read its log. Until then it says that it cannot, never that there is none.
fn feed_when_shown(port: u16) -> Leaves {
    let until = Instant::now() + support::PATIENCE;
    while Instant::now() < until {
        let mut peer = Peer::connect(port);
        match peer.ask(Feed { log_number: 0, from: 0 }) {
            Response::Leaves(leaves) => {
                assert_ne!(leaves.tree_head, TreeHead::EMPTY);
                return *leaves;
            }
            other => assert_eq!(refused(other), RefusalKind::Unavailable),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("the log is never shown")
}

/// What the machine's clock says.
fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn has(
    leaves: &[Leaf],
    server_id: &ServerId,
    record: &IdentityRecord,
    nonce: &CommitmentNonce,
    place: u64,
) -> bool {
    let tag = NameTag(crypto::name_tag(&server_id.0, record.body.name.as_str()));
    commits_to(&leaves[place as usize], &tag, nonce, &signed::record_hash(&record.body))
}

#[test]
fn every_change_of_a_key_is_a_leaf_that_its_answer_s_head_covers() {
    let data = Data::new();
    let server = data.serve(&[]);
    let code = data.invite("alice", &[]).code;
    let mut peer = Peer::connect(server.port);
    let server_id = peer.welcome.server_id;
    let alice = Person::new("alice", server_id);
    let Response::Registered(registered) = peer.ask(alice.claim(Some(code))) else {
        panic!("not registered")
    };
    head::verify(&registered.tree_head, &server_id).unwrap();
    assert!(registered.leaf_index < registered.tree_head.size);
    let first = feed(server.port, 0, 0);
    let before = replay(&server_id, &[], None, &first.tree_head, first.first, &first.leaves).unwrap();
    assert!(has(
        &first.leaves,
        &server_id,
        &alice.record,
        &registered.commitment_nonce,
        registered.leaf_index
    ));

    let other = Person::new("alice", server_id);
    let mut peer = Peer::connect(server.port);
    let Response::Challenge(challenge) = peer.ask(other.claim(None)) else { panic!("no challenge") };
    let (answer, _) = alice.rotation(&peer, &challenge);
    let record = answer.record.clone();
    let Response::Replaced(replaced) = peer.ask(answer) else { panic!("not replaced") };
    assert_eq!(replaced.leaf_index, before.size());
    let then = feed(server.port, 0, before.size());
    assert_eq!((then.first, then.leaves.len(), then.leaves[0].kind), (before.size(), 1, LeafKind::Rotate));
    assert_eq!(then.leaves[0].prev_index, registered.leaf_index);
    let known = &first.leaves;
    replay(&server_id, known, Some(&first.tree_head), &then.tree_head, then.first, &then.leaves).unwrap();
    let all = [first.leaves.clone(), then.leaves.clone()].concat();
    assert!(has(&all, &server_id, &record, &replaced.commitment_nonce, replaced.leaf_index));

    // Whoever looks her up is shown the same, and a head that covers it.
    let name = alice.name.clone();
    let Response::Record(found) = Peer::connect(server.port).ask(Lookup { name, seq: None }) else {
        panic!("not found")
    };
    let Record { record: shown, commitment_nonce, leaf_index, tree_head } = *found;
    assert_eq!(
        (shown, commitment_nonce, leaf_index),
        (record, replaced.commitment_nonce, replaced.leaf_index)
    );
    assert_eq!((tree_head.size, tree_head.root), (then.tree_head.size, then.tree_head.root));
}

#[test]
fn a_log_is_the_same_after_a_restart_and_has_an_end() {
    let data = Data::new();
    let server = data.serve(&["--open"]);
    let mut peer = Peer::connect(server.port);
    let server_id = peer.welcome.server_id;
    for name in ["alice", "bob", "carol"] {
        let person = Person::new(name, server_id);
        assert!(matches!(peer.ask(person.claim(None)), Response::Registered(_)));
    }
    let before = feed(server.port, 0, 0);
    server.kill_9();
    let server = data.serve(&["--open"]);
    let after = feed_when_shown(server.port);
    assert_eq!((&after.leaves, after.tree_head.root), (&before.leaves, before.tree_head.root));
    let Replay { .. } = replay(
        &server_id,
        &before.leaves,
        Some(&before.tree_head),
        &after.tree_head,
        before.leaves.len() as u64,
        &[],
    )
    .unwrap();
    // From behind the end: nothing, and the head.
    let behind = feed(server.port, 0, 1_000_000);
    assert_eq!((behind.first, behind.leaves.len()), (behind.tree_head.size, 0));
    // A connection for the log is for nothing else.
    let mut peer = Peer::connect(server.port);
    assert!(matches!(peer.ask(Feed { log_number: 0, from: 0 }), Response::Leaves(_)));
    let name = wire::Name::parse("alice").unwrap();
    assert_eq!(refused(peer.ask(Lookup { name, seq: None })), RefusalKind::OutOfPlace);
}

#[test]
fn a_relay_that_was_restored_says_so_and_twice_is_not_once() {
    let data = Data::new();
    let folder = tempfile::tempdir().unwrap();
    let (key, file) = (folder.path().join("key"), folder.path().join("backup"));
    let (key, file) = (key.to_str().unwrap(), file.to_str().unwrap());
    let server = data.serve(&["--open"]);
    let register = |port: u16, name: &str| {
        let mut peer = Peer::connect(port);
        let person = Person::new(name, peer.welcome.server_id);
        assert!(matches!(peer.ask(person.claim(None)), Response::Registered(_)));
        peer.welcome.server_id
    };
    register(server.port, "alice");
    assert!(data.run(&["backup-key", key]).status.success());
    assert!(data.run(&["backup", file, "--key-file", key]).status.success());
    let server_id = register(server.port, "bob");
    let mut known = feed(server.port, 0, 0);
    server.kill_9();
    for _ in 0..3 {
        std::fs::remove_dir_all(data.path()).unwrap();
        let begun = seconds();
        let restored = data.run(&["restore", file, "--key-file", key]);
        assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
        let server = data.serve(&["--open"]);
        feed_when_shown(server.port);
        let number = known.tree_head.log_number;
        let fed = feed(server.port, number, known.leaves.len() as u64);
        assert_eq!((fed.first, fed.leaves[0].kind), (2, LeafKind::Restored));
        assert!(fed.tree_head.log_number > number);
        // What the store believed of the calendar went back with it, and says the same each time.
        assert!(u64::from(fed.tree_head.log_number) >= begun, "its number is of before it was restored");
        assert!(
            u64::from(fed.tree_head.log_number) < seconds(),
            "whoever restores it now may have its number"
        );
        let (before, head) = (Some(&known.tree_head), &fed.tree_head);
        replay(&server_id, &known.leaves, before, head, fed.first, &fed.leaves).unwrap();
        // Who was there only before hears it whole.
        assert_eq!(feed(server.port, fed.tree_head.log_number, 0).leaves[2], fed.leaves[0]);
        register(server.port, "carol");
        known = feed(server.port, 0, 0);
        server.kill_9();
    }
}

#[test]
fn every_restore_however_soon_has_a_number_of_its_own() {
    let data = Data::new();
    let folder = tempfile::tempdir().unwrap();
    let (key, file) = (folder.path().join("key"), folder.path().join("backup"));
    let (key, file) = (key.to_str().unwrap(), file.to_str().unwrap());
    let server = data.serve(&["--open"]);
    let mut peer = Peer::connect(server.port);
    let person = Person::new("alice", peer.welcome.server_id);
    assert!(matches!(peer.ask(person.claim(None)), Response::Registered(_)));
    assert!(data.run(&["backup-key", key]).status.success());
    assert!(data.run(&["backup", file, "--key-file", key]).status.success());
    server.kill_9();
    // As fast as it goes: whoever is shown a log has its number for himself.
    let mut shown = Vec::new();
    for _ in 0..4 {
        std::fs::remove_dir_all(data.path()).unwrap();
        assert!(data.run(&["restore", file, "--key-file", key]).status.success());
        let server = data.serve(&["--open"]);
        if let Response::Leaves(leaves) = Peer::connect(server.port).ask(Feed { log_number: 0, from: 0 }) {
            shown.push(leaves.tree_head.log_number);
        }
        server.kill_9();
    }
    assert!(shown.len() == 4 && shown.is_sorted_by(|one, next| one < next), "{shown:?}");
}

#[test]
fn without_an_endorsed_key_no_log_is_shown_and_everything_else_goes_on() {
    let data = Data::new();
    let server = data.serve(&["--open"]);
    assert!(feed_when_shown(server.port).tree_head.size > 0);
    server.kill_9();
    // As of a relay from before there was a log, whose root key is kept elsewhere.
    let identity = data.path().join("identity");
    for file in ["ledger.key", "ledger.endorsement"] {
        std::fs::remove_file(identity.join(file)).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.key");
    std::fs::rename(identity.join("root.key"), &root).unwrap();
    let server = data.serve(&["--open"]);
    let mut peer = Peer::connect(server.port);
    let alice = Person::new("alice", peer.welcome.server_id);
    let Response::Registered(registered) = peer.ask(alice.claim(None)) else { panic!("not registered") };
    assert_eq!(registered.tree_head, TreeHead::EMPTY);
    assert_eq!(feed(server.port, 0, 0).tree_head, TreeHead::EMPTY);
    let status = String::from_utf8(data.run(&["status"]).stdout).unwrap();
    assert!(status.contains("not shown: bring root.key back once"), "{status}");
    let mut import = support::oublietted(&["identity", "import-root"]);
    let imported = import.arg(&root).arg("--data").arg(data.path()).stdin(Stdio::null()).output().unwrap();
    assert!(imported.status.success());
    let shown = feed_when_shown(server.port);
    head::verify(&shown.tree_head, &peer.welcome.server_id).unwrap();
    assert_eq!(shown.leaves.last().unwrap().kind, LeafKind::Register);
    assert!(String::from_utf8(data.run(&["status"]).stdout).unwrap().contains("shown to clients"));
}
