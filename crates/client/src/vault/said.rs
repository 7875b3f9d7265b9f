//! What people say beside texts: how a body reads, and what it does to messages that came before it.

use client_core::file_name::base_name;
use e2ee::{
    Kind, MessageId,
    said::{Edit, FileHead, Note},
};
use rusqlite::OptionalExtension;

use super::{Tx, edits, int, key::to_hex, outbox::OutKind};
use crate::{ClientError, Direction, FileShown, ReceivedBody, SaidError};

/// Fewest digits of a message id that name it.
pub(crate) const ID_DIGITS_MIN: usize = 4;

/// What goes into the outbox because a person said it.
pub(crate) struct Said {
    pub(crate) kind: OutKind,
    pub(crate) text: String,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) target: Option<MessageId>,
    pub(crate) expire_s: Option<u32>,
}

impl Said {
    /// Splits a kind into its columns. What a client says by itself is not said.
    pub(crate) fn new(kind: &Kind) -> Result<Self, ClientError> {
        let body = Some(kind.body());
        let plain =
            |kind, text: &str| Self { kind, text: text.to_owned(), body, target: None, expire_s: None };
        Ok(match kind {
            Kind::Text(text) => Self { body: None, ..plain(OutKind::Text, text) },
            Kind::Note(note) => {
                let expire_s = note.expire_s.map(|seconds| seconds.get());
                Self { expire_s, ..plain(OutKind::Note, &note.text) }
            }
            Kind::Question(question) => plain(OutKind::Question, &question.text),
            Kind::Answer(answer) => {
                Self { target: Some(answer.question), ..plain(OutKind::Answer, &answer.text) }
            }
            Kind::File(head) => plain(OutKind::File, &head.text),
            Kind::Timer(_) => plain(OutKind::Timer, ""),
            Kind::Edit(edit) => Self { target: Some(edit.message), ..plain(OutKind::Edit, &edit.text) },
            Kind::Delete(message) => Self { target: Some(*message), ..plain(OutKind::Delete, "") },
            Kind::Receipt(_) => plain(OutKind::Receipt, ""),
            Kind::RecordUpdate(_) => plain(OutKind::RecordUpdate, ""),
            Kind::Head(_) => plain(OutKind::Head, ""),
            Kind::Unopened(_) => plain(OutKind::Unopened, ""),
            _ => return Err(ClientError::Unexpected { place: "a kind that nobody says" }),
        })
    }
}

/// What was said first with a key that a person gave: a hash under a salt of its own, which outlives the words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SaidFirst([u8; 48]);

impl SaidFirst {
    /// Of this, under a salt.
    pub(crate) fn of(said: &Said, salt: &[u8; 16]) -> Self {
        let text = said.text.as_bytes();
        let (kind, length) = ([said.kind as u8], (text.len() as u64).to_be_bytes());
        let body = said.body.as_deref().unwrap_or_default();
        let hash = crypto::sha256(&[salt, &kind, &length, text, body]);
        let mut bytes = [0; 48];
        let (before, after) = bytes.split_at_mut(salt.len());
        before.copy_from_slice(salt);
        after.copy_from_slice(&hash);
        Self(bytes)
    }

    /// Whether it is this that was said.
    pub(crate) fn is(&self, said: &Said) -> bool {
        self.0.first_chunk().is_some_and(|salt| Self::of(said, salt) == *self)
    }

    /// Out of its column, and into it.
    pub(crate) fn from_bytes(bytes: [u8; 48]) -> Self {
        Self(bytes)
    }

    pub(crate) fn to_bytes(self) -> [u8; 48] {
        self.0
    }
}

/// A body as callers see it.
pub(crate) struct Shown {
    pub(crate) body: ReceivedBody,
    pub(crate) quotes: Option<MessageId>,
}

impl Shown {
    pub(crate) fn of(body: ReceivedBody) -> Self {
        Self { body, quotes: None }
    }
}

