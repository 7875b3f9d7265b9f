//! Two people who meet under a code (`spec/pairing.md`): who makes one, who types it, rightly or not, and what each is told.

use std::time::Duration;

use client::{Client, ClientError, Language, PairError, Trust};

use crate::person::Tried;
use crate::run::Run;

/// Two words of the list that are hardly those of a code.
const OTHER_WORDS: &str = "abandon-zoo";
/// Codes that wait at once.
const OPEN_MAX: usize = 3;
const DAY_S: u64 = 86_400;
/// Whose card is here is looked up for a week; whatever was not told by then never will be.
const TOLD_AFTER_S: u64 = 9 * DAY_S;

/// A code, and who did what with it.
pub(crate) struct Meeting {
    code: String,
    relay: String,
    begun_at: u64,
    begins: Side,
    replies: Vec<Side>,
}

/// One of those who have to do with a code.
struct Side {
    who: usize,
    /// What names it in the vault; not known where a process died over it, or nothing came of it.
    id: Option<i64>,
    /// Whether the words are those of the code.
    right: bool,
    end: End,
}

/// What somebody was told.
#[derive(Clone, PartialEq, Eq, Debug)]
enum End {
    NotYet,
    /// With whom.
    Paired(usize),
    Not(PairError),
    /// The process died with the answer.
    Lost,
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
        let begins = Side { who, id: Some(begun.id), right: true, end: End::NotYet };
        let (code, relay, begun_at) = (begun.code, begun.relay, self.clock());
        self.meetings.push(Meeting { code, relay, begun_at, begins, replies: Vec::new() });
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
        meeting.replies.push(Side { who, id: None, right: !slips, end: End::Lost });
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
        let last = self.meetings.get_mut(place).and_then(|meeting| meeting.replies.last_mut());
        let Some(side) = last else { return };
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
                let end = self.look_at(who, id, per_mille);
                let Some(meeting) = self.meetings.get_mut(place) else { continue };
                let mut sides = std::iter::once(&mut meeting.begins).chain(&mut meeting.replies);
                if let (Some(side), Some(end)) = (sides.nth(at), end) {
                    side.end = end;
                }
            }
        }
    }

    fn look_at(&mut self, who: usize, id: i64, per_mille: u64) -> Option<End> {
        let points = self.death(per_mille);
        let tried = self
            .person(who)
            .attempt(points, |client, _| client.finish_pairing(id, Duration::ZERO, None, &|_| {}));
        let name = self.name(who);
        match tried {
            Tried::Done(None) => None,
            Tried::Done(Some(paired)) => {
                let contact = paired.contact;
                self.tell(format!("{name} is paired with {} ({:?})", contact.alias, contact.trust));
                self.count("people paired");
                if contact.trust == Trust::Unverified {
                    self.broken(format!("{name} is paired with {}, and not verified", contact.alias));
                }
                Some(End::Paired(self.whose(&contact)))
            }
            Tried::Failed(ClientError::Pair(error)) => {
                self.tell(format!("{name} is told of a code: {error:?}"));
                self.count("people told that they are not paired");
                Some(End::Not(error))
            }
            Tried::Failed(error) => {
                self.judge(&name, "looking at a code", &error);
                None
            }
            Tried::Died => {
                self.note_death(&name, "looking at a code");
                let known = self.person(who).look(Client::pairings).unwrap_or_default();
                // It may have been told of by whoever died.
                if known.iter().any(|under_way| under_way.id == id) { None } else { Some(End::Lost) }
            }
        }
    }

    /// Who types other words is nobody's contact; the one try is one; and nobody waits for ever.
    pub(crate) fn check_meetings(&self) -> Vec<String> {
        self.meetings.iter().flat_map(|meeting| self.check_meeting(meeting)).collect()
    }

    fn check_meeting(&self, meeting: &Meeting) -> Vec<String> {
        let mut found = Vec::new();
        let mut tell = |what: String| found.push(format!("pairing {}: {what}", meeting.code));
        let Meeting { begins, replies, .. } = meeting;
        let host = self.name(begins.who);
        if let End::Paired(other) = begins.end
            && !replies.iter().any(|side| side.who == other && side.right)
        {
            tell(format!("{host} is paired with {}, who never typed the code", self.name(other)));
        }
        for side in replies {
            let guest = self.name(side.who);
            match (&side.end, &begins.end) {
                (End::Paired(_), _) if !side.right => tell(format!("{guest} is paired by other words")),
                (End::Paired(other), _) if *other != begins.who => {
                    tell(format!("{guest} is paired with {}", self.name(*other)));
                }
                (End::Paired(_), End::Not(PairError::OtherWords)) => {
                    tell(format!("{guest} is paired with {host}, who was told of other words"));
                }
                (End::Paired(_), End::Paired(other)) if *other != side.who => {
                    tell(format!("{guest} is paired, and so is {}", self.name(*other)));
                }
                (End::Not(PairError::OtherWords), End::Paired(other)) if *other == side.who && side.right => {
                    let again = replies.iter().filter(|side| side.who == *other).count() > 1;
                    if !again {
                        tell(format!("{guest} typed the right words, and was told of others"));
                    }
                }
                _ => {}
            }
        }
        for side in std::iter::once(begins).chain(replies) {
            let waits = side.end == End::NotYet && self.clock() > meeting.begun_at + TOLD_AFTER_S;
            if waits {
                tell(format!("{} was never told what became of it", self.name(side.who)));
            }
        }
        found
    }
}
