//! The disk fails, slows down, turns read-only, or is taken away (F03, F10, F11, promise P1).

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use wire::request::Collect;
use wire::{Cursor, Notice, RefusalKind, Response};

use crate::chance::Chance;
use crate::disk::Disk;
use crate::letters::letter;
use crate::load::{Load, Size};
use crate::meddle::{Meddler, may_meddle};
use crate::rounds;
use crate::support::peer::Peer;
use crate::support::person::{alice_with_inbox, refused};
use crate::support::{Data, Server, oublietted};
use crate::verdict::{End, Found, examine, retry};
use crate::world::{World, serve};

const SYNCS: &str = "fsync,fdatasync";

/// The front logs of a store: the one that every commit is written to, and the next.
fn logs(data: &Path) -> Vec<PathBuf> {
    let found = std::fs::read_dir(data.join("store/front")).unwrap().flatten().map(|entry| entry.path());
    found.collect()
}

/// Waits for a server to end by itself, with the exit code of a store that stopped.
fn ends_with_7(server: &mut Server) {
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(7), "{log}");
    assert!(log.contains("the store stopped after a failed write"), "{log}");
}

/// Under load, from one moment on every such call fails: nothing is confirmed from then on, the process ends
/// by itself, and another one serves everything that was.
fn fails_under_load(calls: &str, error: &str, on_logs: bool, rounds: u32) {
    let mut chance = Chance::new(error);
    let data = Data::new();
    let mut server = serve(&data.path());
    let world = World::begin(&data.path(), server.port);
    let mut found = Found::default();
    for _ in 0..rounds {
        let load = Load::start(&world, server.port, Size::Mixed);
        std::thread::sleep(chance.pause(50, 150));
        let logs = if on_logs { logs(&data.path()) } else { Vec::new() };
        let paths: Vec<_> = logs.iter().map(PathBuf::as_path).collect();
        let meddler = Meddler::attach(server.pid(), calls, Some(&format!("error={error}")), &paths).unwrap();
        // Every call under way before the first failing one has been answered by now.
        std::thread::sleep(Duration::from_millis(100));
        world.ledger().cut_begins();
        load.join();
        ends_with_7(&mut server);
        drop(meddler);
        server = serve(&data.path());
        let mut ledger = world.ledger();
        let during = ledger.confirmed_during_a_cut();
        assert_eq!(during, 0, "confirmed although {calls} answered {error}");
        found += examine(&world, &ledger, &world.data, server.port, End::Process);
        ledger.cut_is_over();
        retry(&world, &mut ledger, server.port, &mut chance);
    }
    println!(
        "promise P1: {} confirmed, {rounds} times {calls} answered {error} under load: {rounds} exits 7, {} \
         looked up, 0 lost, 0 confirmed afterwards",
        world.ledger().confirmed(),
        found.kept
    );
}

#[test]
fn a_failed_sync_stops_the_store_and_confirms_nothing() {
    if may_meddle() {
        fails_under_load(SYNCS, "EIO", false, rounds(2, 50));
    }
}

#[test]
fn a_failed_write_stops_the_store_and_confirms_nothing() {
    if may_meddle() {
        fails_under_load("write,writev,pwrite64", "EIO", true, rounds(1, 50));
        fails_under_load("write,writev,pwrite64", "ENOSPC", true, rounds(1, 50));
    }
}

/// Bytes of this process that are in memory.
fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// How far memory may grow while everybody waits for the disk: a commit and the writer's queue full of the largest
/// envelopes (8 and 32 MiB) with what goes with it, and no more however long it takes.
const GROWTH_KIB_MAX: u64 = 192 * 1_024;

