//! Messages on their way out: rows of `outbox`.

use bytes::Bytes;
use client_core::outbox::State;
use e2ee::{MessageId, Placed, StreamId};
use rusqlite::{OptionalExtension, Row};
use wire::{DepositAuth, DepositId, Envelope, UnixSeconds, Wire};

use super::{Tx, decode, int, uint};
use crate::ClientError;

/// What an outgoing row is, numbered as on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OutKind {
    /// A person's words.
    Text = 1,
    /// New stamps, sent by the client itself.
    Refill = 4,
    /// Lets a stranger in.
    Accept = 5,
    /// Asks for what never came, sent by the client itself.
    Resend = 6,
}

/// Which way a sealed row goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SealedAs {
    /// A first message at the doorstep.
    Hello = 1,
    /// An inbox envelope.
    Inbox = 2,
    /// The session form at the doorstep.
    SessionForm = 3,
}

/// A row.
#[derive(Clone, Debug)]
pub(crate) struct OutRow {
    pub(crate) id: i64,
    pub(crate) contact: i64,
    pub(crate) message_id: MessageId,
    pub(crate) kind: OutKind,
    pub(crate) text: String,
    pub(crate) state: State,
    pub(crate) queued_at: UnixSeconds,
    pub(crate) placed: Option<Placed>,
    pub(crate) sealed: Option<SealedRow>,
    pub(crate) reason: Option<String>,
}

/// What a sealed row holds: exactly what leaves, however often.
#[derive(Clone, Debug)]
pub(crate) struct SealedRow {
    pub(crate) at: UnixSeconds,
    pub(crate) revision: i64,
    pub(crate) way: SealedAs,
    pub(crate) sid: DepositId,
    pub(crate) auth: DepositAuth,
    pub(crate) envelope: Envelope,
}

const COLUMNS: &str =
    "id, contact, message_id, kind, text, state, queued_at, stream, number, sent_at, sealed_at,
    revision, route, sid, auth, envelope, reason";

/// Commits a message to the outbox.
pub(crate) fn insert(
    tx: &Tx<'_>,
    contact: i64,
    message_id: &MessageId,
    kind: OutKind,
    text: &str,
    idempotency: Option<&str>,
    now: UnixSeconds,
) -> Result<i64, ClientError> {
    tx.execute(
        "INSERT INTO outbox (contact, message_id, idempotency, kind, text, state, queued_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6)",
        (contact, message_id.0, idempotency, kind as i64, text, int(now.0)),
    )?;
    Ok(tx.last_insert_rowid())
}

/// By row.
pub(crate) fn by_id(tx: &Tx<'_>, id: i64) -> Result<OutRow, ClientError> {
    one(tx, "id = ?1", id)?.ok_or(ClientError::VaultDamaged { what: "an outbox row" })
}

/// By row; `None` when another process dropped it meanwhile, because a conversation began anew.
pub(crate) fn find(tx: &Tx<'_>, id: i64) -> Result<Option<OutRow>, ClientError> {
    one(tx, "id = ?1", id)
}

/// By idempotency key.
pub(crate) fn by_key(tx: &Tx<'_>, key: &str) -> Result<Option<OutRow>, ClientError> {
    one(tx, "idempotency = ?1", key)
}

/// The rows of a contact that the relay has not confirmed, at most 64: what is sealed, in the order of sealing; then
/// a request that may open a way for the others; then an ACCEPT, because the other side cannot give stamps before it,
/// and texts would use up those that there are; then the oldest first.
pub(crate) fn open_of(tx: &Tx<'_>, contact: i64) -> Result<Vec<OutRow>, ClientError> {
    let order = "state DESC, CASE state WHEN 1 THEN number END, kind = 6 DESC, kind = 5 DESC, id";
    many(tx, &format!("contact = ?1 AND state < 2 ORDER BY {order} LIMIT 64"), contact)
}

/// All rows that the relay has not confirmed or has refused, oldest first.
pub(crate) fn unconfirmed(tx: &Tx<'_>) -> Result<Vec<OutRow>, ClientError> {
    many(tx, "state != ?1 AND kind = 1 ORDER BY id", 2)
}

/// The texts of a contact, oldest first.
pub(crate) fn texts_of(tx: &Tx<'_>, contact: i64) -> Result<Vec<OutRow>, ClientError> {
    many(tx, "contact = ?1 AND kind = 1 ORDER BY id", contact)
}

/// Whether the other side's `seen` covered a message of mine.
pub(crate) fn is_answered(tx: &Tx<'_>, id: i64) -> Result<bool, ClientError> {
    let sql = "SELECT answered_at IS NOT NULL FROM outbox WHERE id = ?1";
    Ok(tx.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?.unwrap_or(false))
}

