//! Depositors with full pipelines and owners that collect and let go, until told to stop or cut off.

use std::collections::BTreeMap;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use wire::request::{Ack, Collect};
use wire::{Body, Cursor, Notice, Refusal, RefusalKind, Response};

use crate::letters::{LANE, letter, mixed_bytes, number_of};
use crate::support::oublietted;
use crate::support::peer::Peer;
use crate::world::{INBOXES, World};

/// Depositors of each inbox.
const DEPOSITORS: u16 = 2;
/// An owner keeps so many delivered envelopes before it lets go of the older ones.
const KEPT: usize = 24;
/// Depositors wait while so many of an inbox are not acked: what cannot be collected in time fills no disk.
const BACKLOG_MAX: usize = 192;
/// Whoever is refused waits a moment, as clients do.
const REFUSED_PAUSE: Duration = Duration::from_millis(20);
/// Acks come in strides.
const STRIDE: usize = 8;

/// What depositors send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Size {
    Mixed,
    Large,
}

/// The running load.
pub struct Load {
    threads: Vec<JoinHandle<()>>,
    owners: Arc<Mutex<Vec<TcpStream>>>,
    stop: Arc<AtomicBool>,
}

impl Load {
    pub fn start(world: &Arc<World>, port: u16, size: Size) -> Self {
        let (stop, owners) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let mut threads = Vec::new();
        for inbox in 0..INBOXES {
            for lane in 0..DEPOSITORS {
                let (world, stop) = (world.clone(), stop.clone());
                let deposit = move || deposit(&world, port, inbox, lane, size, &stop);
                threads.push(std::thread::spawn(deposit));
            }
            let (world, owners, stop) = (world.clone(), owners.clone(), stop.clone());
            threads.push(std::thread::spawn(move || {
                collect(&world, port, inbox, &owners, &stop);
                // Without its owner an inbox only fills up.
                stop.store(true, Ordering::Release);
            }));
        }
        Self { threads, owners, stop }
    }

    /// Meanwhile the store forgets, again and again: it copies tables, deletes keyspaces, and is closed and opened.
    pub fn forgetting(mut self, world: &World) -> Self {
        let (data, stop) = (world.data.clone(), self.stop.clone());
        self.threads.push(std::thread::spawn(move || {
            while !stop.load(Ordering::Acquire) {
                let forget = oublietted(&["forget", "--data", data.to_str().unwrap()]).output().unwrap();
                if !forget.status.success() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }));
        self
    }

    /// Lets depositors hear their last answers, ends everything; for a server that lives on.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Release);
        for owner in self.owners.lock().unwrap().iter() {
            let _gone_already = owner.shutdown(Shutdown::Both);
        }
        self.join();
    }

    /// Waits until everybody noticed that the server is gone.
    pub fn join(self) {
        for thread in self.threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

impl Size {
    /// Deposits of one connection without their answers.
    fn pipeline(self) -> usize {
        match self {
            Size::Mixed => 24,
            Size::Large => 4,
        }
    }

    /// As much as fits the disks of these tests while they look for new files.
    fn pause(self) -> Duration {
        match self {
            Size::Mixed => Duration::ZERO,
            Size::Large => Duration::from_millis(10),
        }
    }

    fn bytes(self, inbox: usize, index: u16) -> usize {
        match self {
            Size::Mixed => mixed_bytes(inbox, index),
            Size::Large => 64 * 1024,
        }
    }
}

/// Sends the numbers of one lane in their order, up to a pipeline at a time.
fn deposit(world: &World, port: u16, inbox: usize, lane: u16, size: Size, stop: &AtomicBool) {
    let Some(mut sender) = Peer::try_connect(port) else { return };
    let lane = lane * LANE..(lane + 1) * LANE;
    let last = world.ledger().inboxes[inbox].letters.range(lane.clone()).next_back().map(|(index, _)| *index);
    let mut next = last.map_or(lane.start, |last| last + 1);
    let mut waiting = BTreeMap::new();
    loop {
        while waiting.len() < size.pipeline() && next < lane.end && !stop.load(Ordering::Acquire) {
            if world.ledger().backlog(inbox) >= BACKLOG_MAX {
                break;
            }
            let bytes = size.bytes(inbox, next);
            let deposit = world.inboxes[inbox].stamped(next, letter(inbox, next, bytes));
            world.ledger().sent(inbox, next, bytes);
            let Ok(id) = sender.try_send(deposit) else { return };
            waiting.insert(id, next);
            next += 1;
        }
        if waiting.is_empty() {
            // Nothing more to send, nobody to read it, or an owner who has to catch up.
            if next >= lane.end || stop.load(Ordering::Acquire) {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
            continue;
        }
        let Some((id, answer)) = sender.answer() else { return };
        let index = waiting.remove(&id).expect("an answer to what was asked");
        match answer {
            Response::Stored => {
                world.ledger().stored(inbox, index);
                std::thread::sleep(size.pause());
            }
            // What a server says that ends, or whose disk does.
            Response::Refused(Refusal { kind: RefusalKind::Uncertain, .. }) => {}
            Response::Refused(Refusal { kind: RefusalKind::Unavailable, .. }) => {
                world.ledger().refused(inbox, index);
                std::thread::sleep(REFUSED_PAUSE);
            }
            other => panic!("a deposit was answered by {other:?}"),
        }
    }
}

/// Follows one inbox: checks what comes, keeps some, lets go of the older.
fn collect(world: &World, port: u16, inbox: usize, owners: &Mutex<Vec<TcpStream>>, stop: &AtomicBool) {
    let Some(mut owner) = Peer::try_connect(port) else { return };
    owners.lock().unwrap().push(owner.tls.sock.try_clone().unwrap());
    if stop.load(Ordering::Acquire) {
        return;
    }
    let Some(opened) = world.inboxes[inbox].try_open(&mut owner) else { return };
    let slot = opened.slot;
    let ask = Collect { slot, after: Cursor(0), credit: 256, follow: true };
    if owner.try_send(ask).is_err() {
        return;
    }
    let (mut kept, mut acking) = (std::collections::VecDeque::new(), BTreeMap::new());
    while let Some(frame) = owner.heard() {
        match frame.body {
            Body::Notice(Notice::Deliver(delivered)) => {
                let cursor = delivered.cursor;
                let index = number_of(inbox, &delivered.envelope).expect("a wrong byte was served");
                world.ledger().delivered(inbox, cursor.0, index);
                kept.push_back(cursor);
                if kept.len() < KEPT + STRIDE {
                    continue;
                }
                let through = kept.drain(..STRIDE).next_back().unwrap();
                world.ledger().acking(inbox, through.0);
                let Ok(id) = owner.try_send(Ack { slot, through }) else { return };
                acking.insert(id, through);
            }
            Body::Response(Response::Acked) => {
                let through = acking.remove(&frame.request_id).expect("an answer to an ack");
                world.ledger().acked(inbox, through.0);
            }
            Body::Notice(Notice::Drained(_)) | Body::Response(Response::Collecting) => {}
            Body::Response(Response::Refused(Refusal {
                kind: RefusalKind::Uncertain | RefusalKind::Unavailable,
                ..
            })) => {}
            other => panic!("an owner heard {other:?}"),
        }
    }
}
