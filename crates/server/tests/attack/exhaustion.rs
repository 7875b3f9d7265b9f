//! Crowds: slow, many, half finished, noisy (rows R01, R03–R05, R08, R09, R13).
//!
//! Sizes are bounded; `OUBLIETTE_LONG=1` runs them as large as the rows say. What an honest peer feels of it is
//! measured by `bench flood`; here he is served at all, memory stays bounded, and everything comes back.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use wire::request::{Await, Begin, Lookup, MailboxPolicy, Meet};
use wire::{InviteCode, RefusalKind, Request, Response};

use crate::line::{Forge, Line, client_hello, dial_from, rest};
use crate::support::peer::Peer;
use crate::support::person::{Person, alice_with_inbox, envelope, refused};
use crate::support::{Data, PATIENCE, PROGRAM, Server};
use crate::{is_well, is_well_after_all, many, more_descriptors};

/// R01: hundreds that bring their hello, or a frame, byte by byte. Their time does not begin anew with each
/// byte; meanwhile somebody honest is served, and deposits are stored.
#[test]
fn slow_lorises_run_out_of_time_while_others_are_served() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (_, inbox) = alice_with_inbox(&data, &server);
    let each = many(200, 2_500).min(more_descriptors().saturating_sub(200) / 2);
    let before = server.resident_kib();
    let hello = client_hello();
    let mut shaking: Vec<TcpStream> = (0..each).map(|_| crate::line::dial(server.port)).collect();
    let mut asking: Vec<Line> = (0..each).map(|_| Line::connect(server.port)).collect();
    let began = Instant::now();
    let mut honest = 0_u16;
    let frame = Line::connect(server.port).frame(inbox.stamped(60_000, envelope(1, 4096)));
    for at in 0..14 {
        for socket in &mut shaking {
            let _closed_meanwhile = socket.write_all(&hello[at..=at]);
        }
        for line in &mut asking {
            let record = line.seal(&frame[at..=at]);
            let _closed_meanwhile = line.put(&record);
        }
        for _ in 0..5 {
            let stored = Peer::connect(server.port).ask(inbox.stamped(honest, envelope(1, 4096)));
            assert!(matches!(stored, Response::Stored));
            honest += 1;
        }
        let next = Duration::from_secs(1).saturating_mul(at as u32 + 1);
        std::thread::sleep(next.saturating_sub(began.elapsed()));
    }
    let grown = server.resident_kib().saturating_sub(before);
    assert!(connections(&data) < 20, "slow connections are still there after {:?}", began.elapsed());
    assert!(grown < 40 * 2 * each as u64 + 16_384, "{grown} KiB for {} slow connections", 2 * each);
    println!(
        "promise P8: {} slow connections gone after their ten seconds, {honest} of {honest} honest deposits stored",
        2 * each
    );
    is_well_after_all(&data, &server);
}

fn connections(data: &Data) -> u64 {
    let status: serde_json::Value = serde_json::from_slice(&data.run(&["status", "--json"]).stdout).unwrap();
    status["connections"].as_u64().unwrap()
}

/// R03: twenty times more connections than there are descriptors. The operator is answered all the time, and
/// when the flood goes, everybody is served again.
#[test]
fn a_flood_beyond_the_descriptors_leaves_the_operator_his_and_passes() {
    let data = Data::new();
    let mut command = std::process::Command::new("sh");
    let script = "ulimit -n 128; exec \"$0\" serve --verbose --listen 127.0.0.1:0 --data \"$1\"";
    command.args(["-c", script, PROGRAM]).arg(data.path());
    let server = Server::start(command);
    is_well(&server);
    let flood = 2_000.min(more_descriptors().saturating_sub(200));
    let mut held = Vec::new();
    for number in 0..flood {
        held.extend(TcpStream::connect_timeout(
            &([127, 0, 0, 1], server.port).into(),
            Duration::from_secs(2),
        ));
        if number % 500 == 499 {
            assert_eq!(data.run(&["health"]).status.code(), Some(0), "after {number} connections");
        }
    }
    assert_eq!(data.run(&["health"]).status.code(), Some(0));
    assert!(data.run(&["invite", "alice"]).status.success(), "the store has its descriptors too");
    println!("{} connections held against 128 descriptors", held.len());
    drop(held);
    comes_back(&server);
    is_well_after_all(&data, &server);
}

