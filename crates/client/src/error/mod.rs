//! What can go wrong, in sentences: what happened, why, at what risk, and what to do.

mod said;

use std::path::PathBuf;

use thiserror::Error;
use wire::RefusalKind;

pub use said::SaidError;

use crate::Protection;

/// Why an operation of [`crate::Client`] did not succeed.
///
/// Every variant has an exit code and a stable code for manuals and scripts; its `Display` is
/// [`ClientError::what`].
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// An invariant of this program does not hold.
    #[error("something went wrong inside this program")]
    Unexpected {
        /// Where; never holds a key or a text.
        place: &'static str,
    },
    /// The server does not speak as the protocol says.
    #[error("the server at {host} answered in a way this program does not understand")]
    Protocol {
        /// Which server.
        host: String,
        /// What was wrong.
        reason: &'static str,
    },
    /// Neither `HOME` nor `XDG_DATA_HOME` is set.
    #[error("there is no home folder to keep an identity in")]
    NoHome,
    /// A profile's name that cannot be a folder's name.
    #[error("this profile name cannot be used")]
    ProfileName,
    /// No contact has this alias.
    #[error("there is no contact called {alias}")]
    NoSuchContact {
        /// What was asked for.
        alias: String,
    },
    /// No request has this label.
    #[error("there is no request from {label}")]
    NoSuchRequest {
        /// What was asked for.
        label: String,
    },
    /// The alias belongs to another contact.
    #[error("another contact is already called {alias}")]
    AliasTaken {
        /// Which.
        alias: String,
    },
    /// An alias is 1–64 characters without control characters.
    #[error("this contact name cannot be used")]
    BadAlias,
    /// The invitation does not say a name, and none was given.
    #[error("no name was given to register")]
    NameNeeded,
    /// The address is one's own.
    #[error("this is my own address")]
    OwnAddress,
    /// A text beyond what one envelope takes.
    #[error("the message is too long")]
    TooLong {
        /// Its bytes.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// An idempotency key must be 1–255 bytes.
    #[error("this idempotency key cannot be used")]
    BadIdempotencyKey,
    /// The key was used for another contact or text.
    #[error("this idempotency key belongs to another message")]
    IdempotencyConflict,
    /// Something about a message or a file.
    #[error(transparent)]
    Said(#[from] SaidError),

    /// No connection, or it broke.
    #[error("the server {host} cannot be reached")]
    Unreachable {
        /// Which server.
        host: String,
        /// What the system said.
        reason: String,
    },
    /// The server asks to come back later.
    #[error("the server {host} is busy")]
    Busy {
        /// Which server.
        host: String,
        /// After how many seconds, if it said.
        retry_after_s: Option<u32>,
    },
    /// Not stored, and not kept, as asked for.
    #[error("the message was not stored, and not kept either")]
    NotQueued {
        /// Why it could not be stored.
        reason: String,
    },
    /// Another client of this identity took the mailbox over.
    #[error("another client of this identity is collecting now")]
    Superseded,
    /// Another process on this vault collects.
    #[error("another process is collecting for this identity")]
    CollectorBusy,
    /// Another process keeps the vault.
    #[error("the vault is in use by another process")]
    VaultBusy,

    /// The invitation is not valid for this name.
    #[error("the server does not accept this invitation")]
    InvitationRefused,
    /// The name belongs to somebody.
    #[error("the name {name} is taken on this server")]
    NameTaken {
        /// Which.
        name: String,
    },
    /// The server knows no such name.
    #[error("nobody is called {name} on {host}")]
    NoSuchName {
        /// Which.
        name: String,
        /// Where.
        host: String,
    },
    /// The contact is blocked by me.
    #[error("{alias} is blocked")]
    Blocked {
        /// Who.
        alias: String,
    },
    /// The contact has published nothing to write to.
    #[error("{alias} cannot be written to at the moment")]
    NoBundle {
        /// Who.
        alias: String,
    },
    /// A refusal without a sentence of its own.
    #[error("the server {host} refused")]
    Refused {
        /// Which server.
        host: String,
        /// Its number.
        kind: RefusalKind,
    },

    /// The server's root key is not the pinned one, or its certificates do not follow from it.
    #[error("the server at {host} is not the one whose fingerprint I hold")]
    WrongServer {
        /// Which server.
        host: String,
    },
    /// A contact's key changed, unsigned by the old key.
    #[error("{alias}'s key is not the one I know")]
    KeyChanged {
        /// Whose.
        alias: String,
    },
    /// Verification was asked for and has not happened.
    #[error("{alias} is not verified")]
    NotVerified {
        /// Who.
        alias: String,
    },
    /// The record found is not that of the address's fingerprint.
    #[error("the key of {name} on {host} is not the one in the address")]
    WrongIdentity {
        /// Whose.
        name: String,
        /// Where.
        host: String,
    },
    /// A signed object does not verify.
    #[error("what the server {host} says about {name} is not properly signed")]
    BadSignature {
        /// Whose.
        name: String,
        /// Where.
        host: String,
    },

    /// No identity in this folder.
    #[error("there is no identity here yet")]
    NoIdentity {
        /// Where.
        dir: PathBuf,
    },
    /// Join began and did not end.
    #[error("joining has begun but is not finished")]
    JoinUnfinished,
    /// An identity is here already.
    #[error("there is an identity here already: {address}")]
    AlreadyJoined {
        /// Which.
        address: String,
    },
    /// The vault's key needs a passphrase.
    #[error("a passphrase is needed")]
    PassphraseNeeded,
    /// The passphrase or key file does not open the vault.
    #[error("the passphrase does not open the vault")]
    WrongPassphrase,
    /// The key file is missing or damaged.
    #[error("the key file does not open the vault")]
    WrongKeyFile {
        /// Which file.
        path: PathBuf,
    },
    /// No keyring answers: not installed, no session, refused.
    #[error("the keyring cannot be used")]
    KeyringUnusable {
        /// What it said; never a secret.
        reason: String,
    },
    /// The keyring did not answer in time.
    #[error("the keyring does not answer")]
    KeyringSilent {
        /// How long it was waited for.
        seconds: u64,
    },
    /// The keyring has no such entry, or stays locked.
    #[error("the keyring does not give the key of this vault")]
    KeyringEmpty {
        /// The entry's name, which is no secret.
        entry: String,
    },
    /// The keyring gives something else.
    #[error("the keyring gives another key than that of this vault")]
    KeyringWrong {
        /// The entry's name, which is no secret.
        entry: String,
    },
    /// The key is kept in another way than the caller brings.
    #[error("the key of this vault is kept in another way")]
    OtherProtector {
        /// What was chosen at join.
        chosen: Protection,
    },
    /// Others may read what is ours.
    #[error("others may read {}", path.display())]
    LaxPermissions {
        /// Which file or folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// The mode it should have.
        wanted: u32,
    },
    /// The vault was written by a newer version.
    #[error("the vault was written by a newer version of this program")]
    NewerVault {
        /// Its version.
        found: u32,
        /// The highest understood.
        known: u32,
    },
    /// 24 words of one of the lists, with their check.
    #[error("these are not 24 recovery words")]
    NotRecoveryWords,
    /// The words of another name, or of before they were changed.
    #[error("these words do not take {name} back")]
    WrongRecoveryWords {
        /// Which name.
        name: String,
    },
    /// The name's record changed while it was being taken back.
    #[error("the key of {name} was changed meanwhile")]
    NameChanged {
        /// Which name.
        name: String,
    },
    /// Another copy of this identity did something that this one does not know of.
    #[error("this profile is not the newest copy of my identity")]
    OtherCopy,
    /// The key of this vault was replaced by another.
    #[error("my key was replaced after this copy was made")]
    SupersededKey {
        /// My name.
        name: String,
    },
    /// What is in the vault cannot be read back.
    #[error("the vault is damaged")]
    VaultDamaged {
        /// What could not be read; never holds content.
        what: &'static str,
    },
    /// The file system said no.
    #[error("cannot use {}", path.display())]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Nothing is overwritten.
    #[error("{} exists already", path.display())]
    FileExists {
        /// Which file.
        path: PathBuf,
    },
    /// The passphrase does not open the backup, or it is none.
    #[error("the passphrase does not open the backup {}", path.display())]
    WrongBackupPassphrase {
        /// Which file.
        path: PathBuf,
    },
    /// The backup is not whole.
    #[error("the backup {} is damaged", path.display())]
    BackupDamaged {
        /// Which file.
        path: PathBuf,
    },
    /// SQLite said no.
    #[error("the vault cannot be written or read")]
    Vault {
        /// What SQLite said.
        reason: String,
    },
}

impl ClientError {
    /// What happened, in one line.
    pub fn what(&self) -> String {
        self.to_string()
    }

    /// The process's exit code: 1 unexpected, 2 usage, 4 temporary, 5 refused, 6 identity, 7 local store.
    pub fn exit_code(&self) -> u8 {
        if let ClientError::Said(said) = self {
            return said.exit_code();
        }
        match self.number() {
            ..20 => 1,
            20..40 => 2,
            40..50 => 4,
            50..60 => 5,
            60..70 => 6,
            _ => 7,
        }
    }

    /// The stable code, `OUB-E0xx`.
    pub fn code(&self) -> String {
        format!("OUB-E{:03}", self.number())
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
            InvitationRefused => 51,
            NameTaken { .. } => 52,
            NoSuchName { .. } => 53,
            Blocked { .. } => 54,
            NoBundle { .. } => 55,
            Refused { .. } => 56,
            WrongServer { .. } => 60,
            KeyChanged { .. } => 61,
            NotVerified { .. } => 62,
            WrongIdentity { .. } => 63,
            BadSignature { .. } => 64,
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
            OtherCopy => 86,
            NotRecoveryWords => 38,
            WrongRecoveryWords { .. } => 66,
            NameChanged { .. } => 48,
            FileExists { .. } => 87,
            WrongBackupPassphrase { .. } => 88,
            BackupDamaged { .. } => 89,
            SupersededKey { .. } => 67,
            KeyringUnusable { .. } => 90,
            KeyringSilent { .. } => 91,
            KeyringEmpty { .. } => 92,
            KeyringWrong { .. } => 93,
            OtherProtector { .. } => 94,
            Said(said) => said.number(),
        }
    }

    /// Why, in one line.
    pub fn why(&self) -> String {
        use ClientError::*;
        match self {
            Unexpected { place } => format!("a check failed in: {place}"),
            Protocol { reason, .. } => (*reason).to_owned(),
            NoHome => "neither HOME nor XDG_DATA_HOME is set to an absolute path".into(),
            ProfileName => "a profile name is 1 to 64 letters, digits, dots, dashes or underscores".into(),
            NoSuchContact { .. } => "no contact has this name".into(),
            NoSuchRequest { .. } => "no waiting request has this name".into(),
            AliasTaken { .. } => "each contact needs a name of its own".into(),
            BadAlias => "a contact name is 1 to 64 characters, none of them invisible".into(),
            NameNeeded => "the invitation does not hold a name".into(),
            OwnAddress => "messages go to somebody else".into(),
            TooLong { bytes, max } => format!("it has {bytes} bytes; a message may have {max}"),
            BadIdempotencyKey => "a key is 1 to 255 bytes".into(),
            IdempotencyConflict => "it was used before with another contact or another text".into(),
            Unreachable { reason, .. } => reason.clone(),
            Busy { retry_after_s: Some(s), .. } => format!("it asks to try again after {s} s"),
            Busy { .. } => "it asks to try again later".into(),
            NotQueued { reason } => reason.clone(),
            Superseded => "the server handed the mailbox to the newer connection".into(),
            CollectorBusy => "only one process may collect at a time".into(),
            VaultBusy => "it did not become free in time".into(),
            InvitationRefused => "it was used, has expired, or is for another name".into(),
            NameTaken { .. } => "somebody registered it before, with another key".into(),
            NoSuchName { .. } => "the server has no record of this name".into(),
            Blocked { .. } => "you blocked this contact".into(),
            NoBundle { .. } => "no usable keys for first contact are published under this name".into(),
            Refused { kind, .. } => refusal_sentence(*kind).into(),
            WrongServer { .. } => "its certificates do not lead to the pinned root key".into(),
            KeyChanged { .. } => {
                "the server offers a different key, and it is not signed by the old one".into()
            }
            NotVerified { .. } => "you asked for verified contacts only".into(),
            WrongIdentity { .. } => "the fingerprint in the address and the registered key differ".into(),
            BadSignature { .. } => "a signature does not verify".into(),
            NoIdentity { dir } => format!("{} holds no vault", dir.display()),
            JoinUnfinished => "an earlier `oub join` was interrupted".into(),
            AlreadyJoined { .. } => "one profile holds one identity".into(),
            PassphraseNeeded => "this vault is protected by a passphrase".into(),
            WrongPassphrase => {
                "it is not the one chosen at join, or the file with the wrapped key is damaged".into()
            }
            WrongKeyFile { path } => format!("{} is missing, damaged, or of another vault", path.display()),
            KeyringUnusable { reason } => reason.clone(),
            KeyringSilent { seconds } => {
                format!("it did not answer within {seconds} s; perhaps it waits for somebody to unlock it")
            }
            KeyringEmpty { entry } => {
                format!("it is locked, or its entry  application=oubliette vault={entry}  was erased")
            }
            KeyringWrong { entry } => {
                format!("its entry  application=oubliette vault={entry}  was changed since join")
            }
            OtherProtector { chosen } => {
                format!("at join it was given into the care of: {}", chosen.words())
            }
            LaxPermissions { mode, wanted, .. } => format!("its mode is {mode:04o}; it must be {wanted:04o}"),
            NewerVault { found, known } => format!("its format is {found}; this program knows up to {known}"),
            NotRecoveryWords => "a word is in neither list, one is missing, or two are swapped".into(),
            WrongRecoveryWords { .. } => {
                "the registered record commits to other words; nothing was changed".into()
            }
            NameChanged { .. } => "somebody who holds a key of it replaced it".into(),
            FileExists { .. } => "a backup never replaces a file".into(),
            WrongBackupPassphrase { .. } => "another passphrase, or not a backup of this program".into(),
            BackupDamaged { .. } => "a page does not check out, or something is missing in it".into(),
            OtherCopy => {
                "the server knows newer keys of mine: another copy is in use, or this one is old".into()
            }
            SupersededKey { name } => {
                format!("the server has another key for {name}, which this copy does not hold")
            }
            VaultDamaged { what } => format!("cannot be read back: {what}"),
            File { reason, .. } | Vault { reason } => reason.clone(),
            Said(said) => said.why(),
        }
    }

    /// What it would mean to go on, where that matters.
    pub fn risk(&self) -> Option<String> {
        use ClientError::*;
        match self {
            WrongServer { .. } => {
                Some("somebody may stand between you and the server; nothing was sent".into())
            }
            KeyChanged { alias } => {
                Some(format!("someone may be answering in {alias}'s place; nothing was sent"))
            }
            WrongIdentity { name, .. } | BadSignature { name, .. } => {
                Some(format!("someone may be posing as {name}; nothing was sent"))
            }
            OtherCopy => Some(
                "two copies would take each other's messages and use keys twice; nothing was sent".into(),
            ),
            LaxPermissions { .. } => Some("other users of this computer may have read it".into()),
            _ => None,
        }
    }

    /// What to do next.
    pub fn do_(&self) -> String {
        use ClientError::*;
        match self {
            Unexpected { .. } => {
                "please report this with the code below; nothing is lost by trying again".into()
            }
            Protocol { .. } => "compare versions:  oub doctor".into(),
            NoHome => "give a folder:  oub --home FOLDER …".into(),
            ProfileName => "choose a simpler name:  oub --profile work …".into(),
            NoSuchContact { alias } => format!("see  oub contacts  — or add:  oub add ADDRESS --as {alias}"),
            NoSuchRequest { .. } => "see  oub requests".into(),
            AliasTaken { .. } | BadAlias => "choose another name with  --as NAME".into(),
            NameNeeded => "choose one:  oub join INVITATION --name NAME".into(),
            OwnAddress => "give the address of the person you want to write to".into(),
            TooLong { .. } => "split it".into(),
            BadIdempotencyKey | IdempotencyConflict => "use another key".into(),
            Unreachable { .. } => "check the network and try again; nothing is lost".into(),
            Busy { .. } => "try again later; nothing is lost".into(),
            NotQueued { .. } => "try again later, or leave  --no-queue  out".into(),
            Superseded => "stop the other client, or let it do the collecting".into(),
            CollectorBusy => "wait until it is done, or stop it".into(),
            VaultBusy => "try again".into(),
            InvitationRefused => "ask for a new one:  oublietted invite NAME".into(),
            NameTaken { .. } => "choose another name:  oub join … --name NAME".into(),
            NoSuchName { .. } => "check the address with the person".into(),
            Blocked { alias } => format!("oub contact unblock {alias}"),
            NoBundle { .. } => "try again when the person has been online".into(),
            Refused { .. } => "try again later; if it stays, ask the server's operator".into(),
            WrongServer { .. } => "ask the server's operator for the fingerprint over another channel".into(),
            KeyChanged { alias } => format!("call {alias} and run   oub verify {alias}"),
            NotVerified { alias } => format!("compare safety words:  oub verify {alias}"),
            WrongIdentity { .. } | BadSignature { .. } => {
                "ask the person for the address over another channel".into()
            }
            NoIdentity { .. } => "oub join INVITATION".into(),
            JoinUnfinished => "run the same  oub join  again: it goes on where it stopped".into(),
            AlreadyJoined { .. } => "use another profile:  oub --profile NAME join …".into(),
            PassphraseNeeded => "set OUB_PASSPHRASE_FILE, or run it in a terminal".into(),
            WrongPassphrase => "try again with the passphrase chosen at join".into(),
            WrongKeyFile { .. } => "put the key file back from your backup".into(),
            KeyringUnusable { .. } => {
                "run it in your desktop session, with secret-tool installed (Debian: libsecret-tools)\n\
                 or ask the keyring yourself:   secret-tool search application oubliette"
                    .into()
            }
            KeyringSilent { .. } => {
                "unlock the keyring and try again; wait longer with   --timeout 2m".into()
            }
            KeyringEmpty { .. } | KeyringWrong { .. } => {
                "unlock the keyring, or put the entry back from its backup; nothing was changed here".into()
            }
            OtherProtector { chosen: Protection::Keyring } => "oub join … --protect keyring".into(),
            OtherProtector { .. } => "oub join … --protect file".into(),
            LaxPermissions { path, wanted, .. } => format!("chmod {wanted:o} {}", path.display()),
            NewerVault { .. } => "install the newer version again".into(),
            NotRecoveryWords => "compare with what you wrote down: 24 words, English or French".into(),
            WrongRecoveryWords { .. } => "check the name and the words".into(),
            NameChanged { .. } => "run the same command again: the words outrank every other key".into(),
            FileExists { .. } => "choose another name, or move the file away".into(),
            WrongBackupPassphrase { .. } => "try again with the passphrase of this backup".into(),
            BackupDamaged { .. } => "use another backup".into(),
            OtherCopy => "use the other copy, or make this one count:  oub identity renew".into(),
            SupersededKey { .. } => {
                "use the newer copy, or take the name back:  oub join --recover ADDRESS".into()
            }
            VaultDamaged { .. } => "restore the folder from your backup".into(),
            File { path, .. } => {
                format!("check that {} is yours and that the disk is not full", path.display())
            }
            Vault { .. } => "check that the disk is not full, then try again".into(),
            Said(said) => said.do_(),
        }
    }
}

