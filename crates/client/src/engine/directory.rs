//! Looking people up: records checked link by link, bundles checked against them (DESIGN § 6.4, P6).

use ::ledger::head::is_empty;
use client_core::{
    contact::{Judgement, Pin as KeyPin, Succession, judge},
    schedule::{BUNDLE_FRESH_S, RECORD_FRESH_S, day_of, is_fresh},
};
use e2ee::{VerifiedBundle, verify_bundle};
use proto::signed::{Change, identity_of, is_tombstone, record_hash, verify_first, verify_next};
use wire::{
    Address, ConnectionKind, Day, HostPort, IdentityFingerprint, IdentityRecord, Name, RefusalKind, Response,
    ServerId, UnixSeconds,
    request::{Fetch, Lookup},
    response::Record,
};

use super::{identity, keys, ledger, requests};
use crate::{
    Client, ClientError, Options,
    transport::{Line, Pin},
    vault::{
        Tx,
        contact::{self, LogPlace, Person, Standing},
        int, me, rotation,
    },
};

/// Links of a chain that are followed.
const CHAIN_MAX: u32 = 64;

/// A person as the directory shows them, every signature checked.
pub(crate) struct Found {
    pub(crate) server_id: ServerId,
    pub(crate) record: IdentityRecord,
    pub(crate) fingerprint: IdentityFingerprint,
    /// Where the record stands in the log of its server, as that says.
    pub(crate) place: LogPlace,
    /// Whether the server shows a log at all.
    pub(crate) has_log: bool,
    /// Each record from the first on.
    links: Vec<Link>,
}

/// One record of a chain.
struct Link {
    fingerprint: IdentityFingerprint,
    /// Whether the key of its predecessor signed it (the recovery key, if not).
    signed_by_old: bool,
}

impl Found {
    /// Whether this identity stands in the chain, and every later one was signed by the one before.
    fn descends_from(&self, accepts: impl Fn(&IdentityFingerprint) -> bool) -> bool {
        self.place_of(accepts).is_some_and(|place| self.is_signed_after(place))
    }

    /// How the newest record follows from this identity.
    fn succession(&self, pinned: &IdentityFingerprint) -> Succession {
        match self.place_of(|fingerprint| fingerprint == pinned) {
            Some(place) if self.is_signed_after(place) => Succession::SignedByOld,
            Some(_) => Succession::Recovered,
            None => Succession::NotSignedByOld,
        }
    }

    fn place_of(&self, accepts: impl Fn(&IdentityFingerprint) -> bool) -> Option<usize> {
        self.links.iter().rposition(|link| accepts(&link.fingerprint))
    }

    fn is_signed_after(&self, place: usize) -> bool {
        self.links.iter().skip(place + 1).all(|link| link.signed_by_old)
    }

    /// Whether the name had this identity, now or earlier.
    pub(crate) fn has_had(&self, accepts: impl Fn(&IdentityFingerprint) -> bool) -> bool {
        self.place_of(accepts).is_some()
    }
}

/// A connection for looking one name up.
pub(crate) struct LookingUp<'a> {
    line: Line,
    name: &'a Name,
    today: Day,
}

