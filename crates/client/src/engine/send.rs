//! Sending: committed to the outbox first, then drained for news, then sealed and deposited in order.

use std::{
    collections::BTreeMap,
    num::NonZeroU32,
    time::{Duration, Instant},
};

use client_core::outbox::State;
use e2ee::{
    Kind, MessageId,
    said::{EXPIRE_S_MAX, Note},
};

use super::{
    copies,
    deposit::Courier,
    give_up, nameless,
    pull::{drain, resident_collect},
    record_updates, recover, run,
};
use crate::{
    Client, ClientError, FailPoint, Pauses, Progress, QueuedReason, SaidError, SendOptions, Sent, SentState,
    vault::{
        Tx,
        contact::{self, Person, Standing},
        file,
        key::to_hex,
        me,
        outbox::{self, Gone, OutKind, OutRow},
        said::{self, Said},
        stamp,
    },
};

/// A text that surely fits the largest envelope.
pub const TEXT_BYTES_MAX: usize = 60_000;
const KEY_BYTES_MAX: usize = 255;
/// How long a send waits for another collecting process before it sends without draining.
const DRAIN_WAIT: Duration = Duration::from_millis(200);

/// What a flush came to.
#[derive(Default)]
pub(crate) struct Flushed {
    /// Texts that the relay confirmed.
    pub(crate) stored: u32,
    /// Why a contact's messages did not all leave.
    pub(crate) problems: BTreeMap<i64, ClientError>,
    /// Why a row waits.
    pub(crate) waits: BTreeMap<i64, QueuedReason>,
    /// Contacts whose mailbox takes nothing now, and why.
    pub(crate) take_nothing: BTreeMap<i64, QueuedReason>,
}

/// See [`Client::send`].
pub(crate) fn send(
    client: &Client,
    alias: &str,
    text: &str,
    options: &SendOptions,
) -> Result<Sent, ClientError> {
    check(text, options)?;
    let row = client.vault.write(|tx| {
        let person = contact::expect(tx, alias)?;
        queue(tx, &person, &words(tx, &person, text, options)?, options)
    })?;
    deliver(client, row, options)
}

/// What a person's words become: a plain text, or a note where they quote or disappear.
fn words(tx: &Tx<'_>, person: &Person, text: &str, options: &SendOptions) -> Result<Kind, ClientError> {
    let quotes = options.quotes.as_deref().map(|which| said::find_named(tx, person.id, which, None));
    let quotes = quotes.transpose()?.map(|named| named.message_id);
    let timer = NonZeroU32::new(person.timer_s);
    let expire_s = match options.expire {
        Some(after) => Some(expire_s(after)?),
        None => timer,
    };
    Ok(match (quotes, expire_s) {
        (None, None) => Kind::Text(text.to_owned()),
        _ => Kind::Note(Note { quotes, expire_s, text: text.to_owned() }),
    })
}

/// Whole seconds, from one to a year.
pub(crate) fn expire_s(after: Duration) -> Result<NonZeroU32, ClientError> {
    let seconds = u32::try_from(after.as_secs()).ok().filter(|seconds| *seconds <= EXPIRE_S_MAX);
    seconds.and_then(NonZeroU32::new).ok_or(ClientError::from(SaidError::BadExpiry { max_s: EXPIRE_S_MAX }))
}

/// Has what was queued stored, as far as that goes now, and says how far it went.
pub(crate) fn deliver(client: &Client, row_id: i64, options: &SendOptions) -> Result<Sent, ClientError> {
    let sent = deliver_kept(client, row_id, options).and_then(|sent| {
        // What is told next stands in the file by then, not only in its log.
        client.vault.settle()?;
        Ok(sent)
    });
    sent.map_err(ClientError::after_keeping)
}

fn deliver_kept(client: &Client, row_id: i64, options: &SendOptions) -> Result<Sent, ClientError> {
    client.fail_at(FailPoint::OutboxCommitted)?;
    let to = client.vault.read(|tx| outbox::by_id(tx, row_id))?.contact;
    let flushed = run(drain_and_flush(client, Some(to)))?;
    let row = client.vault.read(|tx| outbox::by_id(tx, row_id))?;
    let parts = client.vault.read(|tx| file::stored_parts(tx, row.contact, &row.message_id))?;
    if parts.0 > 0 {
        // Another process may have sent some of them meanwhile.
        client.tell(&Progress::Stored { parts: parts.0, stored: parts.1 });
    }
    let state = match row.state {
        State::Stored if parts.0 > parts.1 => SentState::Queued(part_reason(&row, &flushed, parts)),
        State::Stored => SentState::Stored,
        _ => not_stored(client, &row, &flushed, options)?,
    };
    let to = client.vault.read(|tx| contact::by_id(tx, row.contact))?.shown().to_owned();
    Ok(Sent { id: to_hex(&row.message_id.0), to, state })
}

