//! Illegal transitions: every request on every kind of connection and in every state of it (N15).

use proto::{Now, ServerConnection};
use wire::request::*;
use wire::response::{Notice, Response};
use wire::{
    ConnectionKind, Cursor, DepositId, Frame, Generation, OwnerId, OwnerSignature, PairingCard,
    PairingConfirmation, PairingKey, PairingNumber, PairingShare, RefusalKind, Request, RequestId,
    SealedCard, Settlement, Slot, StampIndex,
};

use crate::people::*;
use crate::relay::Relay;
use crate::stories::{join, make_inbox};
use crate::wire_between::server_config;

/// What a connection has been used for already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Fresh,
    Pinged,
    Registry,
    LookUps,
    Deposits,
    Ledger,
    Pairing,
    OwnerClosed,
    OwnerOpen,
}

const STATES: [State; 9] = [
    State::Fresh,
    State::Pinged,
    State::Registry,
    State::LookUps,
    State::Deposits,
    State::Ledger,
    State::Pairing,
    State::OwnerClosed,
    State::OwnerOpen,
];

fn every_request() -> Vec<Request> {
    let slot = Slot(0);
    let answer = Answer {
        kind: AnswerKind::Rotate,
        record: proto::signed::sign_rotation(&identity(1), &identity(2), &first_record().body),
        vouchers: vouchers(1),
        proof: wire::Signature([0; 3373]),
    };
    let number = PairingNumber::new(7).unwrap();
    vec![
        Request::Ping,
        claim(first_record()).into(),
        answer.into(),
        publish(2).into(),
        Lookup { name: name("alice"), seq: None }.into(),
        Fetch { name: name("alice") }.into(),
        Feed { log_number: 0, from: 0 }.into(),
        deposit(DepositId([0xe2; 16]), 1).into(),
        Begin { number: None, key: PairingKey([1; 16]), share: PairingShare([2; 32]) }.into(),
        Meet { number }.into(),
        Reply { number, key: PairingKey([1; 16]), share: PairingShare([2; 32]), card: card() }.into(),
        Settle { number, key: PairingKey([1; 16]), settlement: Settlement::Card(card()) }.into(),
        Await { number, key: PairingKey([1; 16]) }.into(),
        create(OwnerId([9; 16]), MailboxPolicy::Doorstep).into(),
        Open { rid: OwnerId([8; 16]), proof: OwnerSignature([0; 64]) }.into(),
        Collect { slot, after: Cursor(0), credit: 1, follow: false }.into(),
        Ack { slot, through: Cursor(0) }.into(),
        generate(slot).into(),
        Retire { slot, generation: Generation(1) }.into(),
        CrossOff { slot, generation: Generation(1), indices: vec![StampIndex(1)] }.into(),
    ]
}

fn card() -> SealedCard {
    SealedCard {
        confirmation: PairingConfirmation([3; 32]),
        card: PairingCard(Box::new([4; wire::limits::PAIRING_CARD_BYTES])),
    }
}

fn needs_slot(request: &Request) -> bool {
    use Request::{Ack, Collect, CrossOff, Generate, Retire};
    matches!(request, Collect(_) | Ack(_) | Generate(_) | Retire(_) | CrossOff(_))
}

/// The specification, as a table (`spec/connection.md § Kinds`).
fn is_in_place(state: State, request: &Request) -> bool {
    let Some(kind) = request.connection_kind() else { return true };
    match state {
        State::Fresh | State::Pinged => !needs_slot(request),
        State::Registry => kind == ConnectionKind::Registry,
        State::LookUps => matches!(request, Request::Lookup(_) | Request::Fetch(_)),
        State::Deposits => matches!(request, Request::Deposit(_)),
        State::Ledger => matches!(request, Request::Feed(_)),
        State::Pairing => kind == ConnectionKind::Pairing,
        State::OwnerClosed => kind == ConnectionKind::Owner && !needs_slot(request),
        State::OwnerOpen => kind == ConnectionKind::Owner,
    }
}

