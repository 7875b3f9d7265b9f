//! Edits of mine in the outbox: which is the last of a message, and which lose their words.

use e2ee::StreamId;
use wire::UnixSeconds;

use super::{
    Tx,
    outbox::{OutKind, OutRow},
    uint,
};
use crate::ClientError;

/// Erases the words of the edits that this row followed, if it is an edit: what the other side still asks for of them says
/// nothing.
pub(crate) fn forget_before(tx: &Tx<'_>, id: i64) -> Result<(), ClientError> {
    // From the row: nearly all that is stored is no edit, and then nothing is looked for.
    let sql = "UPDATE outbox SET text = '', body = NULL, gone = 2 WHERE id IN (
                   SELECT before.id FROM outbox AS later
                   JOIN outbox AS before ON before.contact = later.contact AND before.target = later.target
                   WHERE later.id = ?1 AND later.kind = 14
                       AND before.kind = 14 AND before.gone = 0 AND before.id < later.id)";
    tx.execute(sql, [id]).map(drop).map_err(Into::into)
}

/// Likewise of all that the relay has a later one after, or whose message is gone.
pub(crate) fn forget(tx: &Tx<'_>) -> Result<(), ClientError> {
    let sql = "UPDATE outbox SET text = '', body = NULL, gone = 2 WHERE kind = 14 AND gone = 0 AND (
                   EXISTS (SELECT 1 FROM outbox AS later
                       WHERE later.kind = 14 AND later.state = 2 AND later.contact = outbox.contact
                           AND later.target = outbox.target AND later.id > outbox.id)
                   OR EXISTS (SELECT 1 FROM outbox AS edited
                       WHERE edited.contact = outbox.contact AND edited.message_id = outbox.target
                           AND edited.gone != 0))";
    tx.execute(sql, []).map(drop).map_err(Into::into)
}

/// Whether a later edit of the same message has its number in this stream already, which this one has not.
pub(crate) fn is_overtaken(
    tx: &Tx<'_>,
    edit: &OutRow,
    stream: Option<StreamId>,
) -> Result<bool, ClientError> {
    let Some(stream) = stream else { return Ok(false) };
    if edit.placed.as_ref().is_some_and(|placed| placed.stream == stream) {
        return Ok(false);
    }
    let sql = "SELECT EXISTS (SELECT 1 FROM outbox WHERE contact = ?1 AND target = ?2 AND kind = 14
               AND id > ?3 AND stream = ?4 AND number IS NOT NULL)";
    let target = edit.target.map(|target| target.0);
    Ok(tx.query_row(sql, (edit.contact, target, edit.id, stream.0), |row| row.get(0))?)
}

/// The first second after all earlier edits of what this one edits; 0 for anything else. Between streams the sending time
/// tells which edit is the last, and a clock may have been ahead.
pub(crate) fn later_than_edits_before(tx: &Tx<'_>, edit: &OutRow) -> Result<UnixSeconds, ClientError> {
    if edit.kind != OutKind::Edit {
        return Ok(UnixSeconds(0));
    }
    let sql = "SELECT coalesce(max(sent_at) + 1, 0) FROM outbox
               WHERE contact = ?1 AND target = ?2 AND kind = 14 AND id < ?3 AND number IS NOT NULL";
    let target = edit.target.map(|target| target.0);
    Ok(UnixSeconds(uint(tx.query_row(sql, (edit.contact, target, edit.id), |row| row.get(0))?)))
}
