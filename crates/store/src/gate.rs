//! Judging one deposit: what `spec/mailbox.md § Deposit` says, in its order, without touching anything.

use wire::limits::{DOORSTEP_FREE_MAX, PUZZLE_BITS_MAX, PUZZLE_STEP};
use wire::refusal::Puzzle;
use wire::request::MailboxPolicy;
use wire::stamp::PuzzleSolution;
use wire::{
    Day, DepositAuth, DepositId, Envelope, EnvelopeSize, Generation, RefusalKind, StampCommitment,
    StampIndex, StampTag, UnixSeconds,
};

use crate::mailbox::{Allowance, Mailbox, MailboxRow};
use crate::{Options, StoreError};

/// What the store knows of one stamp.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SpentStamp {
    /// Used for the envelope whose m this is.
    On([u8; 16]),
    /// Crossed off before anything came; what comes first is remembered and dropped.
    CrossedOff,
}

impl SpentStamp {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        match self {
            SpentStamp::CrossedOff => vec![0],
            SpentStamp::On(mac) => core::iter::once(1).chain(mac).collect(),
        }
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (0, []) => Some(SpentStamp::CrossedOff),
            (1, mac) => Some(SpentStamp::On(mac.try_into().ok()?)),
            _ => None,
        }
    }
}

/// A mailbox as the deposits before this one (stored or of the same batch) leave it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) waiting: u32,
    pub(crate) bytes: u64,
    pub(crate) counted: (u32, u64),
    pub(crate) allowance: Allowance,
    /// The cursor that the next envelope gets.
    pub(crate) next: u64,
    pub(crate) newest: Option<Day>,
    /// The low-water mark.
    pub(crate) acked: u64,
}

impl Standing {
    pub(crate) fn of(mailbox: &Mailbox) -> Self {
        let Mailbox { row, waiting, allowance, counted } = mailbox;
        Self {
            waiting: waiting.len(),
            bytes: waiting.bytes(),
            counted: *counted,
            allowance: *allowance,
            next: waiting.next(),
            newest: waiting.newest(),
            acked: row.acked,
        }
    }
}

/// What shall happen with a deposit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// Store the envelope, spend the stamp on this m.
    Stamped { generation: Generation, index: StampIndex, mac: [u8; 16] },
    /// Spend the crossed-off stamp on this m, drop the envelope, say `STORED`.
    Dropped { generation: Generation, index: StampIndex, mac: [u8; 16] },
    /// Store the envelope, remember its hash, lower the allowance.
    AtDoorstep { hash: [u8; 16], allowance: Allowance },
    /// The same deposit was stored before.
    Again,
    /// A numbered no.
    Refused(RefusalKind),
}

/// What the judge must look up.
pub(crate) trait Book {
    /// What is known of a stamp.
    fn spent(&self, sid: &DepositId, g: Generation, i: StampIndex) -> Result<Option<SpentStamp>, StoreError>;
    /// Whether this envelope was stored at this doorstep in the last 14 days.
    fn was_here(&self, sid: &DepositId, hash: &[u8; 16], today: Day) -> Result<bool, StoreError>;
}

/// One deposit, with what a judge needs besides the book.
pub(crate) struct Case<'a> {
    pub(crate) sid: &'a DepositId,
    pub(crate) auth: &'a DepositAuth,
    pub(crate) envelope: &'a Envelope,
    pub(crate) today: Day,
    pub(crate) options: &'a Options,
    pub(crate) puzzle_key: &'a [u8; 32],
}

