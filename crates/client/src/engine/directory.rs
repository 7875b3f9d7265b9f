//! Looking people up: records checked link by link, bundles checked against them (DESIGN § 6.4, P6).

use ::ledger::head::is_empty;
use client_core::{
    contact::{Judgement, Pin as KeyPin, Succession, judge},
    schedule::{BUNDLE_FRESH_S, RECORD_FRESH_S, day_of, is_fresh},
};
use e2ee::{RecordUpdate, VerifiedBundle, verify_bundle};
use proto::signed::{identity_of, is_tombstone, record_hash};
use tokio::time::Instant;
use wire::{
    Address, ConnectionKind, Day, HostPort, IdentityFingerprint, IdentityRecord, Name, RefusalKind, Response,
    ServerId, ShortFingerprint, UnixSeconds,
    request::{Fetch, Lookup},
    response::Record,
};

use super::{
    chain::{Chain, LINKS_BACK_MAX, LINKS_ON_MAX, ReadOn},
    identity, keys, ledger, nameless, requests,
};
use crate::{
    Client, ClientError, Options,
    transport::{Line, Pin, unreachable},
    vault::{
        Tx,
        contact::{self, LogPlace, Person, Standing},
        int, me, record_update, rotation,
    },
};

/// Links back to the identity of a bundle that is not the newest: a bundle follows each change of key before long.
const BUNDLE_LINKS_MAX: u32 = 16;

/// A person as the directory shows them, every signature checked.
pub(crate) struct Found {
    pub(crate) server_id: ServerId,
    pub(crate) record: IdentityRecord,
    pub(crate) fingerprint: IdentityFingerprint,
    /// Where the record stands in the log of its server, as that says.
    pub(crate) place: LogPlace,
    /// Whether the server shows a log at all.
    pub(crate) has_log: bool,
    /// The newest records, as far back as was asked for.
    chain: Chain,
}

impl Found {
    /// A record that a contact told of, and that his pinned key leads to: `keys`, from that on.
    pub(crate) fn told(
        person: &Person,
        update: RecordUpdate,
        keys: Vec<IdentityFingerprint>,
    ) -> Option<Self> {
        let RecordUpdate { record, commitment_nonce: nonce, leaf_index } = update;
        Some(Self {
            server_id: person.server_id,
            fingerprint: *keys.last()?,
            place: LogPlace { leaf_index, nonce, hash: record_hash(&record.body) },
            has_log: true,
            record,
            chain: Chain::signed(keys),
        })
    }

    /// Whether this identity stands in the chain, and every later one was signed by the one before.
    fn descends_from(&self, accepts: impl Fn(&IdentityFingerprint) -> bool) -> bool {
        self.chain.is_signed_since(accepts) == Some(true)
    }

    /// How the newest record follows from this identity.
    fn succession(&self, pinned: &IdentityFingerprint) -> Succession {
        match self.chain.is_signed_since(|fingerprint| fingerprint == pinned) {
            Some(true) => Succession::SignedByOld,
            Some(false) => Succession::Recovered,
            None => Succession::NotSignedByOld,
        }
    }

    /// Whether the name had this identity, now or earlier.
    pub(crate) fn has_had(&self, accepts: impl Fn(&IdentityFingerprint) -> bool) -> bool {
        self.chain.is_signed_since(accepts).is_some()
    }
}

/// A connection for looking one name up.
pub(crate) struct LookingUp<'a> {
    line: Line,
    name: &'a Name,
    today: Day,
    /// When reading on rests: what was read is kept before whoever waits for it gives all of it up.
    rests_at: Instant,
}

