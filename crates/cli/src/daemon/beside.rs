//! [`Beside`]: a running daemon, as another `oub` sees it.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use client::{Aside, Collected, Profile, Resident, VaultKey, Waited};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::context::Context;
use crate::daemon::conversation::{CONVERSATIONS_MAX, NO_SEAT};
use crate::daemon::lines::{Came, Lines};
use crate::daemon::{seat, socket};
use crate::exit::Exit;
use crate::messages::daemon as messages;
use crate::problem::Problem;
use crate::shown::shown_on_one_line;

/// A daemon that does not even greet within this is as good as none.
const GREETING_PATIENCE: Duration = Duration::from_secs(2);
/// No answer that is waited for is longer.
const ANSWER_LINES_MAX: usize = 10_000;
/// The answer that carries a key is this long at most.
const KEY_LINE_BYTES_MAX: usize = 256;

/// The daemon of this profile. What it does not answer, the command does by itself.
pub struct Beside {
    path: PathBuf,
    line: Mutex<Option<Connection>>,
    watch: Mutex<Option<Connection>>,
}

/// Why a daemon that runs is not used.
pub enum Unused {
    /// Somebody has every seat at its socket.
    Full,
    /// Others may reach its socket, or what is there is none.
    Unsafe(Box<Problem>),
}

impl Unused {
    /// Says that it is not used, and why.
    pub fn warn(self, context: &Context) {
        let problem = self.into_problem();
        let shown = shown_on_one_line(problem.what());
        context.screen.warn(&messages::not_used(shown));
    }

    /// What to tell whoever asks after the daemon itself.
    pub fn into_problem(self) -> Box<Problem> {
        match self {
            Self::Full => {
                Box::new(Problem::of(Exit::Temporary, NO_SEAT, messages::is_full(CONVERSATIONS_MAX)))
            }
            Self::Unsafe(problem) => problem,
        }
    }
}

impl From<Box<Problem>> for Unused {
    fn from(problem: Box<Problem>) -> Self {
        Self::Unsafe(problem)
    }
}

impl Beside {
    /// Looks whether one runs. One that is full, or whose socket others may reach, is not used, and that is said.
    pub fn find(context: &Context, profile: &Profile) -> Option<Arc<Self>> {
        Self::look(profile).unwrap_or_else(|unused| {
            unused.warn(context);
            None
        })
    }

