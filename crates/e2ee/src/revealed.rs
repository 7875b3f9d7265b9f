//! Secrets revealed: what a recorder can open who has some of them, computed rather than assumed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../crypto/tests/second/mod.rs"]
mod second;

use crate::account::SUPERSEDED_DAYS;
use crate::common::{Person, rng, text_message};
use crate::envelope::{Form, aad, info, open_from_doorstep, unpad};
use crate::hello::HelloBody;
use crate::session::Origin;
use crate::{Account, Conversation, olm};
use second::{SecondKey, with_half};
use vodozemac::olm::OlmMessage;
use wire::{Day, Envelope, IdentityFingerprint};

const NOBODY: IdentityFingerprint = IdentityFingerprint([0; 32]);

/// What a recorder has of one envelope, and the secrets around it.
struct Recorded {
    form: Form,
    outer: Outer,
    /// All that Olm holds of the recipient before the envelope is opened, and after.
    before: Olm,
    after: Olm,
    text: String,
}

/// HPKE as `spec/e2ee.md § Envelopes` has it.
struct Outer {
    seed: [u8; 32],
    psk: Vec<u8>,
    psk_id: Vec<u8>,
    info: Vec<u8>,
    aad: Vec<u8>,
    enc: [u8; 1120],
    ciphertext: Vec<u8>,
}

/// Account and sessions.
struct Olm {
    account: Account,
    conversation: Conversation,
}

/// The control is part of the proof: the same computation with the share of ML-KEM opens every envelope.
#[test]
fn every_classical_secret_of_both_sides_opens_nothing() {
    let stranger = SecondKey::from_seed(&[9; 32]);
    let (mut envelopes, mut attempts) = (0, 0);
    for recorded in conversation() {
        envelopes += 1;
        let Recorded { outer, before, text, .. } = &recorded;
        let key = SecondKey::from_seed(&outer.seed);
        let share = key.post_quantum_share(&outer.enc);
        let body = outer.open(&with_half(&share, &key.classical, &outer.enc), &outer.psk).unwrap();
        assert!(before.opens(recorded.form, &body, text), "with everything, {text} opens");

        // The X25519 half and all of Olm are known. What could stand for the share of ML-KEM?
        let guesses = [[0; 32], stranger.post_quantum_share(&outer.enc), key.classical];
        for guess in guesses {
            let shared = with_half(&guess, &key.classical, &outer.enc);
            for psk in [[].as_slice(), &[0; 32], &outer.psk] {
                assert_eq!(outer.open(&shared, psk), None, "{text}");
                attempts += 1;
            }
        }
        // An offer's psk travels inside the layer that stays closed: without it even both halves do not open.
        if recorded.form == Form::Inbox {
            let shared = with_half(&share, &key.classical, &outer.enc);
            assert_eq!(outer.open(&shared, &[]), None);
            assert_eq!(outer.open(&shared, &[0; 32]), None);
        }
    }
    println!(
        "promise P5: {envelopes} envelopes, {attempts} openings with all classical secrets of both sides, 0 open"
    );
}

#[test]
fn the_envelope_keys_and_psks_alone_open_the_outer_layer_and_leave_olm_closed() {
    let (mallory, trent) = (Person::new("mallory", 3), Person::new("trent", 4));
    let own = Olm { account: mallory.account.clone(), conversation: mallory.conversation(&trent) };
    for recorded in conversation() {
        let Recorded { outer, before, text, form, .. } = &recorded;
        let key = SecondKey::from_seed(&outer.seed);
        let body = outer.open(&key.decapsulate(&outer.enc), &outer.psk).unwrap();
        let inner = inner(*form, &body);
        assert_eq!(
            matches!(inner, OlmMessage::PreKey(_)),
            *form == Form::Hello,
            "the Olm message is in hand"
        );
        assert!(!contains(&body, text), "{text} is not in it");
        assert!(!own.opens(*form, &body, text));
        assert!(before.opens(*form, &body, text), "with the recipient's Olm, {text} opens");
    }
}

/// Every ratchet, and even the envelope keys that are long gone by then. A first flight has no ratchet yet: with
/// prekey and fallback key it opens until these have been erased (DESIGN § 9.2 gives the days).
#[test]
fn what_was_opened_opens_no_more_with_all_that_its_recipient_holds_then_but_a_first_flight() {
    let mut closed = 0;
    for recorded in conversation() {
        let Recorded { outer, after, text, form, .. } = recorded;
        let key = SecondKey::from_seed(&outer.seed);
        let body = outer.open(&key.decapsulate(&outer.enc), &outer.psk).unwrap();
        assert!(!after.opens(form, &body, &text), "{text}");
        // Whoever does not mind that a session was seen before begins it again.
        let (mine, theirs) = (*after.conversation.mine(), *after.conversation.theirs());
        let anew = Olm { account: after.account, conversation: Conversation::new(mine, theirs) };
        assert_eq!(anew.opens(form, &body, &text), form == Form::Hello, "{text}");
        let rotated =
            anew.account.rotate_fallback(Day(28)).published(Day(28)).swept(Day(28 + SUPERSEDED_DAYS));
        let anew = Olm { account: rotated, ..anew };
        assert!(!anew.opens(form, &body, &text), "{text}");
        closed += 1;
    }
    println!(
        "promise P5: {closed} envelopes opened before, 0 open with all that their recipient holds after"
    );
}

