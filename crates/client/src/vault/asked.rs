//! What others said that they lack of mine: rows of `asked`, kept until they are answered.

use e2ee::{Resend, StreamId};

use super::Tx;
use crate::ClientError;

/// Requests of one person that are kept; each is of another stream of mine, and an honest client has one or two.
const OF_A_PERSON_MAX: u32 = 4;
/// A gap: its first number and its last.
const GAP_BYTES: usize = 16;

/// One request.
pub(crate) struct Asked {
    /// What is lacking of which stream; `None` where no stream of mine is known.
    pub(crate) lacks: Option<Resend>,
    pub(crate) begins_anew: bool,
    /// The last row of the outbox when it came.
    pub(crate) through: i64,
}

/// Keeps a request in place of an earlier one for the same stream.
pub(crate) fn note(
    tx: &Tx<'_>,
    contact: i64,
    lacks: Option<&Resend>,
    begins_anew: bool,
) -> Result<(), ClientError> {
    let stream = lacks.map_or_else(Vec::new, |lacks| lacks.stream().0.to_vec());
    let numbers = lacks.into_iter().flat_map(Resend::gaps).flat_map(|gap| [*gap.start(), *gap.end()]);
    let gaps: Vec<u8> = numbers.flat_map(u64::to_be_bytes).collect();
    // The newest has the highest id: an earlier one for the stream is replaced, not changed.
    tx.execute(
        "INSERT OR REPLACE INTO asked (contact, stream, gaps, begins_anew, through)
         VALUES (?1, ?2, ?3, max(?4, coalesce(
             (SELECT begins_anew FROM asked WHERE contact = ?1 AND stream = ?2), 0)),
             (SELECT coalesce(max(id), 0) FROM outbox))",
        (contact, stream, gaps, begins_anew),
    )?;
    keep_newest(tx, contact)
}

/// What was asked as a request is a contact's now, and newer than what he asked before.
pub(crate) fn join(tx: &Tx<'_>, contact: i64, request: i64) -> Result<(), ClientError> {
    tx.execute("UPDATE OR REPLACE asked SET contact = ?1 WHERE contact = ?2", (contact, request))?;
    keep_newest(tx, contact)
}

/// Lets go of what somebody asked who is not answered any more.
pub(crate) fn forget(tx: &Tx<'_>, contact: i64) -> Result<(), ClientError> {
    tx.execute("DELETE FROM asked WHERE contact = ?1", [contact]).map(drop).map_err(Into::into)
}

fn keep_newest(tx: &Tx<'_>, contact: i64) -> Result<(), ClientError> {
    tx.execute(
        "DELETE FROM asked WHERE contact = ?1 AND id NOT IN
         (SELECT id FROM asked WHERE contact = ?1 ORDER BY id DESC LIMIT ?2)",
        (contact, OF_A_PERSON_MAX),
    )?;
    Ok(())
}

/// Takes the requests of a contact, to be answered.
pub(crate) fn take(tx: &Tx<'_>, contact: i64) -> Result<Vec<Asked>, ClientError> {
    let sql = "SELECT stream, gaps, begins_anew, through FROM asked WHERE contact = ?1 ORDER BY id";
    let mut rows = tx.prepare_cached(sql)?;
    let list = rows.query_map([contact], |row| {
        let lacks = lacks_from(&row.get::<_, Vec<u8>>(0)?, &row.get::<_, Vec<u8>>(1)?);
        let (begins_anew, through) = (row.get(2)?, row.get(3)?);
        Ok(lacks.map(|lacks| Asked { lacks, begins_anew, through }))
    })?;
    let list = list.collect::<Result<Option<Vec<_>>, _>>()?;
    let list = list.ok_or(ClientError::VaultDamaged { what: "what a contact asks for" })?;
    if !list.is_empty() {
        forget(tx, contact)?;
    }
    Ok(list)
}

/// `Some(None)` where no stream of mine is known to him; `None` where the row is not as it was written.
fn lacks_from(stream: &[u8], gaps: &[u8]) -> Option<Option<Resend>> {
    if stream.is_empty() {
        return gaps.is_empty().then_some(None);
    }
    let number = |bytes: &[u8]| Some(u64::from_be_bytes(bytes.try_into().ok()?));
    let gap = |bytes: &[u8]| {
        let (first, last) = bytes.split_at_checked(GAP_BYTES / 2)?;
        Some(number(first)?..=number(last)?)
    };
    let gaps: Option<Vec<_>> = gaps.chunks(GAP_BYTES).map(gap).collect();
    Resend::new(StreamId(stream.try_into().ok()?), &gaps?).map(Some)
}
