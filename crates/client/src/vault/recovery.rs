//! What has to be said twice: answered messages, messages to seal again, and what was noticed of other copies.

use client_core::recovery::{KEEP_S, SentMessage};
use e2ee::{EnvelopeHash, Seen};
use rusqlite::OptionalExtension;
use wire::UnixSeconds;

use super::{Tx, int, uint};
use crate::ClientError;

/// Something that a person should hear once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Noticed {
    /// So many envelopes were collected by somebody else who has my keys.
    CollectedElsewhere = 1,
    /// A stamp that I held had been spent by somebody else who has my keys.
    SpentElsewhere = 2,
    /// The relay went back to an earlier state of its own.
    RelayWentBack = 3,
    /// The relay had no mailbox of mine any more, and made another one.
    MailboxGone = 4,
    /// A contact's key that was compared is not the newest of the name in the log of its server.
    VerifiedNotInLog = 5,
}

/// One of these, with its number, and the contact whom it concerns.
pub(crate) struct NoticeRow {
    pub(crate) noticed: Noticed,
    pub(crate) contact: Option<i64>,
    pub(crate) count: u64,
    pub(crate) at: UnixSeconds,
}

/// Notes what they have seen of my stream.
pub(crate) fn mark_answered(tx: &Tx<'_>, contact: i64, seen: &Seen) -> Result<(), ClientError> {
    let sql = "UPDATE outbox SET answered_at = ?4
               WHERE contact = ?1 AND stream = ?2 AND number <= ?3 AND answered_at IS NULL";
    tx.execute(sql, (contact, seen.stream.0, int(seen.through), int(tx.now().0)))?;
    Ok(())
}