/// The contacts with open rows.
pub(crate) fn contacts_with_open(tx: &Tx<'_>) -> Result<Vec<i64>, ClientError> {
    let sql = "SELECT contact FROM outbox WHERE state < 2 GROUP BY contact ORDER BY min(id)";
    let mut rows = tx.prepare_cached(sql)?;
    let list = rows.query_map([], |row| row.get(0))?;
    list.map(|id| Ok(id?)).collect()
}

/// Whether a row of this kind is on its way to a contact.
pub(crate) fn has_open(tx: &Tx<'_>, contact: i64, kind: OutKind) -> Result<bool, ClientError> {
    let sql = "SELECT count(*) FROM outbox WHERE contact = ?1 AND kind = ?2 AND state < 2";
    Ok(tx.query_row(sql, (contact, kind as i64), |row| row.get::<_, i64>(0))? > 0)
}

/// Whether something of this kind waits to be sealed.
pub(crate) fn has_waiting(tx: &Tx<'_>, contact: i64, kind: OutKind) -> Result<bool, ClientError> {
    let sql = "SELECT count(*) FROM outbox WHERE contact = ?1 AND kind = ?2 AND state = 0";
    Ok(tx.query_row(sql, (contact, kind as i64), |row| row.get::<_, i64>(0))? > 0)
}

/// Whether the relay ever confirmed something to a contact.
pub(crate) fn is_any_stored(tx: &Tx<'_>, contact: i64) -> Result<bool, ClientError> {
    let sql = "SELECT count(*) FROM outbox WHERE contact = ?1 AND state = 2";
    Ok(tx.query_row(sql, [contact], |row| row.get::<_, i64>(0))? > 0)
}

/// Whether something sealed under another revision of the conversation's offers still lacks its STORED.
pub(crate) fn has_older_sealed(tx: &Tx<'_>, contact: i64, revision: i64) -> Result<bool, ClientError> {
    let sql = "SELECT count(*) FROM outbox WHERE contact = ?1 AND state = 1 AND route = 2 AND revision != ?2";
    Ok(tx.query_row(sql, (contact, revision), |row| row.get::<_, i64>(0))? > 0)
}

/// Notes what was sealed: from now on exactly these bytes leave.
pub(crate) fn set_sealed(
    tx: &Tx<'_>,
    id: i64,
    placed: &Placed,
    sealed: &SealedRow,
) -> Result<(), ClientError> {
    tx.execute(
        "UPDATE outbox SET state = 1, stream = ?2, number = ?3, sent_at = ?4, sealed_at = ?5, revision = ?6,
         route = ?7, sid = ?8, auth = ?9, envelope = ?10, reason = NULL WHERE id = ?1",
        rusqlite::params![
            id,
            placed.stream.0,
            int(placed.number),
            int(placed.sent_at.0),
            int(sealed.at.0),
            sealed.revision,
            sealed.way as i64,
            sealed.sid.0,
            sealed.auth.to_bytes(),
            sealed.envelope.as_bytes(),
        ],
    )?;
    Ok(())
}

/// Replaces the right to deposit, never the envelope.
pub(crate) fn set_auth(tx: &Tx<'_>, id: i64, auth: &DepositAuth) -> Result<(), ClientError> {
    tx.execute("UPDATE outbox SET auth = ?2 WHERE id = ?1", (id, auth.to_bytes()))?;
    Ok(())
}

/// Takes a sealing back: it is sealed anew, under the same message id and number.
pub(crate) fn unseal(tx: &Tx<'_>, id: i64) -> Result<(), ClientError> {
    let sql =
        "UPDATE outbox SET state = 0, sid = NULL, auth = NULL, envelope = NULL, route = NULL WHERE id = ?1";
    tx.execute(sql, [id])?;
    Ok(())
}

/// Notes STORED: the sealed bytes are not needed any more.
pub(crate) fn set_stored(tx: &Tx<'_>, id: i64, now: UnixSeconds) -> Result<(), ClientError> {
    let sql = "UPDATE outbox SET state = 2, stored_at = ?2, auth = NULL, envelope = NULL, reason = NULL WHERE id = ?1";
    tx.execute(sql, (id, int(now.0)))?;
    Ok(())
}

/// Notes a no that waiting does not change.
pub(crate) fn set_refused(tx: &Tx<'_>, id: i64, reason: &str) -> Result<(), ClientError> {
    let sql = "UPDATE outbox SET state = 3, auth = NULL, envelope = NULL, reason = ?2 WHERE id = ?1";
    tx.execute(sql, (id, reason))?;
    Ok(())
}

