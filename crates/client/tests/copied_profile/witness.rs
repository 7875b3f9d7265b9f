//! A world that writes down every secret that is drawn, and whose clock goes ahead.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use client::{Client, Dialling, Options, Pin, Proxy, RealWorld, SharedWorld, Unlock, World};
use wire::{HostPort, UnixSeconds};

use crate::{
    common::{Person, options},
    pages::contains,
};

/// The real world but for the clock; clones are the same one.
#[derive(Clone, Default)]
pub struct Witness {
    drawn: Arc<Mutex<Vec<[u8; 32]>>>,
    ahead: Arc<AtomicU64>,
}

impl Witness {
    pub fn client(&self, person: &Person) -> Client {
        let options = Options { world: SharedWorld::new(self.clone()), ..options() };
        Client::open(&person.profile(), &Unlock::KeyFile, options).unwrap()
    }

    pub fn set_days_ahead(&self, days: u64) {
        self.ahead.store(days * 86_400, Ordering::Relaxed);
    }

    /// So that what happened and what begins are in different seconds.
    pub fn let_seconds_pass(&self) {
        self.ahead.fetch_add(2, Ordering::Relaxed);
    }

    /// What some states hold: drawn secrets as bytes, keys of Olm as its pickles spell them.
    pub fn secrets_in(&self, states: &[Vec<u8>]) -> BTreeSet<Vec<u8>> {
        let drawn = self.drawn.lock().unwrap().clone();
        let drawn = drawn.into_iter().map(|secret| secret.to_vec());
        let drawn = drawn.filter(|secret| states.iter().any(|state| contains(state, secret)));
        drawn.chain(states.iter().flat_map(|state| keys_in(state))).collect()
    }
}

impl World for Witness {
    fn now(&self) -> UnixSeconds {
        UnixSeconds(RealWorld.now().0 + self.ahead.load(Ordering::Relaxed))
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        RealWorld.fill_random(bytes);
        if let Ok(secret) = <[u8; 32]>::try_from(&*bytes) {
            self.drawn.lock().unwrap().push(secret);
        }
    }

    fn dial(&self, at: HostPort, pin: Pin, proxy: Option<Proxy>, patience: Duration) -> Dialling {
        RealWorld.dial(at, pin, proxy, patience)
    }
}

/// Lists of 32 numbers.
fn keys_in(state: &[u8]) -> Vec<Vec<u8>> {
    let pieces = state.split(|byte| *byte == b'[').skip(1);
    let lists = pieces.filter_map(|piece| piece.split(|byte| *byte == b']').next());
    let is_key = |list: &&[u8]| list.split(|byte| *byte == b',').count() == 32 && list.is_ascii();
    lists.filter(is_key).map(<[u8]>::to_vec).collect()
}
