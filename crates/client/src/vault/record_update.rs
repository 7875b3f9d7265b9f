//! Changes of keys that are told inside conversations: mine for who lacks them, theirs until a log shows them.

use client_core::schedule::{TELL_WITHIN_S, TOLD_KEPT_S, tell_due};
use e2ee::{Kind, RecordUpdate};
use wire::UnixSeconds;

use super::{Tx, contact, int, uint};
use crate::ClientError;

/// Changes of my key that are kept for those who lack them, and of a contact's. Who is behind by more looks them up.
const KEPT_MAX: u32 = 8;

/// A contact who is to be told of changes of mine.
pub(crate) struct Untold {
    pub(crate) contact: i64,
    pub(crate) due: UnixSeconds,
    /// The first that he does not know of; 0 where that is not known.
    from: u32,
}

/// A change that a contact told of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Told {
    pub(crate) update: RecordUpdate,
    /// Replays of the log of his server when it came.
    pub(crate) replays: u32,
}

/// Notes a change of my key for every contact, each at a time of his own.
pub(crate) fn shall_tell(tx: &Tx<'_>, update: &RecordUpdate) -> Result<(), ClientError> {
    let seq = update.record.body.seq;
    let kind = Kind::RecordUpdate(Box::new(update.clone()));
    tx.execute("INSERT OR REPLACE INTO own_record (seq, body) VALUES (?1, ?2)", (seq, kind.body()))?;
    tx.execute("DELETE FROM own_record WHERE seq <= ?1", [i64::from(seq) - i64::from(KEPT_MAX)])?;
    for person in contact::list(tx, contact::Standing::Contact)? {
        shall_be_told(tx, person.id, seq)?;
    }
    Ok(())
}

/// Notes for one contact that he may lack changes of my key, whichever are kept.
pub(crate) fn may_lack(tx: &Tx<'_>, contact: i64) -> Result<(), ClientError> {
    match tx.query_row("SELECT count(*) FROM own_record", [], |row| row.get::<_, i64>(0))? {
        0 => Ok(()),
        _ => shall_be_told(tx, contact, 0),
    }
}

fn shall_be_told(tx: &Tx<'_>, contact: i64, from: u32) -> Result<(), ClientError> {
    let due = tell_due(tx.now(), tx.number());
    let sql = "UPDATE contact SET tell_due = ?2, tell_from = ?3 WHERE id = ?1 AND tell_due IS NULL";
    tx.execute(sql, (contact, int(due.0), from)).map(drop).map_err(Into::into)
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

/// The changes that somebody does not know of, oldest first; none where the first of them is not kept any more.
pub(crate) fn to_tell(tx: &Tx<'_>, untold: &Untold) -> Result<Vec<Kind>, ClientError> {
    let mut rows = tx.prepare_cached("SELECT seq, body FROM own_record WHERE seq >= ?1 ORDER BY seq")?;
    let list = rows.query_map([untold.from], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let list: Vec<(u32, Vec<u8>)> = list.collect::<Result<_, _>>()?;
    if untold.from > 0 && list.first().is_none_or(|(seq, _)| *seq > untold.from) {
        return Ok(Vec::new());
    }
    let kinds = list.iter().map(|(_, body)| Kind::from_parts(Kind::RECORD_UPDATE, body));
    kinds.collect::<Result<_, _>>().map_err(|_| ClientError::VaultDamaged { what: "a record of mine" })
}

/// Somebody was told of everything that is kept.
pub(crate) fn told(tx: &Tx<'_>, untold: &Untold) -> Result<(), ClientError> {
    contact::set(tx, untold.contact, "tell_due", None::<i64>)
}

/// Keeps a change that a contact told of, unless too many of his are kept; the log of his server is replayed within a day.
pub(crate) fn keep(
    tx: &Tx<'_>,
    contact: i64,
    update: &RecordUpdate,
    replays: u32,
) -> Result<(), ClientError> {
    let (seq, body) = (update.record.body.seq, Kind::RecordUpdate(Box::new(update.clone())).body());
    let kept = tx.execute(
        "INSERT OR REPLACE INTO record_update (contact, seq, body, kept_at, replays) SELECT ?1, ?2, ?3, ?4, ?5
         WHERE (SELECT count(*) FROM record_update WHERE contact = ?1 AND seq != ?2) < ?6",
        (contact, seq, body, int(tx.now().0), replays, KEPT_MAX),
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
pub(crate) fn told_by(tx: &Tx<'_>, contact: i64) -> Result<Vec<Told>, ClientError> {
    let sql = "SELECT body, replays FROM record_update WHERE contact = ?1 ORDER BY seq";
    let mut rows = tx.prepare_cached(sql)?;
    let list = rows.query_map([contact], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?)))?;
    list.map(|row| {
        let (body, replays) = row?;
        match Kind::from_parts(Kind::RECORD_UPDATE, &body) {
            Ok(Kind::RecordUpdate(update)) => Ok(Told { update: *update, replays }),
            _ => Err(ClientError::VaultDamaged { what: "a contact's new record" }),
        }
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

/// Forgets what no log has borne out for long.
pub(crate) fn forget_old(tx: &Tx<'_>) -> Result<(), ClientError> {
    let before = int(tx.now().0.saturating_sub(TOLD_KEPT_S));
    tx.execute("DELETE FROM record_update WHERE kept_at <= ?1", [before])?;
    let sql = "UPDATE contact SET replay_due = NULL WHERE replay_due IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM record_update WHERE contact = contact.id)";
    tx.execute(sql, [])?;
    Ok(())
}

/// When the log of somebody's server is to be replayed because of what he told.
pub(crate) fn replay_due(tx: &Tx<'_>, contact: i64) -> Result<Option<UnixSeconds>, ClientError> {
    let sql = "SELECT replay_due FROM contact WHERE id = ?1";
    let due: Option<i64> = tx.query_row(sql, [contact], |row| row.get(0))?;
    Ok(due.map(|due| UnixSeconds(uint(due))))
}

/// It was replayed, or could not be: once more from half a day on, for as long as something waits.
pub(crate) fn replay_later(tx: &Tx<'_>, contact: i64) -> Result<(), ClientError> {
    let due = tell_due(UnixSeconds(tx.now().0.saturating_add(TELL_WITHIN_S / 2)), tx.number());
    contact::set(tx, contact, "replay_due", int(due.0))
}
