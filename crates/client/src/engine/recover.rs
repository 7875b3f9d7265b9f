//! Conversations that heal: begun anew when they do not open, gaps asked for, what others lack sealed again.
//!
//! Everything here happens inside the caller's vault transaction (`spec/vault.md § Recovery`).

use std::collections::BTreeSet;

use client_core::{
    recovery::{
        ANEW_WITHIN_S, ANSWER_AFTER_S, ANSWER_MESSAGES_MAX, ASK_WITHIN_S, EXPIRES_S, Lack, PATIENCE_S,
        SentMessage, due, to_seal_again,
    },
    route::Route,
};
use e2ee::{Content, Conversation, Kind, MessageId, Resend, StreamId, resend::NUMBER_LAST};
use wire::UnixSeconds;

use super::seal;
use crate::{
    ClientError,
    vault::{
        Tx,
        asked::{self, Asked},
        contact::{self, Person, Standing},
        inbox, int, me,
        outbox::{self, OutKind, OutRow, SealedAs},
        recovery::{self, Noticed},
        said::Said,
        stamp,
    },
};

const ASKED_AGAIN: &str = "asked for again";
const WENT_BACK: &str = "may have left under keys that were used before";
const NEVER_ANSWERED: &str = "was never answered: a key was replaced since";

/// An envelope that came with a stamp of this person's does not open: the conversation shall begin anew. While
/// the answer to a new beginning is awaited, envelopes of before it are no reason for another.
pub(crate) fn does_not_open(tx: &Tx<'_>, id: i64) -> Result<(), ClientError> {
    let person = contact::by_id(tx, id)?;
    let awaits_answer = contact::conversation(tx, id)?.awaits_answer();
    let lately = tx.now().0.saturating_sub(person.recovered_at.0) < PATIENCE_S;
    if person.anew_due.is_some() || !may_be_written_to(&person) || (awaits_answer && lately) {
        return Ok(());
    }
    let at = due(tx.now(), person.recovered_at, ANEW_WITHIN_S, tx.number());
    contact::set(tx, id, "anew_due", int(at.0))
}

/// What a client sends by itself goes to accepted contacts only.
pub(crate) fn may_be_written_to(person: &Person) -> bool {
    person.standing == Standing::Contact
        && !person.blocked
        && person.given_up_at.is_none()
        && person.trust.allows_sealing()
}

/// Notes after a drain whether something of this person's is missing or did not open, and when to ask for it.
pub(crate) fn note_gaps(tx: &Tx<'_>, person: &Person, state: &Conversation) -> Result<(), ClientError> {
    let lacks = state.missing().is_some() || inbox::has_untold(tx, person.id)?;
    match (lacks, person.ask_due) {
        (true, None) if may_be_written_to(person) => {
            let at = due(tx.now(), person.recovered_at, ASK_WITHIN_S, tx.number());
            contact::set(tx, person.id, "ask_due", int(at.0))
        }
        (false, Some(_)) => contact::set(tx, person.id, "ask_due", None::<i64>),
        _ => Ok(()),
    }
}

/// Does what has fallen due: `early_s` seconds before its time in tests.
pub(crate) fn queue_due(tx: &Tx<'_>, early_s: u64) -> Result<(), ClientError> {
    let until = UnixSeconds(tx.now().0.saturating_add(early_s));
    for person in contact::list(tx, Standing::Contact)? {
        answer(tx, &person, until)?;
        if !may_be_written_to(&person) {
            continue;
        }
        // A person's own message to this contact may bring it: it shows the relay nothing more.
        let brings = person.anew_due.is_some() && outbox::has_open_of_a_person(tx, person.id)?;
        if greet_again(tx, &person, until)? {
            continue;
        }
        if brings || person.anew_due.is_some_and(|at| at <= until) || is_stuck(tx, &person, until)? {
            begin_anew(tx, person.id)?;
        } else if person.ask_due.is_some_and(|at| at <= until) {
            ask_again(tx, &person)?;
        }
        queue_request_for_former_stream(tx, &person)?;
    }
    Ok(())
}

