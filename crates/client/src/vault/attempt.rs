//! Which envelope is being opened now: one that ends the process every time is set aside unopened.
//!
//! Kept in the collector's lock file and not in the vault, whose transaction dies with the process; never
//! synced, since the death that it is about leaves the system alive (`spec/vault.md § Order of writing`).

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use wire::Envelope;

use super::Tx;

/// Openings of one envelope that may end the process.
const TRIES_MAX: u8 = 3;
/// Envelopes remembered; there is one, but for what an earlier death left.
const MARKS_MAX: usize = 16;

/// The envelope's hash, and how often its opening was begun and not ended.
type Mark = [u8; 33];

/// Notes that an envelope is about to be opened; says no when that has ended the process too often.
pub(crate) fn begin(tx: &Tx<'_>, envelope: &Envelope) -> bool {
    let Some(path) = path(tx) else { return true };
    let (hash, mut marks) = (hash(envelope), read(&path));
    let tries = marks.iter().find(|mark| mark.starts_with(&hash)).map_or(0, |[.., tries]| *tries);
    if tries >= TRIES_MAX {
        return false;
    }
    marks.retain(|mark| !mark.starts_with(&hash));
    let surplus = marks.len().saturating_sub(MARKS_MAX - 1);
    marks.drain(..surplus);
    // A disk that takes no mark does not keep a message back.
    let _ = write(&path, &[marks.concat(), hash.to_vec(), vec![tries + 1]].concat());
    true
}

/// It was opened, or refused to be: this process lives.
pub(crate) fn end(tx: &Tx<'_>, envelope: &Envelope) {
    if let Some(path) = path(tx) {
        let (hash, mut marks) = (hash(envelope), read(&path));
        marks.retain(|mark| !mark.starts_with(&hash));
        let _ = write(&path, &marks.concat());
    }
}

fn hash(envelope: &Envelope) -> [u8; 32] {
    crypto::sha256(&[envelope.as_bytes()])
}

/// Only who collects opens envelopes, so that the file has one writer.
fn path(tx: &Tx<'_>) -> Option<PathBuf> {
    let vault = tx.db.path().map(PathBuf::from)?;
    Some(vault.with_file_name(super::lock::COLLECTOR)).filter(|path| path.exists())
}

fn read(path: &Path) -> Vec<Mark> {
    let bytes = fs::read(path).unwrap_or_default();
    bytes.as_chunks().0.iter().take(MARKS_MAX).copied().collect()
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::options().write(true).open(path)?;
    file.write_all(bytes)?;
    file.set_len(bytes.len() as u64)
}
