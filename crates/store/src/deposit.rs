//! A batch of deposits: judged in order, committed once, synced once, answered.

use std::collections::{HashMap, HashSet};

use wire::{Cursor, Day, DepositAuth, DepositId, Envelope, Generation, StampIndex};

use crate::codec::Cut;
use crate::engine::{AUTH_BYTES, Engine};
use crate::gate::{Book, Case, SpentStamp, Standing, Verdict};
use crate::mailbox::{Allowance, MailboxRow, class_of, envelope_key};
use crate::shelf::{Batch, Shelf, Table};
use crate::{Cause, DepositOutcome, DepositRequest, StoreError};

type Outcome = Result<DepositOutcome, StoreError>;

impl<S: Shelf> Engine<S> {
    /// See [`MailboxStore::deposit`](crate::MailboxStore::deposit).
    pub(crate) fn deposit_batch(&self, batch: Vec<DepositRequest>) -> Vec<Outcome> {
        let _writer = match self.write() {
            Ok(guard) => guard,
            Err(error) => return batch.iter().map(|_| Err(error)).collect(),
        };
        let mut draft = Draft::new(self);
        let mut outcomes: Vec<Outcome> = batch.iter().map(|request| draft.take(request)).collect();
        let Draft { changes, arrivals, drafts, .. } = draft;
        if let Err(error) = self.commit_addition(changes) {
            withdraw(&mut outcomes, error);
            return outcomes;
        }
        self.show(|state| {
            for (sid, day, class) in arrivals {
                if let Some(mailbox) = state.mailboxes.get_mut(&sid) {
                    mailbox.waiting.push(day, class);
                }
            }
            for (sid, drafted) in drafts {
                if let Some(mailbox) = state.mailboxes.get_mut(&sid) {
                    mailbox.allowance = drafted.standing.allowance;
                }
            }
        });
        outcomes
    }
}

/// The commit failed: whatever was judged on top of it (stored, or a repeat within the batch) is not so.
fn withdraw(outcomes: &mut [Outcome], error: StoreError) {
    for outcome in outcomes {
        if matches!(outcome, Ok(DepositOutcome::Stored | DepositOutcome::Again)) {
            *outcome = Err(error);
        }
    }
}

/// A mailbox as the batch so far leaves it.
struct Drafted {
    row: MailboxRow,
    standing: Standing,
    next: u64,
    newest: Option<Day>,
}

/// A batch under way: changes to come, and what they mean for the deposits behind.
struct Draft<'a, S> {
    engine: &'a Engine<S>,
    changes: Batch,
    arrivals: Vec<(DepositId, Day, u8)>,
    drafts: HashMap<DepositId, Drafted>,
    pages: Pages<'a, S>,
}

/// The book: what is on disk, and what this batch adds.
struct Pages<'a, S> {
    engine: &'a Engine<S>,
    spent: HashMap<(DepositId, Generation, StampIndex), SpentStamp>,
    here: HashSet<(DepositId, [u8; 16])>,
}

impl<'a, S: Shelf> Draft<'a, S> {
    fn new(engine: &'a Engine<S>) -> Self {
        let pages = Pages { engine, spent: HashMap::new(), here: HashSet::new() };
        Self { engine, changes: Batch::default(), arrivals: Vec::new(), drafts: HashMap::new(), pages }
    }

    fn take(&mut self, request: &DepositRequest) -> Outcome {
        self.engine.see(request.today);
        self.draw_up(&request.sid);
        let case = Case {
            sid: &request.sid,
            auth: &request.auth,
            envelope: &request.envelope,
            today: request.today,
            options: &self.engine.options,
            puzzle_key: &self.engine.keys.puzzles,
        };
        let mailbox = self.drafts.get(&request.sid).map(|drafted| (&drafted.row, &drafted.standing));
        match case.judge(mailbox, &self.pages)? {
            Verdict::Again => Ok(DepositOutcome::Again),
            Verdict::Refused(kind) => Ok(DepositOutcome::Refused(kind)),
            Verdict::Stamped { generation, index, mac } => {
                self.store(request)?;
                self.spend(request.sid, generation, index, mac);
                Ok(DepositOutcome::Stored)
            }
            Verdict::Dropped { generation, index, mac } => {
                self.spend(request.sid, generation, index, mac);
                Ok(DepositOutcome::Stored)
            }
            Verdict::AtDoorstep { hash, allowance } => {
                self.store(request)?;
                self.remember(request, hash, allowance);
                Ok(DepositOutcome::Stored)
            }
        }
    }

