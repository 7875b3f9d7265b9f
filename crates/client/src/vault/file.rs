//! Files and their parts, going out and coming in: rows of `file` and `part`.

use e2ee::{MessageId, said::FileHead};
use rusqlite::{OptionalExtension, Row};
use wire::UnixSeconds;

use super::{Tx, int, uint};
use crate::ClientError;

/// Files of one contact that may be incomplete at once.
const INCOMPLETE_MAX: i64 = 8;
/// Bytes of the parts of one contact's incomplete files.
const INCOMPLETE_BYTES_MAX: i64 = 64 * 1024 * 1024;

/// Where a file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// Parts are missing; or, of one of mine, it is being read.
    OnItsWay = 0,
    /// Every part is here and the hash holds; of one of mine: its parts are in the outbox.
    Whole = 1,
    /// It stands in a folder of the person's, and no longer here.
    Saved = 2,
    /// The hash does not hold, or what is missing never came.
    Damaged = 3,
    /// Too many were on their way at once.
    Dropped = 4,
    /// Its bytes were erased here.
    Erased = 5,
}

/// A row of `file`.
#[derive(Clone, Debug)]
pub(crate) struct FileRow {
    pub(crate) id: i64,
    pub(crate) contact: i64,
    pub(crate) message_id: MessageId,
    pub(crate) bytes: Option<u64>,
    pub(crate) hash: Option<[u8; 32]>,
    pub(crate) state: State,
    pub(crate) saved: Option<String>,
}

const COLUMNS: &str = "id, contact, message_id, bytes, hash, state, saved";

/// By the message that announces it.
pub(crate) fn find(
    tx: &Tx<'_>,
    contact: i64,
    outgoing: bool,
    message: &MessageId,
) -> Result<Option<FileRow>, ClientError> {
    let sql = format!("SELECT {COLUMNS} FROM file WHERE contact = ?1 AND outgoing = ?2 AND message_id = ?3");
    let row = tx.query_row(&sql, (contact, outgoing, message.0), |row| Ok(from_row(row)));
    row.optional()?.transpose()
}

/// Received files, oldest first; of one contact if one is named.
pub(crate) fn received(tx: &Tx<'_>, contact: Option<i64>) -> Result<Vec<FileRow>, ClientError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM file WHERE outgoing = 0 AND bytes IS NOT NULL AND (?1 IS NULL OR contact = ?1)
         ORDER BY id"
    );
    let mut rows = tx.prepare_cached(&sql)?;
    let list = rows.query_map([contact], |row| Ok(from_row(row)))?;
    list.map(|row| row?).collect()
}

/// Begins a row. A file of mine has no head yet; one of theirs may have none either, when a part overtook it.
pub(crate) fn begin(
    tx: &Tx<'_>,
    contact: i64,
    outgoing: bool,
    message: &MessageId,
) -> Result<i64, ClientError> {
    tx.execute(
        "INSERT INTO file (contact, outgoing, message_id, began_at) VALUES (?1, ?2, ?3, ?4)",
        (contact, outgoing, message.0, int(tx.now().0)),
    )?;
    Ok(tx.last_insert_rowid())
}

/// Notes what the head says.
pub(crate) fn set_head(tx: &Tx<'_>, id: i64, head: &FileHead) -> Result<(), ClientError> {
    tx.execute("UPDATE file SET bytes = ?2, hash = ?3 WHERE id = ?1", (id, head.bytes, head.hash))?;
    Ok(())
}

/// Notes where a file is. What is not whole or on its way needs no parts here.
pub(crate) fn set_state(tx: &Tx<'_>, id: i64, state: State) -> Result<(), ClientError> {
    tx.execute("UPDATE file SET state = ?2 WHERE id = ?1", (id, state as i64))?;
    match state {
        State::OnItsWay | State::Whole => Ok(()),
        State::Saved | State::Damaged | State::Dropped | State::Erased => drop_parts(tx, id),
    }
}

/// Notes that the person has it in a folder: this copy goes.
pub(crate) fn set_saved(tx: &Tx<'_>, id: i64, path: &str) -> Result<(), ClientError> {
    tx.execute("UPDATE file SET saved = ?2 WHERE id = ?1", (id, path))?;
    set_state(tx, id, State::Saved)
}

fn drop_parts(tx: &Tx<'_>, id: i64) -> Result<(), ClientError> {
    tx.execute("DELETE FROM part WHERE file = ?1", [id])?;
    Ok(())
}

/// Forgets a file of mine that was not read to its end.
pub(crate) fn withdraw(tx: &Tx<'_>, id: i64) -> Result<(), ClientError> {
    tx.execute("DELETE FROM file WHERE id = ?1", [id])?;
    Ok(())
}

