//! Giving up my own name by a tombstone (`spec/vault.md § A name that is given up`).
//!
//! What waits is collected before, and the record is in the vault before the answer leaves; whoever stops in between looks
//! the own record up. Then every stamp of mine is made void, and what came until then is collected once more. From the
//! commit of the record on, nothing else leaves this vault.

use crypto::IdentitySecret;
use proto::signed::sign_tombstone;
use wire::{VoucherHash, request::AnswerKind};

use super::{
    challenge::{self, Stands, Successor},
    identity,
    join::other_key,
    owner::Owner,
    pull::{collect_alone, round},
    run,
};
use crate::{
    Client, ClientError, FailPoint, Released,
    vault::{
        Tx, Vault,
        given_up::{self, GivenUp},
        me, outbox,
    },
    world::Dice,
};

/// See [`Client::release_name`].
pub(crate) fn release(client: &Client) -> Result<Released, ClientError> {
    let begun = client.vault.read(given_up::get)?;
    if !begun.is_some_and(|given_up| given_up.is_done) {
        let _alone = collect_alone(client)?;
        run(finish(client))?;
    }
    released(client)?.ok_or(ClientError::Unexpected { place: "giving a name up" })
}

/// See [`Client::released`].
pub(crate) fn released(client: &Client) -> Result<Option<Released>, ClientError> {
    client.vault.read(|tx| {
        let Some(GivenUp { stands_at, is_done, .. }) = given_up::get(tx)? else { return Ok(None) };
        let me = me::me(tx)?.ok_or(ClientError::JoinUnfinished)?;
        let unsent = u32::try_from(outbox::unconfirmed(tx)?.len()).unwrap_or(u32::MAX);
        Ok(Some(Released { address: me.address(), at: stands_at.filter(|_| is_done), unsent }))
    })
}

/// Refuses to go on where the name is given up, or being given up.
pub(crate) fn check(vault: &Vault) -> Result<(), ClientError> {
    vault.read(check_in)
}

/// The same within a transaction.
pub(crate) fn check_in(tx: &Tx<'_>) -> Result<(), ClientError> {
    let Some(given_up) = given_up::get(tx)? else { return Ok(()) };
    let name = me::me(tx)?.ok_or(ClientError::JoinUnfinished)?.name.to_string();
    Err(match given_up.is_done {
        true => ClientError::NameReleased { name },
        false => ClientError::ReleaseUnfinished { name },
    })
}

/// Every step that is still to be done.
async fn finish(client: &Client) -> Result<(), ClientError> {
    if !client.vault.read(given_up::is_begun)? {
        // The last pull, and the last of what waits to leave.
        round(client).await?;
        identity::finish_pending(client).await?;
        client.vault.write(prepare)?;
        client.fail_at(FailPoint::ReleaseBegun)?;
    }
    bring_to_stand(client).await?;
    client.fail_at(FailPoint::ReleasedNotLeft)?;
    // What the relay has no more is not made anew, and then nothing is left to do.
    if let Some(mut owner) = Owner::connect_if_there(client).await? {
        owner.leave().await?;
        owner.close().await;
    }
    client.vault.write(given_up::set_done)
}

fn prepare(tx: &Tx<'_>) -> Result<(), ClientError> {
    let me = me::me(tx)?.ok_or(ClientError::JoinUnfinished)?;
    given_up::begin(tx, &sign_tombstone(&me::identity(tx)?, &me.record.body))
}

/// The tombstone stands already, or follows the record that stands, or is forgotten: another key has the name.
async fn bring_to_stand(client: &Client) -> Result<(), ClientError> {
    let Some(given_up) = client.vault.read(given_up::get)? else { return Ok(()) };
    if given_up.stands_at.is_some() {
        return Ok(());
    }
    let me = client.vault.me()?;
    let mine = client.vault.read(me::identity)?;
    let mut rng = Dice(&*client.options.world);
    // Under my own key the question would be my first record, and an answer in itself.
    let asks = IdentitySecret::generate(&mut rng);
    let successor = Successor {
        kind: AnswerKind::Tombstone,
        record: &given_up.record,
        asks: &asks,
        authority: &mine,
        // Nobody knows what these are hashes of: they make no mailbox.
        vouchers: std::array::from_fn(|_| VoucherHash(rng.bytes())),
    };
    match challenge::bring_to_stand(&client.options, &me, &successor).await? {
        Some(Stands { nonce, leaf_index }) => {
            client.fail_at(FailPoint::TombstoneNotNoted)?;
            client.vault.write(|tx| given_up::stands(tx, &given_up, &nonce, leaf_index))
        }
        None => {
            client.vault.write(given_up::call_off)?;
            let other = other_key(&client.options, &me).await?;
            Err(other.unwrap_or(ClientError::NameChanged { name: me.name.to_string() }))
        }
    }
}
