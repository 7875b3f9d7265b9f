//! A client that speaks the protocol and means no good (rows C01, C07, C08, C11, C14, C16, C18, C20).

use std::collections::BTreeMap;
use std::io::Write;

use proto::signed;
use wire::limits::LOOKUPS_PER_MINUTE_MAX;
use wire::request::{Ack, Collect, CrossOff, Fetch, Generate, Lookup, MailboxPolicy, Publish, Retire};
use wire::{
    Cursor, DepositAuth, DepositId, Frame, Generation, Notice, RefusalKind, Request, RequestId, Response,
    Slot, StampKey,
};

use crate::is_well_after_all;
use crate::support::peer::Peer;
use crate::support::person::{Person, alice_with_inbox, collect, envelope, refused};
use crate::support::{Data, Server};

/// C07: cursors of others, guessed, counted up or counted over, let go of nothing, and the answer is the same
/// whether there is such an envelope or not.
#[test]
fn nobody_lets_go_of_what_was_not_delivered_to_him() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (alice, inbox) = alice_with_inbox(&data, &server);
    let others = alice.create(server.port, MailboxPolicy::Inbox, 1);
    let mut sender = Peer::connect(server.port);
    for index in 0..5 {
        assert!(matches!(sender.ask(inbox.stamped(index, envelope(1, 4096))), Response::Stored));
    }
    let mut bob = Peer::connect(server.port);
    let slot = others.open(&mut bob).slot;
    assert!(collect(&mut bob, slot, true).is_empty());
    for cursor in [1, 2, 3, 4, 5, 6, 1 << 32, u64::MAX] {
        assert_eq!(refused(bob.ask(Ack { slot, through: Cursor(cursor) })), RefusalKind::Cursor, "{cursor}");
    }
    for stranger in 0..=255 {
        let slot = Slot(stranger);
        let through = Cursor(1);
        if stranger != 0 {
            assert_eq!(refused(bob.ask(Ack { slot, through })), RefusalKind::OutOfPlace, "slot {stranger}");
        }
    }
    // Alice herself, before anything was delivered on this connection.
    let mut owner = Peer::connect(server.port);
    let opened = inbox.open(&mut owner);
    let early = refused(owner.ask(Ack { slot: opened.slot, through: Cursor(5) }));
    assert_eq!((opened.waiting, early), (5, RefusalKind::Cursor));
    assert_eq!(collect(&mut owner, opened.slot, false).len(), 5);
}

/// C08: acks repeated, late and out of order never reach what came after them.
#[test]
fn acks_repeated_and_out_of_order_take_nothing_that_came_later() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    let mut sender = Peer::connect(server.port);
    let mut owner = Peer::connect(server.port);
    let slot = inbox.open(&mut owner).slot;
    for round in 0..8_u16 {
        for index in 0..4 {
            let stored = sender.ask(inbox.stamped(round * 4 + index, envelope(round as u8, 4096)));
            assert!(matches!(stored, Response::Stored));
        }
        let asked = Collect { slot, after: Cursor(0), credit: 64, follow: false };
        assert!(matches!(owner.ask(asked), Response::Collecting));
        let mut cursors = Vec::new();
        while let Notice::Deliver(delivered) = owner.notice() {
            assert_eq!(delivered.envelope, envelope(round as u8, 4096), "acked envelopes came again");
            cursors.push(delivered.cursor);
        }
        assert_eq!(cursors.len(), 4);
        for through in [cursors[1], cursors[0], Cursor(1), cursors[3], cursors[2], cursors[3]] {
            assert!(matches!(owner.ask(Ack { slot, through }), Response::Acked));
        }
    }
}

/// C11: names cannot be asked for faster than the budget of one source allows, whatever is asked for.
#[test]
fn names_are_looked_up_no_faster_than_the_budget_of_a_source() {
    let data = Data::new();
    let server = data.serve_configured("proxies = []");
    let (alice, _) = alice_with_inbox(&data, &server);
    let mut answers = BTreeMap::new();
    for number in 0..70 {
        let name = wire::Name::parse(&format!("name-{number}")).unwrap();
        let name = if number % 10 == 0 { alice.name.clone() } else { name };
        let answer = match Peer::connect(server.port).ask(Lookup { name, seq: None }) {
            Response::Record(_) => "record",
            other => match refused(other) {
                RefusalKind::NoSuchName => "no such name",
                RefusalKind::Busy => "busy",
                other => panic!("{other:?}"),
            },
        };
        *answers.entry(answer).or_insert(0) += 1;
    }
    assert_eq!(answers, BTreeMap::from([("busy", 10), ("no such name", 54), ("record", 6)]));
    // The budget is of this source alone, and of look-ups alone.
    is_well_after_all(&data, &server);
}

