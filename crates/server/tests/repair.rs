//! A damaged data folder: the relay says which file and what to do, and `repair` brings back what is whole.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bytes::Bytes;
use support::peer::Peer;
use support::person::{Mailbox, Person, alice_with_inbox, collect};
use support::{Data, Server, oublietted};
use wire::{Envelope, Response};

const DEPOSITS: u16 = 24;

fn numbered(number: u16) -> Envelope {
    let mut bytes = vec![0xc5; 4_096];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    Envelope::new(Bytes::from(bytes)).unwrap()
}

/// Somebody for whom all deposits are stored.
fn alice_with_deposits(data: &Data, server: &Server) -> (Person, Mailbox) {
    let (alice, inbox) = alice_with_inbox(data, server);
    let mut peer = Peer::connect(server.port);
    for number in 0..DEPOSITS {
        assert!(matches!(peer.ask(inbox.stamped(number, numbered(number))), Response::Stored));
    }
    (alice, inbox)
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Every file below a folder with what it holds.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(contents(&path)),
            false => found.push((path.clone(), fs::read(&path).unwrap_or_default())),
        }
    }
    found.sort();
    found
}

/// The front log that holds the most.
fn log(data: &Path) -> PathBuf {
    let logs = contents(&data.join("store/front")).into_iter();
    logs.max_by_key(|(_, bytes)| bytes.len()).unwrap().0
}

/// Whether a strace may run programs of ours here; said loudly where not.
fn may_meddle() -> bool {
    let may =
        Command::new("strace").args(["-o", "/dev/null", "true"]).status().is_ok_and(|done| done.success());
    if !may {
        println!("SKIPPED: no strace that may run a process");
    }
    may
}

/// A command that gets an error for some reads of a file, as from a disk with a bad sector.
fn with_bad_sector(file: &Path, reads: &[String], command: &Command) -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-o", "/dev/null", "-e", "trace=read,pread64", "-P"]).arg(file);
    for read in reads {
        strace.args(["-e", &format!("inject={read}")]);
    }
    strace.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => strace.env(name, value),
            None => strace.env_remove(name),
        };
    }
    strace
}

