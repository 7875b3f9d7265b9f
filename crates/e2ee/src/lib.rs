//! Sealing and opening envelopes: Olm inside hybrid HPKE (`spec/e2ee.md`).
//!
//! The life of a [`Conversation`]. Alice fetches Bob's prekey bundle, has it checked by [`verify_bundle`], and
//! seals a HELLO to his doorstep with [`Conversation::seal_hello`]: an Olm pre-key message, her first
//! [`Offer`] and a [`ReplyPath`] with stamps. Bob, who was away, opens it with [`open_doorstep`] and accepts:
//! [`Conversation::seal`] now uses Alice's offer and carries his own. From then on every envelope is sealed
//! to the newest offer of the other side, and each offer is used, superseded and erased in turn.
//!
//! Nothing here reads a clock, a socket or a file, and nothing changes in place: each step takes `&self` and
//! returns the next state, which counts from the moment the caller has committed it. An envelope that does
//! not open therefore changes nothing.

pub mod account;
pub mod bundle;
pub mod content;
pub mod conversation;
pub mod doorstep;
pub mod hello;
pub mod kind;
pub mod offer;
pub mod pairing;
pub mod record_update;
pub mod reply_path;
pub mod resend;
pub mod safety_number;
pub mod said;
pub mod snapshot;
pub mod stamps;
pub mod unopened;
pub mod words;

#[cfg(test)]
mod disorder;
mod envelope;
mod fence;
mod numbering;
mod olm;
mod open;
mod outgoing;
#[cfg(test)]
mod revealed;
mod seal;
mod series;
mod session;
mod sizes;
#[cfg(test)]
mod vectors;

// The tests' cast of persons names this crate as its users do.
#[cfg(test)]
extern crate self as e2ee;
#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod common;

pub use account::Account;
pub use bundle::{BundleError, VerifiedBundle, verify_bundle};
pub use content::{Content, ContentError, MessageId, Seen, StreamId};
pub use conversation::{Conversation, HELLOS_MAX};
pub use doorstep::{DoorstepOpened, OpenedHello, open_doorstep};
pub use hello::HelloIntro;
pub use kind::Kind;
pub use offer::Offer;
pub use open::{OpenError, Opened};
pub use outgoing::{Outgoing, Placed, SealError, Sealed};
pub use record_update::RecordUpdate;
pub use reply_path::ReplyPath;
pub use resend::Resend;
pub use safety_number::{SafetyNumber, Side};
pub use seal::BODY_BYTES_MAX;
pub use snapshot::SnapshotError;
pub use stamps::{BadStamp, Mint, authorise};
pub use unopened::EnvelopeHash;
pub use words::{Language, WordsError, folded, recovery_entropy, recovery_words};
