//! [`simulate`]: one run, from its seed to its verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use client::{ClientError, Contact};
use wire::ShortFingerprint;

use crate::book::Book;
use crate::checks;
use crate::faults::Faults;
use crate::meetings::Meeting;
use crate::net::Net;
use crate::person::{Person, Tried};
use crate::random::Random;
use crate::second::SecondDone;
use crate::tally::Tally;
use crate::world::SharedNet;

const NAMES: [&str; 5] = ["ann", "ben", "cleo", "dan", "eve"];
/// How often somebody tries to join while luck is bad.
const JOIN_TRIES: u32 = 12;
/// Rounds after which everything must have arrived.
const ROUNDS_MAX: u32 = 14;
/// Rounds that are needed to see that nothing moves any more.
const ROUNDS_MIN: u32 = 3;

/// What a run is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scenario {
    /// Two to five.
    pub people: usize,
    /// One or two.
    pub relays: usize,
    /// Operations before the end begins.
    pub steps: u32,
    /// Which bad luck there is.
    pub faults: Faults,
}

impl Scenario {
    /// The scenario that a seed draws by itself.
    pub fn of(seed: u64) -> Self {
        let mut random = Random::of(seed, 9);
        let people = 2 + usize::try_from(random.below(4)).unwrap_or(0);
        let relays = 1 + usize::try_from(random.below(2)).unwrap_or(0);
        let steps = 40 + u32::try_from(random.below(120)).unwrap_or(0);
        Self { people, relays, steps, faults: Faults::drawn_by(seed) }
    }
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// What replays it.
    pub seed: u64,
    /// What it was made of.
    pub scenario: Scenario,
    /// What happened, counted.
    pub tally: Tally,
    /// Broken promises; empty when all is well.
    pub broken: Vec<String>,
    /// What happened, told.
    pub trace: Vec<String>,
}

/// A run under way.
pub(crate) struct Run {
    pub(crate) seed: u64,
    pub(crate) scenario: Scenario,
    pub(crate) net: SharedNet,
    pub(crate) people: Vec<Person>,
    pub(crate) book: Book,
    /// Who does what.
    pub(crate) random: Random,
    /// Who says what beside texts, and meets whom.
    pub(crate) more: Random,
    pub(crate) meetings: Vec<Meeting>,
    /// Whom somebody was paired with, as he was told.
    pub(crate) paired: Vec<(usize, Contact)>,
    /// Who dies when.
    pub(crate) deaths: Random,
    pub(crate) trace: Vec<String>,
    pub(crate) folder: PathBuf,
    /// Whether anybody, or a relay, was restored from a copy.
    pub(crate) rolled_back: bool,
    /// Whether all were away for so long that relays closed their mailboxes.
    pub(crate) was_away: bool,
    /// Who was: whoever forgets what was shown is shown it again.
    pub(crate) forgetful: BTreeSet<usize>,
    /// Who has to add whom again, once his relay is there.
    pub(crate) to_add: BTreeSet<(usize, usize)>,
    /// Of whose vault there is a copy that may come back: when it was made, and whom it knows.
    pub(crate) copies: BTreeMap<usize, (u64, BTreeSet<String>)>,
    /// Who was told that another copy counts, and must decide.
    pub(crate) told_of_copy: BTreeSet<usize>,
    /// Who decided since his vault, or a relay, last went back.
    pub(crate) renewed: BTreeSet<usize>,
    /// Whether a second process may be at work in this step.
    pub(crate) second_is_about: bool,
    /// What second processes did in this step.
    pub(crate) second_done: Arc<Mutex<Vec<SecondDone>>>,
}

