//! Waiting until something is in the vault: whoever collects, and without handing anything out.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use super::{
    owner::Owner,
    pull::round,
    run,
    send::flush_again,
    upkeep::{self, Sweeps},
};
use crate::{Client, ClientError, Pauses, Waited, reconnect::Reconnect};

/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(250);
/// How long the collector's lock is left to others who want it.
const PAUSE: Duration = Duration::from_millis(150);
/// How often what only a drained client may do is done (prekeys, the daily sweep), by who stays.
pub(crate) const ROUND: Duration = Duration::from_secs(3_600);
/// As good as for ever.
const STAY_MAX: Duration = Duration::from_secs(365 * 86_400);
/// How often the outbox is looked into.
const FLUSH: Duration = Duration::from_secs(5);

/// For how long something is waited for.
pub(crate) struct Patience<'a> {
    pub(crate) end: Instant,
    /// Set to true by whoever does not want to wait any longer.
    pub(crate) stop: Option<&'a AtomicBool>,
    /// True while messages arrive as they are sent.
    pub(crate) connected: Option<&'a AtomicBool>,
    /// Told why the relay could not be reached; it is tried again.
    pub(crate) away: Option<&'a dyn Fn(&ClientError)>,
    /// Whether it stays for so long that upkeep is its business.
    stays: bool,
}

impl<'a> Patience<'a> {
    /// Until then, or until `stop` says otherwise.
    pub(crate) fn until(end: Instant, stop: Option<&'a AtomicBool>) -> Self {
        Patience { end, stop, connected: None, away: None, stays: false }
    }

    fn set_connected(&self, connected: bool) {
        if let Some(flag) = self.connected {
            flag.store(connected, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.end || self.is_stopped()
    }

    /// Whether it ended before its time.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// Says why the relay could not be reached.
    pub(crate) fn tell_away(&self, error: &ClientError) {
        if let Some(away) = self.away {
            away(error);
        }
    }

    /// Waits, unless it is over before.
    pub(crate) fn sleep(&self, long: Duration) {
        let end = self.end.min(Instant::now() + long);
        while Instant::now() < end && !self.is_stopped() {
            std::thread::sleep(LOOK.min(end.saturating_duration_since(Instant::now())));
        }
    }
}

/// Collects, or has somebody collect, until `find` finds what is waited for; `None` when patience ends before.
///
/// It lets go of the right to collect as soon as another process wants it, and goes on when that is done.
pub(crate) fn wait_for<T>(
    client: &Client,
    patience: &Patience<'_>,
    find: &mut dyn FnMut() -> Result<Option<T>, ClientError>,
) -> Result<Option<T>, ClientError> {
    let (mut reconnect, mut kept_up, mut pauses) = (Reconnect::default(), None::<Instant>, Pauses::default());
    let mut sweeps = Sweeps::begin();
    loop {
        sweeps.go_on(client)?;
        if let Some(found) = find()? {
            return Ok(Some(found));
        }
        if patience.is_over() {
            return Ok(None);
        }
        // Whoever stays connected collects for us.
        if let Some(resident) = client.options.resident.get()
            && resident.wait_for_news(LOOK) != Waited::Gone
        {
            patience.set_connected(true);
            continue;
        }
        let lock = match client.vault.collector_lock(Duration::ZERO) {
            Ok(lock) => lock,
            Err(ClientError::CollectorBusy) => {
                patience.sleep(LOOK);
                continue;
            }
            Err(error) => return Err(error),
        };
        let due = patience.stays && kept_up.is_none_or(|last| last.elapsed() >= ROUND);
        let followed = run(async {
            if due {
                round(client).await?;
            }
            follow(client, patience, &mut reconnect, &mut pauses, find).await
        });
        patience.set_connected(false);
        match followed {
            Ok(Some(found)) => return Ok(Some(found)),
            Ok(None) => {
                reconnect.ended();
                kept_up = if due { Some(Instant::now()) } else { kept_up };
            }
            Err(error) if error.is_temporary() => {
                drop(lock);
                if let Some(away) = patience.away {
                    away(&error);
                }
                let end = Instant::now() + reconnect.wait(client, &error);
                while Instant::now() < end && !patience.is_over() {
                    patience.sleep(LOOK.min(end.saturating_duration_since(Instant::now())));
                    sweeps.go_on(client)?;
                }
                pauses = Pauses::default();
                continue;
            }
            Err(error) => return Err(error),
        }
        drop(lock);
        patience.sleep(PAUSE);
    }
}

/// One connection, until it is found, an hour is over, patience ends, or another process wants to collect.
async fn follow<T>(
    client: &Client,
    patience: &Patience<'_>,
    reconnect: &mut Reconnect,
    pauses: &mut Pauses,
    find: &mut dyn FnMut() -> Result<Option<T>, ClientError>,
) -> Result<Option<T>, ClientError> {
    let mut owner = Owner::connect(client).await?;
    owner.drain().await?;
    owner.follow().await?;
    patience.set_connected(true);
    reconnect.connected();
    let (began, mut flushed) = (Instant::now(), Instant::now());
    let mut came = true;
    let found = loop {
        let found = if came { find()? } else { None };
        let ends = patience.is_over() || began.elapsed() >= ROUND || client.vault.is_collector_wanted();
        if found.is_some() || ends {
            break found;
        }
        if came || flushed.elapsed() > FLUSH {
            flush_again(client, pauses).await?;
            // Words whose time is over go while somebody looks at them.
            upkeep::sweep(client)?;
            flushed = Instant::now();
        }
        came = owner.wait(LOOK).await?;
    };
    owner.close().await;
    Ok(found)
}

/// See [`Client::receive`].
pub(crate) fn receive(
    client: &Client,
    stop: &AtomicBool,
    connected: &AtomicBool,
    away: &dyn Fn(&ClientError),
) -> Result<(), ClientError> {
    let patience = Patience {
        connected: Some(connected),
        away: Some(away),
        stays: true,
        ..Patience::until(Instant::now() + STAY_MAX, Some(stop))
    };
    let ended = wait_for::<()>(client, &patience, &mut || Ok(None));
    connected.store(false, Ordering::Relaxed);
    ended.map(drop)
}
