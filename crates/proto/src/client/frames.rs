//! From a frame to what it means here: a greeting, an answer to an open question, or a notice in its turn.

use std::marker::PhantomData;

use wire::frame::RawFrame;
use wire::response::Deliver;
use wire::{Body, Frame, Notice, RequestId, Response, Slot};

use super::deliveries::OpenMailbox;
use super::{ClientConnection, Phase};
use crate::Now;
use crate::event::{ClientEvent, CloseReason};
use crate::ticket::DeliveryTicket;

impl ClientConnection {
    pub(super) fn on_frame(&mut self, now: Now, raw: &RawFrame) -> Result<(), CloseReason> {
        let frame = Frame::decode(raw).map_err(|_| CloseReason::NotFrames)?;
        match (self.phase, frame.body) {
            (Phase::AwaitsWelcome { .. }, Body::Notice(Notice::Welcome(welcome))) => {
                self.on_welcome(now, welcome)
            }
            (Phase::Ready { .. }, Body::Response(response)) => self.on_response(frame.request_id, response),
            (Phase::Ready { .. }, Body::Notice(notice)) => self.on_notice(notice),
            _ => Err(CloseReason::OutOfTurn),
        }
    }

    fn on_response(&mut self, id: RequestId, response: Response) -> Result<(), CloseReason> {
        let awaited = self.awaited.remove(&id).ok_or(CloseReason::OutOfTurn)?;
        if !awaited.fits(&response) {
            return Err(CloseReason::OutOfTurn);
        }
        self.follow_up(&awaited, &response)?;
        if !awaited.is_keep_alive() {
            self.events.push_back(ClientEvent::Answered { id, response });
        }
        Ok(())
    }

    fn on_notice(&mut self, notice: Notice) -> Result<(), CloseReason> {
        match notice {
            Notice::Welcome(_) => Err(CloseReason::OutOfTurn),
            Notice::Deliver(deliver) => self.on_deliver(*deliver),
            Notice::Drained(drained) => {
                self.mailbox(drained.slot)?.drained(drained.cursor)?;
                self.events.push_back(ClientEvent::Drained { slot: drained.slot, cursor: drained.cursor });
                Ok(())
            }
            Notice::Superseded(slot) => {
                self.mailboxes.remove(&slot).ok_or(CloseReason::OutOfTurn)?;
                self.events.push_back(ClientEvent::Superseded { slot });
                Ok(())
            }
        }
    }

    fn on_deliver(&mut self, deliver: Deliver) -> Result<(), CloseReason> {
        let Deliver { slot, cursor, auth, envelope } = deliver;
        self.mailbox(slot)?.delivered(cursor)?;
        let connection = self.tag().ok_or(CloseReason::OutOfTurn)?;
        let ticket = DeliveryTicket { connection, slot, cursor, _not_made_elsewhere: PhantomData };
        self.events.push_back(ClientEvent::Deliver { slot, auth, envelope, ticket });
        Ok(())
    }

    fn mailbox(&mut self, slot: Slot) -> Result<&mut OpenMailbox, CloseReason> {
        self.mailboxes.get_mut(&slot).ok_or(CloseReason::OutOfTurn)
    }
}
