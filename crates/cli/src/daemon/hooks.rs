//! `oub daemon --exec`: every message to a command, again and again until it exits 0.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use client::{Client, ClientError, Handled, PullOptions, Received};

use crate::args::DaemonRun;
use crate::commands::hook::{self, Leash, Outcome};
use crate::daemon::shared::Shared;
use crate::messages::{daemon as messages, language, why_of};

/// Between two tries for one message: from the first to the last, doubled each time.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));
/// How often it looks without news.
const LOOK: Duration = Duration::from_secs(1);

/// Runs until the daemon ends.
pub fn run(shared: &Arc<Shared>, options: &DaemonRun) {
    let Some(command) = options.exec.as_ref().filter(|command| !command.is_empty()) else { return };
    let mut hooks = Hooks { shared, command, limit: options.exec_timeout, failed: BTreeMap::new() };
    let client = match shared.open(None) {
        Ok(client) => client,
        Err(error) => {
            return shared.context.screen.warn(&messages::no_hook(error.what_in(language())));
        }
    };
    let mut seen = 0;
    while !shared.is_stopping() {
        hooks.round(&client);
        shared.news.wait(&mut seen, hooks.rest());
    }
}

struct Hooks<'a> {
    shared: &'a Shared,
    command: &'a str,
    limit: Duration,
    /// By sender and id: how often the command left it, and when it is tried again.
    failed: BTreeMap<(String, String), (u32, Instant)>,
}

impl Hooks<'_> {
    /// Hands out once everything whose time has come.
    fn round(&mut self, client: &Client) {
        let before = std::mem::take(&mut self.failed);
        let handed = client.hand_out(&PullOptions::default(), &mut |message| self.take(&before, message));
        match handed {
            // What was not come to is not forgotten.
            Err(_) => self.failed.extend(before),
            Ok(_) if self.shared.is_stopping() => self.failed.extend(before),
            Ok(_) => {}
        }
        if let Err(error) = handed
            && !matches!(error, ClientError::HandingBusy | ClientError::VaultBusy)
        {
            self.shared.context.screen.warn(&why_of(&error));
        }
    }

    fn take(&mut self, before: &BTreeMap<(String, String), (u32, Instant)>, message: &Received) -> Handled {
        let _runs = self.shared.hook.take();
        if self.shared.is_stopping() {
            return Handled::NoAndStop;
        }
        let name = (message.from.clone(), message.id.clone());
        let earlier = before.get(&name);
        if let Some((tries, due)) = earlier
            && Instant::now() < *due
        {
            self.failed.insert(name, (*tries, *due));
            return Handled::No;
        }
        let leash = Leash {
            limit: self.limit,
            is_called_off: &|| self.shared.calls_hooks_off(),
            is_hurried: &|| self.shared.hurries_hooks(),
        };
        match hook::run(&self.shared.context, self.command, message, None, Some(&leash)) {
            Outcome::Took => Handled::Yes,
            // The next daemon, or a pull, hands it out again.
            Outcome::Left(_) if self.shared.calls_hooks_off() => Handled::NoAndStop,
            Outcome::Left(why) => {
                let tries = earlier.map_or(0, |(tries, _)| *tries);
                let wait = wait_after(tries);
                let again = messages::hook_again(why, wait.as_secs());
                self.shared.context.screen.warn(&again);
                self.failed.insert(name, (tries.saturating_add(1), Instant::now() + wait));
                Handled::No
            }
        }
    }

    /// Until the next try is due.
    fn rest(&self) -> Duration {
        let now = Instant::now();
        let due = self.failed.values().map(|(_, due)| due.saturating_duration_since(now)).min();
        due.map_or(LOOK, |due| due.min(LOOK)).max(Duration::from_millis(20))
    }
}

fn wait_after(tries: u32) -> Duration {
    let (first, longest) = BACKOFF;
    first.saturating_mul(1 << tries.min(16)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_grow_apart_and_never_stop() {
        let waits = [0, 1, 2, 8, 9, u32::MAX].map(|tries| wait_after(tries).as_secs());
        assert_eq!(waits, [1, 2, 4, 256, 300, 300]);
    }
}
