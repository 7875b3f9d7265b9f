//! What a keyspace of an open store still holds where fjall stumbles over damage (`spec/storage.md § Backup`).

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::given::Given;
use super::journal;
use super::survey::journals;
use super::tree::{Known, Tree};
use super::values::Values;

/// How often files are read again that fjall changed meanwhile.
const TRIES_MAX: usize = 16;

/// Every key that a keyspace's files speak of, and what they say of it.
pub(crate) struct Rest {
    tree: Tree,
    values: Values,
}

impl Rest {
    /// Reads the files of an open keyspace, the one of a number in the store's folder `dir`.
    pub(crate) fn read(dir: &Path, number: u64, folder: &Path) -> io::Result<Self> {
        let list = || Given::read(&folder.join("current"));
        for _ in 0..TRIES_MAX {
            let before = list()?;
            let tree = match read(dir, number, folder) {
                // A file that fjall was done with, and deleted.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                tree => tree?,
            };
            if list()? == before {
                return Ok(Self { tree, values: Values::of(folder) });
            }
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    /// The keys that stand behind one.
    pub(crate) fn keys_behind(&self, last: Option<&[u8]>) -> Vec<Vec<u8>> {
        let keys = self.tree.known.keys();
        keys.filter(|key| last.is_none_or(|last| key.as_slice() > last)).cloned().collect()
    }

    /// The newest value of a key that the files still give, unproven; of before fjall's number `until`.
    pub(crate) fn value(&mut self, key: &[u8], until: u64) -> Option<Vec<u8>> {
        let (_, known) = self.tree.known.get(key).filter(|((number, _), _)| *number < until)?;
        match known {
            Known::Value(value) => Some(value.clone()),
            Known::Apart { file, place, len } => self.values.read(*file, *place, key.len(), *len),
            Known::Removed => None,
        }
    }

    /// Whether the files say no more of a key than that it was removed.
    pub(crate) fn is_removed(&self, key: &[u8]) -> bool {
        self.tree.known.get(key).is_some_and(|(_, known)| *known == Known::Removed)
    }

    /// Blocks of which rows may be missing.
    pub(crate) fn damaged_blocks(&self) -> u64 {
        self.tree.damaged_blocks
    }
}

/// Journals first: what becomes a table meanwhile is seen at least once.
fn read(dir: &Path, number: u64, folder: &Path) -> io::Result<Tree> {
    let mut journalled = BTreeMap::new();
    let (mut last, mut unreadable) = (0, 0);
    for path in journals(dir)? {
        let given = Given::read(&path)?;
        unreadable += u64::from(given.unreadable > 0);
        journal::walk(&given.bytes, &mut last, &mut |batch, item| {
            if item.keyspace == number {
                let known = item.value.map_or(Known::Removed, |value| Known::Value(value.to_vec()));
                journalled.insert(item.key.to_vec(), (batch, known));
            }
        });
    }
    let mut tree = Tree::read(folder)?;
    // Rows may have stood there of which nothing else speaks.
    tree.damaged_blocks += unreadable;
    for (key, (batch, known)) in journalled {
        tree.learn((batch, u64::MAX), &key, known);
    }
    Ok(tree)
}
