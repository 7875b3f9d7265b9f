//! A connection cut at any byte has executed whole requests only.

use proto::{ClientConnection, ClientEvent, Now, ServerConnection};
use wire::request::{Collect, Fetch, Lookup};
use wire::{ConnectionKind, Cursor, Response};

use crate::people::*;
use crate::relay::Relay;
use crate::stories::{drop_in, join, make_inbox};
use crate::wire_between::{Chop, Pair, client_config, server_config};

/// Where the frames of a stream end.
fn ends(stream: &[u8]) -> Vec<usize> {
    let mut ends = vec![0];
    while let Some([a, b, c]) = stream.get(*ends.last().unwrap()..).and_then(|rest| rest.first_chunk::<3>()) {
        let len = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        ends.push(ends.last().unwrap() + 3 + len);
    }
    ends
}

/// What a relay in this state executes of a stream that is cut.
fn executed(before: &Relay, nonce: u8, stream: &[u8]) -> Vec<&'static str> {
    let mut relay = before.clone();
    let mut server = ServerConnection::new(server_config(nonce), Now(1_000));
    let (mut fed, mut quiet) = (0, false);
    // Owner requests name slots of answers, so the stream is fed frame by frame, answers in between.
    for end in ends(stream).into_iter().skip(1).chain([stream.len()]) {
        let end = end.min(stream.len());
        server.handle_input(Now(1_000), &stream[fed..end]);
        relay.act(Now(1_000), &mut server);
        while server.poll_output().is_some() {
            relay.act(Now(1_000), &mut server);
        }
        quiet |= end == stream.len();
        fed = end;
    }
    assert!(quiet);
    server.input_closed();
    relay.act(Now(1_000), &mut server);
    assert!(server.is_closed());
    relay.log.split_off(before.log.len())
}

fn every_cut(before: &Relay, nonce: u8, stream: &[u8]) {
    let ends = ends(stream);
    let whole: Vec<_> = ends.iter().map(|end| executed(before, nonce, &stream[..*end])).collect();
    assert!(whole.windows(2).all(|pair| pair[1].starts_with(&pair[0])));
    assert_ne!(whole.first(), whole.last(), "the story does something");
    for (frame, bounds) in ends.windows(2).enumerate() {
        for cut in bounds[0]..bounds[1] {
            assert_eq!(executed(before, nonce, &stream[..cut]), whole[frame], "cut at {cut} of {bounds:?}");
        }
    }
}

#[test]
fn a_registry_connection_cut_anywhere_executes_whole_requests_only() {
    let sent = join(&mut Relay::default(), Chop::Whole).sent;
    every_cut(&Relay::default(), 1, &sent);
}

#[test]
fn an_owner_connection_cut_anywhere_executes_whole_requests_only() {
    let mut relay = Relay::default();
    let (mut owner, slot, sid) = make_inbox(&mut relay, Chop::Whole);
    relay.store(sid, &stamped(1), envelope(1));
    owner.ask(&mut relay, Collect { slot, after: Cursor(0), credit: 1, follow: true });
    let mut before = Relay::default();
    // The mailbox is made by the stream itself; its contents are not, so acks are left to the pair.
    every_cut(&before, 2, &owner.sent);
    before.log.clear();
}

#[test]
fn a_deposit_connection_cut_anywhere_executes_whole_requests_only() {
    let mut relay = Relay::default();
    let (_, _, sid) = make_inbox(&mut relay, Chop::Whole);
    let before = relay.clone();
    let sent = drop_in(&mut relay, Chop::Whole, sid, 2).sent;
    every_cut(&before, 3, &sent);
}

#[test]
fn a_client_whose_server_is_cut_off_anywhere_hears_whole_answers_only() {
    let relay = &mut Relay::default();
    join(relay, Chop::Whole);
    let ask = |client: &mut ClientConnection| {
        client.request(Now(0), Lookup { name: name("alice"), seq: Some(0) }).unwrap();
        client.request(Now(0), Fetch { name: name("alice") }).unwrap();
    };
    let mut pair = Pair::new(ConnectionKind::Anonymous, Chop::Whole, 4);
    ask(&mut pair.client);
    let mut spoken: Vec<u8> = vec![];
    for _ in 0..4 {
        while let Some(frame) = pair.server.poll_output() {
            pair.client.handle_input(pair.now, &frame);
            spoken.extend(&frame);
        }
        while let Some(frame) = pair.client.poll_output() {
            pair.server.handle_input(pair.now, &frame);
        }
        relay.act(pair.now, &mut pair.server);
    }
    let ends = ends(&spoken);
    assert_eq!(ends.len(), 4, "WELCOME, RECORD, BUNDLE");
    for cut in 0..spoken.len() {
        let mut client = ClientConnection::new(client_config(ConnectionKind::Anonymous), Now(0));
        ask(&mut client);
        client.handle_input(Now(1), &spoken[..cut]);
        client.input_closed();
        let heard: Vec<_> = core::iter::from_fn(|| client.poll_event()).collect();
        let whole = ends.iter().filter(|end| **end <= cut).count() - 1;
        assert_eq!(heard.len(), whole + 1, "cut at {cut}");
        assert!(matches!(heard.last(), Some(ClientEvent::Closed { reason: proto::CloseReason::Theirs })));
        assert!(heard.iter().skip(1).take(whole.saturating_sub(1)).all(|event| matches!(
            event,
            ClientEvent::Answered { response: Response::Record(_) | Response::Bundle(_), .. }
        )));
    }
}
