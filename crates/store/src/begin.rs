//! The first start: a store is made aside and moved into its place whole, so that a power cut in between
//! leaves none rather than half of one, which no later start could open or tell from a damaged one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Whether there is nothing yet where a store is to be.
pub(crate) fn is_free(dir: &Path) -> bool {
    match fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// Where it is made: beside its place. What an earlier attempt left there was never in use.
pub(crate) fn aside(dir: &Path) -> io::Result<PathBuf> {
    let name = dir.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let aside = dir.with_file_name(format!("{name}.new"));
    match fs::remove_dir_all(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(aside),
    }
}

/// Puts it into its place, synced before and after.
pub(crate) fn settle(aside: &Path, dir: &Path) -> io::Result<()> {
    rustix::fs::syncfs(File::open(aside)?)?;
    fs::rename(aside, dir)?;
    // A bare name lies in the working directory.
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::EmbeddedStore;

    #[test]
    fn what_an_interrupted_first_start_left_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("store");
        fs::create_dir(folder.path().join("store.new")).unwrap();
        fs::write(folder.path().join("store.new/0.jnl"), b"half").unwrap();
        drop(EmbeddedStore::open(&dir).unwrap());
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(names, ["store"]);
        drop(EmbeddedStore::open(&dir).unwrap());
    }
}
