//! Keys that change: mine under way, mine of before, and the history of contacts' keys.

use crypto::IdentitySecret;
use rusqlite::OptionalExtension;
use wire::{
    Commitment, CommitmentNonce, IdentityFingerprint, IdentityRecord, UnixSeconds, Voucher, Wire,
    request::VOUCHERS,
};
use zeroize::Zeroizing;

use super::{Tx, decode, int, mailbox, me, uint};
use crate::ClientError;

const VOUCHER_BYTES: usize = 16;

/// A change of my key that was begun.
pub(crate) struct Rotation {
    pub(crate) identity: IdentitySecret,
    pub(crate) record: IdentityRecord,
    pub(crate) vouchers: [Voucher; VOUCHERS],
}

/// A change of a contact's key that I followed or took.
pub(crate) struct KeyChange {
    pub(crate) id: i64,
    pub(crate) at: UnixSeconds,
    pub(crate) fingerprint: IdentityFingerprint,
    /// By the key before; else the person took it by decision.
    pub(crate) signed: bool,
}

/// The change under way, if one is.
pub(crate) fn pending(tx: &Tx<'_>) -> Result<Option<Rotation>, ClientError> {
    let sql = "SELECT identity_seeds, record, vouchers FROM rotation";
    let row = |row: &rusqlite::Row<'_>| {
        Ok((row.get::<_, [u8; 64]>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Vec<u8>>(2)?))
    };
    let Some((seeds, record, vouchers)) = tx.query_row(sql, [], row).optional()? else { return Ok(None) };
    let vouchers: Vec<Voucher> = vouchers.as_chunks().0.iter().map(|bytes| Voucher(*bytes)).collect();
    Ok(Some(Rotation {
        identity: me::identity_from(&Zeroizing::new(seeds))?,
        record: decode(&record, "my next record")?,
        vouchers: vouchers.try_into().map_err(|_| ClientError::VaultDamaged { what: "the vouchers" })?,
    }))
}

/// Whether a change is under way.
pub(crate) fn is_pending(tx: &Tx<'_>) -> Result<bool, ClientError> {
    Ok(tx.query_row("SELECT count(*) FROM rotation", [], |row| row.get::<_, i64>(0))? > 0)
}

/// Commits what the answer will hold, before it leaves.
pub(crate) fn begin(tx: &Tx<'_>, rotation: &Rotation) -> Result<(), ClientError> {
    let vouchers: Vec<u8> = rotation.vouchers.iter().flat_map(|voucher| voucher.0).collect();
    debug_assert_eq!(vouchers.len(), VOUCHERS * VOUCHER_BYTES);
    tx.execute(
        "INSERT INTO rotation (id, identity_seeds, record, vouchers) VALUES (1, ?1, ?2, ?3)",
        rusqlite::params![rotation.identity.seeds().expose(), rotation.record.to_bytes(), vouchers],
    )?;
    Ok(())
}

/// The new key is mine: it replaces the old one, whose secret is erased. The new vouchers are kept.
pub(crate) fn finish(
    tx: &Tx<'_>,
    rotation: &Rotation,
    nonce: &CommitmentNonce,
    leaf_index: u64,
) -> Result<(), ClientError> {
    let me = me::me(tx)?.ok_or(ClientError::JoinUnfinished)?;
    let commitment = me
        .commitment_nonce
        .map(|nonce| crypto::ledger_commitment(&nonce.0, &proto::signed::record_hash(&me.record.body).0));
    let sql = "INSERT OR IGNORE INTO former (fingerprint, commitment) VALUES (?1, ?2)";
    tx.execute(sql, (me.fingerprint.0, commitment))?;
    tx.execute(
        "UPDATE me SET identity_seeds = ?1, fingerprint = ?2, record = ?3",
        rusqlite::params![
            rotation.identity.seeds().expose(),
            rotation.identity.public().fingerprint(),
            rotation.record.to_bytes(),
        ],
    )?;
    me::set_leaf(tx, nonce, leaf_index)?;
    rotation.vouchers.iter().try_for_each(|voucher| mailbox::keep_voucher(tx, voucher))?;
    tx.execute("DELETE FROM rotation", [])?;
    Ok(())
}

/// Fingerprints that were mine, newest first.
pub(crate) fn formers(tx: &Tx<'_>) -> Result<Vec<IdentityFingerprint>, ClientError> {
    let mut rows = tx.prepare_cached("SELECT fingerprint FROM former ORDER BY id DESC")?;
    let found = rows.query_map([], |row| row.get(0).map(IdentityFingerprint))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Whether a leaf that commits to this is that of a former key of mine.
pub(crate) fn is_formers(tx: &Tx<'_>, commitment: &Commitment) -> Result<bool, ClientError> {
    let sql = "SELECT count(*) FROM former WHERE commitment = ?1";
    Ok(tx.query_row(sql, [commitment.0], |row| row.get::<_, i64>(0))? > 0)
}

/// Whether a change stands whose end was not reported yet.
pub(crate) fn is_unannounced(tx: &Tx<'_>) -> Result<bool, ClientError> {
    let sql = "SELECT count(*) FROM former WHERE announced = 0";
    Ok(tx.query_row(sql, [], |row| row.get::<_, i64>(0))? > 0)
}

/// Notes that the bundle of my present key is published.
pub(crate) fn set_announced(tx: &Tx<'_>) -> Result<(), ClientError> {
    tx.execute("UPDATE former SET announced = 1", [])?;
    Ok(())
}

/// Puts the change of a contact's key into the history.
pub(crate) fn note_key_change(
    tx: &Tx<'_>,
    contact: i64,
    fingerprint: &IdentityFingerprint,
    signed: bool,
    now: UnixSeconds,
) -> Result<(), ClientError> {
    tx.execute(
        "INSERT INTO key_change (contact, at, fingerprint, decided) VALUES (?1, ?2, ?3, ?4)",
        (contact, int(now.0), fingerprint.0, !signed),
    )?;
    Ok(())
}

/// The changes of one contact's key.
pub(crate) fn key_changes(tx: &Tx<'_>, contact: i64) -> Result<Vec<KeyChange>, ClientError> {
    let mut rows = tx.prepare_cached(
        "SELECT id, at, fingerprint, decided FROM key_change WHERE contact = ?1 ORDER BY id",
    )?;
    let found = rows.query_map([contact], key_change_from)?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// One of them, by row.
pub(crate) fn key_change(tx: &Tx<'_>, id: i64) -> Result<Option<KeyChange>, ClientError> {
    let sql = "SELECT id, at, fingerprint, decided FROM key_change WHERE id = ?1";
    Ok(tx.query_row(sql, [id], key_change_from).optional()?)
}

fn key_change_from(row: &rusqlite::Row<'_>) -> rusqlite::Result<KeyChange> {
    Ok(KeyChange {
        id: row.get(0)?,
        at: UnixSeconds(uint(row.get(1)?)),
        fingerprint: IdentityFingerprint(row.get(2)?),
        signed: !row.get::<_, bool>(3)?,
    })
}
