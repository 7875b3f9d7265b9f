//! The rows of a store at one moment, for backups.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use fjall::{Keyspace, Readable as _, Snapshot};

use super::read_cause;
use crate::Cause;
use crate::keyspaces;
use crate::salvage::{Rest, is_unreadable};
use crate::shelf::{EachRow, FrozenShelf, Table};

/// A snapshot of fjall over all keyspaces: it keeps what is let go of meanwhile, so it must not live long.
pub(super) struct Frozen {
    pub(super) dir: PathBuf,
    pub(super) keyspaces: Vec<(Table, Keyspace)>,
    pub(super) snapshot: Snapshot,
    /// Tells that the database cannot be closed now. The last to go.
    pub(super) _seen: Arc<()>,
}

impl FrozenShelf for Frozen {
    fn rows(&self, each: &mut EachRow<'_>) -> Result<u64, Cause> {
        let mut damaged_blocks = 0;
        for (table, keyspace) in &self.keyspaces {
            let mut last = None;
            for guard in self.snapshot.iter(keyspace) {
                match guard.into_inner() {
                    Ok((key, value)) => {
                        let is_counter = keyspaces::is_counter(*table, &key);
                        if !is_counter && each(*table, &key, Some(&value)).is_break() {
                            return Ok(damaged_blocks);
                        }
                        last = Some(key);
                    }
                    Err(error) if is_passed_over(&error) => {
                        let (flow, blocks) = self.rows_around(*table, keyspace, last.as_deref(), each)?;
                        damaged_blocks += blocks;
                        if flow.is_break() {
                            return Ok(damaged_blocks);
                        }
                        break;
                    }
                    Err(error) => return Err(read_cause(&error)),
                }
            }
        }
        Ok(damaged_blocks)
    }
}

impl Frozen {
    /// Likewise the rows behind one, in a table with damage, key by key; and how many blocks of it are damaged. An
    /// iterator of fjall is no help: behind an error it leaves out rows that were next, and all that the file has yet.
    fn rows_around(
        &self,
        table: Table,
        keyspace: &Keyspace,
        last: Option<&[u8]>,
        each: &mut EachRow<'_>,
    ) -> Result<(ControlFlow<()>, u64), Cause> {
        let mut rest = Rest::read(&self.dir, keyspace.id(), keyspace.path()).map_err(|_| Cause::Read)?;
        let blocks = rest.damaged_blocks();
        for key in rest.keys_behind(last) {
            if keyspaces::is_counter(table, &key) {
                continue;
            }
            let flow = match self.snapshot.get(keyspace, &key) {
                Ok(Some(value)) => each(table, &key, Some(&value)),
                // Removed, or not there yet at the moment.
                Ok(None) => ControlFlow::Continue(()),
                // Nothing newer than what is damaged speaks of it.
                Err(error) if is_passed_over(&error) => match rest.is_removed(&key) {
                    true => ControlFlow::Continue(()),
                    false => each(table, &key, rest.value(&key, self.snapshot.seqno()).as_deref()),
                },
                Err(error) => return Err(read_cause(&error)),
            };
            if flow.is_break() {
                return Ok((flow, blocks));
            }
        }
        Ok((ControlFlow::Continue(()), blocks))
    }
}

/// Whether a backup goes on around it, and counts it: damage, and what the disk does not give.
fn is_passed_over(error: &fjall::Error) -> bool {
    match error {
        fjall::Error::Io(io) | fjall::Error::Storage(fjall::LsmError::Io(io)) if is_unreadable(io) => true,
        error => read_cause(error) == Cause::Damaged,
    }
}
