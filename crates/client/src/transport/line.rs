//! One connection: TCP, TLS and the client's machine, driven until an answer is there.

use std::{
    collections::VecDeque,
    io,
    time::{Duration, Instant},
};

use proto::{
    ClientConfig, ClientConnection, ClientEvent, CloseReason, DeliveryTicket, NotSent, Now, ServerPin,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Notify,
    time::{error::Elapsed, timeout},
};
use wire::{
    ConnectionKind, DepositAuth, Envelope, HostPort, Refusal, RefusalKind, Request, RequestId, Response,
    ServerId, Slot,
    request::{Binding, ConnectionProof},
    response::Welcome,
};

use super::dial::{cut, unreachable, within};
use super::tls::Pin;
use crate::{ClientError, Dialled, Options, Stream};

/// What the server pushes on an owner connection.
#[derive(Debug)]
pub(crate) enum Pushed {
    /// One envelope.
    Delivery { auth: DepositAuth, envelope: Envelope, ticket: DeliveryTicket },
    /// This mailbox is empty.
    Drained(Slot),
}

impl Pushed {
    /// The place on its connection of the mailbox that it is of.
    pub(crate) fn slot(&self) -> Slot {
        match self {
            Self::Delivery { ticket, .. } => ticket.slot(),
            Self::Drained(slot) => *slot,
        }
    }
}

/// What was read, or that nothing was for long enough.
struct Input {
    read: Result<io::Result<usize>, Elapsed>,
    bytes: Vec<u8>,
}

/// An open connection to the pinned server.
pub(crate) struct Line {
    stream: Box<dyn Stream>,
    machine: ClientConnection,
    started: Instant,
    patience: Duration,
    host: String,
    welcome: Welcome,
    proof: ConnectionProof,
    pushed: VecDeque<Pushed>,
    answers: VecDeque<(RequestId, Response)>,
}

impl Line {
    /// Connects, checks the server's identity, and awaits its greeting.
    pub(crate) async fn connect(
        options: &Options,
        at: &HostPort,
        pin: Pin,
        kind: ConnectionKind,
    ) -> Result<Line, ClientError> {
        let dialled = options.world.dial(at.clone(), pin, options.proxy.clone(), options.timeout).await?;
        Self::greet(dialled, at.to_string(), kind, options.timeout).await
    }

    async fn greet(
        dialled: Dialled,
        host: String,
        kind: ConnectionKind,
        patience: Duration,
    ) -> Result<Line, ClientError> {
        let Dialled { stream, server_id: id, exported } = dialled;
        let binding = Binding::TlsExporter(exported);
        let config = ClientConfig { server: ServerPin::Full(id), binding, kind };
        let machine = ClientConnection::new(config, Now(0));
        let welcome = Welcome {
            versions: wire::VersionRange { min: 0, max: 0 },
            server_id: id,
            nonce: wire::WelcomeNonce([0; 32]),
            time: wire::UnixSeconds(0),
            frame_bytes_max: 0,
            outstanding_max: 0,
            idle_ms_max: 0,
            flags: 0,
        };
        let proof = ConnectionProof { version: 0, server_id: id, welcome_nonce: welcome.nonce, binding };
        let mut line = Line {
            stream,
            machine,
            started: Instant::now(),
            patience,
            host,
            welcome,
            proof,
            pushed: VecDeque::new(),
            answers: VecDeque::new(),
        };
        match line.event(patience).await? {
            Some(ClientEvent::Ready { welcome, proof }) => {
                line.welcome = *welcome;
                line.proof = proof;
                Ok(line)
            }
            Some(_) => Err(line.broken("it did not greet")),
            None => Err(line.silent()),
        }
    }

    /// Which server this is, in full.
    pub(crate) fn server_id(&self) -> ServerId {
        self.welcome.server_id
    }

    /// Its greeting.
    pub(crate) fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// What proofs on this connection cover.
    pub(crate) fn proof(&self) -> &ConnectionProof {
        &self.proof
    }

    /// Which server, for sentences.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Asks, and awaits the answer. A refusal is an answer.
    pub(crate) async fn ask(&mut self, request: impl Into<Request>) -> Result<Response, ClientError> {
        let id = self.start(request).await?;
        self.answer_to(id).await
    }

