//! A real `oublietted` on a folder of its own, ended when dropped.

use crate::Failure;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The running server.
pub struct Relay {
    child: Child,
    folder: PathBuf,
    /// Where it listens.
    pub at: SocketAddr,
    /// From starting the process to its word that it listens.
    pub started_in: Duration,
}

impl Relay {
    /// Starts one, open for registration, on a port that the system chooses.
    pub fn start() -> Result<Relay, Failure> {
        let folder =
            std::env::temp_dir().join(format!("oubliette-bench-{}-{}", std::process::id(), unique()));
        Relay::start_on(folder)
    }

    /// Starts one on a given folder.
    pub fn start_on(folder: PathBuf) -> Result<Relay, Failure> {
        let began = Instant::now();
        let mut child = Command::new(program("oublietted"))
            .args(["serve", "--open", "--listen", "127.0.0.1:0", "--data"])
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("oublietted did not start ({error}); do: cargo build --release"))?;
        let talk = child.stderr.take().ok_or("oublietted has no standard error")?;
        let mut lines = BufReader::new(talk).lines();
        let at = loop {
            let line = lines.next().ok_or("oublietted ended before it listened")??;
            if let Some(at) = line.strip_prefix("oublietted: listening on ") {
                break at.trim().parse()?;
            }
        };
        let started_in = began.elapsed();
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Relay { child, folder, at, started_in })
    }

    /// Resident memory in bytes, from `/proc`.
    pub fn resident_bytes(&self) -> Result<usize, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next());
        Ok(kib.ok_or("no VmRSS")?.parse::<usize>()? * 1024)
    }

    /// CPU seconds spent so far, from `/proc`, at the usual 100 ticks a second.
    pub fn cpu_seconds(&self) -> Result<f64, Failure> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields = stat.rsplit_once(") ").ok_or("no stat")?.1.split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).map(|field| field.parse::<u64>().unwrap_or_default()).sum();
        Ok(ticks as f64 / 100.0)
    }

    /// Its data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // Both may fail only where the process or folder is gone already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// One of our programs, beside this one.
pub fn program(name: &str) -> PathBuf {
    std::env::current_exe()
        .ok()
        .and_then(|me| me.parent().map(|folder| folder.join(name)))
        .unwrap_or_else(|| PathBuf::from(name))
}

/// A number that no other call in this process got.
pub fn unique() -> usize {
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}
