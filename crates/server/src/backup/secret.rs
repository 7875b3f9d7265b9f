//! What a backup is opened by: a passphrase, or a key file that cron can read.

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use crypto::Secret;
use zeroize::Zeroizing;

use super::BackupError;
use super::sealed::{Header, Kind};
use crate::data_folder::{check_private, write_new};

/// Longest passphrase or key file.
const SECRET_BYTES_MAX: u64 = 4_096;

/// Where the secret is taken from.
#[derive(Args, Clone, Default, Debug)]
pub struct SecretFlags {
    /// The passphrase is the first line of this file; without it and a key file it is asked for
    #[arg(long, env = "OUBLIETTED_PASSPHRASE_FILE", value_name = "FILE", conflicts_with = "key_file")]
    pub passphrase_file: Option<PathBuf>,
    /// A key made by   oublietted backup-key FILE   in place of a passphrase
    #[arg(long, env = "OUBLIETTED_KEY_FILE", value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Never ask for a passphrase; fail if neither file is given
    #[arg(long)]
    pub no_input: bool,
}

/// A secret, and of which kind it is.
pub enum BackupSecret {
    /// What somebody remembers.
    Passphrase(Zeroizing<Vec<u8>>),
    /// What a machine keeps.
    Key(Secret<32>),
}

impl BackupSecret {
    /// Takes the secret from where the flags say; `twice` for one that nobody could correct later.
    pub fn gather(flags: &SecretFlags, twice: bool) -> Result<Self, BackupError> {
        match (&flags.key_file, &flags.passphrase_file) {
            (Some(path), _) => read_key(path).map(Self::Key),
            (None, Some(path)) => {
                let bytes = read_private(path)?;
                let line = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
                passphrase(line)
            }
            (None, None) if flags.no_input || !std::io::stdin().is_terminal() => Err(BackupError::NoSecret),
            (None, None) => ask(twice),
        }
    }

    /// Of which kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Passphrase(_) => Kind::Passphrase,
            Self::Key(_) => Kind::KeyFile,
        }
    }

    /// What the key of a file is derived from. A passphrase takes its time.
    pub fn open(&self, header: &Header) -> Secret<32> {
        match self {
            Self::Passphrase(bytes) => crypto::passphrase_key(bytes, &header.salt),
            Self::Key(key) => key.clone(),
        }
    }
}

/// Makes a key file that nobody else may read.
pub fn make_key(path: &Path) -> Result<(), BackupError> {
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *key)
        .map_err(|_| BackupError::Secret("the system gave no random bytes".to_owned()))?;
    let mut text = Zeroizing::new(String::with_capacity(65));
    for byte in key.iter() {
        text.push_str(&format!("{byte:02x}"));
    }
    text.push('\n');
    write_new(path, text.as_bytes()).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => BackupError::Exists(path.to_path_buf()),
        _ => BackupError::file(path, error),
    })
}

fn read_key(path: &Path) -> Result<Secret<32>, BackupError> {
    let bytes = read_private(path)?;
    let digits = bytes.trim_ascii();
    let mut key = Zeroizing::new([0; 32]);
    let pairs = digits.chunks_exact(2);
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(BackupError::Secret(format!("{} does not hold 64 hexadecimal digits", path.display())));
    }
    for (to, pair) in key.iter_mut().zip(pairs) {
        let value = |digit: &u8| char::from(*digit).to_digit(16).unwrap_or_default();
        *to = u8::try_from(pair.iter().fold(0, |sum, digit| sum * 16 + value(digit))).unwrap_or_default();
    }
    Ok(Secret::new(*key))
}

fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, BackupError> {
    check_private(path).map_err(|error| BackupError::Secret(error.to_string()))?;
    let file = std::fs::File::open(path).map_err(|error| BackupError::file(path, error))?;
    let mut bytes = Zeroizing::new(Vec::new());
    let read = file.take(SECRET_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| BackupError::file(path, error))?;
    if bytes.len() as u64 > SECRET_BYTES_MAX {
        return Err(BackupError::Secret(format!("{} is too long for a secret", path.display())));
    }
    Ok(bytes)
}

fn passphrase(bytes: &[u8]) -> Result<BackupSecret, BackupError> {
    if bytes.is_empty() {
        return Err(BackupError::Secret("the passphrase is empty".to_owned()));
    }
    Ok(BackupSecret::Passphrase(Zeroizing::new(bytes.to_vec())))
}

fn ask(twice: bool) -> Result<BackupSecret, BackupError> {
    let prompt = |text: &str| {
        let typed = rpassword::prompt_password(text).map(Zeroizing::new);
        typed.map_err(|error| BackupError::Secret(error.to_string()))
    };
    let typed = prompt("passphrase of the backup: ")?;
    if twice && *prompt("again: ")? != *typed {
        return Err(BackupError::Secret("the two passphrases differ".to_owned()));
    }
    passphrase(typed.as_bytes())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_file_is_made_once_read_back_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        make_key(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let key = read_key(&path).unwrap();
        let again: String = key.expose().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text, again + "\n");
        assert!(matches!(make_key(&path), Err(BackupError::Exists(_))));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(read_key(&path), Err(BackupError::Secret(_))));
    }

    #[test]
    fn what_is_no_key_is_not_taken_for_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for wrong in
            ["", "correct horse battery staple", &"a".repeat(63), &"g".repeat(64), &"a".repeat(5_000)]
        {
            crate::data_folder::write_private(&path, wrong.as_bytes()).unwrap();
            assert!(matches!(read_key(&path), Err(BackupError::Secret(_))), "{wrong}");
        }
    }
}
