//! Floods from blocked people: counted while collecting, and past a bound dropped by the relay (DESIGN § 8.2).

use std::collections::BTreeMap;

use client_core::flood::is_flood;
use wire::{
    DepositAuth, RefusalKind, Response, Slot, StampIndex, limits::CROSS_OFF_INDICES_MAX, request::CrossOff,
};

use crate::{
    Client, ClientError,
    transport::Line,
    vault::{Tx, stamp},
};

/// Envelopes of blocked people that one owner connection brought, by contact.
#[derive(Default)]
pub(crate) struct Flood(BTreeMap<i64, u32>);

impl Flood {
    /// Counts one envelope that was new, if a blocked person's stamp brought it.
    pub(crate) fn count(&mut self, tx: &Tx<'_>, auth: &DepositAuth) -> Result<(), ClientError> {
        let DepositAuth::Stamped { generation, index, .. } = auth else { return Ok(()) };
        if let Some(contact) = stamp::blocked_spender(tx, *generation, *index)? {
            let envelopes = self.0.entry(contact).or_default();
            *envelopes = envelopes.saturating_add(1);
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
        let flooders: Vec<i64> =
            self.0.iter().filter(|(_, count)| is_flood(**count)).map(|(id, _)| *id).collect();
        for contact in flooders {
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
            self.0.remove(&contact);
        }
        Ok(())
    }
}