/// C11: whoever has spent his look-ups learns nothing by claims and bundles either: a name that is somebody's and one that is
/// nobody's are answered alike.
#[test]
fn claims_and_bundles_tell_no_names_beyond_the_budget_of_look_ups() {
    let data = Data::new();
    let server = data.serve_configured("proxies = []");
    let (alice, _) = alice_with_inbox(&data, &server);
    let server_id = alice.record.body.server_id;
    let (mallory, nobody) = (Person::new("alice", server_id), Person::new("nobody", server_id));
    let bundle = |name: &Person| {
        let body = mallory.bundle_body(DepositId([9; 16]), 1);
        Publish { name: name.name.clone(), bundle: signed::sign_bundle(&mallory.identity, body) }
    };
    // Each of these counts: a claim of a taken and one of a free name, a bundle of either.
    let ask = |request: Request| Peer::connect(server.port).ask(request);
    assert!(matches!(ask(mallory.claim(None).into()), Response::Challenge(_)));
    assert_eq!(refused(ask(nobody.claim(None).into())), RefusalKind::Invite);
    assert_eq!(refused(ask(bundle(&alice).into())), RefusalKind::Signature);
    assert_eq!(refused(ask(bundle(&nobody).into())), RefusalKind::NoSuchName);
    for number in 4..LOOKUPS_PER_MINUTE_MAX {
        let lookup = Lookup { name: alice.name.clone(), seq: None };
        assert!(matches!(ask(lookup.into()), Response::Record(_)), "{number}");
    }
    let asked: [(&str, Request); 4] = [
        ("a claim of hers", mallory.claim(None).into()),
        ("a claim of nobody's", nobody.claim(None).into()),
        ("a bundle of hers", bundle(&alice).into()),
        ("a bundle of nobody's", bundle(&nobody).into()),
    ];
    for (what, request) in asked {
        let Response::Refused(refusal) = ask(request) else { panic!("{what} is told") };
        assert_eq!((refusal.kind, refusal.retry_after_s), (RefusalKind::Busy, Some(60)), "{what}");
    }
    // Who has an invitation registers all the same.
    let bob = Person::new("bob", server_id);
    let invited = bob.claim(Some(data.invite("bob", &[]).code));
    assert!(matches!(ask(invited.into()), Response::Registered(_)));
    is_well_after_all(&data, &server);
}

/// C01: wrong answers for a taken name change nothing, cost their source its budget, and show in what the operator reads.
/// They are counted by source and never by name, so that they keep nobody out who has the key.
#[test]
fn wrong_answers_change_no_key_cost_their_source_its_budget_and_are_counted() {
    let data = Data::new();
    let server = data.serve_configured("proxies = []");
    let (alice, _) = alice_with_inbox(&data, &server);
    let server_id = alice.record.body.server_id;
    let mallory = Person::new("alice", server_id);
    let mut owner = Peer::connect(server.port);
    let Response::Challenge(challenge) = owner.ask(mallory.claim(None)) else { panic!("no challenge") };
    let (right, _) = alice.rotation(&owner, &challenge);
    // Two of the thirty claims of a minute are spent: alice's first one, and this.
    let (mut wrong, mut busy) = (0, 0);
    for attempt in 0..40 {
        let mut peer = Peer::connect(server.port);
        let challenge = match peer.ask(mallory.claim(None)) {
            Response::Challenge(challenge) => challenge,
            Response::Refused(refusal) => {
                assert_eq!(refusal.kind, RefusalKind::Busy);
                assert!(refusal.retry_after_s.is_some_and(|seconds| seconds > 0), "when to come back");
                busy += 1;
                continue;
            }
            other => panic!("{other:?}"),
        };
        // Signed by another key, or by the right one and altered.
        let (mut answer, _) = if attempt % 2 == 0 { &mallory } else { &alice }.rotation(&peer, &challenge);
        answer.proof.0[attempt] ^= (attempt % 2) as u8;
        assert_eq!(refused(peer.ask(answer)), RefusalKind::ChallengeFailed);
        wrong += 1;
    }
    assert_eq!((wrong, busy), (28, 12));
    let looked_up = Peer::connect(server.port).ask(Lookup { name: alice.name.clone(), seq: None });
    let Response::Record(shown) = looked_up else { panic!("no record") };
    assert_eq!(shown.record, alice.record);
    let counters = data.counters();
    assert_eq!((counters["answers_wrong"].as_u64(), counters["over_budget"].as_u64()), (Some(28), Some(12)));
    let screen = String::from_utf8(data.run(&["status"]).stdout).unwrap();
    let told = |line: &str| line.split_whitespace().eq(["answers", "wrong", "28"]);
    assert!(screen.lines().any(told), "{screen}");
    assert!(matches!(owner.ask(right), Response::Replaced(_)));
    is_well_after_all(&data, &server);
}

