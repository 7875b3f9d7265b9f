//! Records: the chain of who has a name (`spec/directory.md § Records`).

use crypto::{CompositeSignature, IdentitySecret, Label, PublicIdentity};
use wire::{
    Authority, IdentityRecord, Name, PublicKey, RecordBody, RecordHash, RecoveryCommitment, ServerId,
    Signature, Wire,
};

/// What no record points back to.
const NO_PREVIOUS: RecordHash = RecordHash([0; 32]);
/// What a tombstone commits to: no recovery key hashes to it.
const NO_RECOVERY: RecoveryCommitment = RecoveryCommitment([0; 32]);

/// How a record follows its predecessor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// The registered identity key named its successor.
    Rotated,
    /// The recovery key named an identity key, and perhaps its own successor.
    Recovered,
    /// The registered identity key gave the name up.
    Released,
}

/// Why a record does not stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// It names another server.
    #[error("the record belongs to another server")]
    Server,
    /// It names another name than its predecessor.
    #[error("the record belongs to another name")]
    Name,
    /// Its sequence number is not the next.
    #[error("the record's sequence number is not the next")]
    Sequence,
    /// It does not point back to its predecessor.
    #[error("the record does not follow the one before it")]
    Previous,
    /// A key in it is no key.
    #[error("a key in the record is not valid")]
    Key,
    /// Its authority is of the wrong kind for its place in the chain.
    #[error("the record does not say by what right it stands")]
    Authority,
    /// It changes, or leaves out, what its authority may not change.
    #[error("the record changes more than its authority may")]
    Recovery,
    /// The name was given up: nothing follows.
    #[error("the name was given up")]
    Released,
    /// A signature does not hold.
    #[error("a signature on the record does not hold")]
    Signature,
}

/// The hash under which a record is pointed to: of its body, whatever its signatures.
pub fn record_hash(body: &RecordBody) -> RecordHash {
    RecordHash(crypto::record_hash(&body.to_bytes()))
}

/// A name's first record, signed by its own key.
pub fn sign_first(
    identity: &IdentitySecret,
    name: Name,
    server_id: ServerId,
    recovery: RecoveryCommitment,
) -> IdentityRecord {
    let identity_key = public_key(identity);
    let body = RecordBody { name, server_id, seq: 0, identity_key, recovery, prev_hash: NO_PREVIOUS };
    seal(identity, body, |_| Authority::First)
}

/// The record by which the registered key names its successor; the recovery commitment stays.
pub fn sign_rotation(old: &IdentitySecret, new: &IdentitySecret, previous: &RecordBody) -> IdentityRecord {
    seal(new, following(previous, public_key(new), previous.recovery), |bytes| sign_old(old, bytes))
}

/// The record by which the recovery key names a new identity key and what is committed to from now on
/// (the same recovery key again, or another).
pub fn sign_recovery(
    recovery_key: &IdentitySecret,
    new: &IdentitySecret,
    recovery: RecoveryCommitment,
    previous: &RecordBody,
) -> IdentityRecord {
    seal(new, following(previous, public_key(new), recovery), |bytes| Authority::Recovery {
        key: Box::new(public_key(recovery_key)),
        signature: Box::new(wire_signature(&recovery_key.sign(Label::RECORD_RECOVERY, bytes))),
    })
}

/// The record by which the registered key gives the name up.
pub fn sign_tombstone(identity: &IdentitySecret, previous: &RecordBody) -> IdentityRecord {
    seal(identity, following(previous, previous.identity_key, NO_RECOVERY), |bytes| sign_old(identity, bytes))
}

/// Whether a record says that its name was given up.
pub fn is_tombstone(body: &RecordBody) -> bool {
    body.recovery == NO_RECOVERY
}

/// The identity key of a record, parsed.
pub fn identity_of(body: &RecordBody) -> Result<PublicIdentity, RecordError> {
    parse(&body.identity_key)
}

/// Checks a first record by itself: at this server, signed by the key that it names.
pub fn verify_first(record: &IdentityRecord, server_id: &ServerId) -> Result<PublicIdentity, RecordError> {
    let body = &record.body;
    require(body.server_id == *server_id, RecordError::Server)?;
    require(body.seq == 0, RecordError::Sequence)?;
    require(body.prev_hash == NO_PREVIOUS, RecordError::Previous)?;
    require(record.authority == Authority::First, RecordError::Authority)?;
    require(!is_tombstone(body), RecordError::Recovery)?;
    verify_own(record)
}

