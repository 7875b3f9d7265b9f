//! Everything that a server must not lose, as records: from a running server or from its folder.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;

use store::{OperatorStore, StoreError};
use wire::address::ShortFingerprint;

use super::record::{FORMAT, Manifest, Record, Tally};
use crate::clock::wall;
use crate::identity::{Identity, IdentityError, ROOT_KEY};

/// Why not everything could be handed over.
#[derive(thiserror::Error, Debug)]
pub enum DumpError {
    /// The identity cannot be read, or is not there.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The store did not give its rows.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Whoever takes the records does not.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Writes the whole backup to `out`. Blocks, and goes on as fast as `out` takes it.
pub fn dump(
    store: &dyn OperatorStore,
    identity: &Path,
    root_key: bool,
    out: &mut dyn Write,
) -> Result<Tally, DumpError> {
    let mut tally = Tally::default();
    let mut put = |record: Record| {
        tally.count(&record);
        record.write(out)
    };
    let known = Identity::inspect(identity)?.ok_or_else(|| IdentityError::Lost(identity.to_path_buf()))?;
    // The moment of which the backup tells: whatever was confirmed until here is in it.
    let frozen = store.freeze()?;
    let root_key = root_key && known.root_key_is_here();
    put(Record::Manifest(Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        made: wall().0,
        server: ShortFingerprint::from_full(known.server_id().as_bytes()).to_string(),
        tls_ca_not_after: known.ca_not_after().0,
        root_key,
    }))?;
    for (name, bytes) in Identity::files(identity)? {
        if root_key || name != ROOT_KEY {
            put(Record::File { name: name.to_owned(), bytes })?;
        }
    }
    let mut stuck = None;
    let left_out = frozen.rows(|row| match put(Record::Row(row)) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            stuck = Some(error);
            ControlFlow::Break(())
        }
    });
    let left_out = left_out.map_err(StoreError::NotDone)?;
    if let Some(error) = stuck {
        return Err(error.into());
    }
    let tally = Tally { damaged: left_out.rows, damaged_blocks: left_out.blocks, ..tally };
    Record::End(tally).write(out)?;
    out.flush()?;
    Ok(tally)
}