#[test]
fn a_disk_that_takes_five_seconds_to_sync_loses_nothing_and_memory_stays_bounded() {
    if !may_meddle() {
        return;
    }
    let mut chance = Chance::new("slow syncs");
    let data = Data::new();
    let server = serve(&data.path());
    let world = World::begin(&data.path(), server.port);
    // Somebody who already collects goes on while others wait for the disk.
    let mut sender = Peer::connect(server.port);
    assert!(matches!(sender.ask(world.quiet.stamped(0, letter(0, 0, 4_096))), Response::Stored));
    let mut owner = Peer::connect(server.port);
    let slot = world.quiet.open(&mut owner).slot;
    let before = resident_kib(server.pid());
    let meddler = Meddler::attach(server.pid(), SYNCS, Some("delay_exit=5000000"), &[]).unwrap();
    let load = Load::start(&world, server.port, Size::Large);
    std::thread::sleep(Duration::from_millis(1_500));
    let asked = Instant::now();
    let ask = Collect { slot, after: Cursor(0), credit: 1, follow: false };
    assert!(matches!(owner.ask(ask), Response::Collecting));
    assert!(matches!(owner.notice(), Notice::Deliver(_)));
    let collected = asked.elapsed();
    std::thread::sleep(Duration::from_secs(7));
    let grown = resident_kib(server.pid()).saturating_sub(before);
    drop(meddler);
    load.stop();
    assert!(grown < GROWTH_KIB_MAX, "memory grew by {grown} KiB");
    assert!(collected < Duration::from_secs(4), "collecting waited for a sync: {collected:?}");
    let found = examine(&world, &world.snapshot(), &world.data, server.port, End::Process);
    retry(&world, &mut world.ledger(), server.port, &mut chance);
    println!(
        "promise P9: syncs of 5 s under a flood: {} confirmed, {} looked up, 0 lost, memory grew by {grown} \
         KiB, collecting took {} ms meanwhile",
        world.ledger().confirmed(),
        found.kept,
        collected.as_millis()
    );
}

#[test]
fn a_disk_that_turns_read_only_ends_the_process_and_confirms_nothing_false() {
    let Some(mut disk) = Disk::make() else { return };
    let trigger = PathBuf::from(format!("/sys/fs/ext4/{}/trigger_fs_error", disk.device()));
    if !trigger.exists() {
        println!("SKIPPED: this kernel cannot turn an ext4 read-only on demand");
        return;
    }
    let mut chance = Chance::new("read-only");
    let mut server = serve(&disk.data());
    let world = World::begin(&disk.data(), server.port);
    let load = Load::start(&world, server.port, Size::Mixed);
    std::thread::sleep(chance.pause(50, 200));
    world.ledger().cut_begins();
    std::fs::write(trigger, "read-only now").unwrap();
    load.join();
    ends_with_7(&mut server);
    let refused = crate::world::serving(&disk.data()).output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(7), "{said}");
    assert!(said.starts_with("error: the data folder cannot be used"), "{said}");
    disk.unmount();
    assert!(disk.mount());
    let server = serve(&disk.data());
    let mut ledger = world.ledger();
    let found = examine(&world, &ledger, &world.data, server.port, End::Power);
    ledger.cut_is_over();
    retry(&world, &mut ledger, server.port, &mut chance);
    println!(
        "promise P1: {} confirmed, the disk turned read-only: exit 7, {} looked up, 0 lost",
        ledger.confirmed(),
        found.kept
    );
}

#[test]
fn a_data_folder_that_is_taken_away_ends_the_process_and_confirms_nothing_more() {
    for gone in ["moved", "deleted"] {
        let data = Data::new();
        let mut server = serve(&data.path());
        let world = World::begin(&data.path(), server.port);
        let mut sender = Peer::connect(server.port);
        let inbox = &world.inboxes[0];
        assert!(matches!(sender.ask(inbox.stamped(0, letter(0, 0, 4_096))), Response::Stored));
        match gone {
            "moved" => std::fs::rename(data.path(), data.path().with_extension("elsewhere")).unwrap(),
            _ => std::fs::remove_dir_all(data.path()).unwrap(),
        }
        let answer = sender.ask(inbox.stamped(1, letter(0, 1, 4_096)));
        assert!(matches!(refused(answer), RefusalKind::Unavailable | RefusalKind::Uncertain), "{gone}");
        ends_with_7(&mut server);
    }
    println!("promise P1: the data folder moved or deleted under a server: exit 7, 0 confirmed afterwards");
}

