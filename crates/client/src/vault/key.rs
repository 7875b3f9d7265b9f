//! The vault's key: drawn once, kept as was chosen at join, never kept otherwise in silence.

use std::{fs, io::ErrorKind};

use crypto::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::permissions;
use crate::{ClientError, Keyring, Passphrase, Profile, Protection, Protector, Unlock, World, world::Dice};

/// The raw key of the whole file.
pub(crate) type RawKey = Secret<32>;

/// `protector.json`: what was chosen, and what it needs.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Record {
    KeyFile { v: u8 },
    Passphrase { v: u8, salt: String, sealed: String },
    Keyring { v: u8, entry: String, sealed: String },
}

/// Draws a key and keeps it as asked. A key that is there already is kept: joining may be resumed.
pub(crate) fn create(
    profile: &Profile,
    protect: &Protector,
    world: &dyn World,
) -> Result<RawKey, ClientError> {
    if profile.exists() {
        return unlock(profile, &Unlock::from(protect));
    }
    let mut rng = Dice(world);
    let key = RawKey::generate(&mut rng);
    let record = match protect {
        Protector::KeyFile => {
            permissions::write_file(&profile.key_file_path(), key.expose())?;
            Record::KeyFile { v: 1 }
        }
        Protector::Passphrase(passphrase) => {
            let salt: [u8; 16] = rng.bytes();
            let wrapping = crypto::passphrase_key(passphrase.as_bytes(), &salt);
            let sealed = crypto::seal_key(wrapping.expose(), key.expose(), &mut rng);
            Record::Passphrase { v: 1, salt: to_hex(&salt), sealed: to_hex(&sealed) }
        }
        Protector::Keyring(keyring) => {
            let entry = to_hex(&rng.bytes::<16>());
            let wrapping = RawKey::generate(&mut rng);
            put_into(keyring, profile, &entry, &wrapping)?;
            let sealed = crypto::seal_key(wrapping.expose(), key.expose(), &mut rng);
            Record::Keyring { v: 1, entry, sealed: to_hex(&sealed) }
        }
    };
    let json =
        serde_json::to_vec(&record).map_err(|_| ClientError::Unexpected { place: "protector.json" })?;
    permissions::write_file(&profile.protector_path(), &json)?;
    Ok(key)
}

/// Brings the key back, in no other way than the recorded one.
pub(crate) fn unlock(profile: &Profile, unlock: &Unlock) -> Result<RawKey, ClientError> {
    match (read_record(profile)?, unlock) {
        // Somebody unlocked it in the recorded way before.
        (_, Unlock::Key(key)) => Ok(key.raw().clone()),
        (Record::KeyFile { .. }, Unlock::KeyFile) => read_key_file(profile),
        (Record::Passphrase { salt, sealed, .. }, Unlock::Passphrase(passphrase)) => {
            open_sealed(passphrase, &salt, &sealed)
        }
        (Record::Keyring { entry, sealed, .. }, Unlock::Keyring(keyring)) => {
            let wrong = ClientError::KeyringWrong { entry: entry.clone() };
            let wrapping = take_from(keyring, &entry)?.ok_or(wrong.clone())?;
            let sealed = from_hex(&sealed).ok_or(ClientError::VaultDamaged { what: "protector.json" })?;
            // A wrong key is noticed here, before anything is opened with it.
            let key = crypto::open_key(wrapping.expose(), &sealed).map_err(|_| wrong.clone())?;
            to_key(&key).ok_or(wrong)
        }
        (Record::Passphrase { .. }, _) => Err(ClientError::PassphraseNeeded),
        (Record::KeyFile { .. }, _) => Err(ClientError::OtherProtector { chosen: Protection::KeyFile }),
        (Record::Keyring { .. }, _) => Err(ClientError::OtherProtector { chosen: Protection::Keyring }),
    }
}

