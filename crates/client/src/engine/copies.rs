//! Two copies of one identity, or a vault that went back in time: noticed and said, never fought out in silence.
//!
//! A relay numbers the envelopes of a mailbox without a gap, a generation of stamps is made once, and a bundle's
//! counter only rises: what somebody else did with my keys leaves a trace in each (`spec/vault.md § Copies`).

use wire::{Cursor, Generation, request::MailboxPolicy};

use super::open::Outcome;
use crate::{
    Client, ClientError,
    vault::{
        Tx, mailbox,
        me::{self, Copy},
        recovery::{self, Noticed},
    },
};

/// Refuses to go on while this vault is perhaps not the newest copy of its identity.
pub(crate) fn check(client: &Client) -> Result<(), ClientError> {
    match client.vault.read(me::copy)? {
        Copy::PerhapsOld => Err(ClientError::OtherCopy),
        Copy::Counts | Copy::Restored | Copy::Renewed => Ok(()),
    }
}

/// A generation above all of mine was made by another copy.
pub(crate) fn check_generations(client: &Client, live: &[Generation]) -> Result<(), ClientError> {
    let (mine, copy) = client.vault.read(|tx| Ok((mailbox::mint(tx)?.generation(), me::copy(tx)?)))?;
    match live.iter().any(|generation| *generation > mine) && copy != Copy::Restored {
        true => Err(suspect(client)?),
        false => Ok(()),
    }
}

/// From now on nothing leaves this vault until the person has decided.
pub(crate) fn suspect(client: &Client) -> Result<ClientError, ClientError> {
    client.vault.write(|tx| me::set_copy(tx, Copy::PerhapsOld))?;
    Ok(ClientError::OtherCopy)
}

/// Follows the cursors of a mailbox: a hole that expiry does not explain was collected by somebody else; a new
/// envelope at a place that this vault acknowledged means that the relay went back.
pub(crate) fn follow_cursor(
    tx: &Tx<'_>,
    policy: MailboxPolicy,
    cursor: Cursor,
    outcome: Outcome,
) -> Result<(), ClientError> {
    let (through, expired) = mailbox::through(tx, policy)?;
    match through {
        Some(through) if cursor.0 <= through && outcome == Outcome::Repeat => return Ok(()),
        Some(through) if cursor.0 <= through => {
            recovery::notice(tx, Noticed::RelayWentBack, None, 1)?;
            me::set_unpublished(tx)?;
        }
        Some(through) => {
            let hole = (cursor.0 - through - 1).saturating_sub(expired);
            if hole > 0 {
                recovery::notice(tx, Noticed::CollectedElsewhere, None, hole)?;
            }
        }
        None => {}
    }
    mailbox::set_through(tx, policy, cursor.0)
}