/// A first message that was not answered in its fourteen days, or that a replaced key took away: what waits for its
/// answer would wait for ever, so that another is sent. Where a key was replaced it begins the conversation anew, and
/// brings what somebody who was never heard of may never have had. Says whether there is one.
fn greet_again(tx: &Tx<'_>, person: &Person, until: UnixSeconds) -> Result<bool, ClientError> {
    // Every command asks this of every contact: a conversation is read only where something waits.
    let waits = |row: &OutRow| row.sealed.is_none() && row.kind.is_a_persons();
    let Some(first) = outbox::open_of(tx, person.id)?.into_iter().find(waits) else { return Ok(false) };
    let state = contact::conversation(tx, person.id)?;
    let present = seal::is_under_present_keys(tx, person)?;
    // Whom I have heard of asks for what he lacks: `is_stuck`.
    let replaced = !present && !was_heard(person, &state);
    let none = !state.awaits_answer() && !state.can_use_session_form();
    // Who was told nothing yet is a stranger, and greeted by a person's words only.
    let taken_away = none && (replaced || outbox::is_any_stored(tx, person.id)?);
    let over = state.is_greeting_over(until) || taken_away;
    if !over || !(present || replaced) || !matches!(seal::route(tx, person, &first)?, Route::Wait(_)) {
        return Ok(false);
    }
    if replaced {
        begin_anew(tx, person.id)?;
        seal_unanswered_again(tx, person.id, NEVER_ANSWERED)?;
    } else {
        queue_request(tx, person.id)?;
    }
    Ok(true)
}

fn was_heard(person: &Person, state: &Conversation) -> bool {
    person.inbox.is_some() || state.can_use_session_form()
}

/// What was sealed and not stored, and what was stored and never answered, leaves again.
pub(crate) fn seal_unanswered_again(tx: &Tx<'_>, id: i64, reason: &str) -> Result<(), ClientError> {
    outbox::unseal_all(tx, id)?;
    let unanswered = recovery::sent_to(tx, id)?.into_iter().filter(|message| !message.answered);
    unanswered.map(|message| message.id).try_for_each(|row| recovery::seal_again(tx, row, reason))
}

/// Without stamps, and with a key that changed on either side, nothing of mine can leave until the other side sends
/// stamps. If it thinks that I have some (they were lost on a relay, say), it never does: after a day I begin anew.
/// So I do when what went without stamps was not answered for as long as a doorstep keeps it.
fn is_stuck(tx: &Tx<'_>, person: &Person, until: UnixSeconds) -> Result<bool, ClientError> {
    let ago = |at: UnixSeconds, seconds: u64| at.0.saturating_add(seconds) <= until.0;
    if !ago(person.recovered_at, PATIENCE_S) {
        return Ok(false);
    }
    let since = recovery::session_forms_since(tx, person.id, person.session_forms)?;
    let unanswered = since.is_some_and(|since| ago(since, EXPIRES_S));
    let waits = |row: &OutRow| row.sealed.is_none() && ago(row.queued_at, PATIENCE_S);
    let first = outbox::open_of(tx, person.id)?.into_iter().find(waits);
    if (!unanswered && first.is_none()) || !was_heard(person, &contact::conversation(tx, person.id)?) {
        return Ok(false);
    }
    let Some(first) = first.filter(|_| !unanswered) else { return Ok(true) };
    Ok(!seal::is_under_present_keys(tx, person)?
        && matches!(seal::route(tx, person, &first)?, Route::Wait(_)))
}

/// Begins the conversation anew towards this person: a HELLO of a new stream leaves, and asks for what is missing.
pub(crate) fn begin_anew(tx: &Tx<'_>, id: i64) -> Result<(), ClientError> {
    let person = contact::by_id(tx, id)?;
    let mine = me::me(tx)?.ok_or(ClientError::JoinUnfinished)?.fingerprint;
    let state = contact::conversation(tx, id)?.begun_anew(mine, person.fingerprint, tx.now());
    contact::set_conversation(tx, id, &state)?;
    stamp::give_up(tx, id)?;
    outbox::drop_own_waiting(tx, id)?;
    contact::set(tx, id, "session_forms", 0)?;
    contact::set(tx, id, "refill_due", None::<i64>)?;
    contact::set(tx, id, "anew_due", None::<i64>)?;
    queue_request(tx, id)
}

fn ask_again(tx: &Tx<'_>, person: &Person) -> Result<(), ClientError> {
    contact::set(tx, person.id, "ask_due", None::<i64>)?;
    if contact::conversation(tx, person.id)?.missing().is_some() {
        queue_request(tx, person.id)?;
    }
    tell_unopened(tx, person.id)
}

/// Tells a contact which of his envelopes did not open, each once: what he sealed again since is another envelope.
fn tell_unopened(tx: &Tx<'_>, id: i64) -> Result<(), ClientError> {
    let hashes = inbox::take_untold(tx, id)?;
    if hashes.is_empty() {
        return Ok(());
    }
    contact::set(tx, id, "recovered_at", int(tx.now().0))?;
    let said = Said::new(&Kind::Unopened(hashes))?;
    outbox::say(tx, id, &MessageId::random(&mut tx.rng()), &said, None).map(drop)
}

/// What the request names is decided when it is sealed.
fn queue_request(tx: &Tx<'_>, id: i64) -> Result<(), ClientError> {
    let now = tx.now();
    contact::set(tx, id, "recovered_at", int(now.0))?;
    if outbox::has_open(tx, id, OutKind::Resend)? {
        return Ok(());
    }
    let message_id = MessageId::random(&mut tx.rng());
    outbox::insert(tx, id, &message_id, OutKind::Resend, "", None, now).map(drop)
}

