//! Create, open, collect, ack, stamp generations: what an owner does with a mailbox.

use wire::request::{Ack, Collect, Create, CrossOff, Generate, Open, Retire};
use wire::response::{Created, Deliver, Drained, Notice, Opened};
use wire::{
    Cursor, DepositAuth, DepositId, Frame, OwnerId, OwnerKey, RefusalKind, RequestId, Response, Slot,
};

use super::ServerConnection;
use super::mailbox::{Mailbox, OwnerSlot, Wanted};
use crate::Now;
use crate::event::{Delivery, Opening, ServerEvent};
use crate::server::fruitless::Weight;
use crate::signed;
use crate::ticket::{Ticket, asked};

/// With so many bytes to write, no more deliveries are asked for: a peer who reads never waits for storage, and one
/// who does not costs this and one read.
const DELIVERIES_AHEAD_BYTES: usize = 64 * 1024;

/// What an envelope counts for that was delivered on this connection before.
const DELIVERED_AGAIN: Weight = 1;

/// Verified against when a mailbox does not exist, so that the work is the same: a valid point whose secret
/// is published (RFC 8032 § 7.1, test 1) and which opens nothing, because the answer is not looked at.
const NOBODYS_KEY: OwnerKey = OwnerKey([
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e,
    0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
]);

impl ServerConnection {
    /// The mailbox exists, now or from an identical request before.
    pub fn created(&mut self, ticket: Ticket<asked::Create>, sid: DepositId) {
        self.complete(ticket, Response::Created(Created { sid }));
    }

    /// The key that opens the mailbox, or none. Verifies the proof either way, then asks for
    /// [`ServerEvent::Open`] or refuses: an unknown mailbox and a wrong proof look alike.
    pub fn owner_found(&mut self, ticket: Ticket<asked::FindOwner>, owner: Option<OwnerKey>) {
        if !self.is_ours(&ticket) {
            return;
        }
        let slot = ticket.what.slot;
        let (found, ticket) = ticket.step(asked::Open { slot });
        let Open { rid, proof } = found.open;
        let signed = signed::verify_open(&owner.unwrap_or(NOBODYS_KEY), &rid, &self.proof(), &proof);
        match (owner, signed) {
            (Some(_), Ok(())) if self.is_bound() => {
                self.events.push_back(ServerEvent::Open { ticket, slot, rid });
            }
            _ => {
                self.release_slot(slot);
                self.refuse_request(ticket.request, RefusalKind::NoSuchMailbox);
            }
        }
        self.pump();
    }

    /// The mailbox is open, and this connection is its only collector.
    pub fn opened(&mut self, ticket: Ticket<asked::Open>, opening: Opening) {
        if !self.is_ours(&ticket) {
            return;
        }
        let slot = ticket.what.slot;
        let mut is_lost = false;
        if let Some(place) = self.slots.get_mut(usize::from(slot.0))
            && let OwnerSlot::Opening(rid) | OwnerSlot::OpeningLost(rid) = *place
        {
            is_lost = matches!(place, OwnerSlot::OpeningLost(_));
            *place = OwnerSlot::Open(Box::new(Mailbox::new(opening.sid, rid)));
        }
        let Opening { sid, waiting, oldest, expired, generations } = opening;
        self.respond(
            ticket.request,
            Response::Opened(Opened { slot, sid, waiting, oldest, expired, generations }),
        );
        if is_lost {
            self.supersede(slot);
        }
        self.pump();
    }

    /// What a read found, in the mailbox's order; empty when nothing is waiting.
    pub fn delivered(&mut self, now: Now, ticket: Ticket<asked::Read>, batch: Vec<Delivery>) {
        self.now = now;
        let asked::Read { slot, collect } = ticket.what;
        if ticket.connection != self.tag()
            || !self.mailbox(slot).is_some_and(|mailbox| mailbox.read_ended(collect))
        {
            return self.pump();
        }
        if batch.is_empty() {
            self.say_drained(slot);
        }
        for delivery in batch {
            self.deliver(slot, delivery);
        }
        self.pump();
    }

    /// Storage has let go of everything through the cursor.
    pub fn acked(&mut self, ticket: Ticket<asked::Ack>) {
        let asked::Ack { slot, through } = ticket.what;
        if self.is_ours(&ticket)
            && let Some(mailbox) = self.mailbox(slot)
        {
            mailbox.acked(through);
        }
        self.complete(ticket, Response::Acked);
    }

