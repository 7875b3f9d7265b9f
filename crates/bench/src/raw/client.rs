//! The client of the raw relay.

use super::frame::{self, Kind};
use crate::Failure;
use crate::envelopes::Envelopes;
use crate::machine::{Happened, Machine};
use bytes::{Bytes, BytesMut};
use proto::Now;
use std::collections::VecDeque;
use std::rc::Rc;
use wire::limits::OUTSTANDING_MAX;

/// One end of a connection to the raw relay.
pub struct Client {
    envelopes: Rc<Envelopes>,
    /// Deposits still to be made, and made without an answer.
    left: usize,
    unanswered: usize,
    deposited: u64,
    delivered: u64,
    /// Envelopes that each unanswered ack lets go, counted from the start.
    acks: VecDeque<usize>,
    received: usize,
    acked: usize,
    input: BytesMut,
    output: BytesMut,
}

impl Client {
    /// For a sender with so many deposits to make into this mailbox.
    pub fn sender(mailbox: u64, deposits: usize, envelopes: Rc<Envelopes>) -> Client {
        Client::new(Kind::Sender, mailbox, deposits, envelopes)
    }

    /// For the owner of this mailbox.
    pub fn owner(mailbox: u64, envelopes: Rc<Envelopes>) -> Client {
        Client::new(Kind::Owner, mailbox, 0, envelopes)
    }

    fn new(kind: Kind, mailbox: u64, left: usize, envelopes: Rc<Envelopes>) -> Client {
        let mut output = BytesMut::new();
        frame::put(&mut output, kind, mailbox, &[]);
        Client {
            envelopes,
            left,
            unanswered: 0,
            deposited: 0,
            delivered: 0,
            acks: VecDeque::new(),
            received: 0,
            acked: 0,
            input: BytesMut::new(),
            output,
        }
    }
}

impl Machine for Client {
    fn deposit(&mut self, _now: Now) -> Result<bool, Failure> {
        if self.left == 0 || self.unanswered >= OUTSTANDING_MAX {
            return Ok(false);
        }
        let envelope = self.envelopes.nth(self.left)?;
        frame::put(&mut self.output, Kind::Deposit, self.deposited, envelope.as_bytes());
        self.left -= 1;
        self.unanswered += 1;
        self.deposited += 1;
        Ok(true)
    }

    fn collect(&mut self, _now: Now, follow: bool) -> Result<(), Failure> {
        frame::put(&mut self.output, Kind::Collect, u64::from(follow), &[]);
        Ok(())
    }

    fn ack(&mut self, _now: Now) -> Result<(), Failure> {
        if self.received > self.acked && self.acks.len() < OUTSTANDING_MAX {
            frame::put(&mut self.output, Kind::Ack, self.delivered, &[]);
            self.acks.push_back(self.received);
            self.acked = self.received;
        }
        Ok(())
    }

    fn ping(&mut self, _now: Now) -> Result<(), Failure> {
        Ok(())
    }

    fn input(&mut self, _now: Now, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    fn output(&mut self) -> Option<Bytes> {
        (!self.output.is_empty()).then(|| self.output.split().freeze())
    }

    fn happened(&mut self) -> Result<Option<Happened>, Failure> {
        let Some(frame) = frame::take(&mut self.input)? else { return Ok(None) };
        Ok(Some(match frame.kind {
            Kind::Stored => {
                self.unanswered -= 1;
                Happened::Stored
            }
            Kind::Deliver => {
                self.delivered = frame.number;
                self.received += 1;
                Happened::Delivered
            }
            Kind::Acked => Happened::Acked(self.acks.pop_front().ok_or("acked unasked")?),
            Kind::Drained => Happened::Drained,
            other => return Err(format!("the raw relay sent {other:?}").into()),
        }))
    }
}
