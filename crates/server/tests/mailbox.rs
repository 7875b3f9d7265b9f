//! What a relay is for: envelopes in, envelopes out, whatever happens to the process in between.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rustix::process::Signal;
use support::Data;
use support::peer::Peer;
use support::person::{Mailbox, alice_with_inbox, collect, envelope, refused};
use wire::request::{Ack, Collect, Lookup, MailboxPolicy};
use wire::{Cursor, Notice, RefusalKind, RequestId, Response, Slot};

/// 2 MiB of one credit: twice what may lie unread in the machine. It asks for the rest when that went out.
#[test]
fn a_credit_for_more_than_may_be_unread_is_served_to_its_end() {
    const COUNT: u16 = 32;
    let data = Data::new();
    let server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    let mut sender = Peer::connect(server.port);
    for index in 0..COUNT {
        assert!(matches!(sender.ask(inbox.stamped(index, envelope(7, 65_536))), Response::Stored));
    }
    let mut owner = Peer::connect(server.port);
    let slot = inbox.open(&mut owner).slot;
    assert_eq!(collect(&mut owner, slot, false).len(), usize::from(COUNT));
}

#[test]
fn what_was_stored_is_collected_in_order_and_gone_once_acked() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    let mut sender = Peer::connect(server.port);
    for index in 0..5_u8 {
        let deposit = inbox.stamped(index.into(), envelope(index, 4096));
        assert!(matches!(sender.ask(deposit), Response::Stored));
    }
    let mut owner = Peer::connect(server.port);
    let slot = inbox.open(&mut owner).slot;
    let delivered = collect(&mut owner, slot, false);
    assert_eq!(delivered.iter().map(|one| one.envelope.as_bytes()[0]).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    let through = delivered[4].cursor;
    assert!(matches!(owner.ask(Ack { slot, through }), Response::Acked));
    let mut again = Peer::connect(server.port);
    assert_eq!(inbox.open(&mut again).waiting, 0);
}

#[test]
fn a_deposit_that_was_stored_survives_kill_9() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    let mut sender = Peer::connect(server.port);
    for index in 0..20_u8 {
        assert!(matches!(sender.ask(inbox.stamped(index.into(), envelope(index, 4096))), Response::Stored));
    }
    server.kill_9();
    let server = data.serve(&[]);
    let mut owner = Peer::connect(server.port);
    let opened = inbox.open(&mut owner);
    assert_eq!(opened.waiting, 20);
    let delivered = collect(&mut owner, opened.slot, false);
    assert_eq!(
        delivered.iter().map(|one| one.envelope.as_bytes()[0]).collect::<Vec<_>>(),
        (0..20).collect::<Vec<_>>()
    );
    // The sender, who perhaps never saw STORED, repeats the same bytes: stored once.
    let mut sender = Peer::connect(server.port);
    assert!(matches!(sender.ask(inbox.stamped(3, envelope(3, 4096))), Response::Stored));
    assert_eq!(refused(sender.ask(inbox.stamped(3, envelope(4, 4096)))), RefusalKind::Spent);
    let mut owner = Peer::connect(server.port);
    assert_eq!(inbox.open(&mut owner).waiting, 20);
}

/// Sends a pipeline of deposits, first index `from`; the byte that fills each envelope is its index.
fn pipeline(sender: &mut Peer, inbox: &Mailbox, from: u8) -> BTreeMap<RequestId, u8> {
    (from..from + 40)
        .map(|index| (sender.send(inbox.stamped(index.into(), envelope(index, 4096))), index))
        .collect()
}

/// Takes answers until the end of the connection, at most `max`: the indices that were confirmed.
fn confirmed(sender: &mut Peer, sent: &BTreeMap<RequestId, u8>, max: usize) -> BTreeSet<u8> {
    let answers = std::iter::from_fn(|| sender.answer()).take(max);
    answers.filter(|(_, answer)| matches!(answer, Response::Stored)).map(|(id, _)| sent[&id]).collect()
}

fn waiting(inbox: &Mailbox, port: u16) -> BTreeSet<u8> {
    let mut owner = Peer::connect(port);
    let slot = inbox.open(&mut owner).slot;
    let collect_all = Collect { slot, after: Cursor(0), credit: 256, follow: false };
    assert!(matches!(owner.ask(collect_all), Response::Collecting));
    let mut found = BTreeSet::new();
    while let Notice::Deliver(delivered) = owner.notice() {
        assert!(found.insert(delivered.envelope.as_bytes()[0]), "stored twice");
    }
    found
}

