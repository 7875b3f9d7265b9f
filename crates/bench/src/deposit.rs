//! Deposits per second into four inboxes, each acknowledged after the sync.

use crate::stage::Stage;
use crate::{Failure, absent};

/// Inboxes, and at most so many envelopes of a connection unanswered.
const PEOPLE: usize = 4;

/// Deposits `count` envelopes of 4 KiB, at most `in_flight` of them unanswered at once.
pub async fn run(in_flight: usize, count: usize) -> Result<(), Failure> {
    let people = PEOPLE.min(in_flight);
    let stage = Stage::ours(people).await?;
    let outcome = absent::deposit(&stage, people, count, in_flight.div_ceil(people)).await?;
    outcome.print("ours", &format!("deposit, {in_flight} in flight"));
    Ok(())
}