/// Notes why a row waits.
pub(crate) fn set_reason(tx: &Tx<'_>, id: i64, reason: &str) -> Result<(), ClientError> {
    tx.execute("UPDATE outbox SET reason = ?2 WHERE id = ?1", (id, reason))?;
    Ok(())
}

/// Everything for a contact that was sealed and not confirmed is sealed anew, once it may be.
pub(crate) fn unseal_all(tx: &Tx<'_>, contact: i64) -> Result<(), ClientError> {
    let sql = "UPDATE outbox SET state = 0, sid = NULL, auth = NULL, envelope = NULL, route = NULL
               WHERE contact = ?1 AND state = 1";
    tx.execute(sql, [contact])?;
    Ok(())
}

/// Drops what the client itself wanted to send and a new beginning of the conversation makes needless.
pub(crate) fn drop_own_waiting(tx: &Tx<'_>, contact: i64) -> Result<(), ClientError> {
    tx.execute("DELETE FROM outbox WHERE contact = ?1 AND state = 0 AND kind IN (4, 5, 6)", [contact])?;
    Ok(())
}

/// Takes a row back that was never sealed. Says whether it did.
pub(crate) fn withdraw(tx: &Tx<'_>, id: i64) -> Result<bool, ClientError> {
    Ok(tx.execute("DELETE FROM outbox WHERE id = ?1 AND state = 0 AND number IS NULL", [id])? == 1)
}

fn one(tx: &Tx<'_>, condition: &str, key: impl rusqlite::ToSql) -> Result<Option<OutRow>, ClientError> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE {condition}");
    tx.prepare_cached(&sql)?.query_row([key], |row| Ok(from_row(row))).optional()?.transpose()
}

fn many(tx: &Tx<'_>, condition: &str, key: impl rusqlite::ToSql) -> Result<Vec<OutRow>, ClientError> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE {condition}");
    let mut rows = tx.prepare_cached(&sql)?;
    let list = rows.query_map([key], |row| Ok(from_row(row)))?;
    list.map(|row| row?).collect()
}

fn from_row(row: &Row<'_>) -> Result<OutRow, ClientError> {
    let damaged = ClientError::VaultDamaged { what: "an outbox row" };
    let state = match row.get::<_, i64>(5)? {
        0 => State::Waiting,
        1 => State::Sealed,
        2 => State::Stored,
        3 => State::Refused,
        _ => return Err(damaged),
    };
    let kind = match row.get::<_, i64>(3)? {
        1 => OutKind::Text,
        4 => OutKind::Refill,
        5 => OutKind::Accept,
        6 => OutKind::Resend,
        _ => return Err(damaged),
    };
    Ok(OutRow {
        id: row.get(0)?,
        contact: row.get(1)?,
        message_id: MessageId(row.get(2)?),
        kind,
        text: row.get(4)?,
        state,
        queued_at: UnixSeconds(uint(row.get(6)?)),
        placed: placed_from(row)?,
        sealed: if state == State::Sealed { Some(sealed_from(row)?) } else { None },
        reason: row.get(16)?,
    })
}

fn placed_from(row: &Row<'_>) -> Result<Option<Placed>, ClientError> {
    let (stream, number): (Option<[u8; 8]>, Option<i64>) = (row.get(7)?, row.get(8)?);
    let sent_at: Option<i64> = row.get(9)?;
    Ok(match (stream, number, sent_at) {
        (Some(stream), Some(number), Some(sent_at)) => Some(Placed {
            stream: StreamId(stream),
            number: uint(number),
            sent_at: UnixSeconds(uint(sent_at)),
        }),
        _ => None,
    })
}

fn sealed_from(row: &Row<'_>) -> Result<SealedRow, ClientError> {
    let damaged = ClientError::VaultDamaged { what: "a sealed message" };
    let way = match row.get::<_, i64>(12)? {
        1 => SealedAs::Hello,
        2 => SealedAs::Inbox,
        3 => SealedAs::SessionForm,
        _ => return Err(damaged),
    };
    Ok(SealedRow {
        at: UnixSeconds(uint(row.get(10)?)),
        revision: row.get(11)?,
        way,
        sid: DepositId(row.get(13)?),
        auth: decode(&row.get::<_, Vec<u8>>(14)?, "a sealed message")?,
        envelope: Envelope::new(Bytes::from(row.get::<_, Vec<u8>>(15)?)).map_err(|_| damaged)?,
    })
}
