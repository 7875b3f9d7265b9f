//! Sealing: a message becomes an envelope and the conversation's next state.

use crate::bundle::VerifiedBundle;
use crate::conversation::{Conversation, HELLOS_MAX, HelloState, TheirBundle, Unanswered, day_of, is_usable};
use crate::envelope::{Form, SeriesOf, seal_to_offer, seal_to_prekey};
use crate::olm::{self, SessionId};
use crate::outgoing::{Outgoing, Placed, SealError, Sealed};
use crate::sizes::{
    CONTENT_FIXED_BYTES, DOORSTEP_ROOM, HELLO_PREFIX_BYTES, OLM_OVERHEAD_BYTES, STAMP_BYTES, inbox_room,
};
use crate::{Account, Content, HelloIntro, Kind, Offer, ReplyPath, StreamId};
use rand_core::CryptoRng;
use vodozemac::olm::OlmMessage;
use wire::limits::{ENVELOPE_BYTES_MAX, GREETING_BYTES_MAX, HELLO_STAMPS, REFILL_STAMPS_MAX};
use wire::{DepositId, Envelope, EnvelopeSize, Stamp, UnixSeconds};
use zeroize::Zeroizing;

/// The largest body of a Content that one envelope to an inbox holds.
pub const BODY_BYTES_MAX: usize = inbox_room(ENVELOPE_BYTES_MAX) - OLM_OVERHEAD_BYTES - CONTENT_FIXED_BYTES;

impl Conversation {
    /// Form 2: for the inbox, under their newest offer, with the session that is in use.
    ///
    /// The newest offer of mine rides along, and as many of `spare_stamps` as fit without a larger
    /// envelope; a [`Kind::Refill`] takes an envelope large enough for up to 256.
    pub fn seal(
        &self,
        message: &Outgoing,
        spare_stamps: &[Stamp],
        recipient_inbox: DepositId,
        now: UnixSeconds,
        rng: &mut impl CryptoRng,
    ) -> Result<Sealed, SealError> {
        let session = self.sessions.best().ok_or(SealError::NoSession)?.id;
        self.clone().seal_under_offer(session, message, spare_stamps, recipient_inbox, now, rng)
    }

    /// Form 2 with a new Olm session from the current bundle, when too much went unanswered.
    #[allow(clippy::too_many_arguments, reason = "what `seal` takes, and whom a session begins with")]
    pub fn seal_fresh_session(
        &self,
        account: &Account,
        theirs: &VerifiedBundle,
        message: &Outgoing,
        spare_stamps: &[Stamp],
        recipient_inbox: DepositId,
        now: UnixSeconds,
        rng: &mut impl CryptoRng,
    ) -> Result<Sealed, SealError> {
        let mut next = self.clone();
        next.note_bundle(theirs)?;
        let body = &theirs.bundle().body;
        let session = next.sessions.begin(account, &body.olm_identity, &body.olm_fallback, now)?;
        next.sessions.prefer(session);
        next.unanswered = Unanswered::NONE;
        next.seal_under_offer(session, message, spare_stamps, recipient_inbox, now, rng)
    }

    /// Form 1: first contact, a 16 KiB envelope for the doorstep that the bundle names.
    ///
    /// Repeated before an answer it uses the same Olm session, the same stamps and the same first offer;
    /// `intro.reply` counts for the first one only. After fourteen days, or where the bundle shows another account, a new
    /// session begins.
    pub fn seal_hello(
        &self,
        account: &Account,
        theirs: &VerifiedBundle,
        intro: &HelloIntro,
        message: &Outgoing,
        now: UnixSeconds,
        rng: &mut impl CryptoRng,
    ) -> Result<Sealed, SealError> {
        check_length(&message.kind, GREETING_BYTES_MAX)?;
        intro.check_mine(account, &self.mine)?;
        let mut next = self.clone();
        next.note_bundle(theirs)?;
        let (session, reply) = next.hello_session(account, theirs, intro, message, now)?;
        let mut content = next.compose(message, now, rng);
        content.reply = Some(reply);
        let prefix = hello_prefix(&next, theirs);
        let plaintext = Zeroizing::new([prefix.as_slice(), &content.to_bytes()].concat());
        let OlmMessage::PreKey(first) = next.sessions.encrypt(session, &plaintext, now)? else {
            return Err(SealError::NoSession);
        };
        let body = intro.body(&first.to_bytes());
        let envelope = seal_to_prekey(Form::Hello, theirs.bundle(), &body, rng)?;
        Ok(next.sealed(envelope, &content, 0))
    }

