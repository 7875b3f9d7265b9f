//! Taking one envelope in: opened in memory, then committed with everything that follows from it.
//!
//! All of it happens inside the caller's vault transaction; the acknowledgement comes after that (P2).

use client_core::schedule::{day_of, refill_due};
use e2ee::{Conversation, DoorstepOpened, Kind, Opened, OpenedHello, ReplyPath, open_doorstep};
use proto::signed::record_hash;
use wire::{DepositAuth, Envelope, IdentityFingerprint, UnixSeconds, request::MailboxPolicy};

use super::{contacts::free_label, gossip, record_updates, recover, requests};
use crate::{
    ClientError,
    vault::{
        Tx, attempt,
        contact::{self, LogPlace, NewPerson, Person, Standing},
        inbox, int, mailbox, me, recovery, rotation, stamp,
    },
};

/// Requests that may wait at once; what strangers send beyond is dropped.
const REQUESTS_MAX: u32 = 512;
/// Contacts whose offers are tried beside those of whoever seems to have sent it.
const OTHERS_MAX: usize = 64;

/// What became of an envelope.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// Its content is in the vault.
    Kept,
    /// It was here before.
    Repeat,
    /// It does not open, at least not yet.
    SetAside,
    /// It opens, and nobody wants it.
    Dropped,
}

/// Takes a delivered envelope in.
pub(crate) fn take_in(
    tx: &Tx<'_>,
    policy: MailboxPolicy,
    auth: &DepositAuth,
    envelope: &Envelope,
    now: UnixSeconds,
) -> Result<Outcome, ClientError> {
    if !inbox::see_envelope(tx, envelope, day_of(now))? {
        return Ok(Outcome::Repeat);
    }
    if !attempt::begin(tx, envelope) {
        inbox::set_aside(tx, policy, auth, envelope, hint(tx, auth, envelope)?)?;
        return Ok(Outcome::SetAside);
    }
    let outcome = try_open(tx, policy, auth, envelope, now)?;
    if outcome == Outcome::SetAside {
        inbox::set_aside(tx, policy, auth, envelope, hint(tx, auth, envelope)?)?;
    }
    Ok(outcome)
}

/// Tries what was set aside since the last drain once more: what it needed may have come behind it, also on another
/// connection than its own.
pub(crate) fn retry_set_aside(tx: &Tx<'_>, now: UnixSeconds) -> Result<(), ClientError> {
    for aside in inbox::take_untried(tx)? {
        if !attempt::begin(tx, &aside.envelope) {
            continue;
        }
        let mut outcome = try_open(tx, aside.policy, &aside.auth, &aside.envelope, now)?;
        if outcome == Outcome::SetAside
            && let Some(holder) = aside.contact
            && recovery::last_other_copy(tx)?.is_some()
            && attempt::begin(tx, &aside.envelope)
        {
            tx.opening(&aside.envelope);
            outcome = try_others(tx, holder, &aside.envelope, now)?;
            attempt::end(tx, &aside.envelope);
        }
        match (outcome, aside.contact) {
            (Outcome::SetAside, Some(person)) => {
                inbox::shall_tell(tx, aside.id)?;
                recover::does_not_open(tx, person)?;
            }
            // From the doorstep nothing is kept that does not open.
            (Outcome::SetAside, None) if aside.policy == MailboxPolicy::Inbox => {}
            _ => inbox::release(tx, aside.id)?,
        }
    }
    Ok(())
}

fn try_open(
    tx: &Tx<'_>,
    policy: MailboxPolicy,
    auth: &DepositAuth,
    envelope: &Envelope,
    now: UnixSeconds,
) -> Result<Outcome, ClientError> {
    tx.opening(envelope);
    let outcome = match policy {
        MailboxPolicy::Doorstep => open_at_doorstep(tx, envelope, now),
        MailboxPolicy::Inbox => open_in_inbox(tx, auth, envelope, now),
    };
    attempt::end(tx, envelope);
    outcome
}

