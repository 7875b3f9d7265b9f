//! Sealing one message: ratchet, stamp and sealed bytes in one vault transaction, before anything leaves.

use client_core::{
    route::{Patience, Route, Situation, choose},
    schedule::day_of,
};
use e2ee::{
    Conversation, HelloIntro, Kind, Outgoing, ReplyPath, SealError, Sealed, VerifiedBundle, authorise,
};
use wire::{
    DepositAuth, DepositId, IdentityFingerprint, Stamp,
    limits::{HELLO_STAMPS, REFILL_STAMPS_MAX},
    request::MailboxPolicy,
};

use super::{files, gossip, recover};
use crate::{
    ClientError,
    vault::{
        Tx,
        contact::{self, Person},
        edits, file, mailbox, me,
        outbox::{self, Gone, OutKind, OutRow, SealedAs, SealedRow},
        stamp,
    },
};

/// Stamps that may ride along with a text when few are left.
const SPARE_STAMPS: usize = 64;
/// Stamps that parts of files leave to words (DESIGN § 9.6).
const STAMPS_FOR_WORDS: u32 = 64;
/// So many the parts of a small file leave: who was just accepted holds 32, and may send a picture at once.
const STAMPS_BESIDE_SMALL: u32 = 16;
/// Parts of a small file.
const SMALL_PARTS_MAX: u64 = 8;

/// Which way a waiting message would take now.
pub(crate) fn route(tx: &Tx<'_>, person: &Person, row: &OutRow) -> Result<Route, ClientError> {
    let state = contact::conversation(tx, person.id)?;
    let now = tx.now();
    let stamps = stamp::count(tx, person.id)?;
    let chosen = choose(&Situation {
        inbox_usable: person.inbox.is_some() && state.can_use_inbox(day_of(now)),
        stamps,
        session: state.can_use_session_form(),
        hellos_left: state.hellos_left(now),
        session_forms: person.session_forms,
        text_bytes: row.body.as_ref().map_or(row.text.len(), Vec::len),
    });
    // A HELLO and a session form speak under the present keys, this conversation under those of its beginning:
    // once a key has changed, they wait for an answer, which brings stamps and offers.
    let mine = me::me(tx)?.ok_or(ClientError::JoinUnfinished)?.fingerprint;
    if !is_present(&state, &mine, person) && matches!(chosen, Route::Hello | Route::SessionForm) {
        return Ok(Route::Wait(Patience::Answer));
    }
    // What a client sends by itself, and what is more than words, never goes to somebody who has not been heard from.
    Ok(match (row.kind, chosen) {
        (kind, Route::Hello | Route::Wait(Patience::TooLongForGreeting)) if kind.introduces_itself() => {
            Route::Wait(Patience::NoGreeting)
        }
        (kind, Route::Hello) if !kind.may_greet() => Route::Wait(Patience::Answer),
        // A file never stands in the way of words.
        (OutKind::FilePart, Route::SessionForm) => Route::Wait(Patience::Answer),
        (OutKind::FilePart, Route::Inbox) if stamps <= left_by_parts(tx, row)? => {
            Route::Wait(Patience::Answer)
        }
        (_, chosen) => chosen,
    })
}

/// Whether something can leave for this one's inbox at once.
pub(crate) fn can_use_inbox(tx: &Tx<'_>, person: &Person) -> Result<bool, ClientError> {
    Ok(person.inbox.is_some()
        && stamp::count(tx, person.id)? > 0
        && contact::conversation(tx, person.id)?.can_use_inbox(day_of(tx.now())))
}

/// How many stamps the parts of this one's file leave.
fn left_by_parts(tx: &Tx<'_>, row: &OutRow) -> Result<u32, ClientError> {
    let Some(file) = row.target else { return Ok(STAMPS_FOR_WORDS) };
    let (parts, _) = file::stored_parts(tx, row.contact, &file)?;
    Ok(if parts <= SMALL_PARTS_MAX { STAMPS_BESIDE_SMALL } else { STAMPS_FOR_WORDS })
}

/// Whether the next message shall begin a fresh Olm session: so much went unanswered, and both still have the keys
/// under which the conversation began.
pub(crate) fn wants_fresh_session(tx: &Tx<'_>, person: &Person) -> Result<bool, ClientError> {
    let state = contact::conversation(tx, person.id)?;
    Ok(is_under_present_keys(tx, person)? && state.wants_fresh_session(tx.now()))
}

/// Whether both still have the keys under which the conversation began.
pub(crate) fn is_under_present_keys(tx: &Tx<'_>, person: &Person) -> Result<bool, ClientError> {
    let mine = me::me(tx)?.ok_or(ClientError::JoinUnfinished)?.fingerprint;
    Ok(is_present(&contact::conversation(tx, person.id)?, &mine, person))
}

fn is_present(state: &Conversation, mine: &IdentityFingerprint, person: &Person) -> bool {
    state.mine() == mine && *state.theirs() == person.fingerprint
}

