//! Every signed object of the protocol: what exactly is signed, by whom, and how it is checked.
//!
//! The bytes are those of `spec/directory.md § Transcripts`. Nothing here signs bytes that came from
//! elsewhere: a message is always built from typed parts on this side, and no two of them share a label.

mod bundle;
mod proof;
mod record;

pub use bundle::{BundleError, sign_bundle, verify_bundle_signature};
pub use proof::{
    ProofError, challenge_label, challenge_message, open_proof_message, sign_challenge, sign_open,
    verify_challenge, verify_open,
};
pub use record::{
    Change, RecordError, authority_of, identity_of, is_tombstone, record_hash, sign_first, sign_recovery,
    sign_rotation, sign_tombstone, verify_first, verify_next, verify_own,
};