    /// The same, for those who say nothing.
    pub fn look(profile: &Profile) -> Result<Option<Arc<Self>>, Unused> {
        let Some(path) = seat::socket_of(profile) else { return Ok(None) };
        let Some(mut line) = Connection::open(&path)? else { return Ok(None) };
        // The same name may stand for another folder elsewhere.
        let greeting = line.ask_or_hear(r#"{"v":1,"do":"hello"}"#, "hello", GREETING_PATIENCE);
        if let Err(Unanswered::Refused(refusal)) = &greeting
            && refusal.get("code").and_then(Value::as_str) == Some(NO_SEAT)
        {
            return Err(Unused::Full);
        }
        let ours = greeting.is_ok_and(|greeting| {
            greeting.last().and_then(|line| line.get("folder")?.as_str()) == Some(&folder_of(profile))
        });
        Ok(ours.then(|| Arc::new(Self { path, line: Mutex::new(Some(line)), watch: Mutex::new(None) })))
    }

    /// The vault's key, if it is one that a passphrase keeps.
    pub fn key(&self) -> Option<VaultKey> {
        let stream = socket::connect(&self.path).ok()??;
        stream.set_read_timeout(Some(GREETING_PATIENCE)).ok()?;
        io::Write::write_all(&mut &stream, b"{\"v\":1,\"do\":\"key\"}\n").ok()?;
        let line = read_key_line(&stream)?;
        let (_, rest) = line.split_once("\"key\":\"")?;
        let (hex, _) = rest.split_once('"')?;
        VaultKey::from_hex(hex)
    }

    /// Asks, and gives back the line of this kind that is among the answers.
    pub fn ask(&self, request: &str, kind: &str, patience: Duration) -> Option<Value> {
        self.ask_all(request, kind, patience)?.pop()
    }

    /// Asks, and gives back every line of this kind that is among the answers.
    pub fn ask_all(&self, request: &str, kind: &str, patience: Duration) -> Option<Vec<Value>> {
        let mut line = lock(&self.line);
        let open = match line.take() {
            Some(open) => Some(open),
            None => Connection::open(&self.path).ok()?,
        };
        let mut open = open?;
        let answer = open.ask(request, kind, patience);
        // After a time-out the answer may come yet: what follows would be taken for another.
        *line = answer.is_some().then_some(open);
        answer
    }
}

impl Resident for Beside {
    fn collect(&self, patience: Duration) -> Option<Collected> {
        let answer = self.ask(r#"{"v":1,"do":"drain"}"#, "collected", patience)?;
        let count = |name: &str| {
            let count = answer.get(name).and_then(Value::as_u64).unwrap_or(0);
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        let connected = answer.get("connected").and_then(Value::as_bool)?;
        connected.then(|| Collected {
            kept: count("kept"),
            expired: count("expired"),
            quarantined: count("quarantined"),
        })
    }

    fn step_aside(&self, patience: Duration) -> Option<Aside> {
        let mut line = Connection::open(&self.path).ok()??;
        line.ask(r#"{"v":1,"do":"aside"}"#, "aside", patience)?.pop()?;
        // It stays aside until this connection ends.
        Some(Aside::until_dropped(line))
    }

    fn wait_for_news(&self, patience: Duration) -> Waited {
        let mut watch = lock(&self.watch);
        if watch.is_none() {
            *watch = Connection::open(&self.path).ok().flatten();
            if let Some(line) = watch.as_mut()
                && line.say(r#"{"v":1,"do":"watch"}"#).is_err()
            {
                *watch = None;
            }
        }
        let Some(line) = watch.as_mut() else { return Waited::Gone };
        let answer = line.next(Instant::now() + patience);
        let kind = answer.as_ref().map(|answer| answer.as_ref().and_then(|line| line.get("t")?.as_str()));
        match kind {
            Ok(Some("news")) => Waited::News,
            Ok(Some("done") | None) => Waited::Nothing,
            Ok(Some(_)) | Err(_) => {
                *watch = None;
                Waited::Gone
            }
        }
    }
}

/// Which process is the daemon that listens here. One that is full does not say it.
pub fn pid(path: &Path) -> Option<u64> {
    let mut line = Connection::open(path).ok()??;
    let Some(greeting) = line.ask(r#"{"v":1,"do":"hello"}"#, "hello", GREETING_PATIENCE) else {
        return socket::pid_of_peer(&line.stream);
    };
    greeting.last()?.get("pid")?.as_u64()
}

/// What a daemon and a command compare.
pub fn folder_of(profile: &Profile) -> String {
    let dir = profile.dir();
    dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf()).display().to_string()
}

/// Why there is no answer.
enum Unanswered {
    /// The daemon says why, in this line.
    Refused(Value),
    /// Nothing came, or nothing that can be understood.
    Silent,
}

/// One connection to a daemon.
struct Connection {
    stream: UnixStream,
    lines: Lines<UnixStream>,
}

impl Connection {
    fn open(path: &Path) -> Result<Option<Self>, Box<Problem>> {
        let Some(stream) = socket::connect(path)? else { return Ok(None) };
        let reading = stream.try_clone().ok();
        Ok(reading.map(|reading| Self { stream, lines: Lines::new(reading) }))
    }

    fn ask(&mut self, request: &str, kind: &str, patience: Duration) -> Option<Vec<Value>> {
        self.ask_or_hear(request, kind, patience).ok()
    }

    /// The same, for those who want to know why not.
    fn ask_or_hear(
        &mut self,
        request: &str,
        kind: &str,
        patience: Duration,
    ) -> Result<Vec<Value>, Unanswered> {
        let end = Instant::now() + patience;
        // Whoever is refused at the door is told so before anything is asked; then nobody takes the question.
        let _refused = self.say(request);
        let mut found = Vec::new();
        while found.len() <= ANSWER_LINES_MAX {
            let answer = self.next(end).ok().flatten().ok_or(Unanswered::Silent)?;
            match answer.get("t").and_then(Value::as_str).ok_or(Unanswered::Silent)? {
                "done" => return Ok(found),
                "error" => return Err(Unanswered::Refused(answer)),
                have if have == kind => found.push(answer),
                _ => {}
            }
        }
        Err(Unanswered::Silent)
    }

    fn say(&mut self, request: &str) -> io::Result<()> {
        self.stream.set_write_timeout(Some(GREETING_PATIENCE))?;
        io::Write::write_all(&mut self.stream, format!("{request}\n").as_bytes())
    }

    /// The next line; `None` when none came in time.
    fn next(&mut self, end: Instant) -> io::Result<Option<Value>> {
        let left = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        self.stream.set_read_timeout(Some(left))?;
        match self.lines.next() {
            Ok(Came::Line(line)) => Ok(serde_json::from_str(&line).ok()),
            Ok(_) => Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Byte by byte into memory that is wiped: a buffer of the library would keep a copy.
fn read_key_line(stream: &UnixStream) -> Option<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::with_capacity(KEY_LINE_BYTES_MAX));
    let mut byte = Zeroizing::new([0]);
    while line.len() < KEY_LINE_BYTES_MAX {
        io::Read::read_exact(&mut &*stream, &mut *byte).ok()?;
        match byte.first().copied().map(char::from)? {
            '\n' => return Some(line),
            each => line.push(each),
        }
    }
    None
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
