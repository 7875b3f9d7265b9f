//! The one thread that stores deposits and lets go of what is acked: whatever waits goes into one commit and
//! one sync (DESIGN § 11).

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, SendError};
use std::thread::JoinHandle;
use std::time::Instant;

use proto::{Ticket, asked};
use store::{Cause, DepositOutcome, DepositRequest, StoreError, Stored, Write, Wrote};
use wire::{Cursor, DepositAuth, DepositId};

use crate::admission::Admission;
use crate::relay::Relay;
use crate::ringer::{Ringer, Round};
use crate::shares::{Batch, Shares, Size};
use crate::task::Asker;

/// How large a commit becomes: so many changes, and so many bytes of envelopes and of what goes with each.
const COMMIT: Size = Size { changes: 1_024, cost: 8 * 1024 * 1024 };
/// What a change costs besides the bytes of its envelope.
const CHANGE_COST: usize = 1024;
/// What waits for the thread may cost so much; beyond, a connection that has something there gives nothing more, and
/// stops reading.
const QUEUE_COST_MAX: usize = 32 * 1024 * 1024;

/// A change on its way to the disk.
pub struct Work {
    write: Write,
    ticket: WriteTicket,
    /// Who waits to hear of it.
    asker: Asker,
}

/// The way to the thread.
#[derive(Clone, Debug)]
pub struct Queue {
    sender: mpsc::Sender<Work>,
    /// What everything costs that waits.
    cost: Arc<AtomicUsize>,
}

/// Somebody, salted: he is remembered for a second or two longer than his connection lasts. Behind a proxy another one
/// that comes to lie at its place is taken for it as long.
type Salted = u64;

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
    pub fn deposit(request: DepositRequest, ticket: Ticket<asked::Deposit>, asker: Asker) -> Self {
        Self { write: Write::Deposit(request), ticket: WriteTicket::Deposit(ticket), asker }
    }

    /// Envelopes to let go of.
    pub fn ack(sid: DepositId, through: Cursor, ticket: Ticket<asked::Ack>, asker: Asker) -> Self {
        Self { write: Write::Ack { sid, through }, ticket: WriteTicket::Ack(ticket), asker }
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

    fn cost(&self) -> usize {
        CHANGE_COST
            + match &self.write {
                Write::Deposit(request) => request.envelope.as_bytes().len(),
                Write::Ack { .. } => 0,
            }
    }
}

impl Queue {
    /// Whether a connection of which so many changes are there may give one more. Who has none there always may, so
    /// that nobody waits for those who have many.
    pub fn has_room(&self, for_one_with: usize) -> bool {
        for_one_with == 0 || self.cost.load(Ordering::Relaxed) < QUEUE_COST_MAX
    }

    /// Gives the thread a change; it comes back when there is no thread any more.
    pub fn give(&self, work: Work) -> Result<(), Box<Work>> {
        self.cost.fetch_add(work.cost(), Ordering::Relaxed);
        self.sender.send(work).map_err(|SendError(work)| Box::new(work))
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

/// The running thread. It ends when every [`Queue`] is gone and nothing waits any more.
#[derive(Debug)]
pub struct Writer {
    thread: JoinHandle<()>,
}

impl Writer {
    /// Starts the thread, from within the runtime of the connections; changes go into the returned queue.
    pub fn start(relay: Arc<Relay>) -> io::Result<(Self, Queue)> {
        let (sender, came) = mpsc::channel();
        let cost = Arc::new(AtomicUsize::new(0));
        let (ringer, queue) = (Ringer::start(), Queue { sender, cost: cost.clone() });
        let waiting = Waiting { came, cost, shares: Shares::new(Instant::now()), salt: RandomState::new() };
        let run = move || run(&relay, waiting, &ringer);
        let thread = std::thread::Builder::new().name("writer".into()).spawn(run)?;
        Ok((Self { thread }, queue))
    }

    /// Waits until everything in the queue is stored. `false` when the thread broke down.
    pub fn finish(self) -> bool {
        self.thread.join().is_ok()
    }
}

/// The thread's end of the queue.
struct Waiting {
    came: mpsc::Receiver<Work>,
    cost: Arc<AtomicUsize>,
    shares: Shares<Salted, Work>,
    salt: RandomState,
}

impl Waiting {
    /// What goes into the next commit; waits for it. `None` when there will be nothing more.
    fn next(&mut self) -> Option<Batch<Work>> {
        loop {
            while let Ok(work) = self.came.try_recv() {
                self.add(work);
            }
            let now = Instant::now();
            match self.shares.next_at(now) {
                None => {
                    let first = self.came.recv().ok()?;
                    self.add(first);
                }
                Some(at) if at > now => match self.came.recv_timeout(at.duration_since(now)) {
                    Ok(work) => self.add(work),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => self.shares.nobody_else_comes(),
                },
                Some(_) => {
                    let batch = self.shares.batch(COMMIT, now);
                    self.cost.fetch_sub(batch.cost, Ordering::Relaxed);
                    return Some(batch);
                }
            }
        }
    }

    fn add(&mut self, work: Work) {
        let waits = matches!(work.write, Write::Deposit(_));
        self.shares.add(self.salt.hash_one(work.asker.who()), work.cost(), work, waits, Instant::now());
    }
}

fn run(relay: &Relay, mut waiting: Waiting, ringer: &Ringer) {
    let guard = BreakDownOnPanic(relay);
    while let Some(batch) = waiting.next() {
        let taken = batch.taken;
        let (writes, askers): (Vec<_>, Vec<_>) = batch
            .changes
            .into_iter()
            .map(|Work { write, ticket, asker }| (write, (ticket, asker.bell)))
            .unzip();
        let beat = relay.pulse.begin(writes.len());
        let results = relay.store.write_batch(&writes);
        drop(beat);
        waiting.shares.stored(taken, Instant::now());
        if relay.stopping.is_cancelled() {
            waiting.shares.nobody_else_comes();
        }
        relay.counters.commits.add_one();
        let results = results.into_iter().chain(std::iter::repeat(Err(UNSAID)));
        let mut round = Round::default();
        for ((write, (ticket, bell)), result) in writes.into_iter().zip(askers).zip(results) {
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
