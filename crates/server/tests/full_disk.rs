//! A full disk refuses before `STORED`; what was stored is still collected and acked (promise P9).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use support::peer::Peer;
use support::person::{Mailbox, Person, refused};
use support::{PATIENCE, Server, invitation_in, oublietted};
use wire::request::{Ack, Collect, Feed, MailboxPolicy};
use wire::{Cursor, LeafKind, Notice, RefusalKind, Response};

/// A small file system of its own; `None` where this user may not mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=112m,mode=0700", "tmpfs"]).arg(at);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        if !mounted {
            eprintln!("SKIPPED: this user may not mount a tmpfs");
        }
        mounted.then(|| Self(at.to_path_buf()))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _gone_with_the_container = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

/// Bytes that are taken on the disk.
fn used(at: &Path) -> u64 {
    let found = rustix::fs::statvfs(at).unwrap();
    (found.f_blocks - found.f_bfree) * found.f_frsize
}

fn serve(data: &str) -> Server {
    Server::start(oublietted(&["serve", "--listen", "127.0.0.1:0", "--data", data]))
}

fn inbox_of_alice(data: &str, server: &Server) -> Mailbox {
    let invitation = oublietted(&["invite", "alice", "--data", data]).output().unwrap().stdout;
    let code = invitation_in(&String::from_utf8(invitation).unwrap()).code;
    let inbox = Person::registered(server.port, "alice", code).create(server.port, MailboxPolicy::Inbox, 0);
    let mut owner = Peer::connect(server.port);
    let slot = inbox.open(&mut owner).slot;
    inbox.generate(&mut owner, slot);
    inbox
}

/// Each envelope is its own noise: what compresses would never fill a disk.
fn noise(index: u16) -> wire::Envelope {
    let mut bytes = vec![0; 64 * 1024];
    getrandom::fill(&mut bytes).unwrap();
    bytes[..2].copy_from_slice(&index.to_be_bytes());
    wire::Envelope::new(bytes.into()).unwrap()
}

#[test]
fn a_full_disk_refuses_before_stored_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&folder.path().join("disk")) else { return };
    let at = disk.path();
    let data = at.to_str().unwrap();
    let server = serve(data);
    let inbox = inbox_of_alice(data, &server);
    let mut sender = Peer::connect(server.port);
    let mut stored = 0_u16;
    let refusal = loop {
        match sender.ask(inbox.stamped(stored, noise(stored))) {
            Response::Stored => stored += 1,
            other => break refused(other),
        }
        assert!(stored < 2_000, "the disk does not fill");
    };
    assert_eq!(refusal, RefusalKind::Unavailable);

    // Another process finds them all, hands them over and lets go of them.
    server.kill_9();
    let server = serve(data);
    let mut owner = Peer::connect(server.port);
    let opened = inbox.open(&mut owner);
    assert_eq!(opened.waiting, u32::from(stored));
    let mut collected = 0_u16;
    let (slot, credit, follow) = (opened.slot, 32, false);
    assert!(matches!(owner.ask(Collect { slot, after: Cursor(0), credit, follow }), Response::Collecting));
    while let Notice::Deliver(delivered) = owner.notice() {
        assert_eq!(delivered.envelope.as_bytes()[..2], collected.to_be_bytes());
        collected += 1;
        let through = delivered.cursor;
        if collected.is_multiple_of(16) || collected == stored {
            assert!(matches!(owner.ask(Ack { slot, through }), Response::Acked));
        }
    }
    assert_eq!(collected, stored);
    assert_eq!(inbox.open(&mut Peer::connect(server.port)).waiting, 0);
    println!(
        "promise P9: {stored} stored, then refused before STORED; {collected} collected and acked, 0 lost"
    );

    // What was acked leaves the disk without anybody making room, and the next deposit is taken.
    let full = used(at);
    let forgot = oublietted(&["forget", "--data", data]).output().unwrap();
    assert!(forgot.status.success(), "{}", String::from_utf8_lossy(&forgot.stderr));
    let until = Instant::now() + PATIENCE;
    while used(at) > full / 4 {
        assert!(Instant::now() < until, "{} of {full} bytes are still taken", used(at));
        std::thread::sleep(Duration::from_millis(50));
    }
    println!("forget: of {} KiB on a full disk {} KiB stay", full / 1024, used(at) / 1024);
    let mut sender = Peer::connect(server.port);
    assert!(matches!(sender.ask(inbox.stamped(stored + 1, noise(stored + 1))), Response::Stored));
}

