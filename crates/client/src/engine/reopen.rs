//! A new mailbox in place of one that the relay has no more (`spec/vault.md § A mailbox that is gone`).
//!
//! A relay closes what nobody opens for ninety days, and one that was restored may never have heard of a mailbox that is
//! younger than its backup. Its owner has a right to another one for each voucher that she kept.

use wire::{RefusalKind, request::MailboxPolicy, response::Opened};

use super::join::{create_mailbox, open_mailbox};
use crate::{
    Client, ClientError,
    transport::Line,
    vault::{
        mailbox,
        me::{self, Copy},
        recovery::{self, Noticed},
    },
};

/// Opens a mailbox of mine, or one that takes its place.
pub(crate) async fn open(
    client: &Client,
    line: &mut Line,
    policy: MailboxPolicy,
) -> Result<Opened, ClientError> {
    if client.vault.read(|tx| mailbox::get(tx, policy))?.sid.is_none() {
        // Drawn, and perhaps created, when something came between.
        make_anew(client, policy).await?;
    }
    match open_mailbox(&client.vault, line, policy).await {
        Err(error) if is_no_such_mailbox(&error) => {
            make_anew(client, policy).await?;
            open_mailbox(&client.vault, line, policy).await
        }
        opened => opened,
    }
}

fn is_no_such_mailbox(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused { kind: RefusalKind::NoSuchMailbox, .. })
}

/// Draws a mailbox and creates it; one that was drawn before is created as it is.
async fn make_anew(client: &Client, policy: MailboxPolicy) -> Result<(), ClientError> {
    let mut drawn = client.vault.read(|tx| mailbox::get(tx, policy))?.sid.is_none();
    loop {
        if !drawn && !draw(client, policy)? {
            return Err(ClientError::NoVoucher);
        }
        match create_mailbox(&client.vault, &client.options, policy, |_| Ok(())).await {
            // It was spent before this vault went back to an older copy of itself.
            Err(ClientError::Refused { kind: RefusalKind::Voucher, .. }) => drawn = false,
            created => return created,
        }
    }
}

/// Puts a new mailbox in the place of the old one, before the relay hears of it. From then on nothing leaves until every
/// conversation was begun anew, since each names the old one. Says whether there was a voucher for it.
fn draw(client: &Client, policy: MailboxPolicy) -> Result<bool, ClientError> {
    client.vault.erase(|tx| {
        let Some(voucher) = mailbox::take_voucher(tx)? else { return Ok(false) };
        mailbox::replace(tx, policy, &voucher)?;
        recovery::notice(tx, Noticed::MailboxGone, None, 1)?;
        me::set_copy(tx, Copy::Restored)?;
        Ok(true)
    })
}