/// C16: what is remembered for retries is remembered for one mailbox and one stamp: nobody else's envelope is
/// taken for a repetition, and nobody can be made to repeat.
#[test]
fn a_repetition_is_one_only_at_its_own_mailbox_under_its_own_stamp() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (alice, inbox) = alice_with_inbox(&data, &server);
    let other = alice.create(server.port, MailboxPolicy::Inbox, 1);
    let mut owner = Peer::connect(server.port);
    let slot = other.open(&mut owner).slot;
    other.generate(&mut owner, slot);
    let doorsteps = [2, 3].map(|voucher| alice.create(server.port, MailboxPolicy::Doorstep, voucher));
    let port = server.port;
    let deposit = |deposit| Peer::connect(port).ask(deposit);
    // The same envelope under two stamps, at two inboxes, at two doorsteps: each is stored.
    for index in [1, 2] {
        assert!(matches!(deposit(inbox.stamped(index, envelope(7, 4096))), Response::Stored));
        assert!(matches!(deposit(other.stamped(index, envelope(7, 4096))), Response::Stored));
    }
    for doorstep in &doorsteps {
        assert!(matches!(deposit(doorstep.knock(7)), Response::Stored));
        assert!(matches!(deposit(doorstep.knock(7)), Response::Stored), "a retry");
    }
    // A stamp seen on the wire, with another envelope: whoever was first stays.
    assert_eq!(refused(deposit(inbox.stamped(1, envelope(8, 4096)))), RefusalKind::Spent);
    // The mark of somebody else's envelope copied onto this one: the relay stores it, since m is for the owner
    // to check; the other's envelope is untouched.
    let mut forged = inbox.stamped(3, envelope(9, 4096));
    if let (DepositAuth::Stamped { mac, .. }, DepositAuth::Stamped { mac: seen, .. }) =
        (&mut forged.auth, inbox.stamped(1, envelope(7, 4096)).auth)
    {
        *mac = seen;
    }
    assert!(matches!(deposit(forged), Response::Stored));
    let count = |mailbox: &crate::support::person::Mailbox| mailbox.open(&mut Peer::connect(port)).waiting;
    assert_eq!((count(&inbox), count(&other)), (3, 2));
    assert_eq!(doorsteps.each_ref().map(count), [1, 1]);
    // One request id on two connections belongs to two requests.
    let (mut one, mut two) = (Peer::connect(port), Peer::connect(port));
    assert_eq!(
        one.send(inbox.stamped(20, envelope(1, 4096))),
        two.send(inbox.stamped(21, envelope(2, 4096)))
    );
    assert!(matches!(
        (one.answer(), two.answer()),
        (Some((_, Response::Stored)), Some((_, Response::Stored)))
    ));
    assert_eq!(count(&inbox), 5);
}

/// The places in which a connection can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Fresh,
    Registry,
    Looking,
    Depositing,
    Owner,
}

/// C18: every kind of frame there is and is not, in every state of a connection, has the answer of the table
/// in `spec/connection.md`; the connection lives on where the table says so.
#[test]
fn every_kind_in_every_state_is_answered_as_the_table_says() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (alice, inbox) = alice_with_inbox(&data, &server);
    let requests: [u8; 14] =
        [0x02, 0x10, 0x13, 0x15, 0x20, 0x22, 0x24, 0x30, 0x32, 0x34, 0x38, 0x3a, 0x3c, 0x3e];
    let known: Vec<u8> = wire::kind::ALL.iter().map(|(kind, _)| *kind).collect();
    let mut asked = 0;
    for state in [State::Fresh, State::Registry, State::Looking, State::Depositing, State::Owner] {
        for kind in 0..=u8::MAX {
            let mut peer = Peer::connect(server.port);
            match state {
                State::Fresh => {}
                State::Registry => drop(peer.ask(alice.claim(None))),
                State::Looking => drop(peer.ask(Lookup { name: alice.name.clone(), seq: None })),
                State::Depositing => drop(peer.ask(inbox.stamped(1, envelope(1, 4096)))),
                State::Owner => drop(inbox.open(&mut peer)),
            }
            let head = [0, 0, 5, kind, 0, 0, 0x77, 0x77];
            peer.tls.write_all(&head).unwrap();
            peer.tls.flush().unwrap();
            let (id, answer) = peer.answer().expect("an answer");
            assert_eq!(id, RequestId(0x7777));
            asked += 1;
            let what = format!("{kind:#x} in {state:?}");
            if kind == 0x02 {
                assert!(matches!(answer, Response::Pong), "{what}");
            } else if requests.contains(&kind) {
                assert_eq!(refused(answer), RefusalKind::Malformed, "{what}");
                assert!(peer.is_closed(), "{what}");
                continue;
            } else if !known.contains(&kind) {
                assert_eq!(refused(answer), RefusalKind::Unknown, "{what}");
            } else {
                // An answer or a notice without a body: it may be one, and then is out of place, or is none.
                let kind = refused(answer);
                assert!(matches!(kind, RefusalKind::OutOfPlace | RefusalKind::Malformed), "{what}: {kind:?}");
                assert!(peer.is_closed(), "{what}");
                continue;
            }
            assert!(matches!(peer.ask(Request::Ping), Response::Pong), "{what}: it goes on");
        }
    }
    println!("{asked} frames of 256 kinds in 5 states, each answered as the table says");
    is_well_after_all(&data, &server);
}

