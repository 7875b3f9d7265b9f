//! Who sits on the path, or speaks to the socket without being a client at all (rows N05–N11, N14–N18).

use std::io::Write;
use std::time::Duration;

use rustls::NamedGroup;
use rustls::crypto::SupportedKxGroup;
use rustls::crypto::aws_lc_rs::kx_group;
use wire::request::{Ack, Collect, CrossOff, Generate, Lookup, MailboxPolicy, Retire};
use wire::{Cursor, Generation, Notice, Request, Response, StampIndex, StampKey};

use crate::line::{Line, client_hello, dial, rest};
use crate::support::peer::{Peer, handshake_by};
use crate::support::person::{Mailbox, alice_with_inbox, envelope};
use crate::support::{Data, Server};
use crate::{is_well, is_well_after_all, many};

fn waiting(inbox: &Mailbox, server: &Server) -> u32 {
    inbox.open(&mut Peer::connect(server.port)).waiting
}

/// N06: the bytes of a whole session, played again and again, are a handshake that fails.
#[test]
fn a_recorded_session_played_again_changes_nothing() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    let mut line = Line::connect(server.port);
    let frame = line.frame(inbox.stamped(1, envelope(1, 4096)));
    let records = line.seal(&frame);
    assert!(line.put(&records));
    assert!(matches!(line.hear().unwrap().body, wire::Body::Response(Response::Stored)));
    let before = data.counters();
    let plays = many(100, 1_000);
    for _ in 0..plays {
        let mut socket = dial(server.port);
        let _closed_meanwhile = socket.write_all(&line.recorded);
        rest(&mut socket);
    }
    let after = data.counters();
    let grown = |name: &str| after[name].as_u64().unwrap() - before[name].as_u64().unwrap();
    assert_eq!((grown("handshakes_failed"), grown("stored"), grown("refused")), (plays as u64, 0, 0));
    assert_eq!(waiting(&inbox, &server), 1);
}

/// What a man in the middle does to the records of one session.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Repeat,
    Swap,
    Drop,
    Reflect,
    Insert,
    Flip(usize),
}

/// N07, N08, N10, N11, N14: each of these is noticed at the record that it touches; what came whole before it
/// was executed, nothing behind it is, and the client that comes again loses and doubles nothing.
#[test]
fn records_repeated_swapped_dropped_reflected_inserted_or_flipped_end_the_connection() {
    const RECORDS: u16 = 4;
    let data = Data::new();
    let server = data.serve(&[]);
    let (alice, _) = alice_with_inbox(&data, &server);
    let inbox = alice.create(server.port, MailboxPolicy::Inbox, 1);
    let mut owner = Peer::connect(server.port);
    let slot = inbox.open(&mut owner).slot;
    inbox.generate(&mut owner, slot);
    let mut used = 0;
    let mut ends = Vec::new();
    let flips = [5, 6, 40, 2_000, 4_000].map(Deed::Flip);
    let deeds = [Deed::Repeat, Deed::Swap, Deed::Drop, Deed::Reflect, Deed::Insert];
    for deed in deeds.into_iter().chain(flips) {
        for at in 0..usize::from(RECORDS) - 1 {
            let deposits: Vec<_> = (used..used + RECORDS)
                .map(|index| inbox.stamped(index, envelope(index as u8, 4096)))
                .collect();
            used += RECORDS;
            let mut line = Line::connect(server.port);
            let frames: Vec<_> = deposits.iter().map(|deposit| line.frame(deposit.clone())).collect();
            let records: Vec<_> = frames.iter().map(|frame| line.seal(frame)).collect();
            let mut theirs = None;
            for record in &records[..at] {
                assert!(line.put(record), "{deed:?}");
                let answer = line.raw();
                assert!(!answer.is_empty());
                theirs = Some(answer);
            }
            let mut evil: Vec<Vec<u8>> = records[at..].to_vec();
            match deed {
                Deed::Repeat => evil.insert(1, records[at].clone()),
                Deed::Swap => evil.swap(0, 1),
                Deed::Drop => drop(evil.remove(0)),
                Deed::Reflect => evil.insert(0, theirs.unwrap_or_else(|| vec![23, 3, 3, 0, 1, 0])),
                Deed::Insert => evil.insert(0, [&[23, 3, 3, 0, 32][..], &[7; 32]].concat()),
                Deed::Flip(byte) => {
                    // Alone, so that nothing unread behind it cuts the server's last word short.
                    evil.truncate(1);
                    evil[0][byte] ^= 1;
                }
            }
            for record in &evil {
                let _closed_meanwhile = line.put(record);
            }
            if let Deed::Flip(_) = deed {
                ends.push(line.rest());
            } else {
                line.rest();
            }
            // A record repeated was whole the first time; whether it came to that is a matter of how they arrive.
            let (before, now) = (u32::from(used - RECORDS) + at as u32, waiting(&inbox, &server));
            let repeated = matches!(deed, Deed::Repeat) && now == before + 1;
            assert!(now == before || repeated, "{deed:?} at record {at}: {now} instead of {before}");
            // The client comes again with the same bytes.
            let mut again = Peer::connect(server.port);
            for deposit in deposits {
                assert!(matches!(again.ask(deposit), Response::Stored), "{deed:?} at record {at}");
            }
            assert_eq!(waiting(&inbox, &server), u32::from(used), "{deed:?} at record {at}");
        }
    }
    // Whatever was broken, and wherever: the same bytes in answer, an alert and the end.
    assert!(ends.iter().all(|len| *len == ends[0]), "{ends:?}");
    is_well_after_all(&data, &server);
}