/// A first contact and two round trips, with a letter at the doorstep: the secrets of each at its time.
fn conversation() -> Vec<Recorded> {
    let (mut alice, mut bob) = Person::pair();
    let mut all = Vec::new();
    let hello = alice.hello(&bob, "word 0");
    all.push(receive(&mut bob, &alice, &hello, "word 0"));
    let accept = bob.accept(&alice);
    // An ACCEPT has no words, but it names an inbox.
    let inbox = String::from_utf8(bob.inbox.0.to_vec()).unwrap();
    all.push(receive(&mut alice, &bob, &accept, &inbox));
    for round in 0..2 {
        for (text, alices) in [("a", true), ("b", true), ("c", false)] {
            let text = format!("word {text}{round}");
            let (from, to) = if alices { (&mut alice, &mut bob) } else { (&mut bob, &mut alice) };
            let letter = from.say(to, &text);
            all.push(receive(to, from, &letter, &text));
        }
    }
    let message = text_message("word at the door");
    let sealed = alice.conversation(&bob);
    let sealed = sealed.seal_session_form(&bob.verified(), &message, &[], alice.now, &mut rng()).unwrap();
    all.push(receive(&mut bob, &alice, &sealed.envelope, "word at the door"));
    all
}

fn receive(me: &mut Person, from: &Person, envelope: &Envelope, text: &str) -> Recorded {
    let (form, outer) = record(me, from, envelope);
    let before = Olm { account: me.account.clone(), conversation: me.conversation(from) };
    match form {
        Form::Inbox => drop(me.read(from, envelope)),
        Form::Hello => drop(me.answer_door(envelope)),
        Form::Session => match me.try_doorstep(envelope).unwrap() {
            crate::DoorstepOpened::Session { opened, .. } => me.commit(opened.conversation),
            other => panic!("not a session form: {other:?}"),
        },
    }
    let after = Olm { account: me.account.clone(), conversation: me.conversation(from) };
    Recorded { form, outer, before, after, text: text.to_owned() }
}

/// Takes an envelope apart, and finds the secrets that belong to it.
fn record(me: &Person, from: &Person, envelope: &Envelope) -> (Form, Outer) {
    let bytes = envelope.as_bytes();
    let (form, header) = match bytes[1] {
        1 => (Form::Hello, 10),
        2 => (Form::Inbox, 2),
        _ => (Form::Session, 10),
    };
    let (header, rest) = bytes.split_at(header);
    let (enc, ciphertext) = rest.split_first_chunk::<1120>().unwrap();
    let outer = |seed: [u8; 32], psk: &[u8], psk_id: &[u8], sender: &IdentityFingerprint, sid| Outer {
        info: info(form, &me.me, sender, &SecondKey::from_seed(&seed).public()),
        aad: aad(header, sid, bytes.len()),
        seed,
        psk: psk.to_vec(),
        psk_id: psk_id.to_vec(),
        enc: *enc,
        ciphertext: ciphertext.to_vec(),
    };
    if form != Form::Inbox {
        assert!(open_from_doorstep(&me.account, &me.me, &me.doorstep, envelope).is_ok());
        let prekey = me.account.prekey_by_id(&wire::PrekeyId(header[2..].try_into().unwrap())).unwrap();
        return (form, outer(*prekey.seed.expose(), &[], &[], &NOBODY, &me.doorstep));
    }
    let state = me.conversation(from);
    let tried = state.series.to_try().map(|offer| {
        outer(*offer.seed.expose(), offer.psk.expose(), &offer.n.to_be_bytes(), &from.me, &me.inbox)
    });
    let opens = |outer: &Outer| {
        let shared = SecondKey::from_seed(&outer.seed).decapsulate(&outer.enc);
        outer.open(&shared, &outer.psk).is_some()
    };
    (form, tried.filter(opens).last().unwrap())
}

impl Outer {
    fn open(&self, shared: &[u8; 32], psk: &[u8]) -> Option<Vec<u8>> {
        let psk_id = if psk.is_empty() { &[] } else { self.psk_id.as_slice() };
        let padded = second::open(shared, &self.info, psk, psk_id, &self.aad, &self.ciphertext)?;
        Some(unpad(&padded).unwrap().to_vec())
    }
}

impl Olm {
    /// Whether the ratchets and the account open what the outer layer held, and find the text.
    fn opens(&self, form: Form, body: &[u8], text: &str) -> bool {
        let theirs = match form {
            Form::Hello => Some(HelloBody::from_bytes(body).unwrap().bundle.body.olm_identity),
            _ => self.conversation.their_bundle.map(|bundle| bundle.olm_identity),
        };
        let origin = Origin { account: &self.account, olm_identity: theirs.as_ref() };
        let mut sessions = self.conversation.sessions.clone();
        let opened = sessions.decrypt(&inner(form, body), origin, crate::common::START);
        opened.is_ok_and(|(_, plaintext)| contains(&plaintext, text))
    }
}

fn inner(form: Form, body: &[u8]) -> OlmMessage {
    match form {
        Form::Hello => {
            let message = HelloBody::from_bytes(body).unwrap().pre_key_message;
            OlmMessage::PreKey(olm::pre_key(&message).unwrap())
        }
        Form::Inbox => olm::from_bytes(body).unwrap(),
        Form::Session => OlmMessage::from_parts(1, &body[32..]).unwrap(),
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
