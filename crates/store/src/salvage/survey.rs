//! A look at a store's files before fjall opens them: it would cut a damaged journal off and delete what a damaged
//! list leaves out, and say nothing of either.

use std::io;
use std::path::{Path, PathBuf};

use super::given::Given;
use super::journal;
use super::tree::{Tree, damaged_list, damaged_values, numbered};

/// What a look at a store's files found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Survey {
    /// The first file that is not as it was written.
    pub(crate) damaged: Option<PathBuf>,
    /// Bytes of a last batch that was never finished.
    pub(crate) torn: u64,
    /// The number of the newest journal.
    pub(crate) journal: Option<u64>,
    /// The highest number of a batch.
    pub(crate) batch: u64,
}

impl Survey {
    /// Looks through the journals, the lists of tables, and all of fjall's notes on keyspaces: by these fjall
    /// decides what it deletes. Tables and values have their checksums looked at when they are read.
    pub(crate) fn of(dir: &Path) -> io::Result<Self> {
        let mut survey = Self { journal: newest_journal(dir)?, ..Self::of_lists(dir)? };
        let journals = journals(dir)?;
        for (index, path) in journals.iter().enumerate() {
            let given = Given::read(path)?;
            let findings = journal::walk(&given.bytes, &mut survey.batch, &mut |_, _| {});
            // One that has a successor was synced to its end before that began.
            let is_last = index + 1 == journals.len();
            let is_damaged = findings.is_damaged() || given.unreadable > 0 || (findings.torn > 0 && !is_last);
            survey.blame(is_damaged.then(|| path.clone()));
            survey.torn = findings.torn as u64;
        }
        Ok(survey)
    }

    /// The lists and the notes alone.
    pub(crate) fn of_lists(dir: &Path) -> io::Result<Self> {
        let mut survey = Self::default();
        let keyspaces = numbered(&dir.join("keyspaces"))?;
        for folder in keyspaces.values() {
            survey.blame(damaged_list(folder)?);
        }
        if let Some(notes) = keyspaces.get(&0) {
            survey.blame(Tree::read(notes)?.damaged.pop());
        }
        Ok(survey)
    }

    fn blame(&mut self, file: Option<PathBuf>) {
        if self.damaged.is_none() {
            self.damaged = file;
        }
    }
}

/// Every list and every file of tables and values that is not as it was written: all of them are read.
pub(crate) fn damaged_files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut damaged = Vec::new();
    for folder in numbered(&dir.join("keyspaces"))?.values() {
        damaged.extend(Tree::read(folder)?.damaged);
        damaged.extend(damaged_values(folder)?.files);
    }
    Ok(damaged)
}

/// The number of the newest journal.
pub(crate) fn newest_journal(dir: &Path) -> io::Result<Option<u64>> {
    let newest = journals(dir)?.pop();
    Ok(newest.and_then(|path| path.file_stem()?.to_str()?.parse().ok()))
}

/// The journals, oldest first.
pub(super) fn journals(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let found = numbered(dir)?.into_values();
    Ok(found.filter(|path| path.extension().is_some_and(|ending| ending == "jnl")).collect())
}
