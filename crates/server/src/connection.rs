//! One connection's task: bytes in, bytes out, and the machine's questions carried to the store and back.
//!
//! It decides nothing about the protocol. Deposits and acks go to the writer's queue in the order in which
//! they came; every other question is a `Step`, one at a time for each connection, so that what a peer sends
//! in an order is done in this order.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::{Now, ServerConfig, ServerConnection, ServerEvent, Ticket, asked};
use store::{Cause, DepositOutcome, DepositRequest, StoreError};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use wire::limits::{HANDSHAKE_MS_MAX, UNREAD_MS_MAX};
use wire::refusal::Refusal;
use wire::request::{Binding, Deposit};
use wire::{Cursor, DepositAuth, DepositId, PairingStep, Slot, WelcomeNonce};

use crate::admission::Place;
use crate::bell::Post;
use crate::clock::wall;
use crate::fresh::Fresh;
use crate::hub::Hold;
use crate::line::{Heard, Line};
use crate::relay::{OVER_BUDGET, Relay, STOPPING};
use crate::task::{self, Answer, Asker, Change, Claiming, Look, Question, Who};
use crate::tls;
use crate::writer::{Queue, Settled, Work};

/// What is still on its way when a connection ends has so long to get there.
const GOODBYE: Duration = Duration::from_secs(5);
/// A peer that takes nothing for so long is not there any more.
const UNREAD: Duration = Duration::from_millis(UNREAD_MS_MAX);
/// So often meanwhile it is tried whether it took something.
const PRESS: Duration = Duration::from_millis(UNREAD_MS_MAX / 6);

/// What every connection needs besides its socket.
#[derive(Clone)]
pub struct Door {
    /// The server behind it.
    pub relay: Arc<Relay>,
    /// TLS as we speak it.
    pub acceptor: TlsAcceptor,
    /// The writer's queue.
    pub writer: Queue,
}

/// A socket that was accepted, with its place.
pub struct Arrival {
    /// What its connection needs besides.
    pub door: Door,
    /// The socket.
    pub socket: TcpStream,
    /// Given back when the connection ends.
    pub place: Place,
}

/// Serves one accepted socket until it ends. What it needs only until it is greeted stands in boxes, so that nothing
/// of that is carried for as long as the connection lasts.
pub async fn serve(arrival: Box<Arrival>) {
    let Some(session) = Box::pin(greet(arrival)).await else { return };
    // Why a peer went away is nobody's business and nothing an operator could act on.
    let _ended: io::Result<()> = session.run().await;
}

async fn greet(arrival: Box<Arrival>) -> Option<Box<Session>> {
    let Arrival { door, socket, mut place } = *arrival;
    place.begin();
    let accepted = door.relay.clock.now();
    let (binding, line) = shake_hands(&door, socket, &mut place).await?;
    Session::new(door, line, place, binding, accepted).map(Box::new)
}

/// TLS 1.3 with our protocol chosen, in time; anything else is counted.
async fn shake_hands(door: &Door, socket: TcpStream, place: &mut Place) -> Option<(Binding, Line)> {
    let deadline = Duration::from_millis(HANDSHAKE_MS_MAX);
    let shaken = tokio::select! {
        shaken = tokio::time::timeout(deadline, door.acceptor.accept(socket)) => shaken,
        () = place.pushed_out() => {
            door.relay.counters.pushed_out.add_one();
            return None;
        }
        () = door.relay.stopping.cancelled() => return None,
    };
    place.shaken();
    let greeted =
        shaken.ok().and_then(Result::ok).and_then(|stream| Some((binding(&stream)?, Line::new(stream))));
    if greeted.is_none() {
        door.relay.counters.handshakes_failed.add_one();
    }
    greeted
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
    line: Line,
    machine: ServerConnection,
    asker: Asker,
    _place: Place,
    /// Deposits and acks for which the writer's queue had no room yet.
    works: VecDeque<Work>,
    /// When the first of them may go: deposits keep a pace.
    goes_at: Option<Instant>,
    in_writer: usize,
    /// Acks under way: what is read meanwhile must stand behind them.
    acking: Vec<(DepositId, Cursor)>,
    steps: VecDeque<Step>,
    running: Option<Running>,
    fresh: Fresh,
    holds: Vec<Hold>,
    ending: Option<Instant>,
    /// While something waits for the peer.
    unread: Option<Unread>,
}

