//! Folders 0700, files 0600: made so, and refused when laxer.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use crate::{ClientError, Profile};

const DIR_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// Makes a folder of ours, and its parents.
pub(crate) fn make_dir(dir: &Path) -> Result<(), ClientError> {
    DirBuilder::new().recursive(true).mode(DIR_MODE).create(dir).map_err(|error| file_error(dir, &error))?;
    check_mode(dir, DIR_MODE)
}

/// Makes an empty file of ours unless it exists; SQLite gives its side files the same mode.
pub(crate) fn make_file(path: &Path) -> Result<(), ClientError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path);
    match made {
        Ok(file) => file.sync_all().map_err(|error| file_error(path, &error)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => check_mode(path, FILE_MODE),
        Err(error) => Err(file_error(path, &error)),
    }
}

/// Writes a new file of ours, on stable storage when this returns. An existing one is replaced as a whole.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), ClientError> {
    let fresh = path.with_extension("new");
    let write = || -> io::Result<()> {
        let _ = fs::remove_file(&fresh);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&fresh)?;
        io::Write::write_all(&mut file, bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    };
    write().map_err(|error| file_error(path, &error))?;
    sync_dir(path)
}

/// The name of a file in its folder is on stable storage when this returns.
pub(crate) fn sync_dir(path: &Path) -> Result<(), ClientError> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(dir).and_then(|dir| dir.sync_all()).map_err(|error| file_error(dir, &error))
}

/// Refuses a folder or file of the profile that others may enter or read.
pub(crate) fn check(profile: &Profile) -> Result<(), ClientError> {
    check_mode(profile.dir(), DIR_MODE)?;
    for path in [profile.protector_path(), profile.key_file_path(), profile.vault_path()] {
        if path.exists() {
            check_mode(&path, FILE_MODE)?;
        }
    }
    Ok(())
}

fn check_mode(path: &Path, wanted: u32) -> Result<(), ClientError> {
    let metadata = fs::metadata(path).map_err(|error| file_error(path, &error))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(ClientError::LaxPermissions { path: path.to_path_buf(), mode, wanted });
    }
    Ok(())
}

/// A sentence for what the file system said.
pub(crate) fn file_error(path: &Path, error: &io::Error) -> ClientError {
    let is_missing = error.kind() == io::ErrorKind::NotFound;
    ClientError::File { path: path.to_path_buf(), reason: error.to_string(), is_missing }
}
