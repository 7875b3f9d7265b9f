//! `bench`: how fast the disk under the data folder syncs, and whether it can be believed.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::failure::{EXIT_LOCAL, Failure};

/// Envelopes written between two syncs.
const BATCHES: [usize; 3] = [1, 16, 256];
/// The smallest envelope, and the most common.
const ENVELOPE_BYTES: usize = 4_096;
/// Each batch size is tried for so long, and so many times at most.
const TRIED_FOR: Duration = Duration::from_millis(1_500);
const SYNCS_MAX: usize = 4_000;
/// The file begins anew at this length, so that little room is needed.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// No disk with a promise to keep is faster: memory, or a cache that forgets when the power goes.
const TOO_FAST_US: u64 = 15;
/// Beyond, people notice.
const SLOW_US: u64 = 20_000;

/// What was measured.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct Measured {
    /// Of each batch size.
    pub batches: Vec<Speed>,
    /// What to make of it.
    pub verdict: Verdict,
    /// Whether the folder lies in memory.
    pub in_memory: bool,
}

/// Of one batch size.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Debug)]
pub struct Speed {
    /// Envelopes of 4 KiB between two syncs.
    pub batch: usize,
    /// Syncs in a second.
    pub syncs_per_s: u64,
    /// Envelopes in a second.
    pub envelopes_per_s: u64,
    /// Half of the syncs were not slower.
    pub p50_us: u64,
    /// 99 of 100 were not slower.
    pub p99_us: u64,
}

/// What the figures say.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As a disk is.
    Sound,
    /// Faster than a disk can be.
    TooFast,
    /// Slower than people like.
    Slow,
}

/// Why nothing was measured.
#[derive(thiserror::Error, Debug)]
#[error("{path}: {error}")]
pub struct BenchError {
    path: PathBuf,
    error: io::Error,
}