/// A question that waits for those before it.
enum Step {
    /// Of an owner who lets go.
    Ack(Ticket<asked::Ack>, DepositId, Cursor),
    /// Of a machine that may deliver.
    Read(Ticket<asked::Read>, Slot, DepositId, Cursor, u16),
    /// Any other.
    Question(Question),
}

/// A peer that does not take what waits for it.
#[derive(Clone, Copy)]
struct Unread {
    /// Since when it has taken nothing.
    since: Instant,
    /// When that is tried next.
    press_at: Instant,
}

impl Unread {
    fn from_now() -> Self {
        let since = Instant::now();
        Self { since, press_at: since + PRESS }
    }
}

/// A step under way, on a thread where it may block. `None`: it panicked.
type Running = Pin<Box<dyn Future<Output = Option<Answer>> + Send>>;

impl Session {
    fn new(door: Door, line: Line, place: Place, binding: Binding, accepted: Now) -> Option<Self> {
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
            line,
            asker: Asker { source: place.source(), bell: Arc::default() },
            _place: place,
            works: VecDeque::new(),
            goes_at: None,
            in_writer: 0,
            acking: Vec::new(),
            steps: VecDeque::new(),
            running: None,
            fresh: Fresh::default(),
            holds: Vec::new(),
            ending: None,
            unread: None,
        })
    }

    /// In a box, of which the task's states hold the address and not a copy each.
    async fn run(mut self: Box<Self>) -> io::Result<()> {
        let relay = self.door.relay.clone();
        let bell = self.asker.bell.clone();
        let mut stopping = pin!(relay.stopping.cancelled());
        let mut alarm = pin!(tokio::time::sleep(Duration::ZERO));
        let (now, machine) = (relay.clock.now(), &mut self.machine);
        let mut heard = self.line.drain(|bytes| machine.handle_input(now, bytes))?;
        let mut has_said_all = false;
        loop {
            if heard == Heard::End {
                has_said_all = true;
                self.machine.input_closed();
                self.end();
            }
            // What goes out makes room in the machine, which then asks for more: nobody would wake us for that.
            let mut went = true;
            while std::mem::take(&mut went) {
                self.attend();
                let machine = &mut self.machine;
                self.line.say(|| machine.poll_output().inspect(|_| went = true))?;
            }
            self.unread = self.line.is_writing().then(|| self.unread.unwrap_or_else(Unread::from_now));
            if self.line.had_its_turn() {
                tokio::task::yield_now().await;
                heard = Heard::Nothing;
                continue;
            }
            if self.has_taken_more()? {
                heard = Heard::Nothing;
                continue;
            }
            if self.is_over() {
                break;
            }
            let deadline = self.next_deadline();
            if deadline.is_some_and(|at| alarm.deadline().into_std() > at || alarm.is_elapsed()) {
                alarm.as_mut().reset(deadline.unwrap_or_else(Instant::now).into());
            }
            let reading = self.ending.is_none() && self.machine.wants_input() && self.works.is_empty();
            heard = Heard::Nothing;
            tokio::select! {
                ready = self.line.readable(), if reading => {
                    ready?;
                    let (now, machine) = (relay.clock.now(), &mut self.machine);
                    heard = self.line.hear(|bytes| machine.handle_input(now, bytes))?;
                }
                ready = self.line.writable(), if self.line.is_writing() => {
                    ready?;
                    self.unread = None;
                }
                () = bell.rung() => self.open_post(bell.take()),
                answer = finished(&mut self.running) => if self.conclude(answer).is_break() { break },
                () = &mut alarm, if deadline.is_some() => {
                    if deadline.is_some_and(|at| at <= Instant::now()) {
                        self.machine.handle_timeout(relay.clock.now());
                    }
                }
                () = &mut stopping, if self.ending.is_none() => {
                    self.machine.stop();
                    self.end();
                }
            }
        }
        let has_heard_all = !self.line.is_writing();
        self.line.close();
        if has_heard_all && !has_said_all {
            self.line.linger().await;
        }
        Ok(())
    }

    /// What others left for this connection.
    fn open_post(&mut self, post: Post) {
        for settled in post.settled {
            self.settle(settled);
        }
        for slot in post.superseded.each() {
            self.machine.supersede(slot);
        }
        self.fresh.extend(post.fresh);
        for slot in post.arrived.each() {
            self.machine.arrived(slot);
        }
    }

    /// Everything that can be done without waiting: the machine's questions, and the steps they come to.
    fn attend(&mut self) {
        loop {
            while let Some(event) = self.machine.poll_event() {
                self.take_up(event);
            }
            if !self.step() {
                break;
            }
        }
        if self.running.is_none() {
            self.fresh.clear();
        }
        self.hand_over();
        if self.machine.is_closed() {
            self.end();
        }
        self.tidy_up();
    }

    /// Most connections are silent most of the time: an empty queue keeps no memory.
    fn tidy_up(&mut self) {
        if self.works.is_empty() {
            self.works = VecDeque::new();
        }
        if self.steps.is_empty() {
            self.steps = VecDeque::new();
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
                let is_knock =
                    matches!(deposit.auth, DepositAuth::Open { .. }) && relay.store.is_doorstep(&deposit.sid);
                if is_knock && let Err(left_s) = relay.admission.doorstep(source, &deposit.sid) {
                    relay.counters.over_budget.add_one();
                    let refusal = Refusal { retry_after_s: Some(left_s), ..OVER_BUDGET };
                    return self.machine.refuse(ticket, refusal);
                }
                let Deposit { sid, auth, envelope } = *deposit;
                let request = DepositRequest { sid, auth, envelope, today: self.door.relay.today() };
                self.works.push_back(Work::deposit(request, ticket, self.asker.clone()));
            }
            ServerEvent::Ack { ticket, sid, through } => {
                self.steps.push_back(Step::Ack(ticket, sid, through))
            }
            ServerEvent::Read { ticket, slot, sid, after, max } => {
                self.steps.push_back(Step::Read(ticket, slot, sid, after, max));
            }
            ServerEvent::AnswerWrong => relay.counters.answers_wrong.add_one(),
            // Whoever waits asks again and again; a move that others may answer to is counted.
            event @ ServerEvent::Pairing {
                step: PairingStep::Begin(_) | PairingStep::Meet(_) | PairingStep::Reply(_),
                ..
            } if !relay.admission.pairing(source) => over(&mut self.machine, event),
            ServerEvent::Pairing { ticket, step } => {
                let random = || task::random().map(u64::from_be_bytes);
                match relay.pairings.take(relay.clock.now(), source, step, random) {
                    Ok(answer) => self.machine.paired(ticket, answer),
                    Err(refusal) => self.machine.refuse(ticket, refusal),
                }
            }
            event @ (ServerEvent::Lookup { .. } | ServerEvent::Fetch { .. })
                if !relay.admission.lookup(source) =>
            {
                over(&mut self.machine, event);
            }
            event @ ServerEvent::Feed { .. } if !relay.admission.feed(source) => {
                over(&mut self.machine, event);
            }
            event @ (ServerEvent::Admit { .. } | ServerEvent::FindIdentity { .. })
                if !relay.admission.registry(source) =>
            {
                over(&mut self.machine, event);
            }
            // Whatever becomes of a bundle tells whether there is its name.
            event @ ServerEvent::FindIdentity { .. } if !relay.admission.lookup(source) => {
                over(&mut self.machine, event);
            }
            event => self.steps.extend(task::of(event, &self.asker).map(Step::Question)),
        }
    }

    /// Begins the next step if its turn has come. True when something came of it at once.
    fn step(&mut self) -> bool {
        let may_begin = self.running.is_none()
            && match self.steps.front() {
                None => false,
                Some(Step::Ack(..)) => true,
                Some(Step::Read(_, _, sid, after, _)) => {
                    !self.acking.iter().any(|(of, through)| of == sid && after < through)
                }
                Some(Step::Question(_)) => self.acking.is_empty(),
            };
        let Some(step) = self.steps.pop_front_if(|_| may_begin) else { return false };
        match step {
            Step::Ack(ticket, sid, through) => {
                self.acking.push((sid, through));
                self.works.push_back(Work::ack(sid, through, ticket, self.asker.clone()));
                true
            }
            Step::Read(ticket, slot, sid, after, max) => self.read(ticket, slot, sid, after, max),
            Step::Question(Question::Look(look)) => {
                self.run_aside(look);
                false
            }
            Step::Question(Question::LookInTurn(look)) => {
                self.look_in_turn(look);
                false
            }
            Step::Question(Question::Change(change)) => {
                let (relay, who) = (self.door.relay.clone(), self.asker.who());
                self.running = Some(Box::pin(in_turns(relay, who, change)));
                false
            }
            Step::Question(Question::Claim(claiming)) => {
                self.claim(*claiming);
                false
            }
        }
    }

    /// Answers a read at once with what was stored a moment ago, or with nothing; else asks the store.
    fn read(
        &mut self,
        ticket: Ticket<asked::Read>,
        slot: Slot,
        sid: DepositId,
        after: Cursor,
        max: u16,
    ) -> bool {
        let relay = &self.door.relay;
        let at_once = match self.fresh.behind(slot, after, max) {
            None if !relay.store.is_waiting(&sid, after) => Some(Vec::new()),
            found => found,
        };
        match at_once {
            Some(batch) => self.machine.delivered(relay.clock.now(), ticket, batch),
            None => {
                self.run_aside(task::read(ticket, sid, after, max));
                return false;
            }
        }
        true
    }

    fn run_aside(&mut self, look: Look) {
        let relay = self.door.relay.clone();
        self.running = Some(Box::pin(async move { spawn_blocking(move || look(&relay)).await.ok() }));
    }

    fn look_in_turn(&mut self, look: Look) {
        let (relay, who) = (self.door.relay.clone(), self.asker.who());
        self.running = Some(Box::pin(async move {
            let (turn, runtime) = (relay.looks.next(who).await, Handle::current());
            spawn_blocking(move || turn.spend(&runtime, || look(&relay))).await.ok()
        }));
    }

    /// Where the name is free its tag comes first. Whoever has no right to it costs nothing of that.
    fn claim(&mut self, claiming: Claiming) {
        let (relay, who) = (self.door.relay.clone(), self.asker.who());
        self.running = Some(Box::pin(async move {
            let (asking, server_id) = (relay.clone(), relay.server_id);
            let look = move || (task::is_for_the_taking(&asking, &claiming.claim), claiming);
            let (is_free, claiming) = spawn_blocking(look).await.ok()?;
            let name = is_free.then(|| claiming.claim.record.body.name.clone());
            let tag = match name {
                Some(name) => relay.ledger.tagger.tag(who, server_id, name).await,
                None => None,
            };
            in_turns(relay, who, task::claim(claiming, tag)).await
        }));
    }

    /// Gives the writer what its queue has room for. Where it has none, something of ours is there, and we hear when it
    /// is done.
    fn hand_over(&mut self) {
        while self.is_work_due() && self.door.writer.has_room(self.in_writer) {
            let Some(work) = self.works.pop_front() else { return };
            if let Err(work) = self.door.writer.give(work) {
                self.works.push_front(*work);
                return self.refuse_works();
            }
            self.goes_at = None;
            self.in_writer += 1;
        }
    }

    /// Whether the first of what waits for the writer may go.
    fn is_work_due(&mut self) -> bool {
        let Some(first) = self.works.front() else { return false };
        let (now, admission) = (Instant::now(), &self.door.relay.admission);
        *self.goes_at.get_or_insert_with(|| first.goes_at(admission, now)) <= now
    }

    fn settle(&mut self, settled: Settled) {
        self.in_writer = self.in_writer.saturating_sub(1);
        let relay = &self.door.relay;
        match settled {
            Settled::Deposit(ticket, Ok(DepositOutcome::Stored | DepositOutcome::Again)) => {
                self.machine.deposited(ticket);
            }
            Settled::Deposit(ticket, Ok(DepositOutcome::Refused(kind))) => {
                self.machine.refuse(ticket, Refusal { kind, retry_after_s: None });
            }
            Settled::Deposit(ticket, Err(error)) => self.machine.refuse(ticket, relay.store_failed(error)),
            Settled::Ack(ticket, outcome) => {
                // The acks of one connection are settled in their order.
                self.acking.drain(..self.acking.len().min(1));
                match outcome {
                    Ok(()) => self.machine.acked(ticket),
                    Err(error) => self.machine.refuse(ticket, relay.store_failed(error)),
                }
            }
        }
    }

    fn conclude(&mut self, answer: Option<Answer>) -> ControlFlow<()> {
        self.running = None;
        // A question that panicked took its ticket with it: the peer asks again on a new connection.
        let Some(answer) = answer else { return ControlFlow::Break(()) };
        self.holds.extend(answer(&mut self.machine, self.door.relay.clock.now()));
        ControlFlow::Continue(())
    }

    /// The writer is gone: nothing of this was done.
    fn refuse_works(&mut self) {
        self.goes_at = None;
        for work in std::mem::take(&mut self.works) {
            match work.undone(StoreError::NotDone(Cause::Stopped)) {
                Settled::Deposit(ticket, _) => self.machine.refuse(ticket, STOPPING),
                Settled::Ack(ticket, _) => self.machine.refuse(ticket, STOPPING),
            }
        }
    }

    /// Reads no more; what is under way has [`GOODBYE`] to get to its end.
    fn end(&mut self) {
        if self.ending.is_none() {
            self.ending = Some(Instant::now() + GOODBYE);
        }
    }

    /// Whether the peer is found to have taken something of what waits for it, now and then.
    fn has_taken_more(&mut self) -> io::Result<bool> {
        let now = Instant::now();
        let Some(unread) = self.unread.filter(|unread| unread.press_at <= now) else { return Ok(false) };
        let has_taken = self.line.press()?;
        self.unread = (!has_taken).then_some(Unread { press_at: now + PRESS, ..unread });
        Ok(has_taken)
    }

    fn is_over(&self) -> bool {
        if self.unread.is_some_and(|unread| unread.since.elapsed() >= UNREAD) {
            self.door.relay.counters.unread.add_one();
            return true;
        }
        let Some(deadline) = self.ending else { return false };
        let waiting = !self.works.is_empty() || self.in_writer > 0 || self.running.is_some();
        let idle = !waiting && self.steps.is_empty() && !self.line.is_writing();
        idle || Instant::now() >= deadline
    }

    fn next_deadline(&self) -> Option<Instant> {
        let machine = self.machine.poll_timeout().map(|at| self.door.relay.clock.instant(at));
        let unread = self.unread.map(|unread| unread.press_at.min(unread.since + UNREAD));
        // Also when it has passed since we looked. Without room we hear of it when there is some.
        let goes_at = self.goes_at.filter(|_| self.door.writer.has_room(self.in_writer));
        [machine, self.ending, unread, goes_at].into_iter().flatten().min()
    }
}

