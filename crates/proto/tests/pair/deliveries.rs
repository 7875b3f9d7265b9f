//! Collect, deliver, ack: credit, order, following, taking over.

use bytes::Bytes;
use proto::{ClientEvent, DeliveryTicket, NotSent, ServerEvent};
use wire::limits::UNREAD_OUTPUT_BYTES_MAX;
use wire::request::{Ack, Collect, MailboxPolicy, Open};
use wire::{
    Body, ConnectionKind, Cursor, Envelope, Frame, OwnerId, OwnerSignature, RefusalKind, Response, Slot,
};

use crate::order::say;
use crate::people::*;
use crate::relay::Relay;
use crate::stories::make_inbox;
use crate::wire_between::{Chop, Pair, server_config};

/// The cursors delivered and drained since the last call, and the tickets.
fn heard(pair: &mut Pair) -> (Vec<u64>, Vec<u64>, Vec<DeliveryTicket>) {
    let (mut delivered, mut drained, mut tickets) = (vec![], vec![], vec![]);
    for event in core::mem::take(&mut pair.heard) {
        match event {
            ClientEvent::Deliver { ticket, .. } => {
                delivered.push(ticket.cursor().0);
                tickets.push(ticket);
            }
            ClientEvent::Drained { cursor, .. } => drained.push(cursor.0),
            _ => {}
        }
    }
    (delivered, drained, tickets)
}

fn inbox_with(count: u8) -> (Relay, Pair, Slot, wire::DepositId) {
    let mut relay = Relay::default();
    let (owner, slot, sid) = make_inbox(&mut relay, Chop::Whole);
    for n in 1..=count {
        relay.store(sid, &stamped(n), envelope(n));
    }
    (relay, owner, slot, sid)
}

fn collect(slot: Slot, after: u64, credit: u16, follow: bool) -> Collect {
    Collect { slot, after: Cursor(after), credit, follow }
}

#[test]
fn credit_bounds_what_is_under_way_and_an_ack_returns_it() {
    let (mut relay, mut owner, slot, _) = inbox_with(5);
    owner.ask(&mut relay, collect(slot, 0, 2, false));
    let (delivered, drained, tickets) = heard(&mut owner);
    assert_eq!((delivered, drained), (vec![1, 2], vec![]));
    assert_eq!(owner.server.credit(slot), 0);
    owner.client.ack(owner.now, tickets.into_iter().next_back().unwrap()).unwrap();
    owner.settle(&mut relay);
    let (delivered, drained, tickets) = heard(&mut owner);
    assert_eq!((delivered, drained), (vec![3, 4], vec![]));
    owner.client.ack(owner.now, tickets.into_iter().next().unwrap()).unwrap();
    owner.settle(&mut relay);
    let (delivered, drained, _) = heard(&mut owner);
    assert_eq!((delivered, drained), (vec![5], vec![5]), "one was let go of, one comes, and that was all");
}

#[test]
fn drained_is_said_even_when_the_credit_is_used_up_exactly() {
    let (mut relay, mut owner, slot, _) = inbox_with(2);
    owner.ask(&mut relay, collect(slot, 0, 2, true));
    let (delivered, drained, _) = heard(&mut owner);
    assert_eq!((delivered, drained), (vec![1, 2], vec![2]));
}

#[test]
fn drained_names_the_place_asked_for_when_nothing_is_waiting() {
    let (mut relay, mut owner, slot, _) = inbox_with(0);
    owner.ask(&mut relay, collect(slot, 7, 2, false));
    assert_eq!(heard(&mut owner).1, vec![7]);
}

#[test]
fn a_follower_is_served_as_envelopes_come_and_others_are_not() {
    for follow in [true, false] {
        let (mut relay, mut owner, slot, sid) = inbox_with(1);
        owner.ask(&mut relay, collect(slot, 0, 8, follow));
        heard(&mut owner);
        relay.store(sid, &stamped(2), envelope(2));
        owner.server.arrived(slot);
        owner.settle(&mut relay);
        let expected = if follow { (vec![2], vec![2]) } else { (vec![], vec![]) };
        let (delivered, drained, _) = heard(&mut owner);
        assert_eq!((delivered, drained), expected);
        owner.server.arrived(slot);
        owner.settle(&mut relay);
        assert_eq!(heard(&mut owner).1, Vec::<u64>::new(), "nothing new is said about nothing new");
    }
}

