//! What a load shape needs of a protocol: the relay's and the raw relay's clients both are one.

use crate::Failure;
use bytes::Bytes;
use proto::Now;

/// One end of a connection without I/O, as the load shapes drive it.
pub trait Machine {
    /// Sends the next prepared deposit; `false` while too many are unanswered or none is left.
    fn deposit(&mut self, now: Now) -> Result<bool, Failure>;
    /// Asks for what waits, and with `follow` for what comes later.
    fn collect(&mut self, now: Now, follow: bool) -> Result<(), Failure>;
    /// Lets go of everything delivered so far, if there is room for one more question.
    fn ack(&mut self, now: Now) -> Result<(), Failure>;
    /// Asks whether the relay is there.
    fn ping(&mut self, now: Now) -> Result<(), Failure>;
    /// Takes bytes from the relay.
    fn input(&mut self, now: Now, bytes: &[u8]);
    /// The next bytes for the relay.
    fn output(&mut self) -> Option<Bytes>;
    /// What happened next.
    fn happened(&mut self) -> Result<Option<Happened>, Failure>;
}

/// What load shapes count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Happened {
    /// The oldest unanswered deposit is safe.
    Stored,
    /// One envelope came.
    Delivered,
    /// So many envelopes are let go since the connection began.
    Acked(usize),
    /// Nothing more waits.
    Drained,
    /// Something that nobody counts.
    Other,
}
