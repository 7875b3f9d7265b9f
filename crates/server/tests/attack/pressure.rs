//! Peers that give and do not take: pipelines without end, deliveries nobody reads (rows C19, R06, R07).

use std::io::Write;
use std::time::{Duration, Instant};

use wire::limits::{FRUITLESS_BYTES, FRUITLESS_PER_SECOND_MAX, OUTSTANDING_MAX, UNREAD_MS_MAX};
use wire::request::{Collect, Lookup};
use wire::{Cursor, Frame, RefusalKind, Request, RequestId, Response};

use crate::support::Data;
use crate::support::peer::Peer;
use crate::support::person::{alice_with_inbox, envelope, refused};
use crate::{is_well_after_all, many};

/// C19, R06: a hundred thousand requests without reading one answer. The server stops reading, keeps no more
/// than its bounds, closes when nothing was taken for [`UNREAD_MS_MAX`], and serves everybody else meanwhile.
#[test]
fn a_hundred_thousand_requests_without_reading_are_not_kept() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (alice, inbox) = alice_with_inbox(&data, &server);
    let before = server.resident_kib();
    let pipelines = many(4, 16);
    let (mut peers, mut poured) = (Vec::new(), 0);
    for _ in 0..pipelines {
        let mut peer = Peer::connect(server.port);
        peer.tls.sock.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
        let lookup =
            |id| Frame::request(RequestId(id), Lookup { name: alice.name.clone(), seq: None }).encode();
        let batch = |at: u32| (1..=1_000).flat_map(|id| lookup(at * 1_000 + id)).collect::<Vec<u8>>();
        let sent = 1_000 * (0..2_000).take_while(|at| peer.tls.write_all(&batch(*at)).is_ok()).count();
        assert!((10_000..2_000_000).contains(&sent), "{sent} requests went somewhere");
        poured += sent;
        peers.push(peer);
    }
    let stalled = Instant::now();
    let grown = server.resident_kib().saturating_sub(before);
    assert!(grown < 4_096 * pipelines as u64 + 8_192, "{grown} KiB for {pipelines} pipelines");
    for index in 0..20 {
        let stored = Peer::connect(server.port).ask(inbox.stamped(index, envelope(1, 4096)));
        assert!(matches!(stored, Response::Stored));
    }
    let late = Duration::from_millis(UNREAD_MS_MAX) + Duration::from_secs(15);
    while data.counters()["unread"].as_u64().unwrap() < pipelines as u64 {
        assert!(stalled.elapsed() < late, "{}", data.counters());
        std::thread::sleep(Duration::from_millis(250));
    }
    println!(
        "promise P8: {poured} requests on {pipelines} connections that read nothing, {grown} KiB, closed after {:?}",
        stalled.elapsed()
    );
    is_well_after_all(&data, &server);
}

/// C19: whoever reads gets every answer of a long pipeline, in the order of storage.
#[test]
fn a_long_pipeline_is_answered_to_its_end_for_who_reads() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (alice, _) = alice_with_inbox(&data, &server);
    let mut peer = Peer::connect(server.port);
    let lookups: usize = many(20_000, 200_000);
    let (mut sent, mut answered) = (0, 0);
    while answered < lookups {
        let mut bytes = Vec::new();
        while sent < lookups && sent - answered < OUTSTANDING_MAX {
            sent += 1;
            let lookup = Lookup { name: alice.name.clone(), seq: None };
            bytes.extend(Frame::request(RequestId(sent as u32), lookup).encode());
        }
        peer.tls.write_all(&bytes).unwrap();
        let (id, answer) = peer.answer().expect("an answer");
        answered += 1;
        assert_eq!((id, matches!(answer, Response::Record(_))), (RequestId(answered as u32), true));
    }
    is_well_after_all(&data, &server);
}

