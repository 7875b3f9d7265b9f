//! The server's end of one connection.

mod anonymous;
mod challenge;
mod dispatch;
mod fruitless;
mod mailbox;
mod owner;
mod pairing;
mod registry;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use wire::limits::{
    FRAME_BYTES_MAX, HANDSHAKE_MS_MAX, IDLE_MS_MAX, OUTSTANDING_MAX, SLOTS_MAX, UNREAD_OUTPUT_BYTES_MAX,
};
use wire::request::{Binding, ConnectionProof};
use wire::response::{Notice, Welcome};
use wire::{
    Deframer, Frame, PROTOCOL_VERSION, Refusal, RefusalKind, RequestId, Response, ServerId, UnixSeconds,
    VersionRange, WelcomeNonce,
};

use crate::Now;
use crate::event::ServerEvent;
use crate::output::Output;
use crate::place::Purpose;
pub use crate::ticket::Asked;
use crate::ticket::Ticket;
use challenge::Challenges;
use fruitless::{Fruitless, Weight};
use mailbox::OwnerSlot;

/// Input that may wait for room behind [`OUTSTANDING_MAX`] or a full output before the connection is given
/// up: a shell that honours [`ServerConnection::wants_input`] never comes near.
const INPUT_BYTES_MAX: usize = 8 * FRAME_BYTES_MAX;

/// Bit 0 of `WELCOME`'s flags: registration is open without invitation.
const FLAG_OPEN_REGISTRATION: u16 = 1;

/// What a server's machine must know at birth.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Who this server is.
    pub server_id: ServerId,
    /// Fresh random bytes for this connection alone.
    pub welcome_nonce: WelcomeNonce,
    /// The channel under this connection, as the TLS library exports it.
    pub binding: Binding,
    /// The server's clock, told in `WELCOME`.
    pub wall: UnixSeconds,
    /// Whether names are registered without invitation, told in `WELCOME`.
    pub open_registration: bool,
}

/// The server's end of one connection: frames in, questions to storage out, answers in, frames out.
///
/// See the crate's page for the loop around it.
pub struct ServerConnection {
    config: ServerConfig,
    now: Now,
    deframer: Deframer,
    output: Output,
    events: VecDeque<ServerEvent>,
    /// With what each weighs if it comes to nothing.
    outstanding: BTreeMap<RequestId, Weight>,
    purpose: Purpose,
    phase: Phase,
    challenges: Challenges,
    fruitless: Fruitless,
    slots: [OwnerSlot; SLOTS_MAX],
}

/// Where a connection stands between its first and last byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// `WELCOME` has been said; no frame has come.
    Greeted { until: Now },
    /// Frames come.
    Serving { idle_until: Now },
    /// No more frames are read; what is outstanding is answered first.
    Finishing { until: Now },
    /// What is written is flushed, nothing else happens.
    Closing { until: Now },
    /// Over.
    Closed,
}

impl ServerConnection {
    /// A machine whose `WELCOME` waits to be written.
    pub fn new(config: ServerConfig, now: Now) -> Self {
        let mut output = Output::default();
        output.push(&Frame::notice(Notice::Welcome(welcome(&config))));
        ServerConnection {
            config,
            now,
            deframer: Deframer::new(),
            output,
            events: VecDeque::new(),
            outstanding: BTreeMap::new(),
            purpose: Purpose::Undecided,
            phase: Phase::Greeted { until: now.after_ms(HANDSHAKE_MS_MAX) },
            challenges: Challenges::default(),
            fruitless: Fruitless::NONE,
            slots: Default::default(),
        }
    }

    /// Takes bytes from the peer. Call it while [`wants_input`](Self::wants_input); a few bytes more are
    /// kept, a flood closes the connection.
    pub fn handle_input(&mut self, now: Now, bytes: &[u8]) {
        self.now = now;
        if !self.reads_frames() {
            return;
        }
        self.deframer.extend(bytes);
        self.pump();
        if self.deframer.buffered() > INPUT_BYTES_MAX {
            self.close_at_once();
        }
    }

    /// The peer will send nothing more: a partial frame is forgotten, what is outstanding is still answered.
    pub fn input_closed(&mut self) {
        self.finish();
    }

    /// The server stops: no further frame is executed, what is outstanding is answered, then the connection
    /// closes.
    pub fn stop(&mut self) {
        self.finish();
    }

    /// The clock passed what [`poll_timeout`](Self::poll_timeout) said.
    pub fn handle_timeout(&mut self, now: Now) {
        self.now = now;
        if self.ends().is_some_and(|end| end <= now) {
            self.close_at_once();
        }
        // Whoever asked too much for nothing may go on.
        self.pump();
    }

    /// The next bytes to write. Take more only once these are written: what stays here is the back-pressure.
    pub fn poll_output(&mut self) -> Option<Bytes> {
        let bytes = self.output.pop()?;
        self.pump();
        Some(bytes)
    }

    /// The next question to storage.
    pub fn poll_event(&mut self) -> Option<ServerEvent> {
        let event = self.events.pop_front();
        if event.is_none() {
            // Most connections are silent most of the time: an empty queue keeps no memory.
            self.events = VecDeque::new();
        }
        event
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), unless something happens before.
    pub fn poll_timeout(&self) -> Option<Now> {
        let goes_on = if self.reads_frames() { self.fruitless.until(self.now) } else { None };
        [self.ends(), goes_on].into_iter().flatten().min()
    }

