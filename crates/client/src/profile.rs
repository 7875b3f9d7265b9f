//! Where one identity lives on disk: one folder, 0700, holding the vault and how its key is kept.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use crate::ClientError;

/// The folder of one identity. Nothing is created before [`crate::Client::join`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Profile {
    dir: PathBuf,
}

impl Profile {
    /// The profile called `name`: `home` itself plus the name when `home` is given, else
    /// `$XDG_DATA_HOME/oubliette/NAME`, else `~/.local/share/oubliette/NAME`.
    pub fn named(home: Option<&Path>, name: &str) -> Result<Self, ClientError> {
        check_profile_name(name)?;
        let base = match home {
            Some(home) => home.to_path_buf(),
            None => data_home()?.join("oubliette"),
        };
        Ok(Self { dir: base.join(name) })
    }

    /// The profile in exactly this folder.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The encrypted database.
    pub fn vault_path(&self) -> PathBuf {
        self.dir.join("vault.db")
    }

    /// How the vault's key is kept: the chosen protector and what it needs (never the key in clear, unless
    /// the protector is a key file, which is [`Profile::key_file_path`]).
    pub fn protector_path(&self) -> PathBuf {
        self.dir.join("protector.json")
    }

    /// The key file, where that protector was chosen.
    pub fn key_file_path(&self) -> PathBuf {
        self.dir.join("vault.key")
    }

    /// Whether an identity was begun here.
    pub fn exists(&self) -> bool {
        self.protector_path().exists()
    }

    /// How the vault here is protected, as recorded at join.
    pub fn protection(&self) -> Result<crate::Protection, ClientError> {
        crate::vault::key::protection(self)
    }

    /// The names of the profiles below a home (for completions); an unreadable home has none.
    pub fn list(home: Option<&Path>) -> Vec<String> {
        let base = match home {
            Some(home) => home.to_path_buf(),
            None => match data_home() {
                Ok(data) => data.join("oubliette"),
                Err(_) => return Vec::new(),
            },
        };
        list_dirs(&base).unwrap_or_default()
    }
}

fn list_dirs(base: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(base)?.take(1_000) {
        let entry = entry?;
        if Profile::at(entry.path()).exists() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn data_home() -> Result<PathBuf, ClientError> {
    let absolute = |value: std::ffi::OsString| Some(PathBuf::from(value)).filter(|path| path.is_absolute());
    if let Some(data) = env::var_os("XDG_DATA_HOME").and_then(absolute) {
        return Ok(data);
    }
    match env::var_os("HOME").and_then(absolute) {
        Some(home) => Ok(home.join(".local").join("share")),
        None => Err(ClientError::NoHome),
    }
}

/// A profile's name becomes a folder's name: nothing that climbs out of its parent.
fn check_profile_name(name: &str) -> Result<(), ClientError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.chars().all(allowed) {
        return Err(ClientError::ProfileName);
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_name_cannot_leave_its_home() {
        for bad in ["", "..", ".hidden", "a/b", "a\\b", "a b", &"x".repeat(65)] {
            assert!(Profile::named(Some(Path::new("/h")), bad).is_err(), "{bad:?}");
        }
        let good = Profile::named(Some(Path::new("/h")), "work").unwrap();
        assert_eq!(good.dir(), Path::new("/h/work"));
    }
}
