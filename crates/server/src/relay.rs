//! What every part of a running server shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use store::{Cause, Store, StoreError};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;
use wire::address::ShortFingerprint;
use wire::refusal::{Refusal, RefusalKind};
use wire::{Day, HostPort, ServerId};

use crate::admission::Admission;
use crate::believed::Believed;
use crate::clock::Clock;
use crate::counters::Counters;
use crate::hub::Hub;
use crate::ledger::Ledger;
use crate::pairings::Pairings;
use crate::pulse::Pulse;
use crate::seldom::Seldom;
use crate::turns::Turns;

/// One running server.
pub struct Relay {
    /// Mailboxes and directory.
    pub store: Arc<dyn Store>,
    /// Who has which mailbox open.
    pub hub: Arc<Hub>,
    /// Who may have how much.
    pub admission: Arc<Admission>,
    /// Who waits for whom, under a number.
    pub pairings: Pairings,
    /// Totals without persons.
    pub counters: Counters,
    /// How the writer is.
    pub pulse: Pulse,
    /// Since when, and how late it is.
    pub clock: Clock,
    /// Which day it is, as far as what time lets go of is concerned.
    pub believed: Believed,
    /// Who this server is.
    pub server_id: ServerId,
    /// Under what name invitations send people here.
    pub public_host: HostPort,
    /// Whether everybody may register.
    pub open: bool,
    /// The public log of keys.
    pub ledger: Ledger,
    /// Who may look a name up next.
    pub looks: Turns,
    /// Who may change something next.
    pub changes: Turns,
    /// Ends everything, in order.
    pub stopping: CancellationToken,
    /// Set when the store asks for a new process.
    broken: AtomicBool,
    /// Everybody can cause what it lets through.
    trouble: Seldom,
}

impl Relay {
    /// What people type to join, where everybody may.
    pub fn open_address(&self) -> Option<String> {
        let server = ShortFingerprint::from_full(self.server_id.as_bytes());
        self.open.then(|| format!("oub://{}#{server}", self.public_host))
    }

    /// The parts, before the first connection.
    pub fn new(
        store: Arc<dyn Store>,
        admission: Arc<Admission>,
        server_id: ServerId,
        public_host: HostPort,
        open: bool,
        ledger: Ledger,
    ) -> Self {
        let clock = Clock::start();
        // A relay without mailboxes keeps nothing that could expire: it takes the system's word.
        let kept = if store.totals().mailboxes > 0 { store.kept_clock() } else { None };
        Self {
            believed: Believed::begin(kept, &clock),
            store,
            hub: Arc::default(),
            admission,
            pairings: Pairings::default(),
            counters: Counters::default(),
            pulse: Pulse::default(),
            clock,
            server_id,
            public_host,
            open,
            ledger,
            looks: Turns::default(),
            changes: Turns::default(),
            stopping: CancellationToken::new(),
            broken: AtomicBool::new(false),
            trouble: Seldom::default(),
        }
    }

    /// Today, as this relay believes (`spec/storage.md § Clock`).
    pub fn today(&self) -> Day {
        self.believed.today(&self.clock)
    }

    /// Counts a failure of storage, and says what the client is told about it.
    ///
    /// A full disk refuses and goes on; a store that has stopped ends the process, so that its keeper starts
    /// a new one, which finds out what is on the disk.
    pub fn store_failed(&self, error: StoreError) -> Refusal {
        self.counters.store_errors.add_one();
        if matches!(error, StoreError::NotDone(Cause::Stopped) | StoreError::Unknown(_)) {
            self.break_down();
        } else if let Some(more) = self.trouble.now(self.clock.uptime_s()) {
            tracing::warn!(%error, more, "the store could not do what was asked");
        }
        let kind = match error {
            StoreError::NotDone(_) => RefusalKind::Unavailable,
            StoreError::Unknown(_) => RefusalKind::Uncertain,
        };
        Refusal { kind, retry_after_s: Some(RETRY_S) }
    }

    /// The store is of no more use to this process: stop, and end with an error.
    pub fn break_down(&self) {
        if !self.broken.swap(true, Ordering::AcqRel) {
            tracing::error!("the store has stopped after a failed write; this process ends");
        }
        self.stopping.cancel();
    }

    /// What came of something that goes on for as long as the relay. If it panicked, the process ends: its keeper starts one
    /// in which everything goes on again.
    pub fn survived<T>(&self, ended: Result<T, JoinError>) -> Option<T> {
        if ended.is_err() && !self.stopping.is_cancelled() {
            tracing::error!("a part of the relay panicked, without which it must not go on");
            self.break_down();
        }
        ended.ok()
    }

    /// Whether the process ends because the store stopped.
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }
}

/// When a client may try again what storage could not do.
const RETRY_S: u32 = 10;

/// What a source hears that has spent its budget of this minute.
pub const OVER_BUDGET: Refusal = Refusal { kind: RefusalKind::Busy, retry_after_s: Some(60) };
/// What a request hears that came too late to be done.
pub const STOPPING: Refusal = Refusal { kind: RefusalKind::Unavailable, retry_after_s: Some(5) };

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use super::*;
    use crate::admission::tests::budgets;

    /// A relay over this store, open to everybody and without a key for its log.
    pub(crate) fn over(store: impl Store + 'static) -> Arc<Relay> {
        let (admission, host) = (Admission::new(budgets()), HostPort::new("localhost", 1).unwrap());
        let ledger = Ledger::new(None).unwrap();
        Arc::new(Relay::new(Arc::new(store), admission, ServerId([1; 32]), host, true, ledger))
    }
}
