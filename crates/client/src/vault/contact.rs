//! People: contacts, requests, and whom I declined.

use client_core::allotment::Allotment;
use client_core::contact::{Pin, Trust};
use e2ee::Conversation;
use rusqlite::{OptionalExtension, Row};
use strsim::damerau_levenshtein;
use wire::{
    Address, CommitmentNonce, DepositId, HostPort, IdentityFingerprint, IdentityRecord, Name, PrekeyBundle,
    RecordHash, ServerId, ShortFingerprint, UnixSeconds, Wire, address::Pins,
};

use super::{
    Tx, decode, int,
    me::{parse_host, parse_name},
    set_column, uint,
};
use crate::ClientError;

/// Slips of the finger that still tell which contact was meant.
const SLIPS_MAX: usize = 2;

/// What a person is to me.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// I may write to them.
    Contact = 0,
    /// A stranger whose first message waits for my decision.
    Request = 1,
    /// A stranger whom I declined.
    Declined = 2,
    /// Somebody who was a contact until I removed them: a request again with their next message.
    Removed = 3,
}

/// A row of `contact`, without the conversation.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) standing: Standing,
    pub(crate) alias: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) name: Name,
    pub(crate) at: HostPort,
    pub(crate) server_id: ServerId,
    pub(crate) fingerprint: IdentityFingerprint,
    pub(crate) record: Option<IdentityRecord>,
    pub(crate) trust: Trust,
    pub(crate) blocked: bool,
    pub(crate) checked_at: UnixSeconds,
    pub(crate) revision: i64,
    pub(crate) inbox: Option<DepositId>,
    pub(crate) bundle: Option<PrekeyBundle>,
    pub(crate) bundle_at: UnixSeconds,
    pub(crate) answered: bool,
    pub(crate) accept_sent: bool,
    pub(crate) session_forms: u32,
    pub(crate) refill_due: Option<UnixSeconds>,
    pub(crate) added_at: UnixSeconds,
    /// When the conversation shall begin anew.
    pub(crate) anew_due: Option<UnixSeconds>,
    /// When what is missing shall be asked for.
    pub(crate) ask_due: Option<UnixSeconds>,
    /// When either was done last.
    pub(crate) recovered_at: UnixSeconds,
    /// When what they lack was sealed again.
    pub(crate) resent_at: UnixSeconds,
    /// Whether the stream before the present one is still to be asked for.
    pub(crate) ask_former: bool,
    /// A record whose key the pinned one did not sign, and that awaits the person's decision.
    pub(crate) candidate: Option<IdentityRecord>,
    /// Seconds after which what I write disappears; 0 is never.
    pub(crate) timer_s: u32,
    /// Whether they get receipts, and when the last one was queued.
    pub(crate) receipts: bool,
    pub(crate) receipted_at: UnixSeconds,
    /// How many of my stamps they may have in hand.
    pub(crate) allotment: Allotment,
    /// Where the record that is known of them stands in the log of their server, as was said.
    pub(crate) place: Option<LogPlace>,
    /// How far the records behind the pinned one were read, when they were too many for one command.
    pub(crate) walked: Option<Walked>,
    /// The same of the record that waits for a decision; none where the server showed no log.
    pub(crate) candidate_place: Option<LogPlace>,
    /// When they were first seen to have given the name up.
    pub(crate) given_up_at: Option<UnixSeconds>,
}

/// Where a record stands in a log, and what opens the leaf's commitment to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LogPlace {
    pub(crate) leaf_index: u64,
    pub(crate) nonce: CommitmentNonce,
    pub(crate) hash: RecordHash,
}

impl LogPlace {
    const BYTES: usize = 8 + 16 + 32;

    fn to_bytes(self) -> Vec<u8> {
        [self.leaf_index.to_be_bytes().as_slice(), &self.nonce.0, &self.hash.0].concat()
    }

    fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let (leaf_index, rest) = bytes.split_first_chunk::<8>()?;
        let (nonce, hash) = rest.split_first_chunk::<16>()?;
        let hash = hash.first_chunk::<32>()?;
        let (nonce, hash) = (CommitmentNonce(*nonce), RecordHash(*hash));
        Some(Self { leaf_index: u64::from_be_bytes(*leaf_index), nonce, hash })
    }
}

/// How far a chain was read on from a pinned record, when it was not read to its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Walked {
    pub(crate) record: IdentityRecord,
    /// Whether the recovery key signed a record on the way: then the pinned key is void.
    pub(crate) recovered: bool,
}