/// See [`Client::queue`].
pub(crate) fn queue_only(
    client: &Client,
    alias: &str,
    text: &str,
    options: &SendOptions,
) -> Result<String, ClientError> {
    check(text, options)?;
    let row = client.vault.write(|tx| {
        let person = contact::expect(tx, alias)?;
        let row = queue(tx, &person, &words(tx, &person, text, options)?, options)?;
        outbox::by_id(tx, row)
    })?;
    client.vault.settle().map_err(ClientError::after_keeping)?;
    Ok(to_hex(&row.message_id.0))
}

fn part_reason(row: &OutRow, flushed: &Flushed, (parts, stored): (u64, u64)) -> QueuedReason {
    match flushed.problems.get(&row.contact) {
        Some(error) => QueuedReason::Unreachable(Box::new(error.clone())),
        None => match flushed.take_nothing.get(&row.contact) {
            Some(reason) => reason.clone(),
            None => QueuedReason::Parts { parts, stored },
        },
    }
}

pub(crate) fn check(text: &str, options: &SendOptions) -> Result<(), ClientError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(ClientError::TooLong { bytes: text.len(), max: TEXT_BYTES_MAX });
    }
    match &options.idempotency {
        Some(key) if !(1..=KEY_BYTES_MAX).contains(&key.len()) => Err(ClientError::BadIdempotencyKey),
        _ => Ok(()),
    }
}

/// Commits what a person says, or finds what its key names.
pub(crate) fn queue(
    tx: &Tx<'_>,
    person: &Person,
    kind: &Kind,
    options: &SendOptions,
) -> Result<i64, ClientError> {
    let said = Said::new(kind)?;
    if let Some(row) = by_key(tx, person, &said, options)? {
        return Ok(row);
    }
    check_person(tx, person, options)?;
    let message_id = MessageId::random(&mut tx.rng());
    outbox::say(tx, person.id, &message_id, &said, options.idempotency.as_deref())
}

/// The row that the key names, if it says the same to the same person.
pub(crate) fn by_key(
    tx: &Tx<'_>,
    person: &Person,
    said: &Said,
    options: &SendOptions,
) -> Result<Option<i64>, ClientError> {
    let Some(key) = &options.idempotency else { return Ok(None) };
    let Some(row) = outbox::by_key(tx, key)? else { return Ok(None) };
    let same = match &row.said_first {
        Some(first) => first.is(said),
        // Of before this was kept: what has disappeared or was taken back cannot be compared any more, and was sent.
        None if row.gone != Gone::Here || row.edited => true,
        None => row.kind == said.kind && row.text == said.text && row.body == said.body,
    };
    match row.contact == person.id && same {
        true => Ok(Some(row.id)),
        false => Err(ClientError::IdempotencyConflict),
    }
}

pub(crate) fn check_person(tx: &Tx<'_>, person: &Person, options: &SendOptions) -> Result<(), ClientError> {
    give_up::check_in(tx)?;
    let alias = person.shown().to_owned();
    if person.blocked {
        return Err(ClientError::Blocked { alias });
    }
    nameless::check(person)?;
    if !person.trust.allows_sealing() {
        return Err(ClientError::KeyChanged { alias });
    }
    if options.require_verified && !person.trust.is_verified() {
        return Err(ClientError::NotVerified { alias });
    }
    Ok(())
}

