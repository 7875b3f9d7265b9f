//! The vault as it was before an upgrade: beside it for some days, for whoever wants to go back (`spec/vault.md § Versions`).
//!
//! It is a copy of everything, also of what is let go of afterwards, under the same key. So it does not stay.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use wire::{UnixSeconds, limits::FORMER_DAYS};

use super::{
    Vault, key_literal, migrate,
    permissions::{file_error, make_file, sync_dir},
};
use crate::{ClientError, Profile, vault::key::RawKey};

/// How the name of one begins; its version follows.
const NAME: &str = "former-";
/// How it ends.
const TAIL: &str = ".db";
/// How the name of one that is being made ends, but for what SQLite adds.
const ASIDE: &str = ".new";
/// Nobody makes one for longer.
const MAKING_S: u64 = 3_600;
const DAY_S: u64 = 86_400;
/// From this version on a vault notes that it is not the newest of its identity.
const COPIES_SINCE: u32 = 3;
/// Files of a profile that are looked at.
const FILES_MAX: usize = 1_000;

/// Copies a vault that is about to be brought forward. One that is new, or of this version, has no former one.
pub(super) fn keep(vault: &Vault, key: &RawKey) -> Result<(), ClientError> {
    let found = vault.read(migrate::version)?;
    if found == 0 || found >= migrate::known() {
        return Ok(());
    }
    let (dir, dice) = (vault.profile().dir(), vault.read(|tx| Ok(tx.number()))?);
    let (path, aside) = (path_of(dir, found), dir.join(format!("{NAME}{found}-{dice:016x}{ASIDE}")));
    make_file(&aside)?;
    let kept = export(vault, key, found, &aside).and_then(|is_mine| match is_mine {
        true => fs::rename(&aside, &path).map_err(|error| file_error(&path, &error)),
        // Another process brought it forward meanwhile, and has kept it.
        false => fs::remove_file(&aside).map_err(|error| file_error(&aside, &error)),
    });
    if kept.is_err() {
        // What stays is removed later.
        let _ = fs::remove_file(&aside);
    }
    kept?;
    sync_dir(&path)?;
    for (other, version) in all(dir) {
        if version != found {
            fs::remove_file(&other).map_err(|error| file_error(&other, &error))?;
        }
    }
    Ok(())
}

/// Erases what had its days, and what was never finished.
pub(crate) fn let_go(profile: &Profile, now: UnixSeconds) -> Result<(), ClientError> {
    for path in files(profile.dir()) {
        let stays_s = match version_in(&path) {
            Some(_) => FORMER_DAYS * DAY_S,
            None if is_unfinished(&path) => MAKING_S,
            None => continue,
        };
        // Another process may have removed it.
        let Ok(made) = fs::metadata(&path).and_then(|found| found.modified()) else { continue };
        if is_over(made, stays_s, now) {
            fs::remove_file(&path).map_err(|error| file_error(&path, &error))?;
        }
    }
    Ok(())
}

/// Erases every one, finished or not: something must be nowhere any more.
pub(crate) fn let_go_of_all(profile: &Profile) -> Result<(), ClientError> {
    // A folder that cannot be read may hold one.
    fs::read_dir(profile.dir()).map_err(|error| file_error(profile.dir(), &error))?;
    for path in files(profile.dir()) {
        if version_in(&path).is_none() && !is_unfinished(&path) {
            continue;
        }
        match fs::remove_file(&path) {
            // Another process may have removed it.
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(file_error(&path, &error)),
            _ => {}
        }
    }
    Ok(())
}

/// The newest that a program knows which knows up to this version.
pub(super) fn newest(profile: &Profile, known: u32) -> Option<PathBuf> {
    let found = all(profile.dir()).into_iter().filter(|(_, version)| *version <= known);
    found.max_by_key(|(_, version)| *version).map(|(path, _)| path)
}

/// Everything in one transaction, if it is of this version still. Whoever goes back to it counts as restored.
fn export(vault: &Vault, key: &RawKey, found: u32, aside: &Path) -> Result<bool, ClientError> {
    vault.attached(aside, &key_literal(key, &[]), |tx| {
        if migrate::version(tx)? != found {
            return Ok(false);
        }
        tx.query_row("SELECT sqlcipher_export('backup')", [], |_| Ok(()))?;
        tx.execute_batch(&format!("PRAGMA backup.user_version = {found};"))?;
        if found >= COPIES_SINCE {
            tx.execute("UPDATE backup.me SET copy = 1 WHERE copy IN (0, 3)", [])?;
        }
        Ok(true)
    })
}

/// One that is of a day to come was made while a clock was ahead: nobody knows for how long it would stay.
fn is_over(made: SystemTime, stays_s: u64, now: UnixSeconds) -> bool {
    let made = made.duration_since(UNIX_EPOCH).map_or(0, |made| made.as_secs());
    now.0 >= made.saturating_add(stays_s) || made > now.0.saturating_add(DAY_S)
}

fn all(dir: &Path) -> Vec<(PathBuf, u32)> {
    let with_version = |path: PathBuf| version_in(&path).map(|version| (path, version));
    files(dir).into_iter().filter_map(with_version).collect()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).map(|entries| entries.take(FILES_MAX).flatten());
    entries.map(|entries| entries.map(|entry| entry.path()).collect()).unwrap_or_default()
}

fn path_of(dir: &Path, version: u32) -> PathBuf {
    dir.join(format!("{NAME}{version}{TAIL}"))
}

fn version_in(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.strip_prefix(NAME)?.strip_suffix(TAIL)?.parse().ok()
}

fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix(NAME));
    name.is_some_and(|name| name.contains(ASIDE))
}