/// Reads a body out of the vault.
pub(crate) fn shown(kind: u8, body: &[u8]) -> Result<Shown, ClientError> {
    let kind =
        Kind::from_parts(kind, body).map_err(|_| ClientError::VaultDamaged { what: "a message's body" })?;
    Ok(match kind {
        Kind::Text(text) => Shown::of(ReceivedBody::Text(text)),
        Kind::Note(note) => Shown { body: ReceivedBody::Text(note.text), quotes: note.quotes },
        Kind::Question(question) => Shown::of(ReceivedBody::Question {
            text: question.text,
            choices: question.choices,
            until: question.until,
        }),
        Kind::Answer(answer) => {
            Shown::of(ReceivedBody::Answer { question: to_hex(&answer.question.0), text: answer.text })
        }
        Kind::File(head) => Shown::of(ReceivedBody::File(Box::new(file_shown(&head)))),
        Kind::Timer(seconds) => Shown::of(ReceivedBody::Timer { seconds }),
        Kind::Edit(edit) => {
            Shown::of(ReceivedBody::Edited { message: to_hex(&edit.message.0), text: edit.text })
        }
        kind => Shown::of(ReceivedBody::Unknown { kind: kind.number() }),
    })
}

fn file_shown(head: &FileHead) -> FileShown {
    FileShown {
        name: base_name(&head.name),
        bytes: u64::from(head.bytes),
        sha256: to_hex(&head.hash),
        text: head.text.clone(),
        arrived: 0,
        state: crate::FileState::OnItsWay,
    }
}

/// Applies an edit of a contact's to his message. Where the message was handed out already, the edit is shown itself.
pub(crate) fn take_edit(tx: &Tx<'_>, contact: i64, edit: &Edit, this: &MessageId) -> Result<(), ClientError> {
    let before = find_theirs(tx, contact, &edit.message)?;
    let latest = settle(tx, contact, &edit.message, before.as_ref(), Forget::Overtaken)?;
    match latest == Some(*this) && before.is_some_and(|before| before.handled) {
        true => show_edit(tx, contact, this),
        false => Ok(()),
    }
}

fn show_edit(tx: &Tx<'_>, contact: i64, edit: &MessageId) -> Result<(), ClientError> {
    let sql = "UPDATE message SET shown = 1 WHERE contact = ?1 AND message_id = ?2";
    tx.execute(sql, (contact, edit.0)).map(drop).map_err(Into::into)
}

/// Takes a message of a contact's back, as he asked. What nobody was shown until now is not said to be read.
pub(crate) fn take_deletion(tx: &Tx<'_>, contact: i64, message: &MessageId) -> Result<(), ClientError> {
    let Some(before) = find_theirs(tx, contact, message)? else { return Ok(()) };
    let sql = "UPDATE message SET gone = 1, body = x'', receipted = max(receipted, handled = 0), handled = 1,
                                  expires_at = NULL
               WHERE (id = ?1 OR (contact = ?2 AND target = ?3 AND kind = 14)) AND gone = 0";
    tx.execute(sql, (before.id, contact, message.0))?;
    tx.execute(
        "UPDATE message SET shown = 0 WHERE contact = ?1 AND target = ?2 AND kind = 14",
        (contact, message.0),
    )?;
    let sql =
        "UPDATE file SET state = 5 WHERE contact = ?1 AND outgoing = 0 AND message_id = ?2 AND state < 2";
    tx.execute(sql, (contact, message.0))?;
    let parts = "DELETE FROM part WHERE file IN
                 (SELECT id FROM file WHERE contact = ?1 AND outgoing = 0 AND message_id = ?2)";
    tx.execute(parts, (contact, message.0))?;
    Ok(())
}

