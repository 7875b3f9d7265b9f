//! The client of the measured relay: `proto`'s machine, with deposits made beforehand.

use crate::Failure;
use crate::machine::{Happened, Machine};
use bytes::Bytes;
use proto::{ClientConnection, ClientEvent, DeliveryTicket, NotSent, Now};
use std::collections::VecDeque;
use wire::limits::{CREDIT_MAX, OUTSTANDING_MAX};
use wire::request::{Collect, Deposit};
use wire::{Cursor, Request, Response, Slot};

/// One end of a connection to the relay.
pub struct Client {
    machine: ClientConnection,
    deposits: VecDeque<Deposit>,
    slot: Option<Slot>,
    delivered: usize,
    last: Option<DeliveryTicket>,
    acks: VecDeque<usize>,
}

impl Client {
    /// On a connection that is ready, with the deposits to be made on it.
    pub fn sender(machine: ClientConnection, deposits: VecDeque<Deposit>) -> Client {
        Client { machine, deposits, slot: None, delivered: 0, last: None, acks: VecDeque::new() }
    }

    /// On a connection on which a mailbox is open.
    pub fn owner(machine: ClientConnection, slot: Slot) -> Client {
        Client { slot: Some(slot), ..Client::sender(machine, VecDeque::new()) }
    }

    fn answered(&mut self, response: Response) -> Result<Happened, Failure> {
        Ok(match response {
            Response::Stored => Happened::Stored,
            Response::Acked => Happened::Acked(self.acks.pop_front().ok_or("acked unasked")?),
            Response::Collecting | Response::Pong => Happened::Other,
            other => return Err(format!("not expected: {other:?}").into()),
        })
    }
}

impl Machine for Client {
    fn deposit(&mut self, now: Now) -> Result<bool, Failure> {
        if self.machine.outstanding() >= OUTSTANDING_MAX {
            return Ok(false);
        }
        let Some(deposit) = self.deposits.pop_front() else { return Ok(false) };
        self.machine.request(now, deposit)?;
        Ok(true)
    }

    fn collect(&mut self, now: Now, follow: bool) -> Result<(), Failure> {
        let slot = self.slot.ok_or("no mailbox is open")?;
        self.machine.request(now, Collect { slot, after: Cursor(0), credit: CREDIT_MAX, follow })?;
        Ok(())
    }

    fn ack(&mut self, now: Now) -> Result<(), Failure> {
        if self.machine.outstanding() >= OUTSTANDING_MAX {
            return Ok(());
        }
        let Some(ticket) = self.last.take() else { return Ok(()) };
        self.machine.ack(now, ticket)?;
        self.acks.push_back(self.delivered);
        Ok(())
    }

    fn ping(&mut self, now: Now) -> Result<(), Failure> {
        self.machine.request(now, Request::Ping).map(drop).map_err(|error: NotSent| error.into())
    }

    fn input(&mut self, now: Now, bytes: &[u8]) {
        self.machine.handle_input(now, bytes);
    }

    fn output(&mut self) -> Option<Bytes> {
        self.machine.poll_output()
    }

    fn happened(&mut self) -> Result<Option<Happened>, Failure> {
        let Some(event) = self.machine.poll_event() else { return Ok(None) };
        Ok(Some(match event {
            ClientEvent::Answered { response, .. } => self.answered(response)?,
            ClientEvent::Deliver { ticket, .. } => {
                self.delivered += 1;
                self.last = Some(ticket);
                Happened::Delivered
            }
            ClientEvent::Drained { .. } => Happened::Drained,
            ClientEvent::Ready { .. } => Happened::Other,
            other => return Err(format!("not expected: {other:?}").into()),
        }))
    }
}
