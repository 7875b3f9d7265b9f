//! The client's machine under a script: whatever the server says, in whatever order.

use crate::features::Features;
use crate::tape::Tape;
use bytes::Bytes;
use core::mem::Discriminant;
use proto::{ClientConfig, ClientConnection, ClientEvent, DeliveryTicket, Now, ServerPin};
use std::collections::BTreeSet;
use wire::limits::OUTSTANDING_MAX;
use wire::request::{Binding, Collect, Fetch, Generate, Lookup, Open, Retire};
use wire::response::*;
use wire::{
    Body, ConnectionKind, Cursor, Day, Deframer, DepositAuth, DepositId, Envelope, Frame, Generation, Name,
    OwnerId, OwnerSignature, RefusalKind, Request, RequestId, ServerId, Slot, StampKey, UnixSeconds,
    VersionRange, WelcomeNonce,
};

/// Operations of one script at most.
const OPERATIONS_MAX: usize = 1_500;
const SERVER: ServerId = ServerId([0x5e; 32]);

/// Tries one script; its first byte chooses the kind of connection.
pub fn run(input: &[u8]) -> Features {
    let mut shell = Shell::new(Tape::new(input));
    for _ in 0..OPERATIONS_MAX {
        let Some(operation) = shell.tape.step() else { break };
        shell.step(operation);
        shell.listen();
    }
    shell.features
}

struct Shell<'a> {
    tape: Tape<'a>,
    client: ClientConnection,
    now: Now,
    tickets: Vec<DeliveryTicket>,
    asked: BTreeSet<RequestId>,
    last_said: u32,
    closed: bool,
    last_told: Option<Discriminant<ClientEvent>>,
    features: Features,
}

impl<'a> Shell<'a> {
    fn new(mut tape: Tape<'a>) -> Self {
        let kind = match tape.byte() % 4 {
            0 | 1 => ConnectionKind::Owner,
            2 => ConnectionKind::Anonymous,
            _ => ConnectionKind::Registry,
        };
        let binding = Binding::TlsExporter([0xb1; 32]);
        let config = ClientConfig { server: ServerPin::Full(SERVER), binding, kind };
        Shell {
            tape,
            client: ClientConnection::new(config, Now(0)),
            now: Now(0),
            tickets: Vec::new(),
            asked: BTreeSet::new(),
            last_said: 0,
            closed: false,
            last_told: None,
            features: Features::default(),
        }
    }

    fn step(&mut self, operation: u8) {
        match operation % 16 {
            0..=3 => self.ask(),
            4..=8 => self.hear(),
            9 => self.hear_damaged(),
            10 => {
                let len = usize::from(self.tape.byte());
                self.client.handle_input(self.now, self.tape.bytes(len));
            }
            11 | 12 => self.ack(),
            13 => self.time_passes(),
            14 if operation == 14 => self.client.close(),
            15 if operation == 15 => self.client.input_closed(),
            _ => {}
        }
    }

    fn ask(&mut self) {
        let request = request(&mut self.tape);
        let asked = self.client.request(self.now, request);
        self.features.outcome("asked", &asked);
        if let Ok(id) = asked {
            assert!(!self.closed && self.asked.insert(id), "one id for two requests");
        }
    }

    fn hear(&mut self) {
        let frame = said(&mut self.tape, &self.asked);
        self.features.note("heard", (frame.get(3).copied(), self.client.outstanding().min(3)));
        self.client.handle_input(self.now, &frame);
    }