    /// Asks without waiting.
    pub(crate) async fn start(&mut self, request: impl Into<Request>) -> Result<RequestId, ClientError> {
        let now = self.now();
        let id = self.machine.request(now, request).map_err(|error| self.not_sent(error))?;
        self.flush().await?;
        Ok(id)
    }

    /// Awaits the answer to one request; deliveries that come meanwhile are kept.
    pub(crate) async fn answer_to(&mut self, id: RequestId) -> Result<Response, ClientError> {
        let end = Instant::now() + self.patience;
        loop {
            if let Some(place) = self.answers.iter().position(|(have, _)| *have == id) {
                let answer = self.answers.remove(place).map(|(_, response)| response);
                return answer.ok_or(ClientError::Unexpected { place: "answers" });
            }
            match self.event(end.saturating_duration_since(Instant::now())).await? {
                Some(event) => self.keep(event)?,
                None => return Err(self.silent()),
            }
        }
    }

    /// The next thing pushed, of what is here already.
    pub(crate) fn take_pushed(&mut self) -> Option<Pushed> {
        self.pushed.pop_front()
    }

    /// Waits until something pushed is here, or no longer than `wait`, or until `wake` is rung.
    pub(crate) async fn await_pushed(
        &mut self,
        wait: Duration,
        wake: Option<&Notify>,
    ) -> Result<(), ClientError> {
        let end = Instant::now() + wait;
        while self.prepare_wait().await? && Instant::now() < end {
            tokio::select! {
                biased;
                () = rung(wake) => break,
                input = self.input(end) => self.take_input(input).await?,
            }
        }
        Ok(())
    }

    /// The same on two connections at once.
    pub(crate) async fn await_pushed_on_either(
        &mut self,
        other: &mut Line,
        wait: Duration,
        wake: Option<&Notify>,
    ) -> Result<(), ClientError> {
        let end = Instant::now() + wait;
        while self.prepare_wait().await? && other.prepare_wait().await? && Instant::now() < end {
            tokio::select! {
                () = rung(wake) => break,
                input = self.input(end) => self.take_input(input).await?,
                input = other.input(end) => other.take_input(input).await?,
            }
        }
        Ok(())
    }

    /// Keeps what has come, and lets out what waits to go; says whether nothing pushed is here, so that there is something
    /// to wait for.
    async fn prepare_wait(&mut self) -> Result<bool, ClientError> {
        while self.pushed.is_empty()
            && let Some(event) = self.next_event()?
        {
            self.keep(event)?;
        }
        self.flush().await?;
        Ok(self.pushed.is_empty())
    }

    /// Forgets what was said of earlier collections: the present one has just begun.
    pub(crate) fn forget_drained(&mut self, slot: Slot) {
        self.pushed.retain(|pushed| !matches!(pushed, Pushed::Drained(of) if *of == slot));
    }

    /// Acknowledges through a delivery: only after the vault has committed.
    pub(crate) async fn ack(&mut self, ticket: DeliveryTicket) -> Result<Response, ClientError> {
        let now = self.now();
        let id = self.machine.ack(now, ticket).map_err(|error| self.not_sent(error))?;
        self.flush().await?;
        self.answer_to(id).await
    }

    /// Closes politely; a connection that is gone already is closed too.
    pub(crate) async fn close(mut self) {
        self.machine.close();
        let _ = self.flush().await;
        let _ = timeout(Duration::from_secs(1), self.stream.shutdown()).await;
    }

    fn keep(&mut self, event: ClientEvent) -> Result<(), ClientError> {
        match event {
            ClientEvent::Answered { id, response } => self.answers.push_back((id, response)),
            ClientEvent::Deliver { auth, envelope, ticket, .. } => {
                self.pushed.push_back(Pushed::Delivery { auth, envelope, ticket });
            }
            ClientEvent::Drained { slot, .. } => self.pushed.push_back(Pushed::Drained(slot)),
            ClientEvent::Superseded { .. } => return Err(ClientError::Superseded),
            ClientEvent::Ready { .. } => return Err(self.broken("it greeted twice")),
            ClientEvent::Closed { reason } => return Err(self.closed(reason)),
        }
        Ok(())
    }