/// C19: who asks for nothing but answers waits his turn with what is too much for a second, on that connection alone.
#[test]
fn pings_without_end_are_answered_so_many_a_second() {
    let data = Data::new();
    let server = data.serve(&[]);
    let mut peer = Peer::connect(server.port);
    let (seconds, most) = (3, FRUITLESS_PER_SECOND_MAX as usize);
    let ping = |id: usize| Frame::request(RequestId(id as u32), Request::Ping).encode();
    let began = Instant::now();
    peer.tls.write_all(&(1..=most * (seconds + 1)).flat_map(ping).collect::<Vec<u8>>()).unwrap();
    for answered in 1..=most * (seconds + 1) {
        let (id, answer) = peer.answer().expect("an answer");
        assert_eq!((id, matches!(answer, Response::Pong)), (RequestId(answered as u32), true));
        // As many at once as a second has, and then so many a second, a sixteenth of them at a time. The server counts
        // in whole milliseconds.
        let waited = began.elapsed() + Duration::from_millis(5);
        let paced = answered.saturating_sub(most + most / 16 + 1);
        assert!(
            waited.as_millis() >= (paced * 1_000 / most) as u128,
            "{answered} answers after {:?}",
            began.elapsed()
        );
        if answered % most == 1 {
            assert!(
                matches!(Peer::connect(server.port).ask(Request::Ping), Response::Pong),
                "others are served"
            );
        }
    }
    let (pings, took) = (most * (seconds + 1), began.elapsed());
    println!("promise P8: {pings} pings at once on a connection, answered in {took:?}, others meanwhile");
    is_well_after_all(&data, &server);
}

/// R06, R07: a receiver who follows and never reads holds up neither those who write to him nor anybody else;
/// he is closed, and what he did not acknowledge comes again.
#[test]
fn a_receiver_who_never_reads_holds_up_nobody_and_loses_nothing() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    let before = server.resident_kib();
    let mut owner = Peer::connect(server.port);
    let slot = inbox.open(&mut owner).slot;
    owner.send(Collect { slot, after: Cursor(0), credit: 256, follow: true });
    let mut sender = Peer::connect(server.port);
    let stored = 160_u16;
    for index in 0..stored {
        let deposit = inbox.stamped(index, envelope(index as u8, 65_536));
        assert!(matches!(sender.ask(deposit), Response::Stored), "deposit {index}");
    }
    let stalled = Instant::now();
    let grown = server.resident_kib().saturating_sub(before);
    // The store's own caches take their part of ten megabytes of envelopes; the receiver's part is bounded.
    assert!(grown < 96 * 1024, "{grown} KiB");
    let late = Duration::from_millis(UNREAD_MS_MAX) + Duration::from_secs(15);
    while data.counters()["unread"].as_u64().unwrap() == 0 {
        assert!(stalled.elapsed() < late, "a receiver who never reads is still there");
        std::thread::sleep(Duration::from_millis(250));
    }
    let mut again = Peer::connect(server.port);
    assert_eq!(inbox.open(&mut again).waiting, u32::from(stored));
    let slot = wire::Slot(0);
    assert!(matches!(
        again.ask(Collect { slot, after: Cursor(0), credit: 256, follow: false }),
        Response::Collecting
    ));
    let mut found = 0;
    while let wire::Notice::Deliver(delivered) = again.notice() {
        assert_eq!(delivered.envelope.as_bytes()[0], found as u8);
        found += 1;
    }
    assert_eq!(found, stored);
    is_well_after_all(&data, &server);
}

/// R07: one who floods an inbox with stamps that are none is refused each time, without a sync, and the inbox
/// stays as open to others as it was.
#[test]
fn deposits_under_bad_stamps_leave_an_inbox_as_it_was() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    let commits = || data.counters()["commits"].as_u64().unwrap();
    let before = server.resident_kib();
    let flood = many(2_000, 50_000);
    let mut bad = inbox.stamped(1, envelope(1, 65_536));
    if let wire::DepositAuth::Stamped { tag, .. } = &mut bad.auth {
        tag.0[0] ^= 1;
    }
    // So many of this size are answered at once on a connection; who has more comes again.
    let at_once = (FRUITLESS_PER_SECOND_MAX as usize).div_ceil(1 + 65_536 / FRUITLESS_BYTES);
    let mut refusals = 0;
    let committed = commits();
    while refusals < flood {
        let mut evil = Peer::connect(server.port);
        for _ in 0..at_once {
            evil.send(bad.clone());
        }
        for _ in 0..at_once {
            let (_, answer) = evil.answer().unwrap();
            assert_eq!(refused(answer), RefusalKind::Stamp);
        }
        refusals += at_once;
        if refusals % 100 == 0 {
            let index = (refusals / 100) as u16;
            let stored = Peer::connect(server.port).ask(inbox.stamped(index, envelope(1, 4096)));
            assert!(matches!(stored, Response::Stored));
        }
    }
    println!("{} batches for {flood} bad stamps", commits() - committed);
    let grown = server.resident_kib().saturating_sub(before);
    assert!(grown < 48 * 1024, "{grown} KiB");
    is_well_after_all(&data, &server);
}
