//! The one thread that stores deposits: whatever waits goes into one commit and one sync (DESIGN § 11).

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use proto::{Ticket, asked};
use store::{Cause, DepositOutcome, DepositRequest, StoreError};
use tokio::sync::mpsc;
use wire::limits::OUTSTANDING_MAX;

use crate::relay::Relay;

/// Deposits of one commit; at most 16 MiB of the largest envelopes.
const BATCH_MAX: usize = 256;
/// Deposits waiting for the thread; behind them, connections wait and stop reading.
const QUEUE_MAX: usize = 1_024;

/// A deposit on its way to the disk.
pub struct Work {
    /// What to store.
    pub request: DepositRequest,
    /// What confirms it.
    pub ticket: Ticket<asked::Deposit>,
    /// Who waits for the confirmation.
    pub asker: mpsc::Sender<Settled>,
}

/// A deposit about which the store has spoken.
pub struct Settled {
    /// What confirms it.
    pub ticket: Ticket<asked::Deposit>,
    /// What the store said.
    pub result: Result<DepositOutcome, StoreError>,
}

/// The running thread. It ends when every [`mpsc::Sender`] of its queue is gone and the queue is empty.
#[derive(Debug)]
pub struct Writer {
    thread: JoinHandle<()>,
}

impl Writer {
    /// Starts the thread; deposits go into the returned queue.
    pub fn start(relay: Arc<Relay>) -> io::Result<(Self, mpsc::Sender<Work>)> {
        let (sender, queue) = mpsc::channel(QUEUE_MAX);
        let thread = std::thread::Builder::new().name("writer".into()).spawn(move || run(&relay, queue))?;
        Ok((Self { thread }, sender))
    }

    /// Waits until everything in the queue is stored. `false` when the thread broke down.
    pub fn finish(self) -> bool {
        self.thread.join().is_ok()
    }
}

/// A queue for one connection's confirmations: it holds all that can be outstanding, so it is never full.
pub fn settlements() -> (mpsc::Sender<Settled>, mpsc::Receiver<Settled>) {
    mpsc::channel(OUTSTANDING_MAX * 2)
}

fn run(relay: &Relay, mut queue: mpsc::Receiver<Work>) {
    let guard = BreakDownOnPanic(relay);
    while let Some(first) = queue.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH_MAX {
            let Ok(next) = queue.try_recv() else { break };
            batch.push(next);
        }
        commit(relay, batch);
    }
    std::mem::forget(guard);
}

fn commit(relay: &Relay, batch: Vec<Work>) {
    let (requests, askers): (Vec<_>, Vec<_>) =
        batch.into_iter().map(|work| (work.request, (work.ticket, work.asker))).unzip();
    let sids: Vec<_> = requests.iter().map(|request| request.sid).collect();
    let results = relay.store.deposit(requests);
    relay.counters.commits.add_one();
    // A store that answers too little has not said what became of the rest.
    let unsaid = std::iter::repeat(Err(StoreError::Unknown(Cause::Stopped)));
    for (((ticket, asker), sid), result) in
        askers.into_iter().zip(sids).zip(results.into_iter().chain(unsaid))
    {
        match result {
            Ok(DepositOutcome::Stored) => {
                relay.counters.stored.add_one();
                relay.hub.wake(&sid);
            }
            Ok(DepositOutcome::Again) => relay.counters.stored.add_one(),
            Ok(DepositOutcome::Refused(_)) => relay.counters.refused.add_one(),
            Err(_) => {}
        }
        // A connection that is gone needs no answer: the envelope is stored all the same.
        let _gone = asker.try_send(Settled { ticket, result });
    }
}

/// Without its writer a server must not go on pretending.
struct BreakDownOnPanic<'a>(&'a Relay);

impl Drop for BreakDownOnPanic<'_> {
    fn drop(&mut self) {
        self.0.break_down();
    }
}
