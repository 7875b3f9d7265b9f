//! What a client does with its own identity, and what comes of it: [`JoinRequest`], [`Joined`], and the rest of its life.

use wire::{Address, HostPort, Invitation, Name, ShortFingerprint, UnixSeconds};

use crate::{ClientError, Language, Passphrase, Protection, Protector};

/// Where to register, and by what right.
#[derive(Clone, Debug)]
pub enum JoinAt {
    /// By invitation: the server's identity is inside it.
    Invitation(Invitation),
    /// At a server with open registration.
    Open {
        /// Where.
        at: HostPort,
        /// Its fingerprint; without one, the server met first is trusted from then on.
        server: Option<ShortFingerprint>,
    },
    /// Where my name is registered already, with the words that take it back: every key was lost.
    Recover {
        /// My address, as others know it.
        address: Address,
        /// The 24 words, English or French.
        words: Passphrase,
    },
}

/// What [`crate::Client::join`] needs to know.
#[derive(Clone, Debug)]
pub struct JoinRequest {
    /// Where, and by what right.
    pub at: JoinAt,
    /// The name to register; that of the invitation when absent.
    pub name: Option<Name>,
    /// How to keep the vault's key.
    pub protect: Protector,
    /// In which language the recovery words are.
    pub language: Language,
}

/// What [`crate::Client::join`] did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Joined {
    /// My full address.
    pub address: Address,
    /// The 24 words that bring the name back when everything else is lost. The vault keeps them until
    /// [`crate::Client::forget_recovery_words`] says that somebody has them. Empty where they took a name back: they stay
    /// as they were.
    pub recovery_words: Vec<String>,
    /// Whether the server was pinned by invitation or address (else: trusted on first use).
    pub server_pinned: bool,
    /// How the keys are kept.
    pub protection: Protection,
}

/// What [`crate::Client::rotate_identity`] did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rotated {
    /// My full address, with the new fingerprint.
    pub address: Address,
    /// How many times my key was replaced, in all.
    pub sequence: u32,
}

/// A name that was given up with [`crate::Client::release_name`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Released {
    /// The address that leads to nobody any more.
    pub address: Address,
    /// Since when; `None` while it is not brought to its end.
    pub at: Option<UnixSeconds>,
    /// Messages that had not left, and never will.
    pub unsent: u32,
}

/// What [`crate::Client::backup`] wrote, and found again when it read the file back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BackedUp {
    /// Contacts in it.
    pub contacts: u32,
    /// Messages in it, sent and received.
    pub messages: u32,
}

/// What [`crate::Client::restore`] brought back.
#[derive(Clone, Debug)]
pub struct Restored {
    /// My full address.
    pub address: Address,
    /// Contacts, each of whom is told that conversations begin anew.
    pub contacts: u32,
    /// Messages, sent and received.
    pub messages: u32,
    /// Why fresh keys are not published yet, if so: the next command does it.
    pub unreachable: Option<ClientError>,
}

/// What [`crate::Client::renew`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Renewed {
    /// Contacts who are told.
    pub contacts: u32,
}
