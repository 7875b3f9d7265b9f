//! Backing an identity up, and bringing it back: the restored one renews itself (DESIGN § 9.10).

use std::path::Path;

use super::{pull::round, run};
use crate::{
    BackedUp, Client, ClientError, Options, Passphrase, Profile, Protector, Restored, Unlock,
    vault::{Vault, backup, given_up, ledger, me},
};

/// See [`Client::backup`].
pub(crate) fn backup(client: &Client, path: &Path, passphrase: &Passphrase) -> Result<BackedUp, ClientError> {
    let counts = backup::write(&client.vault, path, passphrase)?;
    Ok(BackedUp { contacts: counts.contacts, messages: counts.messages })
}

/// See [`Client::check_backup`].
pub(crate) fn check(path: &Path, passphrase: &Passphrase) -> Result<BackedUp, ClientError> {
    let whole = backup::open_whole(path, passphrase, &Options::default().world)?;
    Ok(BackedUp { contacts: whole.counts.contacts, messages: whole.counts.messages })
}

/// See [`Client::restore`].
pub(crate) fn restore(
    profile: &Profile,
    path: &Path,
    passphrase: &Passphrase,
    protect: &Protector,
    options: Options,
) -> Result<(Client, Restored), ClientError> {
    // Nothing is made before the backup is known to be whole.
    let whole = backup::open_whole(path, passphrase, &options.world)?;
    let vault = empty_vault(profile, protect, &options)?;
    let counts = backup::read_into(&vault, &whole)?;
    let client = Client { vault, options };
    client.vault.write(|tx| match me::me(tx)? {
        // A backup leaves logs out: mine is replayed with the first command.
        Some(me) => ledger::meet(tx, &me.server_id, &me.at),
        None => Ok(()),
    })?;
    // The rest of it needs the server; if that is not there now, the next command does it.
    let is_given_up = client.vault.read(given_up::is_begun)?;
    let unreachable = if is_given_up {
        // It has nobody to tell, and nothing to collect.
        None
    } else {
        let _lock = client.vault.collector_lock(client.options.timeout)?;
        match run(round(&client)) {
            Ok(_) => None,
            Err(error) if error.is_temporary() => Some(error),
            Err(error) => return Err(error),
        }
    };
    let address = client.vault.me()?.address();
    let restored = Restored { address, contacts: counts.contacts, messages: counts.messages, unreachable };
    Ok((client, restored))
}

/// A new vault, or one in which an earlier restore was interrupted before anything was committed.
fn empty_vault(profile: &Profile, protect: &Protector, options: &Options) -> Result<Vault, ClientError> {
    if !profile.exists() {
        return Vault::create(profile, protect, &options.world);
    }
    let vault = Vault::open(profile, &Unlock::from(protect), &options.world)?;
    match vault.read(me::me)? {
        Some(me) => Err(ClientError::AlreadyJoined { address: me.address().to_string() }),
        None => Ok(vault),
    }
}