/// The wake comes while an empty read is under way: it must not be lost.
#[test]
fn what_arrives_during_a_read_is_read_before_drained_is_said() {
    let (mut relay, mut owner, slot, sid) = inbox_with(0);
    owner.client.request(owner.now, collect(slot, 0, 8, true)).unwrap();
    let frame = owner.client.poll_output().unwrap();
    owner.server.handle_input(owner.now, &frame);
    let Some(ServerEvent::Read { ticket, .. }) = owner.server.poll_event() else { panic!() };
    relay.store(sid, &stamped(1), envelope(1));
    owner.server.arrived(slot);
    assert!(owner.server.poll_event().is_none(), "one read at a time");
    owner.server.delivered(owner.now, ticket, vec![]);
    owner.settle(&mut relay);
    let (delivered, drained, _) = heard(&mut owner);
    assert_eq!((delivered, drained), (vec![1], vec![1]));
}

#[test]
fn an_ack_reaches_as_far_as_this_connection_delivered() {
    let (mut relay, owner, slot, _) = inbox_with(3);
    let mut server = owner.server;
    let answer = |frames: Vec<Frame>| match frames.into_iter().next().map(|frame| frame.body) {
        Some(Body::Response(response)) => response,
        other => panic!("{other:?}"),
    };
    let ack = |relay: &mut Relay, server: &mut _, through| {
        answer(say(relay, server, 500, Ack { slot, through: Cursor(through) }))
    };
    assert_eq!(
        ack(&mut relay, &mut server, 1),
        Response::Refused(RefusalKind::Cursor.into()),
        "nothing came yet"
    );
    say(&mut relay, &mut server, 501, collect(slot, 0, 2, false));
    assert_eq!(ack(&mut relay, &mut server, 3), Response::Refused(RefusalKind::Cursor.into()));
    assert_eq!(relay.mailboxes[&RID].waiting.len(), 3);
    assert_eq!(ack(&mut relay, &mut server, 2), Response::Acked);
    assert_eq!(ack(&mut relay, &mut server, 2), Response::Acked, "again is harmless");
    assert_eq!(ack(&mut relay, &mut server, 1), Response::Acked);
    assert_eq!(relay.log.iter().filter(|word| **word == "ack").count(), 1, "storage is asked once");
    assert_eq!(
        ack(&mut relay, &mut server, 3),
        Response::Acked,
        "the credit came back, and with it the third"
    );
}

#[test]
fn unacked_envelopes_come_again_on_the_next_connection() {
    let (mut relay, mut owner, slot, _) = inbox_with(2);
    owner.ask(&mut relay, collect(slot, 0, 8, false));
    assert_eq!(heard(&mut owner).0, vec![1, 2]);
    let mut next = Pair::new(ConnectionKind::Owner, Chop::Whole, 20);
    let slot = next.open(&mut relay, RID);
    next.ask(&mut relay, collect(slot, 0, 8, false));
    assert_eq!(heard(&mut next).0, vec![1, 2]);
}

#[test]
fn a_second_collect_begins_anew() {
    let (mut relay, mut owner, slot, _) = inbox_with(3);
    owner.ask(&mut relay, collect(slot, 0, 2, true));
    assert_eq!(heard(&mut owner).0, vec![1, 2]);
    owner.ask(&mut relay, collect(slot, 1, 3, true));
    let (delivered, drained, _) = heard(&mut owner);
    assert_eq!((delivered, drained), (vec![2, 3], vec![3]));
}

/// Found by `schedules`: what comes again while its ACK is on the way was counted against the credit.
#[test]
fn an_ack_on_its_way_uses_no_credit_when_a_collect_begins_anew() {
    let (mut relay, mut owner, slot, _) = inbox_with(3);
    owner.ask(&mut relay, collect(slot, 0, 2, true));
    let (_, _, mut tickets) = heard(&mut owner);
    owner.client.request(owner.now, collect(slot, 0, 2, true)).unwrap();
    owner.client.ack(owner.now, tickets.pop().unwrap()).unwrap();
    owner.settle(&mut relay);
    assert!(!owner.client.is_closed());
    assert_eq!(heard(&mut owner).0, vec![1, 2, 3]);
}