#[test]
fn sigterm_in_the_middle_of_a_pipeline_ends_in_order_and_loses_nothing_confirmed() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    let mut sender = Peer::connect(server.port);
    let sent = pipeline(&mut sender, &inbox, 0);
    assert!(sender.answer().is_some());
    server.signal(Signal::TERM);
    let confirmed = confirmed(&mut sender, &sent, usize::MAX);
    let (status, log) = server.terminate();
    assert_eq!(status.code(), Some(0), "{log}");
    let server = data.serve(&[]);
    assert!(waiting(&inbox, server.port).is_superset(&confirmed));
    println!("promise P11: {} confirmed deposits, 1 SIGTERM in the middle of them, 0 lost", confirmed.len());
}

#[test]
fn kill_9_under_load_loses_nothing_confirmed_in_any_of_six_cycles() {
    let data = Data::new();
    let mut server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    let mut confirmed_so_far = BTreeSet::new();
    for cycle in 0..6_u8 {
        let mut sender = Peer::connect(server.port);
        let sent = pipeline(&mut sender, &inbox, cycle * 40);
        confirmed_so_far.extend(confirmed(&mut sender, &sent, 1 + 6 * usize::from(cycle)));
        server.kill_9();
        server = data.serve(&[]);
        assert!(waiting(&inbox, server.port).is_superset(&confirmed_so_far));
    }
    println!("promise P1: {} confirmed deposits, 6 kills under load, 0 lost", confirmed_so_far.len());
    assert!(confirmed_so_far.len() >= 6);
}

#[test]
fn sigint_ends_like_sigterm_with_a_follower_connected() {
    let data = Data::new();
    let mut server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    let mut owner = Peer::connect(server.port);
    let slot = inbox.open(&mut owner).slot;
    assert!(collect(&mut owner, slot, true).is_empty());
    server.signal(Signal::INT);
    assert!(owner.is_closed());
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[test]
fn a_follower_gets_an_envelope_as_it_comes() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    let mut owner = Peer::connect(server.port);
    let slot = inbox.open(&mut owner).slot;
    assert!(collect(&mut owner, slot, true).is_empty());
    let mut sender = Peer::connect(server.port);
    assert!(matches!(sender.ask(inbox.stamped(7, envelope(7, 4096))), Response::Stored));
    let Notice::Deliver(delivered) = owner.notice() else { panic!("not delivered") };
    assert_eq!(delivered.envelope, envelope(7, 4096));
}

#[test]
fn a_second_owner_connection_takes_over_and_the_first_is_told() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    let mut first = Peer::connect(server.port);
    let slot = inbox.open(&mut first).slot;
    let mut second = Peer::connect(server.port);
    inbox.open(&mut second);
    assert!(matches!(first.notice(), Notice::Superseded(told) if told == slot));
}

/// C09: two come in the same moment. One of them has the mailbox, and the other is told; when a third comes, so is the one.
#[test]
fn of_owners_who_come_at_once_all_but_one_are_told() {
    const ROUNDS: usize = 100;
    let data = Data::new();
    let server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    for round in 0..ROUNDS {
        let mut both = [Peer::connect(server.port), Peer::connect(server.port)];
        for peer in &mut both {
            let opening = inbox.opening(&peer.proof);
            peer.send(opening);
        }
        for peer in &mut both {
            assert!(matches!(peer.answer(), Some((_, Response::Opened(_)))), "round {round}");
        }
        let _third = inbox.open(&mut Peer::connect(server.port));
        for peer in &mut both {
            peer.tls.sock.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            assert!(matches!(peer.notice(), Notice::Superseded(Slot(0))), "round {round}");
        }
    }
}

#[test]
fn a_stranger_may_knock_at_a_doorstep_and_not_at_an_inbox() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (alice, inbox) = alice_with_inbox(&data, &server);
    let doorstep = alice.create(server.port, MailboxPolicy::Doorstep, 1);
    assert!(matches!(Peer::connect(server.port).ask(doorstep.knock(1)), Response::Stored));
    let no = refused(Peer::connect(server.port).ask(inbox.knock(1)));
    assert!(
        matches!(no, RefusalKind::NoSuchMailbox | RefusalKind::Stamp | RefusalKind::EnvelopeSize),
        "{no:?}"
    );
}

#[test]
fn kinds_of_connection_are_never_mixed() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (alice, inbox) = alice_with_inbox(&data, &server);
    let lookup = || Lookup { name: alice.name.clone(), seq: None };
    let mut owner = Peer::connect(server.port);
    inbox.open(&mut owner);
    assert_eq!(refused(owner.ask(lookup())), RefusalKind::OutOfPlace);
    let mut anonymous = Peer::connect(server.port);
    assert!(matches!(anonymous.ask(lookup()), Response::Record(_)));
    let ack = Ack { slot: Slot(0), through: Cursor(0) };
    assert_eq!(refused(anonymous.ask(ack)), RefusalKind::OutOfPlace);
    assert_eq!(refused(anonymous.ask(alice.claim(None))), RefusalKind::OutOfPlace);
    assert_eq!(refused(anonymous.ask(inbox.stamped(0, envelope(0, 4096)))), RefusalKind::OutOfPlace);
}