impl BenchError {
    /// Whether nothing but the lack of room kept it.
    pub fn is_for_want_of_room(&self) -> bool {
        matches!(self.error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

impl From<BenchError> for Failure {
    fn from(error: BenchError) -> Self {
        Failure::new(
            "the disk could not be measured",
            error.to_string(),
            "make the data folder first, and let this user write to it:   oublietted check",
            EXIT_LOCAL,
            "OUB-S084",
        )
    }
}

/// Measures every batch size, for some seconds, and leaves nothing.
pub fn measure(data: &Path) -> Result<Measured, BenchError> {
    let mut batches = Vec::new();
    for batch in BATCHES {
        batches.push(speed(data, batch, TRIED_FOR, SYNCS_MAX)?);
    }
    let verdict = verdict(batches.first().map_or(0, |one| one.p50_us));
    Ok(Measured { batches, verdict, in_memory: in_memory(data) })
}

/// A look at the disk for `check`: a few syncs of one envelope.
pub fn glance(data: &Path) -> Result<(Speed, Verdict), BenchError> {
    let one = speed(data, 1, Duration::from_secs(1), 16)?;
    Ok((one, verdict(one.p50_us)))
}

/// Whether the folder lies on a file system that is only memory.
pub fn in_memory(data: &Path) -> bool {
    const TMPFS: u64 = 0x0102_1994;
    const RAMFS: u64 = 0x8584_58f6;
    let found = rustix::fs::statfs(data).map(|found| found.f_type as u64 & 0xffff_ffff);
    found.is_ok_and(|kind| kind == TMPFS || kind == RAMFS)
}

fn speed(data: &Path, batch: usize, tried_for: Duration, syncs_max: usize) -> Result<Speed, BenchError> {
    let path = data.join("bench.tmp");
    let took = syncs(&path, batch, tried_for, syncs_max);
    // It may not have been made.
    let _gone = std::fs::remove_file(&path);
    let mut took = took.map_err(|error| BenchError { path, error })?;
    let all: Duration = took.iter().sum();
    let syncs_per_s = (took.len() as f64 / all.as_secs_f64().max(1e-9)) as u64;
    took.sort_unstable();
    let us = |permille: usize| {
        let at = (took.len().saturating_sub(1)) * permille / 1_000;
        took.get(at).map_or(0, |took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX))
    };
    let envelopes_per_s = syncs_per_s.saturating_mul(batch as u64);
    Ok(Speed { batch, syncs_per_s, envelopes_per_s, p50_us: us(500), p99_us: us(990) })
}

/// How long each write with its sync took: appended, as a journal is.
fn syncs(path: &Path, batch: usize, tried_for: Duration, max: usize) -> io::Result<Vec<Duration>> {
    let open = |path: &Path| -> io::Result<File> {
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
    };
    let mut file = open(path)?;
    let bytes = vec![0xa5; batch * ENVELOPE_BYTES];
    let (began, mut took, mut written) = (Instant::now(), Vec::new(), 0);
    while took.len() < max && (began.elapsed() < tried_for || took.is_empty()) {
        let before = Instant::now();
        file.write_all(&bytes)?;
        file.sync_data()?;
        took.push(before.elapsed());
        written += bytes.len() as u64;
        if written >= FILE_BYTES_MAX {
            (file, written) = (open(path)?, 0);
        }
    }
    Ok(took)
}

fn verdict(p50_us: u64) -> Verdict {
    match p50_us {
        us if us < TOO_FAST_US => Verdict::TooFast,
        us if us > SLOW_US => Verdict::Slow,
        _ => Verdict::Sound,
    }
}

impl Verdict {
    /// In words.
    pub fn words(self, in_memory: bool) -> &'static str {
        match self {
            _ if in_memory => "this folder lies in memory: a power cut takes every message with it",
            Self::Sound => "a sync takes as long as a disk needs; nothing speaks against believing it",
            Self::TooFast => {
                "suspiciously fast: something between here and the disk says “synced” before it is; \
                 look for a write-back cache without battery, or a virtual disk that ignores syncs"
            }
            Self::Slow => "slow: a message takes that long to be confirmed; many at once share a sync",
        }
    }
}

impl Measured {
    /// For people.
    pub fn screen(&self, data: &Path) -> String {
        let mut screen =
            format!("Syncs under {} — one after the other, 4 KiB an envelope\n\n", data.display());
        screen.push_str("  envelopes a sync     syncs/s   envelopes/s      half within   99 % within\n");
        for Speed { batch, syncs_per_s, envelopes_per_s, p50_us, p99_us } in &self.batches {
            screen.push_str(&format!(
                "  {batch:>16}  {syncs_per_s:>10}  {envelopes_per_s:>12}  {:>15}  {:>12}\n",
                span(*p50_us),
                span(*p99_us)
            ));
        }
        screen.push_str(&format!("\n{}\n", self.verdict.words(self.in_memory)));
        screen
    }

    /// One JSON line for scripts.
    pub fn json(&self) -> String {
        let Self { batches, verdict, in_memory } = self;
        serde_json::json!({"v": 1, "t": "bench", "batches": batches, "verdict": verdict, "in_memory": in_memory})
            .to_string()
    }
}

fn span(us: u64) -> String {
    match us {
        us if us < 1_000 => format!("{us} µs"),
        us => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_faster_than_any_disk_is_not_believed() {
        assert_eq!(verdict(1), Verdict::TooFast);
        assert_eq!(verdict(700), Verdict::Sound);
        assert_eq!(verdict(50_000), Verdict::Slow);
    }

    #[test]
    fn measuring_is_bounded_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let one = speed(folder.path(), 16, Duration::from_millis(50), 8).unwrap();
        assert!(one.syncs_per_s > 0 && one.p50_us <= one.p99_us);
        assert_eq!(one.envelopes_per_s, one.syncs_per_s * 16);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(speed(&folder.path().join("none"), 1, Duration::ZERO, 1).is_err());
    }
}
