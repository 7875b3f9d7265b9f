//! My two mailboxes: owner keys, places, and the mint of the inbox's stamps.

use crypto::OwnerSecret;
use e2ee::Mint;
use rusqlite::OptionalExtension;
use wire::{
    DepositAuth, DepositId, Envelope, Generation, OwnerId, StampIndex, Voucher, request::MailboxPolicy,
};

use super::{Tx, int, uint};
use crate::ClientError;

/// A mint's snapshot. The column holds that of the present generation, then those before it.
const MINT_BYTES: usize = 118;
/// As many generations as a relay keeps alive (DESIGN § 8.2).
const GENERATIONS_MAX: usize = 4;

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
    tx: &Tx<'_>,
    policy: MailboxPolicy,
    rid: &OwnerId,
    owner: &OwnerSecret,
    voucher: &Voucher,
) -> Result<(), ClientError> {
    insert_row(tx, number(policy), rid, owner, voucher)
}

fn insert_row(
    tx: &Tx<'_>,
    number: i64,
    rid: &OwnerId,
    owner: &OwnerSecret,
    voucher: &Voucher,
) -> Result<(), ClientError> {
    tx.execute(
        "INSERT INTO mailbox (policy, rid, owner_seed, voucher, through) VALUES (?1, ?2, ?3, ?4, 0)",
        (number, rid.0, owner.seed().expose(), voucher.0),
    )?;
    Ok(())
}

/// Notes a voucher that is not needed yet.
pub(crate) fn keep_voucher(tx: &Tx<'_>, voucher: &Voucher) -> Result<(), ClientError> {
    tx.execute("INSERT INTO voucher (secret) VALUES (?1)", [voucher.0])?;
    Ok(())
}

/// The vouchers that were kept.
pub(crate) fn kept_vouchers(tx: &Tx<'_>) -> Result<Vec<Voucher>, ClientError> {
    let mut rows = tx.prepare("SELECT secret FROM voucher ORDER BY id")?;
    let list = rows.query_map([], |row| row.get::<_, [u8; 16]>(0))?;
    list.map(|secret| Ok(Voucher(secret?))).collect()
}

/// How many mailboxes may be drawn in place of this one.
pub(crate) fn count_vouchers(tx: &Tx<'_>, policy: MailboxPolicy) -> Result<u32, ClientError> {
    let sql = "SELECT (SELECT count(*) FROM voucher) + (SELECT count(*) FROM mailbox WHERE policy = ?1)";
    Ok(tx.query_row(sql, [drawn(policy)], |row| row.get(0))?)
}

/// A mailbox that shall take the place of one that is gone, for the oldest voucher that was kept; the one that was drawn
/// already, where something came between.
pub(crate) fn draw(tx: &Tx<'_>, policy: MailboxPolicy) -> Result<MyMailbox, ClientError> {
    if let Some(before) = row(tx, drawn(policy))? {
        return Ok(before);
    }
    let sql = "DELETE FROM voucher WHERE id = (SELECT min(id) FROM voucher) RETURNING secret";
    let voucher = tx.query_row(sql, [], |row| Ok(Voucher(row.get(0)?)))?;
    let owner = OwnerSecret::generate(&mut tx.rng());
    insert_row(tx, drawn(policy), &OwnerId(tx.rng().bytes()), &owner, &voucher)?;
    row(tx, drawn(policy))?.ok_or(ClientError::VaultDamaged { what: "my mailboxes" })
}

/// The relay does not know the voucher, or made another mailbox for it: it is kept behind the others.
pub(crate) fn put_back(tx: &Tx<'_>, policy: MailboxPolicy) -> Result<(), ClientError> {
    let sql = "INSERT INTO voucher (secret) SELECT voucher FROM mailbox WHERE policy = ?1";
    tx.execute(sql, [drawn(policy)])?;
    tx.execute("DELETE FROM mailbox WHERE policy = ?1", [drawn(policy)])?;
    Ok(())
}

