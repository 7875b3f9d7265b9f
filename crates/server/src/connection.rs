//! One connection's task: bytes in, bytes out, and the machine's questions carried to the store and back.
//!
//! It decides nothing about the protocol. A deposit goes to the writer's queue in the order in which it
//! came; every other question is a [`Task`], one at a time for each connection, so that what a peer sends in
//! an order is done in this order.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use proto::{Now, ServerConfig, ServerConnection, ServerEvent};
use store::{DepositOutcome, DepositRequest};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinError, JoinHandle};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use wire::limits::HANDSHAKE_MS_MAX;
use wire::refusal::Refusal;
use wire::request::{Binding, Deposit};
use wire::{DepositAuth, Slot, WelcomeNonce};

use crate::admission::{Place, Source};
use crate::clock::{today, wall};
use crate::hub::{Hold, News};
use crate::pipe::Pipe;
use crate::relay::{OVER_BUDGET, Relay, STOPPING};
use crate::task::{self, Answer, Asker, Task};
use crate::tls;
use crate::writer::{Settled, Work, settlements};

/// What is still on its way when a connection ends has so long to get there.
const GOODBYE: Duration = Duration::from_secs(5);
/// Read from the peer at a time.
const READ_BYTES: usize = 16 * 1024;

/// What every connection needs besides its socket.
#[derive(Clone)]
pub struct Door {
    /// The server behind it.
    pub relay: Arc<Relay>,
    /// TLS as we speak it.
    pub acceptor: TlsAcceptor,
    /// The writer's queue.
    pub writer: mpsc::Sender<Work>,
}

/// Serves one accepted socket until it ends. `_place` is given back then.
pub async fn serve(door: Door, socket: TcpStream, source: Source, _place: Place) {
    let accepted = door.relay.clock.now();
    let deadline = Duration::from_millis(HANDSHAKE_MS_MAX);
    let shaken = tokio::select! {
        shaken = tokio::time::timeout(deadline, door.acceptor.accept(socket)) => shaken,
        () = door.relay.stopping.cancelled() => return,
    };
    let greeted = shaken.ok().and_then(Result::ok).and_then(|stream| Some((binding(&stream)?, stream)));
    let Some((binding, stream)) = greeted else {
        door.relay.counters.handshakes_failed.add_one();
        return;
    };
    let Some(session) = Session::new(door, source, binding, accepted) else { return };
    let (reader, writer) = tokio::io::split(stream);
    // Why a peer went away is nobody's business and nothing an operator could act on.
    let _ended: io::Result<()> = session.run(reader, Pipe::new(writer)).await;
}

/// The channel binding, if the peer chose our protocol at all.
fn binding(stream: &TlsStream<TcpStream>) -> Option<Binding> {
    let (_, connection) = stream.get_ref();
    if connection.alpn_protocol() != Some(tls::ALPN) {
        return None;
    }
    tls::binding(connection).ok()
}

/// The machine with everything under way for it.
struct Session {
    door: Door,
    machine: ServerConnection,
    asker: Asker,
    deposits: VecDeque<Work>,
    in_writer: usize,
    settled: (mpsc::Sender<Settled>, mpsc::Receiver<Settled>),
    tasks: VecDeque<Task>,
    running: Option<JoinHandle<Answer>>,
    holds: Vec<(Slot, Hold)>,
    ending: Option<Instant>,
}

impl Session {
    fn new(door: Door, source: Source, binding: Binding, accepted: Now) -> Option<Self> {
        let relay = &door.relay;
        let config = ServerConfig {
            server_id: relay.server_id,
            welcome_nonce: WelcomeNonce(task::random()?),
            binding,
            wall: wall(),
            open_registration: relay.open,
        };
        Some(Self {
            machine: ServerConnection::new(config, accepted),
            door,
            asker: Asker { source, ring: Arc::new(Notify::new()) },
            deposits: VecDeque::new(),
            in_writer: 0,
            settled: settlements(),
            tasks: VecDeque::new(),
            running: None,
            holds: Vec::new(),
            ending: None,
        })
    }

    async fn run<S: AsyncRead + AsyncWrite>(
        mut self,
        mut reader: ReadHalf<S>,
        mut pipe: Pipe<WriteHalf<S>>,
    ) -> io::Result<()> {
        let mut input = BytesMut::with_capacity(READ_BYTES);
        let (relay, writer) = (self.door.relay.clone(), self.door.writer.clone());
        loop {
            self.attend();
            pipe.gather(&mut self.machine);
            if self.is_over(pipe.has_work()) {
                break;
            }
            let wake = self.next_deadline();
            let reading = self.ending.is_none() && self.machine.wants_input() && self.deposits.is_empty();
            tokio::select! {
                done = pipe.step(), if pipe.has_work() => done?,
                read = reader.read_buf(&mut input), if reading => self.receive(read?, &mut input),
                Some(settled) = self.settled.1.recv() => self.settle(settled),
                answer = finished(&mut self.running) => if self.conclude(answer).is_break() { break },
                permit = writer.reserve(), if !self.deposits.is_empty() => match permit {
                    Ok(permit) => if let Some(work) = self.deposits.pop_front() {
                        self.in_writer += 1;
                        permit.send(work);
                    },
                    Err(_) => self.refuse_deposits(STOPPING),
                },
                () = self.asker.ring.notified() => {}
                () = sleep_until(wake) => self.machine.handle_timeout(relay.clock.now()),
                () = relay.stopping.cancelled(), if self.ending.is_none() => {
                    self.machine.stop();
                    self.end();
                }
            }
        }
        tokio::time::timeout(Duration::from_secs(1), pipe.close()).await.unwrap_or(Ok(()))
    }