fn open_sealed(passphrase: &Passphrase, salt: &str, sealed: &str) -> Result<RawKey, ClientError> {
    let damaged = ClientError::VaultDamaged { what: "protector.json" };
    let salt = from_hex(salt).and_then(|salt| salt.try_into().ok()).ok_or(damaged.clone())?;
    let sealed = from_hex(sealed).ok_or(damaged)?;
    let wrapping = crypto::passphrase_key(passphrase.as_bytes(), &salt);
    let key = crypto::open_key(wrapping.expose(), &sealed).map_err(|_| ClientError::WrongPassphrase)?;
    to_key(&key).ok_or(ClientError::WrongPassphrase)
}

/// Nothing is recorded before the keyring has shown that it gives back what it was given.
fn put_into(keyring: &Keyring, profile: &Profile, entry: &str, wrapping: &RawKey) -> Result<(), ClientError> {
    let label = format!("Oubliette: key of {}", profile.dir().display());
    keyring.store(entry, &label, &Zeroizing::new(to_hex(wrapping.expose())))?;
    match take_from(keyring, entry) {
        Ok(Some(kept)) if kept == *wrapping => Ok(()),
        Ok(_) | Err(ClientError::KeyringEmpty { .. }) => {
            Err(ClientError::KeyringUnusable { reason: "it does not give back what was written".into() })
        }
        Err(error) => Err(error),
    }
}

fn take_from(keyring: &Keyring, entry: &str) -> Result<Option<RawKey>, ClientError> {
    let empty = || ClientError::KeyringEmpty { entry: entry.to_owned() };
    let hex = keyring.look_up(entry)?.ok_or_else(empty)?;
    Ok(from_hex(&hex).map(Zeroizing::new).and_then(|bytes| to_key(&bytes)))
}

/// What was chosen.
pub(crate) fn protection(profile: &Profile) -> Result<Protection, ClientError> {
    Ok(match read_record(profile)? {
        Record::KeyFile { .. } => Protection::KeyFile,
        Record::Passphrase { .. } => Protection::Passphrase,
        Record::Keyring { .. } => Protection::Keyring,
    })
}

fn read_record(profile: &Profile) -> Result<Record, ClientError> {
    let path = profile.protector_path();
    if !path.exists() {
        return Err(ClientError::NoIdentity { dir: profile.dir().to_path_buf() });
    }
    let json = fs::read(&path).map_err(|error| permissions::file_error(&path, &error))?;
    serde_json::from_slice(&json).map_err(|_| ClientError::VaultDamaged { what: "protector.json" })
}

fn read_key_file(profile: &Profile) -> Result<RawKey, ClientError> {
    let path = profile.key_file_path();
    match fs::read(&path).map(Zeroizing::new) {
        Ok(bytes) => to_key(&bytes).ok_or(ClientError::WrongKeyFile { path }),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(ClientError::WrongKeyFile { path }),
        // It may be as it was: nobody should put another in its place.
        Err(error) => Err(permissions::file_error(&path, &error)),
    }
}

fn to_key(bytes: &[u8]) -> Option<RawKey> {
    <[u8; 32]>::try_from(bytes).ok().map(RawKey::new)
}

impl From<&Protector> for Unlock {
    fn from(protect: &Protector) -> Self {
        match protect {
            Protector::KeyFile => Unlock::KeyFile,
            Protector::Passphrase(passphrase) => Unlock::Passphrase(passphrase.clone()),
            Protector::Keyring(keyring) => Unlock::Keyring(keyring.clone()),
        }
    }
}

/// Lower-case hexadecimal. The text never moves as it grows: secrets leave no copies of it behind.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let signs = |byte: &u8| [byte >> 4, byte & 0xf].map(|half| char::from_digit(half.into(), 16));
    let mut text = String::with_capacity(bytes.len() * 2);
    text.extend(bytes.iter().flat_map(signs).flatten());
    text
}

/// And back.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    let pairs = (0..text.len()).step_by(2);
    pairs.map(|at| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok())).collect()
}