/// What overtook the message that it names.
pub(crate) fn apply_earlier(tx: &Tx<'_>, contact: i64, message: &MessageId) -> Result<(), ClientError> {
    let before = find_theirs(tx, contact, message)?;
    settle(tx, contact, message, before.as_ref(), Forget::Overtaken)?;
    let sql = "SELECT count(*) FROM message WHERE contact = ?1 AND target = ?2 AND kind = ?3";
    let deletions: u32 = tx.query_row(sql, (contact, message.0, Kind::DELETE), |row| row.get(0))?;
    match deletions {
        0 => Ok(()),
        _ => take_deletion(tx, contact, message),
    }
}

/// Does what a person's edits and deletions ask for that came while nothing was done about them.
pub(crate) fn catch_up(tx: &Tx<'_>, contact: i64) -> Result<(), ClientError> {
    let sql = "SELECT DISTINCT kind, target FROM message
               WHERE contact = ?1 AND target IS NOT NULL AND kind IN (14, 15) ORDER BY kind";
    let mut rows = tx.prepare_cached(sql)?;
    let list = rows.query_map([contact], |row| Ok((row.get(0)?, MessageId(row.get(1)?))))?;
    for (kind, message) in list.collect::<Result<Vec<(u8, MessageId)>, _>>()? {
        match kind {
            Kind::DELETE => take_deletion(tx, contact, &message)?,
            _ => edit_late(tx, contact, &message)?,
        }
    }
    Ok(())
}

/// An edit that counted already changes nothing, and is not shown once more.
fn edit_late(tx: &Tx<'_>, contact: i64, message: &MessageId) -> Result<(), ClientError> {
    let before = find_theirs(tx, contact, message)?;
    let latest = settle(tx, contact, message, before.as_ref(), Forget::Overtaken)?;
    let after = find_theirs(tx, contact, message)?;
    match (latest, before, after) {
        (Some(latest), Some(before), Some(after)) if before.handled && before.body != after.body => {
            show_edit(tx, contact, &latest)
        }
        _ => Ok(()),
    }
}

struct Theirs {
    id: i64,
    kind: u8,
    body: Vec<u8>,
    handled: bool,
}

fn find_theirs(tx: &Tx<'_>, contact: i64, message: &MessageId) -> Result<Option<Theirs>, ClientError> {
    let sql = "SELECT id, kind, body, handled FROM message
               WHERE contact = ?1 AND message_id = ?2 AND shown = 1 AND gone = 0";
    let found = tx.query_row(sql, (contact, message.0), |row| {
        Ok(Theirs { id: row.get(0)?, kind: row.get(1)?, body: row.get(2)?, handled: row.get(3)? })
    });
    Ok(found.optional()?)
}

/// Which edits lose their words beside the one that counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Forget {
    /// Those that a later one of their stream followed: the last ones of other streams may count again, in whatever order
    /// they come from a sender whose clock went back.
    Overtaken,
    /// All.
    AllOthers,
}

/// Brings a message of a contact's to its latest words, and says which edit they are of. No edit keeps its words whose
/// message is not here any more.
fn settle(
    tx: &Tx<'_>,
    contact: i64,
    message: &MessageId,
    before: Option<&Theirs>,
    forget: Forget,
) -> Result<Option<MessageId>, ClientError> {
    let latest = match before {
        Some(before) => rewrite(tx, contact, message, before)?,
        None if has_come(tx, contact, message)? => None,
        None => latest_edit(tx, contact, message)?.map(|(latest, _)| latest),
    };
    let sql = "UPDATE message SET body = x'', gone = 2, shown = min(shown, handled)
               WHERE contact = ?1 AND target = ?2 AND kind = 14 AND body != x'' AND message_id IS NOT ?3
                   AND (?4 OR EXISTS (SELECT 1 FROM message AS later WHERE later.contact = message.contact
                       AND later.target = message.target AND later.kind = 14
                       AND later.stream = message.stream AND later.number > message.number))";
    let all = latest.is_none() || forget == Forget::AllOthers;
    tx.execute(sql, (contact, message.0, latest.map(|latest| latest.0), all))?;
    Ok(latest)
}

