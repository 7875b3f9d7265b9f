//! The admin socket of a running server: one JSON line asked, one answered, by whoever may enter the folder.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use wire::Name;

use crate::failure::{EXIT_USAGE, Failure};
use crate::invite::{self, Issued};
use crate::relay::Relay;
use crate::status::{Certificates, Status};

/// Longest line either way.
pub const LINE_BYTES_MAX: u64 = 64 * 1024;
/// Admin connections at once.
const AT_ONCE_MAX: usize = 8;
/// One question has so long from connect to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What can be asked.
#[derive(Clone, Serialize, Deserialize, Debug)]
#[serde(tag = "verb", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Question {
    /// Make an invitation.
    Invite {
        /// For whom.
        name: String,
        /// Valid so long.
        valid_s: u64,
    },
    /// How is it going?
    Status,
    /// Are you serving?
    Health,
}

/// What is answered.
#[derive(Clone, Serialize, Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The invitation.
    Invitation(Issued),
    /// The numbers.
    Status(Box<Status>),
    /// Yes.
    Serving,
    /// No, and here is the screen to show.
    Failed {
        /// What happened.
        what: String,
        /// Why.
        why: String,
        /// What to do.
        remedy: String,
        /// How the asking process ends.
        exit: u8,
        /// Stable name.
        code: String,
    },
}

impl From<Failure> for Reply {
    fn from(Failure { what, why, remedy, exit, code }: Failure) -> Self {
        Self::Failed { what, why, remedy, exit, code }
    }
}

/// Takes the socket's place; one left over from a killed server is replaced (the folder's lock is ours).
pub fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers until the server stops.
pub async fn run(listener: UnixListener, relay: Arc<Relay>, certificates: Certificates) {
    let places = Arc::new(Semaphore::new(AT_ONCE_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = relay.stopping.cancelled() => return,
        };
        let (Ok((stream, _)), Ok(place)) = (accepted, places.clone().acquire_owned().await) else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (relay, certificates) = (relay.clone(), certificates.clone());
        tokio::spawn(async move {
            // Whoever asked and went away needs no answer.
            let _ended = tokio::time::timeout(PATIENCE, attend(stream, relay, certificates)).await;
            drop(place);
        });
    }
}

async fn attend(stream: UnixStream, relay: Arc<Relay>, certificates: Certificates) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    BufReader::new(reader.take(LINE_BYTES_MAX)).read_line(&mut line).await?;
    let reply = match serde_json::from_str(&line) {
        Ok(question) => tokio::task::spawn_blocking(move || answer(&relay, &certificates, question)).await?,
        Err(_) => misunderstood().into(),
    };
    let mut line = serde_json::to_string(&reply)?;
    line.push('\n');
    writer.write_all(line.as_bytes()).await
}

fn answer(relay: &Relay, certificates: &Certificates, question: Question) -> Reply {
    match question {
        Question::Health => Reply::Serving,
        Question::Status => Reply::Status(Box::new(Status::read(relay, certificates))),
        Question::Invite { name, valid_s } => match Name::parse(&name) {
            Ok(name) => match invite::issue(relay, name, valid_s) {
                Ok(issued) => Reply::Invitation(issued),
                Err(error) => Failure::from(error).into(),
            },
            Err(_) => misunderstood().into(),
        },
    }
}

fn misunderstood() -> Failure {
    Failure::new(
        "the server did not understand this command",
        "the command and the running server are of different versions",
        "restart the server with the program that is installed now",
        EXIT_USAGE,
        "OUB-S023",
    )
}
