//! A conversation: everything ratcheted between me and one correspondent.

use crate::numbering::Received;
use crate::olm::SessionId;
use crate::open::STREAMS_MAX;
use crate::series::{OFFER_USE_DAYS_MAX, PREVIOUS_SECONDS_MAX, Series};
use crate::session::Sessions;
use crate::{Account, Offer, ReplyPath, Resend, Seen, StreamId};
use wire::limits::INBOX_DAYS_MAX;
use wire::{Curve25519Key, Day, IdentityFingerprint, UnixSeconds};

/// HELLOs in one Olm session.
pub const HELLOS_MAX: usize = 16;
/// After this long without an answer a HELLO is sealed in a new Olm session.
pub const HELLO_SECONDS_MAX: u64 = 14 * 86_400;
/// Messages without one in return after which a fresh session begins; Olm refuses gaps over 2,000.
pub const UNANSWERED_MAX: u32 = 1_000;

/// All state towards one correspondent. Each step returns the next state; keep the one you committed.
#[derive(Clone)]
pub struct Conversation {
    /// Fingerprints under which it began; a rotation does not change them.
    pub(crate) mine: IdentityFingerprint,
    pub(crate) theirs: IdentityFingerprint,
    /// My numbering towards them, drawn at the first seal.
    pub(crate) stream: Option<StreamId>,
    pub(crate) next_number: u64,
    /// What they have seen of it.
    pub(crate) answered: Option<Seen>,
    /// Their numberings; the last is the current one.
    pub(crate) incoming: Vec<Received>,
    /// My offers to them.
    pub(crate) series: Series,
    /// My offers of before I began anew, for what is under way.
    pub(crate) former: Option<Former>,
    /// Their newest offer to me.
    pub(crate) their_offer: Option<Offer>,
    pub(crate) sessions: Sessions,
    /// The newest bundle seen of them.
    pub(crate) their_bundle: Option<TheirBundle>,
    /// My unanswered first contact.
    pub(crate) hello: Option<HelloState>,
    pub(crate) unanswered: Unanswered,
}

/// A series of offers that another has replaced.
#[derive(Clone)]
pub(crate) struct Former {
    /// Between whom it began.
    pub(crate) mine: IdentityFingerprint,
    pub(crate) theirs: IdentityFingerprint,
    pub(crate) series: Series,
    /// When it was replaced.
    pub(crate) since: UnixSeconds,
}

/// What is remembered of a correspondent's bundle.
#[derive(Clone, Copy)]
pub(crate) struct TheirBundle {
    pub(crate) counter: u64,
    pub(crate) olm_identity: Curve25519Key,
}

/// A first contact that awaits its answer: repeated with the same session, stamps and offer.
#[derive(Clone)]
pub(crate) struct HelloState {
    pub(crate) session: SessionId,
    pub(crate) began: UnixSeconds,
    pub(crate) sealed: u32,
    pub(crate) reply: ReplyPath,
}

/// Messages sealed since the other side was last heard.
#[derive(Clone, Copy)]
pub(crate) struct Unanswered {
    pub(crate) count: u32,
    pub(crate) since: UnixSeconds,
}

impl Conversation {
    /// Nothing said yet between these two identities.
    pub fn new(mine: IdentityFingerprint, theirs: IdentityFingerprint) -> Self {
        Self {
            mine,
            theirs,
            stream: None,
            next_number: 1,
            answered: None,
            incoming: Vec::new(),
            series: Series::new(),
            former: None,
            their_offer: None,
            sessions: Sessions::new(),
            their_bundle: None,
            hello: None,
            unanswered: Unanswered::NONE,
        }
    }

    /// Begins the conversation anew, as after a restore: with a new stream, session and series of offers, by a
    /// HELLO under the present keys of both. Sessions and offers of before only receive, for at most a week;
    /// what has come of their streams stays known.
    #[must_use]
    pub fn begun_anew(
        &self,
        mine: IdentityFingerprint,
        theirs: IdentityFingerprint,
        now: UnixSeconds,
    ) -> Self {
        let mut next = Self::new(mine, theirs);
        next.incoming.clone_from(&self.incoming);
        next.their_bundle = self.their_bundle.filter(|_| theirs == self.theirs);
        next.sessions = self.sessions.retired();
        let former = Former { mine: self.mine, theirs: self.theirs, series: self.series.clone(), since: now };
        next.former = Some(former).filter(|former| !former.series.secrets.is_empty());
        next
    }