const COLUMNS: &str = "id, standing, alias, label, name, host, port, server_id, fingerprint, record, trust, blocked,
    checked_at, revision, inbox_sid, bundle, bundle_at, answered, accept_sent, session_forms, refill_due, added_at,
    anew_due, ask_due, recovered_at, resent_at, candidate, timer_s, receipts, receipted_at,
    ask_former, allotment, log_place, walked, candidate_place, given_up_at";

impl Person {
    /// The full address.
    pub(crate) fn address(&self) -> Address {
        let pins = Pins {
            server: ShortFingerprint::from_full(&self.server_id.0),
            identity: ShortFingerprint::from_full(&self.fingerprint.0),
        };
        Address { name: self.name.clone(), at: self.at.clone(), pins: Some(pins) }
    }

    /// What people call this person here.
    pub(crate) fn shown(&self) -> &str {
        self.alias.as_deref().or(self.label.as_deref()).unwrap_or(self.name.as_str())
    }

    /// Whether what is known of the key, and what is done about it, is the same here.
    pub(crate) fn is_known_as(&self, other: &Person) -> bool {
        let known = |person: &Person| (person.fingerprint, person.trust, person.standing, person.blocked);
        known(self) == known(other) && self.record == other.record && self.candidate == other.candidate
    }

    /// The record that is pinned, once it was looked up.
    pub(crate) fn pin(&self) -> Option<Pin> {
        let body = &self.record.as_ref()?.body;
        Some(Pin { seq: body.seq, hash: proto::signed::record_hash(body), identity: self.fingerprint })
    }
}

/// What a new row holds.
pub(crate) struct NewPerson<'a> {
    pub(crate) standing: Standing,
    pub(crate) shown: &'a str,
    pub(crate) name: &'a Name,
    pub(crate) at: &'a HostPort,
    pub(crate) server_id: &'a ServerId,
    pub(crate) fingerprint: &'a IdentityFingerprint,
    pub(crate) record: Option<&'a IdentityRecord>,
    pub(crate) place: Option<LogPlace>,
    pub(crate) conversation: &'a Conversation,
    pub(crate) now: UnixSeconds,
}

/// Adds a person.
pub(crate) fn insert(tx: &Tx<'_>, new: &NewPerson<'_>) -> Result<i64, ClientError> {
    let is_contact = new.standing == Standing::Contact;
    tx.execute(
        "INSERT INTO contact (standing, alias, label, name, host, port, server_id, fingerprint, record, trust,
         checked_at, conversation, added_at, log_place)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10, ?11, ?12, ?13)",
        rusqlite::params![
            new.standing as i64,
            is_contact.then_some(new.shown),
            (!is_contact).then_some(new.shown),
            new.name.as_str(),
            new.at.host(),
            new.at.port(),
            new.server_id.0,
            new.fingerprint.0,
            new.record.map(Wire::to_bytes),
            new.record.map_or(0, |_| int(new.now.0)),
            new.conversation.snapshot().as_slice(),
            int(new.now.0),
            new.place.map(LogPlace::to_bytes),
        ],
    )?;
    Ok(tx.last_insert_rowid())
}

/// By alias.
pub(crate) fn by_alias(tx: &Tx<'_>, alias: &str) -> Result<Option<Person>, ClientError> {
    find(tx, "alias = ?1 AND standing = 0", alias)
}

/// By alias, or the sentence that there is none.
pub(crate) fn expect(tx: &Tx<'_>, alias: &str) -> Result<Person, ClientError> {
    match by_alias(tx, alias)? {
        Some(person) => Ok(person),
        None => Err(ClientError::NoSuchContact { alias: alias.to_owned(), near: near(tx, alias)? }),
    }
}

/// The contact whose alias is the nearest, if it is near, or who has this name at the server: nothing is ever done to it unasked.
fn near(tx: &Tx<'_>, alias: &str) -> Result<Option<String>, ClientError> {
    let meant = alias.to_lowercase();
    let mut names = tx.prepare_cached("SELECT alias, name FROM contact WHERE standing = 0 ORDER BY alias")?;
    let names = names.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let names = names.collect::<Result<Vec<(String, String)>, _>>()?;
    let slips = names.into_iter().map(|(alias, name)| match name == meant {
        // Called otherwise here.
        true => (0, alias),
        false => (damerau_levenshtein(&meant, &alias.to_lowercase()), alias),
    });
    // Of a short name that many slips leave nothing.
    let near = slips.filter(|(slips, alias)| *slips <= SLIPS_MAX.min(alias.chars().count() / 3));
    Ok(near.min().map(|(_, alias)| alias))
}

/// A waiting request.
pub(crate) fn by_label(tx: &Tx<'_>, label: &str) -> Result<Option<Person>, ClientError> {
    find(tx, "label = ?1 AND standing = 1", label)
}

