//! The one seat of a vault's daemon: whoever holds the lock has it, and the system lets go of it at any death.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use client::Profile;

use crate::daemon::beside;
use crate::exit::Exit;
use crate::messages::{daemon as messages, reason};
use crate::problem::Problem;

const FILE: &str = "daemon.lock";
/// A socket's path is much shorter.
const PATH_LINE_BYTES_MAX: u64 = 256;
/// Long enough for somebody who only looks whether it is free.
const WAIT: Duration = Duration::from_millis(200);
const LOOK: Duration = Duration::from_millis(10);

/// Held for as long as the daemon runs.
pub struct Seat {
    file: File,
}

impl Seat {
    /// Takes it, or says who has it.
    pub fn take(profile: &Profile) -> Result<Self, Box<Problem>> {
        let path = profile.dir().join(FILE);
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(|error| unusable(&path, &reason(error)))?;
        let end = Instant::now() + WAIT;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { file }),
                Err(TryLockError::WouldBlock) if Instant::now() < end => thread::sleep(LOOK),
                Err(TryLockError::WouldBlock) => return Err(taken(profile)),
                Err(TryLockError::Error(error)) => return Err(unusable(&path, &reason(error))),
            }
        }
    }
}

impl Seat {
    /// Writes down where the daemon listens, for those who have another environment: a cron job has no
    /// XDG_RUNTIME_DIR.
    pub fn announce(&mut self, socket: &Path) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.write_all(socket.as_os_str().as_bytes())?;
        self.file.write_all(b"\n")
    }
}

/// Where the daemon of this profile listens, or listened last.
pub fn socket_of(profile: &Profile) -> Option<PathBuf> {
    let mut line = Vec::new();
    let file = File::open(profile.dir().join(FILE)).ok()?;
    file.take(PATH_LINE_BYTES_MAX).read_to_end(&mut line).ok()?;
    // Without its end it is being written.
    let path = line.strip_suffix(b"\n")?;
    Some(PathBuf::from(OsStr::from_bytes(path)))
}

/// Whether somebody has it.
pub fn is_running(profile: &Profile) -> bool {
    let file = OpenOptions::new().write(true).open(profile.dir().join(FILE));
    file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

fn taken(profile: &Profile) -> Box<Problem> {
    let answers = socket_of(profile).and_then(|socket| Some((beside::pid(&socket)?, socket)));
    let why = match answers {
        Some((pid, socket)) => messages::is_the_daemon(pid, socket.display()),
        None => messages::holds_its_place().to_owned(),
    };
    Box::new(Problem::of(Exit::Temporary, "OUB-E105", messages::runs_already(why)))
}

fn unusable(path: &Path, why: &str) -> Box<Problem> {
    Box::new(Problem::of(Exit::Local, "OUB-E122", messages::cannot_lock(path.display(), why)))
}
