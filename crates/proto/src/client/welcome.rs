//! The first frame: is this the server we were told to expect?

use wire::limits::{FRAME_BYTES_MAX, KEEP_ALIVE_MS, OUTSTANDING_MAX};
use wire::request::ConnectionProof;
use wire::response::Welcome;
use wire::{PROTOCOL_VERSION, ServerId};

use super::{ClientConnection, Phase, ServerPin};
use crate::Now;
use crate::event::{ClientEvent, CloseReason};

/// Below this a server would make its clients chatter.
const IDLE_MS_MIN: u32 = 30_000;

impl ClientConnection {
    pub(super) fn on_welcome(&mut self, now: Now, welcome: Welcome) -> Result<(), CloseReason> {
        if !self.config.server.is(&welcome.server_id) {
            return Err(CloseReason::WrongServer);
        }
        check_version(&welcome)?;
        check_limits(&welcome)?;
        let proof = ConnectionProof {
            version: PROTOCOL_VERSION,
            server_id: welcome.server_id,
            welcome_nonce: welcome.nonce,
            binding: self.config.binding,
        };
        // Two fifths of the server's patience: one PING may be late. Of the usual ten minutes that is
        // KEEP_ALIVE_MS.
        let keep_alive_ms = KEEP_ALIVE_MS.min(u64::from(welcome.idle_ms_max) / 5 * 2);
        self.phase = Phase::Ready { proof, keep_alive_ms };
        self.last_sent = now;
        for request in core::mem::take(&mut self.waiting) {
            self.output.push_bytes(request);
        }
        self.events.push_back(ClientEvent::Ready { welcome: Box::new(welcome), proof });
        Ok(())
    }
}

impl ServerPin {
    fn is(&self, server_id: &ServerId) -> bool {
        match self {
            ServerPin::Full(expected) => expected == server_id,
            ServerPin::Short(expected) => expected.matches(&server_id.0),
        }
    }
}

fn check_version(welcome: &Welcome) -> Result<(), CloseReason> {
    let (min, max) = (welcome.versions.min, welcome.versions.max);
    if (min..=max).contains(&PROTOCOL_VERSION) { Ok(()) } else { Err(CloseReason::Version { min, max }) }
}

/// A server may be more generous than version 1 asks, not meaner.
fn check_limits(welcome: &Welcome) -> Result<(), CloseReason> {
    let enough = welcome.frame_bytes_max as usize >= FRAME_BYTES_MAX
        && usize::from(welcome.outstanding_max) >= OUTSTANDING_MAX
        && welcome.idle_ms_max >= IDLE_MS_MIN;
    if enough { Ok(()) } else { Err(CloseReason::OutOfTurn) }
}