fn world() -> Relay {
    let mut relay = Relay::default();
    join(&mut relay, proto_chop());
    make_inbox(&mut relay, proto_chop());
    relay
}

fn proto_chop() -> crate::wire_between::Chop {
    crate::wire_between::Chop::Whole
}

fn in_state(relay: &mut Relay, state: State) -> ServerConnection {
    let mut server = ServerConnection::new(server_config(40), Now(0));
    let proof = proto::signed::sign_open(&owner(), &RID, &server.proof());
    let first: Option<Request> = match state {
        State::Fresh => None,
        State::Pinged => Some(Request::Ping),
        State::Registry => Some(publish(1).into()),
        State::LookUps => Some(Fetch { name: name("alice") }.into()),
        State::Deposits => Some(deposit(DepositId([0xe2; 16]), 1).into()),
        State::Ledger => Some(Feed { log_number: 0, from: 0 }.into()),
        State::Pairing => Some(Meet { number: PairingNumber::new(7).unwrap() }.into()),
        State::OwnerClosed => Some(create(OwnerId([7; 16]), MailboxPolicy::Inbox).into()),
        State::OwnerOpen => Some(Open { rid: RID, proof }.into()),
    };
    if let Some(request) = first {
        say(relay, &mut server, 1, request);
    }
    server
}

/// Says one request, returns what the server answers to it.
pub fn say(
    relay: &mut Relay,
    server: &mut ServerConnection,
    id: u32,
    request: impl Into<Request>,
) -> Vec<Frame> {
    hear(relay, server, &Frame::request(RequestId(id), request).encode())
}

fn hear(relay: &mut Relay, server: &mut ServerConnection, bytes: &[u8]) -> Vec<Frame> {
    while server.poll_output().is_some() {}
    server.handle_input(Now(1), bytes);
    relay.act(Now(1), server);
    let mut deframer = wire::Deframer::new();
    while let Some(bytes) = server.poll_output() {
        deframer.extend(&bytes);
        relay.act(Now(1), server);
    }
    core::iter::from_fn(|| deframer.next_frame().unwrap()).map(|raw| Frame::decode(&raw).unwrap()).collect()
}

fn refused(id: u32, kind: RefusalKind) -> Frame {
    Frame::response(RequestId(id), Response::Refused(kind.into()))
}

#[test]
fn every_request_is_executed_in_its_place_and_refused_everywhere_else() {
    let world = world();
    let mut table = 0;
    for state in STATES {
        for request in every_request() {
            let mut relay = world.clone();
            let mut server = in_state(&mut relay, state);
            let before = relay.log.len();
            let heard = say(&mut relay, &mut server, 2, request.clone());
            let out_of_place = heard.first() == Some(&refused(2, RefusalKind::OutOfPlace));
            assert_eq!(
                !out_of_place,
                is_in_place(state, &request),
                "{state:?} {:#04x}: {heard:?}",
                request.kind()
            );
            if out_of_place {
                assert_eq!(relay.log.len(), before, "{state:?}: refused, yet executed");
                assert_eq!(heard.len(), 1);
                let pong = say(&mut relay, &mut server, 3, Request::Ping);
                assert_eq!(
                    pong,
                    vec![Frame::response(RequestId(3), Response::Pong)],
                    "the connection lives on"
                );
            }
            table += 1;
        }
    }
    assert_eq!(table, 9 * 20);
}

/// Whoever keeps the relay must not learn that one person asks for two names, or writes to two mailboxes.
#[test]
fn an_anonymous_connection_serves_one_name_or_one_mailbox() {
    let mut relay = world();
    let mut server = in_state(&mut relay, State::LookUps);
    let other = say(&mut relay, &mut server, 2, Lookup { name: name("bob"), seq: None });
    assert_eq!(other, vec![refused(2, RefusalKind::OutOfPlace)]);
    let other = say(&mut relay, &mut server, 3, Fetch { name: name("bob") });
    assert_eq!(other, vec![refused(3, RefusalKind::OutOfPlace)]);
    let mut server = in_state(&mut relay, State::Deposits);
    let other = say(&mut relay, &mut server, 2, deposit(DepositId([1; 16]), 1));
    assert_eq!(other, vec![refused(2, RefusalKind::OutOfPlace)]);
}