/// A sentence for each number.
pub(crate) fn refusal_sentence(kind: RefusalKind) -> &'static str {
    match kind {
        RefusalKind::Unknown => "it does not know this request",
        RefusalKind::Malformed => "it could not read the request",
        RefusalKind::OutOfPlace => "the request was out of turn",
        RefusalKind::Busy => "too many requests for now",
        RefusalKind::Unavailable => "it is stopping, or its disk is full; nothing was done",
        RefusalKind::Uncertain => "it does not know whether the request was done; it will be repeated",
        RefusalKind::Invite => "no valid invitation for this name",
        RefusalKind::ChallengeFailed => "the answer to the challenge is wrong",
        RefusalKind::Signature => "a signature does not verify",
        RefusalKind::NoSuchName => "no such name",
        RefusalKind::Stale => "something newer is registered already",
        RefusalKind::NoSuchMailbox => "no such mailbox",
        RefusalKind::Voucher => "the voucher is unknown or used",
        RefusalKind::Stamp => "the stamp is no longer valid",
        RefusalKind::Spent => "the stamp was spent on another message",
        RefusalKind::Full => "the mailbox is full",
        RefusalKind::Gone => "the mailbox was closed because nobody opened it for a long time",
        RefusalKind::EnvelopeSize => "the mailbox does not take envelopes of this size",
        RefusalKind::Cursor => "the place was not delivered on this connection",
        RefusalKind::Generation => "this generation of stamps cannot be made",
        RefusalKind::Puzzle(_) => "it asks for work first",
        _ => "for a reason this version does not know",
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
    fn an_identity_error_names_its_risk() {
        assert!(ClientError::KeyChanged { alias: "bob".into() }.risk().is_some());
    }
}
