//! An account: the Olm account of one vault and the X-Wing prekeys of its bundles.

use crypto::{IdentitySecret, Label, Secret, XWingSecret};
use rand_core::CryptoRng;
use vodozemac::olm;
use wire::{
    BundleBody, Curve25519Key, Day, DepositId, IdentityFingerprint, PrekeyBundle, PrekeyId, Signature, Wire,
    XWingPublicKey,
};

/// Days for which a bundle may be used after its signing.
pub const BUNDLE_DAYS_MAX: u16 = 90;
/// Age at which the X-Wing prekey is replaced.
pub const PREKEY_DAYS: u16 = 7;
/// Age at which the Olm fallback key is replaced.
pub const FALLBACK_DAYS: u16 = 28;
/// How long a superseded secret still opens first flights: midnight + fetch + TTL + arrival by day.
pub const SUPERSEDED_DAYS: u16 = 17;
/// Superseded prekeys kept at most; weekly ones within 17 days make three.
const SUPERSEDED_PREKEYS_MAX: usize = 7;

/// What a vault needs so that strangers can write to it: new at join and at restore, never in a backup.
pub struct Account {
    pub(crate) olm: olm::Account,
    pub(crate) fallback: Fallback,
    pub(crate) superseded_fallback: Option<Fallback>,
    /// The current one is the last.
    pub(crate) prekeys: Vec<Prekey>,
}

/// The public half of an Olm fallback key; vodozemac forgets it after publishing.
#[derive(Clone, Copy)]
pub(crate) struct Fallback {
    pub(crate) key: Curve25519Key,
    pub(crate) made: Day,
    /// When its successor was published.
    pub(crate) superseded: Option<Day>,
}

/// An X-Wing prekey.
#[derive(Clone)]
pub(crate) struct Prekey {
    pub(crate) id: PrekeyId,
    pub(crate) seed: Secret<32>,
    pub(crate) made: Day,
    /// When its successor was published.
    pub(crate) superseded: Option<Day>,
}

impl Account {
    /// A new account with its first prekey and fallback key.
    pub fn generate(rng: &mut impl CryptoRng, day: Day) -> Account {
        let mut olm = olm::Account::new();
        let fallback = Fallback { key: draw_fallback(&mut olm), made: day, superseded: None };
        Account { olm, fallback, superseded_fallback: None, prekeys: vec![Prekey::generate(rng, day)] }
    }

    /// The bundle that lets people write to me while I am away, signed by my identity.
    ///
    /// `counter` never goes back under one identity; a restored client fetches the last one and adds one.
    pub fn bundle(
        &self,
        identity: &IdentitySecret,
        counter: u64,
        day: Day,
        doorstep: DepositId,
    ) -> PrekeyBundle {
        let prekey = self.prekey();
        let body = BundleBody {
            identity: IdentityFingerprint(identity.public().fingerprint()),
            counter,
            day,
            not_after: Day(day.0.saturating_add(BUNDLE_DAYS_MAX)),
            olm_identity: self.olm_identity(),
            olm_fallback: self.fallback.key,
            prekey_id: prekey.id,
            prekey: XWingPublicKey(prekey.secret().public()),
            doorstep,
            suites: vec![crate::envelope::SUITE],
        };
        let signature = identity.sign(Label::BUNDLE, &body.to_bytes());
        PrekeyBundle { body, signature: Signature(signature.to_bytes()) }
    }

    /// Draws the next X-Wing prekey: weekly, after a drain. Publish the new bundle, commit this, and call
    /// [`Account::published`] when the relay has confirmed.
    #[must_use]
    pub fn rotate_prekey(&self, rng: &mut impl CryptoRng, day: Day) -> Account {
        let mut next = self.clone();
        next.prekeys.push(Prekey::generate(rng, day));
        let surplus = next.prekeys.len().saturating_sub(SUPERSEDED_PREKEYS_MAX + 1);
        next.prekeys.drain(..surplus);
        next
    }

    /// Draws the next Olm fallback key: every 28 days, after a drain, under the same rules. The one before
    /// the present one is gone then, since vodozemac keeps two.
    #[must_use]
    pub fn rotate_fallback(&self, day: Day) -> Account {
        let mut next = self.clone();
        let key = draw_fallback(&mut next.olm);
        next.superseded_fallback = Some(next.fallback);
        next.fallback = Fallback { key, made: day, superseded: None };
        next
    }

    /// The relay has confirmed a bundle with the present keys: the clock of superseded ones starts.
    #[must_use]
    pub fn published(&self, day: Day) -> Account {
        let mut next = self.clone();
        if let Some((_, superseded)) = next.prekeys.split_last_mut() {
            superseded.iter_mut().for_each(|prekey| prekey.superseded = prekey.superseded.or(Some(day)));
        }
        if let Some(fallback) = &mut next.superseded_fallback {
            fallback.superseded = fallback.superseded.or(Some(day));
        }
        next
    }

