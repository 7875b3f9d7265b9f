//! The real binary, a raw TLS peer, and people: what the tests of this folder tell their stories with.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

pub mod peer;
pub mod person;

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wire::Invitation;

/// How long anything of a test may take.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_oublietted");

/// A command that takes nothing from the environment of whoever runs the tests.
pub fn oublietted(args: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(args);
    for name in [
        "DATA",
        "LISTEN",
        "PUBLIC_HOST",
        "CONFIG",
        "CONNECTIONS_MAX",
        "METRICS_LISTEN",
        "LOG_FORMAT",
        "KEY_FILE",
        "PASSPHRASE_FILE",
        "COMPLETE",
    ] {
        command.env_remove(format!("OUBLIETTED_{name}"));
    }
    command
}

/// A running server, killed when dropped.
pub struct Server {
    child: Child,
    pub port: u16,
    pub stdout: Option<BufReader<ChildStdout>>,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

/// A data folder for servers that come and go.
pub struct Data(TempDir);

impl Data {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// A server on this folder, on a port of the system's choice, with these flags.
    pub fn serve(&self, flags: &[&str]) -> Server {
        let data = self.path();
        let mut args =
            vec!["serve", "--verbose", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
        args.extend(flags);
        Server::start(oublietted(&args))
    }

    /// A server with this configuration.
    pub fn serve_configured(&self, toml: &str) -> Server {
        let file = self.0.path().join("oublietted.toml");
        std::fs::write(&file, toml).unwrap();
        self.serve(&["--config", file.to_str().unwrap()])
    }

    /// The counters of the running server.
    pub fn counters(&self) -> serde_json::Value {
        let status: serde_json::Value =
            serde_json::from_slice(&self.run(&["status", "--json"]).stdout).unwrap();
        status["counters"].clone()
    }

    /// Runs an admin verb to its end.
    pub fn run(&self, verb: &[&str]) -> Output {
        let data = self.path();
        oublietted(verb).args(["--data", data.to_str().unwrap()]).output().unwrap()
    }

    /// An invitation for a name.
    pub fn invite(&self, name: &str, flags: &[&str]) -> Invitation {
        let mut verb = vec!["invite", name];
        verb.extend(flags);
        let output = self.run(&verb);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        invitation_in(&String::from_utf8(output.stdout).unwrap())
    }
}

/// The link on the line that begins with `oub join`.
pub fn invitation_in(screen: &str) -> Invitation {
    let line = screen.lines().find_map(|line| line.strip_prefix("  oub join ")).expect("a line to copy");
    Invitation::parse(line).unwrap()
}

impl Server {
    pub fn start(command: Command) -> Self {
        Self::try_start(command).unwrap_or_else(|(_, log)| panic!("the server did not start:\n{log}"))
    }

    /// Likewise, where it may refuse: how it ended, and what it said.
    pub fn try_start(command: Command) -> Result<Self, (ExitStatus, String)> {
        Self::try_start_with(command, Stdio::null())
    }

    /// Likewise, with something on its stdin.
    pub fn try_start_with(mut command: Command, stdin: Stdio) -> Result<Self, (ExitStatus, String)> {
        let mut child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut log = String::new();
        let port = loop {
            let mut line = String::new();
            if stderr.read_line(&mut line).unwrap() == 0 {
                return Err((child.wait().unwrap(), log));
            }
            log.push_str(&line);
            if let Some(address) = line.trim().strip_prefix("oublietted: listening on ") {
                break address.rsplit(':').next().unwrap().parse().unwrap();
            }
        };
        let log = Arc::new(Mutex::new(log));
        let kept = log.clone();
        let reader = std::thread::spawn(move || {
            let mut line = String::new();
            while stderr.read_line(&mut line).is_ok_and(|read| read > 0) {
                kept.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        let stdout = child.stdout.take().map(BufReader::new);
        Ok(Self { child, port, stdout, log, reader: Some(reader) })
    }

    /// SIGKILL: no chance to tidy up.
    pub fn kill_9(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Resident memory in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// CPU time spent so far, at the usual hundred ticks a second.
    pub fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        let fields = stat.rsplit_once(") ").unwrap().1.split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 10)
    }

    /// What it said so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.child.id().cast_signed()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// SIGTERM, and what it ends with.
    pub fn terminate(mut self) -> (ExitStatus, String) {
        self.signal(rustix::process::Signal::TERM);
        self.wait()
    }

    pub fn wait(&mut self) -> (ExitStatus, String) {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < until, "the server does not end");
            std::thread::sleep(Duration::from_millis(20));
        };
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        (status, self.log.lock().unwrap().clone())
    }

    pub fn rest_of_stdout(&mut self) -> String {
        let mut text = String::new();
        self.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended_already = self.child.wait();
    }
}

/// Everything a folder holds, as one heap of bytes to search.
pub fn heap(folder: &Path) -> Vec<u8> {
    let mut heap = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            heap.extend(self::heap(&entry.path()));
        } else if kind.is_file() {
            heap.extend(std::fs::read(entry.path()).unwrap());
        }
    }
    heap
}

/// Whether `needle` stands anywhere in `heap`.
pub fn contains(heap: &[u8], needle: &[u8]) -> bool {
    heap.windows(needle.len()).any(|window| window == needle)
}
