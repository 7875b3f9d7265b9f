//! What arrived: messages, streams, envelopes seen, and what could not be opened.

use std::collections::BTreeSet;

use client_core::inbox::{Numbers, Taken};
use e2ee::{Content, EnvelopeHash, Kind, MessageId, StreamId, unopened::UNOPENED_MAX};
use rusqlite::{OptionalExtension, Row};
use wire::{Day, DepositAuth, Envelope, UnixSeconds, Wire, request::MailboxPolicy};

use super::{
    Tx, int, mailbox,
    outbox::Gone,
    said::{self, Shown},
    uint,
};
use crate::{ClientError, ReceivedBody, Waiting};

/// Bytes of quarantine, oldest first out (DESIGN § 9.7).
const QUARANTINE_BYTES_MAX: i64 = 32 * 1024 * 1024;

/// A received message.
#[derive(Clone, Debug)]
pub(crate) struct InRow {
    pub(crate) id: i64,
    pub(crate) contact: i64,
    pub(crate) message_id: MessageId,
    pub(crate) stream: StreamId,
    pub(crate) number: u64,
    pub(crate) sent_at: UnixSeconds,
    pub(crate) received_at: UnixSeconds,
    pub(crate) body: ReceivedBody,
    pub(crate) handled: bool,
    /// What it quotes.
    pub(crate) quotes: Option<MessageId>,
    /// Seconds from being handled until it disappears, and when that is.
    pub(crate) expire_s: Option<u32>,
    pub(crate) expires_at: Option<UnixSeconds>,
    pub(crate) edited: bool,
}

const COLUMNS: &str =
    "id, contact, message_id, stream, number, sent_at, received_at, kind, body, handled, expire_s,
    expires_at, edited, gone";

/// What stands in a history, in SQL: an edit shows in what it names.
pub(super) const SHOWN: &str = "shown = 1 AND gone != 2 AND kind != 14";
/// What nobody handled yet, in SQL.
const UNHANDLED: &str = "handled = 0 AND shown = 1
    AND contact IN (SELECT id FROM contact WHERE standing = 0 AND blocked = 0)";
/// What is handed out, in SQL: of files, those that are no longer on their way.
const WHOLE: &str = "(kind != 11 OR NOT EXISTS (SELECT 1 FROM file WHERE file.contact = message.contact
    AND outgoing = 0 AND file.message_id = message.message_id AND state = 0))";

/// Kinds that are shown as they come.
fn is_shown(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Text(_)
            | Kind::Note(_)
            | Kind::Question(_)
            | Kind::Answer(_)
            | Kind::File(_)
            | Kind::Timer(_)
            | Kind::Unknown { .. }
    )
}

/// Keeps a received Content. Says whether its message is new; one seen before is dropped.
pub(crate) fn insert(
    tx: &Tx<'_>,
    contact: i64,
    content: &Content,
    show: bool,
    now: UnixSeconds,
) -> Result<bool, ClientError> {
    let numbers = numbers(tx, contact, &content.stream)?;
    let (numbers, taken) = numbers.take(content.number);
    if taken != Taken::Again {
        set_numbers(tx, contact, &content.stream, &numbers)?;
    }
    let shown = show && is_shown(&content.kind);
    let kept = shown || (show && matches!(content.kind, Kind::Edit(_)));
    // What nobody will see is not kept: who is blocked does not fill this disk.
    let body = if kept { content.kind.body() } else { Vec::new() };
    let (target, expire_s) = match &content.kind {
        Kind::Edit(edit) => (Some(edit.message).filter(|_| show), None),
        // Done when he is unblocked.
        Kind::Delete(message) => (Some(*message), None),
        Kind::Note(note) => (None, note.expire_s.map(|seconds| seconds.get())),
        _ => (None, None),
    };
    let sql = "INSERT OR IGNORE INTO message (contact, message_id, stream, number, sent_at, received_at, kind, body,
               shown, target, expire_s) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let inserted = tx.execute(
        sql,
        rusqlite::params![
            contact,
            content.message_id.0,
            content.stream.0,
            int(content.number),
            int(content.sent_at.0),
            int(now.0),
            content.kind.number(),
            body,
            shown,
            target.map(|target| target.0),
            expire_s,
        ],
    )?;
    Ok(inserted == 1)
}