fn serving(data: &Path) -> Command {
    oublietted(&["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()])
}

#[test]
fn a_repair_that_ended_early_is_not_served_and_can_be_done_again() {
    let (data, new) = (Data::new(), Data::new());
    data.serve(&[]).terminate();
    // As it is between its last two steps: the store in its place, the identity not yet.
    for left in ["repairing/identity", "store"] {
        fs::create_dir_all(new.path().join(left)).unwrap();
        for folder in [new.path(), new.path().join(left)] {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
        }
        fs::write(new.path().join("store").join("half"), "of one").ok();
        let (status, screen) = Server::try_start(serving(&new.path())).map(|_| ()).unwrap_err();
        assert_eq!(status.code(), Some(7), "{screen}");
        assert!(screen.contains("OUB-S083") && screen.contains("oublietted repair "), "{screen}");
    }
    let repaired = data.run(&["repair", new.path().to_str().unwrap()]);
    assert!(repaired.status.success(), "{}", said(&repaired));
    assert!(!new.path().join("repairing").exists() && !new.path().join("store/half").exists());
    new.serve(&[]).terminate();
}

#[test]
fn check_and_backup_of_a_stopped_relay_tell_of_an_unfinished_write() {
    let folder = tempfile::tempdir().unwrap();
    let (key, backup) = (folder.path().join("key"), folder.path().join("backup"));
    assert!(oublietted(&["backup-key"]).arg(&key).output().unwrap().status.success());
    let backup = ["backup", backup.to_str().unwrap(), "--key-file", key.to_str().unwrap()];
    for verb in [&["check"][..], &backup] {
        let data = Data::new();
        let server = data.serve(&[]);
        let (_alice, inbox) = alice_with_inbox(&data, &server);
        let mut peer = Peer::connect(server.port);
        assert!(matches!(peer.ask(inbox.stamped(0, numbered(0))), Response::Stored));
        drop(peer);
        server.kill_9();
        // As if the power had gone in the middle of the last write.
        let path = log(&data.path());
        let wanted = numbered(0);
        let place = fs::read(&path).unwrap().windows(64).position(|part| part == &wanted.as_bytes()[..64]);
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(u64::try_from(place.unwrap()).unwrap() + 1_000).unwrap();
        let told = data.run(verb);
        assert!(told.status.success() && said(&told).contains("unfinished write"), "{}", said(&told));
    }
}

#[test]
fn a_log_that_lost_its_end_after_an_orderly_stop_is_refused_by_its_name() {
    let data = Data::new();
    let server = data.serve(&[]);
    alice_with_deposits(&data, &server);
    server.terminate();
    let path = log(&data.path());
    let half = fs::metadata(&path).unwrap().len() / 1_024 * 512;
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(half).unwrap();
    let (status, screen) = Server::try_start(serving(&data.path())).map(|_| ()).unwrap_err();
    assert_eq!(status.code(), Some(7), "{screen}");
    assert!(screen.contains(path.to_str().unwrap()) && screen.contains("oublietted repair"), "{screen}");
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new");
    let repaired = data.run(&["repair", new.to_str().unwrap()]);
    assert!(repaired.status.success(), "{}", said(&repaired));
    assert!(said(&repaired).contains(path.to_str().unwrap()), "{}", said(&repaired));
    Server::start(serving(&new)).terminate();
}

#[test]
fn a_backup_of_a_store_with_a_damaged_block_says_so_and_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    assert!(oublietted(&["backup-key"]).arg(&key).output().unwrap().status.success());
    let data = Data::new();
    let server = data.serve(&[]);
    alice_with_deposits(&data, &server);
    // Into tables, and out of the journals.
    let forgot = data.run(&["forget"]);
    assert!(forgot.status.success(), "{}", said(&forgot));
    server.terminate();
    let store = contents(&data.path().join("store"));
    let mut told = 0;
    for (path, bytes) in store.iter().filter(|(path, _)| path.parent().unwrap().ends_with("tables")) {
        let mut bad = bytes.clone();
        bad[100] ^= 4;
        fs::write(path, bad).unwrap();
        let backup = folder.path().join(format!("backup-{told}"));
        let made = data.run(&["backup", backup.to_str().unwrap(), "--key-file", key.to_str().unwrap()]);
        if made.status.success() && said(&made).contains("warning: 1 blocks of the store were damaged") {
            told += 1;
            let (new, key) = (folder.path().join(format!("new-{told}")), key.to_str().unwrap());
            let restore =
                ["restore", backup.to_str().unwrap(), "--key-file", key, "--data", new.to_str().unwrap()];
            let restored = oublietted(&restore).output().unwrap();
            assert!(restored.status.success(), "{}", said(&restored));
            assert!(said(&restored).contains(&format!("{DEPOSITS} envelopes")), "{}", said(&restored));
        }
        fs::remove_dir_all(data.path().join("store")).unwrap();
        for (path, bytes) in &store {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        if told == 2 {
            return;
        }
    }
    panic!("spent stamps and repeats have a table each");
}

#[test]
fn a_damaged_store_is_refused_with_the_file_and_the_command_and_repair_saves_the_rest() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (alice, inbox) = alice_with_deposits(&data, &server);
    server.kill_9();

    // One wrong byte in the middle of the tenth envelope.
    let path = log(&data.path());
    let mut bytes = fs::read(&path).unwrap();
    let wanted = numbered(10);
    let place = bytes.windows(64).position(|part| part == &wanted.as_bytes()[..64]).unwrap();
    bytes[place + 2_000] ^= 4;
    fs::write(&path, bytes).unwrap();
    let before = contents(&data.path().join("store"));

    let (status, screen) = Server::try_start(serving(&data.path())).map(|_| ()).unwrap_err();
    assert_eq!(status.code(), Some(7), "{screen}");
    assert!(
        screen.contains(path.to_str().unwrap()) && screen.contains("oublietted repair NEWDIR"),
        "{screen}"
    );
    assert_eq!(contents(&data.path().join("store")), before, "the refusal changed nothing");

    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new");
    let repaired = data.run(&["repair", new.to_str().unwrap()]);
    assert!(repaired.status.success(), "{}", said(&repaired));
    assert!(said(&repaired).contains("gaps      1 places"), "{}", said(&repaired));
    assert!(said(&repaired).contains(path.file_name().unwrap().to_str().unwrap()), "{}", said(&repaired));
    assert_eq!(contents(&data.path().join("store")), before, "the damaged store is only read");
    let again = data.run(&["repair", new.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(2), "{}", said(&again));

    let server = Server::start(serving(&new));
    let mut owner = Peer::connect(server.port);
    let slot = inbox.open(&mut owner).slot;
    let numbers: Vec<u16> = collect(&mut owner, slot, false)
        .into_iter()
        .map(|deliver| {
            let number = u16::from_be_bytes(deliver.envelope.as_bytes()[..2].try_into().unwrap());
            assert!(deliver.envelope == numbered(number));
            number
        })
        .collect();
    let lost = (0..DEPOSITS).filter(|number| !numbers.contains(number)).collect::<Vec<_>>();
    println!("promise P10: one byte of the front log: {} of {DEPOSITS} envelopes saved", numbers.len());
    assert_eq!(lost, [10]);
    assert_eq!(Peer::connect(server.port).welcome.server_id, alice.record.body.server_id);
}

#[test]
fn a_sector_that_cannot_be_read_costs_a_repair_what_stood_there() {
    if !may_meddle() {
        return;
    }
    let data = Data::new();
    let server = data.serve(&[]);
    let (_alice, inbox) = alice_with_deposits(&data, &server);
    server.kill_9();
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new");
    let repair = oublietted(&["repair", new.to_str().unwrap(), "--data", data.path().to_str().unwrap()]);
    // The whole is refused, and of the pieces one among the last envelopes.
    let path = log(&data.path());
    let piece = fs::metadata(&path).unwrap().len() / 4_096 - 10;
    let reads = ["read:error=EIO".to_owned(), format!("pread64:error=EIO:when={piece}")];
    let repaired = with_bad_sector(&path, &reads, &repair).output().unwrap();
    assert!(repaired.status.success(), "{}", said(&repaired));
    for told in [path.to_str().unwrap(), "unread    4096 bytes that the disk did not give"] {
        assert!(said(&repaired).contains(told), "{}", said(&repaired));
    }
    let server = Server::start(serving(&new));
    let mut owner = Peer::connect(server.port);
    let slot = inbox.open(&mut owner).slot;
    let saved = collect(&mut owner, slot, false).len();
    println!("promise P10: one sector that cannot be read: {saved} of {DEPOSITS} envelopes saved");
    assert!((usize::from(DEPOSITS) - 2..usize::from(DEPOSITS)).contains(&saved), "{saved}");
}