/// One kind of request with a connection on which it is in its place.
struct Case<'a> {
    name: &'static str,
    prepare: Box<dyn Fn(&mut Line) + 'a>,
    request: Box<dyn Fn() -> Request + 'a>,
    /// Whether what the request asks for is as if it had never been asked.
    untouched: Box<dyn Fn() -> bool + 'a>,
}

/// N09: a connection that ends after any byte of a request has not made it, whether the end was said or not,
/// and whether the cut lies in the frame or in the record around it; the whole request afterwards is taken.
#[test]
fn a_request_cut_at_any_byte_is_not_executed_and_its_repetition_is() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (alice, inbox) = alice_with_inbox(&data, &server);
    let mut sender = Peer::connect(server.port);
    for index in 0..3 {
        assert!(matches!(sender.ask(inbox.stamped(index, envelope(1, 4096))), Response::Stored));
    }
    let (creation, _) = alice.creation(MailboxPolicy::Doorstep, 3);
    let open = |line: &mut Line| {
        let opening = inbox.opening(&line.proof);
        said(line, opening);
    };
    let collect = |line: &mut Line| {
        open(line);
        said(line, Collect { slot: wire::Slot(0), after: Cursor(0), credit: 8, follow: false });
        while !matches!(line.hear().unwrap().body, wire::Body::Notice(Notice::Drained(_))) {}
    };
    let slot = wire::Slot(0);
    let opened = || inbox.open(&mut Peer::connect(server.port));
    let generation = Generation(9);
    let cases = [
        Case {
            name: "DEPOSIT",
            prepare: Box::new(|_| {}),
            request: Box::new(|| inbox.stamped(9, envelope(9, 4096)).into()),
            untouched: Box::new(|| opened().waiting == 3),
        },
        Case {
            name: "LOOKUP",
            prepare: Box::new(|_| {}),
            request: Box::new(|| Lookup { name: alice.name.clone(), seq: None }.into()),
            untouched: Box::new(|| true),
        },
        Case {
            name: "CREATE",
            prepare: Box::new(|_| {}),
            request: Box::new(|| creation.clone().into()),
            untouched: Box::new(|| mailboxes(&data) == 1),
        },
        Case {
            name: "GENERATE",
            prepare: Box::new(open),
            request: Box::new(|| Generate { slot, generation, key: StampKey([9; 32]) }.into()),
            untouched: Box::new(|| opened().generations == [Generation(0)]),
        },
        Case {
            name: "CROSS_OFF",
            prepare: Box::new(open),
            request: Box::new(|| {
                let indices = (100..110).map(StampIndex).collect();
                CrossOff { slot, generation: Generation(0), indices }.into()
            }),
            untouched: Box::new(|| true),
        },
        Case {
            name: "ACK",
            prepare: Box::new(collect),
            request: Box::new(|| Ack { slot, through: Cursor(3) }.into()),
            untouched: Box::new(|| opened().waiting >= 3),
        },
        Case {
            name: "RETIRE",
            prepare: Box::new(open),
            request: Box::new(|| Retire { slot, generation: Generation(0) }.into()),
            untouched: Box::new(|| opened().generations.contains(&Generation(0))),
        },
    ];
    let mut cuts = 0;
    for case in &cases {
        let length = Line::connect(server.port).frame((case.request)()).len();
        for at in (0..length).filter(|at| *at < 48 || *at + 8 > length || at % many(197, 1) == 0) {
            for in_record in [false, true] {
                let mut line = Line::connect(server.port);
                (case.prepare)(&mut line);
                let frame = line.frame((case.request)());
                let bytes = if in_record { line.seal(&frame) } else { line.seal(&frame[..at]) };
                line.put(if in_record { &bytes[..at] } else { &bytes });
                match cuts % 2 {
                    0 => line.end(),
                    _ => drop(line),
                }
                cuts += 1;
            }
        }
        // Those cut without a word may still be under way: a later answer shows that nothing came of them.
        is_well(&server);
        assert!((case.untouched)(), "{} was executed in part", case.name);
        let mut line = Line::connect(server.port);
        (case.prepare)(&mut line);
        said(&mut line, (case.request)());
        assert!(case.name == "LOOKUP" || case.name == "CROSS_OFF" || !(case.untouched)(), "{}", case.name);
    }
    println!("{cuts} cuts of {} kinds of request, 0 executed in part", cases.len());
    is_well_after_all(&data, &server);
}

