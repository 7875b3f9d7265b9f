//! Simultaneous first contact: every interleaving of up to eight steps of two people ends in one conversation.
//!
//! What a person holds depends on what they did and on what the envelopes that they opened depended on. Steps
//! are therefore kept as a graph in which each is taken once, however many interleavings lead over it; the
//! interleavings are counted along the way.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::*;
use e2ee::{Conversation, DoorstepOpened, HelloIntro, Kind, MessageId, Opened, Outgoing, VerifiedBundle};
use std::collections::{BTreeMap, BTreeSet};
use wire::Envelope;

const STEPS: usize = 8;
/// Interleavings of so many steps are brought to an end each; all of them with `OUBLIETTE_LONG`.
const ENDED: usize = 7;
const PEOPLE: [usize; 2] = [0, 1];

/// What somebody may do next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Step {
    /// Seals a text, the way that `client_core::route` would choose.
    Say,
    /// Seals the ACCEPT that a HELLO asks for.
    Accept,
    /// Receives the envelope that this step of the other sealed.
    Take(usize),
}

/// One person after one of their steps.
struct After {
    conversation: Conversation,
    /// HELLO or ACCEPT told where the other's inbox is, and brought stamps.
    knows_inbox: bool,
    accept: Accept,
    said: Vec<String>,
    heard: Vec<String>,
    /// What the step sealed.
    sealed: Option<(Form, Envelope)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Accept {
    NotAsked,
    Due,
    Sent,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Form {
    Hello,
    Inbox,
    Session,
}

/// Where both stand, and what is under way to each.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct World {
    at: [usize; 2],
    under_way: [Vec<usize>; 2],
}

/// Both people and every step that either ever took.
struct Story {
    people: [Person; 2],
    intros: [HelloIntro; 2],
    bundles: [VerifiedBundle; 2],
    steps: Vec<After>,
    known: BTreeMap<(usize, usize, Step), usize>,
    /// Ends that were looked at.
    ended: BTreeSet<World>,
}

#[test]
fn every_interleaving_of_eight_steps_ends_in_one_conversation() {
    let mut story = Story::new();
    // Alice begins; what Bob begins is the same with the names exchanged, and no choice depends on names.
    let begun = story.step(&World { at: PEOPLE, under_way: [Vec::new(), Vec::new()] }, 0, Step::Say);
    let mut worlds = BTreeMap::from([(begun, 1_u64)]);
    let ended = std::env::var_os("OUBLIETTE_LONG").map_or(ENDED, |_| STEPS);
    let (mut interleavings, mut states) = (0, 0);
    for steps in 1..=STEPS {
        interleavings += worlds.values().sum::<u64>();
        states += worlds.len();
        if steps <= ended {
            worlds.keys().for_each(|world| story.check_end(world));
        }
        if steps < STEPS {
            worlds = story.followers_of_all(&worlds);
        }
    }
    println!(
        "{interleavings} interleavings of up to {STEPS} steps that Alice begins (as many that Bob begins)"
    );
    println!("{states} states, {} ends, {} times sealed or opened", story.ended.len(), story.steps.len());
    assert_eq!(interleavings, 43_212);
    assert_eq!(story.forms().len(), 3, "HELLO, inbox and session form all occurred");
}

impl Story {
    fn new() -> Self {
        let (alice, bob) = Person::pair();
        let (intros, bundles) = ([alice.intro(), bob.intro()], [alice.verified(), bob.verified()]);
        let nothing = |one: &Person, other: &Person| After {
            conversation: one.conversation(other),
            knows_inbox: false,
            accept: Accept::NotAsked,
            said: Vec::new(),
            heard: Vec::new(),
            sealed: None,
        };
        let steps = vec![nothing(&alice, &bob), nothing(&bob, &alice)];
        let people = [alice, bob];
        Self { people, intros, bundles, steps, known: BTreeMap::new(), ended: BTreeSet::new() }
    }

    fn followers_of_all(&mut self, worlds: &BTreeMap<World, u64>) -> BTreeMap<World, u64> {
        let mut next: BTreeMap<World, u64> = BTreeMap::new();
        for (world, paths) in worlds {
            for follower in self.followers(world) {
                *next.entry(follower).or_default() += paths;
            }
        }
        next
    }

    fn followers(&mut self, world: &World) -> Vec<World> {
        let mut all = Vec::new();
        for who in PEOPLE {
            all.push(self.step(world, who, Step::Say));
            if self.steps[world.at[who]].accept == Accept::Due {
                all.push(self.step(world, who, Step::Accept));
            }
            for envelope in &world.under_way[who] {
                all.push(self.step(world, who, Step::Take(*envelope)));
            }
        }
        all
    }

    fn step(&mut self, world: &World, who: usize, step: Step) -> World {
        let key = (who, world.at[who], step);
        let after = match self.known.get(&key) {
            Some(after) => *after,
            None => {
                let after = self.take(who, &self.steps[world.at[who]], step);
                self.steps.push(after);
                self.known.insert(key, self.steps.len() - 1);
                self.steps.len() - 1
            }
        };
        let mut next = world.clone();
        next.at[who] = after;
        match step {
            Step::Take(envelope) => next.under_way[who].retain(|waiting| *waiting != envelope),
            Step::Say | Step::Accept => {
                next.under_way[1 - who].push(after);
                next.under_way[1 - who].sort_unstable();
            }
        }
        next
    }

