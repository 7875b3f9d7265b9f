//! The records of one name, read from the relay as far as is needed and checked link by link
//! (`spec/directory.md § Look-up`).
//!
//! A name may change its key as often as it likes, and a thief of a key does so as often as the relay lets him. So
//! nobody reads a whole chain: who knows a record reads on from it, and who knows an identity reads back to it.

use std::{cmp::Ordering, time::Duration};

use proto::signed::{Change, identity_of, record_hash, verify_first, verify_next, verify_own};
use tokio::time::timeout_at;
use wire::{
    IdentityFingerprint, IdentityRecord, ShortFingerprint, limits::LOOKUPS_PER_MINUTE_MAX, response::Record,
};

use super::directory::LookingUp;
use crate::{ClientError, vault::contact::Walked};

/// Links that are read on at once; what comes behind them is read by the next command. Below what a source may look up in
/// a minute, so that a command that did its share is not told to wait.
pub(crate) const LINKS_ON_MAX: u32 = 48;
/// Links that are read back at most, with a wait wherever the relay asks for one: two months of a thief's changes.
pub(crate) const LINKS_BACK_MAX: u32 = 1_024;
/// Links for which one wait is borne: half of what an honest relay's budget of a minute is good for.
const LINKS_PER_WAIT: u32 = LOOKUPS_PER_MINUTE_MAX / 2;
/// The longest wait, and what is waited where the relay does not say.
const WAIT_S_MAX: u32 = 60;

const _: () = assert!(LINKS_ON_MAX + 2 < LOOKUPS_PER_MINUTE_MAX);

/// Part of a chain, from some record to the newest, every signature in it checked.
pub(crate) struct Chain(Vec<Link>);

/// One record of a chain.
struct Link {
    fingerprint: IdentityFingerprint,
    /// Whether the key of its predecessor signed it (the recovery key, if not).
    signed_by_old: bool,
}

/// What reading on came to.
pub(crate) enum ReadOn {
    /// The end.
    Newest(Chain),
    /// A rest: what to go on from, and why not now.
    Rest { walked: Box<Walked>, why: ClientError },
}

impl Chain {
    /// How the newest record follows from the last one with this identity.
    pub(crate) fn is_signed_since(&self, accepts: impl Fn(&IdentityFingerprint) -> bool) -> Option<bool> {
        let place = self.0.iter().rposition(|link| accepts(&link.fingerprint))?;
        Some(self.0.iter().skip(place + 1).all(|link| link.signed_by_old))
    }

    /// Of keys each of which signed the next.
    pub(crate) fn signed(keys: impl IntoIterator<Item = IdentityFingerprint>) -> Self {
        Self(keys.into_iter().map(|fingerprint| Link { fingerprint, signed_by_old: true }).collect())
    }

    fn holds(&self, identity: &ShortFingerprint) -> bool {
        self.0.iter().any(|link| identity.matches(&link.fingerprint.0))
    }
}

