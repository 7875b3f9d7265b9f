//! `backup FILE`: sealed beside its place, read back, and only then given its name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use store::EmbeddedStore;

use super::BackupError;
use super::dump::{DumpError, dump};
use super::reading::{self, Contents, manifest_in, records};
use super::record::Record;
use super::sealed::{Header, Sealer};
use super::secret::BackupSecret;
use crate::admin::{Question, Reply};
use crate::ask::{AskError, ask_for_more, told};
use crate::data_folder::{DataFolder, refuse_half_restored};
use crate::failure::Failure;

/// What the operator wants.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Of which folder.
    pub data: PathBuf,
    /// With root.key, if it is there.
    pub root_key: bool,
}

/// Makes a backup at `path`, which must not exist, and checks it.
pub fn make(wanted: &Wanted, path: &Path, secret: &BackupSecret) -> Result<Contents, BackupError> {
    if path.exists() {
        return Err(BackupError::Exists(path.to_path_buf()));
    }
    let part = part_of(path);
    let made = write(wanted, &part, secret).and_then(|written| {
        let read = reading::read(&part, secret, |_| Ok(()))?;
        if read != written {
            return Err(BackupError::damaged(&part, "what was read back is not what was written"));
        }
        fs::rename(&part, path).map_err(|error| BackupError::file(path, error))?;
        sync_folder(path)?;
        Ok(read)
    });
    if made.is_err() {
        // It may not be there at all.
        let _gone = fs::remove_file(&part);
    }
    made
}

fn write(wanted: &Wanted, part: &Path, secret: &BackupSecret) -> Result<Contents, BackupError> {
    let unwritten = |error| BackupError::file(part, error);
    // What a backup that was killed left behind is nobody's.
    let _gone = fs::remove_file(part);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(part).map_err(unwritten)?;
    let (contents, out) = seal(wanted, part, BufWriter::new(file), secret)?;
    let file = out.into_inner().map_err(|error| unwritten(error.into_error()))?;
    file.sync_all().map_err(unwritten)?;
    Ok(contents)
}

/// Seals a backup into `out`; `name` stands in errors.
pub fn seal<W: Write>(
    wanted: &Wanted,
    name: &Path,
    out: W,
    secret: &BackupSecret,
) -> Result<(Contents, W), BackupError> {
    let unwritten = |error| BackupError::file(name, error);
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| unwritten(io::Error::other(error)))?;
    let header = Header { kind: secret.kind(), salt };
    let mut sealer = Sealer::begin(out, header, &secret.open(&header)).map_err(unwritten)?;
    let contents = match ask_for_more(&wanted.data, &Question::Backup { root_key: wanted.root_key }) {
        Ok((Reply::Records, mut from)) => copy(name, &mut from, &mut sealer)?,
        Ok((reply, _)) => return Err(told(reply).into()),
        Err(AskError::NotRunning(_)) => from_folder(wanted, name, &mut sealer)?,
        Err(error) => return Err(error.into()),
    };
    let out = sealer.finish().map_err(unwritten)?;
    Ok((contents, out))
}

/// Takes what a running server hands over, checking each record on its way.
fn copy(name: &Path, from: &mut dyn Read, out: &mut dyn Write) -> Result<Contents, BackupError> {
    let mut put = |record: &Record| record.write(out).map_err(|error| BackupError::file(name, error));
    let first = Record::read(from).map_err(BackupError::Cut)?;
    let manifest = manifest_in(name, Ok(first))?;
    put(&Record::Manifest(manifest.clone()))?;
    let contents = records(name, manifest, from, |record| put(&record)).map_err(|error| match error {
        BackupError::Damaged { reason, .. } => BackupError::Cut(io::Error::other(reason)),
        other => other,
    })?;
    put(&Record::End(contents.tally))?;
    Ok(contents)
}

/// Reads the folder of a server that does not run, and keeps it from starting meanwhile.
fn from_folder(wanted: &Wanted, name: &Path, out: &mut dyn Write) -> Result<Contents, BackupError> {
    if !wanted.data.join("store").exists() {
        return Err(Failure::from(AskError::NotRunning(wanted.data.clone())).into());
    }
    let folder = DataFolder::hold(&wanted.data)?;
    refuse_half_restored(folder.path())?;
    let store = EmbeddedStore::open(&folder.store())?;
    let mut keeper = Keeper { out, first: Vec::new() };
    let tally =
        dump(&store, &folder.identity(), wanted.root_key, &mut keeper).map_err(|error| match error {
            DumpError::Identity(error) => BackupError::Told(error.into()),
            DumpError::Store(error) => BackupError::Cut(io::Error::other(error)),
            DumpError::Io(error) => BackupError::file(name, error),
        })?;
    let manifest = manifest_in(name, Record::read(&mut keeper.first.as_slice()))?;
    Ok(Contents { manifest, tally })
}

/// Passes bytes on and keeps the first ones, which hold the manifest.
struct Keeper<'a> {
    out: &'a mut dyn Write,
    first: Vec<u8>,
}

impl Write for Keeper<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        let room = MANIFEST_BYTES_MAX.saturating_sub(self.first.len());
        self.first.extend(bytes.iter().take(written.min(room)));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Far more than a manifest takes.
const MANIFEST_BYTES_MAX: usize = 4_096;

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    path.with_file_name(name)
}

/// After a power cut the file has its name, or is absent.
fn sync_folder(path: &Path) -> Result<(), BackupError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| BackupError::file(folder, error))
}
