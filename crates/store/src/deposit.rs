//! A batch of deposits and acks: judged in order, committed once, synced once, answered.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLockReadGuard};

use bytes::Bytes;
use wire::request::MailboxPolicy;
use wire::{Cursor, Day, DepositAuth, DepositId, Envelope, Generation, StampIndex};

use crate::codec::Cut;
use crate::engine::{AUTH_BYTES, Engine, State};
use crate::gate::{Book, Case, SpentStamp, Standing, Verdict};
use crate::mailbox::{Allowance, Mailbox, MailboxRow, class_bytes, class_of, envelope_key};
use crate::scratch::scribble;
use crate::shelf::{Batch, Durability, Key, Shelf, Table, key_of};
use crate::{Cause, DepositOutcome, DepositRequest, StoreError, Write, Wrote};

type Outcome = Result<Wrote, StoreError>;

impl<S: Shelf> Engine<S> {
    /// See [`MailboxStore::write_batch`](crate::MailboxStore::write_batch).
    pub(crate) fn write_all(&self, batch: &[Write]) -> Vec<Outcome> {
        let _writer = match self.write() {
            Ok(guard) => guard,
            Err(error) => return batch.iter().map(|_| Err(error)).collect(),
        };
        let (mut outcomes, mut drafted) = Draft::of(self, batch.iter());
        if drafted.adds && !self.shelf.has_room(drafted.changes.bytes()) {
            withdraw(&mut outcomes, StoreError::NotDone(Cause::DiskFull), Wrote::is_of_deposit);
            // What frees room goes on.
            drafted = Draft::of(self, batch.iter().filter(|write| matches!(write, Write::Ack { .. }))).1;
        }
        let Drafted { changes, arrivals, standings, adds } = drafted;
        let durability = if adds { Durability::Synced } else { Durability::Written };
        if let Err(error) = self.commit(changes, durability) {
            withdraw(&mut outcomes, error, |_| true);
            return outcomes;
        }
        self.show(|state| show(state, arrivals, standings));
        outcomes
    }
}

/// Whatever was judged on top of what is not done (stored, or a repeat within the batch) is not so either.
fn withdraw(outcomes: &mut [Outcome], error: StoreError, concerned: impl Fn(&Wrote) -> bool) {
    for outcome in outcomes {
        let refused = Wrote::is_refusal;
        if outcome.as_ref().is_ok_and(|wrote| !refused(wrote) && concerned(wrote)) {
            *outcome = Err(error);
        }
    }
}

/// Puts into memory what is on the disk now.
fn show(state: &mut State, arrivals: Vec<(DepositId, Day, u8)>, standings: HashMap<DepositId, Standing>) {
    for (sid, day, class) in arrivals {
        if let Some(mailbox) = state.mailboxes.get_mut(&sid) {
            mailbox.waiting.push(day, class);
        }
    }
    for (sid, standing) in standings {
        if let Some(mailbox) = state.mailboxes.get_mut(&sid) {
            mailbox.allowance = standing.allowance;
            mailbox.waiting.forget(standing.acked);
            mailbox.row.acked = mailbox.row.acked.max(standing.acked);
        }
    }
}

/// What a batch comes to.
struct Drafted {
    changes: Batch,
    arrivals: Vec<(DepositId, Day, u8)>,
    standings: HashMap<DepositId, Standing>,
    /// Whether a deposit is among the changes.
    adds: bool,
}

/// A batch under way: changes to come, and what they mean for those behind.
struct Draft<'a, S> {
    engine: &'a Engine<S>,
    /// Nobody else changes it: the writer's lock is ours.
    state: RwLockReadGuard<'a, State>,
    drafted: Drafted,
    pages: Pages<'a, S>,
    /// Doorsteps at which something was repeated: their rows are written whether they changed or not.
    repeated: HashSet<DepositId>,
}

/// The book: what is on disk, and what this batch adds.
struct Pages<'a, S> {
    engine: &'a Engine<S>,
    spent: HashMap<(DepositId, Generation, StampIndex), SpentStamp>,
    here: HashSet<(DepositId, [u8; 16])>,
}

