//! A hand between the server and the system: strace changes what chosen system calls answer.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use crate::disk::signal;

/// Attached until dropped.
pub struct Meddler(Child);

/// Whether there is a strace that may attach to a process of ours; said loudly where not.
pub fn may_meddle() -> bool {
    let mut sleeper = Command::new("sleep").arg("20").spawn().unwrap();
    let may = Meddler::attach(sleeper.id(), "none", None, &[]).is_some();
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
    if !may {
        println!("SKIPPED: no strace that may attach to a process");
    }
    may
}

impl Meddler {
    /// `what` is strace's injection, for example `fsync,fdatasync:error=EIO`; only calls on files of `paths`
    /// are touched where there are any.
    pub fn attach(pid: u32, calls: &str, what: Option<&str>, paths: &[&Path]) -> Option<Self> {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-o", "/dev/null", "-e", &format!("trace={calls}"), "-p", &pid.to_string()]);
        if let Some(what) = what {
            strace.args(["-e", &format!("inject={calls}:{what}")]);
        }
        for path in paths {
            strace.arg("-P").arg(path);
        }
        let mut child = strace.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().ok()?;
        let mut said = BufReader::new(child.stderr.take()?);
        let mut line = String::new();
        while said.read_line(&mut line).is_ok_and(|read| read > 0) {
            if line.contains("attached") {
                // Whatever else it has to say must not fill the pipe.
                std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
                return Some(Self(child));
            }
            line.clear();
        }
        let _ended = child.wait();
        None
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        // A polite end: strace lets go of the process, which lives on.
        if matches!(self.0.try_wait(), Ok(None)) {
            signal(self.0.id(), Signal::TERM);
        }
        let _ended = self.0.wait();
    }
}
