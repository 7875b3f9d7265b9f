//! What a relay answers to those who meet under a number, and what it sees of whether they keep to one guess.

use std::collections::BTreeMap;

use proto::{PairingAnswer, ServerConnection, Ticket, asked};
use server::admission::Source;
use server::pairings::Pairings;
use wire::request::{Begin, Reply, Settle};
use wire::{PairingKey, PairingNumber, PairingStep, Settlement};

use super::Relay;
use crate::net::Luck;

/// Those who meet under a number, in memory only, and a book of it that no death of the relay takes away.
#[derive(Default)]
pub(crate) struct Meeters {
    pairings: Pairings,
    /// Who began under which number, last.
    begun: BTreeMap<PairingNumber, PairingKey>,
    /// How often the relay died.
    pub(crate) deaths: u64,
    /// By the key of who began: whose reply the relay took last, and when.
    replied: BTreeMap<PairingKey, (PairingKey, When)>,
    /// By the key of who began: how it was settled first, and when.
    settled: BTreeMap<PairingKey, (Settlement, When)>,
}

/// A moment, and how often the relay had died by then: what it was told before it does not remember.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct When {
    pub(crate) at: u64,
    pub(crate) deaths: u64,
}

impl Meeters {
    pub(crate) fn die(&mut self) {
        self.pairings = Pairings::default();
        self.deaths += 1;
    }

    /// The key of who began under this number.
    pub(crate) fn key_of(&self, number: u16) -> Option<PairingKey> {
        self.begun.get(&PairingNumber::new(number)?).copied()
    }

    /// When somebody replied.
    pub(crate) fn replied(&self, key: &PairingKey) -> Option<When> {
        self.replied.get(key).map(|(_, when)| *when)
    }

    /// When it was settled first, and how.
    pub(crate) fn settled(&self, key: &PairingKey) -> Option<&(Settlement, When)> {
        self.settled.get(key)
    }

    /// One code, one reply; one reply, one settlement (`spec/pairing.md § What each does`).
    fn note(&mut self, step: &PairingStep, answer: &PairingAnswer, luck: &mut Luck) {
        let now = When { at: luck.clock, deaths: self.deaths };
        match (step, answer) {
            (PairingStep::Begin(Begin { key, .. }), PairingAnswer::Begun(number)) => {
                self.begun.insert(*number, *key);
            }
            (PairingStep::Reply(reply), PairingAnswer::Replied) => {
                let Reply { number, key, .. } = **reply;
                let Some(host) = self.begun.get(&number) else { return };
                let first = self.replied.entry(*host).or_insert((key, now));
                if first.1.deaths != now.deaths {
                    *first = (key, now);
                }
                if first.0 != key {
                    luck.broken(format!("pairing {}: the relay took a second reply", number.get()));
                }
            }
            (PairingStep::Settle(settle), PairingAnswer::Settled) => {
                let Settle { number, key, settlement } = (**settle).clone();
                let (first, _) = self.settled.entry(key).or_insert_with(|| (settlement.clone(), now));
                if *first != settlement {
                    luck.broken(format!("pairing {}: it was settled twice, in two ways", number.get()));
                }
            }
            _ => {}
        }
    }
}

impl Relay {
    pub(super) fn pair(
        &mut self,
        machine: &mut ServerConnection,
        ticket: Ticket<asked::Pairing>,
        step: PairingStep,
        luck: &mut Luck,
    ) {
        let (now, random) = (luck.moment(), luck.random.word());
        match self.meeters.pairings.take(now, Source::PROXY, step.clone(), || Some(random)) {
            Ok(answer) => {
                self.meeters.note(&step, &answer, luck);
                machine.paired(ticket, answer);
            }
            Err(refusal) => machine.refuse(ticket, refusal),
        }
    }
}