/// C17, C18, C20: the edges of every number that a client may send, and what stands behind a frame's end.
#[test]
fn numbers_at_their_edges_are_answered_with_a_number() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (alice, inbox) = alice_with_inbox(&data, &server);
    let mut sender = Peer::connect(server.port);
    assert!(matches!(sender.ask(inbox.stamped(0, envelope(1, 4096))), Response::Stored));
    let mut owner = Peer::connect(server.port);
    let slot = inbox.open(&mut owner).slot;
    for after in [0, 1, 2, u64::MAX - 1, u64::MAX] {
        let asked = Collect { slot, after: Cursor(after), credit: 1, follow: false };
        assert!(matches!(owner.ask(asked), Response::Collecting));
        let mut delivered = 0;
        while let Notice::Deliver(_) = owner.notice() {
            delivered += 1;
        }
        assert_eq!(delivered, u32::from(after == 0), "after {after}");
    }
    for through in [0, 1, 1, 0] {
        assert!(matches!(owner.ask(Ack { slot, through: Cursor(through) }), Response::Acked), "{through}");
    }
    for through in [2, u64::MAX] {
        assert_eq!(refused(owner.ask(Ack { slot, through: Cursor(through) })), RefusalKind::Cursor);
    }
    for number in [1, 254, 255] {
        let generation = Generation(number);
        let key = StampKey([number; 32]);
        assert!(matches!(owner.ask(Generate { slot, generation, key }), Response::Generated));
        assert_eq!(
            refused(owner.ask(Generate { slot, generation, key: StampKey([0; 32]) })),
            RefusalKind::Generation
        );
        let indices = vec![wire::StampIndex(0), wire::StampIndex(u16::MAX)];
        assert!(matches!(owner.ask(CrossOff { slot, generation, indices }), Response::CrossedOff));
    }
    let fifth = Generate { slot, generation: Generation(7), key: StampKey([7; 32]) };
    assert_eq!(refused(owner.ask(fifth)), RefusalKind::Generation);
    assert_eq!(refused(owner.ask(Retire { slot, generation: Generation(7) })), RefusalKind::Generation);
    for seq in [0, 1, u32::MAX] {
        let answer = Peer::connect(server.port).ask(Lookup { name: alice.name.clone(), seq: Some(seq) });
        assert_eq!(matches!(answer, Response::Record(_)), seq == 0, "{seq}");
    }
    for id in [1, u32::MAX] {
        let mut peer = Peer::connect(server.port);
        peer.tls.write_all(&Frame::request(RequestId(id), Request::Ping).encode()).unwrap();
        peer.tls.flush().unwrap();
        assert!(matches!(peer.answer(), Some((RequestId(same), Response::Pong)) if same == id));
    }
    // A second recipient behind the first is no deposit at all.
    let deposit = Frame::request(RequestId(9), inbox.stamped(9, envelope(9, 4096))).encode().to_vec();
    let mut two = deposit.clone();
    two.splice(8..8, inbox.sid.0);
    let length = u32::try_from(two.len() - 3).unwrap().to_be_bytes();
    two[..3].copy_from_slice(&length[1..]);
    let mut peer = Peer::connect(server.port);
    peer.tls.write_all(&two).unwrap();
    peer.tls.flush().unwrap();
    assert_eq!(peer.answer().map(|(_, answer)| refused(answer)), Some(RefusalKind::Malformed));
    assert!(peer.is_closed());
    is_well_after_all(&data, &server);
}

