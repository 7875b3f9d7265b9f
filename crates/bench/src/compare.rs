//! Ours and the raw relay in one run, turn by turn, and the ratios between them.

use crate::figures::{Outcome, spread};
use crate::idle::Who;
use crate::live::{self, PAIRS, Pace};
use crate::stage::Stage;
use crate::{Failure, absent, idle};
use std::time::{Duration, Instant};

/// Envelopes of each pair under way at full load.
const WINDOW: usize = 8;
/// Seconds of a run at a fixed rate.
const OPEN_S: f64 = 5.0;

/// W1: full load in turns, then both at half of our full load.
pub async fn live(rounds: usize, count: usize) -> Result<(), Failure> {
    let (ours, raw) = (Stage::ours(PAIRS).await?, Stage::raw()?);
    let mut full = Rounds::new("W1 full load");
    for _ in Turns::new(rounds, 0.4) {
        full.ours(live::run(&ours, Pace::Window(WINDOW), count).await?);
        full.raw(live::run(&raw, Pace::Window(WINDOW), count).await?);
    }
    let rate = full.median_rate() / 2.0;
    let mut half = Rounds::new("W1 half load");
    for _ in Turns::new(rounds, 0.4) {
        half.ours(live::run(&ours, Pace::Rate(rate), (rate * OPEN_S) as usize).await?);
        half.raw(live::run(&raw, Pace::Rate(rate), (rate * OPEN_S) as usize).await?);
    }
    full.ratios("≥ 0.50", "≤ 1.50");
    half.ratio("server CPU per envelope", "-", |outcome| outcome.cpu);
    half.ratio("p50", "-", |outcome| outcome.p50);
    half.ratio("p99", "≤ 3.00", |outcome| outcome.p99);
    Ok(())
}

/// W2: deposits, drains, and drains with 50 ms more a round trip.
pub async fn absent(rounds: usize, people: usize, count: usize, window: usize) -> Result<(), Failure> {
    let (ours, raw) = (Stage::ours(people).await?, Stage::raw()?);
    let far = Duration::from_millis(50);
    let mut deposits = Rounds::new("W2 deposit");
    let mut drains = Rounds::new("W2 drain");
    let mut far_drains = Rounds::new("W2 drain, +50 ms");
    for _ in Turns::new(rounds, 0.7) {
        for (delay, drains) in [(Duration::ZERO, &mut drains), (far, &mut far_drains)] {
            deposits.ours(absent::deposit(&ours, people, count, window).await?);
            deposits.raw(absent::deposit(&raw, people, count, window).await?);
            drains.ours(absent::drain(&ours, people, count, delay).await?);
            drains.raw(absent::drain(&raw, people, count, delay).await?);
        }
    }
    deposits.ratios("≥ 0.50", "-");
    drains.ratios("≥ 0.30", "-");
    far_drains.ratios("≥ 0.30", "-");
    println!(
        "W2 drain with 50 ms more a round trip: {:.2} of the rate without",
        far_drains.median_rate() / drains.median_rate()
    );
    Ok(())
}

/// W3: one process each, never loaded before.
pub async fn idle(connections: usize) -> Result<(), Failure> {
    let ours = Stage::ours(1).await?;
    let mine = idle::run(&ours, Who::Senders, connections).await?;
    mine.print(ours.name, connections);
    drop(ours);
    let raw = Stage::raw()?;
    let theirs = idle::run(&raw, Who::Senders, connections).await?;
    theirs.print(raw.name, connections);
    println!(
        "ratio ours / raw: memory {:.2} (target: ≤ 10,000 bytes), CPU per connect {:.2}",
        mine.bytes / theirs.bytes,
        mine.connect_ms / theirs.connect_ms
    );
    Ok(())
}

/// Turns until all are done, or until the next would not end within its share of the time that a load may take: a
/// slow machine gives fewer rounds, and ratios all the same.
struct Turns {
    wanted: usize,
    done: u32,
    share: Duration,
    began: Instant,
}

impl Turns {
    fn new(wanted: usize, share: f64) -> Turns {
        Turns { wanted, done: 0, share: crate::limit().mul_f64(share), began: Instant::now() }
    }
}

impl Iterator for Turns {
    type Item = ();

    fn next(&mut self) -> Option<()> {
        let next_ends = self.began.elapsed() * (self.done + 1) / self.done.max(1);
        if self.done as usize >= self.wanted || next_ends > self.share {
            return None;
        }
        self.done += 1;
        Some(())
    }
}

/// The same load on both, round by round.
struct Rounds {
    what: &'static str,
    ours: Vec<Outcome>,
    raw: Vec<Outcome>,
}

impl Rounds {
    fn new(what: &'static str) -> Rounds {
        Rounds { what, ours: Vec::new(), raw: Vec::new() }
    }

    fn ours(&mut self, outcome: Outcome) {
        outcome.print("ours", self.what);
        self.ours.push(outcome);
    }

    fn raw(&mut self, outcome: Outcome) {
        outcome.print("raw", self.what);
        self.raw.push(outcome);
    }

    fn median_rate(&self) -> f64 {
        spread(self.ours.iter().map(|outcome| outcome.rate).collect()).1
    }

    /// Ratios of neighbouring rounds, so that what slowed both does not count.
    fn ratios(&self, rate: &str, cpu: &str) {
        self.ratio("rate", rate, |outcome| outcome.rate);
        self.ratio("server CPU per envelope", cpu, |outcome| outcome.cpu);
    }

    fn ratio(&self, what: &str, target: &str, figure: impl Fn(&Outcome) -> f64) {
        let ratios = self.ours.iter().zip(&self.raw).map(|(ours, raw)| figure(ours) / figure(raw).max(1e-9));
        let (least, median, most) = spread(ratios.collect());
        println!(
            "ratio ours / raw, {}, {what}: {least:.2} {median:.2} {most:.2} (min median max of {}; target {target})",
            self.what,
            self.ours.len()
        );
    }
}
