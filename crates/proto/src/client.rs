//! The client's end of one connection.

mod answer;
mod deliveries;
mod frames;
mod welcome;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use wire::address::ShortFingerprint;
use wire::limits::{FRAME_BYTES_MAX, HANDSHAKE_MS_MAX, OUTSTANDING_MAX};
use wire::request::{Ack, Binding, ConnectionProof};
use wire::{ConnectionKind, Deframer, Frame, Request, RequestId, ServerId, Slot};

use crate::Now;
use crate::event::{ClientEvent, CloseReason};
use crate::output::Output;
use crate::place::Purpose;
use crate::ticket::DeliveryTicket;
use answer::Awaited;
use deliveries::OpenMailbox;

/// How long a request may stay without its answer before the connection is given up.
pub const ANSWER_MS_MAX: u64 = 60_000;

/// Which server the other end must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ServerPin {
    /// Exactly this one.
    Full(ServerId),
    /// One whose id begins like this, as an address or invitation tells it.
    Short(ShortFingerprint),
}

/// What a client's machine must know at birth.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Which server is expected.
    pub server: ServerPin,
    /// The channel under this connection, as the TLS library exports it.
    pub binding: Binding,
    /// What the connection will be used for.
    pub kind: ConnectionKind,
}

/// Why a request did not leave. Nothing was sent; the connection is as it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotSent {
    /// The connection has ended.
    #[error("the connection is closed")]
    Closed,
    /// 64 requests wait for their answers already.
    #[error("too many requests are waiting for their answers")]
    TooMany,
    /// It belongs to another connection: of another kind, for another name or mailbox, or to a mailbox that
    /// is not open here.
    #[error("this request belongs to another connection")]
    OutOfPlace,
}

/// The client's end of one connection: requests in, checked answers and deliveries out.
///
/// See the crate's page for the loop around it. Requests may be given at once; they leave when the server
/// has shown itself to be the expected one.
pub struct ClientConnection {
    config: ClientConfig,
    deframer: Deframer,
    output: Output,
    /// Encoded requests that wait for `WELCOME`.
    waiting: Vec<Bytes>,
    events: VecDeque<ClientEvent>,
    awaited: BTreeMap<RequestId, Awaited>,
    last_id: RequestId,
    purpose: Purpose,
    mailboxes: BTreeMap<Slot, OpenMailbox>,
    phase: Phase,
    last_sent: Now,
}

/// Where a connection stands between its first and last byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    AwaitsWelcome { until: Now },
    Ready { proof: ConnectionProof, keep_alive_ms: u64 },
    Closed,
}

impl ClientConnection {
    /// A machine that awaits the server's `WELCOME`.
    pub fn new(config: ClientConfig, now: Now) -> Self {
        ClientConnection {
            purpose: Purpose::of_kind(config.kind),
            config,
            deframer: Deframer::new(),
            output: Output::default(),
            waiting: Vec::new(),
            events: VecDeque::new(),
            awaited: BTreeMap::new(),
            last_id: RequestId(0),
            mailboxes: BTreeMap::new(),
            phase: Phase::AwaitsWelcome { until: now.after_ms(HANDSHAKE_MS_MAX) },
            last_sent: now,
        }
    }

    /// Asks. The answer comes as [`ClientEvent::Answered`] with the id returned here.
    ///
    /// An `ACK` does not pass here: it needs the ticket ([`ack`](Self::ack)).
    pub fn request(&mut self, now: Now, request: impl Into<Request>) -> Result<RequestId, NotSent> {
        match request.into() {
            Request::Ack(_) => Err(NotSent::OutOfPlace),
            request => self.ask(now, request),
        }
    }

    /// Lets go of a delivery and of all before it in its mailbox. To be called once the vault has committed
    /// them. The answer comes as [`ClientEvent::Answered`].
    pub fn ack(&mut self, now: Now, ticket: DeliveryTicket) -> Result<RequestId, NotSent> {
        if self.tag() != Some(ticket.connection) {
            return Err(NotSent::OutOfPlace);
        }
        let id = self.ask(now, Request::Ack(Ack { slot: ticket.slot, through: ticket.cursor }))?;
        if let Some(mailbox) = self.mailboxes.get_mut(&ticket.slot) {
            mailbox.let_go(ticket.cursor);
        }
        Ok(id)
    }

    /// Takes bytes from the server.
    pub fn handle_input(&mut self, now: Now, bytes: &[u8]) {
        if self.phase == Phase::Closed {
            return;
        }
        self.deframer.extend(bytes);
        while self.phase != Phase::Closed {
            match self.deframer.next_frame() {
                Ok(Some(raw)) => self.on_frame(now, &raw).unwrap_or_else(|reason| self.fail(reason)),
                Ok(None) => break,
                Err(_) => self.fail(CloseReason::NotFrames),
            }
        }
    }