fn comes_back(server: &Server) {
    let until = Instant::now() + PATIENCE;
    while crate::support::peer::handshake(server.port, &[b"oub/1"]).is_err() {
        assert!(Instant::now() < until, "the server does not come back");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// R04: thousands begin a handshake and leave it half done. The oldest of them give way, so that whoever means
/// it gets through every time.
#[test]
fn half_handshakes_in_the_thousands_give_way_to_whole_ones() {
    let data = Data::new();
    let server = data.serve_configured("handshakes-max = 64\nhandshakes-per-second-max = 100000");
    is_well(&server);
    let before = server.resident_kib();
    let flood = many(2_000, 10_000);
    let room = more_descriptors().saturating_sub(300).min(1_500);
    let hello = client_hello();
    let mut half = std::collections::VecDeque::new();
    let mut honest = 0;
    for number in 0..flood {
        let mut socket = crate::line::dial(server.port);
        let _closed_meanwhile = socket.write_all(&hello);
        half.push_back(socket);
        if half.len() > room {
            half.pop_front();
        }
        if number % 20 == 0 {
            is_well(&server);
            honest += 1;
        }
    }
    let counters = data.counters();
    let pushed_out = counters["pushed_out"].as_u64().unwrap();
    assert!(pushed_out >= flood as u64 - 200, "{counters}");
    let grown = server.resident_kib().saturating_sub(before);
    assert!(grown < 32 * 1024, "{grown} KiB");
    println!(
        "promise P8: {flood} half handshakes, {pushed_out} gave way, {honest} of {honest} honest connections served"
    );
    is_well_after_all(&data, &server);
}

/// R04: a source has its own budget of handshakes, and spending it costs others nothing.
#[test]
fn a_source_that_shakes_hands_too_often_waits_and_others_do_not() {
    let data = Data::new();
    let server = data
        .serve_configured("proxies = []\nhandshakes-per-minute-max = 40\nconnections-per-source-max = 10");
    let attacker = [127, 0, 0, 2];
    let Ok(first) = dial_from(attacker, server.port) else {
        eprintln!("SKIPPED: this machine has no second loopback address");
        return;
    };
    let mut held = vec![first];
    held.extend((0..20).flat_map(|_| dial_from(attacker, server.port)));
    let open = held.iter_mut().map(is_open).filter(|open| *open).count();
    assert_eq!(open, 10, "connections of one source at once");
    drop(held);
    let turned_away = || data.counters()["turned_away"].as_u64().unwrap();
    let before = turned_away();
    for _ in 0..60 {
        let _closed_meanwhile = dial_from(attacker, server.port).map(|mut socket| rest_of(&mut socket));
    }
    let refused = turned_away() - before;
    assert!(refused >= 40, "{refused} of sixty were turned away");
    assert!((0..20).all(|_| matches!(Peer::connect(server.port).ask(Request::Ping), Response::Pong)));
    is_well_after_all(&data, &server);
}

/// R04: who connects once waits for one handshake of each of those who connect all the time, and is not turned away for them.
#[test]
fn sources_take_turns_to_begin_a_handshake() {
    let data = Data::new();
    let server = data.serve_configured("proxies = []\nhandshakes-per-second-max = 20");
    let (hello, sources, each) = (client_hello(), 5, 60);
    let mut held = Vec::new();
    for number in 0..sources * each {
        let Ok(mut socket) = dial_from([127, 0, 0, 2 + (number % sources) as u8], server.port) else {
            eprintln!("SKIPPED: this machine has no second loopback address");
            return;
        };
        let _closed_meanwhile = socket.write_all(&hello);
        socket.set_nonblocking(true).unwrap();
        held.push(socket);
    }
    let answered = |held: &mut Vec<TcpStream>| {
        held.iter_mut().filter(|socket| matches!(socket.peek(&mut [0; 1]), Ok(1))).count()
    };
    for _ in 0..5 {
        let before = answered(&mut held);
        assert_eq!(Peer::connect(server.port).ask(Request::Ping), Response::Pong);
        let begun = answered(&mut held) - before;
        assert!(begun <= 4 * sources, "{begun} others were begun before this one");
    }
    let waiting = held.len() - answered(&mut held);
    assert!(waiting > 100, "only {waiting} still wait");
    let turned_away = data.counters()["turned_away"].as_u64().unwrap();
    assert!(
        turned_away > 10,
        "for {} connections there is no place, {turned_away} were closed",
        sources * each
    );
    println!("promise P8: 5 connections within {waiting} that wait, each after one of each source");
    is_well_after_all(&data, &server);
}

/// Whether the server has kept it.
fn is_open(socket: &mut TcpStream) -> bool {
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    socket.read(&mut [0; 1]).is_err_and(|error| crate::line::is_timeout(&error))
}

fn rest_of(socket: &mut TcpStream) {
    let _gone = socket.shutdown(std::net::Shutdown::Write);
    rest(socket);
}

/// Changes of keys, and records without content, that the TLS library bears in a row.
const ROW: usize = 32;

/// R05: changes of keys, records without content and what is no record of TLS 1.3: taken by the dozen, or not at all, and
/// by the thousand they do no harm.
#[test]
fn records_that_carry_nothing_by_the_thousand_do_no_harm() {
    let data = Data::new();
    let server = data.serve(&[]);
    is_well(&server);
    let before = (server.resident_kib(), server.cpu());
    for _ in 0..many(20, 500) {
        let mut keys = Line::connect(server.port);
        assert!((0..3).all(|_| bears_changes(&mut keys, ROW)));
        assert!(!bears_changes(&mut keys, ROW + 1));
        // An encrypted record has a tag at least, and nobody changes the cipher after the handshake.
        for nothing in [&[23, 3, 3, 0, 0][..], &[20, 3, 3, 0, 1, 1]] {
            let mut line = Line::connect(server.port);
            assert!(line.put(&nothing.repeat(100)));
            assert!(line.hear().is_none(), "{nothing:?} was taken");
        }
    }
    is_well(&server);
    let grown = server.resident_kib().saturating_sub(before.0);
    let spent = server.cpu() - before.1;
    assert!(grown < 8 * 1024, "{grown} KiB");
    assert!(spent < Duration::from_secs(5) * (many(20, 500) as u32).div_ceil(20), "{spent:?}");
    is_well_after_all(&data, &server);
}

/// Changes the keys so often in a row; whether a question behind that is answered.
fn bears_changes(line: &mut Line, row: usize) -> bool {
    for _ in 0..row {
        line.tls().refresh_traffic_keys().unwrap();
        let records = line.seal(&[]);
        let _closed_meanwhile = line.put(&records);
    }
    let ping = line.frame(Request::Ping);
    let records = line.seal(&ping);
    line.put(&records) && line.hear().is_some()
}

/// R05: rightly encrypted records without content are taken, so many of them in a row, and no more.
#[test]
fn empty_records_in_a_row_are_counted_and_end_the_connection() {
    let data = Data::new();
    let server = data.serve(&[]);
    let ping = wire::Frame::request(wire::RequestId(1), Request::Ping).encode();
    let mut forge = Forge::connect(server.port);
    for round in 0..5 {
        let nothing: Vec<u8> = (0..ROW).flat_map(|_| forge.record(&[])).collect();
        let record = forge.record(&ping);
        // A frame, the kind of its record and the tag.
        assert_eq!(forge.ask(&[nothing, record].concat()), Some(ping.len() + 17), "round {round}");
    }
    for _ in 0..=ROW {
        let record = forge.record(&[]);
        forge.put(&record);
    }
    let record = forge.record(&ping);
    forge.put(&record);
    assert!(forge.rest() < ping.len() + 17, "the last question was answered");
    is_well_after_all(&data, &server);
}

/// R08: claims without an invitation are refused alike, cost no disk, and a source has a budget of them.
#[test]
fn a_flood_of_claims_registers_nobody_and_costs_no_disk() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (alice, _) = alice_with_inbox(&data, &server);
    let before = (server.resident_kib(), disk(&data.path()));
    let claimants: Vec<Person> =
        (0..8).map(|number| Person::new(&format!("mallory-{number}"), alice.record.body.server_id)).collect();
    let claims = many(2_000, 100_000);
    let mut peer = Peer::connect(server.port);
    for number in 0..claims {
        // Whoever stays on one connection waits for the next second before long.
        if number % 3 == 2 {
            peer = Peer::connect(server.port);
        }
        let invite = Some(InviteCode([number as u8; 16]));
        let refusal = refused(peer.ask(claimants[number % claimants.len()].claim(invite)));
        assert_eq!(refusal, RefusalKind::Invite);
    }
    let grown = server.resident_kib().saturating_sub(before.0);
    assert!(grown < 16 * 1024, "{grown} KiB of memory");
    let grown = disk(&data.path()).saturating_sub(before.1);
    assert!(grown < 256 * 1024, "{grown} bytes of disk");
    is_well_after_all(&data, &server);
    drop(server);

    // Where anybody may register, a source may do so thirty times a minute.
    let server = data.serve_configured("proxies = []\nopen = true");
    let mut peer = Peer::connect(server.port);
    let mut answers = [0; 2];
    for _ in 0..40 {
        match peer.ask(claimants[0].claim(None)) {
            Response::Registered(_) => answers[0] += 1,
            other => {
                assert_eq!(refused(other), RefusalKind::Busy);
                answers[1] += 1;
            }
        }
    }
    assert_eq!(answers, [30, 10]);
}

fn disk(folder: &std::path::Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => disk(&entry.path()),
        Ok(found) => found.blocks() * 512,
        Err(_) => 0,
    };
    entries.map(size).sum()
}