impl Case<'_> {
    /// The verdict. An unknown mailbox, a doorstep and a stamp that is none look alike to a stamp's
    /// bearer: `Stamp`, after the same work. Likewise `NoSuchMailbox` to somebody without.
    pub(crate) fn judge(
        &self,
        mailbox: Option<(&MailboxRow, &Standing)>,
        book: &dyn Book,
    ) -> Result<Verdict, StoreError> {
        if mailbox.is_some_and(|(row, _)| row.is_gone(self.today)) {
            return Ok(Verdict::Refused(RefusalKind::Gone));
        }
        match self.auth {
            DepositAuth::Open { puzzle } => {
                match mailbox.filter(|(row, _)| row.policy == MailboxPolicy::Doorstep) {
                    Some((_, standing)) => self.at_doorstep(*puzzle, standing, book),
                    None => Ok(Verdict::Refused(RefusalKind::NoSuchMailbox)),
                }
            }
            DepositAuth::Stamped { generation, index, commitment, tag, mac } => {
                let inbox = mailbox.filter(|(row, _)| row.policy == MailboxPolicy::Inbox);
                let (g, i) = (*generation, *index);
                match inbox.filter(|(row, _)| self.is_ours(Some(row), g, i, commitment, tag)) {
                    Some((_, standing)) => self.at_inbox(g, i, mac.0, standing, book),
                    None => {
                        if inbox.is_none() {
                            self.is_ours(None, g, i, commitment, tag);
                        }
                        Ok(Verdict::Refused(RefusalKind::Stamp))
                    }
                }
            }
        }
    }

    /// Whether t is the mark that this generation's key makes; the same work when there is no such key.
    fn is_ours(
        &self,
        row: Option<&MailboxRow>,
        generation: Generation,
        index: StampIndex,
        commitment: &StampCommitment,
        tag: &StampTag,
    ) -> bool {
        let key = row.and_then(|row| row.key_of(generation));
        let used = key.map_or([0; 32], |key| key.0);
        let expected =
            crypto::stamp_tag(&used, self.sid.as_bytes(), generation.0, index.0, commitment.as_bytes());
        let same = crypto::equal(&expected, tag.as_bytes()).is_some();
        key.is_some() && same
    }

    fn at_inbox(
        &self,
        generation: Generation,
        index: StampIndex,
        mac: [u8; 16],
        standing: &Standing,
        book: &dyn Book,
    ) -> Result<Verdict, StoreError> {
        let spent = book.spent(self.sid, generation, index)?;
        match spent {
            // A retry is answered before the quota is looked at: it costs nothing and must not reveal it.
            Some(SpentStamp::On(first)) if first == mac => return Ok(Verdict::Again),
            Some(SpentStamp::On(_)) => return Ok(Verdict::Refused(RefusalKind::Spent)),
            Some(SpentStamp::CrossedOff) | None => {}
        }
        if self.is_full(standing) {
            return Ok(Verdict::Refused(RefusalKind::Full));
        }
        Ok(match spent {
            Some(_) => Verdict::Dropped { generation, index, mac },
            None => Verdict::Stamped { generation, index, mac },
        })
    }

    /// Judged by the hourly count, so that a prober does not see collecting happen; the exact count only
    /// stops at twice the quota.
    fn is_full(&self, standing: &Standing) -> bool {
        let (envelopes, bytes) = (self.options.inbox_envelopes_max, self.options.inbox_bytes_max);
        let size = self.envelope.as_bytes().len() as u64;
        standing.counted.0 >= envelopes
            || standing.counted.1 >= bytes
            || standing.waiting >= envelopes.saturating_mul(2)
            || standing.bytes.saturating_add(size) > bytes.saturating_mul(2)
    }

    fn at_doorstep(
        &self,
        puzzle: Option<PuzzleSolution>,
        standing: &Standing,
        book: &dyn Book,
    ) -> Result<Verdict, StoreError> {
        if self.envelope.size() != EnvelopeSize::Medium {
            return Ok(Verdict::Refused(RefusalKind::EnvelopeSize));
        }
        let hash = crypto::envelope_hash(self.envelope.as_bytes());
        if book.was_here(self.sid, &hash, self.today)? {
            return Ok(Verdict::Again);
        }
        let allowance = standing.allowance.rolled(self.today, standing.waiting);
        if allowance.left == 0 {
            return Ok(Verdict::Refused(RefusalKind::Busy));
        }
        let asked = self.puzzle(allowance.taken);
        if allowance.taken >= DOORSTEP_FREE_MAX && !self.solves(&asked, puzzle, &hash) {
            return Ok(Verdict::Refused(RefusalKind::Puzzle(asked)));
        }
        Ok(Verdict::AtDoorstep { hash, allowance: allowance.lowered() })
    }

    /// Today's puzzle of this doorstep, harder the more it has taken today. Its seed is derived, so nothing
    /// is remembered for a stranger.
    fn puzzle(&self, taken: u32) -> Puzzle {
        let day = self.today.0.to_be_bytes();
        let derived = crypto::keyed(self.puzzle_key, crypto::Label::PUZZLE, &[self.sid.as_bytes(), &day]);
        let mut seed = [0; 16];
        for (to, from) in seed.iter_mut().zip(derived) {
            *to = from;
        }
        let steps = taken.saturating_sub(DOORSTEP_FREE_MAX) / PUZZLE_STEP;
        Puzzle {
            seed,
            bits: self
                .options
                .puzzle_bits
                .saturating_add(u8::try_from(steps).unwrap_or(u8::MAX))
                .min(PUZZLE_BITS_MAX),
            until: UnixSeconds((u64::from(self.today.0) + 1) * 86_400),
        }
    }

    fn solves(&self, asked: &Puzzle, puzzle: Option<PuzzleSolution>, hash: &[u8; 16]) -> bool {
        puzzle.is_some_and(|solution| {
            solution.seed == asked.seed
                && crypto::puzzle_ok(&asked.seed, self.sid.as_bytes(), hash, solution.nonce, asked.bits)
        })
    }
}