    /// The same between other keys, where nothing was said in it yet: neither sealed nor heard since it began, or began
    /// anew. What came before stays known, and what is under way still opens.
    #[must_use]
    pub fn between(&self, mine: IdentityFingerprint, theirs: IdentityFingerprint) -> Option<Self> {
        let was_said = self.stream.is_some() || self.their_offer.is_some() || self.sessions.best().is_some();
        let their_bundle = self.their_bundle.filter(|_| theirs == self.theirs);
        (!was_said).then(|| Self { mine, theirs, their_bundle, ..self.clone() })
    }

    /// The same, and what had come of their streams in a conversation of before, under other keys.
    #[must_use]
    pub fn remembering(&self, before: &Self) -> Self {
        let mut next = self.clone();
        let is_new = |former: &&Received| self.incoming.iter().all(|known| known.stream != former.stream);
        next.incoming = before.incoming.iter().filter(is_new).chain(&self.incoming).cloned().collect();
        next.incoming.drain(..next.incoming.len().saturating_sub(STREAMS_MAX));
        next
    }

    /// What may stand in a backup: what has come, and no secret of a ratchet.
    #[must_use]
    pub fn without_secrets(&self) -> Self {
        let mut next = Self::new(self.mine, self.theirs);
        next.incoming.clone_from(&self.incoming);
        next.their_bundle = self.their_bundle;
        next
    }

    /// A COLLECT that began at `collect_began` has reached DRAINED by now: secrets of earlier offers go. A use that was
    /// noted under a clock that was ahead counts as of now, so that the next one lets them go.
    #[must_use]
    pub fn drained(&self, collect_began: UnixSeconds, now: UnixSeconds) -> Self {
        let mut next = self.clone();
        next.series.drained(collect_began);
        if next.series.used > 0 && collect_began > next.series.used_at {
            next.former = None;
        }
        next.series.used_at = next.series.used_at.min(now);
        next
    }

    /// Times that have not come count as now from here on: what was sealed under a clock that was ahead is waited for as
    /// long as anything else. When something is erased is left alone (`spec/vault.md § A clock that was ahead`).
    #[must_use]
    pub fn put_right(&self, now: UnixSeconds) -> Self {
        let mut next = self.clone();
        if let Some(hello) = &mut next.hello {
            hello.began = hello.began.min(now);
        }
        next.unanswered.since = next.unanswered.since.min(now);
        next
    }

    /// Erases what has had its time; once a day is enough.
    #[must_use]
    pub fn swept(&self, account: &Account, now: UnixSeconds) -> Self {
        let mut next = self.clone();
        next.series.sweep(now);
        next.former = next.former.and_then(|former| former.swept(now));
        next.sessions.sweep(account, now);
        next
    }

    /// Under which identity of mine it began.
    pub fn mine(&self) -> &IdentityFingerprint {
        &self.mine
    }

    /// With whom.
    pub fn theirs(&self) -> &IdentityFingerprint {
        &self.theirs
    }

    /// Whether I hold an offer of theirs that may still be sealed to: [`Conversation::seal`] then works.
    pub fn can_use_inbox(&self, today: Day) -> bool {
        self.sessions.best().is_some()
            && self.their_offer.as_ref().is_some_and(|offer| is_usable(offer, today))
    }

    /// Whether a session ever opened something of theirs: [`Conversation::seal_session_form`] then works.
    pub fn can_use_session_form(&self) -> bool {
        self.sessions.best_confirmed().is_some()
    }

    /// The reply path of my unanswered HELLO: its stamps are repeated, so no others are minted.
    pub fn hello_reply(&self) -> Option<&ReplyPath> {
        self.hello.as_ref().map(|hello| &hello.reply)
    }

    /// Whether a HELLO of mine awaits its answer.
    pub fn awaits_answer(&self) -> bool {
        self.hello.is_some()
    }

