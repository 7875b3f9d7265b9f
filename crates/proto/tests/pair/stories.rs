//! Whole stories, however the bytes arrive.

use proto::ClientEvent;
use wire::request::{Collect, Fetch, Lookup, MailboxPolicy, Retire};
use wire::{ConnectionKind, Cursor, DepositId, Generation, Response, Slot};

use crate::people::*;
use crate::relay::Relay;
use crate::wire_between::{Chop, Pair};

/// Alice registers and publishes.
pub fn join(relay: &mut Relay, chop: Chop) -> Pair {
    let mut registry = Pair::new(ConnectionKind::Registry, chop, 1);
    assert!(matches!(registry.ask(relay, claim(first_record())), Response::Registered(_)));
    assert_eq!(registry.ask(relay, publish(1)), Response::Published);
    registry
}

/// Alice makes her inbox, opens it, and hands stamps out.
pub fn make_inbox(relay: &mut Relay, chop: Chop) -> (Pair, Slot, DepositId) {
    let mut owner = Pair::new(ConnectionKind::Owner, chop, 2);
    let Response::Created(created) = owner.ask(relay, create(RID, MailboxPolicy::Inbox)) else { panic!() };
    let slot = owner.open(relay, RID);
    assert_eq!(owner.ask(relay, generate(slot)), Response::Generated);
    (owner, slot, created.sid)
}

/// Somebody drops envelopes.
pub fn drop_in(relay: &mut Relay, chop: Chop, sid: DepositId, count: u8) -> Pair {
    let mut stranger = Pair::new(ConnectionKind::Anonymous, chop, 3);
    for n in 0..count {
        assert_eq!(stranger.ask(relay, deposit(sid, n)), Response::Stored);
    }
    stranger
}

#[test]
fn alice_joins_is_found_receives_and_lets_go_however_the_bytes_arrive() {
    for chop in Chop::ALL {
        let relay = &mut Relay::default();
        join(relay, chop);
        let (mut owner, slot, sid) = make_inbox(relay, chop);

        let mut anonymous = Pair::new(ConnectionKind::Anonymous, chop, 4);
        let Response::Record(record) = anonymous.ask(relay, Lookup { name: name("alice"), seq: None }) else {
            panic!()
        };
        assert_eq!(record.record, first_record());
        let Response::Bundle(found) = anonymous.ask(relay, Fetch { name: name("alice") }) else { panic!() };
        assert_eq!(*found, bundle(&identity(1), 1));

        drop_in(relay, chop, sid, 3);
        let collect = Collect { slot, after: Cursor(0), credit: 8, follow: false };
        assert_eq!(owner.ask(relay, collect), Response::Collecting);
        let mut tickets = vec![];
        let mut drained = false;
        for event in core::mem::take(&mut owner.heard) {
            match event {
                ClientEvent::Deliver { envelope: got, auth, ticket, .. } => {
                    let n = tickets.len() as u8;
                    assert_eq!((got, auth), (envelope(n), stamped(n)));
                    tickets.push(ticket);
                }
                ClientEvent::Drained { cursor, .. } => drained = cursor == Cursor(3),
                ClientEvent::Ready { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(drained && tickets.len() == 3, "{chop:?}");
        let id = owner.client.ack(owner.now, tickets.pop().unwrap()).unwrap();
        owner.settle(relay);
        assert_eq!(owner.answer_to(id), Response::Acked);
        assert!(relay.mailboxes[&RID].waiting.is_empty());
        assert_eq!(owner.ask(relay, Retire { slot, generation: Generation(1) }), Response::Retired);
        let story = ["register", "publish", "create", "open", "generate", "lookup", "fetch"];
        let rest = ["deposit", "deposit", "deposit", "ack", "retire"];
        assert_eq!(relay.log, [&story[..], &rest[..]].concat(), "{chop:?}");
    }
}

#[test]
fn a_claim_repeated_after_a_lost_answer_is_registered_again() {
    let relay = &mut Relay::default();
    join(relay, Chop::Whole);
    let mut again = Pair::new(ConnectionKind::Registry, Chop::Whole, 5);
    assert!(matches!(again.ask(relay, claim(first_record())), Response::Registered(_)));
    assert_eq!(relay.records[&name("alice")].len(), 1);
}

/// P1: the ticket, and nothing else, lets the confirmation leave.
#[test]
fn confirmation_waits_for_storage_however_the_bytes_arrive() {
    for chop in Chop::ALL {
        let relay = &mut Relay::default();
        let (_, _, sid) = make_inbox(relay, chop);
        let mut stranger = Pair::new(ConnectionKind::Anonymous, chop, 3);
        stranger.settle(relay);
        let ids: Vec<_> =
            (0..4).map(|n| stranger.client.request(stranger.now, deposit(sid, n)).unwrap()).collect();
        let mut tickets = vec![];
        let written: Vec<u8> = core::iter::from_fn(|| stranger.client.poll_output()).flatten().collect();
        for byte in written {
            stranger.server.handle_input(stranger.now, &[byte]);
            while let Some(event) = stranger.server.poll_event() {
                let proto::ServerEvent::Deposit { ticket, deposit } = event else { panic!("{event:?}") };
                assert_eq!(deposit.envelope, envelope(tickets.len() as u8), "stored in the order sent");
                tickets.push(ticket);
            }
            assert!(stranger.server.poll_output().is_none(), "nothing leaves before storage has spoken");
        }
        // Time alone confirms nothing.
        stranger.server.handle_timeout(proto::Now(5_000));
        assert!(stranger.server.poll_output().is_none());
        // Storage speaks, for the last one first.
        for (at, ticket) in tickets.into_iter().enumerate().rev() {
            stranger.server.deposited(ticket);
            stranger.settle(relay);
            assert_eq!(stranger.answer_to(ids[at]), Response::Stored);
            assert!(ids.iter().all(|id| stranger.answer_if_any(*id).is_none()));
        }
    }
}

#[test]
fn requests_given_before_the_welcome_leave_after_it() {
    let relay = &mut Relay::default();
    join(relay, Chop::Whole);
    let mut anonymous = Pair::new(ConnectionKind::Anonymous, Chop::Whole, 4);
    anonymous.client.request(anonymous.now, Lookup { name: name("alice"), seq: None }).unwrap();
    assert!(
        anonymous.client.poll_output().is_none(),
        "nothing is said to a server that has not shown itself"
    );
    anonymous.settle(relay);
    assert!(matches!(anonymous.heard[0], ClientEvent::Ready { .. }));
    assert!(matches!(anonymous.heard[1], ClientEvent::Answered { response: Response::Record(_), .. }));
}

#[test]
fn a_ticket_of_one_connection_confirms_nothing_on_another() {
    let relay = &mut Relay::default();
    let (_, _, sid) = make_inbox(relay, Chop::Whole);
    let ask = |nonce| {
        let mut pair = Pair::new(ConnectionKind::Anonymous, Chop::Whole, nonce);
        pair.settle(&mut Relay::default());
        pair.client.request(pair.now, deposit(sid, 1)).unwrap();
        let frame = pair.client.poll_output().unwrap();
        pair.server.handle_input(pair.now, &frame);
        let Some(proto::ServerEvent::Deposit { ticket, .. }) = pair.server.poll_event() else { panic!() };
        (pair, ticket)
    };
    let (mut here, ours) = ask(6);
    let (_, theirs) = ask(7);
    here.server.deposited(theirs);
    assert!(here.server.poll_output().is_none());
    here.server.deposited(ours);
    assert!(here.server.poll_output().is_some());
}
