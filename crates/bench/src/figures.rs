//! What one measurement says, and how several are told together.

use crate::Failure;
use crate::relay::{Relay, cpu_seconds};
use std::time::{Duration, Instant};

/// The outcome of one load on one relay.
#[derive(Clone, Default, Debug)]
pub struct Outcome {
    /// Envelopes a second.
    pub rate: f64,
    /// Server CPU seconds for 100,000 envelopes.
    pub cpu: f64,
    /// Share of one core that the server used.
    pub busy: f64,
    /// Share of one core that this program used: near 1, and the figures say what this program can.
    pub load: f64,
    /// Milliseconds, half of all.
    pub p50: f64,
    /// Milliseconds, ninety-nine of a hundred.
    pub p99: f64,
    /// MB resident in the server at the end.
    pub resident: f64,
}

impl Outcome {
    /// One line, with who and what before it.
    pub fn print(&self, who: &str, what: &str) {
        println!(
            "{what:<22} {who:<5} {:>8.0} /s  {:>6.2} server CPU s per 100k ({:>3.0} % of its core, load {:>3.0} %)  p50 {:>7.2} ms  p99 {:>7.2} ms  {:>5.0} MB",
            self.rate,
            self.cpu,
            self.busy * 100.0,
            self.load * 100.0,
            self.p50,
            self.p99,
            self.resident
        );
    }
}

/// A stretch of work whose cost to the relay is counted.
pub struct Stretch<'a> {
    relay: &'a Relay,
    began: Instant,
    cpu: f64,
    own: f64,
}

impl Stretch<'_> {
    /// Begins now.
    pub fn begin(relay: &Relay) -> Result<Stretch<'_>, Failure> {
        Ok(Stretch { relay, cpu: relay.cpu_seconds()?, own: cpu_seconds("self")?, began: Instant::now() })
    }

    /// Ends now, after so many envelopes.
    pub fn end(self, envelopes: usize, mut latencies: Vec<Duration>) -> Result<Outcome, Failure> {
        let seconds = self.began.elapsed().as_secs_f64();
        let cpu = self.relay.cpu_seconds()? - self.cpu;
        let own = cpu_seconds("self")? - self.own;
        latencies.sort_unstable();
        Ok(Outcome {
            rate: envelopes as f64 / seconds,
            cpu: cpu * 1e5 / envelopes as f64,
            busy: cpu / seconds,
            load: own / seconds,
            p50: percentile(&latencies, 50),
            p99: percentile(&latencies, 99),
            resident: self.relay.resident_bytes()? as f64 / 1e6,
        })
    }
}

/// Milliseconds below which so many of a hundred lie (0 of none).
fn percentile(sorted: &[Duration], of_a_hundred: usize) -> f64 {
    let at = sorted.len().saturating_sub(1) * of_a_hundred / 100;
    sorted.get(at).map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
}

/// Smallest, median and largest.
pub fn spread(mut figures: Vec<f64>) -> (f64, f64, f64) {
    figures.sort_by(f64::total_cmp);
    let at = |n: usize| figures.get(n).copied().unwrap_or_default();
    (at(0), at(figures.len() / 2), at(figures.len().saturating_sub(1)))
}
