//! Changing my own key: the old one signs the new one, and the name goes on (DESIGN § 6.3).
//!
//! The new secret and the exact record are in the vault before the answer leaves. Whoever stops in between
//! looks the own record up: it says whether the answer arrived. Mailboxes, stamps and conversations stay.

use crypto::IdentitySecret;
use e2ee::RecordUpdate;
use proto::signed::{record_hash, sign_rotation};
use wire::{IdentityFingerprint, Leaf, NameTag, Voucher, VoucherHash, request::AnswerKind};

use super::{
    challenge::{self, Stands, Successor},
    give_up, join, run, upkeep,
};
use crate::{
    Client, ClientError, FailPoint, Rotated,
    vault::{
        Tx, contact, given_up, me, record_update,
        rotation::{self, Rotation},
    },
};

/// See [`Client::rotate_identity`].
pub(crate) fn rotate(client: &Client) -> Result<Rotated, ClientError> {
    give_up::check(&client.vault)?;
    run(async {
        let me = client.vault.me()?;
        let unannounced = client.vault.read(rotation::is_unannounced)?;
        // One that stands already, and only its bundle is missing, is not followed by another.
        if !unannounced || me.bundle_published {
            client.vault.write(rotation::set_announced)?;
            client.vault.write(prepare)?;
            client.fail_at(FailPoint::RotationBegun)?;
            finish_pending(client).await?;
            client.fail_at(FailPoint::RotatedNotPublished)?;
        }
        let me = client.vault.me()?;
        if !me.bundle_published {
            join::publish(&client.vault, &client.options).await?;
        }
        client.vault.write(rotation::set_announced)?;
        Ok(Rotated { address: me.address(), sequence: me.record.body.seq })
    })
}

/// Draws the new key and signs its record with the old one, unless a change is under way.
fn prepare(tx: &Tx<'_>) -> Result<(), ClientError> {
    // Another process may have begun to give the name up meanwhile: nothing follows a tombstone.
    give_up::check_in(tx)?;
    if rotation::is_pending(tx)? {
        return Ok(());
    }
    let me = me::me(tx)?.ok_or(ClientError::JoinUnfinished)?;
    let identity = IdentitySecret::generate(&mut tx.rng());
    let record = sign_rotation(&me::identity(tx)?, &identity, &me.record.body);
    let vouchers = std::array::from_fn(|_| Voucher(tx.rng().bytes()));
    rotation::begin(tx, &Rotation { identity, record, vouchers })
}

/// Brings a change that was begun to its end, but for the bundle. Every collecting command does.
pub(crate) async fn finish_pending(client: &Client) -> Result<(), ClientError> {
    let Some(pending) = client.vault.read(rotation::pending)? else { return Ok(()) };
    let me = client.vault.me()?;
    let old = client.vault.read(me::identity)?;
    let successor = Successor {
        kind: AnswerKind::Rotate,
        record: &pending.record,
        asks: &pending.identity,
        authority: &old,
        vouchers: pending.vouchers.map(|voucher| VoucherHash(crypto::voucher_hash(&voucher.0))),
    };
    match challenge::bring_to_stand(&client.options, &me, &successor).await? {
        Some(stands) => {
            client.fail_at(FailPoint::ReplacedNotNoted)?;
            finish(client, &pending, &stands)
        }
        // Somebody else's. The new secret stays: a server that lies now may tell the truth later.
        None => Err(ClientError::WrongIdentity { name: me.name.to_string(), host: me.at.to_string() }),
    }
}

/// Whether a leaf with my tag is that of my change under way, or of my tombstone: only the server can say under which nonce
/// it stands.
pub(crate) async fn has_made(client: &Client, tag: &NameTag, leaf: &Leaf) -> Result<bool, ClientError> {
    let under_way = client.vault.read(|tx| {
        let rotation = rotation::pending(tx)?.map(|rotation| rotation.record);
        Ok(rotation.or(given_up::get(tx)?.map(|given_up| given_up.record)))
    })?;
    let Some(record) = under_way else { return Ok(false) };
    let standing = challenge::look_up(&client.options, &client.vault.me()?).await?;
    let hash = record_hash(&record.body);
    Ok(record_hash(&standing.record.body) == hash
        && ledger::commits_to(leaf, tag, &standing.commitment_nonce, &hash))
}

/// The record stands: the new key is mine, and a bundle of its own waits to be published.
fn finish(client: &Client, pending: &Rotation, stands: &Stands) -> Result<(), ClientError> {
    client.vault.erase(|tx| {
        // Another process may have come first.
        if !rotation::is_pending(tx)? {
            return Ok(());
        }
        rotation::finish(tx, pending, &stands.nonce, stands.leaf_index)?;
        let update = RecordUpdate {
            record: pending.record.clone(),
            commitment_nonce: stands.nonce,
            leaf_index: stands.leaf_index,
        };
        record_update::shall_tell(tx, &update)?;
        let mine = IdentityFingerprint(pending.identity.public().fingerprint());
        for id in contact::ids(tx)? {
            let theirs = contact::by_id(tx, id)?.fingerprint;
            begin_under(tx, id, &mine, &theirs)?;
        }
        upkeep::renew_bundle(tx)
    })
}

/// A conversation keeps the fingerprints under which it began; one in which nothing was said takes the present ones.
pub(crate) fn begin_under(
    tx: &Tx<'_>,
    id: i64,
    mine: &IdentityFingerprint,
    theirs: &IdentityFingerprint,
) -> Result<(), ClientError> {
    match contact::conversation(tx, id)?.between(*mine, *theirs) {
        Some(next) => contact::set_conversation(tx, id, &next),
        None => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use e2ee::Account;
    use proto::signed::{sign_first, sign_tombstone};
    use wire::{Day, HostPort, Name, RecoveryCommitment, ServerId};

    use super::*;
    use crate::{Profile, vault::Vault};

    #[test]
    fn no_change_of_key_begins_once_the_name_is_being_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::in_memory(&Profile::named(Some(folder.path()), "default").unwrap());
        crate::vault::migrate::migrate(&vault).unwrap();
        let (name, server_id) = (Name::parse("ann").unwrap(), ServerId([1; 32]));
        vault
            .write(|tx| {
                let identity = IdentitySecret::generate(&mut tx.rng());
                let record = sign_first(&identity, name.clone(), server_id, RecoveryCommitment([2; 32]));
                me::insert(
                    tx,
                    &me::NewMe {
                        name: &name,
                        at: &HostPort::new("h", 1).unwrap(),
                        server_id: &server_id,
                        server_pinned: true,
                        identity: &identity,
                        record: &record,
                        recovery_entropy: &[3; 32],
                        invite: None,
                        account: &Account::generate(&mut tx.rng(), Day(1)),
                    },
                )?;
                given_up::begin(tx, &sign_tombstone(&identity, &record.body))
            })
            .unwrap();
        assert!(matches!(vault.write(prepare), Err(ClientError::ReleaseUnfinished { .. })));
        assert!(!vault.read(rotation::is_pending).unwrap());
        vault.write(given_up::call_off).unwrap();
        vault.write(prepare).unwrap();
        assert!(vault.read(rotation::is_pending).unwrap());
    }
}
