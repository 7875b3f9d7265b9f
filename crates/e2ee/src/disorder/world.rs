//! Two people, what is under way between them, and everything that may go wrong.

use super::rule::Rule;
use super::{Dice, Habits, Tally};
use crate::common::{Person, acquainted, rng, text_message, text_of};
use crate::{Content, Conversation, DoorstepOpened, OpenError, Opened};
use std::collections::BTreeMap;
use wire::{Envelope, UnixSeconds};

const DAY: u64 = 86_400;

/// One envelope from sealing to acknowledgement.
struct Letter {
    envelope: Envelope,
    text: String,
    /// The offer that it is sealed to; 0 for a HELLO.
    under: u32,
    /// The offer that rides in it.
    carries: u32,
    session: [u8; 32],
    at_relay: Option<u64>,
    confirmed: bool,
    opened: bool,
    acknowledged: bool,
}

pub(super) struct World {
    people: [Person; 2],
    rules: [Rule; 2],
    /// By sender, in the order of sealing.
    letters: [Vec<Letter>; 2],
    /// The seed of every offer that anybody ever made.
    seeds: [BTreeMap<u32, [u8; 32]>; 2],
    now: u64,
    dice: Dice,
    habits: Habits,
    pub(super) tally: Tally,
}

impl World {
    pub(super) fn new(seed: u64, habits: Habits) -> Self {
        let (alice, bob) = acquainted();
        let (now, mut rules) = (alice.now.0, [Rule::default(), Rule::default()]);
        // Alice's HELLO, and Bob's ACCEPT under the offer in it.
        rules[0].sealed(now);
        rules[1].sealed(now);
        rules[0].opened(1, now);
        let mut world = Self {
            people: [alice, bob],
            rules,
            letters: [Vec::new(), Vec::new()],
            seeds: Default::default(),
            now,
            dice: Dice(seed),
            habits,
            tally: Tally::default(),
        };
        (0..2).for_each(|who| world.check(who));
        world
    }

    pub(super) fn step(&mut self) {
        let who = self.dice.below(2);
        match self.dice.below(40) {
            0..14 => self.say(who),
            14..21 => self.deposit(who),
            21..35 => drop(self.deliver(who)),
            35..37 => self.collect(who),
            37..39 => self.wait(3_600),
            _ => self.days_go_by(),
        }
        self.check(0);
        self.check(1);
    }

    /// Seals and commits a text; or crashes in between, and then nothing happened.
    fn say(&mut self, who: usize) {
        let state = self.state(who);
        let open = self.letters[who].iter().filter(|letter| !letter.acknowledged).count();
        let newest = state.their_offer().unwrap();
        let older_first = self.letters[who].iter().any(|letter| !letter.confirmed && letter.under < newest);
        if open >= 32 || older_first {
            return;
        }
        let text = format!("{}", self.letters[who].len());
        let Some((envelope, next, under)) = self.seal(who, &text, newest) else { return };
        let mut rule = self.rules[who].clone();
        let carries = rule.sealed(self.now);
        if self.crashes() {
            return;
        }
        assert!(self.letters[who].iter().all(|letter| letter.under <= newest), "sealing went back");
        let session =
            if under == 0 { next.hello.as_ref().unwrap().session.0 } else { next.sending_session().unwrap() };
        self.commit(who, next, rule);
        self.tally.sealed += 1;
        self.letters[who].push(Letter {
            envelope,
            text,
            under,
            carries,
            session,
            at_relay: None,
            confirmed: false,
            opened: false,
            acknowledged: false,
        });
    }

    /// Under the newest offer; when that is too old, a HELLO (if one may still be sent).
    fn seal(&mut self, who: usize, text: &str, newest: u32) -> Option<(Envelope, Conversation, u32)> {
        let [me, other] = self.me_and_other(who);
        let (state, message) = (self.state(who), text_message(text));
        if state.can_use_inbox(me.today()) {
            let sealed = state.seal(&message, &[], other.inbox, me.now, &mut rng()).unwrap();
            return Some((sealed.envelope, sealed.conversation, newest));
        }
        if state.hellos_left(me.now) == 0 {
            return None;
        }
        let sealed = me.seal_hello(other, &message).unwrap();
        self.tally.hellos += 1;
        Some((sealed.envelope, sealed.conversation, 0))
    }