/// The mailbox that was drawn takes the place of the old one. With an inbox go the stamps that were handed out for it.
pub(crate) fn move_in(tx: &Tx<'_>, policy: MailboxPolicy, sid: &DepositId) -> Result<(), ClientError> {
    tx.execute("DELETE FROM mailbox WHERE policy = ?1", [number(policy)])?;
    tx.execute("UPDATE mailbox SET policy = ?1 WHERE policy = ?2", [number(policy), drawn(policy)])?;
    if policy == MailboxPolicy::Inbox {
        tx.execute("DELETE FROM handed", [])?;
    }
    set_sid(tx, policy, sid)
}

/// One of my mailboxes.
pub(crate) fn get(tx: &Tx<'_>, policy: MailboxPolicy) -> Result<MyMailbox, ClientError> {
    row(tx, number(policy))?.ok_or(ClientError::JoinUnfinished)
}

fn row(tx: &Tx<'_>, number: i64) -> Result<Option<MyMailbox>, ClientError> {
    let sql = "SELECT rid, owner_seed, voucher, sid, generated FROM mailbox WHERE policy = ?1";
    let found = tx.query_row(sql, [number], |row| {
        Ok(MyMailbox {
            rid: OwnerId(row.get(0)?),
            owner: OwnerSecret::from_seed(row.get(1)?),
            voucher: Voucher(row.get(2)?),
            sid: row.get::<_, Option<[u8; 16]>>(3)?.map(DepositId),
            generated: row.get(4)?,
        })
    });
    Ok(found.optional()?)
}

/// Where senders drop envelopes.
pub(crate) fn sid(tx: &Tx<'_>, policy: MailboxPolicy) -> Result<DepositId, ClientError> {
    get(tx, policy)?.sid.ok_or(ClientError::JoinUnfinished)
}

/// Notes what CREATED said; with an inbox begin its stamps.
pub(crate) fn set_sid(tx: &Tx<'_>, policy: MailboxPolicy, sid: &DepositId) -> Result<(), ClientError> {
    tx.execute("UPDATE mailbox SET sid = ?2 WHERE policy = ?1", (number(policy), sid.0))?;
    match policy {
        MailboxPolicy::Doorstep => Ok(()),
        MailboxPolicy::Inbox => set_mint(tx, &Mint::generate(*sid, &mut tx.rng()), true),
    }
}

/// The inbox's mint.
pub(crate) fn mint(tx: &Tx<'_>) -> Result<Mint, ClientError> {
    mints(tx)?.into_iter().next().ok_or(ClientError::VaultDamaged { what: "the mint of stamps" })
}

/// Says which stamp of mine an envelope came with. Those of earlier generations hold too: contacts have them
/// in hand when the next generation begins.
pub(crate) fn verify(
    tx: &Tx<'_>,
    auth: &DepositAuth,
    envelope: &Envelope,
) -> Result<Option<StampIndex>, ClientError> {
    Ok(mints(tx)?.iter().find_map(|mint| mint.verify(auth, envelope).ok()))
}

/// The present generation first.
fn mints(tx: &Tx<'_>) -> Result<Vec<Mint>, ClientError> {
    let damaged = |_| ClientError::VaultDamaged { what: "the mint of stamps" };
    column(tx)?.chunks(MINT_BYTES).map(|bytes| Mint::restore(bytes).map_err(damaged)).collect()
}

fn column(tx: &Tx<'_>) -> Result<Vec<u8>, ClientError> {
    let sql = "SELECT coalesce(mint, x'') FROM mailbox WHERE policy = ?1";
    Ok(tx.query_row(sql, [number(MailboxPolicy::Inbox)], |row| row.get(0))?)
}

/// Replaces the mint; `fresh` when its generation is new, and not known to the relay yet.
pub(crate) fn set_mint(tx: &Tx<'_>, mint: &Mint, fresh: bool) -> Result<(), ClientError> {
    let before = zeroize::Zeroizing::new(column(tx)?);
    let earlier = before.chunks(MINT_BYTES).skip(usize::from(!fresh)).take(GENERATIONS_MAX - 1);
    let mut bytes = zeroize::Zeroizing::new(mint.snapshot().to_vec());
    earlier.for_each(|one| bytes.extend_from_slice(one));
    let sql = "UPDATE mailbox SET mint = ?2, generated = generated AND NOT ?3 WHERE policy = ?1";
    tx.execute(sql, (number(MailboxPolicy::Inbox), bytes.as_slice(), fresh))?;
    Ok(())
}

