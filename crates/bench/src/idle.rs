//! W3: connections that say nothing: what each costs the relay in memory, and all of them in time.

use crate::Failure;
use crate::line::Line;
use crate::machine::Happened;
use crate::stage::Stage;
use std::time::Duration;

/// How long nothing is said.
const SILENCE: Duration = Duration::from_secs(10);

/// What idle connections cost.
pub struct Cost {
    /// Bytes resident for each.
    pub bytes: f64,
    /// Milliseconds of server CPU to accept each.
    pub connect_ms: f64,
    /// Server CPU seconds in ten seconds of silence.
    pub silence_s: f64,
}

impl Cost {
    /// One line.
    pub fn print(&self, who: &str, connections: usize) {
        println!(
            "idle {connections:<17} {who:<5} {:>8.0} bytes of server memory each, {:.3} ms of server CPU per connect, {:.2} s of server CPU in ten seconds of silence",
            self.bytes, self.connect_ms, self.silence_s
        );
    }
}

/// Connections that pay for what is made once, before anything is counted.
const FIRST: usize = 50;

/// Who says nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Senders that asked once whether the relay is there.
    Senders,
    /// Owners, each of another mailbox, who have collected and wait for what comes.
    Owners,
}

/// How many mailboxes that takes.
pub fn people(who: Who, connections: usize) -> usize {
    if who == Who::Owners { FIRST + connections } else { 1 }
}

/// Opens so many connections and lets them be.
pub async fn run(stage: &Stage, who: Who, connections: usize) -> Result<Cost, Failure> {
    let mut lines = Vec::new();
    for person in 0..FIRST {
        lines.push(quiet(stage, who, person).await?);
    }
    let (memory, cpu) = (stage.relay.resident_bytes()?, stage.relay.cpu_seconds()?);
    for person in 0..connections {
        lines.push(quiet(stage, who, FIRST + person).await?);
    }
    // What the relay does after the last question is part of the connecting.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let bytes = stage.relay.resident_bytes()?.saturating_sub(memory) as f64 / connections as f64;
    let connected = stage.relay.cpu_seconds()?;
    tokio::time::sleep(SILENCE).await;
    let silence_s = stage.relay.cpu_seconds()? - connected;
    Ok(Cost { bytes, connect_ms: (connected - cpu) * 1e3 / connections as f64, silence_s })
}

async fn quiet(stage: &Stage, who: Who, person: usize) -> Result<Line, Failure> {
    if who == Who::Owners {
        let mut line = stage.owner(person, Duration::ZERO).await?;
        line.collect(true)?;
        while line.next().await? != Happened::Drained {}
        return Ok(line);
    }
    stage.sender(0, 0).await
}