fn has_come(tx: &Tx<'_>, contact: i64, message: &MessageId) -> Result<bool, ClientError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM message WHERE contact = ?1 AND message_id = ?2)";
    Ok(tx.query_row(sql, (contact, message.0), |row| row.get(0))?)
}

/// Puts the words of the latest edit that is here in place of a message's, and says which edit that is. Not everything
/// can be said in other words.
fn rewrite(
    tx: &Tx<'_>,
    contact: i64,
    message: &MessageId,
    before: &Theirs,
) -> Result<Option<MessageId>, ClientError> {
    let Some((latest, body)) = latest_edit(tx, contact, message)? else { return Ok(None) };
    let Ok(Kind::Edit(edit)) = Kind::from_parts(Kind::EDIT, &body) else { return Ok(None) };
    let Some(kind) = reworded(before.kind, &before.body, &edit.text) else { return Ok(None) };
    tx.execute("UPDATE message SET body = ?2, edited = 1 WHERE id = ?1", (before.id, kind.body()))?;
    Ok(Some(latest))
}

/// The latest edit of a message, and its body. Of one stream the highest number counts, since a sender's clock may go back;
/// between the last of several streams their times decide. So the outcome is the same in whatever order they come, and
/// one whose words were erased has lost already.
fn latest_edit(
    tx: &Tx<'_>,
    contact: i64,
    message: &MessageId,
) -> Result<Option<(MessageId, Vec<u8>)>, ClientError> {
    let sql = "SELECT message_id, body FROM message AS edit
               WHERE contact = ?1 AND target = ?2 AND kind = 14 AND body != x'' AND NOT EXISTS (
                   SELECT 1 FROM message AS later WHERE later.contact = edit.contact
                       AND later.target = edit.target AND later.kind = 14
                       AND later.stream = edit.stream AND later.number > edit.number)
               ORDER BY sent_at DESC, message_id DESC LIMIT 1";
    let latest = tx.query_row(sql, (contact, message.0), |row| Ok((MessageId(row.get(0)?), row.get(1)?)));
    Ok(latest.optional()?)
}

/// A text or note in other words; nothing else is edited.
pub(crate) fn reworded(kind: u8, body: &[u8], text: &str) -> Option<Kind> {
    match Kind::from_parts(kind, body).ok()? {
        Kind::Text(_) => Some(Kind::Text(text.to_owned())),
        Kind::Note(note) => Some(Kind::Note(Note { text: text.to_owned(), ..note })),
        _ => None,
    }
}

/// Notes that these messages of mine were read.
pub(crate) fn take_receipts(tx: &Tx<'_>, contact: i64, ids: &[MessageId]) -> Result<(), ClientError> {
    let sql = "UPDATE outbox SET read_at = ?3 WHERE contact = ?1 AND message_id = ?2 AND read_at IS NULL";
    let mut update = tx.prepare_cached(sql)?;
    for id in ids {
        update.execute((contact, id.0, int(tx.now().0)))?;
    }
    Ok(())
}

