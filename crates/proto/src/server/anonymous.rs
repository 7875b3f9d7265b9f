//! Look-ups of one name, deposits to one mailbox, or the ledger. Nothing here says who asks.

use wire::request::{Deposit, Feed, Fetch, Lookup};
use wire::response::{Leaves, Record};
use wire::{PrekeyBundle, Refusal, RefusalKind, RequestId, Response};

use super::ServerConnection;
use crate::event::ServerEvent;
use crate::ticket::{Ticket, asked};

impl ServerConnection {
    /// The directory's record of a name; `None` refuses with `NoSuchName`.
    pub fn looked_up(&mut self, ticket: Ticket<asked::Lookup>, record: Option<Record>) {
        self.complete(ticket, record.map_or_else(no_such_name, |record| Response::Record(Box::new(record))));
    }

    /// The directory's bundle of a name; `None` refuses with `NoSuchName`.
    pub fn fetched(&mut self, ticket: Ticket<asked::Fetch>, bundle: Option<PrekeyBundle>) {
        self.complete(ticket, bundle.map_or_else(no_such_name, |bundle| Response::Bundle(Box::new(bundle))));
    }

    /// Leaves of the ledger, or that none is kept.
    pub fn fed(&mut self, ticket: Ticket<asked::Feed>, leaves: Leaves) {
        self.complete(ticket, Response::Leaves(Box::new(leaves)));
    }

    /// The envelope is on stable storage (or was before): `STORED` may leave.
    pub fn deposited(&mut self, ticket: Ticket<asked::Deposit>) {
        self.complete(ticket, Response::Stored);
    }

    pub(super) fn on_lookup(&mut self, id: RequestId, lookup: Lookup) {
        let ticket = self.ticket(id, asked::Lookup(()));
        self.events.push_back(ServerEvent::Lookup { ticket, name: lookup.name, seq: lookup.seq });
    }

    pub(super) fn on_fetch(&mut self, id: RequestId, fetch: Fetch) {
        let ticket = self.ticket(id, asked::Fetch(()));
        self.events.push_back(ServerEvent::Fetch { ticket, name: fetch.name });
    }

    pub(super) fn on_feed(&mut self, id: RequestId, feed: Feed) {
        let ticket = self.ticket(id, asked::Feed(()));
        self.events.push_back(ServerEvent::Feed { ticket, feed });
    }

    pub(super) fn on_deposit(&mut self, id: RequestId, deposit: Deposit) {
        let ticket = self.ticket(id, asked::Deposit(()));
        self.events.push_back(ServerEvent::Deposit { ticket, deposit: Box::new(deposit) });
    }
}

fn no_such_name() -> Response {
    Response::Refused(Refusal { kind: RefusalKind::NoSuchName, retry_after_s: None })
}
