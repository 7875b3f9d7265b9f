//! What people do beside sending texts: ask and answer, edit, take back, let words disappear, say what they read.

use std::{
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

use client_core::allotment::Allotment;
use e2ee::{
    Content, Kind, MessageId,
    said::{Answer, CHOICE_BYTES_MAX, CHOICES_MAX, Edit, Question, RECEIPTS_MAX, are_choices},
};
use wire::UnixSeconds;

use super::{
    contacts::to_contact,
    files,
    news::{Patience, wait_for},
    pull,
    send::{check, check_person, deliver, expire_s, queue},
};
use crate::{
    AskOptions, Asked, Client, ClientError, Contact, Direction, Received, ReceivedBody, SaidError,
    SendOptions, Sent,
    vault::{
        Tx,
        contact::{self, Person, Standing},
        inbox::{self, InRow},
        int,
        key::to_hex,
        outbox::{self, OutKind, OutRow},
        said::{self, Said},
        stamp,
    },
};

/// Receipts for one contact leave at most this often.
const RECEIPTS_AFTER_S: u64 = 600;

// --- what comes in ---

/// What a person's message does beside being shown. Who is no contact may edit and take back what he said himself.
pub(crate) fn take_in(tx: &Tx<'_>, person: &Person, content: &Content) -> Result<(), ClientError> {
    let (id, message) = (person.id, &content.message_id);
    match &content.kind {
        Kind::Edit(edit) => said::take_edit(tx, id, edit, message)?,
        Kind::Delete(target) => said::take_deletion(tx, id, target)?,
        _ if person.standing != Standing::Contact => {}
        Kind::File(head) => files::take_head(tx, id, message, head)?,
        Kind::FilePart(part) => files::take_part(tx, id, part)?,
        Kind::Receipt(ids) => said::take_receipts(tx, id, ids)?,
        Kind::Timer(seconds) => contact::set(tx, id, "timer_s", *seconds)?,
        _ => {}
    }
    said::apply_earlier(tx, id, message)
}

/// Receipts for contacts who get them, once enough time has passed since the last.
pub(crate) fn queue_receipts(tx: &Tx<'_>) -> Result<(), ClientError> {
    let now = tx.now();
    for person in contact::list(tx, Standing::Contact)? {
        let waited = now.0.saturating_sub(person.receipted_at.0) >= RECEIPTS_AFTER_S;
        let may = person.receipts && person.answered && super::recover::may_be_written_to(&person);
        if !may || !waited || outbox::has_open(tx, person.id, OutKind::Receipt)? {
            continue;
        }
        let ids = said::to_receipt(tx, person.id, RECEIPTS_MAX as u32)?;
        if !ids.is_empty() {
            let message_id = MessageId::random(&mut tx.rng());
            outbox::say(tx, person.id, &message_id, &Said::new(&Kind::Receipt(ids))?, None)?;
            contact::set(tx, person.id, "receipted_at", int(now.0))?;
        }
    }
    Ok(())
}

// --- what a person does ---

/// See [`Client::edit`].
pub(crate) fn edit(
    client: &Client,
    alias: &str,
    which: &str,
    text: &str,
    options: &SendOptions,
) -> Result<Sent, ClientError> {
    let (row, before) = commit_edit(client, alias, which, text, options)?;
    let no_queue = options.no_queue && before.is_some();
    let sent = deliver(client, row, &SendOptions { no_queue, ..options.clone() });
    if let Some(before) = before
        && !is_kept(client, row, OutKind::Edit)?
    {
        // The other side has the words of before, and so do I.
        client.vault.erase(|tx| outbox::word_as_before(tx, &before, text))?;
    }
    sent
}

/// See [`Client::queue_edit`].
pub(crate) fn queue_edit(
    client: &Client,
    alias: &str,
    which: &str,
    text: &str,
    options: &SendOptions,
) -> Result<String, ClientError> {
    let (row, _) = commit_edit(client, alias, which, text, options)?;
    settled(client, row)
}

/// Other words in the history and in the outbox: the row that brings them, and the message as it was where that had left.
fn commit_edit(
    client: &Client,
    alias: &str,
    which: &str,
    text: &str,
    options: &SendOptions,
) -> Result<(i64, Option<OutRow>), ClientError> {
    check(text, options)?;
    client.vault.erase(|tx| {
        let person = contact::expect(tx, alias)?;
        check_person(tx, &person, options)?;
        let named = match which {
            "last" => said::last_editable(tx, person.id)?,
            which => said::find_named(tx, person.id, which, Some(Direction::Sent))?,
        };
        let row = outbox::by_id(tx, named.row)?;
        let body = row.body.clone().unwrap_or_else(|| row.text.clone().into_bytes());
        let Some(kind) = said::reworded(row.kind as u8, &body, text) else {
            return Err(ClientError::from(SaidError::NotEditable { which: which.to_owned() }));
        };
        outbox::reword(tx, row.id, &Said::new(&kind)?)?;
        if row.placed.is_none() {
            // It never left: it leaves as it is now, and goes on waiting, as was asked for when it was sent.
            return Ok((row.id, None));
        }
        let edit = Kind::Edit(Edit { message: row.message_id, text: text.to_owned() });
        Ok((queue(tx, &person, &edit, options)?, Some(row)))
    })
}

/// The id of a row that was committed, once it stands in the file.
fn settled(client: &Client, row: i64) -> Result<String, ClientError> {
    client.vault.settle().map_err(ClientError::after_keeping)?;
    let row = client.vault.read(|tx| outbox::by_id(tx, row))?;
    Ok(to_hex(&row.message_id.0))
}

/// Whether a change still leaves, or has left; one that was not to wait may have been taken back.
fn is_kept(client: &Client, row: i64, kind: OutKind) -> Result<bool, ClientError> {
    let row = client.vault.read(|tx| outbox::find(tx, row))?;
    Ok(row.is_some_and(|row| row.kind == kind))
}

/// See [`Client::take_back`].
pub(crate) fn take_back(
    client: &Client,
    alias: &str,
    which: &str,
    options: &SendOptions,
) -> Result<Option<Sent>, ClientError> {
    let (delete, after) = commit_deletion(client, alias, which, options)?;
    let Some(delete) = delete else { return Ok(None) };
    let sent = deliver(client, delete, options);
    if let Some(row) = after
        && is_kept(client, delete, OutKind::Delete)?
    {
        client.vault.erase(|tx| outbox::take_back(tx, row.contact, &row))?;
    }
    sent.map(Some)
}

/// See [`Client::queue_take_back`].
pub(crate) fn queue_take_back(
    client: &Client,
    alias: &str,
    which: &str,
    options: &SendOptions,
) -> Result<Option<String>, ClientError> {
    let options = SendOptions { no_queue: false, ..options.clone() };
    let (delete, _) = commit_deletion(client, alias, which, &options)?;
    delete.map(|row| settled(client, row)).transpose()
}

/// Takes a message out of the history: the row that asks the other side to do the same, unless it never left; and the message
/// itself where it stays until that row has left.
fn commit_deletion(
    client: &Client,
    alias: &str,
    which: &str,
    options: &SendOptions,
) -> Result<(Option<i64>, Option<OutRow>), ClientError> {
    client.vault.erase(|tx| {
        let person = contact::expect(tx, alias)?;
        check_person(tx, &person, options)?;
        if let Some(row) =
            options.idempotency.as_deref().map(|key| outbox::by_key(tx, key)).transpose()?.flatten()
        {
            // What was named is gone, or would be another message by now.
            let same = row.contact == person.id && row.kind == OutKind::Delete;
            return if same { Ok((Some(row.id), None)) } else { Err(ClientError::IdempotencyConflict) };
        }
        let named = said::find_named(tx, person.id, which, Some(Direction::Sent))?;
        let row = outbox::by_id(tx, named.row)?;
        if row.placed.is_none() {
            // It never left, and never will.
            outbox::take_back(tx, person.id, &row)?;
            return Ok((None, None));
        }
        let delete = queue(tx, &person, &Kind::Delete(row.message_id), options)?;
        if options.no_queue {
            // As long as the other side may keep the words, so do I.
            return Ok((Some(delete), Some(row)));
        }
        outbox::take_back(tx, person.id, &row)?;
        Ok((Some(delete), None))
    })
}

/// See [`Client::set_timer`].
pub(crate) fn set_timer(
    client: &Client,
    alias: &str,
    after: Option<Duration>,
    options: &SendOptions,
) -> Result<Sent, ClientError> {
    let seconds = after.map(expire_s).transpose()?.map_or(0, std::num::NonZeroU32::get);
    let row = client.vault.write(|tx| {
        let person = contact::expect(tx, alias)?;
        let row = queue(tx, &person, &Kind::Timer(seconds), options)?;
        contact::set(tx, person.id, "timer_s", seconds)?;
        Ok(row)
    })?;
    deliver(client, row, options)
}

/// See [`Client::set_receipts`].
pub(crate) fn set_receipts(client: &Client, alias: &str, on: bool) -> Result<Contact, ClientError> {
    client.vault.write(|tx| {
        let person = contact::expect(tx, alias)?;
        if on && !person.receipts {
            said::settle_receipts(tx, person.id)?;
        }
        contact::set(tx, person.id, "receipts", on)?;
        to_contact(tx, &contact::by_id(tx, person.id)?)
    })
}

/// See [`Client::set_allotment`].
pub(crate) fn set_allotment(
    client: &Client,
    alias: &str,
    allotment: Allotment,
) -> Result<Contact, ClientError> {
    client.vault.write(|tx| {
        let person = contact::expect(tx, alias)?;
        contact::set(tx, person.id, "allotment", allotment.stamps())?;
        // Whoever may have more gets it like any refill.
        let lacks = stamp::unused(tx, person.id)? < allotment.stamps();
        if allotment > person.allotment && lacks && !person.blocked {
            let due = client_core::schedule::refill_due(tx.now(), tx.number());
            contact::set(tx, person.id, "refill_due", int(due.0))?;
        }
        to_contact(tx, &contact::by_id(tx, person.id)?)
    })
}

// --- questions ---

/// See [`Client::answer`].
pub(crate) fn answer(
    client: &Client,
    alias: &str,
    which: Option<&str>,
    text: &str,
    options: &SendOptions,
) -> Result<Sent, ClientError> {
    let row = commit_answer(client, alias, which, text, options)?;
    deliver(client, row, options)
}

/// See [`Client::queue_answer`].
pub(crate) fn queue_answer(
    client: &Client,
    alias: &str,
    which: Option<&str>,
    text: &str,
    options: &SendOptions,
) -> Result<String, ClientError> {
    let row = commit_answer(client, alias, which, text, options)?;
    settled(client, row)
}

fn commit_answer(
    client: &Client,
    alias: &str,
    which: Option<&str>,
    text: &str,
    options: &SendOptions,
) -> Result<i64, ClientError> {
    check(text, options)?;
    client.vault.write(|tx| {
        let person = contact::expect(tx, alias)?;
        let none = || ClientError::from(SaidError::NoQuestion { alias: alias.to_owned() });
        let message = match which {
            Some(which) => said::find_named(tx, person.id, which, Some(Direction::Received))?.message_id,
            None => said::open_question(tx, person.id)?.ok_or_else(none)?,
        };
        let question = said::question(tx, person.id, &message)?.ok_or_else(none)?;
        if question.until <= tx.now() {
            return Err(ClientError::from(SaidError::QuestionOver));
        }
        let answer = Answer { question: message, text: chosen(&question, text)? };
        let row = queue(tx, &person, &Kind::Answer(answer), options)?;
        // Who answers has read it.
        if let Some(asked) = inbox::by_message(tx, person.id, &message)? {
            inbox::set_handled(tx, asked.id)?;
        }
        Ok(row)
    })
}

/// One of the choices, by its words or its number from 1; without choices any words.
fn chosen(question: &Question, text: &str) -> Result<String, ClientError> {
    if question.choices.is_empty() {
        return Ok(text.to_owned());
    }
    let by_number =
        || text.parse::<usize>().ok().and_then(|number| question.choices.get(number.checked_sub(1)?));
    let by_words = question.choices.iter().find(|choice| choice.to_lowercase() == text.trim().to_lowercase());
    let found = by_words.or_else(by_number);
    found
        .cloned()
        .ok_or_else(|| ClientError::from(SaidError::NotAChoice { choices: question.choices.clone() }))
}

/// See [`Client::ask`].
pub(crate) fn ask(
    client: &Client,
    alias: &str,
    text: &str,
    options: &AskOptions,
) -> Result<Asked, ClientError> {
    let (person, row) = pose(client, alias, text, options)?;
    // Nobody answers a question whose time is over.
    let until = question_of(&row).map_or(UnixSeconds(u64::MAX), |question| question.until);
    let left = until.0.saturating_sub(client.now().0);
    let end = Instant::now() + options.wait.min(Duration::from_secs(left));
    let sent = deliver(client, row.id, &options.send)?;
    if left == 0 {
        let answer = client.vault.read(|tx| answer_of(tx, &person, &row.message_id, options))?;
        return Ok(answer.map_or(Asked::Over, |answer| Asked::Answered(Box::new(answer))));
    }
    if let Some(told) = &options.told {
        told.tell(&sent);
    }
    wait_for_answer(client, &person, &row.message_id, options, end)
}

/// See [`Client::ask_only`].
pub(crate) fn ask_only(
    client: &Client,
    alias: &str,
    text: &str,
    options: &AskOptions,
) -> Result<Sent, ClientError> {
    let (_, row) = pose(client, alias, text, options)?;
    deliver(client, row.id, &options.send)
}

/// Commits the question to the outbox.
fn pose(
    client: &Client,
    alias: &str,
    text: &str,
    options: &AskOptions,
) -> Result<(Person, OutRow), ClientError> {
    check(text, &options.send)?;
    if !are_choices(&options.choices) {
        return Err(ClientError::from(SaidError::BadChoices { max: CHOICES_MAX, bytes: CHOICE_BYTES_MAX }));
    }
    let until = UnixSeconds(client.now().0.saturating_add(options.wait.as_secs().max(1)));
    client.vault.write(|tx| {
        let person = contact::expect(tx, alias)?;
        let said = match &options.send.idempotency {
            Some(key) => outbox::by_key(tx, key)?,
            None => None,
        };
        // A question that is asked again under its key keeps the time that it was given first.
        if let Some(row) = said {
            let same = row.contact == person.id
                && question_of(&row)
                    .is_some_and(|asked| asked.text == text && asked.choices == options.choices);
            return if same { Ok((person, row)) } else { Err(ClientError::IdempotencyConflict) };
        }
        let kind =
            Kind::Question(Question { until, choices: options.choices.clone(), text: text.to_owned() });
        let row = queue(tx, &person, &kind, &options.send)?;
        Ok((person, outbox::by_id(tx, row)?))
    })
}

fn question_of(row: &OutRow) -> Option<Question> {
    match Kind::from_parts(row.kind as u8, row.body.as_deref()?) {
        Ok(Kind::Question(question)) => Some(question),
        _ => None,
    }
}

fn wait_for_answer(
    client: &Client,
    person: &Person,
    question: &MessageId,
    options: &AskOptions,
    end: Instant,
) -> Result<Asked, ClientError> {
    let patience = Patience::until(end, options.stop.as_deref());
    let mut find = || client.vault.read(|tx| answer_of(tx, person, question, options));
    Ok(match wait_for(client, &patience, &mut find)? {
        Some(answer) => Asked::Answered(Box::new(answer)),
        None if patience.is_stopped() => Asked::Stopped,
        None => Asked::NotInTime,
    })
}

/// The answer, from the contact who was asked, under a key that the person wants. Where there was a choice, another program
/// than this one may let him say anything: that is a message like any other, and no answer.
fn answer_of(
    tx: &Tx<'_>,
    person: &Person,
    question: &MessageId,
    options: &AskOptions,
) -> Result<Option<Received>, ClientError> {
    let mut answers = inbox::answers_to(tx, person.id, question)?.into_iter();
    let Some(row) = answers.find(|row| is_choice(row, &options.choices)) else { return Ok(None) };
    let person = contact::by_id(tx, person.id)?;
    if options.send.require_verified && !person.trust.is_verified() {
        return Err(ClientError::NotVerified { alias: person.shown().to_owned() });
    }
    pull::to_received(tx, &row).map(Some)
}

fn is_choice(answer: &InRow, choices: &[String]) -> bool {
    matches!(&answer.body, ReceivedBody::Answer { text, .. } if choices.is_empty() || choices.contains(text))
}

/// See [`Client::wait_seen`].
pub(crate) fn wait_seen(
    client: &Client,
    id: &str,
    wait: Duration,
    stop: Option<&AtomicBool>,
) -> Result<bool, ClientError> {
    let patience = Patience::until(Instant::now() + wait, stop);
    let mut find = || {
        let seen = client.vault.read(|tx| outbox::is_answered(tx, id))?;
        Ok(seen.then_some(()))
    };
    Ok(wait_for(client, &patience, &mut find)?.is_some())
}
