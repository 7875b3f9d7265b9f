//! [`Relay`]: a server without sockets: its store, who has which mailbox open, and its bad days.
//!
//! What is asked of the store, and what is answered, is what `crates/server/src/task` does; the parts with
//! budgets per source are left out.

mod directory;
mod log;
mod mailboxes;
mod pairings;

use std::collections::{BTreeMap, BTreeSet};

use proto::ServerEvent;
use store::{MailboxStore, MemoryStore};
use wire::{Cursor, Day, DepositId, HostPort, Name, PrekeyId, ServerId, Slot};

use crate::connection::{Connection, ConnectionId};
use crate::net::Luck;
pub(crate) use log::{LogKey, name_tag};
use pairings::Meeters;
pub(crate) use pairings::When;

/// Leading zero bits of a doorstep's puzzle: work, but little.
const PUZZLE_BITS: u8 = 4;

/// One server.
pub(crate) struct Relay {
    pub(crate) at: HostPort,
    pub(crate) server_id: ServerId,
    pub(crate) store: MemoryStore,
    /// What signs its public log, if it keeps one.
    log_key: Option<LogKey>,
    /// Which connection has a mailbox open, under which name.
    pub(crate) holds: BTreeMap<DepositId, (ConnectionId, Slot)>,
    /// Nobody reaches it before then.
    pub(crate) down_until: u64,
    /// Acknowledged, and only handed to the system: a power cut forgets it (`MailboxStore::ack`).
    unsynced: Vec<(DepositId, Cursor)>,
    /// An older backup.
    pub(crate) backup: Option<MemoryStore>,
    /// Envelopes of a mailbox that nobody collected in time, as its owner was told.
    pub(crate) expired: BTreeMap<DepositId, u64>,
    /// Prekeys that the owner of a doorstep published.
    prekeys: BTreeMap<DepositId, BTreeSet<PrekeyId>>,
    /// Those who meet under a number.
    pub(crate) meeters: Meeters,
    /// Where a name's first messages go.
    pub(crate) doorsteps: BTreeMap<Name, DepositId>,
}

/// What answering a question did besides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum After {
    /// Nothing.
    Nothing,
    /// Another connection must hear that it lost a mailbox.
    Superseded(ConnectionId, Slot),
}

impl Relay {
    /// A relay that begins; its id is that of the key that signs its log, or the seed itself.
    pub(crate) fn new(at: HostPort, seed: [u8; 32], keeps_log: bool) -> Self {
        let log_key = keeps_log.then(|| LogKey::of(seed));
        let server_id = log_key.as_ref().map_or(ServerId(seed), LogKey::server_id);
        let options = store::Options { puzzle_bits: PUZZLE_BITS, ..store::Options::default() };
        Self {
            at,
            server_id,
            store: MemoryStore::with(options),
            log_key,
            holds: BTreeMap::new(),
            down_until: 0,
            unsynced: Vec::new(),
            backup: None,
            expired: BTreeMap::new(),
            prekeys: BTreeMap::new(),
            meeters: Meeters::default(),
            doorsteps: BTreeMap::new(),
        }
    }

    /// Its process dies. With the power goes what was not synced.
    pub(crate) fn die(&mut self, power_cut: bool) {
        if power_cut {
            self.unsynced.clear();
        }
        self.sync();
        self.store = self.store.reopened();
        self.meeters.die();
        self.holds.clear();
    }

    /// Puts the backup back, if there is one, and keeps the present state as the next backup.
    pub(crate) fn restore(&mut self, clock: u64) -> bool {
        self.sync();
        let Some(backup) = self.backup.take() else { return false };
        self.store = backup;
        self.say_restored(clock);
        self.holds.clear();
        true
    }

    /// Makes a backup.
    pub(crate) fn back_up(&mut self) {
        self.sync();
        self.backup = Some(self.store.reopened());
    }

    /// Whatever was handed to the system has reached the disk.
    pub(crate) fn sync(&mut self) {
        for (sid, through) in std::mem::take(&mut self.unsynced) {
            // A mailbox that is gone has nothing to let go of.
            let _gone = self.store.ack(&sid, through);
        }
    }

    /// The hourly sweep.
    pub(crate) fn sweep(&mut self, today: Day) {
        self.sync();
        let _swept = self.store.sweep(today);
    }

    /// Answers one question of a connection's machine.
    pub(crate) fn answer(
        &mut self,
        id: ConnectionId,
        connection: &mut Connection,
        event: ServerEvent,
        luck: &mut Luck,
    ) -> After {
        if !matches!(event, ServerEvent::Ack { .. }) {
            self.sync();
        }
        match event {
            ServerEvent::Deposit { ticket, deposit } => self.deposit(connection, ticket, *deposit, luck),
            ServerEvent::Open { ticket, slot, rid } => {
                return self.open(id, connection, ticket, (slot, rid), luck);
            }
            event @ (ServerEvent::Lookup { .. } | ServerEvent::Fetch { .. } | ServerEvent::Feed { .. }) => {
                self.tell(connection, event, luck)
            }
            ServerEvent::Admit { ticket } => connection.machine.admitted(ticket.verify()),
            event @ (ServerEvent::Claim { .. }
            | ServerEvent::Replace { .. }
            | ServerEvent::FindIdentity { .. }
            | ServerEvent::Publish { .. }) => self.register(&mut connection.machine, event, luck),
            ServerEvent::Pairing { ticket, step } => self.pair(&mut connection.machine, ticket, step, luck),
            event => self.serve_owner(&mut connection.machine, event, luck),
        }
        After::Nothing
    }
}