/// Rows of messages that nobody handled, in the order in which they are shown; without what they say.
pub(crate) fn unhandled(tx: &Tx<'_>, contact: Option<i64>) -> Result<Vec<i64>, ClientError> {
    let sql = format!(
        "SELECT id, contact, stream, number FROM message
         WHERE {UNHANDLED} AND {WHOLE} AND (?1 IS NULL OR contact = ?1) ORDER BY id LIMIT 10000"
    );
    let mut rows = tx.prepare_cached(&sql)?;
    let list = rows.query_map([contact], |row| {
        Ok((row.get::<_, i64>(0)?, (row.get(1)?, row.get(2)?, uint(row.get(3)?))))
    })?;
    let list = client_core::inbox::in_order(list.collect::<Result<Vec<_>, _>>()?, |(_, place)| *place);
    Ok(list.into_iter().map(|(row, _)| row).collect())
}

/// The message of a row, as it is now, if still nobody handled it.
pub(crate) fn still_unhandled(tx: &Tx<'_>, id: i64) -> Result<Option<InRow>, ClientError> {
    let sql = format!("SELECT {COLUMNS} FROM message WHERE id = ?1 AND {UNHANDLED} AND {WHOLE}");
    tx.prepare_cached(&sql)?.query_row([id], |row| Ok(from_row(row))).optional()?.transpose()
}

/// Which messages nobody handled, in the order in which they came; without what they say.
pub(crate) fn waiting(tx: &Tx<'_>) -> Result<Vec<Waiting>, ClientError> {
    let sql =
        format!("SELECT id, message_id FROM message WHERE {UNHANDLED} AND {WHOLE} ORDER BY id LIMIT 10000");
    let mut rows = tx.prepare_cached(&sql)?;
    let list = rows.query_map([], |row| Ok(Waiting { row: row.get(0)?, id: row.get(1)? }))?;
    Ok(list.collect::<Result<Vec<_>, _>>()?)
}

/// All shown messages of a contact, in the order in which they are shown.
pub(crate) fn all_of(tx: &Tx<'_>, contact: i64) -> Result<Vec<InRow>, ClientError> {
    let sql = format!("SELECT {COLUMNS} FROM message WHERE {SHOWN} AND contact = ?1 ORDER BY id");
    in_order(many(tx, &sql, Some(contact))?)
}

/// One shown message, by row.
pub(crate) fn shown(tx: &Tx<'_>, id: i64) -> Result<Option<InRow>, ClientError> {
    let sql = format!("SELECT {COLUMNS} FROM message WHERE id = ?1 AND shown = 1");
    tx.prepare_cached(&sql)?.query_row([id], |row| Ok(from_row(row))).optional()?.transpose()
}

/// How many messages of a contact nobody handled.
pub(crate) fn count_unhandled(tx: &Tx<'_>, contact: i64) -> Result<u32, ClientError> {
    let sql =
        format!("SELECT count(*) FROM message WHERE contact = ?1 AND handled = 0 AND shown = 1 AND {WHOLE}");
    Ok(tx.query_row(&sql, [contact], |row| row.get(0))?)
}

/// Marks messages of a contact as handled, by their ids.
pub(crate) fn set_handled_of(tx: &Tx<'_>, contact: i64, ids: &[MessageId]) -> Result<(), ClientError> {
    let mut set = tx.prepare_cached(
        "UPDATE message SET handled = 1, expires_at = ?3 + expire_s
         WHERE contact = ?1 AND message_id = ?2 AND handled = 0",
    )?;
    let now = int(tx.now().0);
    ids.iter().try_for_each(|id| set.execute((contact, id.0, now)).map(drop))?;
    Ok(())
}

