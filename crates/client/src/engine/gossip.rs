//! What rides in every message of the public logs, and what is made of it (`spec/ledger.md § Gossip`).

use ::ledger::{FraudProof, Gossip, Replay, consistency, head};
use e2ee::{Content, Kind, MessageId};
use wire::{ServerId, TreeHead};

use crate::{
    Client, ClientError, fraud,
    vault::{
        Tx,
        contact::{Person, Standing},
        ledger::{self, LedgerRow, Told},
        me, outbox,
        said::Said,
    },
};

/// A head of mine goes to a contact who was shown another log at most this often.
const HEAD_PAUSE_S: u64 = 86_400;

/// Keeps a proof beside the vault, and has the person hear of it.
pub(crate) fn keep_proof(client: &Client, proof: &FraudProof) -> Result<(), ClientError> {
    let dir = client.vault.profile().dir();
    if fraud::kept(dir, &proof.server_id).is_some() {
        return Ok(());
    }
    fraud::keep(dir, proof)?;
    client.vault.write(|tx| ledger::note_fraud(tx, &proof.server_id))
}

/// What rides in a message to somebody: of which log, with which root, this client was shown. In turns the log of my own
/// server and that of his, where both are known.
pub(crate) fn to_tell(tx: &Tx<'_>, person: &Person) -> Result<[u8; Gossip::BYTES], ClientError> {
    let mine = me::me(tx)?.map(|me| me.server_id);
    let head_of = |server_id| Ok::<_, ClientError>(ledger::get(tx, &server_id)?.and_then(|row| row.head));
    let own = mine.map(head_of).transpose()?.flatten();
    let theirs = if mine == Some(person.server_id) { None } else { head_of(person.server_id)? };
    let chosen = match (own, theirs) {
        (Some(own), Some(theirs)) => Some(if tx.number() & 1 == 0 { own } else { theirs }),
        (own, theirs) => own.or(theirs),
    };
    let gossip = chosen.and_then(|head| Gossip::of(&head, tx.now()));
    Ok(gossip.map_or([0; Gossip::BYTES], Gossip::to_bytes))
}

/// What a contact says of a log that is known here waits until it can be compared.
pub(crate) fn hear(tx: &Tx<'_>, person: &Person, content: &Content) -> Result<(), ClientError> {
    if person.standing != Standing::Contact || person.blocked {
        return Ok(());
    }
    let keep = |server_id, number, size, root, head| {
        ledger::keep_told(tx, &Told { contact: person.id, server_id, number, size, root, head })
    };
    if let Kind::Head(head) = &content.kind {
        let server_id = ServerId(crypto::server_id_of_root(&head.log_id));
        return match head::verify(head, &server_id).is_ok() && ledger::get(tx, &server_id)?.is_some() {
            true => keep(server_id, head.log_number, head.size, head.root, Some((**head).clone())),
            false => Ok(()),
        };
    }
    let Some(gossip) = Gossip::from_bytes(&content.gossip) else { return Ok(()) };
    for row in ledger::all(tx)? {
        let Some(head) = &row.head else { continue };
        if crypto::gossip_log(&head.log_id, head.log_number) != gossip.log {
            continue;
        }
        // Most of the time both were shown the same.
        if (head.size, head.root) != (gossip.size, gossip.root) {
            keep(row.server_id, head.log_number, gossip.size, gossip.root, None)?;
        }
    }
    Ok(())
}

/// Compares what waits with the logs as they are here. To be called after a drain.
pub(crate) fn compare(client: &Client) -> Result<(), ClientError> {
    let rows = client.vault.read(ledger::all)?;
    rows.iter().try_for_each(|row| compare_row(client, row))
}

/// Compares what contacts said of one log with it.
pub(crate) fn compare_log(client: &Client, server_id: &ServerId) -> Result<(), ClientError> {
    match client.vault.read(|tx| ledger::get(tx, server_id))? {
        Some(row) => compare_row(client, &row),
        None => Ok(()),
    }
}

fn compare_row(client: &Client, row: &LedgerRow) -> Result<(), ClientError> {
    let Some(head) = &row.head else { return Ok(()) };
    let told = |tx: &Tx<'_>| ledger::told_of(tx, &row.server_id, head.log_number, head.size);
    for told in client.vault.read(told)? {
        let root = client.vault.read(|tx| ledger::root_at(tx, &row.server_id, told.size))?;
        let is_other = root != Some(told.root);
        // The proof first: a head that was compared is gone.
        if let (true, Some(theirs)) = (is_other, &told.head) {
            prove(client, &row.server_id, head, theirs)?;
        }
        client.vault.write(|tx| settle(tx, head, &told, is_other))?;
    }
    Ok(())
}

/// It was compared. Whoever was shown another log is told of mine.
fn settle(tx: &Tx<'_>, head: &TreeHead, told: &Told, is_other: bool) -> Result<(), ClientError> {
    ledger::forget_told(tx, told)?;
    if !is_other {
        return Ok(());
    }
    ledger::note_other_log(tx, told)?;
    if ledger::may_send_head(tx, told.contact, HEAD_PAUSE_S)? {
        let said = Said::new(&Kind::Head(Box::new(head.clone())))?;
        outbox::say(tx, told.contact, &MessageId::random(&mut tx.rng()), &said, None)?;
    }
    Ok(())
}

/// Keeps the proof, if the signed head of a contact and mine are one.
fn prove(
    client: &Client,
    server_id: &ServerId,
    mine: &TreeHead,
    theirs: &TreeHead,
) -> Result<(), ClientError> {
    if fraud::kept(client.vault.profile().dir(), server_id).is_some() {
        return Ok(());
    }
    let leaves = client.vault.read(|tx| ledger::leaves(tx, server_id))?;
    let replay =
        Replay::of(&leaves).map_err(|_| ClientError::VaultDamaged { what: "the leaves of a log" })?;
    let size = usize::try_from(theirs.size).unwrap_or(usize::MAX);
    let proof = FraudProof {
        server_id: *server_id,
        one: theirs.clone(),
        other: mine.clone(),
        root: replay.root_at(theirs.size).unwrap_or_default(),
        consistency: consistency(replay.hashes(), size),
    };
    // Whatever else it may be, a proof it is only if it holds.
    if proof.verify().is_ok() { keep_proof(client, &proof) } else { Ok(()) }
}
