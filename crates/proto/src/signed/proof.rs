//! Proofs that are fresh, for one server and one connection (`spec/connection.md § Proofs`).

use crypto::{CompositeSignature, IdentitySecret, Label, OwnerSecret, PublicIdentity};
use wire::request::{AnswerKind, ChallengeProof, ConnectionProof};
use wire::{OwnerId, OwnerKey, OwnerSignature, Signature, Wire};

/// The proof does not hold. What is wrong with it is told to nobody.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the proof does not hold")]
pub struct ProofError;

/// What opening a mailbox signs, under the label `oubliette/open/1`:
/// `version u8 ‖ server id[32] ‖ welcome nonce[32] ‖ binding u8 ‖ binding value[32] ‖ rid[16]`.
pub fn open_proof_message(rid: &OwnerId, connection: &ConnectionProof) -> Vec<u8> {
    let mut message = connection.to_bytes();
    message.extend_from_slice(rid.as_bytes());
    message
}

/// What the answer to a challenge signs, under the label of its kind: `version u8 ‖ server id[32] ‖ welcome
/// nonce[32] ‖ binding u8 ‖ binding value[32] ‖ name (len u8 ‖ bytes) ‖ H(old record)[32] ‖ H(new
/// record)[32] ‖ nonce[32]`. The authorising key is covered by the signature itself, which names its signer.
pub fn challenge_message(challenge: &ChallengeProof<'_>, connection: &ConnectionProof) -> Vec<u8> {
    let mut message = connection.to_bytes();
    message.extend_from_slice(&challenge.name.to_bytes());
    message.extend_from_slice(challenge.old.as_bytes());
    message.extend_from_slice(challenge.new.as_bytes());
    message.extend_from_slice(challenge.nonce.as_bytes());
    message
}

/// Under which label an answer of this kind is signed.
pub fn challenge_label(kind: AnswerKind) -> Label {
    match kind {
        AnswerKind::Rotate => Label::CHALLENGE_ROTATE,
        AnswerKind::Recover => Label::CHALLENGE_RECOVER,
        AnswerKind::Tombstone => Label::CHALLENGE_TOMBSTONE,
    }
}

/// Proves to own a mailbox, on this connection.
pub fn sign_open(owner: &OwnerSecret, rid: &OwnerId, connection: &ConnectionProof) -> OwnerSignature {
    OwnerSignature(owner.sign(Label::OPEN, &open_proof_message(rid, connection)))
}

/// Checks a proof of ownership.
pub fn verify_open(
    owner: &OwnerKey,
    rid: &OwnerId,
    connection: &ConnectionProof,
    proof: &OwnerSignature,
) -> Result<(), ProofError> {
    let message = open_proof_message(rid, connection);
    crypto::verify_owner(&owner.0, Label::OPEN, &message, &proof.0).map_err(|_| ProofError)
}

/// Answers a challenge with the authorising key: the registered one, or the recovery key.
pub fn sign_challenge(
    authority: &IdentitySecret,
    kind: AnswerKind,
    challenge: &ChallengeProof<'_>,
    connection: &ConnectionProof,
) -> Signature {
    Signature(authority.sign(challenge_label(kind), &challenge_message(challenge, connection)).to_bytes())
}

/// Checks an answer's proof against the authority that the challenge names.
pub fn verify_challenge(
    kind: AnswerKind,
    challenge: &ChallengeProof<'_>,
    connection: &ConnectionProof,
    proof: &Signature,
) -> Result<(), ProofError> {
    let authority = PublicIdentity::from_bytes(&challenge.authority.0).map_err(|_| ProofError)?;
    let message = challenge_message(challenge, connection);
    authority
        .verify(challenge_label(kind), &message, &CompositeSignature::from_bytes(&proof.0))
        .map_err(|_| ProofError)
}
