//! How long the disk itself holds up whoever writes to it: what a figure of the relay has to be read beside.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::Failure;

/// From one write to the next: seldom enough to be no load of its own.
const PACE: Duration = Duration::from_millis(20);
/// What is written over and over.
const BLOCK: [u8; 4_096] = [0x5A; 4_096];

/// Writes a block over itself and syncs it, fifty times a second, beside the relay's folder; ends when dropped.
pub struct DiskProbe {
    path: PathBuf,
    is_over: Arc<AtomicBool>,
    longest_us: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl DiskProbe {
    /// Begins to write.
    pub fn start(beside: &Path) -> Result<Self, Failure> {
        let path = beside.with_extension("probe");
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
        file.write_all_at(&BLOCK, 0)?;
        file.sync_all()?;
        let (is_over, longest_us) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (over, longest) = (is_over.clone(), longest_us.clone());
        let thread = std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                longest.fetch_max(sync_us(&file), Ordering::Relaxed);
                std::thread::sleep(PACE);
            }
        });
        Ok(Self { path, is_over, longest_us, thread: Some(thread) })
    }

    /// The longest write and sync since the last call, in milliseconds.
    pub fn longest_ms(&self) -> f64 {
        self.longest_us.swap(0, Ordering::Relaxed) as f64 / 1e3
    }
}

impl Drop for DiskProbe {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It has nothing to say, and a file that stays is a file too many and no more.
            let _ = thread.join();
        }
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A disk that fails has no longest sync: the relay says so itself, and stops.
fn sync_us(file: &File) -> u64 {
    let began = Instant::now();
    match file.write_all_at(&BLOCK, 0).and_then(|()| file.sync_data()) {
        Ok(()) => u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
        Err(_) => 0,
    }
}
