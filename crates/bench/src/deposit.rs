//! Deposits per second into 64 inboxes, each acknowledged after the sync.

use crate::stage::Stage;
use crate::{Failure, absent};

/// Inboxes: each takes so many a second (`DEPOSITS_PER_SECOND_MAX`).
const PEOPLE: usize = 64;

/// Deposits `count` envelopes of 4 KiB, at most `in_flight` of them unanswered at once.
pub async fn run(in_flight: usize, count: usize) -> Result<(), Failure> {
    let people = PEOPLE.min(in_flight);
    let stage = Stage::ours(people).await?;
    let outcome = absent::deposit(&stage, people, count, in_flight.div_ceil(people)).await?;
    outcome.print("ours", &format!("deposit, {in_flight} in flight"));
    Ok(())
}
