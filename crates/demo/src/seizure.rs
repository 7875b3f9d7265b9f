//! What somebody holds who takes the relay's disk away.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;

const FILES_MAX: usize = 10_000;

/// A file of the relay.
#[derive(Debug)]
pub struct Found {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// Reads every file below `dir`; sockets and the like hold nothing.
pub fn seize(dir: &Path) -> Result<Vec<Found>, Failure> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(Failure::of("cannot read the relay's folder"))? {
            let entry = entry.map_err(Failure::of("cannot read the relay's folder"))?;
            let kind = entry.file_type().map_err(Failure::of("cannot read the relay's folder"))?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                let bytes = fs::read(entry.path()).map_err(Failure::of("cannot read a file of the relay"))?;
                found.push(Found { path: entry.path(), bytes });
            }
            if found.len() + folders.len() > FILES_MAX {
                return Err(Failure::new("the relay keeps more files than this demo expects"));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

impl Found {
    /// Its size.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Whether `words` stand in it, as they are or in one of the usual disguises.
    pub fn holds(&self, words: &str) -> bool {
        disguises(words).iter().any(|disguise| contains(&self.bytes, disguise))
    }

    /// One line: size, hash, name below `dir`.
    pub fn describe(&self, dir: &Path) -> String {
        let name = self.path.strip_prefix(dir).unwrap_or(&self.path).display();
        format!("{:>9} bytes  {}  {name}", self.size(), short_hash(&self.path))
    }
}

/// Fails if any file holds one of the `canaries`. That the search can find something is proved on a control
/// file first.
pub fn prove_silent(found: &[Found], canaries: &[&str], control: &Path) -> Result<(), Failure> {
    for canary in canaries {
        fs::write(control, format!("…{canary}…")).map_err(Failure::of("cannot write the control file"))?;
        let bytes = fs::read(control).map_err(Failure::of("cannot read the control file"))?;
        if !(Found { path: control.to_owned(), bytes }).holds(canary) {
            return Err(Failure::new("the search does not find a text that is there"));
        }
        if let Some(file) = found.iter().find(|file| file.holds(canary)) {
            return Err(Failure::new(format!("{} holds the message in plain", file.path.display())));
        }
    }
    Ok(())
}

/// As bytes, as hexadecimal digits in both cases, and as what both orders of UTF-16 have in common.
fn disguises(words: &str) -> Vec<Vec<u8>> {
    let hex: String = words.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut wide: Vec<u8> = words.encode_utf16().flat_map(u16::to_le_bytes).collect();
    wide.pop();
    vec![words.as_bytes().to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes(), wide]
}

fn contains(mut hay: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return true };
    // Stores set large files aside that are mostly zeros: jump from one first byte to the next.
    while let Some(at) = hay.iter().position(|byte| byte == first) {
        hay = hay.get(at..).unwrap_or_default();
        if hay.starts_with(needle) {
            return true;
        }
        hay = hay.get(1..).unwrap_or_default();
    }
    false
}

/// The first digits of the file's SHA-256 as `sha256sum` tells it.
fn short_hash(path: &Path) -> String {
    let output = Command::new("sha256sum").arg("--").arg(path).stderr(Stdio::null()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    match text.get(..16) {
        Some(digits) => format!("sha256 {digits}…"),
        None => "sha256 unknown (no sha256sum)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> Found {
        Found { path: PathBuf::from("x"), bytes: bytes.to_vec() }
    }

    #[test]
    fn the_search_sees_through_disguises() {
        assert!(file(b"..key under the pot..").holds("key under the pot"));
        assert!(file(b"..6b6579..").holds("key"));
        assert!(file(&[0, 107, 0, 101, 0, 121]).holds("key"));
        assert!(file(&[107, 0, 101, 0, 121, 0]).holds("key"));
        assert!(!file(b"k e y").holds("key"));
        assert!(!file(b"").holds("key"));
    }
}