/// Messages of a contact that were handed out and no receipt of mine names, at most `most`; from now on one does.
pub(crate) fn to_receipt(tx: &Tx<'_>, contact: i64, most: u32) -> Result<Vec<MessageId>, ClientError> {
    let sql = "UPDATE message SET receipted = 1 WHERE id IN
               (SELECT id FROM message WHERE contact = ?1 AND handled = 1 AND shown = 1 AND receipted = 0
                AND kind != 14 ORDER BY id LIMIT ?2) RETURNING message_id";
    let mut rows = tx.prepare_cached(sql)?;
    let ids = rows.query_map((contact, most), |row| Ok(MessageId(row.get(0)?)))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Nothing from before receipts were turned on is told of.
pub(crate) fn settle_receipts(tx: &Tx<'_>, contact: i64) -> Result<(), ClientError> {
    let sql = "UPDATE message SET receipted = 1 WHERE contact = ?1 AND handled = 1";
    tx.execute(sql, [contact])?;
    Ok(())
}

/// Whether the time of some words is over.
pub(crate) fn is_any_over(tx: &Tx<'_>) -> Result<bool, ClientError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM message WHERE expires_at <= ?1 AND gone = 0)
               OR EXISTS (SELECT 1 FROM outbox WHERE expires_at <= ?1 AND gone = 0)";
    Ok(tx.query_row(sql, [int(tx.now().0)], |row| row.get(0))?)
}

/// Erases words whose time is over.
pub(crate) fn erase_over(tx: &Tx<'_>) -> Result<(), ClientError> {
    let now = int(tx.now().0);
    let over = |table: &str| format!("SELECT message_id FROM {table} WHERE expires_at <= ?1 AND gone = 0");
    // Edits hold the same words. One of mine that still waits leaves as something that says nothing.
    for sql in [
        format!(
            "UPDATE message SET body = x'', shown = 0 WHERE kind = 14 AND target IN ({})",
            over("message")
        ),
        format!(
            "UPDATE outbox SET body = NULL, text = '', gone = 2 WHERE kind = 14 AND target IN ({})",
            over("outbox")
        ),
        "UPDATE message SET body = x'', gone = 2 WHERE expires_at <= ?1 AND gone = 0".to_owned(),
        "UPDATE outbox SET body = NULL, text = '', gone = 2 WHERE expires_at <= ?1 AND gone = 0".to_owned(),
    ] {
        tx.execute(&sql, [now])?;
    }
    Ok(())
}

/// Erases the words of edits that do not count any more, where they were kept.
pub(crate) fn forget_edits(tx: &Tx<'_>) -> Result<(), ClientError> {
    let sql = "SELECT contact, target FROM message AS edit
               WHERE kind = 14 AND target IS NOT NULL AND body != x'' GROUP BY contact, target
               HAVING count(*) > 1 OR EXISTS (
                   SELECT 1 FROM message WHERE contact = edit.contact AND message_id = edit.target
                       AND (shown = 0 OR gone != 0))";
    let mut rows = tx.prepare_cached(sql)?;
    let list = rows.query_map([], |row| Ok((row.get(0)?, MessageId(row.get(1)?))))?;
    for (contact, message) in list.collect::<Result<Vec<(i64, MessageId)>, _>>()? {
        let before = find_theirs(tx, contact, &message)?;
        settle(tx, contact, &message, before.as_ref(), Forget::AllOthers)?;
    }
    edits::forget(tx)
}

/// A message that a person named by its id, by the beginning of it, or as the last one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Named {
    pub(crate) direction: Direction,
    pub(crate) row: i64,
    pub(crate) message_id: MessageId,
}

/// My last message to a contact whose words can be edited.
pub(crate) fn last_editable(tx: &Tx<'_>, contact: i64) -> Result<Named, ClientError> {
    let sql = "SELECT id, message_id FROM outbox WHERE contact = ?1 AND kind IN (1, 12) AND gone = 0
               ORDER BY id DESC LIMIT 1";
    let found = tx.query_row(sql, [contact], |row| {
        Ok(Named { direction: Direction::Sent, row: row.get(0)?, message_id: MessageId(row.get(1)?) })
    });
    let none = || ClientError::from(SaidError::NoSuchMessage { which: "last".to_owned() });
    found.optional()?.ok_or_else(none)
}