#[test]
fn credit_is_between_one_and_its_bound() {
    for credit in [0, wire::limits::CREDIT_MAX + 1] {
        let (mut relay, mut owner, slot, _) = inbox_with(1);
        let id = owner.client.request(owner.now, collect(slot, 0, credit, false));
        if id.is_ok() {
            owner.settle(&mut relay);
            assert!(heard(&mut owner).0.is_empty() && owner.server.is_closed(), "credit {credit}");
        }
    }
}

#[test]
fn a_mailbox_taken_over_is_dead_on_the_first_connection() {
    let (mut relay, mut owner, slot, _) = inbox_with(2);
    owner.ask(&mut relay, collect(slot, 0, 1, true));
    let (_, _, tickets) = heard(&mut owner);
    owner.server.supersede(slot);
    owner.server.supersede(slot);
    owner.settle(&mut relay);
    assert!(matches!(owner.heard[..], [ClientEvent::Superseded { .. }]), "said once: {:?}", owner.heard);
    let late = owner.client.ack(owner.now, tickets.into_iter().next().unwrap());
    assert_eq!(late, Err(NotSent::OutOfPlace));
    owner.server.arrived(slot);
    owner.settle(&mut relay);
    assert_eq!(relay.mailboxes[&RID].waiting.len(), 2);
    // A peer that does not care is refused by the server.
    let raw = wire::Frame::request(wire::RequestId(900), Ack { slot, through: Cursor(1) }).encode();
    owner.server.handle_input(owner.now, &raw);
    relay.act(owner.now, &mut owner.server);
    let refused =
        wire::Frame::response(wire::RequestId(900), Response::Refused(RefusalKind::OutOfPlace.into()));
    assert_eq!(owner.server.poll_output(), Some(refused.encode()));
}

/// C09: storage knows the new owner before the machine does, and another one may come in between.
#[test]
fn a_mailbox_taken_over_while_it_is_being_opened_is_dead_as_soon_as_it_is_open() {
    let (mut relay, ..) = inbox_with(1);
    let mut owner = Pair::new(ConnectionKind::Owner, Chop::Whole, 3);
    owner.settle(&mut relay);
    let proof = proto::signed::sign_open(&self::owner(), &RID, &owner.client.proof().unwrap());
    let asked = owner.client.request(owner.now, Open { rid: RID, proof }).unwrap();
    while let Some(bytes) = owner.client.poll_output() {
        owner.server.handle_input(owner.now, &bytes);
    }
    let find = owner.server.poll_event().unwrap();
    relay.answer(owner.now, &mut owner.server, find);
    let open = owner.server.poll_event().unwrap();
    let ServerEvent::Open { slot, .. } = open else { panic!("{open:?}") };
    owner.server.supersede(slot);
    owner.server.supersede(slot);
    relay.answer(owner.now, &mut owner.server, open);
    owner.settle(&mut relay);
    assert!(matches!(owner.answer_to(asked), Response::Opened(_)));
    let told = owner.heard.iter().filter(|event| matches!(event, ClientEvent::Superseded { .. }));
    assert_eq!(told.count(), 1, "{:?}", owner.heard);
    assert!(!owner.client.is_closed(), "and behind the answer");
    let late = owner.client.request(owner.now, collect(slot, 0, 1, true));
    assert_eq!(late, Err(NotSent::OutOfPlace));
}

#[test]
fn two_mailboxes_fit_one_connection_and_a_third_does_not() {
    let mut relay = Relay::default();
    let mut owner = Pair::new(ConnectionKind::Owner, Chop::Whole, 2);
    let rids = [1, 2, 3].map(|n| OwnerId([n; 16]));
    for rid in rids {
        owner.ask(&mut relay, create(rid, MailboxPolicy::Inbox));
    }
    let slots = [owner.open(&mut relay, rids[0]), owner.open(&mut relay, rids[1])];
    assert_ne!(slots[0], slots[1]);
    for rid in [rids[2], rids[0]] {
        let proof = proto::signed::sign_open(&crate::people::owner(), &rid, &owner.client.proof().unwrap());
        let open = Open { rid, proof };
        assert_eq!(owner.ask(&mut relay, open), Response::Refused(RefusalKind::OutOfPlace.into()));
    }
    for (slot, rid) in slots.into_iter().zip(rids) {
        let sid = relay.mailboxes[&rid].sid;
        relay.store(sid, &stamped(1), envelope(rid.0[0]));
        owner.ask(&mut relay, collect(slot, 0, 4, true));
    }
    let got = owner.heard.iter().filter_map(|event| match event {
        ClientEvent::Deliver { slot, envelope, .. } => Some((*slot, envelope.as_bytes()[0])),
        _ => None,
    });
    assert_eq!(got.collect::<Vec<_>>(), vec![(slots[0], 1), (slots[1], 2)]);
}