/// The stamp says whose offers to try; only the opened conversation says who wrote.
fn open_in_inbox(
    tx: &Tx<'_>,
    auth: &DepositAuth,
    envelope: &Envelope,
    now: UnixSeconds,
) -> Result<Outcome, ClientError> {
    let Some(holder) = hint(tx, auth, envelope)? else { return Ok(Outcome::SetAside) };
    if let DepositAuth::Stamped { generation, index, .. } = auth {
        stamp::set_spent(tx, *generation, *index)?;
    }
    let sid = mailbox::sid(tx, MailboxPolicy::Inbox)?;
    let state = contact::conversation(tx, holder)?;
    let Ok(opened) = state.open(&me::account(tx)?, envelope, sid, now) else {
        // What a blocked person's stamp brought is not worth a place in quarantine.
        let blocked = contact::by_id(tx, holder)
            .is_ok_and(|person| person.blocked || person.standing == Standing::Declined);
        return Ok(if blocked { Outcome::Dropped } else { Outcome::SetAside });
    };
    contact::set(tx, holder, "answered", true)?;
    apply(tx, holder, &opened, false, now)
}

/// A vault that went back, or has a copy, hands stamps out that others hold since before: what those bring is somebody
/// else's than it seems, and opens in his conversation.
fn try_others(
    tx: &Tx<'_>,
    holder: i64,
    envelope: &Envelope,
    now: UnixSeconds,
) -> Result<Outcome, ClientError> {
    let (account, sid) = (me::account(tx)?, mailbox::sid(tx, MailboxPolicy::Inbox)?);
    let others = contact::list(tx, Standing::Contact)?.into_iter().filter(|person| person.id != holder);
    for person in others.filter(|person| !person.blocked).take(OTHERS_MAX) {
        if let Ok(opened) = contact::conversation(tx, person.id)?.open(&account, envelope, sid, now) {
            contact::set(tx, person.id, "answered", true)?;
            return apply(tx, person.id, &opened, false, now);
        }
    }
    Ok(Outcome::SetAside)
}

/// Whose stamp an envelope came with. Attribution is final only after Olm has spoken.
fn hint(tx: &Tx<'_>, auth: &DepositAuth, envelope: &Envelope) -> Result<Option<i64>, ClientError> {
    let DepositAuth::Stamped { generation, .. } = auth else { return Ok(None) };
    match mailbox::verify(tx, auth, envelope)? {
        Some(index) => stamp::holder(tx, *generation, index),
        None => Ok(None),
    }
}

fn open_at_doorstep(tx: &Tx<'_>, envelope: &Envelope, now: UnixSeconds) -> Result<Outcome, ClientError> {
    let mine = me::me(tx)?.ok_or(ClientError::JoinUnfinished)?.fingerprint;
    let doorstep = mailbox::sid(tx, MailboxPolicy::Doorstep)?;
    let account = me::account(tx)?;
    // What was sealed to a key of mine from before a rotation may still arrive.
    let formers = rotation::formers(tx)?;
    for fingerprint in std::iter::once(&mine).chain(&formers) {
        let known = |from: &IdentityFingerprint| known_under(tx, fingerprint, from).ok()?;
        match open_doorstep(&account, fingerprint, envelope, doorstep, known, now) {
            Ok(DoorstepOpened::Hello(hello)) if hello.from == mine || formers.contains(&hello.from) => {
                return Ok(Outcome::Dropped);
            }
            Ok(DoorstepOpened::Hello(hello)) => return take_hello(tx, &hello, now),
            Ok(DoorstepOpened::Session { from, opened }) => {
                return match whose(tx, &from)? {
                    Some(person) => {
                        came_without_stamp(tx, person.id)?;
                        apply(tx, person.id, &opened, false, now)
                    }
                    None => Ok(Outcome::Dropped),
                };
            }
            Ok(_) | Err(_) => {}
        }
    }
    Ok(Outcome::SetAside)
}