    /// Stamps of the generation are accepted from now on.
    pub fn generated(&mut self, ticket: Ticket<asked::Generate>) {
        self.complete(ticket, Response::Generated);
    }

    /// Stamps of the generation are worth nothing from now on.
    pub fn retired(&mut self, ticket: Ticket<asked::Retire>) {
        self.complete(ticket, Response::Retired);
    }

    /// What comes with these stamps is dropped from now on.
    pub fn crossed_off(&mut self, ticket: Ticket<asked::CrossOff>) {
        self.complete(ticket, Response::CrossedOff);
    }

    /// Something was stored in the mailbox of this slot: a follower is served. Harmless when there is none.
    pub fn arrived(&mut self, slot: Slot) {
        if let Some(mailbox) = self.mailbox(slot) {
            mailbox.arrived();
        }
        self.pump();
    }

    /// Another connection took the mailbox of this slot over. That may be told before [`opened`](Self::opened) is: then
    /// it is said right behind `OPENED`.
    pub fn supersede(&mut self, slot: Slot) {
        if !self.reads_frames() {
            return;
        }
        let Some(place) = self.slots.get_mut(usize::from(slot.0)) else { return };
        match *place {
            OwnerSlot::Open(_) => {
                *place = OwnerSlot::Superseded;
                self.output.push(&Frame::notice(Notice::Superseded(slot)));
            }
            OwnerSlot::Opening(rid) => *place = OwnerSlot::OpeningLost(rid),
            OwnerSlot::OpeningLost(_) | OwnerSlot::Superseded | OwnerSlot::Free => {}
        }
    }

    /// Unacknowledged envelopes that may still go to this slot's owner.
    pub fn credit(&self, slot: Slot) -> u16 {
        match self.slots.get(usize::from(slot.0)) {
            Some(OwnerSlot::Open(mailbox)) => mailbox.room(),
            _ => 0,
        }
    }

    pub(super) fn on_create(&mut self, id: RequestId, create: Create) {
        if crypto::check_owner_key(&create.owner_key.0).is_err() {
            return self.refuse_request(id, RefusalKind::Signature);
        }
        let ticket = self.ticket(id, asked::Create(()));
        self.events.push_back(ServerEvent::Create { ticket, create });
    }

    pub(super) fn on_open(&mut self, id: RequestId, open: Open) {
        let rid = open.rid;
        let Some(slot) = self.reserve_slot(rid) else {
            return self.refuse_request(id, RefusalKind::OutOfPlace);
        };
        let ticket = self.ticket(id, asked::FindOwner { open, slot });
        self.events.push_back(ServerEvent::FindOwner { ticket, rid });
    }

    pub(super) fn on_collect(&mut self, id: RequestId, collect: &Collect) {
        let Some(mailbox) = self.mailbox(collect.slot) else {
            return self.refuse_request(id, RefusalKind::OutOfPlace);
        };
        mailbox.collect(collect.after, collect.credit, collect.follow);
        self.respond(id, Response::Collecting);
    }

    pub(super) fn on_ack(&mut self, id: RequestId, ack: &Ack) {
        let Some(mailbox) = self.mailbox(ack.slot) else {
            return self.refuse_request(id, RefusalKind::OutOfPlace);
        };
        if !mailbox.was_delivered(ack.through) {
            return self.refuse_request(id, RefusalKind::Cursor);
        }
        if mailbox.is_acked(ack.through) {
            self.fruitless.count_now(self.now);
            return self.respond(id, Response::Acked);
        }
        let sid = mailbox.sid;
        let ticket = self.ticket(id, asked::Ack { slot: ack.slot, through: ack.through });
        self.events.push_back(ServerEvent::Ack { ticket, sid, through: ack.through });
    }

    pub(super) fn on_generate(&mut self, id: RequestId, generate: &Generate) {
        let Some(sid) = self.mailbox(generate.slot).map(|mailbox| mailbox.sid) else {
            return self.refuse_request(id, RefusalKind::OutOfPlace);
        };
        let ticket = self.ticket(id, asked::Generate(()));
        let Generate { generation, key, .. } = *generate;
        self.events.push_back(ServerEvent::Generate { ticket, sid, generation, key });
    }

