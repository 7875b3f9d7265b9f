//! Pairings under way, and how those ended that nobody was told of yet.

use crypto::{PairingSide, Secret};
use e2ee::pairing::{Card, Pairing, PairingWords};
use rusqlite::{OptionalExtension, Row};
use wire::{
    HostPort, PairingKey, PairingNumber, PairingShare, SealedCard, ServerId, Settlement, UnixSeconds, Wire,
};

use super::{Tx, decode, int, me::parse_host, set_column, uint};
use crate::ClientError;

/// How a pairing stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    UnderWay = 0,
    Paired = 1,
    WrongWords = 2,
    Taken = 3,
    Over = 4,
    OtherIdentity = 5,
}

/// A row.
pub(crate) struct PairingRow {
    pub(crate) id: i64,
    pub(crate) pairing: Pairing,
    pub(crate) number: Option<PairingNumber>,
    pub(crate) at: HostPort,
    pub(crate) server_id: ServerId,
    pub(crate) key: PairingKey,
    pub(crate) share: Option<PairingShare>,
    pub(crate) reply: Option<SealedCard>,
    pub(crate) alias: Option<String>,
    pub(crate) began_at: UnixSeconds,
    pub(crate) asked_at: UnixSeconds,
    pub(crate) replied: bool,
    pub(crate) settlement: Option<Settlement>,
    pub(crate) settled: bool,
    pub(crate) card: Option<Card>,
    pub(crate) contact: Option<i64>,
    pub(crate) outcome: Outcome,
}

impl PairingRow {
    /// Whether nothing is left to do.
    pub(crate) fn is_over(&self) -> bool {
        self.outcome != Outcome::UnderWay
    }
}

/// What a new row holds.
pub(crate) struct NewPairing<'a> {
    pub(crate) pairing: &'a Pairing,
    pub(crate) number: Option<PairingNumber>,
    pub(crate) at: &'a HostPort,
    pub(crate) server_id: &'a ServerId,
    pub(crate) key: &'a PairingKey,
    pub(crate) share: Option<&'a PairingShare>,
    pub(crate) reply: Option<&'a SealedCard>,
    pub(crate) alias: Option<&'a str>,
}

const COLUMNS: &str =
    "id, side, number, host, port, server_id, key, seed, words, share, alias, began_at, asked_at,
    replied, settlement, settled, card, contact, outcome, reply";

/// Adds one.
pub(crate) fn insert(tx: &Tx<'_>, new: &NewPairing<'_>) -> Result<i64, ClientError> {
    let side = match new.pairing.side {
        PairingSide::Begins => 0,
        PairingSide::Replies => 1,
    };
    tx.execute(
        "INSERT INTO pairing (side, number, host, port, server_id, key, seed, words, share, alias, began_at, reply)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        rusqlite::params![
            side,
            new.number.map(PairingNumber::get),
            new.at.host(),
            new.at.port(),
            new.server_id.0,
            new.key.0,
            new.pairing.seed.expose(),
            new.pairing.words.as_str(),
            new.share.map(|share| share.0),
            new.alias,
            int(tx.now().0),
            new.reply.map(Wire::to_bytes),
        ],
    )?;
    Ok(tx.last_insert_rowid())
}

/// One row.
pub(crate) fn by_id(tx: &Tx<'_>, id: i64) -> Result<Option<PairingRow>, ClientError> {
    let sql = format!("SELECT {COLUMNS} FROM pairing WHERE id = ?1");
    tx.query_row(&sql, [id], |row| Ok(from_row(row))).optional()?.transpose()
}

/// Those under way, oldest first.
pub(crate) fn under_way(tx: &Tx<'_>) -> Result<Vec<PairingRow>, ClientError> {
    all(tx, "outcome = 0")
}

/// Those that ended without anybody having been told; they are forgotten with it.
pub(crate) fn take_untold(tx: &Tx<'_>) -> Result<Vec<PairingRow>, ClientError> {
    let ended = all(tx, "outcome != 0")?;
    tx.execute("DELETE FROM pairing WHERE outcome != 0", [])?;
    Ok(ended)
}

