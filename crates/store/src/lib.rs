//! Mailboxes and the directory on stable storage (`spec/mailbox.md`, `spec/storage.md`).
//!
//! A deposit's life: it arrives in a batch of whatever was waiting, is judged in order against stamps,
//! allowance and quota, is written with its spent stamp (or doorstep retry hash) in **one** atomic batch,
//! synced **once**, and only then does [`MailboxStore::deposit`] return — so an outcome in hand *is* the
//! proof of storage. Its owner [`collect`](MailboxStore::collect)s it as often as he likes and
//! [`ack`](MailboxStore::ack)s it once; what nobody acks, [`sweep`](MailboxStore::sweep) lets expire.
//!
//! All rules live once, in [`Engine`], over a shelf of ordered tables: [`MemoryStore`] has it on plain maps,
//! [`EmbeddedStore`], the default, in one directory on fjall. Both pass [`conformance`], the suite that
//! says in code what the spec says in words, and that a cluster engine of its own make will have to pass.
//!
//! Time comes in as a [`Day`](wire::Day) or [`UnixSeconds`](wire::UnixSeconds); no engine reads a clock.

mod backup;
mod begin;
mod bundles;
mod codec;
pub mod conformance;
mod deposit;
mod directory;
mod embedded;
mod ended;
mod engine;
mod foreign;
mod forget;
mod former;
mod front;
mod gate;
mod house;
mod keyspaces;
mod ledger;
mod mailbox;
mod mailboxes;
mod memory;
mod opening;
mod operator;
mod options;
mod outcome;
mod request;
mod salvage;
mod scratch;
mod shelf;
mod sweep;
mod traits;

pub use backup::{BadRow, Frozen, LeftOut, Place, Rebuild, RebuildError, Row};
pub use directory::{Invite, NameState, NamesFound, Suspension};
pub use embedded::EmbeddedStore;
pub use engine::Engine;
pub use foreign::ForeignRow;
pub use former::{Former, Upgraded};
pub use memory::MemoryStore;
pub use opening::OpenError;
pub use options::Options;
pub use outcome::*;
pub use request::*;
pub use salvage::{SalvageError, Salvaged};
pub use traits::{DirectoryStore, LedgerStore, MailboxStore, OperatorStore, ROWS_AT_ONCE, Store};
