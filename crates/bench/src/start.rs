//! W4: how soon the server listens, what it holds in memory, and how large the programs are.

use crate::inbox::{Made, make};
use crate::link::invitation;
use crate::relay::{Relay, program};
use crate::stage::Stage;
use crate::{Failure, absent, median};
use proto::ServerPin;

/// First start (which makes keys and store) and a later one, and memory when idle.
pub fn run(times: usize) -> Result<(), Failure> {
    let (mut first, mut later, mut idle) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..times {
        let relay = Relay::start()?;
        first.push(relay.started_in.as_secs_f64() * 1e3);
        let relay = Relay::start_on(relay.stop()?)?;
        later.push(relay.started_in.as_secs_f64() * 1e3);
        std::thread::sleep(std::time::Duration::from_millis(200));
        idle.push(relay.resident_bytes()? as f64 / 1e6);
    }
    println!(
        "start: first start to listening {:.1} ms, later starts {:.1} ms, resident {:.1} MB (medians of {times})",
        median(first),
        median(later),
        median(idle)
    );
    Ok(())
}

/// The same with so many mailboxes, all created over the wire.
pub async fn with_mailboxes(count: usize) -> Result<(), Failure> {
    let relay = Relay::start()?;
    let pin = ServerPin::Short(invitation(&relay, "invited")?.server);
    make(&relay, pin, count, Made::Created).await?;
    again(relay, &format!("{count} mailboxes"))
}

/// The same with so many envelopes waiting, in inboxes of a thousand each.
pub async fn with_waiting(count: usize) -> Result<(), Failure> {
    let people = count.div_ceil(1_000);
    let stage = Stage::ours(people).await?;
    absent::deposit(&stage, people, count, 1).await?;
    again(stage.relay, &format!("{count} envelopes waiting"))
}

/// Starts on what was just written, journals and all, and once more on what a quiet moment leaves of it.
fn again(relay: Relay, with: &str) -> Result<(), Failure> {
    let before = relay.resident_bytes()? as f64 / 1e6;
    let relay = start_timed(relay, &format!("with {with}"))?;
    relay.forget()?;
    start_timed(relay, &format!("with {with}, after a quiet moment"))?;
    println!("start: {before:.1} MB resident while they came");
    Ok(())
}

fn start_timed(relay: Relay, what: &str) -> Result<Relay, Failure> {
    let relay = Relay::start_on(relay.stop()?)?;
    let started_ms = relay.started_in.as_secs_f64() * 1e3;
    std::thread::sleep(std::time::Duration::from_secs(1));
    let resident = relay.resident_bytes()? as f64 / 1e6;
    println!("start: {what} {started_ms:.0} ms to listening, resident {resident:.1} MB");
    Ok(relay)
}

/// Sizes of the two programs.
pub fn sizes() -> Result<(), Failure> {
    for name in ["oub", "oublietted"] {
        println!("size: {name} {:.2} MB", std::fs::metadata(program(name))?.len() as f64 / 1e6);
    }
    Ok(())
}
