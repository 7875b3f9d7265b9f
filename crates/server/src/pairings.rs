//! Where two people leave something for each other under a number: in memory, for a day (`spec/pairing.md`).
//!
//! A relay that is started anew has forgotten all of it; those who wait put theirs down once more.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use proto::Now;
use proto::PairingAnswer;
use wire::limits::{
    PAIRING_ENDED_MS_MAX, PAIRING_MS_MAX, PAIRING_NUMBER_MAX, PAIRING_STAYS_MS_MIN, PAIRINGS_MAX,
};
use wire::request::{Await, Begin, Reply, Settle};
use wire::{
    PairingKey, PairingMove, PairingNumber, PairingShare, PairingStep, Refusal, RefusalKind, Settlement,
};

use crate::admission::Source;

/// All pairings of a relay that wait for somebody.
#[derive(Debug, Default)]
pub struct Pairings(Mutex<State>);

#[derive(Debug)]
struct State {
    all: HashMap<PairingNumber, Pairing>,
    /// Of sources, and since when; for as long as a pairing stays whoever asks.
    salt: RandomState,
    salted: Now,
}

impl Default for State {
    fn default() -> Self {
        Self { all: HashMap::new(), salt: RandomState::new(), salted: Now(0) }
    }
}

/// Where somebody asks from: a salted hash that says nothing an hour later.
type From = u64;

#[derive(Debug)]
struct Pairing {
    from: From,
    key: PairingKey,
    share: PairingShare,
    begun: Now,
    reply: Option<Box<Reply>>,
    settlement: Option<Settlement>,
    /// When it was called off before anybody replied.
    ended: Option<Now>,
}

impl Pairings {
    /// Takes one step of somebody from `source`. `random` decides among the free numbers, if the system gives any.
    ///
    /// # Errors
    ///
    /// What the asker is refused with.
    pub fn take(
        &self,
        now: Now,
        source: Source,
        step: PairingStep,
        random: impl FnOnce() -> Option<u64>,
    ) -> Result<PairingAnswer, Refusal> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now >= state.salted.after_ms(PAIRING_STAYS_MS_MIN) {
            (state.salt, state.salted) = (RandomState::new(), now);
        }
        let from = state.salt.hash_one(source);
        let all = &mut state.all;
        all.retain(|_, pairing| !pairing.is_over(now));
        match step {
            PairingStep::Begin(begin) => begin_at(all, now, from, &begin, random).map(PairingAnswer::Begun),
            PairingStep::Meet(meet) => match all.get(&meet.number) {
                Some(Pairing { reply: None, settlement: None, share, .. }) => Ok(PairingAnswer::Met(*share)),
                Some(Pairing { reply: Some(_), .. }) => Err(RefusalKind::PairingTaken.into()),
                _ => Err(RefusalKind::NoSuchPairing.into()),
            },
            PairingStep::Reply(reply) => {
                there(all, reply.number)?.reply(*reply)?;
                Ok(PairingAnswer::Replied)
            }
            PairingStep::Settle(settle) => {
                there(all, settle.number)?.settle(now, *settle)?;
                Ok(PairingAnswer::Settled)
            }
            PairingStep::Await(Await { number, key }) => {
                let other = there(all, number)?.told(&key)?;
                Ok(PairingAnswer::Awaited(Box::new(other)))
            }
        }
    }

    /// How many wait.
    #[cfg(test)]
    fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).all.len()
    }
}

impl Pairing {
    fn is_over(&self, now: Now) -> bool {
        now >= self.begun.after_ms(PAIRING_MS_MAX)
            || self.ended.is_some_and(|ended| now >= ended.after_ms(PAIRING_ENDED_MS_MAX))
    }

    /// The first reply is the only one: whoever guesses has one guess.
    fn reply(&mut self, reply: Reply) -> Result<(), Refusal> {
        match &self.reply {
            Some(first) if **first == reply => Ok(()),
            Some(_) => Err(RefusalKind::PairingTaken.into()),
            None if self.settlement.is_some() => Err(RefusalKind::NoSuchPairing.into()),
            None => {
                self.reply = Some(Box::new(reply));
                Ok(())
            }
        }
    }

