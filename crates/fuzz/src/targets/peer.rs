//! A correspondent with a real session who says hostile things: numbers, kinds, offers, repeats, other orders.

use crate::features::Features;
use crate::random::Random;
use crate::tape::Tape;
use crate::world::{ALICE_INBOX, INBOX, NOW, World};
use e2ee::{Conversation, Kind, MessageId, Outgoing, Placed, StreamId};
use wire::{Envelope, UnixSeconds};

/// Operations of one script at most: each seals or opens.
const OPERATIONS_MAX: usize = 24;
/// A snapshot of one conversation stays below this, whatever the other side says.
const SNAPSHOT_BYTES_MAX: usize = 256 * 1024;

/// Tries one script.
pub fn run(input: &[u8]) -> Features {
    let world = World::get();
    let mut play = Play {
        tape: Tape::new(input),
        alice: world.alice_with_bob.clone(),
        bob: world.bob_with_alice.clone(),
        on_the_way: Vec::new(),
        now: NOW,
        random: Random::seeded(5),
        features: Features::default(),
    };
    for _ in 0..OPERATIONS_MAX {
        let Some(operation) = play.tape.step() else { break };
        play.step(operation);
    }
    play.features
}

struct Play<'a> {
    tape: Tape<'a>,
    alice: Conversation,
    bob: Conversation,
    on_the_way: Vec<Envelope>,
    now: UnixSeconds,
    random: Random,
    features: Features,
}

impl Play<'_> {
    fn step(&mut self, operation: u8) {
        match operation % 6 {
            0 | 1 => self.alice_seals(),
            2 | 3 => self.bob_opens(),
            4 => self.bob_answers(),
            _ => self.time_passes(),
        }
        self.features.note("operation", operation % 6);
    }

    fn alice_seals(&mut self) {
        let message = self.message();
        let sealed = self.alice.seal(&message, &[], INBOX, self.now, &mut self.random);
        self.features.outcome("seal", &sealed);
        if let Ok(sealed) = sealed {
            self.on_the_way.push(sealed.envelope);
            self.alice = sealed.conversation;
        }
    }

    /// Any of those on the way, also again: what it does not open changes nothing, what it opens stays small.
    fn bob_opens(&mut self) {
        let at = usize::from(self.tape.byte()) % self.on_the_way.len().max(1);
        let Some(envelope) = self.on_the_way.get(at) else { return };
        let before = self.bob.snapshot();
        let opened = self.bob.open(&World::get().bob, envelope, INBOX, self.now);
        assert!(before == self.bob.snapshot(), "opening changed the state in place");
        self.features.outcome("open", &opened);
        let Ok(opened) = opened else { return };
        self.features.note("opened", (opened.repeat, opened.gaps.len(), opened.new_stream));
        let gaps_are_sane = opened.gaps.iter().all(|gap| gap.start() <= gap.end());
        assert!(gaps_are_sane && opened.gaps.len() <= 1, "{:?}", opened.gaps);
        for gap in &opened.gaps {
            self.features.note("gap", (gap.start().ilog2(), gap.end().ilog2()));
        }
        let after = opened.conversation.snapshot();
        self.features.count("state in half kilobytes", after.len() / 512);
        assert!(after.len() < SNAPSHOT_BYTES_MAX, "{} bytes of state", after.len());
        assert!(
            Conversation::restore(&after).is_ok_and(|again| again.snapshot() == after),
            "what is kept is lost"
        );
        self.bob = opened.conversation;
    }

    fn bob_answers(&mut self) {
        let message = self.message();
        let sealed = self.bob.seal(&message, &[], ALICE_INBOX, self.now, &mut self.random);
        self.features.outcome("answer", &sealed);
        let Ok(sealed) = sealed else { return };
        self.bob = sealed.conversation;
        let opened = self.alice.open(&World::get().alice, &sealed.envelope, ALICE_INBOX, self.now);
        self.features.outcome("answer opened", &opened);
        if let Ok(opened) = opened {
            self.alice = opened.conversation;
        }
    }

    fn time_passes(&mut self) {
        let days = u64::from(self.tape.byte() % 8);
        self.now = UnixSeconds(self.now.0 + days * 86_400);
        self.bob = match self.tape.byte() % 3 {
            0 => self.bob.drained(self.now, self.now),
            1 => self.bob.swept(&World::get().bob, self.now),
            _ => return,
        };
    }

    fn message(&mut self) -> Outgoing {
        let id = MessageId([self.tape.byte(); 16]);
        let kind = match self.tape.byte() {
            0 => Kind::Refill,
            kind @ 1..=200 => {
                let body = self.tape.bytes(usize::from(kind)).to_vec();
                Kind::from_parts(kind, &body).unwrap_or(Kind::Unknown { kind, body })
            }
            many => Kind::Text("x".repeat(usize::from(many) * 16)),
        };
        match self.tape.byte() {
            0..128 => Outgoing::new(id, kind),
            other => Outgoing::again(id, kind, self.placed(other)),
        }
    }

    /// Numbers near the ends of their range, where sums would overflow.
    fn placed(&mut self, choice: u8) -> Placed {
        let near = u64::from(self.tape.byte());
        let number = match choice % 4 {
            0 => near,
            1 => (1 << 48) - near,
            2 => near << 40,
            _ => u64::MAX - near,
        };
        let stream = self.alice.stream().filter(|_| choice < 192).unwrap_or(StreamId([choice; 8]));
        Placed { stream, number, sent_at: UnixSeconds(number) }
    }
}
