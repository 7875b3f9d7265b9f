//! Who has which mailbox open now: the newest owner connection is woken, the one before it is told to go.
//!
//! Nothing here is ever written anywhere, and a wake is a hint: the connection then asks the store.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use wire::DepositId;

/// All mailboxes that are open on some connection.
#[derive(Default, Debug)]
pub struct Hub {
    open: Mutex<HashMap<DepositId, Arc<Bell>>>,
}

/// What happened to one opened mailbox since its connection last looked; two flags, so it cannot overflow.
#[derive(Debug)]
struct Bell {
    arrived: AtomicBool,
    superseded: AtomicBool,
    ring: Arc<Notify>,
}

/// One connection's hold on one mailbox; let go of when dropped.
#[derive(Debug)]
pub struct Hold {
    hub: Arc<Hub>,
    sid: DepositId,
    bell: Arc<Bell>,
}

/// What a [`Hold`] has to tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum News {
    /// Envelopes were stored.
    Arrived,
    /// Another connection has the mailbox now.
    Superseded,
}

impl Hub {
    /// Takes a mailbox over; whoever had it hears of it. `ring` is notified whenever there is news.
    pub fn take(self: &Arc<Self>, sid: DepositId, ring: Arc<Notify>) -> Hold {
        let bell =
            Arc::new(Bell { arrived: AtomicBool::new(false), superseded: AtomicBool::new(false), ring });
        if let Some(before) = self.open().insert(sid, bell.clone()) {
            before.superseded.store(true, Ordering::Release);
            before.ring.notify_one();
        }
        Hold { hub: self.clone(), sid, bell }
    }

    /// Envelopes were stored in this mailbox.
    pub fn wake(&self, sid: &DepositId) {
        if let Some(bell) = self.open().get(sid) {
            bell.arrived.store(true, Ordering::Release);
            bell.ring.notify_one();
        }
    }

    /// Mailboxes open now.
    pub fn len(&self) -> usize {
        self.open().len()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.open().is_empty()
    }

    fn open(&self) -> MutexGuard<'_, HashMap<DepositId, Arc<Bell>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hold {
    /// What happened since the last look, if anything.
    pub fn news(&self) -> Option<News> {
        if self.bell.superseded.swap(false, Ordering::AcqRel) {
            return Some(News::Superseded);
        }
        self.bell.arrived.swap(false, Ordering::AcqRel).then_some(News::Arrived)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut open = self.hub.open();
        if open.get(&self.sid).is_some_and(|bell| Arc::ptr_eq(bell, &self.bell)) {
            open.remove(&self.sid);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SID: DepositId = DepositId([7; 16]);

    #[test]
    fn the_second_owner_takes_over_and_is_the_one_woken() {
        let hub = Arc::new(Hub::default());
        let first = hub.take(SID, Arc::default());
        let second = hub.take(SID, Arc::default());
        hub.wake(&SID);
        assert_eq!(first.news(), Some(News::Superseded));
        assert_eq!(first.news(), None);
        assert_eq!(second.news(), Some(News::Arrived));
        assert_eq!(second.news(), None);
    }

    #[test]
    fn whoever_was_superseded_does_not_close_the_successor() {
        let hub = Arc::new(Hub::default());
        let first = hub.take(SID, Arc::default());
        let second = hub.take(SID, Arc::default());
        drop(first);
        assert_eq!(hub.len(), 1);
        drop(second);
        assert!(hub.is_empty());
    }
}
