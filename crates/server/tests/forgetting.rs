//! The real relay forgets: what was acked leaves its files, by itself and when it is told to.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

use bytes::Bytes;
use support::peer::Peer;
use support::person::{Mailbox, Person, collect, random};
use support::{Data, PATIENCE, contains, heap, oublietted};
use wire::request::{Ack, MailboxPolicy};
use wire::{Envelope, Response, Slot};

/// An inbox of a registered person that accepts stamps.
fn inbox(data: &Data, port: u16) -> Mailbox {
    let person = Person::registered(port, "anna", data.invite("anna", &[]).code);
    let inbox = person.create(port, MailboxPolicy::Inbox, 0);
    let mut owner = Peer::connect(port);
    let slot = inbox.open(&mut owner).slot;
    inbox.generate(&mut owner, slot);
    inbox
}

/// Collects and acks everything; how many there were.
fn drain(inbox: &Mailbox, port: u16) -> usize {
    let mut count = 0;
    loop {
        let mut owner = Peer::connect(port);
        let slot: Slot = inbox.open(&mut owner).slot;
        let delivered = collect_some(&mut owner, slot);
        let Some(last) = delivered.last() else { return count };
        let through = last.cursor;
        count += delivered.len();
        assert!(matches!(owner.ask(Ack { slot, through }), Response::Acked));
    }
}

/// What one credit allows.
fn collect_some(owner: &mut Peer, slot: Slot) -> Vec<wire::response::Deliver> {
    use wire::request::Collect;
    use wire::{Cursor, Notice};
    const CREDIT: u16 = 32;
    let asked = Collect { slot, after: Cursor(0), credit: CREDIT, follow: false };
    assert!(matches!(owner.ask(asked), Response::Collecting));
    let mut delivered = Vec::new();
    while delivered.len() < usize::from(CREDIT) {
        match owner.notice() {
            Notice::Deliver(deliver) => delivered.push(*deliver),
            Notice::Drained(_) => break,
            other => panic!("neither delivered nor drained: {other:?}"),
        }
    }
    delivered
}

#[test]
fn what_was_acked_leaves_the_files_when_the_operator_says_so() {
    let data = Data::new();
    let server = data.serve(&[]);
    let inbox = inbox(&data, server.port);
    let (gone, waits): ([u8; 32], [u8; 32]) = (random(), random());
    let deposit = |index, canary: [u8; 32]| {
        let mut bytes = vec![7; 4_096];
        bytes[500..532].copy_from_slice(&canary);
        let deposit = inbox.stamped(index, Envelope::new(Bytes::from(bytes)).unwrap());
        assert!(matches!(Peer::connect(server.port).ask(deposit), Response::Stored));
    };
    deposit(0, gone);
    assert_eq!(drain(&inbox, server.port), 1);
    deposit(1, waits);
    assert!(contains(&heap(&data.path()), &gone), "acked and not yet forgotten: else this shows nothing");
    let said = data.run(&["forget"]);
    let screen = String::from_utf8(said.stdout).unwrap();
    assert!(said.status.success() && screen.starts_with("Forgotten. The store takes "), "{screen}");
    let files = heap(&data.path());
    assert_eq!((contains(&files, &gone), contains(&files, &waits)), (false, true));
    let line = data.run(&["forget", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_slice(&line).unwrap();
    assert_eq!((json["t"].as_str(), json["bytes_after"].is_u64()), (Some("forgotten"), true));
    // The relay serves on, and after a kill too.
    server.kill_9();
    let server = data.serve(&[]);
    let mut owner = Peer::connect(server.port);
    let slot = inbox.open(&mut owner).slot;
    assert_eq!(collect(&mut owner, slot, false).len(), 1);
}

#[test]
fn the_disk_is_given_back_within_a_minute_of_quiet() {
    const COUNT: u16 = 700;
    let data = Data::new();
    let server = data.serve(&[]);
    let inbox = inbox(&data, server.port);
    let mut sender = Peer::connect(server.port);
    for index in 0..COUNT {
        let deposit = inbox.stamped(index, Envelope::new(Bytes::from(vec![7; 65_536])).unwrap());
        assert!(matches!(sender.ask(deposit), Response::Stored));
    }
    assert_eq!(drain(&inbox, server.port), usize::from(COUNT));
    let disk = || -> u64 {
        let status: serde_json::Value =
            serde_json::from_slice(&data.run(&["status", "--json"]).stdout).unwrap();
        status["disk_bytes"].as_u64().unwrap()
    };
    let (full, begun) = (disk(), Instant::now());
    assert!(full > 40 << 20, "{full}");
    while disk() > 8 << 20 {
        assert!(begun.elapsed() < PATIENCE * 4, "still {} bytes", disk());
        std::thread::sleep(Duration::from_millis(500));
    }
    println!(
        "{} KiB became {} KiB after {:.0} s of quiet",
        full >> 10,
        disk() >> 10,
        begun.elapsed().as_secs_f64()
    );
}

/// A backup that nobody takes to its end holds what it has begun to hand over: forgetting waits for it, and that
/// is no error of the store.
#[test]
fn what_is_not_forgotten_for_a_backup_is_no_error_and_forgotten_afterwards() {
    let data = Data::new();
    let server = data.serve(&[]);
    let inbox = inbox(&data, server.port);
    let mut sender = Peer::connect(server.port);
    for index in 0..100 {
        let deposit = inbox.stamped(index, Envelope::new(Bytes::from(vec![7; 65_536])).unwrap());
        assert!(matches!(sender.ask(deposit), Response::Stored));
    }
    let key = data.path().with_file_name("key");
    assert!(oublietted(&["backup-key"]).arg(&key).output().unwrap().status.success());
    let mut backup = oublietted(&["backup", "--stdout", "--key-file"]);
    backup.arg(&key).arg("--data").arg(data.path()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut backup = backup.spawn().unwrap();
    // Its first bytes are there, and what follows does not fit the pipe.
    backup.stdout.as_mut().unwrap().read_exact(&mut [0; 4_096]).unwrap();
    assert_eq!(data.run(&["forget"]).status.code(), Some(4));
    assert_eq!(data.counters()["store_errors"].as_u64(), Some(0));
    backup.kill().unwrap();
    backup.wait().unwrap();
    let until = Instant::now() + PATIENCE;
    while data.run(&["forget"]).status.code() != Some(0) {
        assert!(Instant::now() < until, "the backup is gone and nothing is forgotten");
        std::thread::sleep(Duration::from_millis(50));
    }
}
