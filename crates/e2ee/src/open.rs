//! Opening at the inbox: an envelope becomes a content and the conversation's next state.

use crate::bundle::BundleError;
use crate::content::ContentError;
use crate::conversation::{Conversation, Former, Unanswered};
use crate::envelope::{SeriesOf, open_from_inbox};
use crate::numbering::{Received, Taken};
use crate::olm::{self, SessionId};
use crate::session::Origin;
use crate::{Account, Content, Offer, Seen, StreamId};
use core::ops::RangeInclusive;
use crypto::is_envelope_key;
use wire::{DepositId, Envelope, UnixSeconds};
use zeroize::Zeroizing;

/// Streams of one correspondent whose numbers are remembered.
pub(crate) const STREAMS_MAX: usize = 4;

/// What an envelope held, and the state that must be committed together with it before it is acked.
#[derive(Clone, Debug)]
#[must_use]
pub struct Opened {
    /// The next state.
    pub conversation: Conversation,
    /// What they say.
    pub content: Content,
    /// Whether this number of this stream came before; the message id has the last word.
    pub repeat: bool,
    /// Numbers that this one shows to be missing.
    pub gaps: Vec<RangeInclusive<u64>>,
    /// Whether a HELLO began a new stream in place of an earlier one: their offers and stamps are replaced,
    /// and what their `seen` does not cover is sealed again.
    pub new_stream: bool,
}

