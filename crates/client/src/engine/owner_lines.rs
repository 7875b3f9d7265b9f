//! [`OwnerLines`]: the connections on which an owner's two mailboxes are open.
//!
//! Straight to the relay there is one: the address links the mailboxes anyway. Through a proxy there are two, since one
//! would link what nothing else does (DESIGN § 5). Their times still may (`spec/threat-model.md`).

use std::time::Duration;

use tokio::sync::Notify;
use wire::{ConnectionKind, Slot, request::MailboxPolicy, response::Opened};

use super::reopen;
use crate::{
    Client, ClientError,
    transport::{Line, Pin, Pushed},
};

pub(super) struct OwnerLines {
    /// Of the inbox, and of the doorstep where it has none of its own.
    inbox: Line,
    doorstep: Option<Line>,
    /// Which of the slots on a line that both share is the doorstep's.
    doorstep_slot: Slot,
}

impl OwnerLines {
    /// Connects, and opens the doorstep and the inbox, or what takes their place.
    pub(super) async fn connect(client: &Client) -> Result<(Self, Opened, Opened), ClientError> {
        let mut first = connect_one(client).await?;
        let doorstep = reopen::open(client, &mut first, MailboxPolicy::Doorstep).await?;
        let mut lines = Self::beside(client, first, doorstep.slot).await?;
        let inbox = reopen::open(client, &mut lines.inbox, MailboxPolicy::Inbox).await?;
        Ok((lines, doorstep, inbox))
    }

    /// The same where the relay still has both.
    pub(super) async fn connect_if_there(
        client: &Client,
    ) -> Result<Option<(Self, Opened, Opened)>, ClientError> {
        let mut first = connect_one(client).await?;
        let Some(doorstep) = reopen::open_if_there(client, &mut first, MailboxPolicy::Doorstep).await? else {
            first.close().await;
            return Ok(None);
        };
        let mut lines = Self::beside(client, first, doorstep.slot).await?;
        match reopen::open_if_there(client, &mut lines.inbox, MailboxPolicy::Inbox).await? {
            Some(inbox) => Ok(Some((lines, doorstep, inbox))),
            None => {
                lines.close().await;
                Ok(None)
            }
        }
    }

    /// The line for the inbox beside that on which the doorstep is open: the same, or another one through a proxy.
    async fn beside(client: &Client, first: Line, doorstep_slot: Slot) -> Result<Self, ClientError> {
        let (inbox, doorstep) = match client.options.proxy {
            None => (first, None),
            Some(_) => (connect_one(client).await?, Some(first)),
        };
        Ok(Self { inbox, doorstep, doorstep_slot })
    }

    /// The line on which a mailbox is open.
    pub(super) fn of(&mut self, policy: MailboxPolicy) -> &mut Line {
        match (policy, &mut self.doorstep) {
            (MailboxPolicy::Doorstep, Some(line)) => line,
            _ => &mut self.inbox,
        }
    }

    /// Waits until something pushed is here, or no longer than `wait`, or until `wake` is rung.
    pub(super) async fn await_pushed(
        &mut self,
        wait: Duration,
        wake: Option<&Notify>,
    ) -> Result<(), ClientError> {
        match &mut self.doorstep {
            Some(doorstep) => self.inbox.await_pushed_on_either(doorstep, wait, wake).await,
            None => self.inbox.await_pushed(wait, wake).await,
        }
    }

    /// The next thing pushed, of what is here already, and the mailbox that it is of.
    pub(super) fn take_pushed(&mut self) -> Option<(MailboxPolicy, Pushed)> {
        let own_line = self.doorstep.as_mut();
        let is_shared = own_line.is_none();
        match self.inbox.take_pushed() {
            Some(pushed) if is_shared && pushed.slot() == self.doorstep_slot => {
                Some((MailboxPolicy::Doorstep, pushed))
            }
            Some(pushed) => Some((MailboxPolicy::Inbox, pushed)),
            None => own_line?.take_pushed().map(|pushed| (MailboxPolicy::Doorstep, pushed)),
        }
    }

    /// Closes whatever is open.
    pub(super) async fn close(self) {
        self.inbox.close().await;
        if let Some(doorstep) = self.doorstep {
            doorstep.close().await;
        }
    }
}

async fn connect_one(client: &Client) -> Result<Line, ClientError> {
    let me = client.vault.me()?;
    Line::connect(&client.options, &me.at, Pin::Full(me.server_id), ConnectionKind::Owner).await
}
