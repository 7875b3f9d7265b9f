//! First inputs: the vectors of the wire, recorded bodies, and scripts that tell a usual story.

use crate::corpus;
use crate::target::{Target, find};
use crate::world::{BobsOffer, World, intro, reply_path, text};
use crypto::Secret;
use e2ee::{Content, Kind, Mint, Seen, StreamId};
use server::backup::record::{Manifest, Record, Tally};
use server::backup::sealed::{Header, Kind as SecretKind, Sealer};
use std::path::Path;

/// Seeds of one target at most as large as this: larger vectors teach nothing more.
const SEED_BYTES_MAX: usize = 20 * 1024;

/// Writes the seeds of every target into its corpus.
pub fn write() -> std::io::Result<()> {
    let vectors = vectors()?;
    for (name, input) in vectors.iter().filter(|(_, input)| input.len() <= SEED_BYTES_MAX) {
        let target = find(if input.first() == Some(&0) { "frames" } else { "text" });
        keep(target, name, input)?;
    }
    for (target, name, input) in recorded(World::get()).into_iter().chain(scripts()) {
        keep(find(target), name, &input)?;
    }
    Ok(())
}

fn keep(target: Option<Target>, name: &str, input: &[u8]) -> std::io::Result<()> {
    let target = target.expect("seeds are for targets that are");
    corpus::write(&corpus::folder(&target), name, input).map(drop)
}

/// Every vector's frame or text, under its file's name.
fn vectors() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/wire");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_stem().map(|name| name.to_string_lossy().into_owned()) else { continue };
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let page = std::fs::read_to_string(&path)?;
        found.extend(subject(&page).map(|input| (name, input)));
    }
    Ok(found)
}

/// `frame` and lines of hex, or `word "text"`.
fn subject(page: &str) -> Option<Vec<u8>> {
    let mut lines = page.lines().filter(|line| !line.starts_with('#')).skip(1);
    match lines.next()? {
        "frame" => lines
            .flat_map(|line| line.split('#').next().unwrap_or("").split_whitespace())
            .map(word)
            .collect::<Option<Vec<_>>>()
            .map(|parts| parts.concat()),
        line => line
            .split_once('"')
            .and_then(|(_, text)| text.strip_suffix('"'))
            .map(|text| text.as_bytes().to_vec()),
    }
}

/// `0a0b`, or `5d*32` for a byte that repeats.
fn word(word: &str) -> Option<Vec<u8>> {
    if let Some((byte, times)) = word.split_once('*') {
        return Some(vec![u8::from_str_radix(byte, 16).ok()?; times.parse().ok()?]);
    }
    let digits: Vec<char> = word.chars().collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).ok()).collect()
}

fn recorded(world: &World) -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let led = |flags: u8, body: &[u8]| [&[flags], body].concat();
    let offer = BobsOffer::find(world);
    let [short, _] = &world.letters;
    let mint = Mint::generate(crate::world::INBOX, &mut crate::random::Random::seeded(9));
    vec![
        ("doorstep-body", "hello", led(0, &world.hello_body())),
        ("doorstep-body", "hello-known", led(4, &world.hello_body())),
        ("inbox-body", "letter", led(0, &offer.opened(short))),
        ("snapshot", "account", led(0, &world.bob.snapshot())),
        ("snapshot", "conversation-of-alice", led(1, &world.alice_with_bob.snapshot())),
        ("snapshot", "conversation-of-bob", led(1, &world.bob_with_alice.snapshot())),
        ("snapshot", "mint", led(2, &mint.snapshot())),
        ("content", "text", content(world, text(1, "hello").kind, false).to_bytes()),
        ("content", "accept", content(world, Kind::Accept(reply_path(4)), false).to_bytes()),
        ("content", "refill", content(world, Kind::Refill, true).to_bytes()),
        (
            "content",
            "unknown",
            content(world, Kind::Unknown { kind: 99, body: vec![1, 2, 3] }, false).to_bytes(),
        ),
    ]
}

fn content(world: &World, kind: Kind, everything: bool) -> Content {
    let offer = BobsOffer::find(world);
    let offer = e2ee::Offer {
        n: offer.n,
        day: crate::world::TODAY,
        key: wire::XWingPublicKey(offer.secret.public()),
        psk: offer.psk,
    };
    Content {
        message_id: e2ee::MessageId([1; 16]),
        stream: StreamId([2; 8]),
        number: 1,
        seen: everything.then_some(Seen { stream: StreamId([3; 8]), through: 4 }),
        sent_at: crate::world::NOW,
        offer: everything.then_some(offer),
        gossip: [0; 44],
        reply: everything.then(|| intro(&world.alice).reply),
        stamps: if everything { reply_path(2).stamps } else { Vec::new() },
        kind,
    }
}

