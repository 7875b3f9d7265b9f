//! Pairings: two people leave something for each other under a number. Nothing here says who they are.

use wire::{PairingStep, RefusalKind, RequestId, Response};

use super::ServerConnection;
use crate::event::{PairingAnswer, ServerEvent};
use crate::ticket::asked::Step;
use crate::ticket::{Ticket, asked};

impl ServerConnection {
    /// The step was taken. An answer to another kind of step refuses with `Unavailable`.
    pub fn paired(&mut self, ticket: Ticket<asked::Pairing>, answer: PairingAnswer) {
        let response = match (ticket.what.step, answer) {
            (Step::Begin, PairingAnswer::Begun(number)) => Response::Begun(number),
            (Step::Meet, PairingAnswer::Met(share)) => Response::Met(share),
            (Step::Reply, PairingAnswer::Replied) => Response::Replied,
            (Step::Settle, PairingAnswer::Settled) => Response::Settled,
            (Step::Await, PairingAnswer::Awaited(other)) => Response::Awaited(other),
            _ => Response::Refused(RefusalKind::Unavailable.into()),
        };
        self.complete(ticket, response);
    }

    pub(super) fn on_pairing(&mut self, id: RequestId, step: PairingStep) {
        let which = match &step {
            PairingStep::Begin(_) => Step::Begin,
            PairingStep::Meet(_) => Step::Meet,
            PairingStep::Reply(_) => Step::Reply,
            PairingStep::Settle(_) => Step::Settle,
            PairingStep::Await(_) => Step::Await,
        };
        let ticket = self.ticket(id, asked::Pairing { step: which });
        self.events.push_back(ServerEvent::Pairing { ticket, step });
    }
}
