//! What is known of a contact's key, and what a newly seen key means (DESIGN § 9.9, P6).

use serde::{Deserialize, Serialize};
use wire::{IdentityFingerprint, RecordHash};

/// What is known of a contact's key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Trust {
    /// Nobody compared safety numbers.
    Unverified,
    /// The person compared safety numbers for this key.
    Verified,
    /// Verified before this key, which the old key signed: worth comparing again, blocks nothing.
    VerifiedBefore,
    /// Another key appeared that the old one did not sign: nothing is sealed until the person decides.
    Changed,
}

impl Trust {
    /// Whether something may be sealed to this contact.
    pub fn allows_sealing(self) -> bool {
        self != Trust::Changed
    }

    /// Whether the person compared this very key.
    pub fn is_verified(self) -> bool {
        self == Trust::Verified
    }

    /// The word that people read.
    pub fn word(self) -> &'static str {
        match self {
            Trust::Unverified => "unverified",
            Trust::Verified => "verified",
            Trust::VerifiedBefore => "verified before this key",
            Trust::Changed => "changed",
        }
    }
}

/// The record that a contact is pinned to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pin {
    /// Sequence number of the record.
    pub seq: u32,
    /// Hash of its body.
    pub hash: RecordHash,
    /// Its identity.
    pub identity: IdentityFingerprint,
}

/// How a newly seen record relates to the pinned one, once signatures were checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Succession {
    /// Every record from the pinned one on is signed by its predecessor's identity key.
    SignedByOld,
    /// The pinned record is followed, but some step is signed by the recovery key alone: the old key is void.
    Recovered,
    /// It does not follow the pinned record.
    NotSignedByOld,
}

/// What to do about a record that was looked up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Judgement {
    /// It is the pinned record.
    Same,
    /// Pin the new record and go on, with this trust.
    Follow(Trust),
    /// Stop: set this trust, seal nothing.
    Stop(Trust),
}

/// Judges a looked-up record against the pinned one.
///
/// A server that shows an older record than the pinned one is judged like one that shows a foreign key:
/// following it would undo a rotation.
pub fn judge(pin: &Pin, seen: &Pin, succession: Succession, trust: Trust) -> Judgement {
    if seen == pin {
        return if trust.allows_sealing() { Judgement::Same } else { Judgement::Stop(Trust::Changed) };
    }
    let forward = seen.seq > pin.seq;
    match (forward, succession) {
        (true, Succession::SignedByOld) if trust.allows_sealing() => Judgement::Follow(after_rotation(trust)),
        _ => Judgement::Stop(Trust::Changed),
    }
}

fn after_rotation(trust: Trust) -> Trust {
    match trust {
        Trust::Verified | Trust::VerifiedBefore => Trust::VerifiedBefore,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(seq: u32, tag: u8) -> Pin {
        Pin { seq, hash: RecordHash([tag; 32]), identity: IdentityFingerprint([tag; 32]) }
    }

    #[test]
    fn a_signed_rotation_is_followed_and_noted() {
        let judged = judge(&pin(0, 1), &pin(1, 2), Succession::SignedByOld, Trust::Verified);
        assert_eq!(judged, Judgement::Follow(Trust::VerifiedBefore));
        let judged = judge(&pin(0, 1), &pin(1, 2), Succession::SignedByOld, Trust::Unverified);
        assert_eq!(judged, Judgement::Follow(Trust::Unverified));
    }

    #[test]
    fn an_unsigned_change_stops_sealing() {
        let judged = judge(&pin(0, 1), &pin(1, 2), Succession::NotSignedByOld, Trust::Verified);
        assert_eq!(judged, Judgement::Stop(Trust::Changed));
    }

    #[test]
    fn an_older_or_parallel_record_stops_sealing() {
        for seq in [0, 1] {
            let judged = judge(&pin(1, 1), &pin(seq, 2), Succession::SignedByOld, Trust::Unverified);
            assert_eq!(judged, Judgement::Stop(Trust::Changed));
        }
    }

    #[test]
    fn a_change_once_seen_does_not_heal_by_itself() {
        assert_eq!(
            judge(&pin(0, 1), &pin(0, 1), Succession::SignedByOld, Trust::Changed),
            Judgement::Stop(Trust::Changed)
        );
    }
}