/// What a message that is not stored means for the caller.
fn not_stored(
    client: &Client,
    row: &OutRow,
    flushed: &Flushed,
    options: &SendOptions,
) -> Result<SentState, ClientError> {
    let problem = flushed.problems.get(&row.contact);
    if let Some(error) = problem.filter(|error| !error.is_temporary()) {
        return Err(error.clone());
    }
    if row.state == State::Refused {
        return Err(ClientError::RefusedForGood { reason: row.reason.clone().unwrap_or_default() });
    }
    let refusal = flushed.waits.get(&row.id);
    let reason = match (refusal.or_else(|| flushed.take_nothing.get(&row.contact)), problem) {
        (Some(reason), _) => reason.clone(),
        (None, Some(error)) => QueuedReason::Unreachable(Box::new(error.clone())),
        (None, None) => QueuedReason::BehindOthers,
    };
    if !options.no_queue {
        return Ok(SentState::Queued(reason));
    }
    let refused = refusal.is_some_and(QueuedReason::is_of_the_mailbox);
    if !client.vault.erase(|tx| take_back(tx, row, refused))? {
        // Another process may have sent it meanwhile.
        let row = client.vault.read(|tx| outbox::find(tx, row.id))?;
        let stored = row.is_some_and(|row| row.state == State::Stored);
        return Ok(if stored { SentState::Stored } else { SentState::Queued(reason) });
    }
    let busy = problem.filter(|error| error.retry_after_s().is_some());
    // «Nothing is lost» would not be so here: the message is not kept.
    let not_taken = reason.is_of_the_mailbox();
    let reason = Box::new(reason);
    Err(busy.cloned().unwrap_or(match not_taken {
        true => ClientError::NotTaken { reason },
        false => ClientError::NotQueued { reason },
    }))
}

/// Takes a message back that shall not wait: one that never left, or that the mailbox refused. Any other that was sealed may
/// be on the relay already. Says whether it did.
fn take_back(tx: &Tx<'_>, row: &OutRow, refused: bool) -> Result<bool, ClientError> {
    let taken = match row.sealed.is_some() && refused {
        true => outbox::say_nothing(tx, row)?,
        false => outbox::withdraw(tx, row.id)?,
    };
    if taken && row.kind == OutKind::File {
        outbox::drop_file(tx, row.contact, &row.message_id)?;
    }
    Ok(taken)
}

/// See [`Client::flush`].
pub(crate) fn flush_now(client: &Client) -> Result<u32, ClientError> {
    stored(run(drain_and_flush(client, None))?)
}

/// See [`Client::send_waiting`].
pub(crate) fn send_waiting(client: &Client, pauses: &mut Pauses) -> Result<u32, ClientError> {
    stored(run(flush_again(client, pauses))?)
}

fn stored(flushed: Flushed) -> Result<u32, ClientError> {
    match flushed.problems.into_values().next() {
        Some(error) if flushed.stored == 0 => Err(error),
        _ => Ok(flushed.stored),
    }
}

/// Every command that connects drains first, so that a program that only sends still receives its refills. A
/// drain that does not succeed does not keep a message back.
async fn drain_and_flush(client: &Client, first: Option<i64>) -> Result<Flushed, ClientError> {
    let drained = match resident_collect(client) {
        Some(_) => Ok(()),
        None => match client.vault.collector_lock(DRAIN_WAIT) {
            Ok(_lock) => drain(client).await.map(drop),
            Err(ClientError::CollectorBusy) => Ok(()),
            Err(error) => return Err(error),
        },
    };
    match drained {
        Err(error)
            if matches!(error.exit_code(), 1 | 7) && !matches!(error, ClientError::Protocol { .. }) =>
        {
            Err(error)
        }
        Err(error) if client.vault.read(me::copy)? == me::Copy::Restored => held(client, &error),
        // Whoever waited for a server once does not wait for it again at once: a person said how long.
        Err(error) if error.is_late() => flush(client, first, None, Some(error)).await,
        _ => flush(client, first, None, None).await,
    }
}

/// Nothing leaves: why, for everybody for whom something waits.
fn held(client: &Client, error: &ClientError) -> Result<Flushed, ClientError> {
    let mut flushed = Flushed::default();
    for id in client.vault.read(outbox::contacts_with_open)? {
        note_reason(client, id, error)?;
        flushed.problems.insert(id, error.clone());
    }
    Ok(flushed)
}

/// Sends what waits, contact by contact; one contact's trouble does not hold up another.
pub(crate) async fn flush_all(client: &Client) -> Result<Flushed, ClientError> {
    flush(client, None, None, None).await
}

/// The same for whoever stays connected: it leaves contacts alone for a while to whom nothing could be brought.
pub(crate) async fn flush_again(client: &Client, pauses: &mut Pauses) -> Result<Flushed, ClientError> {
    flush(client, None, Some(pauses), None).await
}

