//! The relay on show: a real `oublietted`, started, killed and started again on the same data and port.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::programs::Programs;
use crate::stage::Stage;

const START_MAX: Duration = Duration::from_secs(30);
const LINES_KEPT_MAX: usize = 1_000;

/// A running relay.
#[derive(Debug)]
pub struct Relay<'a> {
    stage: &'a Stage,
    process: Child,
    /// Where it listens, as it said itself.
    pub listens_on: String,
}

impl<'a> Relay<'a> {
    /// Starts a relay on `listen` (port 0: the system chooses) and waits until it says that it listens.
    pub fn start(programs: &Programs, stage: &'a Stage, listen: &str) -> Result<Self, Failure> {
        let mut process = command(programs)
            .args(["serve", "--listen", listen, "--data"])
            .arg(stage.relay_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(Failure::of("oublietted does not start"))?;
        stage.note_relay(Some(process.id()))?;
        let stderr = process.stderr.take().ok_or_else(|| Failure::new("oublietted has no standard error"))?;
        match wait_until_it_listens(&lines_of(stderr)) {
            Ok(listens_on) => Ok(Self { stage, process, listens_on }),
            Err(failure) => {
                let _ = process.kill();
                let _ = process.wait();
                Err(failure)
            }
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// SIGKILL: it gets no chance to put anything in order.
    pub fn kill(&mut self) -> Result<(), Failure> {
        self.process.kill().map_err(Failure::of("the relay cannot be killed"))?;
        self.process.wait().map_err(Failure::of("the relay does not end"))?;
        self.stage.note_relay(None)
    }

    /// Waits until somebody ends the demo; that the relay ends by itself is a failure.
    pub fn wait_for_its_end(&mut self) -> Result<(), Failure> {
        let status = self.process.wait().map_err(Failure::of("cannot wait for the relay"))?;
        self.stage.note_relay(None)?;
        Err(Failure::new(format!("the relay ended by itself with {status}")))
    }
}

/// An invitation link for `name`, asked of the running relay.
pub fn invite(programs: &Programs, stage: &Stage, name: &str) -> Result<String, Failure> {
    let output = command(programs)
        .args(["invite", name, "--data"])
        .arg(stage.relay_dir())
        .stdin(Stdio::null())
        .output()
        .map_err(Failure::of("oublietted invite does not start"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let link = text.split_whitespace().find(|word| word.starts_with("oub://")).map(str::to_owned);
    match link {
        Some(link) if output.status.success() => Ok(link),
        _ => {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            Err(Failure::new(format!("oublietted invite {name} ended with {}\n{text}{why}", output.status)))
        }
    }
}

/// The program without the settings of a relay that this machine may really run.
fn command(programs: &Programs) -> Command {
    let mut command = Command::new(&programs.oublietted);
    let foreign = |key: &std::ffi::OsString| key.to_string_lossy().starts_with("OUBLIETTED_");
    command.env_clear().envs(std::env::vars_os().filter(|(key, _)| !foreign(key)));
    command
}

/// Reads the relay's talk in the background, so that it never blocks on a full pipe.
fn lines_of(stderr: ChildStderr) -> Receiver<String> {
    let (sender, receiver) = sync_channel(LINES_KEPT_MAX);
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            // Nobody listens any more after the start; the pipe must be emptied all the same.
            let _ = sender.try_send(line);
        }
    });
    receiver
}

fn wait_until_it_listens(lines: &Receiver<String>) -> Result<String, Failure> {
    let end = Instant::now() + START_MAX;
    let mut seen = String::new();
    loop {
        match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                if let Some((_, address)) = line.split_once("listening on ") {
                    return Ok(address.split_whitespace().next().unwrap_or(address).to_owned());
                }
                seen.push_str(&line);
                seen.push('\n');
            }
            Err(RecvTimeoutError::Timeout) => {
                return Err(Failure::new(format!("oublietted did not listen within {START_MAX:?}\n{seen}")));
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure::new(format!("oublietted ended instead of listening\n{seen}")));
            }
        }
    }
}