    /// Copies the small facts of a mailbox once a batch.
    fn draw_up(&mut self, sid: &DepositId) {
        if self.drafts.contains_key(sid) {
            return;
        }
        let drafted = self.engine.look(|state| {
            state.mailboxes.get(sid).map(|mailbox| Drafted {
                row: mailbox.row.clone(),
                standing: Standing {
                    waiting: mailbox.waiting.len(),
                    bytes: mailbox.waiting.bytes(),
                    counted: mailbox.counted,
                    allowance: mailbox.allowance,
                },
                next: mailbox.waiting.next(),
                newest: mailbox.waiting.newest(),
            })
        });
        if let Some(drafted) = drafted {
            self.drafts.insert(*sid, drafted);
        }
    }

    fn store(&mut self, request: &DepositRequest) -> Result<(), StoreError> {
        let Some(drafted) = self.drafts.get_mut(&request.sid) else {
            return Err(StoreError::NotDone(Cause::Damaged));
        };
        // Cursors and days both rise within a mailbox, even when the clock went back.
        let day = drafted.newest.map_or(request.today, |newest| newest.max(request.today));
        let cursor = Cursor(drafted.next);
        drafted.next = drafted.next.checked_add(1).ok_or(StoreError::NotDone(Cause::Exhausted))?;
        drafted.newest = Some(day);
        let bytes = request.envelope.as_bytes();
        let class = class_of(bytes.len());
        let key = envelope_key(&request.sid, cursor, class);
        drafted.standing.waiting = drafted.standing.waiting.saturating_add(1);
        drafted.standing.bytes = drafted.standing.bytes.saturating_add(bytes.len() as u64);
        self.changes.put(Table::Envelopes(day), &key, &envelope_body(&request.auth, bytes));
        self.arrivals.push((request.sid, day, class));
        Ok(())
    }

    fn spend(&mut self, sid: DepositId, generation: Generation, index: StampIndex, mac: [u8; 16]) {
        let spent = SpentStamp::On(mac);
        self.changes.put(Table::Spent, &spent_key(&sid, generation, index), &spent.to_bytes());
        self.pages.spent.insert((sid, generation, index), spent);
    }

    fn remember(&mut self, request: &DepositRequest, hash: [u8; 16], allowance: Allowance) {
        self.changes.put(Table::Retries, &retry_key(request.today, &request.sid, &hash), &[]);
        self.changes.put(Table::Doorsteps, request.sid.as_bytes(), &allowance.to_bytes());
        self.pages.here.insert((request.sid, hash));
        if let Some(drafted) = self.drafts.get_mut(&request.sid) {
            drafted.standing.allowance = allowance;
        }
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
pub(crate) fn spent_key(sid: &DepositId, generation: Generation, index: StampIndex) -> Vec<u8> {
    sid.0.into_iter().chain([generation.0]).chain(index.0.to_be_bytes()).collect()
}

/// `day ‖ sid ‖ hash`: the day first, so that forgetting is one range.
fn retry_key(day: Day, sid: &DepositId, hash: &[u8; 16]) -> Vec<u8> {
    day.0.to_be_bytes().into_iter().chain(sid.0).chain(*hash).collect()
}

/// `auth[52] ‖ envelope`. At a doorstep the auth is zeros: a puzzle's solution is not kept.
fn envelope_body(auth: &DepositAuth, bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(AUTH_BYTES + bytes.len());
    match auth {
        DepositAuth::Open { .. } => body.resize(AUTH_BYTES, 0),
        DepositAuth::Stamped { generation, index, commitment, tag, mac } => {
            body.push(1);
            body.push(generation.0);
            body.extend_from_slice(&index.0.to_be_bytes());
            for part in [commitment.as_bytes(), tag.as_bytes(), mac.as_bytes()] {
                body.extend_from_slice(part);
            }
        }
    }
    body.extend_from_slice(bytes);
    body
}

/// Parses what [`envelope_body`] wrote.
pub(crate) fn envelope_from(body: &[u8]) -> Option<(DepositAuth, Envelope)> {
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
    let envelope = Envelope::new(bytes::Bytes::copy_from_slice(cut.rest())).ok()?;
    Some((auth, envelope))
}
