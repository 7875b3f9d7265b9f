//! What an honest pair feels of a flood: `bench flood [SECONDS [FLOOD]]`.
//!
//! A hundred deposits a second go from one person to another who follows his inbox, and each is timed from the moment
//! at which it was due to its delivery; once with nobody else there, then under each flood, then again with nobody.
//! The relay runs with `proxies = []`, so that each loopback address is a source of its own: the honest pair comes
//! from 127.0.0.1, the floods from 127.0.0.2 on. Floods, pair and relay share the cores of this machine, which
//! makes the figures worse than those of a flood from elsewhere. Beside each line stands the longest sync of a file that
//! has nothing to do with the relay: a disk that holds everybody up holds up the pair too, whoever floods.

mod attack;

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use proto::{ClientEvent, ServerPin};
use tokio::task::JoinSet;
use wire::request::{Collect, MailboxPolicy};
use wire::{ConnectionKind, Cursor, Envelope, Invitation, Request, Response};

use crate::Failure;
use crate::citizen::{Citizen, Mailbox, noise};
use crate::disk_probe::DiskProbe;
use crate::link::{Link, invitation};
use crate::relay::Relay;
use attack::{Attack, Target};

/// From one honest deposit to the next.
const PACE: Duration = Duration::from_millis(10);
/// An honest deposit that takes longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(5);
/// Whoever joins waits so long.
const JOIN_PATIENCE: Duration = Duration::from_secs(20);
/// What we promise (DESIGN § 1, P8).
const RATIO_MAX: f64 = 2.0;

/// The honest pair.
struct Pair<'a> {
    relay: Rc<Relay>,
    /// For those who join meanwhile, with their names.
    invitations: Vec<(String, Invitation)>,
    citizen: &'a Citizen,
    inbox: Mailbox,
    envelope: Envelope,
    stamp: u16,
}

/// What it felt in one phase, in milliseconds.
#[derive(Default)]
struct Felt {
    /// One that failed counts as long as the pair was patient.
    trips: Vec<f64>,
    connects: Vec<f64>,
    joins: Vec<f64>,
    failed: usize,
}

/// Prints a line for each flood: p50 and p99 of the honest round trip before and during, and their ratio. A relay of
/// its own for each, so that none meets what another has left behind. Without a name: those that P8 speaks of.
pub async fn run(seconds: usize, only: Option<&str>) -> Result<(), Failure> {
    let length = Duration::from_secs(u64::try_from(seconds.max(1))?);
    let mut felt = Vec::new();
    let is_meant = |attack: &Attack| only.map_or(attack.is_promised(), |only| attack.name() == only);
    for attack in Attack::ALL.into_iter().filter(is_meant) {
        let relay = Rc::new(Relay::start_configured(attack.configuration())?);
        felt.push((phase(&relay, attack, length).await?, attack.name()));
    }
    let worst = felt.iter().max_by(|(one, _), (other, _)| one.total_cmp(other));
    let Some((worst, name)) = worst else {
        let names = Attack::ALL.map(Attack::name).join(" ");
        return Err(
            format!("there is no flood called {}; there are {names}", only.unwrap_or_default()).into()
        );
    };
    let floods = felt.len();
    let promise = if only.is_none() { "promise P8: " } else { "" };
    println!("{promise}worst ratio of honest p99 under {floods} floods: {worst:.1} ({name})");
    if *worst > RATIO_MAX {
        return Err(format!("an honest p99 grew by more than {RATIO_MAX} under a flood").into());
    }
    Ok(())
}

/// A quiet time, the flood, a quiet time.
async fn phase(relay: &Rc<Relay>, attack: Attack, length: Duration) -> Result<f64, Failure> {
    let name = attack.name();
    let mut citizen = Citizen::register(relay, &name).await?;
    let inbox = citizen.mailbox(relay, MailboxPolicy::Inbox).await?;
    let target = Target::prepare(relay, &mut citizen, &name, attack).await?;
    let invitations = (0..3 * length.as_secs())
        .map(|number| Ok((format!("new{number}"), invitation(relay, &format!("new{number}"))?)))
        .collect::<Result<_, Failure>>()?;
    let envelope = noise(4_096)?;
    let mut pair = Pair { relay: relay.clone(), invitations, citizen: &citizen, inbox, envelope, stamp: 0 };
    let disk = DiskProbe::start(relay.folder())?;
    let before = pair.talk(length).await?;
    let disk_before = disk.longest_ms();
    let (memory, cpu) = (relay.resident_bytes()?, relay.cpu_seconds()?);
    let (flood, began) = (target.attack(attack), Instant::now());
    let during = pair.talk(length).await?;
    // A pair that is held up goes on a while beyond its time, and the flood with it.
    let (done, lasted) = (flood.stop(), began.elapsed().as_secs_f64());
    if done == 0 {
        return Err(format!("the flood {name} did not happen").into());
    }
    let cpu = (relay.cpu_seconds()? - cpu) / lasted;
    let grown = relay.resident_bytes()?.saturating_sub(memory);
    let disk_during = disk.longest_ms();
    let after = pair.talk(length / 2).await?;
    let disk_quiet = disk_before.max(disk.longest_ms());
    let quiet = before.joined(after);
    let ratio = during.trip(99) / quiet.trip(99);
    println!(
        "flood {name}: {:.0} a second, {cpu:.2} cores and {:+.1} MB of relay; round trip p50 {:.1} → {:.1} ms, p99 {:.1} → {:.1} ms ({} trips, {} failed), ratio {ratio:.1}; connects p50 {:.1} → {:.1} ms ({} of {}); joins p50 {:.1} → {:.1} ms ({} of {}); longest sync of another file {disk_quiet:.1} → {disk_during:.1} ms",
        done as f64 / lasted,
        grown as f64 / 1e6,
        quiet.trip(50),
        during.trip(50),
        quiet.trip(99),
        during.trip(99),
        during.trips.len(),
        during.failed,
        percentile(&quiet.connects, 50),
        percentile(&during.connects, 50),
        during.connects.len(),
        length.as_secs(),
        percentile(&quiet.joins, 50),
        percentile(&during.joins, 50),
        during.joins.len(),
        length.as_secs(),
    );
    Ok(ratio)
}

