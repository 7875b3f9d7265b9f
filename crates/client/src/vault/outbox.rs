//! Messages on their way out: rows of `outbox`.

use bytes::Bytes;
use client_core::outbox::{Item, State};
use e2ee::{EnvelopeHash, MessageId, Placed, StreamId};
use rusqlite::{OptionalExtension, Row};
use wire::{DepositAuth, DepositId, Envelope, UnixSeconds, Wire};

use super::{
    Tx, decode, edits, int,
    said::{Said, SaidFirst},
    uint,
};
use crate::{ClientError, pauses::Newest};

/// What an outgoing row is, numbered as on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OutKind {
    /// A person's words.
    Text = 1,
    /// A part of a file.
    FilePart = 2,
    /// What was read here, sent by the client itself where a person turned it on.
    Receipt = 3,
    /// New stamps, sent by the client itself.
    Refill = 4,
    /// Lets a stranger in.
    Accept = 5,
    /// Asks for what never came, sent by the client itself.
    Resend = 6,
    /// A change of my key, sent by the client itself.
    RecordUpdate = 7,
    /// The head of a log, sent by the client itself.
    Head = 8,
    /// Words that wait for an answer.
    Question = 9,
    /// The answer.
    Answer = 10,
    /// Announces a file.
    File = 11,
    /// Words that quote, or disappear.
    Note = 12,
    /// When words disappear from now on.
    Timer = 13,
    /// Other words for earlier ones.
    Edit = 14,
    /// Takes an earlier message back.
    Delete = 15,
    /// Asks for what arrived and did not open, sent by the client itself.
    Unopened = 16,
}

impl OutKind {
    const ALL: [OutKind; 16] = [
        OutKind::Text,
        OutKind::FilePart,
        OutKind::Receipt,
        OutKind::Refill,
        OutKind::Accept,
        OutKind::Resend,
        OutKind::RecordUpdate,
        OutKind::Head,
        OutKind::Question,
        OutKind::Answer,
        OutKind::File,
        OutKind::Note,
        OutKind::Timer,
        OutKind::Edit,
        OutKind::Delete,
        OutKind::Unopened,
    ];

    fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as i64 == number)
    }

    /// Whether a person said it; the rest a client says by itself, or, a part, because of what a person said.
    pub(crate) fn is_a_persons(self) -> bool {
        !matches!(
            self,
            OutKind::FilePart
                | OutKind::Receipt
                | OutKind::Refill
                | OutKind::Accept
                | OutKind::Resend
                | OutKind::RecordUpdate
                | OutKind::Head
                | OutKind::Unopened
        )
    }

    /// Whether a first message without words goes ahead of it, since it needs the answer and a person wanted it said.
    pub(crate) fn introduces_itself(self) -> bool {
        matches!(self, OutKind::Question | OutKind::File)
    }

    /// Whether it may be the first thing that a stranger hears: words only.
    pub(crate) fn may_greet(self) -> bool {
        matches!(self, OutKind::Text | OutKind::Note | OutKind::Resend)
    }
}

/// What people say, in SQL.
pub(crate) const OF_A_PERSON: &str = "kind IN (1, 9, 10, 11, 12, 13, 14, 15)";
/// What stands in a history, in SQL: an edit or a deletion shows in what it names.
pub(super) const IN_HISTORY: &str = "kind IN (1, 9, 10, 11, 12, 13) AND gone != 2";

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
    /// Its words.
    pub(crate) text: String,
    /// Its body as on the wire, where the words are not all of it. Parts keep theirs in `part`.
    pub(crate) body: Option<Vec<u8>>,
    /// The message that it names; of a part, its file.
    pub(crate) target: Option<MessageId>,
    /// Which part of a file it is.
    pub(crate) part: Option<u16>,
    pub(crate) edited: bool,
    pub(crate) gone: Gone,
    pub(crate) expires_at: Option<UnixSeconds>,
    /// When the other side's `seen` covered it, and when a receipt named it.
    pub(crate) answered_at: Option<UnixSeconds>,
    pub(crate) read_at: Option<UnixSeconds>,
    pub(crate) state: State,
    pub(crate) queued_at: UnixSeconds,
    pub(crate) placed: Option<Placed>,
    pub(crate) sealed: Option<SealedRow>,
    pub(crate) reason: Option<String>,
    /// What was said first with its key, where a person gave one.
    pub(crate) said_first: Option<SaidFirst>,
}