/// Why an envelope did not open. Nothing changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Not a suite, form or size that belongs in this mailbox.
    #[error("the envelope's form does not belong here")]
    Form,
    /// A prekey that is not held, or no longer.
    #[error("the envelope names a prekey that is not held")]
    UnknownPrekey,
    /// The named prekey does not open it.
    #[error("the envelope does not open")]
    DoesNotOpen,
    /// None of the offers held opens it.
    #[error("no offer held opens the envelope")]
    NoKey,
    /// Something is hidden in the padding.
    #[error("the padding is not zero")]
    Padding,
    /// What is inside cannot be read.
    #[error("the envelope's body is malformed")]
    Body,
    /// The ratchet does not open it: a repeat, too far ahead, or another's.
    #[error("the session does not open the message")]
    Olm,
    /// No session with this correspondent.
    #[error("there is no session with this correspondent")]
    NoSession,
    /// A session that was begun before never begins again.
    #[error("the message repeats the beginning of a session seen before")]
    SeenSession,
    /// One correspondent began too many sessions.
    #[error("this correspondent began too many sessions")]
    TooManySessions,
    /// The Olm identity key is not the one of the signed bundle.
    #[error("the session begins under another Olm identity key than the bundle's")]
    OtherOlmIdentity,
    /// From, to or prekey id inside are not those outside.
    #[error("what is inside contradicts what is outside")]
    Mismatch,
    /// The record's key is none, or did not sign it.
    #[error("the sender's record does not hold")]
    BadRecord,
    /// The sender's bundle does not hold.
    #[error("the sender's bundle does not hold: {0}")]
    BadBundle(#[from] BundleError),
    /// A session form from somebody unknown.
    #[error("the envelope continues a conversation that does not exist")]
    UnknownSender,
    /// The content is malformed.
    #[error(transparent)]
    Content(#[from] ContentErrorKind),
}

/// A [`ContentError`] without its particulars, so that [`OpenError`] stays small and can be copied.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the content is malformed")]
pub struct ContentErrorKind;

impl From<ContentError> for OpenError {
    fn from(_: ContentError) -> Self {
        OpenError::Content(ContentErrorKind)
    }
}

impl From<crypto::OpenError> for OpenError {
    fn from(_: crypto::OpenError) -> Self {
        OpenError::DoesNotOpen
    }
}

impl Conversation {
    /// Opens an envelope from my inbox `sid`, sealed to one of the offers that I made to them.
    pub fn open(
        &self,
        account: &Account,
        envelope: &Envelope,
        sid: DepositId,
        now: UnixSeconds,
    ) -> Result<Opened, OpenError> {
        let mut next = self.clone();
        let body = next.open_under_offer(envelope, sid, now)?;
        let message = olm::from_bytes(&body)?;
        let olm_identity = self.their_bundle.map(|bundle| bundle.olm_identity);
        let origin = Origin { account, olm_identity: olm_identity.as_ref() };
        let (session, plaintext) = next.sessions.decrypt(&message, origin, now)?;
        let content = Content::from_bytes(&plaintext)?;
        Ok(next.take(content, session, Stream::Continues))
    }

    /// Opens with one of my offers to them, those of before I began anew among them, and notes its use.
    fn open_under_offer(
        &mut self,
        envelope: &Envelope,
        sid: DepositId,
        now: UnixSeconds,
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let series = SeriesOf { owner: &self.mine, sender: &self.theirs };
        let (n, body) = match (open_from_inbox(&self.series, series, &sid, envelope), &mut self.former) {
            (Err(OpenError::NoKey), Some(former)) => return former.open(envelope, sid, now),
            (opened, _) => opened?,
        };
        self.series.mark_used(n, now);
        Ok(body)
    }

    /// Takes what was opened into the state.
    pub(crate) fn take(mut self, content: Content, session: SessionId, stream: Stream) -> Opened {
        let new_stream = stream == Stream::MayBegin && self.begins_anew(content.stream);
        if new_stream {
            self.their_offer = None;
        }
        let Taken { repeat, gaps } = self.received(content.stream, stream).take(content.number);
        // What comes late, under a session of before I began anew, is read and changes nothing else.
        let late = self.sessions.find(session).is_some_and(|kept| kept.retired);
        if stream != Stream::IsStale && !late {
            self.take_offer(content.offer.as_ref());
            self.heard(repeat, session);
        }
        self.take_seen(content.seen);
        Opened { conversation: self, content, repeat, gaps, new_stream }
    }

    /// A new message: its session is the one to send with, and nothing waits for an answer any more.
    fn heard(&mut self, repeat: bool, session: SessionId) {
        if !repeat {
            self.sessions.prefer(session);
            self.hello = None;
            self.unanswered = Unanswered::NONE;
        }
    }

    fn begins_anew(&self, stream: StreamId) -> bool {
        !self.incoming.is_empty() && self.incoming.iter().all(|known| known.stream != stream)
    }

    fn received(&mut self, stream: StreamId, kind: Stream) -> &mut Received {
        if let Some(at) = self.incoming.iter().position(|known| known.stream == stream) {
            return self.incoming.get_mut(at).expect("the position was just found");
        }
        let at = if kind == Stream::IsStale { 0 } else { self.incoming.len() };
        self.incoming.insert(at, Received::new(stream));
        let surplus = self.incoming.len().saturating_sub(STREAMS_MAX);
        self.incoming.drain(..surplus);
        let at = at.saturating_sub(surplus);
        self.incoming.get_mut(at).expect("a stream was just inserted, and at most others were dropped")
    }

    /// Only a higher number counts: sealing never goes back. One that nobody can seal to counts for nothing.
    fn take_offer(&mut self, offer: Option<&Offer>) {
        let known = self.their_offer.as_ref().map_or(0, |offer| offer.n);
        if let Some(offer) = offer.filter(|offer| offer.n > known && is_envelope_key(offer.key.as_bytes())) {
            self.their_offer = Some(offer.clone());
        }
    }

    /// Only of my present stream, only forward, and never beyond what I sent.
    fn take_seen(&mut self, seen: Option<Seen>) {
        let Some(seen) = seen.filter(|seen| Some(seen.stream) == self.stream) else { return };
        let before =
            self.answered.filter(|known| known.stream == seen.stream).map_or(0, |known| known.through);
        if seen.through > before && seen.through < self.next_number {
            self.answered = Some(seen);
        }
    }
}

impl Former {
    fn open(
        &mut self,
        envelope: &Envelope,
        sid: DepositId,
        now: UnixSeconds,
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let series = SeriesOf { owner: &self.mine, sender: &self.theirs };
        let (n, body) = open_from_inbox(&self.series, series, &sid, envelope)?;
        self.series.mark_used(n, now);
        Ok(body)
    }
}

/// What a content may do to the numbering.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stream {
    /// An ordinary envelope.
    Continues,
    /// A HELLO under a bundle at least as new as the one known.
    MayBegin,
    /// A HELLO from before the correspondent's restore that arrived late.
    IsStale,
}
