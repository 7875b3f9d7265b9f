//! Giving up my own name: how far it came.

use rusqlite::OptionalExtension;
use wire::{CommitmentNonce, IdentityRecord, UnixSeconds, Wire};

use super::{Tx, decode, int, me, uint};
use crate::ClientError;

/// Giving up that was begun, and perhaps is done.
pub(crate) struct GivenUp {
    /// The tombstone that my key signed.
    pub(crate) record: IdentityRecord,
    /// When the server told that it stands.
    pub(crate) stands_at: Option<UnixSeconds>,
    /// Whether my stamps are void and the mailboxes collected for the last time.
    pub(crate) is_done: bool,
}

/// How far it came, if it was begun.
pub(crate) fn get(tx: &Tx<'_>) -> Result<Option<GivenUp>, ClientError> {
    let row = |row: &rusqlite::Row<'_>| {
        Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Option<i64>>(1)?, row.get::<_, bool>(2)?))
    };
    let found = tx.query_row("SELECT record, stands_at, is_done FROM given_up", [], row).optional()?;
    let Some((record, stands_at, is_done)) = found else { return Ok(None) };
    let record = decode(&record, "my last record")?;
    Ok(Some(GivenUp { record, stands_at: stands_at.map(|at| UnixSeconds(uint(at))), is_done }))
}

/// Whether it was begun.
pub(crate) fn is_begun(tx: &Tx<'_>) -> Result<bool, ClientError> {
    Ok(tx.query_row("SELECT count(*) FROM given_up", [], |row| row.get::<_, i64>(0))? > 0)
}

/// Commits the tombstone before it leaves: from here on nothing else does.
pub(crate) fn begin(tx: &Tx<'_>, record: &IdentityRecord) -> Result<(), ClientError> {
    tx.execute("INSERT INTO given_up (id, record) VALUES (1, ?1)", [record.to_bytes()])?;
    Ok(())
}

/// Forgets a tombstone that follows no record of the name: whoever begins once more signs the very same body.
pub(crate) fn call_off(tx: &Tx<'_>) -> Result<(), ClientError> {
    tx.execute("DELETE FROM given_up WHERE stands_at IS NULL", [])?;
    Ok(())
}

/// It stands: my last record.
pub(crate) fn stands(
    tx: &Tx<'_>,
    given_up: &GivenUp,
    nonce: &CommitmentNonce,
    leaf_index: u64,
) -> Result<(), ClientError> {
    tx.execute("UPDATE me SET record = ?1", [given_up.record.to_bytes()])?;
    me::set_leaf(tx, nonce, leaf_index)?;
    tx.execute("UPDATE given_up SET stands_at = ?1", [int(tx.now().0)])?;
    Ok(())
}

/// Nothing is left to do.
pub(crate) fn set_done(tx: &Tx<'_>) -> Result<(), ClientError> {
    tx.execute("UPDATE given_up SET is_done = 1", [])?;
    Ok(())
}
