//! Peers that give and do not take: pipelines without end, deliveries nobody reads (rows C19, R06, R07).

use std::io::Write;
use std::time::{Duration, Instant};

use wire::limits::{
    CROSS_OFF_INDICES_MAX, DEPOSITS_PER_SECOND_MAX, FRUITLESS_BYTES, FRUITLESS_PER_SECOND_MAX,
    KNOCKS_PER_SECOND_MAX, OUTSTANDING_MAX, UNREAD_MS_MAX,
};
use wire::request::{Ack, Await, Begin, Collect, CrossOff, Lookup, MailboxPolicy, Meet, Retire};
use wire::{
    Cursor, Frame, Generation, PairingKey, PairingShare, RefusalKind, Request, RequestId, Response,
    StampIndex,
};

use crate::support::Data;
use crate::support::peer::Peer;
use crate::support::person::{alice_with_inbox, collect, envelope, refused};
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

/// C19: who says so many of the same hears so many answers within a second, after as many at once.
fn is_paced(peer: &mut Peer, request: &Request, is_answer: impl Fn(&Response) -> bool, count: usize) {
    let most = FRUITLESS_PER_SECOND_MAX as usize;
    let began = Instant::now();
    let frame = |id: usize| Frame::request(RequestId(1_000 + id as u32), request.clone()).encode();
    peer.tls.write_all(&(1..=count).flat_map(frame).collect::<Vec<u8>>()).unwrap();
    for answered in 1..=count {
        let (id, answer) = peer.answer().expect("an answer");
        assert!(id == RequestId(1_000 + answered as u32) && is_answer(&answer), "{answer:?}");
        // As many at once as a second has, and then so many a second, a sixteenth of them at a time. The server counts
        // in whole milliseconds.
        let waited = began.elapsed() + Duration::from_millis(5);
        let paced = answered.saturating_sub(most + most / 16 + 1);
        assert!(waited.as_millis() >= (paced * 1_000 / most) as u128, "{answered} answers after {waited:?}");
    }
}

/// C19: what may be asked for as often as one likes, and is answered.
#[test]
fn what_can_be_repeated_for_the_asking_is_answered_so_many_a_second() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    let count = FRUITLESS_PER_SECOND_MAX as usize * 2;
    let (mut stranger, key) = (Peer::connect(server.port), PairingKey([9; 16]));
    let begin = Begin { number: None, key, share: PairingShare([7; 32]) };
    let Response::Begun(number) = stranger.ask(begin) else { panic!("no number") };
    let wait = Await { number, key }.into();
    is_paced(&mut stranger, &wait, |answer| matches!(answer, Response::Awaited(_)), count);
    let meet = Meet { number }.into();
    is_paced(&mut Peer::connect(server.port), &meet, |answer| matches!(answer, Response::Met(_)), count);

    assert!(matches!(Peer::connect(server.port).ask(inbox.stamped(1, envelope(1, 4096))), Response::Stored));
    let mut owner = Peer::connect(server.port);
    let slot = inbox.open(&mut owner).slot;
    let through = collect(&mut owner, slot, false)[0].cursor;
    let ack = Request::from(Ack { slot, through });
    assert!(matches!(owner.ask(ack.clone()), Response::Acked));
    is_paced(&mut owner, &ack, |answer| matches!(answer, Response::Acked), count);
    let again = Collect { slot, after: Cursor(0), credit: 64, follow: false }.into();
    let mut owner = Peer::connect(server.port);
    assert_eq!(inbox.open(&mut owner).slot, slot);
    is_paced(&mut owner, &again, |answer| matches!(answer, Response::Collecting), count);
    is_well_after_all(&data, &server);
}

/// R06: who has the same delivered again and again has it so often a second.
#[test]
fn what_was_delivered_before_comes_again_so_many_a_second() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    let mut sender = Peer::connect(server.port);
    for index in 0..40 {
        assert!(matches!(sender.ask(inbox.stamped(index, envelope(1, 4096))), Response::Stored));
    }
    let mut owner = Peer::connect(server.port);
    let slot = inbox.open(&mut owner).slot;
    let began = Instant::now();
    let times = 6;
    for _ in 0..times {
        assert_eq!(collect(&mut owner, slot, false).len(), 40);
    }
    // The first 40 are new; what is read and asked for together goes beyond the count by one read at most.
    let again = 40 * (times - 1) - FRUITLESS_PER_SECOND_MAX as u64 - 32;
    let least = Duration::from_millis(again * 1_000 / u64::from(FRUITLESS_PER_SECOND_MAX));
    assert!(began.elapsed() >= least, "{times} times in {:?}", began.elapsed());
    is_well_after_all(&data, &server);
}

/// R07: whoever repeats a deposit at a doorstep pays nothing for it, so that all of them keep a pace.
#[test]
fn deposits_without_a_stamp_keep_a_pace_whoever_brings_them() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (alice, _) = alice_with_inbox(&data, &server);
    let doorstep = alice.create(server.port, MailboxPolicy::Doorstep, 1);
    let (mut strangers, each) = ([(); 4].map(|()| Peer::connect(server.port)), 60);
    let began = Instant::now();
    for stranger in &mut strangers {
        for _ in 0..each {
            stranger.send(doorstep.knock(1));
        }
    }
    for stranger in &mut strangers {
        for _ in 0..each {
            assert!(matches!(stranger.answer(), Some((_, Response::Stored))));
        }
    }
    let paced = 4 * each - KNOCKS_PER_SECOND_MAX / 50;
    let least = Duration::from_secs(1) * (paced - 1) / KNOCKS_PER_SECOND_MAX;
    assert!(began.elapsed() >= least, "{:?}", began.elapsed());
    is_well_after_all(&data, &server);
}

