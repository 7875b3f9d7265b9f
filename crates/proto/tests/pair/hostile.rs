//! Floods and noise: memory stays flat, nothing panics.

use proptest::prelude::*;
use proto::{ClientConnection, Now, ServerConnection};
use wire::limits::{
    FRAME_BYTES_MAX, FRUITLESS_PER_SECOND_MAX, FRUITLESS_SIGNED, IDLE_MS_MAX, OUTSTANDING_MAX,
    UNREAD_OUTPUT_BYTES_MAX,
};
use wire::request::{Fetch, Lookup};
use wire::{ConnectionKind, DepositId, Frame, OwnerKey, Request, RequestId};

use crate::people::{deposit, name};
use crate::relay::{Relay, StoredMailbox};
use crate::wire_between::{client_config, server_config};

fn server() -> ServerConnection {
    let mut server = ServerConnection::new(server_config(1), Now(0));
    server.poll_output();
    server
}

/// R02 and kin: a shell that honours `wants_input` never hands over more than one read beyond the bound.
#[test]
fn a_flood_of_pipelined_requests_is_executed_sixty_four_at_a_time() {
    let mut server = server();
    let flood: Vec<u8> = (1..=1_000)
        .flat_map(|id| Frame::request(RequestId(id), Fetch { name: name("alice") }).encode())
        .collect();
    server.handle_input(Now(0), &flood);
    let mut asked = vec![];
    while let Some(event) = server.poll_event() {
        asked.push(event);
    }
    assert_eq!(asked.len(), OUTSTANDING_MAX);
    assert!(!server.wants_input());
    // Each answer lets one more in; all thousand are served in the end.
    let mut served = 0;
    while let Some(event) = asked.pop() {
        let proto::ServerEvent::Fetch { ticket, .. } = event else { panic!() };
        server.fetched(ticket, Some(crate::people::bundle(&crate::people::identity(1), 1)));
        served += 1;
        while server.poll_output().is_some() {}
        asked.extend(core::iter::from_fn(|| server.poll_event()));
        assert!(asked.len() <= OUTSTANDING_MAX);
    }
    assert_eq!(served, 1_000);
    assert!(server.wants_input());
}

#[test]
fn a_shell_that_reads_on_regardless_loses_the_connection_before_its_memory() {
    let mut server = server();
    let mut fed = 0;
    for id in 1.. {
        let frame = Frame::request(RequestId(id), deposit(DepositId([1; 16]), 1)).encode();
        fed += frame.len();
        server.handle_input(Now(0), &frame);
        if server.is_closed() {
            break;
        }
        assert!(fed < 20 * FRAME_BYTES_MAX, "still open after {fed} bytes");
    }
    assert!(server.poll_event().is_none(), "what was not begun is not begun");
}

#[test]
fn a_peer_that_asks_and_never_reads_is_not_read_from() {
    let (mut server, mut relay) = (server(), Relay::default());
    let asked = Frame::request(RequestId(1), Lookup { name: name("alice"), seq: None }).encode();
    relay.records.insert(name("alice"), vec![crate::people::first_record()]);
    let mut answer = 0;
    for _ in 0..100_000 {
        if !server.wants_input() {
            break;
        }
        let before = server.output_buffered();
        server.handle_input(Now(0), &asked);
        relay.act(Now(0), &mut server);
        answer = server.output_buffered() - before;
    }
    assert!(!server.wants_input());
    assert!(
        server.output_buffered() < UNREAD_OUTPUT_BYTES_MAX + answer,
        "not more than the one that filled it"
    );
    while server.poll_output().is_some() {}
    assert!(server.wants_input(), "reading helps");
}

/// Answers that the machine has, by kind.
fn answers(server: &mut ServerConnection) -> usize {
    core::iter::from_fn(|| server.poll_output()).count()
}