impl LookingUp<'_> {
    /// Reads on from a pinned record, or from where the last command rested. It rests with what it has read where there
    /// are too many links, where it takes too long, and where the relay does not answer now.
    pub(crate) async fn read_on(
        &mut self,
        newest: &IdentityRecord,
        pinned: &IdentityRecord,
        walked: Option<&Walked>,
    ) -> Result<ReadOn, ClientError> {
        let (mut links, mut last) = self.begin(newest, pinned, walked)?;
        for _ in 0..LINKS_ON_MAX {
            let seq = last.record.body.seq.saturating_add(1);
            let next = match seq.cmp(&newest.body.seq) {
                Ordering::Greater => break,
                Ordering::Equal => newest.clone(),
                Ordering::Less => match timeout_at(self.rests_at(), self.lookup(Some(seq))).await {
                    Ok(Ok(answer)) => answer.record,
                    Ok(Err(why)) if why.is_temporary() => return Ok(rest(last, why)),
                    Ok(Err(error)) => return Err(error),
                    Err(_) => return Ok(rest(last, self.too_slow())),
                },
            };
            if next.body.prev_hash != record_hash(&last.record.body) {
                return self.other_chain(newest).await;
            }
            let signed_by_old = self.follows(&next, &last.record)?;
            links.push(self.link(&next, signed_by_old)?);
            last = Walked { record: next, recovered: last.recovered || !signed_by_old };
        }
        if last.record.body.seq < newest.body.seq {
            let why = ClientError::LongChain { name: self.name().to_string(), links: LINKS_ON_MAX };
            return Ok(rest(last, why));
        }
        match record_hash(&last.record.body) == record_hash(&newest.body) {
            true => Ok(ReadOn::Newest(Chain(links))),
            false => self.other_chain(newest).await,
        }
    }

    /// Where reading on begins. What was read before counts only while the relay shows nothing older.
    fn begin(
        &self,
        newest: &IdentityRecord,
        pinned: &IdentityRecord,
        walked: Option<&Walked>,
    ) -> Result<(Vec<Link>, Walked), ClientError> {
        let mut links = vec![self.link(pinned, true)?];
        match walked.filter(|walked| walked.record.body.seq <= newest.body.seq) {
            Some(walked) => {
                links.push(self.link(&walked.record, !walked.recovered)?);
                Ok((links, walked.clone()))
            }
            None => Ok((links, Walked { record: pinned.clone(), recovered: false })),
        }
    }

    /// The newest record does not follow the pinned one. It is still the one that a person may decide for.
    async fn other_chain(&mut self, newest: &IdentityRecord) -> Result<ReadOn, ClientError> {
        Ok(ReadOn::Newest(self.read_back(newest, &[], 1).await?))
    }

    /// Reads back until each of these identities was met, to the first record, or so many links. The newest record is
    /// checked against its predecessor in any case: by what right it stands is said nowhere else.
    pub(crate) async fn read_back(
        &mut self,
        newest: &IdentityRecord,
        wanted: &[ShortFingerprint],
        links_max: u32,
    ) -> Result<Chain, ClientError> {
        let (mut chain, mut record) = (Chain(Vec::new()), newest.clone());
        let mut waits = links_max / LINKS_PER_WAIT;
        for _ in 0..links_max {
            if record.body.seq == 0 {
                break;
            }
            let previous = self.lookup_patiently(record.body.seq - 1, &mut waits).await?.record;
            let signed_by_old = self.follows(&record, &previous)?;
            chain.0.push(self.link(&record, signed_by_old)?);
            record = previous;
            let met = self.link(&record, true)?;
            if wanted.iter().all(|one| chain.holds(one) || one.matches(&met.fingerprint.0)) {
                break;
            }
        }
        // The key in the oldest signed it, whatever came before it: else a relay could put anybody's key there, behind a
        // recovery of its own.
        let oldest = match record.body.seq {
            0 => verify_first(&record, &self.server_id()),
            _ => verify_own(&record),
        };
        oldest.map_err(|_| self.bad())?;
        chain.0.push(self.link(&record, true)?);
        chain.0.reverse();
        Ok(chain)
    }

    /// Waits for the relay's budget, while it may: there is nowhere to keep how far one came.
    async fn lookup_patiently(&mut self, seq: u32, waits: &mut u32) -> Result<Record, ClientError> {
        loop {
            let answer = self.lookup(Some(seq)).await;
            let Err(ClientError::Busy { retry_after_s, .. }) = &answer else { return answer };
            let Some(left) = waits.checked_sub(1) else { return answer };
            *waits = left;
            let wait = retry_after_s.unwrap_or(WAIT_S_MAX).clamp(1, WAIT_S_MAX);
            tokio::time::sleep(Duration::from_secs(wait.into())).await;
        }
    }

    /// Whether the predecessor's identity key signed the record; an error where it does not follow at all.
    fn follows(&self, record: &IdentityRecord, previous: &IdentityRecord) -> Result<bool, ClientError> {
        match verify_next(record, &previous.body) {
            Ok(Change::Rotated | Change::Released) => Ok(true),
            Ok(Change::Recovered) => Ok(false),
            Err(_) => Err(self.bad()),
        }
    }

    fn link(&self, record: &IdentityRecord, signed_by_old: bool) -> Result<Link, ClientError> {
        let key = identity_of(&record.body).map_err(|_| self.bad())?;
        Ok(Link { fingerprint: IdentityFingerprint(key.fingerprint()), signed_by_old })
    }
}

fn rest(walked: Walked, why: ClientError) -> ReadOn {
    ReadOn::Rest { walked: Box::new(walked), why }
}
