//! Renewing: this vault becomes the one that counts, with fresh keys everywhere (DESIGN § 9.10).
//!
//! After a restore, and when a person decides between two copies: a new Olm account and bundle, a new generation
//! of stamps, and every conversation begun anew. All of it is one transaction; what then has to leave does so
//! like everything else, with this command or a later one.

use e2ee::{Account, Mint};
use wire::{ConnectionKind, Generation, PrekeyBundle, request::MailboxPolicy, response::Opened};

use super::{
    directory::LookingUp,
    give_up,
    join::{make_generation_known, open_mailbox},
    pull::{collect_alone, round},
    recover, run,
    upkeep::renew_bundle,
};
use crate::{
    Client, ClientError, Renewed,
    transport::{Line, Pin},
    vault::{
        Tx,
        contact::{self, Standing},
        mailbox,
        me::{self, Copy, Me},
    },
    world::Dice,
};

/// See [`Client::renew`].
pub(crate) fn renew(client: &Client) -> Result<Renewed, ClientError> {
    give_up::check(&client.vault)?;
    let _alone = collect_alone(client)?;
    client.vault.write(|tx| {
        // What other copies collected is known to be gone, and will be asked for.
        mailbox::forget_through(tx)?;
        me::set_copy(tx, Copy::Restored)
    })?;
    run(round(client))?;
    let contacts = client.vault.read(|tx| contact::list(tx, Standing::Contact))?;
    Ok(Renewed { contacts: u32::try_from(contacts.len()).unwrap_or(u32::MAX) })
}

/// Renews a restored vault. What waited on the relay was collected before, and opened as far as it could be.
pub(crate) async fn finish_restored(client: &Client) -> Result<(), ClientError> {
    let me = client.vault.me()?;
    if client.vault.read(me::copy)? != Copy::Restored {
        return Ok(());
    }
    let (line, opened) = open_inbox(client, &me).await?;
    line.close().await;
    let live = opened.generations;
    let published = own_bundle(client, &me).await?;
    client.vault.erase(|tx| renew_all(tx, &live, published.as_ref()))?;
    // Stamps of the new generation leave with what is sent next.
    let (mut line, opened) = open_inbox(client, &me).await?;
    make_generation_known(&client.vault, &mut line, &opened).await?;
    line.close().await;
    Ok(())
}

fn renew_all(tx: &Tx<'_>, live: &[Generation], published: Option<&PrekeyBundle>) -> Result<(), ClientError> {
    let today = client_core::schedule::day_of(tx.now());
    me::set_account(tx, &Account::generate(&mut tx.rng(), today))?;
    let mint = generation_above(mailbox::mint(tx)?, live, &mut tx.rng())?;
    mailbox::set_mint(tx, &mint, true)?;
    me::raise_bundle_counter(tx, published.map_or(0, |bundle| bundle.body.counter))?;
    renew_bundle(tx)?;
    for person in contact::list(tx, Standing::Contact)? {
        match recover::may_be_written_to(&person) {
            true => recover::begin_anew(tx, person.id)?,
            false => {
                let bare = contact::conversation(tx, person.id)?.without_secrets();
                contact::set_conversation(tx, person.id, &bare)?;
            }
        }
    }
    me::set_copy(tx, Copy::Renewed)
}

/// The next generation of stamps above every live one. A relay that claims the last there is gets no further one.
fn generation_above(mint: Mint, live: &[Generation], rng: &mut Dice<'_>) -> Result<Mint, ClientError> {
    let highest = live.iter().copied().fold(mint.generation(), Generation::max);
    let mut next = mint;
    while next.generation() <= highest {
        let before = next.generation();
        next = next.next_generation(rng);
        if next.generation() <= before {
            return Err(ClientError::Unexpected { place: "the last generation of stamps" });
        }
    }
    Ok(next)
}

async fn open_inbox(client: &Client, me: &Me) -> Result<(Line, Opened), ClientError> {
    let pin = Pin::Full(me.server_id);
    let mut line = Line::connect(&client.options, &me.at, pin, ConnectionKind::Owner).await?;
    let opened = open_mailbox(&client.vault, &mut line, MailboxPolicy::Inbox).await?;
    client.vault.write(|tx| mailbox::note_expired(tx, MailboxPolicy::Inbox, opened.expired))?;
    Ok((line, opened))
}

/// The bundle that stands under my name, whichever copy published it. Another identity under my name is an
/// identity error: the backup is of before a change of my key.
async fn own_bundle(client: &Client, me: &Me) -> Result<Option<PrekeyBundle>, ClientError> {
    let mut looking = LookingUp::of(&client.options, &me.at, Pin::Full(me.server_id), &me.name).await?;
    let found = looking.own_record(&me.fingerprint).await?;
    if found.fingerprint != me.fingerprint {
        return Err(ClientError::SupersededKey { name: me.name.to_string() });
    }
    let bundle = match looking.bundle(&found).await {
        Ok(verified) => Some(verified.bundle().clone()),
        Err(ClientError::NoBundle { .. }) => None,
        Err(error) => return Err(error),
    };
    looking.close().await;
    Ok(bundle)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::RealWorld;
    use wire::DepositId;

    #[test]
    fn a_renewed_vault_goes_above_every_generation_and_a_lying_relay_ends_in_an_error() {
        let mut rng = Dice(&RealWorld);
        let mint = || Mint::generate(DepositId([1; 16]), &mut Dice(&RealWorld));
        assert_eq!(generation_above(mint(), &[], &mut rng).unwrap().generation(), Generation(2));
        let live = [Generation(3), Generation(9)];
        assert_eq!(generation_above(mint(), &live, &mut rng).unwrap().generation(), Generation(10));
        assert!(generation_above(mint(), &[Generation(255)], &mut rng).is_err());
    }
}
