//! Changed envelopes: a recorded one with edits opens only if the edits change nothing, and failing changes nothing.

use crate::features::Features;
use crate::tape::Tape;
use crate::world::{DOORSTEP, INBOX, NOW, World, fingerprint};
use e2ee::{Conversation, OpenError};
use wire::{DepositId, Envelope, EnvelopeSize, IdentityFingerprint};

/// Edits of one input at most.
const EDITS_MAX: usize = 64;

/// Tries one envelope at Bob's inbox.
pub fn inbox(input: &[u8]) -> Features {
    let world = World::get();
    let [short, long] = &world.letters;
    let originals = [short, long, &world.hello, &world.session];
    let (base, envelope) = edited(input, &originals);
    let open = |sid: DepositId| world.bob_with_alice.open(&world.bob, &envelope, sid, NOW).map(drop);
    let is_letter = base < 2 && originals.get(base).is_some_and(|original| **original == envelope);
    assert!(open(DepositId([3; 16])).is_err(), "an envelope opens in another mailbox");
    judge(base, open(INBOX), is_letter)
}

/// Tries one envelope at Bob's doorstep, as a stranger's and as Alice's.
pub fn doorstep(input: &[u8]) -> Features {
    let world = World::get();
    let [short, _] = &world.letters;
    let originals = [&world.hello, &world.session, short];
    let (base, envelope) = edited(input, &originals);
    let knows_alice = input.len() % 2 == 1;
    let known = |who: &IdentityFingerprint| {
        (knows_alice && *who == fingerprint(1)).then(|| world.bob_with_alice.clone())
    };
    let opened = e2ee::open_doorstep(&world.bob, &fingerprint(2), &envelope, DOORSTEP, known, NOW).map(drop);
    // A HELLO opens for who does not know its session, the session form for who does.
    let opens = usize::from(knows_alice) == base;
    let may_open = opens && originals.get(base).is_some_and(|original| **original == envelope);
    judge(base, opened, may_open)
}

fn judge(base: usize, opened: Result<(), OpenError>, may_open: bool) -> Features {
    let mut features = Features::default();
    assert_eq!(opened.is_ok(), may_open, "{opened:?} of original {base}");
    assert!(nothing_changed(), "a failed open changed the state");
    features.outcome("opened", &opened);
    features.note("base", (base, opened.is_ok()));
    features
}

fn nothing_changed() -> bool {
    let world = World::get();
    let state =
        |conversation: &Conversation| (conversation.snapshot().to_vec(), world.bob.snapshot().to_vec());
    static BEFORE: std::sync::OnceLock<(Vec<u8>, Vec<u8>)> = std::sync::OnceLock::new();
    *BEFORE.get_or_init(|| state(&world.bob_with_alice)) == state(&world.bob_with_alice)
}

/// `which ‖ (place u16 ‖ xor u8)*`, or behind 0xff a whole envelope: `size ‖ bytes`, filled up with zeros.
fn edited(input: &[u8], originals: &[&Envelope]) -> (usize, Envelope) {
    let mut tape = Tape::new(input);
    let first = tape.byte();
    if first == 0xff {
        return (usize::MAX, raw(&mut tape));
    }
    let base = usize::from(first) % originals.len();
    let mut bytes = originals.get(base).map(|original| original.as_bytes().to_vec()).unwrap_or_default();
    for _ in 0..EDITS_MAX {
        let Some(high) = tape.step() else { break };
        let at = usize::from(u16::from_be_bytes([high, tape.byte()]));
        let change = tape.byte();
        let at = at % bytes.len();
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= change;
        }
    }
    (base, Envelope::new(bytes.into()).expect("an edit keeps the length"))
}

fn raw(tape: &mut Tape<'_>) -> Envelope {
    let [small, medium, large] = EnvelopeSize::ALL;
    let size = match tape.byte() % 3 {
        0 => small,
        1 => medium,
        _ => large,
    };
    let mut bytes = tape.bytes(size.bytes()).to_vec();
    bytes.resize(size.bytes(), 0);
    Envelope::new(bytes.into()).expect("the size is one of the three")
}