/// A received message by its id, as long as it is shown.
pub(crate) fn by_message(
    tx: &Tx<'_>,
    contact: i64,
    message: &MessageId,
) -> Result<Option<InRow>, ClientError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM message WHERE contact = ?1 AND message_id = ?2 AND shown = 1 AND gone = 0"
    );
    let row = tx.query_row(&sql, (contact, message.0), |row| Ok(from_row(row)));
    row.optional()?.transpose()
}

/// The answers that a contact gave to a question of mine, at most 64, in the order in which they came.
pub(crate) fn answers_to(tx: &Tx<'_>, contact: i64, question: &MessageId) -> Result<Vec<InRow>, ClientError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM message WHERE contact = ?1 AND kind = 10 AND shown = 1 AND gone = 0
                       AND substr(body, 1, 16) = ?2 ORDER BY id LIMIT 64"
    );
    let mut rows = tx.prepare_cached(&sql)?;
    let list = rows.query_map((contact, question.0), |row| Ok(from_row(row)))?;
    list.map(|row| row?).collect()
}

/// In the order in which they are shown: each stream by its numbers.
pub(crate) fn in_order(rows: Vec<InRow>) -> Result<Vec<InRow>, ClientError> {
    Ok(client_core::inbox::in_order(rows, |row| (row.contact, row.stream.0, row.number)))
}

fn many(tx: &Tx<'_>, sql: &str, contact: Option<i64>) -> Result<Vec<InRow>, ClientError> {
    let mut rows = tx.prepare_cached(sql)?;
    let list = rows.query_map([contact], |row| Ok(from_row(row)))?;
    list.map(|row| row?).collect()
}

fn from_row(row: &Row<'_>) -> Result<InRow, ClientError> {
    let (kind, body): (u8, Vec<u8>) = (row.get(7)?, row.get(8)?);
    let gone = Gone::from_number(row.get(13)?)?;
    let shown = match gone {
        Gone::Here => said::shown(kind, &body)?,
        Gone::TakenBack | Gone::Disappeared => Shown::of(ReceivedBody::TakenBack),
    };
    let time = |at: i64| UnixSeconds(uint(at));
    Ok(InRow {
        id: row.get(0)?,
        contact: row.get(1)?,
        message_id: MessageId(row.get(2)?),
        stream: StreamId(row.get(3)?),
        number: uint(row.get(4)?),
        sent_at: time(row.get(5)?),
        received_at: time(row.get(6)?),
        body: shown.body,
        handled: row.get(9)?,
        quotes: shown.quotes,
        expire_s: row.get(10)?,
        expires_at: row.get::<_, Option<i64>>(11)?.map(time),
        edited: row.get::<_, i64>(12)? > 0,
    })
}

/// Marks a message as handled: it is not handed out again, and its time runs if it has one.
pub(crate) fn set_handled(tx: &Tx<'_>, id: i64) -> Result<(), ClientError> {
    let sql = "UPDATE message SET handled = 1, expires_at = ?2 + expire_s WHERE id = ?1 AND handled = 0";
    tx.execute(sql, (id, int(tx.now().0)))?;
    Ok(())
}

/// Which numbers of a stream arrived.
pub(crate) fn numbers(tx: &Tx<'_>, contact: i64, stream: &StreamId) -> Result<Numbers, ClientError> {
    let sql = "SELECT numbers FROM stream WHERE contact = ?1 AND stream = ?2";
    let json: Option<String> = tx.query_row(sql, (contact, stream.0), |row| row.get(0)).optional()?;
    let Some(json) = json else { return Ok(Numbers::default()) };
    serde_json::from_str(&json).map_err(|_| ClientError::VaultDamaged { what: "the numbers of a stream" })
}