/// Puts a first message without words into the outbox, for somebody to whom none ever left. Says whether it did.
pub(crate) fn introduce(tx: &Tx<'_>, id: i64) -> Result<bool, ClientError> {
    let greeted = contact::conversation(tx, id)?.hello_reply().is_some();
    if greeted || outbox::has_open(tx, id, OutKind::Resend)? {
        return Ok(false);
    }
    queue_request(tx, id).map(|()| true)
}

/// A contact's new stream begins: how far the former stream went is no longer to be seen in its numbers, so that a vault
/// which lacks its end (because it went back, or because the stream ended in a gap) has to ask.
pub(crate) fn ask_for_former_stream(tx: &Tx<'_>, id: i64) -> Result<(), ClientError> {
    let lacks = contact::conversation(tx, id)?.missing_of_former_stream().is_some();
    match lacks && may_be_written_to(&contact::by_id(tx, id)?) {
        true => contact::set(tx, id, "ask_former", true),
        false => Ok(()),
    }
}

/// Only what is sealed has been asked: a request that waits for something else does not count, nor does a HELLO, which
/// names another stream.
fn queue_request_for_former_stream(tx: &Tx<'_>, person: &Person) -> Result<(), ClientError> {
    if !person.ask_former
        || outbox::has_open(tx, person.id, OutKind::Resend)?
        || contact::conversation(tx, person.id)?.awaits_answer()
    {
        return Ok(());
    }
    let message_id = MessageId::random(&mut tx.rng());
    outbox::insert(tx, person.id, &message_id, OutKind::Resend, "", None, tx.now()).map(drop)
}

/// What a request says at the moment it is sealed: a HELLO begins anew, and asks for everything that is missing. Of the
/// stream before the present one it asks first: the gaps of the present one show, and are asked for again.
pub(crate) fn request(
    tx: &Tx<'_>,
    person: &Person,
    state: &Conversation,
    way: SealedAs,
) -> Result<Kind, ClientError> {
    let former = state.missing_of_former_stream();
    let missing = match way {
        SealedAs::Hello => return Ok(state.everything_missing().map_or(Kind::Refill, Kind::Resend)),
        SealedAs::Inbox | SealedAs::SessionForm if person.ask_former => former.or_else(|| state.missing()),
        SealedAs::Inbox | SealedAs::SessionForm => state.missing().or(former),
    };
    contact::set(tx, person.id, "ask_former", false)?;
    Ok(missing.map_or(Kind::Refill, Kind::Resend))
}

/// What somebody told of what he has is kept until it is answered: at once if it may be, else once half an hour is
/// over, or once a stranger turns out to be a contact under another key.
pub(crate) fn hear(
    tx: &Tx<'_>,
    person: &Person,
    content: &Content,
    begins_anew: bool,
) -> Result<(), ClientError> {
    if let Kind::Unopened(envelopes) = &content.kind {
        recovery::note_unopened(tx, person.id, envelopes)?;
        answer(tx, person, tx.now())?;
    }
    let lacks = match &content.kind {
        Kind::Resend(resend) => Some(resend.clone()),
        _ if !begins_anew => return Ok(()),
        _ => match content.seen {
            None => None,
            Some(seen) => {
                let beyond = seen.through.saturating_add(1)..=NUMBER_LAST;
                // Who has the last number that there is lacks nothing.
                let Some(lacks) = Resend::new(seen.stream, &[beyond]) else { return Ok(()) };
                Some(lacks)
            }
        },
    };
    if person.blocked || !matches!(person.standing, Standing::Contact | Standing::Request) {
        return Ok(());
    }
    asked::note(tx, person.id, lacks.as_ref(), begins_anew)?;
    answer(tx, person, tx.now())
}

/// Seals again what a contact lacks, as far as he asked and it may be said again by this time.
fn answer(tx: &Tx<'_>, person: &Person, by: UnixSeconds) -> Result<(), ClientError> {
    let waited = by.0.saturating_sub(person.resent_at.0) >= ANSWER_AFTER_S;
    if person.standing != Standing::Contact || person.blocked || person.given_up_at.is_some() || !waited {
        return Ok(());
    }
    let (requests, unopened) = (asked::take(tx, person.id)?, recovery::unopened(tx, person.id)?);
    if requests.is_empty() && unopened.is_empty() {
        return Ok(());
    }
    let sent = recovery::sent_to(tx, person.id)?;
    let present = contact::conversation(tx, person.id)?.stream();
    let asked_for = requests.iter().flat_map(|asked| wanted(&sent, asked, present));
    let wanted: BTreeSet<i64> = asked_for.chain(unopened).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    contact::set(tx, person.id, "resent_at", int(tx.now().0))?;
    let wanted = wanted.into_iter().take(ANSWER_MESSAGES_MAX);
    wanted.into_iter().try_for_each(|row| recovery::seal_again(tx, row, ASKED_AGAIN))
}

