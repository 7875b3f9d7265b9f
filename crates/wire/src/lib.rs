//! Bytes to typed frames and back (`spec/wire.md`).
//!
//! A [`Frame`] is born from bytes in a [`Deframer`], which knows only lengths. [`Frame::decode`] turns its
//! body into a [`Request`], [`Response`] or [`Notice`] — or into a [`DecodeError`], never into a panic. Every
//! value has one encoding; trailing bytes are refused; nothing here allocates more than a frame's length.
//!
//! ```
//! use wire::request::Lookup;
//! use wire::{Deframer, Frame, Name, RequestId};
//!
//! let asked = Frame::request(RequestId(1), Lookup { name: Name::parse("alice")?, seq: None });
//!
//! let mut deframer = Deframer::new();
//! deframer.extend(&asked.encode());
//! while let Some(raw) = deframer.next_frame()? {
//!     assert_eq!(Frame::decode(&raw)?, asked);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod address;
mod base32;
pub mod bundle;
pub mod codec;
pub mod deframer;
pub mod envelope;
pub mod frame;
mod host;
pub mod id;
pub mod invitation;
pub mod kind;
pub mod leaf;
pub mod limits;
pub mod name;
pub mod pairing;
mod plain;
pub mod record;
pub mod refusal;
pub mod request;
mod request_codec;
pub mod response;
mod response_codec;
pub mod stamp;
pub mod version;

pub use address::{Address, Pins, ShortFingerprint};
pub use bundle::{BundleBody, PrekeyBundle};
pub use codec::{DecodeError, Reader, Wire, Writer};
pub use deframer::{DeframeError, Deframer};
pub use envelope::{Envelope, EnvelopeSize, EnvelopeSizeError};
pub use frame::{Body, Frame, RawFrame};
pub use id::*;
pub use invitation::Invitation;
pub use leaf::{Commitment, Leaf, LeafKind, NameTag};
pub use name::{HostError, HostPort, Name, NameError};
pub use pairing::{
    PairingCard, PairingConfirmation, PairingKey, PairingMove, PairingNumber, PairingShare, PairingStep,
    SealedCard, Settlement,
};
pub use record::{Authority, IdentityRecord, RecordBody, TreeHead};
pub use refusal::{Puzzle, Refusal, RefusalKind};
pub use request::Request;
pub use response::{Notice, Response};
pub use stamp::{DepositAuth, PuzzleSolution, Stamp};
pub use version::{ConnectionKind, PROTOCOL_VERSION, VersionRange};
