//! Whoever probes hears nothing: what a client says after hostile mail is what it says after none.

use std::num::NonZeroU32;

use client::{Handled, PullOptions};
use e2ee::{
    Kind, StreamId,
    said::{Answer, Edit, FileHead, FilePart, Note, Question},
};
use wire::Request;

use crate::{
    evil::{Evil, Victim},
    peer::{Peer, at_doorstep, bundle_of, random, to_doorstep},
};

/// The requests of everything that a pull said, connection by connection.
fn pulled(evil: &Evil, victim: &Victim) -> Vec<Vec<Request>> {
    let before = evil.shell().connections.len();
    let mut sink = |_: &client::Received| Handled::Yes;
    let summary = victim.client().pull(&PullOptions::default(), &mut sink).unwrap();
    assert!(summary.unreachable.is_none());
    evil.shell().connections[before..].iter().map(|heard| heard.requests()).collect()
}

/// One connection, on which mailboxes are opened, collected and let go of: no deposit, no lookup, no publication.
fn assert_only_collected(connections: &[Vec<Request>], what: &str) {
    assert_eq!(connections.len(), 1, "{what}: {connections:?}");
    let collects = |request: &Request| {
        matches!(request, Request::Open(_) | Request::Collect(_) | Request::Ack(_) | Request::Ping)
    };
    assert!(connections[0].iter().all(collects), "{what}: {:?}", connections[0]);
}

/// P01, S16: a stranger's probes cause not one byte in reply, however often and whatever they are.
#[test]
fn a_strangers_probes_are_answered_by_nothing() {
    let evil = Evil::start();
    let bob = evil.join("bob");
    // The first of a day asks for the public log besides.
    pulled(&evil, &bob);
    assert_only_collected(&pulled(&evil, &bob), "nothing waits");
    let mut mallory = Peer::new(&evil, "mallory", &bob);
    let mut probes = 0;
    for n in 0..3 {
        mallory.knock(&evil, &bob, &n.to_string());
        probes += 1;
        assert_only_collected(&pulled(&evil, &bob), "a first message");
    }
    for kind in every_kind() {
        let mut content = mallory.content(kind);
        content.reply = Some(mallory.reply_path(32));
        let envelope = mallory.hello_of(&evil, &bob, &content.to_bytes());
        at_doorstep(&evil, &bob, envelope);
        probes += 1;
        assert_only_collected(&pulled(&evil, &bob), "a control message");
    }
    let theirs = bundle_of(&evil, &bob);
    for form in [1, 3, 9] {
        at_doorstep(&evil, &bob, to_doorstep(form, &theirs, &random::<4_000>()));
        probes += 1;
    }
    assert_only_collected(&pulled(&evil, &bob), "noise under a good seal");
    assert_eq!(bob.client().requests().unwrap().len(), 1);
    bob.client().decline("mallory").unwrap();
    mallory.knock(&evil, &bob, "and now?");
    probes += 1;
    assert_only_collected(&pulled(&evil, &bob), "one who was declined");
    assert!(evil.shell().deposits.is_empty());
    println!("promise P14: {probes} probes of a stranger, 0 requests but open, collect and ack");
}

/// P14 of the receipts, P01: nor do a contact's: there are no receipts, and what asks for an answer waits for a
/// person. Refills leave by a time of their own, not because something came.
#[test]
fn a_contacts_probes_are_answered_by_nothing() {
    let evil = Evil::start();
    let bob = evil.join("bob");
    let mut mallory = Peer::befriended(&evil, "mallory", &bob);
    let before = evil.shell().deposits.len();
    let mut probes = 5;
    mallory.say(&evil, "a text");
    assert_only_collected(&pulled(&evil, &bob), "a text");
    for kind in every_kind() {
        let content = mallory.content(kind).to_bytes();
        let letter = mallory.letter_of(&content);
        mallory.drop_in(&evil, letter);
        probes += 1;
        assert_only_collected(&pulled(&evil, &bob), "a control message");
    }
    let letter = mallory.letter_around(&random::<500>(), 4_096);
    mallory.drop_in(&evil, letter.clone());
    mallory.drop_in(&evil, letter);
    assert_only_collected(&pulled(&evil, &bob), "what does not open, twice");
    bob.client().set_blocked("mallory", true).unwrap();
    mallory.say(&evil, "blocked");
    mallory.session = None;
    mallory.knock(&evil, &bob, "blocked at the doorstep");
    assert_only_collected(&pulled(&evil, &bob), "one who is blocked");
    assert_eq!(evil.shell().deposits.len(), before);
    println!("promise P14: {probes} probes of a contact, 0 requests but open, collect and ack");
}

/// P02: a first message says little: strangers do not fill a disk with long ones.
#[test]
fn a_first_message_beyond_its_limit_is_no_request() {
    let evil = Evil::start();
    let bob = evil.join("bob");
    for (name, bytes) in [("within", 1_024), ("beyond", 1_025)] {
        Peer::new(&evil, name, &bob).knock(&evil, &bob, &"x".repeat(bytes));
    }
    bob.client().collect().unwrap();
    let requests = bob.client().requests().unwrap();
    let names: Vec<_> = requests.iter().map(|request| request.label.as_str()).collect();
    assert_eq!(names, ["within"]);
}

/// P01, P02: a contact who begins anew is answered by itself, and no oftener than once a drain: neither the
/// number of answers nor the stamps in them grow with the number of probes.
#[test]
fn beginning_anew_ten_times_is_answered_once() {
    let evil = Evil::start();
    let bob = evil.join("bob");
    let mut mallory = Peer::befriended(&evil, "mallory", &bob);
    let before = evil.shell().deposits.len();
    for n in 0..10 {
        (mallory.session, mallory.stream, mallory.number) = (None, StreamId(random()), 0);
        mallory.knock(&evil, &bob, &n.to_string());
    }
    bob.client().collect().unwrap();
    let answers = evil.shell().deposits.len() - before;
    assert_eq!(answers, 2, "one ACCEPT, and one request for the end of the stream before");
}

/// Every kind but a text and an ACCEPT, each well formed, and numbers without a meaning.
fn every_kind() -> Vec<Kind> {
    let (message, text) = (e2ee::MessageId([7; 16]), "x".to_owned());
    let head = FileHead { bytes: 3, hash: [7; 32], name: text.clone(), text: text.clone() };
    let note = Note { quotes: Some(message), expire_s: NonZeroU32::new(60), text: text.clone() };
    let question =
        Question { until: wire::UnixSeconds(u64::MAX), choices: vec![text.clone()], text: text.clone() };
    vec![
        Kind::Refill,
        Kind::FilePart(FilePart { file: message, index: 0, bytes: vec![1; 3] }),
        Kind::Receipt(vec![message]),
        Kind::Question(question),
        Kind::Answer(Answer { question: message, text: text.clone() }),
        Kind::File(head),
        Kind::Note(note),
        Kind::Timer(3_600),
        Kind::Edit(Edit { message, text }),
        Kind::Delete(message),
        Kind::Unknown { kind: 7, body: vec![1; 40] },
        Kind::Unknown { kind: 8, body: vec![1; 40] },
        Kind::Unknown { kind: 200, body: vec![1; 40] },
    ]
}
