//! The registry of every domain-separation label (`spec/primitives.md § Labels`).

use core::fmt;

/// Names the one purpose for which some bytes are signed, hashed or derived from.
///
/// No label is a prefix of another, so `label ‖ anything` under one label is never
/// `label ‖ anything` under a second one, whatever follows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label(&'static str);

/// Defines the labels and, from the same lines, the list that the tests walk.
macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        impl Label {
            $($(#[$doc])* pub const $name: Label = Label($text);)*

            /// Every label there is, in the order of the specification's table.
            pub const ALL: &'static [Label] = &[$(Label::$name),*];
        }
    };
}

labels! {
    /// Begins every transcript that an identity or a recovery key signs.
    SIGNATURE = "oubliette/sig/1";
    /// Begins every transcript that a mailbox owner key signs.
    OWNER_SIGNATURE = "oubliette/owner-sig/1";

    /// Purpose: a record's body, by the identity key that it names (`sig_new`).
    RECORD = "oubliette/record/1";
    /// Purpose: a record's body, by the identity key of its predecessor (`sig_old`).
    RECORD_OLD = "oubliette/record-old/1";
    /// Purpose: a record's body, by the recovery key to which its predecessor committed.
    RECORD_RECOVERY = "oubliette/record-recovery/1";
    /// Purpose: a prekey bundle's body.
    BUNDLE = "oubliette/bundle/1";
    /// Purpose: the answer ROTATE to a challenge.
    CHALLENGE_ROTATE = "oubliette/challenge-rotate/1";
    /// Purpose: the answer RECOVER to a challenge.
    CHALLENGE_RECOVER = "oubliette/challenge-recover/1";
    /// Purpose: the answer TOMBSTONE to a challenge.
    CHALLENGE_TOMBSTONE = "oubliette/challenge-tombstone/1";
    /// Reserved: the proof of a registered person that publishes a bundle.
    PUBLISH = "oubliette/publish/1";
    /// Purpose, of an owner key: opening a mailbox.
    OPEN = "oubliette/open/1";
    /// Of a server's root key: naming the ledger key that acts for it.
    ENDORSEMENT = "oubliette/endorsement/1";
    /// Of a ledger key: the head of the ledger.
    TREE_HEAD = "oubliette/tree-head/1";

    /// SHA-256: an identity's fingerprint.
    IDENTITY_FINGERPRINT = "oubliette/identity/1";
    /// SHA-256: what a record commits to of its recovery key.
    RECOVERY_COMMITMENT = "oubliette/recovery-commitment/1";
    /// SHA-256: the hash of a record's body.
    RECORD_HASH = "oubliette/record-hash/1";
    /// SHA-256: the ledger's commitment to a record.
    LEDGER_COMMITMENT = "oubliette/ledger-commitment/1";
    /// Argon2id: a name as the ledger shows it.
    NAME_TAG = "oubliette/name-tag/1";
    /// SHA-256: which log and number a piece of gossip speaks of.
    GOSSIP = "oubliette/gossip/1";
    /// SHA-512: one side of a safety number.
    SAFETY_NUMBER = "oubliette/safety-number/1";
    /// SHA-512: the spoken words of a safety number, of both sides.
    SAFETY_WORDS = "oubliette/safety-words/1";

    /// BLAKE3: what the relay keeps of a voucher.
    VOUCHER = "oubliette/voucher/1";
    /// BLAKE3: by what a doorstep knows an envelope again.
    ENVELOPE_HASH = "oubliette/envelope-hash/1";
    /// BLAKE3: the puzzle of a busy doorstep.
    PUZZLE = "oubliette/puzzle/1";
    /// BLAKE3, keyed: a name as a storage key.
    NAME_KEY = "oubliette/name-key/1";
    /// BLAKE3, keyed: where a connection came from, in memory, for an hour.
    SOURCE = "oubliette/source/1";
    /// BLAKE3, keyed by K_o: the secret x of a stamp.
    STAMP_X = "oubliette/stamp/x";
    /// BLAKE3: the commitment c to a stamp's secret.
    STAMP_C = "oubliette/stamp/c";
    /// BLAKE3, keyed by K_m: the tag t by which the relay knows a stamp.
    STAMP_T = "oubliette/stamp/t";
    /// BLAKE3, key derivation: the key that binds a stamp to an envelope.
    STAMP_M = "oubliette/stamp/m";
    /// BLAKE3, keyed: the random order in which the stamps of a generation are handed out.
    STAMP_ORDER = "oubliette/stamp-order/1";

    /// HPKE: begins the info of every envelope.
    ENVELOPE = "oubliette/envelope/1";
    /// HKDF-SHA256: the recovery key's Ed25519 seed.
    RECOVERY_ED25519 = "oubliette/recovery-ed25519/1";
    /// HKDF-SHA256: the recovery key's ML-DSA-65 seed.
    RECOVERY_ML_DSA_65 = "oubliette/recovery-ml-dsa-65/1";
    /// SPAKE2: names the two sides of a pairing; BLAKE3, keyed: the randomness of one side's share.
    PAIRING_BEGINS = "oubliette/pairing-begins/1";
    /// The same, of who replies.
    PAIRING_REPLIES = "oubliette/pairing-replies/1";
    /// HKDF-SHA256: what both sides of a pairing derive; AEAD: additional data of a card.
    PAIRING = "oubliette/pairing/1";
    /// AEAD: additional data of a wrapped vault key.
    VAULT_KEY = "oubliette/vault-key/1";
    /// HKDF-SHA256: the key of one server backup.
    BACKUP = "oubliette/backup/1";
    /// TLS: the exporter that binds a proof to its connection.
    EXPORTER = "EXPORTER-oubliette";
}

impl Label {
    /// The label as text, for interfaces that ask for a string.
    pub const fn as_str(&self) -> &'static str {
        self.0
    }

    /// The label's bytes: ASCII, neither terminated nor preceded by its length.
    pub const fn as_bytes(&self) -> &'static [u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Label({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_is_a_prefix_of_another() {
        for (at, one) in Label::ALL.iter().enumerate() {
            for (other_at, other) in Label::ALL.iter().enumerate() {
                let apart = at == other_at || !other.as_bytes().starts_with(one.as_bytes());
                assert!(apart, "{one:?} begins {other:?}");
            }
        }
    }

    #[test]
    fn a_label_is_short_printable_ascii() {
        for label in Label::ALL {
            assert!((1..=64).contains(&label.as_bytes().len()), "{label:?}");
            assert!(label.as_bytes().iter().all(u8::is_ascii_graphic), "{label:?}");
        }
    }

    #[test]
    fn every_label_stands_in_the_specification() {
        let spec = include_str!("../../../spec/primitives.md");
        for label in Label::ALL {
            assert!(spec.contains(&format!("`{}`", label.as_str())), "spec/primitives.md lacks {label:?}");
        }
    }
}
