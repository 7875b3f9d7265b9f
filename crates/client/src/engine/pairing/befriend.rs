//! From a card to a contact.

use e2ee::pairing::Card;
use wire::{Address, Pins, ShortFingerprint};

use super::super::{
    contacts::{free_label, insert, refuse_taken_alias, unblock},
    directory::{Found, follow, look_up},
};
use super::expect;
use crate::{
    Client, ClientError, Trust,
    transport::Pin,
    vault::{
        Tx, contact,
        pairing::{self, Outcome, PairingRow},
    },
};

/// Makes the other one a contact, verified, as far as the directory shows the identity that the card names.
pub(super) async fn befriend(client: &Client, row: &PairingRow, card: &Card) -> Result<(), ClientError> {
    let me = client.vault.me()?;
    let pins = Pins {
        server: ShortFingerprint::from_full(&card.server_id.0),
        identity: ShortFingerprint::from_full(&card.identity.0),
    };
    let address = Address { name: card.name.clone(), at: card.at.clone(), pins: Some(pins) };
    let other = || client.vault.erase(|tx| pairing::end(tx, row.id, Outcome::OtherIdentity));
    let found = match look_up(client, &address, Pin::Full(card.server_id)).await {
        Ok(found) => found,
        Err(error) if error.is_temporary() || matches!(error.exit_code(), 1 | 7) => return Err(error),
        // A log that cannot be trusted now may be healed while the pairing waits.
        Err(error @ (ClientError::LogTrouble { .. } | ClientError::NotInLog { .. })) => return Err(error),
        // Nobody of that name, another key, a server that is not that server.
        Err(_) => return other(),
    };
    if found.fingerprint == me.fingerprint || !found.has_had(|identity| *identity == card.identity) {
        return other();
    }
    if let Some(known) = client.vault.read(|tx| contact::by_name(tx, &card.name, &card.server_id))?
        && let Err(error) = follow(client, &known, &found)
    {
        // A key that the known one did not sign is a person's to judge, by `verify`.
        return if matches!(error, ClientError::KeyChanged { .. }) { other() } else { Err(error) };
    }
    let trust = if found.fingerprint == card.identity { Trust::Verified } else { Trust::VerifiedBefore };
    let made = client.vault.erase(|tx| {
        // Another process may have called it off meanwhile.
        expect(tx, row.id)?;
        // Who pairs with somebody wants to hear him.
        if let Some(known) = contact::by_fingerprint(tx, &found.fingerprint)?.filter(|known| known.blocked) {
            unblock(tx, known.id)?;
        }
        let alias = alias_for(tx, row, card, &found)?;
        let id = insert(client, tx, &address, &alias, &found)?;
        // Whom a person verified under a later key than the card's stays verified.
        if trust == Trust::Verified || contact::by_id(tx, id)?.trust != Trust::Verified {
            contact::set_trust(tx, id, trust)?;
        }
        pairing::set(tx, row.id, "contact", id)
    });
    match made {
        Err(ClientError::KeyChanged { .. }) => other(),
        made => made,
    }
}

/// The name that was wished for, or the registered one; whoever has it meanwhile keeps it.
fn alias_for(tx: &Tx<'_>, row: &PairingRow, card: &Card, found: &Found) -> Result<String, ClientError> {
    let known = contact::by_fingerprint(tx, &found.fingerprint)?;
    let but = known.as_ref().map(|person| person.id);
    let registered = card.name.to_string();
    let free = |alias: &&str| refuse_taken_alias(tx, alias, but).is_ok();
    let mine = known.as_ref().filter(|person| person.label.as_deref() == Some(&registered));
    match row.alias.as_deref().filter(free).or(mine.map(|_| registered.as_str()).filter(free)) {
        Some(alias) => Ok(alias.to_owned()),
        None => free_label(tx, &card.name),
    }
}