impl<'a> LookingUp<'a> {
    /// Connects for one name, to the pinned server.
    pub(crate) async fn of(
        options: &Options,
        at: &HostPort,
        pin: Pin,
        name: &'a Name,
    ) -> Result<LookingUp<'a>, ClientError> {
        let rests_at = Instant::now() + options.timeout + options.timeout / 2;
        let line = Line::connect(options, at, pin, ConnectionKind::Anonymous).await?;
        let today = day_of(options.world.now());
        Ok(LookingUp { line, name, today, rests_at })
    }

    /// The newest record, its chain read back to these identities.
    pub(crate) async fn record(&mut self, wanted: &[ShortFingerprint]) -> Result<Found, ClientError> {
        let newest = self.newest().await?;
        let chain = self.read_back(&newest.record, wanted, LINKS_BACK_MAX).await?;
        self.found(newest, chain, wanted)
    }

    /// What stands under my own name, read back to my key, but not for as long as a thief of it may have gone on.
    pub(crate) async fn own_record(&mut self, mine: &IdentityFingerprint) -> Result<Found, ClientError> {
        let mine = [ShortFingerprint::from_full(&mine.0)];
        let newest = self.newest().await?;
        let chain = self.read_back(&newest.record, &mine, LINKS_ON_MAX).await?;
        self.found(newest, chain, &mine)
    }

    /// The newest record of somebody who is known, its chain read on from the pinned record. What cannot be read at once is
    /// gone on with by the next call.
    async fn record_of(&mut self, client: &Client, person: &Person) -> Result<Found, ClientError> {
        let theirs = [ShortFingerprint::from_full(&person.fingerprint.0)];
        let Some(pinned) = &person.record else {
            return self.record(&theirs).await;
        };
        let newest = self.newest().await?;
        match self.read_on(&newest.record, pinned, person.walked.as_ref()).await? {
            ReadOn::Newest(chain) => self.found(newest, chain, &theirs),
            ReadOn::Rest { walked, why } => {
                client.vault.write(|tx| contact::set_walked(tx, person, &walked))?;
                Err(why)
            }
        }
    }

    async fn newest(&mut self) -> Result<Record, ClientError> {
        let answer = self.lookup(None).await?;
        let body = &answer.record.body;
        match body.name == *self.name && body.server_id == self.server_id() {
            true => Ok(answer),
            false => Err(self.bad()),
        }
    }

    /// What stands under the name, for somebody who knows these identities. A tombstone is told as one where each of
    /// them led to it: whoever knows none cannot tell it from one that a relay made.
    fn found(&self, newest: Record, chain: Chain, known: &[ShortFingerprint]) -> Result<Found, ClientError> {
        let Record { record, commitment_nonce: nonce, leaf_index, tree_head } = newest;
        if is_tombstone(&record.body) {
            let leads_here = |one: &ShortFingerprint| {
                chain.is_signed_since(|fingerprint| one.matches(&fingerprint.0)) == Some(true)
            };
            return Err(match !known.is_empty() && known.iter().all(leads_here) {
                true => self.given_up(),
                false => self.nobody(),
            });
        }
        let fingerprint = identity_of(&record.body).map_err(|_| self.bad())?.fingerprint();
        Ok(Found {
            server_id: self.server_id(),
            fingerprint: IdentityFingerprint(fingerprint),
            place: LogPlace { leaf_index, nonce, hash: record_hash(&record.body) },
            has_log: !is_empty(&tree_head),
            record,
            chain,
        })
    }

    pub(super) async fn lookup(&mut self, seq: Option<u32>) -> Result<Record, ClientError> {
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
            Err(e2ee::BundleError::OtherIdentity) if !self.has_had(found, &bundle.body.identity).await? => {
                Err(self.bad())
            }
            Err(e2ee::BundleError::BadSignature) => Err(self.bad()),
            Err(_) => Err(ClientError::NoBundle { alias: self.name.to_string() }),
        }
    }

    /// Whether the name had this identity not long ago.
    async fn has_had(&mut self, found: &Found, identity: &IdentityFingerprint) -> Result<bool, ClientError> {
        if found.has_had(|known| known == identity) {
            return Ok(true);
        }
        let wanted = [ShortFingerprint::from_full(&identity.0)];
        let chain = self.read_back(&found.record, &wanted, BUNDLE_LINKS_MAX).await?;
        Ok(chain.is_signed_since(|known| known == identity).is_some())
    }

    /// Ends the connection: one name, then closed.
    pub(crate) async fn close(self) {
        self.line.close().await;
    }

    pub(super) fn server_id(&self) -> ServerId {
        self.line.server_id()
    }

    pub(super) fn name(&self) -> &Name {
        self.name
    }

    pub(super) fn rests_at(&self) -> Instant {
        self.rests_at
    }

    pub(super) fn too_slow(&self) -> ClientError {
        unreachable(self.line.host(), "it answers too slowly")
    }

    pub(super) fn bad(&self) -> ClientError {
        ClientError::BadSignature { name: self.name.to_string(), host: self.line.host().to_owned() }
    }

    fn given_up(&self) -> ClientError {
        ClientError::GivenUp { name: self.name.to_string(), host: self.line.host().to_owned() }
    }

    fn nobody(&self) -> ClientError {
        ClientError::NoSuchName { name: self.name.to_string(), host: self.line.host().to_owned() }
    }
}

