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

/// How a hook ended.
#[derive(Debug)]
pub enum Outcome {
    /// Exit 0: the message is handled.
    Took,
    /// Anything else, in words: the message is handed out again.
    Left(String),
}

/// Runs `command` by `sh -c` with the text on its standard input. With a limit, it is ended when it runs longer.
pub fn run(
    context: &Context,
    command: &str,
    message: &Received,
    file: Option<&Path>,
    limit: Option<Duration>,
) -> Outcome {
    let ended = start(context, command, message, file, limit.is_some()).and_then(|mut child| match limit {
        None => child.wait().map(Some),
        Some(limit) => wait_for(&mut child, limit),
    });
    match ended {
        Ok(Some(status)) if status.success() => Outcome::Took,
        Ok(Some(status)) => Outcome::Left(problems::command_ended(status)),
        Ok(None) => Outcome::Left(problems::command_too_slow().to_owned()),
        Err(error) => Outcome::Left(problems::command_not_run(reason(error))),
    }
}

/// Waits for the end; `None` when it had to be ended, with everything that it started.
fn wait_for(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            // Its group is its own: see `start`.
            if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                let _gone = kill_process_group(group, Signal::KILL);
            }
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(LOOK);
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
