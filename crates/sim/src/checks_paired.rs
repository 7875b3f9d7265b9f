//! The checkers of pairing: one guess for a code, nobody paired by other words, and both are told alike.

use client::{Contact, PairError};
use wire::Settlement;

use crate::meetings::{DAY_S, End, Meeting, Side};
use crate::relay::When;
use crate::run::Run;

/// As far as two readings of anybody's clock differ from the true time between them.
const SKEW_S: u64 = 4_600;
/// Whose card is here is looked up for a week.
const CARD_S: u64 = 7 * DAY_S;
/// Whatever was not told by then never will be.
const TOLD_AFTER_S: u64 = 9 * DAY_S;

/// Asks what became of every code.
pub(crate) fn check(run: &Run) -> Vec<String> {
    let of_meetings = run.meetings.iter().flat_map(|meeting| {
        let case = Case::of(run, meeting);
        let found = case.found();
        found.into_iter().map(|what| format!("pairing {}: {what}", meeting.code)).collect::<Vec<_>>()
    });
    of_meetings.chain(run.paired.iter().filter_map(|(who, contact)| with_whom(run, *who, contact))).collect()
}

/// A contact that a code made has a key that the name had, whatever a directory said at that moment.
fn with_whom(run: &Run, who: usize, contact: &Contact) -> Option<String> {
    let address = &contact.address;
    let has_had = |pins: &wire::Pins| {
        run.at_relay(&address.at.to_string(), |relay| relay.has_had(&address.name, &pins.identity))
    };
    match address.pins.as_ref().and_then(has_had) {
        Some(true) => None,
        _ => Some(format!("{} is paired with a key that {} never had", run.name(who), contact.alias)),
    }
}

/// A code, with what the relay saw of it.
struct Case<'a> {
    run: &'a Run,
    meeting: &'a Meeting,
    replied: Option<When>,
    settled: Option<(Settlement, When)>,
}

impl<'a> Case<'a> {
    fn of(run: &'a Run, meeting: &'a Meeting) -> Self {
        let key = meeting.key.as_ref();
        let seen = run.at_relay(&meeting.relay, |relay| {
            let replied = key.and_then(|key| relay.meeters.replied(key));
            (replied, key.and_then(|key| relay.meeters.settled(key).cloned()))
        });
        let (replied, settled) = seen.unwrap_or_default();
        Self { run, meeting, replied, settled }
    }

    fn found(&self) -> Vec<String> {
        let mut found = self.whom_each_is_paired_with();
        let sides = || std::iter::once(&self.meeting.begins).chain(&self.meeting.replies);
        // Whoever went back to an older copy may have forgotten a guess, and make it once more.
        if sides().any(|side| self.run.forgetful.contains(&side.who)) {
            return found;
        }
        found.extend(sides().filter_map(|side| self.over_for_a_reason(side)));
        found.extend(self.guesses());
        found.extend(self.both_are_told());
        let waits =
            |side: &&Side| side.end == End::NotYet && self.run.clock() > self.meeting.begun_at + TOLD_AFTER_S;
        found.extend(
            sides()
                .filter(waits)
                .map(|side| format!("{} was never told what became of it", self.run.name(side.who))),
        );
        found
    }

    /// Other words pair nobody, and two who are paired are paired with each other.
    fn whom_each_is_paired_with(&self) -> Vec<String> {
        let mut found = Vec::new();
        let Meeting { begins, replies, .. } = self.meeting;
        let host = self.run.name(begins.who);
        if let End::Paired(other) = begins.end
            && !replies.iter().any(|side| side.who == other && side.right)
        {
            found.push(format!("{host} is paired with {}, who never typed the code", self.run.name(other)));
        }
        for side in replies {
            let End::Paired(other) = side.end else { continue };
            let guest = self.run.name(side.who);
            match &begins.end {
                _ if !side.right => found.push(format!("{guest} is paired by other words")),
                _ if other != begins.who => {
                    found.push(format!("{guest} is paired with {}", self.run.name(other)));
                }
                End::Not(PairError::OtherWords) => {
                    found.push(format!("{guest} is paired with {host}, who was told of other words"));
                }
                End::Paired(with) if *with != side.who => {
                    found.push(format!("{guest} is paired, and so is {}", self.run.name(*with)));
                }
                _ => {}
            }
        }
        found
    }

    /// Whether what happened so late may be because the code's day was over.
    fn is_late(&self, at: u64, after_s: u64) -> bool {
        at + SKEW_S >= self.meeting.begun_at + after_s
    }

