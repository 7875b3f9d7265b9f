//! Challenges of one connection: bounded, short-lived, each answered once (`spec/directory.md § Challenge`).

use wire::limits::{CHALLENGE_MS_MAX, CHALLENGES_PER_CONNECTION_MAX};
use wire::{ChallengeNonce, Name, RecordBody};

use crate::Now;

/// A nonce that waits for its answer.
pub(super) struct OpenChallenge {
    pub(super) registered: RecordBody,
    pub(super) nonce: ChallengeNonce,
    until: Now,
}

/// The open challenges, at most one per name.
#[derive(Default)]
pub(super) struct Challenges {
    open: Vec<OpenChallenge>,
}

impl Challenges {
    /// Remembers a challenge; an earlier one for the name is void. False when too many are open.
    pub(super) fn issue(&mut self, now: Now, registered: RecordBody, nonce: ChallengeNonce) -> bool {
        self.open.retain(|open| now < open.until && open.registered.name != registered.name);
        if self.open.len() >= CHALLENGES_PER_CONNECTION_MAX {
            return false;
        }
        self.open.push(OpenChallenge { registered, nonce, until: now.after_ms(CHALLENGE_MS_MAX) });
        true
    }

    /// Takes a name's challenge out: whatever comes of it, its nonce is spent.
    pub(super) fn take(&mut self, now: Now, name: &Name) -> Option<OpenChallenge> {
        self.open.retain(|open| now < open.until);
        let at = self.open.iter().position(|open| open.registered.name == *name)?;
        Some(self.open.swap_remove(at))
    }
}