    /// The machine's next event; `None` when none came in time.
    async fn event(&mut self, wait: Duration) -> Result<Option<ClientEvent>, ClientError> {
        let end = Instant::now() + wait;
        loop {
            if let Some(event) = self.next_event()? {
                return Ok(Some(event));
            }
            if Instant::now() >= end {
                return Ok(None);
            }
            self.flush().await?;
            let input = self.input(end).await;
            self.take_input(input).await?;
        }
    }

    /// The machine's next event, if there is one already.
    fn next_event(&mut self) -> Result<Option<ClientEvent>, ClientError> {
        match self.machine.poll_event() {
            Some(ClientEvent::Closed { reason }) => Err(self.closed(reason)),
            event => Ok(event),
        }
    }

    /// What comes next, until `end` or until the machine wants to be called. Nothing is lost where it is given up.
    async fn input(&mut self, end: Instant) -> Input {
        let machine_wait =
            self.machine.poll_timeout().map(|at| Duration::from_millis(at.0.saturating_sub(self.now().0)));
        let left = end.saturating_duration_since(Instant::now());
        let mut bytes = vec![0; 16 * 1024];
        let read =
            timeout(machine_wait.unwrap_or(Duration::MAX).min(left), self.stream.read(&mut bytes)).await;
        Input { read, bytes }
    }

    async fn take_input(&mut self, input: Input) -> Result<(), ClientError> {
        let now = self.now();
        match input.read {
            Err(_) => self.machine.handle_timeout(now),
            Ok(Ok(0)) => self.machine.input_closed(),
            Ok(Ok(len)) => self.machine.handle_input(now, input.bytes.get(..len).unwrap_or_default()),
            Ok(Err(error)) => return Err(cut(&self.host, &error)),
        }
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), ClientError> {
        let mut wrote = false;
        while let Some(bytes) = self.machine.poll_output() {
            let write = within(self.patience, &self.host, self.stream.write_all(&bytes)).await?;
            write.map_err(|error| cut(&self.host, &error))?;
            wrote = true;
        }
        if wrote {
            let flushed = within(self.patience, &self.host, self.stream.flush()).await?;
            flushed.map_err(|error| cut(&self.host, &error))?;
        }
        Ok(())
    }

    fn now(&self) -> Now {
        Now(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn closed(&self, reason: CloseReason) -> ClientError {
        match reason {
            CloseReason::WrongServer => ClientError::WrongServer { host: self.host.clone() },
            CloseReason::NotFrames | CloseReason::OutOfTurn => {
                self.broken("it broke the rules of the protocol")
            }
            CloseReason::Version { .. } => self.broken("it speaks another version of the protocol"),
            other => unreachable(&self.host, other),
        }
    }

    fn not_sent(&self, error: NotSent) -> ClientError {
        match error {
            NotSent::Closed => unreachable(&self.host, error),
            NotSent::TooMany | NotSent::OutOfPlace => {
                ClientError::Unexpected { place: "a request out of place" }
            }
        }
    }

    /// The sentence for an answer that does not fit, or a refusal.
    pub(crate) fn unexpected(&self, response: &Response) -> ClientError {
        match response {
            Response::Refused(refusal) => self.refused(refusal),
            _ => self.broken("it answered something else"),
        }
    }

    /// The sentence for a refusal.
    pub(crate) fn refused(&self, refusal: &Refusal) -> ClientError {
        let host = self.host.clone();
        match refusal.kind {
            RefusalKind::Busy | RefusalKind::Unavailable | RefusalKind::Uncertain => {
                ClientError::Busy { host, retry_after_s: refusal.retry_after_s }
            }
            RefusalKind::Invite => ClientError::InvitationRefused,
            kind => ClientError::Refused { host, kind },
        }
    }

    fn broken(&self, reason: &'static str) -> ClientError {
        ClientError::Protocol { host: self.host.clone(), reason }
    }

    fn silent(&self) -> ClientError {
        unreachable(&self.host, "it did not answer in time")
    }
}

/// Waits for the bell, where there is one.
async fn rung(wake: Option<&Notify>) {
    match wake {
        Some(wake) => wake.notified().await,
        None => std::future::pending().await,
    }
}
