//! W2: envelopes for people who are not there, and then those people come back.

use crate::Failure;
use crate::figures::{Outcome, Stretch};
use crate::line::Line;
use crate::machine::Happened;
use crate::stage::Stage;
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Deposits `count` envelopes for `people`, one connection each, `window` of each unanswered; the time is from
/// deposit to `STORED`.
pub async fn deposit(stage: &Stage, people: usize, count: usize, window: usize) -> Result<Outcome, Failure> {
    let each = count.div_ceil(people);
    let mut senders = Vec::new();
    for person in 0..people {
        senders.push(stage.sender(person, each).await?);
    }
    let stretch = Stretch::begin(&stage.relay)?;
    let mut running = JoinSet::new();
    for sender in senders {
        running.spawn_local(async move {
            fill(sender, each, window).await.map_err(|failure| failure.to_string())
        });
    }
    let latencies = gather(running).await?;
    stretch.end(each * people, latencies)
}

async fn fill(mut sender: Line, count: usize, window: usize) -> Result<Vec<Duration>, Failure> {
    let (mut latencies, mut flying) = (Vec::with_capacity(count), VecDeque::new());
    while latencies.len() < count {
        while flying.len() < window && sender.deposit()? {
            flying.push_back(Instant::now());
        }
        if sender.next().await? == Happened::Stored {
            latencies.push(flying.pop_front().ok_or("stored what nobody deposited")?.elapsed());
        }
    }
    Ok(latencies)
}

/// Lets everybody collect at once what `deposit` left; the time is from asking to having let go of the last.
pub async fn drain(stage: &Stage, people: usize, count: usize, delay: Duration) -> Result<Outcome, Failure> {
    let each = count.div_ceil(people);
    let mut owners = Vec::new();
    for person in 0..people {
        owners.push(stage.owner(person, delay).await?);
    }
    let stretch = Stretch::begin(&stage.relay)?;
    let mut running = JoinSet::new();
    for owner in owners {
        running.spawn_local(async move { empty(owner, each).await.map_err(|failure| failure.to_string()) });
    }
    let latencies = gather(running).await?;
    stretch.end(each * people, latencies)
}

async fn empty(mut owner: Line, count: usize) -> Result<Vec<Duration>, Failure> {
    let began = Instant::now();
    owner.collect(false)?;
    let (mut delivered, mut acked) = (0, 0);
    while acked < count {
        owner.flush().await?;
        owner.wait().await?;
        while let Some(happened) = owner.happened()? {
            match happened {
                Happened::Delivered => delivered += 1,
                Happened::Acked(through) => acked = through,
                _ => {}
            }
        }
        owner.ack()?;
    }
    if delivered != count {
        return Err(format!("{delivered} envelopes came instead of {count}").into());
    }
    Ok(vec![began.elapsed()])
}

async fn gather(mut running: JoinSet<Result<Vec<Duration>, String>>) -> Result<Vec<Duration>, Failure> {
    let mut latencies = Vec::new();
    while let Some(one) = running.join_next().await {
        latencies.append(&mut one?.map_err(Failure::from)?);
    }
    Ok(latencies)
}