/// Looks an address up, and checks it against the fingerprints that it carries. Whoever is known under its name is judged
/// by what was found, so the chain is read back to him too.
pub(crate) async fn look_up(client: &Client, address: &Address, pin: Pin) -> Result<Found, ClientError> {
    let mut looking = LookingUp::of(&client.options, &address.at, pin, &address.name).await?;
    let server_id = looking.server_id();
    let known = client.vault.read(|tx| contact::by_name(tx, &address.name, &server_id))?;
    let expected = address.pins.as_ref().map(|pins| pins.identity);
    let theirs = known.as_ref().map(|known| ShortFingerprint::from_full(&known.fingerprint.0));
    let wanted: Vec<ShortFingerprint> = expected.into_iter().chain(theirs).collect();
    let found = looking.record(&wanted).await;
    looking.close().await;
    let found = match &known {
        Some(known) => nameless::noted(client, known, found)?,
        None => found?,
    };
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
    let found = nameless::noted(client, person, looking.record_of(client, person).await)?;
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

/// A key that the known one did not sign is stopped whatever a log says, which is asked when a person decides; any other has
/// to stand in it.
async fn admit_known(client: &Client, person: &Person, found: &Found) -> Result<(), ClientError> {
    match found.succession(&person.fingerprint) {
        Succession::SignedByOld => ledger::admit(client, &person.at, found, Some(&person.fingerprint)).await,
        Succession::Recovered | Succession::NotSignedByOld => Ok(()),
    }
}

/// Judges what was found against what is pinned (P6), and commits the judgement.
pub(crate) fn follow(client: &Client, person: &Person, found: &Found) -> Result<(), ClientError> {
    follow_at(client, person, found, client.now())
}

/// The same of what the person told, and his log bears out. Nobody was looked up: the next message to him does.
pub(crate) fn follow_told(client: &Client, person: &Person, found: &Found) -> Result<(), ClientError> {
    follow_at(client, person, found, UnixSeconds(0))
}

fn follow_at(
    client: &Client,
    person: &Person,
    found: &Found,
    checked_at: UnixSeconds,
) -> Result<(), ClientError> {
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
    let is_judged = client.vault.erase(|tx| {
        if !contact::by_id(tx, person.id)?.is_known_as(person) {
            // Another process judged meanwhile, or the person did: what they saw may be newer.
            return Ok(false);
        }
        record_update::forget(tx, person.id, seen.seq)?;
        match judgement {
            Judgement::Same => {
                contact::set_candidate(tx, person.id, None)?;
                contact::set_place(tx, person.id, Some(found.place))?;
                contact::set(tx, person.id, "checked_at", int(checked_at.0))
            }
            Judgement::Follow(trust) => {
                if found.fingerprint != person.fingerprint {
                    take_new_key(tx, person, found, now)?;
                }
                contact::set_record(tx, person.id, &found.record, Some(found.place), checked_at)?;
                contact::set_candidate(tx, person.id, None)?;
                contact::set_trust(tx, person.id, trust)
            }
            Judgement::Stop(trust) => {
                keys::hold(tx, person, found, succession)?;
                contact::set(tx, person.id, "walked", None::<Vec<u8>>)?;
                contact::set_trust(tx, person.id, trust)
            }
        }?;
        Ok(true)
    })?;
    match judgement {
        Judgement::Stop(_) if is_judged => Err(changed()),
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
    let found = nameless::noted(client, person, looking.record_of(client, person).await)?;
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