    fn take(&self, who: usize, before: &After, step: Step) -> After {
        match step {
            Step::Say => self.seal(who, before, None),
            Step::Accept => self.seal(who, before, Some(self.people[who].reply_path(4))),
            Step::Take(envelope) => self.open(who, before, self.steps[envelope].sealed.as_ref().unwrap()),
        }
    }

    fn seal(&self, who: usize, before: &After, accept: Option<e2ee::ReplyPath>) -> After {
        let (me, other) = (&self.people[who], &self.people[1 - who]);
        let (bundle, state) = (&self.bundles[1 - who], &before.conversation);
        let mut said = before.said.clone();
        let asked = accept.is_some();
        let kind = accept.map_or_else(
            || {
                said.push(format!("{} {}", me.name, said.len() + 1));
                Kind::Text(said.last().unwrap().clone())
            },
            Kind::Accept,
        );
        let message = Outgoing::new(MessageId::random(&mut rng()), kind);
        let form = form_of(before);
        let sealed = match form {
            Form::Inbox => state.seal(&message, &[], other.inbox, START, &mut rng()),
            Form::Session => state.seal_session_form(bundle, &message, &[], START, &mut rng()),
            Form::Hello => {
                state.seal_hello(&me.account, bundle, &self.intros[who], &message, START, &mut rng())
            }
        };
        let sealed = sealed.unwrap();
        After {
            conversation: sealed.conversation,
            accept: if asked { Accept::Sent } else { before.accept },
            said,
            heard: before.heard.clone(),
            sealed: Some((form, sealed.envelope)),
            ..*before
        }
    }

    /// Every envelope opens when it comes, in whatever order.
    fn open(&self, who: usize, before: &After, (form, envelope): &(Form, Envelope)) -> After {
        let opened = self.try_open(who, before, *form, envelope).unwrap();
        assert!(!opened.repeat && !opened.new_stream);
        let mut heard = before.heard.clone();
        if let Kind::Text(text) = &opened.content.kind {
            heard.push(text.clone());
        }
        let tells_inbox = *form == Form::Hello || matches!(opened.content.kind, Kind::Accept(_));
        let asks = *form == Form::Hello && before.accept == Accept::NotAsked;
        After {
            conversation: opened.conversation,
            knows_inbox: before.knows_inbox || tells_inbox,
            accept: if asks { Accept::Due } else { before.accept },
            said: before.said.clone(),
            heard,
            sealed: None,
        }
    }

    fn try_open(
        &self,
        who: usize,
        before: &After,
        form: Form,
        envelope: &Envelope,
    ) -> Result<Opened, e2ee::OpenError> {
        let me = &self.people[who];
        let state = &before.conversation;
        if form == Form::Inbox {
            return state.open(&me.account, envelope, me.inbox, START);
        }
        let known = |_: &_| Some(state.clone());
        match e2ee::open_doorstep(&me.account, &me.me, envelope, me.doorstep, known, START)? {
            DoorstepOpened::Hello(hello) => Ok(hello.opened),
            DoorstepOpened::Session { opened, .. } => Ok(*opened),
            _ => panic!("a third kind of doorstep envelope"),
        }
    }

    /// Delivers the rest, lets each write once more, and looks at what they have.
    fn check_end(&mut self, world: &World) {
        let mut end = PEOPLE.into_iter().fold(world.clone(), |world, who| self.deliver(&world, who));
        for who in PEOPLE {
            if self.steps[end.at[who]].accept == Accept::Due {
                end = self.step(&end, who, Step::Accept);
                end = self.deliver(&end, 1 - who);
            }
        }
        if !self.ended.insert(end.clone()) {
            return;
        }
        let first = self.ended.len() % 2;
        for who in [first, 1 - first] {
            end = self.step(&end, who, Step::Say);
            end = self.deliver(&end, 1 - who);
        }
        let [one, other] = end.at.map(|at| &self.steps[at]);
        let session = one.conversation.sending_session();
        assert!(session.is_some() && session == other.conversation.sending_session(), "one sending session");
        for (from, to) in [(one, other), (other, one)] {
            let mut heard = to.heard.clone();
            heard.sort_unstable();
            assert_eq!(heard, from.said, "each text once");
            let sealed = from.said.len() + usize::from(from.accept == Accept::Sent);
            assert_eq!(to.conversation.seen().unwrap().through, sealed as u64, "no number is missing");
            assert!(from.conversation.offer_secrets() <= 3);
        }
        let answered = self.steps[end.at[first]].conversation.answered().unwrap().through;
        let sealed = self.steps[end.at[1 - first]].conversation.seen().unwrap().through;
        assert_eq!(answered, sealed, "the answer covers everything");
    }

    fn deliver(&mut self, world: &World, who: usize) -> World {
        let waiting = world.under_way[who].clone();
        waiting.iter().fold(world.clone(), |world, envelope| self.step(&world, who, Step::Take(*envelope)))
    }

    fn forms(&self) -> BTreeSet<Form> {
        self.steps.iter().filter_map(|step| step.sealed.as_ref().map(|(form, _)| *form)).collect()
    }
}

/// As `client_core::route::choose`, with stamps enough.
fn form_of(state: &After) -> Form {
    if state.knows_inbox && state.conversation.can_use_inbox(TODAY) {
        Form::Inbox
    } else if state.conversation.can_use_session_form() {
        Form::Session
    } else {
        Form::Hello
    }
}
