//! Hostile bytes behind a good seal: whoever knows a prekey or an offer can seal anything to it.

use crate::features::Features;
use crate::random::Random;
use crate::tape::Tape;
use crate::world::{BobsOffer, DOORSTEP, INBOX, NOW, World, aad_of_size, bundle, fingerprint, info};
use e2ee::DoorstepOpened;
use std::sync::OnceLock;
use wire::{Envelope, IdentityFingerprint, PrekeyBundle};

const ENC_AND_TAG_BYTES: usize = 1120 + 16;
const SMALL: usize = 4 * 1024;
const MEDIUM: usize = 16 * 1024;

/// `flags ‖ body`: sealed to Bob's prekey as a HELLO or a session form.
pub fn doorstep(input: &[u8]) -> Features {
    let world = World::get();
    let mut tape = Tape::new(input);
    let flags = tape.byte();
    let form = if flags & 1 == 0 { 1 } else { 3 };
    let envelope = seal_to_prekey(form, flags & 2 != 0, tape.rest());
    let known = |who: &IdentityFingerprint| {
        (flags & 4 != 0 && *who == fingerprint(1)).then(|| world.bob_with_alice.clone())
    };
    let opened = e2ee::open_doorstep(&world.bob, &fingerprint(2), &envelope, DOORSTEP, known, NOW);
    let mut features = Features::default();
    features.outcome("opened", &opened);
    if let Ok(DoorstepOpened::Hello(hello)) = &opened {
        assert_eq!(hello.from, fingerprint(1), "a HELLO of somebody who never wrote");
    }
    features.note("form", (form, opened.is_ok()));
    features
}

/// `flags ‖ body`: sealed to Bob's offer; the body is an Olm message.
pub fn inbox(input: &[u8]) -> Features {
    let world = World::get();
    let mut tape = Tape::new(input);
    let dirty = tape.byte() & 2 != 0;
    let envelope = seal_to_offer(dirty, tape.rest());
    let before = world.bob_with_alice.snapshot();
    let opened = world.bob_with_alice.open(&world.bob, &envelope, INBOX, NOW);
    assert!(before == world.bob_with_alice.snapshot(), "opening changed the state in place");
    let mut features = Features::default();
    features.outcome("opened", &opened);
    features
}

fn seal_to_prekey(form: u8, dirty: bool, body: &[u8]) -> Envelope {
    static BUNDLE: OnceLock<PrekeyBundle> = OnceLock::new();
    let to = &BUNDLE.get_or_init(|| bundle(&World::get().bob, 2, DOORSTEP)).body;
    let header = [&[1, form], to.prekey_id.as_bytes().as_slice()].concat();
    let info = info(form, &to.identity, &IdentityFingerprint([0; 32]), to.prekey.as_bytes());
    let aad = aad_of_size(&header, &DOORSTEP, MEDIUM);
    let padded = pad(body, MEDIUM - header.len() - ENC_AND_TAG_BYTES, dirty);
    let sealed = crypto::seal_base(to.prekey.as_bytes(), &info, &aad, &padded, &mut Random::seeded(3));
    assemble(&header, &sealed.expect("Bob's prekey is a key"))
}

fn seal_to_offer(dirty: bool, body: &[u8]) -> Envelope {
    static OFFER: OnceLock<BobsOffer> = OnceLock::new();
    let offer = OFFER.get_or_init(|| BobsOffer::find(World::get()));
    let key = offer.secret.public();
    let size = if body.len() + 2 + 2 + ENC_AND_TAG_BYTES <= SMALL { SMALL } else { MEDIUM };
    let header = [1, 2];
    let info = info(2, &fingerprint(2), &fingerprint(1), &key);
    let aad = aad_of_size(&header, &INBOX, size);
    let padded = pad(body, size - header.len() - ENC_AND_TAG_BYTES, dirty);
    let (psk_id, random) = (offer.n.to_be_bytes(), &mut Random::seeded(4));
    let sealed = crypto::seal_psk(&key, &offer.psk, &psk_id, &info, &aad, &padded, random);
    assemble(&header, &sealed.expect("Bob's offer is a key"))
}

/// `len u16 ‖ body ‖ zeros`; a dirty one says a wrong length or hides something in the zeros.
fn pad(body: &[u8], room: usize, dirty: bool) -> Vec<u8> {
    let body = body.get(..body.len().min(room - 2)).unwrap_or_default();
    let len = u16::try_from(body.len()).unwrap_or(u16::MAX);
    let said = if dirty { len ^ u16::from(body.last().copied().unwrap_or(1)) << 8 } else { len };
    let mut padded = [said.to_be_bytes().as_slice(), body].concat();
    padded.resize(room, 0);
    padded
}

fn assemble(header: &[u8], sealed: &crypto::Sealed) -> Envelope {
    let bytes = [header, &sealed.enc, &sealed.ciphertext].concat();
    Envelope::new(bytes.into()).expect("the padding fills the envelope")
}
