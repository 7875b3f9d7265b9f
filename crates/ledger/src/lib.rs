//! The public log of whose key is whose at one relay (`spec/ledger.md`), without I/O.
//!
//! A relay appends a [`Leaf`](wire::Leaf) for every change of a record to a [`Tree`], and signs its [`head`]. A client
//! [`replay`]s all of it: whatever does not follow from what it had before is a [`Trouble`]. Two people compare by
//! [`Gossip`] what they were shown, and two heads that no honest log can have both are a [`FraudProof`].

mod fraud;
mod gossip;
pub mod head;
mod leaf;
mod replay;
mod tree;

pub use fraud::{FraudError, FraudProof};
pub use gossip::Gossip;
pub use head::{Endorsement, HeadError};
pub use leaf::{commits_to, heartbeat, of_record, restored};
pub use replay::{Replay, Trouble, replay};
pub use tree::{Hash, Subtrees, Tree, consistency, follows, root_of};
