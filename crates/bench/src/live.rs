//! W1: pairs of people at the same time at their keyboards: deposit → synced → delivered → acked.

use crate::Failure;
use crate::figures::{Outcome, Stretch};
use crate::line::Line;
use crate::machine::Happened;
use crate::stage::Stage;
use std::collections::VecDeque;
use std::future::pending;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Pairs of a sender and an owner.
pub const PAIRS: usize = 64;

/// How the pairs press.
#[derive(Clone, Copy)]
pub enum Pace {
    /// So many envelopes of each pair under way, the next as soon as one is acked.
    Window(usize),
    /// So many envelopes a second of all pairs together, come what may.
    Rate(f64),
}

/// Runs `count` envelopes through all pairs and tells rate, cost, and the time from deposit to delivery.
pub async fn run(stage: &Stage, pace: Pace, count: usize) -> Result<Outcome, Failure> {
    let each = count.div_ceil(PAIRS);
    let mut pairs = Vec::new();
    for person in 0..PAIRS {
        let sender = stage.sender(person, each).await?;
        let mut owner = stage.owner(person, Duration::ZERO).await?;
        owner.collect(true)?;
        while owner.next().await? != Happened::Drained {}
        pairs.push(Pair { sender, owner, born: 0, flying: VecDeque::new(), acked: 0, latencies: Vec::new() });
    }
    let stretch = Stretch::begin(&stage.relay)?;
    let mut running = JoinSet::new();
    for (person, pair) in pairs.into_iter().enumerate() {
        running.spawn_local(pair.run(Schedule::new(pace, person), each));
    }
    let mut latencies = Vec::new();
    while let Some(pair) = running.join_next().await {
        latencies.append(&mut pair?.map_err(Failure::from)?);
    }
    stretch.end(each * PAIRS, latencies)
}

/// When the next envelope of one pair is born.
struct Schedule {
    window: usize,
    period: Duration,
    next: Instant,
}

impl Schedule {
    fn new(pace: Pace, person: usize) -> Schedule {
        let now = Instant::now();
        match pace {
            Pace::Window(window) => Schedule { window, period: Duration::ZERO, next: now },
            Pace::Rate(rate) => {
                let period = Duration::from_secs_f64(PAIRS as f64 / rate);
                let next = now + period * person as u32 / PAIRS as u32;
                Schedule { window: usize::MAX, period, next }
            }
        }
    }

    fn is_open(&self) -> bool {
        self.window == usize::MAX
    }
}

struct Pair {
    sender: Line,
    owner: Line,
    born: usize,
    /// When each envelope that is not delivered yet was born, and whether it has left.
    flying: VecDeque<Instant>,
    acked: usize,
    latencies: Vec<Duration>,
}

impl Pair {
    async fn run(mut self, mut schedule: Schedule, count: usize) -> Result<Vec<Duration>, String> {
        self.talk(&mut schedule, count).await.map_err(|failure| failure.to_string())?;
        Ok(self.latencies)
    }

    async fn talk(&mut self, schedule: &mut Schedule, count: usize) -> Result<(), Failure> {
        let mut unsent = 0;
        loop {
            unsent += self.bear(schedule, count);
            while unsent > 0 && self.sender.deposit()? {
                unsent -= 1;
            }
            self.owner.ack()?;
            self.sender.flush().await?;
            self.owner.flush().await?;
            if self.acked == count {
                return Ok(());
            }
            let due = (schedule.is_open() && self.born < count).then_some(schedule.next);
            tokio::select! {
                came = self.sender.wait() => came?,
                came = self.owner.wait() => came?,
                () = sleep_until(due) => {}
            }
            while self.sender.happened()?.is_some() {}
            while let Some(happened) = self.owner.happened()? {
                self.count(happened)?;
            }
        }
    }

    /// Envelopes whose time has come. An envelope's clock starts when it is born, also where it has to wait.
    fn bear(&mut self, schedule: &mut Schedule, count: usize) -> usize {
        let (now, before) = (Instant::now(), self.born);
        while self.born < count {
            if schedule.is_open() {
                if schedule.next > now {
                    break;
                }
                schedule.next += schedule.period;
            } else if self.born - self.acked >= schedule.window {
                break;
            }
            self.flying.push_back(now);
            self.born += 1;
        }
        self.born - before
    }

    fn count(&mut self, happened: Happened) -> Result<(), Failure> {
        match happened {
            Happened::Delivered => {
                let born = self.flying.pop_front().ok_or("delivered what nobody deposited")?;
                self.latencies.push(born.elapsed());
            }
            Happened::Acked(through) => self.acked = through,
            _ => {}
        }
        Ok(())
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => pending().await,
    }
}