/// By row.
pub(crate) fn by_id(tx: &Tx<'_>, id: i64) -> Result<Person, ClientError> {
    find(tx, "id = ?1", id)?.ok_or(ClientError::VaultDamaged { what: "a contact" })
}

/// By identity, whatever the standing.
pub(crate) fn by_fingerprint(
    tx: &Tx<'_>,
    fingerprint: &IdentityFingerprint,
) -> Result<Option<Person>, ClientError> {
    find(tx, "fingerprint = ?1", fingerprint.0)
}

/// A contact by what the directory calls it.
pub(crate) fn by_name(tx: &Tx<'_>, name: &Name, server_id: &ServerId) -> Result<Option<Person>, ClientError> {
    let all = list(tx, Standing::Contact)?;
    Ok(all.into_iter().find(|person| person.name == *name && person.server_id == *server_id))
}

/// All of one standing: contacts by alias, requests by age.
pub(crate) fn list(tx: &Tx<'_>, standing: Standing) -> Result<Vec<Person>, ClientError> {
    let sql = format!("SELECT {COLUMNS} FROM contact WHERE standing = ?1 ORDER BY alias, id");
    let mut rows = tx.prepare_cached(&sql)?;
    let raw = rows.query_map([standing as i64], |row| Ok(from_row(row)))?;
    raw.map(|person| person?).collect()
}

