//! What waits in the outbox leaves by itself, on a thread of its own.

use std::sync::Arc;
use std::time::Duration;

use crate::daemon::shared::Shared;

/// Between two looks: at first, and at most, while something cannot be sent.
const PAUSE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));

/// Runs until the daemon ends. News end a pause: what came may be the answer that something waited for, or the
/// server may be there again.
pub fn run(shared: &Arc<Shared>) {
    let Ok(client) = shared.open_alone() else { return };
    let (mut seen, mut pause) = (0, PAUSE.0);
    while !shared.is_stopping() {
        // Whoever sends sends that too; twice at once it would leave twice.
        let sent = if shared.sending.count() == 0 { client.send_waiting() } else { Ok(0) };
        pause = match sent {
            Ok(_) => PAUSE.0,
            // Why it waits is in the outbox, for whoever asks.
            Err(_) => pause.saturating_mul(2).min(PAUSE.1),
        };
        shared.news.wait(&mut seen, pause);
    }
}
