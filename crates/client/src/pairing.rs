//! What callers see of a pairing.

use wire::UnixSeconds;

use crate::Contact;

/// A code that was just made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PairingBegun {
    /// For [`Client::finish_pairing`](crate::Client::finish_pairing).
    pub id: i64,
    /// To be told to the other person, as in `42-guitar-volcano`.
    pub code: String,
    /// At which server it is good, as in an address. Who has another types `CODE@HOST`.
    pub relay: String,
    /// Until when.
    pub until: UnixSeconds,
}

/// A code that waits for the other side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PairingUnderWay {
    /// For [`Client::finish_pairing`](crate::Client::finish_pairing).
    pub id: i64,
    /// The code.
    pub code: String,
    /// Whether it was made here.
    pub mine: bool,
    /// Until when.
    pub until: UnixSeconds,
}

/// Who knows of me after a code was called off; here there is no contact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CalledOff {
    /// Nobody.
    Unknown,
    /// My card left, or may have: whoever had the words has my address.
    PerhapsKnown,
}

/// Two people are paired.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Paired {
    /// The other one; verified, unless the key has changed since.
    pub contact: Contact,
}
