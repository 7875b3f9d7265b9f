//! Reading a backup from its first record to its last, and holding it to what it says of itself.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::BackupError;
use super::record::{FORMAT, Manifest, Record, Tally};
use super::sealed::{Header, Kind, Opener};
use super::secret::BackupSecret;

/// Whose backup it is and how much is in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contents {
    /// Its first record.
    pub manifest: Manifest,
    /// Its last.
    pub tally: Tally,
}

/// Opens a sealed backup and hands every record between the first and the last to `each`.
pub fn read(
    path: &Path,
    secret: &BackupSecret,
    each: impl FnMut(Record) -> Result<(), BackupError>,
) -> Result<Contents, BackupError> {
    let file = File::open(path).map_err(|error| BackupError::file(path, error))?;
    let mut from = BufReader::new(file);
    let header =
        Header::read(&mut from).map_err(|reason| BackupError::NotOne { path: path.to_path_buf(), reason })?;
    if header.kind != secret.kind() {
        let made_with = match header.kind {
            Kind::Passphrase => "a passphrase",
            Kind::KeyFile => "a key file",
        };
        return Err(BackupError::Secret(format!("{} was made with {made_with}", path.display())));
    }
    let key = secret.open(&header);
    let mut opener = Opener::begin(from, header, &key);
    let manifest = match Record::read(&mut opener) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(BackupError::DoesNotOpen(path.to_path_buf()));
        }
        first => manifest_in(path, first)?,
    };
    records(path, manifest, &mut opener, each)
}

/// Reads records that are not sealed, or not any more: what a server hands over, or a file behind its first one.
pub fn records(
    path: &Path,
    manifest: Manifest,
    from: &mut dyn Read,
    mut each: impl FnMut(Record) -> Result<(), BackupError>,
) -> Result<Contents, BackupError> {
    let mut counted = Tally::default();
    loop {
        let record = Record::read(from).map_err(|error| BackupError::damaged(path, error))?;
        counted.count(&record);
        match record {
            Record::Manifest(_) => return Err(BackupError::damaged(path, "it begins twice")),
            Record::Row(row) => {
                row.check().map_err(|error| BackupError::damaged(path, error))?;
                each(Record::Row(row))?;
            }
            Record::File { .. } => each(record)?,
            Record::End(tally) => {
                let Tally { damaged, damaged_blocks, .. } = tally;
                if tally != (Tally { damaged, damaged_blocks, ..counted }) {
                    return Err(BackupError::damaged(
                        path,
                        "it holds another number of records than it says",
                    ));
                }
                return match from.read(&mut [0]) {
                    Ok(0) => Ok(Contents { manifest, tally }),
                    Ok(_) => Err(BackupError::damaged(path, "something follows its end")),
                    Err(error) => Err(BackupError::damaged(path, error)),
                };
            }
        }
    }
}

/// The first record, which must be a manifest of a format that is known here.
pub fn manifest_in(path: &Path, first: io::Result<Record>) -> Result<Manifest, BackupError> {
    match first {
        Ok(Record::Manifest(manifest)) if manifest.format <= FORMAT => Ok(manifest),
        Ok(Record::Manifest(_)) => {
            Err(BackupError::NotOne { path: path.to_path_buf(), reason: "is of a later program" })
        }
        Ok(_) => Err(BackupError::damaged(path, "it does not say whose backup it is")),
        Err(error) => Err(BackupError::damaged(path, error)),
    }
}
