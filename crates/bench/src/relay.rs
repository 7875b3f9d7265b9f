//! A real `oublietted` on a folder of its own, ended when dropped.

use crate::{Failure, affinity};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Enough for the largest of all loads.
const CONNECTIONS_MAX: &str = "16000";

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
        Relay::start_on(own_folder())
    }

    /// Starts one with a configuration, and without open registration.
    pub fn start_configured(toml: &str) -> Result<Relay, Failure> {
        let folder = own_folder();
        let file = folder.with_extension("toml");
        std::fs::write(&file, toml)?;
        let mut command = on_its_core(&program("oublietted"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(&file).arg("--data").arg(&folder);
        let started = Relay::run(command, folder);
        std::fs::remove_file(&file)?;
        started
    }

    /// Starts one on a given folder.
    pub fn start_on(folder: PathBuf) -> Result<Relay, Failure> {
        let mut command = on_its_core(&program("oublietted"));
        command.args(["serve", "--open", "--connections-max", CONNECTIONS_MAX]);
        command.args(["--listen", "127.0.0.1:0", "--data"]).arg(&folder);
        Relay::run(command, folder)
    }

    /// Starts the raw relay, the floor that ours is compared with.
    pub fn start_raw() -> Result<Relay, Failure> {
        let folder = own_folder();
        let mut command = on_its_core(&std::env::current_exe()?);
        command.arg("raw-relay").arg(&folder);
        Relay::run(command, folder)
    }

    /// Starts a program that says where it listens.
    fn run(mut command: Command, folder: PathBuf) -> Result<Relay, Failure> {
        let began = Instant::now();
        let mut child = command
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

    /// Descriptors that it has open.
    pub fn descriptors(&self) -> Result<usize, Failure> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }

    /// CPU seconds spent so far.
    pub fn cpu_seconds(&self) -> Result<f64, Failure> {
        cpu_seconds(&self.child.id().to_string())
    }

    /// Bytes that this process made the system write to a disk, from `/proc`.
    pub fn written_bytes(&self) -> Result<u64, Failure> {
        let io = std::fs::read_to_string(format!("/proc/{}/io", self.child.id()))?;
        let bytes = io.lines().find_map(|line| line.strip_prefix("write_bytes: "));
        Ok(bytes.ok_or("no write_bytes")?.trim().parse()?)
    }

    /// Ends the process by `SIGTERM`, as an operator does, and keeps its folder: the next one may start on it.
    pub fn stop(mut self) -> Result<PathBuf, Failure> {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(pid.ok_or("no pid")?, rustix::process::Signal::TERM)?;
        self.child.wait()?;
        Ok(std::mem::take(&mut self.folder))
    }

    /// Has it forget what was let go of, as it does by itself in a quiet moment.
    pub fn forget(&self) -> Result<(), Failure> {
        let mut command = Command::new(program("oublietted"));
        let done = command.arg("forget").arg("--data").arg(&self.folder).stdout(Stdio::null()).status()?;
        done.success().then_some(()).ok_or_else(|| format!("oublietted forget: {done}").into())
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
        if !self.folder.as_os_str().is_empty() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// CPU seconds that a process spent so far, from `/proc`, at the usual 100 ticks a second.
pub fn cpu_seconds(process: &str) -> Result<f64, Failure> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields = stat.rsplit_once(") ").ok_or("no stat")?.1.split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).map(|field| field.parse::<u64>().unwrap_or_default()).sum();
    Ok(ticks as f64 / 100.0)
}

/// A command that runs on the relays' core, where there are two.
fn on_its_core(program: &Path) -> Command {
    if !affinity::can_pin() {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", &affinity::RELAY_CORE.to_string()]).arg(program);
    command
}

/// A folder that nobody has yet.
fn own_folder() -> PathBuf {
    std::env::temp_dir().join(format!("oubliette-bench-{}-{}", std::process::id(), unique()))
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