    /// Whether a HELLO of mine was not answered in its fourteen days: the next begins a new Olm session.
    pub fn is_greeting_over(&self, now: UnixSeconds) -> bool {
        self.hello.as_ref().is_some_and(|hello| !hello.is_current(now))
    }

    /// How many HELLOs may still be sealed before an answer, or before the fourteen days are over.
    pub fn hellos_left(&self, now: UnixSeconds) -> usize {
        let sealed =
            self.hello.as_ref().filter(|hello| hello.is_current(now)).map_or(0, |hello| hello.sealed);
        HELLOS_MAX.saturating_sub(usize::try_from(sealed).unwrap_or(HELLOS_MAX))
    }

    /// Whether so much went unanswered that the next message should begin a fresh Olm session
    /// ([`Conversation::seal_fresh_session`]).
    pub fn wants_fresh_session(&self, now: UnixSeconds) -> bool {
        let waited = now.0.saturating_sub(self.unanswered.since.0);
        self.unanswered.count >= UNANSWERED_MAX
            || (self.unanswered.count > 0 && waited >= u64::from(INBOX_DAYS_MAX) * 86_400)
    }

    /// What they have seen of my stream; my outbox may forget it.
    pub fn answered(&self) -> Option<Seen> {
        self.answered
    }

    /// My numbering towards them, once something was sealed.
    pub fn stream(&self) -> Option<StreamId> {
        self.stream
    }

    /// Whether they have seen more of my stream than I remember to have said in it: my state is an older copy of itself.
    pub fn was_older(&self, seen: &Seen) -> bool {
        self.stream == Some(seen.stream) && seen.through >= self.next_number
    }

    /// What I have of their current stream, as the next message will tell them.
    pub fn seen(&self) -> Option<Seen> {
        self.incoming.last().map(Received::seen)
    }

    /// Which numbers of their current stream never came, up to the highest that did.
    pub fn missing(&self) -> Option<Resend> {
        let current = self.incoming.last()?;
        Resend::new(current.stream, &current.missing())
    }

    /// Everything of their current stream that I lack, also what may have come after the last that I know.
    pub fn everything_missing(&self) -> Option<Resend> {
        self.incoming.last().and_then(Received::everything_missing)
    }

    /// The same of the stream before, once they began anew: what I lack of it leaves no gap in the current one.
    pub fn missing_of_former_stream(&self) -> Option<Resend> {
        self.incoming.iter().rev().nth(1).and_then(Received::everything_missing)
    }

    /// The number of their newest offer; a higher one waits until nothing sealed to the former lacks STORED.
    pub fn their_offer(&self) -> Option<u32> {
        self.their_offer.as_ref().map(|offer| offer.n)
    }

    /// How many secrets of my own offers are held: three at most, and for a week after beginning anew as many
    /// again.
    pub fn offer_secrets(&self) -> usize {
        self.series.secrets.len() + self.former.as_ref().map_or(0, |former| former.series.secrets.len())
    }

    /// The raw id of the Olm session that the next message is sealed with.
    pub fn sending_session(&self) -> Option<[u8; 32]> {
        self.sessions.best().map(|kept| kept.id.0)
    }
}

impl core::fmt::Debug for Conversation {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str("Conversation(..)")
    }
}

impl Former {
    /// Also where it was replaced under a clock that was ahead, no secret outlives its day by more than any other.
    fn swept(mut self, now: UnixSeconds) -> Option<Self> {
        self.series.sweep(now);
        let is_over = now.0.saturating_sub(self.since.0) >= PREVIOUS_SECONDS_MAX;
        (!is_over && !self.series.secrets.is_empty()).then_some(self)
    }
}

impl HelloState {
    pub(crate) fn is_current(&self, now: UnixSeconds) -> bool {
        now.0.saturating_sub(self.began.0) < HELLO_SECONDS_MAX
    }
}

impl Unanswered {
    pub(crate) const NONE: Self = Self { count: 0, since: UnixSeconds(0) };
}

pub(crate) fn is_usable(offer: &Offer, today: Day) -> bool {
    today.0.saturating_sub(offer.day.0) < OFFER_USE_DAYS_MAX
}

/// The day of a moment.
pub(crate) fn day_of(now: UnixSeconds) -> Day {
    Day(u16::try_from(now.0 / 86_400).unwrap_or(u16::MAX))
}