/// Checks that a record follows its predecessor, by what right, and says how.
pub fn verify_next(record: &IdentityRecord, previous: &RecordBody) -> Result<Change, RecordError> {
    let body = &record.body;
    require(!is_tombstone(previous), RecordError::Released)?;
    require(body.server_id == previous.server_id, RecordError::Server)?;
    require(body.name == previous.name, RecordError::Name)?;
    require(previous.seq.checked_add(1) == Some(body.seq), RecordError::Sequence)?;
    require(body.prev_hash == record_hash(previous), RecordError::Previous)?;
    let change = change_of(record, previous)?;
    verify_authority(record, previous)?;
    verify_own(record)?;
    Ok(change)
}

/// Checks that the key in a record signed it: that it was meant, not by what right it stands. For the oldest record of a
/// chain of which the beginning was not read.
pub fn verify_own(record: &IdentityRecord) -> Result<PublicIdentity, RecordError> {
    let key = identity_of(&record.body)?;
    verify(&key, Label::RECORD, &record.body.to_bytes(), &record.sig_new)?;
    Ok(key)
}

/// The key that authorises a record, as far as its form goes: the registered one, or the recovery key that
/// it carries. None for a first record.
pub fn authority_of<'a>(record: &'a IdentityRecord, previous: &'a RecordBody) -> Option<&'a PublicKey> {
    match &record.authority {
        Authority::First => None,
        Authority::Old(_) => Some(&previous.identity_key),
        Authority::Recovery { key, .. } => Some(key),
    }
}

/// What the record does, judged by its form: each authority may change its own things and no others.
fn change_of(record: &IdentityRecord, previous: &RecordBody) -> Result<Change, RecordError> {
    let body = &record.body;
    let same_key = body.identity_key == previous.identity_key;
    match &record.authority {
        Authority::First => Err(RecordError::Authority),
        Authority::Old(_) if is_tombstone(body) && same_key => Ok(Change::Released),
        Authority::Old(_) if body.recovery == previous.recovery && !same_key => Ok(Change::Rotated),
        Authority::Old(_) => Err(RecordError::Recovery),
        Authority::Recovery { .. } if is_tombstone(body) => Err(RecordError::Recovery),
        Authority::Recovery { .. } => Ok(Change::Recovered),
    }
}

fn verify_authority(record: &IdentityRecord, previous: &RecordBody) -> Result<(), RecordError> {
    let bytes = record.body.to_bytes();
    match &record.authority {
        Authority::First => Err(RecordError::Authority),
        Authority::Old(signature) => {
            verify(&parse(&previous.identity_key)?, Label::RECORD_OLD, &bytes, signature)
        }
        Authority::Recovery { key, signature } => {
            let key = parse(key)?;
            require(key.commitment() == previous.recovery.0, RecordError::Recovery)?;
            verify(&key, Label::RECORD_RECOVERY, &bytes, signature)
        }
    }
}

fn verify(
    key: &PublicIdentity,
    label: Label,
    bytes: &[u8],
    signature: &Signature,
) -> Result<(), RecordError> {
    key.verify(label, bytes, &CompositeSignature::from_bytes(&signature.0))
        .map_err(|_| RecordError::Signature)
}

fn seal(
    new: &IdentitySecret,
    body: RecordBody,
    authority: impl FnOnce(&[u8]) -> Authority,
) -> IdentityRecord {
    let bytes = body.to_bytes();
    let sig_new = wire_signature(&new.sign(Label::RECORD, &bytes));
    IdentityRecord { authority: authority(&bytes), sig_new, body }
}

fn following(previous: &RecordBody, identity_key: PublicKey, recovery: RecoveryCommitment) -> RecordBody {
    RecordBody {
        name: previous.name.clone(),
        server_id: previous.server_id,
        seq: previous.seq.saturating_add(1),
        identity_key,
        recovery,
        prev_hash: record_hash(previous),
    }
}

fn sign_old(old: &IdentitySecret, bytes: &[u8]) -> Authority {
    Authority::Old(Box::new(wire_signature(&old.sign(Label::RECORD_OLD, bytes))))
}

fn parse(key: &PublicKey) -> Result<PublicIdentity, RecordError> {
    PublicIdentity::from_bytes(&key.0).map_err(|_| RecordError::Key)
}

fn public_key(secret: &IdentitySecret) -> PublicKey {
    PublicKey(secret.public().to_bytes())
}

fn wire_signature(signature: &CompositeSignature) -> Signature {
    Signature(signature.to_bytes())
}

fn require(holds: bool, otherwise: RecordError) -> Result<(), RecordError> {
    if holds { Ok(()) } else { Err(otherwise) }
}
