//! What waits to be handled, for those who hand out by themselves.

use std::collections::BTreeSet;

use super::pull::to_received;
use crate::{Client, ClientError, Unhandled, Waiting, vault::inbox, vault::key::to_hex};

/// See [`Client::unhandled`].
pub(crate) fn unhandled(
    client: &Client,
    known: &BTreeSet<Waiting>,
    max: usize,
) -> Result<Unhandled, ClientError> {
    client.vault.read(|tx| {
        let all = inbox::waiting(tx)?;
        let fresh: Vec<Waiting> =
            all.iter().filter(|each| !known.contains(each)).take(max).copied().collect();
        let rows = fresh.iter().map(|each| inbox::shown(tx, each.row)).collect::<Result<Vec<_>, _>>()?;
        let mut new = Vec::with_capacity(rows.len());
        for row in inbox::in_order(rows.into_iter().flatten().collect())? {
            let waiting = Waiting { row: row.id, id: row.message_id.0 };
            new.push((waiting, to_received(tx, &row)?));
        }
        let still = all.into_iter().filter(|each| known.contains(each)).collect();
        Ok(Unhandled { new, still })
    })
}

/// See [`Client::mark_handled`].
pub(crate) fn mark_handled(client: &Client, id: &str) -> Result<u32, ClientError> {
    let beginning = id.to_ascii_lowercase();
    client.vault.write(|tx| {
        let mut meant = inbox::waiting(tx)?;
        meant.retain(|waiting| !beginning.is_empty() && to_hex(&waiting.id).starts_with(&beginning));
        // Of two that begin alike nobody said which.
        if meant.iter().any(|waiting| meant.iter().any(|other| other.id != waiting.id)) {
            return Ok(0);
        }
        let mut marked = 0;
        for waiting in meant {
            inbox::set_handled(tx, waiting.row)?;
            marked += 1;
        }
        Ok(marked)
    })
}