/// R09: replacements begun and never answered are bounded by the connection they live on.
#[test]
fn challenges_begun_and_never_answered_take_no_memory() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (alice, _) = alice_with_inbox(&data, &server);
    let other = Person::new("alice", alice.record.body.server_id);
    is_well(&server);
    let before = server.resident_kib();
    let mut peers: Vec<Peer> = (0..50).map(|_| Peer::connect(server.port)).collect();
    let rounds = many(10, 1_000);
    for _ in 0..rounds {
        for peer in &mut peers {
            assert!(matches!(peer.ask(other.claim(None)), Response::Challenge(_)));
        }
    }
    let grown = server.resident_kib().saturating_sub(before);
    assert!(grown < 50 * 64 + 8_192, "{grown} KiB for {} challenges", 50 * rounds);
    is_well_after_all(&data, &server);
}

/// R07, C11: whoever knocks at doorsteps is held by the budget of his source, then by the puzzle, then by the
/// allowance; names and inboxes are none the worse for it.
#[test]
fn a_stranger_at_the_doorstep_is_held_by_budget_then_puzzle() {
    let data = Data::new();
    let server = data.serve_configured("proxies = [\"127.0.0.1\"]");
    let (alice, inbox) = alice_with_inbox(&data, &server);
    let doorstep = alice.create(server.port, MailboxPolicy::Doorstep, 1);
    for fill in 0..32 {
        assert!(matches!(Peer::connect(server.port).ask(doorstep.knock(fill)), Response::Stored));
    }
    let asked = refused(Peer::connect(server.port).ask(doorstep.knock(32)));
    assert!(matches!(asked, RefusalKind::Puzzle(puzzle) if puzzle.bits == 18), "{asked:?}");
    assert_eq!(doorstep.open(&mut Peer::connect(server.port)).waiting, 32);
    let stored = Peer::connect(server.port).ask(inbox.stamped(1, envelope(1, 4096)));
    assert!(matches!(stored, Response::Stored), "an inbox is another matter");
    assert!(matches!(
        Peer::connect(server.port).ask(Lookup { name: alice.name.clone(), seq: None }),
        Response::Record(_)
    ));
}