    /// The server will send nothing more.
    pub fn input_closed(&mut self) {
        self.fail(CloseReason::Theirs);
    }

    /// The clock passed what [`poll_timeout`](Self::poll_timeout) said: asks whether the server is still
    /// there, or gives up.
    pub fn handle_timeout(&mut self, now: Now) {
        match self.phase {
            Phase::AwaitsWelcome { until } if until <= now => self.fail(CloseReason::NoWelcome),
            Phase::Ready { .. } if self.answer_due().is_some_and(|until| until <= now) => {
                self.fail(CloseReason::Silent);
            }
            Phase::Ready { keep_alive_ms, .. } if self.last_sent.after_ms(keep_alive_ms) <= now => {
                // With 64 requests outstanding the server hears enough of us; their answers are due first.
                let _ = self.check_room().and_then(|()| self.send(now, Request::Ping, true));
            }
            _ => {}
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), unless something happens before.
    pub fn poll_timeout(&self) -> Option<Now> {
        match self.phase {
            Phase::AwaitsWelcome { until } => Some(until),
            Phase::Ready { keep_alive_ms, .. } => {
                let keep_alive =
                    (self.awaited.len() < OUTSTANDING_MAX).then(|| self.last_sent.after_ms(keep_alive_ms));
                self.answer_due().into_iter().chain(keep_alive).min()
            }
            Phase::Closed => None,
        }
    }

    /// The next bytes to write.
    pub fn poll_output(&mut self) -> Option<Bytes> {
        self.output.pop()
    }

    /// What happened next.
    pub fn poll_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }

    /// Ends the connection from this side; what is written already may still be flushed.
    pub fn close(&mut self) {
        self.end(CloseReason::Ours);
    }

    /// Whether the connection is over and everything written was taken.
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed && self.output.is_empty()
    }

    /// Requests that wait for their answers.
    pub fn outstanding(&self) -> usize {
        self.awaited.len()
    }

    /// What proofs on this connection cover, once the server has shown itself.
    pub fn proof(&self) -> Option<ConnectionProof> {
        match self.phase {
            Phase::Ready { proof, .. } => Some(proof),
            _ => None,
        }
    }

    // --- the machine ---

    fn ask(&mut self, now: Now, request: Request) -> Result<RequestId, NotSent> {
        self.check_room()?;
        self.check_slot(&request)?;
        self.purpose.admit(&request).map_err(|_| NotSent::OutOfPlace)?;
        self.send(now, request, false)
    }

    fn send(&mut self, now: Now, request: Request, keep_alive: bool) -> Result<RequestId, NotSent> {
        let id = RequestId(self.last_id.0.checked_add(1).ok_or(NotSent::Closed)?);
        let awaited = Awaited::new(&request, now, keep_alive);
        let bytes = Frame::request(id, request).encode();
        debug_assert!(bytes.len() <= FRAME_BYTES_MAX + 3, "wire's limits keep every request below a frame");
        self.last_id = id;
        self.awaited.insert(id, awaited);
        match self.phase {
            Phase::Ready { .. } => {
                self.last_sent = now;
                self.output.push_bytes(bytes);
            }
            _ => self.waiting.push(bytes),
        }
        Ok(id)
    }

    fn check_room(&self) -> Result<(), NotSent> {
        match self.phase {
            Phase::Closed => Err(NotSent::Closed),
            _ if self.awaited.len() >= OUTSTANDING_MAX => Err(NotSent::TooMany),
            _ => Ok(()),
        }
    }

    /// Oldest first: ids and times both rise.
    fn answer_due(&self) -> Option<Now> {
        self.awaited.first_key_value().map(|(_, oldest)| oldest.since().after_ms(ANSWER_MS_MAX))
    }

    fn tag(&self) -> Option<[u8; 8]> {
        let [a, b, c, d, e, f, g, h, ..] = self.proof()?.welcome_nonce.0;
        Some([a, b, c, d, e, f, g, h])
    }

    /// The connection cannot go on: what is unwritten is dropped.
    fn fail(&mut self, reason: CloseReason) {
        self.output.clear();
        self.end(reason);
    }

    fn end(&mut self, reason: CloseReason) {
        if self.phase != Phase::Closed {
            self.phase = Phase::Closed;
            self.waiting.clear();
            self.awaited.clear();
            self.mailboxes.clear();
            self.events.push_back(ClientEvent::Closed { reason });
        }
    }
}
