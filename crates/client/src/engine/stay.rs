//! Staying connected: what comes is taken in at once, and whoever asks at the desk is answered.

use std::{
    sync::{Weak, mpsc::SyncSender},
    time::{Duration, Instant},
};

use client_core::schedule::backoff_ms;
use tokio::time::timeout;

use super::{owner::Owner, pull::round, run, send::flush_all};
use crate::{
    Client, ClientError, Collected, Desk, Staying,
    desk::{Ask, Token},
    vault::lock::CollectorLock,
};

/// How often it looks whether it shall stop, when nobody rings.
const LOOK: Duration = Duration::from_secs(1);
/// How often it looks into the outbox.
const FLUSH: Duration = Duration::from_secs(5);
/// A connection is made anew this often: what only a drained client may do (prekeys, the daily sweep) comes with it.
const ROUND: Duration = Duration::from_secs(3_600);
/// How long it waits for another process that collects, before it says so and tries again.
const LOCK_WAIT: Duration = Duration::from_secs(1);
/// The attempt from which on a connection that was taken over is made again: minutes apart, so that two copies
/// of a profile do not throw each other out all day.
const TAKEN_OVER_ATTEMPT: u32 = 8;

/// How one connection ended.
enum Ended {
    Stopped,
    RoundOver,
    Aside(SyncSender<()>, Weak<Token>),
}

/// See [`Client::stay`].
pub(crate) fn stay(client: &Client, desk: &Desk, tell: &mut dyn FnMut(Staying)) -> Result<(), ClientError> {
    run(Stay { client, desk, tell, untold: Collected::default() }.run())
}

struct Stay<'a> {
    client: &'a Client,
    desk: &'a Desk,
    tell: &'a mut dyn FnMut(Staying),
    /// Counted since somebody last asked: what expired is told once, to whoever asks first.
    untold: Collected,
}

impl Stay<'_> {
    async fn run(mut self) -> Result<(), ClientError> {
        let mut attempt = 0;
        while !self.desk.is_stopped() {
            let mut connected = false;
            match self.connection(&mut connected).await {
                Ok(Ended::Stopped) => break,
                Ok(Ended::RoundOver) => attempt = 0,
                Ok(Ended::Aside(asker, token)) => {
                    attempt = 0;
                    self.stand_aside(asker, token).await;
                }
                Err(error) if !matches!(error.exit_code(), 4 | 5) => {
                    self.desk.turn_away();
                    return Err(error);
                }
                Err(error) => {
                    attempt = if connected { 0 } else { attempt };
                    if error == ClientError::Superseded {
                        attempt = attempt.max(TAKEN_OVER_ATTEMPT);
                    }
                    let wait = backoff_ms(attempt, self.client.number(), error.retry_after_s());
                    (self.tell)(Staying::Away(error));
                    self.pause(Duration::from_millis(wait)).await;
                    attempt += 1;
                }
            }
        }
        self.desk.turn_away();
        Ok(())
    }

    /// Connects, drains, and follows until something ends it. The lock is let go of on the way out.
    async fn connection(&mut self, connected: &mut bool) -> Result<Ended, ClientError> {
        let _lock = self.lock()?;
        self.untold += round(self.client).await?;
        let mut owner = Owner::connect(self.client).await?;
        owner.drain().await?;
        owner.follow().await?;
        *connected = true;
        (self.tell)(Staying::Connected);
        (self.tell)(Staying::Arrived);
        let ended = self.follow(&mut owner).await;
        self.untold += owner.collected;
        if ended.is_ok() {
            owner.close().await;
        }
        ended
    }

    fn lock(&self) -> Result<CollectorLock, ClientError> {
        self.client.vault.collector_lock(LOCK_WAIT)
    }

    async fn follow(&mut self, owner: &mut Owner<'_>) -> Result<Ended, ClientError> {
        let (began, mut flushed) = (Instant::now(), Instant::now());
        loop {
            while let Some(ask) = self.desk.take() {
                if let Some(ended) = self.answer(ask, owner).await? {
                    return Ok(ended);
                }
            }
            if self.desk.is_stopped() {
                return Ok(Ended::Stopped);
            }
            if began.elapsed() > ROUND {
                return Ok(Ended::RoundOver);
            }
            let came = owner.wait_unless(LOOK, Some(&self.desk.bell)).await?;
            if came {
                (self.tell)(Staying::Arrived);
            }
            if came || flushed.elapsed() > FLUSH {
                flush_all(self.client).await?;
                flushed = Instant::now();
            }
        }
    }

    async fn answer(&mut self, ask: Ask, owner: &mut Owner<'_>) -> Result<Option<Ended>, ClientError> {
        match ask {
            Ask::Collect(asker) => {
                // If the connection breaks here, the asker hears that nobody answers, and sees to itself.
                owner.drain().await?;
                owner.follow().await?;
                self.untold += std::mem::take(&mut owner.collected);
                (self.tell)(Staying::Arrived);
                let told = std::mem::take(&mut self.untold);
                if asker.send(told).is_err() {
                    self.untold += told;
                }
                Ok(None)
            }
            // Answered when the lock is free.
            Ask::StepAside(asker, token) => Ok(Some(Ended::Aside(asker, token))),
        }
    }

    /// Not connected and without the lock, until everybody who asked for that is done.
    async fn stand_aside(&mut self, asker: SyncSender<()>, token: Weak<Token>) {
        (self.tell)(Staying::SteppedAside);
        let mut tokens = Vec::new();
        let mut next = Some(Ask::StepAside(asker, token));
        loop {
            while let Some(ask) = next.take().or_else(|| self.desk.take()) {
                // Who wants something collected is turned away: it waits for the lock like everybody else.
                if let Ask::StepAside(asker, token) = ask
                    && asker.send(()).is_ok()
                {
                    tokens.push(token);
                }
            }
            tokens.retain(|token| token.strong_count() > 0);
            if tokens.is_empty() || self.desk.is_stopped() {
                return;
            }
            let _ = timeout(LOOK, self.desk.bell.notified()).await;
        }
    }

    /// Waits before the next attempt. Who asks meanwhile ends the waiting: perhaps the network is back.
    async fn pause(&mut self, long: Duration) {
        // Those whose asking just failed see to themselves.
        self.desk.turn_away();
        let _ = timeout(long, self.desk.bell.notified()).await;
    }
}