/// Who takes the doorstep in a conversation has no stamps left, also where I count some: they may have been spent on
/// what expired before I came. A refill falls due. The session shows that something of mine was read.
fn came_without_stamp(tx: &Tx<'_>, id: i64) -> Result<(), ClientError> {
    contact::set(tx, id, "answered", true)?;
    match contact::by_id(tx, id)?.allotment.believes_out_of_stamps(stamp::out(tx, id)?) {
        true => stamp::give_up(tx, id),
        false => Ok(()),
    }
}

/// By present key, or by the one under which the conversation began.
fn whose(tx: &Tx<'_>, from: &IdentityFingerprint) -> Result<Option<Person>, ClientError> {
    match contact::by_fingerprint(tx, from)? {
        Some(person) => Ok(Some(person)),
        None => contact::by_series(tx, from),
    }
}

/// The conversation that runs under just these two keys: under others, another one begins.
fn known_under(
    tx: &Tx<'_>,
    mine: &IdentityFingerprint,
    from: &IdentityFingerprint,
) -> Result<Option<Conversation>, ClientError> {
    let Some(person) = whose(tx, from)? else { return Ok(None) };
    let state = contact::conversation(tx, person.id)?;
    Ok(Some(state).filter(|state| state.mine() == mine && state.theirs() == from))
}

/// A first message: from a contact, an answer leaves by itself; from a stranger, it waits for a decision.
fn take_hello(tx: &Tx<'_>, hello: &OpenedHello, now: UnixSeconds) -> Result<Outcome, ClientError> {
    let person = match whose(tx, &hello.from)? {
        // A superseded key goes on with what it began, and begins nothing.
        Some(person)
            if person.fingerprint != hello.from && (hello.opened.new_stream || person.inbox.is_none()) =>
        {
            return Ok(Outcome::Dropped);
        }
        Some(person) => person,
        None if contact::count_requests(tx)? >= REQUESTS_MAX => return Ok(Outcome::Dropped),
        None => {
            let record = &hello.intro.record;
            match contact::by_name(tx, &record.name, &record.server_id)? {
                // Another key is no way round a block. After the name was given up, it is somebody else's.
                Some(known) if known.blocked && known.given_up_at.is_none() => return Ok(Outcome::Dropped),
                // The present key is asked for before the next message to him leaves.
                Some(known) => contact::set(tx, known.id, "checked_at", 0)?,
                None => {}
            }
            contact::by_id(tx, add_request(tx, hello, now)?)?
        }
    };
    let reply = hello.opened.content.reply.as_ref().unwrap_or(&hello.intro.reply);
    let (before, after) = (contact::conversation(tx, person.id)?, &hello.opened.conversation);
    let other_keys = before.mine() != after.mine() || before.theirs() != after.theirs();
    let anew = hello.opened.new_stream || other_keys;
    if anew && person.standing == Standing::Contact {
        recovery::note_begun_anew(tx, person.id)?;
    }
    if person.inbox.is_none() || anew {
        take_reply_path(tx, &person, reply, anew)?;
    }
    let conversation = if other_keys { after.remembering(&before) } else { after.clone() };
    let opened = Opened { conversation, ..hello.opened.clone() };
    let outcome = apply(tx, person.id, &opened, anew, now)?;
    if person.standing == Standing::Contact && !person.blocked {
        requests::queue_accept(tx, person.id)?;
    }
    Ok(outcome)
}

fn add_request(tx: &Tx<'_>, hello: &OpenedHello, now: UnixSeconds) -> Result<i64, ClientError> {
    let body = &hello.intro.record;
    contact::insert(
        tx,
        &NewPerson {
            standing: Standing::Request,
            shown: &free_label(tx, &body.name)?,
            name: &body.name,
            at: &hello.intro.reply.at,
            server_id: &body.server_id,
            fingerprint: &hello.from,
            record: None,
            place: Some(LogPlace {
                leaf_index: hello.intro.leaf_index,
                nonce: hello.intro.commitment_nonce,
                hash: record_hash(body),
            }),
            conversation: &hello.opened.conversation,
            now,
        },
    )
}

