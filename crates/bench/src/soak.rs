//! A relay over hours: whether memory, descriptors or disk grow with what passed through.

use crate::live::{PAIRS, Pace};
use crate::relay::Relay;
use crate::stage::Stage;
use crate::{Failure, disk, live, median};
use std::time::{Duration, Instant};

/// Everybody comes anew so often: connections are made and ended the whole time.
const ROUND: Duration = Duration::from_secs(20);
/// An hour of the relay's own, in which it forgets.
const HOUR: Duration = Duration::from_secs(180);
/// What is made once, caches above all, is made by then: of so many parts of the time one.
const SETTLED_IN: u32 = 3;

/// What the relay holds at one moment.
struct Held {
    at: Duration,
    resident: f64,
    descriptors: usize,
    stored: u64,
}

impl Held {
    fn now(relay: &Relay, began: Instant) -> Result<Self, Failure> {
        Ok(Self {
            at: began.elapsed(),
            resident: relay.resident_bytes()? as f64,
            descriptors: relay.descriptors()?,
            stored: disk::size(relay.folder())?,
        })
    }
}

/// Sends `rate` envelopes a second through 64 pairs who come and go, has the relay forget now and then, and tells what
/// it holds between two rounds, when nobody is connected.
pub async fn run(minutes: usize, rate: usize) -> Result<(), Failure> {
    let stage = Stage::ours(PAIRS).await?;
    let (began, whole) = (Instant::now(), Duration::from_secs(minutes as u64 * 60));
    let (mut held, mut envelopes, mut forgotten, mut p99) = (Vec::new(), 0, Instant::now(), Vec::new());
    while began.elapsed() < whole {
        let count = rate * ROUND.as_secs() as usize;
        p99.push(live::run(&stage, Pace::Rate(rate as f64), count).await?.p99);
        envelopes += count;
        if forgotten.elapsed() >= HOUR {
            stage.relay.forget()?;
            forgotten = Instant::now();
        }
        // Goodbyes are on their way.
        tokio::time::sleep(Duration::from_secs(1)).await;
        held.push(Held::now(&stage.relay, began)?);
        if let Some(Held { at, resident, descriptors, stored }) = held.last() {
            println!(
                "soak {:>5.0} s {envelopes:>9} envelopes {:>6.1} MB resident {descriptors:>4} descriptors {:>6.1} MB stored",
                at.as_secs_f64(),
                resident / 1e6,
                *stored as f64 / 1e6
            );
        }
    }
    held.retain(|held| held.at >= whole / SETTLED_IN);
    let descriptors = || held.iter().map(|held| held.descriptors);
    println!(
        "soak: {envelopes} envelopes in {minutes} min; after the first third {:+.1} KB resident a minute, {} to {} descriptors; p99 of a round {:.1} ms (median)",
        slope(&held) * 60.0 / 1e3,
        descriptors().min().unwrap_or_default(),
        descriptors().max().unwrap_or_default(),
        median(p99)
    );
    Ok(())
}

/// Resident bytes that come with each second: the line of least squares.
fn slope(held: &[Held]) -> f64 {
    let count = held.len().max(1) as f64;
    let seconds = held.iter().map(|held| held.at.as_secs_f64()).sum::<f64>() / count;
    let resident = held.iter().map(|held| held.resident).sum::<f64>() / count;
    let apart = held.iter().map(|held| (held.at.as_secs_f64() - seconds, held.resident - resident));
    let (both, squares) = apart.fold((0.0, 0.0), |(both, squares), (t, r)| (both + t * r, squares + t * t));
    if squares == 0.0 { 0.0 } else { both / squares }
}
