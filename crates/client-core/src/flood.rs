//! When blocking in the client is not enough: a flood that the relay shall drop (DESIGN § 8.2).

use std::collections::BTreeMap;

use wire::UnixSeconds;

/// Envelopes of one blocked contact that one connection takes within [`FLOOD_WINDOW_S`] before his stamps are
/// crossed off.
///
/// Crossing off shows the relay which stamps belonged to one person, so it is for floods only. A contact holds at
/// most 256 fresh stamps and the 64 of before (§ 8.2), unless his allotment is larger: somebody who writes now and then
/// never comes here.
pub const FLOOD_ENVELOPES: u32 = 256;
/// A drain, however long the mailbox was left alone, or an hour of staying connected.
pub const FLOOD_WINDOW_S: u64 = 3_600;

/// Envelopes of blocked people on one connection, by contact.
#[derive(Default, Debug)]
pub struct Gauge {
    /// Seconds since 1970.
    since: u64,
    envelopes: BTreeMap<i64, u32>,
}

impl Gauge {
    /// Counts an envelope that a blocked contact's stamp brought.
    pub fn count(&mut self, contact: i64, now: UnixSeconds) {
        if now.0.abs_diff(self.since) >= FLOOD_WINDOW_S {
            self.envelopes.clear();
            self.since = now.0;
        }
        let count = self.envelopes.entry(contact).or_default();
        *count = count.saturating_add(1);
    }

    /// Who is a flood by now.
    pub fn flooders(&self) -> Vec<i64> {
        let over = self.envelopes.iter().filter(|(_, count)| **count > FLOOD_ENVELOPES);
        over.map(|(contact, _)| *contact).collect()
    }

    /// What could be done about him was done.
    pub fn forget(&mut self, contact: i64) {
        self.envelopes.remove(&contact);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(counts: &[(i64, u32, u64)]) -> Gauge {
        let mut gauge = Gauge::default();
        for (contact, times, now) in counts {
            (0..*times).for_each(|_| gauge.count(*contact, UnixSeconds(*now)));
        }
        gauge
    }

    #[test]
    fn who_spends_one_whole_allotment_is_no_flood_yet() {
        let mut gauge = after(&[(1, 256, 5_000), (2, 257, 5_000)]);
        assert_eq!(gauge.flooders(), [2]);
        gauge.forget(2);
        assert!(gauge.flooders().is_empty());
    }

    #[test]
    fn a_client_that_stays_connected_for_weeks_counts_by_the_hour() {
        let patient: Vec<_> = (0..100).map(|hour| (1, 100, 5_000 + hour * FLOOD_WINDOW_S)).collect();
        assert!(after(&patient).flooders().is_empty());
        assert_eq!(after(&[(1, 200, 5_000), (1, 200, 5_000 + FLOOD_WINDOW_S - 1)]).flooders(), [1]);
        // A clock that was set back does not make an hour eternal.
        assert!(after(&[(1, 200, 50_000), (1, 200, 5_000)]).flooders().is_empty());
    }
}