/// The operator's own verbs notice a store that stopped, also when nobody writes.
#[test]
fn a_verb_that_meets_a_failed_sync_ends_the_process_too() {
    if !may_meddle() {
        return;
    }
    let data = Data::new();
    let mut server = serve(&data.path());
    let meddler = Meddler::attach(server.pid(), SYNCS, Some("error=EIO"), &[]).unwrap();
    assert_eq!(data.run(&["invite", "alice"]).status.code(), Some(4));
    ends_with_7(&mut server);
    drop(meddler);
}

#[test]
fn a_commit_that_hangs_is_told_by_health_and_log_without_any_watchdog() {
    if !may_meddle() {
        return;
    }
    let data = Data::new();
    let server = serve(&data.path());
    let world = World::begin(&data.path(), server.port);
    let deposit = world.quiet.stamped(0, letter(0, 0, 4_096));
    let mut sender = Peer::connect(server.port);
    let meddler = Meddler::attach(server.pid(), SYNCS, Some("delay_exit=40000000"), &[]).unwrap();
    sender.send(deposit);
    let until = Instant::now() + Duration::from_secs(90);
    let wait_for = |what: &str, is_so: &dyn Fn() -> bool| {
        while !is_so() {
            assert!(Instant::now() < until, "{what}");
            std::thread::sleep(Duration::from_millis(500));
        }
    };
    let health = || data.run(&["health", "--json"]);
    assert_eq!(health().status.code(), Some(0));
    wait_for("health does not tell", &|| health().status.code() == Some(4));
    wait_for("the log does not tell", &|| server.log().contains("a commit hangs"));
    drop(meddler);
    wait_for("it does not recover", &|| health().status.code() == Some(0));
}

#[test]
fn a_file_that_the_disk_does_not_give_costs_a_backup_what_stands_there_alone() {
    if !may_meddle() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    assert!(oublietted(&["backup-key"]).arg(&key).output().unwrap().status.success());
    let data = Data::new();
    let server = serve(&data.path());
    let (alice, inbox) = alice_with_inbox(&data, &server);
    let mut peer = Peer::connect(server.port);
    for number in 0..24 {
        assert!(matches!(peer.ask(inbox.stamped(number, letter(0, number, 4_096))), Response::Stored));
    }
    drop(peer);
    assert!(data.run(&["forget"]).status.success());
    server.terminate();
    // It has the file open, and nothing of what stands there in memory.
    let server = serve(&data.path());
    let keyspaces = std::fs::read_dir(data.path().join("store/keyspaces")).unwrap().flatten();
    let folders = keyspaces.filter_map(|keyspace| std::fs::read_dir(keyspace.path().join("blobs")).ok());
    let values: Vec<_> = folders.flatten().flatten().map(|entry| entry.path()).collect();
    let paths: Vec<_> = values.iter().map(PathBuf::as_path).collect();
    let meddler = Meddler::attach(server.pid(), "pread64", Some("error=EIO"), &paths).unwrap();
    let (backup, new) = (folder.path().join("backup"), folder.path().join("new"));
    let (backup, key, new) = (backup.to_str().unwrap(), key.to_str().unwrap(), new.to_str().unwrap());
    let made = data.run(&["backup", backup, "--key-file", key]);
    drop(meddler);
    let screen = format!("{made:?}");
    assert!(made.status.success() && screen.contains("warning: 24 stored rows were damaged"), "{screen}");
    let restored = oublietted(&["restore", backup, "--key-file", key, "--data", new]).output().unwrap();
    assert!(restored.status.success(), "{restored:?}");
    let restored = serve(Path::new(new));
    assert_eq!(inbox.open(&mut Peer::connect(restored.port)).waiting, 0);
    assert_eq!(Peer::connect(restored.port).welcome.server_id, alice.record.body.server_id);
}
