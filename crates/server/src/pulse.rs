//! How the writer is: whether it turns, how long its commits take, how much goes into one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A commit that takes longer is one that hangs: systemd is told no more that all is well.
pub const HANGS: Duration = Duration::from_secs(20);

/// Upper bounds of commit times, in microseconds; coarse, so that they show a disk and not a person.
const COMMIT_US: [u64; 9] = [100, 500, 1_000, 5_000, 20_000, 100_000, 500_000, 2_000_000, 10_000_000];
/// Upper bounds of changes in a commit.
const CHANGES: [u64; 6] = [1, 4, 16, 64, 256, 1_024];

/// What the writer leaves for others to read, without waiting for anybody.
#[derive(Debug)]
pub struct Pulse {
    began: Instant,
    /// When the commit under way began, in milliseconds since `began` and one more; 0 between two.
    since: AtomicU64,
    /// How long commits took, sync included.
    pub commit_us: Histogram<9>,
    /// How many changes went into one.
    pub changes: Histogram<6>,
}

/// One commit under way; its end is told when this is dropped, whatever became of it.
#[derive(Debug)]
pub struct Beat<'a> {
    pulse: &'a Pulse,
    began: Instant,
}

impl Default for Pulse {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            since: AtomicU64::new(0),
            commit_us: Histogram::new(COMMIT_US),
            changes: Histogram::new(CHANGES),
        }
    }
}

impl Pulse {
    /// A commit of so many changes begins.
    pub fn begin(&self, changes: usize) -> Beat<'_> {
        self.changes.add(changes as u64);
        self.since.store(self.now_ms() + 1, Ordering::Relaxed);
        Beat { pulse: self, began: Instant::now() }
    }

    /// Whether the writer waits for work, or began its commit not too long ago.
    pub fn is_well(&self) -> bool {
        match self.since.load(Ordering::Relaxed) {
            0 => true,
            since => u128::from(self.now_ms().saturating_sub(since - 1)) < HANGS.as_millis(),
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }
}

impl Drop for Beat<'_> {
    fn drop(&mut self) {
        self.pulse.since.store(0, Ordering::Relaxed);
        let took = self.began.elapsed().as_micros();
        self.pulse.commit_us.add(u64::try_from(took).unwrap_or(u64::MAX));
    }
}

/// Counts by upper bound, as Prometheus has it.
#[derive(Debug)]
pub struct Histogram<const N: usize> {
    bounds: [u64; N],
    counts: [AtomicU64; N],
    count: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    /// Empty, with rising bounds.
    pub fn new(bounds: [u64; N]) -> Self {
        Self {
            bounds,
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            count: AtomicU64::new(0),
            sum: AtomicU64::new(0),
        }
    }

    /// One more value.
    pub fn add(&self, value: u64) {
        let at = self.bounds.iter().position(|bound| value <= *bound);
        if let Some(count) = at.and_then(|at| self.counts.get(at)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Each bound with how many values were not above it, then all of them and their sum.
    pub fn read(&self) -> (Vec<(u64, u64)>, u64, u64) {
        let mut below = 0;
        let counted = self.bounds.iter().zip(&self.counts).map(|(bound, count)| {
            below += count.load(Ordering::Relaxed);
            (*bound, below)
        });
        let counted: Vec<_> = counted.collect();
        // A value that is added between two loads must not make the whole smaller than a part.
        let all = self.count.load(Ordering::Relaxed).max(below);
        (counted, all, self.sum.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_what_is_not_above_each_bound() {
        let histogram = Histogram::new([1, 10]);
        [1, 2, 10, 11].into_iter().for_each(|value| histogram.add(value));
        assert_eq!(histogram.read(), (vec![(1, 1), (10, 3)], 4, 24));
    }

    #[test]
    fn a_writer_is_well_while_it_waits_and_not_when_a_commit_hangs() {
        let mut pulse = Pulse::default();
        assert!(pulse.is_well());
        drop(pulse.begin(3));
        assert!(pulse.is_well());
        std::mem::forget(pulse.begin(1));
        assert!(pulse.is_well());
        // As if the commit had begun that long ago.
        if let Some(earlier) = Instant::now().checked_sub(HANGS + Duration::from_secs(1)) {
            pulse.began = earlier;
            assert!(!pulse.is_well());
        }
        assert_eq!(pulse.changes.read().1, 2);
    }
}