    pub(super) fn on_retire(&mut self, id: RequestId, retire: &Retire) {
        let Some(sid) = self.mailbox(retire.slot).map(|mailbox| mailbox.sid) else {
            return self.refuse_request(id, RefusalKind::OutOfPlace);
        };
        let ticket = self.ticket(id, asked::Retire(()));
        self.events.push_back(ServerEvent::Retire { ticket, sid, generation: retire.generation });
    }

    pub(super) fn on_cross_off(&mut self, id: RequestId, cross_off: CrossOff) {
        let Some(sid) = self.mailbox(cross_off.slot).map(|mailbox| mailbox.sid) else {
            return self.refuse_request(id, RefusalKind::OutOfPlace);
        };
        let ticket = self.ticket(id, asked::CrossOff(()));
        let CrossOff { generation, indices, .. } = cross_off;
        self.events.push_back(ServerEvent::CrossOff { ticket, sid, generation, indices });
    }

    /// Asks storage for whatever may go now, while the peer keeps reading.
    pub(super) fn ask_for_deliveries(&mut self) {
        if !self.reads_frames()
            || self.output.bytes() >= DELIVERIES_AHEAD_BYTES
            || self.fruitless.until(self.now).is_some()
        {
            return;
        }
        let connection = self.tag();
        for (number, place) in (0u8..).zip(&mut self.slots) {
            let OwnerSlot::Open(mailbox) = place else { continue };
            let Some(Wanted { collect, after, max }) = mailbox.next_read() else { continue };
            let slot = Slot(number);
            let ticket =
                Ticket { connection, request: RequestId::NOTICE, what: asked::Read { slot, collect } };
            self.events.push_back(ServerEvent::Read { ticket, slot, sid: mailbox.sid, after, max });
        }
    }

    pub(super) fn release_slot(&mut self, slot: Slot) {
        if let Some(place @ (OwnerSlot::Opening(_) | OwnerSlot::OpeningLost(_))) =
            self.slots.get_mut(usize::from(slot.0))
        {
            *place = OwnerSlot::Free;
        }
    }

    /// A free place for a mailbox that is not on this connection yet.
    fn reserve_slot(&mut self, rid: OwnerId) -> Option<Slot> {
        let here = |place: &OwnerSlot| match place {
            OwnerSlot::Opening(other) | OwnerSlot::OpeningLost(other) => *other == rid,
            OwnerSlot::Open(mailbox) => mailbox.rid == rid,
            OwnerSlot::Free | OwnerSlot::Superseded => false,
        };
        if self.slots.iter().any(here) {
            return None;
        }
        let (number, place) =
            (0u8..).zip(&mut self.slots).find(|(_, place)| matches!(place, OwnerSlot::Free))?;
        *place = OwnerSlot::Opening(rid);
        Some(Slot(number))
    }

    fn mailbox(&mut self, slot: Slot) -> Option<&mut Mailbox> {
        match self.slots.get_mut(usize::from(slot.0)) {
            Some(OwnerSlot::Open(mailbox)) => Some(mailbox),
            _ => None,
        }
    }

    fn deliver(&mut self, slot: Slot, delivery: Delivery) {
        let Delivery { cursor, auth, envelope } = delivery;
        if !self.reads_frames() {
            return;
        }
        let Some(mailbox) = self.mailbox(slot) else { return };
        let again = mailbox.was_delivered(cursor);
        if !mailbox.deliver(cursor) {
            return;
        }
        if again {
            self.fruitless.count(self.now, DELIVERED_AGAIN);
        }
        let auth = match auth {
            DepositAuth::Open { .. } => DepositAuth::Open { puzzle: None },
            stamped => stamped,
        };
        let deliver = Deliver { slot, cursor, auth, envelope };
        self.output.push(&Frame::notice(Notice::Deliver(Box::new(deliver))));
    }

    fn say_drained(&mut self, slot: Slot) {
        let cursor: Option<Cursor> = self.mailbox(slot).and_then(Mailbox::drain);
        if let Some(cursor) = cursor
            && self.reads_frames()
        {
            self.output.push(&Frame::notice(Notice::Drained(Drained { slot, cursor })));
        }
    }
}