/// Asks, and is not refused.
fn said(line: &mut Line, request: impl Into<Request>) {
    let frame = line.frame(request);
    let record = line.seal(&frame);
    assert!(line.put(&record));
    match line.hear().expect("an answer").body {
        wire::Body::Response(Response::Refused(refusal)) => panic!("{refusal:?}"),
        wire::Body::Response(_) => {}
        other => panic!("no answer: {other:?}"),
    }
}

fn mailboxes(data: &Data) -> u64 {
    let status: serde_json::Value = serde_json::from_slice(&data.run(&["status", "--json"]).stdout).unwrap();
    status["mailboxes"].as_u64().unwrap()
}

/// N05: whoever alters the first flight, to take away a version, a group or anything else, gets no connection.
#[test]
fn a_first_flight_altered_on_its_way_ends_in_no_connection() {
    let data = Data::new();
    let server = data.serve(&[]);
    let hello = client_hello();
    let supported = hello.windows(7).position(|part| part == [0, 43, 0, 3, 2, 3, 4]).expect("only TLS 1.3");
    let mut altered = 0;
    // Behind the record's and the message's head and the legacy version, which nobody reads.
    for at in (11..hello.len()).step_by(many(29, 1)).chain([supported + 6]) {
        let flipped = |mut hello: Vec<u8>| {
            hello[at] ^= 1;
            hello
        };
        assert!(Line::connect_through(server.port, flipped).is_none(), "byte {at} may be altered");
        altered += 1;
    }
    let old = |mut hello: Vec<u8>| {
        hello[supported + 5..supported + 7].copy_from_slice(&[3, 3]);
        hello
    };
    assert!(Line::connect_through(server.port, old).is_none(), "TLS 1.2 was spoken");
    println!("{altered} altered first flights, 0 connections");
    is_well_after_all(&data, &server);
}

/// N05: who can do no hybrid key exchange, whatever else he can do, hears an alert and not one frame.
#[test]
fn a_client_without_the_hybrid_key_exchange_is_turned_away() {
    let data = Data::new();
    let server = data.serve(&[]);
    let classical: [&dyn SupportedKxGroup; 3] = [kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];
    for groups in classical.map(|group| vec![group]).into_iter().chain([classical.to_vec()]) {
        let ended = handshake_by(server.port, groups.clone()).map(drop).unwrap_err();
        assert!(ended.to_string().contains("HandshakeFailure"), "{groups:?}: {ended}");
    }
    let hybrid: Vec<&dyn SupportedKxGroup> = vec![kx_group::X25519, kx_group::X25519MLKEM768];
    let tls = handshake_by(server.port, hybrid).unwrap();
    let chosen = tls.conn.negotiated_key_exchange_group().unwrap().name();
    assert_eq!(chosen, NamedGroup::X25519MLKEM768, "who can do both does it");
    is_well_after_all(&data, &server);
}