impl<'a> LookingUp<'a> {
    /// Connects for one name, to the pinned server.
    pub(crate) async fn of(
        options: &Options,
        at: &HostPort,
        pin: Pin,
        name: &'a Name,
    ) -> Result<LookingUp<'a>, ClientError> {
        let line = Line::connect(options, at, pin, ConnectionKind::Anonymous).await?;
        let today = day_of(options.world.now());
        Ok(LookingUp { line, name, today })
    }

    /// Walks the chain of records from the first to the newest.
    pub(crate) async fn record(&mut self) -> Result<Found, ClientError> {
        let server_id = self.line.server_id();
        let answer = self.lookup(None).await?;
        let has_log = !is_empty(&answer.tree_head);
        let (nonce, leaf_index) = (answer.commitment_nonce, answer.leaf_index);
        let newest = answer.record;
        let bad =
            || ClientError::BadSignature { name: self.name.to_string(), host: self.line.host().to_owned() };
        if newest.body.seq >= CHAIN_MAX || newest.body.name != *self.name {
            return Err(bad());
        }
        let (mut record, mut links) = (None::<IdentityRecord>, Vec::new());
        for seq in 0..=newest.body.seq {
            let next =
                if seq == newest.body.seq { newest.clone() } else { self.lookup(Some(seq)).await?.record };
            let signed_by_old = check_link(&next, record.as_ref(), &server_id).ok_or_else(|| self.bad())?;
            links.push(Link { fingerprint: fingerprint_of(&next).ok_or_else(|| self.bad())?, signed_by_old });
            record = Some(next);
        }
        let record = record.ok_or_else(|| self.bad())?;
        if record.body.name != *self.name {
            return Err(self.bad());
        }
        if is_tombstone(&record.body) {
            return Err(self.nobody());
        }
        let fingerprint = links.last().map(|link| link.fingerprint).ok_or_else(|| self.bad())?;
        let place = LogPlace { leaf_index, nonce, hash: record_hash(&record.body) };
        Ok(Found { server_id, record, fingerprint, place, has_log, links })
    }

    async fn lookup(&mut self, seq: Option<u32>) -> Result<Record, ClientError> {
        match self.line.ask(Lookup { name: self.name.clone(), seq }).await? {
            Response::Record(record) => Ok(*record),
            Response::Refused(refusal) if refusal.kind == RefusalKind::NoSuchName => Err(self.nobody()),
            other => Err(self.line.unexpected(&other)),
        }
    }

    /// Fetches the bundle; it must be signed by this identity. One that names an earlier identity of the chain is
    /// no lie: between a change of key and the first bundle under it there is none.
    pub(crate) async fn bundle(&mut self, found: &Found) -> Result<VerifiedBundle, ClientError> {
        let identity = identity_of(&found.record.body).map_err(|_| self.bad())?;
        let bundle = match self.line.ask(Fetch { name: self.name.clone() }).await? {
            Response::Bundle(bundle) => *bundle,
            Response::Refused(refusal) if refusal.kind == RefusalKind::NoSuchName => {
                return Err(ClientError::NoBundle { alias: self.name.to_string() });
            }
            other => return Err(self.line.unexpected(&other)),
        };
        match verify_bundle(&bundle, &identity, self.today) {
            Ok(verified) => Ok(verified),
            Err(e2ee::BundleError::OtherIdentity)
                if found.has_had(|known| *known == bundle.body.identity) =>
            {
                Err(ClientError::NoBundle { alias: self.name.to_string() })
            }
            Err(e2ee::BundleError::OtherIdentity | e2ee::BundleError::BadSignature) => Err(self.bad()),
            Err(_) => Err(ClientError::NoBundle { alias: self.name.to_string() }),
        }
    }

    /// Ends the connection: one name, then closed.
    pub(crate) async fn close(self) {
        self.line.close().await;
    }

    fn bad(&self) -> ClientError {
        ClientError::BadSignature { name: self.name.to_string(), host: self.line.host().to_owned() }
    }

    fn nobody(&self) -> ClientError {
        ClientError::NoSuchName { name: self.name.to_string(), host: self.line.host().to_owned() }
    }
}

/// Checks one link; says whether the predecessor's identity key signed it.
fn check_link(
    record: &IdentityRecord,
    previous: Option<&IdentityRecord>,
    server_id: &ServerId,
) -> Option<bool> {
    match previous {
        None => verify_first(record, server_id).ok().map(|_| true),
        Some(previous) => match verify_next(record, &previous.body).ok()? {
            Change::Rotated => Some(true),
            Change::Recovered => Some(false),
            Change::Released => Some(true),
        },
    }
}

fn fingerprint_of(record: &IdentityRecord) -> Option<IdentityFingerprint> {
    Some(IdentityFingerprint(identity_of(&record.body).ok()?.fingerprint()))
}

/// Looks an address up, and checks it against the fingerprints that it carries.
pub(crate) async fn look_up(client: &Client, address: &Address, pin: Pin) -> Result<Found, ClientError> {
    let mut looking = LookingUp::of(&client.options, &address.at, pin, &address.name).await?;
    let found = looking.record().await;
    looking.close().await;
    let found = found?;
    let expected = address.pins.as_ref().map(|pins| pins.identity);
    match expected {
        Some(expected) if !found.descends_from(|fingerprint| expected.matches(&fingerprint.0)) => {
            Err(ClientError::WrongIdentity { name: address.name.to_string(), host: address.at.to_string() })
        }
        _ => {
            ledger::admit(client, &address.at, &found, None).await?;
            Ok(found)
        }
    }
}

/// Before a send: the record looked up anew when older than an hour, the bundle when a first message needs it.
/// A key change that the old key did not sign stops here, before anything is sealed.
pub(crate) async fn refresh(
    client: &Client,
    person: &Person,
    wants_bundle: bool,
) -> Result<Option<VerifiedBundle>, ClientError> {
    let now = client.now();
    let record_fresh = person.record.is_some() && is_fresh(person.checked_at, now, RECORD_FRESH_S);
    let kept = kept_bundle(person, now);
    if record_fresh && (!wants_bundle || kept.is_some()) {
        return Ok(kept);
    }
    let mut looking =
        LookingUp::of(&client.options, &person.at, Pin::Full(person.server_id), &person.name).await?;
    let found = looking.record().await?;
    admit_known(client, person, &found).await?;
    follow(client, person, &found)?;
    if !wants_bundle {
        looking.close().await;
        return Ok(None);
    }
    let verified = looking.bundle(&found).await?;
    looking.close().await;
    keep_bundle(client, person, &verified)?;
    Ok(Some(verified))
}