/// A small backup: as a sealed file, or as the records inside.
fn backup(which: u8) -> Vec<u8> {
    let place = store::Place { table: 4, day: crate::world::TODAY };
    let (name, bytes) = ("root.crt".to_owned(), b"certificate".to_vec());
    let manifest = Manifest {
        format: 1,
        version: "0.1.0".to_owned(),
        made: 5,
        server: "7F4QK2MD".to_owned(),
        tls_ca_not_after: 7,
        root_key: false,
    };
    let records = [
        Record::Manifest(manifest),
        Record::File { name, bytes },
        Record::Row(store::Row { place, key: b"key".to_vec(), value: b"value".to_vec() }),
        Record::End(Tally { rows: 1, envelopes: 1, files: 1, damaged: 0, damaged_blocks: 0 }),
    ];
    let mut plain = Vec::new();
    records.iter().for_each(|record| record.write(&mut plain).expect("memory takes it"));
    if which == 1 {
        return [&[1], plain.as_slice()].concat();
    }
    let header = Header { kind: SecretKind::KeyFile, salt: [3; 16] };
    let mut sealer = Sealer::begin(vec![0], header, &Secret::new([1; 32])).expect("memory takes it");
    std::io::Write::write_all(&mut sealer, &plain).expect("memory takes it");
    sealer.finish().expect("memory takes it")
}

