//! When blocking in the client is not enough: a flood that the relay shall drop (DESIGN § 8.2).

/// Envelopes of one blocked contact that one owner connection takes before his stamps are crossed off.
///
/// Crossing off shows the relay which stamps belonged to one person, so it is for floods only. A contact holds at
/// most 256 fresh stamps and the 64 of before (§ 8.2): somebody who writes now and then never comes here.
pub const FLOOD_ENVELOPES: u32 = 256;

/// Whether so many envelopes of a blocked contact are a flood.
pub fn is_flood(envelopes: u32) -> bool {
    envelopes > FLOOD_ENVELOPES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_spends_one_whole_allotment_is_no_flood_yet() {
        assert!(!is_flood(wire::limits::REFILL_STAMPS_MAX as u32));
        assert!(is_flood(FLOOD_ENVELOPES + 1));
    }
}
