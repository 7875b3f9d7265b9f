//! [`Person`]: somebody with a profile, a clock and a client that may die at any moment.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fs, io};

use client::{
    Client, ClientError, Handled, JoinAt, JoinRequest, Language, Options, Passphrase, Profile, Protector,
    Proxy, PullOptions, Received, ReceivedBody, SharedWorld, Unlock,
};
use wire::{Address, HostPort, Name, ShortFingerprint};

use crate::fuse::{Fuse, outlive};
use crate::intruder::Intruder;
use crate::random::Random;
use crate::world::{SharedNet, SimWorld};

/// Real time plays no part: a stream always answers at once.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// Somebody.
pub(crate) struct Person {
    pub(crate) name: Name,
    pub(crate) profile: Profile,
    /// The relay where the name is registered.
    pub(crate) home: HostPort,
    /// The recovery words, on paper.
    words: String,
    /// Addresses given out so far, one for each key.
    pub(crate) addresses: Vec<Address>,
    /// When the mailboxes were last drained.
    pub(crate) drained_at: u64,
    pub(crate) skew: Arc<AtomicI64>,
    pub(crate) intruder: Arc<Intruder>,
    fuse: Arc<Fuse>,
    world: SharedWorld,
    has_proxy: bool,
    client: Option<Client>,
}

/// What came of an operation.
pub(crate) enum Tried<T> {
    Done(T),
    Failed(ClientError),
    /// The process died on the way.
    Died,
}

impl<T> Tried<T> {
    fn map<U>(self, done: impl FnOnce(T) -> U) -> Tried<U> {
        match self {
            Self::Done(value) => Tried::Done(done(value)),
            Self::Failed(error) => Tried::Failed(error),
            Self::Died => Tried::Died,
        }
    }
}

/// A message that a person was shown.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) id: String,
    /// The message that it has other words for.
    pub(crate) edits: Option<String>,
    pub(crate) from: String,
    pub(crate) text: String,
    pub(crate) number: u64,
    pub(crate) missing_before: u64,
    /// The message that it quotes.
    pub(crate) quotes: Option<String>,
    /// After how many seconds it disappears.
    pub(crate) expire_s: Option<u32>,
    /// What it agrees on for all that follows, where it is that.
    pub(crate) timer_s: Option<u32>,
    /// The person took it, and lived to say so: it must not be shown again.
    pub(crate) taken: bool,
    /// When the pull was over in which it was shown.
    pub(crate) at: u64,
}

impl Person {
    pub(crate) fn new(name: &str, folder: &Path, home: HostPort, net: &SharedNet, seed: u64) -> Self {
        let (fuse, skew): (Arc<Fuse>, Arc<AtomicI64>) = Default::default();
        let intruder = Arc::new(Intruder::default());
        let world = SharedWorld::new(SimWorld {
            net: net.clone(),
            fuse: fuse.clone(),
            intruder: intruder.clone(),
            random: Mutex::new(Random::of(seed, 1)),
            skew: skew.clone(),
        });
        Self {
            name: Name::parse(name).expect("a short name"),
            profile: Profile::at(folder.join(name)),
            home,
            words: String::new(),
            addresses: Vec::new(),
            drained_at: 0,
            skew,
            intruder,
            fuse,
            world,
            has_proxy: (seed >> 32) % 2 == 1,
            client: None,
        }
    }

    fn options(&self) -> Options {
        // Every second person has a proxy, and so opens the two mailboxes on two connections.
        let proxy = if self.has_proxy { Proxy::parse("127.0.0.1:9050") } else { None };
        Options { timeout: PATIENCE, world: self.world.clone(), proxy, ..Options::default() }
    }

    /// Becomes somebody, or goes on with it.
    pub(crate) fn join(&mut self, server: ShortFingerprint, points: Option<u32>) -> Tried<()> {
        let request = JoinRequest {
            at: JoinAt::Open { at: self.home.clone(), server: Some(server) },
            name: Some(self.name.clone()),
            protect: Protector::KeyFile,
            language: Language::English,
        };
        let tried = self.come_to(points, |profile, options| Client::join(profile, &request, options));
        if let Tried::Done(joined) = &tried {
            self.words = joined.recovery_words.join(" ");
            self.addresses.push(joined.address.clone());
            if let Some(Err(error)) = self.client.as_ref().map(Client::forget_recovery_words) {
                return Tried::Failed(error);
            }
        }
        tried.map(drop)
    }

    /// Comes to a client by something that makes a profile; it dies at the given point.
    fn come_to<T>(
        &mut self,
        points: Option<u32>,
        make: impl FnOnce(&Profile, Options) -> Result<(Client, T), ClientError>,
    ) -> Tried<T> {
        let options = self.options();
        self.fuse.set(points);
        let tried = outlive(|| make(&self.profile, options));
        self.fuse.set(None);
        match tried {
            Some(Ok((client, made))) => {
                self.client = Some(client);
                Tried::Done(made)
            }
            Some(Err(error)) => Tried::Failed(error),
            None => Tried::Died,
        }
    }