    /// Form 3: an existing session at the doorstep, when stamps are out.
    pub fn seal_session_form(
        &self,
        theirs: &VerifiedBundle,
        message: &Outgoing,
        spare_stamps: &[Stamp],
        now: UnixSeconds,
        rng: &mut impl CryptoRng,
    ) -> Result<Sealed, SealError> {
        let room = DOORSTEP_ROOM - self.mine.as_bytes().len();
        check_length(&message.kind, room - OLM_OVERHEAD_BYTES - CONTENT_FIXED_BYTES)?;
        let mut next = self.clone();
        next.note_bundle(theirs)?;
        let session = next.sessions.best_confirmed().ok_or(SealError::NoSession)?.id;
        let mut content = next.compose(message, now, rng);
        let stamps_used = add_stamps(&mut content, spare_stamps, room);
        let plaintext = Zeroizing::new(content.to_bytes());
        let OlmMessage::Normal(normal) = next.sessions.encrypt(session, &plaintext, now)? else {
            return Err(SealError::NoSession);
        };
        let body = [self.mine.as_bytes().as_slice(), &normal.to_bytes()].concat();
        let envelope = seal_to_prekey(Form::Session, theirs.bundle(), &body, rng)?;
        Ok(next.sealed(envelope, &content, stamps_used))
    }

    fn seal_under_offer(
        mut self,
        session: SessionId,
        message: &Outgoing,
        spare_stamps: &[Stamp],
        inbox: DepositId,
        now: UnixSeconds,
        rng: &mut impl CryptoRng,
    ) -> Result<Sealed, SealError> {
        check_length(&message.kind, BODY_BYTES_MAX)?;
        let offer = self.usable_offer(now)?;
        let mut content = self.compose(message, now, rng);
        let size = inbox_size(&content, spare_stamps)?;
        let stamps_used = add_stamps(&mut content, spare_stamps, inbox_room(size.bytes()));
        let plaintext = Zeroizing::new(content.to_bytes());
        let body = olm::to_bytes(&self.sessions.encrypt(session, &plaintext, now)?);
        let series = SeriesOf { owner: &self.theirs, sender: &self.mine };
        let envelope = seal_to_offer(&offer, series, &inbox, size, &body, rng)?;
        Ok(self.sealed(envelope, &content, stamps_used))
    }

    fn usable_offer(&self, now: UnixSeconds) -> Result<Offer, SealError> {
        let offer = self.their_offer.as_ref().ok_or(SealError::NoOffer)?;
        if is_usable(offer, day_of(now)) { Ok(offer.clone()) } else { Err(SealError::OfferTooOld) }
    }

    /// The same once this bundle was seen, without sealing: a HELLO to an account that was replaced is forgotten, and
    /// [`Conversation::hellos_left`] counts anew.
    pub fn noting(&self, theirs: &VerifiedBundle) -> Result<Self, SealError> {
        let mut next = self.clone();
        next.note_bundle(theirs)?;
        Ok(next)
    }

    /// Remembers the newest bundle; refuses another identity and one from before a restore. A lower counter of the
    /// same vault is taken: a HELLO brings a bundle before the directory does, which shows it from midnight on.
    /// Whether what was *fetched* went back, whoever fetches knows.
    fn note_bundle(&mut self, theirs: &VerifiedBundle) -> Result<(), SealError> {
        let body = &theirs.bundle().body;
        if body.identity != self.theirs {
            return Err(SealError::OtherIdentity);
        }
        match self.their_bundle {
            // A HELLO to an account that was replaced opens nowhere any more: the next one begins a session.
            Some(known) if body.counter >= known.counter => {
                self.hello = self.hello.take().filter(|_| body.olm_identity == known.olm_identity);
            }
            Some(known) if body.olm_identity == known.olm_identity => return Ok(()),
            Some(_) => return Err(SealError::OldBundle),
            None => {}
        }
        self.their_bundle = Some(TheirBundle { counter: body.counter, olm_identity: body.olm_identity });
        Ok(())
    }

    /// The session of the HELLOs so far while it is unanswered and young, else a new one.
    fn hello_session(
        &mut self,
        account: &Account,
        theirs: &VerifiedBundle,
        intro: &HelloIntro,
        message: &Outgoing,
        now: UnixSeconds,
    ) -> Result<(SessionId, ReplyPath), SealError> {
        let state = match self.hello.take().filter(|hello| self.is_pending(hello, now)) {
            Some(state) => state,
            None => self.new_hello(account, theirs, intro, now)?,
        };
        let again = message.placed.is_some_and(|placed| Some(placed.stream) == self.stream);
        let sealed = state.sealed.saturating_add(u32::from(!again));
        if usize::try_from(sealed).unwrap_or(usize::MAX) > HELLOS_MAX {
            return Err(SealError::TooManyHellos);
        }
        let (session, reply) = (state.session, state.reply.clone());
        self.hello = Some(HelloState { sealed, ..state });
        Ok((session, reply))
    }

