//! What a client decides, without I/O, clock or randomness of its own.
//!
//! A message handed to `send` becomes an [`outbox::Item`]; [`route::choose`] says which way it takes —
//! a HELLO, an inbox envelope under a stamp, the session form, or patience — and [`outbox::next`] which items
//! may be sealed now, in strict order per contact. Deliveries are put in order and their gaps noted by
//! [`inbox`]. [`contact`] says what a newly seen key means;
//! [`flood`] when a blocked contact has become one; [`allotment`] how many stamps a contact may have in hand; [`schedule`]
//! says when to try again, when a refill leaves and when to look a record up once more.

pub mod allotment;
pub mod contact;
pub mod file_name;
pub mod flood;
pub mod inbox;
pub mod outbox;
pub mod recovery;
pub mod route;
pub mod schedule;
