//! The demo, run as a visitor runs it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// A temporary folder of its own, so that whatever the demo leaves behind is seen.
fn fresh_tmp(test: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("oub-{test}-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    dir
}

fn demo(tmp: &PathBuf) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    command.env("TMPDIR", tmp).env("CARGO", env!("CARGO")).arg("demo").stdin(Stdio::null());
    command
}

/// Waits until the keeper has cleared everything away.
fn assert_cleared(tmp: &PathBuf) {
    for _ in 0..100 {
        if fs::read_dir(tmp).unwrap().next().is_none() {
            fs::remove_dir(tmp).unwrap();
            return;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("something is left in {}", tmp.display());
}

#[test]
fn the_demo_tells_the_story_and_leaves_nothing_behind() {
    let tmp = fresh_tmp("demo-once");
    let output = demo(&tmp).arg("--once").output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    for part in
        ["listening on 127.0.0.1:", "is gone; what its disk holds", "not there", "found it, thank you"]
    {
        assert!(said.contains(part), "{part} is missing:\n{said}");
    }
    assert_cleared(&tmp);
}

#[test]
fn killing_the_demo_stops_its_relay_and_removes_its_folder() {
    let tmp = fresh_tmp("demo-killed");
    let mut process = demo(&tmp).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
    let first = lines.find(|line| line.contains("listening on ")).unwrap();
    let relay = first.split("process ").nth(1).unwrap().split(',').next().unwrap().to_owned();
    assert!(fs::exists(format!("/proc/{relay}")).unwrap());
    process.kill().unwrap();
    process.wait().unwrap();
    assert_cleared(&tmp);
    // Its parent is gone; whoever adopted it takes a moment to bury it.
    let runs = || fs::read_to_string(format!("/proc/{relay}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    for _ in 0..100 {
        if !runs() {
            return;
        }
        sleep(Duration::from_millis(20));
    }
    panic!("the relay {relay} still runs");
}

#[test]
fn a_program_that_is_not_there_is_a_clear_failure() {
    let tmp = fresh_tmp("demo-missing");
    let output = demo(&tmp).args(["--once", "--bin-dir", "/nonexistent"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("demo failed: /nonexistent/oub is not there"), "{said}");
    assert_cleared(&tmp);
}