/// A key that the known one did not sign is stopped whatever a log says; any other has to stand in it.
async fn admit_known(client: &Client, person: &Person, found: &Found) -> Result<(), ClientError> {
    match found.succession(&person.fingerprint) {
        Succession::SignedByOld => ledger::admit(client, &person.at, found, Some(&person.fingerprint)).await,
        Succession::Recovered | Succession::NotSignedByOld => Ok(()),
    }
}

/// Judges what was found against what is pinned (P6), and commits the judgement.
pub(crate) fn follow(client: &Client, person: &Person, found: &Found) -> Result<(), ClientError> {
    let now = client.now();
    let seen = KeyPin {
        seq: found.record.body.seq,
        hash: record_hash(&found.record.body),
        identity: found.fingerprint,
    };
    let changed = || ClientError::KeyChanged { alias: person.shown().to_owned() };
    let succession = found.succession(&person.fingerprint);
    let judgement = match person.pin() {
        Some(pin) => judge(&pin, &seen, succession, person.trust),
        None if succession == Succession::SignedByOld => Judgement::Follow(person.trust),
        None => Judgement::Stop(client_core::contact::Trust::Changed),
    };
    client.vault.erase(|tx| match judgement {
        Judgement::Same => {
            contact::set(tx, person.id, "candidate", None::<Vec<u8>>)?;
            contact::set_place(tx, person.id, Some(found.place))?;
            contact::set(tx, person.id, "checked_at", int(now.0))
        }
        Judgement::Follow(trust) => {
            if found.fingerprint != person.fingerprint {
                take_new_key(tx, person, found, now)?;
            }
            contact::set_record(tx, person.id, &found.record, Some(found.place), now)?;
            contact::set(tx, person.id, "candidate", None::<Vec<u8>>)?;
            contact::set_trust(tx, person.id, trust)
        }
        Judgement::Stop(trust) => {
            keys::hold(tx, person, &found.record, succession)?;
            contact::set_trust(tx, person.id, trust)
        }
    })?;
    match judgement {
        Judgement::Stop(_) => Err(changed()),
        _ => Ok(()),
    }
}

/// What a followed change of key does besides: the history says so, and a request that the new key sent
/// before anybody knew it is the contact's.
fn take_new_key(tx: &Tx<'_>, person: &Person, found: &Found, now: UnixSeconds) -> Result<(), ClientError> {
    let mine = me::me(tx)?.ok_or(ClientError::JoinUnfinished)?.fingerprint;
    identity::begin_under(tx, person.id, &mine, &found.fingerprint)?;
    rotation::note_key_change(tx, person.id, &found.fingerprint, true, now)?;
    match contact::by_fingerprint(tx, &found.fingerprint)? {
        Some(other) if other.standing == Standing::Contact => {
            Err(ClientError::KeyChanged { alias: person.shown().to_owned() })
        }
        Some(request) => {
            contact::absorb(tx, person.id, request.id)?;
            requests::queue_accept(tx, person.id)
        }
        None => Ok(()),
    }
}

/// Looks a contact up now, however lately that was done; a server that is not there changes nothing.
pub(crate) async fn recheck(client: &Client, person: &Person) -> Result<(), ClientError> {
    let mut looking =
        LookingUp::of(&client.options, &person.at, Pin::Full(person.server_id), &person.name).await?;
    let found = looking.record().await?;
    looking.close().await;
    admit_known(client, person, &found).await?;
    follow(client, person, &found)
}

/// A lower counter than before is refused: it would bring a superseded key back.
fn keep_bundle(client: &Client, person: &Person, verified: &VerifiedBundle) -> Result<(), ClientError> {
    let bundle = verified.bundle();
    let same_identity = person.bundle.as_ref().filter(|old| old.body.identity == bundle.body.identity);
    if same_identity.is_some_and(|old| old.body.counter > bundle.body.counter) {
        return Err(ClientError::BadSignature { name: person.name.to_string(), host: person.at.to_string() });
    }
    client.vault.write(|tx| {
        contact::set(tx, person.id, "bundle", wire::Wire::to_bytes(bundle))?;
        contact::set(tx, person.id, "bundle_at", int(tx.now().0))
    })
}

/// The bundle of an earlier fetch, while it may be used.
pub(crate) fn kept_bundle(person: &Person, now: UnixSeconds) -> Option<VerifiedBundle> {
    if !is_fresh(person.bundle_at, now, BUNDLE_FRESH_S) {
        return None;
    }
    let identity = identity_of(&person.record.as_ref()?.body).ok()?;
    verify_bundle(person.bundle.as_ref()?, &identity, day_of(now)).ok()
}