impl Felt {
    fn fail(&mut self) {
        self.failed += 1;
        self.trips.push(PATIENCE.as_secs_f64() * 1e3);
    }

    fn joined(mut self, other: Felt) -> Felt {
        self.trips.extend(other.trips);
        self.connects.extend(other.connects);
        self.joins.extend(other.joins);
        self.failed += other.failed;
        self
    }

    fn trip(&self, percent: usize) -> f64 {
        percentile(&self.trips, percent)
    }
}

fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(f64::NAN)
}

impl Pair<'_> {
    /// Talks for so long. Who was not served in time, or was closed, comes again on new connections, as people do.
    async fn talk(&mut self, length: Duration) -> Result<Felt, Failure> {
        let (mut sender, mut owner) = self.links().await?;
        let (mut felt, mut newcomers, mut joining) = (Felt::default(), JoinSet::new(), JoinSet::new());
        let began = Instant::now();
        let trips = u32::try_from(length.as_millis() / PACE.as_millis())?;
        for trip in 0..trips {
            let due = began + PACE * trip;
            // A flood that holds everything up is measured for its time, and not for what it left undone.
            if began.elapsed() > length + PATIENCE {
                (trip..trips).for_each(|_| felt.fail());
                break;
            }
            tokio::time::sleep_until(due.into()).await;
            match tokio::time::timeout(PATIENCE, self.trip(&mut sender, &mut owner)).await {
                Ok(Ok(())) => felt.trips.push(due.elapsed().as_secs_f64() * 1e3),
                Ok(Err(_)) | Err(_) => {
                    felt.fail();
                    if let Ok(Ok(links)) = tokio::time::timeout(PATIENCE, self.links()).await {
                        (sender, owner) = links;
                    }
                }
            }
            if trip % 100 == 50 {
                newcomers.spawn_local(newcomer(self.relay.at, self.citizen.pin()));
            }
            if trip % 100 == 80
                && let Some((name, invitation)) = self.invitations.pop()
            {
                joining.spawn_local(join(self.relay.clone(), name, invitation));
            }
        }
        felt.connects = newcomers.join_all().await.into_iter().flatten().collect();
        felt.joins = joining.join_all().await.into_iter().flatten().collect();
        Ok(felt)
    }

    /// A sender, and an owner who follows.
    async fn links(&self) -> Result<(Link, Link), Failure> {
        let mut owner = self.citizen.link(&self.relay, ConnectionKind::Owner).await?;
        let slot = self.inbox.open(&mut owner).await?;
        let follow = Collect { slot, after: Cursor(0), credit: 64, follow: true };
        let Response::Collecting = owner.answer(follow).await? else { return Err("not collecting".into()) };
        Ok((self.citizen.link(&self.relay, ConnectionKind::Anonymous).await?, owner))
    }

    /// One deposit, stored, delivered, let go of.
    async fn trip(&mut self, sender: &mut Link, owner: &mut Link) -> Result<(), Failure> {
        self.stamp += 1;
        let Response::Stored = sender.answer(self.inbox.stamped(self.stamp, &self.envelope)).await? else {
            return Err("an honest deposit was refused".into());
        };
        loop {
            match owner.event().await? {
                ClientEvent::Deliver { ticket, .. } => {
                    let now = owner.now();
                    owner.machine.ack(now, ticket)?;
                    return Ok(());
                }
                ClientEvent::Closed { reason } => return Err(reason.into()),
                _ => {}
            }
        }
    }
}

/// Somebody who joins: milliseconds until his name is registered and he has an inbox.
async fn join(relay: Rc<Relay>, name: String, invitation: Invitation) -> Option<f64> {
    let began = Instant::now();
    let joined = async {
        let mut citizen = Citizen::join(&relay, &name, invitation).await?;
        citizen.mailbox(&relay, MailboxPolicy::Inbox).await
    };
    // Whoever was not served in time shows in the count.
    let served = tokio::time::timeout(JOIN_PATIENCE, joined).await;
    served.is_ok_and(|served| served.is_ok()).then(|| began.elapsed().as_secs_f64() * 1e3)
}

/// Somebody new, beside those who talk: milliseconds of a whole handshake and one answer.
async fn newcomer(at: SocketAddr, pin: ServerPin) -> Option<f64> {
    let began = Instant::now();
    let greeted = async {
        let mut link = Link::open_at(at, pin, ConnectionKind::Anonymous).await?;
        match link.answer(Request::Ping).await? {
            Response::Pong => Ok(()),
            other => Err(Failure::from(format!("no PONG but {other:?}"))),
        }
    };
    // Whoever was not served in time shows in the count.
    let served = tokio::time::timeout(PATIENCE, greeted).await;
    served.is_ok_and(|served| served.is_ok()).then(|| began.elapsed().as_secs_f64() * 1e3)
}