/// Does what changes something, in as many turns as it takes: between two of them everybody else has one.
async fn in_turns(relay: Arc<Relay>, who: Who, mut change: Change) -> Option<Answer> {
    loop {
        let (turn, runtime) = (relay.changes.next(who).await, Handle::current());
        let blocking = relay.clone();
        let step = move || {
            let answer = turn.spend(&runtime, || change(&blocking));
            (answer, change)
        };
        let (answer, rest) = spawn_blocking(step).await.ok()?;
        if answer.is_some() {
            return answer;
        }
        change = rest;
    }
}

/// Says no to a request that is not for the store.
fn refuse(machine: &mut ServerConnection, event: ServerEvent, refusal: Refusal) {
    match event {
        ServerEvent::Lookup { ticket, .. } => machine.refuse(ticket, refusal),
        ServerEvent::Fetch { ticket, .. } => machine.refuse(ticket, refusal),
        ServerEvent::Feed { ticket, .. } => machine.refuse(ticket, refusal),
        ServerEvent::Pairing { ticket, .. } => machine.refuse(ticket, refusal),
        ServerEvent::Admit { ticket } => machine.refuse(ticket, refusal),
        ServerEvent::FindIdentity { ticket, .. } => machine.refuse(ticket, refusal),
        _ => {}
    }
}

async fn finished(running: &mut Option<Running>) -> Option<Answer> {
    match running {
        Some(task) => task.as_mut().await,
        None => pending().await,
    }
}