    fn hear_damaged(&mut self) {
        let mut frame = said(&mut self.tape, &self.asked);
        let (at, change) = (usize::from(self.tape.short()) % frame.len(), self.tape.byte());
        match change {
            0 => frame.truncate(at),
            change => frame.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= change),
        }
        self.client.handle_input(self.now, &frame);
    }

    /// Any ticket, in any order.
    fn ack(&mut self) {
        let at = usize::from(self.tape.byte());
        if at >= self.tickets.len() {
            return;
        }
        let acked = self.client.ack(self.now, self.tickets.swap_remove(at));
        self.features.outcome("acked", &acked);
        if let Ok(id) = acked {
            assert!(self.asked.insert(id), "one id for two requests");
        }
    }

    fn time_passes(&mut self) {
        self.now = match self.tape.byte() {
            0 => self.client.poll_timeout().unwrap_or(self.now),
            many => Now(self.now.0 + u64::from(many) * 1_000),
        };
        self.client.handle_timeout(self.now);
    }

    /// What the machine tells and says keeps its promises.
    fn listen(&mut self) {
        while let Some(event) = self.client.poll_event() {
            assert!(!self.closed, "something happened after the end");
            let told = core::mem::discriminant(&event);
            self.features.note("event", told);
            self.features.note("event behind", (self.last_told, told));
            self.last_told = Some(told);
            match event {
                ClientEvent::Answered { id, .. } => assert!(self.asked.remove(&id), "an answer to nothing"),
                ClientEvent::Deliver { ticket, .. } => self.tickets.push(ticket),
                ClientEvent::Closed { reason } => {
                    self.features.note("closed", format!("{reason:?}").split(' ').next().map(str::to_owned));
                    self.closed = true;
                }
                _ => {}
            }
        }
        while let Some(bytes) = self.client.poll_output() {
            self.check_said(&bytes);
        }
        assert!(self.client.outstanding() <= OUTSTANDING_MAX, "too many requests at once");
        assert!(!self.closed || self.client.poll_timeout().is_none(), "a closed connection waits");
        self.features.count("tickets", self.tickets.len());
    }

    fn check_said(&mut self, bytes: &[u8]) {
        let mut said = Deframer::new();
        said.extend(bytes);
        while let Some(raw) = said.next_frame().expect("a client says frames") {
            let frame = Frame::decode(&raw).expect("a client says well-formed frames");
            assert!(matches!(frame.body, Body::Request(_)), "a client only asks");
            assert!(frame.request_id.0 > self.last_said, "ids rise");
            self.last_said = frame.request_id.0;
        }
        assert_eq!(said.buffered(), 0, "a client says whole frames");
    }
}

fn request(tape: &mut Tape<'_>) -> Request {
    let choice = tape.byte();
    let slot = Slot(choice >> 4 & 1);
    let name = Name::parse("alice").expect("a name");
    match choice % 8 {
        0 => Request::Ping,
        1 => Lookup { name, seq: None }.into(),
        2 => Fetch { name }.into(),
        3 | 4 => Open { rid: OwnerId([choice; 16]), proof: OwnerSignature([0; 64]) }.into(),
        5 => {
            let (after, credit) = (Cursor(u64::from(tape.byte() % 8)), 1 + u16::from(tape.byte()));
            Collect { slot, after, credit, follow: choice & 0x80 != 0 }.into()
        }
        6 => Generate { slot, generation: Generation(tape.byte()), key: StampKey([8; 32]) }.into(),
        _ => Retire { slot, generation: Generation(tape.byte()) }.into(),
    }
}

/// A frame of a server: right ones are likely, all are possible.
fn said(tape: &mut Tape<'_>, asked: &BTreeSet<RequestId>) -> Vec<u8> {
    let choice = tape.byte();
    let slot = Slot(choice >> 4 & 1);
    let place = Cursor(u64::from(tape.byte()));
    match choice % 8 {
        0 => Frame::notice(Notice::Welcome(welcome(choice))),
        1 | 2 => Frame::notice(Notice::Deliver(Box::new(deliver(slot, place)))),
        3 => Frame::notice(Notice::Drained(Drained { slot, cursor: place })),
        4 if choice > 200 => Frame::notice(Notice::Superseded(slot)),
        _ => {
            let id = match tape.byte() {
                0xff => Some(RequestId(u32::from(tape.byte()).max(1))),
                nth => asked.iter().nth(usize::from(nth) % asked.len().max(1)).copied(),
            };
            Frame::response(id.unwrap_or(RequestId(1)), response(slot, tape.byte()))
        }
    }
    .encode()
    .to_vec()
}

fn response(slot: Slot, choice: u8) -> Response {
    match choice % 8 {
        0 => Response::Pong,
        1 => Response::Refused(RefusalKind::Busy.into()),
        2 | 3 => Response::Opened(Opened {
            slot,
            sid: DepositId([1; 16]),
            waiting: 2,
            oldest: Day(19_999),
            expired: 0,
            generations: vec![],
        }),
        4 | 5 => Response::Collecting,
        6 => Response::Acked,
        _ if choice & 8 == 0 => Response::Generated,
        _ if choice & 16 == 0 => Response::Retired,
        _ => Response::Stored,
    }
}

fn deliver(slot: Slot, cursor: Cursor) -> Deliver {
    let envelope = Envelope::new(Bytes::from(vec![9; 4096])).expect("4 KiB are an envelope");
    Deliver { slot, cursor, auth: DepositAuth::Open { puzzle: None }, envelope }
}

fn welcome(choice: u8) -> Welcome {
    let server_id = if choice < 240 { SERVER } else { ServerId([choice; 32]) };
    Welcome {
        versions: VersionRange { min: 1, max: 1 + choice / 64 },
        server_id,
        nonce: WelcomeNonce([1; 32]),
        time: UnixSeconds(20_000 * 86_400),
        frame_bytes_max: 80 * 1024,
        outstanding_max: 64,
        idle_ms_max: 600_000,
        flags: 0,
    }
}
