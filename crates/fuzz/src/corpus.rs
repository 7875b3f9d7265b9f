//! The corpora under `fuzz/corpus`: small files, one folder a target, replayed by ordinary tests.

use crate::target::Target;
use std::io;
use std::path::{Path, PathBuf};

/// A file of a corpus is smaller than this.
pub const FILE_BYTES_MAX: usize = 64 * 1024;

/// `fuzz/` at the root of the project.
pub fn home() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.expect("this crate lies in crates/fuzz").join("fuzz")
}

/// Where a target's inputs are.
pub fn folder(target: &Target) -> PathBuf {
    home().join("corpus").join(target.name)
}

/// A target's inputs with their names, in the order of these.
pub fn load(target: &Target) -> io::Result<Vec<(String, Vec<u8>)>> {
    let folder = folder(target);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.push((name, std::fs::read(path)?));
    }
    files.sort();
    Ok(files)
}

/// Adds an input under the name of its hash.
pub fn keep(target: &Target, input: &[u8]) -> io::Result<PathBuf> {
    write(&folder(target), &hash(input), input)
}

/// Takes an input out.
pub fn remove(target: &Target, name: &str) -> io::Result<()> {
    std::fs::remove_file(folder(target).join(name))
}

/// Writes an input that showed a fault to `fuzz/crashes`, which git ignores.
pub fn crash(target: &Target, input: &[u8]) -> io::Result<PathBuf> {
    write(&home().join("crashes"), &format!("{}-{}", target.name, hash(input)), input)
}

/// Writes one file, and the folder if it is missing.
pub fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join(name);
    std::fs::write(&path, bytes)?;
    Ok(path)
}

fn hash(input: &[u8]) -> String {
    crypto::sha256(&[input]).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
