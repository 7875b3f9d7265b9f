//! When a conversation begins anew, what is asked for again, and what is sealed again (DESIGN § 9.7).

use wire::{UnixSeconds, limits::DOORSTEP_DAYS_MAX};

/// A conversation begins anew at a random time within this after an envelope did not open, so that the relay
/// does not learn which delivery caused it.
pub const ANEW_WITHIN_S: u64 = 3_600;
/// What is missing is asked for again at a random time within this, like a refill of stamps.
pub const ASK_WITHIN_S: u64 = 600;
/// One contact makes me do either of these at most this often.
pub const AGAIN_AFTER_S: u64 = 3_600;
/// So long the answer to a new beginning is awaited before there may be another.
pub const PATIENCE_S: u64 = 24 * 3_600;
/// After so long what nobody collected is gone from a doorstep.
pub const EXPIRES_S: u64 = DOORSTEP_DAYS_MAX as u64 * 86_400;
/// What one contact lacks is sealed again at most this often: a request is small, and its answer may be large.
pub const ANSWER_AFTER_S: u64 = 1_800;
/// Messages sealed again for one request; the rest is asked for by the next.
pub const ANSWER_MESSAGES_MAX: usize = 2_000;
/// A message is sealed again until it is this old, or answered.
pub const KEEP_S: u64 = 30 * 86_400;

/// When something that falls due at `now` shall happen: at a random time within `within_s`, and no sooner than
/// [`AGAIN_AFTER_S`] after the last time.
pub fn due(now: UnixSeconds, last: UnixSeconds, within_s: u64, random: u64) -> UnixSeconds {
    let earliest = now.0.max(last.0.saturating_add(AGAIN_AFTER_S));
    // A clock that went back does not put it off for ever.
    let earliest = if last.0 > now.0 { now.0 } else { earliest };
    UnixSeconds(earliest.saturating_add(random % (within_s + 1)))
}

/// A message of mine that the relay stored, in the order of sending.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SentMessage {
    /// Its row.
    pub id: i64,
    /// In which of my streams it stands.
    pub stream: [u8; 8],
    /// At which number.
    pub number: u64,
    /// Whether the other side's `seen` ever covered it.
    pub answered: bool,
}

/// What the other side lacks, as it told.
pub struct Lack<'a> {
    /// The stream of mine that it knows last, if it knows any.
    pub stream: Option<[u8; 8]>,
    /// Whether it lacks this number of that stream.
    pub lacks: &'a dyn Fn(u64) -> bool,
    /// Whether it began anew, and so may have forgotten what it answered.
    pub begins_anew: bool,
}

/// Which messages to seal again, in their order.
///
/// Of the stream it names, what it lacks. If it began anew: all of later streams, which it never saw or forgot,
/// and of earlier ones what was never answered; all of everything if it knows no stream of mine at all.
pub fn to_seal_again(sent: &[SentMessage], lack: &Lack<'_>) -> Vec<i64> {
    let named = |message: &SentMessage| Some(message.stream) == lack.stream;
    let (first, last) = (sent.iter().position(named), sent.iter().rposition(named));
    let wanted = |(place, message): (usize, &SentMessage)| {
        let wanted = match (first, last) {
            _ if named(message) => (lack.lacks)(message.number),
            _ if lack.stream.is_none() => lack.begins_anew,
            (Some(_), Some(last)) if place > last => lack.begins_anew,
            _ => lack.begins_anew && !message.answered,
        };
        wanted.then_some(message.id)
    };
    sent.iter().enumerate().filter_map(wanted).take(ANSWER_MESSAGES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_000_000);

    fn sent(id: i64, stream: u8, number: u64, answered: bool) -> SentMessage {
        SentMessage { id, stream: [stream; 8], number, answered }
    }

    fn history() -> Vec<SentMessage> {
        vec![
            sent(1, 1, 1, true),
            sent(2, 1, 2, false),
            sent(3, 2, 1, true),
            sent(4, 2, 2, true),
            sent(5, 2, 3, false),
            sent(6, 3, 1, true),
        ]
    }

    #[test]
    fn who_began_anew_gets_what_he_lacks_and_what_he_forgot() {
        let lack = Lack { stream: Some([2; 8]), lacks: &|number| number > 1, begins_anew: true };
        assert_eq!(to_seal_again(&history(), &lack), [2, 4, 5, 6]);
    }

    #[test]
    fn who_remembers_nothing_gets_everything_again() {
        let lack = Lack { stream: None, lacks: &|_| true, begins_anew: true };
        assert_eq!(to_seal_again(&history(), &lack), [1, 2, 3, 4, 5, 6]);
        // A stream of mine that is too old to be sealed again.
        let lack = Lack { stream: Some([9; 8]), lacks: &|_| true, begins_anew: true };
        assert_eq!(to_seal_again(&history(), &lack), [2, 5]);
    }

    #[test]
    fn a_gap_is_filled_and_nothing_else() {
        let lack = Lack { stream: Some([2; 8]), lacks: &|number| number == 2, begins_anew: false };
        assert_eq!(to_seal_again(&history(), &lack), [4]);
        let unknown = Lack { stream: Some([9; 8]), lacks: &|_| true, begins_anew: false };
        assert!(to_seal_again(&history(), &unknown).is_empty());
    }

    #[test]
    fn a_request_is_answered_within_bounds() {
        let many: Vec<_> = (1..10_000).map(|n| sent(n, 1, n.unsigned_abs(), false)).collect();
        let lack = Lack { stream: Some([1; 8]), lacks: &|_| true, begins_anew: false };
        assert_eq!(to_seal_again(&many, &lack).len(), ANSWER_MESSAGES_MAX);
    }

    #[test]
    fn one_contact_causes_little_work() {
        for random in [0, 1, u64::MAX] {
            let at = due(NOW, UnixSeconds(NOW.0 - 10), ANEW_WITHIN_S, random).0;
            assert!((NOW.0 + 3_590..=NOW.0 + 7_190).contains(&at));
            let at = due(NOW, UnixSeconds(0), ANEW_WITHIN_S, random).0;
            assert!((NOW.0..=NOW.0 + 3_600).contains(&at));
        }
        assert_eq!(due(NOW, UnixSeconds(NOW.0 + 999_999), ANEW_WITHIN_S, 0), NOW, "a clock that went back");
    }
}