/// R07: one stamp is enough to bring the same envelope again and again, so that a mailbox takes so many a second.
#[test]
fn deposits_at_one_mailbox_keep_a_pace_and_others_are_served() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (alice, inbox) = alice_with_inbox(&data, &server);
    let other = alice.create(server.port, MailboxPolicy::Doorstep, 1);
    let (mut contact, count, together) = (Peer::connect(server.port), DEPOSITS_PER_SECOND_MAX, 50);
    let again = inbox.stamped(1, envelope(1, 4096));
    let frame = |id| Frame::request(RequestId(1_000 + id), again.clone()).encode();
    let pipelined: Vec<u8> = (0..together).flat_map(frame).collect();
    let began = Instant::now();
    for round in 0..count / together {
        contact.tls.write_all(&pipelined).unwrap();
        for _ in 0..together {
            assert!(matches!(contact.answer(), Some((_, Response::Stored))));
        }
        if round % 20 == 0 {
            assert!(matches!(Peer::connect(server.port).ask(other.knock(1)), Response::Stored));
        }
    }
    let least = Duration::from_secs(1) * (count - DEPOSITS_PER_SECOND_MAX / 8 - 1) / DEPOSITS_PER_SECOND_MAX;
    assert!(began.elapsed() >= least, "{:?}", began.elapsed());
    is_well_after_all(&data, &server);
}

/// Whoever waits for the pace of a mailbox goes when it is kept, however close to that moment he asked.
#[test]
fn nobody_who_waits_for_a_pace_is_forgotten() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    let again = inbox.stamped(1, envelope(1, 4096));
    let (together, each, port) = (4, DEPOSITS_PER_SECOND_MAX / 2, server.port);
    std::thread::scope(|scope| {
        for _ in 0..together {
            scope.spawn(|| {
                let mut contact = Peer::connect(port);
                for _ in 0..each {
                    assert!(matches!(contact.ask(again.clone()), Response::Stored));
                }
            });
        }
    });
    is_well_after_all(&data, &server);
}

/// What takes several turns is done to its end before it is answered.
#[test]
fn thousands_of_stamps_are_crossed_off_and_retired() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    let mut owner = Peer::connect(server.port);
    let slot = inbox.open(&mut owner).slot;
    let (generation, most) = (Generation(0), CROSS_OFF_INDICES_MAX as u16);
    let indices = (0..most).map(StampIndex).collect();
    assert!(matches!(owner.ask(CrossOff { slot, generation, indices }), Response::CrossedOff));
    let mut sender = Peer::connect(server.port);
    for index in [0, most / 2, most - 1] {
        assert!(matches!(sender.ask(inbox.stamped(index, envelope(1, 4096))), Response::Stored));
    }
    assert!(collect(&mut owner, slot, false).is_empty(), "dropped in silence");
    assert!(matches!(sender.ask(inbox.stamped(most, envelope(2, 4096))), Response::Stored));
    for _ in 0..2 {
        assert!(matches!(owner.ask(Retire { slot, generation }), Response::Retired));
        assert_eq!(refused(sender.ask(inbox.stamped(1, envelope(1, 4096)))), RefusalKind::Stamp);
    }
    assert_eq!(collect(&mut owner, slot, false).len(), 1);
    is_well_after_all(&data, &server);
}

/// C19: who asks for nothing but answers waits his turn with what is too much for a second, on that connection alone.
#[test]
fn pings_without_end_are_answered_so_many_a_second() {
    let data = Data::new();
    let server = data.serve(&[]);
    let pings = FRUITLESS_PER_SECOND_MAX as usize * 4;
    let (mut peer, began) = (Peer::connect(server.port), Instant::now());
    let is_pong = |answer: &Response| {
        let others = Peer::connect(server.port).ask(Request::Ping);
        matches!((answer, others), (Response::Pong, Response::Pong))
    };
    is_paced(&mut peer, &Request::Ping, is_pong, pings);
    let took = began.elapsed();
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

/// R06: whoever takes little is not whoever takes nothing, though the system says only after a third of what it keeps for
/// him that there is room again.
#[test]
fn a_receiver_who_reads_slowly_and_steadily_is_not_closed() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    let mut sender = Peer::connect(server.port);
    for index in 0..120_u16 {
        let deposit = inbox.stamped(index, envelope(index as u8, 65_536));
        assert!(matches!(sender.ask(deposit), Response::Stored), "deposit {index}");
    }
    let mut owner = Peer::connect(server.port);
    let slot = inbox.open(&mut owner).slot;
    owner.send(Collect { slot, after: Cursor(0), credit: 120, follow: false });
    let (began, patience) = (Instant::now(), Duration::from_millis(UNREAD_MS_MAX) * 3 / 2);
    let mut taken = [0; 4_096];
    while began.elapsed() < patience {
        std::io::Read::read_exact(&mut owner.tls.sock, &mut taken).unwrap();
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(data.counters()["unread"].as_u64(), Some(0), "closed although it read until now");
}
