//! Answering for a name: `CLAIM` → `CHALLENGE` → `ANSWER` → `REPLACED`, on one connection
//! (`spec/directory.md § Challenge`).

use crypto::IdentitySecret;
use proto::signed::{record_hash, sign_challenge, sign_first};
use wire::{
    ConnectionKind, IdentityRecord, PublicKey, RefusalKind, Response, VoucherHash,
    request::{Answer, AnswerKind, ChallengeProof, Claim, VOUCHERS},
    response::{Challenge, Replaced},
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

/// Has the registered record replaced; `None` when another one is registered than the successor follows, or
/// came between challenge and answer.
pub(crate) async fn answer(
    options: &Options,
    me: &Me,
    successor: Successor<'_>,
) -> Result<Option<Replaced>, ClientError> {
    let Successor { kind, record, asks, authority, vouchers } = successor;
    // Some first record of the name, only to be asked: the one registered now would be answered REGISTERED.
    let first = sign_first(asks, me.name.clone(), me.server_id, me.record.body.recovery);
    let mut line = Line::connect(options, &me.at, Pin::Full(me.server_id), ConnectionKind::Registry).await?;
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
