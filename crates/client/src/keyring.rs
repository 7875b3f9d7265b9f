//! The login session's keyring, reached through the program `secret-tool` (docs/decisions/0007).

use std::{
    ffi::OsStr,
    io::{self, Read, Write},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use zeroize::Zeroizing;

use crate::{ClientError, SharedWorld, vault::key::to_hex, world::Dice};

/// Where vault keys may be kept: GNOME Keyring, KeePassXC, KWallet, or whatever answers `secret-tool`.
///
/// Secrets go through pipes, never through arguments. A keyring that does not answer is given up after a while:
/// one that waits for somebody to unlock it must not hold a program for ever.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Keyring {
    program: PathBuf,
    patience: Duration,
}

/// An answer is a key in hexadecimal or one line of complaint.
const ANSWER_BYTES_MAX: u64 = 4_096;
const LOOK_MS: u64 = 5;
/// Long enough for somebody to type the password that a locked keyring asks for.
const PATIENCE: Duration = Duration::from_secs(30);

impl Default for Keyring {
    fn default() -> Self {
        Self { program: "secret-tool".into(), patience: PATIENCE }
    }
}

impl Keyring {
    /// Gives up after this long without an answer.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Another program that understands the arguments of `secret-tool`.
    #[must_use]
    pub fn with_program(self, program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), ..self }
    }

    /// Whether it answers: writes something, reads it back, erases it, and looks that it is gone.
    pub fn probe(&self, world: &SharedWorld) -> Result<(), ClientError> {
        let mut rng = Dice(&**world);
        let entry = format!("probe-{}", to_hex(&rng.bytes::<8>()));
        let written = Zeroizing::new(to_hex(&rng.bytes::<32>()));
        self.store(&entry, "Oubliette: does this keyring answer?", &written)?;
        let read = self.look_up(&entry);
        self.erase(&entry)?;
        if read?.as_deref() != Some(&*written) {
            return Err(unusable("it does not give back what was written"));
        }
        match self.look_up(&entry)? {
            None => Ok(()),
            Some(_) => Err(unusable("it does not erase what it is told to erase")),
        }
    }

    /// Keeps a secret under a name, in place of what was there.
    pub(crate) fn store(&self, entry: &str, label: &str, secret: &str) -> Result<(), ClientError> {
        let label = format!("--label={label}");
        let answer = self.run(&["store", &label, "application", "oubliette", "vault", entry], secret)?;
        match answer.status.success() {
            true => Ok(()),
            false => Err(answer.complaint()),
        }
    }

    /// What is kept under a name. A locked keyring that nobody unlocks holds nothing, too.
    pub(crate) fn look_up(&self, entry: &str) -> Result<Option<Zeroizing<String>>, ClientError> {
        let answer = self.run(&["lookup", "application", "oubliette", "vault", entry], "")?;
        match (answer.status.success(), answer.complained()) {
            (true, _) => Ok(Some(Zeroizing::new(String::from_utf8_lossy(&answer.out).trim_end().to_owned()))),
            (false, false) => Ok(None),
            (false, true) => Err(answer.complaint()),
        }
    }

    fn erase(&self, entry: &str) -> Result<(), ClientError> {
        let answer = self.run(&["clear", "application", "oubliette", "vault", entry], "")?;
        match answer.status.success() {
            true => Ok(()),
            false => Err(answer.complaint()),
        }
    }

    fn run(&self, args: &[&str], input: &str) -> Result<Answer, ClientError> {
        let mut child = self.start(args).map_err(|error| self.not_started(&error))?;
        let (out, err) = (listen(child.stdout.take()), listen(child.stderr.take()));
        // A program that does not read is told apart by what it answers.
        if let Some(mut pipe) = child.stdin.take() {
            let _ = pipe.write_all(input.as_bytes());
        }
        let end = Instant::now() + self.patience;
        let silent = || ClientError::KeyringSilent { seconds: self.patience.as_secs() };
        let status = wait(&mut child, end).ok_or_else(silent)?;
        // Something that the program left running may hold the pipes open.
        let rest = || end.saturating_duration_since(Instant::now()).max(Duration::from_millis(LOOK_MS));
        let out = out.recv_timeout(rest()).map_err(|_| silent())?;
        let err = err.recv_timeout(rest()).map_err(|_| silent())?;
        Ok(Answer { status, out, err })
    }

    fn start(&self, args: &[&str]) -> io::Result<Child> {
        let mut command = Command::new::<&OsStr>(self.program.as_ref());
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn()
    }

    fn not_started(&self, error: &io::Error) -> ClientError {
        let program = self.program.display();
        match error.kind() {
            io::ErrorKind::NotFound => unusable(format!("the program {program} is not installed")),
            _ => unusable(format!("the program {program} does not start: {error}")),
        }
    }
}

/// What the program said before it ended.
struct Answer {
    status: ExitStatus,
    out: Zeroizing<Vec<u8>>,
    err: Zeroizing<Vec<u8>>,
}

impl Answer {
    fn complained(&self) -> bool {
        !self.err.trim_ascii().is_empty()
    }

    /// Its first line of complaint, without what a terminal would obey.
    fn complaint(&self) -> ClientError {
        let said = String::from_utf8_lossy(&self.err);
        let first: String =
            said.trim().lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
        unusable(match first.is_empty() {
            true => format!("it refused ({})", self.status),
            false => first,
        })
    }
}

fn unusable(reason: impl Into<String>) -> ClientError {
    ClientError::KeyringUnusable { reason: reason.into() }
}

/// Reads a pipe on a thread of its own, so that nobody waits for it longer than wanted.
fn listen(pipe: Option<impl Read + Send + 'static>) -> Receiver<Zeroizing<Vec<u8>>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut said = Zeroizing::new(Vec::with_capacity(ANSWER_BYTES_MAX as usize));
        if let Some(pipe) = pipe {
            let _ = pipe.take(ANSWER_BYTES_MAX).read_to_end(&mut said);
        }
        let _ = sender.send(said);
    });
    receiver
}

/// Waits for the end, until `end`; a child that has not ended by then is killed.
fn wait(child: &mut Child, end: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(LOOK_MS)),
            Ok(None) | Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}
