//! Telling contacts of a changed key inside the conversation, and following theirs (DESIGN § 7, `spec/vault.md § Keys that changed`).
//!
//! A look-up right after a change, by everybody who was told of it, would show the relay who talks with whom. So what is
//! told is checked against the log, which is replayed whole anyway, and followed once that has it.

use client_core::schedule::is_fresh;
use e2ee::{Kind, MessageId};
use proto::signed::{Change, identity_of, record_hash, verify_next};
use wire::{HostPort, IdentityFingerprint, ServerId, UnixSeconds};

use super::{
    directory::{Found, follow_told},
    ledger::{self, Stand},
    recover, seal,
};
use crate::{
    Client, ClientError, fraud,
    vault::{
        Tx,
        contact::{self, LogPlace, Person},
        ledger as logs, me, outbox,
        record_update::{self, Told},
        said::Said,
    },
};

/// A replay speaks of what was told for so long.
const REPLAY_FRESH_S: u64 = 86_400;

/// Puts changes of my key into the outbox, for each contact when it is time, and before that where a person's own message
/// to him leaves: it shows the relay little more. Only where it can leave at once; it is no reason to look anybody up.
pub(crate) fn queue_due(tx: &Tx<'_>, early_s: u64) -> Result<(), ClientError> {
    let until = UnixSeconds(tx.now().0.saturating_add(early_s));
    for untold in record_update::untold(tx)? {
        let person = contact::by_id(tx, untold.contact)?;
        let is_time = untold.due <= until || outbox::has_open_of_a_person(tx, person.id)?;
        if !is_time || !recover::may_be_written_to(&person) || !seal::can_use_inbox(tx, &person)? {
            continue;
        }
        for update in record_update::to_tell(tx, &untold)? {
            let message_id = MessageId::random(&mut tx.rng());
            outbox::say(tx, person.id, &message_id, &Said::new(&update)?, None)?;
        }
        record_update::told(tx, &untold)?;
    }
    Ok(())
}

/// Keeps what a contact tells of his key, if it follows the one that is known or the last that he told of.
pub(crate) fn hear(tx: &Tx<'_>, person: &Person, kind: &Kind) -> Result<(), ClientError> {
    let Kind::RecordUpdate(update) = kind else { return Ok(()) };
    let Some(pinned) = person.record.as_ref().filter(|_| recover::may_be_written_to(person)) else {
        return Ok(());
    };
    if update.record.body.seq <= pinned.body.seq {
        return Ok(());
    }
    let newest = newest_of(person, record_update::told_by(tx, person.id)?);
    let last = newest.as_ref().map_or(&pinned.body, |newest| &newest.told.update.record.body);
    if verify_next(&update.record, last) != Ok(Change::Rotated) {
        return Ok(());
    }
    let replays = logs::get(tx, &person.server_id)?.map_or(0, |row| row.replays);
    record_update::keep(tx, person.id, update, replays)
}

/// Follows what contacts told of their keys, where the log of their server has it as the newest. To be called after a drain.
pub(crate) fn settle(client: &Client) -> Result<(), ClientError> {
    for id in client.vault.read(record_update::tellers)? {
        settle_one(client, id)?;
    }
    Ok(())
}

fn settle_one(client: &Client, id: i64) -> Result<(), ClientError> {
    let (person, told) =
        client.vault.read(|tx| Ok((contact::by_id(tx, id)?, record_update::told_by(tx, id)?)))?;
    let forget = |through: u32| client.vault.write(|tx| record_update::forget(tx, id, through));
    let Some(pinned) = person.record.as_ref().filter(|_| recover::may_be_written_to(&person)) else {
        // A person decides about the key, or nobody does any more.
        return forget(u32::MAX);
    };
    if told.first().is_some_and(|first| first.update.record.body.seq <= pinned.body.seq) {
        forget(pinned.body.seq)?;
    }
    let Some(Newest { told, keys }) = newest_of(&person, told) else { return Ok(()) };
    let seq = told.update.record.body.seq;
    match said_of(client, &person, &told)? {
        Stand::Newest => {}
        // There may be more to come, from the log or from him.
        Stand::NotYet | Stand::Newer => return Ok(()),
        Stand::Other => return forget(seq),
    }
    let Some(found) = Found::told(&person, told.update, keys) else { return Ok(()) };
    match follow_told(client, &person, &found) {
        Err(error) if error.exit_code() == 7 => Err(error),
        // Another contact has this key: the next look-up stops there too, and says so.
        Err(_) => forget(seq),
        Ok(()) => Ok(()),
    }
}

