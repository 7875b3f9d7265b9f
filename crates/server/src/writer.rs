//! The one thread that stores deposits and lets go of what is acked: whatever waits goes into one commit and
//! one sync (DESIGN § 11).

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use proto::{Ticket, asked};
use store::{Cause, DepositOutcome, DepositRequest, StoreError, Stored, Write, Wrote};
use tokio::sync::mpsc;
use wire::{Cursor, DepositAuth, DepositId};

use crate::admission::Admission;
use crate::bell::Bell;
use crate::relay::Relay;
use crate::ringer::{Ringer, Round};

/// Changes of one commit.
const BATCH_MAX: usize = 1_024;
/// Bytes of envelopes in one commit; the one that goes beyond is the last.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Changes waiting for the thread; behind them, connections wait and stop reading.
const QUEUE_MAX: usize = 1_024;

/// A change on its way to the disk.
pub struct Work {
    write: Write,
    ticket: WriteTicket,
    /// Who waits to hear of it.
    bell: Arc<Bell>,
}

/// What answers the request behind a change.
enum WriteTicket {
    Deposit(Ticket<asked::Deposit>),
    Ack(Ticket<asked::Ack>),
}

/// A change about which the store has spoken.
#[derive(Debug)]
pub enum Settled {
    /// Of a deposit.
    Deposit(Ticket<asked::Deposit>, Result<DepositOutcome, StoreError>),
    /// Of an ack.
    Ack(Ticket<asked::Ack>, Result<(), StoreError>),
}

impl Work {
    /// An envelope to store.
    pub fn deposit(request: DepositRequest, ticket: Ticket<asked::Deposit>, bell: Arc<Bell>) -> Self {
        Self { write: Write::Deposit(request), ticket: WriteTicket::Deposit(ticket), bell }
    }

    /// Envelopes to let go of.
    pub fn ack(sid: DepositId, through: Cursor, ticket: Ticket<asked::Ack>, bell: Arc<Bell>) -> Self {
        Self { write: Write::Ack { sid, through }, ticket: WriteTicket::Ack(ticket), bell }
    }

    /// When it may go, so that what is deposited keeps its pace.
    pub fn goes_at(&self, admission: &Admission, now: Instant) -> Instant {
        match &self.write {
            Write::Deposit(DepositRequest { auth: DepositAuth::Open { .. }, .. }) => {
                admission.next_knock(now)
            }
            Write::Deposit(request) => admission.next_deposit(&request.sid, request.envelope.size(), now),
            Write::Ack { .. } => now,
        }
    }

    /// What to tell whoever asked when the thread will not do it.
    pub fn undone(self, error: StoreError) -> Settled {
        self.ticket.settle(Err(error))
    }

    fn bytes(&self) -> usize {
        match &self.write {
            Write::Deposit(request) => request.envelope.as_bytes().len(),
            Write::Ack { .. } => 0,
        }
    }
}

impl WriteTicket {
    fn settle(self, wrote: Result<Wrote, StoreError>) -> Settled {
        match (self, wrote) {
            (Self::Deposit(ticket), Ok(Wrote::Deposit { outcome, .. })) => {
                Settled::Deposit(ticket, Ok(outcome))
            }
            (Self::Ack(ticket), Ok(Wrote::Ack)) => Settled::Ack(ticket, Ok(())),
            (Self::Deposit(ticket), Err(error)) => Settled::Deposit(ticket, Err(error)),
            (Self::Ack(ticket), Err(error)) => Settled::Ack(ticket, Err(error)),
            // An answer to another question says nothing of this one.
            (Self::Deposit(ticket), Ok(Wrote::Ack)) => Settled::Deposit(ticket, Err(UNSAID)),
            (Self::Ack(ticket), Ok(Wrote::Deposit { .. })) => Settled::Ack(ticket, Err(UNSAID)),
        }
    }
}

/// A store that answers too little has not said what became of the rest.
const UNSAID: StoreError = StoreError::Unknown(Cause::Stopped);

/// The running thread. It ends when every [`mpsc::Sender`] of its queue is gone and the queue is empty.
#[derive(Debug)]
pub struct Writer {
    thread: JoinHandle<()>,
}

impl Writer {
    /// Starts the thread, from within the runtime of the connections; changes go into the returned queue.
    pub fn start(relay: Arc<Relay>) -> io::Result<(Self, mpsc::Sender<Work>)> {
        let (sender, queue) = mpsc::channel(QUEUE_MAX);
        let ringer = Ringer::start();
        let run = move || run(&relay, queue, &ringer);
        let thread = std::thread::Builder::new().name("writer".into()).spawn(run)?;
        Ok((Self { thread }, sender))
    }

    /// Waits until everything in the queue is stored. `false` when the thread broke down.
    pub fn finish(self) -> bool {
        self.thread.join().is_ok()
    }
}

fn run(relay: &Relay, mut queue: mpsc::Receiver<Work>, ringer: &Ringer) {
    let guard = BreakDownOnPanic(relay);
    let (mut writes, mut askers) = (Vec::new(), Vec::new());
    while let Some(first) = queue.blocking_recv() {
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(work) = next {
            bytes += work.bytes();
            writes.push(work.write);
            askers.push((work.ticket, work.bell));
            let goes_on = writes.len() < BATCH_MAX && bytes < BATCH_BYTES_MAX;
            next = if goes_on { queue.try_recv().ok() } else { None };
        }
        let beat = relay.pulse.begin(writes.len());
        let results = relay.store.write_batch(&writes);
        drop(beat);
        relay.counters.commits.add_one();
        let results = results.into_iter().chain(std::iter::repeat(Err(UNSAID)));
        let mut round = Round::default();
        for ((write, (ticket, bell)), result) in writes.drain(..).zip(askers.drain(..)).zip(results) {
            count(relay, &result);
            bell.settled(ticket.settle(result));
            round.answered.push(bell);
            if let (Write::Deposit(request), Ok(Wrote::Deposit { at: Some(cursor), .. })) = (write, result) {
                let DepositRequest { sid, auth, envelope, .. } = request;
                round.arrived.extend(relay.hub.arrived(&sid, || Stored { cursor, auth, envelope }));
            }
        }
        // Rung when all of it lies there, so that nobody wakes for a part.
        ringer.ring(round);
    }
    std::mem::forget(guard);
}

fn count(relay: &Relay, result: &Result<Wrote, StoreError>) {
    match result {
        Ok(Wrote::Deposit { outcome: DepositOutcome::Stored | DepositOutcome::Again, .. }) => {
            relay.counters.stored.add_one();
        }
        Ok(Wrote::Deposit { outcome: DepositOutcome::Refused(_), .. }) => relay.counters.refused.add_one(),
        Ok(Wrote::Ack) | Err(_) => {}
    }
}

/// Without its writer a server must not go on pretending.
struct BreakDownOnPanic<'a>(&'a Relay);

impl Drop for BreakDownOnPanic<'_> {
    fn drop(&mut self) {
        self.0.break_down();
    }
}
