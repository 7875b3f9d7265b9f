//! What the running program leaves for others: no core file, no readable memory.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::person::{Person, friends};
use crate::relay::Relay;

/// Ends a process as a crash does, once it is ready, and says whether a core lies beside it.
fn crash(person: &Person, program: &str, ready: impl Fn(u32) -> bool) -> bool {
    let script = format!("ulimit -c unlimited; exec {program}");
    let mut child = Command::new("sh")
        .args(["-c", &script])
        .current_dir(person.home.path())
        .env("OUB_HOME", person.home.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while !ready(child.id()) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
    }
    Command::new("kill").args(["-ABRT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(6));
    let entries = std::fs::read_dir(person.home.path()).unwrap().flatten();
    let cores = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("core"));
    cores.map(|core| std::fs::remove_file(core.path()).unwrap()).count() > 0
}

/// As the kernel sees it.
fn soft_core_limit(pid: u32) -> Option<String> {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let line = limits.lines().find(|line| line.starts_with("Max core file size"))?;
    line.split_whitespace().nth(4).map(str::to_owned)
}

/// D05: even where whoever started it allows core files of any size.
#[cfg(target_os = "linux")]
#[test]
fn a_crash_leaves_no_core_file() {
    let relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    let oub = crate::bin_dir().join("oub");
    let follow = format!("{} pull --follow", oub.display());
    // The shell before it may have a limit of 0 too.
    let comm = |pid: u32| std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let left = crash(&alice, &follow, |pid| {
        comm(pid).trim() == "oub" && soft_core_limit(pid).as_deref() == Some("0")
    });
    assert!(!left, "there is a core of oub");
    // The control: a program that asks for nothing. Where it leaves none either, this test told nothing.
    let control = crash(&alice, "sleep 60", |pid| comm(pid).trim() == "sleep");
    println!("the control left {}", if control { "a core" } else { "none: this system keeps none" });
}

/// D05: the limit is asked for before anything else happens.
#[cfg(target_os = "linux")]
#[test]
fn a_running_program_allows_itself_no_core() {
    let relay = Relay::start();
    let (alice, _bob) = friends(&relay);
    let mut child = alice.command(&["pull", "--follow"]).spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while soft_core_limit(child.id()).as_deref() != Some("0") && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
    }
    let limit = soft_core_limit(child.id());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(limit.as_deref(), Some("0"));
}