/// Forgets an earlier generation's mint: what it minted is not taken any more.
pub(crate) fn drop_mint(tx: &Tx<'_>, generation: Generation) -> Result<(), ClientError> {
    let kept: Vec<Mint> = mints(tx)?.into_iter().filter(|mint| mint.generation() != generation).collect();
    let mut bytes = zeroize::Zeroizing::new(Vec::new());
    kept.iter().for_each(|mint| bytes.extend_from_slice(&mint.snapshot()));
    let sql = "UPDATE mailbox SET mint = ?2 WHERE policy = ?1";
    tx.execute(sql, (number(MailboxPolicy::Inbox), bytes.as_slice()))?;
    Ok(())
}

/// Up to which cursor this vault acknowledged, and how many envelopes after it expired.
pub(crate) fn through(tx: &Tx<'_>, policy: MailboxPolicy) -> Result<(Option<u64>, u64), ClientError> {
    let sql = "SELECT through, expired FROM mailbox WHERE policy = ?1";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<i64>>(0)?.map(uint), uint(row.get(1)?)));
    Ok(tx.query_row(sql, [number(policy)], row)?)
}

/// Notes a cursor as taken in; what expired before it is accounted for.
pub(crate) fn set_through(tx: &Tx<'_>, policy: MailboxPolicy, through: u64) -> Result<(), ClientError> {
    let sql = "UPDATE mailbox SET through = ?2, expired = 0 WHERE policy = ?1";
    tx.execute(sql, (number(policy), int(through)))?;
    Ok(())
}

/// From here on a hole in the cursors means nothing until the next envelope has come.
pub(crate) fn forget_through(tx: &Tx<'_>) -> Result<(), ClientError> {
    tx.execute("UPDATE mailbox SET through = NULL, expired = 0", [])?;
    Ok(())
}

/// Notes how many envelopes the relay counts as expired, as OPENED told it. Returns how many are new.
pub(crate) fn note_expired(tx: &Tx<'_>, policy: MailboxPolicy, in_all: u32) -> Result<u32, ClientError> {
    let told: u32 =
        tx.query_row("SELECT told FROM mailbox WHERE policy = ?1", [number(policy)], |row| row.get(0))?;
    // A relay that went back counts less.
    let new = in_all.saturating_sub(told);
    if in_all != told {
        let sql =
            "UPDATE mailbox SET told = ?2, expired = expired + ?3, untold = untold + ?3 WHERE policy = ?1";
        tx.execute(sql, (number(policy), in_all, new))?;
    }
    Ok(new)
}

/// How many envelopes expired of which the person was not told yet.
pub(crate) fn untold(tx: &Tx<'_>) -> Result<u32, ClientError> {
    Ok(tx.query_row("SELECT coalesce(sum(untold), 0) FROM mailbox", [], |row| row.get(0))?)
}

/// The person is told of so many.
pub(crate) fn tell(tx: &Tx<'_>) -> Result<u32, ClientError> {
    let untold = untold(tx)?;
    tx.execute("UPDATE mailbox SET untold = 0", [])?;
    Ok(untold)
}

/// Notes that the relay knows the mint's generation.
pub(crate) fn set_generated(tx: &Tx<'_>) -> Result<(), ClientError> {
    tx.execute("UPDATE mailbox SET generated = 1 WHERE policy = ?1", [number(MailboxPolicy::Inbox)])?;
    Ok(())
}

/// The row of a mailbox that was drawn and has yet to take its place.
fn drawn(policy: MailboxPolicy) -> i64 {
    number(policy) + 2
}

/// The column's number.
pub(crate) fn number(policy: MailboxPolicy) -> i64 {
    match policy {
        MailboxPolicy::Doorstep => 0,
        MailboxPolicy::Inbox => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_has_the_length_that_the_column_counts_on() {
        let mint = Mint::generate(DepositId([1; 16]), &mut crate::world::Dice(&crate::RealWorld));
        assert_eq!(mint.snapshot().len(), MINT_BYTES);
    }
}
