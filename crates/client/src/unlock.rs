//! What opens a vault: chosen once at join, recorded, never changed silently (DESIGN § 10).

use core::fmt;

use zeroize::Zeroizing;

pub use crate::keyring::Keyring;
use crate::{
    ClientError, Language, Profile,
    error::both,
    vault::key::{RawKey, from_hex, to_hex},
};

/// A passphrase: wiped when dropped, silent in `Debug`.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes ownership, so that no second copy has to exist.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Passphrase(..)")
    }
}

/// How a new vault's key shall be kept.
#[derive(Clone, Debug)]
pub enum Protector {
    /// In a file beside the vault, 0600. Protects against nothing that can read the folder.
    KeyFile,
    /// Wrapped under a passphrase (Argon2id, 64 MiB, 3 passes).
    Passphrase(Passphrase),
    /// In the login session's keyring. Protects as far as the session's password does.
    Keyring(Keyring),
}

/// How an existing vault's key is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protection {
    /// In a file beside the vault: [`Unlock::KeyFile`] opens it.
    KeyFile,
    /// Under a passphrase: [`Unlock::Passphrase`] opens it.
    Passphrase,
    /// In the keyring: [`Unlock::Keyring`] opens it.
    Keyring,
}

impl Protection {
    /// The words that programs read.
    pub fn words(self) -> &'static str {
        match self {
            Protection::KeyFile => "key file",
            Protection::Passphrase => "passphrase",
            Protection::Keyring => "keyring",
        }
    }

    /// The words that people read.
    pub fn words_in(self, language: Language) -> String {
        match self {
            Protection::KeyFile => both!(language, "key file", "fichier de clé"),
            Protection::Passphrase => both!(language, "passphrase", "phrase secrète"),
            Protection::Keyring => both!(language, "keyring", "trousseau de clés"),
        }
    }
}

/// The key of an unlocked vault: wiped when dropped, silent in `Debug`.
#[derive(Clone)]
pub struct VaultKey(RawKey);

impl VaultKey {
    /// Unlocks in the recorded way, once, so that the vault can be opened several times.
    pub fn of(profile: &Profile, unlock: &Unlock) -> Result<Self, ClientError> {
        crate::vault::key::unlock(profile, unlock).map(Self)
    }

    /// What [`VaultKey::dangerous_to_hex`] wrote.
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(from_hex(text)?);
        <[u8; 32]>::try_from(&**bytes).ok().map(|bytes| Self(RawKey::new(bytes)))
    }

    /// The key itself, for another process of the same person: whoever reads it reads the whole vault.
    pub fn dangerous_to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(to_hex(self.0.expose()))
    }

    pub(crate) fn raw(&self) -> &RawKey {
        &self.0
    }
}

impl fmt::Debug for VaultKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("VaultKey(..)")
    }
}

/// What the caller brings to open a vault.
#[derive(Clone, Debug)]
pub enum Unlock {
    /// The key file beside the vault.
    KeyFile,
    /// The passphrase chosen at join.
    Passphrase(Passphrase),
    /// The keyring chosen at join.
    Keyring(Keyring),
    /// The key, from somebody who unlocked the vault in the recorded way.
    Key(VaultKey),
}