/// C19: what costs whoever asks nothing is answered so often at once and so often in a second; the rest waits.
#[test]
fn pings_beyond_those_of_a_second_wait_their_turn() {
    let mut server = server();
    let ping = Frame::request(RequestId(1), Request::Ping).encode();
    let most = FRUITLESS_PER_SECOND_MAX as usize;
    server.handle_input(Now(10), &ping.repeat(3 * most - 1));
    assert_eq!(answers(&mut server), most);
    assert_eq!(
        (server.wants_input(), server.poll_timeout()),
        (false, Some(Now(73))),
        "a sixteenth of a second"
    );
    server.handle_timeout(Now(72));
    assert_eq!(answers(&mut server), 0);
    let (mut answered, mut last) = (most, Now(10));
    while !server.wants_input() {
        last = server.poll_timeout().unwrap();
        server.handle_timeout(last);
        let few = answers(&mut server);
        assert!((1..=most / 16 + 1).contains(&few), "{few} at once");
        answered += few;
        assert!(answered <= most + most * (last.0 - 10) as usize / 1_000 + 1, "{answered} at {last:?}");
    }
    assert_eq!(answered, 3 * most - 1);
    assert!((1_900..=2_100).contains(&last.0), "in two seconds: {last:?}");
    assert_eq!(
        server.poll_timeout(),
        Some(last.after_ms(IDLE_MS_MAX)),
        "the last of them was a frame like any other"
    );
    // Whoever was quiet for a second has as many at once again.
    server.handle_input(last.after_ms(1_000), &ping.repeat(2 * most));
    assert_eq!(answers(&mut server), most);
}

/// What a refusal costs the server counts: its bytes, and a signature.
#[test]
fn a_refusal_counts_by_what_it_cost() {
    let refused_of = |frames: &dyn Fn(u32) -> Vec<u8>| {
        let (mut server, mut refused) = (server(), 0);
        for id in 1..1_000 {
            if !server.wants_input() {
                break;
            }
            server.handle_input(Now(0), &frames(id));
            while let Some(event) = server.poll_event() {
                let no = wire::Refusal::new(wire::RefusalKind::Stamp);
                match event {
                    proto::ServerEvent::Deposit { ticket, .. } => server.refuse(ticket, no),
                    proto::ServerEvent::Admit { ticket } => server.refuse(ticket, no),
                    other => panic!("{other:?}"),
                }
                refused += 1;
            }
        }
        refused
    };
    let most = FRUITLESS_PER_SECOND_MAX as usize;
    let small = |id| Frame::request(RequestId(id), deposit(DepositId([1; 16]), 1)).encode().to_vec();
    assert_eq!(refused_of(&small), most.div_ceil(2), "4 KiB and what is around them");
    let record = crate::people::first_record();
    let claim = |id| Frame::request(RequestId(id), crate::people::claim(record.clone())).encode().to_vec();
    assert_eq!(refused_of(&claim), most.div_ceil(1 + usize::from(FRUITLESS_SIGNED)));
}

/// Whoever fetched a bundle can bring it again and again, and its signature is verified each time.
#[test]
fn a_bundle_that_is_published_again_counts_like_a_refusal() {
    let (mut server, mut relay) = (server(), Relay::default());
    let claim = crate::people::claim(crate::people::first_record());
    let mut ask = |server: &mut ServerConnection, frame: Frame| {
        server.handle_input(Now(0), &frame.encode());
        relay.act(Now(0), server);
        answers(server)
    };
    assert_eq!(ask(&mut server, Frame::request(RequestId(1), claim)), 1);
    let publish = |id| Frame::request(RequestId(id), crate::people::publish(1));
    let published =
        (2..1_000).take_while(|id| server.wants_input() && ask(&mut server, publish(*id)) == 1).count();
    let most = FRUITLESS_PER_SECOND_MAX as usize;
    assert_eq!(published, most.div_ceil(usize::from(FRUITLESS_SIGNED)));
}

