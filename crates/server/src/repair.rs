//! `repair NEWDIR`: what a damaged data folder still holds, into a new one. The damaged one is only read.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde_json::json;
use store::{EmbeddedStore, MailboxStore, OpenError, Options, SalvageError, Salvaged};
use wire::Day;

use crate::clock::wall;
use crate::data_folder::{
    DataFolder, DataFolderError, MARKER, clear_half_made, io_error, is_store_half_made, make_private,
    mark_store, refuse_half_restored, repairing, write_private,
};
use crate::failure::{EXIT_LOCAL, EXIT_USAGE, Failure};
use crate::identity::{Identity, IdentityError};
use crate::serve::store_screen;
use crate::verbs::print;

/// Files that are named on the screen; `--json` names all.
const FILES_MAX: usize = 8;

/// Why nothing was repaired. Both folders are as they were, but for an unfinished `repairing/` in the new one.
#[derive(thiserror::Error, Debug)]
pub enum RepairError {
    /// There is something where the repaired folder is to be.
    #[error("{0} is not empty")]
    NotEmpty(PathBuf),
    /// One of the folders cannot be used.
    #[error(transparent)]
    Folder(#[from] DataFolderError),
    /// The identity is damaged or missing: no store is worth anything without it.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The store did not give what it needs.
    #[error(transparent)]
    Salvage(#[from] SalvageError),
    /// What was repaired does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl From<RepairError> for Failure {
    fn from(error: RepairError) -> Self {
        let why = error.to_string();
        let restore = "put the last backup into another folder:   oublietted restore FILE --data NEWDIR";
        let (remedy, exit, code) = match error {
            RepairError::Folder(error) => return error.into(),
            RepairError::Identity(error) => return error.into(),
            RepairError::Open(error) | RepairError::Salvage(SalvageError::Open(error)) => {
                return store_screen(error);
            }
            RepairError::NotEmpty(_) => ("name a new folder — nothing was changed", EXIT_USAGE, "OUB-S086"),
            RepairError::Salvage(SalvageError::NoKeys) => (restore, EXIT_LOCAL, "OUB-S085"),
            RepairError::Salvage(SalvageError::Newer { .. }) => {
                ("run the version of oublietted that wrote it, or a newer one", EXIT_LOCAL, "OUB-S074")
            }
            RepairError::Salvage(_) => {
                ("check the disk and the room on it, then try again", EXIT_LOCAL, "OUB-S072")
            }
        };
        Failure::new("the data folder cannot be repaired", why, remedy, exit, code)
    }
}

/// What was repaired.
struct Repaired {
    salvaged: Salvaged,
    /// Gaps in mailboxes where an envelope was.
    gaps: u64,
}

/// `repair NEWDIR`.
pub fn repair(data: &Path, into: &Path, as_json: bool) -> Result<(), Failure> {
    let repaired = save(data, into)?;
    print(&if as_json { json_line(into, &repaired) + "\n" } else { screen(data, into, &repaired) })
}

/// The identity comes last: until then `serve` refuses the new folder.
fn save(data: &Path, into: &Path) -> Result<Repaired, RepairError> {
    refuse_half_restored(data)?;
    let old = DataFolder::hold(data)?;
    let identity = Identity::inspect(&old.identity())?.ok_or_else(|| IdentityError::Lost(old.identity()))?;
    drop(identity);
    refuse_filled(into)?;
    let new = DataFolder::hold(into)?;
    let fresh = repairing(into);
    clear_half_made(into, &fresh)?;
    make_private(&fresh)?;
    let saved = fill(&old, &new, &fresh);
    if saved.is_err() {
        // What stands there is worth nothing. If it stays, `serve` refuses the folder.
        let _stays = clear_half_made(into, &fresh);
    }
    saved
}

fn fill(old: &DataFolder, new: &DataFolder, fresh: &Path) -> Result<Repaired, RepairError> {
    let into = new.path();
    let store = fresh.join("store");
    let salvaged = EmbeddedStore::salvage(&old.store(), &store, today())?;
    // Opened as a server opens it. What it is made of stays where it is.
    let alone = Options { keeps_former: false, ..Options::default() };
    let gaps = EmbeddedStore::open_with(&store, alone)?.totals().damaged;
    let files = fresh.join("identity");
    make_private(&files)?;
    for (name, bytes) in Identity::files(&old.identity())? {
        write_private(&files.join(name), &bytes)?;
    }
    for (from, to) in [(store, new.store()), (files, new.identity())] {
        fs::rename(from, &to).map_err(|error| io_error(&to, error))?;
        mark_store(into)?;
        File::open(into).and_then(|folder| folder.sync_all()).map_err(|error| io_error(into, error))?;
    }
    fs::remove_dir(fresh).map_err(|error| io_error(fresh, error))?;
    Ok(Repaired { salvaged, gaps })
}

/// For envelopes whose day is lost with the name of their table.
fn today() -> Day {
    Day(u16::try_from(wall().0 / 86_400).unwrap_or(u16::MAX))
}

/// Nothing may be there but what an earlier attempt, or the lock, left.
fn refuse_filled(into: &Path) -> Result<(), RepairError> {
    let entries = match fs::read_dir(into) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_error(into, error).into()),
    };
    let half = is_store_half_made(into, &repairing(into));
    for entry in entries {
        let name = entry.map_err(|error| io_error(into, error))?.file_name();
        let ours = ["lock", "repairing", "lost+found", MARKER].iter().any(|ours| name == *ours)
            || (half && name == "store");
        if !ours {
            return Err(RepairError::NotEmpty(into.to_path_buf()));
        }
    }
    Ok(())
}

fn screen(data: &Path, into: &Path, repaired: &Repaired) -> String {
    let Repaired { salvaged, gaps } = repaired;
    let mut text = format!(
        "Repaired into {}: {} rows, {} envelopes among them.\n\n",
        into.display(),
        salvaged.rows,
        salvaged.envelopes
    );
    for file in salvaged.damaged_files.iter().take(FILES_MAX) {
        text += &format!("  damaged   {}\n", data.join("store").join(file).display());
    }
    let more = salvaged.damaged_files.len().saturating_sub(FILES_MAX);
    if more > 0 {
        text += &format!("  damaged   {more} files more\n");
    }
    if salvaged.torn > 0 {
        text += &format!("  unfinished   {} bytes of a last write that nobody was told of\n", salvaged.torn);
    }
    if salvaged.unreadable > 0 {
        text += &format!("  unread    {} bytes that the disk did not give\n", salvaged.unreadable);
    }
    text += &format!("  lost      {} rows that are not as they were written\n", salvaged.lost);
    text += &format!("  gaps      {gaps} places in mailboxes where an envelope was\n");
    text += &format!(
        "\n{} is as it was. Keep it, and use the new folder in its place:\n\n  oublietted check --data {}\n",
        data.display(),
        into.display()
    );
    text
}

fn json_line(into: &Path, repaired: &Repaired) -> String {
    let Repaired { salvaged, gaps } = repaired;
    json!({
        "v": 1, "t": "repaired", "data": into, "rows": salvaged.rows, "envelopes": salvaged.envelopes,
        "lost": salvaged.lost, "gaps": gaps, "torn_bytes": salvaged.torn,
        "unreadable_bytes": salvaged.unreadable,
        "damaged_files": salvaged.damaged_files,
    })
    .to_string()
}
