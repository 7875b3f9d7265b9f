//! How many stamps of mine a contact may have in hand (DESIGN § 8.2).

use wire::limits::{ALLOTMENT, ALLOTMENT_MAX, REFILL_STAMPS_MAX};

/// What one refill brings.
const REFILL: u32 = REFILL_STAMPS_MAX as u32;

/// From [`ALLOTMENT`] to [`ALLOTMENT_MAX`] stamps: who holds more says more, or sends more of a file, while I am away.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Allotment(u32);

impl Default for Allotment {
    fn default() -> Self {
        Self(ALLOTMENT)
    }
}

impl Allotment {
    /// So many, if a contact may have so many.
    pub fn new(stamps: u32) -> Option<Self> {
        (ALLOTMENT..=ALLOTMENT_MAX).contains(&stamps).then_some(Self(stamps))
    }

    /// How many.
    pub fn stamps(self) -> u32 {
        self.0
    }

    /// Whether so few of them are unused that a refill falls due: a quarter.
    pub fn needs_refill(self, unused: u32) -> bool {
        unused <= self.0 / 4
    }

    /// How many refills bring a contact with so many unused ones up to it; one at least.
    pub fn refills(self, unused: u32) -> u32 {
        self.0.saturating_sub(unused).div_ceil(REFILL).max(1)
    }

    /// Whether a contact who shows that he has no stamps is believed, with so many that never came back: they may have
    /// been spent on what expired, or lost.
    pub fn believes_out_of_stamps(self, never_came_back: u32) -> bool {
        never_came_back.saturating_add(ALLOTMENT + REFILL) <= ALLOTMENT_MAX + self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_is_little_and_refills_bring_it_up_again() {
        let least = Allotment::default();
        assert!(least.needs_refill(64) && !least.needs_refill(65));
        assert_eq!([256, 200, 64, 0].map(|unused| least.refills(unused)), [1; 4]);
        let most = Allotment::new(ALLOTMENT_MAX).unwrap_or_default();
        assert!(most.needs_refill(1_024) && !most.needs_refill(1_025));
        assert_eq!(
            [4_096, 3_841, 3_839, 1_024, 256, 0].map(|unused| most.refills(unused)),
            [1, 1, 2, 12, 15, 16]
        );
    }

    #[test]
    fn no_other_number_is_one() {
        for stamps in [0, 1, 255, 4_097, u32::MAX] {
            assert_eq!(Allotment::new(stamps), None);
        }
        assert_eq!(Allotment::new(256), Some(Allotment::default()));
    }

    #[test]
    fn a_contact_out_of_stamps_is_believed_within_bounds() {
        let least = Allotment::default();
        assert!(least.believes_out_of_stamps(3_840) && !least.believes_out_of_stamps(3_841));
        let most = Allotment::new(ALLOTMENT_MAX).unwrap_or_default();
        assert!(most.believes_out_of_stamps(7_680) && !most.believes_out_of_stamps(7_681));
    }
}
