//! `backup FILE`: sealed beside its place, read back, and only then given its name.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
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
use crate::owner::ActingAs;
use crate::serve::told_at_opening;

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
    let part = Part::take(path)?;
    let made = write(wanted, &part, secret).and_then(|written| {
        let read = reading::read(&part.path, secret, |_| Ok(()))?;
        if read != written {
            return Err(BackupError::damaged(&part.path, "what was read back is not what was written"));
        }
        part.become_the_backup(path)?;
        sync_folder(path)?;
        Ok(read)
    });
    if made.is_err() {
        // It may not be there any more.
        let _gone = fs::remove_file(&part.path);
    }
    made
}

fn write(wanted: &Wanted, part: &Part, secret: &BackupSecret) -> Result<Contents, BackupError> {
    let unwritten = |error| BackupError::file(&part.path, error);
    let (contents, mut out) = seal(wanted, &part.path, BufWriter::new(&part.file), secret)?;
    out.flush().map_err(unwritten)?;
    part.file.sync_all().map_err(unwritten)?;
    Ok(contents)
}

/// The file beside its place, which one backup at a time has; the lock goes with its process.
struct Part {
    path: PathBuf,
    file: File,
}

impl Part {
    /// Takes it; what a backup that was killed left behind is nobody's.
    fn take(of: &Path) -> Result<Self, BackupError> {
        let path = part_of(of);
        let unwritten = |error| BackupError::file(&path, error);
        let mut new = OpenOptions::new();
        new.write(true).mode(0o600);
        match new.clone().create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => {
                return hold(&path, made.map_err(unwritten)?, of)
                    .map(|file| Self { path: path.clone(), file });
            }
        }
        // Held until another file has its name, so that nobody else takes it away too.
        let _left = hold(&path, new.open(&path).map_err(unwritten)?, of)?;
        fs::remove_file(&path).map_err(unwritten)?;
        let file = new.create_new(true).open(&path).map_err(unwritten)?;
        hold(&path, file, of).map(|file| Self { path: path.clone(), file })
    }

    /// Gives it its name, which nobody may have taken meanwhile.
    fn become_the_backup(&self, path: &Path) -> Result<(), BackupError> {
        match renameat_with(CWD, &self.path, CWD, path, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => Err(BackupError::Exists(path.to_path_buf())),
            // A file system that cannot promise it.
            Err(Errno::INVAL | Errno::NOSYS) if path.exists() => Err(BackupError::Exists(path.to_path_buf())),
            Err(Errno::INVAL | Errno::NOSYS) => {
                fs::rename(&self.path, path).map_err(|error| BackupError::file(path, error))
            }
            Err(error) => Err(BackupError::file(path, error.into())),
        }
    }
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
    let _acting = ActingAs::owner_of(&wanted.data).map_err(|error| BackupError::file(&wanted.data, error))?;
    let folder = DataFolder::hold(&wanted.data)?;
    refuse_half_restored(folder.path())?;
    let store = EmbeddedStore::open(&folder.store())?;
    for told in told_at_opening(&store) {
        eprintln!("warning: store: {told}");
    }
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

/// Locks a file, unless another backup does or has given it its name since. Where the file system knows no locks, it
/// is enough that it was made anew.
fn hold(path: &Path, file: File, of: &Path) -> Result<File, BackupError> {
    if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
        return Err(BackupError::UnderWay(of.to_path_buf()));
    }
    let held = file.metadata().map_err(|error| BackupError::file(path, error))?;
    let here = fs::symlink_metadata(path);
    match here.is_ok_and(|here| (here.dev(), here.ino()) == (held.dev(), held.ino())) {
        true => Ok(file),
        false => Err(BackupError::UnderWay(of.to_path_buf())),
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