/// Forgets one.
pub(crate) fn remove(tx: &Tx<'_>, id: i64) -> Result<(), ClientError> {
    tx.execute("DELETE FROM pairing WHERE id = ?1", [id])?;
    Ok(())
}

/// Sets one column. Its name is always a literal of this crate.
pub(crate) fn set(
    tx: &Tx<'_>,
    id: i64,
    column: &'static str,
    value: impl rusqlite::ToSql,
) -> Result<(), ClientError> {
    set_column(tx, "pairing", id, column, value)
}

/// Decides, once: the settlement of who begins, and the card of the other side if it was right.
pub(crate) fn decide(
    tx: &Tx<'_>,
    id: i64,
    settlement: Option<&Settlement>,
    card: Option<&Card>,
) -> Result<(), ClientError> {
    tx.execute(
        "UPDATE pairing SET settlement = ?2, card = ?3
         WHERE id = ?1 AND outcome = 0 AND settlement IS NULL AND card IS NULL",
        rusqlite::params![id, settlement.map(Wire::to_bytes), card.map(Card::to_bytes)],
    )?;
    Ok(())
}

/// Ends it. What could still be guessed at goes.
pub(crate) fn end(tx: &Tx<'_>, id: i64, outcome: Outcome) -> Result<(), ClientError> {
    tx.execute(
        "UPDATE pairing SET outcome = ?2, seed = zeroblob(32), key = zeroblob(16), words = '', settlement = NULL, reply = NULL
         WHERE id = ?1 AND outcome = 0",
        (id, outcome as i64),
    )?;
    Ok(())
}

fn all(tx: &Tx<'_>, condition: &str) -> Result<Vec<PairingRow>, ClientError> {
    let sql = format!("SELECT {COLUMNS} FROM pairing WHERE {condition} ORDER BY id");
    let mut rows = tx.prepare(&sql)?;
    let found = rows.query_map([], |row| Ok(from_row(row)))?;
    found.collect::<Result<Vec<_>, _>>()?.into_iter().collect()
}

fn from_row(row: &Row<'_>) -> Result<PairingRow, ClientError> {
    let damaged = |what| ClientError::VaultDamaged { what };
    let side = match row.get::<_, i64>(1)? {
        0 => PairingSide::Begins,
        1 => PairingSide::Replies,
        _ => return Err(damaged("the side of a pairing")),
    };
    let number = row.get::<_, Option<u16>>(2)?;
    let number = number.map(|number| PairingNumber::new(number).ok_or(damaged("the number of a pairing")));
    let settlement: Option<Vec<u8>> = row.get(14)?;
    let card: Option<Vec<u8>> = row.get(16)?;
    let reply: Option<Vec<u8>> = row.get(19)?;
    let card = card.map(|bytes| Card::from_bytes(&bytes).ok_or(damaged("the card of a pairing")));
    Ok(PairingRow {
        id: row.get(0)?,
        pairing: Pairing { side, words: PairingWords::kept(row.get(8)?), seed: Secret::new(row.get(7)?) },
        number: number.transpose()?,
        at: parse_host(&row.get::<_, String>(3)?, row.get(4)?)?,
        server_id: ServerId(row.get(5)?),
        key: PairingKey(row.get(6)?),
        share: row.get::<_, Option<[u8; 32]>>(9)?.map(PairingShare),
        reply: reply.map(|bytes| decode(&bytes, "the reply of a pairing")).transpose()?,
        alias: row.get(10)?,
        began_at: UnixSeconds(uint(row.get(11)?)),
        asked_at: UnixSeconds(uint(row.get(12)?)),
        replied: row.get(13)?,
        settlement: settlement.map(|bytes| decode(&bytes, "the end of a pairing")).transpose()?,
        settled: row.get(15)?,
        card: card.transpose()?,
        contact: row.get(17)?,
        outcome: outcome_from(row.get(18)?)?,
    })
}

fn outcome_from(number: i64) -> Result<Outcome, ClientError> {
    use Outcome::*;
    [UnderWay, Paired, WrongWords, Taken, Over, OtherIdentity]
        .into_iter()
        .find(|outcome| *outcome as i64 == number)
        .ok_or(ClientError::VaultDamaged { what: "the outcome of a pairing" })
}
