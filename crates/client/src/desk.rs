//! [`Desk`]: where the rest of a program asks the part of it that stays connected ([`crate::Client::stay`]).

use std::{
    any::Any,
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        mpsc::{SyncSender, sync_channel},
    },
    time::Duration,
};

use tokio::sync::Notify;

use crate::{ClientError, Collected};

/// Whoever stays connected for this vault, in this process or in another: then nobody else collects.
///
/// Whatever it cannot do, or not in time, it answers with `None`; the caller then does it by itself, under the
/// collector's lock.
pub trait Resident: Send + Sync {
    /// Has everything collected that waits now; what came is committed when this returns.
    fn collect(&self, patience: Duration) -> Option<Collected>;

    /// Has it close its connection and let go of the collector's lock until the returned value is dropped.
    fn step_aside(&self, patience: Duration) -> Option<Aside>;

    /// Waits until something was collected that the last call did not tell of.
    fn wait_for_news(&self, patience: Duration) -> Waited;
}

/// How waiting for news ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waited {
    /// Something came.
    News,
    /// Nothing came in time.
    Nothing,
    /// It does not stay connected any more.
    Gone,
}

/// The resident stays aside until this is dropped.
pub struct Aside(#[expect(dead_code, reason = "kept for what its end means")] Box<dyn Any + Send>);

impl Aside {
    /// Whatever ends the stepping aside when it is dropped.
    pub fn until_dropped(token: impl Any + Send) -> Self {
        Self(Box::new(token))
    }
}

/// The resident of one client's [`crate::Options`], if there is one.
#[derive(Clone, Default)]
pub struct SharedResident(Option<Arc<dyn Resident>>);

impl SharedResident {
    /// This one.
    pub fn new(resident: Arc<dyn Resident>) -> Self {
        Self(Some(resident))
    }

    pub(crate) fn get(&self) -> Option<&dyn Resident> {
        self.0.as_deref()
    }
}

impl fmt::Debug for SharedResident {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.0.is_some() { "SharedResident(somebody)" } else { "SharedResident(nobody)" })
    }
}

/// What [`crate::Client::stay`] tells of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Staying {
    /// Connected, drained, and following.
    Connected,
    /// Something came and is committed.
    Arrived,
    /// Not connected; it tries again by itself.
    Away(ClientError),
    /// Another process was given the way.
    SteppedAside,
}

/// Asks that wait at once; more are answered as by somebody who is not there.
const ASKS_MAX: usize = 128;

/// The desk of one [`crate::Client::stay`].
#[derive(Default)]
pub struct Desk {
    state: Mutex<State>,
    /// Rung for every ask, and when the stay shall end.
    pub(crate) bell: Notify,
}

#[derive(Default)]
struct State {
    asks: VecDeque<Ask>,
    nudged: bool,
    stopped: bool,
}

pub(crate) enum Ask {
    Collect(SyncSender<Collected>),
    StepAside(SyncSender<()>, Weak<Token>),
}

/// No more waiting.
pub(crate) struct Nudged;

/// Rings the bell when the asker is done.
pub(crate) struct Token(Weak<Desk>);

impl Drop for Token {
    fn drop(&mut self) {
        if let Some(desk) = self.0.upgrade() {
            desk.bell.notify_one();
        }
    }
}

impl Desk {
    /// Ends the stay: within a second, or when what it is doing is committed.
    pub fn stop(&self) {
        self.lock().stopped = true;
        self.bell.notify_one();
    }

    /// Ends the wait for the next attempt to connect, if there is one.
    pub fn nudge(&self) {
        self.lock().nudged = true;
        self.bell.notify_one();
    }

    /// [`Resident::collect`].
    pub fn collect(&self, patience: Duration) -> Option<Collected> {
        let (answer, answered) = sync_channel(1);
        self.ask(Ask::Collect(answer))?;
        answered.recv_timeout(patience).ok()
    }

    /// [`Resident::step_aside`].
    pub fn step_aside(self: &Arc<Self>, patience: Duration) -> Option<Aside> {
        let (answer, answered) = sync_channel(1);
        let token = Arc::new(Token(Arc::downgrade(self)));
        self.ask(Ask::StepAside(answer, Arc::downgrade(&token)))?;
        answered.recv_timeout(patience).ok()?;
        Some(Aside::until_dropped(token))
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    pub(crate) fn take(&self) -> Option<Ask> {
        self.lock().asks.pop_front()
    }

    /// For somebody who waits for the next attempt: whether to end that, else the next ask. Who nudges and then
    /// asks is not taken for one who only asks.
    pub(crate) fn take_unless_nudged(&self) -> Result<Option<Ask>, Nudged> {
        let mut state = self.lock();
        if std::mem::take(&mut state.nudged) || state.stopped {
            return Err(Nudged);
        }
        Ok(state.asks.pop_front())
    }

    /// Turns everybody away who waits: they see to themselves.
    pub(crate) fn turn_away(&self) {
        self.lock().asks.clear();
    }

    fn ask(&self, ask: Ask) -> Option<()> {
        let mut state = self.lock();
        if state.stopped || state.asks.len() >= ASKS_MAX {
            return None;
        }
        state.asks.push_back(ask);
        drop(state);
        self.bell.notify_one();
        Some(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_at_a_desk_that_is_closed_or_crowded() {
        let desk = Desk::default();
        let (answer, _answered) = sync_channel(1);
        for _ in 0..ASKS_MAX {
            assert!(desk.ask(Ask::Collect(answer.clone())).is_some());
        }
        assert!(desk.ask(Ask::Collect(answer.clone())).is_none(), "crowded");
        desk.turn_away();
        assert!(desk.ask(Ask::Collect(answer)).is_some());
        desk.stop();
        assert!(desk.collect(Duration::from_secs(60)).is_none(), "closed: at once");
    }

    #[test]
    fn who_is_turned_away_hears_of_it_at_once() {
        let desk = Arc::new(Desk::default());
        std::thread::scope(|scope| {
            let asking = scope.spawn(|| desk.step_aside(Duration::from_secs(60)).is_none());
            while desk.lock().asks.is_empty() {
                std::thread::yield_now();
            }
            desk.turn_away();
            assert!(asking.join().unwrap());
        });
    }

    #[test]
    fn who_nudges_and_then_asks_is_not_turned_away() {
        let desk = Desk::default();
        let (answer, _answered) = sync_channel(1);
        desk.nudge();
        desk.ask(Ask::Collect(answer)).unwrap();
        assert!(desk.take_unless_nudged().is_err());
        assert!(
            matches!(desk.take(), Some(Ask::Collect(_))),
            "the ask is still there for the next connection"
        );
    }
}