    /// Erases superseded secrets 17 days after their successor was published.
    #[must_use]
    pub fn swept(&self, today: Day) -> Account {
        let mut next = self.clone();
        next.prekeys.retain(|prekey| !is_over(prekey.superseded, today));
        if next.superseded_fallback.is_some_and(|fallback| is_over(fallback.superseded, today)) {
            next.superseded_fallback = None;
            next.olm.forget_fallback_key();
        }
        next
    }

    /// Whether a day is noted that has not come yet: a clock was ahead.
    pub fn is_ahead(&self, today: Day) -> bool {
        self.noted().into_iter().any(|day| day > today)
    }

    /// Days that have not come yet count as today from now on. Else keys that were drawn under a clock that was ahead
    /// would neither be replaced nor erased before that day.
    #[must_use]
    pub fn put_right(&self, today: Day) -> Account {
        let mut next = self.clone();
        for prekey in &mut next.prekeys {
            prekey.made = prekey.made.min(today);
            prekey.superseded = prekey.superseded.map(|day| day.min(today));
        }
        for fallback in [Some(&mut next.fallback), next.superseded_fallback.as_mut()].into_iter().flatten() {
            fallback.made = fallback.made.min(today);
            fallback.superseded = fallback.superseded.map(|day| day.min(today));
        }
        next
    }

    /// Whether the X-Wing prekey is a week old.
    pub fn prekey_due(&self, today: Day) -> bool {
        today.0.saturating_sub(self.prekey().made.0) >= PREKEY_DAYS
    }

    /// Whether the fallback key is four weeks old, and its predecessor no longer needed.
    pub fn fallback_due(&self, today: Day) -> bool {
        self.superseded_fallback.is_none() && today.0.saturating_sub(self.fallback.made.0) >= FALLBACK_DAYS
    }

    /// The Olm identity key, which a bundle carries.
    pub fn olm_identity(&self) -> Curve25519Key {
        Curve25519Key(self.olm.curve25519_key().to_bytes())
    }

    /// The prekey that an envelope names, if its secret is still held.
    pub(crate) fn prekey_by_id(&self, id: &PrekeyId) -> Option<&Prekey> {
        self.prekeys.iter().find(|prekey| prekey.id == *id)
    }

    /// Whether a first flight under this fallback key could still be opened.
    pub(crate) fn holds_fallback(&self, key: &Curve25519Key) -> bool {
        self.fallback.key == *key || self.superseded_fallback.is_some_and(|fallback| fallback.key == *key)
    }

    /// A copy of the Olm account: vodozemac changes accounts in place, and a failed open changes nothing.
    pub(crate) fn olm_copy(&self) -> olm::Account {
        olm::Account::from_pickle(self.olm.pickle())
    }

    /// Every day that is noted.
    fn noted(&self) -> Vec<Day> {
        let prekeys = self.prekeys.iter().map(|prekey| (prekey.made, prekey.superseded));
        let fallbacks = [Some(self.fallback), self.superseded_fallback].into_iter().flatten();
        let fallbacks = fallbacks.map(|fallback| (fallback.made, fallback.superseded));
        prekeys.chain(fallbacks).flat_map(|(made, superseded)| [Some(made), superseded]).flatten().collect()
    }

    fn prekey(&self) -> &Prekey {
        self.prekeys.last().expect("an account always holds its current prekey")
    }
}

impl Clone for Account {
    fn clone(&self) -> Self {
        Self {
            olm: self.olm_copy(),
            fallback: self.fallback,
            superseded_fallback: self.superseded_fallback,
            prekeys: self.prekeys.clone(),
        }
    }
}

impl core::fmt::Debug for Account {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str("Account(..)")
    }
}

impl Prekey {
    fn generate(rng: &mut impl CryptoRng, day: Day) -> Self {
        let mut id = [0; 8];
        rng.fill_bytes(&mut id);
        Self { id: PrekeyId(id), seed: Secret::generate(rng), made: day, superseded: None }
    }

    pub(crate) fn secret(&self) -> XWingSecret {
        XWingSecret::from_seed(*self.seed.expose())
    }
}

fn draw_fallback(olm: &mut olm::Account) -> Curve25519Key {
    olm.generate_fallback_key();
    let key =
        olm.fallback_key().into_values().next().expect("a fallback key was just made and not published");
    olm.mark_keys_as_published();
    Curve25519Key(key.to_bytes())
}

fn is_over(superseded: Option<Day>, today: Day) -> bool {
    superseded.is_some_and(|day| today.0.saturating_sub(day.0) >= SUPERSEDED_DAYS)
}
