//! Floods from blocked people: counted while collecting, and past a bound dropped by the relay (DESIGN § 8.2).

use client_core::flood::Gauge;
use wire::{
    DepositAuth, Envelope, RefusalKind, Response, Slot, StampIndex, limits::CROSS_OFF_INDICES_MAX,
    request::CrossOff,
};

use crate::{
    Client, ClientError,
    transport::Line,
    vault::{Tx, mailbox, stamp},
};

/// What blocked people's stamps brought on one owner connection.
#[derive(Default)]
pub(crate) struct Flood(Gauge);

impl Flood {
    /// Counts one envelope that was new, if a blocked person's stamp brought it. A relay that puts another
    /// envelope under a spent stamp, to learn whose it is by what gets crossed off, is not listened to.
    pub(crate) fn count(
        &mut self,
        tx: &Tx<'_>,
        auth: &DepositAuth,
        envelope: &Envelope,
    ) -> Result<(), ClientError> {
        let DepositAuth::Stamped { generation, index, .. } = auth else { return Ok(()) };
        if let Some(contact) = stamp::blocked_spender(tx, *generation, *index)?
            && mailbox::verify(tx, auth, envelope)?.is_some()
        {
            self.0.count(contact, tx.now());
        }
        Ok(())
    }

    /// Has the relay drop what else a flooder sends: he goes on seeing `STORED`.
    pub(crate) async fn stem(
        &mut self,
        client: &Client,
        line: &mut Line,
        inbox: Slot,
    ) -> Result<(), ClientError> {
        for contact in self.0.flooders() {
            for (generation, indices) in client.vault.read(|tx| stamp::unspent(tx, contact))? {
                for some in indices.chunks(CROSS_OFF_INDICES_MAX) {
                    let indices: Vec<StampIndex> = some.to_vec();
                    match line.ask(CrossOff { slot: inbox, generation, indices }).await? {
                        Response::CrossedOff => {}
                        // The relay knows the generation no more: its stamps are worth nothing either way.
                        Response::Refused(refusal) if refusal.kind == RefusalKind::Generation => {}
                        other => return Err(line.unexpected(&other)),
                    }
                    client.vault.write(|tx| stamp::set_crossed_off(tx, generation, some))?;
                }
            }
            self.0.forget(contact);
        }
        Ok(())
    }
}
