//! What costs the relay more than whoever asks for it is done in turns: one at a time, of everybody who asks one after
//! the other, however many connections he has; and each turn is followed by a rest, so that whoever asks for much leaves
//! the store and a processor to everybody else.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::lanes::Lanes;
use crate::task::Who;

/// A turn is followed by so many times its own length in which nobody has one.
const REST: u32 = 3;
/// Shorter rests are added up: a timer is no more exact than this.
const REST_MIN: Duration = Duration::from_millis(1);

/// Who may go next.
#[derive(Clone, Debug, Default)]
pub struct Turns(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Whether somebody has the turn, or its rest is not over.
    is_taken: bool,
    waiting: Lanes<Who, Waiting>,
    /// Counts who waited.
    waited: u64,
    /// The rest that is due.
    due: Duration,
}

/// The right to do one small thing; the next one's when it is dropped.
#[derive(Debug)]
pub struct Turn(Turns);

/// One who waits, and how he hears that it is his turn.
type Waiting = (u64, oneshot::Sender<Turn>);

/// His place in the line, given up when he goes before it is his turn.
struct Place<'a> {
    turns: &'a Turns,
    who: Who,
    number: u64,
}

impl Turns {
    /// Waits for the next one that is somebody's.
    pub async fn next(&self, who: Who) -> Turn {
        let (number, called) = {
            let mut state = self.state();
            if !std::mem::replace(&mut state.is_taken, true) {
                return Turn(self.clone());
            }
            let (call, called) = oneshot::channel();
            state.waited = state.waited.wrapping_add(1);
            let number = state.waited;
            state.waiting.add(who, 1, (number, call));
            (number, called)
        };
        let _place = Place { turns: self, who, number };
        match called.await {
            Ok(turn) => turn,
            // Whoever calls has a turn to give; without one nobody is called.
            Err(_) => std::future::pending().await,
        }
    }

    /// The rest to keep now, after so much work.
    fn rest_after(&self, worked: Duration) -> Option<Duration> {
        let due = &mut self.state().due;
        *due += worked * REST;
        (*due >= REST_MIN).then(|| std::mem::take(due))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Does it, on this thread. The rest begins when it is done, and nobody waits for its end but the next turn.
    pub fn spend<T>(self, runtime: &Handle, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let done = work();
        if let Some(rest) = self.0.rest_after(began.elapsed()) {
            runtime.spawn(async move {
                tokio::time::sleep(rest).await;
                drop(self);
            });
        }
        done
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = {
            let mut state = self.0.state();
            let next = state.waiting.take();
            state.is_taken = next.is_some();
            next
        };
        if let Some((_, (_, call))) = next {
            // Who went in this very moment drops it, and so calls the next.
            let _gone = call.send(Turn(self.0.clone()));
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let number = self.number;
        self.turns.state().waiting.remove(&self.who, |(waiting, _)| *waiting == number);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    const A: Who = Who::Connection(1);
    const B: Who = Who::Connection(2);

    #[tokio::test]
    async fn a_turn_waits_until_the_one_before_has_rested() {
        let (turns, work) = (Turns::default(), Duration::from_millis(20));
        let (runtime, began) = (Handle::current(), Instant::now());
        turns.next(A).await.spend(&runtime, || std::thread::sleep(work));
        turns.next(B).await;
        assert!(began.elapsed() >= work * (1 + REST));
    }

    #[test]
    fn short_rests_add_up() {
        let (turns, work) = (Turns::default(), REST_MIN / REST / 4);
        let rests: Vec<_> = (0..10).filter_map(|_| turns.rest_after(work)).collect();
        assert_eq!(rests.len(), 2, "{rests:?}");
        assert!(rests.iter().all(|rest| *rest >= REST_MIN));
    }

    #[tokio::test]
    async fn work_that_breaks_down_gives_its_turn_back() {
        let (turns, runtime) = (Turns::default(), Handle::current());
        let turn = turns.next(A).await;
        let broke = std::thread::spawn(move || turn.spend(&runtime, || panic!("on purpose"))).join();
        assert!(broke.is_err());
        turns.next(A).await;
    }

    #[tokio::test]
    async fn who_asks_once_waits_for_one_of_those_who_ask_a_hundred_times() {
        let turns = Turns::default();
        let first = turns.next(A).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut asking = tokio::task::JoinSet::new();
        for who in std::iter::repeat_n(A, 100).chain([B]) {
            let (turns, order) = (turns.clone(), order.clone());
            asking.spawn(async move {
                let _turn = turns.next(who).await;
                order.lock().unwrap().push(who);
            });
            tokio::task::yield_now().await;
        }
        drop(first);
        asking.join_all().await;
        let order = order.lock().unwrap();
        assert_eq!((order.len(), order.iter().position(|who| *who == B)), (101, Some(1)));
    }

    #[tokio::test]
    async fn who_goes_leaves_nothing_and_holds_up_nobody() {
        let turns = Turns::default();
        let first = turns.next(A).await;
        for _ in 0..100 {
            assert!(tokio::time::timeout(Duration::ZERO, turns.next(A)).await.is_err());
        }
        assert!(turns.state().waiting.is_empty());
        // Called, and gone before he hears it.
        let (waits, went) = (turns.clone(), turns.clone());
        let gone = tokio::spawn(async move { went.next(A).await });
        tokio::task::yield_now().await;
        drop(first);
        gone.abort();
        waits.next(B).await;
    }
}
