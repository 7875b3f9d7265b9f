//! [`Net`]: virtual time, the relays, and the wires between them and the people, in one place and one thread.

use std::collections::BTreeMap;
use std::io;

use proto::{Now, ServerConfig, ServerConnection};
use wire::refusal::Refusal;
use wire::request::Binding;
use wire::{Day, HostPort, RefusalKind, ServerId, UnixSeconds, WelcomeNonce};

use crate::connection::{Connection, ConnectionId, End, Fate};
use crate::faults::Faults;
use crate::liar::{Liar, Lie};
use crate::random::Random;
use crate::relay::{After, Relay};
use crate::tally::Tally;

/// Patience with a relay that answers no more for a while.
const PACED_S_MAX: u32 = 60;
/// When a run begins: some Tuesday.
const BEGINNING_S: u64 = 1_800_000_000;
const DAY_S: u64 = 86_400;
/// A read gives so much when nobody cuts it short.
const WHOLE: usize = 16 * 1024;
/// After so long a server has given up whoever is silent, and what was under way to it with it.
const IDLE_S: u64 = 600;

/// Relays, wires, time.
pub(crate) struct Net {
    pub(crate) relays: Vec<Relay>,
    connections: BTreeMap<ConnectionId, Connection>,
    /// Connections whose client is gone and whose last bytes have not arrived.
    late: Vec<(ConnectionId, Connection)>,
    next: ConnectionId,
    pub(crate) luck: Luck,
}

/// Time and chance, and the book of what went wrong.
pub(crate) struct Luck {
    /// Seconds since 1970.
    pub(crate) clock: u64,
    pub(crate) random: Random,
    pub(crate) liar: Liar,
    pub(crate) tally: Tally,
    /// Broken promises.
    pub(crate) broken: Vec<String>,
    faults: Faults,
    /// Whether bad luck is about; not while a run ends.
    pub(crate) is_bad: bool,
}

/// What a client gets that dials.
pub(crate) struct Line {
    pub(crate) id: ConnectionId,
    pub(crate) server_id: ServerId,
    pub(crate) exported: [u8; 32],
}

impl Luck {
    /// The UTC day.
    pub(crate) fn today(&self) -> Day {
        Day(u16::try_from(self.clock / DAY_S).unwrap_or(u16::MAX))
    }

    /// The moment on the machines' clock.
    pub(crate) fn moment(&self) -> Now {
        Now(self.clock.saturating_mul(1_000))
    }

    /// Whether answers to deposits are held back.
    pub(crate) fn reorders(&mut self) -> bool {
        self.is_bad && self.faults.order && self.random.happens(500)
    }

    /// Whether the store has a bad day: what it says, and whether it does the work all the same.
    pub(crate) fn bad_day(&mut self) -> Option<(Refusal, bool)> {
        if !self.is_bad || !self.faults.relay || !self.random.happens(25) {
            return None;
        }
        self.tally.add("fault: deposits answered by a bad day");
        Some(match self.random.below(4) {
            0 => (Refusal::retry_after(RefusalKind::Busy, 60), false),
            1 => (Refusal::retry_after(RefusalKind::Unavailable, 5), false),
            2 => (Refusal::new(RefusalKind::Uncertain), false),
            _ => (Refusal::new(RefusalKind::Uncertain), true),
        })
    }

    /// A promise is broken.
    pub(crate) fn broken(&mut self, what: String) {
        self.broken.push(what);
    }

    fn lie(&mut self) -> Option<Lie> {
        if !self.is_bad || !self.faults.lies || !self.random.happens(15) {
            return None;
        }
        self.random.choose(&Lie::ALL).copied()
    }

    fn fate(&mut self) -> Fate {
        let piece = match self.is_bad && self.faults.order && self.random.happens(200) {
            true => usize::try_from(1 + self.random.below(3_000)).unwrap_or(WHOLE),
            false => WHOLE,
        };
        let mut fate = Fate { up: None, down: None, end: End::Silence, piece };
        if self.is_bad && self.faults.network && self.random.happens(120) {
            let far = match self.random.below(3) {
                0 => 400,
                1 => 12_000,
                _ => 90_000,
            };
            let reach = usize::try_from(self.random.below(far)).unwrap_or(0);
            match self.random.happens(500) {
                true => fate.up = Some(reach),
                false => fate.down = Some(reach),
            }
            fate.end = match self.random.below(3) {
                0 => End::Closed,
                1 => End::Reset,
                _ => End::Silence,
            };
        }
        fate
    }
}