/// The last record to which the pinned one leads, and the keys on the way.
struct Newest {
    told: Told,
    keys: Vec<IdentityFingerprint>,
}

fn newest_of(person: &Person, told: Vec<Told>) -> Option<Newest> {
    let mut keys = vec![person.fingerprint];
    let mut last = person.record.as_ref()?.body.clone();
    let mut newest = None;
    for told in told {
        let body = &told.update.record.body;
        if body.seq <= last.seq {
            continue;
        }
        if verify_next(&told.update.record, &last) != Ok(Change::Rotated) {
            break;
        }
        keys.push(IdentityFingerprint(identity_of(body).ok()?.fingerprint()));
        last = body.clone();
        newest = Some(told);
    }
    Some(Newest { told: newest?, keys })
}

/// What the log of his server says, as it was replayed since it was told; that it does not reach so far, where that is long
/// ago, or something is wrong with it.
fn said_of(client: &Client, person: &Person, told: &Told) -> Result<Stand, ClientError> {
    let server_id = &person.server_id;
    let now = client.now();
    let speaks = client.vault.read(|tx| {
        let Some(row) = logs::get(tx, server_id)? else { return Ok(false) };
        let is_silent = logs::is_silent_since(logs::written_at(tx, &row)?, now);
        Ok(row.replays > told.replays
            && row.trouble.is_none()
            && !is_silent
            && is_fresh(row.replayed_at, now, REPLAY_FRESH_S)
            && row.head.is_some_and(|head| head.size > told.update.leaf_index))
    })?;
    if !speaks || fraud::kept(client.vault.profile().dir(), server_id).is_some() {
        return Ok(Stand::NotYet);
    }
    let place = LogPlace {
        leaf_index: told.update.leaf_index,
        nonce: told.update.commitment_nonce,
        hash: record_hash(&told.update.record.body),
    };
    let tag = ledger::tag_of(client, server_id, &person.name)?;
    client.vault.read(|tx| ledger::said_of(tx, server_id, &tag, &place))
}

/// Replays the logs of other servers whose members told of a changed key, at a random time within a day. That of my own
/// is replayed daily.
pub(crate) async fn replay_due(client: &Client) -> Result<(), ClientError> {
    let until = UnixSeconds(client.now().0.saturating_add(client.options.dues_early_s));
    let due = client.vault.read(|tx| {
        let mine = me::me(tx)?.map(|me| me.server_id);
        let mut due: Vec<(i64, ServerId, HostPort)> = Vec::new();
        for id in record_update::tellers(tx)? {
            let person = contact::by_id(tx, id)?;
            let is_due = record_update::replay_due(tx, id)?.is_some_and(|at| at <= until);
            if is_due && mine != Some(person.server_id) {
                due.push((id, person.server_id, person.at));
            }
        }
        Ok(due)
    })?;
    let mut replayed = Vec::new();
    for (id, server_id, at) in due {
        client.vault.write(|tx| record_update::replay_later(tx, id))?;
        if replayed.contains(&server_id) {
            continue;
        }
        match ledger::replay_reached(client, &server_id, &at).await {
            Err(error) if error.exit_code() == 7 => return Err(error),
            // Whatever is wrong with it is said, and stops nothing else.
            _ => replayed.push(server_id),
        }
    }
    Ok(())
}
