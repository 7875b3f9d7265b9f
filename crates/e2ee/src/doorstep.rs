//! Opening at the doorstep: what a stranger left, and the session form of a friend without stamps.

use crate::bundle::BundleError;
use crate::conversation::{TheirBundle, day_of};
use crate::envelope::{Form, FromDoorstep, open_from_doorstep};
use crate::hello::HelloBody;
use crate::open::{OpenError, Opened, Stream};
use crate::session::Origin;
use crate::sizes::HELLO_PREFIX_BYTES;
use crate::{Account, Content, Conversation, HelloIntro, olm};
use crypto::PublicIdentity;
use vodozemac::olm::OlmMessage;
use wire::limits::{DOORSTEP_DAYS_MAX, GREETING_BYTES_MAX, HELLO_STAMPS};
use wire::{DepositId, Envelope, IdentityFingerprint, UnixSeconds};

/// What a doorstep's envelope held.
#[derive(Debug)]
#[non_exhaustive]
pub enum DoorstepOpened {
    /// A first message, shown to people as a request.
    Hello(Box<OpenedHello>),
    /// A message of an existing conversation, whose sender had no stamps.
    Session {
        /// From whom.
        from: IdentityFingerprint,
        /// What.
        opened: Box<Opened>,
    },
}

/// A HELLO whose signatures, keys and bindings hold. Whether the *name* is theirs is for the ledger to say.
#[derive(Debug)]
pub struct OpenedHello {
    /// From whom.
    pub from: IdentityFingerprint,
    /// Their identity.
    pub identity: PublicIdentity,
    /// How they introduce themselves; `intro.reply` says where to answer.
    pub intro: HelloIntro,
    /// What they say.
    pub opened: Opened,
}

/// Opens an envelope from my doorstep.
///
/// `known` gives the conversation with an identity, if there is one: a HELLO continues it, and the session
/// form needs it. No request is made and nothing is sent because of what is found.
pub fn open_doorstep(
    account: &Account,
    mine: &IdentityFingerprint,
    envelope: &Envelope,
    doorstep: DepositId,
    known: impl Fn(&IdentityFingerprint) -> Option<Conversation>,
    now: UnixSeconds,
) -> Result<DoorstepOpened, OpenError> {
    let found = open_from_doorstep(account, mine, &doorstep, envelope)?;
    match found.form {
        Form::Hello => {
            let hello = open_hello(account, mine, &found, known, now)?;
            Ok(DoorstepOpened::Hello(Box::new(hello)))
        }
        Form::Session => open_session_form(account, &found, known, now),
        Form::Inbox => Err(OpenError::Form),
    }
}

fn open_hello(
    account: &Account,
    mine: &IdentityFingerprint,
    found: &FromDoorstep,
    known: impl Fn(&IdentityFingerprint) -> Option<Conversation>,
    now: UnixSeconds,
) -> Result<OpenedHello, OpenError> {
    let body = HelloBody::from_bytes(&found.body)?;
    let identity = body.identity()?;
    check_expiry(&body, now)?;
    let from = IdentityFingerprint(identity.fingerprint());
    let mut next = known(&from).unwrap_or_else(|| Conversation::new(*mine, from));
    let stream = next.note_their_bundle(&body);
    let first = OlmMessage::PreKey(olm::pre_key(&body.pre_key_message)?);
    let origin = Origin { account, olm_identity: Some(&body.bundle.body.olm_identity) };
    check_olm_identity(&first, &body)?;
    let (session, plaintext) = next.sessions.decrypt(&first, origin, now)?;
    let content = check_prefix(&plaintext, &from, mine, found)?;
    let content = Content::from_bytes(content)?;
    let reply = content.reply.clone().ok_or(OpenError::Mismatch)?;
    let offered = content.offer.is_some() && reply.stamps.len() <= HELLO_STAMPS;
    let short = content.kind.body().len() <= GREETING_BYTES_MAX;
    if !offered || !short || reply.server_id != body.record.server_id {
        return Err(OpenError::Mismatch);
    }
    let opened = next.take(content, session, stream);
    Ok(OpenedHello { from, identity, intro: body.intro(reply), opened })
}

fn open_session_form(
    account: &Account,
    found: &FromDoorstep,
    known: impl Fn(&IdentityFingerprint) -> Option<Conversation>,
    now: UnixSeconds,
) -> Result<DoorstepOpened, OpenError> {
    let (from, message) = found.body.split_first_chunk::<32>().ok_or(OpenError::Body)?;
    let from = IdentityFingerprint(*from);
    let mut next = known(&from).ok_or(OpenError::UnknownSender)?;
    let message = olm::normal(message)?;
    let origin = Origin { account, olm_identity: None };
    let (session, plaintext) = next.sessions.decrypt(&message, origin, now)?;
    let content = Content::from_bytes(&plaintext)?;
    let opened = Box::new(next.take(content, session, Stream::Continues));
    Ok(DoorstepOpened::Session { from, opened })
}

/// A bundle may run out while the HELLO lies at the doorstep.
fn check_expiry(body: &HelloBody, now: UnixSeconds) -> Result<(), OpenError> {
    let last = body.bundle.body.not_after.0.saturating_add(DOORSTEP_DAYS_MAX);
    if day_of(now).0 > last { Err(BundleError::Expired.into()) } else { Ok(()) }
}

fn check_olm_identity(first: &OlmMessage, body: &HelloBody) -> Result<(), OpenError> {
    let OlmMessage::PreKey(first) = first else { return Err(OpenError::Body) };
    let same = first.identity_key().as_bytes() == body.bundle.body.olm_identity.as_bytes();
    if same { Ok(()) } else { Err(OpenError::OtherOlmIdentity) }
}

