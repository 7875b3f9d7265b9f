//! Envelopes stored a moment ago, which a follower is given without asking the disk.

use proto::Delivery;
use store::Stored;
use wire::{Cursor, Slot};

/// Bytes of envelopes that may be kept for a follower; beyond them it reads the store.
pub const FRESH_BYTES_MAX: usize = 128 * 1024;

/// What was left for one connection, in the order of storage.
#[derive(Default, Debug)]
pub struct Fresh(Vec<(Slot, Stored)>);

impl Fresh {
    /// More was left. What does not fit is dropped: the store has it, and what follows it is not given without it.
    pub fn extend(&mut self, stored: Vec<(Slot, Stored)>) {
        let of = |stored: &Stored| stored.envelope.as_bytes().len();
        let mut bytes: usize = self.0.iter().map(|(_, stored)| of(stored)).sum();
        self.0.extend(stored.into_iter().take_while(|(_, stored)| {
            bytes = bytes.saturating_add(of(stored));
            bytes <= FRESH_BYTES_MAX
        }));
    }

    /// At most `max` envelopes that stand right behind `after` without a gap; `None` when something that is
    /// not here may stand between.
    pub fn behind(&mut self, slot: Slot, after: Cursor, max: u16) -> Option<Vec<Delivery>> {
        let mut next = after.0.checked_add(1)?;
        let mut found = Vec::new();
        self.0.retain(|(of, stored)| {
            if *of != slot {
                return true;
            }
            if stored.cursor.0 == next && found.len() < usize::from(max) {
                next = next.saturating_add(1);
                let Stored { cursor, auth, envelope } = stored.clone();
                found.push(Delivery { cursor, auth, envelope });
                return false;
            }
            stored.cursor.0 >= next
        });
        (!found.is_empty()).then_some(found)
    }

    /// Lets go of everything: the store has it.
    pub fn clear(&mut self) {
        self.0 = Vec::new();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bytes::Bytes;
    use wire::{DepositAuth, Envelope};

    use super::*;

    fn left(cursors: &[u64]) -> Fresh {
        let mut fresh = Fresh::default();
        let envelope = Envelope::new(Bytes::from(vec![0; 4_096])).unwrap();
        let auth = DepositAuth::Open { puzzle: None };
        let stored = |cursor: &u64| Stored { cursor: Cursor(*cursor), auth, envelope: envelope.clone() };
        fresh.extend(cursors.iter().map(|cursor| (Slot(0), stored(cursor))).collect());
        fresh
    }

    fn cursors(found: Option<Vec<Delivery>>) -> Option<Vec<u64>> {
        Some(found?.iter().map(|delivery| delivery.cursor.0).collect())
    }

    #[test]
    fn only_what_follows_without_a_gap_is_given() {
        let mut fresh = left(&[4, 5, 7, 8]);
        assert_eq!(cursors(fresh.behind(Slot(1), Cursor(3), 16)), None);
        assert_eq!(cursors(fresh.behind(Slot(0), Cursor(2), 16)), None, "3 may stand between");
        assert_eq!(cursors(fresh.behind(Slot(0), Cursor(3), 16)), Some(vec![4, 5]));
        assert_eq!(cursors(fresh.behind(Slot(0), Cursor(5), 16)), None, "6 may stand between");
        assert_eq!(cursors(fresh.behind(Slot(0), Cursor(6), 1)), Some(vec![7]));
        assert_eq!(cursors(fresh.behind(Slot(0), Cursor(7), 16)), Some(vec![8]));
    }

    #[test]
    fn however_long_nobody_reads_so_much_is_kept_and_no_more() {
        let mut fresh = Fresh::default();
        for first in (0..1_000).step_by(10) {
            fresh.extend(left(&(first + 1..=first + 10).collect::<Vec<_>>()).0);
        }
        let fits = FRESH_BYTES_MAX as u64 / 4_096;
        assert_eq!(fresh.0.len() as u64, fits);
        assert_eq!(cursors(fresh.behind(Slot(0), Cursor(0), 256)), Some((1..=fits).collect()));
        fresh.extend(left(&[1_001]).0);
        assert_eq!(
            cursors(fresh.behind(Slot(0), Cursor(fits), 256)),
            None,
            "what was dropped stands between"
        );
    }

    #[test]
    fn what_was_read_meanwhile_is_not_given_again() {
        let mut fresh = left(&[4, 5, 6]);
        assert_eq!(cursors(fresh.behind(Slot(0), Cursor(5), 16)), Some(vec![6]));
        assert_eq!(cursors(fresh.behind(Slot(0), Cursor(3), 16)), None);
    }
}