#[test]
fn a_kind_that_nobody_knows_is_refused_by_its_request_id_and_harms_nothing() {
    let known: Vec<u8> = wire::kind::ALL.iter().map(|(kind, _)| *kind).collect();
    let mut relay = world();
    let mut server = in_state(&mut relay, State::LookUps);
    for (kind, id) in (0..=255u8).filter(|kind| !known.contains(kind)).zip(1000u32..) {
        if !server.wants_input() {
            server = in_state(&mut relay, State::LookUps);
        }
        let mut raw = vec![0, 0, 8, kind];
        raw.extend(id.to_be_bytes());
        raw.extend([1, 2, 3]);
        assert_eq!(hear(&mut relay, &mut server, &raw), vec![refused(id, RefusalKind::Unknown)]);
    }
    let still = say(&mut relay, &mut server, 2, Fetch { name: name("alice") });
    assert!(matches!(still[0].body, wire::Body::Response(Response::Bundle(_))));
}

#[test]
fn what_only_a_server_says_is_refused_from_a_client() {
    let world = world();
    let responses = [
        Response::Pong,
        Response::Refused(RefusalKind::Busy.into()),
        Response::Stored,
        Response::Published,
        Response::Collecting,
        Response::Acked,
        Response::Generated,
        Response::Retired,
        Response::CrossedOff,
    ];
    for response in responses {
        let mut relay = world.clone();
        let mut server = in_state(&mut relay, State::OwnerOpen);
        let heard = hear(&mut relay, &mut server, &Frame::response(RequestId(7), response).encode());
        assert_eq!(heard, vec![refused(7, RefusalKind::OutOfPlace)]);
        assert!(server.is_closed());
    }
    let notices = [
        Notice::Superseded(Slot(0)),
        Notice::Drained(wire::response::Drained { slot: Slot(0), cursor: Cursor(1) }),
    ];
    for notice in notices {
        let mut relay = world.clone();
        let mut server = in_state(&mut relay, State::OwnerOpen);
        assert!(hear(&mut relay, &mut server, &Frame::notice(notice).encode()).is_empty());
        assert!(server.is_closed());
    }
}

#[test]
fn a_malformed_body_is_refused_and_ends_the_connection() {
    for request in every_request().into_iter().skip(1) {
        let mut relay = world();
        let mut server = in_state(&mut relay, State::Fresh);
        let before = relay.log.len();
        let whole = Frame::request(RequestId(5), request).encode();
        // One byte too many, with a length that says so.
        let mut longer = whole.to_vec();
        longer.push(0);
        let len = (longer.len() - 3) as u32;
        longer[..3].copy_from_slice(&len.to_be_bytes()[1..]);
        let after = Frame::request(RequestId(6), Request::Ping).encode();
        let heard = hear(&mut relay, &mut server, &[longer.as_slice(), &after].concat());
        assert_eq!(heard, vec![refused(5, RefusalKind::Malformed)], "and nothing behind it");
        assert!(server.is_closed());
        assert_eq!(relay.log.len(), before);
    }
}

#[test]
fn one_request_id_serves_one_outstanding_request() {
    let relay = &mut world();
    let mut server = in_state(relay, State::Fresh);
    while server.poll_output().is_some() {}
    let twice = Frame::request(RequestId(5), Fetch { name: name("alice") }).encode();
    server.handle_input(Now(1), &[twice.clone(), twice.clone()].concat());
    assert_eq!(server.poll_output(), Some(refused(5, RefusalKind::Malformed).encode()));
    assert!(server.is_closed());
    // Once answered, an id may be used again.
    let mut server = in_state(relay, State::Fresh);
    for _ in 0..3 {
        assert_eq!(hear(relay, &mut server, &twice).len(), 1);
    }
}
