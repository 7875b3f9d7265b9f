//! What two people wait for: `oub send` and `oub pull`, whole processes, with an empty and a full mailbox.

use crate::relay::{Relay, program};
use crate::{Failure, median};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// People who write to bob, so that their stamps suffice.
const SENDERS: usize = 5;
/// Messages from each.
const EACH: usize = 200;

/// Joins bob and his correspondents, measures sends, then a pull of everything, then a pull of nothing.
pub fn run() -> Result<(), Failure> {
    let relay = Relay::start()?;
    let home = relay.folder().join("people");
    let bob = join(&relay, &home, "bob")?;
    for sender in 0..SENDERS {
        acquaint(&relay, &home, &format!("sender{sender}"), &bob)?;
    }
    let mut sends = Vec::new();
    for number in 0..EACH {
        for sender in 0..SENDERS {
            let text = format!("message {number}");
            sends.push(timed(&home, &format!("sender{sender}"), &["send", "bob", &text])?.0);
        }
    }
    println!("people: oub send {:.1} ms (median of {})", median(sends), SENDERS * EACH);
    let watched = watch(&home, "sender0", &["send", "bob", "one more"])?;
    println!("people: oub send {watched:.1} MB resident at most");
    let (full, printed) = timed(&home, "bob", &["pull", "--json"])?;
    println!("people: oub pull of {} messages {:.0} ms", printed.lines().count(), full);
    let empty =
        (0..10).map(|_| timed(&home, "bob", &["pull"]).map(|(ms, _)| ms)).collect::<Result<Vec<f64>, _>>()?;
    for sender in 0..SENDERS {
        for _ in 0..10 {
            timed(&home, &format!("sender{sender}"), &["send", "bob", "again"])?;
        }
    }
    println!("people: oub pull of 50 messages {:.1} MB resident at most", watch(&home, "bob", &["pull"])?);
    println!("people: oub pull of an empty mailbox {:.1} ms (median of 10)", median(empty));
    let help = (0..20)
        .map(|_| timed(&home, "bob", &["--help"]).map(|(ms, _)| ms))
        .collect::<Result<Vec<f64>, _>>()?;
    println!("people: oub --help {:.1} ms (median of 20)", median(help));
    Ok(())
}

/// Registers one person and returns the full address.
fn join(relay: &Relay, home: &Path, name: &str) -> Result<String, Failure> {
    let invite =
        Command::new(program("oublietted")).args(["invite", name, "--data"]).arg(relay.folder()).output()?;
    let talk =
        String::from_utf8_lossy(&invite.stdout).into_owned() + &String::from_utf8_lossy(&invite.stderr);
    let link =
        talk.split_whitespace().find(|word| word.starts_with("oub://")).ok_or("no invitation was printed")?;
    timed(home, name, &["join", &here(link, relay), "--protect", "file"])?;
    let (_, address) = timed(home, name, &["id"])?;
    address
        .split_whitespace()
        .find(|word| word.starts_with("oub://"))
        .map(str::to_owned)
        .ok_or_else(|| "no address".into())
}

/// The same link, with the address at which this relay listens.
fn here(link: &str, relay: &Relay) -> String {
    let rest = link.trim_start_matches("oub://");
    let path = rest.split_once('/').map_or(rest, |(_, path)| path);
    format!("oub://{}/{path}", relay.at)
}

/// Registers one sender, writes to bob, and lets bob accept, so that stamps are at hand.
fn acquaint(relay: &Relay, home: &Path, name: &str, bob: &str) -> Result<(), Failure> {
    join(relay, home, name)?;
    timed(home, name, &["add", bob, "--as", "bob"])?;
    timed(home, name, &["send", "bob", "hello"])?;
    timed(home, "bob", &["pull"])?;
    timed(home, "bob", &["accept", name])?;
    timed(home, name, &["pull"])?;
    Ok(())
}

/// Runs `oub` and returns its wall time in milliseconds and what it printed.
fn timed(home: &Path, profile: &str, arguments: &[&str]) -> Result<(f64, String), Failure> {
    let began = Instant::now();
    let output = oub(home, profile, arguments).output()?;
    let ms = began.elapsed().as_secs_f64() * 1e3;
    if !output.status.success() {
        return Err(
            format!("oub -P {profile} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into()
        );
    }
    Ok((ms, String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// Runs `oub` and returns the most MB that it was seen to hold, looked at a thousand times a second.
fn watch(home: &Path, profile: &str, arguments: &[&str]) -> Result<f64, Failure> {
    let mut child = oub(home, profile, arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut most = 0_usize;
    while child.try_wait()?.is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let seen = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = seen.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        most = most.max(kib.unwrap_or_default());
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(most as f64 * 1024.0 / 1e6)
}

fn oub(home: &Path, profile: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program("oub"));
    command.arg("--home").arg(home).args(["--no-input", "-P", profile]).args(arguments).stdin(Stdio::null());
    command
}
