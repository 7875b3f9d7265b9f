//! Virtual time: greetings, silence, keep-alive.

use proto::{ClientConnection, ClientEvent, CloseReason, Now, ServerConnection};
use wire::limits::{HANDSHAKE_MS_MAX, IDLE_MS_MAX, KEEP_ALIVE_MS};
use wire::request::Fetch;
use wire::{ConnectionKind, Frame, Request, RequestId, Response};

use crate::people::name;
use crate::relay::Relay;
use crate::wire_between::{Chop, Pair, client_config, server_config};

#[test]
fn a_peer_that_asks_nothing_is_gone_after_the_handshake_time() {
    let mut server = ServerConnection::new(server_config(1), Now(0));
    assert_eq!(server.poll_timeout(), Some(Now(HANDSHAKE_MS_MAX)));
    // Half a frame is not a frame.
    server.handle_input(Now(HANDSHAKE_MS_MAX - 1), &[0, 0, 5, 2]);
    server.handle_timeout(Now(HANDSHAKE_MS_MAX - 1));
    assert!(!server.is_closed());
    server.handle_timeout(Now(HANDSHAKE_MS_MAX));
    assert!(server.is_closed() && server.poll_output().is_none());
}

#[test]
fn a_silent_connection_is_closed_and_a_slow_drip_of_bytes_is_silence() {
    let mut server = ServerConnection::new(server_config(1), Now(0));
    let ping = Frame::request(RequestId(1), Request::Ping).encode();
    server.handle_input(Now(5), &ping);
    assert_eq!(server.poll_timeout(), Some(Now(5 + IDLE_MS_MAX)));
    for at in 1..10 {
        server.handle_input(Now(at * 10_000), &[0]);
    }
    server.handle_timeout(Now(5 + IDLE_MS_MAX));
    assert!(server.is_closed());
}

#[test]
fn keep_alive_keeps_a_quiet_connection_alive_for_a_day() {
    let relay = &mut Relay::default();
    let mut pair = Pair::new(ConnectionKind::Owner, Chop::Whole, 1);
    assert_eq!(pair.ask(relay, Request::Ping), Response::Pong);
    assert_eq!(pair.client.poll_timeout(), Some(Now(1_000 + KEEP_ALIVE_MS)));
    let mut pings = 0;
    while pair.now < Now(86_400_000) {
        let due =
            [pair.client.poll_timeout(), pair.server.poll_timeout()].into_iter().flatten().min().unwrap();
        pair.now = due;
        pair.client.handle_timeout(pair.now);
        pair.server.handle_timeout(pair.now);
        pair.settle(relay);
        pings += 1;
        assert!(!pair.client.is_closed() && !pair.server.is_closed());
    }
    assert!((350..370).contains(&pings), "{pings} in a day");
    assert!(
        pair.heard.iter().all(|event| matches!(event, ClientEvent::Ready { .. })),
        "nobody is told of it"
    );
}

#[test]
fn a_server_that_does_not_greet_is_given_up() {
    let mut client = ClientConnection::new(client_config(ConnectionKind::Owner), Now(0));
    client.handle_timeout(client.poll_timeout().unwrap());
    assert!(matches!(client.poll_event(), Some(ClientEvent::Closed { reason: CloseReason::NoWelcome })));
    assert!(client.is_closed() && client.poll_timeout().is_none());
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let mut pair = Pair::new(ConnectionKind::Anonymous, Chop::Whole, 1);
    pair.settle(&mut Relay::default());
    pair.client.request(pair.now, Fetch { name: name("alice") }).unwrap();
    let due = pair.client.poll_timeout().unwrap();
    assert_eq!(due, pair.now.after_ms(proto::client::ANSWER_MS_MAX));
    pair.client.handle_timeout(due);
    assert!(matches!(pair.client.poll_event(), Some(ClientEvent::Closed { reason: CloseReason::Silent })));
}

/// P11: what was asked is answered, what comes later is not begun.
#[test]
fn a_stopping_server_answers_what_is_outstanding_and_begins_nothing() {
    let relay = &mut Relay::default();
    let mut pair = Pair::new(ConnectionKind::Anonymous, Chop::Whole, 1);
    pair.settle(relay);
    let first = pair.client.request(pair.now, Fetch { name: name("alice") }).unwrap();
    let frame = pair.client.poll_output().unwrap();
    pair.server.handle_input(pair.now, &frame);
    pair.server.stop();
    assert!(!pair.server.wants_input() && !pair.server.is_closed());
    let second = pair.client.request(pair.now, Fetch { name: name("alice") }).unwrap();
    pair.settle(relay);
    assert!(matches!(pair.answer_to(first), Response::Refused(_)));
    assert!(pair.answer_if_any(second).is_none());
    assert!(pair.server.is_closed());
    assert_eq!(relay.log, ["fetch"]);
}
