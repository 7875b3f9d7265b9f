//! The admin socket of a running server: one JSON line asked, one answered, by whoever may enter the folder.

use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::{Cause, Extent, Forgotten, StoreError};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use wire::Name;

use crate::backup::dump::{DumpError, dump};
use crate::failure::{EXIT_LOCAL, EXIT_TEMPORARY, EXIT_USAGE, Failure};
use crate::forgetting;
use crate::invite::{self, InviteError, Issued};
use crate::names::{self, InviteLine, NameError, NameLine, NamesPage};
use crate::relay::Relay;
use crate::status::{Certificates, Status};

/// Longest line either way.
pub const LINE_BYTES_MAX: u64 = 64 * 1024;
/// Admin connections at once.
const AT_ONCE_MAX: usize = 8;
/// One question has so long from connect to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Whoever takes a backup may stop taking for so long.
const STALL: Duration = Duration::from_secs(60);
/// Records written to the socket in one go.
const RECORDS_AT_ONCE: usize = 256 * 1024;

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
    /// Names behind a key.
    Names {
        /// As the last page said.
        after: Option<String>,
    },
    /// One name.
    Name {
        /// Which.
        name: String,
    },
    /// Begin or end a suspension.
    Suspend {
        /// Which name.
        name: String,
        /// What it shall be.
        suspended: bool,
    },
    /// Invitations that are out.
    Invites {
        /// Those for one name only.
        name: Option<String>,
    },
    /// Make invitations void.
    Revoke {
        /// One, by its id.
        id: Option<String>,
        /// All for a name.
        name: Option<String>,
    },
    /// Everything, as records behind the reply.
    Backup {
        /// With root.key, if it is there.
        root_key: bool,
    },
    /// Make what was let go of leave the disk now.
    Forget,
    /// Renew the certificates that are due: root.key may have come back.
    Renew,
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
    /// Some names.
    Names(NamesPage),
    /// One.
    Name(NameLine),
    /// Invitations.
    Invites {
        /// Some.
        invites: Vec<InviteLine>,
        /// Whether there are more.
        more: bool,
    },
    /// How many are void now.
    Revoked(u64),
    /// Records follow.
    Records,
    /// Done.
    Forgotten {
        /// Bytes on the disk before.
        bytes_before: u64,
        /// And after.
        bytes_after: u64,
    },
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

/// What answers need.
#[derive(Clone)]
pub struct Office {
    /// The server.
    pub relay: Arc<Relay>,
    /// Its certificates.
    pub certificates: Certificates,
    /// Where its keys lie.
    pub identity: PathBuf,
    /// Who renews certificates; the sender hears when that is done.
    pub renewing: mpsc::Sender<oneshot::Sender<()>>,
    /// Held by the one backup that may be made at a time: each keeps on the disk what is let go of meanwhile.
    pub backup: Arc<Semaphore>,
}

/// Answers until the server stops.
pub async fn run(listener: UnixListener, office: Office) {
    let places = Arc::new(Semaphore::new(AT_ONCE_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = office.relay.stopping.cancelled() => return,
        };
        let (Ok((stream, _)), Ok(place)) = (accepted, places.clone().acquire_owned().await) else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let office = office.clone();
        tokio::spawn(async move {
            // Whoever asked and went away needs no answer.
            if let Ok(Ok(Some(task))) = tokio::time::timeout(PATIENCE, attend(stream, office)).await {
                let _ended = task.await;
            }
            drop(place);
        });
    }
}

