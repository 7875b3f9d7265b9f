//! One connection's bell: what others leave for it, and the ring that wakes it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use store::Stored;
use tokio::sync::Notify;
use wire::Slot;

use crate::fresh::FRESH_BYTES_MAX;
use crate::writer::Settled;

/// Rung from the writer's thread and from other connections.
#[derive(Default, Debug)]
pub struct Bell {
    post: Mutex<Post>,
    ring: Notify,
}

/// What lay there. Bounded: settlements by what one connection may have outstanding, envelopes by
/// `FRESH_BYTES_MAX`, the rest by the number of slots.
#[derive(Default, Debug)]
pub struct Post {
    /// What the store said of this connection's deposits and acks.
    pub settled: Vec<Settled>,
    /// Slots in whose mailbox something was stored.
    pub arrived: Slots,
    /// Envelopes that were stored in them, in the order of their places; not always all.
    pub fresh: Vec<(Slot, Stored)>,
    /// Slots that another connection took over.
    pub superseded: Slots,
    fresh_bytes: usize,
}

/// A few slots.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Slots(u8);

impl Slots {
    /// One more.
    pub fn add(&mut self, slot: Slot) {
        self.0 |= 1_u8.checked_shl(u32::from(slot.0)).unwrap_or(0);
    }

    /// Each, rising.
    pub fn each(self) -> impl Iterator<Item = Slot> {
        (0..8).map(Slot).filter(move |slot| self.0 & (1 << slot.0) != 0)
    }
}

impl Bell {
    /// The store has spoken. Whoever leaves something rings afterwards, once for all of it.
    pub fn settled(&self, settled: Settled) {
        self.post().settled.push(settled);
    }

    /// Something was stored in the mailbox of a slot.
    pub fn arrived(&self, slot: Slot, stored: Stored) {
        let mut post = self.post();
        post.arrived.add(slot);
        let bytes = post.fresh_bytes.saturating_add(stored.envelope.as_bytes().len());
        if bytes <= FRESH_BYTES_MAX {
            post.fresh_bytes = bytes;
            post.fresh.push((slot, stored));
        }
    }

    /// Another connection has the mailbox of a slot now.
    pub fn supersede(&self, slot: Slot) {
        self.post().superseded.add(slot);
    }

    /// Wakes the connection.
    pub fn ring(&self) {
        self.ring.notify_one();
    }

    /// Takes what lies there.
    pub fn take(&self) -> Post {
        std::mem::take(&mut *self.post())
    }

    /// Ready when it was rung since the last time.
    pub async fn rung(&self) {
        self.ring.notified().await;
    }

    fn post(&self) -> MutexGuard<'_, Post> {
        // What a panicking thread left here is still what it left.
        self.post.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bytes::Bytes;
    use wire::{Cursor, DepositAuth, Envelope};

    use super::*;

    #[test]
    fn what_lies_there_is_bounded_and_arrival_is_told_all_the_same() {
        let bell = Bell::default();
        for number in 0..100 {
            let envelope = Envelope::new(Bytes::from(vec![0; 4_096])).unwrap();
            let auth = DepositAuth::Open { puzzle: None };
            bell.arrived(Slot(1), Stored { cursor: Cursor(number), auth, envelope });
        }
        let post = bell.take();
        assert_eq!(post.fresh.len(), FRESH_BYTES_MAX / 4_096);
        assert_eq!(post.arrived.each().collect::<Vec<_>>(), [Slot(1)]);
        assert!(bell.take().fresh.is_empty());
    }
}