impl Net {
    pub(crate) fn new(seed: u64, relays: usize, faults: Faults) -> Self {
        let mut random = Random::of(seed, 2);
        let relays = (0..relays)
            .map(|number| {
                let at = HostPort::new(&format!("relay{number}.invalid"), 24268);
                Relay::new(at.expect("a host's name"), random.bytes(), faults.log)
            })
            .collect();
        let liar = Liar::new(&mut random);
        let (tally, broken) = (Tally::default(), Vec::new());
        let luck = Luck { clock: BEGINNING_S, random, liar, tally, broken, faults, is_bad: true };
        Self { relays, connections: BTreeMap::new(), late: Vec::new(), next: 1, luck }
    }

    // --- what a client does ---

    /// Connects, or says why not.
    pub(crate) fn dial(&mut self, at: &HostPort) -> Result<Line, io::Error> {
        self.luck.clock += 1;
        self.luck.tally.add("connections");
        let found = self.relays.iter().position(|relay| relay.at == *at);
        let place = found.ok_or(io::ErrorKind::NotFound)?;
        let luck = &mut self.luck;
        let Some(relay) = self.relays.get(place) else { return Err(io::ErrorKind::NotFound.into()) };
        if relay.down_until > luck.clock {
            luck.tally.add("fault: connections refused by an outage");
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        if luck.is_bad && luck.faults.network && luck.random.happens(40) {
            luck.tally.add("fault: connections refused");
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let exported = luck.random.bytes();
        let config = ServerConfig {
            server_id: relay.server_id,
            welcome_nonce: WelcomeNonce(luck.random.bytes()),
            binding: Binding::TlsExporter(exported),
            wall: UnixSeconds(luck.clock),
            open_registration: true,
        };
        let machine = ServerConnection::new(config, luck.moment());
        let lie = luck.lie();
        if lie.is_some() {
            luck.tally.add("fault: connections to a relay that lies");
        }
        let (id, server_id) = (self.next, relay.server_id);
        let mut connection = Connection::new(place, machine, luck.fate(), lie);
        connection.speak();
        self.next += 1;
        self.connections.insert(id, connection);
        if self.luck.is_bad && self.luck.random.happens(100) {
            self.deliver_late();
        }
        Ok(Line { id, server_id, exported })
    }

    /// The client writes. What does not arrive it learns by waiting for the answer, or at once.
    pub(crate) fn write(&mut self, id: ConnectionId, bytes: &[u8]) -> io::Result<()> {
        let Some(mut connection) = self.connections.remove(&id) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        if connection.is_cut() && connection.fate.end == End::Reset {
            self.connections.insert(id, connection);
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let arriving = connection.arriving(bytes);
        if let Some(connection) = self.feed(id, connection, &arriving) {
            self.connections.insert(id, connection);
        }
        Ok(())
    }

    /// The client reads; an empty answer is the end of the stream.
    pub(crate) fn read(&mut self, id: ConnectionId, max: usize) -> io::Result<Vec<u8>> {
        let Some(mut connection) = self.connections.remove(&id) else {
            return Err(io::ErrorKind::ConnectionReset.into());
        };
        if connection.out.is_empty() {
            connection.let_go(&mut self.luck);
            match self.feed(id, connection, &[]).and_then(|connection| self.wait_out(id, connection)) {
                Some(back) => connection = back,
                None => return Err(io::ErrorKind::ConnectionReset.into()),
            }
        }
        let answer = match connection.readable(max) {
            Some(bytes) => Ok(bytes),
            None if connection.is_cut() => {
                self.luck.tally.add("fault: connections cut");
                connection.end()
            }
            None if connection.machine.is_closed() => Ok(Vec::new()),
            None => {
                // A client that waits for what will never come: its patience would end.
                self.luck.tally.add("waits for nothing");
                if !self.luck.is_bad {
                    self.luck.broken("a client waits for an answer that no relay owes it".to_owned());
                }
                Err(io::ErrorKind::TimedOut.into())
            }
        };
        self.connections.insert(id, connection);
        answer
    }

    /// The client lets go of its end.
    pub(crate) fn hang_up(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.remove(&id) else { return };
        if connection.under_way.is_empty() || !self.luck.random.happens(600) {
            return self.forget(id, connection.relay);
        }
        self.late.push((id, connection));
    }

    // --- what happens at the relay ---

    /// Feeds a machine and does what it asks. `None` when the relay died over it.
    fn feed(&mut self, id: ConnectionId, mut connection: Connection, bytes: &[u8]) -> Option<Connection> {
        let place = connection.relay;
        if !bytes.is_empty() {
            connection.machine.handle_input(self.luck.moment(), bytes);
        }
        while let Some(event) = connection.machine.poll_event() {
            if self.dies_now() {
                self.kill(place);
                return None;
            }
            let relay = self.relays.get_mut(place)?;
            let after = relay.answer(id, &mut connection, event, &mut self.luck);
            if let After::Superseded(other, slot) = after
                && let Some(other) = self.connections.get_mut(&other)
            {
                other.machine.supersede(slot);
                other.speak();
            }
            if self.dies_now() {
                self.kill(place);
                return None;
            }
        }
        connection.speak();
        Some(connection)
    }

    /// A relay to which too much was said that came to nothing goes on after a while.
    fn wait_out(&mut self, id: ConnectionId, mut connection: Connection) -> Option<Connection> {
        for _ in 0..PACED_S_MAX {
            let goes_on = connection.machine.wants_input() || connection.machine.is_closed();
            if goes_on || !connection.out.is_empty() {
                break;
            }
            self.luck.clock += 1;
            connection.machine.handle_timeout(self.luck.moment());
            connection = self.feed(id, connection, &[])?;
        }
        Some(connection)
    }

    fn dies_now(&mut self) -> bool {
        self.luck.is_bad && self.luck.faults.relay && self.luck.random.happens(2)
    }

    /// A relay's process dies, and with it every connection.
    pub(crate) fn kill(&mut self, place: usize) {
        self.connections.retain(|_, connection| connection.relay != place);
        self.late.retain(|(_, connection)| connection.relay != place);
        let power_cut = self.luck.random.happens(500);
        self.luck.tally.add(match power_cut {
            true => "fault: relays that lost their power",
            false => "fault: relays that died",
        });
        if let Some(relay) = self.relays.get_mut(place) {
            relay.die(power_cut);
        }
    }

    /// Bytes arrive from connections whose clients have long gone.
    pub(crate) fn deliver_late(&mut self) {
        for (id, mut connection) in std::mem::take(&mut self.late) {
            self.luck.tally.add("fault: bytes that arrived late");
            let bytes = std::mem::take(&mut connection.under_way);
            connection.fate.up = None;
            if let Some(mut connection) = self.feed(id, connection, &bytes) {
                connection.let_go(&mut self.luck);
                self.forget(id, connection.relay);
            }
        }
    }

    fn forget(&mut self, id: ConnectionId, place: usize) {
        if let Some(relay) = self.relays.get_mut(place) {
            relay.holds.retain(|_, (holder, _)| *holder != id);
        }
    }

    /// Time passes for everybody.
    pub(crate) fn pass(&mut self, seconds: u64) {
        if seconds >= IDLE_S {
            for (id, connection) in std::mem::take(&mut self.late) {
                self.forget(id, connection.relay);
            }
        }
        let end = self.luck.clock + seconds;
        // Day by day, so that every day has its sweep.
        while self.luck.clock / DAY_S < end / DAY_S {
            self.luck.clock = (self.luck.clock / DAY_S + 1) * DAY_S;
            self.sweep();
        }
        self.luck.clock = end;
        self.sweep();
    }

    fn sweep(&mut self) {
        let today = self.luck.today();
        self.relays.iter_mut().for_each(|relay| relay.sweep(today));
    }
}
