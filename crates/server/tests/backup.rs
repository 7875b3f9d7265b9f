//! A backup is made while people write, and brings everything back that was confirmed before it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use support::peer::Peer;
use support::person::{Mailbox, Person};
use support::{Data, Server, contains, oublietted};
use wire::request::{Ack, Collect, MailboxPolicy};
use wire::{Cursor, Envelope, Notice, Response, Slot};

/// Deposits that are confirmed before the backup, and those that may come while it is made.
const BEFORE: u16 = 120;
const MEANWHILE_MAX: u16 = 4_000;

/// A key file, beside nothing else.
struct Key(tempfile::TempDir);

impl Key {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = oublietted(&["backup-key"]).arg(folder.path().join("key")).output().unwrap();
        assert!(made.status.success(), "{}", said(&made));
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("key")
    }

    /// A verb about the backup called `name`, on a data folder.
    fn run(&self, data: &Data, verb: &[&str], name: &str) -> Output {
        let mut command = oublietted(verb);
        command.arg(self.file(name)).arg("--key-file").arg(self.path());
        command.arg("--data").arg(data.path()).stdin(Stdio::null()).output().unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// An envelope that says which one it is.
fn numbered(number: u16) -> Envelope {
    let mut bytes = vec![0xc5; 4_096];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    Envelope::new(Bytes::from(bytes)).unwrap()
}

fn inbox(server: &Server, person: &Person, voucher: usize) -> Mailbox {
    let inbox = person.create(server.port, MailboxPolicy::Inbox, voucher);
    let mut peer = Peer::connect(server.port);
    let slot = inbox.open(&mut peer).slot;
    inbox.generate(&mut peer, slot);
    inbox
}

/// Everything that waits, by number; each is what was deposited. Acked on the way.
fn drain(server: &Server, inbox: &Mailbox) -> BTreeSet<u16> {
    let mut peer = Peer::connect(server.port);
    let slot: Slot = inbox.open(&mut peer).slot;
    let collect = Collect { slot, after: Cursor(0), credit: 32, follow: false };
    assert!(matches!(peer.ask(collect), Response::Collecting));
    let mut numbers = BTreeSet::new();
    let until = Instant::now() + support::PATIENCE * 3;
    loop {
        assert!(Instant::now() < until, "collecting does not end");
        match peer.notice() {
            Notice::Deliver(deliver) => {
                let number = u16::from_be_bytes(deliver.envelope.as_bytes()[..2].try_into().unwrap());
                assert!(deliver.envelope == numbered(number) && numbers.insert(number), "{number}");
                if numbers.len() % 16 == 0 {
                    assert!(matches!(peer.ask(Ack { slot, through: deliver.cursor }), Response::Acked));
                }
            }
            Notice::Drained(_) => return numbers,
            other => panic!("neither delivered nor drained: {other:?}"),
        }
    }
}

#[test]
fn what_was_stored_before_a_backup_under_load_is_there_after_restoring_it() {
    let (data, key) = (Data::new(), Key::new());
    let server = data.serve(&[]);
    let alice = Person::registered(server.port, "alice", data.invite("alice", &[]).code);
    let kept = inbox(&server, &alice, 0);
    let emptied = inbox(&server, &alice, 1);
    let mut peer = Peer::connect(server.port);
    for number in 0..BEFORE {
        assert!(matches!(peer.ask(kept.stamped(number, numbered(number))), Response::Stored));
    }

    // Three people go on writing and one goes on collecting while the backup is made.
    let stop = Arc::new(AtomicBool::new(false));
    let (next, late) = (AtomicU16::new(BEFORE), Mutex::new(BTreeSet::new()));
    let backup = std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut peer = Peer::connect(server.port);
                while !stop.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= MEANWHILE_MAX {
                        break;
                    }
                    assert!(matches!(peer.ask(kept.stamped(number, numbered(number))), Response::Stored));
                    late.lock().unwrap().insert(number);
                }
            });
        }
        scope.spawn(|| {
            let mut peer = Peer::connect(server.port);
            for number in 0..MEANWHILE_MAX {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                assert!(matches!(peer.ask(emptied.stamped(number, numbered(number))), Response::Stored));
            }
        });
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                drain(&server, &emptied);
            }
        });
        while late.lock().unwrap().len() < 20 {
            std::thread::sleep(Duration::from_millis(5));
        }
        let asked: BTreeSet<u16> = late.lock().unwrap().clone();
        let output = key.run(&data, &["backup"], "one");
        stop.store(true, Ordering::Relaxed);
        assert!(output.status.success(), "{}", said(&output));
        (asked, said(&output))
    });
    let (asked, screen) = backup;
    assert!(screen.contains("read back and whole"), "{screen}");
    server.kill_9();

    let other = Data::new();
    let restored = key.run(&other, &["restore"], "one");
    assert!(restored.status.success(), "{}", said(&restored));
    assert!(said(&restored).contains("tell your users"), "{}", said(&restored));
    let server = other.serve(&[]);
    let there = drain(&server, &kept);
    let wanted: BTreeSet<u16> = (0..BEFORE).chain(asked).collect();
    let lost = wanted.difference(&there).count();
    println!("F13: {} stored before the backup began, {} there, {lost} lost", wanted.len(), there.len());
    assert_eq!(lost, 0);

    // Everybody goes on under the same server: names, mailboxes, stamps.
    let mut peer = Peer::connect(server.port);
    let fresh = MEANWHILE_MAX + 1;
    assert!(matches!(peer.ask(kept.stamped(fresh, numbered(fresh))), Response::Stored));
    assert_eq!(peer.welcome.server_id, alice.record.body.server_id);
    assert_eq!(drain(&server, &kept).last(), Some(&fresh));
    assert_eq!(other.run(&["invite", "alice"]).status.code(), Some(5), "the name is still hers");
}

