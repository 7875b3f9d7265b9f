//! What callers see of a contact.

use wire::{Address, UnixSeconds};

use crate::LogEntry;

pub use client_core::allotment::Allotment;
pub use client_core::contact::Trust;

/// A person that I may write to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contact {
    /// My name for this person; the registered name unless I chose another.
    pub alias: String,
    /// The full address, with both fingerprints.
    pub address: Address,
    /// What is known of the key.
    pub trust: Trust,
    /// Whether I blocked this person: nothing is shown, nothing is sent.
    pub blocked: bool,
    /// Whether I may write to the other side's inbox: it wrote to me or answered me.
    pub connected: bool,
    /// Unused stamps of theirs that I hold.
    pub stamps: u32,
    /// Stamps of mine in their hands that the relay was told to cross off after a flood: what comes with these
    /// never arrives, and the sender is not told.
    pub crossed_off: u32,
    /// Seconds after which the texts of both disappear; 0: never. Agreed, not enforceable.
    pub timer_s: u32,
    /// Whether they are told what was read here.
    pub receipts: bool,
    /// How many stamps of mine they may have in hand.
    pub allotment: Allotment,
    /// When they were first seen to have given the name up: nothing is sent to them any more.
    pub given_up_at: Option<UnixSeconds>,
}

/// A contact, and what is new.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContactOverview {
    /// The contact.
    pub contact: Contact,
    /// Messages that nobody handled.
    pub unread: u32,
    /// The last line of the history.
    pub last: Option<LogEntry>,
}

/// What two people compare, over the phone or side by side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SafetyNumber {
    /// Sixty digits in twelve groups of five, with single spaces.
    pub digits: String,
    /// Ten words for speaking.
    pub words: Vec<String>,
    /// One line for a QR code: both fingerprints in full, and the digits (`spec/safety-number.md § Code`).
    pub code: String,
    /// The full fingerprint of the contact's key that it is for.
    pub fingerprint: [u8; 32],
}

/// Of a word list, or of sentences.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Language {
    /// English; of words, those of BIP39.
    #[default]
    English,
    /// French; of words, those of BIP39.
    French,
}

impl From<Language> for e2ee::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::English => Self::English,
            Language::French => Self::French,
        }
    }
}
