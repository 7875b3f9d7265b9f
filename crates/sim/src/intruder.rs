//! [`Intruder`]: a second process that gets to work while the first one waits for the network.

use std::sync::{Mutex, PoisonError};

/// Work that is done at a chosen await point of the client, on a thread of its own and to its end.
#[derive(Default)]
pub(crate) struct Intruder(Mutex<Option<(u32, Work)>>);

/// What the second process does.
pub(crate) type Work = Box<dyn FnOnce() + Send>;

impl Intruder {
    /// Waits for the so-manieth await point from now.
    pub(crate) fn hide(&self, points: u32, work: Work) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((points, work));
    }

    /// Does not wait any more.
    pub(crate) fn leave(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// One await point.
    pub(crate) fn pass(&self) {
        let mut hidden = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = match hidden.as_mut() {
            Some((0, _)) => true,
            Some((points, _)) => {
                *points -= 1;
                false
            }
            None => false,
        };
        let work = if due { hidden.take() } else { None };
        drop(hidden);
        // A thread of its own, because a client runs an event loop and one thread runs only one.
        if let Some((_, work)) = work
            && let Err(panic) = std::thread::spawn(work).join()
        {
            std::panic::resume_unwind(panic);
        }
    }
}
