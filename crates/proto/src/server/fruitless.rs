//! How much a connection is answered that costs whoever asks nothing (`spec/connection.md § Back-pressure and end`).

use wire::frame::RawFrame;
use wire::kind;
use wire::limits::{FRUITLESS_BYTES, FRUITLESS_PER_SECOND_MAX, FRUITLESS_SIGNED};

use crate::Now;

/// In what is counted: thousandths of a weight, of which a millisecond takes as many away as a second takes weights.
const THOUSANDTHS: u32 = 1_000;
/// What a connection may have come to nothing before it waits.
const MOST: u32 = FRUITLESS_PER_SECOND_MAX * THOUSANDTHS;
/// To what it goes down while it waits, by a sixteenth: who waits is woken for a few at once, and many who began in the
/// same moment do not bring all of a second's at once again.
const GOES_ON: u32 = MOST - MOST / 16;

/// What a request counts for if it comes to nothing.
pub(super) type Weight = u8;

/// What came to nothing of late: pings, refusals, and what may be asked for again and again.
///
/// They cost whoever asks nothing but bytes, and a server that answered as many as it can would have no time for
/// anybody else.
pub(super) struct Fruitless {
    /// When `count` was true.
    since: Now,
    count: u32,
    /// Until then no more is read.
    goes_on: Now,
    /// Of the frame that is looked at now.
    weight: Weight,
}

impl Fruitless {
    /// Nothing yet.
    pub(super) const NONE: Self = Self { since: Now(0), count: 0, goes_on: Now(0), weight: 1 };

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

    /// Counts the frame that is looked at now, whatever it comes to; a refusal adds nothing to it.
    pub(super) fn count_now(&mut self, now: Now) {
        let weight = std::mem::take(&mut self.weight);
        self.count(now, weight);
    }

    /// Counts a request that came to nothing.
    pub(super) fn count(&mut self, now: Now, weight: Weight) {
        let gone = now.0.saturating_sub(self.since.0).saturating_mul(FRUITLESS_PER_SECOND_MAX.into());
        let left = self.count.saturating_sub(u32::try_from(gone).unwrap_or(u32::MAX));
        (self.since, self.count) = (now, left.saturating_add(u32::from(weight) * THOUSANDTHS));
        if self.count >= MOST {
            let wait = (self.count - GOES_ON).div_ceil(FRUITLESS_PER_SECOND_MAX);
            self.goes_on = now.after_ms(wait.into());
        }
    }

    /// Until when no more is read from this peer; nothing where he may go on.
    pub(super) fn until(&self, now: Now) -> Option<Now> {
        (now < self.goes_on).then_some(self.goes_on)
    }
}
