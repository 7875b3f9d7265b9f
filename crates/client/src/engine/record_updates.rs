//! Telling contacts of a changed key inside the conversation, and following theirs (DESIGN § 7, `spec/vault.md § Keys that changed`).
//!
//! A look-up right after a change, by everybody who was told of it, would show the relay who talks with whom. So what is
//! told is checked against the log, which is replayed whole anyway, and followed once that has it.

use client_core::contact::Trust;
use e2ee::{Kind, MessageId, RecordUpdate};
use proto::signed::{Change, identity_of, record_hash, verify_next, verify_own};
use wire::{HostPort, IdentityFingerprint, ServerId, UnixSeconds};

use super::{
    directory::{Found, follow},
    ledger::{self, Stand},
    recover, seal,
};
use crate::{
    Client, ClientError, fraud,
    vault::{
        Tx,
        contact::{self, LogPlace, Person, Standing},
        ledger as logs, me, outbox, record_update,
        said::Said,
    },
};

/// Whoever is behind by more changes than this looks them up.
const TOLD_AT_ONCE_MAX: usize = 8;

/// Puts changes of my key into the outbox, for each contact when it is time, and before that where a person's own message
/// to him leaves: it shows the relay little more. Only where it can leave at once; it is no reason to look anybody up.
pub(crate) fn queue_due(tx: &Tx<'_>, early_s: u64) -> Result<(), ClientError> {
    let until = UnixSeconds(tx.now().0.saturating_add(early_s));
    for untold in record_update::untold(tx)? {
        let person = contact::by_id(tx, untold.contact)?;
        let is_time = untold.due <= until || outbox::has_open_of_a_person(tx, person.id)?;
        let may = person.standing == Standing::Contact && recover::may_be_written_to(&person);
        if !is_time || !may || !seal::can_use_inbox(tx, &person)? {
            continue;
        }
        let updates = record_update::to_tell(tx, &untold)?;
        if updates.len() <= TOLD_AT_ONCE_MAX {
            for update in &updates {
                outbox::say(tx, person.id, &MessageId::random(&mut tx.rng()), &Said::new(update)?, None)?;
            }
        }
        record_update::told(tx, &untold)?;
    }
    Ok(())
}

/// Keeps what a contact tells of his key, if it can be his next one, or one after that.
pub(crate) fn hear(tx: &Tx<'_>, person: &Person, kind: &Kind) -> Result<(), ClientError> {
    let Kind::RecordUpdate(update) = kind else { return Ok(()) };
    let Some(pinned) = &person.record else { return Ok(()) };
    let body = &update.record.body;
    let is_his = body.name == person.name && body.server_id == person.server_id;
    let may = person.standing == Standing::Contact && may_follow(person);
    match is_his && may && body.seq > pinned.body.seq && verify_own(&update.record).is_ok() {
        true => record_update::keep(tx, person.id, update),
        false => Ok(()),
    }
}

fn may_follow(person: &Person) -> bool {
    !person.blocked && person.given_up_at.is_none() && person.trust != Trust::Changed
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
    let Some(pinned) = person.record.as_ref().filter(|_| may_follow(&person)) else {
        // A person decides about the key, or nobody does any more.
        return forget(u32::MAX);
    };
    if told.first().is_some_and(|first| first.record.body.seq <= pinned.body.seq) {
        forget(pinned.body.seq)?;
    }
    let Some((newest, keys)) = newest_of(&person, told) else { return Ok(()) };
    let place = LogPlace {
        leaf_index: newest.leaf_index,
        nonce: newest.commitment_nonce,
        hash: record_hash(&newest.record.body),
    };
    match said_of(client, &person, &place)? {
        Stand::Newest => {}
        // There may be more to come, from the log or from him.
        Stand::NotYet | Stand::Newer => return Ok(()),
        Stand::Other => return forget(newest.record.body.seq),
    }
    let seq = newest.record.body.seq;
    let Some(found) = Found::told(&person, newest, keys) else { return Ok(()) };
    match follow(client, &person, &found) {
        // Nobody was looked up: the next message to him does.
        Ok(()) => client.vault.write(|tx| {
            contact::set(tx, id, "checked_at", 0)?;
            record_update::forget(tx, id, seq)
        }),
        Err(error) if error.exit_code() == 7 => Err(error),
        // Another contact has this key: the next look-up stops there too, and says so.
        Err(_) => forget(seq),
    }
}

/// The last record to which the pinned one leads without a gap, and the keys on the way.
fn newest_of(person: &Person, told: Vec<RecordUpdate>) -> Option<(RecordUpdate, Vec<IdentityFingerprint>)> {
    let mut keys = vec![person.fingerprint];
    let mut last = person.record.as_ref()?.body.clone();
    let mut newest = None;
    for update in told {
        let body = &update.record.body;
        if body.seq <= last.seq {
            continue;
        }
        if verify_next(&update.record, &last) != Ok(Change::Rotated) {
            break;
        }
        keys.push(IdentityFingerprint(identity_of(body).ok()?.fingerprint()));
        last = body.clone();
        newest = Some(update);
    }
    Some((newest?, keys))
}

/// What the log of his server says, as it was replayed last; that it does not reach so far, where something is wrong with it.
fn said_of(client: &Client, person: &Person, place: &LogPlace) -> Result<Stand, ClientError> {
    let server_id = &person.server_id;
    let row = client.vault.read(|tx| logs::get(tx, server_id))?;
    let reaches = row.is_some_and(|row| {
        row.trouble.is_none() && row.head.is_some_and(|head| head.size > place.leaf_index)
    });
    if !reaches || fraud::kept(client.vault.profile().dir(), server_id).is_some() {
        return Ok(Stand::NotYet);
    }
    let tag = ledger::tag_of(client, server_id, &person.name)?;
    client.vault.read(|tx| ledger::said_of(tx, server_id, &tag, place))
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
