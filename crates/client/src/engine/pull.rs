//! Pulling: collect and commit first, then hand out what nobody handled.

use std::{
    collections::BTreeSet,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use e2ee::MessageId;

use super::{
    files, gossip, ledger,
    news::ROUND,
    owner::Owner,
    record_updates, renew, run,
    send::{flush_again, flush_all},
    upkeep::{self, Sweeps},
};
use crate::{
    Aside, Client, ClientError, Collected, Handled, Marks, Missing, Pauses, PullOptions, PullSummary, Quote,
    Received, ReceivedBody, Waited,
    reconnect::Reconnect,
    vault::{
        Tx, contact,
        inbox::{self, InRow},
        key::to_hex,
        lock::CollectorLock,
        mailbox, recovery, said,
    },
};

/// How often a following pull looks whether it shall stop.
const LOOK_MS: u64 = 250;
/// How long a following pull waits for the lock of somebody who does not stay connected any more.
const GONE_WAIT: Duration = Duration::from_secs(1);
/// How often a following pull looks into the outbox.
const FLUSH_S: u64 = 5;

/// Messages that are marked together at most, where they may be. A mark alone costs a sync of the disk.
const MARKED_TOGETHER_MAX: usize = 64;

/// The right to collect, and whoever stepped aside for it.
pub(crate) type Alone = (CollectorLock, Option<Aside>);

type Sink<'a> = &'a mut dyn FnMut(&Received) -> Handled;

/// See [`Client::pull`].
pub(crate) fn pull(
    client: &Client,
    options: &PullOptions,
    sink: Sink<'_>,
) -> Result<PullSummary, ClientError> {
    let only = only_from(client, options)?;
    // Whoever stays connected collects for us; the lock is ours only where nobody does.
    let (lock, network) = match resident_collect(client) {
        Some(collected) => (None, run(flush_all(client)).map(|_| collected)),
        None => (Some(collect_alone(client)?), run(round(client))),
    };
    let _handing = client.vault.handing_lock(client.options.timeout)?;
    let mut handing = Handing::new(client, options, only);
    handing.note(network)?;
    handing.hand_out(sink)?;
    if options.follow && !handing.stopped {
        let lock = match lock {
            Some(lock) => Some(lock),
            None => handing.follow_resident(sink)?,
        };
        if lock.is_some() {
            run(handing.follow(sink))?;
        }
    }
    let mut summary = handing.finish()?;
    // Most of the time nothing expired, and a look costs less than a transaction.
    if client.vault.read(mailbox::untold)? > 0 {
        summary.expired = client.vault.write(mailbox::tell)?;
    }
    Ok(summary)
}

/// See [`Client::hand_out`].
pub(crate) fn hand_out_only(
    client: &Client,
    options: &PullOptions,
    sink: Sink<'_>,
) -> Result<PullSummary, ClientError> {
    let only = only_from(client, options)?;
    let _handing = client.vault.handing_lock(client.options.timeout)?;
    let mut handing = Handing::new(client, options, only);
    handing.hand_out(sink)?;
    handing.finish()
}

/// The one contact whose messages are wanted, if it is one.
fn only_from(client: &Client, options: &PullOptions) -> Result<Option<i64>, ClientError> {
    let Some(alias) = &options.from else { return Ok(None) };
    Ok(Some(client.vault.read(|tx| contact::expect(tx, alias))?.id))
}

/// See [`Client::collect`].
pub(crate) fn collect_only(client: &Client) -> Result<PullSummary, ClientError> {
    let collected = match resident_collect(client) {
        Some(collected) => run(flush_all(client)).map(|_| collected)?,
        None => {
            let _lock = collect_alone(client)?;
            run(round(client))?
        }
    };
    Ok(PullSummary {
        requests: client.vault.read(contact::count_requests)?,
        quarantined: collected.quarantined,
        ..PullSummary::default()
    })
}

/// Has whoever stays connected collect. `None`: nobody does, or can just now.
pub(crate) fn resident_collect(client: &Client) -> Option<Collected> {
    client.options.resident.get()?.collect(client.options.timeout)
}

/// The right to collect; whoever stays connected is asked to let go of it until ours is dropped.
pub(crate) fn collect_alone(client: &Client) -> Result<Alone, ClientError> {
    let wait = client.options.timeout;
    let aside = client.options.resident.get().and_then(|resident| resident.step_aside(wait));
    Ok((client.vault.collector_lock(wait)?, aside))
}

/// Drain, upkeep, flush: what every collecting command does on the network.
pub(crate) async fn round(client: &Client) -> Result<Collected, ClientError> {
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
    renew::finish_restored(client).await?;
    upkeep::sweep(client)?;
    // A change of my key that the relay does not let come to its end keeps nobody from hearing whose key stands instead.
    let published = upkeep::prekeys(client).await;
    ledger::daily(client).await?;
    record_updates::replay_due(client).await?;
    gossip::compare(client)?;
    record_updates::settle(client)?;
    published?;
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
    /// Rows that the sink took and that are not marked yet.
    taken: Vec<i64>,
    sweeps: Sweeps,
}

impl<'a> Handing<'a> {
    fn new(client: &'a Client, options: &'a PullOptions, only: Option<i64>) -> Self {
        let (summary, offered) = (PullSummary::default(), BTreeSet::new());
        Handing {
            client,
            options,
            only,
            summary,
            stopped: options.max == Some(0),
            offered,
            taken: Vec::new(),
            sweeps: Sweeps::begin(),
        }
    }

    fn finish(mut self) -> Result<PullSummary, ClientError> {
        self.summary.requests = self.client.vault.read(contact::count_requests)?;
        self.summary.missing = self.client.vault.read(missing)?;
        Ok(self.summary)
    }

    /// A server that cannot be asked does not keep back what is in the vault already.
    fn note(&mut self, network: Result<Collected, ClientError>) -> Result<(), ClientError> {
        match network {
            Ok(collected) => {
                self.summary.quarantined += collected.quarantined;
                Ok(())
            }
            Err(error)
                if matches!(error.exit_code(), 4..=6)
                    || is_protocol(&error)
                    || error == ClientError::OtherCopy =>
            {
                self.summary.unreachable = Some(error);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Hands unhandled messages to the sink, and marks what it took.
    fn hand_out(&mut self, sink: Sink<'_>) -> Result<(), ClientError> {
        let handed = self.hand_out_rows(sink);
        // What was taken was taken, whatever else went wrong.
        let marked = self.mark();
        handed.and(marked)
    }

    fn hand_out_rows(&mut self, sink: Sink<'_>) -> Result<(), ClientError> {
        let rows = self.client.vault.read(|tx| inbox::unhandled(tx, self.only))?;
        for row in rows {
            if self.stopped {
                break;
            }
            if !self.offered.insert(row) {
                continue;
            }
            // The sink may take minutes: what was handled, taken back or put in other words meanwhile is not handed out as it was.
            let received = self
                .client
                .vault
                .read(|tx| inbox::still_unhandled(tx, row)?.map(|row| to_received(tx, &row)).transpose())?;
            let Some(received) = received else { continue };
            let answer = sink(&received);
            self.summary.handed_out += 1;
            if answer.taken() && !self.options.peek {
                self.taken.push(row);
                if !self.options.mark_together || self.taken.len() >= MARKED_TOGETHER_MAX {
                    self.mark()?;
                }
            }
            let enough = self.options.max.is_some_and(|max| self.summary.handed_out >= max);
            self.stopped = answer.stops() || enough;
        }
        Ok(())
    }

    fn mark(&mut self) -> Result<(), ClientError> {
        if self.taken.is_empty() {
            return Ok(());
        }
        let taken = std::mem::take(&mut self.taken);
        self.client.vault.write(|tx| taken.iter().try_for_each(|row| inbox::set_handled(tx, *row)))?;
        self.summary.handled += u32::try_from(taken.len()).unwrap_or(u32::MAX);
        Ok(())
    }

    /// Hands out what somebody else collects. Once nobody does any more, the right to collect is ours.
    fn follow_resident(&mut self, sink: Sink<'_>) -> Result<Option<Alone>, ClientError> {
        let end = self.options.follow_for.map(|long| Instant::now() + long);
        let resident = self.client.options.resident.clone();
        let Some(resident) = resident.get() else { return collect_alone(self.client).map(Some) };
        while !self.is_over(end) {
            self.sweeps.go_on(self.client)?;
            match resident.wait_for_news(Duration::from_millis(LOOK_MS)) {
                Waited::News => {
                    self.set_connected(true);
                    self.hand_out(sink)?;
                }
                Waited::Nothing => self.set_connected(true),
                // What came to it last, before it went. If it is there again by now, it has the lock.
                Waited::Gone => {
                    self.set_connected(false);
                    self.hand_out(sink)?;
                    match self.client.vault.collector_lock(GONE_WAIT) {
                        Ok(lock) => return Ok(Some((lock, None))),
                        Err(ClientError::CollectorBusy) => {}
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        Ok(None)
    }

    /// Stays connected, and connects again when the connection breaks, or when upkeep is due: the pull before it kept up.
    async fn follow(&mut self, sink: Sink<'_>) -> Result<(), ClientError> {
        let end = self.options.follow_for.map(|long| Instant::now() + long);
        let (mut reconnect, mut kept_up, mut pauses) =
            (Reconnect::default(), Instant::now(), Pauses::default());
        while !self.is_over(end) {
            let followed = self.follow_once(end, &mut reconnect, &mut kept_up, &mut pauses, sink).await;
            self.set_connected(false);
            match followed {
                Ok(()) => reconnect.ended(),
                Err(error) if matches!(error, ClientError::Superseded) || !error.is_temporary() => {
                    return Err(error);
                }
                Err(error) => {
                    let wait = reconnect.wait(self.client, &error);
                    self.summary.unreachable = Some(error);
                    self.sleep(wait, end).await?;
                    pauses = Pauses::default();
                }
            }
        }
        Ok(())
    }

    async fn follow_once(
        &mut self,
        end: Option<Instant>,
        reconnect: &mut Reconnect,
        kept_up: &mut Instant,
        pauses: &mut Pauses,
        sink: Sink<'_>,
    ) -> Result<(), ClientError> {
        let pause = ROUND.saturating_sub(Duration::from_secs(self.client.options.dues_early_s));
        if kept_up.elapsed() >= pause {
            round(self.client).await?;
            *kept_up = Instant::now();
        }
        let mut owner = Owner::connect(self.client).await?;
        owner.drain().await?;
        self.hand_out(sink)?;
        owner.follow().await?;
        self.set_connected(true);
        reconnect.connected();
        self.summary.unreachable = None;
        let mut flushed = Instant::now();
        while !self.is_over(end) && kept_up.elapsed() < pause {
            let came = owner.wait(Duration::from_millis(LOOK_MS)).await?;
            self.sweeps.go_on(self.client)?;
            if came {
                self.hand_out(sink)?;
            }
            if came || flushed.elapsed() > Duration::from_secs(FLUSH_S) {
                flush_again(self.client, pauses).await?;
                flushed = Instant::now();
            }
        }
        owner.close().await;
        Ok(())
    }

    fn set_connected(&self, connected: bool) {
        if let Some(flag) = &self.options.connected {
            flag.store(connected, Ordering::Relaxed);
        }
    }

    async fn sleep(&mut self, long: Duration, end: Option<Instant>) -> Result<(), ClientError> {
        let until = Instant::now() + long;
        while Instant::now() < until && !self.is_over(end) {
            tokio::time::sleep(Duration::from_millis(LOOK_MS).min(long)).await;
            self.sweeps.go_on(self.client)?;
        }
        Ok(())
    }

    fn is_over(&self, end: Option<Instant>) -> bool {
        let asked = self.options.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed));
        asked || self.stopped || end.is_some_and(|end| Instant::now() >= end)
    }
}

/// What is missing of whom: noted by the last drain.
fn missing(tx: &Tx<'_>) -> Result<Vec<Missing>, ClientError> {
    let mut list = Vec::new();
    for id in recovery::contacts_with_gaps(tx)? {
        let person = contact::by_id(tx, id)?;
        let Some(resend) = contact::conversation(tx, id)?.missing() else { continue };
        let count = resend.gaps().iter().map(|gap| gap.end() - gap.start() + 1).sum();
        list.push(Missing { from: person.shown().to_owned(), count, asked: person.recovered_at.0 > 0 });
    }
    Ok(list)
}

fn is_protocol(error: &ClientError) -> bool {
    matches!(error, ClientError::Protocol { .. })
}

pub(crate) fn to_received(tx: &Tx<'_>, row: &InRow) -> Result<Received, ClientError> {
    let person = contact::by_id(tx, row.contact)?;
    let mut body = row.body.clone();
    if let ReceivedBody::File(shown) = &mut body {
        files::fill(tx, row.contact, &row.message_id, shown)?;
    }
    Ok(Received {
        id: to_hex(&row.message_id.0),
        from: person.shown().to_owned(),
        trust: person.trust,
        number: row.number,
        missing_before: inbox::gap_before(tx, row)?,
        sent_at: row.sent_at,
        received_at: row.received_at,
        marks: marks(tx, row)?,
        body,
    })
}

/// What belongs to a received message beside its words.
pub(crate) fn marks(tx: &Tx<'_>, row: &InRow) -> Result<Marks, ClientError> {
    Ok(Marks {
        quotes: row.quotes.map(|id| quote(tx, row.contact, &id)).transpose()?,
        expire_s: row.expire_s,
        expires_at: row.expires_at,
        edited: row.edited,
    })
}

/// A quoted message, with its words as long as they are here.
pub(crate) fn quote(tx: &Tx<'_>, contact: i64, id: &MessageId) -> Result<Quote, ClientError> {
    Ok(Quote { id: to_hex(&id.0), text: said::words_of(tx, contact, id)? })
}
