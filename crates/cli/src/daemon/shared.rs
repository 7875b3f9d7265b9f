//! [`Shared`]: what the threads of a daemon know of each other.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use client::{
    Aside, Client, ClientError, Collected, Desk, Options, Profile, Progress, Resident, SharedResident,
    Staying, Teller, Unlock, VaultKey, Waited,
};
use wire::UnixSeconds;

use crate::context::Context;
use crate::messages::{daemon as messages, why_of};
use crate::shown::shown_on_one_line;
use crate::when;

/// One daemon.
pub struct Shared {
    pub context: Context,
    pub profile: Profile,
    pub socket: PathBuf,
    pub key: VaultKey,
    pub desk: Arc<Desk>,
    pub news: News,
    pub since: UnixSeconds,
    pub conversations: Seats,
    /// For `oub` itself, where those are taken.
    pub spare: Seats,
    pub subscribers: Seats,
    /// Of those conversations that send something now, and with it what waits in the outbox.
    pub sending: Seats,
    /// Of a command of `--exec` that runs.
    pub hook: Seats,
    link: Mutex<Link>,
    stopping: AtomicBool,
    hooks_off: AtomicBool,
    hooks_at_once: AtomicBool,
}

/// How the way to the server is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// Not connected yet.
    #[default]
    Connecting,
    /// Connected; what comes is here at once.
    Up,
    /// Not connected, and why; tried again.
    Down(ClientError),
    /// Another `oub` has the connection for a moment.
    Aside,
}

impl Shared {
    pub fn new(context: Context, profile: Profile, socket: PathBuf, key: VaultKey) -> Self {
        Self {
            context,
            profile,
            socket,
            key,
            desk: Arc::new(Desk::default()),
            news: News::default(),
            since: when::now(),
            conversations: Seats::new(
                super::conversation::CONVERSATIONS_MAX - super::conversation::SPARE_MAX,
            ),
            spare: Seats::new(super::conversation::SPARE_MAX),
            subscribers: Seats::new(super::subscription::SUBSCRIBERS_MAX),
            sending: Seats::new(super::conversation::CONVERSATIONS_MAX),
            hook: Seats::new(1),
            link: Mutex::default(),
            stopping: AtomicBool::new(false),
            hooks_off: AtomicBool::new(false),
            hooks_at_once: AtomicBool::new(false),
        }
    }

    /// The vault once more: each thread has its own. Perhaps with somebody who is told how far a file has come.
    pub fn open(&self, progress: Option<Teller<Progress>>) -> Result<Client, ClientError> {
        let resident = SharedResident::new(Arc::new(InHere(Arc::clone(&self.desk))));
        self.open_with(Options { resident, progress, ..self.context.options() })
    }

    /// The vault of the thread that stays connected, which asks nobody.
    pub fn open_alone(&self) -> Result<Client, ClientError> {
        self.open_with(self.context.options())
    }

    fn open_with(&self, options: Options) -> Result<Client, ClientError> {
        Client::open(&self.profile, &Unlock::Key(self.key.clone()), options)
    }

    /// How the way to the server is.
    pub fn link(&self) -> Link {
        lock(&self.link).clone()
    }

    /// Takes note of what the connected thread tells; says on standard error what changed for the person.
    pub fn note(&self, staying: Staying) {
        let screen = &self.context.screen;
        let link = match staying {
            Staying::Arrived => return self.news.tell(),
            Staying::Connected => Link::Up,
            Staying::SteppedAside => Link::Aside,
            Staying::Away(error) => Link::Down(error),
            _ => return,
        };
        let before = std::mem::replace(&mut *lock(&self.link), link.clone());
        match (&before, &link) {
            (Link::Down(_), Link::Up) => screen.say(messages::connected_again()),
            (Link::Connecting, Link::Up) => screen.say(messages::connected()),
            (Link::Down(_), Link::Down(_)) => {}
            (_, Link::Down(error)) => {
                screen.warn(&messages::tried_again(shown_on_one_line(&why_of(error))));
            }
            _ => {}
        }
    }

    /// Has the command end that runs for a message: the next daemon would run it again beside this one.
    pub fn call_hooks_off(&self) {
        self.hooks_off.store(true, Ordering::Relaxed);
    }

    /// Whether a command that runs shall end.
    pub fn calls_hooks_off(&self) -> bool {
        self.hooks_off.load(Ordering::Relaxed)
    }

    /// Gives that command no more time to end by itself.
    pub fn hurry_hooks(&self) {
        self.hooks_at_once.store(true, Ordering::Relaxed);
    }

    /// Whether a command that was called off has no more time.
    pub fn hurries_hooks(&self) -> bool {
        self.hooks_at_once.load(Ordering::Relaxed)
    }

    /// Ends everything, in order.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.desk.stop();
        self.news.tell();
    }

    /// Whether the end has begun.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

/// Tells threads that something came.
#[derive(Default)]
pub struct News {
    count: Mutex<u64>,
    changed: Condvar,
}

impl News {
    /// Something came.
    pub fn tell(&self) {
        let mut count = lock(&self.count);
        *count = count.wrapping_add(1);
        self.changed.notify_all();
    }

    /// Waits until something came after `seen`, which follows. Says whether it did.
    pub fn wait(&self, seen: &mut u64, patience: Duration) -> bool {
        let same = |count: &mut u64| *count == *seen;
        let waited = self.changed.wait_timeout_while(lock(&self.count), patience, same);
        let (count, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let came = *count != *seen;
        *seen = *count;
        came
    }
}

/// A bounded number of seats.
pub struct Seats {
    taken: Arc<AtomicUsize>,
    max: usize,
}

impl Seats {
    fn new(max: usize) -> Self {
        Self { taken: Arc::default(), max }
    }

    /// One of them, if one is free.
    pub fn take(&self) -> Option<Seated> {
        let one_more = |taken: usize| (taken < self.max).then_some(taken + 1);
        let taken = self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        taken.is_ok().then(|| Seated(Arc::clone(&self.taken)))
    }

    /// How many are taken.
    pub fn count(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

/// Gives the seat back when dropped.
pub struct Seated(Arc<AtomicUsize>);

impl Drop for Seated {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The daemon's own connection, for its other threads.
struct InHere(Arc<Desk>);

impl Resident for InHere {
    fn collect(&self, patience: Duration) -> Option<Collected> {
        self.0.collect(patience)
    }

    fn step_aside(&self, patience: Duration) -> Option<Aside> {
        self.0.step_aside(patience)
    }

    /// No thread of the daemon follows in this way.
    fn wait_for_news(&self, _patience: Duration) -> Waited {
        Waited::Gone
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_bounded_and_come_back() {
        let seats = Seats::new(2);
        let (first, second) = (seats.take(), seats.take());
        assert!(first.is_some() && second.is_some() && seats.take().is_none());
        drop(first);
        assert!(seats.take().is_some());
        drop(second);
        assert_eq!(seats.count(), 0);
    }

    #[test]
    fn news_told_before_the_waiting_are_not_missed() {
        let (news, mut seen) = (News::default(), 0);
        assert!(!news.wait(&mut seen, Duration::ZERO));
        news.tell();
        news.tell();
        assert!(news.wait(&mut seen, Duration::ZERO));
        assert!(!news.wait(&mut seen, Duration::ZERO), "each once");
    }
}
