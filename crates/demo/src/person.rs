//! One person at a terminal: every command is a separate process on that person's own profile.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::programs::Programs;
use crate::say::say;
use crate::stage::Stage;

const COMMAND_MAX: Duration = Duration::from_secs(90);

/// Somebody with a profile.
#[derive(Debug)]
pub struct Person<'a> {
    name: &'static str,
    oub: PathBuf,
    stage: &'a Stage,
}

/// What one command printed.
#[derive(Debug)]
pub struct Said {
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub talk: String,
}

impl<'a> Person<'a> {
    /// Somebody whose profile is not there yet.
    pub fn new(name: &'static str, programs: &Programs, stage: &'a Stage) -> Self {
        Self { name, oub: programs.oub.clone(), stage }
    }

    /// Runs `oub` in silence; anything but exit 0 is a failure.
    pub fn run(&self, args: &[&str]) -> Result<Said, Failure> {
        let (out, talk) = (self.stage.file("stdout"), self.stage.file("stderr"));
        let create = |path: &PathBuf| File::create(path).map_err(Failure::of("cannot write into the folder"));
        let mut command = Command::new(&self.oub);
        command
            .env_clear()
            .envs(std::env::vars_os().filter(|(key, _)| !key.to_string_lossy().starts_with("OUB_")));
        command
            .args(["-P", self.name, "--no-input", "--color", "never", "--home"])
            .arg(self.stage.people_dir());
        command.args(args).stdin(Stdio::null()).stdout(create(&out)?).stderr(create(&talk)?);
        let process = command.spawn().map_err(Failure::of("oub does not start"))?;
        let status = wait(process)?;
        let read = |path| fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let said = Said {
            out: read(out).map_err(Failure::of("cannot read what oub said"))?,
            talk: read(talk).map_err(Failure::of("cannot read what oub said"))?,
        };
        if status.success() {
            return Ok(said);
        }
        Err(Failure::new(format!(
            "{} oub {}: {status}\n{}{}",
            self.name,
            args.join(" "),
            said.out,
            said.talk
        )))
    }

    /// Runs `oub` in the open: the command, then its answer, without the talk on standard error.
    pub fn show_answer(&self, args: &[&str]) -> Result<(), Failure> {
        let talk = String::new();
        self.print(args, &Said { talk, ..self.run(args)? });
        Ok(())
    }

    /// Runs `oub` in the open: the command, then everything that it printed.
    pub fn show(&self, args: &[&str]) -> Result<Said, Failure> {
        let said = self.run(args)?;
        self.print(args, &said);
        Ok(said)
    }

    fn print(&self, args: &[&str], said: &Said) {
        say!("    {}$ oub {}", self.name, args.iter().map(|arg| quoted(arg)).collect::<Vec<_>>().join(" "));
        let lines = said.out.lines().chain(said.talk.lines()).filter(|line| !line.trim().is_empty());
        let count = lines.map(|line| say!("    {line}")).count();
        if count == 0 {
            say!("    (prints nothing)");
        }
    }
}

/// Waits for a command, but not for ever.
fn wait(mut process: Child) -> Result<ExitStatus, Failure> {
    let end = Instant::now() + COMMAND_MAX;
    while Instant::now() < end {
        if let Some(status) = process.try_wait().map_err(Failure::of("cannot wait for oub"))? {
            return Ok(status);
        }
        thread::sleep(Duration::from_millis(5));
    }
    let _ = process.kill();
    let _ = process.wait();
    Err(Failure::new(format!("oub did not end within {COMMAND_MAX:?}")))
}

/// The argument as one would type it, links shortened for the eye.
fn quoted(arg: &str) -> String {
    match arg.split_once('#') {
        Some((link, _)) if arg.starts_with("oub://") => format!("{link}#…"),
        _ if arg.contains(' ') => format!("'{arg}'"),
        _ => arg.to_owned(),
    }
}
