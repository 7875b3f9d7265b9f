//! Depositing one contact's messages: sealed in order, at most 32 in flight, repeated byte for byte.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::{Duration, Instant},
};

use client_core::{
    outbox::{Item, Next, next},
    route::{Patience, Route},
    schedule::{BUNDLE_FRESH_S, is_fresh},
};
use e2ee::{VerifiedBundle, authorise};
use wire::{
    ConnectionKind, DepositAuth, DepositId, Refusal, RefusalKind, RequestId, Response,
    limits::PUZZLE_BITS_MAX, refusal::Puzzle, request::Deposit, stamp::PuzzleSolution,
};

use super::{
    directory::refresh,
    recover,
    seal::{self, Step},
    send::Flushed,
};
use crate::{
    Client, ClientError, FailPoint, Progress, QueuedReason,
    error::refusal_sentence,
    transport::{Line, Pin, unreachable},
    vault::{
        contact::{self, Person},
        file,
        outbox::{self, OutKind, OutRow, SealedAs, SealedRow},
        stamp,
    },
};

/// Steps of one run for one contact: far above what an outbox holds, and still a bound.
const STEPS_MAX: usize = 100_000;
/// How long a relay may take for each message that it stored, beside its first answer: a slower one waits for its next turn,
/// so that it holds up nobody else's.
const SLOWNESS_MAX: Duration = Duration::from_secs(10);
/// Puzzles solved for one message: others may make the doorstep's puzzle harder meanwhile.
const PUZZLES_MAX: u32 = 3;

/// Carries one contact's messages to his relay.
pub(crate) struct Courier<'a> {
    client: &'a Client,
    contact: i64,
    flushed: &'a mut Flushed,
    /// When the first deposit left.
    began: Option<Instant>,
    stored: u32,
    way: Option<Way>,
    /// Rows that were sealed in this run.
    sealed: BTreeSet<i64>,
    /// Rows that left on the present connection.
    left: BTreeSet<i64>,
    in_flight: VecDeque<(RequestId, i64)>,
    bundle: Option<VerifiedBundle>,
    refreshed: bool,
    began_anew: bool,
    /// How many puzzles each message has cost.
    puzzles: BTreeMap<i64, u32>,
    /// Whether the bundle was looked up once more for another doorstep.
    looked_anew: bool,
    /// His mailbox takes nothing now: nothing more leaves in this run.
    takes_nothing: bool,
    /// Rows of the client's own that wait, and hold up nobody.
    waiting: BTreeSet<i64>,
}

/// An anonymous connection for deposits to one mailbox.
struct Way {
    sid: DepositId,
    line: Line,
}

/// Whether the run goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Go {
    On,
    Stop,
}

