//! When a conversation begins anew, what is asked for again, and what is sealed again (DESIGN § 9.7).

use std::collections::BTreeMap;

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
    /// When the relay stored it, if it did.
    pub stored_at: Option<UnixSeconds>,
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
    /// Whether it asks for whatever followed in a stream that is not my present one: of those between the two it never
    /// heard, or has forgotten them.
    pub and_what_followed: bool,
    /// My present stream, once something was sealed in it.
    pub present: Option<[u8; 8]>,
}

/// Which messages to seal again, in their order.
///
/// Of the stream it names, what it lacks. If it began anew: all of later streams, which it never saw or forgot,
/// and of earlier ones what was never answered; all of everything if it knows no stream of mine at all. If it asks for
/// whatever followed, all of later streams but the present one, whose numbers show what is missing.
pub fn to_seal_again(sent: &[SentMessage], lack: &Lack<'_>) -> Vec<i64> {
    let mut began: BTreeMap<[u8; 8], UnixSeconds> = BTreeMap::new();
    for (stream, at) in sent.iter().filter_map(|message| Some((message.stream, message.stored_at?))) {
        began.entry(stream).and_modify(|began| *began = at.min(*began)).or_insert(at);
    }
    let named = lack.stream.and_then(|stream| began.get(&stream));
    let is_later =
        |stream: &[u8; 8]| named.zip(began.get(stream)).is_some_and(|(named, other)| other >= named);
    let wanted = |message: &SentMessage| {
        let of_others = lack.begins_anew || (lack.and_what_followed && Some(message.stream) != lack.present);
        match lack.stream {
            Some(stream) if stream == message.stream => (lack.lacks)(message.number),
            None => lack.begins_anew,
            Some(_) if is_later(&message.stream) => of_others,
            // It names one that ended longer ago than anything is kept, or that I have forgotten myself.
            Some(_) if named.is_none() => of_others,
            Some(_) => lack.begins_anew && !message.answered,
        }
    };
    sent.iter()
        .filter(|message| wanted(message))
        .map(|message| message.id)
        .take(ANSWER_MESSAGES_MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_000_000);
    const NOTHING: Lack<'_> =
        Lack { stream: None, lacks: &|_| false, begins_anew: false, and_what_followed: false, present: None };

    fn sent(id: i64, stream: u8, number: u64, answered: bool) -> SentMessage {
        let stored_at = Some(UnixSeconds(u64::from(stream) * 100 + number));
        SentMessage { id, stream: [stream; 8], number, stored_at, answered }
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
        let lack = Lack { stream: Some([2; 8]), lacks: &|number| number > 1, begins_anew: true, ..NOTHING };
        assert_eq!(to_seal_again(&history(), &lack), [2, 4, 5, 6]);
    }

    #[test]
    fn who_remembers_nothing_gets_everything_again() {
        let lack = Lack { stream: None, lacks: &|_| true, begins_anew: true, ..NOTHING };
        assert_eq!(to_seal_again(&history(), &lack), [1, 2, 3, 4, 5, 6]);
        // A stream of mine that is too old to be sealed again, or that I have forgotten.
        let lack = Lack { stream: Some([9; 8]), lacks: &|_| true, begins_anew: true, ..NOTHING };
        assert_eq!(to_seal_again(&history(), &lack), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_gap_is_filled_and_nothing_else() {
        let lack = Lack { stream: Some([2; 8]), lacks: &|number| number == 2, ..NOTHING };
        assert_eq!(to_seal_again(&history(), &lack), [4]);
        let unknown = Lack { stream: Some([9; 8]), lacks: &|_| true, ..NOTHING };
        assert!(to_seal_again(&history(), &unknown).is_empty());
    }

    /// What was asked for again in a stream that was forgotten stands between what never moved.
    #[test]
    fn who_asks_what_followed_gets_the_streams_between_that_and_the_present_one() {
        let moved = [
            sent(1, 1, 1, true),
            sent(2, 2, 1, true),
            sent(3, 1, 2, false),
            sent(4, 2, 2, false),
            sent(5, 3, 1, false),
        ];
        let beyond = |number| number > 1;
        let lack = Lack {
            stream: Some([1; 8]),
            lacks: &beyond,
            and_what_followed: true,
            present: Some([3; 8]),
            ..NOTHING
        };
        assert_eq!(to_seal_again(&moved, &lack), [2, 3, 4]);
        assert_eq!(to_seal_again(&moved, &Lack { and_what_followed: false, ..lack }), [3]);
        let anew = Lack { stream: Some([1; 8]), lacks: &beyond, begins_anew: true, ..NOTHING };
        assert_eq!(to_seal_again(&moved, &anew), [2, 3, 4, 5]);
        // Of the one that it names nothing is left where it was.
        let lack = Lack {
            stream: Some([9; 8]),
            lacks: &beyond,
            and_what_followed: true,
            present: Some([3; 8]),
            ..NOTHING
        };
        assert_eq!(to_seal_again(&moved, &lack), [1, 2, 3, 4]);
    }

    #[test]
    fn a_request_is_answered_within_bounds() {
        let many: Vec<_> = (1..10_000).map(|n| sent(n, 1, n.unsigned_abs(), false)).collect();
        let lack = Lack { stream: Some([1; 8]), lacks: &|_| true, ..NOTHING };
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
