//! Which answers fit a request, and what they change here.

use wire::limits::SLOTS_MAX;
use wire::request::Collect;
use wire::{Name, Request, Response, Slot};

use super::deliveries::OpenMailbox;
use super::{ClientConnection, NotSent};
use crate::Now;
use crate::event::CloseReason;

/// A request whose answer has not come.
pub(super) struct Awaited {
    since: Now,
    what: What,
}

/// As much of a request as its answer is judged by.
enum What {
    KeepAlive,
    Ping,
    Claim,
    Answer,
    Publish,
    Lookup { name: Name, seq: Option<u32> },
    Fetch,
    Feed { log_number: u32, from: u64 },
    Deposit,
    Begin,
    Meet,
    Reply,
    Settle,
    Await,
    Create,
    Open,
    Collect(Collect),
    Ack,
    Generate,
    Retire,
    CrossOff,
}

impl Awaited {
    pub(super) fn new(request: &Request, since: Now, keep_alive: bool) -> Self {
        let what = match request {
            Request::Ping if keep_alive => What::KeepAlive,
            Request::Ping => What::Ping,
            Request::Claim(_) => What::Claim,
            Request::Answer(_) => What::Answer,
            Request::Publish(_) => What::Publish,
            Request::Lookup(lookup) => What::Lookup { name: lookup.name.clone(), seq: lookup.seq },
            Request::Fetch(_) => What::Fetch,
            Request::Feed(feed) => What::Feed { log_number: feed.log_number, from: feed.from },
            Request::Deposit(_) => What::Deposit,
            Request::Begin(_) => What::Begin,
            Request::Meet(_) => What::Meet,
            Request::Reply(_) => What::Reply,
            Request::Settle(_) => What::Settle,
            Request::Await(_) => What::Await,
            Request::Create(_) => What::Create,
            Request::Open(_) => What::Open,
            Request::Collect(collect) => What::Collect(collect.clone()),
            Request::Ack(_) => What::Ack,
            Request::Generate(_) => What::Generate,
            Request::Retire(_) => What::Retire,
            Request::CrossOff(_) => What::CrossOff,
        };
        Awaited { since, what }
    }

    pub(super) fn since(&self) -> Now {
        self.since
    }

    pub(super) fn is_keep_alive(&self) -> bool {
        matches!(self.what, What::KeepAlive)
    }

    /// Whether the answer is one that this request can have. A refusal fits everything but a `PING`.
    pub(super) fn fits(&self, response: &Response) -> bool {
        match (&self.what, response) {
            (What::KeepAlive | What::Ping, Response::Pong) => true,
            (What::KeepAlive | What::Ping, _) => false,
            (_, Response::Refused(_)) => true,
            (What::Claim, Response::Registered(_) | Response::Challenge(_)) => true,
            (What::Answer, Response::Replaced(_)) => true,
            (What::Publish, Response::Published) => true,
            (What::Lookup { name, seq }, Response::Record(answer)) => {
                let body = &answer.record.body;
                body.name == *name && seq.is_none_or(|seq| seq == body.seq)
            }
            (What::Fetch, Response::Bundle(_)) => true,
            // Under the number asked for the leaves go on where the asker's end; under a higher one at most there.
            (What::Feed { log_number, from }, Response::Leaves(leaves)) => {
                let (head, count) = (&leaves.tree_head, leaves.leaves.len() as u64);
                let is_within = leaves.first.checked_add(count).is_some_and(|end| end <= head.size);
                let goes_on = leaves.first == *from || head.size < *from || head.log_number != *log_number;
                is_within && goes_on && leaves.first <= *from
            }
            (What::Deposit, Response::Stored) => true,
            (What::Begin, Response::Begun(_)) => true,
            (What::Meet, Response::Met(_)) => true,
            (What::Reply, Response::Replied) => true,
            (What::Settle, Response::Settled) => true,
            (What::Await, Response::Awaited(_)) => true,
            (What::Create, Response::Created(_)) => true,
            (What::Open, Response::Opened(_)) => true,
            (What::Collect(_), Response::Collecting) => true,
            (What::Ack, Response::Acked) => true,
            (What::Generate, Response::Generated) => true,
            (What::Retire, Response::Retired) => true,
            (What::CrossOff, Response::CrossedOff) => true,
            _ => false,
        }
    }
}

impl ClientConnection {
    /// What an answer changes: a slot is open, a collect has begun.
    pub(super) fn follow_up(&mut self, awaited: &Awaited, response: &Response) -> Result<(), CloseReason> {
        match (&awaited.what, response) {
            (What::Open, Response::Opened(opened)) => {
                let is_new = self.mailboxes.insert(opened.slot, OpenMailbox::new()).is_none();
                if is_new && self.mailboxes.len() <= SLOTS_MAX { Ok(()) } else { Err(CloseReason::OutOfTurn) }
            }
            (What::Collect(collect), Response::Collecting) => {
                // The slot may have been superseded since we asked.
                if let Some(mailbox) = self.mailboxes.get_mut(&collect.slot) {
                    mailbox.collecting(collect);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A request that names a slot names an open one.
    pub(super) fn check_slot(&self, request: &Request) -> Result<(), NotSent> {
        match slot_of(request) {
            Some(slot) if !self.mailboxes.contains_key(&slot) => Err(NotSent::OutOfPlace),
            _ => Ok(()),
        }
    }
}

fn slot_of(request: &Request) -> Option<Slot> {
    match request {
        Request::Collect(collect) => Some(collect.slot),
        Request::Ack(ack) => Some(ack.slot),
        Request::Generate(generate) => Some(generate.slot),
        Request::Retire(retire) => Some(retire.slot),
        Request::CrossOff(cross_off) => Some(cross_off.slot),
        _ => None,
    }
}