    fn is_pending(&self, hello: &HelloState, now: UnixSeconds) -> bool {
        hello.is_current(now) && self.sessions.find(hello.session).is_some_and(|kept| !kept.confirmed)
    }

    fn new_hello(
        &mut self,
        account: &Account,
        theirs: &VerifiedBundle,
        intro: &HelloIntro,
        now: UnixSeconds,
    ) -> Result<HelloState, SealError> {
        if intro.reply.stamps.len() > HELLO_STAMPS {
            return Err(SealError::TooManyStamps);
        }
        let body = &theirs.bundle().body;
        let session = self.sessions.begin(account, &body.olm_identity, &body.olm_fallback, now)?;
        Ok(HelloState { session, began: now, sealed: 0, reply: intro.reply.clone() })
    }

    /// A Content without stamps; draws the stream at the first, and a new offer when one is due.
    fn compose(&mut self, message: &Outgoing, now: UnixSeconds, rng: &mut impl CryptoRng) -> Content {
        let placed = self.place(message.placed, now.max(message.not_before), rng);
        Content {
            message_id: message.message_id,
            stream: placed.stream,
            number: placed.number,
            seen: self.seen(),
            sent_at: placed.sent_at,
            offer: Some(self.series.offer(day_of(now), rng)),
            gossip: message.gossip,
            reply: None,
            stamps: Vec::new(),
            kind: message.kind.clone(),
        }
    }

    fn place(&mut self, before: Option<Placed>, now: UnixSeconds, rng: &mut impl CryptoRng) -> Placed {
        let stream = *self.stream.get_or_insert_with(|| StreamId::random(rng));
        if let Some(placed) = before.filter(|placed| placed.stream == stream) {
            return placed;
        }
        let number = self.next_number;
        self.next_number = number.saturating_add(1);
        Placed { stream, number, sent_at: before.map_or(now, |placed| placed.sent_at) }
    }

    fn sealed(mut self, envelope: Envelope, content: &Content, stamps_used: usize) -> Sealed {
        let since = if self.unanswered.count == 0 { content.sent_at } else { self.unanswered.since };
        self.unanswered = Unanswered { count: self.unanswered.count.saturating_add(1), since };
        Sealed {
            envelope,
            message_id: content.message_id,
            placed: Placed { stream: content.stream, number: content.number, sent_at: content.sent_at },
            stamps_used,
            conversation: self,
        }
    }
}

/// `from fp ‖ to fp ‖ prekey id`: binds what is inside Olm to what is outside.
fn hello_prefix(conversation: &Conversation, theirs: &VerifiedBundle) -> [u8; HELLO_PREFIX_BYTES] {
    let parts = [
        conversation.mine.as_bytes().as_slice(),
        conversation.theirs.as_bytes().as_slice(),
        theirs.bundle().body.prekey_id.as_bytes().as_slice(),
    ];
    parts.concat().try_into().expect("32 + 32 + 8 bytes are the prefix")
}

fn check_length(kind: &Kind, most: usize) -> Result<(), SealError> {
    if !kind.is_well_formed() {
        return Err(SealError::BadKind);
    }
    if let Kind::Accept(reply) = kind
        && reply.stamps.len() > REFILL_STAMPS_MAX
    {
        return Err(SealError::TooManyStamps);
    }
    let bytes = kind.body().len();
    if bytes > most { Err(SealError::TooLong { bytes, most }) } else { Ok(()) }
}

/// The smallest size that holds the Content; a refill is given the room for its stamps.
fn inbox_size(content: &Content, spare_stamps: &[Stamp]) -> Result<EnvelopeSize, SealError> {
    let refill = matches!(content.kind, Kind::Refill);
    let stamps = if refill { spare_stamps.len().min(REFILL_STAMPS_MAX) } else { 0 };
    let bytes = content.to_bytes().len() + OLM_OVERHEAD_BYTES + stamps * STAMP_BYTES;
    EnvelopeSize::ALL
        .into_iter()
        .find(|size| bytes <= inbox_room(size.bytes()))
        .ok_or(SealError::TooLong { bytes: content.kind.body().len(), most: BODY_BYTES_MAX })
}

/// Puts stamps into what is left of `room`; says how many.
fn add_stamps(content: &mut Content, spare_stamps: &[Stamp], room: usize) -> usize {
    let left = room.saturating_sub(content.to_bytes().len() + OLM_OVERHEAD_BYTES);
    let count = spare_stamps.len().min(REFILL_STAMPS_MAX).min(left / STAMP_BYTES);
    content.stamps = spare_stamps.iter().take(count).copied().collect();
    count
}
