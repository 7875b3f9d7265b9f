//! Prekey bundles: compare-and-set on the counter, and the midnight rule (DESIGN § 6.4,
//! `docs/decisions/0017-a-new-account-shows-at-once.md`).

use wire::{Day, Name, PrekeyBundle, Wire};

use crate::codec::Cut;
use crate::engine::Engine;
use crate::shelf::{Batch, Shelf, Table};
use crate::{Cause, PublishOutcome, StoreError};

/// A name's bundles: the one in effect, and the one that will be.
struct Shown {
    current: PrekeyBundle,
    next: Option<(Day, PrekeyBundle)>,
}

impl Shown {
    /// What stands today.
    fn settled(self, today: Day) -> Self {
        match self.next {
            Some((from, bundle)) if from <= today => Self { current: bundle, next: None },
            next => Self { current: self.current, next },
        }
    }

    fn newest(&self) -> &PrekeyBundle {
        self.next.as_ref().map_or(&self.current, |(_, bundle)| bundle)
    }

    /// `len u32 ‖ current ‖ (day ‖ next)?`.
    fn to_bytes(&self) -> Vec<u8> {
        let current = self.current.to_bytes();
        let len = u32::try_from(current.len()).expect("a bundle fits a frame");
        let mut out = len.to_be_bytes().to_vec();
        out.extend_from_slice(&current);
        if let Some((from, bundle)) = &self.next {
            out.extend_from_slice(&from.0.to_be_bytes());
            out.extend_from_slice(&bundle.to_bytes());
        }
        out
    }

    fn from_bytes(body: &[u8]) -> Option<Self> {
        let mut cut = Cut(body);
        let len = usize::try_from(cut.u32()?).ok()?;
        let current = PrekeyBundle::from_bytes(cut.bytes(len)?).ok()?;
        if cut.0.is_empty() {
            return Some(Self { current, next: None });
        }
        let from = Day(cut.u16()?);
        let next = PrekeyBundle::from_bytes(cut.rest()).ok()?;
        Some(Self { current, next: Some((from, next)) })
    }
}

impl<S: Shelf> Engine<S> {
    /// See [`DirectoryStore::bundle`](crate::DirectoryStore::bundle).
    pub(crate) fn bundle_in_effect(
        &self,
        name: &Name,
        today: Day,
    ) -> Result<Option<PrekeyBundle>, StoreError> {
        self.running()?;
        let key = self.name_key(name);
        // Without a bundle nobody new writes to a suspended name (spec/directory.md § Suspension).
        if self.suspended(&key)?.is_some() {
            return Ok(None);
        }
        let shown = self.shown(&key)?;
        Ok(shown.map(|shown| shown.settled(today).current))
    }

    /// See [`DirectoryStore::publish`](crate::DirectoryStore::publish).
    pub(crate) fn publish_bundle(
        &self,
        name: &Name,
        bundle: PrekeyBundle,
        today: Day,
    ) -> Result<PublishOutcome, StoreError> {
        let _writer = self.write()?;
        let key = self.name_key(name);
        if self.head(&key)?.is_none_or(|head| head.tombstone.is_some()) {
            return Ok(PublishOutcome::NoSuchName);
        }
        let shown = self.shown(&key)?.map(|shown| shown.settled(today));
        let shown = match shown.filter(|shown| shown.newest().body.identity == bundle.body.identity) {
            // The first under an identity takes effect at once: until then nobody could write at all.
            None => Shown { current: bundle, next: None },
            Some(shown) if *shown.newest() == bundle => return Ok(PublishOutcome::Again),
            Some(shown) if shown.newest().body.counter >= bundle.body.counter => {
                return Ok(PublishOutcome::Stale);
            }
            // So does the first of another account: what is sealed under the one before, nobody can open any more.
            Some(shown) if shown.current.body.olm_identity != bundle.body.olm_identity => {
                Shown { current: bundle, next: None }
            }
            // And what follows one of a clock that was ahead, which every sender refuses.
            Some(shown) if shown.current.body.day.0 > today.0.saturating_add(1) => {
                Shown { current: bundle, next: None }
            }
            // Later ones at the next 00:00 UTC, so that a bundle is no last-seen to the minute.
            Some(shown) => {
                let tomorrow = Day(today.0.saturating_add(1));
                Shown { current: shown.current, next: Some((tomorrow, bundle)) }
            }
        };
        let mut batch = Batch::default();
        batch.put(Table::Bundles, &key, &shown.to_bytes());
        self.commit_addition(batch)?;
        Ok(PublishOutcome::Published)
    }

    fn shown(&self, key: &[u8; 32]) -> Result<Option<Shown>, StoreError> {
        let Some(body) = self.row(Table::Bundles, key)? else { return Ok(None) };
        Shown::from_bytes(&body).map(Some).ok_or_else(|| self.failed(Cause::Damaged))
    }
}
