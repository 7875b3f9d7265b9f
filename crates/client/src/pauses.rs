//! How long whoever stays connected leaves contacts alone to whom nothing could be brought.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use client_core::schedule::mailbox_backoff_ms;

/// Contacts who are left alone for a while, each longer every time. Kept by whoever stays connected, for as long as it
/// does: each try is a new connection, and a mailbox that is full or closed stays so for hours.
#[derive(Debug, Default)]
pub struct Pauses(BTreeMap<i64, Pause>);

#[derive(Debug)]
struct Pause {
    attempt: u32,
    until: Instant,
    newest: Newest,
}

/// The newest rows that are to a contact and from him: others end his pause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Newest {
    pub(crate) queued: i64,
    pub(crate) came: i64,
}

impl Pauses {
    /// Nothing could be brought to a contact, of whom this was the newest before.
    pub(crate) fn lengthen(
        &mut self,
        contact: i64,
        newest: Newest,
        now: Instant,
        random: u64,
        retry_after_s: Option<u32>,
    ) {
        // Who was heard of since is as good as new.
        let last = self.0.get(&contact).filter(|last| last.newest.came == newest.came);
        let attempt = last.map_or(0, |last| last.attempt.saturating_add(1));
        let wait = mailbox_backoff_ms(attempt, random, retry_after_s);
        let until = now + Duration::from_millis(wait);
        self.0.insert(contact, Pause { attempt, until, newest });
    }

    /// Everything could be brought.
    pub(crate) fn end(&mut self, contact: i64) {
        self.0.remove(&contact);
    }

    /// Whether a contact is to be left alone, of whom this is the newest.
    pub(crate) fn hold(&self, contact: i64, newest: Newest, now: Instant) -> bool {
        self.0.get(&contact).is_some_and(|pause| now < pause.until && pause.newest == newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: i64 = 7;

    fn newest(queued: i64, came: i64) -> Newest {
        Newest { queued, came }
    }

    #[test]
    fn a_mailbox_that_takes_nothing_is_tried_less_and_less_often() {
        let (mut pauses, began) = (Pauses::default(), Instant::now());
        let (mut now, mut tries) = (began, 0);
        while now < began + Duration::from_secs(24 * 3_600) {
            if !pauses.hold(ANN, newest(1, 1), now) {
                tries += 1;
                pauses.lengthen(ANN, newest(1, 1), now, u64::MAX, None);
            }
            now += Duration::from_secs(5);
        }
        assert!((144..300).contains(&tries), "in a day, of 17280 looks: {tries}");
    }

    #[test]
    fn what_is_new_to_a_contact_or_from_him_is_one_try_and_success_ends_it() {
        let (mut pauses, now) = (Pauses::default(), Instant::now());
        pauses.lengthen(ANN, newest(1, 1), now, 0, None);
        assert!(pauses.hold(ANN, newest(1, 1), now) && !pauses.hold(8, newest(1, 1), now));
        assert!(!pauses.hold(ANN, newest(2, 1), now) && !pauses.hold(ANN, newest(1, 2), now));
        // Another message does not make the waits short again; a word from him does.
        pauses.lengthen(ANN, newest(2, 1), now, 0, None);
        assert!(pauses.hold(ANN, newest(2, 1), now + Duration::from_secs(9)));
        pauses.lengthen(ANN, newest(2, 2), now, 0, None);
        assert!(!pauses.hold(ANN, newest(2, 2), now + Duration::from_secs(6)));
        pauses.lengthen(ANN, newest(2, 2), now, 0, Some(60));
        assert!(pauses.hold(ANN, newest(2, 2), now + Duration::from_secs(59)), "as the server asked");
        pauses.end(ANN);
        assert!(!pauses.hold(ANN, newest(2, 2), now));
    }
}
