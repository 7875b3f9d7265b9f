//! Whether the clock tells answers apart whose bytes do not (`spec/mailbox.md`): pairs of requests asked in turn,
//! in random order, on connections that do nothing else.
//!
//! A difference counts when it is larger than the resolution, which is twice the standard error of the difference
//! of two medians, estimated from the median deviation so that a busy neighbour does not drown it.

use std::time::Instant;

use proto::ClientEvent;
use wire::request::{CrossOff, Deposit, MailboxPolicy, Open};
use wire::{
    ConnectionKind, DepositAuth, DepositId, Envelope, Generation, OwnerId, Request, Response, StampIndex,
};

use crate::Failure;
use crate::citizen::{Citizen, Mailbox, noise, random};
use crate::link::Link;
use crate::median;
use crate::relay::Relay;

/// Stamps from here on are not crossed off.
const FRESH: u16 = 8_192;

/// Asks each of the questions `rounds` times and prints how far apart their answers come.
pub async fn run(rounds: usize) -> Result<(), Failure> {
    let rounds = rounds.clamp(10, 4_000);
    let relay = Relay::start()?;
    let mut citizen = Citizen::register(&relay, "equal").await?;
    let inbox = citizen.mailbox(&relay, MailboxPolicy::Inbox).await?;
    let doorstep = citizen.mailbox(&relay, MailboxPolicy::Doorstep).await?;
    deposits(&relay, &citizen, &inbox, rounds).await?;
    refusals(&relay, &citizen, &inbox, &doorstep, rounds).await?;
    openings(&relay, &citizen, &inbox, rounds).await
}

/// Stored, stored before, dropped under a crossed-off stamp.
async fn deposits(relay: &Relay, citizen: &Citizen, inbox: &Mailbox, rounds: usize) -> Result<(), Failure> {
    let mut owner = citizen.link(relay, ConnectionKind::Owner).await?;
    let slot = inbox.open(&mut owner).await?;
    let indices = (0..u16::try_from(rounds)?).map(StampIndex).collect();
    let Response::CrossedOff = owner.answer(CrossOff { slot, generation: Generation(0), indices }).await?
    else {
        return Err("not crossed off".into());
    };
    let mut link = citizen.link(relay, ConnectionKind::Anonymous).await?;
    let envelope = noise(4_096)?;
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    link.answer(inbox.stamped(FRESH - 1, &envelope)).await?;
    for round in 0..u16::try_from(rounds)? {
        let requests = [
            inbox.stamped(FRESH + round, &envelope),
            inbox.stamped(FRESH + round - 1, &envelope),
            inbox.stamped(round, &envelope),
        ];
        for kind in shuffled() {
            let Some(request) = requests.get(kind) else { continue };
            let (took, response) = timed(&mut link, request.clone()).await?;
            let Response::Stored = response else { return Err(format!("not stored: {response:?}").into()) };
            times.get_mut(kind).ok_or("no such kind")?.push(took);
        }
    }
    let [stored, again, dropped] = times;
    compare("stored", &stored, "repeated", &again);
    compare("stored", &stored, "dropped", &dropped);
    Ok(())
}

/// An unknown mailbox, a mailbox of another sort, a bad stamp.
async fn refusals(
    relay: &Relay,
    citizen: &Citizen,
    inbox: &Mailbox,
    doorstep: &Mailbox,
    rounds: usize,
) -> Result<(), Failure> {
    let envelope = noise(4_096)?;
    let bad = bad_stamp(inbox, &envelope);
    let targets = [inbox.sid, doorstep.sid, DepositId(random())];
    let mut links = Vec::new();
    for sid in targets {
        let link = citizen.link(relay, ConnectionKind::Anonymous).await?;
        links.push((link, Deposit { sid, ..bad.clone() }));
    }
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for kind in shuffled() {
            let Some((link, request)) = links.get_mut(kind) else { continue };
            let (took, response) = timed(link, request.clone()).await?;
            let Response::Refused(_) = response else { return Err("a bad stamp was taken".into()) };
            times.get_mut(kind).ok_or("no such kind")?.push(took);
        }
    }
    let [bad, other, unknown] = times;
    compare("bad stamp", &bad, "unknown mailbox", &unknown);
    compare("bad stamp", &bad, "mailbox of another sort", &other);
    Ok(())
}

fn bad_stamp(inbox: &Mailbox, envelope: &Envelope) -> Deposit {
    let mut deposit = inbox.stamped(1, envelope);
    if let DepositAuth::Stamped { tag, .. } = &mut deposit.auth {
        tag.0 = random();
    }
    deposit
}

/// An owner id that nobody has, and one with a proof that is not its owner's.
async fn openings(relay: &Relay, citizen: &Citizen, inbox: &Mailbox, rounds: usize) -> Result<(), Failure> {
    let mut link = citizen.link(relay, ConnectionKind::Owner).await?;
    let right = inbox.opening(&link.machine.proof().ok_or("no proof")?);
    let mut wrong = right;
    if let Some(first) = wrong.proof.0.first_mut() {
        *first ^= 1;
    }
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        let requests = [wrong.clone(), Open { rid: OwnerId(random()), ..wrong.clone() }];
        for kind in shuffled() {
            let (Some(request), Some(times)) = (requests.get(kind), times.get_mut(kind)) else { continue };
            let (took, response) = timed(&mut link, request.clone()).await?;
            let Response::Refused(_) = response else { return Err("a wrong proof opened a mailbox".into()) };
            times.push(took);
        }
    }
    let [wrong, unknown] = times;
    compare("wrong proof", &wrong, "unknown owner id", &unknown);
    Ok(())
}

/// Microseconds from asking to the answer.
async fn timed(link: &mut Link, request: impl Into<Request>) -> Result<(f64, Response), Failure> {
    let began = Instant::now();
    let asked = link.ask(request)?;
    match link.event().await? {
        ClientEvent::Answered { id, response } if id == asked => {
            Ok((began.elapsed().as_secs_f64() * 1e6, response))
        }
        other => Err(format!("no answer but {other:?}").into()),
    }
}

/// The kinds in an order that no neighbour can be in step with.
fn shuffled() -> [usize; 3] {
    let [byte] = random::<1>();
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    orders.get(usize::from(byte) % orders.len()).copied().unwrap_or([0, 1, 2])
}

fn compare(one: &str, ones: &[f64], other: &str, others: &[f64]) {
    let (first, second) = (median(ones.to_vec()), median(others.to_vec()));
    let error = |values: &[f64], middle: f64| {
        let deviation = median(values.iter().map(|value| (value - middle).abs()).collect());
        // Normal: the deviation is 1.4826 of the median one, the median's error 1.2533 of the mean's.
        1.4826 * 1.2533 * deviation / (values.len() as f64).sqrt()
    };
    let resolution = 2.0 * error(ones, first).hypot(error(others, second));
    let difference = second - first;
    let verdict = if difference.abs() <= resolution { "not told apart" } else { "TOLD APART" };
    println!(
        "equal: {one} {first:.1} µs, {other} {second:.1} µs: difference {difference:+.1} µs, resolution {resolution:.1} µs, {:+.1} % ({} each): {verdict}",
        100.0 * difference / first,
        ones.len()
    );
}
