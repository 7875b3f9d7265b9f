//! What the disk has to take: bytes written for each byte deposited, and what is left when everything is acked.
//!
//! What the system counts for a process is whole folios of its cache that became dirty, however little of each: far too
//! much where files are written over. So the device is asked too, which counts what others write as well.

use crate::relay::Relay;
use crate::stage::Stage;
use crate::{Failure, absent, envelopes};
use std::path::Path;
use std::time::{Duration, Instant};

/// Quiet time in which the store has to shrink.
const QUIET: Duration = Duration::from_secs(60);
/// What it has to shrink to.
const LEFT_BYTES: u64 = 64 << 20;

/// Deposits `count` envelopes for `people`, drains them, and waits for the store to shrink.
pub async fn run(people: usize, count: usize) -> Result<(), Failure> {
    let stage = Stage::ours(people).await?;
    let deposited = (count * envelopes::BYTES) as f64;
    let (before, device) = (stage.relay.written_bytes()?, device_bytes(stage.relay.folder()));
    absent::deposit(&stage, people, count, 1).await?;
    let stored = stage.relay.written_bytes()? - before;
    let on_device = || Some(device_bytes(stage.relay.folder())?.saturating_sub(device?) as f64 / deposited);
    let (full, stored_there) = (size(stage.relay.folder())?, on_device());
    absent::drain(&stage, people, count, Duration::ZERO).await?;
    let (least, quiet_s) = shrink(&stage.relay).await?;
    let all = stage.relay.written_bytes()? - before;
    println!(
        "disk: {:.2} bytes written per deposited byte when all {count} are stored, {:.2} when all are acked and the store is quiet",
        stored as f64 / deposited,
        all as f64 / deposited
    );
    if let (Some(stored), Some(all)) = (stored_there, on_device()) {
        println!("disk: {stored:.2} and {all:.2} as the device counts, whoever wrote");
    }
    println!(
        "disk: store {:.1} MB full ({:.2} per deposited byte), {:.1} MB after everything was acked and {quiet_s:.0} s of quiet",
        full as f64 / 1e6,
        full as f64 / deposited,
        least as f64 / 1e6
    );
    Ok(())
}

/// Waits until the store is small enough or the time is over.
async fn shrink(relay: &Relay) -> Result<(u64, f64), Failure> {
    let began = Instant::now();
    loop {
        let now = size(relay.folder())?;
        if now <= LEFT_BYTES || began.elapsed() >= QUIET {
            return Ok((now, began.elapsed().as_secs_f64()));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Bytes that the device below a folder wrote so far, of whoever. `None` where there is no such device.
fn device_bytes(folder: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    // What waits in memory for its turn counts too.
    rustix::fs::sync();
    let device = std::fs::metadata(folder).ok()?.dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let stat = std::fs::read_to_string(format!("/sys/dev/block/{major}:{minor}/stat")).ok()?;
    Some(stat.split_whitespace().nth(6)?.parse::<u64>().ok()? * 512)
}

/// Bytes of all files in a folder, as the disk counts them. Files that go away meanwhile count nothing.
pub fn size(folder: &Path) -> Result<u64, Failure> {
    use std::os::unix::fs::MetadataExt;
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        match entry.metadata() {
            Ok(data) if data.is_dir() => bytes += size(&entry.path()).unwrap_or_default(),
            Ok(data) => bytes += data.blocks() * 512,
            Err(_) => {}
        }
    }
    Ok(bytes)
}
