//! Messages on their way out: strict order per contact, few in flight, byte for byte the same when repeated.

use serde::{Deserialize, Serialize};
use wire::limits::IN_FLIGHT_PER_CONTACT_MAX;

/// Where a message of mine is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum State {
    /// Committed as plaintext, not sealed.
    Waiting,
    /// Sealed; deposited byte for byte the same until the relay confirms.
    Sealed,
    /// The relay said `STORED`.
    Stored,
    /// The relay said a no that waiting does not change.
    Refused,
}

impl State {
    /// The word that people read.
    pub fn word(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Sealed => "sealed",
            State::Stored => "stored",
            State::Refused => "refused",
        }
    }
}

/// What this module must know of an outbox row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Item {
    /// Its place in the vault: order of sending.
    pub id: i64,
    /// Where it is.
    pub state: State,
}

/// What to do next for one contact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// Deposit this sealed one first (again): nothing newer overtakes it.
    Deposit(i64),
    /// Seal this waiting one.
    Seal(i64),
    /// Nothing is left, or the bound in flight is reached.
    Rest,
}

/// Chooses the next step for one contact from his rows, oldest first.
///
/// `in_flight` counts deposits that left on the present connection without an answer. Sealed ones that have not
/// left yet go before anything is sealed: order of sealing is order of depositing.
pub fn next(items: &[Item], left: &dyn Fn(i64) -> bool, in_flight: usize) -> Next {
    if in_flight >= IN_FLIGHT_PER_CONTACT_MAX {
        return Next::Rest;
    }
    let sealed = items.iter().find(|item| item.state == State::Sealed && !left(item.id));
    let waiting = || items.iter().find(|item| item.state == State::Waiting);
    match sealed {
        Some(item) => Next::Deposit(item.id),
        None => waiting().map_or(Next::Rest, |item| Next::Seal(item.id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: i64, state: State) -> Item {
        Item { id, state }
    }

    #[test]
    fn what_is_sealed_goes_before_anything_is_sealed() {
        let items = [item(1, State::Stored), item(2, State::Sealed), item(3, State::Waiting)];
        assert_eq!(next(&items, &|_| false, 0), Next::Deposit(2));
        assert_eq!(next(&items, &|id| id == 2, 1), Next::Seal(3));
    }

    /// An older one that somebody asked for again waits once more.
    #[test]
    fn so_it_does_before_an_older_one_that_waits() {
        let items = [item(1, State::Waiting), item(2, State::Sealed)];
        assert_eq!(next(&items, &|_| false, 0), Next::Deposit(2));
        assert_eq!(next(&items, &|id| id == 2, 1), Next::Seal(1));
    }

    #[test]
    fn at_most_32_are_in_flight() {
        assert_eq!(next(&[item(1, State::Waiting)], &|_| false, IN_FLIGHT_PER_CONTACT_MAX), Next::Rest);
    }

    #[test]
    fn what_was_refused_does_not_hold_up_the_rest() {
        let items = [item(1, State::Refused), item(2, State::Waiting)];
        assert_eq!(next(&items, &|_| false, 0), Next::Seal(2));
    }
}
