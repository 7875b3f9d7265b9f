//! What happens by itself: the hourly sweep, renewed certificates, one line of totals for the operator.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use store::Former;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use wire::UnixSeconds;

use crate::check::ROOM_BYTES_MIN;
use crate::clock::wall;
use crate::identity::Identity;
use crate::ledger;
use crate::relay::Relay;
use crate::status::Certificates;

/// Between two sweeps.
const HOUR_S: u64 = 3_600;
/// After midnight, so that the day has surely changed.
const AFTER_MIDNIGHT_S: u64 = 5;

/// What is looked after.
pub struct Upkeep {
    /// The relay.
    pub relay: Arc<Relay>,
    /// The folder of its store.
    pub store: PathBuf,
    /// What it shows.
    pub certificates: Certificates,
}

/// Sweeps every hour and soon after each 00:00 UTC, until the server stops; renews certificates also when somebody asks.
pub async fn run(upkeep: Upkeep, mut identity: Identity, mut renewing: mpsc::Receiver<oneshot::Sender<()>>) {
    let Upkeep { relay, store, certificates } = upkeep;
    let pause = |relay: &Relay| Duration::from_secs(next_in_s(relay.believed.now(&relay.clock).0));
    let mut next = Instant::now() + pause(&relay);
    loop {
        let asked = tokio::select! {
            () = tokio::time::sleep_until(next) => None,
            Some(asked) = renewing.recv() => Some(asked),
            () = relay.stopping.cancelled() => return,
        };
        // Whoever asks does not put the sweep off.
        let sweeps = asked.is_none();
        let (swept, store, certificates) = (relay.clone(), store.clone(), certificates.clone());
        let done = tokio::task::spawn_blocking(move || {
            if sweeps {
                once(&swept);
                let_go_of_former(&store);
            }
            renew(&mut identity, &certificates);
            endorse(&swept, &mut identity);
            ledger::beat(&swept);
            identity
        });
        let Some(kept) = relay.survived(done.await) else { return };
        identity = kept;
        if sweeps {
            next = Instant::now() + pause(&relay);
        }
        // Whoever asked and went away needs no answer.
        let _gone = asked.map(|asked| asked.send(()));
    }
}

/// One sweep. Blocks.
pub fn once(relay: &Relay) {
    keep_clock(relay);
    match relay.store.sweep(relay.today()) {
        Ok(swept) => {
            relay.counters.expired.add(swept.envelopes);
            let totals = relay.store.totals();
            tracing::info!(
                expired = swept.envelopes,
                closed = swept.mailboxes,
                waiting = totals.waiting,
                mailboxes = totals.mailboxes,
                connections = relay.admission.connections(),
                "swept"
            );
            if totals.damaged > 0 {
                tracing::warn!(records = totals.damaged, "damaged records were met and not served");
            }
        }
        Err(error) => {
            let _told = relay.store_failed(error);
            tracing::warn!(%error, "the sweep did not end; the next one tries again");
        }
    }
}

/// Erases the store as it was before an upgrade, once that had its days, or where its room is wanted.
pub fn let_go_of_former(store: &Path) {
    // When the system cannot say, there is room.
    let room =
        rustix::fs::statvfs(store).map_or(u64::MAX, |found| found.f_bavail.saturating_mul(found.f_frsize));
    let until = if room < ROOM_BYTES_MIN { UnixSeconds(u64::MAX) } else { wall() };
    match Former::let_go(store, until) {
        Ok(0) => {}
        Ok(_) => tracing::info!("the store as it was before the upgrade was erased"),
        Err(error) => tracing::warn!(%error, "the store as it was before the upgrade could not be erased"),
    }
}

/// Writes down which time the relay believes it is, and says so when the system's clock says another.
fn keep_clock(relay: &Relay) {
    if relay.store.totals().mailboxes == 0 {
        relay.believed.trust_the_system(&relay.clock);
    }
    if let Some(ahead_s) = relay.believed.disagreement_s(&relay.clock) {
        tracing::warn!(
            ahead_s,
            "the system's clock is far from what this relay counted; set it right, or see docs/operator"
        );
    }
    if let Err(error) = relay.store.keep_clock(relay.believed.now(&relay.clock)) {
        tracing::warn!(%error, "the time could not be written down");
    }
}

/// Renews what is due; what cannot be renewed is said every hour until somebody acts.
fn renew(identity: &mut Identity, certificates: &Certificates) {
    match identity.renew(wall()) {
        Ok(true) => tracing::info!("the TLS certificate authority was renewed"),
        Ok(false) => {}
        Err(error) => tracing::error!(%error, "the TLS certificate authority could not be renewed"),
    }
    certificates.ca_ends(identity.ca_not_after());
    warn_of_the_end(identity);
    match certificates.leaf.renew(identity, wall()) {
        Ok(true) => tracing::info!("the TLS certificate was renewed"),
        Ok(false) => {}
        Err(error) => tracing::error!(%error, "the TLS certificate could not be renewed"),
    }
}

/// Has the ledger key endorsed where that is due.
fn endorse(relay: &Relay, identity: &mut Identity) {
    match identity.endorse(wall(), relay.ledger.time()) {
        Ok(true) => tracing::info!("the key of the ledger was endorsed"),
        Ok(false) => {}
        Err(error) => tracing::error!(%error, "the key of the ledger could not be endorsed"),
    }
    relay.ledger.take_key(identity.ledger_key());
}

/// Says that root.key is wanted before long, while there is time to fetch it.
pub fn warn_of_the_end(identity: &Identity) {
    let now = wall();
    if identity.ends_soon(now) {
        let days_left = identity.ca_not_after().0.saturating_sub(now.0) / 86_400;
        tracing::warn!(
            days_left,
            "the TLS certificate authority ends soon: bring root.key back (oublietted identity import-root FILE)"
        );
    }
}

fn next_in_s(now: u64) -> u64 {
    let until_midnight = 86_400 - now % 86_400 + AFTER_MIDNIGHT_S;
    until_midnight.min(HOUR_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_comes_every_hour_and_right_after_midnight() {
        assert_eq!(next_in_s(0), HOUR_S);
        assert_eq!(next_in_s(86_400 * 5 - 10), 15);
        assert_eq!(next_in_s(86_400 * 5), HOUR_S);
    }
}