    /// Does something with the client; it dies at the given point.
    pub(crate) fn attempt<T>(
        &mut self,
        points: Option<u32>,
        work: impl FnOnce(&Client, &Fuse) -> Result<T, ClientError>,
    ) -> Tried<T> {
        let (client, options, profile) = (self.client.take(), self.options(), self.profile.clone());
        let fuse = self.fuse.clone();
        fuse.set(points);
        let tried = outlive(|| {
            let client = match client {
                Some(client) => client,
                None => Client::open(&profile, &Unlock::KeyFile, options)?,
            };
            let value = work(&client, &fuse);
            fuse.set(None);
            Ok((client, value))
        });
        fuse.set(None);
        match tried {
            Some(Ok((client, value))) => {
                self.client = Some(client);
                match value {
                    Ok(value) => Tried::Done(value),
                    Err(error) => Tried::Failed(error),
                }
            }
            Some(Err(error)) => Tried::Failed(error),
            None => Tried::Died,
        }
    }

    /// Looks at the vault; nothing can go wrong with that.
    pub(crate) fn look<T>(
        &mut self,
        work: impl FnOnce(&Client) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        match self.attempt(None, |client, _| work(client)) {
            Tried::Done(value) => Ok(value),
            Tried::Failed(error) => Err(error),
            Tried::Died => Err(ClientError::Unexpected { place: "a death without a fuse" }),
        }
    }

    /// Pulls; `take` says of each message whether it is taken, and whether more are wanted.
    pub(crate) fn pull(
        &mut self,
        points: Option<u32>,
        shown: &mut Vec<Shown>,
        mut take: impl FnMut() -> Handled,
    ) -> Tried<client::PullSummary> {
        self.attempt(points, |client, fuse| {
            client.pull(&PullOptions::default(), &mut |message| {
                shown.push(Shown::from(message));
                // Whoever dies here has seen the message, and the vault does not know.
                fuse.burn();
                let answer = take();
                if let Some(last) = shown.last_mut() {
                    last.taken = matches!(answer, Handled::Yes | Handled::YesAndStop);
                }
                answer
            })
        })
    }

    /// The process ends as it should; the next one opens the vault anew.
    pub(crate) fn restart(&mut self) {
        self.client = None;
    }

    /// This clock's time.
    pub(crate) fn set_skew(&self, seconds: i64) {
        self.skew.store(seconds, Ordering::Relaxed);
    }

    /// Copies the profile's folder.
    pub(crate) fn snapshot(&mut self, to: &Path) -> io::Result<()> {
        self.restart();
        copy(self.profile.dir(), to)
    }

    /// Backs everything up into one file.
    pub(crate) fn back_up(&mut self, to: &Path) -> Result<(), ClientError> {
        // An older one of the same name would be kept; where there is none, there is nothing to remove.
        let _none = fs::remove_file(to);
        self.look(|client| client.backup(to, &passphrase()).map(drop))
    }

    /// The profile's folder is lost, for now.
    pub(crate) fn lose(&mut self) -> io::Result<()> {
        self.restart();
        fs::rename(self.profile.dir(), self.lost())
    }

    /// It is found again, and what was there meanwhile goes.
    pub(crate) fn find(&mut self) -> io::Result<()> {
        self.restart();
        fs::remove_dir_all(self.profile.dir())?;
        fs::rename(self.lost(), self.profile.dir())
    }

    /// Where a lost device's profile lies.
    pub(crate) fn lost(&self) -> PathBuf {
        self.profile.dir().with_file_name(format!("{} (lost)", self.name))
    }

    /// Takes the name back with the words, where no profile is, or where that ended early.
    pub(crate) fn take_back(&mut self, points: Option<u32>) -> Tried<()> {
        let Some(address) = self.addresses.last().cloned() else {
            return Tried::Failed(ClientError::JoinUnfinished);
        };
        let request = JoinRequest {
            at: JoinAt::Recover { address, words: Passphrase::new(self.words.clone()) },
            name: None,
            protect: Protector::KeyFile,
            language: Language::English,
        };
        self.come_to(points, |profile, options| Client::join(profile, &request, options)).map(drop)
    }

    /// Whether the words were ever shown: a process may die before.
    pub(crate) fn has_words(&self) -> bool {
        !self.words.is_empty()
    }

    /// Restores a backup where no profile is, or where a restoring ended early.
    pub(crate) fn restore_backup(&mut self, from: &Path, points: Option<u32>) -> Tried<()> {
        let protect = Protector::KeyFile;
        self.come_to(points, |profile, options| {
            Client::restore(profile, from, &passphrase(), &protect, options)
        })
        .map(drop)
    }

    /// Puts a copy of the profile's folder back.
    pub(crate) fn restore(&mut self, from: &Path) -> io::Result<()> {
        self.restart();
        copy(from, self.profile.dir())
    }
}

impl Shown {
    fn from(message: &Received) -> Self {
        let edits = match &message.body {
            ReceivedBody::Edited { message, .. } => Some(message.clone()),
            _ => None,
        };
        let timer_s = match message.body {
            ReceivedBody::Timer { seconds } => Some(seconds),
            _ => None,
        };
        Self {
            id: message.id.clone(),
            edits,
            quotes: message.marks.quotes.as_ref().map(|quote| quote.id.clone()),
            expire_s: message.marks.expire_s,
            timer_s,
            from: message.from.clone(),
            text: message.body.text().unwrap_or("(something newer)").to_owned(),
            number: message.number,
            missing_before: message.missing_before,
            taken: false,
            at: 0,
        }
    }
}

/// Of backups.
fn passphrase() -> Passphrase {
    Passphrase::new("of every backup here".into())
}

/// A folder without folders in it, with its files' modes.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