/// Finds a message of this contact's history. `last` names the last one in this direction.
pub(crate) fn find_named(
    tx: &Tx<'_>,
    contact: i64,
    which: &str,
    direction: Option<Direction>,
) -> Result<Named, ClientError> {
    let none = || ClientError::from(SaidError::NoSuchMessage { which: which.to_owned() });
    let is_last = which == "last";
    let digits = which.len() <= 32 && which.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_last && (which.len() < ID_DIGITS_MIN || !digits) {
        return Err(none());
    }
    let pattern = if is_last { "%".to_owned() } else { format!("{}%", which.to_uppercase()) };
    let mut found = Vec::new();
    let theirs =
        "SELECT id, message_id FROM message WHERE contact = ?1 AND shown = 1 AND gone = 0 AND kind != 14
                  AND hex(message_id) LIKE ?2 ORDER BY id DESC LIMIT 2";
    let mine =
        "SELECT id, message_id FROM outbox WHERE contact = ?1 AND kind IN (1, 9, 10, 11, 12) AND gone = 0
                AND hex(message_id) LIKE ?2 ORDER BY id DESC LIMIT 2";
    for (side, sql) in [(Direction::Received, theirs), (Direction::Sent, mine)] {
        if direction.is_some_and(|wanted| wanted != side) {
            continue;
        }
        let mut rows = tx.prepare_cached(sql)?;
        let list = rows.query_map((contact, &pattern), |row| {
            Ok(Named { direction: side, row: row.get(0)?, message_id: MessageId(row.get(1)?) })
        })?;
        found.extend(list.collect::<Result<Vec<_>, _>>()?);
    }
    match (found.first(), found.len()) {
        (Some(named), 1) => Ok(*named),
        (Some(named), _) if is_last => Ok(*named),
        (None, _) => Err(none()),
        _ => Err(ClientError::from(SaidError::AmbiguousMessage { which: which.to_owned() })),
    }
}

/// The first words of a message, for a quote.
pub(crate) fn words_of(
    tx: &Tx<'_>,
    contact: i64,
    message: &MessageId,
) -> Result<Option<String>, ClientError> {
    let mine = "SELECT text FROM outbox WHERE contact = ?1 AND message_id = ?2 AND gone = 0";
    let text = tx.query_row(mine, (contact, message.0), |row| row.get(0)).optional()?;
    if text.is_some() {
        return Ok(text);
    }
    let theirs =
        "SELECT kind, body FROM message WHERE contact = ?1 AND message_id = ?2 AND shown = 1 AND gone = 0";
    let found: Option<(u8, Vec<u8>)> =
        tx.query_row(theirs, (contact, message.0), |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((kind, body)) = found else { return Ok(None) };
    Ok(shown(kind, &body)?.body.text().map(str::to_owned))
}

/// The newest question of a contact that nobody answered and whose time is not over.
pub(crate) fn open_question(tx: &Tx<'_>, contact: i64) -> Result<Option<MessageId>, ClientError> {
    let sql =
        "SELECT message_id, body FROM message WHERE contact = ?1 AND kind = 9 AND shown = 1 AND gone = 0
               AND message_id NOT IN (SELECT target FROM outbox WHERE contact = ?1 AND kind = 10)
               ORDER BY id DESC LIMIT 64";
    let mut rows = tx.prepare_cached(sql)?;
    let list = rows.query_map([contact], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)))?;
    for found in list.collect::<Result<Vec<_>, _>>()? {
        if let Ok(Kind::Question(question)) = Kind::from_parts(Kind::QUESTION, &found.1)
            && question.until > tx.now()
        {
            return Ok(Some(MessageId(found.0)));
        }
    }
    Ok(None)
}

/// A question of a contact, by its message id.
pub(crate) fn question(
    tx: &Tx<'_>,
    contact: i64,
    message: &MessageId,
) -> Result<Option<e2ee::said::Question>, ClientError> {
    let sql = "SELECT body FROM message WHERE contact = ?1 AND message_id = ?2 AND kind = 9 AND gone = 0";
    let body: Option<Vec<u8>> = tx.query_row(sql, (contact, message.0), |row| row.get(0)).optional()?;
    Ok(body.and_then(|body| match Kind::from_parts(Kind::QUESTION, &body) {
        Ok(Kind::Question(question)) => Some(question),
        _ => None,
    }))
}
