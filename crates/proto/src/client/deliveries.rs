//! What a server may deliver, and when: judged, so that it cannot flood us or go back.

use std::collections::VecDeque;

use wire::Cursor;
use wire::request::Collect;

use crate::event::CloseReason;

/// One mailbox that the server has opened for us.
pub(super) struct OpenMailbox {
    collecting: Option<Collecting>,
    /// Delivered, and no `ACK` for it has left; rising.
    unacked: VecDeque<Cursor>,
    /// The highest place for which an `ACK` has left: what comes again below it uses no credit.
    let_go: Cursor,
}

struct Collecting {
    at: Cursor,
    credit: u16,
    follow: bool,
    drained: bool,
}

impl OpenMailbox {
    /// Opened, and nothing asked for yet.
    pub(super) fn new() -> Self {
        OpenMailbox { collecting: None, unacked: VecDeque::new(), let_go: Cursor(0) }
    }

    /// The server has begun, or begun anew.
    pub(super) fn collecting(&mut self, collect: &Collect) {
        self.unacked.retain(|cursor| *cursor <= collect.after);
        self.collecting = Some(Collecting {
            at: collect.after,
            credit: collect.credit,
            follow: collect.follow,
            drained: false,
        });
    }

    /// One envelope: asked for, after the one before, within the credit.
    pub(super) fn delivered(&mut self, cursor: Cursor) -> Result<(), CloseReason> {
        let collecting = self.collecting.as_mut().ok_or(CloseReason::OutOfTurn)?;
        if cursor <= collecting.at || self.unacked.len() >= usize::from(collecting.credit) {
            return Err(CloseReason::OutOfTurn);
        }
        collecting.at = cursor;
        collecting.drained = false;
        if cursor > self.let_go {
            self.unacked.push_back(cursor);
        }
        Ok(())
    }

    /// `DRAINED` comes once after a `COLLECT` or a delivery, and names the last place.
    pub(super) fn drained(&mut self, cursor: Cursor) -> Result<(), CloseReason> {
        let collecting = self.collecting.as_mut().ok_or(CloseReason::OutOfTurn)?;
        if collecting.drained || cursor != collecting.at {
            return Err(CloseReason::OutOfTurn);
        }
        collecting.drained = true;
        if !collecting.follow {
            self.collecting = None;
        }
        Ok(())
    }

    /// An `ACK` has left.
    pub(super) fn let_go(&mut self, through: Cursor) {
        self.let_go = self.let_go.max(through);
        self.unacked.retain(|cursor| *cursor > through);
    }
}
