//! How much that comes to nothing a connection is answered (`spec/connection.md § Back-pressure and end`).

use wire::frame::RawFrame;
use wire::kind;
use wire::limits::{FRUITLESS_BYTES, FRUITLESS_PER_SECOND_MAX, FRUITLESS_SIGNED};

use crate::Now;

/// From the first of them to when they are counted anew.
const SECOND_MS: u64 = 1_000;

/// What a request counts for if it comes to nothing.
pub(super) type Weight = u8;

/// What came to nothing of late: pings and refusals.
///
/// They cost whoever asks nothing but bytes, and a server that answered as many as it can would have no time for
/// anybody else.
pub(super) struct Fruitless {
    since: Now,
    count: u32,
    /// Of the frame that is looked at now.
    weight: Weight,
}

impl Fruitless {
    /// Nothing yet.
    pub(super) const NONE: Self = Self { since: Now(0), count: 0, weight: 1 };

    /// Looks at the next frame.
    pub(super) fn weigh(&mut self, raw: &RawFrame) {
        let for_bytes = Weight::try_from(raw.body.len() / FRUITLESS_BYTES).unwrap_or(Weight::MAX);
        let for_kind = match raw.kind {
            kind::CLAIM | kind::ANSWER | kind::PUBLISH | kind::OPEN => FRUITLESS_SIGNED,
            _ => 1,
        };
        self.weight = for_bytes.saturating_add(for_kind);
    }

    /// What the frame weighs that is looked at now.
    pub(super) fn weight(&self) -> Weight {
        self.weight
    }

    /// Counts a request that came to nothing.
    pub(super) fn count(&mut self, now: Now, weight: Weight) {
        if self.count == 0 || self.since.after_ms(SECOND_MS) <= now {
            (self.since, self.count) = (now, 0);
        }
        self.count = self.count.saturating_add(weight.into());
    }

    /// Until when no more is read from this peer; nothing where he may go on.
    pub(super) fn until(&self, now: Now) -> Option<Now> {
        let until = self.since.after_ms(SECOND_MS);
        (self.count >= FRUITLESS_PER_SECOND_MAX && now < until).then_some(until)
    }
}