#[test]
fn a_backup_of_a_stopped_server_is_sealed_private_and_checked() {
    let (data, key) = (Data::new(), Key::new());
    let server = data.serve(&[]);
    let person = Person::registered(server.port, "canary-7f4q", data.invite("canary-7f4q", &[]).code);
    let doorstep = person.create(server.port, MailboxPolicy::Doorstep, 0);
    assert!(matches!(Peer::connect(server.port).ask(doorstep.knock(0xc5)), Response::Stored));
    server.terminate();
    let output = key.run(&data, &["backup", "--json"], "one");
    assert!(output.status.success(), "{}", said(&output));
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((line["t"].as_str(), line["envelopes"].as_u64()), (Some("backup"), Some(1)));
    assert_eq!(line["root_key"].as_bool(), Some(true));
    let path = key.file("one");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = std::fs::read(&path).unwrap();
    for canary in [&b"canary-7f4q"[..], &[0xc5; 64], b"PRIVATE KEY", doorstep.sid.as_bytes()] {
        assert!(!contains(&bytes, canary));
    }
    assert!(!key.file("one.part").exists());
    let again = key.run(&data, &["backup"], "one");
    assert_eq!(again.status.code(), Some(2), "{}", said(&again));
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "the first one is untouched");
    let whole = key.run(&data, &["restore", "--verify-only"], "one");
    assert!(whole.status.success() && said(&whole).contains("is whole"), "{}", said(&whole));
}

#[test]
fn an_altered_or_shortened_backup_changes_nothing() {
    let (data, key) = (Data::new(), Key::new());
    data.serve(&[]).terminate();
    assert!(key.run(&data, &["backup"], "one").status.success());
    let bytes = std::fs::read(key.file("one")).unwrap();
    let other = Data::new();
    let refused = |wrong: &[u8], exit: i32, code: &str| {
        std::fs::write(key.file("wrong"), wrong).unwrap();
        let output = key.run(&other, &["restore"], "wrong");
        assert_eq!(output.status.code(), Some(exit), "{}", said(&output));
        assert!(said(&output).contains(code), "{}", said(&output));
        assert!(!other.path().join("store").exists() && !other.path().join("identity").exists());
    };
    for at in [18, 33, 34, bytes.len() / 2, bytes.len() - 1] {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        refused(&altered, 7, "OUB-S0");
    }
    refused(&bytes[..bytes.len() - 1], 7, "OUB-S0");
    refused(b"oubliette backup", 7, "OUB-S078");
    refused(b"something else that is long enough to have a header", 7, "OUB-S078");
}