/// Where to write from now on. Stamps that were repeated are kept once only: a spent one must not come back.
fn take_reply_path(tx: &Tx<'_>, person: &Person, reply: &ReplyPath, anew: bool) -> Result<(), ClientError> {
    if reply.server_id != person.server_id {
        return Ok(());
    }
    if anew {
        stamp::drop_all(tx, person.id)?;
        stamp::give_up(tx, person.id)?;
        contact::set(tx, person.id, "accept_sent", false)?;
    }
    contact::set(tx, person.id, "inbox_sid", reply.inbox.0)?;
    stamp::keep(tx, person.id, &reply.stamps)
}

/// Commits an opened content: ratchet, message, stamps, and what falls due.
fn apply(
    tx: &Tx<'_>,
    id: i64,
    opened: &Opened,
    begins_anew: bool,
    now: UnixSeconds,
) -> Result<Outcome, ClientError> {
    let person = contact::by_id(tx, id)?;
    let former = contact::conversation(tx, id)?.seen().map(|seen| seen.stream);
    contact::set_conversation(tx, id, &opened.conversation)?;
    if opened.content.offer.is_some() {
        contact::set(tx, id, "revision", person.revision + 1)?;
    }
    contact::set(tx, id, "session_forms", 0)?;
    match &opened.content.seen {
        // The numbers that they have seen need not be those of these messages.
        Some(seen) if opened.conversation.was_older(seen) => recover::went_back(tx, id)?,
        Some(seen) => recovery::mark_answered(tx, id, seen)?,
        None => {}
    }
    let show = !person.blocked && person.standing != Standing::Declined;
    // What was sealed again under its id is not said again. What it brings was made when it was sealed: stamps, a way to
    // answer, what its sender lacks by now.
    let is_new = inbox::insert(tx, id, &opened.content, show, now)?;
    if is_new && person.standing == Standing::Removed {
        ask_again(tx, &person, &opened.content.kind)?;
    }
    if let Kind::Accept(reply) = &opened.content.kind {
        contact::set(tx, id, "answered", true)?;
        take_reply_path(tx, &person, reply, false)?;
    }
    if is_new && show {
        super::said::take_in(tx, &person, &opened.content)?;
    }
    recover::hear(tx, &person, &opened.content, begins_anew)?;
    if is_new {
        gossip::hear(tx, &person, &opened.content)?;
        record_updates::hear(tx, &person, &opened.content.kind)?;
    }
    // Also an answer under other keys, which is no HELLO, may be the first of its stream.
    if former.is_some_and(|former| opened.conversation.seen().is_some_and(|now| now.stream != former)) {
        recover::ask_for_former_stream(tx, id)?;
    }
    stamp::keep(tx, id, &opened.content.stamps)?;
    schedule_refill(tx, id, now)?;
    Ok(match (is_new, show) {
        (false, _) => Outcome::Repeat,
        (true, true) => Outcome::Kept,
        (true, false) => Outcome::Dropped,
    })
}

/// Whom I removed is a stranger: words of theirs wait for my decision, anything else goes unnoticed.
fn ask_again(tx: &Tx<'_>, person: &Person, kind: &Kind) -> Result<(), ClientError> {
    let says_something = matches!(
        kind,
        Kind::Text(_) | Kind::Note(_) | Kind::Question(_) | Kind::Answer(_) | Kind::Unknown { .. }
    );
    match says_something && contact::count_requests(tx)? < REQUESTS_MAX {
        true => contact::ask_again(tx, person.id, &free_label(tx, &person.name)?),
        false => Ok(()),
    }
}

/// With few stamps left in a contact's hands, new ones leave within ten minutes.
fn schedule_refill(tx: &Tx<'_>, id: i64, now: UnixSeconds) -> Result<(), ClientError> {
    let person = contact::by_id(tx, id)?;
    let mine = person.standing == Standing::Contact && person.answered && !person.blocked;
    if mine && person.refill_due.is_none() && person.allotment.needs_refill(stamp::unused(tx, id)?) {
        contact::set(tx, id, "refill_due", int(refill_due(now, tx.number()).0))?;
    }
    Ok(())
}
