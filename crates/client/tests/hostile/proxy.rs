//! A man in the middle of TCP: he cannot read, but he can cut, after any byte of either side.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use wire::{HostPort, Invitation};

use crate::common::{Person, Relay, options};

/// Which way bytes flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    ToServer,
    ToClient,
}

/// Where the next command's connection is cut.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// Counted from 0 since the plan was made.
    pub connection: usize,
    pub way: Way,
    pub after: usize,
}

#[derive(Default)]
struct Plan {
    cut: Option<Cut>,
    /// Bytes of every connection since the plan was made: to the server, to the client.
    seen: Vec<[usize; 2]>,
}

pub struct Proxy {
    port: u16,
    plan: Arc<Mutex<Plan>>,
}

impl Proxy {
    /// Stands before a relay.
    pub fn before(relay: &Relay) -> Proxy {
        let server = relay.invite("nobody").at.port();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let plan = Arc::new(Mutex::new(Plan::default()));
        let shared = plan.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Ok(server) = TcpStream::connect(("127.0.0.1", server)) {
                    carry(client, server, &shared);
                }
            }
        });
        Proxy { port, plan }
    }

    /// Somebody who meets the relay through this proxy only.
    pub fn person(&self, relay: &Relay, name: &str) -> Person {
        let person = Person::stranger(name);
        let at = HostPort::new("127.0.0.1", self.port).unwrap();
        let request = person.request(Invitation { at, ..relay.invite(name) });
        client::Client::join(&person.profile(), &request, options()).unwrap();
        person
    }

    /// From now on.
    pub fn cut(&self, cut: Cut) {
        *self.plan.lock().unwrap() = Plan { cut: Some(cut), seen: Vec::new() };
    }

    /// Carries everything again, and returns what each connection carried since the last plan.
    pub fn heal(&self) -> Vec<[usize; 2]> {
        std::mem::take(&mut *self.plan.lock().unwrap()).seen
    }
}

fn carry(client: TcpStream, server: TcpStream, plan: &Arc<Mutex<Plan>>) {
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (number, cut) = {
        let mut plan = plan.lock().unwrap();
        plan.seen.push([0, 0]);
        (plan.seen.len() - 1, plan.cut)
    };
    let cut = cut.filter(|cut| cut.connection == number);
    for way in [Way::ToServer, Way::ToClient] {
        let (client, server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let (from, to) = if way == Way::ToServer { (client, server) } else { (server, client) };
        let left = cut.filter(|cut| cut.way == way).map(|cut| cut.after);
        let plan = plan.clone();
        thread::spawn(move || pump(from, to, left, |len| note(&plan, number, way, len)));
    }
}

fn note(plan: &Mutex<Plan>, number: usize, way: Way, len: usize) {
    if let Some(seen) = plan.lock().unwrap().seen.get_mut(number) {
        seen[usize::from(way == Way::ToClient)] += len;
    }
}

/// Carries one way until its end, or until the cut takes both ways.
fn pump(mut from: TcpStream, mut to: TcpStream, mut left: Option<usize>, note: impl Fn(usize)) {
    let mut buffer = [0; 8192];
    while left != Some(0) {
        let room = left.unwrap_or(buffer.len()).min(buffer.len());
        let Ok(len @ 1..) = from.read(&mut buffer[..room]) else { break };
        note(len);
        if to.write_all(&buffer[..len]).is_err() {
            break;
        }
        left = left.map(|left| left - len);
    }
    if left == Some(0) {
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }
    let _ = to.shutdown(Shutdown::Write);
}
