//! Asking for messages again: which numbers of a stream never came.

use crate::StreamId;
use crate::content::{ContentError, NUMBER_MAX};
use core::ops::RangeInclusive;
use wire::{Reader, Writer};

/// Gaps that one request names.
pub const GAPS_MAX: usize = 16;
/// The last number of a gap without an end: everything from its first number on.
pub const NUMBER_LAST: u64 = NUMBER_MAX - 1;

/// Numbers of one of the other side's streams that I lack (`spec/e2ee.md § Resend`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resend {
    stream: StreamId,
    gaps: Vec<RangeInclusive<u64>>,
}

impl Resend {
    /// A request for these gaps, which are rising and apart. Beyond sixteen the last is widened to hold the
    /// rest: what came already is dropped as a repeat. None when nothing is missing.
    pub fn new(stream: StreamId, gaps: &[RangeInclusive<u64>]) -> Option<Self> {
        let end = *gaps.last()?.end();
        let mut gaps: Vec<_> = gaps.iter().take(GAPS_MAX).cloned().collect();
        let last = gaps.pop()?;
        gaps.push(*last.start()..=end);
        Some(Self { stream, gaps }).filter(Self::is_well_formed)
    }

    /// Of which stream of the one who is asked.
    pub fn stream(&self) -> StreamId {
        self.stream
    }

    /// Whether this number is asked for.
    pub fn asks_for(&self, number: u64) -> bool {
        self.gaps.iter().any(|gap| gap.contains(&number))
    }

    /// The gaps, rising.
    pub fn gaps(&self) -> &[RangeInclusive<u64>] {
        &self.gaps
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        self.stream.write(out);
        out.u8(u8::try_from(self.gaps.len()).expect("at most sixteen gaps are held"));
        for gap in &self.gaps {
            out.u64(*gap.start());
            out.u64(*gap.end());
        }
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, ContentError> {
        let stream = StreamId::read(input)?;
        let count = input.u8()?;
        let gaps =
            (0..count).map(|_| Ok(input.u64()?..=input.u64()?)).collect::<Result<_, ContentError>>()?;
        Some(Self { stream, gaps }).filter(Self::is_well_formed).ok_or(ContentError::Gaps)
    }

    fn is_well_formed(&self) -> bool {
        let mut free_from = 1;
        let rising = self.gaps.iter().all(|gap| {
            let (first, last) = (*gap.start(), *gap.end());
            let fits = first >= free_from && last >= first && last < NUMBER_MAX;
            // Gaps that touch would have two encodings.
            free_from = last.saturating_add(2);
            fits
        });
        rising && (1..=GAPS_MAX).contains(&self.gaps.len())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const STREAM: StreamId = StreamId([7; 8]);

    #[test]
    fn more_gaps_than_fit_are_asked_for_in_one() {
        let gaps: Vec<_> = (1..=40).map(|n| 3 * n..=3 * n).collect();
        let resend = Resend::new(STREAM, &gaps).unwrap();
        assert_eq!(resend.gaps().len(), GAPS_MAX);
        assert!(gaps.iter().all(|gap| resend.asks_for(*gap.start())));
        assert!(!resend.asks_for(4) && !resend.asks_for(121));
    }

    #[test]
    fn nothing_missing_asks_for_nothing() {
        assert_eq!(Resend::new(STREAM, &[]), None);
    }
}
