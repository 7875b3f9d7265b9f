//! Somebody to whom nothing can be brought, and a client that stays connected: it does not knock all day.

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use client::{Pauses, SendOptions, SentState};

use crate::{
    common::{Person, Relay, friends, make_friends},
    evil::Evil,
};

/// Nothing here takes so long, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// A contact to whom nothing could be brought is left alone for no less than this, the first time.
const PAUSE_S_MIN: u64 = 5;

fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Alice receives for as long as the work takes.
fn while_receiving(alice: &Person, work: impl FnOnce()) {
    let (stop, connected) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let receives = scope.spawn(|| alice.client().receive(&stop, &connected, &|_| {}));
        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            until("connected", || connected.load(SeqCst));
            work();
        }));
        stop.store(true, SeqCst);
        receives.join().unwrap().unwrap();
        worked.unwrap();
    });
}

/// A port at which every connection is counted and closed.
fn nobody_there() -> (u16, Arc<AtomicUsize>) {
    let (listener, count) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::new(AtomicUsize::new(0)));
    let (port, counted) = (listener.local_addr().unwrap().port(), count.clone());
    std::thread::spawn(move || {
        for _socket in listener.incoming() {
            counted.fetch_add(1, SeqCst);
        }
    });
    (port, count)
}

/// What comes from others is no reason to try again; what comes from him is.
#[test]
fn a_contact_who_cannot_be_reached_is_not_tried_again_whenever_something_comes_from_others() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let carol = relay.person("carol");
    make_friends(&alice, &carol);
    let (port, connections) = nobody_there();
    let there = alice.number_in_vault("SELECT port FROM contact WHERE alias = 'bob'");
    let move_bob = |port: i64| {
        alice.change_vault(&format!("UPDATE contact SET port = {port} WHERE alias = 'bob'"));
    };
    move_bob(port.into());
    alice.client().queue("bob", "when you are there", &SendOptions::default()).unwrap();
    let tried = || connections.load(SeqCst);
    let came = |from: &str| alice.client().log(from, None).unwrap().len();
    while_receiving(&alice, || {
        // Once as by any command, and once as by one that stays.
        until("two tries", || tried() == 2);
        let (began, before) = (Instant::now(), came("carol"));
        for number in 1..=12 {
            carol.stored(&alice, &number.to_string());
            until("it came", || came("carol") == before + number);
        }
        let by_time = began.elapsed().as_secs() / PAUSE_S_MIN;
        assert!(tried() as u64 <= 2 + by_time, "{} tries in {:?}", tried(), began.elapsed());
        let before = tried();
        bob.stored(&alice, "soon");
        until("another try", || tried() > before);
        move_bob(there);
        bob.stored(&alice, "now");
        until("it left", || alice.client().outbox().unwrap().is_empty());
    });
    assert_eq!(bob.texts(), ["when you are there"]);
}

/// What a daemon does every few seconds, many times: one connection, and one for each message that is new.
#[test]
fn a_server_that_is_not_there_is_left_alone_until_there_is_something_new() {
    let evil = Evil::start();
    let (alice, _bob) = evil.friends();
    let (port, connections) = nobody_there();
    alice.change_vault(&format!("UPDATE contact SET port = {port}"));
    let (client, mut pauses) = (alice.client(), Pauses::default());
    let began = Instant::now();
    for (number, text) in ["one", "two", "three"].into_iter().enumerate() {
        client.queue("bob", text, &SendOptions::default()).unwrap();
        for _ in 0..15 {
            let _waits = client.send_waiting(&mut pauses);
        }
        let by_time = began.elapsed().as_secs() / PAUSE_S_MIN;
        let connections = connections.load(SeqCst) as u64;
        let least = number as u64 + 1;
        assert!((least..=least + by_time).contains(&connections), "{connections} for {least}");
    }
    // A person who runs a command is not kept waiting.
    let before = connections.load(SeqCst);
    let state = client.send("bob", "four", &SendOptions::default()).unwrap().state;
    assert!(matches!(state, SentState::Queued(_)), "{state:?}");
    assert!(connections.load(SeqCst) > before);
}
