//! Staying connected: what comes is taken in at once, and whoever asks at the desk is answered. Nothing is sent
//! here: a contact's server that does not answer must not keep what comes waiting.

use std::{
    sync::{Weak, mpsc::SyncSender},
    time::{Duration, Instant},
};

use tokio::time::timeout;

use super::{owner::Owner, pull::drain, run, upkeep::Sweeps};
use crate::{
    Client, ClientError, Collected, Desk, Staying,
    desk::{Ask, Nudged, Token},
    reconnect::Reconnect,
    vault::lock::CollectorLock,
};

/// How often it looks whether it shall stop, when nobody rings.
const LOOK: Duration = Duration::from_secs(1);
/// A connection is made anew this often: what only a drained client may do (prekeys, the daily sweep) comes with it.
const ROUND: Duration = Duration::from_secs(3_600);
/// How long it waits for another process that collects, before it says so and tries again.
const LOCK_WAIT: Duration = Duration::from_secs(1);
/// Nobody is given the way for longer than this without asking again.
const ASIDE_MAX: Duration = Duration::from_secs(600);

/// How one connection ended.
enum Ended {
    Stopped,
    RoundOver,
    Aside(SyncSender<()>, Weak<Token>),
}

/// See [`Client::stay`].
pub(crate) fn stay(client: &Client, desk: &Desk, tell: &mut dyn FnMut(Staying)) -> Result<(), ClientError> {
    run(Stay { client, desk, tell, untold: Collected::default(), sweeps: Sweeps::begin() }.run())
}

struct Stay<'a> {
    client: &'a Client,
    desk: &'a Desk,
    tell: &'a mut dyn FnMut(Staying),
    /// Counted since somebody last asked: what expired is told once, to whoever asks first.
    untold: Collected,
    sweeps: Sweeps,
}

impl Stay<'_> {
    async fn run(mut self) -> Result<(), ClientError> {
        let mut reconnect = Reconnect::default();
        while !self.desk.is_stopped() {
            match self.connection(&mut reconnect).await {
                Ok(Ended::Stopped) => break,
                Ok(Ended::RoundOver) => reconnect.ended(),
                Ok(Ended::Aside(asker, token)) => {
                    reconnect.ended();
                    self.stand_aside(asker, token).await;
                }
                Err(error) if !may_heal(&error) => {
                    self.desk.turn_away();
                    return Err(error);
                }
                Err(error) => {
                    let wait = reconnect.wait(self.client, &error);
                    (self.tell)(Staying::Away(error));
                    self.pause(wait).await;
                }
            }
        }
        self.desk.turn_away();
        Ok(())
    }

    /// Connects, drains, and follows until something ends it. The lock is let go of on the way out.
    async fn connection(&mut self, reconnect: &mut Reconnect) -> Result<Ended, ClientError> {
        let _lock = self.lock()?;
        self.untold += drain(self.client).await?;
        let mut owner = Owner::connect(self.client).await?;
        owner.drain().await?;
        owner.follow().await?;
        reconnect.connected();
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
        let began = Instant::now();
        loop {
            // Words whose time is over go while nobody opens the vault anew.
            self.sweeps.go_on(self.client)?;
            if let Some(ended) = self.answer(owner).await? {
                return Ok(ended);
            }
            if self.desk.is_stopped() {
                return Ok(Ended::Stopped);
            }
            if began.elapsed() > ROUND {
                return Ok(Ended::RoundOver);
            }
            if owner.wait_unless(LOOK, Some(&self.desk.bell)).await? {
                (self.tell)(Staying::Arrived);
            }
        }
    }

    /// Drains once for everybody who asked before; a connection that breaks here leaves them unanswered, and they see
    /// to themselves.
    async fn answer(&mut self, owner: &mut Owner<'_>) -> Result<Option<Ended>, ClientError> {
        let (mut collecting, mut leaving) = (Vec::new(), None);
        while leaving.is_none()
            && let Some(ask) = self.desk.take()
        {
            match ask {
                Ask::Collect(asker) => collecting.push(asker),
                // Answered when the lock is free.
                Ask::StepAside(asker, token) => leaving = Some(Ended::Aside(asker, token)),
            }
        }
        if !collecting.is_empty() {
            owner.drain().await?;
            owner.follow().await?;
            self.untold += std::mem::take(&mut owner.collected);
            (self.tell)(Staying::Arrived);
        }
        for asker in collecting {
            let told = std::mem::take(&mut self.untold);
            if asker.send(told).is_err() {
                self.untold += told;
            }
        }
        Ok(leaving)
    }

    /// Not connected and without the lock, until everybody who asked for that is done.
    async fn stand_aside(&mut self, asker: SyncSender<()>, token: Weak<Token>) {
        (self.tell)(Staying::SteppedAside);
        let (mut tokens, end) = (Vec::new(), Instant::now() + ASIDE_MAX);
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
            if tokens.is_empty() || self.desk.is_stopped() || Instant::now() >= end {
                return;
            }
            let _ = timeout(LOOK, self.desk.bell.notified()).await;
            self.sweep_aside();
        }
    }

    /// Sweeps also while nothing is collected here. What goes wrong then is told by the next connection.
    fn sweep_aside(&mut self) {
        let _ = self.sweeps.go_on(self.client);
    }

    /// Waits before the next attempt. Who wants something collected meanwhile is turned away and tries by itself;
    /// who had the way to itself knows more of the network than we do, so that then the waiting ends.
    async fn pause(&mut self, long: Duration) {
        self.desk.turn_away();
        let end = Instant::now() + long;
        while Instant::now() < end {
            match self.desk.take_unless_nudged() {
                Err(Nudged) => return,
                Ok(Some(Ask::Collect(_))) => {}
                Ok(Some(Ask::StepAside(asker, token))) => return self.stand_aside(asker, token).await,
                Ok(None) => {
                    let left = end.saturating_duration_since(Instant::now());
                    let _ = timeout(left.min(LOOK), self.desk.bell.notified()).await;
                    self.sweep_aside();
                }
            }
        }
    }
}

/// Whether trying again later may help: not where a person has to look first.
fn may_heal(error: &ClientError) -> bool {
    // A relay that a proxy stands in for, a full disk: both pass.
    let passing = matches!(
        error,
        ClientError::Protocol { .. }
            | ClientError::Vault { .. }
            | ClientError::VaultFull
            | ClientError::File { .. }
    );
    passing || matches!(error.exit_code(), 4 | 5)
}
