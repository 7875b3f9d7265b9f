//! Tickets: what must be handed back before an answer may leave.

use core::fmt;
use core::marker::PhantomData;

use wire::{Cursor, RequestId, Slot};

use crate::signed;

/// The server machine's question to storage, given back by value together with storage's answer.
///
/// Made only by a [`ServerConnection`](crate::ServerConnection), for one request of one connection; neither
/// cloned nor built elsewhere. `T` says what was asked ([`asked`]), so that a ticket for a look-up cannot
/// confirm a deposit. A ticket handed to another connection's machine is ignored. A ticket that is dropped
/// leaves its request unanswered and outstanding: complete it, or refuse it.
#[must_use = "a request whose ticket is dropped is never answered"]
pub struct Ticket<T> {
    pub(crate) connection: [u8; 8],
    pub(crate) request: RequestId,
    pub(crate) what: T,
}

impl<T> Ticket<T> {
    /// Turns the right to answer into that of the next step, and gives back what this step remembered.
    pub(crate) fn step<U>(self, next: U) -> (T, Ticket<U>) {
        (self.what, Ticket { connection: self.connection, request: self.request, what: next })
    }
}

impl Ticket<asked::Admit> {
    /// Verifies the claim's record. Nothing that a stranger may ask for takes a server longer (a third of a
    /// millisecond), and the machine is not needed for it: a shell does it where nobody waits.
    pub fn verify(self) -> Ticket<asked::Admitted> {
        let (connection, request, asked::Admit { claim, server_id }) =
            (self.connection, self.request, self.what);
        let claim = signed::verify_first(&claim.record, &server_id).map(|_| claim);
        Ticket { connection, request, what: asked::Admitted { claim } }
    }
}

impl<T> fmt::Debug for Ticket<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Ticket(..)")
    }
}

/// What a [`Ticket`] asks. The fields are the machine's own memory of the request.
pub mod asked {
    use wire::request::{Claim as ClaimRequest, Open as OpenRequest, Publish as PublishRequest};
    use wire::{Cursor, ServerId, Slot};

    use crate::signed::RecordError;

    /// A claim waits to be looked at: [`verify`](super::Ticket::verify).
    pub struct Admit {
        pub(crate) claim: Box<ClaimRequest>,
        pub(crate) server_id: ServerId,
    }
    /// A claim was looked at: `admitted`.
    pub struct Admitted {
        pub(crate) claim: Result<Box<ClaimRequest>, RecordError>,
    }
    /// A name is claimed: completed by `registered` or `taken`.
    pub struct Claim(pub(crate) ());
    /// A verified answer waits for the directory: `replaced`.
    pub struct Replace(pub(crate) ());
    /// Whose bundle is this: `identity_found`.
    pub struct FindIdentity {
        pub(crate) publish: Box<PublishRequest>,
    }
    /// A verified bundle waits for the directory: `published`.
    pub struct Publish(pub(crate) ());
    /// A record is looked up: `looked_up`.
    pub struct Lookup(pub(crate) ());
    /// A bundle is fetched: `fetched`.
    pub struct Fetch(pub(crate) ());
    /// Leaves of the ledger are wanted: `fed`.
    pub struct Feed(pub(crate) ());
    /// An envelope waits for stable storage: `deposited`.
    pub struct Deposit(pub(crate) ());
    /// A pairing goes on: `paired`.
    pub struct Pairing {
        pub(crate) step: Step,
    }
    /// Which step of a pairing was asked for.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(crate) enum Step {
        Begin,
        Meet,
        Reply,
        Settle,
        Await,
    }
    /// A mailbox is to be created: `created`.
    pub struct Create(pub(crate) ());
    /// Whose signature opens this mailbox: `owner_found`.
    pub struct FindOwner {
        pub(crate) open: OpenRequest,
        pub(crate) slot: Slot,
    }
    /// A verified owner opens: `opened`.
    pub struct Open {
        pub(crate) slot: Slot,
    }
    /// Deliveries are wanted: `delivered`.
    pub struct Read {
        pub(crate) slot: Slot,
        pub(crate) collect: u64,
    }
    /// The owner lets go: `acked`.
    pub struct Ack {
        pub(crate) slot: Slot,
        pub(crate) through: Cursor,
    }
    /// A stamp generation begins: `generated`.
    pub struct Generate(pub(crate) ());
    /// A stamp generation ends: `retired`.
    pub struct Retire(pub(crate) ());
    /// Stamps become worthless: `crossed_off`.
    pub struct CrossOff(pub(crate) ());
}

/// What a ticket may stand for; implemented by the types of [`asked`] alone.
pub trait Asked: sealed::Sealed {
    /// The slot that a refusal gives free.
    #[doc(hidden)]
    fn reserves(&self) -> Option<Slot> {
        None
    }
}

mod sealed {
    /// Keeps [`Asked`](super::Asked) to this crate.
    pub trait Sealed {}
}

macro_rules! asked {
    ($($plain:ident),* ; $($slotted:ident),*) => {
        $(impl sealed::Sealed for asked::$plain {}
          impl Asked for asked::$plain {})*
        $(impl sealed::Sealed for asked::$slotted {}
          impl Asked for asked::$slotted {
              fn reserves(&self) -> Option<Slot> { Some(self.slot) }
          })*
    };
}
asked!(Admit, Admitted, Claim, Replace, FindIdentity, Publish, Lookup, Fetch, Feed, Deposit, Pairing, Create, Read, Ack, Generate, Retire, CrossOff;
       FindOwner, Open);

/// The right to acknowledge one delivery, and with it all before it in its mailbox.
///
/// Made only by a [`ClientConnection`](crate::ClientConnection); give the highest one of a batch to
/// [`ack`](crate::ClientConnection::ack) **after** the vault has committed. Dropping one is harmless: the
/// envelope comes again on the next connection.
#[must_use = "an envelope whose ticket is dropped comes again"]
pub struct DeliveryTicket {
    pub(crate) connection: [u8; 8],
    pub(crate) slot: Slot,
    pub(crate) cursor: Cursor,
    pub(crate) _not_made_elsewhere: PhantomData<()>,
}

impl DeliveryTicket {
    /// Of which opened mailbox.
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// The place through which an `ACK` with this ticket lets go.
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }
}

impl fmt::Debug for DeliveryTicket {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("DeliveryTicket(..)")
    }
}
