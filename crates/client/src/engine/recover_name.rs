//! Taking one's name back with the 24 words, when every key is lost (`spec/directory.md § Challenge`).
//!
//! The recovery key signs the new record and the proof. What is drawn stands in the vault before the answer
//! leaves; whoever stops in between looks the name up, which says whether the answer arrived.

use crypto::IdentitySecret;
use proto::signed::{identity_of, sign_recovery};
use wire::{
    Address, IdentityRecord, VoucherHash,
    request::{AnswerKind, VOUCHERS},
};

use super::{
    challenge::{self, Stands, Successor},
    directory::{Found, LookingUp},
};
use crate::{ClientError, Options, Passphrase, transport::Pin, vault::me::Me};

/// The recovery key that 24 words hold, in either language.
pub(crate) fn entropy_of(words: &Passphrase) -> Result<zeroize::Zeroizing<[u8; 32]>, ClientError> {
    let text = core::str::from_utf8(words.as_bytes()).map_err(|_| ClientError::NotRecoveryWords)?;
    let entropy = e2ee::recovery_entropy(text).map_err(|_| ClientError::NotRecoveryWords)?;
    Ok(zeroize::Zeroizing::new(*entropy.expose()))
}

/// Looks the name up, and checks that these words are the ones that its record commits to and that the address
/// is one that it had.
pub(crate) async fn find(
    options: &Options,
    address: &Address,
    recovery: &IdentitySecret,
) -> Result<Found, ClientError> {
    let pin = address.pins.as_ref().map_or(Pin::Any, |pins| Pin::Short(pins.server));
    let mut looking = LookingUp::of(options, &address.at, pin, &address.name).await?;
    let expected = address.pins.as_ref().map(|pins| pins.identity);
    let found = looking.record(expected.as_slice()).await?;
    looking.close().await;
    if expected.is_some_and(|expected| !found.has_had(|fingerprint| expected.matches(&fingerprint.0))) {
        return Err(ClientError::WrongIdentity {
            name: address.name.to_string(),
            host: address.at.to_string(),
        });
    }
    match found.record.body.recovery.0 == recovery.public().commitment() {
        true => Ok(found),
        false => Err(ClientError::WrongRecoveryWords { name: address.name.to_string() }),
    }
}

/// The record by which the recovery key names a new identity; the words stay the same.
pub(crate) fn next_record(found: &Found, recovery: &IdentitySecret, new: &IdentitySecret) -> IdentityRecord {
    let body = &found.record.body;
    sign_recovery(recovery, new, body.recovery, body)
}

/// Brings the record in the vault to stand.
pub(crate) async fn take_back(
    options: &Options,
    me: &Me,
    recovery: &IdentitySecret,
    identity: &IdentitySecret,
    vouchers: [VoucherHash; VOUCHERS],
) -> Result<Stands, ClientError> {
    let successor = Successor {
        kind: AnswerKind::Recover,
        record: &me.record,
        asks: identity,
        authority: recovery,
        vouchers,
    };
    let stands = challenge::bring_to_stand(options, me, &successor).await?;
    stands.ok_or(ClientError::NameChanged { name: me.name.to_string() })
}

/// Whether a record was made by the recovery key: joining then answers a challenge.
pub(crate) fn is_recovered(record: &IdentityRecord) -> bool {
    record.body.seq > 0 && identity_of(&record.body).is_ok()
}
