//! What a client does for itself after a drain: prekeys, stamps, and the erasure of what is old.

use std::time::{Duration, Instant};

use client_core::schedule::{BUNDLE_RENEW_DAYS, day_of};
use wire::{UnixSeconds, request::MailboxPolicy};

use super::{identity, join};
use crate::{
    Client, ClientError,
    vault::{Tx, clock, contact, former, inbox, mailbox, me, record_update, recovery, said},
};

/// What does not open is kept this long: after it no key for it exists.
const SET_ASIDE_S: u64 = 92 * 86_400;
/// A first message that nobody answered is sealed once more after this long (DESIGN § 9.3).
const ONCE_MORE_S: u64 = 14 * 86_400;

/// Signs a new bundle over the present prekeys; it waits in the vault until it is published.
pub(crate) fn renew_bundle(tx: &Tx<'_>) -> Result<(), ClientError> {
    let row = me::me(tx)?.ok_or(ClientError::JoinUnfinished)?;
    let doorstep = mailbox::sid(tx, MailboxPolicy::Doorstep)?;
    let today = day_of(tx.now());
    let bundle = me::account(tx)?.bundle(&me::identity(tx)?, row.bundle_counter + 1, today, doorstep);
    me::set_bundle(tx, &bundle)
}

/// Rotates what is due, and publishes what is not published. To be called after a drain only: an envelope
/// that waits on the relay may need the older prekey.
pub(crate) async fn prekeys(client: &Client) -> Result<(), ClientError> {
    match identity::finish_pending(client).await {
        // A server takes so many changes of one name a day. Messages come meanwhile, and nothing is published before it.
        Err(ClientError::Busy { .. }) => return Ok(()),
        finished => finished?,
    }
    client.vault.erase(rotate_due)?;
    let me = client.vault.me()?;
    match me.bundle_published {
        true => Ok(()),
        false => join::publish(&client.vault, &client.options).await,
    }
}

fn rotate_due(tx: &Tx<'_>) -> Result<(), ClientError> {
    let row = me::me(tx)?.ok_or(ClientError::JoinUnfinished)?;
    let today = day_of(tx.now());
    let noted = me::account(tx)?;
    let mut account = noted.put_right(today);
    let (prekey, fallback) = (account.prekey_due(today), account.fallback_due(today));
    if prekey {
        account = account.rotate_prekey(&mut tx.rng(), today);
    }
    if fallback {
        account = account.rotate_fallback(today);
    }
    let ends = row.bundle.as_ref().map_or(0, |bundle| bundle.body.not_after.0);
    // Every sender refuses it: it was signed under a clock that was ahead.
    let ahead = row.bundle.as_ref().is_some_and(|bundle| bundle.body.day > today);
    if prekey || fallback || noted.is_ahead(today) {
        me::set_account(tx, &account)?;
    }
    match prekey || fallback || ahead || ends.saturating_sub(today.0) < BUNDLE_RENEW_DAYS {
        true => renew_bundle(tx),
        false => Ok(()),
    }
}

/// How often whoever goes on running looks for words whose time is over, connected or not.
const SWEEP: Duration = Duration::from_secs(5);

/// When whoever goes on running swept last.
pub(crate) struct Sweeps(Instant);

impl Sweeps {
    /// From now on.
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    /// Sweeps, if it is time.
    pub(crate) fn go_on(&mut self, client: &Client) -> Result<(), ClientError> {
        if self.0.elapsed() < SWEEP {
            return Ok(());
        }
        self.0 = Instant::now();
        sweep(client)
    }
}

/// Puts right what a clock that was ahead has noted, erases words whose time is over, and once a day everything else that
/// has outlived its time.
pub(crate) fn sweep(client: &Client) -> Result<(), ClientError> {
    if client.vault.read(said::is_any_over)? {
        client.vault.erase(said::erase_over)?;
    }
    let now = client.now();
    let today = day_of(now);
    if client.vault.read(|tx| clock::look(tx, now))? {
        client.vault.write(|tx| clock::see(tx, now))?;
        former::let_go(client.vault.profile(), now)?;
    }
    // Another day than today's, be it one that has not come yet.
    if client.vault.me()?.swept_day == today.0 {
        return Ok(());
    }
    client.vault.erase(|tx| {
        let account = me::account(tx)?.put_right(today).swept(today);
        me::set_account(tx, &account)?;
        for standing in [contact::Standing::Contact, contact::Standing::Request, contact::Standing::Removed] {
            for person in contact::list(tx, standing)? {
                let state = contact::conversation(tx, person.id)?.put_right(now).swept(&account, now);
                contact::set_conversation(tx, person.id, &state)?;
            }
        }
        said::forget_edits(tx)?;
        record_update::forget_old(tx)?;
        inbox::forget_envelopes(tx, today)?;
        inbox::forget_set_aside(tx, UnixSeconds(now.0.saturating_sub(SET_ASIDE_S)))?;
        super::files::sweep(tx, now)?;
        recovery::forget_envelopes_sent(tx)?;
        recovery::first_messages_once_more(tx, UnixSeconds(now.0.saturating_sub(ONCE_MORE_S)))?;
        tx.execute("UPDATE me SET swept_day = ?1", [today.0])?;
        Ok(())
    })
}

