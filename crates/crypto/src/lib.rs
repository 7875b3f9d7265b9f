//! The only crate that names an algorithm.
//!
//! Everything here works on byte arrays: what a key belongs to, and what a message says, is known one
//! layer up. Time does not occur, and randomness is passed in, so the same inputs give the same bytes.
//!
//! A person's identity begins as two seeds, [`IdentitySecret`]; others hold its [`PublicIdentity`] and
//! know it by its fingerprint. It signs keys and records, each under a [`Label`] of its own, and never a
//! message. Messages are sealed to an [`XWingSecret`]'s public half ([`seal_base`] for first contact,
//! [`seal_psk`] ever after). Mailboxes are owned by an [`OwnerSecret`], and filled with stamps
//! ([`stamp_secret`] and its kin). The normative text is `spec/primitives.md`; its cases stand in
//! `vectors/crypto`.
//!
//! ```
//! use crypto::{IdentitySecret, Label};
//!
//! let alice = IdentitySecret::from_seeds([1; 32], [2; 32]);
//! let signature = alice.sign(Label::BUNDLE, b"a bundle");
//! assert!(alice.public().verify(Label::BUNDLE, b"a bundle", &signature).is_ok());
//! assert!(alice.public().verify(Label::RECORD, b"a bundle", &signature).is_err());
//! ```

mod aead;
mod argon;
mod compare;
mod ed25519;
mod hash;
mod hpke;
mod identity;
mod label;
mod ledger;
mod mailbox;
mod pairing;
mod puzzle;
mod recovery;
mod safety_number;
mod secret;
mod signature;
mod stamp;
mod stream;
mod xwing;

pub use crate::aead::{UnwrapKeyError, open_key, seal_key};
pub use crate::argon::{name_tag, passphrase_key};
pub use crate::compare::{Same, equal};
pub use crate::ed25519::BadKey;
pub use crate::hash::{
    Sha256Stream, envelope_hash, keyed, keyed_name, record_hash, sha256, sha512, voucher_hash,
};
pub use crate::hpke::{
    OpenError, SealError, Sealed, is_envelope_key, open_base, open_psk, seal_base, seal_psk,
};
pub use crate::identity::{IdentitySecret, PUBLIC_IDENTITY_BYTES, PublicIdentity};
pub use crate::label::Label;
pub use crate::ledger::{
    endorsement_message, gossip_log, is_root_of, leaf_hash, ledger_commitment, node_hash, server_id_of_root,
    tree_head_message, verify_ledger,
};
pub use crate::mailbox::{OwnerSecret, check_owner_key, verify_owner};
pub use crate::pairing::{BadShare, PairingKeys, PairingSide, WrongWords, agree_on_pairing, pairing_share};
pub use crate::puzzle::{puzzle_ok, solve_puzzle};
pub use crate::safety_number::{SAFETY_NUMBER_VERSION, SafetyHalf, SafetyNumber, safety_half};
pub use crate::secret::Secret;
pub use crate::signature::{BadSignature, COMPOSITE_SIGNATURE_BYTES, CompositeSignature};
pub use crate::stamp::{deposit_mac, stamp_commitment, stamp_secret, stamp_tag};
pub use crate::stream::{
    BadStream, STREAM_CHUNK_BYTES, STREAM_TAG_BYTES, StreamOpener, StreamSealer, backup_key,
};
pub use crate::xwing::{XWING_ENC_BYTES, XWING_PUBLIC_BYTES, XWingSecret};
