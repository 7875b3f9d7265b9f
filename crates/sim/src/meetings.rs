//! Two people who meet under a code (`spec/pairing.md`): who makes one, who types it, rightly or not, and what each is told.

use std::cell::Cell;
use std::time::Duration;

use client::{Client, ClientError, Language, PairError, Trust};
use wire::PairingKey;

use crate::person::Tried;
use crate::relay::{Relay, When};
use crate::run::Run;

/// Two words of the list that are hardly those of a code.
const OTHER_WORDS: &str = "abandon-zoo";
/// Codes that wait at once.
const OPEN_MAX: usize = 3;
/// A code lives for so long.
pub(crate) const DAY_S: u64 = 86_400;

/// A code, and who did what with it.
pub(crate) struct Meeting {
    pub(crate) code: String,
    pub(crate) relay: String,
    /// What names it at the relay, for who began.
    pub(crate) key: Option<PairingKey>,
    pub(crate) begun_at: u64,
    /// How often the relay had died by then.
    pub(crate) deaths: u64,
    pub(crate) begins: Side,
    pub(crate) replies: Vec<Side>,
}

/// One of those who have to do with a code.
pub(crate) struct Side {
    pub(crate) who: usize,
    /// What names it in the vault; not known where a process died over it, or nothing came of it.
    pub(crate) id: Option<i64>,
    /// Whether the words are those of the code.
    pub(crate) right: bool,
    /// When it was asked, in vain and without any trouble on the way, what became of it.
    pub(crate) asked: Vec<When>,
    pub(crate) end: End,
    /// When it was told.
    pub(crate) told: When,
}

/// What somebody was told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum End {
    NotYet,
    /// With whom.
    Paired(usize),
    Not(PairError),
    /// The process died with the answer.
    Lost,
}

/// What looking once came to.
enum Looked {
    Told(End),
    /// Nothing yet, and the relay was asked.
    Nothing,
    /// Something was in the way.
    Trouble,
}

impl Side {
    fn new(who: usize, id: Option<i64>, right: bool, end: End) -> Self {
        Self { who, id, right, asked: Vec::new(), end, told: When::default() }
    }
}

impl Run {
    /// Somebody makes a code, types one, or looks what became of it.
    pub(crate) fn meet(&mut self) {
        let who = usize::try_from(self.more.below(self.people.len() as u64)).unwrap_or(0);
        match self.more.below(10) {
            0..2 => self.make_code(who),
            2..6 => self.type_code(who),
            _ => self.look_at_meetings(who, 150),
        }
    }

    fn make_code(&mut self, who: usize) {
        let open = self.meetings.iter().filter(|meeting| meeting.begins.end == End::NotYet).count();
        if open >= OPEN_MAX {
            return;
        }
        let points = self.death(150);
        let tried = self.person(who).attempt(points, |client, _| client.pair(Language::English, None));
        let Some(begun) = self.note(who, "making a code", tried) else { return };
        let name = self.name(who);
        self.tell(format!("{name} makes the code {}", begun.code));
        self.count("codes made");
        let begins = Side::new(who, Some(begun.id), true, End::NotYet);
        let (code, relay, begun_at) = (begun.code, begun.relay, self.clock());
        let number = code.split('-').next().and_then(|number| number.parse().ok());
        let key =
            number.and_then(|number| self.at_relay(&relay, |relay| relay.meeters.key_of(number))).flatten();
        let deaths = self.deaths_of(&relay);
        self.meetings.push(Meeting { code, relay, key, begun_at, deaths, begins, replies: Vec::new() });
    }

    fn type_code(&mut self, who: usize) {
        let (clock, count) = (self.clock(), self.meetings.len() as u64);
        let place = usize::try_from(self.more.below(count)).unwrap_or(0);
        let slips = self.more.happens(250);
        let Some(meeting) = self.meetings.get_mut(place) else { return };
        if meeting.begins.who == who || clock > meeting.begun_at + DAY_S {
            return;
        }
        let number = meeting.code.split('-').next().unwrap_or_default();
        let words = if slips { format!("{number}-{OTHER_WORDS}") } else { meeting.code.clone() };
        let typed = format!("{words}@{}", meeting.relay);
        // It counts from here on, whatever becomes of the process.
        meeting.replies.push(Side::new(who, None, !slips, End::Lost));
        let relay = meeting.relay.clone();
        let points = self.death(150);
        let tried = self.person(who).attempt(points, |client, _| client.pair_with(&typed, None));
        let name = self.name(who);
        self.tell(format!("{name} types {typed}"));
        self.count(if slips { "codes typed with other words" } else { "codes typed" });
        let refused = match &tried {
            Tried::Failed(ClientError::Pair(error)) => Some(End::Not(error.clone())),
            _ => None,
        };
        let id = self.note(who, "typing a code", tried);
        let told = When { at: self.clock(), deaths: self.deaths_of(&relay) };
        let Some(replies) = self.meetings.get_mut(place).map(|meeting| &mut meeting.replies) else { return };
        if id.is_some() && replies.iter().any(|side| (side.who, side.id) == (who, id)) {
            // Typed once more: it goes on.
            replies.pop();
            return;
        }
        let Some(side) = replies.last_mut() else { return };
        side.told = told;
        match (id, refused) {
            (Some(id), _) => (side.id, side.end) = (Some(id), End::NotYet),
            (None, Some(end)) => side.end = end,
            (None, None) => {}
        }
    }

