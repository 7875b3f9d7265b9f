//! The library that applications embed: an encrypted vault, a way to the server, and what people do with them.
//!
//! A [`Client`] is born by [`Client::join`], once, from an invitation; later programs [`Client::open`] the
//! same [`Profile`]. [`Client::add`] makes a [`Contact`]; [`Client::send`] commits a text to the outbox and
//! has the relay store it; [`Client::pull`] collects, commits, acknowledges, and hands out what is new.
//! Everything else looks at the vault. Every call blocks; one that cannot reach the server says so and loses
//! nothing. What goes wrong is a [`ClientError`], which knows its sentence, its remedy and its exit code.
//!
//! ```no_run
//! use client::{Client, Handled, Options, Profile, PullOptions, SendOptions, Unlock};
//! # fn main() -> Result<(), client::ClientError> {
//! let profile = Profile::named(None, "default")?;
//! let client = Client::open(&profile, &Unlock::KeyFile, Options::default())?;
//! client.send("bob", "the key is under the pot", &SendOptions::default())?;
//! client.pull(&PullOptions::default(), &mut |message| {
//!     println!("{}: {}", message.from, message.body.text().unwrap_or("(something newer)"));
//!     Handled::Yes
//! })?;
//! # Ok(()) }
//! ```
//!
//! SQLCipher clears itself away when a process ends by `exit` or by the end of `main`. A program whose threads may be
//! at a vault then joins them first, or ends by `_exit`, as `oub` does.

mod client;
mod contact;
mod desk;
mod doctor;
mod engine;
mod error;
mod fail_point;
mod file;
mod fraud;
mod identity;
mod keyring;
mod message;
mod notice;
mod options;
mod pairing;
mod pauses;
mod profile;
mod proxy;
mod public_log;
mod reconnect;
mod transport;
mod unlock;
mod vault;
mod world;

pub use client::Client;
pub use contact::{Allotment, Contact, ContactOverview, Language, SafetyNumber, Trust};
pub use desk::{Aside, Desk, Resident, SharedResident, Staying, Waited};
pub use doctor::{Check, Verdict};
pub use e2ee::{folded, pairing::PairingCodeError};
pub use engine::send::TEXT_BYTES_MAX;
pub use error::{ClientError, PairError, ProxyError, SaidError, phrase_in, shell_word, without_number};
pub use fail_point::FailPoint;
pub use file::{FileShown, FileState, Progress, ReceivedFile, check_file_length};
pub use fraud::Fraud;
pub use identity::{BackedUp, JoinAt, JoinRequest, Joined, Released, Renewed, Restored, Rotated};
pub use message::{
    AskOptions, Asked, Collected, ContactRequest, Declined, Direction, Handled, LogEntry, LogFrom, LogSearch,
    Marks, OutboxEntry, OutboxState, Place, PullOptions, PullSummary, QueuedReason, Quote, Received,
    ReceivedBody, SendOptions, Sent, SentState, Teller, Unhandled, Waiting,
};
pub use notice::{Missing, Notice, NoticeOfLog, SetAside};
pub use options::Options;
pub use pairing::{CalledOff, Paired, PairingBegun, PairingUnderWay};
pub use pauses::Pauses;
pub use profile::Profile;
pub use proxy::Proxy;
pub use public_log::{LogAudit, LogStanding, LogState, LogTrouble};
pub use transport::Pin;
pub use unlock::{Keyring, Passphrase, Protection, Protector, Unlock, VaultKey};
pub use world::{Dialled, Dialling, RealWorld, SharedWorld, Stream, World};
