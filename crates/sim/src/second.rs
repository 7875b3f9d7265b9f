//! A second process on the same vault, at work while the first one waits for the network.

use std::sync::{Arc, Mutex, PoisonError};

use client::{Client, Options, SendOptions, SentState, SharedWorld, Unlock};

use crate::book::{Outcome, Said, short};
use crate::fuse::Fuse;
use crate::intruder::Intruder;
use crate::random::Random;
use crate::run::Run;
use crate::world::SimWorld;

/// What a second process did.
pub(crate) struct SecondDone {
    what: String,
    place: usize,
    result: Result<bool, client::ClientError>,
}

/// A second process and its work.
struct Second {
    profile: client::Profile,
    options: Options,
    said: Said,
    place: usize,
    deed: u64,
    done: Arc<Mutex<Vec<SecondDone>>>,
}

impl Second {
    fn run(self) {
        let Self { profile, options, said, place, deed, done } = self;
        let send = SendOptions { idempotency: said.key.clone(), ..SendOptions::default() };
        let what = match deed {
            0 | 1 => format!("sending '{}'", short(&said.text)),
            2 => "flushing".to_owned(),
            _ => "comparing safety numbers".to_owned(),
        };
        let result = Client::open(&profile, &Unlock::KeyFile, options).and_then(|client| match deed {
            0 | 1 => client.send(&said.alias, &said.text, &send).map(|sent| sent.state == SentState::Stored),
            2 => client.flush().map(|_| false),
            _ => client.safety_number(&said.alias, client::Language::English).map(|_| false),
        });
        done.lock().unwrap_or_else(PoisonError::into_inner).push(SecondDone { what, place, result });
    }
}

impl Run {
    /// Perhaps somebody's second process waits for an await point of the first.
    pub(crate) fn hide_intruder(&mut self, who: usize) {
        let (comes, points, deed) = (self.random.happens(60), self.random.below(60), self.random.below(4));
        let contacts = if comes && self.scenario.faults.second { self.contacts(who) } else { Vec::new() };
        let Some(contact) = self.random.choose(&contacts).cloned() else { return };
        let said = self.words_for(who, &contact, 0);
        let place = self.book.said.len();
        if deed < 2 {
            self.book.said.push(said.clone());
        }
        let work = Second {
            profile: self.person(who).profile.clone(),
            options: self.second_options(who),
            said,
            place,
            deed,
            done: self.second_done.clone(),
        };
        let points = u32::try_from(points).unwrap_or(0);
        self.second_is_about = true;
        self.person(who).intruder.hide(points, Box::new(move || work.run()));
    }

    fn second_options(&mut self, who: usize) -> Options {
        let world = SimWorld {
            net: self.net.clone(),
            fuse: Arc::new(Fuse::default()),
            intruder: Arc::new(Intruder::default()),
            random: Mutex::new(Random::of(self.random.word(), 5)),
            skew: self.person(who).skew.clone(),
        };
        Options { world: SharedWorld::new(world), ..Options::default() }
    }

    /// The step is over: what the second process did is noted.
    pub(crate) fn expel_intruder(&mut self, who: usize) {
        self.person(who).intruder.leave();
        self.second_is_about = false;
        let done = std::mem::take(&mut *self.second_done.lock().unwrap_or_else(PoisonError::into_inner));
        for SecondDone { what, place, result } in done {
            self.count("fault: second processes");
            let name = self.name(who);
            match result {
                Ok(stored) => {
                    self.tell(format!(
                        "{name}, in a second process: {what}: {}",
                        if stored { "stored" } else { "done" }
                    ));
                    let at = self.clock();
                    if let (true, Some(said)) = (stored, self.book.said.get_mut(place)) {
                        (said.outcome, said.at) = (Outcome::Stored, at);
                    }
                }
                Err(error) => self.judge(&format!("{name}, in a second process"), &what, &error),
            }
        }
    }
}
