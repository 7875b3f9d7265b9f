//! Where an answer goes: server, host, inbox and the stamps to drop it there.

use crate::content::{ContentError, read_stamps, write_stamps};
use wire::limits::REFILL_STAMPS_MAX;
use wire::{DepositId, HostPort, Reader, ServerId, Stamp, Wire, Writer};

/// Rides in HELLO and ACCEPT: everything the other side needs to write to my inbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReplyPath {
    /// Which server, whatever its host is called tomorrow.
    pub server_id: ServerId,
    /// Where it is reached.
    pub at: HostPort,
    /// My inbox.
    pub inbox: DepositId,
    /// Permissions to deposit there: 32 in a HELLO, up to 256 in an ACCEPT.
    pub stamps: Vec<Stamp>,
}

impl ReplyPath {
    pub(crate) fn write(&self, out: &mut Writer) {
        self.server_id.write(out);
        self.at.write(out);
        self.inbox.write(out);
        write_stamps(&self.stamps, out);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, ContentError> {
        let server_id = ServerId::read(input)?;
        let at = HostPort::read(input)?;
        let inbox = DepositId::read(input)?;
        let stamps = read_stamps(input, REFILL_STAMPS_MAX)?;
        Ok(Self { server_id, at, inbox, stamps })
    }
}
