//! What a connection is for: fixed by its first request, never mixed (`spec/connection.md § Kinds`).

use wire::{ConnectionKind, DepositId, Name, Request};

/// What one connection turned out to be for.
///
/// An anonymous connection serves one name, one mailbox or the ledger: two on one connection would be linked for
/// whoever keeps the relay.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    Undecided,
    Owner,
    Registry,
    Pairing,
    Anonymous,
    LookUps(Name),
    Deposits(DepositId),
    Ledger,
}

impl Purpose {
    /// What a client's connection is for before its first request.
    pub(crate) fn of_kind(kind: ConnectionKind) -> Purpose {
        match kind {
            ConnectionKind::Owner => Purpose::Owner,
            ConnectionKind::Registry => Purpose::Registry,
            ConnectionKind::Pairing => Purpose::Pairing,
            ConnectionKind::Anonymous => Purpose::Anonymous,
        }
    }

    /// Takes a request in, or says that it belongs elsewhere.
    pub(crate) fn admit(&mut self, request: &Request) -> Result<(), OutOfPlace> {
        let Some(wanted) = Purpose::needed_by(request) else { return Ok(()) };
        match (&*self, &wanted) {
            (Purpose::Undecided, _) => *self = wanted,
            (Purpose::Anonymous, Purpose::LookUps(_) | Purpose::Deposits(_) | Purpose::Ledger) => {
                *self = wanted
            }
            (present, wanted) if present == wanted => {}
            _ => return Err(OutOfPlace),
        }
        Ok(())
    }

    fn needed_by(request: &Request) -> Option<Purpose> {
        Some(match request {
            Request::Lookup(lookup) => Purpose::LookUps(lookup.name.clone()),
            Request::Fetch(fetch) => Purpose::LookUps(fetch.name.clone()),
            Request::Deposit(deposit) => Purpose::Deposits(deposit.sid),
            Request::Feed(_) => Purpose::Ledger,
            other => Purpose::of_kind(other.connection_kind()?),
        })
    }
}

/// The request belongs to another connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct OutOfPlace;