    /// What lacks its STORED leaves in the order of sealing, until the connection breaks: before the relay has the
    /// next one, or before its STORED is back. It then leaves again.
    fn deposit(&mut self, who: usize) {
        let now = self.now;
        for letter in self.letters[who].iter_mut().filter(|letter| !letter.confirmed) {
            if self.dice.below(8) == 0 {
                return;
            }
            letter.at_relay.get_or_insert(now);
            if self.dice.below(8) == 0 {
                return;
            }
            letter.confirmed = true;
        }
    }

    /// Delivers one envelope to `who`; says whether one was there and was dealt with.
    fn deliver(&mut self, who: usize) -> bool {
        let letters = &self.letters[1 - who];
        let here = |letter: &Letter| letter.at_relay.is_some() && !letter.acknowledged;
        let first_new = letters.iter().position(|letter| here(letter) && !letter.opened);
        let may = |at: usize| letters[at].opened || Some(at) == first_new || !self.habits.orderly_relay;
        let choices: Vec<usize> = (0..letters.len()).filter(|at| here(&letters[*at]) && may(*at)).collect();
        if choices.is_empty() {
            return false;
        }
        let at = choices[self.dice.below(choices.len())];
        self.receive(who, at)
    }

    fn receive(&mut self, who: usize, at: usize) -> bool {
        let result = self.open(who, &self.letters[1 - who][at]);
        let (letter, rule) = (&self.letters[1 - who][at], &self.rules[who]);
        let held = letter.under == 0 || rule.held.contains_key(&letter.under);
        let session_held = self.state(who).sessions.kept.iter().any(|kept| kept.id.0 == letter.session);
        match result {
            Ok(opened) => {
                assert!(!letter.opened && held, "letter {at} under {} opened", letter.under);
                self.take(who, at, opened)
            }
            Err(_) if letter.opened => {
                self.tally.repeats += 1;
                self.acknowledge(who, at)
            }
            Err(error) if held => {
                // Sessions that are not used for sending go after seven silent days.
                assert!(!session_held && self.habits.days > 7, "letter {at} under {}: {error}", letter.under);
                *self.tally.closed.entry(None).or_default() += 1;
                self.acknowledge(who, at)
            }
            Err(error) => {
                assert_eq!(error, OpenError::NoKey);
                let (_, why) = rule.gone[&letter.under];
                *self.tally.closed.entry(Some(why)).or_default() += 1;
                self.acknowledge(who, at)
            }
        }
    }

    /// Commits what was opened; or crashes in between, and then it comes again.
    fn take(&mut self, who: usize, at: usize, opened: Opened) -> bool {
        let Content { offer, .. } = &opened.content;
        let letter = &self.letters[1 - who][at];
        assert_eq!(text_of(&opened.content), letter.text);
        assert_eq!(offer.as_ref().unwrap().n, letter.carries);
        assert!(!opened.repeat);
        let mut rule = self.rules[who].clone();
        rule.opened(letter.under, self.now);
        if self.crashes() {
            return false;
        }
        self.commit(who, opened.conversation, rule);
        self.letters[1 - who][at].opened = true;
        self.tally.opened += 1;
        self.acknowledge(who, at)
    }

    /// An acknowledgement may be lost: the envelope is then delivered again.
    fn acknowledge(&mut self, who: usize, at: usize) -> bool {
        self.letters[1 - who][at].acknowledged = self.dice.below(3) > 0;
        true
    }

    /// COLLECT until DRAINED, unless the connection breaks or something crashes.
    fn collect(&mut self, who: usize) {
        let began = self.now;
        let waiting = self.letters[1 - who].iter();
        let waiting = waiting.filter(|letter| letter.at_relay.is_some() && !letter.acknowledged).count();
        for _ in 0..waiting {
            self.wait(1);
            if !self.deliver(who) || self.dice.below(12) == 0 {
                return;
            }
        }
        let undelivered =
            |letter: &Letter| letter.at_relay.is_some() && !letter.acknowledged && !letter.opened;
        if !self.letters[1 - who].iter().any(undelivered) {
            self.drained(who, began);
        }
    }