/// Runs one seed. The files of its people live in a folder that goes with it.
pub fn simulate(seed: u64, scenario: &Scenario) -> Report {
    let folder = match folder() {
        Ok(folder) => folder,
        Err(error) => return failed(seed, scenario, format!("no folder for the vaults: {error}")),
    };
    let net = SharedNet::new(Net::new(seed, scenario.relays, scenario.faults));
    let mut run = Run {
        seed,
        scenario: *scenario,
        people: Vec::new(),
        book: Book::new(scenario.people),
        random: Random::of(seed, 3),
        more: Random::of(seed, 6),
        meetings: Vec::new(),
        paired: Vec::new(),
        deaths: Random::of(seed, 4),
        trace: Vec::new(),
        folder: folder.path().to_owned(),
        rolled_back: false,
        was_away: false,
        forgetful: BTreeSet::new(),
        to_add: BTreeSet::new(),
        copies: BTreeMap::new(),
        told_of_copy: BTreeSet::new(),
        renewed: BTreeSet::new(),
        second_is_about: false,
        second_done: Arc::default(),
        net,
    };
    run.begin();
    for step in 0..scenario.steps {
        run.step(step);
        if run.is_broken() {
            break;
        }
    }
    if !run.is_broken() {
        run.end();
    }
    run.report()
}

/// In memory where the system has a folder for that: the vaults sync after every step.
fn folder() -> std::io::Result<tempfile::TempDir> {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())
}

fn failed(seed: u64, scenario: &Scenario, what: String) -> Report {
    let (tally, trace) = (Tally::default(), Vec::new());
    Report { seed, scenario: *scenario, tally, broken: vec![what], trace }
}

impl Run {
    /// Everybody joins, however often it takes.
    fn begin(&mut self) {
        let relays: Vec<_> =
            self.net.lock().relays.iter().map(|relay| (relay.at.clone(), relay.server_id)).collect();
        for (place, name) in NAMES.iter().take(self.scenario.people).enumerate() {
            let Some((home, server)) = relays.get(place % relays.len().max(1)) else { continue };
            let seed = self.seed ^ (place as u64 + 1) << 32;
            let mut person = Person::new(name, &self.folder, home.clone(), &self.net, seed);
            self.join(&mut person, ShortFingerprint::from_full(&server.0));
            person.drained_at = self.clock();
            self.people.push(person);
        }
    }

    fn join(&mut self, person: &mut Person, server: ShortFingerprint) {
        for attempt in 0..=JOIN_TRIES {
            let last = attempt == JOIN_TRIES;
            let points = if last { None } else { self.death(300) };
            let was_bad = std::mem::replace(&mut self.net.lock().luck.is_bad, !last);
            let tried = person.join(server, points);
            self.net.lock().luck.is_bad = was_bad;
            match tried {
                Tried::Done(()) => return self.tell(format!("{} joined", person.name)),
                Tried::Died => self.note_death(person.name.as_str(), "joining"),
                Tried::Failed(error) => self.judge(person.name.as_str(), "joining", &error),
            }
        }
        self.broken(format!("{} cannot join", person.name));
    }

    /// Luck turns; everybody does what people do until nothing moves; then each writes to each once more.
    fn end(&mut self) {
        self.tell("-- luck turns --".to_owned());
        {
            let mut net = self.net.lock();
            net.luck.is_bad = false;
            net.deliver_late();
            net.relays.iter_mut().for_each(|relay| relay.down_until = 0);
        }
        for person in &self.people {
            person.set_skew(0);
        }
        self.settle("the end");
        // What was never answered is said again after a fortnight.
        let days = if self.somebody_waits() { 16 } else { 0 };
        self.days_go_by(days);
        self.settle("the end of waiting");
        if self.is_broken() {
            return;
        }
        self.quiet_days();
        self.probe();
        self.settle("the last messages");
        if !self.is_broken() {
            checks::check(self);
        }
    }

    /// In some runs nobody writes for a while, and everybody looks in now and then.
    fn quiet_days(&mut self) {
        let days = match self.random.below(4) {
            0 => 9,
            1 => 32,
            _ => 0,
        };
        self.days_go_by(days);
    }

    fn days_go_by(&mut self, days: u64) {
        for _ in 0..days.div_ceil(3) {
            self.net.lock().pass(3 * 86_400);
            for who in 0..self.people.len() {
                self.catch_up(who);
            }
        }
    }

    fn somebody_waits(&mut self) -> bool {
        let mut outboxes = self.people.iter_mut().map(|person| person.look(client::Client::outbox));
        outboxes.any(|outbox| outbox.is_ok_and(|outbox| !outbox.is_empty()))
    }

