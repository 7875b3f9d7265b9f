//! Every input of every corpus is tried again, and then mutations of them for a moment.
#![allow(clippy::unwrap_used, clippy::panic)]

use fuzz::corpus::{self, FILE_BYTES_MAX};
use fuzz::engine::{Engine, try_once};
use fuzz::target::{TARGETS, Target};
use fuzz::world::World;

/// Both letters, the HELLO and their bodies are tried some milliseconds each: bounded by count, not by time.
fn executions(target: &Target) -> u64 {
    let quick = match target.name {
        "frames" | "text" | "content" | "config" | "question" => 20_000,
        "server" | "client" | "rows" => 3_000,
        _ => 400,
    };
    if std::env::var_os("OUBLIETTE_LONG").is_some() { quick * 50 } else { quick }
}

fn seed() -> u64 {
    let given = std::env::var("OUBLIETTE_SEED").ok().map(|seed| seed.parse().expect("a seed is a number"));
    given.unwrap_or(0x0b11_e77e)
}

#[test]
fn every_kept_input_is_harmless() {
    let mut tried = 0;
    for target in TARGETS {
        for (name, input) in corpus::load(&target).unwrap() {
            if let Err(finding) = try_once(target, &input) {
                panic!("{} fails on {name}: {}", target.name, finding.what);
            }
            tried += 1;
        }
    }
    println!("promise P12: {tried} kept inputs of {} targets, 0 crashes", TARGETS.len());
}

#[test]
fn mutated_inputs_are_harmless() {
    let seed = seed();
    let mut tried_in_all = 0;
    for target in TARGETS {
        println!("{}: seed {seed} (repeat with OUBLIETTE_SEED={seed})", target.name);
        let inputs = corpus::load(&target).unwrap().into_iter().map(|(_, input)| input).collect();
        let tried = Engine::new(target, seed, inputs)
            .and_then(|mut engine| (0..executions(&target)).try_for_each(|_| engine.step()));
        if let Err(finding) = tried {
            let path = corpus::crash(&target, &finding.input).unwrap();
            panic!("{} with seed {seed}: {}; the input is in {}", target.name, finding.what, path.display());
        }
        tried_in_all += executions(&target);
    }
    println!(
        "promise P12: {tried_in_all} executions of {} targets from seed {seed}, 0 crashes",
        TARGETS.len()
    );
}

#[test]
fn corpora_are_there_and_small() {
    let mut total = 0;
    for target in TARGETS {
        let files = corpus::load(&target).unwrap();
        assert!(!files.is_empty(), "{} has no corpus", target.name);
        for (name, input) in files {
            assert!(input.len() < FILE_BYTES_MAX, "{}/{name} is large", target.name);
            total += input.len();
        }
    }
    assert!(total < 2 * 1024 * 1024, "the corpora hold {total} bytes");
}

/// Snapshots written by an earlier version still restore; when they must not, `fuzz record` writes new ones.
#[test]
fn the_recorded_people_still_restore() {
    let world = World::get();
    assert!(world.bob_with_alice.can_use_inbox(fuzz::world::TODAY));
}
