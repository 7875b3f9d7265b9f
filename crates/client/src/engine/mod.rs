//! What the client does: the vault on one side, the server on the other, decisions by `client-core` between.

pub(crate) mod backup;
pub(crate) mod chain;
pub(crate) mod challenge;
pub(crate) mod contacts;
pub(crate) mod copies;
pub(crate) mod deposit;
pub(crate) mod directory;
pub(crate) mod files;
pub(crate) mod flood;
pub(crate) mod give_up;
pub(crate) mod gossip;
pub(crate) mod identity;
pub(crate) mod join;
pub(crate) mod keys;
pub(crate) mod ledger;
pub(crate) mod log;
pub(crate) mod nameless;
pub(crate) mod news;
pub(crate) mod open;
pub(crate) mod owner;
mod owner_lines;
pub(crate) mod page;
pub(crate) mod pairing;
pub(crate) mod places;
pub(crate) mod pull;
pub(crate) mod record_updates;
pub(crate) mod recover;
pub(crate) mod recover_name;
pub(crate) mod renew;
pub(crate) mod reopen;
pub(crate) mod requests;
pub(crate) mod said;
pub(crate) mod seal;
pub(crate) mod send;
pub(crate) mod stay;
pub(crate) mod upkeep;
pub(crate) mod waiting;

use std::future::Future;

use wire::UnixSeconds;

use crate::{Client, ClientError, FailPoint, Progress, world::Dice};

/// Runs one piece of work that talks to a server, to its end, on this thread.
pub(crate) fn run<T>(work: impl Future<Output = Result<T, ClientError>>) -> Result<T, ClientError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|_| ClientError::Unexpected { place: "starting the event loop" })?;
    runtime.block_on(work)
}

impl Client {
    /// The time of day.
    pub(crate) fn now(&self) -> UnixSeconds {
        self.options.world.now()
    }

    /// A random number.
    pub(crate) fn number(&self) -> u64 {
        u64::from_be_bytes(Dice(&*self.options.world).bytes())
    }

    /// Tells whoever wants to know how far a file has come.
    pub(crate) fn tell(&self, progress: &Progress) {
        if let Some(sink) = &self.options.progress {
            sink.tell(progress);
        }
    }

    /// Stops dead here if a test asked for it.
    pub(crate) fn fail_at(&self, here: FailPoint) -> Result<(), ClientError> {
        fail_at(self.options.fail_point, here)
    }
}

/// Stops dead here if a test asked for it.
pub(crate) fn fail_at(asked: Option<FailPoint>, here: FailPoint) -> Result<(), ClientError> {
    match asked {
        Some(point) if point == here => Err(ClientError::Unexpected { place: "a fail point of a test" }),
        _ => Ok(()),
    }
}
