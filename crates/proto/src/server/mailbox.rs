//! One opened mailbox of an owner connection: what was delivered, what is acknowledged, what may still go.

use wire::{Cursor, DepositId, OwnerId};

/// Envelopes asked for in one read, so that a read stays near one MiB.
const READ_ENVELOPES_MAX: u16 = 16;

/// One of the two places for a mailbox on an owner connection.
#[derive(Default)]
pub(super) enum OwnerSlot {
    /// Nothing here yet.
    #[default]
    Free,
    /// Its owner's proof, or storage's answer, is awaited.
    Opening(OwnerId),
    /// Likewise, and meanwhile another connection took it over: storage lets it go before this one hears that it had it.
    OpeningLost(OwnerId),
    /// In use; in a box, since most connections open none.
    Open(Box<Mailbox>),
    /// Another connection took it over; never used again on this one.
    Superseded,
}

/// An open mailbox.
pub(super) struct Mailbox {
    pub(super) sid: DepositId,
    pub(super) rid: OwnerId,
    collecting: Option<Collecting>,
    /// Counts the COLLECTs, so that a read begun for an earlier one is recognised.
    serial: u64,
    reading: bool,
    /// Delivered and not acknowledged, rising; at most the credit.
    unacked: std::collections::VecDeque<Cursor>,
    /// The highest place delivered on this connection.
    delivered: Cursor,
    /// The highest place that storage has let go of on this connection.
    acked: Cursor,
}

/// What the newest `COLLECT` asked for, and how far it got.
struct Collecting {
    /// The last place delivered under it, or where it began.
    at: Cursor,
    credit: u16,
    follow: bool,
    /// `DRAINED` was said and nothing was delivered since.
    drained: bool,
    /// Something may be waiting that no read has looked for.
    fresh: bool,
}

/// A read to be asked of storage.
pub(super) struct Wanted {
    pub(super) collect: u64,
    pub(super) after: Cursor,
    pub(super) max: u16,
}

impl Mailbox {
    pub(super) fn new(sid: DepositId, rid: OwnerId) -> Self {
        Mailbox {
            sid,
            rid,
            collecting: None,
            serial: 0,
            reading: false,
            unacked: Default::default(),
            delivered: Cursor(0),
            acked: Cursor(0),
        }
    }

    /// Begins anew after a cursor: what was delivered behind it comes again and no longer uses credit.
    pub(super) fn collect(&mut self, after: Cursor, credit: u16, follow: bool) {
        self.serial = self.serial.wrapping_add(1);
        self.unacked.retain(|cursor| *cursor <= after);
        self.collecting = Some(Collecting { at: after, credit, follow, drained: false, fresh: true });
    }

    /// Something was stored.
    pub(super) fn arrived(&mut self) {
        if let Some(collecting) = &mut self.collecting {
            collecting.fresh = true;
        }
    }

    /// The next read, if one is due; it is under way from now on.
    ///
    /// Without room one envelope is still asked for, once: not to deliver it, but to know whether the
    /// mailbox is drained.
    pub(super) fn next_read(&mut self) -> Option<Wanted> {
        let room = self.room();
        let collecting = self.collecting.as_mut().filter(|collecting| collecting.fresh && !self.reading)?;
        collecting.fresh = false;
        self.reading = true;
        Some(Wanted { collect: self.serial, after: collecting.at, max: room.clamp(1, READ_ENVELOPES_MAX) })
    }

    /// Storage answered a read. True when the answer belongs to the present `COLLECT`.
    pub(super) fn read_ended(&mut self, collect: u64) -> bool {
        self.reading = false;
        self.collecting.is_some() && collect == self.serial
    }

    /// Counts one envelope as delivered; false when it is out of order or has no room.
    pub(super) fn deliver(&mut self, cursor: Cursor) -> bool {
        if self.room() == 0 {
            return false;
        }
        let Some(collecting) = self.collecting.as_mut().filter(|collecting| collecting.at < cursor) else {
            return false;
        };
        collecting.at = cursor;
        collecting.drained = false;
        collecting.fresh = true;
        self.unacked.push_back(cursor);
        self.delivered = self.delivered.max(cursor);
        true
    }

    /// A read found nothing: the place to say `DRAINED` for, if it has to be said.
    pub(super) fn drain(&mut self) -> Option<Cursor> {
        let collecting = self.collecting.as_mut()?;
        if collecting.fresh || collecting.drained {
            // Something arrived during the read, or it was said already.
            return None;
        }
        collecting.drained = true;
        let at = collecting.at;
        if !collecting.follow {
            self.collecting = None;
        }
        Some(at)
    }

    /// Whether a cursor was delivered on this connection (`spec/mailbox.md § Ack`).
    pub(super) fn was_delivered(&self, through: Cursor) -> bool {
        through <= self.delivered
    }

    /// Whether everything through a cursor is known to be gone.
    pub(super) fn is_acked(&self, through: Cursor) -> bool {
        through <= self.acked
    }

    /// Storage let go: the credit returns.
    pub(super) fn acked(&mut self, through: Cursor) {
        self.acked = self.acked.max(through);
        let before = self.unacked.len();
        self.unacked.retain(|cursor| *cursor > through);
        if self.unacked.len() < before
            && let Some(collecting) = self.collecting.as_mut().filter(|collecting| !collecting.drained)
        {
            collecting.fresh = true;
        }
    }

    pub(super) fn room(&self) -> u16 {
        let credit = self.collecting.as_ref().map_or(0, |collecting| collecting.credit);
        credit.saturating_sub(u16::try_from(self.unacked.len()).unwrap_or(u16::MAX))
    }
}