#[test]
fn the_secret_is_a_key_file_or_a_passphrase_and_the_right_one() {
    let (data, key) = (Data::new(), Key::new());
    data.serve(&[]).terminate();
    let passphrase = |text: &str, name: &str| {
        let path = key.file(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    };
    let run = |verb: &str, flag: &str, secret: &Path| {
        let mut command = oublietted(&[verb]);
        command.arg(key.file("one")).arg(flag).arg(secret).arg("--data").arg(data.path());
        command.args(if verb == "restore" { &["--verify-only"][..] } else { &[] });
        command.stdin(Stdio::null()).output().unwrap()
    };
    let right = passphrase("correct horse\nnot this line", "right");
    let made = run("backup", "--passphrase-file", &right);
    assert!(made.status.success(), "{}", said(&made));
    assert!(run("restore", "--passphrase-file", &passphrase("correct horse", "same")).status.success());
    let wrong = run("restore", "--passphrase-file", &passphrase("correct hors", "wrong"));
    assert_eq!(wrong.status.code(), Some(7));
    assert!(said(&wrong).contains("OUB-S079"), "{}", said(&wrong));
    let other_kind = run("restore", "--key-file", &key.path());
    assert_eq!(other_kind.status.code(), Some(2));
    assert!(said(&other_kind).contains("was made with a passphrase"), "{}", said(&other_kind));
    std::fs::set_permissions(&right, std::fs::Permissions::from_mode(0o644)).unwrap();
    let lax = run("restore", "--passphrase-file", &right);
    assert_eq!(lax.status.code(), Some(2), "others may read it");
    assert!(said(&lax).contains("OUB-S028") && said(&lax).contains("chmod 600"), "{}", said(&lax));
    let nobody_asked = data.run(&["backup", "two", "--no-input"]);
    assert_eq!(nobody_asked.status.code(), Some(2));
    assert!(said(&nobody_asked).contains("--key-file FILE"), "{}", said(&nobody_asked));
}

#[test]
fn a_backup_without_root_key_brings_back_the_same_server_for_a_while() {
    let (data, key) = (Data::new(), Key::new());
    let server = data.serve(&[]);
    let id = Peer::connect(server.port).welcome.server_id;
    let made = key.run(&data, &["backup", "--without-root-key"], "one");
    assert!(said(&made).contains("root.key is NOT in it"), "{}", said(&made));
    server.terminate();
    let other = Data::new();
    assert!(key.run(&other, &["restore"], "one").status.success());
    assert!(!other.path().join("identity/root.key").exists());
    let server = other.serve(&[]);
    assert_eq!(Peer::connect(server.port).welcome.server_id, id);
}

#[test]
fn a_relay_with_a_gap_in_a_mailbox_is_backed_up_and_restored() {
    let (data, key) = (Data::new(), Key::new());
    let server = data.serve(&[]);
    let alice = Person::registered(server.port, "alice", data.invite("alice", &[]).code);
    let inbox = inbox(&server, &alice, 0);
    let mut peer = Peer::connect(server.port);
    for number in 0..3 {
        assert!(matches!(peer.ask(inbox.stamped(number, numbered(number))), Response::Stored));
    }
    drop(peer);
    server.kill_9();
    // One wrong byte in the middle one.
    let wanted = numbered(1);
    let mut hit = 0;
    for entry in std::fs::read_dir(data.path().join("store/front")).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        let place = bytes.windows(64).position(|part| part == &wanted.as_bytes()[..64]);
        if let Some(place) = place {
            bytes[place + 2_000] ^= 4;
            std::fs::write(&path, bytes).unwrap();
            hit += 1;
        }
    }
    assert_eq!(hit, 1);
    let repaired = Data::new();
    let done = data.run(&["repair", repaired.path().to_str().unwrap()]);
    assert!(done.status.success() && said(&done).contains("gaps      1 places"), "{}", said(&done));

    let server = repaired.serve(&[]);
    let made = key.run(&repaired, &["backup"], "one");
    assert!(made.status.success(), "{}", said(&made));
    drop(server);
    let restored = Data::new();
    let done = key.run(&restored, &["restore"], "one");
    assert!(done.status.success(), "{}", said(&done));
    assert_eq!(drain(&restored.serve(&[]), &inbox), BTreeSet::from([0, 2]));
}

#[test]
fn a_folder_that_is_not_empty_or_in_use_is_left_alone() {
    let (data, key) = (Data::new(), Key::new());
    let server = data.serve(&[]);
    assert!(key.run(&data, &["backup"], "one").status.success());
    let live = key.run(&data, &["restore"], "one");
    assert_eq!(live.status.code(), Some(7));
    assert!(said(&live).contains("OUB-S082"), "{}", said(&live));
    assert_eq!(data.run(&["health"]).status.code(), Some(0));
    server.terminate();
    assert_eq!(key.run(&data, &["restore"], "one").status.code(), Some(7));
}

