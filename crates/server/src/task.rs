//! What a connection asks of the store besides deposits and acks: one task per question, run beside the event loop.

mod directory;
mod mailbox;

use std::sync::Arc;

pub use directory::verify;
pub use mailbox::read;
use proto::ticket::Asked;
use proto::{Now, ServerConnection, ServerEvent, Ticket};
use store::StoreError;
use wire::refusal::{Refusal, RefusalKind};

use crate::admission::Source;
use crate::bell::Bell;
use crate::hub::Hold;
use crate::relay::Relay;

/// A question for the store; it blocks, so it runs on a thread where that does no harm.
pub type Task = Box<dyn FnOnce(&Relay) -> Answer + Send>;
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

/// The task behind an event; `None` for the events that are none for a task.
pub fn of(event: ServerEvent, asker: &Asker) -> Option<Task> {
    Some(match event {
        ServerEvent::Claim { ticket, claim } => directory::claim(ticket, claim, asker.source),
        ServerEvent::Replace { ticket, kind, expected_seq, record, vouchers } => {
            directory::replace(ticket, kind, expected_seq, record, vouchers)
        }
        ServerEvent::FindIdentity { ticket, name } => directory::find_identity(ticket, name),
        ServerEvent::Publish { ticket, name, bundle } => directory::publish(ticket, name, bundle),
        ServerEvent::Lookup { ticket, name, seq } => directory::lookup(ticket, name, seq),
        ServerEvent::Fetch { ticket, name } => directory::fetch(ticket, name),
        ServerEvent::Create { ticket, create } => mailbox::create(ticket, create),
        ServerEvent::FindOwner { ticket, rid } => mailbox::find_owner(ticket, rid),
        ServerEvent::Open { ticket, slot, rid } => mailbox::open(ticket, slot, rid, asker.bell.clone()),
        ServerEvent::Generate { ticket, sid, generation, key } => {
            mailbox::generate(ticket, sid, generation, key)
        }
        ServerEvent::Retire { ticket, sid, generation } => mailbox::retire(ticket, sid, generation),
        ServerEvent::CrossOff { ticket, sid, generation, indices } => {
            mailbox::cross_off(ticket, sid, generation, indices)
        }
        ServerEvent::Admit { .. }
        | ServerEvent::Deposit { .. }
        | ServerEvent::Read { .. }
        | ServerEvent::Ack { .. }
        | ServerEvent::Pairing { .. }
        | ServerEvent::AnswerWrong => return None,
    })
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
