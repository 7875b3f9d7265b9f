//! Stamps: theirs that I may spend, mine that I handed out.
//!
//! `handed.spent`: 0 in a contact's hands, 1 came back, 2 crossed off at the relay, 3 perhaps lost by the contact.

use std::collections::BTreeMap;

use e2ee::Mint;
use rusqlite::OptionalExtension;
use wire::{Generation, Stamp, StampIndex, Wire};

use super::{Tx, decode, mailbox};
use crate::ClientError;

/// Spent stamps of one contact that are remembered.
const SPENT_MAX: u32 = 8_192;

/// Keeps stamps that a contact gave; one given twice is kept once, and one that I spent stays spent.
pub(crate) fn keep(tx: &Tx<'_>, contact: i64, stamps: &[Stamp]) -> Result<(), ClientError> {
    let mut sql =
        tx.prepare_cached("INSERT OR IGNORE INTO stamp (contact, generation, bytes) VALUES (?1, ?2, ?3)")?;
    for stamp in stamps {
        sql.execute((contact, stamp.generation.0, stamp.to_bytes()))?;
    }
    Ok(())
}

/// How many of a contact's stamps I hold.
pub(crate) fn count(tx: &Tx<'_>, contact: i64) -> Result<u32, ClientError> {
    Ok(tx.query_row("SELECT count(*) FROM stamp WHERE contact = ?1 AND spent = 0", [contact], |row| {
        row.get(0)
    })?)
}

/// Takes the oldest stamp out: it is spent with this transaction or not at all.
pub(crate) fn spend(tx: &Tx<'_>, contact: i64) -> Result<Option<Stamp>, ClientError> {
    let sql = "UPDATE stamp SET spent = 1
               WHERE id = (SELECT min(id) FROM stamp WHERE contact = ?1 AND spent = 0) RETURNING bytes";
    let bytes: Option<Vec<u8>> = tx.query_row(sql, [contact], |row| row.get(0)).optional()?;
    let old = "DELETE FROM stamp WHERE contact = ?1 AND spent = 1 AND id <=
               (SELECT id FROM stamp WHERE contact = ?1 AND spent = 1 ORDER BY id DESC LIMIT 1 OFFSET ?2)";
    tx.execute(old, (contact, SPENT_MAX))?;
    bytes.map(|bytes| decode(&bytes, "a stamp")).transpose()
}

/// Drops the stamps of a generation that the relay no longer takes.
pub(crate) fn drop_generation(tx: &Tx<'_>, contact: i64, generation: Generation) -> Result<(), ClientError> {
    tx.execute("DELETE FROM stamp WHERE contact = ?1 AND generation = ?2", (contact, generation.0))?;
    Ok(())
}

/// Drops all stamps of a contact that I could still spend.
pub(crate) fn drop_all(tx: &Tx<'_>, contact: i64) -> Result<(), ClientError> {
    tx.execute("DELETE FROM stamp WHERE contact = ?1 AND spent = 0", [contact])?;
    Ok(())
}

/// Mints stamps for a contact and remembers whose they are.
pub(crate) fn hand_out(tx: &Tx<'_>, contact: i64, wanted: usize) -> Result<Vec<Stamp>, ClientError> {
    let (mint, stamps) = mailbox::mint(tx)?.mint(wanted);
    remember(tx, contact, &mint, &stamps)?;
    Ok(stamps)
}

/// Which stamps [`hand_out`] would mint, without handing them out: how many fit is known only after sealing.
pub(crate) fn preview(tx: &Tx<'_>, wanted: usize) -> Result<Vec<Stamp>, ClientError> {
    Ok(mailbox::mint(tx)?.mint(wanted).1)
}

fn remember(tx: &Tx<'_>, contact: i64, mint: &Mint, stamps: &[Stamp]) -> Result<(), ClientError> {
    let today = client_core::schedule::day_of(tx.now());
    let mut sql =
        tx.prepare_cached("INSERT INTO handed (generation, idx, contact, day) VALUES (?1, ?2, ?3, ?4)")?;
    for stamp in stamps {
        sql.execute((stamp.generation.0, stamp.index.0, contact, today.0))?;
    }
    mailbox::set_mint(tx, mint, false)
}

/// Whether a generation may retire: nothing of it was handed out for `days` days, and every contact who writes to
/// me has stamps of a later one.
pub(crate) fn may_retire(tx: &Tx<'_>, generation: Generation, days: u16) -> Result<bool, ClientError> {
    let last = "SELECT coalesce(max(day), 0) FROM handed WHERE generation = ?1";
    let last: u16 = tx.query_row(last, [generation.0], |row| row.get(0))?;
    let behind =
        "SELECT count(*) FROM contact WHERE standing = 0 AND blocked = 0 AND answered = 1 AND id NOT IN
                  (SELECT contact FROM handed WHERE generation > ?1)";
    let behind: u32 = tx.query_row(behind, [generation.0], |row| row.get(0))?;
    let today = client_core::schedule::day_of(tx.now());
    Ok(behind == 0 && today.0.saturating_sub(last) >= days)
}