/// 32, 36: an unknown mailbox, a wrong key, and a stale proof all look alike.
#[test]
fn nobody_learns_why_a_mailbox_does_not_open() {
    let (mut relay, first, _, _) = inbox_with(1);
    let stale = proto::signed::sign_open(&owner(), &RID, &first.client.proof().unwrap());
    let mut pair = Pair::new(ConnectionKind::Owner, Chop::Whole, 30);
    pair.settle(&mut relay);
    let here = pair.client.proof().unwrap();
    let stranger = crypto::OwnerSecret::from_seed([1; 32]);
    let unknown = OwnerId([0x77; 16]);
    let opens = [
        Open { rid: RID, proof: stale },
        Open { rid: RID, proof: proto::signed::sign_open(&stranger, &RID, &here) },
        Open { rid: RID, proof: proto::signed::sign_open(&owner(), &unknown, &here) },
        Open { rid: RID, proof: OwnerSignature([0; 64]) },
        Open { rid: unknown, proof: proto::signed::sign_open(&owner(), &unknown, &here) },
    ];
    for open in opens {
        pair.now = pair.now.after_ms(1_000);
        assert_eq!(pair.ask(&mut relay, open), Response::Refused(RefusalKind::NoSuchMailbox.into()));
    }
    // The refused ones hold no slot.
    assert_eq!(pair.open(&mut relay, RID), Slot(0));
}

#[test]
fn a_server_without_channel_binding_takes_no_proof() {
    let (mut relay, ..) = inbox_with(0);
    let config = proto::ServerConfig { binding: wire::request::Binding::None, ..server_config(31) };
    let mut server = proto::ServerConnection::new(config, proto::Now(0));
    let proof = proto::signed::sign_open(&owner(), &RID, &server.proof());
    let heard = say(&mut relay, &mut server, 1, Open { rid: RID, proof });
    let refused = Response::Refused(RefusalKind::NoSuchMailbox.into());
    assert_eq!(heard, vec![Frame::response(wire::RequestId(1), refused)]);
}

/// P8: an owner who asks for everything and reads nothing costs little.
#[test]
fn deliveries_stop_while_nobody_reads_them() {
    let (mut relay, mut owner, slot, sid) = inbox_with(0);
    let large = Envelope::new(Bytes::from(vec![1; 64 * 1024])).unwrap();
    for _ in 0..200 {
        relay.store(sid, &stamped(1), large.clone());
    }
    owner.client.request(owner.now, collect(slot, 0, 256, false)).unwrap();
    let frame = owner.client.poll_output().unwrap();
    owner.server.handle_input(owner.now, &frame);
    relay.act(owner.now, &mut owner.server);
    assert!(owner.server.output_buffered() >= UNREAD_OUTPUT_BYTES_MAX && !owner.server.wants_input());
    // One read of sixteen envelopes, and no second one.
    assert!(owner.server.output_buffered() < 17 * 64 * 1024);
    owner.settle(&mut relay);
    assert_eq!(heard(&mut owner).0.len(), 200, "all of them come once somebody reads");
}

#[test]
fn a_read_that_fails_ends_the_connection() {
    let (_, mut owner, slot, _) = inbox_with(1);
    owner.client.request(owner.now, collect(slot, 0, 4, false)).unwrap();
    let frame = owner.client.poll_output().unwrap();
    owner.server.handle_input(owner.now, &frame);
    let Some(ServerEvent::Read { ticket, .. }) = owner.server.poll_event() else { panic!() };
    owner.server.refuse(ticket, RefusalKind::Unavailable.into());
    assert!(owner.server.is_closed());
}