/// Deposits that are stored are nobody's flood.
#[test]
fn what_comes_to_something_is_not_counted() {
    let (mut server, mut relay) = (server(), Relay::default());
    let (sid, owner) = (DepositId([1; 16]), OwnerKey(crate::people::owner().public()));
    let empty = StoredMailbox { sid, owner, generations: vec![], waiting: vec![], last: 0 };
    relay.mailboxes.insert(crate::people::RID, empty);
    for id in 1..=1_000 {
        assert!(server.wants_input());
        server.handle_input(Now(0), &Frame::request(RequestId(id), deposit(sid, id as u8)).encode());
        relay.act(Now(0), &mut server);
        assert_eq!(answers(&mut server), 1);
    }
}

#[test]
fn a_frame_longer_than_any_may_be_ends_the_connection_at_its_length() {
    let mut server = server();
    let len = (FRAME_BYTES_MAX as u32 + 1).to_be_bytes();
    server.handle_input(Now(0), &len[1..]);
    assert!(server.is_closed());
}

fn known_kind() -> impl Strategy<Value = u8> {
    prop::sample::select(wire::kind::ALL.iter().map(|(kind, _)| *kind).collect::<Vec<_>>())
}

/// Frames with a right head and a body of noise, or noise altogether.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let framed =
        (known_kind(), 0u32..4, prop::collection::vec(any::<u8>(), 0..200)).prop_map(|(kind, id, body)| {
            let len = (5 + body.len()) as u32;
            let mut frame = len.to_be_bytes()[1..].to_vec();
            frame.push(kind);
            frame.extend(id.to_be_bytes());
            frame.extend(body);
            frame
        });
    let raw = prop::collection::vec(any::<u8>(), 0..300);
    prop::collection::vec(prop_oneof![4 => framed, 1 => raw], 1..8).prop_map(|frames| frames.concat())
}

/// Whole requests, cut and spoiled at one place.
fn spoiled() -> impl Strategy<Value = Vec<u8>> {
    let requests: Vec<Vec<u8>> = vec![
        Frame::request(RequestId(1), Request::Ping).encode().to_vec(),
        Frame::request(RequestId(2), Fetch { name: name("alice") }).encode().to_vec(),
        Frame::request(RequestId(3), deposit(DepositId([1; 16]), 1)).encode().to_vec(),
        Frame::request(RequestId(4), crate::people::publish(1)).encode().to_vec(),
        Frame::request(RequestId(5), crate::people::claim(crate::people::first_record())).encode().to_vec(),
    ];
    (prop::collection::vec(prop::sample::select(requests), 1..4), any::<prop::sample::Index>(), any::<u8>())
        .prop_map(|(frames, at, value)| {
            let mut stream = frames.concat();
            let at = at.index(stream.len());
            stream[at] = value;
            stream
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_server_panic(stream in prop_oneof![noise(), spoiled()], step in 1usize..64) {
        let mut server = ServerConnection::new(server_config(1), Now(0));
        let mut relay = Relay::default();
        for (at, piece) in stream.chunks(step).enumerate() {
            server.handle_input(Now(at as u64), piece);
            relay.act(Now(at as u64), &mut server);
            while server.poll_output().is_some() {}
        }
        server.handle_timeout(Now(10_000_000));
        prop_assert!(server.is_closed());
    }

    #[test]
    fn no_bytes_make_a_client_panic(stream in noise(), greeted in any::<bool>(), step in 1usize..64) {
        let mut client = ClientConnection::new(client_config(ConnectionKind::Owner), Now(0));
        if greeted {
            let welcome = ServerConnection::new(server_config(1), Now(0)).poll_output().unwrap();
            client.handle_input(Now(0), &welcome);
            client.request(Now(0), Request::Ping).unwrap();
        }
        for piece in stream.chunks(step) {
            client.handle_input(Now(1), piece);
        }
        client.input_closed();
        let last = core::iter::from_fn(|| client.poll_event()).last();
        let closed = matches!(last, Some(proto::ClientEvent::Closed { .. }));
        prop_assert!(closed);
    }
}
