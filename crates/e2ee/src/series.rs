//! My series of offers towards one contact: made, used, superseded and erased in turn.

use crate::Offer;
use crypto::{Secret, XWingSecret};
use rand_core::CryptoRng;
use wire::{Day, UnixSeconds, XWingPublicKey};

/// Age after which nothing is sealed to an offer.
pub(crate) const OFFER_USE_DAYS_MAX: u16 = 60;
/// Age at which an owner erases an offer's secret.
pub(crate) const OFFER_KEEP_DAYS_MAX: u16 = 92;
/// The previous offer's secret lives at most this long after its successor was first used.
const PREVIOUS_SECONDS_MAX: u64 = 7 * 86_400;
/// Offered, used, previous.
const SECRETS_MAX: usize = 3;

/// The owner's side of the offers (`spec/e2ee.md § Offers`).
#[derive(Clone)]
pub(crate) struct Series {
    /// Rising, at most three: previous, used, offered.
    pub(crate) secrets: Vec<OfferSecret>,
    /// The last number made.
    pub(crate) made: u32,
    /// The highest number under which an envelope was opened; 0 before the first.
    pub(crate) used: u32,
    /// When that was.
    pub(crate) used_at: UnixSeconds,
}

/// One offer with its secret.
#[derive(Clone)]
pub(crate) struct OfferSecret {
    pub(crate) n: u32,
    pub(crate) day: Day,
    pub(crate) seed: Secret<32>,
    pub(crate) psk: Secret<32>,
}

impl Series {
    /// No offer made yet.
    pub(crate) fn new() -> Self {
        Self { secrets: Vec::new(), made: 0, used: 0, used_at: UnixSeconds(0) }
    }

    /// The offer that rides in the next Content: the outstanding one, or a new one when that was used.
    pub(crate) fn offer(&mut self, today: Day, rng: &mut impl CryptoRng) -> Offer {
        if self.outstanding(today).is_none() {
            self.make(today, rng);
        }
        self.secrets.last().map(OfferSecret::offer).expect("an offer was just made or is outstanding")
    }

    /// The secrets to try, in the order offered, used, previous.
    pub(crate) fn to_try(&self) -> impl Iterator<Item = &OfferSecret> {
        self.secrets.iter().rev()
    }

    /// An envelope under offer `n` was opened. At its first use n − 2 and what is older goes at once.
    pub(crate) fn mark_used(&mut self, n: u32, now: UnixSeconds) {
        if n <= self.used {
            return;
        }
        self.used = n;
        self.used_at = now;
        self.secrets.retain(|secret| secret.n.saturating_add(1) >= n);
    }

    /// A COLLECT begun at `began` reached DRAINED: what was sealed to the previous offer has arrived.
    pub(crate) fn drained(&mut self, began: UnixSeconds) {
        if began > self.used_at {
            self.erase_previous();
        }
    }

    /// Erases what is too old, whether or not a drain came.
    pub(crate) fn sweep(&mut self, now: UnixSeconds) {
        if now.0.saturating_sub(self.used_at.0) >= PREVIOUS_SECONDS_MAX {
            self.erase_previous();
        }
        let today = crate::conversation::day_of(now);
        self.secrets.retain(|secret| today.0.saturating_sub(secret.day.0) < OFFER_KEEP_DAYS_MAX);
    }

    /// An unused offer that the other side may still seal to. One near its end is replaced in good time.
    fn outstanding(&self, today: Day) -> Option<&OfferSecret> {
        self.secrets.last().filter(|secret| {
            secret.n > self.used && today.0.saturating_sub(secret.day.0) < OFFER_USE_DAYS_MAX / 2
        })
    }

    fn make(&mut self, today: Day, rng: &mut impl CryptoRng) {
        self.made = self.made.saturating_add(1);
        self.secrets.push(OfferSecret {
            n: self.made,
            day: today,
            seed: Secret::generate(rng),
            psk: Secret::generate(rng),
        });
        let surplus = self.secrets.len().saturating_sub(SECRETS_MAX);
        self.secrets.drain(..surplus);
    }

    fn erase_previous(&mut self) {
        let used = self.used;
        self.secrets.retain(|secret| secret.n >= used);
    }
}

impl OfferSecret {
    pub(crate) fn secret(&self) -> XWingSecret {
        XWingSecret::from_seed(*self.seed.expose())
    }

    fn offer(&self) -> Offer {
        Offer {
            n: self.n,
            day: self.day,
            key: XWingPublicKey(self.secret().public()),
            psk: *self.psk.expose(),
        }
    }
}