/// The rows that one request asks for; what was said after it came he does not lack.
fn wanted(sent: &[SentMessage], asked: &Asked, present: Option<StreamId>) -> Vec<i64> {
    let said_by_then: Vec<_> = sent.iter().filter(|message| message.id <= asked.through).copied().collect();
    let lacks = |number| asked.lacks.as_ref().is_none_or(|lacks| lacks.asks_for(number));
    let stream = asked.lacks.as_ref().map(|lacks| lacks.stream().0);
    let without_end = |lacks: &Resend| lacks.asks_for(NUMBER_LAST) && Some(lacks.stream()) != present;
    let lack = Lack {
        stream,
        lacks: &lacks,
        begins_anew: asked.begins_anew,
        and_what_followed: asked.lacks.as_ref().is_some_and(without_end),
        present: present.map(|stream| stream.0),
    };
    to_seal_again(&said_by_then, &lack)
}

/// A contact has seen more of my stream than I said in it: my vault went back to an old copy, and what it said since then
/// need not have opened there. The conversation begins anew with all that was not answered, at most once an hour.
pub(crate) fn went_back(tx: &Tx<'_>, id: i64) -> Result<(), ClientError> {
    let person = contact::by_id(tx, id)?;
    let lately = due(tx.now(), person.recovered_at, 0, 0) > tx.now();
    if lately || !may_be_written_to(&person) {
        return Ok(());
    }
    stamp_was_spent(tx, id)
}

/// A stamp that I hold was spent on another envelope: somebody else has my keys, or my vault went back to an old
/// copy. What is sealed under its ratchet is not sent, and what left under it may not open: the conversation begins anew
/// with all that was not answered, however lately it did: nothing more leaves in the meantime.
pub(crate) fn stamp_was_spent(tx: &Tx<'_>, id: i64) -> Result<(), ClientError> {
    recovery::notice(tx, Noticed::SpentElsewhere, Some(id), 1)?;
    seal_unanswered_again(tx, id, WENT_BACK)?;
    begin_anew(tx, id)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use wire::IdentityFingerprint;

    use super::*;
    use crate::{Profile, vault::Vault};

    const BOB: i64 = 7;

    /// Bob, to whom a first message left long ago that he never answered, and who asks for all that he lacks.
    fn asked_for() -> (tempfile::TempDir, Vault) {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::in_memory(&Profile::named(Some(folder.path()), "default").unwrap());
        crate::vault::migrate::migrate(&vault).unwrap();
        let rows = "INSERT INTO contact (id, standing, alias, name, host, port, server_id, fingerprint, trust,
                conversation, added_at) VALUES (7, 0, 'bob', 'bob', 'h', 1, zeroblob(32), zeroblob(32), 0, x'', 1);
            INSERT INTO outbox (contact, message_id, kind, text, state, queued_at, stream, number, sent_at, stored_at,
                route) VALUES (7, zeroblob(16), 1, 'hello', 2, 1, zeroblob(8), 1, unixepoch(), 1, 1);";
        let nobody = IdentityFingerprint([0; 32]);
        vault
            .write(|tx| {
                tx.execute_batch(rows)?;
                contact::set_conversation(tx, BOB, &Conversation::new(nobody, nobody))?;
                asked::note(tx, BOB, None, true)
            })
            .unwrap();
        (folder, vault)
    }

    fn is_sealed_again(vault: &Vault, because_of: fn(&Tx<'_>) -> Result<(), ClientError>) -> bool {
        vault.write(because_of).unwrap();
        let state = "SELECT state FROM outbox";
        vault.read(|tx| Ok(tx.query_row(state, [], |row| row.get::<_, i64>(0))?)).unwrap() == 0
    }

    #[test]
    fn nothing_is_sealed_again_for_a_contact_who_gave_the_name_up() {
        let asks = |tx: &Tx<'_>| answer(tx, &contact::by_id(tx, BOB)?, tx.now());
        let two_weeks_are_over = |tx: &Tx<'_>| recovery::first_messages_once_more(tx, tx.now());
        for because_of in [asks, two_weeks_are_over] {
            let (_folder, vault) = asked_for();
            vault.write(|tx| contact::set(tx, BOB, "given_up_at", 1)).unwrap();
            assert!(!is_sealed_again(&vault, because_of));
            vault.write(|tx| contact::set(tx, BOB, "given_up_at", None::<i64>)).unwrap();
            assert!(is_sealed_again(&vault, because_of), "for anybody else it is");
        }
    }
}