#[test]
fn a_relay_restored_onto_a_full_disk_takes_no_name_before_its_log_says_that_it_went_back() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&folder.path().join("disk")) else { return };
    let at = disk.path();
    let (key, file) = (folder.path().join("key"), folder.path().join("backup"));
    let (key, file) = (key.to_str().unwrap(), file.to_str().unwrap());
    let data = at.join("data");
    let run = |verb: &[&str]| {
        let output = oublietted(verb).args(["--data", data.to_str().unwrap()]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let serve = || {
        let serve = ["serve", "--open", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
        Server::start(oublietted(&serve))
    };
    let claim = |port: u16, name: &str| {
        let mut peer = Peer::connect(port);
        let person = Person::new(name, peer.welcome.server_id);
        peer.ask(person.claim(None))
    };
    let server = serve();
    assert!(matches!(claim(server.port, "alice"), Response::Registered(_)));
    assert!(oublietted(&["backup-key", key]).output().unwrap().status.success());
    run(&["backup", file, "--key-file", key]);
    let Response::Registered(lost) = claim(server.port, "dora") else { panic!("not registered") };
    server.kill_9();
    std::fs::remove_dir_all(&data).unwrap();
    // Less is left than deposits leave alone.
    let ballast = at.join("ballast");
    std::fs::write(&ballast, vec![7; 62 * 1024 * 1024]).unwrap();
    run(&["restore", file, "--key-file", key]);

    let server = serve();
    let status = run(&["status"]);
    std::fs::remove_file(&ballast).unwrap();
    assert_eq!(
        refused(claim(server.port, "erin")),
        RefusalKind::Busy,
        "the log has yet to say that it went back"
    );
    assert!(status.contains("make room on the disk"), "{status}");
    let until = Instant::now() + PATIENCE;
    let registered = loop {
        match claim(server.port, "erin") {
            Response::Registered(registered) => break registered,
            other => assert_eq!(refused(other), RefusalKind::Busy),
        }
        assert!(Instant::now() < until, "the log never begins: {}", server.log());
        std::thread::sleep(Duration::from_millis(200));
    };
    let fed = loop {
        match Peer::connect(server.port).ask(Feed { log_number: 0, from: 0 }) {
            Response::Leaves(leaves) => break leaves,
            other => assert_eq!(refused(other), RefusalKind::Unavailable),
        }
        assert!(Instant::now() < until, "the log is never shown: {}", server.log());
        std::thread::sleep(Duration::from_millis(20));
    };
    let mark = &fed.leaves[usize::try_from(lost.leaf_index).unwrap()];
    assert_eq!((mark.kind, mark.prev_index), (LeafKind::Restored, lost.leaf_index));
    assert!(registered.leaf_index > lost.leaf_index);
}

#[test]
fn check_reports_a_disk_that_is_full_to_the_last_byte() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&folder.path().join("disk")) else { return };
    let at = disk.path();
    let data = at.to_str().unwrap();
    let server = serve(data);
    let mut ballast = std::fs::File::create(at.join("ballast")).unwrap();
    while std::io::Write::write(&mut ballast, &[0; 4_096]).is_ok() {}
    let check = |server_runs: bool| {
        let output = oublietted(&["check", "--data", data]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let whole = format!("{said}{}", String::from_utf8_lossy(&output.stderr));
        // Who serves goes on; who does not cannot start before there is room.
        assert_eq!(output.status.code(), Some(if server_runs { 0 } else { 7 }), "{whole}");
        assert!(server_runs || whole.contains("make room on the disk, then start again"), "{whole}");
        assert!(said.contains("MIND: 0 MiB free; messages are refused"), "{whole}");
        assert!(said.contains("MIND: not measured: there is no room"), "{whole}");
        assert_eq!(said.contains("server         running"), server_runs, "{whole}");
    };
    let key = at.join("key");
    let made = oublietted(&["backup-key"]).arg(&key).output().unwrap();
    assert!(!made.status.success() && !key.exists(), "half a key stands in nobody's way");
    check(true);
    assert_eq!(server.terminate().0.code(), Some(0));
    check(false);
}

#[test]
fn a_start_that_needs_room_to_settle_says_so_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&folder.path().join("disk")) else { return };
    let at = disk.path();
    let data = at.to_str().unwrap();
    let server = serve(data);
    let inbox = inbox_of_alice(data, &server);
    let mut sender = Peer::connect(server.port);
    for number in 0..96 {
        assert!(matches!(sender.ask(inbox.stamped(number, noise(number))), Response::Stored));
    }
    server.kill_9();
    // Six MiB are in the front log and in no table.
    let left = 3 << 20;
    let stat = rustix::fs::statvfs(at).unwrap();
    let ballast = vec![0; usize::try_from(stat.f_bfree * stat.f_frsize - left).unwrap()];
    std::fs::write(at.join("ballast"), ballast).unwrap();
    let started = Server::try_start(oublietted(&["serve", "--listen", "127.0.0.1:0", "--data", data]));
    let (status, screen) = started.map(|_| ()).unwrap_err();
    assert_eq!(status.code(), Some(7), "{screen}");
    assert!(screen.contains("make room on the disk, then start again"), "{screen}");
    std::fs::remove_file(at.join("ballast")).unwrap();
    let server = serve(data);
    assert_eq!(inbox.open(&mut Peer::connect(server.port)).waiting, 96);
}