    /// When the connection is over by its clock.
    fn ends(&self) -> Option<Now> {
        match self.phase {
            Phase::Greeted { until } | Phase::Finishing { until } | Phase::Closing { until } => Some(until),
            Phase::Serving { idle_until } => Some(idle_until),
            Phase::Closed => None,
        }
    }

    /// Whether to read from the peer: not while 64 requests are outstanding or 1 MiB waits to be written, nor for a
    /// while after too many of his requests came to nothing.
    pub fn wants_input(&self) -> bool {
        self.reads_frames() && self.has_room()
    }

    /// Bytes that wait in [`poll_output`](Self::poll_output).
    pub fn output_buffered(&self) -> usize {
        self.output.bytes()
    }

    /// Whether the connection is over and everything written was taken.
    pub fn is_closed(&self) -> bool {
        match self.phase {
            Phase::Closed => true,
            Phase::Closing { .. } => self.output.is_empty(),
            Phase::Finishing { .. } => self.outstanding.is_empty() && self.output.is_empty(),
            Phase::Greeted { .. } | Phase::Serving { .. } => false,
        }
    }

    /// What proofs on this connection must cover.
    pub fn proof(&self) -> ConnectionProof {
        ConnectionProof {
            version: PROTOCOL_VERSION,
            server_id: self.config.server_id,
            welcome_nonce: self.config.welcome_nonce,
            binding: self.config.binding,
        }
    }

    /// Completes any ticket with a no. A refused [`Read`](crate::asked::Read) has no request to answer: it
    /// closes the connection, and the owner comes again.
    pub fn refuse<T: Asked>(&mut self, ticket: Ticket<T>, refusal: Refusal) {
        if !self.is_ours(&ticket) {
            return;
        }
        if let Some(slot) = ticket.what.reserves() {
            self.release_slot(slot);
        }
        match ticket.request {
            RequestId::NOTICE => self.close_at_once(),
            id => self.respond(id, Response::Refused(refusal)),
        }
        self.pump();
    }

    // --- what all parts share ---

    /// Executes what has arrived as far as there is room, then asks for deliveries.
    fn pump(&mut self) {
        while self.reads_frames() && self.has_room() {
            match self.deframer.next_frame() {
                Ok(Some(raw)) => self.on_frame(&raw),
                Ok(None) => break,
                Err(_) => self.close_at_once(),
            }
        }
        self.ask_for_deliveries();
    }

    fn reads_frames(&self) -> bool {
        matches!(self.phase, Phase::Greeted { .. } | Phase::Serving { .. })
    }

    fn has_room(&self) -> bool {
        self.outstanding.len() < OUTSTANDING_MAX
            && self.output.bytes() < UNREAD_OUTPUT_BYTES_MAX
            && self.fruitless.until(self.now).is_none()
    }

    /// Makes the ticket that alone answers this request, which is outstanding from now on.
    fn ticket<T>(&mut self, request: RequestId, what: T) -> Ticket<T> {
        self.outstanding.insert(request, self.fruitless.weight());
        Ticket { connection: self.tag(), request, what }
    }

    /// Which machine made a ticket. Ours are told apart by the nonce that no two connections share.
    fn tag(&self) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] = self.config.welcome_nonce.0;
        [a, b, c, d, e, f, g, h]
    }

    fn is_ours<T>(&self, ticket: &Ticket<T>) -> bool {
        ticket.connection == self.tag()
            && (ticket.request == RequestId::NOTICE || self.outstanding.contains_key(&ticket.request))
    }

    /// Completes a ticket with an answer and goes on.
    fn complete<T>(&mut self, ticket: Ticket<T>, response: Response) {
        if self.is_ours(&ticket) {
            self.respond(ticket.request, response);
            self.pump();
        }
    }

    fn respond(&mut self, id: RequestId, response: Response) {
        let weight = self.outstanding.remove(&id).unwrap_or_else(|| self.fruitless.weight());
        if matches!(response, Response::Refused(_)) {
            self.fruitless.count(self.now, weight);
        }
        if !matches!(self.phase, Phase::Closing { .. } | Phase::Closed) {
            self.output.push(&Frame::response(id, response));
        }
    }

    fn refuse_request(&mut self, id: RequestId, kind: RefusalKind) {
        self.respond(id, Response::Refused(Refusal { kind, retry_after_s: None }));
    }

    /// Whether a proof on this connection would be tied to its channel. None is taken where it would not.
    fn is_bound(&self) -> bool {
        self.config.binding != Binding::None
    }

    fn finish(&mut self) {
        if self.reads_frames() {
            self.phase = Phase::Finishing { until: self.now.after_ms(IDLE_MS_MAX) };
        }
    }

    /// The peer broke the rules: what is written is flushed, and that is all.
    fn close_after_flush(&mut self) {
        if self.phase != Phase::Closed {
            self.phase = Phase::Closing { until: self.now.after_ms(HANDSHAKE_MS_MAX) };
        }
    }

    fn close_at_once(&mut self) {
        self.phase = Phase::Closed;
        self.output.clear();
        self.events.clear();
    }
}

fn welcome(config: &ServerConfig) -> Welcome {
    Welcome {
        versions: VersionRange { min: PROTOCOL_VERSION, max: PROTOCOL_VERSION },
        server_id: config.server_id,
        nonce: config.welcome_nonce,
        time: config.wall,
        frame_bytes_max: FRAME_BYTES_MAX as u32,
        outstanding_max: OUTSTANDING_MAX as u16,
        idle_ms_max: IDLE_MS_MAX as u32,
        flags: if config.open_registration { FLAG_OPEN_REGISTRATION } else { 0 },
    }
}