impl<'a, S: Shelf> Draft<'a, S> {
    /// Judges some changes in their order.
    fn of<'w>(engine: &'a Engine<S>, writes: impl Iterator<Item = &'w Write>) -> (Vec<Outcome>, Drafted) {
        let mut draft = Self {
            engine,
            state: engine.state.read().unwrap_or_else(PoisonError::into_inner),
            drafted: Drafted {
                changes: Batch::default(),
                arrivals: Vec::new(),
                standings: HashMap::new(),
                adds: false,
            },
            pages: Pages { engine, spent: HashMap::new(), here: HashSet::new() },
            repeated: HashSet::new(),
        };
        let outcomes = writes.map(|write| draft.take(write)).collect();
        (outcomes, draft.end())
    }

    fn take(&mut self, write: &Write) -> Outcome {
        match write {
            Write::Deposit(request) => self.deposit(request),
            Write::Ack { sid, through } => {
                self.ack(sid, *through);
                Ok(Wrote::Ack)
            }
        }
    }

    fn deposit(&mut self, request: &DepositRequest) -> Outcome {
        self.engine.see(request.today);
        let case = Case {
            sid: &request.sid,
            auth: &request.auth,
            envelope: &request.envelope,
            today: request.today,
            options: &self.engine.options,
            puzzle_key: &self.engine.keys.puzzles,
        };
        let mailbox = self.state.mailboxes.get(&request.sid);
        let standing = mailbox.map(|mailbox| self.standing(&request.sid, mailbox));
        let judged = case.judge(mailbox.map(|mailbox| &mailbox.row).zip(standing.as_ref()), &self.pages)?;
        let answer = |outcome, at| Ok(Wrote::Deposit { outcome, at });
        match judged {
            Verdict::Again => {
                self.repeat(request, standing);
                answer(DepositOutcome::Again, None)
            }
            Verdict::Refused(kind) => answer(DepositOutcome::Refused(kind), None),
            Verdict::Stamped { generation, index, mac } => {
                let at = self.store(request, standing, None)?;
                self.spend(request.sid, generation, index, mac);
                answer(DepositOutcome::Stored, Some(at))
            }
            Verdict::Dropped { generation, index, mac } => {
                scribble(&mut self.drafted.changes, request.envelope.as_bytes().len());
                self.spend(request.sid, generation, index, mac);
                answer(DepositOutcome::Stored, None)
            }
            Verdict::AtDoorstep { hash, allowance } => {
                let at = self.store(request, standing, Some(allowance))?;
                self.drafted.changes.put(Table::Retries, &retry_key(request.today, &request.sid, &hash), &[]);
                self.pages.here.insert((request.sid, hash));
                answer(DepositOutcome::Stored, Some(at))
            }
        }
    }

    /// How the batch so far leaves a mailbox.
    fn standing(&self, sid: &DepositId, mailbox: &Mailbox) -> Standing {
        self.drafted.standings.get(sid).copied().unwrap_or_else(|| Standing::of(mailbox))
    }

    /// Adds the envelope behind the last; `allowance` is what a doorstep has left after it.
    fn store(
        &mut self,
        request: &DepositRequest,
        standing: Option<Standing>,
        allowance: Option<Allowance>,
    ) -> Result<Cursor, StoreError> {
        let mut standing = standing.ok_or(StoreError::NotDone(Cause::Damaged))?;
        // Cursors and days both rise within a mailbox, even when the clock went back.
        let day = standing.newest.map_or(request.today, |newest| newest.max(request.today));
        let cursor = Cursor(standing.next);
        let bytes = request.envelope.as_bytes();
        let class = class_of(bytes.len());
        standing.next = standing.next.checked_add(1).ok_or(StoreError::NotDone(Cause::Exhausted))?;
        standing.newest = Some(day);
        standing.waiting = standing.waiting.saturating_add(1);
        standing.bytes = standing.bytes.saturating_add(bytes.len() as u64);
        standing.allowance = allowance.unwrap_or(standing.allowance);
        let auth = auth_bytes(&request.auth);
        let key = envelope_key(&request.sid, cursor, class);
        self.drafted.changes.put_parts(Table::Envelopes(day), &key, &[&auth, bytes]);
        self.drafted.arrivals.push((request.sid, day, class));
        self.drafted.standings.insert(request.sid, standing);
        self.drafted.adds = true;
        Ok(cursor)
    }

    fn spend(&mut self, sid: DepositId, generation: Generation, index: StampIndex, mac: [u8; 16]) {
        let spent = SpentStamp::On(mac);
        if self.pages.spent.insert((sid, generation, index), spent) != Some(spent) {
            self.drafted.changes.put(Table::Spent, &spent_key(&sid, generation, index), &spent.to_bytes());
        }
        self.drafted.adds = true;
    }

    /// Writes what a repetition found once more, as it was, and as much as an envelope beside it. So it waits for
    /// the same commit and the same sync as what is new: the time of an answer tells nobody which of both it was,
    /// and what a process that was killed had written without its sync is on stable storage before it is confirmed.
    fn repeat(&mut self, request: &DepositRequest, standing: Option<Standing>) {
        scribble(&mut self.drafted.changes, request.envelope.as_bytes().len());
        match (&request.auth, standing) {
            (DepositAuth::Stamped { generation, index, mac, .. }, _) => {
                self.spend(request.sid, *generation, *index, mac.0);
            }
            (DepositAuth::Open { .. }, Some(standing)) => {
                self.drafted.standings.insert(request.sid, standing);
                self.repeated.insert(request.sid);
                self.drafted.adds = true;
            }
            (DepositAuth::Open { .. }, None) => {}
        }
    }

    /// Lets go of what waited before this batch, up to and including `through`.
    fn ack(&mut self, sid: &DepositId, through: Cursor) {
        let Some(mailbox) = self.state.mailboxes.get(sid) else { return };
        let mut standing = self.standing(sid, mailbox);
        let from = mailbox.waiting.first().max(standing.acked.saturating_add(1));
        let through = through.0.min(mailbox.waiting.next().saturating_sub(1));
        if through < from {
            return;
        }
        // Before anything leaves, today's allowance is fixed by what waits: collecting gives nothing back.
        if mailbox.row.policy == MailboxPolicy::Doorstep {
            standing.allowance = standing.allowance.rolled(self.engine.today(), standing.waiting);
        }
        for cursor in from..=through {
            let Some((day, class)) = mailbox.waiting.place_of(cursor) else { continue };
            self.drafted.changes.remove(Table::Envelopes(day), &envelope_key(sid, Cursor(cursor), class));
            standing.waiting = standing.waiting.saturating_sub(1);
            standing.bytes = standing.bytes.saturating_sub(class_bytes(class));
        }
        standing.acked = through;
        self.drafted.standings.insert(*sid, standing);
    }

    /// Writes each row that changed, or has to be written again, once.
    fn end(mut self) -> Drafted {
        for (sid, standing) in &self.drafted.standings {
            let Some(mailbox) = self.state.mailboxes.get(sid) else { continue };
            if standing.allowance != mailbox.allowance || self.repeated.contains(sid) {
                self.drafted.changes.put(Table::Doorsteps, sid.as_bytes(), &standing.allowance.to_bytes());
            }
            if standing.acked > mailbox.row.acked {
                let row = MailboxRow { acked: standing.acked, ..mailbox.row.clone() };
                self.drafted.changes.put(Table::Mailboxes, sid.as_bytes(), &row.to_bytes());
            }
        }
        self.drafted
    }
}