    fn settle(&mut self, now: Now, settle: Settle) -> Result<(), Refusal> {
        let may = is(&settle.key, &self.key)
            && (self.reply.is_some() || settle.settlement == Settlement::Burned)
            && self.settlement.as_ref().is_none_or(|first| *first == settle.settlement);
        if !may {
            return Err(RefusalKind::NoSuchPairing.into());
        }
        if self.reply.is_none() {
            // There is nobody to tell.
            self.ended.get_or_insert(now);
        }
        self.settlement = Some(settle.settlement);
        Ok(())
    }

    fn told(&self, key: &PairingKey) -> Result<PairingMove, Refusal> {
        if is(key, &self.key) {
            return Ok(match &self.reply {
                Some(reply) => PairingMove::Reply { share: reply.share, card: reply.card.clone() },
                None if self.settlement.is_some() => return Err(RefusalKind::NoSuchPairing.into()),
                None => PairingMove::Nothing,
            });
        }
        if !self.reply.as_ref().is_some_and(|reply| is(key, &reply.key)) {
            return Err(RefusalKind::NoSuchPairing.into());
        }
        match &self.settlement {
            Some(settlement) => Ok(PairingMove::Settled(settlement.clone())),
            None => Ok(PairingMove::Nothing),
        }
    }
}

fn there(all: &mut HashMap<PairingNumber, Pairing>, number: PairingNumber) -> Result<&mut Pairing, Refusal> {
    all.get_mut(&number).ok_or(RefusalKind::NoSuchPairing.into())
}

fn is(given: &PairingKey, key: &PairingKey) -> bool {
    crypto::equal(&given.0, &key.0).is_some()
}

fn begin_at(
    all: &mut HashMap<PairingNumber, Pairing>,
    now: Now,
    from: From,
    begin: &Begin,
    random: impl FnOnce() -> Option<u64>,
) -> Result<PairingNumber, Refusal> {
    let mine = all.iter().find(|(_, pairing)| is(&begin.key, &pairing.key));
    if let Some((number, pairing)) = mine {
        // Asked once more, since the answer was lost or the number may have been forgotten here.
        let same = pairing.ended.is_none()
            && pairing.share == begin.share
            && begin.number.is_none_or(|wanted| wanted == *number);
        return if same { Ok(*number) } else { Err(RefusalKind::PairingTaken.into()) };
    }
    if begin.number.is_some_and(|wanted| all.contains_key(&wanted)) {
        return Err(RefusalKind::PairingTaken.into());
    }
    if all.len() >= PAIRINGS_MAX {
        make_room(all, now, from)?;
    }
    let number = match begin.number {
        Some(wanted) => wanted,
        None => {
            let random = random().ok_or(Refusal::retry_after(RefusalKind::Unavailable, FULL_S))?;
            free_number(all, random).ok_or(Refusal::retry_after(RefusalKind::Busy, FULL_S))?
        }
    };
    let pairing = Pairing {
        from,
        key: begin.key,
        share: begin.share,
        begun: now,
        reply: None,
        settlement: None,
        ended: None,
    };
    all.insert(number, pairing);
    Ok(number)
}

/// When it is worth trying again at a relay that has no room.
const FULL_S: u32 = 600;

/// The oldest gives way, if it has waited long enough; one that somebody has replied to after all others. Else the newest
/// without a reply of the source that has most of those, if it has two more than the one that asks.
fn make_room(all: &mut HashMap<PairingNumber, Pairing>, now: Now, from: From) -> Result<(), Refusal> {
    let old = all.iter().filter(|(_, pairing)| now >= pairing.begun.after_ms(PAIRING_STAYS_MS_MIN));
    let oldest = old.min_by_key(|(_, pairing)| (pairing.reply.is_some(), pairing.begun));
    let gives_way = oldest.map(|(number, _)| *number).or_else(|| newest_of_most(all, from));
    let Some(number) = gives_way else {
        return Err(Refusal::retry_after(RefusalKind::Busy, FULL_S));
    };
    all.remove(&number);
    Ok(())
}

