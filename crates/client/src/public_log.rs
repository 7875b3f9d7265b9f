//! How it stands with the public logs of keys (`spec/ledger.md`), for whoever asks.

use std::path::PathBuf;

use wire::{HostPort, ServerId, UnixSeconds};

use crate::{Language, error::both};

/// What is wrong with the log of a server: no new key is taken from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogTrouble {
    /// It has fewer leaves than before, or none any more.
    WentBack,
    /// It is not the one that was shown before, grown.
    Forked,
    /// Its head is not signed by the server.
    NotSigned,
    /// The server signed two histories; the proof is kept.
    Fraud,
}

impl LogTrouble {
    /// What was seen, in a sentence.
    pub fn why_in(self, language: Language) -> String {
        match self {
            LogTrouble::WentBack => both!(
                language,
                "it has fewer entries than before, and does not say that it went back",
                "il contient moins d'entrées qu'avant, et ne dit pas qu'il est revenu en arrière"
            ),
            LogTrouble::Forked => both!(
                language,
                "it is not the log of before with new entries, but another one",
                "ce n'est pas le journal d'avant avec de nouvelles entrées, mais un autre"
            ),
            LogTrouble::Fraud => both!(
                language,
                "the server signed two histories; the proof is kept here until you remove it",
                "le serveur a signé deux histoires ; la preuve est gardée ici jusqu'à ce que vous l'enleviez"
            ),
            LogTrouble::NotSigned => {
                both!(language, "it is not signed by the server", "il n'est pas signé par le serveur")
            }
        }
    }
}

impl From<ledger::Trouble> for LogTrouble {
    fn from(trouble: ledger::Trouble) -> Self {
        match trouble {
            ledger::Trouble::WentBack => LogTrouble::WentBack,
            ledger::Trouble::Forked => LogTrouble::Forked,
            ledger::Trouble::NotSigned => LogTrouble::NotSigned,
        }
    }
}

/// How it stands with one log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogState {
    /// Replayed whole, and all of it fits.
    Good,
    /// The same, and its last leaf is older than two days.
    Silent,
    /// Known of, and not replayed yet.
    Unread,
    /// Something is wrong.
    Trouble(LogTrouble),
}

/// The log of one server, as this client has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogStanding {
    /// Whose.
    pub server_id: ServerId,
    /// Where.
    pub server: HostPort,
    /// Whether it is my own server.
    pub mine: bool,
    /// How it stands.
    pub state: LogState,
    /// Since when something is wrong.
    pub since: Option<UnixSeconds>,
    /// Leaves replayed.
    pub leaves: u64,
    /// How often the relay said that it went back.
    pub restored: u32,
    /// The root of these leaves.
    pub root: Option<[u8; 32]>,
    /// When the relay signed that.
    pub head_time: Option<UnixSeconds>,
    /// When the last leaf was written.
    pub written_at: Option<UnixSeconds>,
    /// When it was replayed last.
    pub replayed_at: Option<UnixSeconds>,
    /// The newest leaf of my own name that I did not make.
    pub not_mine: Option<u64>,
    /// When the relay last said that it went back.
    pub restored_at: Option<UnixSeconds>,
    /// A proof that it signed two histories.
    pub fraud: Option<PathBuf>,
}

/// What checking all of a log again, from what is kept of it, found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogAudit {
    /// Where.
    pub server: HostPort,
    /// Leaves whose rules and root hold.
    pub leaves: u64,
    /// Their root.
    pub root: [u8; 32],
    /// How often the relay said that it went back.
    pub restored: u32,
    /// Where the newest leaf of my own name stands, where this is my server.
    pub my_leaf: Option<u64>,
    /// Contacts whose key is the newest one in the log.
    pub agree: u32,
    /// Those whose key is in the log, and a newer one behind it: they are looked up before the next message.
    pub changed: Vec<String>,
    /// Those whose key is not there.
    pub differ: Vec<String>,
}
