//! What costs the relay more than whoever asks for it is done in turns: one at a time of all connections, in the order in
//! which they asked, and each turn is followed by a rest, so that whoever asks for much leaves the store and a processor
//! to everybody else.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// A turn is followed by so many times its own length in which nobody has one.
const REST: u32 = 3;
/// Shorter rests are added up: a timer is no more exact than this.
const REST_MIN: Duration = Duration::from_millis(1);

/// Who may go next.
#[derive(Clone, Debug)]
pub struct Turns {
    one: Arc<Semaphore>,
    /// The rest that is due.
    due: Arc<Mutex<Duration>>,
}

/// The right to do one small thing.
#[derive(Debug)]
pub struct Turn {
    turns: Turns,
    permit: OwnedSemaphorePermit,
}

impl Default for Turns {
    fn default() -> Self {
        Self { one: Arc::new(Semaphore::new(1)), due: Arc::default() }
    }
}

impl Turns {
    /// Waits for the next one.
    pub async fn next(&self) -> Result<Turn, AcquireError> {
        let permit = self.one.clone().acquire_owned().await?;
        Ok(Turn { turns: self.clone(), permit })
    }

    /// The rest to keep now, after so much work.
    fn rest_after(&self, worked: Duration) -> Option<Duration> {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        *due += worked * REST;
        (*due >= REST_MIN).then(|| std::mem::take(&mut *due))
    }
}

impl Turn {
    /// Does it, on this thread. The rest begins when it is done, and nobody waits for its end but the next turn.
    pub fn spend<T>(self, runtime: &Handle, work: impl FnOnce() -> T) -> T {
        let Turn { turns, permit } = self;
        let began = Instant::now();
        let done = work();
        if let Some(rest) = turns.rest_after(began.elapsed()) {
            runtime.spawn(async move {
                tokio::time::sleep(rest).await;
                drop(permit);
            });
        }
        done
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_turn_waits_until_the_one_before_has_rested() {
        let (turns, work) = (Turns::default(), Duration::from_millis(20));
        let (runtime, began) = (Handle::current(), Instant::now());
        turns.next().await.unwrap().spend(&runtime, || std::thread::sleep(work));
        assert!(turns.next().await.is_ok() && began.elapsed() >= work * (1 + REST));
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
        let turn = turns.next().await.unwrap();
        let broke = std::thread::spawn(move || turn.spend(&runtime, || panic!("on purpose"))).join();
        assert!(broke.is_err() && turns.next().await.is_ok());
    }
}