/// Forgets whose the stamps of a retired generation were.
pub(crate) fn forget_generation(tx: &Tx<'_>, generation: Generation) -> Result<(), ClientError> {
    tx.execute("DELETE FROM handed WHERE generation = ?1", [generation.0])?;
    Ok(())
}

/// Who was handed this stamp.
pub(crate) fn holder(
    tx: &Tx<'_>,
    generation: Generation,
    index: StampIndex,
) -> Result<Option<i64>, ClientError> {
    let sql = "SELECT contact FROM handed WHERE generation = ?1 AND idx = ?2";
    Ok(tx.query_row(sql, (generation.0, index.0), |row| row.get(0)).optional()?)
}

/// Notes that a stamp of mine came back.
pub(crate) fn set_spent(tx: &Tx<'_>, generation: Generation, index: StampIndex) -> Result<(), ClientError> {
    let sql = "UPDATE handed SET spent = 1 WHERE generation = ?1 AND idx = ?2";
    tx.execute(sql, (generation.0, index.0))?;
    Ok(())
}

/// The other side began anew: it may have lost the stamps of mine that it had (`spent` = 3). One that comes all the
/// same is taken as ever; only refills do not wait for them.
pub(crate) fn give_up(tx: &Tx<'_>, contact: i64) -> Result<(), ClientError> {
    tx.execute("UPDATE handed SET spent = 3 WHERE contact = ?1 AND spent = 0", [contact])?;
    Ok(())
}

/// How many stamps of mine a contact was given that never came back.
pub(crate) fn out(tx: &Tx<'_>, contact: i64) -> Result<u32, ClientError> {
    let sql = "SELECT count(*) FROM handed WHERE contact = ?1 AND spent IN (0, 3)";
    Ok(tx.query_row(sql, [contact], |row| row.get(0))?)
}

/// How many stamps a contact has left, as far as I can know.
pub(crate) fn unused(tx: &Tx<'_>, contact: i64) -> Result<u32, ClientError> {
    let sql = "SELECT count(*) FROM handed WHERE contact = ?1 AND spent = 0";
    Ok(tx.query_row(sql, [contact], |row| row.get(0))?)
}

/// Who was handed this spent stamp, if it is somebody whom I blocked or declined.
pub(crate) fn blocked_spender(
    tx: &Tx<'_>,
    generation: Generation,
    index: StampIndex,
) -> Result<Option<i64>, ClientError> {
    let sql = "SELECT contact.id FROM handed JOIN contact ON contact.id = handed.contact
               WHERE generation = ?1 AND idx = ?2 AND spent = 1 AND (blocked = 1 OR standing = 2)";
    Ok(tx.query_row(sql, (generation.0, index.0), |row| row.get(0)).optional()?)
}

/// The stamps of mine that a contact has not spent, rising, by generation.
pub(crate) fn unspent(
    tx: &Tx<'_>,
    contact: i64,
) -> Result<BTreeMap<Generation, Vec<StampIndex>>, ClientError> {
    let mut rows = tx.prepare_cached(
        "SELECT generation, idx FROM handed WHERE contact = ?1 AND spent IN (0, 3) ORDER BY generation, idx",
    )?;
    let list = rows.query_map([contact], |row| Ok((Generation(row.get(0)?), StampIndex(row.get(1)?))))?;
    let mut all: BTreeMap<Generation, Vec<StampIndex>> = BTreeMap::new();
    for row in list {
        let (generation, index) = row?;
        all.entry(generation).or_default().push(index);
    }
    Ok(all)
}

/// Notes that the relay drops what comes with these (`spent` = 2).
pub(crate) fn set_crossed_off(
    tx: &Tx<'_>,
    generation: Generation,
    indices: &[StampIndex],
) -> Result<(), ClientError> {
    let mut sql = tx.prepare_cached(
        "UPDATE handed SET spent = 2 WHERE generation = ?1 AND idx = ?2 AND spent IN (0, 3)",
    )?;
    for index in indices {
        sql.execute((generation.0, index.0))?;
    }
    Ok(())
}

/// How many of a contact's stamps the relay was told to cross off.
pub(crate) fn crossed_off(tx: &Tx<'_>, contact: i64) -> Result<u32, ClientError> {
    let sql = "SELECT count(*) FROM handed WHERE contact = ?1 AND spent = 2";
    Ok(tx.query_row(sql, [contact], |row| row.get(0))?)
}
