//! Pulling: collect and commit first, then hand out what nobody handled.

use std::{
    collections::BTreeSet,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use client_core::schedule::backoff_ms;

use super::{
    owner::{Collected, Owner},
    run,
    send::flush_all,
    upkeep,
};
use crate::{
    Client, ClientError, Handled, PullOptions, PullSummary, Received,
    vault::{
        Tx, contact,
        inbox::{self, InRow},
        key::to_hex,
    },
};

/// How often a following pull looks whether it shall stop.
const LOOK_MS: u64 = 250;
/// How often a following pull looks into the outbox.
const FLUSH_S: u64 = 5;

type Sink<'a> = &'a mut dyn FnMut(&Received) -> Handled;

/// See [`Client::pull`].
pub(crate) fn pull(
    client: &Client,
    options: &PullOptions,
    sink: Sink<'_>,
) -> Result<PullSummary, ClientError> {
    let only = match &options.from {
        Some(alias) => Some(client.vault.read(|tx| contact::expect(tx, alias))?.id),
        None => None,
    };
    let _lock = client.vault.collector_lock(client.options.timeout)?;
    let mut handing = Handing {
        client,
        options,
        only,
        summary: PullSummary::default(),
        stopped: options.max == Some(0),
        offered: BTreeSet::new(),
    };
    let network = run(round(client));
    handing.note(network)?;
    handing.hand_out(sink)?;
    if options.follow && !handing.stopped {
        run(handing.follow(sink))?;
    }
    handing.summary.requests = client.vault.read(contact::count_requests)?;
    Ok(handing.summary)
}

/// See [`Client::collect`].
pub(crate) fn collect_only(client: &Client) -> Result<PullSummary, ClientError> {
    let _lock = client.vault.collector_lock(client.options.timeout)?;
    let collected = run(round(client))?;
    Ok(PullSummary {
        requests: client.vault.read(contact::count_requests)?,
        expired: collected.expired,
        quarantined: collected.quarantined,
        ..PullSummary::default()
    })
}

/// Drain, upkeep, flush: what every collecting command does on the network.
async fn round(client: &Client) -> Result<Collected, ClientError> {
    let collected = drain(client).await?;
    flush_all(client).await?;
    Ok(collected)
}

/// Drain and upkeep. The caller holds the collector's lock.
pub(crate) async fn drain(client: &Client) -> Result<Collected, ClientError> {
    let mut owner = Owner::connect(client).await?;
    owner.drain().await?;
    let collected = owner.collected;
    owner.close().await;
    upkeep::sweep(client)?;
    upkeep::prekeys(client).await?;
    Ok(collected)
}

struct Handing<'a> {
    client: &'a Client,
    options: &'a PullOptions,
    only: Option<i64>,
    summary: PullSummary,
    stopped: bool,
    /// Rows offered in this pull: what the sink does not take is offered by the next pull, not in a circle.
    offered: BTreeSet<i64>,
}

impl Handing<'_> {
    /// A server that cannot be asked does not keep back what is in the vault already.
    fn note(&mut self, network: Result<Collected, ClientError>) -> Result<(), ClientError> {
        match network {
            Ok(collected) => {
                self.summary.expired += collected.expired;
                self.summary.quarantined += collected.quarantined;
                Ok(())
            }
            Err(error) if matches!(error.exit_code(), 4..=6) || is_protocol(&error) => {
                self.summary.unreachable = Some(error);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Hands unhandled messages to the sink, each marked as soon as it was taken.
    fn hand_out(&mut self, sink: Sink<'_>) -> Result<(), ClientError> {
        let rows = self.client.vault.read(|tx| inbox::unhandled(tx, self.only))?;
        for row in rows {
            if self.stopped {
                break;
            }
            if !self.offered.insert(row.id) {
                continue;
            }
            let received = self.client.vault.read(|tx| to_received(tx, &row))?;
            let answer = sink(&received);
            self.summary.handed_out += 1;
            if answer.taken() && !self.options.peek {
                self.client.vault.write(|tx| inbox::set_handled(tx, row.id))?;
                self.summary.handled += 1;
            }
            let enough = self.options.max.is_some_and(|max| self.summary.handed_out >= max);
            self.stopped = answer.stops() || enough;
        }
        Ok(())
    }

    /// Stays connected, and connects again when the connection breaks.
    async fn follow(&mut self, sink: Sink<'_>) -> Result<(), ClientError> {
        let end = self.options.follow_for.map(|long| Instant::now() + long);
        let mut attempt = 0;
        while !self.is_over(end) {
            match self.follow_once(end, sink).await {
                Ok(()) => return Ok(()),
                Err(error) if matches!(error, ClientError::Superseded) || !error.is_temporary() => {
                    return Err(error);
                }
                Err(error) => {
                    let wait = backoff_ms(attempt, self.client.number(), error.retry_after_s());
                    self.summary.unreachable = Some(error);
                    self.sleep(Duration::from_millis(wait), end).await;
                    attempt += 1;
                }
            }
        }
        Ok(())
    }

    async fn follow_once(&mut self, end: Option<Instant>, sink: Sink<'_>) -> Result<(), ClientError> {
        let mut owner = Owner::connect(self.client).await?;
        owner.drain().await?;
        self.hand_out(sink)?;
        owner.follow().await?;
        self.summary.unreachable = None;
        let mut flushed = Instant::now();
        while !self.is_over(end) {
            let came = owner.wait(Duration::from_millis(LOOK_MS)).await?;
            if came {
                self.hand_out(sink)?;
            }
            if came || flushed.elapsed() > Duration::from_secs(FLUSH_S) {
                flush_all(self.client).await?;
                flushed = Instant::now();
            }
        }
        owner.close().await;
        Ok(())
    }

    async fn sleep(&self, long: Duration, end: Option<Instant>) {
        let until = Instant::now() + long;
        while Instant::now() < until && !self.is_over(end) {
            tokio::time::sleep(Duration::from_millis(LOOK_MS).min(long)).await;
        }
    }

    fn is_over(&self, end: Option<Instant>) -> bool {
        let asked = self.options.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed));
        asked || self.stopped || end.is_some_and(|end| Instant::now() >= end)
    }
}

fn is_protocol(error: &ClientError) -> bool {
    matches!(error, ClientError::Protocol { .. })
}

fn to_received(tx: &Tx<'_>, row: &InRow) -> Result<Received, ClientError> {
    let person = contact::by_id(tx, row.contact)?;
    Ok(Received {
        id: to_hex(&row.message_id.0),
        from: person.shown().to_owned(),
        trust: person.trust,
        number: row.number,
        missing_before: inbox::gap_before(tx, row)?,
        sent_at: row.sent_at,
        received_at: row.received_at,
        body: row.body.clone(),
    })
}
