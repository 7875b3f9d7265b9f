//! What a leaf says (`spec/ledger.md § Leaf`).

use wire::{Commitment, CommitmentNonce, Leaf, LeafKind, NameTag, RecordHash};

/// The leaf of a record.
pub fn of_record(
    kind: LeafKind,
    tag: NameTag,
    prev_index: u64,
    nonce: &CommitmentNonce,
    record: &RecordHash,
    time: u32,
) -> Leaf {
    Leaf { kind, tag, prev_index, commitment: commitment(nonce, record), time }
}

/// The leaf of a day on which nothing happened.
pub fn heartbeat(time: u32) -> Leaf {
    Leaf {
        kind: LeafKind::Heartbeat,
        tag: NameTag([0; 32]),
        prev_index: Leaf::NONE,
        commitment: Commitment([0; 32]),
        time,
    }
}

/// The leaf of a relay that went back: so many leaves stand as they were, and this is their root.
pub fn restored(stand: u64, root: [u8; 32], time: u32) -> Leaf {
    Leaf {
        kind: LeafKind::Restored,
        tag: NameTag(root),
        prev_index: stand,
        commitment: Commitment([0; 32]),
        time,
    }
}

/// Whether a leaf is of this name and commits to this record.
pub fn commits_to(leaf: &Leaf, tag: &NameTag, nonce: &CommitmentNonce, record: &RecordHash) -> bool {
    !matches!(leaf.kind, LeafKind::Other(_))
        && leaf.tag == *tag
        && leaf.commitment == commitment(nonce, record)
}

fn commitment(nonce: &CommitmentNonce, record: &RecordHash) -> Commitment {
    Commitment(crypto::ledger_commitment(&nonce.0, &record.0))
}