/// My messages to a contact that left once and are young enough to leave again, in their order.
pub(crate) fn sent_to(tx: &Tx<'_>, contact: i64) -> Result<Vec<SentMessage>, ClientError> {
    let sql = "SELECT id, stream, number, answered_at IS NOT NULL, stored_at FROM outbox
               WHERE contact = ?1 AND state >= 2 AND number IS NOT NULL AND sent_at >= ?2 ORDER BY id";
    let mut rows = tx.prepare_cached(sql)?;
    let found = rows.query_map((contact, int(tx.now().0.saturating_sub(KEEP_S))), |row| {
        Ok(SentMessage {
            id: row.get(0)?,
            stream: row.get(1)?,
            number: uint(row.get(2)?),
            answered: row.get(3)?,
            stored_at: row.get::<_, Option<i64>>(4)?.map(|at| UnixSeconds(uint(at))),
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Notes of my messages to a contact whose last envelope it was that did not open there: they were answered by mistake.
pub(crate) fn note_unopened(
    tx: &Tx<'_>,
    contact: i64,
    envelopes: &[EnvelopeHash],
) -> Result<(), ClientError> {
    let mut note = tx.prepare_cached(
        "UPDATE outbox SET unopened = 1, answered_at = NULL WHERE envelope_hash = ?2 AND contact = ?1 AND state = 2",
    )?;
    envelopes.iter().try_for_each(|hash| note.execute((contact, hash.0)).map(drop))?;
    Ok(())
}

/// My messages of which a contact said so, and that are young enough to leave again.
pub(crate) fn unopened(tx: &Tx<'_>, contact: i64) -> Result<Vec<i64>, ClientError> {
    let sql = "SELECT id FROM outbox WHERE contact = ?1 AND unopened = 1 AND state = 2 AND sent_at >= ?2";
    let mut rows = tx.prepare_cached(sql)?;
    let found =
        rows.query_map((contact, int(tx.now().0.saturating_sub(KEEP_S))), |row| row.get::<_, i64>(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Forgets the envelopes of what is too old to leave again.
pub(crate) fn forget_envelopes_sent(tx: &Tx<'_>) -> Result<(), ClientError> {
    let sql = "UPDATE outbox SET envelope_hash = NULL, unopened = 0
               WHERE envelope_hash IS NOT NULL AND state >= 2 AND sent_at < ?1";
    tx.execute(sql, [int(tx.now().0.saturating_sub(KEEP_S))]).map(drop).map_err(Into::into)
}

/// Puts a message that left once back among the waiting ones: sealed again under its id and number.
pub(crate) fn seal_again(tx: &Tx<'_>, row: i64, reason: &str) -> Result<(), ClientError> {
    let sql =
        "UPDATE outbox SET state = 0, sid = NULL, auth = NULL, envelope = NULL, route = NULL, unopened = 0, reason = ?2
               WHERE id = ?1 AND state >= 2";
    tx.execute(sql, (row, reason))?;
    Ok(())
}

/// First messages that a relay stored before `before`, never answered and sealed once only, of a contact who
/// was never heard: once more, under the present bundle.
pub(crate) fn first_messages_once_more(tx: &Tx<'_>, before: UnixSeconds) -> Result<(), ClientError> {
    let sql = "UPDATE outbox SET state = 0, sid = NULL, route = NULL, once_more = 1,
               reason = 'not answered for two weeks: sealed once more'
               WHERE state = 2 AND route = 1 AND once_more = 0 AND answered_at IS NULL AND stored_at <= ?1
               AND contact IN (SELECT id FROM contact WHERE answered = 0 AND standing = 0 AND given_up_at IS NULL)";
    tx.execute(sql, [int(before.0)])?;
    Ok(())
}

/// Since when the oldest of the last `count` session forms that a relay stored is not answered.
pub(crate) fn session_forms_since(
    tx: &Tx<'_>,
    contact: i64,
    count: u32,
) -> Result<Option<UnixSeconds>, ClientError> {
    let sql = "SELECT min(stored_at) FROM (SELECT stored_at FROM outbox WHERE contact = ?1 AND route = 3
               AND state = 2 AND answered_at IS NULL ORDER BY stored_at DESC LIMIT ?2)";
    let since: Option<i64> = tx.query_row(sql, (contact, count), |row| row.get(0))?;
    Ok(since.map(|at| UnixSeconds(uint(at))))
}

/// Contacts of whom something is missing: noted by the last drain.
pub(crate) fn contacts_with_gaps(tx: &Tx<'_>) -> Result<Vec<i64>, ClientError> {
    let sql =
        "SELECT id FROM contact WHERE ask_due IS NOT NULL AND standing = 0 AND blocked = 0 ORDER BY alias";
    let mut rows = tx.prepare_cached(sql)?;
    Ok(rows.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Notes something to be said once; the same thing again before it was said adds to its number.
pub(crate) fn notice(
    tx: &Tx<'_>,
    noticed: Noticed,
    contact: Option<i64>,
    count: u64,
) -> Result<(), ClientError> {
    let now = int(tx.now().0);
    let find = "SELECT id FROM notice WHERE told = 0 AND kind = ?1 AND contact IS ?2";
    let known: Option<i64> = tx.query_row(find, (noticed as i64, contact), |row| row.get(0)).optional()?;
    match known {
        Some(id) => {
            tx.execute("UPDATE notice SET count = count + ?2, at = ?3 WHERE id = ?1", (id, int(count), now))?
        }
        None => tx.execute(
            "INSERT INTO notice (at, kind, contact, count) VALUES (?1, ?2, ?3, ?4)",
            (now, noticed as i64, contact, int(count)),
        )?,
    };
    Ok(())
}

/// Puts a contact's new beginning into the history.
pub(crate) fn note_begun_anew(tx: &Tx<'_>, contact: i64) -> Result<(), ClientError> {
    tx.execute("INSERT INTO begun_anew (contact, at) VALUES (?1, ?2)", (contact, int(tx.now().0)))?;
    Ok(())
}

/// The new beginnings of one contact: row and time.
pub(crate) fn begun_anew(tx: &Tx<'_>, contact: i64) -> Result<Vec<(i64, UnixSeconds)>, ClientError> {
    let mut rows = tx.prepare_cached("SELECT id, at FROM begun_anew WHERE contact = ?1 ORDER BY id")?;
    let found = rows.query_map([contact], |row| Ok((row.get(0)?, UnixSeconds(uint(row.get(1)?)))))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// When one of these beginnings was, by row.
pub(crate) fn begun_anew_at(tx: &Tx<'_>, id: i64) -> Result<Option<UnixSeconds>, ClientError> {
    let at = |row: &rusqlite::Row<'_>| Ok(UnixSeconds(uint(row.get(0)?)));
    Ok(tx.query_row("SELECT at FROM begun_anew WHERE id = ?1", [id], at).optional()?)
}

/// What was noticed and not said yet; from now on it is said.
pub(crate) fn take_notices(tx: &Tx<'_>) -> Result<Vec<NoticeRow>, ClientError> {
    let list = notices(tx, "told = 0")?;
    tx.execute("UPDATE notice SET told = 1 WHERE told = 0", [])?;
    Ok(list)
}

/// The last thing that was noticed of another copy of this profile.
pub(crate) fn last_other_copy(tx: &Tx<'_>) -> Result<Option<NoticeRow>, ClientError> {
    Ok(notices(tx, "kind IN (1, 2)")?.pop())
}

fn notices(tx: &Tx<'_>, condition: &str) -> Result<Vec<NoticeRow>, ClientError> {
    let sql = format!("SELECT kind, contact, count, at FROM notice WHERE {condition} ORDER BY at, id");
    let mut rows = tx.prepare_cached(&sql)?;
    let found = rows.query_map([], |row| {
        Ok((row.get::<_, i64>(0)?, row.get(1)?, uint(row.get(2)?), UnixSeconds(uint(row.get(3)?))))
    })?;
    found
        .map(|row| {
            let (kind, contact, count, at) = row?;
            Ok(NoticeRow { noticed: noticed_from(kind)?, contact, count, at })
        })
        .collect()
}

fn noticed_from(number: i64) -> Result<Noticed, ClientError> {
    Ok(match number {
        1 => Noticed::CollectedElsewhere,
        2 => Noticed::SpentElsewhere,
        3 => Noticed::RelayWentBack,
        4 => Noticed::MailboxGone,
        5 => Noticed::VerifiedNotInLog,
        _ => return Err(ClientError::VaultDamaged { what: "a notice" }),
    })
}
