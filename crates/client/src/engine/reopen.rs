//! A new mailbox in place of one that the relay has no more (`spec/vault.md § A mailbox that is gone`).
//!
//! A relay closes what nobody opens for ninety days, and one that was restored may never have heard of a mailbox that is
//! younger than its backup. Its owner has a right to another one for each voucher that she kept.

use wire::{RefusalKind, request::MailboxPolicy, response::Opened};

use super::{
    fail_at,
    join::{create, open_mailbox},
};
use crate::{
    Client, ClientError, FailPoint,
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
    match open_mailbox(&client.vault, line, policy).await {
        Err(gone @ ClientError::Refused { kind: RefusalKind::NoSuchMailbox, .. }) => {
            make_anew(client, policy, gone).await?;
            open_mailbox(&client.vault, line, policy).await
        }
        opened => opened,
    }
}

/// Opens a mailbox of mine if the relay still has it.
pub(crate) async fn open_if_there(
    client: &Client,
    line: &mut Line,
    policy: MailboxPolicy,
) -> Result<Option<Opened>, ClientError> {
    match open_mailbox(&client.vault, line, policy).await {
        Err(ClientError::Refused { kind: RefusalKind::NoSuchMailbox, .. }) => Ok(None),
        opened => opened.map(Some),
    }
}

/// Has another mailbox made. The old one is kept until then: a relay that knows none of my vouchers has forgotten more than a
/// mailbox, and may remember it once its operator has restored a later backup.
async fn make_anew(client: &Client, policy: MailboxPolicy, gone: ClientError) -> Result<(), ClientError> {
    let vouchers = client.vault.read(|tx| mailbox::count_vouchers(tx, policy))?;
    if vouchers == 0 {
        return Err(ClientError::NoVoucher);
    }
    for _ in 0..vouchers {
        let drawn = client.vault.write(|tx| mailbox::draw(tx, policy))?;
        let sid = match create(&client.vault, &client.options, policy, &drawn).await {
            Err(ClientError::Refused { kind: RefusalKind::Voucher, .. }) => {
                client.vault.write(|tx| mailbox::put_back(tx, policy))?;
                continue;
            }
            sid => sid?,
        };
        fail_at(client.options.fail_point, FailPoint::CreatedNotNoted)?;
        // From now on nothing leaves until every conversation was begun anew, since each names the old one.
        return client.vault.erase(|tx| {
            mailbox::move_in(tx, policy, &sid)?;
            recovery::notice(tx, Noticed::MailboxGone, None, 1)?;
            me::set_copy(tx, Copy::Restored)
        });
    }
    Err(gone)
}
