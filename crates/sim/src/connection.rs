//! [`Connection`]: the server's end of one channel, and what will happen to its bytes.

use std::collections::{BTreeMap, VecDeque};
use std::io;

use proto::{ServerConnection, Ticket, asked};
use wire::refusal::Refusal;
use wire::{DepositId, Slot};

use crate::liar::Lie;
use crate::net::Luck;

/// Names a connection for the length of a run.
pub(crate) type ConnectionId = u64;

/// The server's end, and its fate.
pub(crate) struct Connection {
    /// Of which relay.
    pub(crate) relay: usize,
    pub(crate) machine: ServerConnection,
    /// Mailboxes opened here.
    pub(crate) slots: BTreeMap<Slot, DepositId>,
    /// What the client may read.
    pub(crate) out: VecDeque<u8>,
    /// Deposits that are stored, and whose answers wait for their turn.
    waiting: Vec<Waiting>,
    pub(crate) lie: Option<Lie>,
    pub(crate) fate: Fate,
    /// Bytes that left the client and have not arrived.
    pub(crate) under_way: Vec<u8>,
}

/// A deposit about which the store has spoken.
pub(crate) struct Waiting {
    pub(crate) ticket: Ticket<asked::Deposit>,
    pub(crate) result: Result<(), Refusal>,
}

/// What bad luck has in store for a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fate {
    /// So many bytes of the client arrive; the rest does not, or not in time.
    pub(crate) up: Option<usize>,
    /// So many bytes of the server arrive.
    pub(crate) down: Option<usize>,
    /// What the client notices then.
    pub(crate) end: End,
    /// The most bytes that one read gives.
    pub(crate) piece: usize,
}

/// How a broken connection looks from the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// The other side said good-bye.
    Closed,
    /// The network says that it is broken.
    Reset,
    /// Nothing comes any more, and patience ends.
    Silence,
}

impl Connection {
    pub(crate) fn new(relay: usize, machine: ServerConnection, fate: Fate, lie: Option<Lie>) -> Self {
        Self {
            relay,
            machine,
            slots: BTreeMap::new(),
            out: VecDeque::new(),
            waiting: Vec::new(),
            lie,
            fate,
            under_way: Vec::new(),
        }
    }

    /// Takes from what the client wrote the part that arrives; the rest is under way.
    pub(crate) fn arriving(&mut self, bytes: &[u8]) -> Vec<u8> {
        let reach = self.fate.up.map_or(bytes.len(), |left| left.min(bytes.len()));
        let (here, rest) = bytes.split_at_checked(reach).unwrap_or((bytes, &[]));
        if let Some(left) = &mut self.fate.up {
            *left -= reach;
        }
        self.under_way.extend_from_slice(rest);
        here.to_vec()
    }

    /// Gives the client what it may read; `None` when nothing is there.
    pub(crate) fn readable(&mut self, max: usize) -> Option<Vec<u8>> {
        let reach = self.fate.down.unwrap_or(usize::MAX);
        let len = self.out.len().min(max).min(self.fate.piece).min(reach);
        if len == 0 {
            return None;
        }
        if let Some(left) = &mut self.fate.down {
            *left -= len;
        }
        Some(self.out.drain(..len).collect())
    }

    /// Whether bad luck has struck.
    pub(crate) fn is_cut(&self) -> bool {
        self.fate.down == Some(0) || !self.under_way.is_empty()
    }

    /// Answers a deposit now, or when the client next waits.
    pub(crate) fn settle(&mut self, waiting: Waiting, luck: &mut Luck) {
        if luck.reorders() {
            self.waiting.push(waiting);
        } else {
            complete(&mut self.machine, waiting);
        }
    }

    /// The client waits: what is held back comes, in some other order.
    pub(crate) fn let_go(&mut self, luck: &mut Luck) {
        if self.waiting.len() > 1 {
            luck.tally.add("fault: answers in another order");
        }
        luck.random.shuffle(&mut self.waiting);
        for waiting in std::mem::take(&mut self.waiting) {
            complete(&mut self.machine, waiting);
        }
    }

    /// Moves what the machine says to where the client reads.
    pub(crate) fn speak(&mut self) {
        while let Some(bytes) = self.machine.poll_output() {
            self.out.extend(bytes.iter());
        }
    }

    /// What a client notices that reads where nothing comes.
    pub(crate) fn end(&self) -> io::Result<Vec<u8>> {
        match self.fate.end {
            End::Closed => Ok(Vec::new()),
            End::Reset => Err(io::ErrorKind::ConnectionReset.into()),
            End::Silence => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

fn complete(machine: &mut ServerConnection, waiting: Waiting) {
    match waiting.result {
        Ok(()) => machine.deposited(waiting.ticket),
        Err(refusal) => machine.refuse(waiting.ticket, refusal),
    }
}
