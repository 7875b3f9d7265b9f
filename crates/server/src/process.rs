//! What the process asks of the system for itself: no core dumps, private files, enough descriptors, a word to systemd.

use std::sync::Arc;
use std::time::Duration;

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sd_notify::NotifyState;

use crate::relay::Relay;

/// Descriptors kept for the store, the admin socket and the listeners.
const RESERVED: u64 = 512;

/// A crash must not write keys and envelopes into a core file. Where the system refuses, the unit's
/// `LimitCORE=0` says the same.
pub fn forbid_core_dumps() {
    let _refused = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

/// Whatever this process makes is for its user only, also what libraries make.
pub fn keep_files_private() {
    let _before = rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Raises the soft limit of descriptors to the hard one, and says how many connections fit under it.
pub fn connections_that_fit(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let _refused = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let Some(now) = getrlimit(Resource::Nofile).current else { return wanted };
    let fit = now.saturating_sub(RESERVED).max(16);
    wanted.min(usize::try_from(fit).unwrap_or(usize::MAX))
}

/// Tells systemd, if it is listening, that the server serves.
pub fn notify_ready() {
    let _nobody_listens = sd_notify::notify(&[NotifyState::Ready]);
}

/// Tells systemd that the server stops.
pub fn notify_stopping() {
    let _nobody_listens = sd_notify::notify(&[NotifyState::Stopping]);
}

/// How often the writer is looked after where no watchdog asks for more.
const LOOK: Duration = Duration::from_secs(5);

/// Says when a commit hangs, and strokes systemd's watchdog, if there is one, for as long as the event loop turns
/// and none does.
pub async fn stroke_watchdog(relay: Arc<Relay>) {
    let pace = sd_notify::watchdog_enabled().map_or(LOOK, |patience| patience / 3);
    let mut pace = tokio::time::interval(pace.max(Duration::from_millis(100)));
    let mut was_well = true;
    loop {
        pace.tick().await;
        let is_well = relay.pulse.is_well();
        if is_well {
            let _nobody_listens = sd_notify::notify(&[NotifyState::Watchdog]);
        } else if was_well {
            tracing::error!(
                "a commit hangs: the disk does not answer, and no watchdog is told any more that all is well"
            );
        }
        was_well = is_well;
    }
}