/// Answers one question; what takes longer than an answer may goes on in a thread of its own.
async fn attend(mut stream: UnixStream, office: Office) -> io::Result<Option<JoinHandle<()>>> {
    let mut line = String::new();
    BufReader::new((&mut stream).take(LINE_BYTES_MAX)).read_line(&mut line).await?;
    let reply = match serde_json::from_str(&line) {
        Ok(Question::Backup { root_key }) => match office.backup.clone().try_acquire_owned() {
            Ok(place) => {
                let stream = stream.into_std()?;
                return Ok(Some(tokio::task::spawn_blocking(move || {
                    hand_over(stream, &office, root_key);
                    drop(place);
                })));
            }
            Err(_) => one_at_a_time().into(),
        },
        Ok(Question::Forget) => {
            let stream = stream.into_std()?;
            return Ok(Some(tokio::task::spawn_blocking(move || forget(stream, &office.relay))));
        }
        Ok(Question::Renew) => {
            let (done, is_done) = oneshot::channel();
            let _stopping = office.renewing.send(done).await;
            let _stopping = is_done.await;
            tokio::task::spawn_blocking(move || answer(&office.relay, &office.certificates, Question::Status))
                .await?
        }
        // Asks the store nothing, and is told while every thread waits for it.
        Ok(Question::Health) => health(&office.relay),
        Ok(question) => {
            tokio::task::spawn_blocking(move || answer(&office.relay, &office.certificates, question)).await?
        }
        Err(_) => misunderstood().into(),
    };
    stream.write_all(&line_of(&reply)?).await?;
    Ok(None)
}

fn line_of(reply: &Reply) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    Ok(line)
}

/// Forgets, however long that takes, and says what came of it. Blocks.
fn forget(mut stream: std::os::unix::net::UnixStream, relay: &Relay) {
    let reply = match forgetting::once(relay, Extent::All) {
        Ok(Forgotten { bytes_before, bytes_after }) => Reply::Forgotten { bytes_before, bytes_after },
        Err(error) => {
            if !forgetting::waits(error) {
                let _told = relay.store_failed(error);
            }
            not_forgotten(error).into()
        }
    };
    // Whoever asked and went away needs no answer.
    let _ended = stream
        .set_nonblocking(false)
        .and_then(|()| stream.set_write_timeout(Some(STALL)))
        .and_then(|()| stream.write_all(&line_of(&reply)?));
}

fn not_forgotten(error: StoreError) -> Failure {
    let what = "the store could not forget everything";
    match error {
        // What was let go of in such a table stays, however often it is tried.
        StoreError::NotDone(Cause::Damaged) => Failure::new(
            what,
            error.to_string(),
            "everything else was forgotten; for the rest stop the server and run   oublietted repair NEWDIR",
            EXIT_LOCAL,
            "OUB-S088",
        ),
        error => Failure::new(
            what,
            error.to_string(),
            "make room if the disk is full, wait for a backup that is being made, and try again",
            EXIT_TEMPORARY,
            "OUB-S043",
        ),
    }
}

/// Hands every record to whoever asked, who notices by the last one whether it was all. Blocks.
fn hand_over(stream: std::os::unix::net::UnixStream, office: &Office, root_key: bool) {
    let handed = stream
        .set_nonblocking(false)
        .and_then(|()| stream.set_write_timeout(Some(STALL)))
        .map_err(DumpError::from)
        .and_then(|()| {
            let mut out = BufWriter::with_capacity(RECORDS_AT_ONCE, Gate { stream, office });
            out.write_all(&line_of(&Reply::Records)?)?;
            dump(&*office.relay.store, &office.identity, root_key, &mut out)
        });
    match handed {
        Ok(tally) => {
            office.relay.counters.backups.add_one();
            let (damaged, damaged_blocks) = (tally.damaged, tally.damaged_blocks);
            tracing::info!(rows = tally.rows, damaged, damaged_blocks, "a backup was handed over");
        }
        Err(error) => tracing::warn!(%error, "a backup was not handed over to its end"),
    }
}

/// Lets records through for as long as the server does not stop.
struct Gate<'a> {
    stream: std::os::unix::net::UnixStream,
    office: &'a Office,
}

impl Write for Gate<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.office.relay.stopping.is_cancelled() {
            return Err(io::Error::other("the server stops"));
        }
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

fn health(relay: &Relay) -> Reply {
    if relay.pulse.is_well() { Reply::Serving } else { hangs().into() }
}