/// A new generation of stamps when three quarters of the present one are handed out.
pub(crate) fn mint_successor(client: &Client) -> Result<(), ClientError> {
    client.vault.erase(|tx| {
        let mint = mailbox::mint(tx)?;
        match mint.wants_successor() && mailbox::get(tx, MailboxPolicy::Inbox)?.generated {
            true => mailbox::set_mint(tx, &mint.next_generation(&mut tx.rng()), true),
            false => Ok(()),
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crypto::OwnerSecret;
    use e2ee::{Mint, authorise};
    use wire::{DepositId, Envelope, Generation, OwnerId, Voucher, limits::STAMPS_PER_GENERATION};

    use super::*;
    use crate::{Options, Profile, Protector, vault::Vault};

    const SID: DepositId = DepositId([5; 16]);

    /// A vault with an inbox whose stamps the relay knows, and nothing else.
    fn client(home: &std::path::Path) -> Client {
        let options = Options::default();
        let profile = Profile::named(Some(home), "default").unwrap();
        let vault = Vault::create(&profile, &Protector::KeyFile, &options.world).unwrap();
        vault
            .write(|tx| {
                let owner = OwnerSecret::generate(&mut tx.rng());
                mailbox::insert(tx, MailboxPolicy::Inbox, &OwnerId([1; 16]), &owner, &Voucher([2; 16]))?;
                mailbox::set_mint(tx, &Mint::generate(SID, &mut tx.rng()), true)?;
                mailbox::set_generated(tx)
            })
            .unwrap();
        Client { vault, options }
    }

    fn hand_out(client: &Client, count: u32) -> Vec<wire::Stamp> {
        client
            .vault
            .write(|tx| {
                let (mint, stamps) = mailbox::mint(tx)?.mint(count as usize);
                mailbox::set_mint(tx, &mint, false)?;
                Ok(stamps)
            })
            .unwrap()
    }

    fn generation(client: &Client) -> Generation {
        client.vault.read(mailbox::mint).unwrap().generation()
    }

    #[test]
    fn the_next_generation_begins_when_three_quarters_are_handed_out_and_the_one_before_still_holds() {
        let home = tempfile::tempdir().unwrap();
        let client = client(home.path());
        let early = hand_out(&client, 1);
        hand_out(&client, STAMPS_PER_GENERATION / 4 * 3 - 2);
        mint_successor(&client).unwrap();
        assert_eq!(generation(&client), Generation(1), "one stamp too early");
        hand_out(&client, 1);
        mint_successor(&client).unwrap();
        assert_eq!(generation(&client), Generation(2));
        mint_successor(&client).unwrap();
        assert_eq!(generation(&client), Generation(2), "one at a time");
        let late = hand_out(&client, 1);
        let envelope = Envelope::new(vec![7; 4096].into()).unwrap();
        for stamp in early.iter().chain(&late) {
            let auth = authorise(stamp, &SID, &envelope);
            let index = client.vault.read(|tx| mailbox::verify(tx, &auth, &envelope)).unwrap();
            assert_eq!(index, Some(stamp.index), "{:?}", stamp.generation);
        }
    }

    #[test]
    fn no_generation_begins_before_the_relay_knows_the_last() {
        let home = tempfile::tempdir().unwrap();
        let client = client(home.path());
        for expected in [2, 2, 2] {
            hand_out(&client, STAMPS_PER_GENERATION);
            mint_successor(&client).unwrap();
            assert_eq!(generation(&client), Generation(expected));
        }
        client.vault.write(mailbox::set_generated).unwrap();
        mint_successor(&client).unwrap();
        assert_eq!(generation(&client), Generation(3));
    }
}