/// To `first` before all others: somebody waits for it. Nothing goes to a server of which `late` says that it did not
/// answer just now.
async fn flush(
    client: &Client,
    first: Option<i64>,
    mut pauses: Option<&mut Pauses>,
    late: Option<ClientError>,
) -> Result<Flushed, ClientError> {
    give_up::check(&client.vault)?;
    copies::check(client)?;
    if client.vault.read(me::copy)? == me::Copy::Restored {
        // It has no bundle that a first message could bring, and no stamps: it renews itself first, at its own relay.
        return Ok(Flushed::default());
    }
    let early = client.options.dues_early_s;
    client.vault.write(|tx| {
        queue_due_refills(tx, early)?;
        super::said::queue_receipts(tx)?;
        record_updates::queue_due(tx, early)?;
        recover::queue_due(tx, early)
    })?;
    let mut flushed = Flushed::default();
    let mut silent_hosts: BTreeMap<String, ClientError> =
        late.into_iter().filter_map(|error| Some((error.host()?.to_owned(), error))).collect();
    let mut contacts = client.vault.read(outbox::contacts_with_open)?;
    contacts.sort_by_key(|id| Some(*id) != first);
    for id in contacts {
        let Some(pauses) = &mut pauses else {
            flush_to(client, id, &mut flushed, &mut silent_hosts).await?;
            continue;
        };
        let newest = client.vault.read(|tx| outbox::newest(tx, id))?;
        if pauses.hold(id, newest, Instant::now()) {
            continue;
        }
        flush_to(client, id, &mut flushed, &mut silent_hosts).await?;
        let problem = flushed.problems.get(&id);
        if problem.is_none() && !flushed.take_nothing.contains_key(&id) {
            pauses.end(id);
            continue;
        }
        let retry_after_s = problem.and_then(ClientError::retry_after_s);
        pauses.lengthen(id, newest, Instant::now(), client.number(), retry_after_s);
    }
    super::pairing::go_on(client).await?;
    Ok(flushed)
}

/// Sends what waits for one contact.
async fn flush_to(
    client: &Client,
    id: i64,
    flushed: &mut Flushed,
    silent_hosts: &mut BTreeMap<String, ClientError>,
) -> Result<(), ClientError> {
    let person = client.vault.read(|tx| contact::by_id(tx, id))?;
    if person.blocked || person.standing != Standing::Contact || person.given_up_at.is_some() {
        return Ok(());
    }
    let host = person.at.to_string();
    if let Some(error) = silent_hosts.get(&host) {
        note_reason(client, id, error)?;
        flushed.problems.insert(id, error.clone());
        return Ok(());
    }
    match Courier::new(client, id, flushed).run().await {
        Ok(()) => Ok(()),
        Err(error)
            if matches!(error.exit_code(), 1 | 7) && !matches!(error, ClientError::Protocol { .. }) =>
        {
            Err(error)
        }
        Err(error) => {
            note_reason(client, id, &error)?;
            if error.is_silence() {
                silent_hosts.insert(host, error.clone());
            }
            flushed.problems.insert(id, error);
            Ok(())
        }
    }
}

/// The outbox says why its oldest row waits.
fn note_reason(client: &Client, id: i64, error: &ClientError) -> Result<(), ClientError> {
    client.vault.write(|tx| match outbox::open_of(tx, id)?.first() {
        Some(row) => outbox::set_reason(tx, row.id, &error.what()),
        None => Ok(()),
    })
}

/// Refills whose time has come enter the outbox.
fn queue_due_refills(tx: &Tx<'_>, early_s: u64) -> Result<(), ClientError> {
    let now = tx.now();
    for person in contact::list(tx, Standing::Contact)? {
        let due = person.refill_due.is_some_and(|due| due.0 <= now.0.saturating_add(early_s));
        if !due || person.blocked || person.given_up_at.is_some() {
            continue;
        }
        contact::set(tx, person.id, "refill_due", None::<i64>)?;
        if outbox::has_open(tx, person.id, OutKind::Refill)? {
            continue;
        }
        for _ in 0..person.allotment.refills(stamp::unused(tx, person.id)?) {
            let message_id = MessageId::random(&mut tx.rng());
            outbox::insert(tx, person.id, &message_id, OutKind::Refill, "", None, now)?;
        }
    }
    Ok(())
}