impl<'a> Courier<'a> {
    pub(crate) fn new(client: &'a Client, contact: i64, flushed: &'a mut Flushed) -> Courier<'a> {
        Courier {
            client,
            contact,
            flushed,
            began: None,
            stored: 0,
            way: None,
            sealed: BTreeSet::new(),
            left: BTreeSet::new(),
            in_flight: VecDeque::new(),
            bundle: None,
            refreshed: false,
            began_anew: false,
            puzzles: BTreeMap::new(),
            looked_anew: false,
            takes_nothing: false,
            waiting: BTreeSet::new(),
        }
    }

    /// Sends until nothing is left or something stops it.
    pub(crate) async fn run(mut self) -> Result<(), ClientError> {
        for _ in 0..STEPS_MAX {
            if self.step().await? == Go::Stop {
                break;
            }
            self.insist_on_pace()?;
        }
        self.leave().await
    }

    async fn step(&mut self) -> Result<Go, ClientError> {
        if self.takes_nothing {
            return Ok(Go::Stop);
        }
        if self.probes() {
            return self.await_one().await;
        }
        let items = self.client.vault.read(|tx| outbox::open_items(tx, self.contact))?;
        let items: Vec<Item> = items.into_iter().filter(|item| !self.waiting.contains(&item.id)).collect();
        let left = |id: i64| self.left.contains(&id);
        match next(&items, &left, self.in_flight.len()) {
            Next::Deposit(id) => self.deposit(id).await,
            Next::Seal(id) => self.seal(id).await,
            Next::Rest if self.in_flight.is_empty() => Ok(Go::Stop),
            Next::Rest => self.await_one().await,
        }
    }

    /// Whether something is under way that did not get through in an earlier run: the mailbox may take nothing, and then each
    /// further message would cost a stamp and a number.
    fn probes(&self) -> bool {
        self.stored == 0 && self.in_flight.iter().any(|(_, id)| !self.sealed.contains(id))
    }

    fn insist_on_pace(&self) -> Result<(), ClientError> {
        let Some(began) = self.began else { return Ok(()) };
        let patience =
            self.client.options.timeout.saturating_mul(2) + SLOWNESS_MAX.saturating_mul(self.stored);
        match began.elapsed() > patience {
            true => Err(unreachable(&self.person()?.at.to_string(), "it answers too slowly")),
            false => Ok(()),
        }
    }

    /// What is known of the contact at his server, which may not take longer for it than it may for anything.
    async fn refresh(
        &self,
        person: &Person,
        wants_bundle: bool,
    ) -> Result<Option<VerifiedBundle>, ClientError> {
        let patience = self.client.options.timeout.saturating_mul(2);
        let refreshed = tokio::time::timeout(patience, refresh(self.client, person, wants_bundle)).await;
        refreshed.unwrap_or_else(|_| Err(unreachable(&person.at.to_string(), "it answers too slowly")))
    }

    fn person(&self) -> Result<Person, ClientError> {
        self.client.vault.read(|tx| contact::by_id(tx, self.contact))
    }

    // --- sealing ---

    async fn seal(&mut self, id: i64) -> Result<Go, ClientError> {
        let person = self.person()?;
        let chosen = self.client.vault.read(|tx| {
            let Some(row) = outbox::find(tx, id)? else { return Ok(None) };
            let route = seal::route(tx, &person, &row)?;
            Ok(Some((row, route)))
        })?;
        // Another process began the conversation anew, and dropped it.
        let Some((row, route)) = chosen else { return Ok(Go::On) };
        let way = match route {
            Route::Wait(patience) => return self.wait(&row, patience).await,
            Route::Inbox => SealedAs::Inbox,
            Route::Hello => SealedAs::Hello,
            Route::SessionForm => SealedAs::SessionForm,
        };
        let sid = self.destination(way).await?;
        // Nothing is sealed before its relay is there: until then it can be withdrawn, or take another way.
        self.connect(&person, sid).await?;
        if self.takes_nothing {
            return Ok(Go::Stop);
        }
        let bundle = self.bundle.as_ref();
        match self.client.vault.erase(|tx| seal::seal(tx, id, way, bundle))? {
            Step::Done => {
                self.sealed.insert(id);
                self.client.fail_at(FailPoint::Sealed).map(|()| Go::On)
            }
            Step::Again => Ok(Go::On),
            Step::OlderFirst if self.in_flight.is_empty() => {
                // Refused while the way was made ready, or sealed by another process, they leave next.
                self.left.clear();
                self.waiting.clear();
                Ok(Go::On)
            }
            Step::OlderFirst => self.await_one().await,
        }
    }

    async fn wait(&mut self, row: &OutRow, patience: Patience) -> Result<Go, ClientError> {
        // Who was never greeted cannot answer: a first message without words goes ahead of what waits for it.
        if matches!(patience, Patience::TooLongForGreeting | Patience::NoGreeting)
            && self.client.vault.write(|tx| recover::introduce(tx, self.contact))?
        {
            return Ok(Go::On);
        }
        if patience == Patience::Answer && self.counts_hellos_anew().await? {
            return Ok(Go::On);
        }
        let (reason, words) = match patience {
            Patience::Answer if row.kind == OutKind::FilePart => {
                (QueuedReason::AwaitingAnswer, "the rest goes some minutes after the contact has been online")
            }
            Patience::Answer => (QueuedReason::AwaitingAnswer, "waits for the contact's answer"),
            Patience::TooLongForGreeting => {
                (QueuedReason::TooLongForFirstContact, "too long for a first message: goes after the answer")
            }
            Patience::NoGreeting => (
                QueuedReason::NotForFirstContact,
                "more than words, for a first message: goes after the answer",
            ),
        };
        self.client.vault.write(|tx| outbox::set_reason(tx, row.id, words))?;
        self.flushed.waits.insert(row.id, reason);
        if !row.kind.is_a_persons() {
            self.waiting.insert(row.id);
            return Ok(Go::On);
        }
        self.await_all().await?;
        Ok(Go::Stop)
    }

    /// Whoever answers none of sixteen first messages may have lost the account that they went to.
    async fn counts_hellos_anew(&mut self) -> Result<bool, ClientError> {
        let person = self.person()?;
        if self.bundle.is_some() || !self.client.vault.read(|tx| seal::has_no_hello_left(tx, &person))? {
            return Ok(false);
        }
        self.await_all().await?;
        let bundle = match self.refresh(&person, true).await {
            Err(ClientError::NoBundle { .. }) => None,
            bundle => bundle?,
        };
        let Some(bundle) = bundle else { return Ok(false) };
        let anew = self.client.vault.erase(|tx| seal::count_hellos_anew(tx, self.contact, &bundle))?;
        self.bundle = Some(bundle);
        self.refreshed = true;
        Ok(anew)
    }

    /// The mailbox to seal for, with the record looked up anew where it is due (P6).
    async fn destination(&mut self, way: SealedAs) -> Result<DepositId, ClientError> {
        let person = self.person()?;
        let at_doorstep = way != SealedAs::Inbox;
        let fresh = !at_doorstep && self.client.vault.read(|tx| seal::wants_fresh_session(tx, &person))?;
        if !self.refreshed || ((at_doorstep || fresh) && self.bundle.is_none()) {
            self.await_all().await?;
            self.bundle = match self.refresh(&person, at_doorstep || fresh).await {
                // Without a bundle the session of before goes on.
                Err(ClientError::NoBundle { .. }) if fresh => None,
                bundle => bundle?,
            };
            self.refreshed = true;
        }
        match (way, &self.bundle) {
            (SealedAs::Inbox, _) => {
                person.inbox.ok_or(ClientError::Unexpected { place: "a contact without an inbox" })
            }
            (_, Some(bundle)) => Ok(bundle.bundle().body.doorstep),
            (_, None) => Err(ClientError::Unexpected { place: "a first message without a bundle" }),
        }
    }

    // --- depositing ---

    async fn deposit(&mut self, id: i64) -> Result<Go, ClientError> {
        let Some(row) = self.client.vault.read(|tx| outbox::find(tx, id))? else { return Ok(Go::On) };
        let Some(sealed) = row.sealed.clone() else { return Ok(Go::On) };
        if sealed.way != SealedAs::Inbox && !is_fresh(sealed.at, self.client.now(), BUNDLE_FRESH_S) {
            // Its bundle is too old by now: sealed again, same message id and number (DESIGN § 9.2).
            self.client.vault.erase(|tx| outbox::unseal(tx, id))?;
            return Ok(Go::On);
        }
        let person = self.person()?;
        self.connect(&person, sealed.sid).await?;
        if self.takes_nothing {
            return Ok(Go::Stop);
        }
        let SealedRow { sid, auth, envelope, .. } = sealed;
        let way =
            self.way.as_mut().ok_or(ClientError::Unexpected { place: "a deposit without a connection" })?;
        let request = way.line.start(Deposit { sid, auth, envelope }).await?;
        self.began.get_or_insert_with(Instant::now);
        self.in_flight.push_back((request, id));
        self.left.insert(id);
        Ok(Go::On)
    }

    /// One connection carries deposits to one mailbox only.
    async fn connect(&mut self, person: &Person, sid: DepositId) -> Result<(), ClientError> {
        if self.way.as_ref().is_some_and(|way| way.sid == sid) {
            return Ok(());
        }
        self.await_all().await?;
        if let Some(old) = self.way.take() {
            old.line.close().await;
            self.left.clear();
        }
        let pin = Pin::Full(person.server_id);
        let line = Line::connect(&self.client.options, &person.at, pin, ConnectionKind::Anonymous).await?;
        self.way = Some(Way { sid, line });
        Ok(())
    }

    async fn await_all(&mut self) -> Result<(), ClientError> {
        while !self.in_flight.is_empty() {
            self.await_one().await?;
        }
        Ok(())
    }

    async fn await_one(&mut self) -> Result<Go, ClientError> {
        let Some((request, id)) = self.in_flight.pop_front() else { return Ok(Go::On) };
        let way =
            self.way.as_mut().ok_or(ClientError::Unexpected { place: "an answer without a connection" })?;
        match way.line.answer_to(request).await? {
            Response::Stored => self.stored(id),
            Response::Refused(refusal) => self.refused(id, &refusal).await,
            other => Err(way.line.unexpected(&other)),
        }
    }

    fn stored(&mut self, id: i64) -> Result<Go, ClientError> {
        self.client.fail_at(FailPoint::StoredNotNoted)?;
        self.stored += 1;
        let stored = self.client.vault.erase(|tx| outbox::set_stored(tx, id, tx.now()))?;
        let row = self.client.vault.read(|tx| outbox::find(tx, id))?;
        if let Some(row) = row.filter(|_| stored) {
            self.flushed.stored += u32::from(row.kind.is_a_persons());
            self.tell(&row)?;
        }
        Ok(Go::On)
    }

    /// How far a file has come.
    fn tell(&self, row: &OutRow) -> Result<(), ClientError> {
        let (OutKind::FilePart, Some(file)) = (row.kind, row.target) else { return Ok(()) };
        let parts = self.client.vault.read(|tx| file::stored_parts(tx, row.contact, &file))?;
        self.client.tell(&Progress::Stored { parts: parts.0, stored: parts.1 });
        Ok(())
    }

    async fn leave(mut self) -> Result<(), ClientError> {
        self.await_all().await?;
        if let Some(way) = self.way.take() {
            way.line.close().await;
        }
        Ok(())
    }

    // --- refusals ---

    async fn refused(&mut self, id: i64, refusal: &Refusal) -> Result<Go, ClientError> {
        // Another process may have brought it home, or changed it, meanwhile.
        let Some(row) = self.client.vault.read(|tx| outbox::find(tx, id))? else { return Ok(Go::On) };
        let Some(sealed) = row.sealed.clone() else { return Ok(Go::On) };
        match refusal.kind {
            RefusalKind::Busy | RefusalKind::Unavailable | RefusalKind::Uncertain => {
                Err(self.refusal_error(refusal))
            }
            RefusalKind::Full => self.waits_for_room(id, refusal.kind, QueuedReason::MailboxFull),
            RefusalKind::Stamp | RefusalKind::Spent => self.other_stamp(id, &sealed, refusal.kind),
            RefusalKind::Puzzle(puzzle) if self.puzzles_of(id) < PUZZLES_MAX => {
                self.solve(id, &sealed, &puzzle)
            }
            RefusalKind::NoSuchMailbox | RefusalKind::Gone => {
                self.other_mailbox(id, &sealed, refusal.kind).await
            }
            kind => {
                self.client.vault.erase(|tx| outbox::set_refused(tx, id, &refusal_sentence(kind)))?;
                Ok(Go::On)
            }
        }
    }

    fn refusal_error(&self, refusal: &Refusal) -> ClientError {
        match &self.way {
            Some(way) => way.line.refused(refusal),
            None => ClientError::Unexpected { place: "a refusal without a connection" },
        }
    }

    /// The envelope stays; only the right to deposit it changes. Without another stamp it takes another way.
    fn other_stamp(&mut self, id: i64, sealed: &SealedRow, kind: RefusalKind) -> Result<Go, ClientError> {
        let contact = self.contact;
        if kind == RefusalKind::Spent && matches!(sealed.auth, DepositAuth::Stamped { .. }) {
            return self.begin_anew(id);
        }
        self.client.vault.erase(|tx| {
            if let (DepositAuth::Stamped { generation, .. }, RefusalKind::Stamp) = (&sealed.auth, kind) {
                stamp::drop_generation(tx, contact, *generation)?;
            }
            match stamp::spend(tx, contact)? {
                Some(stamp) => outbox::set_auth(tx, id, &authorise(&stamp, &sealed.sid, &sealed.envelope))?,
                None => {
                    outbox::unseal(tx, id)?;
                    // Who gave the name up made all of them void.
                    contact::set(tx, contact, "checked_at", 0)?;
                }
            }
            Ok(())
        })?;
        self.refreshed = false;
        self.left.remove(&id);
        Ok(Go::On)
    }

    /// A stamp was spent by another copy of this vault. A server that says so of whatever it is given is asked once.
    fn begin_anew(&mut self, id: i64) -> Result<Go, ClientError> {
        let contact = self.contact;
        if std::mem::replace(&mut self.began_anew, true) {
            let reason = refusal_sentence(RefusalKind::Spent);
            self.client.vault.write(|tx| outbox::set_reason(tx, id, &reason))?;
            return Ok(Go::Stop);
        }
        self.client.vault.erase(|tx| recover::stamp_was_spent(tx, contact))?;
        self.bundle = None;
        self.left.clear();
        Ok(Go::On)
    }

    fn puzzles_of(&self, id: i64) -> u32 {
        self.puzzles.get(&id).copied().unwrap_or(0)
    }

    fn solve(&mut self, id: i64, sealed: &SealedRow, puzzle: &Puzzle) -> Result<Go, ClientError> {
        *self.puzzles.entry(id).or_default() += 1;
        let solution = solve(sealed, puzzle);
        self.client.vault.write(|tx| match solution {
            Some(solution) => outbox::set_auth(tx, id, &DepositAuth::Open { puzzle: Some(solution) }),
            None => outbox::set_refused(tx, id, "the server asks for more work than this program does"),
        })?;
        self.left.remove(&id);
        Ok(Go::On)
    }

    /// The mailbox is not there. A newer bundle may name another doorstep, and the contact another inbox; else what is
    /// sealed waits as it is: whoever comes back makes new mailboxes, and says so.
    async fn other_mailbox(
        &mut self,
        id: i64,
        sealed: &SealedRow,
        kind: RefusalKind,
    ) -> Result<Go, ClientError> {
        let person = self.person()?;
        let there = match sealed.way {
            SealedAs::Inbox => person.inbox,
            SealedAs::Hello | SealedAs::SessionForm => self.doorstep_of_now().await?,
        };
        if there.is_none_or(|there| there == sealed.sid) {
            return self.waits_for_room(id, kind, QueuedReason::MailboxClosed);
        }
        self.client.vault.erase(|tx| outbox::unseal(tx, id))?;
        self.left.remove(&id);
        Ok(Go::On)
    }

    /// Where first messages go by now: looked up once in a run, however many of them were refused.
    async fn doorstep_of_now(&mut self) -> Result<Option<DepositId>, ClientError> {
        if !std::mem::replace(&mut self.looked_anew, true) {
            self.client.vault.write(|tx| contact::set(tx, self.contact, "bundle_at", 0))?;
            self.bundle = match self.refresh(&self.person()?, true).await {
                // Who was away for so long has no bundle any more, either.
                Err(ClientError::NoBundle { .. }) => None,
                bundle => bundle?,
            };
        }
        Ok(self.bundle.as_ref().map(|bundle| bundle.bundle().body.doorstep))
    }

    /// Nothing more leaves for this contact now, and nothing is lost.
    fn waits_for_room(
        &mut self,
        id: i64,
        kind: RefusalKind,
        reason: QueuedReason,
    ) -> Result<Go, ClientError> {
        self.takes_nothing = true;
        self.flushed.take_nothing.insert(self.contact, reason.clone());
        self.flushed.waits.insert(id, reason);
        self.client.vault.write(|tx| outbox::set_reason(tx, id, &refusal_sentence(kind)))?;
        Ok(Go::Stop)
    }
}

fn solve(sealed: &SealedRow, puzzle: &Puzzle) -> Option<PuzzleSolution> {
    if puzzle.bits > PUZZLE_BITS_MAX {
        return None;
    }
    let hash = crypto::envelope_hash(sealed.envelope.as_bytes());
    let tries = 1u64 << (puzzle.bits + 5);
    let nonce = crypto::solve_puzzle(&puzzle.seed, &sealed.sid.0, &hash, puzzle.bits, tries)?;
    Some(PuzzleSolution { seed: puzzle.seed, nonce })
}
