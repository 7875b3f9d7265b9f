//! My two mailboxes: owner keys, places, and the mint of the inbox's stamps.

use crypto::OwnerSecret;
use e2ee::Mint;
use rusqlite::Transaction;
use wire::{DepositId, OwnerId, Voucher, request::MailboxPolicy};

use crate::ClientError;

/// One of my mailboxes.
pub(crate) struct MyMailbox {
    pub(crate) rid: OwnerId,
    pub(crate) owner: OwnerSecret,
    pub(crate) voucher: Voucher,
    pub(crate) sid: Option<DepositId>,
    /// Whether the relay knows the mint's present generation.
    pub(crate) generated: bool,
}

/// Notes a mailbox that is to be created.
pub(crate) fn insert(
    tx: &Transaction<'_>,
    policy: MailboxPolicy,
    rid: &OwnerId,
    owner: &OwnerSecret,
    voucher: &Voucher,
) -> Result<(), ClientError> {
    tx.execute(
        "INSERT INTO mailbox (policy, rid, owner_seed, voucher) VALUES (?1, ?2, ?3, ?4)",
        (number(policy), rid.0, owner.seed().expose(), voucher.0),
    )?;
    Ok(())
}

/// Notes a voucher that is not needed yet.
pub(crate) fn keep_voucher(tx: &Transaction<'_>, voucher: &Voucher) -> Result<(), ClientError> {
    tx.execute("INSERT INTO voucher (secret) VALUES (?1)", [voucher.0])?;
    Ok(())
}

/// The vouchers that were kept.
pub(crate) fn kept_vouchers(tx: &Transaction<'_>) -> Result<Vec<Voucher>, ClientError> {
    let mut rows = tx.prepare("SELECT secret FROM voucher ORDER BY id")?;
    let list = rows.query_map([], |row| row.get::<_, [u8; 16]>(0))?;
    list.map(|secret| Ok(Voucher(secret?))).collect()
}

/// One of my mailboxes.
pub(crate) fn get(tx: &Transaction<'_>, policy: MailboxPolicy) -> Result<MyMailbox, ClientError> {
    let sql = "SELECT rid, owner_seed, voucher, sid, generated FROM mailbox WHERE policy = ?1";
    Ok(tx.query_row(sql, [number(policy)], |row| {
        Ok(MyMailbox {
            rid: OwnerId(row.get(0)?),
            owner: OwnerSecret::from_seed(row.get(1)?),
            voucher: Voucher(row.get(2)?),
            sid: row.get::<_, Option<[u8; 16]>>(3)?.map(DepositId),
            generated: row.get(4)?,
        })
    })?)
}

/// Where senders drop envelopes.
pub(crate) fn sid(tx: &Transaction<'_>, policy: MailboxPolicy) -> Result<DepositId, ClientError> {
    get(tx, policy)?.sid.ok_or(ClientError::JoinUnfinished)
}

/// Notes what CREATED said.
pub(crate) fn set_sid(
    tx: &Transaction<'_>,
    policy: MailboxPolicy,
    sid: &DepositId,
) -> Result<(), ClientError> {
    tx.execute("UPDATE mailbox SET sid = ?2 WHERE policy = ?1", (number(policy), sid.0))?;
    Ok(())
}

/// The inbox's mint.
pub(crate) fn mint(tx: &Transaction<'_>) -> Result<Mint, ClientError> {
    let sql = "SELECT mint FROM mailbox WHERE policy = ?1";
    let bytes: Vec<u8> = tx.query_row(sql, [number(MailboxPolicy::Inbox)], |row| row.get(0))?;
    Mint::restore(&bytes).map_err(|_| ClientError::VaultDamaged { what: "the mint of stamps" })
}

/// Replaces the mint; `fresh` when its generation is not known to the relay yet.
pub(crate) fn set_mint(tx: &Transaction<'_>, mint: &Mint, fresh: bool) -> Result<(), ClientError> {
    let sql = "UPDATE mailbox SET mint = ?2, generated = generated AND NOT ?3 WHERE policy = ?1";
    tx.execute(sql, (number(MailboxPolicy::Inbox), mint.snapshot().as_slice(), fresh))?;
    Ok(())
}

/// Notes that the relay knows the mint's generation.
pub(crate) fn set_generated(tx: &Transaction<'_>) -> Result<(), ClientError> {
    tx.execute("UPDATE mailbox SET generated = 1 WHERE policy = ?1", [number(MailboxPolicy::Inbox)])?;
    Ok(())
}

/// The column's number.
pub(crate) fn number(policy: MailboxPolicy) -> i64 {
    match policy {
        MailboxPolicy::Doorstep => 0,
        MailboxPolicy::Inbox => 1,
    }
}