    /// Rounds in which everybody pulls, decides and flushes, until nothing moves.
    fn settle(&mut self, what: &str) {
        // What heals falls due within hours, and shows nothing until then: only a whole day of rest is rest.
        let (rounds, rest) = if self.rolled_back { (2 * ROUNDS_MAX, ROUNDS_MIN) } else { (ROUNDS_MAX, 1) };
        let mut still = 0;
        for round in 0..rounds {
            let seconds = match round % 3 {
                0 => 700,
                1 => 7_300,
                _ => 86_400,
            };
            self.net.lock().pass(seconds);
            let mut moved = false;
            for who in 0..self.people.len() {
                moved |= self.catch_up(who);
                if self.is_broken() {
                    return;
                }
            }
            still = if moved { 0 } else { still + 1 };
            if still >= rest && round + 1 >= ROUNDS_MIN {
                return;
            }
        }
        self.tell(format!("{what}: things still moved after {rounds} rounds"));
    }

    fn report(self) -> Report {
        let Run { seed, scenario, net, trace, book, .. } = self;
        let mut net = net.lock();
        let mut tally = std::mem::take(&mut net.luck.tally);
        book.said.iter().for_each(|_| tally.add("texts sent"));
        for shown in book.shown.iter().flatten().filter(|shown| shown.taken) {
            tally.add("texts shown");
            if shown.missing_before > 0 {
                tally.add("gaps told");
            }
        }
        tally.add("runs");
        Report { seed, scenario, tally, broken: std::mem::take(&mut net.luck.broken), trace }
    }

    // --- what the parts of a run share ---

    pub(crate) fn clock(&self) -> u64 {
        self.net.lock().luck.clock
    }

    pub(crate) fn tell(&mut self, what: String) {
        let clock = self.clock();
        self.trace.push(format!("{:>5}.{:05} {what}", clock / 86_400 % 100_000, clock % 86_400));
    }

    pub(crate) fn count(&self, what: &'static str) {
        self.net.lock().luck.tally.add(what);
    }

    pub(crate) fn broken(&mut self, what: String) {
        self.tell(format!("BROKEN: {what}"));
        self.net.lock().luck.broken(what);
    }

    pub(crate) fn is_broken(&self) -> bool {
        !self.net.lock().luck.broken.is_empty()
    }

    /// At which point the next operation dies, if it does; so many times in a thousand.
    pub(crate) fn death(&mut self, per_mille: u64) -> Option<u32> {
        let (dies, reach) = (self.deaths.happens(per_mille), self.deaths.below(3));
        let point = match reach {
            0 => self.deaths.below(12),
            1 => self.deaths.below(60),
            _ => self.deaths.below(250),
        };
        let is_bad = self.net.lock().luck.is_bad;
        (dies && is_bad && self.scenario.faults.crash).then(|| u32::try_from(point + 1).unwrap_or(1))
    }

    pub(crate) fn note_death(&mut self, who: &str, what: &str) {
        self.count("fault: clients that died");
        self.tell(format!("{who} dies while {what}"));
    }

    /// An error is part of a bad day, unless it says that something is wrong with the client itself, or with
    /// somebody's identity where nobody lied.
    pub(crate) fn judge(&mut self, who: &str, what: &str, error: &ClientError) {
        self.tell(format!("{who}: {what}: {error:?}"));
        let is_bad = self.net.lock().luck.is_bad;
        let faults = self.scenario.faults;
        let lied_to = faults.lies || faults.relay_rollback;
        let fine = match error.exit_code() {
            // Between a change of key and its bundle nobody can be written to for the first time.
            _ if matches!(error, ClientError::NoBundle { .. }) => true,
            // A question that is over, a code that was typed by somebody else: said to whoever asks.
            _ if matches!(error, ClientError::Said(_) | ClientError::Pair(_)) => true,
            // Whoever went back in time, or whose relay did, may be told so.
            _ if *error == ClientError::OtherCopy => self.rolled_back,
            1 | 7 => false,
            4 => is_bad,
            5 => is_bad && lied_to,
            6 => lied_to || faults.words,
            _ => true,
        };
        if !fine {
            self.broken(format!("{who}, {what}: {error:?}"));
        }
    }
}
