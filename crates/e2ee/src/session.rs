//! The Olm sessions with one contact: at most four, kept as pickles, changed only on copies.

use crate::account::Account;
use crate::olm::{CONFIG, SessionId, curve_key};
use crate::open::OpenError;
use crate::outgoing::SealError;
use crate::series::OFFER_KEEP_DAYS_MAX;
use vodozemac::olm::{OlmMessage, PreKeyMessage, Session, SessionPickle};
use wire::limits::SESSIONS_PER_CONTACT_MAX;
use wire::{Curve25519Key, Day, UnixSeconds};
use zeroize::Zeroizing;

/// Session ids remembered per contact; beyond, new sessions are refused rather than old ids forgotten.
pub(crate) const SEEN_SESSIONS_MAX: usize = 1_024;
/// Silence after which a session that is not used for sending goes. It lives as long as the offers that were made in
/// it: until then the other side may seal with it, and perhaps knows no other.
const SILENT_SECONDS_MAX: u64 = OFFER_KEEP_DAYS_MAX as u64 * 86_400;
/// A seen id is kept this long after its fallback secret is gone.
const SEEN_DAYS_AFTER: u16 = 30;

/// All sessions with one contact.
#[derive(Clone)]
pub(crate) struct Sessions {
    pub(crate) kept: Vec<Kept>,
    pub(crate) seen: Vec<SeenSession>,
    /// Counts new messages, so that sessions can be ordered without a clock.
    pub(crate) ordinal: u64,
}

/// One ratchet.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) id: SessionId,
    /// serde of [`SessionPickle`]; encrypted as a part of the vault.
    pub(crate) pickle: Zeroizing<Vec<u8>>,
    /// Whether it ever opened something of theirs: it then makes no pre-key messages any more.
    pub(crate) confirmed: bool,
    /// The ordinal of the last new message it opened; 0 before the first.
    pub(crate) last_new: u64,
    /// When it last sealed or opened.
    pub(crate) active: UnixSeconds,
}

/// The id of a session that somebody began with me: a fallback key would let it begin again.
#[derive(Clone)]
pub(crate) struct SeenSession {
    pub(crate) id: SessionId,
    pub(crate) fallback: Curve25519Key,
    /// Since when the fallback secret is gone.
    pub(crate) gone: Option<Day>,
}

/// Whom a pre-key message may come from.
pub(crate) struct Origin<'a> {
    pub(crate) account: &'a Account,
    /// The Olm identity key of the correspondent's signed bundle.
    pub(crate) olm_identity: Option<&'a Curve25519Key>,
}

impl Sessions {
    pub(crate) fn new() -> Self {
        Self { kept: Vec::new(), seen: Vec::new(), ordinal: 0 }
    }

    /// Begins a session towards a bundle.
    pub(crate) fn begin(
        &mut self,
        account: &Account,
        identity: &Curve25519Key,
        fallback: &Curve25519Key,
        now: UnixSeconds,
    ) -> Result<SessionId, SealError> {
        let session = account
            .olm
            .create_outbound_session(CONFIG, curve_key(identity), curve_key(fallback))
            .map_err(|_| SealError::BadRecipient)?;
        let id = SessionId::of(&session.session_keys());
        self.keep(Kept { id, pickle: pickle(&session), confirmed: false, last_new: 0, active: now });
        Ok(id)
    }

    /// Seals with one session.
    pub(crate) fn encrypt(
        &mut self,
        id: SessionId,
        plaintext: &[u8],
        now: UnixSeconds,
    ) -> Result<OlmMessage, SealError> {
        let kept = self.kept.iter_mut().find(|kept| kept.id == id).ok_or(SealError::NoSession)?;
        let mut session = kept.session().map_err(|_| SealError::NoSession)?;
        let message = session.encrypt(plaintext).map_err(|_| SealError::NoSession)?;
        kept.pickle = pickle(&session);
        kept.active = now;
        Ok(message)
    }

    /// Opens with whichever session it belongs to; a pre-key message may begin one.
    pub(crate) fn decrypt(
        &mut self,
        message: &OlmMessage,
        origin: Origin<'_>,
        now: UnixSeconds,
    ) -> Result<(SessionId, Zeroizing<Vec<u8>>), OpenError> {
        match message {
            OlmMessage::PreKey(first) => self.decrypt_pre_key(first, message, origin, now),
            OlmMessage::Normal(_) => self.decrypt_normal(message, now),
        }
    }

    /// The session opened something new: it is the one to send with.
    pub(crate) fn prefer(&mut self, id: SessionId) {
        self.ordinal = self.ordinal.saturating_add(1);
        if let Some(kept) = self.kept.iter_mut().find(|kept| kept.id == id) {
            kept.last_new = self.ordinal;
        }
    }

    /// The one to send with: it most recently opened a new message, else it has the smaller id.
    pub(crate) fn best(&self) -> Option<&Kept> {
        self.kept.iter().max_by(|one, other| one.rank(other))
    }