    fn drained(&mut self, who: usize, began: u64) {
        let mut rule = self.rules[who].clone();
        rule.drained(began, self.now);
        self.commit(who, self.state(who).drained(UnixSeconds(began), UnixSeconds(self.now)), rule);
    }

    /// Both clocks go on; each sweeps or does not, and the relay drops what lay for thirty days.
    fn days_go_by(&mut self) {
        let most = if self.dice.below(3) == 0 { self.habits.days } else { self.habits.days / 5 };
        let days = self.dice.below(most as usize + 1) as u64;
        self.set_clocks(self.now + days * DAY);
        for who in 0..2 {
            let now = self.now;
            let over = |letter: &&mut Letter| letter.at_relay.is_some_and(|at| now - at >= 30 * DAY);
            self.letters[who].iter_mut().filter(over).for_each(|letter| letter.acknowledged = true);
            if self.dice.below(3) > 0 {
                let mut rule = self.rules[who].clone();
                rule.swept(now);
                let swept = self.state(who).swept(&self.people[who].account, UnixSeconds(now));
                self.commit(who, swept, rule);
            }
        }
    }

    /// Everything is deposited, delivered and drained.
    pub(super) fn settle(&mut self) {
        for who in [0, 1] {
            while self.letters[who].iter().any(|letter| !letter.confirmed) {
                self.deposit(who);
            }
            for _ in 0..1_000 {
                if !self.letters[who].iter().any(|letter| !letter.acknowledged) {
                    break;
                }
                self.deliver(1 - who);
                self.check(1 - who);
            }
            assert!(self.letters[who].iter().all(|letter| letter.acknowledged), "everything was dealt with");
            self.set_clocks(self.now + 2);
            self.drained(1 - who, self.now);
            self.check(1 - who);
        }
        for (_, why) in self.rules.iter().flat_map(|rule| rule.gone.values()) {
            *self.tally.erased.entry(*why).or_default() += 1;
        }
    }

    /// What is held is what the rule says, and nothing of what went is left in the state.
    fn check(&mut self, who: usize) {
        let state = self.state(who);
        let secrets = &state.series.secrets;
        let held: Vec<u32> = secrets.iter().map(|secret| secret.n).collect();
        assert_eq!(held, self.rules[who].held.keys().copied().collect::<Vec<_>>());
        assert!(held.len() <= 3);
        for secret in secrets {
            self.seeds[who].insert(secret.n, *secret.seed.expose());
        }
        let snapshot = state.snapshot();
        for (n, seed) in self.seeds[who].iter().rev().take(6) {
            let present = snapshot.windows(32).any(|window| window == seed);
            assert_eq!(present, held.contains(n), "offer {n} in the state");
        }
        let read = self.letters[1 - who].iter().filter(|letter| letter.opened).map(|letter| letter.carries);
        assert_eq!(state.their_offer().unwrap(), read.max().unwrap_or(1), "the highest that came");
    }

    fn open(&self, who: usize, letter: &Letter) -> Result<Opened, OpenError> {
        let [me, other] = self.me_and_other(who);
        if letter.under > 0 {
            return me.try_read(other, &letter.envelope);
        }
        match me.try_doorstep(&letter.envelope)? {
            DoorstepOpened::Hello(hello) => Ok(hello.opened),
            other => panic!("not a HELLO: {other:?}"),
        }
    }

    fn commit(&mut self, who: usize, state: Conversation, rule: Rule) {
        self.rules[who] = rule;
        // As the vault does: bytes are written, and read again.
        self.people[who].commit(Conversation::restore(&state.snapshot()).unwrap());
    }

    fn wait(&mut self, seconds: usize) {
        let waited = self.dice.below(seconds + 1) as u64;
        self.set_clocks(self.now + waited);
    }

    fn set_clocks(&mut self, now: u64) {
        self.now = now;
        self.people.iter_mut().for_each(|person| person.now = UnixSeconds(now));
    }

    fn crashes(&mut self) -> bool {
        let crashed = self.dice.below(6) == 0;
        self.tally.crashes += usize::from(crashed);
        crashed
    }

    fn state(&self, who: usize) -> Conversation {
        self.people[who].conversation(&self.people[1 - who])
    }

    fn me_and_other(&self, who: usize) -> [&Person; 2] {
        [&self.people[who], &self.people[1 - who]]
    }
}