fn answer(relay: &Relay, certificates: &Certificates, question: Question) -> Reply {
    match question {
        Question::Status => Reply::Status(Box::new(Status::read(relay, certificates))),
        Question::Invite { name, valid_s } => {
            with(&name, |name| match invite::issue(relay, name.clone(), valid_s) {
                Ok(issued) => Reply::Invitation(issued),
                Err(error) => {
                    if let InviteError::Store(error) = error {
                        let _told = relay.store_failed(error);
                    }
                    Failure::from(error).into()
                }
            })
        }
        Question::Names { after } => told(relay, names::list(relay, after.as_deref()), Reply::Names),
        Question::Name { name } => with(&name, |name| told(relay, names::show(relay, name), Reply::Name)),
        Question::Suspend { name, suspended } => {
            with(&name, |name| told(relay, names::set_suspended(relay, name, suspended), Reply::Name))
        }
        Question::Invites { name: None } => invites(relay, None),
        Question::Invites { name: Some(name) } => with(&name, |name| invites(relay, Some(name))),
        Question::Revoke { id, name: Some(name) } => {
            with(&name, |name| told(relay, names::revoke(relay, id.as_deref(), Some(name)), Reply::Revoked))
        }
        // One of both: nobody means to make every invitation void.
        Question::Revoke { id: Some(id), name: None } => {
            told(relay, names::revoke(relay, Some(&id), None), Reply::Revoked)
        }
        Question::Revoke { id: None, name: None } => misunderstood().into(),
        // They have their own way.
        Question::Health | Question::Backup { .. } | Question::Forget | Question::Renew => {
            misunderstood().into()
        }
    }
}

fn with(name: &str, answer: impl FnOnce(&Name) -> Reply) -> Reply {
    Name::parse(name).map_or_else(|_| misunderstood().into(), |name| answer(&name))
}

/// The answer, or why there is none; a store that stopped ends the process here as anywhere else.
fn told<T>(relay: &Relay, result: Result<T, NameError>, reply: impl FnOnce(T) -> Reply) -> Reply {
    result.map_or_else(
        |error| {
            if let NameError::Store(error) = error {
                let _told = relay.store_failed(error);
            }
            Failure::from(error).into()
        },
        reply,
    )
}

fn invites(relay: &Relay, name: Option<&Name>) -> Reply {
    told(relay, names::invites(relay, name), |(invites, more)| Reply::Invites { invites, more })
}

fn one_at_a_time() -> Failure {
    Failure::new(
        "another backup is being made",
        "one at a time: each keeps on the disk what is let go of meanwhile",
        "try again when it has ended",
        EXIT_TEMPORARY,
        "OUB-S045",
    )
}

fn hangs() -> Failure {
    Failure::new(
        "a commit hangs",
        "the disk has not answered for twenty seconds, and nothing is stored meanwhile",
        "look at   dmesg   and measure the disk with   oublietted bench",
        EXIT_TEMPORARY,
        "OUB-S046",
    )
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::mpsc as std_mpsc;

    use store::MemoryStore;

    use super::*;
    use crate::clock::wall;
    use crate::identity::Identity;
    use crate::leaf::LeafResolver;
    use crate::relay::tests::over;

    #[test]
    fn health_is_told_while_every_thread_waits_for_the_store() {
        let base = tempfile::tempdir().unwrap();
        let (folder, store) = (base.path().join("identity"), base.path().join("store"));
        let identity = Identity::load_or_make(&folder, &store, wall()).unwrap();
        let leaf = Arc::new(LeafResolver::issue(&identity, wall()).unwrap());
        let office = Office {
            relay: over(MemoryStore::new()),
            certificates: Certificates::new(leaf, &identity),
            identity: folder,
            renewing: mpsc::channel(1).0,
            backup: Arc::new(Semaphore::new(1)),
        };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(1).build().unwrap();
        let (let_go, waits) = std_mpsc::channel::<()>();
        runtime.spawn_blocking(move || waits.recv().is_err());
        let said = runtime.block_on(async {
            let (mut asker, stream) = UnixStream::pair().unwrap();
            asker.write_all(&serde_json::to_vec(&Question::Health).unwrap()).await.unwrap();
            asker.write_all(b"\n").await.unwrap();
            let told = tokio::time::timeout(PATIENCE / 2, attend(stream, office)).await;
            let mut said = String::new();
            asker.read_to_string(&mut said).await.unwrap();
            told.is_ok().then_some(said)
        });
        drop(let_go);
        assert_eq!(said.as_deref(), Some("\"serving\"\n"));
    }
}
