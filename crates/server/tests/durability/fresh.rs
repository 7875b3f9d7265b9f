//! The power goes right after files were made: a first start, a rotation (F07, promise P1).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::disk::{Disk, freeze, thaw};
use crate::load::{Load, Size};
use crate::rounds;
use crate::support::PATIENCE;
use crate::verdict::{End, Found, examine, retry};
use crate::world::{World, serve, serving, status};

/// Every path below a folder.
fn paths(below: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut open = vec![below.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(entry.path());
            }
            found.insert(entry.path());
        }
    }
    found
}

#[test]
fn a_first_start_without_power_is_followed_by_a_start() {
    let (cuts, mut chance) = (rounds(12, 200), Chance::new("power, in a first start"));
    let Some(disk) = Disk::make() else { return };
    let mut whole = 0;
    for cut in 0..cuts {
        let data = disk.at().join(format!("data-{cut}"));
        let mut first = serving(&data).stderr(Stdio::null()).spawn().unwrap();
        // Half of the cuts come when a file was made a moment ago.
        let (files, began) = (chance.below(100), Instant::now());
        let pause = chance.pause(0, 160);
        while match cut % 2 {
            0 => began.elapsed() < pause,
            _ => (paths(&data).len() as u64) < files && began.elapsed() < Duration::from_millis(400),
        } {
            std::thread::sleep(Duration::from_micros(100));
        }
        freeze(first.id());
        let copy = Disk::copy_of(&disk);
        first.kill().unwrap();
        first.wait().unwrap();
        let _nothing_made_yet = std::fs::remove_dir_all(&data);
        let data = copy.at().join(format!("data-{cut}"));
        whole += u32::from(data.join("store").exists());
        let server = serve(&data);
        let world = World::begin(&data, server.port);
        let load = Load::start(&world, server.port, Size::Mixed);
        std::thread::sleep(Duration::from_millis(30));
        load.stop();
        examine(&world, &world.snapshot(), &data, server.port, End::Process);
        assert_eq!(status(&data, "registrations"), 1);
        assert_eq!(server.terminate().0.code(), Some(0));
    }
    println!(
        "promise P1: {cuts} power cuts in a first start, {whole} with a store begun, 0 that do not start"
    );
}

#[test]
fn a_cut_right_after_new_files_loses_nothing_confirmed() {
    let (cuts, mut chance) = (rounds(6, 100), Chance::new("power, at new files"));
    let (mut done, mut confirmed, mut new, mut found) = (0, 0, BTreeSet::new(), Found::default());
    while done < cuts {
        let Some(disk) = Disk::make() else { return };
        let server = serve(&disk.data());
        let world = World::begin(&disk.data(), server.port);
        let load = Load::start(&world, server.port, Size::Large);
        for _ in 0..12.min(cuts - done) {
            let (mut known, until) = (paths(&disk.data()), Instant::now() + PATIENCE);
            loop {
                let now = paths(&disk.data());
                let fresh: Vec<_> = now.difference(&known).cloned().collect();
                known = now;
                if !fresh.is_empty() {
                    new.extend(fresh.iter().map(|path| kind_of(path)));
                    break;
                }
                assert!(Instant::now() < until, "no new file under load");
                std::thread::sleep(Duration::from_micros(100));
            }
            if chance.below(2) == 0 {
                std::thread::sleep(chance.pause(0, 10));
            }
            freeze(server.pid());
            std::thread::sleep(Duration::from_millis(20));
            let mut ledger = world.snapshot();
            let copy = Disk::copy_of(&disk);
            thaw(server.pid());
            done += 1;
            let after = serve(&copy.data());
            found += examine(&world, &ledger, &copy.data(), after.port, End::Power);
            retry(&world, &mut ledger, after.port, &mut chance);
        }
        load.stop();
        confirmed += world.ledger().confirmed();
        server.kill_9();
    }
    println!(
        "promise P1: {confirmed} confirmed, {done} power cuts right after new files ({}), {} looked up, 0 lost",
        new.into_iter().collect::<Vec<_>>().join(", "),
        found.kept
    );
}

/// `journal`, `tables`, `blobs`, or whatever else the folder of a file is called.
fn kind_of(path: &Path) -> String {
    match path.extension() {
        Some(end) if end == "jnl" => "journal".to_owned(),
        _ => {
            let parent = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
            if parent.parse::<u64>().is_ok() { "keyspace".to_owned() } else { parent.into_owned() }
        }
    }
}
