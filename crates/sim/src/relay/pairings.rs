//! What a relay answers to those who meet under a number.

use proto::{ServerConnection, Ticket, asked};
use wire::PairingStep;

use super::Relay;
use crate::net::Luck;

impl Relay {
    pub(super) fn pair(
        &mut self,
        machine: &mut ServerConnection,
        ticket: Ticket<asked::Pairing>,
        step: PairingStep,
        luck: &mut Luck,
    ) {
        let (now, random) = (luck.moment(), luck.random.word());
        match self.pairings.take(now, step, || Some(random)) {
            Ok(answer) => machine.paired(ticket, answer),
            Err(refusal) => machine.refuse(ticket, refusal),
        }
    }
}