/// Whether as many first messages as may be were not answered yet.
pub(crate) fn has_no_hello_left(tx: &Tx<'_>, person: &Person) -> Result<bool, ClientError> {
    let state = contact::conversation(tx, person.id)?;
    Ok(state.awaits_answer() && state.hellos_left(tx.now()) == 0 && is_under_present_keys(tx, person)?)
}

/// Where this bundle shows that the account is gone to which first messages went, they are counted anew. Says whether
/// they are.
pub(crate) fn count_hellos_anew(
    tx: &Tx<'_>,
    contact: i64,
    bundle: &VerifiedBundle,
) -> Result<bool, ClientError> {
    let state = contact::conversation(tx, contact)?;
    // Another process may have followed another key meanwhile, or noted a newer one.
    let Ok(next) = state.noting(bundle) else { return Ok(false) };
    let anew = state.awaits_answer() && !next.awaits_answer();
    if anew {
        contact::set_conversation(tx, contact, &next)?;
    }
    Ok(anew)
}

/// What sealing came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// The row is sealed, by this or another process.
    Done,
    /// Something sealed to an older offer must be stored first.
    OlderFirst,
    /// The situation changed: choose the way anew.
    Again,
}

/// Seals one waiting row the given way. To be called inside one vault transaction.
pub(crate) fn seal(
    tx: &Tx<'_>,
    row_id: i64,
    way: SealedAs,
    bundle: Option<&VerifiedBundle>,
) -> Result<Step, ClientError> {
    let Some(row) = outbox::find(tx, row_id)? else { return Ok(Step::Again) };
    let person = contact::by_id(tx, row.contact)?;
    if row.state != client_core::outbox::State::Waiting {
        return Ok(Step::Done);
    }
    if !person.trust.allows_sealing() {
        return Err(ClientError::KeyChanged { alias: person.shown().to_owned() });
    }
    if route(tx, &person, &row)? != route_of(way) {
        return Ok(Step::Again);
    }
    if way == SealedAs::Inbox && outbox::has_older_sealed(tx, person.id, person.revision)? {
        return Ok(Step::OlderFirst);
    }
    let state = contact::conversation(tx, person.id)?;
    let work = Work { tx, row: &row, person: &person, state: &state };
    match (way, bundle) {
        (SealedAs::Inbox, bundle) => work.inbox(bundle)?,
        (SealedAs::Hello, Some(bundle)) => work.hello(bundle)?,
        (SealedAs::SessionForm, Some(bundle)) => work.session_form(bundle)?,
        _ => return Err(ClientError::Unexpected { place: "sealing without a bundle" }),
    }
    Ok(Step::Done)
}

fn route_of(way: SealedAs) -> Route {
    match way {
        SealedAs::Hello => Route::Hello,
        SealedAs::Inbox => Route::Inbox,
        SealedAs::SessionForm => Route::SessionForm,
    }
}

struct Work<'a> {
    tx: &'a Tx<'a>,
    row: &'a OutRow,
    person: &'a Person,
    state: &'a Conversation,
}