#[test]
fn a_restoring_that_ended_early_is_not_served_and_can_be_done_again() {
    let (data, key) = (Data::new(), Key::new());
    data.serve(&[]).terminate();
    assert!(key.run(&data, &["backup"], "one").status.success());
    let other = Data::new();
    for left in ["restoring/identity", "store"] {
        std::fs::create_dir_all(other.path().join(left)).unwrap();
        for folder in [other.path(), other.path().join(left)] {
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
        }
        let refused = other.run(&["serve", "--listen", "127.0.0.1:0"]);
        assert_eq!(refused.status.code(), Some(7), "{}", said(&refused));
        assert!(said(&refused).contains("OUB-S083"), "{}", said(&refused));
        assert_eq!(other.run(&["check"]).status.code(), Some(7));
    }
    let restored = key.run(&other, &["restore"], "one");
    assert!(restored.status.success(), "{}", said(&restored));
    assert!(!other.path().join("restoring").exists());
    other.serve(&[]).terminate();
}

#[test]
fn what_a_restoring_left_behind_at_its_last_step_costs_no_store() {
    let (data, key) = (Data::new(), Key::new());
    data.serve(&[]).terminate();
    assert!(key.run(&data, &["backup"], "one").status.success());
    let restored = Data::new();
    assert!(key.run(&restored, &["restore"], "one").status.success());
    // Killed before the folder in which it grew was removed.
    let growing = restored.path().join("restoring");
    let leave = || {
        std::fs::create_dir(&growing).unwrap();
        std::fs::set_permissions(&growing, std::fs::Permissions::from_mode(0o700)).unwrap();
    };
    leave();
    restored.serve(&[]).terminate();
    assert!(!growing.exists(), "the next start removes it");
    // The identity got lost, and the store is the only one that there is.
    leave();
    std::fs::rename(restored.path().join("identity"), restored.path().join("elsewhere")).unwrap();
    let refused = restored.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(6), "{}", said(&refused));
    assert!(said(&refused).contains("OUB-S060"), "{}", said(&refused));
    let _empty = std::fs::remove_dir(restored.path().join("identity"));
    std::fs::rename(restored.path().join("elsewhere"), key.file("elsewhere")).unwrap();
    let again = key.run(&restored, &["restore"], "one");
    assert_eq!(again.status.code(), Some(7), "{}", said(&again));
    assert!(said(&again).contains("OUB-S082"), "{}", said(&again));
    assert!(restored.path().join("store/0.jnl").exists() || restored.path().join("store/front").exists());
}

#[test]
fn a_backup_goes_through_a_pipe_too() {
    let (data, key) = (Data::new(), Key::new());
    let server = data.serve(&[]);
    let mut command = oublietted(&["backup", "--stdout", "--key-file"]);
    let output = command.arg(key.path()).arg("--data").arg(data.path()).output().unwrap();
    assert!(output.status.success());
    std::fs::write(key.file("one"), &output.stdout).unwrap();
    assert!(key.run(&data, &["restore", "--verify-only"], "one").status.success());
    assert!(data.run(&["status"]).status.success());
    drop(server);
}

#[test]
fn backups_to_one_name_do_not_destroy_each_other() {
    let (data, key) = (Data::new(), Key::new());
    data.serve(&[]).terminate();
    for round in 0..5 {
        let name = format!("race{round}");
        let codes = std::thread::scope(|scope| {
            let run = || scope.spawn(|| key.run(&data, &["backup"], &name).status.code());
            [run(), run(), run()].map(|one| one.join().unwrap())
        });
        assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 1, "{codes:?}");
        let whole = key.run(&data, &["restore", "--verify-only"], &name);
        assert!(whole.status.success(), "{}", said(&whole));
        assert!(!key.file(&format!("{name}.part")).exists());
    }
}

#[test]
fn a_part_that_is_written_is_left_alone_and_one_that_was_left_behind_is_not() {
    let (data, key) = (Data::new(), Key::new());
    data.serve(&[]).terminate();
    let part = key.file("monday.part");
    std::fs::write(&part, "half").unwrap();
    let held = std::fs::File::open(&part).unwrap();
    held.lock().unwrap();
    let busy = key.run(&data, &["backup"], "monday");
    assert!(busy.status.code() == Some(4) && said(&busy).contains("OUB-S047"), "{}", said(&busy));
    assert_eq!(std::fs::read(&part).unwrap(), b"half");
    drop(held);
    assert_eq!(key.run(&data, &["backup"], "monday").status.code(), Some(0));
    assert!(!part.exists() && key.file("monday").exists());
}
