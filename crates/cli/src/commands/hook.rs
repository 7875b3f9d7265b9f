//! `pull --exec`: a command for each message, which decides whether it is handled.

use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use client::Received;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::commands::message::kind;
use crate::context::Context;
use crate::messages::{problems, reason};

/// How often a command with a limit is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How long a command that is called off may take to end.
const ENDING: Duration = Duration::from_secs(2);

/// How a hook ended.
#[derive(Debug)]
pub enum Outcome {
    /// Exit 0: the message is handled.
    Took,
    /// Anything else, in words: the message is handed out again.
    Left(String),
}

/// When a command is ended that does not end by itself, with everything that it started.
pub struct Leash<'a> {
    /// It runs longer than this.
    pub limit: Duration,
    /// Whoever ran it goes.
    pub is_called_off: &'a dyn Fn() -> bool,
    /// And does not wait until it has ended by itself.
    pub is_hurried: &'a dyn Fn() -> bool,
}

/// Runs `command` by `sh -c` with the text on its standard input, at most for as long as the leash is.
pub fn run(
    context: &Context,
    command: &str,
    message: &Received,
    file: Option<&Path>,
    leash: Option<&Leash<'_>>,
) -> Outcome {
    let ended = start(context, command, message, file, leash.is_some()).and_then(|mut child| match leash {
        None => child.wait().map(Some),
        Some(leash) => wait_for(&mut child, leash),
    });
    match ended {
        Ok(Some(status)) if status.success() => Outcome::Took,
        Ok(Some(status)) => Outcome::Left(problems::command_ended(status)),
        Ok(None) => Outcome::Left(problems::command_too_slow().to_owned()),
        Err(error) => Outcome::Left(problems::command_not_run(reason(error))),
    }
}

/// Waits for the end; `None` when it had to be ended, with everything that it started.
fn wait_for(child: &mut Child, leash: &Leash<'_>) -> io::Result<Option<ExitStatus>> {
    let end = Instant::now() + leash.limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if (leash.is_called_off)() {
            return call_off(child, leash);
        }
        if Instant::now() >= end {
            signal(child, Signal::KILL);
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(LOOK);
    }
}

/// Asks it to end, and ends it if it does not; what it leaves behind goes with it.
fn call_off(child: &mut Child, leash: &Leash<'_>) -> io::Result<Option<ExitStatus>> {
    signal(child, Signal::TERM);
    let end = Instant::now() + ENDING;
    let mut ended = child.try_wait()?;
    while ended.is_none() && Instant::now() < end && !(leash.is_hurried)() {
        std::thread::sleep(LOOK);
        ended = child.try_wait()?;
    }
    signal(child, Signal::KILL);
    match ended {
        Some(status) => Ok(Some(status)),
        None => child.wait().map(|_| None),
    }
}

/// To its whole group, which is its own: see `start`.
fn signal(child: &Child, signal: Signal) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _gone = kill_process_group(group, signal);
    }
}

fn start(
    context: &Context,
    command: &str,
    message: &Received,
    file: Option<&Path>,
    own_group: bool,
) -> io::Result<Child> {
    let global = context.global();
    let mut process = Command::new("sh");
    process
        .args(["-c", command])
        .env("OUB_FROM", &message.from)
        .env("OUB_VERIFIED", if message.trust.is_verified() { "true" } else { "false" })
        .env("OUB_ID", &message.id)
        .env("OUB_KIND", kind(&message.body))
        // An `oub` inside the hook answers as the same person.
        .env("OUB_PROFILE", &global.profile)
        .stdin(Stdio::piped());
    if let Some(file) = file {
        process.env("OUB_FILE", file);
    }
    if let Some(home) = &global.home {
        process.env("OUB_HOME", home);
    }
    if context.screen.is_json() {
        // Standard output belongs to the JSON lines.
        process.stdout(Stdio::from(io::stderr()));
    }
    if own_group {
        process.process_group(0);
    }
    let mut child = process.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A hook need not read its input; then the pipe closes early, which is no failure.
        let _ = stdin.write_all(message.body.text().unwrap_or_default().as_bytes());
    }
    Ok(child)
}