/// Usual stories, in the words of each target's script.
fn scripts() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    vec![
        ("server", "refused", vec![0, 1, 3, 100, 7, 1, 0x19, 12]),
        ("server", "ping", vec![0, 1, 0, 12]),
        ("server", "supersede", vec![0, 1, 8, 0, 9, 9, 12, 0x4f, 12]),
        // Open, owner found, opened; collect with credit 4, two deliveries, drained; ack.
        (
            "server",
            "collect",
            vec![0, 1, 8, 0, 9, 9, 12, 0, 2, 10, 0, 0, 4, 0, 0x29, 12, 9, 12, 0, 3, 12, 0, 2, 9, 12],
        ),
        // Claim, taken; a right answer, replaced.
        ("server", "rotate", vec![0, 1, 4, 0, 0x29, 12, 0, 2, 5, 0, 9, 12]),
        ("server", "register-and-publish", vec![0, 1, 4, 0, 9, 0, 2, 6, 0, 9, 9, 12]),
        ("server", "deposit", vec![0, 1, 3, 100, 7, 1, 0, 2, 3, 101, 8, 1, 9, 9, 12]),
        ("server", "feed", vec![0, 1, 239, 9, 12]),
        ("server", "lookup", vec![0, 1, 1, 1, 9, 12, 0, 2, 2, 1, 9, 12]),
        (
            "server",
            "create",
            vec![
                0, 1, 7, 0, 0x1d, 9, 12, 0, 2, 8, 0, 9, 9, 12, 0, 3, 13, 0, 1, 9, 0, 4, 14, 0, 1, 9, 0, 5,
                15, 0, 1, 9, 9, 12,
            ],
        ),
        // Welcome; open, opened; collect, collecting; two deliveries, drained; ack, acked.
        (
            "client",
            "collect",
            vec![
                0, 4, 0, 0, 0, 3, 4, 5, 0, 0, 2, 0, 0x85, 0, 4, 4, 5, 0, 0, 4, 4, 1, 1, 4, 1, 2, 4, 3, 2, 11,
                1, 4, 5, 0, 0, 6,
            ],
        ),
        ("client", "lookup", vec![2, 4, 0, 0, 0, 1, 4, 5, 0, 0, 1]),
        ("ledger", "grows", vec![0, 0, 0, 1, 9, 0, 2, 0, 2, 1, 4, 1, 0, 1, 5, 9, 0]),
        ("ledger", "goes-back", vec![0, 0, 9, 0, 0, 1, 9, 0, 6, 1, 9, 0, 0, 1, 2, 0, 9, 0, 6, 1, 9, 0]),
        ("ledger", "loses-a-leaf", vec![0, 0, 0, 1, 9, 0, 7, 1, 2, 1, 9, 0, 7, 0, 2, 0, 9, 0]),
        ("ledger", "lies", vec![0, 0, 0, 1, 9, 0, 8, 1, 1, 9, 0, 0, 2, 9, 0, 8, 100, 1, 1, 0, 0, 1, 9, 0]),
        ("inbox", "short", vec![0]),
        ("inbox", "long", vec![1]),
        ("inbox", "one-bit", vec![0, 8, 0, 1]),
        ("inbox", "zeros", vec![0xff, 0, 1, 2]),
        ("doorstep", "hello", vec![0, 0, 0, 0]),
        ("doorstep", "session", vec![1]),
        ("doorstep", "one-bit", vec![0, 8, 0, 1]),
        ("doorstep", "zeros", vec![0xff, 1, 1, 1, 0]),
        // Alice seals three, Bob opens them out of order and again, answers, a week passes.
        (
            "peer",
            "talk",
            vec![
                0, 1, 240, 0, 0, 2, 240, 0, 0, 3, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 2, 2, 2, 0, 2, 2, 4, 7,
                241, 0, 5, 7, 1,
            ],
        ),
        // No edit: look-ups, a claim, a rotation, open, deposit, collect, ack, generations, sweep, create, restart.
        (
            "rows",
            "usual",
            [
                &[0][..],
                &[0, 0, 0, 2, 0, 0, 3, 0, 0, 9, 4, 0, 0, 1, 5, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0x87, 1, 0],
                &[8, 0, 0, 20, 1, 9, 0, 0, 0, 10, 0, 0, 2, 11, 0, 0, 0, 2, 11, 0, 0, 2, 2, 11, 0, 0, 1, 2],
                &[12, 0, 40, 13, 0, 0, 14, 0, 0, 0, 15, 0, 0],
            ]
            .concat(),
        ),
        // The store's own keys damaged, and then two names.
        ("rows", "keys-damaged", vec![1, 6, 0]),
        ("rows", "names-damaged", vec![2, 6, 14, 6, 15, 0, 0, 0, 0, 1, 0, 5, 0, 0, 0, 6, 0, 0, 0]),
        // A body cut short, one forged, a checksum broken, a row moved and one lost; then as above.
        (
            "rows",
            "edited",
            [
                &[6][..],
                &[1, 0, 0, 40, 0, 9, 0, 3, 1, 255, 254, 6, 4, 8, 2, 5, 9, 7, 7, 3, 78, 33],
                &[0, 0, 0, 2, 1, 0, 4, 0, 0, 1, 7, 0, 0, 8, 0, 0, 20, 1, 9, 0, 0, 0, 10, 0, 0, 255, 12, 0, 40],
            ]
            .concat(),
        ),
        ("config", "whole", b"data = \"/var/lib/oubliette\"\nlisten = [\"[::]:24268\", \"127.0.0.1:1\"]\npublic-host = \"relay.example:24268\"\nopen = true\nconnections-max = 9\nconnections-per-source-max = 3\n".to_vec()),
        ("config", "unknown-key", b"open = true\nopne = true\n".to_vec()),
        ("config", "escapes", br#""\u001b[2J" = 1"#.to_vec()),
        ("config", "nested", b"data = [[[[[[[[{a={b={c=[1]}}}]]]]]]]]\n".to_vec()),
        ("config", "deep", [b"data = ".to_vec(), vec![b'['; 2_000]].concat()),
        ("backup", "records", backup(1)),
        ("backup", "file", backup(0)),
        (
            "proxy-header",
            "binary-4",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\x7f\0\0\x01\x01\x02\x03\x04".to_vec(),
        ),
        (
            "proxy-header",
            "binary-6-and-more",
            [&b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x2a"[..], &[0x20; 36], &[4, 0, 3, 1, 2, 3], b"\x16\x03\x01"].concat(),
        ),
        ("proxy-header", "binary-itself", b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0\x16".to_vec()),
        (
            "proxy-header",
            "binary-long",
            [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff"[..], &[1; 1_100]].concat(),
        ),
        ("proxy-header", "line-4", b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 24268\r\n\x16".to_vec()),
        ("proxy-header", "line-6", b"PROXY TCP6 2001:db8::7 ::1 0 65535\r\n".to_vec()),
        ("proxy-header", "line-unknown", b"PROXY UNKNOWN\r\n".to_vec()),
        ("proxy-header", "line-long", [&b"PROXY UNKNOWN "[..], &[b'x'; 120]].concat()),
        ("proxy-header", "handshake", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\0\0".to_vec()),
        ("question", "invite", b"{\"verb\":\"invite\",\"name\":\"alice\",\"valid_s\":604800}".to_vec()),
        ("question", "status", b"{\"verb\":\"status\"}".to_vec()),
        ("question", "health", b"{\"verb\":\"health\"}".to_vec()),
        ("question", "twice", b"{\"verb\":\"health\",\"verb\":\"status\"}".to_vec()),
        ("question", "deep", vec![b'['; 2_000]),
        ("question", "no-json", b"{\"verb\" \"status\"}".to_vec()),
        ("question", "serving", b"\"serving\"".to_vec()),
        (
            "question",
            "failed",
            b"{\"failed\":{\"what\":\"a\",\"why\":\"b\",\"remedy\":\"c\",\"exit\":64,\"code\":\"OUB-S020\"}}".to_vec(),
        ),
        ("peer", "numbers", vec![0, 1, 240, 200, 3, 2, 0, 0, 2, 240, 129, 9, 2, 1, 0, 3, 240, 255, 1, 2, 2]),
    ]
}
