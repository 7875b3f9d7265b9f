//! What is pushed to a connection without being asked for each time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use client::{Client, ClientError, Waiting};

use crate::commands::message;
use crate::daemon::lines::{Gone, Outlet};
use crate::daemon::shared::Shared;
use crate::json::Line;
use crate::messages::{Language, in_language};
use crate::problem::Problem;

/// Subscribers at once.
pub const SUBSCRIBERS_MAX: usize = 32;
/// Messages that one subscriber has and has not handled; the next ones come as it handles them.
const OUTSTANDING_MAX: usize = 1_000;
/// Messages read from the vault at once.
const BATCH_MAX: usize = 64;
/// How often the vault is looked into without news: another `oub` may have accepted somebody.
const LOOK: Duration = Duration::from_secs(2);

/// What runs on the subscriber's thread until it leaves.
pub type Push = fn(&Arc<Shared>, &Outlet, Option<&str>);

/// Every message that is not handled, then those that come: each once on this connection.
pub fn messages(shared: &Arc<Shared>, out: &Outlet, re: Option<&str>) {
    let pushed =
        shared.open(None).map_err(Broken::from).and_then(|client| push_messages(shared, &client, out, re));
    if let Err(Broken::Vault(error)) = pushed {
        let problem = in_language(Language::English, || Problem::from(&error));
        let _ = out.say(&problem.to_json().answering(re));
    }
}

fn push_messages(shared: &Shared, client: &Client, out: &Outlet, re: Option<&str>) -> Result<(), Broken> {
    let (mut known, mut seen) = (BTreeSet::<Waiting>::new(), 0);
    while !out.is_gone() && !shared.is_stopping() {
        let room = OUTSTANDING_MAX.saturating_sub(known.len()).min(BATCH_MAX);
        let found = match client.unhandled(&known, room) {
            Err(ClientError::VaultBusy) => continue,
            found => found?,
        };
        known = found.still;
        let full = room > 0 && found.new.len() == room;
        for (waiting, received) in found.new {
            out.say(&message::to_json(&received).answering(re))?;
            known.insert(waiting);
        }
        if !full {
            shared.news.wait(&mut seen, LOOK);
        }
    }
    Ok(())
}

/// One line each time that something may have come; the first at once.
pub fn news(shared: &Arc<Shared>, out: &Outlet, re: Option<&str>) {
    let (mut seen, mut came) = (0, true);
    while !out.is_gone() && !shared.is_stopping() {
        if came && out.say(&Line::new("news").answering(re)).is_err() {
            return;
        }
        came = shared.news.wait(&mut seen, LOOK);
    }
}

enum Broken {
    Vault(ClientError),
    Gone,
}

impl From<ClientError> for Broken {
    fn from(error: ClientError) -> Self {
        Self::Vault(error)
    }
}

impl From<Gone> for Broken {
    fn from(Gone: Gone) -> Self {
        Self::Gone
    }
}
