//! The process ends at any moment: by `kill -9`, while it starts, or in order (F01, promises P1 and P11).

use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;

use crate::chance::Chance;
use crate::load::{Load, Size};
use crate::rounds;
use crate::support::Data;
use crate::verdict::{End, Found, examine, retry};
use crate::world::{World, serve, serving};

/// Kills on one data folder; then another one begins, since stamps are finite.
const KILLS_OF_A_FOLDER: u32 = 64;

#[test]
fn nothing_confirmed_is_lost_and_nothing_let_go_of_returns_when_the_process_is_killed() {
    let (kills, mut chance) = (rounds(24, 1_000), Chance::new("kill -9"));
    let (mut done, mut confirmed, mut retried, mut found) = (0, 0, 0, Found::default());
    while done < kills {
        let data = Data::new();
        let mut server = serve(&data.path());
        let world = World::begin(&data.path(), server.port);
        for _ in 0..KILLS_OF_A_FOLDER.min(kills - done) {
            let mut load = Load::start(&world, server.port, Size::Mixed);
            if done % 2 == 0 {
                load = load.forgetting(&world);
            }
            std::thread::sleep(chance.pause(10, 250));
            server.kill_9();
            load.join();
            done += 1;
            if chance.below(4) == 0 {
                // And once more before anybody listens.
                let mut early = serving(&data.path()).stderr(Stdio::null()).spawn().unwrap();
                std::thread::sleep(chance.pause(0, 30));
                early.kill().unwrap();
                early.wait().unwrap();
            }
            server = serve(&data.path());
            let mut ledger = world.ledger();
            found += examine(&world, &ledger, &world.data, server.port, End::Process);
            retried += retry(&world, &mut ledger, server.port, &mut chance);
        }
        confirmed += world.ledger().confirmed();
        assert_eq!(server.terminate().0.code(), Some(0));
    }
    assert!(confirmed > 20 * kills as usize, "the servers were killed before they did anything");
    println!(
        "promise P1: {confirmed} confirmed, {done} kill -9, {} looked up, {retried} retries, 0 lost",
        found.kept
    );
}

#[test]
fn sigterm_under_load_ends_in_order_and_loses_nothing() {
    let (ends, mut chance) = (rounds(4, 100), Chance::new("SIGTERM"));
    let data = Data::new();
    let mut server = serve(&data.path());
    let world = World::begin(&data.path(), server.port);
    let (mut found, mut slowest) = (Found::default(), Duration::ZERO);
    for _ in 0..ends {
        let load = Load::start(&world, server.port, Size::Mixed);
        std::thread::sleep(chance.pause(50, 250));
        let began = std::time::Instant::now();
        server.signal(Signal::TERM);
        load.join();
        let (status, log) = server.wait();
        slowest = slowest.max(began.elapsed());
        assert_eq!(status.code(), Some(0), "{log}");
        server = serve(&data.path());
        let mut ledger = world.ledger();
        found += examine(&world, &ledger, &world.data, server.port, End::Process);
        retry(&world, &mut ledger, server.port, &mut chance);
    }
    let confirmed = world.ledger().confirmed();
    println!(
        "promise P11: {confirmed} confirmed, {ends} SIGTERM, {} looked up, 0 lost, slowest end {} ms",
        found.kept,
        slowest.as_millis()
    );
}
