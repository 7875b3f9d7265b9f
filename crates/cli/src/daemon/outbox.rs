//! What waits in the outbox leaves by itself, on a thread of its own.

use std::sync::Arc;
use std::time::Duration;

use client::Pauses;

use crate::daemon::shared::{Link, Shared};

/// Between two looks: at first, and at most, while something cannot be sent.
const PAUSE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));

/// Runs until the daemon ends. News end a pause: what came may be the answer that something waited for, or the
/// server may be there again.
pub fn run(shared: &Arc<Shared>) {
    let Ok(client) = shared.open_alone() else { return };
    let (mut seen, mut pause) = (0, PAUSE.0);
    let (mut pauses, mut was_down) = (Pauses::default(), false);
    while !shared.is_stopping() {
        let is_down = matches!(shared.link(), Link::Down(_));
        if std::mem::replace(&mut was_down, is_down) && !is_down {
            // The way to everybody may be there again.
            pauses = Pauses::default();
        }
        // Whoever sends sends that too; twice at once it would leave twice.
        let sent = if shared.sending.count() == 0 { client.send_waiting(&mut pauses) } else { Ok(0) };
        pause = match sent {
            Ok(_) => PAUSE.0,
            // Why it waits is in the outbox, for whoever asks.
            Err(_) => pause.saturating_mul(2).min(PAUSE.1),
        };
        shared.news.wait(&mut seen, pause);
    }
}
