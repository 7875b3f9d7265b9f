//! Damaged snapshots: what restores can be used, written and restored again.

use crate::features::Features;
use crate::random::Random;
use crate::tape::Tape;
use crate::world::{DOORSTEP, INBOX, NOW, TODAY, World, fingerprint, identity, text};
use e2ee::{Account, Conversation, Mint};

/// `which ‖ snapshot`.
pub fn run(input: &[u8]) -> Features {
    let mut features = Features::default();
    let mut tape = Tape::new(input);
    match tape.byte() % 3 {
        0 => account(tape.rest(), &mut features),
        1 => conversation(tape.rest(), &mut features),
        _ => mint(tape.rest(), &mut features),
    }
    features
}

fn account(bytes: &[u8], features: &mut Features) {
    let restored = Account::restore(bytes);
    features.outcome("account", &restored);
    let Ok(account) = restored else { return };
    let again = Account::restore(&account.snapshot());
    assert!(
        again.is_ok_and(|again| again.snapshot() == account.snapshot()),
        "an account changes when written"
    );
    let world = World::get();
    let next = account
        .rotate_prekey(&mut Random::seeded(6), TODAY)
        .rotate_fallback(TODAY)
        .published(TODAY)
        .swept(TODAY);
    drop(next.bundle(&identity(2), 2, TODAY, DOORSTEP));
    let opened = e2ee::open_doorstep(&account, &fingerprint(2), &world.hello, DOORSTEP, |_| None, NOW);
    features.outcome("account used", &opened);
}

fn conversation(bytes: &[u8], features: &mut Features) {
    let restored = Conversation::restore(bytes);
    features.outcome("conversation", &restored);
    let Ok(conversation) = restored else { return };
    assert!(*conversation.snapshot() == bytes, "a conversation has two encodings");
    let (world, random) = (World::get(), &mut Random::seeded(7));
    let [letter, _] = &world.letters;
    let opened = conversation.open(&world.bob, letter, INBOX, NOW);
    features.outcome("conversation opens", &opened);
    let sealed = conversation.seal(&text(9, "again"), &[], INBOX, NOW, random);
    features.outcome("conversation seals", &sealed);
    if let Ok(sealed) = sealed {
        drop(sealed.conversation.snapshot());
    }
    if let Ok(opened) = opened {
        drop(opened.conversation.snapshot());
    }
    drop(conversation.drained(NOW, NOW).put_right(NOW).swept(&world.bob, NOW).snapshot());
    features.note("inbox usable", conversation.can_use_inbox(TODAY));
    features.count("hellos left", conversation.hellos_left(NOW));
}

fn mint(bytes: &[u8], features: &mut Features) {
    let restored = Mint::restore(bytes);
    features.outcome("mint", &restored);
    let Ok(mint) = restored else { return };
    assert!(*mint.snapshot() == bytes, "a mint has two encodings");
    let (next, stamps) = mint.mint(4);
    features.note("mint used", (stamps.len(), next.wants_successor()));
    features.count("left", usize::try_from(next.left()).unwrap_or(usize::MAX));
    let [letter, _] = &World::get().letters;
    for stamp in &stamps {
        let auth = e2ee::authorise(stamp, &INBOX, letter);
        features.outcome("verified", &mint.verify(&auth, letter));
    }
    drop(next.next_generation(&mut Random::seeded(8)).snapshot());
}