/// Whether the words of a message are still here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Gone {
    /// They are.
    Here = 0,
    /// They were taken back.
    TakenBack = 1,
    /// Their time was over.
    Disappeared = 2,
}

impl Gone {
    pub(crate) fn from_number(number: i64) -> Result<Self, ClientError> {
        match number {
            0 => Ok(Gone::Here),
            1 => Ok(Gone::TakenBack),
            2 => Ok(Gone::Disappeared),
            _ => Err(ClientError::VaultDamaged { what: "a message" }),
        }
    }
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
    revision, route, sid, auth, envelope, reason, body, target, part, edited, gone, expires_at, answered_at,
    read_at, said_first";

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

/// Commits what a person says.
pub(crate) fn say(
    tx: &Tx<'_>,
    contact: i64,
    message_id: &MessageId,
    said: &Said,
    idempotency: Option<&str>,
) -> Result<i64, ClientError> {
    let id = insert(tx, contact, message_id, said.kind, &said.text, idempotency, tx.now())?;
    let first = idempotency.map(|_| SaidFirst::of(said, &tx.rng().bytes()).to_bytes());
    tx.execute(
        "UPDATE outbox SET body = ?2, target = ?3, expire_s = ?4, said_first = ?5 WHERE id = ?1",
        (id, &said.body, said.target.map(|target| target.0), said.expire_s, first),
    )?;
    Ok(id)
}

/// Commits a part of a file, whose bytes are in `part`.
pub(crate) fn insert_part(tx: &Tx<'_>, contact: i64, file: &MessageId, part: u16) -> Result<(), ClientError> {
    let message_id = MessageId::random(&mut tx.rng());
    let id = insert(tx, contact, &message_id, OutKind::FilePart, "", None, tx.now())?;
    tx.execute("UPDATE outbox SET target = ?2, part = ?3 WHERE id = ?1", (id, file.0, part))?;
    Ok(())
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

/// The order in which open rows leave: what is sealed, in the order of sealing; then a request that may open a way
/// for the others; then an ACCEPT, because the other side cannot give stamps before it, and texts would use up those
/// that there are; then the oldest first, parts of files last.
const ORDER: &str =
    "state DESC, CASE state WHEN 1 THEN number END, kind = 6 DESC, kind = 5 DESC, kind = 2, id";

/// The rows of a contact that the relay has not confirmed, in the order in which they leave, at most 64.
pub(crate) fn open_of(tx: &Tx<'_>, contact: i64) -> Result<Vec<OutRow>, ClientError> {
    many(tx, &format!("contact = ?1 AND state < 2 ORDER BY {ORDER} LIMIT 64"), contact)
}

/// The same without what they hold: sealed rows are large.
pub(crate) fn open_items(tx: &Tx<'_>, contact: i64) -> Result<Vec<Item>, ClientError> {
    let sql =
        format!("SELECT id, state FROM outbox WHERE contact = ?1 AND state < 2 ORDER BY {ORDER} LIMIT 64");
    let mut rows = tx.prepare_cached(&sql)?;
    let list = rows.query_map([contact], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
    list.map(|row| {
        row.map_err(ClientError::from).and_then(|(id, state)| Ok(Item { id, state: state_from(state)? }))
    })
    .collect()
}

/// What people said and the relay has not confirmed or has refused, oldest first; and files with parts under way.
pub(crate) fn unconfirmed(tx: &Tx<'_>) -> Result<Vec<OutRow>, ClientError> {
    let parts = "SELECT target FROM outbox WHERE kind = 2 AND state != 2";
    many(
        tx,
        &format!("{OF_A_PERSON} AND (state != ?1 OR (kind = 11 AND message_id IN ({parts}))) ORDER BY id"),
        2,
    )
}

/// The first part of this message's file that the relay has not confirmed.
pub(crate) fn first_part_left(tx: &Tx<'_>, message: &MessageId) -> Result<Option<OutRow>, ClientError> {
    Ok(many(tx, "kind = 2 AND state != 2 AND target = ?1 ORDER BY id LIMIT 1", message.0)?.pop())
}

/// What I said to a contact and is still to be seen, oldest first.
pub(crate) fn said_to(tx: &Tx<'_>, contact: i64) -> Result<Vec<OutRow>, ClientError> {
    many(tx, &format!("contact = ?1 AND {IN_HISTORY} ORDER BY id"), contact)
}

/// The contacts with open rows.
pub(crate) fn contacts_with_open(tx: &Tx<'_>) -> Result<Vec<i64>, ClientError> {
    let sql = "SELECT contact FROM outbox WHERE state < 2 GROUP BY contact ORDER BY min(id)";
    let mut rows = tx.prepare_cached(sql)?;
    let list = rows.query_map([], |row| row.get(0))?;
    list.map(|id| Ok(id?)).collect()
}

/// The newest row that a contact's relay has not confirmed, and the newest that came from him.
pub(crate) fn newest(tx: &Tx<'_>, contact: i64) -> Result<Newest, ClientError> {
    let sql = "SELECT (SELECT coalesce(max(id), 0) FROM outbox WHERE contact = ?1 AND state < 2),
                      (SELECT coalesce(max(id), 0) FROM message WHERE contact = ?1)";
    Ok(tx.query_row(sql, [contact], |row| Ok(Newest { queued: row.get(0)?, came: row.get(1)? }))?)
}

/// Whether a row of this kind is on its way to a contact.
pub(crate) fn has_open(tx: &Tx<'_>, contact: i64, kind: OutKind) -> Result<bool, ClientError> {
    let sql = "SELECT count(*) FROM outbox WHERE contact = ?1 AND kind = ?2 AND state < 2";
    Ok(tx.query_row(sql, (contact, kind as i64), |row| row.get::<_, i64>(0))? > 0)
}

/// Whether something that a person said is on its way to a contact.
pub(crate) fn has_open_of_a_person(tx: &Tx<'_>, contact: i64) -> Result<bool, ClientError> {
    let sql = format!("SELECT count(*) FROM outbox WHERE contact = ?1 AND {OF_A_PERSON} AND state < 2");
    Ok(tx.query_row(&sql, [contact], |row| row.get::<_, i64>(0))? > 0)
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
         route = ?7, sid = ?8, auth = ?9, envelope = ?10, envelope_hash = ?11, reason = NULL WHERE id = ?1",
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
            EnvelopeHash::of(&sealed.envelope).0,
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
    ask_again_for_former(tx, "id", id)?;
    let sql =
        "UPDATE outbox SET state = 0, sid = NULL, auth = NULL, envelope = NULL, route = NULL WHERE id = ?1";
    tx.execute(sql, [id])?;
    Ok(())
}

/// Notes STORED: the sealed bytes are not needed any more. One that was taken back meanwhile, to be sealed anew, still
/// has to leave. Says whether it is stored.
pub(crate) fn set_stored(tx: &Tx<'_>, id: i64, now: UnixSeconds) -> Result<bool, ClientError> {
    let sql = "UPDATE outbox SET state = 2, stored_at = ?2, auth = NULL, envelope = NULL, reason = NULL,
               expires_at = iif(expires_at IS NULL AND gone = 0, ?2 + expire_s, expires_at)
               WHERE id = ?1 AND state = 1";
    let stored = tx.execute(sql, (id, int(now.0)))? == 1;
    if stored {
        edits::forget_before(tx, id)?;
    }
    Ok(stored)
}

/// Other words for a message of mine.
pub(crate) fn reword(tx: &Tx<'_>, id: i64, said: &Said) -> Result<(), ClientError> {
    let sql = "UPDATE outbox SET text = ?2, body = ?3, edited = (number IS NOT NULL) WHERE id = ?1";
    tx.execute(sql, (id, &said.text, &said.body))?;
    Ok(())
}

/// Gives a message the words back that it had before an edit which does not leave; another edit since stays.
pub(crate) fn word_as_before(tx: &Tx<'_>, before: &OutRow, edited: &str) -> Result<(), ClientError> {
    let sql = "UPDATE outbox SET text = ?2, body = ?3, edited = ?4 WHERE id = ?1 AND text = ?5 AND gone = 0";
    tx.execute(sql, (before.id, &before.text, &before.body, before.edited, edited))?;
    Ok(())
}

/// Takes a message of mine back: its words, edits of it, and the parts of its file go. One that never left goes whole.
pub(crate) fn take_back(tx: &Tx<'_>, contact: i64, row: &OutRow) -> Result<(), ClientError> {
    tx.execute(
        "UPDATE outbox SET text = '', body = NULL, gone = 1, expires_at = NULL
         WHERE contact = ?1 AND (id = ?2 OR (target = ?3 AND kind = 14))",
        (contact, row.id, row.message_id.0),
    )?;
    drop_file(tx, contact, &row.message_id)?;
    match row.placed {
        Some(_) => Ok(()),
        None => tx.execute("DELETE FROM outbox WHERE id = ?1", [row.id]).map(drop).map_err(Into::into),
    }
}

/// Drops the file that a message of mine announces, and its parts: one that was sealed is sealed again, and says nothing.
pub(crate) fn drop_file(tx: &Tx<'_>, contact: i64, message: &MessageId) -> Result<(), ClientError> {
    tx.execute(
        "DELETE FROM outbox WHERE contact = ?1 AND kind = 2 AND target = ?2 AND number IS NULL AND state = 0",
        (contact, message.0),
    )?;
    tx.execute(
        "UPDATE outbox SET state = 0, sid = NULL, auth = NULL, envelope = NULL, route = NULL
         WHERE contact = ?1 AND kind = 2 AND target = ?2 AND state = 1",
        (contact, message.0),
    )?;
    tx.execute(
        "DELETE FROM file WHERE contact = ?1 AND outgoing = 1 AND message_id = ?2",
        (contact, message.0),
    )?;
    Ok(())
}

/// Whether the other side's `seen`, or a receipt, covered the message with this id.
pub(crate) fn is_answered(tx: &Tx<'_>, id: &str) -> Result<bool, ClientError> {
    let sql = "SELECT count(*) FROM outbox WHERE hex(message_id) = ?1
               AND (answered_at IS NOT NULL OR read_at IS NOT NULL)";
    Ok(tx.query_row(sql, [id.to_uppercase()], |row| row.get::<_, i64>(0))? > 0)
}

/// Notes a no that waiting does not change.
pub(crate) fn set_refused(tx: &Tx<'_>, id: i64, reason: &str) -> Result<(), ClientError> {
    let sql = "UPDATE outbox SET state = 3, auth = NULL, envelope = NULL, reason = ?2 WHERE id = ?1";
    tx.execute(sql, (id, reason))?;
    Ok(())
}

/// Notes that nothing of what waits for a contact will ever leave.
pub(crate) fn refuse_all(tx: &Tx<'_>, contact: i64, reason: &str) -> Result<(), ClientError> {
    let sql = "UPDATE outbox SET state = 3, auth = NULL, envelope = NULL, reason = ?2
               WHERE contact = ?1 AND state < 2";
    tx.execute(sql, (contact, reason))?;
    Ok(())
}

/// Notes why a row waits.
pub(crate) fn set_reason(tx: &Tx<'_>, id: i64, reason: &str) -> Result<(), ClientError> {
    tx.execute("UPDATE outbox SET reason = ?2 WHERE id = ?1", (id, reason))?;
    Ok(())
}

/// What a request that is taken back asked for was not asked: perhaps the stream before the present one.
fn ask_again_for_former(tx: &Tx<'_>, column: &'static str, key: i64) -> Result<(), ClientError> {
    let sql = format!(
        "UPDATE contact SET ask_former = 1 WHERE id IN
         (SELECT contact FROM outbox WHERE {column} = ?1 AND kind = ?2 AND state = 1)"
    );
    tx.execute(&sql, (key, OutKind::Resend as i64)).map(drop).map_err(Into::into)
}

/// Everything for a contact that was sealed and not confirmed is sealed anew, once it may be.
pub(crate) fn unseal_all(tx: &Tx<'_>, contact: i64) -> Result<(), ClientError> {
    ask_again_for_former(tx, "contact", contact)?;
    let sql = "UPDATE outbox SET state = 0, sid = NULL, auth = NULL, envelope = NULL, route = NULL
               WHERE contact = ?1 AND state = 1";
    tx.execute(sql, [contact])?;
    Ok(())
}

/// Drops what the client itself wanted to send and a new beginning of the conversation makes needless.
pub(crate) fn drop_own_waiting(tx: &Tx<'_>, contact: i64) -> Result<(), ClientError> {
    tx.execute("DELETE FROM outbox WHERE contact = ?1 AND state = 0 AND kind IN (3, 4, 5, 6)", [contact])?;
    Ok(())
}

/// Takes the words of a sealed row back that its mailbox refused: its number is used, and filled by something that says
/// nothing. Only as long as it waits with the bytes that were refused: another process may have had it stored. Says whether
/// it did.
pub(crate) fn say_nothing(tx: &Tx<'_>, row: &OutRow) -> Result<bool, ClientError> {
    let refused = row.sealed.as_ref().map(|sealed| &sealed.envelope);
    let now = find(tx, row.id)?.and_then(|now| now.sealed);
    if now.is_none_or(|now| Some(&now.envelope) != refused) {
        return Ok(false);
    }
    unseal(tx, row.id)?;
    let sql = "UPDATE outbox SET kind = ?2, text = '', body = NULL, target = NULL, idempotency = NULL, reason = NULL,
               expire_s = NULL WHERE id = ?1";
    Ok(tx.execute(sql, (row.id, OutKind::Refill as i64))? == 1)
}

/// Takes a row back that was never sealed. Says whether it did.
pub(crate) fn withdraw(tx: &Tx<'_>, id: i64) -> Result<bool, ClientError> {
    Ok(tx.execute("DELETE FROM outbox WHERE id = ?1 AND state = 0 AND number IS NULL", [id])? == 1)
}

fn one(tx: &Tx<'_>, condition: &str, key: impl rusqlite::ToSql) -> Result<Option<OutRow>, ClientError> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE {condition}");
    tx.query_row(&sql, [key], |row| Ok(from_row(row))).optional()?.transpose()
}

fn many(tx: &Tx<'_>, condition: &str, key: impl rusqlite::ToSql) -> Result<Vec<OutRow>, ClientError> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE {condition}");
    let mut rows = tx.prepare_cached(&sql)?;
    let list = rows.query_map([key], |row| Ok(from_row(row)))?;
    list.map(|row| row?).collect()
}

fn from_row(row: &Row<'_>) -> Result<OutRow, ClientError> {
    let damaged = ClientError::VaultDamaged { what: "an outbox row" };
    let state = state_from(row.get(5)?)?;
    let kind = OutKind::from_number(row.get(3)?).ok_or(damaged)?;
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
        body: row.get(17)?,
        target: row.get::<_, Option<[u8; 16]>>(18)?.map(MessageId),
        part: row.get(19)?,
        edited: row.get(20)?,
        gone: Gone::from_number(row.get(21)?)?,
        expires_at: time(row.get(22)?),
        answered_at: time(row.get(23)?),
        read_at: time(row.get(24)?),
        said_first: row.get::<_, Option<[u8; 48]>>(25)?.map(SaidFirst::from_bytes),
    })
}

fn state_from(number: i64) -> Result<State, ClientError> {
    Ok(match number {
        0 => State::Waiting,
        1 => State::Sealed,
        2 => State::Stored,
        3 => State::Refused,
        _ => return Err(ClientError::VaultDamaged { what: "an outbox row" }),
    })
}

fn time(column: Option<i64>) -> Option<UnixSeconds> {
    column.map(|seconds| UnixSeconds(uint(seconds)))
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