impl Work<'_> {
    /// When too much went unanswered, in a fresh Olm session, if a bundle was fetched for it.
    fn inbox(&self, bundle: Option<&VerifiedBundle>) -> Result<(), ClientError> {
        let again = ClientError::Unexpected { place: "an inbox without stamps" };
        let sid = self.person.inbox.ok_or(again.clone())?;
        let stamp = stamp::spend(self.tx, self.person.id)?.ok_or(again)?;
        let message = self.outgoing(SealedAs::Inbox)?;
        let spare = self.spare_stamps()?;
        let (now, mut rng) = (self.tx.now(), self.tx.rng());
        // The look-up that brought the bundle may have brought another key.
        let fresh = wants_fresh_session(self.tx, self.person)?;
        let sealed = match bundle.filter(|_| fresh) {
            Some(bundle) => {
                let account = me::account(self.tx)?;
                self.state.seal_fresh_session(&account, bundle, &message, &spare, sid, now, &mut rng)
            }
            None => self.state.seal(&message, &spare, sid, now, &mut rng),
        };
        let sealed = sealed.map_err(|error| self.seal_error(&error))?;
        let auth = authorise(&stamp, &sid, &sealed.envelope);
        self.commit(SealedAs::Inbox, sid, auth, &sealed)
    }

    fn session_form(&self, bundle: &VerifiedBundle) -> Result<(), ClientError> {
        let message = self.outgoing(SealedAs::SessionForm)?;
        let spare = self.spare_stamps()?;
        let sealed =
            self.state.seal_session_form(bundle, &message, &spare, self.tx.now(), &mut self.tx.rng());
        let sealed = sealed.map_err(|error| self.seal_error(&error))?;
        contact::set(self.tx, self.person.id, "session_forms", self.person.session_forms + 1)?;
        self.commit(
            SealedAs::SessionForm,
            bundle.bundle().body.doorstep,
            DepositAuth::Open { puzzle: None },
            &sealed,
        )
    }

    fn hello(&self, bundle: &VerifiedBundle) -> Result<(), ClientError> {
        let intro = self.intro()?;
        let account = me::account(self.tx)?;
        let message = self.outgoing(SealedAs::Hello)?;
        let sealed =
            self.state.seal_hello(&account, bundle, &intro, &message, self.tx.now(), &mut self.tx.rng());
        let sealed = sealed.map_err(|error| self.seal_error(&error))?;
        self.commit(
            SealedAs::Hello,
            bundle.bundle().body.doorstep,
            DepositAuth::Open { puzzle: None },
            &sealed,
        )
    }

    /// Who I am and where to answer. Further HELLOs repeat the stamps of the first.
    fn intro(&self) -> Result<HelloIntro, ClientError> {
        let me = me::me(self.tx)?.ok_or(ClientError::JoinUnfinished)?;
        let reply = match self.state.hello_reply() {
            Some(reply) => reply.clone(),
            None => self.reply_path(HELLO_STAMPS)?,
        };
        Ok(HelloIntro {
            record: me.record.body,
            sig_new: me.record.sig_new,
            commitment_nonce: me.commitment_nonce.ok_or(ClientError::JoinUnfinished)?,
            leaf_index: me.leaf_index,
            bundle: me.bundle.ok_or(ClientError::JoinUnfinished)?,
            reply,
        })
    }

    fn reply_path(&self, stamps: usize) -> Result<ReplyPath, ClientError> {
        let me = me::me(self.tx)?.ok_or(ClientError::JoinUnfinished)?;
        Ok(ReplyPath {
            server_id: me.server_id,
            at: me.at,
            inbox: mailbox::sid(self.tx, MailboxPolicy::Inbox)?,
            stamps: stamp::hand_out(self.tx, self.person.id, stamps)?,
        })
    }

    fn outgoing(&self, way: SealedAs) -> Result<Outgoing, ClientError> {
        let kind = match self.row.kind {
            OutKind::Text if self.row.gone == Gone::Here => Kind::Text(self.row.text.clone()),
            OutKind::Accept => Kind::Accept(self.reply_path(REFILL_STAMPS_MAX)?),
            OutKind::Resend => recover::request(self.tx, self.person, self.state, way)?,
            // A number whose words are not here any more is filled by something that says nothing.
            OutKind::Refill | OutKind::Text => Kind::Refill,
            OutKind::FilePart => self.part()?.unwrap_or(Kind::Refill),
            // Its new number would make it the latest.
            OutKind::Edit if edits::is_overtaken(self.tx, self.row, self.state.stream())? => Kind::Refill,
            kind => match &self.row.body {
                Some(body) => Kind::from_parts(kind as u8, body)
                    .map_err(|_| ClientError::VaultDamaged { what: "a message that waits" })?,
                None => Kind::Refill,
            },
        };
        let outgoing = match self.row.placed {
            Some(placed) => Outgoing::again(self.row.message_id, kind, placed),
            None => Outgoing::new(self.row.message_id, kind),
        };
        let not_before = edits::later_than_edits_before(self.tx, self.row)?;
        Ok(outgoing.gossiping(gossip::to_tell(self.tx, self.person)?).not_before(not_before))
    }

    fn part(&self) -> Result<Option<Kind>, ClientError> {
        match (self.row.target, self.row.part) {
            (Some(file), Some(index)) => files::outgoing_part(self.tx, self.row.contact, &file, index),
            _ => Err(ClientError::VaultDamaged { what: "a part of a file" }),
        }
    }

    /// Refills ride in ordinary messages where there is room.
    fn spare_stamps(&self) -> Result<Vec<Stamp>, ClientError> {
        let low = self.person.answered
            && self.person.allotment.needs_refill(stamp::unused(self.tx, self.person.id)?);
        match self.row.kind {
            OutKind::Refill => stamp::preview(self.tx, REFILL_STAMPS_MAX),
            kind if low && (kind.is_a_persons() || kind == OutKind::FilePart) => {
                stamp::preview(self.tx, SPARE_STAMPS)
            }
            _ => Ok(Vec::new()),
        }
    }

    fn commit(
        &self,
        way: SealedAs,
        sid: DepositId,
        auth: DepositAuth,
        sealed: &Sealed,
    ) -> Result<(), ClientError> {
        if sealed.stamps_used > 0 {
            stamp::hand_out(self.tx, self.person.id, sealed.stamps_used)?;
        }
        contact::set_conversation(self.tx, self.person.id, &sealed.conversation)?;
        let row = SealedRow {
            at: self.tx.now(),
            revision: self.person.revision,
            way,
            sid,
            auth,
            envelope: sealed.envelope.clone(),
        };
        outbox::set_sealed(self.tx, self.row.id, &sealed.placed, &row)
    }

    /// What a contact or a relay can bring about concerns this contact: it must not end a round of sending.
    fn seal_error(&self, error: &SealError) -> ClientError {
        let alias = self.person.name.to_string();
        match error {
            // Of before the other side renewed: a directory shows the bundle of today from midnight on, and is no liar.
            SealError::OldBundle | SealError::BadRecipient | SealError::NoSession => {
                ClientError::NoBundle { alias }
            }
            _ => ClientError::Unexpected { place: "sealing a message" },
        }
    }
}