/// How many numbers are missing between a message and the one that is shown before it: what stands between them
/// and is not shown (stamps, an acceptance) must not hide them.
pub(crate) fn gap_before(tx: &Tx<'_>, row: &InRow) -> Result<u64, ClientError> {
    let numbers = numbers(tx, row.contact, &row.stream)?;
    let sql =
        "SELECT max(number) FROM message WHERE contact = ?1 AND stream = ?2 AND number < ?3 AND shown = 1";
    let before: Option<i64> =
        tx.query_row(sql, (row.contact, row.stream.0, int(row.number)), |found| found.get(0))?;
    let known = numbers.missing_before(before.map_or(0, uint));
    Ok(numbers.missing_before(row.number).saturating_sub(known))
}

fn set_numbers(tx: &Tx<'_>, contact: i64, stream: &StreamId, numbers: &Numbers) -> Result<(), ClientError> {
    let json = serde_json::to_string(numbers).map_err(|_| ClientError::Unexpected { place: "numbers" })?;
    let sql = "INSERT INTO stream (contact, stream, numbers) VALUES (?1, ?2, ?3)
               ON CONFLICT (contact, stream) DO UPDATE SET numbers = excluded.numbers";
    tx.execute(sql, (contact, stream.0, json))?;
    Ok(())
}

/// Notes an envelope; says whether it is the first time.
pub(crate) fn see_envelope(tx: &Tx<'_>, envelope: &Envelope, today: Day) -> Result<bool, ClientError> {
    let hash = crypto::sha256(&[envelope.as_bytes()]);
    let sql = "INSERT OR IGNORE INTO envelope (hash, day) VALUES (?1, ?2)";
    Ok(tx.execute(sql, (hash, today.0))? == 1)
}

/// Forgets envelopes that the relay cannot deliver again: its longest TTL, the stamps' life, and some days.
pub(crate) fn forget_envelopes(tx: &Tx<'_>, today: Day) -> Result<(), ClientError> {
    tx.execute("DELETE FROM envelope WHERE day < ?1", [today.0.saturating_sub(120)])?;
    Ok(())
}

/// An envelope that did not open.
pub(crate) struct SetAside {
    pub(crate) id: i64,
    pub(crate) policy: MailboxPolicy,
    pub(crate) auth: DepositAuth,
    pub(crate) envelope: Envelope,
    /// Whose stamp it came with: a hint.
    pub(crate) contact: Option<i64>,
    pub(crate) at: UnixSeconds,
}

/// Sets an envelope aside that did not open; the oldest go when there are too many, strangers' before all.
pub(crate) fn set_aside(
    tx: &Tx<'_>,
    policy: MailboxPolicy,
    auth: &DepositAuth,
    envelope: &Envelope,
    contact: Option<i64>,
) -> Result<(), ClientError> {
    tx.execute(
        "INSERT INTO quarantine (at, policy, auth, envelope, contact, tried) VALUES (?1, ?2, ?3, ?4, ?5, 0)",
        (int(tx.now().0), mailbox::number(policy), auth.to_bytes(), envelope.as_bytes(), contact),
    )?;
    for _ in 0..16 {
        let sum = "SELECT coalesce(sum(length(envelope)), 0) FROM quarantine";
        if tx.query_row(sum, [], |row| row.get::<_, i64>(0))? <= QUARANTINE_BYTES_MAX {
            break;
        }
        tx.execute(
            "DELETE FROM quarantine WHERE id = (SELECT id FROM quarantine ORDER BY policy, id LIMIT 1)",
            [],
        )?;
    }
    Ok(())
}

/// Everything that is set aside.
pub(crate) fn all_set_aside(tx: &Tx<'_>) -> Result<Vec<SetAside>, ClientError> {
    list_set_aside(tx, true)
}

