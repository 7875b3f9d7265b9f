//! Who has which mailbox open now: the newest owner connection is handed what is stored, the one before it is
//! told to go.
//!
//! Nothing here is ever written anywhere, and what is handed over is a hint: what does not follow without a
//! gap on what the connection has, it reads from the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use store::Stored;
use wire::{DepositId, Slot};

use crate::bell::Bell;

/// All mailboxes that are open on some connection.
#[derive(Default, Debug)]
pub struct Hub {
    open: Mutex<HashMap<DepositId, Listener>>,
}

/// A connection, and what it calls the mailbox.
#[derive(Debug)]
struct Listener {
    slot: Slot,
    bell: Arc<Bell>,
}

/// One connection's hold on one mailbox; let go of when dropped.
#[derive(Debug)]
pub struct Hold {
    hub: Arc<Hub>,
    sid: DepositId,
    bell: Arc<Bell>,
}

impl Hub {
    /// Takes a mailbox over; whoever had it hears of it.
    pub fn take(self: &Arc<Self>, sid: DepositId, slot: Slot, bell: Arc<Bell>) -> Hold {
        if let Some(before) = self.open().insert(sid, Listener { slot, bell: bell.clone() }) {
            before.bell.supersede(before.slot);
            before.bell.ring();
        }
        Hold { hub: self.clone(), sid, bell }
    }

    /// An envelope was stored in this mailbox: hands it to whoever listens, and says whom to ring.
    pub fn arrived(&self, sid: &DepositId, stored: impl FnOnce() -> Stored) -> Option<Arc<Bell>> {
        let open = self.open();
        let Listener { slot, bell } = open.get(sid)?;
        bell.arrived(*slot, stored());
        Some(bell.clone())
    }

    /// Mailboxes open now.
    pub fn len(&self) -> usize {
        self.open().len()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.open().is_empty()
    }

    fn open(&self) -> MutexGuard<'_, HashMap<DepositId, Listener>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut open = self.hub.open();
        if open.get(&self.sid).is_some_and(|listener| Arc::ptr_eq(&listener.bell, &self.bell)) {
            open.remove(&self.sid);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bytes::Bytes;
    use wire::{Cursor, DepositAuth, Envelope};

    use super::*;

    const SID: DepositId = DepositId([7; 16]);

    fn stored() -> Stored {
        let envelope = Envelope::new(Bytes::from(vec![0; 4_096])).unwrap();
        Stored { cursor: Cursor(1), auth: DepositAuth::Open { puzzle: None }, envelope }
    }

    #[test]
    fn the_second_owner_takes_over_and_is_the_one_handed_what_comes() {
        let hub = Arc::new(Hub::default());
        let (first, second): (Arc<Bell>, Arc<Bell>) = Default::default();
        let _first = hub.take(SID, Slot(0), first.clone());
        let _second = hub.take(SID, Slot(1), second.clone());
        assert!(hub.arrived(&SID, stored).is_some_and(|bell| Arc::ptr_eq(&bell, &second)));
        let (first, second) = (first.take(), second.take());
        assert_eq!(first.superseded.each().collect::<Vec<_>>(), [Slot(0)]);
        assert!(first.fresh.is_empty());
        assert_eq!(second.fresh, [(Slot(1), stored())]);
        assert_eq!(second.superseded.each().count(), 0);
    }

    #[test]
    fn whoever_was_superseded_does_not_close_the_successor() {
        let hub = Arc::new(Hub::default());
        let first = hub.take(SID, Slot(0), Arc::default());
        let second = hub.take(SID, Slot(0), Arc::default());
        drop(first);
        assert_eq!(hub.len(), 1);
        drop(second);
        assert!(hub.is_empty());
    }
}