/// Whoever sprays at numbers is held by the budget of his source; who only waits is not.
#[test]
fn a_source_tries_twelve_numbers_a_minute() {
    let data = Data::new();
    let server = data.serve_configured("proxies = []");
    let number = |number| wire::PairingNumber::new(number).unwrap();
    let (mut stranger, key) = (Peer::connect(server.port), wire::PairingKey([1; 16]));
    for tried in 10..22 {
        assert_eq!(refused(stranger.ask(Meet { number: number(tried) })), RefusalKind::NoSuchPairing);
    }
    assert_eq!(refused(stranger.ask(Meet { number: number(22) })), RefusalKind::Busy);
    let begin = Begin { number: None, key, share: wire::PairingShare([2; 32]) };
    assert_eq!(refused(stranger.ask(begin)), RefusalKind::Busy);
    for _ in 0..20 {
        assert_eq!(refused(stranger.ask(Await { number: number(10), key })), RefusalKind::NoSuchPairing);
    }
    assert_eq!(data.counters()["over_budget"].as_u64(), Some(2));
}

/// R07: ids that somebody makes up are refused for what they are, and take no room where knocks are counted.
#[test]
fn knocks_at_doorsteps_that_are_none_are_not_counted() {
    let data = Data::new();
    let server = data.serve_configured("proxies = []");
    let (alice, _) = alice_with_inbox(&data, &server);
    let doorstep = alice.create(server.port, MailboxPolicy::Doorstep, 1);
    let mut stranger = Peer::connect(server.port);
    for fill in 0..20 {
        let made_up = wire::request::Deposit { sid: wire::DepositId([9; 16]), ..doorstep.knock(fill) };
        assert_eq!(refused(stranger.ask(made_up)), RefusalKind::NoSuchMailbox);
    }
    assert_eq!(data.counters()["over_budget"].as_u64(), Some(0));
    let mut stranger = Peer::connect(server.port);
    for fill in 0..8 {
        let said = stranger.ask(doorstep.knock(fill));
        assert!(matches!(said, Response::Stored), "{fill}: {said:?}");
    }
    let Response::Refused(refusal) = stranger.ask(doorstep.knock(8)) else { panic!("not refused") };
    assert_eq!(refusal.kind, RefusalKind::Busy);
    assert!(refusal.retry_after_s.is_some_and(|left| left > 3_000), "the hour has just begun: {refusal:?}");
}