/// From, to and prekey id inside Olm are those outside; gives what follows them.
fn check_prefix<'a>(
    plaintext: &'a [u8],
    from: &IdentityFingerprint,
    to: &IdentityFingerprint,
    found: &FromDoorstep,
) -> Result<&'a [u8], OpenError> {
    let (prefix, content) = plaintext.split_first_chunk::<HELLO_PREFIX_BYTES>().ok_or(OpenError::Body)?;
    let expected =
        [from.as_bytes().as_slice(), to.as_bytes().as_slice(), found.prekey_id.as_bytes()].concat();
    if prefix.as_slice() == expected { Ok(content) } else { Err(OpenError::Mismatch) }
}

impl Conversation {
    /// Remembers the bundle of a HELLO unless a newer one is known; says what its stream may do.
    fn note_their_bundle(&mut self, body: &HelloBody) -> Stream {
        let new =
            TheirBundle { counter: body.bundle.body.counter, olm_identity: body.bundle.body.olm_identity };
        match self.their_bundle {
            Some(known) if new.counter < known.counter && new.olm_identity != known.olm_identity => {
                Stream::IsStale
            }
            Some(known) if new.counter < known.counter => Stream::MayBegin,
            _ => {
                self.their_bundle = Some(new);
                Stream::MayBegin
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::common::{Person, TODAY, rng};
    use crate::envelope::seal_to_prekey;
    use wire::Day;

    /// Whoever knows what a HELLO holds may seal it again, but not under another prekey.
    #[test]
    fn a_hello_sealed_again_under_another_prekey_is_refused() {
        let (mut alice, mut bob) = Person::pair();
        let hello = alice.hello(&bob, "for this prekey");
        let found = open_from_doorstep(&bob.account, &bob.me, &bob.doorstep, &hello).unwrap();
        bob.account = bob.account.rotate_prekey(&mut rng(), Day(TODAY.0 + 7));
        let again = seal_to_prekey(Form::Hello, &bob.bundle(), &found.body, &mut rng()).unwrap();
        assert_eq!(bob.try_doorstep(&again).unwrap_err(), OpenError::Mismatch);
        assert!(bob.try_doorstep(&hello).is_ok());
    }

    /// A HELLO's body under form 3 is not a session form, and the other way round.
    #[test]
    fn a_body_under_another_form_is_refused() {
        let (mut alice, bob) = Person::pair();
        let hello = alice.hello(&bob, "x");
        let found = open_from_doorstep(&bob.account, &bob.me, &bob.doorstep, &hello).unwrap();
        let again = seal_to_prekey(Form::Session, &bob.bundle(), &found.body, &mut rng()).unwrap();
        assert_eq!(bob.try_doorstep(&again).unwrap_err(), OpenError::UnknownSender);
    }

    /// The Olm message of Alice's HELLO inside an introduction of Carol.
    #[test]
    fn a_stolen_olm_message_does_not_introduce_another() {
        let (mut alice, bob) = Person::pair();
        let carol = Person::new("carol", 3);
        let hello = alice.hello(&bob, "x");
        let found = open_from_doorstep(&bob.account, &bob.me, &bob.doorstep, &hello).unwrap();
        let stolen = HelloBody::from_bytes(&found.body).unwrap().pre_key_message;
        let body = carol.intro().body(&stolen);
        let again = seal_to_prekey(Form::Hello, &bob.bundle(), &body, &mut rng()).unwrap();
        assert_eq!(bob.try_doorstep(&again).unwrap_err(), OpenError::OtherOlmIdentity);

        // Even with a bundle of hers that claims Alice's Olm identity, the names inside Olm contradict her.
        let mut intro = carol.intro();
        intro.bundle.body.olm_identity = alice.account.olm_identity();
        let signature = carol.identity.sign(crypto::Label::BUNDLE, &wire::Wire::to_bytes(&intro.bundle.body));
        intro.bundle.signature = wire::Signature(signature.to_bytes());
        let again = seal_to_prekey(Form::Hello, &bob.bundle(), &intro.body(&stolen), &mut rng()).unwrap();
        assert_eq!(bob.try_doorstep(&again).unwrap_err(), OpenError::Mismatch);
    }

    /// What is inside comes from a stranger too: every broken body is an error, never a panic.
    #[test]
    fn a_broken_body_behind_a_good_seal_is_refused() {
        let (mut alice, bob) = Person::pair();
        let hello = alice.hello(&bob, "x");
        let found = open_from_doorstep(&bob.account, &bob.me, &bob.doorstep, &hello).unwrap();
        let open = |body: &[u8]| {
            let again = seal_to_prekey(Form::Hello, &bob.bundle(), body, &mut rng()).unwrap();
            bob.try_doorstep(&again).map(|_| ())
        };
        // Commitment nonce and leaf index, which only the ledger can judge.
        let unsigned = 5_463..5_487;
        let places = (0..found.body.len()).filter(|at| at % 97 == 0 || *at < 12);
        for at in places.filter(|at| !unsigned.contains(at)) {
            let mut body = found.body.to_vec();
            body[at] ^= 0x40;
            assert!(open(&body).is_err(), "byte {at}");
            assert!(open(&found.body[..at]).is_err(), "cut at {at}");
        }
        let mut longer = found.body.to_vec();
        longer.push(0);
        assert_eq!(open(&longer), Err(OpenError::Body));
    }
}