/// Every row, whatever the standing.
pub(crate) fn ids(tx: &Tx<'_>) -> Result<Vec<i64>, ClientError> {
    let mut rows = tx.prepare_cached("SELECT id FROM contact ORDER BY id")?;
    Ok(rows.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// The contact whose conversation began under this fingerprint of theirs, after the key has changed.
pub(crate) fn by_series(
    tx: &Tx<'_>,
    fingerprint: &IdentityFingerprint,
) -> Result<Option<Person>, ClientError> {
    let people = list(tx, Standing::Contact)?.into_iter().chain(list(tx, Standing::Removed)?);
    for person in people {
        if person.record.as_ref().is_some_and(|record| record.body.seq > 0)
            && conversation(tx, person.id)?.theirs() == fingerprint
        {
            return Ok(Some(person));
        }
    }
    Ok(None)
}

/// Joins a request to the contact who turned out to have sent it: its messages, and the conversation that it
/// began in place of the present one, unless he went on writing in the present one: then he has left the other. Where the
/// present one was ended there is none to go on in, whatever his clock said.
pub(crate) fn absorb(tx: &Tx<'_>, contact: i64, request: i64) -> Result<(), ClientError> {
    let (present, requested) = (conversation(tx, contact)?, conversation(tx, request)?);
    let (person, from) = (by_id(tx, contact)?, by_id(tx, request)?);
    let revision = person.revision.max(from.revision) + 1;
    let is_ended = person.inbox.is_none() && !present.can_use_session_form() && !present.awaits_answer();
    let takes_over = is_ended || last_sent_at(tx, request)? > last_sent_at(tx, contact)?;
    let goes_along: &[&str] = match takes_over {
        true => &["message", "stream", "handed", "history", "file", "stamp"],
        false => &["message", "stream", "handed", "history", "file"],
    };
    if takes_over {
        tx.execute("DELETE FROM stamp WHERE contact = ?1 AND spent = 0", [contact])?;
        super::stamp::give_up(tx, contact)?;
    }
    for table in goes_along {
        tx.execute(
            &format!("UPDATE OR IGNORE {table} SET contact = ?1 WHERE contact = ?2"),
            (contact, request),
        )?;
    }
    super::asked::join(tx, contact, request)?;
    super::said::catch_up(tx, contact)?;
    tx.execute("DELETE FROM contact WHERE id = ?1", [request])?;
    if !takes_over {
        return set_conversation(tx, contact, &present.remembering(&requested));
    }
    set_conversation(tx, contact, &requested.remembering(&present))?;
    set(tx, contact, "revision", revision)?;
    set(tx, contact, "inbox_sid", from.inbox.map(|sid| sid.0))?;
    set(tx, contact, "accept_sent", false)
}

/// Forgets a contact and all that was said. What stays is what keeps old messages from coming again, and what lets
/// a new one be read: message ids, the conversation, stamps in both directions.
pub(crate) fn remove(tx: &Tx<'_>, person: &Person) -> Result<(), ClientError> {
    let standing = if person.blocked { Standing::Declined } else { Standing::Removed };
    tx.execute(
        "UPDATE contact SET standing = ?2, alias = NULL, label = NULL, blocked = 0, trust = 0, accept_sent = 0,
         refill_due = NULL, tell_due = NULL, replay_due = NULL, timer_s = 0, receipts = 0, allotment = 256 WHERE id = ?1",
        (person.id, standing as i64),
    )?;
    for sql in [
        "UPDATE message SET body = x'', handled = 1, shown = 0 WHERE contact = ?1",
        "DELETE FROM outbox WHERE contact = ?1",
        "DELETE FROM file WHERE contact = ?1",
        "DELETE FROM asked WHERE contact = ?1",
        "DELETE FROM record_update WHERE contact = ?1",
        "DELETE FROM key_change WHERE contact = ?1",
        "DELETE FROM history WHERE contact = ?1 AND outgoing != 0",
    ] {
        tx.execute(sql, [person.id])?;
    }
    Ok(())
}

/// Somebody who was removed wrote: a request from now on.
pub(crate) fn ask_again(tx: &Tx<'_>, id: i64, label: &str) -> Result<(), ClientError> {
    let sql = "UPDATE contact SET standing = 1, label = ?2, added_at = ?3 WHERE id = ?1";
    tx.execute(sql, (id, label, int(tx.now().0)))?;
    Ok(())
}

/// When the newest of a person's messages was sent, by the sender's clock; 0 when there is none.
fn last_sent_at(tx: &Tx<'_>, id: i64) -> Result<i64, ClientError> {
    let sql = "SELECT coalesce(max(sent_at), 0) FROM message WHERE contact = ?1";
    Ok(tx.query_row(sql, [id], |row| row.get(0))?)
}

/// How many requests wait.
pub(crate) fn count_requests(tx: &Tx<'_>) -> Result<u32, ClientError> {
    Ok(tx.query_row("SELECT count(*) FROM contact WHERE standing = 1", [], |row| row.get(0))?)
}

fn find(tx: &Tx<'_>, condition: &str, key: impl rusqlite::ToSql) -> Result<Option<Person>, ClientError> {
    let sql = format!("SELECT {COLUMNS} FROM contact WHERE {condition}");
    tx.query_row(&sql, [key], |row| Ok(from_row(row))).optional()?.transpose()
}

fn from_row(row: &Row<'_>) -> Result<Person, ClientError> {
    let record: Option<Vec<u8>> = row.get(9)?;
    let bundle: Option<Vec<u8>> = row.get(15)?;
    let candidate: Option<Vec<u8>> = row.get(26)?;
    let time = |at: i64| UnixSeconds(uint(at));
    Ok(Person {
        id: row.get(0)?,
        standing: standing_from(row.get(1)?)?,
        alias: row.get(2)?,
        label: row.get(3)?,
        name: parse_name(&row.get::<_, String>(4)?)?,
        at: parse_host(&row.get::<_, String>(5)?, row.get(6)?)?,
        server_id: ServerId(row.get(7)?),
        fingerprint: IdentityFingerprint(row.get(8)?),
        record: record.map(|bytes| decode(&bytes, "a contact's record")).transpose()?,
        trust: trust_from(row.get(10)?)?,
        blocked: row.get(11)?,
        checked_at: UnixSeconds(uint(row.get(12)?)),
        revision: row.get(13)?,
        inbox: row.get::<_, Option<[u8; 16]>>(14)?.map(DepositId),
        bundle: bundle.map(|bytes| decode(&bytes, "a contact's bundle")).transpose()?,
        bundle_at: UnixSeconds(uint(row.get(16)?)),
        answered: row.get(17)?,
        accept_sent: row.get(18)?,
        session_forms: row.get(19)?,
        refill_due: row.get::<_, Option<i64>>(20)?.map(time),
        added_at: time(row.get(21)?),
        anew_due: row.get::<_, Option<i64>>(22)?.map(time),
        ask_due: row.get::<_, Option<i64>>(23)?.map(time),
        recovered_at: time(row.get(24)?),
        resent_at: time(row.get(25)?),
        candidate: candidate.map(|bytes| decode(&bytes, "a contact's new record")).transpose()?,
        timer_s: row.get(27)?,
        receipts: row.get(28)?,
        receipted_at: time(row.get(29)?),
        ask_former: row.get(30)?,
        allotment: Allotment::new(row.get(31)?).ok_or(ClientError::VaultDamaged { what: "a contact" })?,
        place: row.get::<_, Option<[u8; LogPlace::BYTES]>>(32)?.as_ref().and_then(LogPlace::from_bytes),
        walked: row.get::<_, Option<Vec<u8>>>(33)?.as_deref().map(walked_from).transpose()?,
        candidate_place: row
            .get::<_, Option<[u8; LogPlace::BYTES]>>(34)?
            .as_ref()
            .and_then(LogPlace::from_bytes),
        given_up_at: row.get::<_, Option<i64>>(35)?.map(time),
    })
}

fn walked_from(bytes: &[u8]) -> Result<Walked, ClientError> {
    let what = "a contact's records";
    let (recovered, record) = bytes.split_first().ok_or(ClientError::VaultDamaged { what })?;
    Ok(Walked { record: decode(record, what)?, recovered: *recovered != 0 })
}

/// The ratcheted state towards a person.
pub(crate) fn conversation(tx: &Tx<'_>, id: i64) -> Result<Conversation, ClientError> {
    let bytes: Vec<u8> =
        tx.query_row("SELECT conversation FROM contact WHERE id = ?1", [id], |row| row.get(0))?;
    Conversation::restore(&bytes).map_err(|_| ClientError::VaultDamaged { what: "a conversation" })
}

/// Replaces the ratcheted state.
pub(crate) fn set_conversation(tx: &Tx<'_>, id: i64, state: &Conversation) -> Result<(), ClientError> {
    let sql = "UPDATE contact SET conversation = ?2 WHERE id = ?1";
    tx.execute(sql, (id, state.snapshot().as_slice()))?;
    Ok(())
}

/// Sets one column of one person. The column's name is always a literal of this crate.
pub(crate) fn set(
    tx: &Tx<'_>,
    id: i64,
    column: &'static str,
    value: impl rusqlite::ToSql,
) -> Result<(), ClientError> {
    set_column(tx, "contact", id, column, value)
}

/// Pins another record, looked up now.
pub(crate) fn set_record(
    tx: &Tx<'_>,
    id: i64,
    record: &IdentityRecord,
    place: Option<LogPlace>,
    now: UnixSeconds,
) -> Result<(), ClientError> {
    let fingerprint = proto::signed::identity_of(&record.body).map(|key| key.fingerprint());
    let fingerprint = fingerprint.map_err(|_| ClientError::Unexpected { place: "pinning a record" })?;
    tx.execute(
        "UPDATE contact SET record = ?2, fingerprint = ?3, checked_at = ?4, walked = NULL WHERE id = ?1",
        (id, record.to_bytes(), fingerprint, int(now.0)),
    )?;
    set_place(tx, id, place)
}

/// Notes how far the records behind the pinned one were read, unless another one was pinned meanwhile.
pub(crate) fn set_walked(tx: &Tx<'_>, person: &Person, walked: &Walked) -> Result<(), ClientError> {
    if by_id(tx, person.id)?.record != person.record {
        return Ok(());
    }
    let bytes = [[u8::from(walked.recovered)].as_slice(), &walked.record.to_bytes()].concat();
    set(tx, person.id, "walked", bytes)
}

/// Keeps a record that waits for a decision, and where it stands in the log of its server.
pub(crate) fn set_candidate(
    tx: &Tx<'_>,
    id: i64,
    candidate: Option<(&IdentityRecord, Option<LogPlace>)>,
) -> Result<(), ClientError> {
    let (record, place) = candidate.unzip();
    let place = place.flatten().map(LogPlace::to_bytes);
    let sql = "UPDATE contact SET candidate = ?2, candidate_place = ?3 WHERE id = ?1";
    tx.execute(sql, (id, record.map(Wire::to_bytes), place))?;
    Ok(())
}

/// Notes where the pinned record stands in the log of its server.
pub(crate) fn set_place(tx: &Tx<'_>, id: i64, place: Option<LogPlace>) -> Result<(), ClientError> {
    set(tx, id, "log_place", place.map(LogPlace::to_bytes))
}

/// Sets what is known of the key.
pub(crate) fn set_trust(tx: &Tx<'_>, id: i64, trust: Trust) -> Result<(), ClientError> {
    let number = match trust {
        Trust::Unverified => 0,
        Trust::Verified => 1,
        Trust::VerifiedBefore => 2,
        Trust::Changed => 3,
    };
    set(tx, id, "trust", number)
}

fn trust_from(number: i64) -> Result<Trust, ClientError> {
    Ok(match number {
        0 => Trust::Unverified,
        1 => Trust::Verified,
        2 => Trust::VerifiedBefore,
        3 => Trust::Changed,
        _ => return Err(ClientError::VaultDamaged { what: "the trust in a contact" }),
    })
}

fn standing_from(number: i64) -> Result<Standing, ClientError> {
    Ok(match number {
        0 => Standing::Contact,
        1 => Standing::Request,
        2 => Standing::Declined,
        3 => Standing::Removed,
        _ => return Err(ClientError::VaultDamaged { what: "a contact's standing" }),
    })
}