/// R02, C18: a length that no frame has ends the connection before anything is kept for it.
#[test]
fn a_length_that_no_frame_has_costs_no_memory() {
    let data = Data::new();
    let server: Server = data.serve(&[]);
    crate::is_well(&server);
    let before = server.resident_kib();
    for length in [[0, 0, 0], [0, 0, 4], [0x01, 0x40, 0x01], [0x80, 0, 0], [0xff, 0xff, 0xff]] {
        for _ in 0..40 {
            let mut peer = Peer::connect(server.port);
            peer.tls.write_all(&[&length[..], &[0x24, 0, 0, 0, 1]].concat()).unwrap();
            peer.tls.flush().unwrap();
            assert!(peer.is_closed(), "{length:?}");
        }
    }
    let grown = server.resident_kib().saturating_sub(before);
    assert!(grown < 8 * 1024, "{grown} KiB for two hundred lengths");
    is_well_after_all(&data, &server);
}

/// C14: a bundle that is not signed as it stands, is another's, older, or no bundle, takes the place of none.
#[test]
fn a_bundle_that_is_none_replaces_none() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (alice, inbox) = alice_with_inbox(&data, &server);
    let mallory = Person::registered(server.port, "mallory", data.invite("mallory", &[]).code);
    let publish = |bundle| {
        let publish = Publish { name: alice.name.clone(), bundle };
        Peer::connect(server.port).ask(publish)
    };
    let sign = |person: &Person, counter| {
        signed::sign_bundle(&person.identity, person.bundle_body(inbox.sid, counter))
    };
    let standing = sign(&alice, 7);
    assert!(matches!(publish(standing.clone()), Response::Published));
    let (mut altered, mut unsigned, mut in_her_name) =
        (sign(&alice, 8), sign(&alice, 8), mallory.bundle_body(inbox.sid, 8));
    altered.body.doorstep = DepositId([9; 16]);
    unsigned.signature.0.fill(0);
    in_her_name.identity = standing.body.identity;
    let of_others =
        [altered, unsigned, sign(&mallory, 8), signed::sign_bundle(&mallory.identity, in_her_name)];
    for bundle in of_others {
        assert_eq!(refused(publish(bundle)), RefusalKind::Signature);
    }
    for counter in [0, 6, 7] {
        assert_eq!(refused(publish(sign(&alice, counter))), RefusalKind::Stale, "{counter}");
    }
    assert!(matches!(publish(standing.clone()), Response::Published), "its answer was lost");
    // What is no bundle ends its connection, and only that.
    let whole =
        Frame::request(RequestId(9), Publish { name: alice.name.clone(), bundle: sign(&alice, 8) }).encode();
    for shorter in [1, 64, whole.len() / 2] {
        let mut bytes = whole[..whole.len() - shorter].to_vec();
        let length = u32::try_from(bytes.len() - 3).unwrap().to_be_bytes();
        bytes[..3].copy_from_slice(&length[1..]);
        let mut peer = Peer::connect(server.port);
        peer.tls.write_all(&bytes).unwrap();
        let answer = peer.answer().map(|(_, answer)| refused(answer));
        assert_eq!((answer, peer.is_closed()), (Some(RefusalKind::Malformed), true), "{shorter} bytes less");
    }
    let Response::Bundle(shown) = Peer::connect(server.port).ask(Fetch { name: alice.name.clone() }) else {
        panic!("no bundle")
    };
    assert_eq!(*shown, standing);
    is_well_after_all(&data, &server);
}

/// N09 and kin: whoever has said all and closes his half is answered to the end.
#[test]
fn a_peer_who_closes_his_half_is_answered_to_the_end() {
    const COUNT: u16 = 40;
    let data = Data::new();
    let server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    // With a farewell in TLS, and without one.
    for (round, says_goodbye) in [(0, true), (1, false)] {
        let mut sender = Peer::connect(server.port);
        for index in 0..COUNT {
            sender.send(inbox.stamped(round * COUNT + index, envelope(1, 4096)));
        }
        if says_goodbye {
            sender.tls.conn.send_close_notify();
            sender.tls.flush().unwrap();
        }
        sender.tls.sock.shutdown(std::net::Shutdown::Write).unwrap();
        let answers: Vec<_> = std::iter::from_fn(|| sender.answer()).collect();
        assert!(answers.iter().all(|(_, answer)| matches!(answer, Response::Stored)), "{answers:?}");
        assert_eq!(answers.len(), usize::from(COUNT), "round {round}");
    }
    assert_eq!(inbox.open(&mut Peer::connect(server.port)).waiting, u32::from(2 * COUNT));
    is_well_after_all(&data, &server);
}
