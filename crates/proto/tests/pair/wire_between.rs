//! Two machines with a wire between them that carries bytes as roughly as it is told to.

use bytes::Bytes;
use proto::{ClientConfig, ClientConnection, ClientEvent, Now, ServerConfig, ServerConnection, ServerPin};
use wire::request::{Binding, Open};
use wire::response::Opened;
use wire::{ConnectionKind, OwnerId, Request, RequestId, Response, Slot, UnixSeconds, WelcomeNonce};

use crate::people::{SERVER, owner};
use crate::relay::Relay;

/// How bytes arrive.
#[derive(Clone, Copy, Debug)]
pub enum Chop {
    ByteByByte,
    Halves,
    Whole,
    Coalesced,
}

impl Chop {
    pub const ALL: [Chop; 4] = [Chop::ByteByByte, Chop::Halves, Chop::Whole, Chop::Coalesced];

    fn pieces(self, written: Vec<Bytes>) -> Vec<Bytes> {
        match self {
            Chop::Whole => written,
            Chop::Coalesced => vec![Bytes::from(written.concat())],
            Chop::ByteByByte => {
                written.iter().flatten().map(|byte| Bytes::copy_from_slice(&[*byte])).collect()
            }
            Chop::Halves => written
                .iter()
                .flat_map(|frame| {
                    let (left, right) = frame.split_at(frame.len() / 2);
                    [Bytes::copy_from_slice(left), Bytes::copy_from_slice(right)]
                })
                .collect(),
        }
    }
}

pub const BINDING: Binding = Binding::TlsExporter([0xb1; 32]);

pub fn server_config(nonce: u8) -> ServerConfig {
    ServerConfig {
        server_id: SERVER,
        welcome_nonce: WelcomeNonce([nonce; 32]),
        binding: BINDING,
        wall: UnixSeconds(1_700_000_000),
        open_registration: true,
    }
}

pub fn client_config(kind: ConnectionKind) -> ClientConfig {
    ClientConfig { server: ServerPin::Full(SERVER), binding: BINDING, kind }
}

pub struct Pair {
    pub client: ClientConnection,
    pub server: ServerConnection,
    pub now: Now,
    pub chop: Chop,
    /// Everything that the client wrote.
    pub sent: Vec<u8>,
    /// What the client's machine said and nobody has asked for yet.
    pub heard: Vec<ClientEvent>,
}

impl Pair {
    pub fn new(kind: ConnectionKind, chop: Chop, nonce: u8) -> Pair {
        let now = Now(1_000);
        Pair {
            client: ClientConnection::new(client_config(kind), now),
            server: ServerConnection::new(server_config(nonce), now),
            now,
            chop,
            sent: vec![],
            heard: vec![],
        }
    }

    /// Carries bytes both ways until nothing moves.
    pub fn settle(&mut self, relay: &mut Relay) {
        for _ in 0..10_000 {
            let moved = self.carry(relay);
            if !moved {
                return;
            }
        }
        panic!("the two machines never come to rest");
    }

    fn carry(&mut self, relay: &mut Relay) -> bool {
        relay.act(self.now, &mut self.server);
        let up: Vec<Bytes> = core::iter::from_fn(|| self.client.poll_output()).collect();
        let down: Vec<Bytes> = core::iter::from_fn(|| self.server.poll_output()).collect();
        let moved = !up.is_empty() || !down.is_empty();
        self.sent.extend(up.concat());
        for piece in self.chop.pieces(up) {
            self.server.handle_input(self.now, &piece);
            relay.act(self.now, &mut self.server);
        }
        relay.act(self.now, &mut self.server);
        for piece in self.chop.pieces(down) {
            self.client.handle_input(self.now, &piece);
        }
        self.heard.extend(core::iter::from_fn(|| self.client.poll_event()));
        moved
    }

    /// Asks and waits for the answer.
    pub fn ask(&mut self, relay: &mut Relay, request: impl Into<Request>) -> Response {
        let id = self.client.request(self.now, request).unwrap();
        self.settle(relay);
        self.answer_to(id)
    }

    pub fn answer_to(&mut self, id: RequestId) -> Response {
        self.answer_if_any(id).unwrap_or_else(|| panic!("no answer; heard {:?}", self.heard))
    }

    pub fn answer_if_any(&mut self, id: RequestId) -> Option<Response> {
        let at = self
            .heard
            .iter()
            .position(|event| matches!(event, ClientEvent::Answered { id: one, .. } if *one == id))?;
        let ClientEvent::Answered { response, .. } = self.heard.remove(at) else { unreachable!() };
        Some(response)
    }

    /// Opens a mailbox of our owner.
    pub fn open(&mut self, relay: &mut Relay, rid: OwnerId) -> Slot {
        self.settle(relay);
        let proof = proto::signed::sign_open(&owner(), &rid, &self.client.proof().unwrap());
        match self.ask(relay, Open { rid, proof }) {
            Response::Opened(Opened { slot, .. }) => slot,
            other => panic!("not opened: {other:?}"),
        }
    }
}