/// Whether one more file of a contact may be on its way, or so many more bytes.
pub(crate) fn has_room(tx: &Tx<'_>, contact: i64, new_file: bool, bytes: usize) -> Result<bool, ClientError> {
    let counted = "SELECT count(*) FROM file WHERE contact = ?1 AND outgoing = 0 AND state = 0";
    let files: i64 = tx.query_row(counted, [contact], |row| row.get(0))?;
    let sum = "SELECT coalesce(sum(length(bytes)), 0) FROM part WHERE file IN
               (SELECT id FROM file WHERE contact = ?1 AND outgoing = 0 AND state = 0)";
    let kept: i64 = tx.query_row(sum, [contact], |row| row.get(0))?;
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    Ok(files + i64::from(new_file) <= INCOMPLETE_MAX && kept.saturating_add(bytes) <= INCOMPLETE_BYTES_MAX)
}

/// Keeps a part; one that is here already stays as it is.
pub(crate) fn keep_part(tx: &Tx<'_>, file: i64, index: u16, bytes: &[u8]) -> Result<(), ClientError> {
    let sql = "INSERT OR IGNORE INTO part (file, idx, bytes) VALUES (?1, ?2, ?3)";
    tx.execute(sql, (file, index, bytes))?;
    Ok(())
}

/// One part's bytes.
pub(crate) fn part(tx: &Tx<'_>, file: i64, index: u16) -> Result<Option<Vec<u8>>, ClientError> {
    let sql = "SELECT bytes FROM part WHERE file = ?1 AND idx = ?2";
    Ok(tx.query_row(sql, (file, index), |row| row.get(0)).optional()?)
}

/// How many parts are here, and their bytes.
pub(crate) fn parts(tx: &Tx<'_>, file: i64) -> Result<(u64, u64), ClientError> {
    let sql = "SELECT count(*), coalesce(sum(length(bytes)), 0) FROM part WHERE file = ?1";
    let found = tx.query_row(sql, [file], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((uint(found.0), uint(found.1)))
}

/// Drops parts that a head does not foresee.
pub(crate) fn drop_beyond(tx: &Tx<'_>, file: i64, head: &FileHead) -> Result<(), ClientError> {
    let mut rows = tx.prepare("SELECT idx, length(bytes) FROM part WHERE file = ?1")?;
    let list = rows.query_map([file], |row| Ok((row.get::<_, u16>(0)?, row.get::<_, i64>(1)?)))?;
    for found in list.collect::<Result<Vec<_>, _>>()? {
        if head.part_bytes(found.0) != usize::try_from(found.1).ok() {
            tx.execute("DELETE FROM part WHERE file = ?1 AND idx = ?2", (file, found.0))?;
        }
    }
    Ok(())
}

/// What has been on its way for too long: received files count as damaged, mine that were never read to the end go.
pub(crate) fn give_up(
    tx: &Tx<'_>,
    received: UnixSeconds,
    being_read: UnixSeconds,
) -> Result<(), ClientError> {
    let sql = "SELECT id FROM file WHERE outgoing = 0 AND state = 0 AND began_at < ?1";
    let mut rows = tx.prepare(sql)?;
    let old = rows.query_map([int(received.0)], |row| row.get::<_, i64>(0))?;
    for id in old.collect::<Result<Vec<_>, _>>()? {
        set_state(tx, id, State::Damaged)?;
    }
    let sql = "DELETE FROM file WHERE outgoing = 1 AND state = 0 AND began_at < ?1";
    tx.execute(sql, [int(being_read.0)])?;
    Ok(())
}

/// Erases the parts of mine that were answered, or are too old to be sealed again.
pub(crate) fn forget_sent(tx: &Tx<'_>, before: UnixSeconds) -> Result<(), ClientError> {
    tx.execute(
        "DELETE FROM part WHERE rowid IN (SELECT part.rowid FROM part JOIN file ON file.id = part.file
         JOIN outbox ON outbox.contact = file.contact AND outbox.kind = 2 AND outbox.target = file.message_id
         AND outbox.part = part.idx
         WHERE file.outgoing = 1 AND outbox.state = 2 AND (outbox.answered_at IS NOT NULL OR outbox.stored_at < ?1))",
        [int(before.0)],
    )?;
    Ok(())
}

/// How many parts of a file of mine there are, and how many of them the relay has.
pub(crate) fn stored_parts(
    tx: &Tx<'_>,
    contact: i64,
    message: &MessageId,
) -> Result<(u64, u64), ClientError> {
    let sql = "SELECT count(*), coalesce(sum(state = 2), 0) FROM outbox
               WHERE contact = ?1 AND kind = 2 AND target = ?2";
    let found = tx.query_row(sql, (contact, message.0), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((uint(found.0), uint(found.1)))
}

fn from_row(row: &Row<'_>) -> Result<FileRow, ClientError> {
    let state = match row.get::<_, i64>(5)? {
        0 => State::OnItsWay,
        1 => State::Whole,
        2 => State::Saved,
        3 => State::Damaged,
        4 => State::Dropped,
        5 => State::Erased,
        _ => return Err(ClientError::VaultDamaged { what: "a file" }),
    };
    Ok(FileRow {
        id: row.get(0)?,
        contact: row.get(1)?,
        message_id: MessageId(row.get(2)?),
        bytes: row.get::<_, Option<i64>>(3)?.map(uint),
        hash: row.get(4)?,
        state,
        saved: row.get(6)?,
    })
}
