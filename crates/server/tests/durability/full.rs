//! The disk is full (F04, promise P9): refused before `STORED`, collecting and acking go on, and once there is
//! room again so does everything, in the same process.

use std::fs::File;
use std::process::Command;
use std::time::Duration;

use wire::request::{Ack, Collect};
use wire::{Cursor, Notice, RefusalKind, Response};

use crate::chance::Chance;
use crate::disk::Disk;
use crate::letters::letter;
use crate::load::{Load, Size};
use crate::support::peer::Peer;
use crate::support::person::refused;
use crate::verdict::{End, examine, retry};
use crate::world::{World, serve};

/// Takes all room but so much.
fn eat_all_but(disk: &Disk, left: u64) {
    let stat = rustix::fs::statvfs(disk.at()).unwrap();
    let eaten = (stat.f_bavail * stat.f_frsize).saturating_sub(left);
    let ballast = disk.at().join("ballast");
    let done = Command::new("fallocate").arg("-l").arg(eaten.to_string()).arg(&ballast).status().unwrap();
    assert!(done.success());
    File::open(ballast).unwrap().sync_all().unwrap();
}

#[test]
fn a_full_disk_refuses_before_stored_and_goes_on_without_a_restart() {
    let Some(disk) = Disk::make() else { return };
    let mut chance = Chance::new("full disk");
    let server = serve(&disk.data());
    let world = World::begin(&disk.data(), server.port);
    let load = Load::start(&world, server.port, Size::Mixed);
    std::thread::sleep(Duration::from_millis(150));
    load.stop();
    eat_all_but(&disk, 60 << 20);

    let (inbox, last) = (&world.inboxes[0], 60_000);
    let mut sender = Peer::connect(server.port);
    let answer = sender.ask(inbox.stamped(last, letter(0, last, 4_096)));
    assert_eq!(refused(answer), RefusalKind::Unavailable);

    let mut owner = Peer::connect(server.port);
    let opened = inbox.open(&mut owner);
    assert!(opened.waiting > 1);
    let (slot, ask) = (opened.slot, opened.waiting.div_ceil(2));
    let credit = u16::try_from(ask.min(256)).unwrap();
    let collect = Collect { slot, after: Cursor(0), credit, follow: false };
    assert!(matches!(owner.ask(collect), Response::Collecting));
    for _ in 0..credit {
        let Notice::Deliver(delivered) = owner.notice() else { panic!("not delivered on a full disk") };
        let through = delivered.cursor;
        let index = crate::letters::number_of(0, &delivered.envelope).unwrap();
        world.ledger().delivered(0, through.0, index);
        world.ledger().acking(0, through.0);
        assert!(matches!(owner.ask(Ack { slot, through }), Response::Acked));
        world.ledger().acked(0, through.0);
    }
    let answer = sender.ask(inbox.stamped(last, letter(0, last, 4_096)));
    assert_eq!(refused(answer), RefusalKind::Unavailable, "acks are no room for deposits");

    std::fs::remove_file(disk.at().join("ballast")).unwrap();
    world.ledger().sent(0, last, 4_096);
    assert!(matches!(sender.ask(inbox.stamped(last, letter(0, last, 4_096))), Response::Stored));
    world.ledger().stored(0, last);
    let found = examine(&world, &world.snapshot(), &world.data, server.port, End::Process);
    retry(&world, &mut world.ledger(), server.port, &mut chance);
    println!(
        "promise P9: {} confirmed, a full disk: refused before STORED, {credit} collected and acked meanwhile, \
         confirmed again without a restart, {} looked up, 0 lost",
        world.ledger().confirmed(),
        found.kept
    );
}

#[test]
fn a_disk_that_somebody_else_fills_to_the_last_byte_loses_nothing_confirmed() {
    let Some(disk) = Disk::make() else { return };
    let mut chance = Chance::new("no byte left");
    let mut server = serve(&disk.data());
    let world = World::begin(&disk.data(), server.port);
    let load = Load::start(&world, server.port, Size::Large);
    std::thread::sleep(chance.pause(100, 300));
    eat_all_but(&disk, 0);
    std::thread::sleep(Duration::from_secs(1));
    load.stop();
    let mut probe = Peer::try_connect(server.port);
    let alive = probe.as_mut().is_some_and(|peer| world.inboxes[0].try_open(peer).is_some());
    drop(probe);
    if !alive {
        assert_eq!(server.wait().0.code(), Some(7));
    } else {
        server.kill_9();
    }
    std::fs::remove_file(disk.at().join("ballast")).unwrap();
    let server = serve(&disk.data());
    let mut ledger = world.ledger();
    let found = examine(&world, &ledger, &world.data, server.port, End::Process);
    retry(&world, &mut ledger, server.port, &mut chance);
    println!(
        "promise P9: {} confirmed, not a byte left ({}), {} looked up, 0 lost",
        ledger.confirmed(),
        if alive { "the server went on" } else { "exit 7" },
        found.kept
    );
}
