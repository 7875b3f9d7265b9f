//! `pull --exec`: a command for each message, which decides whether it is handled.

use std::io::{self, Write as _};
use std::process::{Command, ExitStatus, Stdio};

use client::Received;

use crate::context::Context;

/// How a hook ended.
#[derive(Debug)]
pub enum Outcome {
    /// Exit 0: the message is handled.
    Took,
    /// Anything else, in words: the message is handed out again.
    Left(String),
}

/// Runs `command` by `sh -c` with the text on its standard input.
pub fn run(context: &Context, command: &str, message: &Received) -> Outcome {
    match start(context, command, message) {
        Ok(status) if status.success() => Outcome::Took,
        Ok(status) => Outcome::Left(format!("the command ended with {status}")),
        Err(error) => Outcome::Left(format!("the command could not be run: {error}")),
    }
}

fn start(context: &Context, command: &str, message: &Received) -> io::Result<ExitStatus> {
    let global = context.global();
    let mut process = Command::new("sh");
    process
        .args(["-c", command])
        .env("OUB_FROM", &message.from)
        .env("OUB_VERIFIED", if message.trust.is_verified() { "true" } else { "false" })
        .env("OUB_ID", &message.id)
        // An `oub` inside the hook answers as the same person.
        .env("OUB_PROFILE", &global.profile)
        .stdin(Stdio::piped());
    if let Some(home) = &global.home {
        process.env("OUB_HOME", home);
    }
    if context.screen.is_json() {
        // Standard output belongs to the JSON lines.
        process.stdout(Stdio::from(io::stderr()));
    }
    let mut child = process.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A hook need not read its input; then the pipe closes early, which is no failure.
        let _ = stdin.write_all(message.body.text().unwrap_or_default().as_bytes());
    }
    child.wait()
}