    /// The best of those that ever opened something.
    pub(crate) fn best_confirmed(&self) -> Option<&Kept> {
        self.kept.iter().filter(|kept| kept.confirmed).max_by(|one, other| one.rank(other))
    }

    pub(crate) fn find(&self, id: SessionId) -> Option<&Kept> {
        self.kept.iter().find(|kept| kept.id == id)
    }

    /// Drops losers after long silence, and ids whose fallback key has been gone for thirty.
    pub(crate) fn sweep(&mut self, account: &Account, now: UnixSeconds) {
        let best = self.best().map(|kept| kept.id);
        self.kept
            .retain(|kept| Some(kept.id) == best || now.0.saturating_sub(kept.active.0) < SILENT_SECONDS_MAX);
        let today = crate::conversation::day_of(now);
        for seen in &mut self.seen {
            if !account.holds_fallback(&seen.fallback) {
                seen.gone = seen.gone.or(Some(today));
            }
        }
        let kept = &self.kept;
        self.seen.retain(|seen| {
            let over = seen.gone.is_some_and(|day| today.0.saturating_sub(day.0) >= SEEN_DAYS_AFTER);
            !over || kept.iter().any(|kept| kept.id == seen.id)
        });
    }

    fn decrypt_pre_key(
        &mut self,
        first: &PreKeyMessage,
        message: &OlmMessage,
        origin: Origin<'_>,
        now: UnixSeconds,
    ) -> Result<(SessionId, Zeroizing<Vec<u8>>), OpenError> {
        let id = SessionId::of(&first.session_keys());
        if let Some(kept) = self.kept.iter_mut().find(|kept| kept.id == id) {
            return Ok((id, kept.decrypt(message, now)?));
        }
        if self.seen.iter().any(|seen| seen.id == id) {
            return Err(OpenError::SeenSession);
        }
        self.begin_inbound(first, origin, now)
    }

    fn begin_inbound(
        &mut self,
        first: &PreKeyMessage,
        origin: Origin<'_>,
        now: UnixSeconds,
    ) -> Result<(SessionId, Zeroizing<Vec<u8>>), OpenError> {
        if self.seen.len() >= SEEN_SESSIONS_MAX {
            return Err(OpenError::TooManySessions);
        }
        let theirs = curve_key(origin.olm_identity.ok_or(OpenError::OtherOlmIdentity)?);
        if theirs != first.identity_key() {
            return Err(OpenError::OtherOlmIdentity);
        }
        let created = origin
            .account
            .olm_copy()
            .create_inbound_session(CONFIG, theirs, first)
            .map_err(|_| OpenError::Olm)?;
        let id = SessionId::of(&first.session_keys());
        let pickle = pickle(&created.session);
        self.keep(Kept { id, pickle, confirmed: true, last_new: 0, active: now });
        let fallback = Curve25519Key(first.one_time_key().to_bytes());
        self.seen.push(SeenSession { id, fallback, gone: None });
        Ok((id, Zeroizing::new(created.plaintext)))
    }

    fn decrypt_normal(
        &mut self,
        message: &OlmMessage,
        now: UnixSeconds,
    ) -> Result<(SessionId, Zeroizing<Vec<u8>>), OpenError> {
        for kept in &mut self.kept {
            if let Ok(plaintext) = kept.decrypt(message, now) {
                return Ok((kept.id, plaintext));
            }
        }
        Err(if self.kept.is_empty() { OpenError::NoSession } else { OpenError::Olm })
    }

    /// Adds a session; the least useful of five goes.
    fn keep(&mut self, new: Kept) {
        if self.kept.len() >= SESSIONS_PER_CONTACT_MAX {
            let worst = self.kept.iter().min_by_key(|kept| (kept.last_new, kept.active)).map(|kept| kept.id);
            self.kept.retain(|kept| Some(kept.id) != worst);
        }
        self.kept.push(new);
    }
}

impl Kept {
    /// A copy of the ratchet, made through its pickle.
    fn session(&self) -> Result<Session, serde_json::Error> {
        serde_json::from_slice::<SessionPickle>(&self.pickle).map(Session::from_pickle)
    }

    /// Opens on a copy; only success replaces the ratchet.
    fn decrypt(&mut self, message: &OlmMessage, now: UnixSeconds) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let mut session = self.session().map_err(|_| OpenError::NoSession)?;
        let plaintext = Zeroizing::new(session.decrypt(message).map_err(|_| OpenError::Olm)?);
        self.pickle = pickle(&session);
        self.confirmed = true;
        self.active = now;
        Ok(plaintext)
    }

    fn rank(&self, other: &Self) -> core::cmp::Ordering {
        self.last_new.cmp(&other.last_new).then(other.id.cmp(&self.id))
    }
}

fn pickle(session: &Session) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(
        serde_json::to_vec(&session.pickle()).expect("a pickle is plain data and always serialises"),
    )
}