/// What was set aside since the last drain that came to its end, which is tried once more: this takes note of it.
pub(crate) fn take_untried(tx: &Tx<'_>) -> Result<Vec<SetAside>, ClientError> {
    let list = list_set_aside(tx, false)?;
    tx.execute("UPDATE quarantine SET tried = 1 WHERE tried = 0", [])?;
    Ok(list)
}

/// Notes of what is set aside that its sender shall hear of it.
pub(crate) fn shall_tell(tx: &Tx<'_>, id: i64) -> Result<(), ClientError> {
    tx.execute("UPDATE quarantine SET untold = 1 WHERE id = ?1", [id]).map(drop).map_err(Into::into)
}

/// Whether a contact has to hear of something that did not open.
pub(crate) fn has_untold(tx: &Tx<'_>, contact: i64) -> Result<bool, ClientError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM quarantine WHERE contact = ?1 AND untold = 1)";
    Ok(tx.query_row(sql, [contact], |row| row.get(0))?)
}

/// What a contact has to hear of, the oldest first, as many as one message names: from now on he was told.
pub(crate) fn take_untold(tx: &Tx<'_>, contact: i64) -> Result<Vec<EnvelopeHash>, ClientError> {
    let sql = "UPDATE quarantine SET untold = 0 WHERE id IN (SELECT id FROM quarantine
               WHERE contact = ?1 AND untold = 1 ORDER BY id LIMIT ?2) RETURNING envelope";
    let mut rows = tx.prepare_cached(sql)?;
    let found = rows.query_map((contact, UNOPENED_MAX as u32), |row| row.get::<_, Vec<u8>>(0))?;
    let hashes = found.map(|bytes| Ok(EnvelopeHash::of(&envelope_from(bytes?)?)));
    Ok(hashes.collect::<Result<BTreeSet<_>, ClientError>>()?.into_iter().collect())
}

fn envelope_from(bytes: Vec<u8>) -> Result<Envelope, ClientError> {
    Envelope::new(bytes.into()).map_err(|_| ClientError::VaultDamaged { what: "quarantine" })
}

fn list_set_aside(tx: &Tx<'_>, tried_too: bool) -> Result<Vec<SetAside>, ClientError> {
    let mut rows = tx.prepare(
        "SELECT id, policy, auth, envelope, contact, at FROM quarantine WHERE tried <= ?1 ORDER BY id",
    )?;
    let raw = rows.query_map([tried_too], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, Vec<u8>>(2)?,
            row.get::<_, Vec<u8>>(3)?,
            row.get::<_, Option<i64>>(4)?,
            row.get::<_, i64>(5)?,
        ))
    })?;
    let mut list = Vec::new();
    for item in raw {
        let (id, policy, auth, envelope, contact, at) = item?;
        let policy = if policy == 0 { MailboxPolicy::Doorstep } else { MailboxPolicy::Inbox };
        let auth = super::decode(&auth, "quarantine")?;
        let envelope = envelope_from(envelope)?;
        list.push(SetAside { id, policy, auth, envelope, contact, at: UnixSeconds(uint(at)) });
    }
    Ok(list)
}

/// Takes one out again.
pub(crate) fn release(tx: &Tx<'_>, id: i64) -> Result<(), ClientError> {
    tx.execute("DELETE FROM quarantine WHERE id = ?1", [id])?;
    Ok(())
}

/// Forgets what was set aside so long ago that no key for it can exist any more.
pub(crate) fn forget_set_aside(tx: &Tx<'_>, before: UnixSeconds) -> Result<(), ClientError> {
    tx.execute("DELETE FROM quarantine WHERE at < ?1", [int(before.0)])?;
    Ok(())
}

/// How many are set aside.
pub(crate) fn count_set_aside(tx: &Tx<'_>) -> Result<u32, ClientError> {
    Ok(tx.query_row("SELECT count(*) FROM quarantine", [], |row| row.get(0))?)
}
