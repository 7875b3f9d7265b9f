//! The vault's disk is full (F04): what `oub` says then is so, and with room again it goes on.

use std::io::Write as _;
use std::process::Command;

use crate::book::{Book, history, texts_of};
use crate::disk::Disk;
use crate::person::{Person, meet};
use crate::relay::Relay;

/// Takes all room: most of it at once, the rest byte by byte.
fn fill(disk: &Disk) {
    let stat = rustix::fs::statvfs(disk.at()).unwrap();
    let most = (stat.f_bfree * stat.f_frsize).saturating_sub(64 << 20);
    let ballast = disk.at().join("ballast");
    let taken = Command::new("fallocate").arg("-l").arg(most.to_string()).arg(&ballast).status().unwrap();
    assert!(taken.success());
    let rest = std::fs::File::create(disk.at().join("rest")).unwrap();
    // A sync gives room back that was set aside for its own work.
    for _ in 0..8 {
        let full = (0..32_768).any(|_| (&rest).write_all(&[0; 4_096]).is_err());
        assert!(full, "there is room still");
        rest.sync_all().unwrap();
    }
}

#[test]
fn a_full_disk_is_told_and_costs_no_message() {
    let Some(disk) = Disk::make() else { return };
    let (relay, mut book) = (Relay::start(), Book::default());
    let home = tempfile::tempdir_in(disk.at()).unwrap();
    let (alice, bob) = (Person { name: "alice".into(), home }.join(&relay), Person::joined("bob", &relay));
    meet(&alice, &bob);
    fill(&disk);
    for command in [["send", "bob", "one"].as_slice(), &["pull"], &["log", "bob"]] {
        let full = alice.run(command);
        full.assert_problem(7, "OUB-E200");
        assert!(full.err.contains("no room") && full.err.contains("make room"), "{}", full.err);
    }
    bob.ok(&["send", "alice", "while it is full"]);
    std::fs::remove_file(disk.at().join("ballast")).unwrap();
    std::fs::remove_file(disk.at().join("rest")).unwrap();
    assert_eq!(history(&alice, "bob", "sent"), ["hello bob"], "nothing was kept, and nothing said so");
    assert_eq!(alice.pull(), ["while it is full"]);
    alice.ok(&["send", "bob", &book.next_text()]);
    book.shown(texts_of(&bob.ok(&["--json", "pull"]).out), false);
    book.assert_exact("a full disk", &bob, "alice");
}