    fn receive(&mut self, read: usize, input: &mut BytesMut) {
        if read == 0 {
            self.machine.input_closed();
            self.end();
        } else {
            self.machine.handle_input(self.door.relay.clock.now(), input);
            input.clear();
        }
    }

    /// Everything that can be done without waiting: the hub's news, the machine's questions, the next task.
    fn attend(&mut self) {
        for (slot, hold) in &self.holds {
            match hold.news() {
                Some(News::Arrived) => self.machine.arrived(*slot),
                Some(News::Superseded) => self.machine.supersede(*slot),
                None => {}
            }
        }
        while let Some(event) = self.machine.poll_event() {
            self.take_up(event);
        }
        if self.running.is_none()
            && let Some(task) = self.tasks.pop_front()
        {
            let relay = self.door.relay.clone();
            self.running = Some(tokio::task::spawn_blocking(move || task(&relay)));
        }
        if self.machine.is_closed() {
            self.end();
        }
    }

    /// Charges the source's budget, then queues what the event asks for.
    fn take_up(&mut self, event: ServerEvent) {
        let (relay, source) = (&self.door.relay, self.asker.source);
        let over = |machine: &mut ServerConnection, event| {
            relay.counters.over_budget.add_one();
            refuse(machine, event, OVER_BUDGET);
        };
        match event {
            ServerEvent::Deposit { ticket, deposit } => {
                let is_stranger = matches!(deposit.auth, DepositAuth::Open { .. });
                if is_stranger && !relay.admission.doorstep(source, &deposit.sid) {
                    return over(&mut self.machine, ServerEvent::Deposit { ticket, deposit });
                }
                let Deposit { sid, auth, envelope } = *deposit;
                let request = DepositRequest { sid, auth, envelope, today: today() };
                self.deposits.push_back(Work { request, ticket, asker: self.settled.0.clone() });
            }
            ServerEvent::AnswerWrong => relay.counters.answers_wrong.add_one(),
            event @ (ServerEvent::Lookup { .. } | ServerEvent::Fetch { .. })
                if !relay.admission.lookup(source) =>
            {
                over(&mut self.machine, event);
            }
            event @ (ServerEvent::Claim { .. } | ServerEvent::FindIdentity { .. })
                if !relay.admission.registry(source) =>
            {
                over(&mut self.machine, event);
            }
            event => {
                if let Some(task) = task::of(event, &self.asker) {
                    self.tasks.push_back(task);
                }
            }
        }
    }

    fn settle(&mut self, Settled { ticket, result }: Settled) {
        self.in_writer = self.in_writer.saturating_sub(1);
        match result {
            Ok(DepositOutcome::Stored | DepositOutcome::Again) => self.machine.deposited(ticket),
            Ok(DepositOutcome::Refused(kind)) => {
                self.machine.refuse(ticket, Refusal { kind, retry_after_s: None })
            }
            Err(error) => self.machine.refuse(ticket, self.door.relay.store_failed(error)),
        }
    }

    fn conclude(&mut self, answer: Result<Answer, JoinError>) -> ControlFlow<()> {
        self.running = None;
        // A task that panicked took its ticket with it: the peer asks again on a new connection.
        let Ok(answer) = answer else { return ControlFlow::Break(()) };
        if let Some(held) = answer(&mut self.machine, self.door.relay.clock.now()) {
            self.holds.push(held);
        }
        ControlFlow::Continue(())
    }

    fn refuse_deposits(&mut self, refusal: Refusal) {
        for work in self.deposits.drain(..) {
            self.machine.refuse(work.ticket, refusal);
        }
    }

    /// Reads no more; what is under way has [`GOODBYE`] to get to its end.
    fn end(&mut self) {
        if self.ending.is_none() {
            self.ending = Some(Instant::now() + GOODBYE);
        }
    }

    fn is_over(&self, writing: bool) -> bool {
        let Some(deadline) = self.ending else { return false };
        let waiting = !self.deposits.is_empty() || self.in_writer > 0 || self.running.is_some();
        let idle = !waiting && self.tasks.is_empty() && !writing;
        idle || Instant::now() >= deadline
    }

    fn next_deadline(&self) -> Option<Instant> {
        let machine = self.machine.poll_timeout().map(|at| self.door.relay.clock.instant(at));
        [machine, self.ending].into_iter().flatten().min()
    }
}

/// Says no to a request that is not for the store.
fn refuse(machine: &mut ServerConnection, event: ServerEvent, refusal: Refusal) {
    match event {
        ServerEvent::Lookup { ticket, .. } => machine.refuse(ticket, refusal),
        ServerEvent::Fetch { ticket, .. } => machine.refuse(ticket, refusal),
        ServerEvent::Claim { ticket, .. } => machine.refuse(ticket, refusal),
        ServerEvent::FindIdentity { ticket, .. } => machine.refuse(ticket, refusal),
        ServerEvent::Deposit { ticket, .. } => machine.refuse(ticket, refusal),
        _ => {}
    }
}

async fn finished(running: &mut Option<JoinHandle<Answer>>) -> Result<Answer, JoinError> {
    match running {
        Some(task) => task.await,
        None => pending().await,
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => pending().await,
    }
}