/// R13: hundreds of thousands of frames and handshakes that are none leave a log of a few lines.
#[test]
fn a_flood_of_nonsense_is_counted_and_not_written_down() {
    let data = Data::new();
    let server = data.serve(&[]);
    is_well(&server);
    let before = server.log().len();
    let mut unknown = 0;
    let frames = many(20_000, 1_000_000);
    let mut line;
    let nonsense: Vec<u8> = [0, 0, 5, 0xee, 0, 0, 0, 1].repeat(50);
    while unknown < frames {
        // So much nonsense is answered at once; who has more waits, or comes again.
        line = Line::connect(server.port);
        let record = line.seal(&nonsense);
        assert!(line.put(&record));
        for _ in 0..50 {
            assert!(line.hear().is_some());
        }
        unknown += 50;
    }
    let connections = many(300, 5_000);
    for number in 0..connections {
        let mut socket = crate::line::dial(server.port);
        let noise: Vec<u8> = (0..200_usize).map(|at| (at * 31 + number * 7) as u8).collect();
        let _closed_meanwhile = socket.write_all(&noise);
        rest_of(&mut socket);
    }
    for _ in 0..connections {
        let mut line = Line::connect(server.port);
        let record = line.seal(&[0, 0, 5, 0x24, 0, 0, 0, 1]);
        line.put(&record);
        line.end();
    }
    let written = server.log().len() - before;
    assert!(written < 16 * 1024, "{written} bytes of log");
    println!(
        "promise P12: {} frames and handshakes of nonsense, {written} bytes of log, 0 panics",
        unknown + 2 * connections
    );
    is_well_after_all(&data, &server);
}
