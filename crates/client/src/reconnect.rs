//! When whoever stays connected connects again.

use std::time::{Duration, Instant};

use client_core::schedule::Attempts;

use crate::{Client, ClientError};

/// The attempt from which on attempts are minutes apart: two copies of a profile that throw each other out shall not
/// do so all day.
const MINUTES_ATTEMPT: u32 = 8;

/// A connection that is made again whenever it breaks.
#[derive(Debug, Default)]
pub(crate) struct Reconnect {
    attempts: Attempts,
    stands_since: Option<Instant>,
}

impl Reconnect {
    /// It stands from now on.
    pub(crate) fn connected(&mut self) {
        self.stands_since = Some(Instant::now());
    }

    /// It ended because it was to end.
    pub(crate) fn ended(&mut self) {
        *self = Self::default();
    }

    /// It broke, or could not be made, because of this: how long to wait before the next attempt.
    pub(crate) fn wait(&mut self, client: &Client, error: &ClientError) -> Duration {
        let stood = self.stands_since.take().map_or(Duration::ZERO, |since| since.elapsed());
        self.attempts.broke(u64::try_from(stood.as_millis()).unwrap_or(u64::MAX));
        match error {
            // Whoever collects there ends within seconds, mostly.
            ClientError::CollectorBusy => self.attempts.at_most(1),
            ClientError::Superseded | ClientError::Protocol { .. } => self.attempts.at_least(MINUTES_ATTEMPT),
            _ => {}
        }
        Duration::from_millis(self.attempts.wait_ms(client.number(), error.retry_after_s()))
    }
}
