//! A contact's key that the old one did not sign: held until the person decides (DESIGN § 6.3, § 9.9).
//!
//! Until then nothing is sealed. With consent the conversation begins under the new key, and what was held for
//! the person, or never answered under the old key, is sealed to the new one.

use client_core::contact::{Succession, Trust};
use e2ee::Conversation;
use proto::signed::identity_of;
use wire::{IdentityFingerprint, IdentityRecord};

use super::{
    directory::Found,
    ledger::{self, Asked},
    nameless, recover, requests,
};
use crate::{
    Client, ClientError,
    vault::{
        Tx,
        contact::{self, Person, Standing},
        me, outbox, rotation, stamp,
    },
};

const HELD: &str = "was held until you decided about the new key";

/// Keeps a record that waits for the person's decision. One that the recovery key signed makes the old key void
/// at once: nothing under it is taken for the contact's any more.
pub(crate) fn hold(
    tx: &Tx<'_>,
    person: &Person,
    found: &Found,
    succession: Succession,
) -> Result<(), ClientError> {
    let ahead = person.record.as_ref().is_none_or(|pinned| pinned.body != found.record.body);
    let place = found.has_log.then_some(found.place);
    contact::set_candidate(tx, person.id, ahead.then_some((&found.record, place)))?;
    if succession == Succession::Recovered {
        end_conversation(tx, person.id, &person.fingerprint)?;
    }
    Ok(())
}

/// The key that the person shall compare: the one that waits for a decision, else the pinned one.
pub(crate) fn to_compare(person: &Person) -> Result<IdentityFingerprint, ClientError> {
    match candidate(person) {
        Some(record) => fingerprint_of(record),
        None => Ok(person.fingerprint),
    }
}

/// Whether the key that waits for a decision is the newest of its name in the log of its server; nothing where none waits.
pub(crate) async fn check_candidate(client: &Client, person: &Person) -> Result<(), ClientError> {
    let Some(record) = candidate(person) else { return Ok(()) };
    let asked = Asked {
        at: &person.at,
        server_id: &person.server_id,
        name: &record.body.name,
        place: person.candidate_place.as_ref(),
    };
    ledger::check(client, &asked).await
}

/// Takes the key that waits for a decision; says whether one did. Whoever has a name that the contact gave up is somebody
/// else: what was said to the contact is not for him.
pub(crate) fn adopt_candidate(tx: &Tx<'_>, person: &Person) -> Result<bool, ClientError> {
    let Some(record) = candidate(person) else { return Ok(false) };
    nameless::check(person)?;
    let fingerprint = fingerprint_of(record)?;
    let request = match contact::by_fingerprint(tx, &fingerprint)? {
        Some(other) if other.standing == Standing::Contact && other.id != person.id => {
            return Err(ClientError::KeyChanged { alias: person.shown().to_owned() });
        }
        other => other.filter(|other| other.id != person.id),
    };
    end_conversation(tx, person.id, &fingerprint)?;
    rotation::note_key_change(tx, person.id, &fingerprint, false, tx.now())?;
    recover::seal_unanswered_again(tx, person.id, HELD)?;
    if let Some(request) = request {
        contact::absorb(tx, person.id, request.id)?;
    }
    contact::set_candidate(tx, person.id, None)?;
    contact::set_record(tx, person.id, record, person.candidate_place, tx.now())?;
    requests::queue_accept(tx, person.id)?;
    Ok(true)
}

fn candidate(person: &Person) -> Option<&IdentityRecord> {
    person.candidate.as_ref().filter(|_| person.trust == Trust::Changed)
}

fn fingerprint_of(record: &IdentityRecord) -> Result<IdentityFingerprint, ClientError> {
    let key = identity_of(&record.body)
        .map_err(|_| ClientError::VaultDamaged { what: "a contact's new record" })?;
    Ok(IdentityFingerprint(key.fingerprint()))
}

/// Offers, stamps and sessions of the old key are void; nothing of them remains.
fn end_conversation(tx: &Tx<'_>, id: i64, theirs: &IdentityFingerprint) -> Result<(), ClientError> {
    let mine = me::me(tx)?.ok_or(ClientError::JoinUnfinished)?.fingerprint;
    contact::set_conversation(tx, id, &Conversation::new(mine, *theirs))?;
    stamp::drop_all(tx, id)?;
    stamp::give_up(tx, id)?;
    outbox::drop_own_waiting(tx, id)?;
    tx.execute(
        "UPDATE contact SET inbox_sid = NULL, bundle = NULL, bundle_at = 0, answered = 0, accept_sent = 0,
         session_forms = 0, refill_due = NULL, anew_due = NULL, ask_due = NULL WHERE id = ?1",
        [id],
    )?;
    Ok(())
}
