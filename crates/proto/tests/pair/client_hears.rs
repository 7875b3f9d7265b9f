//! A hostile server: whatever it says out of turn ends the connection, and nothing else happens.

use proto::{ClientConfig, ClientConnection, ClientEvent, CloseReason, NotSent, Now, ServerPin};
use wire::address::ShortFingerprint;
use wire::limits::OUTSTANDING_MAX;
use wire::request::{Await, Collect, Feed, Fetch, Lookup, Meet, Open};
use wire::response::Leaves;
use wire::response::*;
use wire::{
    ConnectionKind, Cursor, Day, DepositAuth, DepositId, Frame, OwnerSignature, RefusalKind, Request,
    RequestId, ServerId, Slot, UnixSeconds, VersionRange, WelcomeNonce,
};

use crate::people::*;
use crate::relay::in_ledger;
use crate::wire_between::{BINDING, client_config};

fn welcome() -> Welcome {
    Welcome {
        versions: VersionRange { min: 1, max: 1 },
        server_id: SERVER,
        nonce: WelcomeNonce([1; 32]),
        time: UnixSeconds(1),
        frame_bytes_max: 80 * 1024,
        outstanding_max: 64,
        idle_ms_max: 600_000,
        flags: 0,
    }
}

fn hear(client: &mut ClientConnection, frame: Frame) {
    client.handle_input(Now(1), &frame.encode());
}

fn greeted(kind: ConnectionKind) -> ClientConnection {
    let mut client = ClientConnection::new(client_config(kind), Now(0));
    hear(&mut client, Frame::notice(Notice::Welcome(welcome())));
    assert!(matches!(client.poll_event(), Some(ClientEvent::Ready { .. })));
    client
}

#[track_caller]
fn assert_closed(client: &mut ClientConnection, reason: CloseReason) {
    let event = client.poll_event();
    assert!(matches!(event, Some(ClientEvent::Closed { reason: why }) if why == reason), "{event:?}");
    assert!(client.poll_event().is_none() && client.is_closed() && client.poll_output().is_none());
    assert_eq!(client.request(Now(2), Request::Ping), Err(NotSent::Closed));
}

/// An owner's connection on which slot 0 is open and collecting with credit 2.
fn collecting(follow: bool) -> ClientConnection {
    let mut client = greeted(ConnectionKind::Owner);
    client.request(Now(1), Open { rid: RID, proof: OwnerSignature([0; 64]) }).unwrap();
    hear(&mut client, Frame::response(RequestId(1), opened(0)));
    client.request(Now(1), Collect { slot: Slot(0), after: Cursor(5), credit: 2, follow }).unwrap();
    hear(&mut client, Frame::response(RequestId(2), Response::Collecting));
    while client.poll_event().is_some() {}
    while client.poll_output().is_some() {}
    client
}

fn opened(slot: u8) -> Response {
    let (oldest, generations) = (Day(0), vec![]);
    Response::Opened(Opened {
        slot: Slot(slot),
        sid: DepositId([1; 16]),
        waiting: 0,
        oldest,
        expired: 0,
        generations,
    })
}

fn deliver(slot: u8, cursor: u64) -> Frame {
    let auth = DepositAuth::Open { puzzle: None };
    let deliver = Deliver { slot: Slot(slot), cursor: Cursor(cursor), auth, envelope: envelope(1) };
    Frame::notice(Notice::Deliver(Box::new(deliver)))
}

fn drained(slot: u8, cursor: u64) -> Frame {
    Frame::notice(Notice::Drained(Drained { slot: Slot(slot), cursor: Cursor(cursor) }))
}

#[test]
fn another_server_than_the_pinned_one_hears_nothing() {
    let short = |id: &ServerId| ServerPin::Short(ShortFingerprint::from_full(&id.0));
    let other = ServerId([0x0e; 32]);
    for (server, good) in [
        (ServerPin::Full(SERVER), true),
        (short(&SERVER), true),
        (ServerPin::Full(other), false),
        (short(&other), false),
    ] {
        let kind = ConnectionKind::Anonymous;
        let mut client = ClientConnection::new(ClientConfig { server, binding: BINDING, kind }, Now(0));
        client.request(Now(0), Fetch { name: name("alice") }).unwrap();
        hear(&mut client, Frame::notice(Notice::Welcome(welcome())));
        assert_eq!(client.poll_output().is_some(), good, "{server:?}");
        if !good {
            assert_closed(&mut client, CloseReason::WrongServer);
        }
    }
}

#[test]
fn a_server_without_our_version_or_with_mean_limits_is_left() {
    type Spoil = fn(&mut Welcome);
    let spoils: [(Spoil, CloseReason); 5] = [
        (
            |welcome| welcome.versions = VersionRange { min: 2, max: 9 },
            CloseReason::Version { min: 2, max: 9 },
        ),
        (
            |welcome| welcome.versions = VersionRange { min: 0, max: 0 },
            CloseReason::Version { min: 0, max: 0 },
        ),
        (|welcome| welcome.frame_bytes_max = 1_000, CloseReason::OutOfTurn),
        (|welcome| welcome.outstanding_max = 0, CloseReason::OutOfTurn),
        (|welcome| welcome.idle_ms_max = 1, CloseReason::OutOfTurn),
    ];
    for (spoil, reason) in spoils {
        let mut client = ClientConnection::new(client_config(ConnectionKind::Owner), Now(0));
        let mut spoiled = welcome();
        spoil(&mut spoiled);
        client.handle_input(Now(1), &Frame::notice(Notice::Welcome(spoiled)).encode());
        let Some(ClientEvent::Closed { reason: why }) = client.poll_event() else { panic!() };
        assert!(why == reason || why == CloseReason::NotFrames, "{why:?} for {reason:?}");
    }
}

