//! Bringing a record to stand under my name: looked up, and answered for by `CLAIM` → `CHALLENGE` → `ANSWER` → `REPLACED`,
//! on one connection (`spec/directory.md § Challenge`).

use crypto::IdentitySecret;
use proto::signed::{record_hash, sign_challenge, sign_first};
use wire::{
    CommitmentNonce, ConnectionKind, IdentityRecord, PublicKey, RefusalKind, Response, VoucherHash,
    request::{Answer, AnswerKind, ChallengeProof, Claim, Lookup, VOUCHERS},
    response::{Challenge, Record, Replaced},
};

use crate::{
    ClientError, Options,
    transport::{Line, Pin},
    vault::me::Me,
};

/// What an answer brings.
pub(crate) struct Successor<'a> {
    /// By what right.
    pub(crate) kind: AnswerKind,
    /// The record that shall stand.
    pub(crate) record: &'a IdentityRecord,
    /// The key that asks for the challenge: any but that of a first record which is registered now.
    pub(crate) asks: &'a IdentitySecret,
    /// The key that may replace the registered record: the old identity key, or the recovery key.
    pub(crate) authority: &'a IdentitySecret,
    /// For further mailboxes.
    pub(crate) vouchers: [VoucherHash; VOUCHERS],
}

/// Where a record of mine stands in the log of its server, as that says.
pub(crate) struct Stands {
    pub(crate) nonce: CommitmentNonce,
    pub(crate) leaf_index: u64,
}

/// How often the name is looked up before its record counts as somebody else's.
const LOOKS: u8 = 2;

/// Brings a record to stand: it does already, where an answer was lost, or it follows the one that does. `None` where
/// another one stands.
pub(crate) async fn bring_to_stand(
    options: &Options,
    me: &Me,
    successor: &Successor<'_>,
) -> Result<Option<Stands>, ClientError> {
    for _ in 0..LOOKS {
        let Record { record, commitment_nonce: nonce, leaf_index, .. } = look_up(options, me).await?;
        let hash = record_hash(&record.body);
        if hash == record_hash(&successor.record.body) {
            return Ok(Some(Stands { nonce, leaf_index }));
        }
        if hash != successor.record.body.prev_hash {
            break;
        }
        if let Some(Replaced { commitment_nonce: nonce, leaf_index, .. }) =
            answer(options, me, successor).await?
        {
            return Ok(Some(Stands { nonce, leaf_index }));
        }
        // Another record stands since the look: perhaps this very one, which another process brought.
    }
    Ok(None)
}

/// The newest record under my name.
pub(crate) async fn look_up(options: &Options, me: &Me) -> Result<Record, ClientError> {
    let mut line = connect(options, me, ConnectionKind::Anonymous).await?;
    match line.ask(Lookup { name: me.name.clone(), seq: None }).await? {
        Response::Record(record) => {
            line.close().await;
            Ok(*record)
        }
        other => Err(line.unexpected(&other)),
    }
}

/// Has the registered record replaced; `None` when another one is registered than the successor follows, or
/// came between challenge and answer.
async fn answer(
    options: &Options,
    me: &Me,
    successor: &Successor<'_>,
) -> Result<Option<Replaced>, ClientError> {
    let Successor { kind, record, asks, authority, vouchers } = *successor;
    // Some first record of the name, only to be asked: the one registered now would be answered REGISTERED.
    let first = sign_first(asks, me.name.clone(), me.server_id, me.record.body.recovery);
    let mut line = connect(options, me, ConnectionKind::Registry).await?;
    let challenge = match line.ask(Claim { record: first, vouchers, invite: None }).await? {
        Response::Challenge(challenge) => challenge,
        other => return Err(line.unexpected(&other)),
    };
    let Challenge { nonce, record_hash: registered, .. } = challenge;
    if registered != record.body.prev_hash {
        line.close().await;
        return Ok(None);
    }
    let signer = PublicKey(authority.public().to_bytes());
    let proof = ChallengeProof {
        name: &me.name,
        old: registered,
        new: record_hash(&record.body),
        nonce,
        authority: &signer,
    };
    let proof = sign_challenge(authority, kind, &proof, line.proof());
    let replaced = match line.ask(Answer { kind, record: record.clone(), vouchers, proof }).await? {
        Response::Replaced(replaced) => *replaced,
        // Somebody came between the challenge and its answer.
        Response::Refused(refusal) if refusal.kind == RefusalKind::Stale => {
            line.close().await;
            return Ok(None);
        }
        other => return Err(line.unexpected(&other)),
    };
    line.close().await;
    Ok(Some(replaced))
}

async fn connect(options: &Options, me: &Me, kind: ConnectionKind) -> Result<Line, ClientError> {
    Line::connect(options, &me.at, Pin::Full(me.server_id), kind).await
}
