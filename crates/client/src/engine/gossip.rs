//! What rides in every message of the public logs, and what is made of it (`spec/ledger.md § Gossip`).

use ::ledger::{FraudProof, Gossip, Replay, consistency, head};
use e2ee::{Content, Kind, MessageId};
use wire::{ServerId, TreeHead, UnixSeconds};

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
/// A replay so long after something was heard has whatever a log had then.
const LATER_S: u64 = 3_600;

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
    if let Kind::Head(head) = &content.kind {
        return hear_signed(tx, person, head);
    }
    let Some(gossip) = Gossip::from_bytes(&content.gossip) else { return Ok(()) };
    let mine = me::me(tx)?.map(|me| me.server_id);
    for row in ledger::all(tx)? {
        let Some(head) = &row.head else { continue };
        let is_this = crypto::gossip_log(&head.log_id, head.log_number) == gossip.log;
        // Two members of one server tell each other of no other log: under whatever number, it is that one.
        let is_ours = mine == Some(row.server_id) && person.server_id == row.server_id;
        // Most of the time both were shown the same.
        if (is_this || is_ours) && !(is_this && (head.size, head.root) == (gossip.size, gossip.root)) {
            keep(tx, person, &row, &gossip, earliest(content.sent_at, gossip.age), None)?;
        }
    }
    Ok(())
}

fn hear_signed(tx: &Tx<'_>, person: &Person, head: &TreeHead) -> Result<(), ClientError> {
    let server_id = ServerId(crypto::server_id_of_root(&head.log_id));
    let Some(row) = ledger::get(tx, &server_id)? else { return Ok(()) };
    match (head::verify(head, &server_id), Gossip::of(head, tx.now())) {
        (Ok(()), Some(gossip)) => keep(tx, person, &row, &gossip, UnixSeconds(head.time), Some(head.clone())),
        _ => Ok(()),
    }
}

/// When the head was signed at the earliest that its sender spoke of. His own clock tells its age, so that it does not matter.
fn earliest(sent_at: UnixSeconds, age: u16) -> UnixSeconds {
    match age {
        u16::MAX => UnixSeconds(0),
        hours => UnixSeconds(sent_at.0.saturating_sub((u64::from(hours) + 1) * 3_600)),
    }
}

fn keep(
    tx: &Tx<'_>,
    person: &Person,
    row: &LedgerRow,
    gossip: &Gossip,
    head_time: UnixSeconds,
    head: Option<TreeHead>,
) -> Result<(), ClientError> {
    let is_here = |mine: &TreeHead| {
        crypto::gossip_log(&mine.log_id, mine.log_number) == gossip.log && gossip.size <= mine.size
    };
    let told = Told {
        contact: person.id,
        server_id: row.server_id,
        waits: !row.head.as_ref().is_some_and(is_here),
        log: gossip.log,
        size: gossip.size,
        root: gossip.root,
        head_time,
        heard_at: tx.now(),
        replays: row.replays,
        head,
    };
    ledger::keep_told(tx, &told)
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
    for told in client.vault.read(|tx| ledger::told_of(tx, &row.server_id))? {
        let verdict = client.vault.read(|tx| judge(tx, row, head, &told))?;
        if verdict == Verdict::Waits {
            // Nothing is written for as long as it does.
            continue;
        }
        // The proof first: a head that was compared is gone.
        if let (Verdict::Other, Some(theirs)) = (verdict, &told.head) {
            prove(client, &row.server_id, head, theirs)?;
        }
        client.vault.write(|tx| settle(tx, head, &told, verdict))?;
    }
    Ok(())
}

/// What comes of what a contact was shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// A later replay decides.
    Waits,
    /// It fits, or is of a time before the relay went back: nothing can be said of that any more.
    Past,
    /// He was shown another log than I, or a longer one that I am not shown.
    Other,
}

fn judge(tx: &Tx<'_>, row: &LedgerRow, head: &TreeHead, told: &Told) -> Result<Verdict, ClientError> {
    let is_of = |number| crypto::gossip_log(&head.log_id, number) == told.log;
    let is_later = row.replays > told.replays && row.replayed_at.0 >= told.heard_at.0.saturating_add(LATER_S);
    if is_of(head.log_number) {
        return Ok(match ledger::root_at(tx, &row.server_id, told.size)? {
            Some(root) if root == told.root => Verdict::Past,
            Some(_) => Verdict::Other,
            None if is_later => Verdict::Other,
            None => Verdict::Waits,
        });
    }
    let restored = ledger::restored(tx, &row.server_id)?;
    if is_of(0) || restored.iter().any(|leaf| is_of(leaf.time)) {
        return Ok(Verdict::Past);
    }
    // A relay that was restored twice from one backup lost the number of the first time with the rest.
    let is_since = told.head_time.0 > u64::from(head.log_number);
    Ok(match (is_later, is_since) {
        (false, _) => Verdict::Waits,
        (true, true) => Verdict::Other,
        (true, false) => Verdict::Past,
    })
}

/// Whoever was shown another log is told of mine.
fn settle(tx: &Tx<'_>, head: &TreeHead, told: &Told, verdict: Verdict) -> Result<(), ClientError> {
    ledger::forget_told(tx, told)?;
    if verdict != Verdict::Other {
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
    let is_comparable = theirs.log_number == mine.log_number && theirs.size <= mine.size;
    if !is_comparable || fraud::kept(client.vault.profile().dir(), server_id).is_some() {
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