#[test]
fn the_greeting_comes_first_and_once() {
    let mut client = ClientConnection::new(client_config(ConnectionKind::Owner), Now(0));
    hear(&mut client, drained(0, 1));
    assert_closed(&mut client, CloseReason::OutOfTurn);
    let mut client = greeted(ConnectionKind::Owner);
    hear(&mut client, Frame::notice(Notice::Welcome(welcome())));
    assert_closed(&mut client, CloseReason::OutOfTurn);
}

/// Each answer fits one request; anything else is a broken server.
#[test]
fn an_answer_of_another_type_than_the_question_ends_the_connection() {
    let answers = || {
        vec![
            Response::Pong,
            Response::Refused(RefusalKind::Busy.into()),
            Response::Published,
            Response::Record(Box::new(in_ledger(first_record()))),
            Response::Bundle(Box::new(bundle(&identity(1), 1))),
            Response::Stored,
            Response::Created(Created { sid: DepositId([1; 16]) }),
            opened(0),
            Response::Collecting,
            Response::Acked,
            Response::Generated,
            Response::Retired,
            Response::CrossedOff,
            Response::Met(wire::PairingShare([1; 32])),
            Response::Awaited(Box::new(wire::PairingMove::Nothing)),
        ]
    };
    let questions: [(ConnectionKind, Request, &[usize]); 8] = [
        (ConnectionKind::Owner, Request::Ping, &[0]),
        (ConnectionKind::Registry, publish(1).into(), &[1, 2]),
        (ConnectionKind::Anonymous, Lookup { name: name("alice"), seq: None }.into(), &[1, 3]),
        (ConnectionKind::Anonymous, Fetch { name: name("alice") }.into(), &[1, 4]),
        (ConnectionKind::Anonymous, deposit(DepositId([1; 16]), 1).into(), &[1, 5]),
        (ConnectionKind::Owner, Open { rid: RID, proof: OwnerSignature([0; 64]) }.into(), &[1, 7]),
        (ConnectionKind::Pairing, Meet { number: seven() }.into(), &[1, 13]),
        (ConnectionKind::Pairing, Await { number: seven(), key: wire::PairingKey([1; 16]) }.into(), &[1, 14]),
    ];
    for (kind, question, fitting) in questions {
        for (at, answer) in answers().into_iter().enumerate() {
            let mut client = greeted(kind);
            let id = client.request(Now(1), question.clone()).unwrap();
            hear(&mut client, Frame::response(id, answer));
            match fitting.contains(&at) {
                true => assert!(matches!(client.poll_event(), Some(ClientEvent::Answered { .. }))),
                false => assert_closed(&mut client, CloseReason::OutOfTurn),
            }
        }
    }
}

fn seven() -> wire::PairingNumber {
    wire::PairingNumber::new(7).unwrap()
}

#[test]
fn an_answer_to_nothing_ends_the_connection() {
    let mut client = greeted(ConnectionKind::Owner);
    hear(&mut client, Frame::response(RequestId(1), Response::Pong));
    assert_closed(&mut client, CloseReason::OutOfTurn);
    let mut client = greeted(ConnectionKind::Owner);
    let id = client.request(Now(1), Request::Ping).unwrap();
    hear(&mut client, Frame::response(id, Response::Pong));
    assert!(client.poll_event().is_some());
    hear(&mut client, Frame::response(id, Response::Pong));
    assert_closed(&mut client, CloseReason::OutOfTurn);
}

#[test]
fn a_record_of_another_name_or_number_than_asked_for_is_no_answer() {
    for (asked, seq) in [("bob", None), ("alice", Some(1))] {
        let mut client = greeted(ConnectionKind::Anonymous);
        let id = client.request(Now(1), Lookup { name: name(asked), seq }).unwrap();
        hear(&mut client, Frame::response(id, Response::Record(Box::new(in_ledger(first_record())))));
        assert_closed(&mut client, CloseReason::OutOfTurn);
    }
}