impl<S: Shelf> Book for Pages<'_, S> {
    fn spent(&self, sid: &DepositId, g: Generation, i: StampIndex) -> Result<Option<SpentStamp>, StoreError> {
        if let Some(spent) = self.spent.get(&(*sid, g, i)) {
            return Ok(Some(*spent));
        }
        let Some(body) = self.engine.row(Table::Spent, &spent_key(sid, g, i))? else { return Ok(None) };
        let spent = SpentStamp::from_bytes(&body).ok_or_else(|| self.engine.failed(Cause::Damaged))?;
        Ok(Some(spent))
    }

    fn was_here(&self, sid: &DepositId, hash: &[u8; 16], today: Day) -> Result<bool, StoreError> {
        if self.here.contains(&(*sid, *hash)) {
            return Ok(true);
        }
        for day in today.0.saturating_sub(wire::limits::DOORSTEP_DAYS_MAX)..=today.0 {
            if self.engine.row(Table::Retries, &retry_key(Day(day), sid, hash))?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// `sid ‖ generation ‖ index`.
pub(crate) fn spent_key(sid: &DepositId, generation: Generation, index: StampIndex) -> Key {
    key_of(&[sid.as_bytes(), &[generation.0], &index.0.to_be_bytes()])
}

/// `day ‖ sid ‖ hash`: the day first, so that forgetting is one range.
pub(crate) fn retry_key(day: Day, sid: &DepositId, hash: &[u8; 16]) -> Key {
    key_of(&[&day.0.to_be_bytes(), sid.as_bytes(), hash])
}

/// The auth before an envelope in its row. At a doorstep it is zeros: a puzzle's solution is not kept.
fn auth_bytes(auth: &DepositAuth) -> [u8; AUTH_BYTES] {
    let DepositAuth::Stamped { generation, index, commitment, tag, mac } = auth else {
        return [0; AUTH_BYTES];
    };
    let mut out = [0; AUTH_BYTES];
    let head = [1, generation.0].into_iter().chain(index.0.to_be_bytes());
    let parts = [commitment.as_bytes(), tag.as_bytes(), mac.as_bytes()];
    for (to, from) in out.iter_mut().zip(head.chain(parts.into_iter().flatten().copied())) {
        *to = from;
    }
    out
}

/// Parses a row's `auth ‖ envelope`; the envelope shares the row's bytes.
pub(crate) fn envelope_from(body: &Bytes) -> Option<(DepositAuth, Envelope)> {
    let mut cut = Cut(body);
    let mut auth = Cut(cut.bytes(AUTH_BYTES)?);
    let auth = match auth.u8()? {
        0 => DepositAuth::Open { puzzle: None },
        1 => DepositAuth::Stamped {
            generation: Generation(auth.u8()?),
            index: StampIndex(auth.u16()?),
            commitment: auth.array()?.into(),
            tag: auth.array()?.into(),
            mac: auth.array()?.into(),
        },
        _ => return None,
    };
    let envelope = Envelope::new(body.slice_ref(cut.rest())).ok()?;
    Some((auth, envelope))
}
