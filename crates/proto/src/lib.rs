//! Both ends of a connection as state machines without I/O (`spec/connection.md`).
//!
//! # A connection's life
//!
//! A shell (TCP and TLS, a simulator, a test) owns a machine, feeds it what arrived, and sends what it finds.
//! The server's [`ServerConnection`] speaks first: its `WELCOME` names the server and a fresh nonce. The
//! client's [`ClientConnection`] checks that this is the server it was told to expect, and says
//! [`ClientEvent::Ready`]. Its first request fixes what the connection is for — owner, anonymous or
//! registry — and everything that belongs to another kind is refused from then on.
//!
//! The server's machine decides nothing that needs storage: it asks, by a [`ServerEvent`] that carries a
//! [`Ticket`], and only that ticket, handed back by value to the method that completes it, lets the answer
//! leave. So `STORED` before storage needs a lie, not a slip. In the same way the client's machine hands out
//! each delivery with a [`DeliveryTicket`], and only the ticket, given back once the vault has committed,
//! sends the `ACK`.
//!
//! What the shell does, whichever end it owns:
//!
//! ```text
//! loop:  bytes arrived           → handle_input(now, bytes)       (server: only while wants_input())
//!        the clock passed        → handle_timeout(now)            (when poll_timeout() says so)
//!        storage has answered    → deposited(ticket), registered(ticket, ..), ... or refuse(ticket, ..)
//!        then: every poll_event() acted on, every poll_output() written
//!        until is_closed()
//! ```
//!
//! ```
//! use proto::*;
//! use wire::request::{Binding, Fetch};
//! use wire::{ConnectionKind, Name, ServerId, UnixSeconds, WelcomeNonce};
//!
//! let (server_id, binding) = (ServerId([1; 32]), Binding::TlsExporter([2; 32]));
//! let (welcome_nonce, wall) = (WelcomeNonce([3; 32]), UnixSeconds(1_700_000_000));
//! let config = ServerConfig { server_id, welcome_nonce, binding, wall, open_registration: false };
//! let mut server = ServerConnection::new(config, Now(0));
//! let config = ClientConfig { server: ServerPin::Full(server_id), binding, kind: ConnectionKind::Anonymous };
//! let mut client = ClientConnection::new(config, Now(0));
//!
//! let question = client.request(Now(0), Fetch { name: Name::parse("alice").unwrap() }).unwrap();
//! client.handle_input(Now(1), &server.poll_output().unwrap()); // WELCOME
//! server.handle_input(Now(2), &client.poll_output().unwrap());
//! let Some(ServerEvent::Fetch { ticket, .. }) = server.poll_event() else { panic!() };
//! server.fetched(ticket, None); // the directory knows no alice
//! client.handle_input(Now(3), &server.poll_output().unwrap());
//!
//! assert!(matches!(client.poll_event(), Some(ClientEvent::Ready { .. })));
//! assert!(matches!(client.poll_event(), Some(ClientEvent::Answered { id, .. }) if id == question));
//! ```
//!
//! A partial frame never executes: a request begins to exist when its last byte has arrived. Time and
//! randomness come in as arguments, so the same inputs give the same outputs.

pub mod client;
pub mod event;
mod output;
mod place;
pub mod server;
pub mod signed;
pub mod ticket;

pub use client::{ClientConfig, ClientConnection, NotSent, ServerPin};
pub use event::{ClientEvent, CloseReason, Delivery, Opening, PairingAnswer, ServerEvent};
pub use server::{ServerConfig, ServerConnection};
pub use ticket::{DeliveryTicket, Ticket, asked};

/// A moment of the shell's monotonic clock, in milliseconds since any fixed point.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Now(pub u64);

impl Now {
    /// The moment this many milliseconds later.
    pub fn after_ms(self, ms: u64) -> Now {
        Now(self.0.saturating_add(ms))
    }
}