/// What may follow on a feed of 5 leaves under number 7.
#[test]
fn leaves_begin_where_they_may_and_end_with_their_head() {
    let leaf = wire::Leaf {
        kind: wire::LeafKind::Heartbeat,
        tag: wire::NameTag([0; 32]),
        prev_index: wire::Leaf::NONE,
        commitment: wire::Commitment([0; 32]),
        time: 1,
    };
    // Number and size of the head, first, how many; whether it is an answer.
    let cases = [
        (7, 6, 5, 1, true),
        (7, 5, 5, 0, true),
        (9, 6, 2, 4, true),
        (7, 3, 3, 0, true),
        (7, 6, 4, 2, false),
        (7, 6, 6, 0, false),
        (7, 6, 5, 2, false),
        (9, 9, 6, 1, false),
        (7, 0, u64::MAX, 2, false),
    ];
    for (log_number, size, first, count, is_answer) in cases {
        let mut client = greeted(ConnectionKind::Anonymous);
        let id = client.request(Now(1), Feed { log_number: 7, from: 5 }).unwrap();
        let tree_head = wire::TreeHead { log_number, size, ..wire::TreeHead::EMPTY };
        let leaves = Leaves { tree_head, first, leaves: vec![leaf.clone(); count] };
        hear(&mut client, Frame::response(id, Response::Leaves(Box::new(leaves))));
        match is_answer {
            true => assert!(matches!(client.poll_event(), Some(ClientEvent::Answered { .. })), "{first}"),
            false => assert_closed(&mut client, CloseReason::OutOfTurn),
        }
    }
}

#[test]
fn a_delivery_out_of_turn_ends_the_connection() {
    let cases: [(&str, Vec<Frame>); 8] = [
        ("a slot never opened", vec![deliver(1, 6)]),
        ("not after the cursor", vec![deliver(0, 5)]),
        ("the same twice", vec![deliver(0, 6), deliver(0, 6)]),
        ("back", vec![deliver(0, 7), deliver(0, 6)]),
        ("beyond the credit", vec![deliver(0, 6), deliver(0, 7), deliver(0, 8)]),
        ("drained elsewhere", vec![deliver(0, 6), drained(0, 7)]),
        ("drained twice", vec![drained(0, 5), drained(0, 5)]),
        (
            "superseded twice",
            vec![Frame::notice(Notice::Superseded(Slot(0))), Frame::notice(Notice::Superseded(Slot(0)))],
        ),
    ];
    for (what, frames) in cases {
        let mut client = collecting(true);
        let last = frames.len() - 1;
        for (at, frame) in frames.into_iter().enumerate() {
            assert!(!client.is_closed(), "{what}: too early");
            hear(&mut client, frame);
            if at < last {
                assert!(!matches!(client.poll_event(), Some(ClientEvent::Closed { .. })), "{what}");
            }
        }
        let closed = core::iter::from_fn(|| client.poll_event()).last();
        assert!(
            matches!(closed, Some(ClientEvent::Closed { reason: CloseReason::OutOfTurn })),
            "{what}: {closed:?}"
        );
    }
}

#[test]
fn after_drained_a_collect_that_does_not_follow_is_over() {
    let mut client = collecting(false);
    hear(&mut client, drained(0, 5));
    assert!(matches!(client.poll_event(), Some(ClientEvent::Drained { .. })));
    hear(&mut client, deliver(0, 6));
    assert_closed(&mut client, CloseReason::OutOfTurn);
}

#[test]
fn a_server_opens_at_most_two_slots_and_each_once() {
    for slots in [vec![0, 0], vec![0, 1, 2]] {
        let mut client = greeted(ConnectionKind::Owner);
        for slot in slots {
            let id = client.request(Now(1), Open { rid: RID, proof: OwnerSignature([0; 64]) }).unwrap();
            hear(&mut client, Frame::response(id, opened(slot)));
        }
        assert!(matches!(
            core::iter::from_fn(|| client.poll_event()).last(),
            Some(ClientEvent::Closed { .. })
        ));
    }
}

#[test]
fn our_own_requests_are_bounded_and_kept_in_their_place() {
    let mut client = greeted(ConnectionKind::Anonymous);
    assert_eq!(client.request(Now(1), publish(1)), Err(NotSent::OutOfPlace));
    client.request(Now(1), Fetch { name: name("alice") }).unwrap();
    assert_eq!(client.request(Now(1), Fetch { name: name("bob") }), Err(NotSent::OutOfPlace));
    assert_eq!(client.request(Now(1), deposit(DepositId([1; 16]), 1)), Err(NotSent::OutOfPlace));
    for _ in 1..OUTSTANDING_MAX {
        client.request(Now(1), Fetch { name: name("alice") }).unwrap();
    }
    assert_eq!(client.request(Now(1), Fetch { name: name("alice") }), Err(NotSent::TooMany));
    let mut owner = greeted(ConnectionKind::Owner);
    assert_eq!(owner.request(Now(1), generate(Slot(0))), Err(NotSent::OutOfPlace), "no such slot is open");
}

#[test]
fn a_ticket_of_another_connection_acknowledges_nothing() {
    let mut one = collecting(true);
    hear(&mut one, deliver(0, 6));
    let Some(ClientEvent::Deliver { ticket, .. }) = one.poll_event() else { panic!() };
    let mut other = ClientConnection::new(client_config(ConnectionKind::Owner), Now(0));
    let nonce = WelcomeNonce([2; 32]);
    hear(&mut other, Frame::notice(Notice::Welcome(Welcome { nonce, ..welcome() })));
    assert_eq!(other.ack(Now(1), ticket), Err(NotSent::OutOfPlace));
}
