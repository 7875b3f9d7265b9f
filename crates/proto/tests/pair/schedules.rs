//! Any order of arrivals, reads, acks, collects and delays: the server never breaks a rule that the client
//! keeps watch over, and in the end everything was delivered in order.

use std::collections::VecDeque;

use proptest::prelude::*;
use proto::{ClientEvent, DeliveryTicket, ServerEvent};
use wire::request::Collect;
use wire::{Cursor, DepositId, Slot};

use crate::people::*;
use crate::relay::Relay;
use crate::stories::make_inbox;
use crate::wire_between::{Chop, Pair};

#[derive(Clone, Copy, Debug)]
enum Step {
    /// An envelope is stored, and the server is told now or only later.
    Arrive {
        told: bool,
    },
    /// Storage answers one of the questions that wait, whichever.
    Answer(prop::sample::Index),
    /// Some bytes reach the server, or the client.
    Up(usize),
    Down(usize),
    /// The client lets go of the n-th delivery that it holds.
    Ack(prop::sample::Index),
    /// The client begins anew.
    Collect {
        after: u64,
        credit: u16,
        follow: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => any::<bool>().prop_map(|told| Step::Arrive { told }),
        6 => any::<prop::sample::Index>().prop_map(Step::Answer),
        6 => (1usize..9_000).prop_map(Step::Up),
        6 => (1usize..9_000).prop_map(Step::Down),
        3 => any::<prop::sample::Index>().prop_map(Step::Ack),
        1 => (0u64..6, 1u16..5, any::<bool>())
            .prop_map(|(after, credit, follow)| Step::Collect { after, credit, follow }),
    ]
}

struct World {
    pair: Pair,
    relay: Relay,
    slot: Slot,
    sid: DepositId,
    up: VecDeque<u8>,
    down: VecDeque<u8>,
    asked: Vec<ServerEvent>,
    held: Vec<DeliveryTicket>,
    collects: usize,
}

impl World {
    fn new() -> World {
        let mut relay = Relay::default();
        let (pair, slot, sid) = make_inbox(&mut relay, Chop::Whole);
        let (up, down) = (VecDeque::new(), VecDeque::new());
        World { pair, relay, slot, sid, up, down, asked: vec![], held: vec![], collects: 0 }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Arrive { told } => {
                self.relay.store(self.sid, &stamped(1), envelope(1));
                if told {
                    self.pair.server.arrived(self.slot);
                }
            }
            Step::Answer(which) if !self.asked.is_empty() => {
                let event = self.asked.remove(which.index(self.asked.len()));
                self.relay.answer(self.pair.now, &mut self.pair.server, event);
            }
            Step::Up(count) => {
                let bytes: Vec<u8> = self.up.drain(..count.min(self.up.len())).collect();
                self.pair.server.handle_input(self.pair.now, &bytes);
            }
            Step::Down(count) => {
                let bytes: Vec<u8> = self.down.drain(..count.min(self.down.len())).collect();
                self.pair.client.handle_input(self.pair.now, &bytes);
            }
            Step::Ack(which) if !self.held.is_empty() => {
                let at = which.index(self.held.len());
                let ticket = self.held.drain(..=at).next_back().unwrap();
                let _ = self.pair.client.ack(self.pair.now, ticket);
            }
            Step::Collect { after, credit, follow } => self.collect(after, credit, follow),
            Step::Answer(_) | Step::Ack(_) => {}
        }
        self.look();
    }

    fn collect(&mut self, after: u64, credit: u16, follow: bool) {
        let collect = Collect { slot: self.slot, after: Cursor(after), credit, follow };
        if self.pair.client.request(self.pair.now, collect).is_ok() {
            self.collects += 1;
        }
    }

    /// Moves what the machines have written and said to where it waits.
    fn look(&mut self) {
        self.up.extend(core::iter::from_fn(|| self.pair.client.poll_output()).flatten());
        self.down.extend(core::iter::from_fn(|| self.pair.server.poll_output()).flatten());
        self.asked.extend(core::iter::from_fn(|| self.pair.server.poll_event()));
        for event in core::iter::from_fn(|| self.pair.client.poll_event()) {
            match event {
                ClientEvent::Deliver { ticket, .. } => self.held.push(ticket),
                ClientEvent::Closed { reason } => panic!("the client found fault: {reason}"),
                _ => {}
            }
        }
        let reads = self.asked.iter().filter(|event| matches!(event, ServerEvent::Read { .. })).count();
        assert!(reads <= 1, "one read at a time");
    }

    fn settle(&mut self) {
        for _ in 0..10_000 {
            self.look();
            if self.up.is_empty() && self.down.is_empty() && self.asked.is_empty() {
                return;
            }
            self.take(Step::Up(usize::MAX));
            self.take(Step::Down(usize::MAX));
            if !self.asked.is_empty() {
                let event = self.asked.remove(0);
                self.relay.answer(self.pair.now, &mut self.pair.server, event);
            }
        }
        panic!("never comes to rest");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_schedule_everything_is_delivered_in_order(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        world.collect(0, 2, true);
        for step in steps {
            world.take(step);
        }
        world.settle();
        prop_assert!(!world.pair.client.is_closed() && !world.pair.server.is_closed());
        // A last collect from the start hands over whatever has not been let go of, in order.
        world.held.clear();
        let waiting: Vec<u64> = world.relay.mailboxes[&RID].waiting.iter().map(|one| one.cursor.0).collect();
        world.collect(0, wire::limits::CREDIT_MAX, true);
        world.settle();
        let delivered: Vec<u64> = world.held.iter().map(|ticket| ticket.cursor().0).collect();
        prop_assert_eq!(&delivered, &waiting);
        if let Some(last) = world.held.pop() {
            world.pair.client.ack(world.pair.now, last).unwrap();
            world.settle();
        }
        prop_assert!(world.relay.mailboxes[&RID].waiting.is_empty());
    }
}
