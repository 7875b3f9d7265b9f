//! What can go wrong, in sentences: what happened, why, at what risk, and what to do, in English and in French.

mod both;
mod pair;
mod pair_words;
mod phrases;
mod proxy;
mod refusal;
mod remedy;
mod said;
mod said_words;
mod shell_word;
mod what;
mod why;

use std::path::PathBuf;

use wire::RefusalKind;

pub(crate) use both::both;
pub use pair::PairError;
pub use phrases::{phrase_in, without_number};
pub use proxy::ProxyError;
pub(crate) use refusal::refusal_sentence;
pub use said::SaidError;
pub use shell_word::shell_word;

use crate::{LogTrouble, Protection, QueuedReason, transport::LATE};

/// Why an operation of [`crate::Client`] did not succeed.
///
/// Every variant has an exit code and a stable code for manuals and scripts; its `Display` is
/// [`ClientError::what`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ClientError {
    /// An invariant of this program does not hold.
    Unexpected {
        /// Where; never holds a key or a text.
        place: &'static str,
    },
    /// The server does not speak as the protocol says.
    Protocol {
        /// Which server.
        host: String,
        /// What was wrong.
        reason: &'static str,
    },
    /// A file that does not show that a server signed two histories.
    NoFraud {
        /// Which file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Neither `HOME` nor `XDG_DATA_HOME` is set.
    NoHome,
    /// A profile's name that cannot be a folder's name.
    ProfileName,
    /// No contact has this alias.
    NoSuchContact {
        /// What was asked for.
        alias: String,
        /// The contact who may have been meant.
        near: Option<String>,
    },
    /// No request has this label.
    NoSuchRequest {
        /// What was asked for.
        label: String,
    },
    /// The alias belongs to another contact.
    AliasTaken {
        /// Which.
        alias: String,
    },
    /// An alias is 1–64 characters without control characters.
    BadAlias,
    /// The invitation does not say a name, and none was given.
    NameNeeded,
    /// The address is one's own.
    OwnAddress,
    /// A text beyond what one envelope takes.
    TooLong {
        /// Its bytes.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// An idempotency key must be 1–255 bytes.
    BadIdempotencyKey,
    /// The key was used for another contact or text.
    IdempotencyConflict,
    /// Something about a message or a file.
    Said(SaidError),
    /// Something about a pairing.
    Pair(PairError),
    /// Something about the proxy.
    Proxy(ProxyError),

    /// No connection, or it broke.
    Unreachable {
        /// Which server.
        host: String,
        /// What the system said.
        reason: String,
    },
    /// The server asks to come back later.
    Busy {
        /// Which server.
        host: String,
        /// After how many seconds, if it said.
        retry_after_s: Option<u32>,
    },
    /// A name changed its key more often than is checked at once.
    LongChain {
        /// Whose.
        name: String,
        /// How many changes are checked at once.
        links: u32,
    },
    /// Not stored, and not kept, as asked for.
    NotQueued {
        /// Why it could not be stored.
        reason: Box<QueuedReason>,
    },
    /// Refused by a mailbox that takes nothing now, and not kept, as asked for.
    NotTaken {
        /// Why it could not be stored.
        reason: Box<QueuedReason>,
    },
    /// The server refused a message, and will whenever it comes again.
    RefusedForGood {
        /// What it said.
        reason: String,
    },
    /// The server has no mailbox of mine any more, and no voucher is left for another.
    NoVoucher,
    /// The public log of keys of a server is signed for a time that is yet to come: one of two clocks is wrong.
    LogAhead {
        /// Which server.
        host: String,
    },
    /// Another client of this identity took the mailbox over.
    Superseded,
    /// Another process on this vault collects.
    CollectorBusy,
    /// Another process on this vault hands messages out.
    HandingBusy,
    /// Another process keeps the vault.
    VaultBusy,

    /// The invitation is not valid for this name.
    InvitationRefused,
    /// The name belongs to somebody.
    NameTaken {
        /// Which.
        name: String,
    },
    /// The server knows no such name.
    NoSuchName {
        /// Which.
        name: String,
        /// Where.
        host: String,
    },
    /// The key of a name signed that the name is given up.
    GivenUp {
        /// Which.
        name: String,
        /// Where.
        host: String,
    },
    /// The contact is blocked by me.
    Blocked {
        /// Who.
        alias: String,
    },
    /// The contact has published nothing to write to.
    NoBundle {
        /// Who.
        alias: String,
    },
    /// A refusal without a sentence of its own.
    Refused {
        /// Which server.
        host: String,
        /// Its number.
        kind: RefusalKind,
    },

    /// The server's root key is not the pinned one, or its certificates do not follow from it.
    WrongServer {
        /// Which server.
        host: String,
    },
    /// A contact's key changed, unsigned by the old key.
    KeyChanged {
        /// Whose.
        alias: String,
    },
    /// A request of a contact's former key.
    FormerKey {
        /// Whose.
        alias: String,
        /// Which request.
        label: String,
    },
    /// Verification was asked for and has not happened.
    NotVerified {
        /// Who.
        alias: String,
    },
    /// The record found is not that of the address's fingerprint.
    WrongIdentity {
        /// Whose.
        name: String,
        /// Where.
        host: String,
    },
    /// A signed object does not verify.
    BadSignature {
        /// Whose.
        name: String,
        /// Where.
        host: String,
    },

    /// Something is wrong with the public log of keys of a server: no new key is taken from it.
    LogTrouble {
        /// Which server.
        host: String,
        /// What.
        trouble: LogTrouble,
    },
    /// A key that the public log of its server does not have as the newest of its name.
    NotInLog {
        /// Whose.
        name: String,
        /// Where.
        host: String,
    },

    /// No identity in this folder.
    NoIdentity {
        /// Where.
        dir: PathBuf,
    },
    /// Join began and did not end.
    JoinUnfinished,
    /// An identity is here already.
    AlreadyJoined {
        /// Which.
        address: String,
    },
    /// The vault's key needs a passphrase.
    PassphraseNeeded,
    /// The passphrase or key file does not open the vault.
    WrongPassphrase,
    /// The key file is missing or damaged.
    WrongKeyFile {
        /// Which file.
        path: PathBuf,
    },
    /// No keyring answers: not installed, no session, refused.
    KeyringUnusable {
        /// What it said; never a secret.
        reason: String,
    },
    /// The keyring did not answer in time.
    KeyringSilent {
        /// How long it was waited for.
        seconds: u64,
    },
    /// The keyring has no such entry, or stays locked.
    KeyringEmpty {
        /// The entry's name, which is no secret.
        entry: String,
    },
    /// The keyring gives something else.
    KeyringWrong {
        /// The entry's name, which is no secret.
        entry: String,
    },
    /// The key is kept in another way than the caller brings.
    OtherProtector {
        /// What was chosen at join.
        chosen: Protection,
    },
    /// Others may read what is ours.
    LaxPermissions {
        /// Which file or folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// The mode it should have.
        wanted: u32,
    },
    /// The vault was written by a newer version.
    NewerVault {
        /// Its version.
        found: u32,
        /// The highest understood.
        known: u32,
        /// The vault as it was before the upgrade, which is understood.
        former: Option<PathBuf>,
    },
    /// 24 words of one of the lists, with their check.
    NotRecoveryWords,
    /// The words of another name, or of before they were changed.
    WrongRecoveryWords {
        /// Which name.
        name: String,
    },
    /// The name's record changed while it was being taken back.
    NameChanged {
        /// Which name.
        name: String,
    },
    /// My name was given up here.
    NameReleased {
        /// Which.
        name: String,
    },
    /// Giving my name up was begun and not brought to its end.
    ReleaseUnfinished {
        /// Which.
        name: String,
    },
    /// Another copy of this identity did something that this one does not know of.
    OtherCopy,
    /// The key of this vault was replaced by another.
    SupersededKey {
        /// My name.
        name: String,
    },
    /// The relay went back to before the last change of my key.
    ForgottenKey {
        /// Which relay.
        host: String,
    },
    /// What is in the vault cannot be read back.
    VaultDamaged {
        /// What could not be read; never holds content.
        what: &'static str,
    },
    /// The file system said no.
    File {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
        /// Whether nothing is there under this name.
        is_missing: bool,
    },
    /// Nothing is overwritten.
    FileExists {
        /// Which file.
        path: PathBuf,
    },
    /// The passphrase does not open the backup, or it is none.
    WrongBackupPassphrase {
        /// Which file.
        path: PathBuf,
    },
    /// The backup is not whole.
    BackupDamaged {
        /// Which file.
        path: PathBuf,
    },
    /// SQLite said no.
    Vault {
        /// What SQLite said.
        reason: String,
    },
    /// There is no room on the vault's disk.
    VaultFull,
    /// What was asked for is committed and goes on with the next command; then the vault's disk failed.
    Kept {
        /// How.
        error: Box<ClientError>,
    },
}

impl ClientError {
    /// The process's exit code: 1 unexpected, 2 usage, 4 temporary, 5 refused, 6 identity, 7 local store.
    pub fn exit_code(&self) -> u8 {
        if let ClientError::Said(said) = self {
            return said.exit_code();
        }
        if let ClientError::Pair(pair) = self {
            return pair.exit_code();
        }
        match self.number() {
            ..20 => 1,
            20..40 => 2,
            40..50 | 183 | 195..=199 | 202 => 4,
            50..60 | 184..=186 | 190 => 5,
            60..70 | 182 | 204 => 6,
            _ => 7,
        }
    }

    /// The stable code, `OUB-E0xx`.
    pub fn code(&self) -> String {
        format!("OUB-E{:03}", self.number())
    }

    /// Whether a server was waited for in vain, for as long as somebody said.
    pub(crate) fn is_late(&self) -> bool {
        matches!(self, ClientError::Unreachable { reason, .. } if reason == LATE)
    }

    /// The server that cannot be reached.
    pub(crate) fn host(&self) -> Option<&str> {
        match self {
            ClientError::Unreachable { host, .. } => Some(host),
            _ => None,
        }
    }

    /// Whether nothing was heard of a server: whatever else is for it waits too.
    pub(crate) fn is_silence(&self) -> bool {
        matches!(self, ClientError::Unreachable { .. } | ClientError::Proxy(_))
    }

    /// What is told where the vault failed after it had committed what was asked for: that it is kept, and must not be
    /// asked for again.
    pub(crate) fn after_keeping(self) -> Self {
        use ClientError::*;
        match self {
            Vault { .. } | VaultFull | VaultDamaged { .. } | VaultBusy | File { .. } => {
                Kept { error: Box::new(self) }
            }
            other => other,
        }
    }

    /// Whether the same call may succeed later.
    pub fn is_temporary(&self) -> bool {
        self.exit_code() == 4
    }

    /// After how many seconds to try again, if the server said.
    pub fn retry_after_s(&self) -> Option<u32> {
        match self {
            ClientError::Busy { retry_after_s, .. } => *retry_after_s,
            _ => None,
        }
    }

    fn number(&self) -> u16 {
        use ClientError::*;
        match self {
            Unexpected { .. } => 10,
            Protocol { .. } => 11,
            NoHome => 12,
            NoFraud { .. } => 14,
            ProfileName => 20,
            NoSuchContact { .. } => 21,
            NoSuchRequest { .. } => 22,
            AliasTaken { .. } => 23,
            BadAlias => 24,
            NameNeeded => 25,
            OwnAddress => 26,
            TooLong { .. } => 27,
            BadIdempotencyKey => 28,
            IdempotencyConflict => 29,
            Unreachable { .. } => 41,
            Busy { .. } => 42,
            NotQueued { .. } => 43,
            Superseded => 44,
            CollectorBusy => 45,
            VaultBusy => 46,
            HandingBusy => 202,
            InvitationRefused => 51,
            NameTaken { .. } => 52,
            NoSuchName { .. } => 53,
            Blocked { .. } => 54,
            NoBundle { .. } => 55,
            Refused { .. } => 56,
            NotTaken { .. } => 184,
            RefusedForGood { .. } => 185,
            NoVoucher => 186,
            GivenUp { .. } => 190,
            NameReleased { .. } => 187,
            ReleaseUnfinished { .. } => 188,
            WrongServer { .. } => 60,
            KeyChanged { .. } => 61,
            FormerKey { .. } => 204,
            NotVerified { .. } => 62,
            WrongIdentity { .. } => 63,
            BadSignature { .. } => 64,
            NotInLog { .. } => 182,
            LogTrouble { .. } => 69,
            NoIdentity { .. } => 70,
            JoinUnfinished => 71,
            AlreadyJoined { .. } => 72,
            PassphraseNeeded => 73,
            WrongPassphrase => 74,
            WrongKeyFile { .. } => 75,
            LaxPermissions { .. } => 76,
            NewerVault { .. } => 77,
            VaultDamaged { .. } => 78,
            File { .. } => 79,
            Vault { .. } => 80,
            VaultFull => 200,
            Kept { error } => error.number(),
            OtherCopy => 86,
            NotRecoveryWords => 38,
            WrongRecoveryWords { .. } => 66,
            NameChanged { .. } => 48,
            LongChain { .. } => 49,
            LogAhead { .. } => 183,
            FileExists { .. } => 87,
            WrongBackupPassphrase { .. } => 88,
            BackupDamaged { .. } => 89,
            SupersededKey { .. } => 67,
            ForgottenKey { .. } => 68,
            KeyringUnusable { .. } => 90,
            KeyringSilent { .. } => 91,
            KeyringEmpty { .. } => 92,
            KeyringWrong { .. } => 93,
            OtherProtector { .. } => 94,
            Said(said) => said.number(),
            Pair(pair) => pair.number(),
            Proxy(proxy) => proxy.number(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_classes_have_their_documented_exit_codes() {
        assert_eq!(ClientError::Superseded.exit_code(), 4);
        assert_eq!(ClientError::InvitationRefused.exit_code(), 5);
        assert_eq!(ClientError::WrongServer { host: "h".into() }.exit_code(), 6);
        assert_eq!(ClientError::WrongPassphrase.exit_code(), 7);
        assert_eq!(ClientError::BadAlias.exit_code(), 2);
        assert_eq!(ClientError::KeyChanged { alias: "bob".into() }.code(), "OUB-E061");
    }

    #[test]
    fn what_failed_after_keeping_keeps_its_code_and_says_so() {
        let full = ClientError::VaultFull;
        let kept = full.clone().after_keeping();
        assert_eq!((kept.code(), kept.exit_code()), (full.code(), 7));
        assert!(full.risk().is_none() && kept.risk().is_some_and(|risk| risk.contains("is kept")));
        let other = ClientError::Blocked { alias: "bob".into() };
        assert_eq!(other.clone().after_keeping(), other);
    }

    #[test]
    fn an_identity_error_names_its_risk() {
        assert!(ClientError::KeyChanged { alias: "bob".into() }.risk().is_some());
    }
}
