//! Changes of keys that are told inside conversations: mine until each contact was told, theirs until a log shows them.

use client_core::schedule::{TELL_WITHIN_S, tell_due};
use e2ee::{Kind, RecordUpdate};
use wire::UnixSeconds;

use super::{Tx, contact, int, uint};
use crate::ClientError;

/// Changes of one contact that are kept: who makes more of them at once is looked up.
const KEPT_MAX: u32 = 8;

/// A contact who is to be told of changes of mine.
pub(crate) struct Untold {
    pub(crate) contact: i64,
    pub(crate) due: UnixSeconds,
    /// The first that he does not know of.
    from: u32,
}

/// Notes a change of my key for every contact, each at a time of his own.
pub(crate) fn shall_tell(tx: &Tx<'_>, update: &RecordUpdate) -> Result<(), ClientError> {
    let seq = update.record.body.seq;
    let kind = Kind::RecordUpdate(Box::new(update.clone()));
    tx.execute("INSERT OR REPLACE INTO own_record (seq, body) VALUES (?1, ?2)", (seq, kind.body()))?;
    for person in contact::list(tx, contact::Standing::Contact)? {
        let due = tell_due(tx.now(), tx.number());
        let sql = "UPDATE contact SET tell_due = ?2, tell_from = ?3 WHERE id = ?1 AND tell_due IS NULL";
        tx.execute(sql, (person.id, int(due.0), seq))?;
    }
    Ok(())
}

/// Those who are to be told, now or later.
pub(crate) fn untold(tx: &Tx<'_>) -> Result<Vec<Untold>, ClientError> {
    let sql = "SELECT id, tell_due, tell_from FROM contact WHERE tell_due IS NOT NULL ORDER BY id";
    let mut rows = tx.prepare_cached(sql)?;
    let found = rows.query_map([], |row| {
        Ok(Untold { contact: row.get(0)?, due: UnixSeconds(uint(row.get(1)?)), from: row.get(2)? })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The changes that somebody does not know of, oldest first.
pub(crate) fn to_tell(tx: &Tx<'_>, untold: &Untold) -> Result<Vec<Kind>, ClientError> {
    let mut rows = tx.prepare_cached("SELECT body FROM own_record WHERE seq >= ?1 ORDER BY seq")?;
    let bodies = rows.query_map([untold.from], |row| row.get::<_, Vec<u8>>(0))?;
    bodies
        .map(|body| {
            Kind::from_parts(Kind::RECORD_UPDATE, &body?)
                .map_err(|_| ClientError::VaultDamaged { what: "a record of mine" })
        })
        .collect()
}

/// Somebody was told of everything; what nobody is to be told of any more is forgotten.
pub(crate) fn told(tx: &Tx<'_>, untold: &Untold) -> Result<(), ClientError> {
    tx.execute("UPDATE contact SET tell_due = NULL WHERE id = ?1", [untold.contact])?;
    tx.execute(
        "DELETE FROM own_record WHERE NOT EXISTS
         (SELECT 1 FROM contact WHERE tell_due IS NOT NULL AND tell_from <= own_record.seq)",
        [],
    )?;
    Ok(())
}

/// Keeps a change that a contact told of, unless too many of his are kept; the log of his server is replayed within a day.
pub(crate) fn keep(tx: &Tx<'_>, contact: i64, update: &RecordUpdate) -> Result<(), ClientError> {
    let body = Kind::RecordUpdate(Box::new(update.clone())).body();
    let kept = tx.execute(
        "INSERT OR IGNORE INTO record_update (contact, seq, body) SELECT ?1, ?2, ?3
         WHERE (SELECT count(*) FROM record_update WHERE contact = ?1) < ?4",
        (contact, update.record.body.seq, body, KEPT_MAX),
    )?;
    if kept == 1 {
        let due = tell_due(tx.now(), tx.number());
        let sql = "UPDATE contact SET replay_due = coalesce(replay_due, ?2) WHERE id = ?1";
        tx.execute(sql, (contact, int(due.0)))?;
    }
    Ok(())
}

/// Those of whom changes are kept.
pub(crate) fn tellers(tx: &Tx<'_>) -> Result<Vec<i64>, ClientError> {
    let mut rows = tx.prepare_cached("SELECT DISTINCT contact FROM record_update ORDER BY contact")?;
    let found = rows.query_map([], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// What one of them told, oldest first.
pub(crate) fn told_by(tx: &Tx<'_>, contact: i64) -> Result<Vec<RecordUpdate>, ClientError> {
    let mut rows = tx.prepare_cached("SELECT body FROM record_update WHERE contact = ?1 ORDER BY seq")?;
    let bodies = rows.query_map([contact], |row| row.get::<_, Vec<u8>>(0))?;
    bodies
        .map(|body| match Kind::from_parts(Kind::RECORD_UPDATE, &body?) {
            Ok(Kind::RecordUpdate(update)) => Ok(*update),
            _ => Err(ClientError::VaultDamaged { what: "a contact's new record" }),
        })
        .collect()
}

/// Forgets what somebody told up to a sequence number; all that is left waits for another replay.
pub(crate) fn forget(tx: &Tx<'_>, contact: i64, through: u32) -> Result<(), ClientError> {
    tx.execute("DELETE FROM record_update WHERE contact = ?1 AND seq <= ?2", (contact, through))?;
    let sql = "UPDATE contact SET replay_due = NULL WHERE id = ?1
               AND NOT EXISTS (SELECT 1 FROM record_update WHERE contact = ?1)";
    tx.execute(sql, [contact])?;
    Ok(())
}

/// When the log of somebody's server is to be replayed because of what he told.
pub(crate) fn replay_due(tx: &Tx<'_>, contact: i64) -> Result<Option<UnixSeconds>, ClientError> {
    let sql = "SELECT replay_due FROM contact WHERE id = ?1";
    let due: Option<i64> = tx.query_row(sql, [contact], |row| row.get(0))?;
    Ok(due.map(|due| UnixSeconds(uint(due))))
}

/// It was replayed, or could not be: once more within a day, for as long as something waits.
pub(crate) fn replay_later(tx: &Tx<'_>, contact: i64) -> Result<(), ClientError> {
    let due = tx.now().0.saturating_add(TELL_WITHIN_S);
    contact::set(tx, contact, "replay_due", int(due))
}
