//! What a connection asks of the store besides deposits and acks: one question at a time, run beside the event loop.

mod directory;
mod mailbox;

use std::sync::Arc;

pub use directory::{claim, is_for_the_taking};
pub use mailbox::read;
use proto::ticket::Asked;
use proto::{Now, ServerConnection, ServerEvent, Ticket, asked};
use store::{GenerationOutcome, StoreError};
use wire::refusal::{Refusal, RefusalKind};
use wire::request::Claim;

use crate::admission::Source;
use crate::bell::Bell;
use crate::hub::Hold;
use crate::relay::Relay;

/// A question for the store; it blocks, so it runs on a thread where that does no harm.
pub enum Question {
    /// An owner's about his mailbox, which changes nothing that others wait for.
    Look(Look),
    /// Anybody's, which changes nothing: such questions take turns.
    LookInTurn(Look),
    /// What changes something: so do these.
    Change(Change),
    /// A claim: where the name is free its tag is computed before, which takes longer than anything else.
    Claim(Box<Claiming>),
}

/// A claim on its way to the directory.
pub struct Claiming {
    /// What was claimed.
    pub claim: Box<Claim>,
    /// Completes it.
    pub ticket: Ticket<asked::Claim>,
    /// Whose budgets it costs.
    pub source: Source,
}

/// Asks, and has the answer.
pub type Look = Box<dyn FnOnce(&Relay) -> Answer + Send>;
/// Does so much of a change as one turn may take; `None` when there is more of it.
pub type Change = Box<dyn FnMut(&Relay) -> Option<Answer> + Send>;
/// What the store's answer does to the connection. Opening a mailbox leaves a hold on it.
pub type Answer = Box<dyn FnOnce(&mut ServerConnection, Now) -> Option<Hold> + Send>;

/// Everything about the asking connection that a task may need.
#[derive(Clone, Debug)]
pub struct Asker {
    /// Its budgets.
    pub source: Source,
    /// How others reach it.
    pub bell: Arc<Bell>,
}

/// Who takes turns with others: a source, however many connections it has; where a proxy speaks for many, a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Who {
    /// Everybody there.
    Source(Source),
    /// By a number that is no other's among those who wait there: the place of its bell, or its number of arrival.
    Connection(usize),
}

impl Asker {
    /// As whom it takes turns.
    pub fn who(&self) -> Who {
        match self.source.is_of_many() {
            true => Who::Connection(Arc::as_ptr(&self.bell).addr()),
            false => Who::Source(self.source),
        }
    }
}

/// The question behind an event; `None` for the events that are none.
pub fn of(event: ServerEvent, asker: &Asker) -> Option<Question> {
    use Question::{Look, LookInTurn};
    Some(match event {
        ServerEvent::Admit { ticket } => directory::verify(ticket),
        ServerEvent::Claim { ticket, claim } => {
            Question::Claim(Box::new(Claiming { claim, ticket, source: asker.source }))
        }
        ServerEvent::Replace { ticket, kind, expected_seq, record, vouchers } => {
            directory::replace(ticket, kind, expected_seq, record, vouchers)
        }
        ServerEvent::FindIdentity { ticket, name } => LookInTurn(directory::find_identity(ticket, name)),
        ServerEvent::Publish { ticket, name, bundle } => directory::publish(ticket, name, bundle),
        ServerEvent::Lookup { ticket, name, seq } => LookInTurn(directory::lookup(ticket, name, seq)),
        ServerEvent::Fetch { ticket, name } => LookInTurn(directory::fetch(ticket, name)),
        ServerEvent::Feed { ticket, feed } => LookInTurn(directory::feed(ticket, feed)),
        ServerEvent::Create { ticket, create } => mailbox::create(ticket, create),
        ServerEvent::FindOwner { ticket, rid } => LookInTurn(mailbox::find_owner(ticket, rid)),
        ServerEvent::Open { ticket, slot, rid } => Look(mailbox::open(ticket, slot, rid, asker.bell.clone())),
        ServerEvent::Generate { ticket, sid, generation, key } => {
            mailbox::generate(ticket, sid, generation, key)
        }
        ServerEvent::Retire { ticket, sid, generation } => mailbox::retire(ticket, sid, generation),
        ServerEvent::CrossOff { ticket, sid, generation, indices } => {
            mailbox::cross_off(ticket, sid, generation, indices)
        }
        ServerEvent::Deposit { .. }
        | ServerEvent::Read { .. }
        | ServerEvent::Ack { .. }
        | ServerEvent::Pairing { .. }
        | ServerEvent::AnswerWrong => return None,
    })
}

/// A question about a change that is done in one turn.
fn at_once(change: impl FnOnce(&Relay) -> Answer + Send + 'static) -> Question {
    Question::Change(once(change))
}

/// A change that is done in one turn.
fn once(change: impl FnOnce(&Relay) -> Answer + Send + 'static) -> Change {
    let mut change = Some(change);
    Box::new(move |relay| change.take().map(|change| change(relay)))
}

/// A change that takes as many turns as `step` says that it has more to do.
fn by_and_by<T: Asked + Send + 'static>(
    ticket: Ticket<T>,
    done: fn(&mut ServerConnection, Ticket<T>),
    mut step: impl FnMut(&Relay) -> Result<GenerationOutcome, StoreError> + Send + 'static,
) -> Question {
    let mut ticket = Some(ticket);
    Question::Change(Box::new(move |relay| {
        let stepped = step(relay);
        if stepped == Ok(GenerationOutcome::More) {
            return None;
        }
        let ticket = ticket.take()?;
        Some(match stepped {
            Ok(GenerationOutcome::Refused(kind)) => no(ticket, kind),
            Ok(_) => answer(move |machine, _| done(machine, ticket)),
            Err(error) => failed(relay, ticket, error),
        })
    }))
}

/// An answer that completes a ticket and leaves nothing behind.
fn answer(then: impl FnOnce(&mut ServerConnection, Now) + Send + 'static) -> Answer {
    Box::new(move |machine, now| {
        then(machine, now);
        None
    })
}

fn refused<T: Asked + Send + 'static>(ticket: Ticket<T>, refusal: Refusal) -> Answer {
    answer(move |machine, _| machine.refuse(ticket, refusal))
}

fn no<T: Asked + Send + 'static>(ticket: Ticket<T>, kind: RefusalKind) -> Answer {
    refused(ticket, Refusal { kind, retry_after_s: None })
}

fn failed<T: Asked + Send + 'static>(relay: &Relay, ticket: Ticket<T>, error: StoreError) -> Answer {
    refused(ticket, relay.store_failed(error))
}

/// What is said when the system gives no random bytes: nothing was done.
const NO_RANDOMNESS: Refusal = Refusal { kind: RefusalKind::Unavailable, retry_after_s: Some(60) };

/// Fresh bytes of the system, if it gives any.
pub(crate) fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).ok().map(|()| bytes)
}
