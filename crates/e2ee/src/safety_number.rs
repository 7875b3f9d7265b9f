//! The safety number: what two people compare to know that nobody stands between them.

use crate::Language;
use crypto::{SAFETY_NUMBER_VERSION, safety_half};
use wire::{IdentityFingerprint, Name, ServerId};

/// One of the two people.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Who, by key.
    pub fingerprint: IdentityFingerprint,
    /// Who, by name.
    pub name: &'a Name,
    /// At which server.
    pub server_id: ServerId,
}

/// The same for both people, in digits for reading and words for speaking.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SafetyNumber(crypto::SafetyNumber);

impl SafetyNumber {
    /// Takes some milliseconds; the order of the sides does not matter.
    pub fn between(one: &Side<'_>, other: &Side<'_>) -> Self {
        let half = |side: &Side<'_>| {
            let fingerprint = side.fingerprint.as_bytes();
            safety_half(SAFETY_NUMBER_VERSION, fingerprint, side.name.as_str(), side.server_id.as_bytes())
        };
        Self(crypto::SafetyNumber::of(half(one), half(other)))
    }

    /// 60 digits in twelve groups of five.
    pub fn digits(&self) -> String {
        let digits = self.0.digits();
        let groups: Vec<&str> =
            (0..digits.len()).step_by(5).filter_map(|at| digits.get(at..at + 5)).collect();
        groups.join(" ")
    }

    /// Ten words; each language says the same 110 bits.
    pub fn words(&self, language: Language) -> [&'static str; 10] {
        self.0.word_indices().map(|index| language.word(index))
    }
}
