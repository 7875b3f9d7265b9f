//! When the store forgets: soon when it is quiet and the disk holds much more than waits, else every hour.

use std::sync::Arc;
use std::time::{Duration, Instant};

use store::{Cause, Extent, Forgotten, StoreError};

use crate::relay::Relay;

/// Between two looks; nothing let go of and nothing stored since the last one is what quiet means.
const LOOK: Duration = Duration::from_secs(10);
/// At the latest so long after something was let go of.
const HOUR: Duration = Duration::from_secs(3_600);
/// More than this on the disk beyond what waits, compared with after the last time, and a quiet moment is used.
const BLOAT_BYTES: u64 = 32 * 1024 * 1024;
/// So long after midnight, so that what expires at midnight was let go of before.
const AFTER_MIDNIGHT_S: u64 = 60;

/// Looks every ten seconds, until the server stops.
pub async fn run(relay: Arc<Relay>) {
    let mut watch = Watch::new(&relay);
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = relay.stopping.cancelled() => return,
        }
        let looked_at = relay.clone();
        let looked = tokio::task::spawn_blocking(move || {
            watch.look(&looked_at);
            watch
        });
        let Some(kept) = relay.survived(looked.await) else { return };
        watch = kept;
    }
}

/// Forgets now. Blocks.
pub fn once(relay: &Relay, extent: Extent) -> Result<Forgotten, StoreError> {
    let begun = Instant::now();
    let forgotten = relay.store.forget(relay.today(), extent)?;
    let Forgotten { bytes_before, bytes_after } = forgotten;
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(bytes_before, bytes_after, took_ms, "forgot what was let go of");
    Ok(forgotten)
}

/// Whether nothing but a backup under way or a lack of room keeps the store from forgetting.
pub fn waits(error: StoreError) -> bool {
    matches!(error, StoreError::NotDone(Cause::Frozen | Cause::DiskFull))
}

/// What was seen last, and after which forgetting.
struct Watch {
    changes: (u64, u64),
    /// Bytes on the disk beyond what waits, after the last time.
    base: u64,
    last: Instant,
    day: wire::Day,
}

impl Watch {
    fn new(relay: &Relay) -> Self {
        Self { changes: changes(relay), base: 0, last: Instant::now(), day: relay.today() }
    }

    fn look(&mut self, relay: &Relay) {
        let before = std::mem::replace(&mut self.changes, changes(relay));
        if self.changes.0 == 0 {
            return;
        }
        let quiet = before == self.changes;
        let new_day =
            self.day != relay.today() && relay.believed.now(&relay.clock).0 % 86_400 >= AFTER_MIDNIGHT_S;
        let due = new_day || self.last.elapsed() >= HOUR;
        let much = || beyond(relay) > self.base.saturating_add(BLOAT_BYTES);
        if !(due || quiet && much()) {
            return;
        }
        match once(relay, Extent::Due) {
            Ok(_) => {}
            // Nothing was done, and nothing is wrong with the store: the next look tries again.
            Err(error) if waits(error) => return tracing::debug!(%error, "forgetting waits"),
            Err(error) => {
                let _told = relay.store_failed(error);
                match error {
                    StoreError::NotDone(Cause::Damaged) => tracing::warn!(
                        "a damaged part of the store keeps what was let go of in it; stop the relay and repair \
                         (oublietted repair NEWDIR)"
                    ),
                    error => {
                        tracing::warn!(%error, "forgetting did not end; it is tried again within the hour")
                    }
                }
            }
        }
        self.last = Instant::now();
        self.day = relay.today();
        self.base = beyond(relay);
        self.changes = changes(relay);
    }
}

/// Rows let go of and not yet forgotten, and deposits so far.
fn changes(relay: &Relay) -> (u64, u64) {
    (relay.store.unforgotten(), relay.counters.stored.get())
}

/// Bytes on the disk beyond what waits.
fn beyond(relay: &Relay) -> u64 {
    relay.store.disk_bytes().saturating_sub(relay.store.totals().bytes)
}