    /// A relay that died has forgotten who replied, and gives its numbers to others, whose words are others.
    fn had_died(&self, side: &Side) -> bool {
        side.told.deaths > self.meeting.deaths
    }

    /// It is over after a day, or where the relay forgot it; whose card is here is looked up for a week.
    fn over_for_a_reason(&self, side: &Side) -> Option<String> {
        let name = self.run.name(side.who);
        let (at, begins) = (side.told.at, &self.meeting.begins);
        let day_or_death = self.is_late(at, DAY_S) || self.had_died(side);
        let others = self.meeting.replies.len() + usize::from(side.who == begins.who);
        let disturbed = self.had_died(side) || self.number_was_given_out_twice();
        match &side.end {
            End::Not(PairError::Over) if !day_or_death => {
                Some(format!("{name} was told too early that it is over"))
            }
            End::Not(PairError::NobodyThere { .. }) if !day_or_death => {
                Some(format!("{name} typed it, and the relay knew of nothing"))
            }
            End::Not(PairError::SomebodyElse) if others < 2 && !disturbed => {
                Some(format!("{name} was told of somebody else, and there was none"))
            }
            End::Not(PairError::Over) if side.who == begins.who && !self.is_late(at, CARD_S) => {
                let paired = |side: &&Side| side.end == End::Paired(begins.who);
                let guest = self.meeting.replies.iter().find(paired)?;
                Some(format!("{} is paired, and {name} was told that it is over", self.run.name(guest.who)))
            }
            _ => None,
        }
    }

    /// Wrong words use the code up, and nothing else does.
    fn guesses(&self) -> Vec<String> {
        let mut found = Vec::new();
        let Meeting { begins, replies, .. } = self.meeting;
        let other_words = End::Not(PairError::OtherWords);
        let host = self.run.name(begins.who);
        let guessed = replies.iter().any(|side| !side.right) || self.number_was_given_out_twice();
        if begins.end == other_words && !self.had_died(begins) && !guessed {
            found.push(format!("{host} was told of other words, and nobody typed any"));
        }
        for side in replies.iter().filter(|side| side.end == other_words && !self.had_died(side)) {
            let guest = self.run.name(side.who);
            if side.right {
                found.push(format!("{guest} typed the right words, and was told of others"));
            }
            if matches!(begins.end, End::Paired(_) | End::Not(PairError::Over)) {
                found.push(format!("{guest} was told of other words, and {host}: {:?}", begins.end));
            }
        }
        found
    }

    /// A relay that died gives a number out again: who goes on with the code of before guesses at the other one, or stands
    /// in its way.
    fn number_was_given_out_twice(&self) -> bool {
        let number = |meeting: &Meeting| meeting.code.split('-').next().map(str::to_owned);
        self.run.meetings.iter().any(|other| {
            other.relay == self.meeting.relay
                && other.code != self.meeting.code
                && other.deaths != self.meeting.deaths
                && number(other) == number(self.meeting)
        })
    }

    /// Whoever asks a relay that knows, without trouble on the way, is told; and the relay knows what one was told.
    fn both_are_told(&self) -> Vec<String> {
        let mut found = Vec::new();
        let Meeting { begins, replies, .. } = self.meeting;
        let in_vain = |side: &Side, since: When| {
            let asked = side.asked.iter().filter(|asked| asked.at > since.at && asked.deaths == since.deaths);
            asked.filter(|asked| !self.is_late(asked.at, DAY_S)).count()
        };
        if self.replied.is_some_and(|since| in_vain(begins, since) > 0) {
            found.push(format!("{} asked after a reply, and was not told of it", self.run.name(begins.who)));
        }
        let settled = self.settled.as_ref().map(|(_, when)| *when);
        // The first time may only find out that the reply is there.
        for side in replies.iter().filter(|side| settled.is_some_and(|since| in_vain(side, since) > 1)) {
            found.push(format!("{} asked after it was settled, and was not told", self.run.name(side.who)));
        }
        let expected = match &begins.end {
            End::Paired(_) => "a card",
            End::Not(PairError::OtherWords) => "burned",
            _ => return found,
        };
        let settlement = match &self.settled {
            Some((Settlement::Card(_), _)) => "a card",
            Some((Settlement::Burned, _)) => "burned",
            None => "nothing",
        };
        if settlement != expected && !self.had_died(begins) && !self.is_late(begins.told.at, DAY_S) {
            let host = self.run.name(begins.who);
            found.push(format!("{host} was told ({:?}), and left {settlement} at the relay", begins.end));
        }
        found
    }
}
