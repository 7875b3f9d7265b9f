//! Wakes the connections of a commit, from within their own runtime.
//!
//! A thread that wakes them by itself, one by one, pays a system call for each, and where it shares a core with them
//! it is pushed aside by each: some ten times a commit. So it leaves all of them in one place and wakes one task.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::bell::Bell;

/// Rounds that wait for the task. Whoever finds no room rings by himself.
const ROUNDS_MAX: usize = 16;

/// Who is to be woken after one commit.
#[derive(Default, Debug)]
pub struct Round {
    /// Those who asked for something.
    pub answered: Vec<Arc<Bell>>,
    /// Those for whom something arrived.
    pub arrived: Vec<Arc<Bell>>,
}

impl Round {
    /// Those who asked are woken first, and whoever only listens after that: how long a depositor waits should tell
    /// little of whether somebody is there. An owner who let go of something in the same commit is one who asked.
    async fn ring(self) {
        self.answered.iter().for_each(|bell| bell.ring());
        tokio::task::yield_now().await;
        self.arrived.iter().for_each(|bell| bell.ring());
    }

    fn ring_from_outside(self) {
        self.answered.iter().chain(&self.arrived).for_each(|bell| bell.ring());
    }
}

/// The task's queue. The task ends when it is dropped.
#[derive(Debug)]
pub struct Ringer(mpsc::Sender<Round>);

impl Ringer {
    /// Starts the task on the current runtime.
    pub fn start() -> Self {
        let (sender, mut rounds) = mpsc::channel::<Round>(ROUNDS_MAX);
        tokio::spawn(async move {
            while let Some(round) = rounds.recv().await {
                round.ring().await;
            }
        });
        Self(sender)
    }

    /// Everybody of a round is woken, if not by the task then here.
    pub fn ring(&self, round: Round) {
        if let Err(TrySendError::Full(round) | TrySendError::Closed(round)) = self.0.try_send(round) {
            round.ring_from_outside();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_of(bells: &[Arc<Bell>]) -> Round {
        Round { answered: bells.to_vec(), arrived: Vec::new() }
    }

    /// Nobody hears it only when nobody rang it; a minute is no measure of anything.
    async fn rung(bells: &[Arc<Bell>]) -> bool {
        for bell in bells {
            if tokio::time::timeout(std::time::Duration::from_secs(60), bell.rung()).await.is_err() {
                return false;
            }
        }
        true
    }

    #[tokio::test]
    async fn everybody_is_woken_however_many_rounds_wait() {
        let ringer = Ringer::start();
        let bells: Vec<Arc<Bell>> = (0..ROUNDS_MAX + 2).map(|_| Arc::default()).collect();
        // The task does not run before this one waits: the last two find no room.
        for bell in &bells {
            ringer.ring(round_of(std::slice::from_ref(bell)));
        }
        assert!(rung(&bells).await);
    }

    #[tokio::test]
    async fn those_for_whom_something_arrived_are_woken_too() {
        let ringer = Ringer::start();
        let (asked, listens): (Arc<Bell>, Arc<Bell>) = Default::default();
        ringer.ring(Round { answered: vec![asked.clone()], arrived: vec![listens.clone()] });
        assert!(rung(&[asked, listens]).await);
    }

    #[test]
    fn they_are_woken_also_when_the_runtime_is_gone() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let ringer = runtime.block_on(async { Ringer::start() });
        drop(runtime);
        let bells: Vec<Arc<Bell>> = vec![Arc::default()];
        ringer.ring(round_of(&bells));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        assert!(runtime.block_on(rung(&bells)));
    }
}
