//! Whose turn it is: what waits is taken from everybody in turns, so that who brings much waits behind himself and
//! holds up nobody else (deficit round robin, Shreedhar and Varghese 1995).

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// So much of a lane goes in each turn; who has taken more lets as many turns pass.
const TURN: usize = 5 * 1024;

/// What waits, in a lane for each who brought something. A lane keeps its order.
#[derive(Debug)]
pub struct Lanes<K, T> {
    lanes: HashMap<K, Lane<T>>,
    /// Every lane there is, the next one first.
    order: VecDeque<K>,
}

#[derive(Debug)]
struct Lane<T> {
    waiting: VecDeque<(usize, T)>,
    /// What it has taken beyond its turns.
    owed: usize,
}

impl<K, T> Default for Lanes<K, T> {
    fn default() -> Self {
        Self { lanes: HashMap::new(), order: VecDeque::new() }
    }
}

impl<K: Clone + Eq + Hash, T> Lanes<K, T> {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// How much of this one waits.
    pub fn waiting(&self, of: &K) -> usize {
        self.lanes.get(of).map_or(0, |lane| lane.waiting.len())
    }

    /// Something that costs so much waits behind what came in its lane before.
    pub fn add(&mut self, of: K, cost: usize, what: T) {
        let lane = self.lanes.entry(of.clone()).or_insert_with(|| {
            self.order.push_back(of);
            Lane { waiting: VecDeque::new(), owed: 0 }
        });
        lane.waiting.push_back((cost, what));
    }

    /// Takes out of somebody's lane what is like this.
    pub fn remove(&mut self, of: &K, is_it: impl Fn(&T) -> bool) {
        let Some(lane) = self.lanes.get_mut(of) else { return };
        lane.waiting.retain(|(_, what)| !is_it(what));
        if lane.waiting.is_empty() {
            self.lanes.remove(of);
            self.order.retain(|other| other != of);
        }
    }

    /// How much waits in the longest lane.
    pub fn longest(&self) -> usize {
        self.lanes.values().map(|lane| lane.waiting.len()).max().unwrap_or(0)
    }

    /// Takes the last of the longest lane.
    pub fn take_newest_of_longest(&mut self) -> Option<T> {
        let (of, lane) = self.lanes.iter_mut().max_by_key(|(_, lane)| lane.waiting.len())?;
        let (of, newest) = (of.clone(), lane.waiting.pop_back());
        if lane.waiting.is_empty() {
            self.lanes.remove(&of);
            self.order.retain(|other| *other != of);
        }
        newest.map(|(_, what)| what)
    }

    /// The next of all, and what it costs.
    pub fn take(&mut self) -> Option<(usize, T)> {
        loop {
            let of = self.order.pop_front()?;
            let Some(lane) = self.lanes.get_mut(&of) else { continue };
            if lane.owed >= TURN {
                lane.owed -= TURN;
                self.order.push_back(of);
                continue;
            }
            let next = lane.waiting.pop_front();
            if lane.waiting.is_empty() {
                self.lanes.remove(&of);
            } else {
                lane.owed += next.as_ref().map_or(0, |(cost, _)| cost.saturating_sub(TURN));
                self.order.push_back(of);
            }
            if next.is_some() {
                return next;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(lanes: &mut Lanes<char, u32>) -> Vec<u32> {
        std::iter::from_fn(|| lanes.take().map(|(_, what)| what)).collect()
    }

    #[test]
    fn everybody_has_a_turn_however_much_one_brings() {
        let mut lanes = Lanes::default();
        (0..1_000).for_each(|number| lanes.add('a', TURN, number));
        lanes.add('b', TURN, 5_000);
        lanes.add('c', TURN, 6_000);
        lanes.add('b', TURN, 5_001);
        assert_eq!(order(&mut lanes).get(..7), Some(&[0, 5_000, 6_000, 1, 5_001, 2, 3][..]));
        assert!(lanes.is_empty() && lanes.lanes.is_empty());
    }

    #[test]
    fn who_comes_later_waits_for_one_round_at_most() {
        let mut lanes = Lanes::default();
        ('a'..'k').for_each(|of| (0..100).for_each(|number| lanes.add(of, TURN, number)));
        (0..37).for_each(|_| assert!(lanes.take().is_some()));
        lanes.add('z', TURN, 7_777);
        let place = order(&mut lanes).iter().position(|number| *number == 7_777);
        assert_eq!(place, Some(10));
    }

    #[test]
    fn whoever_goes_leaves_the_others_their_turns() {
        let mut lanes = Lanes::default();
        for (of, number) in [('a', 0), ('b', 10), ('a', 1), ('c', 20), ('b', 11)] {
            lanes.add(of, 1, number);
        }
        lanes.remove(&'a', |number| *number == 0);
        lanes.remove(&'c', |_| true);
        lanes.remove(&'d', |_| true);
        lanes.add('c', 1, 21);
        assert_eq!(order(&mut lanes), [1, 10, 21, 11]);
    }

    #[test]
    fn the_longest_lane_loses_its_newest() {
        let mut lanes = Lanes::default();
        for (of, number) in [('a', 0), ('b', 10), ('b', 11), ('c', 20)] {
            lanes.add(of, 1, number);
        }
        assert_eq!((lanes.longest(), lanes.take_newest_of_longest()), (2, Some(11)));
        let one = lanes.take_newest_of_longest();
        assert!(matches!(one, Some(0 | 10 | 20)) && lanes.longest() == 1);
        assert_eq!(order(&mut lanes).len(), 2);
    }

    #[test]
    fn who_brings_large_ones_has_fewer_turns() {
        let mut lanes = Lanes::default();
        (0..3).for_each(|number| lanes.add('a', 4 * TURN, number));
        (10..20).for_each(|number| lanes.add('b', TURN, number));
        assert_eq!(order(&mut lanes), [0, 10, 11, 12, 13, 1, 14, 15, 16, 17, 2, 18, 19]);
    }
}