fn newest_of_most(all: &HashMap<PairingNumber, Pairing>, from: From) -> Option<PairingNumber> {
    let waits = || all.iter().filter(|(_, pairing)| pairing.reply.is_none());
    let mut counts = HashMap::new();
    waits().for_each(|(_, pairing)| *counts.entry(pairing.from).or_insert(0_usize) += 1);
    let (most, count) = counts.iter().max_by_key(|(_, count)| **count)?;
    if *count < counts.get(&from).unwrap_or(&0) + 2 {
        return None;
    }
    let newest =
        waits().filter(|(_, pairing)| pairing.from == *most).max_by_key(|(_, pairing)| pairing.begun);
    newest.map(|(number, _)| *number)
}

/// A number as short as there are free ones enough of, so that it is easy to say; of two digits at least, so that
/// nobody replies under all of them in a minute.
fn free_number(all: &HashMap<PairingNumber, Pairing>, random: u64) -> Option<PairingNumber> {
    for (first, last) in [(10, 99), (100, 999), (1_000, PAIRING_NUMBER_MAX)] {
        let taken = all.keys().filter(|number| (first..=last).contains(&number.get())).count() as u64;
        let span = u64::from(last - first) + 1;
        if 2 * taken >= span {
            continue;
        }
        let nth = random % (span - taken);
        let free = (first..=last).filter_map(PairingNumber::new).filter(|number| !all.contains_key(number));
        return free.take(usize::try_from(nth + 1).ok()?).last();
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use wire::request::Meet;
    use wire::{PairingCard, PairingConfirmation, SealedCard};

    use super::*;

    const HOST: PairingKey = PairingKey([1; 16]);
    const GUEST: PairingKey = PairingKey([2; 16]);
    const SHARE: PairingShare = PairingShare([7; 32]);

    fn begin(key: PairingKey, number: Option<PairingNumber>) -> PairingStep {
        PairingStep::Begin(Begin { number, key, share: SHARE })
    }

    fn card(byte: u8) -> SealedCard {
        SealedCard {
            confirmation: PairingConfirmation([byte; 32]),
            card: PairingCard(Box::new([byte; wire::limits::PAIRING_CARD_BYTES])),
        }
    }

    fn reply(number: PairingNumber, key: PairingKey) -> PairingStep {
        PairingStep::Reply(Box::new(Reply { number, key, share: PairingShare([8; 32]), card: card(8) }))
    }

    fn settle(number: PairingNumber, key: PairingKey, settlement: Settlement) -> PairingStep {
        PairingStep::Settle(Box::new(Settle { number, key, settlement }))
    }

    fn wait(number: PairingNumber, key: PairingKey) -> PairingStep {
        PairingStep::Await(Await { number, key })
    }

    fn meet(number: PairingNumber) -> PairingStep {
        PairingStep::Meet(Meet { number })
    }

    fn begun(pairings: &Pairings, now: Now, key: PairingKey) -> PairingNumber {
        match pairings.take(now, Source::PROXY, begin(key, None), || Some(3)) {
            Ok(PairingAnswer::Begun(number)) => number,
            other => panic!("{other:?}"),
        }
    }

    /// One step of somebody behind a proxy.
    fn asked(pairings: &Pairings, now: Now, step: PairingStep) -> Result<PairingAnswer, Refusal> {
        pairings.take(now, Source::PROXY, step, || Some(0))
    }

    /// One of a roomful, none like another.
    fn one_of_many(n: usize) -> PairingKey {
        PairingKey(core::array::from_fn(|at| (n >> (8 * (at % 2))) as u8 ^ at as u8))
    }

    fn refusal(answer: Result<PairingAnswer, Refusal>) -> RefusalKind {
        answer.unwrap_err().kind
    }

    #[test]
    fn two_people_meet_and_each_step_may_be_asked_again() {
        let (pairings, now) = (Pairings::default(), Now(0));
        let number = begun(&pairings, now, HOST);
        assert_eq!(begun(&pairings, now, HOST), number);
        let ask = |step| asked(&pairings, now, step);
        let told = |step| match ask(step) {
            Ok(PairingAnswer::Awaited(other)) => *other,
            other => panic!("{other:?}"),
        };
        assert_eq!(ask(meet(number)), Ok(PairingAnswer::Met(SHARE)));
        assert_eq!(told(wait(number, HOST)), PairingMove::Nothing);
        for _ in 0..2 {
            assert_eq!(ask(reply(number, GUEST)), Ok(PairingAnswer::Replied));
        }
        let second = PairingMove::Reply { share: PairingShare([8; 32]), card: card(8) };
        assert_eq!(told(wait(number, HOST)), second);
        assert_eq!(told(wait(number, GUEST)), PairingMove::Nothing);
        for _ in 0..2 {
            let end = settle(number, HOST, Settlement::Card(card(9)));
            assert_eq!(ask(end), Ok(PairingAnswer::Settled));
            assert_eq!(told(wait(number, GUEST)), PairingMove::Settled(Settlement::Card(card(9))));
        }
        assert_eq!(refusal(ask(settle(number, HOST, Settlement::Burned))), RefusalKind::NoSuchPairing);
        let later = now.after_ms(PAIRING_MS_MAX);
        assert_eq!(
            refusal(pairings.take(later, Source::PROXY, wait(number, GUEST), || None)),
            RefusalKind::NoSuchPairing
        );
    }

    #[test]
    fn the_first_reply_is_the_only_one() {
        let (pairings, now) = (Pairings::default(), Now(0));
        let number = begun(&pairings, now, HOST);
        asked(&pairings, now, reply(number, GUEST)).unwrap();
        let other = PairingKey([3; 16]);
        assert_eq!(refusal(asked(&pairings, now, reply(number, other))), RefusalKind::PairingTaken);
        assert_eq!(refusal(asked(&pairings, now, meet(number))), RefusalKind::PairingTaken);
        assert_eq!(refusal(asked(&pairings, now, wait(number, other))), RefusalKind::NoSuchPairing);
        assert_eq!(
            refusal(asked(&pairings, now, settle(number, GUEST, Settlement::Burned))),
            RefusalKind::NoSuchPairing,
            "only who began ends it"
        );
    }

    #[test]
    fn what_was_called_off_meets_nobody() {
        let (pairings, now) = (Pairings::default(), Now(0));
        let number = begun(&pairings, now, HOST);
        let card_for_nobody = settle(number, HOST, Settlement::Card(card(1)));
        assert_eq!(refusal(asked(&pairings, now, card_for_nobody)), RefusalKind::NoSuchPairing);
        asked(&pairings, now, settle(number, HOST, Settlement::Burned)).unwrap();
        assert_eq!(refusal(asked(&pairings, now, meet(number))), RefusalKind::NoSuchPairing);
        assert_eq!(refusal(asked(&pairings, now, reply(number, GUEST))), RefusalKind::NoSuchPairing);
        assert_eq!(refusal(asked(&pairings, now, wait(number, HOST))), RefusalKind::NoSuchPairing);
        assert!(asked(&pairings, now, begin(HOST, None)).is_err(), "nobody could meet there");
        assert!(asked(&pairings, now, settle(number, HOST, Settlement::Burned)).is_ok(), "again");
    }

    #[test]
    fn a_room_full_of_replies_gives_way_too_and_after_those_without() {
        let pairings = Pairings::default();
        for n in 0..PAIRINGS_MAX {
            let number = begun(&pairings, Now(n as u64), one_of_many(n));
            if n != 7 {
                asked(&pairings, Now(n as u64), reply(number, GUEST)).unwrap();
            }
        }
        let later = Now(PAIRINGS_MAX as u64).after_ms(PAIRING_STAYS_MS_MIN);
        let begun_by =
            |key: PairingKey| pairings.0.lock().unwrap().all.values().any(|pairing| pairing.key == key);
        let _first = begun(&pairings, later, HOST);
        assert!(!begun_by(one_of_many(7)) && begun_by(one_of_many(0)), "the one without a reply went first");
        let _second = begun(&pairings, later, GUEST);
        assert!(!begun_by(one_of_many(0)), "then the oldest");
    }

    #[test]
    fn a_source_that_fills_the_room_gives_way_to_another_at_once() {
        let pairings = Pairings::default();
        let from = |last: u8| Source::of([192, 0, 2, last].into());
        let asks = |last: u8, key: PairingKey, at: u64| {
            pairings.take(Now(at), from(last), begin(key, None), || Some(3)).map_err(|refusal| refusal.kind)
        };
        let there =
            |key: PairingKey| pairings.0.lock().unwrap().all.values().any(|pairing| pairing.key == key);
        asks(1, HOST, 0).unwrap();
        for n in 0..PAIRINGS_MAX - 1 {
            asks(2, one_of_many(n), n as u64 + 1).unwrap();
        }
        assert_eq!(asks(2, PairingKey([7; 16]), 5_000), Err(RefusalKind::Busy), "its own do not");
        asks(3, GUEST, 5_000).unwrap();
        assert!(
            there(HOST) && there(GUEST) && there(one_of_many(0)) && !there(one_of_many(PAIRINGS_MAX - 2)),
            "its newest went"
        );
        assert_eq!(pairings.count(), PAIRINGS_MAX);
    }

    #[test]
    fn a_system_without_randomness_gives_no_number_that_could_be_foreseen() {
        let refused = Pairings::default().take(Now(0), Source::PROXY, begin(HOST, None), || None);
        assert_eq!(refusal(refused), RefusalKind::Unavailable);
    }

    #[test]
    fn a_number_that_was_forgotten_is_given_again_to_who_had_it() {
        let (pairings, now) = (Pairings::default(), Now(0));
        let number = PairingNumber::new(7).unwrap();
        let again = asked(&pairings, now, begin(HOST, Some(number)));
        assert_eq!(again, Ok(PairingAnswer::Begun(number)));
        let taken = asked(&pairings, now, begin(GUEST, Some(number)));
        assert_eq!(refusal(taken), RefusalKind::PairingTaken);
        let over = now.after_ms(PAIRING_MS_MAX);
        assert_eq!(asked(&pairings, over, begin(GUEST, Some(number))), Ok(PairingAnswer::Begun(number)));
    }

    #[test]
    fn numbers_are_short_while_few_wait_and_there_is_an_end_to_them() {
        let pairings = Pairings::default();
        let key = |n: usize| {
            let mut key = [9; 16];
            key.split_first_chunk_mut::<8>().unwrap().0.copy_from_slice(&(n as u64).to_be_bytes());
            PairingKey(key)
        };
        let numbers: Vec<u16> =
            (0..PAIRINGS_MAX).map(|n| begun(&pairings, Now(n as u64), key(n)).get()).collect();
        assert!(numbers.iter().take(45).all(|number| (10..=99).contains(number)));
        assert!(numbers.iter().take(450).all(|number| *number <= 999));
        assert_eq!(pairings.count(), PAIRINGS_MAX);
        let now = Now(PAIRINGS_MAX as u64);
        let full = asked(&pairings, now, begin(HOST, None)).unwrap_err();
        assert_eq!((full.kind, full.retry_after_s), (RefusalKind::Busy, Some(FULL_S)));
        let later = now.after_ms(PAIRING_STAYS_MS_MIN);
        assert!(asked(&pairings, later, begin(HOST, None)).is_ok(), "the oldest gives way");
        assert_eq!(pairings.count(), PAIRINGS_MAX);
    }
}