    /// Asks of all codes that somebody made or typed what became of them.
    pub(crate) fn look_at_meetings(&mut self, who: usize, per_mille: u64) {
        for place in 0..self.meetings.len() {
            let Some(meeting) = self.meetings.get(place) else { continue };
            let sides = std::iter::once(&meeting.begins).chain(&meeting.replies);
            let mine = |(at, side): (usize, &Side)| {
                let waits = side.who == who && side.end == End::NotYet;
                waits.then_some((at, side.id?))
            };
            for (at, id) in sides.enumerate().filter_map(mine).collect::<Vec<_>>() {
                let looked = self.look_at(who, id, per_mille);
                let Some(relay) = self.meetings.get(place).map(|meeting| meeting.relay.clone()) else {
                    continue;
                };
                let told = When { at: self.clock(), deaths: self.deaths_of(&relay) };
                let Some(meeting) = self.meetings.get_mut(place) else { continue };
                let mut sides = std::iter::once(&mut meeting.begins).chain(&mut meeting.replies);
                let Some(side) = sides.nth(at) else { continue };
                match looked {
                    Looked::Told(end) => (side.end, side.told) = (end, told),
                    Looked::Nothing => side.asked.push(told),
                    Looked::Trouble => {}
                }
            }
        }
    }

    fn look_at(&mut self, who: usize, id: i64, per_mille: u64) -> Looked {
        let points = self.death(per_mille);
        let trouble = Cell::new(false);
        let away = |_: &ClientError| trouble.set(true);
        let tried = self
            .person(who)
            .attempt(points, |client, _| client.finish_pairing(id, Duration::ZERO, None, &away));
        let name = self.name(who);
        match tried {
            Tried::Done(None) if trouble.get() => Looked::Trouble,
            Tried::Done(None) => Looked::Nothing,
            Tried::Done(Some(paired)) => {
                let contact = paired.contact;
                self.tell(format!("{name} is paired with {} ({:?})", contact.alias, contact.trust));
                self.count("people paired");
                if contact.trust == Trust::Unverified {
                    self.broken(format!("{name} is paired with {}, and not verified", contact.alias));
                }
                let other = self.whose(&contact);
                self.paired.push((who, contact));
                Looked::Told(End::Paired(other))
            }
            Tried::Failed(ClientError::Pair(error)) => {
                self.tell(format!("{name} is told of a code: {error:?}"));
                self.count("people told that they are not paired");
                Looked::Told(End::Not(error))
            }
            Tried::Failed(error) => {
                self.judge(&name, "looking at a code", &error);
                Looked::Trouble
            }
            Tried::Died => {
                self.note_death(&name, "looking at a code");
                let known = self.person(who).look(Client::pairings).unwrap_or_default();
                // It may have been told of by whoever died.
                match known.iter().any(|under_way| under_way.id == id) {
                    true => Looked::Trouble,
                    false => Looked::Told(End::Lost),
                }
            }
        }
    }

    /// Whoever goes back to a copy of before a code was made or typed knows nothing of it.
    pub(crate) fn forget_meetings(&mut self, who: usize) {
        let known = self.person(who).look(Client::pairings).unwrap_or_default();
        let sides = self
            .meetings
            .iter_mut()
            .flat_map(|meeting| std::iter::once(&mut meeting.begins).chain(&mut meeting.replies));
        for side in sides.filter(|side| side.who == who && side.end == End::NotYet) {
            if !known.iter().any(|under_way| Some(under_way.id) == side.id) {
                side.end = End::Lost;
            }
        }
    }

    pub(crate) fn at_relay<T>(&self, at: &str, look: impl FnOnce(&Relay) -> T) -> Option<T> {
        let net = self.net.lock();
        net.relays.iter().find(|relay| relay.at.to_string() == at).map(look)
    }

    fn deaths_of(&self, at: &str) -> u64 {
        self.at_relay(at, |relay| relay.meeters.deaths).unwrap_or(0)
    }
}
