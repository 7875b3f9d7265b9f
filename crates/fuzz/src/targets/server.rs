//! The server's machine under a script: chunks, clocks, and answers of storage in any order.

mod answer;
mod ask;

use crate::features::Features;
use crate::tape::Tape;
use answer::Answers;
use proto::{Now, ServerConfig, ServerConnection, ServerEvent};
use std::collections::{BTreeMap, VecDeque};
use wire::limits::{OUTSTANDING_MAX, SLOTS_MAX, UNREAD_OUTPUT_BYTES_MAX};
use wire::request::Binding;
use wire::{Body, Deframer, Frame, ServerId, Slot, UnixSeconds, WelcomeNonce, kind};

/// Operations of one script at most.
const OPERATIONS_MAX: usize = 1_500;
/// One answer may still go out when the output is full, and one batch of deliveries.
const OUTPUT_BYTES_MAX: usize = UNREAD_OUTPUT_BYTES_MAX + 300 * 80 * 1024;
const SERVER: ServerId = ServerId([0x5e; 32]);
const NONCE: WelcomeNonce = WelcomeNonce([1; 32]);
const BINDING: Binding = Binding::TlsExporter([0xb1; 32]);

/// Tries one script.
pub fn run(input: &[u8]) -> Features {
    let mut shell = Shell::new(Tape::new(input));
    for _ in 0..OPERATIONS_MAX {
        let Some(operation) = shell.tape.step() else { break };
        shell.step(operation);
        shell.check();
    }
    shell.flush();
    shell.features
}

struct Shell<'a> {
    tape: Tape<'a>,
    server: ServerConnection,
    now: Now,
    asked: VecDeque<ServerEvent>,
    answers: Answers,
    /// Cuts what was fed, as the machine does.
    fed: Deframer,
    frames_fed: usize,
    /// Cuts what the machine says.
    said: Deframer,
    said_of_kind: BTreeMap<u8, usize>,
    responses: usize,
    last_said: u8,
    features: Features,
}

impl<'a> Shell<'a> {
    fn new(tape: Tape<'a>) -> Self {
        let config = ServerConfig {
            server_id: SERVER,
            welcome_nonce: NONCE,
            binding: BINDING,
            wall: UnixSeconds(20_000 * 86_400),
            open_registration: false,
        };
        Shell {
            tape,
            server: ServerConnection::new(config, Now(0)),
            now: Now(0),
            asked: VecDeque::new(),
            answers: Answers::default(),
            fed: Deframer::new(),
            frames_fed: 0,
            said: Deframer::new(),
            said_of_kind: BTreeMap::new(),
            responses: 0,
            last_said: 0,
            features: Features::default(),
        }
    }

    fn step(&mut self, operation: u8) {
        let before = self.server.is_closed();
        match operation % 16 {
            0..=5 => self.ask(),
            6 => self.ask_damaged(),
            7 => {
                let len = usize::from(self.tape.byte());
                let chunk = self.tape.bytes(len);
                self.feed(chunk);
            }
            8 => self.answer(operation, true),
            9..=11 => self.answer(operation, false),
            12 => self.flush(),
            13 => self.time_passes(),
            14 => self.server.arrived(Slot(operation >> 4 & 3)),
            _ => self.rare(operation >> 4),
        }
        assert!(!before || self.server.is_closed(), "a closed connection opened again");
        while let Some(event) = self.server.poll_event() {
            self.features.note("event", core::mem::discriminant(&event));
            match event {
                ServerEvent::Admit { ticket } if operation >> 4 != 15 => {
                    self.server.admitted(ticket.verify())
                }
                event => self.asked.push_back(event),
            }
        }
    }

    /// A well-formed request.
    fn ask(&mut self) {
        let frame = ask::frame(&mut self.tape);
        self.features.note("asked", frame.get(3).copied());
        self.feed(&frame);
    }

    /// A request with one byte changed, or cut.
    fn ask_damaged(&mut self) {
        let mut frame = ask::frame(&mut self.tape);
        let (at, change) = (usize::from(self.tape.short()) % frame.len(), self.tape.byte());
        match change {
            0 => frame.truncate(at),
            change => frame.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= change),
        }
        self.feed(&frame);
    }

    fn feed(&mut self, bytes: &[u8]) {
        if !self.server.wants_input() {
            return;
        }
        self.fed.extend(bytes);
        while let Ok(Some(_)) = self.fed.next_frame() {
            self.frames_fed += 1;
        }
        self.server.handle_input(self.now, bytes);
    }

    /// Completes the oldest (or the newest) question.
    fn answer(&mut self, operation: u8, newest: bool) {
        let event = if newest { self.asked.pop_back() } else { self.asked.pop_front() };
        let Some(event) = event else { return };
        self.features.note("at once", (core::mem::discriminant(&event), self.asked.len().min(4)));
        self.features.note("answered", (core::mem::discriminant(&event), operation >> 4 & 3));
        self.answers.answer(self.now, &mut self.server, event, operation >> 4);
    }

    fn time_passes(&mut self) {
        self.now = match self.tape.byte() {
            0 => self.server.poll_timeout().unwrap_or(self.now),
            many => Now(self.now.0 + u64::from(many) * 1_000),
        };
        self.server.handle_timeout(self.now);
    }

    fn rare(&mut self, choice: u8) {
        match choice {
            0 => self.server.input_closed(),
            1 => self.server.stop(),
            2..=9 => self.server.supersede(Slot(choice & 3)),
            _ => drop(self.asked.pop_front()),
        }
    }

    /// Takes everything that the machine says: it must be frames of a server.
    fn flush(&mut self) {
        while let Some(bytes) = self.server.poll_output() {
            self.said.extend(&bytes);
            while let Some(raw) = self.said.next_frame().expect("a server says frames") {
                let frame = Frame::decode(&raw).expect("a server says well-formed frames");
                assert!(!matches!(frame.body, Body::Request(_)), "a server asks nothing");
                self.responses += usize::from(matches!(frame.body, Body::Response(_)));
                *self.said_of_kind.entry(raw.kind).or_default() += 1;
                self.features.note("said", raw.kind);
                self.features.note("said behind", (self.last_said, raw.kind));
                self.last_said = raw.kind;
            }
            assert_eq!(self.said.buffered(), 0, "a server says whole frames");
        }
        self.check_promises();
    }

    /// What storage has not confirmed is not said.
    fn check_promises(&self) {
        for (said, times) in self.said_of_kind.iter().filter(|(said, _)| Answers::is_promise(**said)) {
            assert!(
                *times <= self.answers.given(*said),
                "kind {said:#04x} was said {times} times unconfirmed"
            );
        }
        assert!(
            self.responses <= self.frames_fed,
            "{} answers to {} requests",
            self.responses,
            self.frames_fed
        );
        assert!(self.said_of_kind.get(&kind::WELCOME).is_none_or(|times| *times == 1), "a second greeting");
    }

    fn check(&mut self) {
        let counted = self.asked.iter().filter(|event| !matches!(event, ServerEvent::AnswerWrong)).count();
        let most = OUTSTANDING_MAX + SLOTS_MAX;
        // Questions of collections that ended stay with the shell until it answers them.
        assert!(counted <= most + self.frames_fed, "{counted} questions at once");
        assert!(self.server.output_buffered() <= OUTPUT_BYTES_MAX, "output grows without bound");
        self.features.count("outstanding", counted);
    }
}
