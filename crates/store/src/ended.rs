//! What an orderly stop says of the journal and the front logs, so that the next start sees whether something is missing
//! (`spec/storage.md § The front log`).

use std::path::{Path, PathBuf};

use crate::codec::{Cut, seal, unseal};
use crate::shelf::{Change, Key, Table};

/// Its row, which stands in the front log and in no table.
const ENDED_KEY: &[u8] = b"ended";

/// Where the journal ended, and with which front log those began.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ended {
    /// fjall's number of a batch: the last that was written has this one or a higher one.
    pub(crate) batch: u64,
    /// The number of the newest journal before it was written.
    pub(crate) journal: u64,
    /// The number of the first front log that says anything. Those behind it follow it without a gap.
    pub(crate) log: u64,
}

impl Ended {
    /// What the front log is told.
    pub(crate) fn change(self) -> Change {
        let body = [self.batch, self.journal, self.log].map(u64::to_be_bytes);
        let value = seal(Table::Meta.number(), ENDED_KEY, &[body.as_flattened()]);
        Change { table: Table::Meta, key: Key::from_slice(ENDED_KEY), value: Some(value) }
    }

    /// Reads it back, if a change is that.
    pub(crate) fn of(change: &Change) -> Option<Self> {
        let is_ours = change.table == Table::Meta && change.key.as_slice() == ENDED_KEY;
        let value = change.value.as_deref().filter(|_| is_ours)?;
        let mut left = Cut(unseal(Table::Meta.number(), ENDED_KEY, value)?);
        Some(Self { batch: left.u64()?, journal: left.u64()?, log: left.u64()? })
    }

    /// The journal in `dir`, if its end is missing where the newest there has this number, and the last batch that one.
    /// A newer journal than is known was begun when the one before was full, and then that may be gone.
    pub(crate) fn missing(self, dir: &Path, newest: Option<u64>, last: u64) -> Option<PathBuf> {
        let is_there = newest.is_some_and(|newest| newest > self.journal)
            || newest == Some(self.journal) && last >= self.batch;
        (!is_there).then(|| dir.join(format!("{}.jnl", self.journal)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_that_lacks_its_last_batch_is_named_and_a_newer_one_speaks_for_it() {
        let ended = Ended { batch: 70, journal: 3, log: 5 };
        assert_eq!(Ended::of(&ended.change()), Some(ended));
        let missing = |newest, last| ended.missing(Path::new("store"), newest, last);
        for (newest, last) in [(Some(3), 70), (Some(3), 71), (Some(4), 0)] {
            assert_eq!(missing(newest, last), None);
        }
        for (newest, last) in [(Some(3), 69), (Some(2), 70), (None, 0)] {
            assert_eq!(missing(newest, last), Some(PathBuf::from("store/3.jnl")));
        }
    }
}
