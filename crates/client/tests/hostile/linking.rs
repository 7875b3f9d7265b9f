//! What a relay that writes everything down can tie together: a sender's connections name nobody.

use std::collections::BTreeSet;

use wire::{Request, Wire};

use crate::{evil::Evil, shell::Heard};

/// Sequences of so many bytes do not repeat by chance.
const WINDOW: usize = 16;

fn windows(bytes: &[u8]) -> BTreeSet<&[u8]> {
    bytes.windows(WINDOW).filter(|window| window.iter().any(|byte| *byte != 0)).collect()
}

fn deposits(heard: &Heard) -> bool {
    heard.requests().iter().any(|request| matches!(request, Request::Deposit(_)))
}

/// S17: deposits leave on connections of their own, which are not resumed, carry nothing else, and share no
/// sixteen bytes with what their sender says as an owner.
#[test]
fn a_sending_connection_shares_nothing_with_an_owners() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    let from = evil.shell().connections.len();
    for text in ["one", "two", "three"] {
        alice.stored(&bob, text);
        assert_eq!(bob.texts(), [text]);
        bob.stored(&alice, text);
        assert_eq!(alice.texts(), [text]);
    }
    let shell = evil.shell();
    let heard = &shell.connections[from..];
    assert!(heard.iter().all(|heard| !heard.resumed));
    let (sending, others): (Vec<_>, Vec<_>) = heard.iter().partition(|heard| deposits(heard));
    assert!(sending.len() >= 6 && others.len() >= 6, "{} {}", sending.len(), others.len());
    let owners: BTreeSet<&[u8]> = others.iter().flat_map(|heard| windows(&heard.bytes)).collect();
    for connection in &sending {
        let requests = connection.requests();
        assert!(requests.iter().all(|request| matches!(request, Request::Deposit(_))), "{requests:?}");
        assert!(windows(&connection.bytes).is_disjoint(&owners));
    }
}

/// S17, P15: nothing that names the sender stands in what he deposits, and two deposits of his have nothing in
/// common but the mailbox.
#[test]
fn a_deposit_names_its_recipients_mailbox_and_nobody_else() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    let from = evil.shell().connections.len();
    ["one", "two", "three"].iter().for_each(|text| alice.stored(&bob, text));
    let fingerprint = alice.client().identity_fingerprint().unwrap();
    let shell = evil.shell();
    let record = shell.records[&alice.client().name().unwrap()].last().unwrap().to_bytes();
    let rids = shell.mailboxes.iter().map(|mailbox| mailbox.rid.0.to_vec());
    let mine = [alice.doorstep, alice.inbox].map(|sid| sid.0.to_vec());
    let names: Vec<Vec<u8>> =
        rids.chain(mine).chain([fingerprint.to_vec(), record[40..72].to_vec()]).collect();
    let sending: Vec<_> = shell.connections[from..].iter().filter(|heard| deposits(heard)).collect();
    assert_eq!(sending.len(), 3);
    for connection in &sending {
        for name in &names {
            assert!(!connection.bytes.windows(name.len()).any(|window| window == name));
        }
    }
    for (one, other) in [(0, 1), (1, 2), (0, 2)] {
        let shared: BTreeSet<&[u8]> =
            windows(&sending[one].bytes).intersection(&windows(&sending[other].bytes)).copied().collect();
        let sid = bob.inbox.0;
        // The mailbox itself, with the few bytes of the frame before and behind it that are alike.
        let near = |window: &&[u8]| {
            let around = [&[0, 0, 1][..], &sid, &[1, 1, 0, 0]].concat();
            window.iter().any(|byte| sid.contains(byte)) && around.len() > window.len()
        };
        assert!(shared.iter().all(near), "{shared:?}");
        assert!(shared.len() <= 16, "{shared:?}");
    }
}

/// S22, P11: wherever a correspondent says that he is now, and whatever links he writes: the client connects to
/// the servers of its contacts' addresses only.
#[test]
fn nobody_is_followed_to_another_host() {
    use crate::peer::Peer;
    let trap = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let port = trap.local_addr().unwrap().port();
    let evil = Evil::start();
    let bob = evil.join("bob");
    let mut mallory = Peer::befriended(&evil, "mallory", &bob);
    mallory.say(&evil, &format!("see http://127.0.0.1:{port}/ and oub://127.0.0.1:{port}/mallory"));
    let mut moved = mallory.reply_path(8);
    moved.at = wire::HostPort::new("127.0.0.1", port).unwrap();
    let content = mallory.content(e2ee::Kind::Accept(moved)).to_bytes();
    let letter = mallory.letter_of(&content);
    mallory.drop_in(&evil, letter);
    assert_eq!(bob.texts().len(), 1);
    bob.client().send("mallory", "hello", &client::SendOptions::default()).unwrap();
    bob.client().collect().unwrap();
    assert!(trap.accept().is_err(), "somebody was there");
}