/// N15, N16: what may not come first, or not yet, is closed, and nothing of it is executed.
#[test]
fn illegal_first_words_are_closed() {
    let data = Data::new();
    let server = data.serve(&[]);
    let hello = client_hello();
    let record = |kind: u8, body: &[u8]| {
        [&[kind, 3, 3][..], &u16::try_from(body.len()).unwrap().to_be_bytes(), body].concat()
    };
    let ping = wire::Frame::request(wire::RequestId(1), Request::Ping).encode();
    let words: Vec<(&str, Vec<u8>)> = vec![
        ("application data first", record(23, &ping)),
        ("application data behind the hello", [hello.clone(), record(23, &ping)].concat()),
        ("the hello twice", [hello.clone(), hello.clone()].concat()),
        ("a Finished first", record(22, &[20, 0, 0, 32].into_iter().chain([0; 32]).collect::<Vec<_>>())),
        ("a ServerHello", record(22, &[2, 0, 0, 40].into_iter().chain([0; 40]).collect::<Vec<_>>())),
        ("an unknown message", record(22, &[99, 0, 0, 0])),
        ("an empty record", record(22, &[])),
        ("a fatal alert", record(21, &[2, 40])),
        ("an unknown record", record(99, b"hello")),
        ("a record longer than any", [&[22, 3, 1, 0xff, 0xff][..], &[1; 4096]].concat()),
        ("a hello longer than any", record(22, &[1, 0xff, 0xff, 0xff, 3, 3])),
        ("SSL 2", vec![0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10, 1, 0, 0x80]),
        ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        ("a plain frame", ping.to_vec()),
    ];
    for (what, word) in words {
        let mut socket = dial(server.port);
        let _closed_meanwhile = socket.write_all(&word);
        let _gone = socket.shutdown(std::net::Shutdown::Write);
        let said = rest(&mut socket);
        assert!(said.len() < 8_192, "{what}: {} bytes in answer", said.len());
    }
    is_well_after_all(&data, &server);
}

/// N17: a hello in pieces of one byte, on the socket or in records of their own, harms nobody.
#[test]
fn a_hello_in_single_bytes_and_in_records_of_one_byte_harms_nobody() {
    let data = Data::new();
    let server = data.serve(&[]);
    let mut socket = dial(server.port);
    for byte in client_hello() {
        socket.write_all(&[byte]).unwrap();
    }
    assert!(std::io::Read::read(&mut socket, &mut [0; 64]).unwrap() > 0, "a ServerHello");
    drop(socket);
    // Whether such a handshake ends well is the TLS library's choice; that the server lives is ours.
    let pieces = |hello: Vec<u8>| hello[5..].iter().flat_map(|byte| [22, 3, 1, 0, 1, *byte]).collect();
    let connected = Line::connect_through(server.port, pieces).is_some();
    println!("records of one byte: {}", if connected { "understood" } else { "closed" });
    for cut in [1, 4, 5, 6, 9, 43, 100] {
        let halves = |hello: Vec<u8>| {
            let (one, two) = hello[5..].split_at(cut);
            let record = |part: &[u8]| [&[22, 3, 1][..], &(part.len() as u16).to_be_bytes(), part].concat();
            [record(one), record(&[]), record(two)].concat()
        };
        let _either = Line::connect_through(server.port, halves);
    }
    is_well_after_all(&data, &server);
}

/// N18: goodbyes, warnings and empty records in the middle of a handshake cost next to nothing.
#[test]
fn goodbyes_in_the_handshake_cost_no_time() {
    let data = Data::new();
    let server = data.serve(&[]);
    let goodbye = [21, 3, 3, 0, 2, 1, 0];
    let hello = client_hello();
    let before = server.cpu();
    let rounds: u32 = 20;
    for _ in 0..rounds {
        for words in [
            [&goodbye[..], &hello].concat(),
            [&hello[..], &goodbye].concat(),
            goodbye.repeat(100),
            [&hello[..100], &goodbye].concat(),
            [22, 3, 3, 0, 0].repeat(1_000),
            [20, 3, 3, 0, 1, 1].repeat(1_000),
        ] {
            let mut socket = dial(server.port);
            let _closed_meanwhile = socket.write_all(&words);
            let _gone = socket.shutdown(std::net::Shutdown::Write);
            rest(&mut socket);
        }
    }
    let each = (server.cpu() - before) / (rounds * 6);
    assert!(each < Duration::from_millis(50), "{each:?} of CPU for one such handshake");
    is_well_after_all(&data, &server);
}
