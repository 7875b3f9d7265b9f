//! Who waits for the handshake: of everybody who connects one after the other, however many connections he has. So who
//! connects once waits for one of each who connect all the time.

use wire::limits::ARRIVALS_MAX;

use crate::lanes::Lanes;
use crate::task::Who;

/// What came to one listener and is not begun yet.
#[derive(Debug)]
pub struct Arrivals<T> {
    lanes: Lanes<Who, T>,
    waiting: usize,
}

impl<T> Default for Arrivals<T> {
    fn default() -> Self {
        Self { lanes: Lanes::default(), waiting: 0 }
    }
}

impl<T> Arrivals<T> {
    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    /// Whether one more may come: there is a place, or somebody has more than one.
    pub fn has_room(&self) -> bool {
        self.waiting < ARRIVALS_MAX || self.lanes.longest() > 1
    }

    /// One more waits. Where there is no place for it, the newest of whoever has most loses his, and is given back.
    pub fn add(&mut self, who: Who, arrival: T) -> Option<T> {
        self.lanes.add(who, 1, arrival);
        if self.waiting < ARRIVALS_MAX {
            self.waiting += 1;
            return None;
        }
        self.lanes.take_newest_of_longest()
    }

    /// The next one's turn.
    pub fn take(&mut self) -> Option<T> {
        let (_, arrival) = self.lanes.take()?;
        self.waiting = self.waiting.saturating_sub(1);
        Some(arrival)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(arrivals: &mut Arrivals<usize>) -> Vec<usize> {
        std::iter::from_fn(|| arrivals.take()).collect()
    }

    #[test]
    fn who_connects_once_waits_for_one_of_each_of_the_others() {
        let mut arrivals = Arrivals::default();
        for number in 0..200 {
            assert_eq!(arrivals.add(Who::Connection(number % 8), number), None);
        }
        arrivals.add(Who::Connection(8), 7_777);
        assert_eq!(all(&mut arrivals).iter().position(|number| *number == 7_777), Some(8));
        assert!(arrivals.is_empty());
    }

    #[test]
    fn where_all_places_are_taken_the_newest_of_whoever_has_most_goes() {
        let mut arrivals = Arrivals::default();
        (0..ARRIVALS_MAX)
            .for_each(|number| assert_eq!(arrivals.add(Who::Connection(number % 4), number), None));
        assert!(arrivals.has_room());
        let gone = arrivals.add(Who::Connection(4), 7_777).map(|number| number >= ARRIVALS_MAX - 4);
        assert_eq!(gone, Some(true));
        let mine = (0..1_000).filter(|_| arrivals.add(Who::Connection(0), 8_888) == Some(8_888)).count();
        assert!(mine >= 999, "who has most comes to nothing with more: {mine}");
        let all = all(&mut arrivals);
        assert_eq!((all.len(), all.contains(&7_777)), (ARRIVALS_MAX, true));
    }

    #[test]
    fn where_everybody_has_one_place_who_comes_waits_outside() {
        let mut arrivals = Arrivals::default();
        (0..ARRIVALS_MAX).for_each(|number| assert_eq!(arrivals.add(Who::Connection(number), number), None));
        assert!(!arrivals.has_room());
        assert_eq!(arrivals.take(), Some(0));
        assert!(arrivals.has_room());
        assert_eq!(arrivals.add(Who::Connection(9), 9_999), None);
        assert_eq!(all(&mut arrivals).len(), ARRIVALS_MAX);
    }
}
