//! Durable deposits a second at three batch sizes: `cargo test --release -p store --test throughput -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::time::{Duration, Instant};

use store::conformance::{Person, stamped};
use store::{DepositOutcome, DepositRequest, EmbeddedStore, MailboxStore, Options};
use wire::{Cursor, Generation};

#[test]
#[ignore = "a measurement: run it alone"]
fn deposits_a_second() {
    for batch in [1u16, 16, 256] {
        let dir = tempfile::tempdir().unwrap();
        let options =
            Options { inbox_envelopes_max: 1 << 20, inbox_bytes_max: 1 << 40, ..Options::default() };
        let store = EmbeddedStore::open_with(dir.path(), options).unwrap();
        let sids: Vec<_> = (1..=16).map(|number| Person::register(&store, number).inbox(&store)).collect();
        let (mut spent, mut count, mut index) = (Duration::ZERO, 0u32, 0u16);
        while spent < Duration::from_secs(2) && index < 60_000 {
            let requests: Vec<DepositRequest> = (0..batch)
                .map(|n| stamped(sids[usize::from(n % 16)], 1, index + n / 16, u32::from(index)))
                .collect();
            index += batch.div_ceil(16);
            let begun = Instant::now();
            let outcomes = store.deposit(requests);
            spent += begun.elapsed();
            assert!(outcomes.iter().all(|outcome| *outcome == Ok(DepositOutcome::Stored)));
            count += u32::from(batch);
        }
        let begun = Instant::now();
        let mut drained = 0;
        for sid in &sids {
            while let Some(last) = store.collect(sid, Cursor(0), 64).unwrap().last() {
                let through = last.cursor;
                drained += 1;
                store.ack(sid, through).unwrap();
            }
        }
        let drain = f64::from(count) / begun.elapsed().as_secs_f64();
        let rate = f64::from(count) / spent.as_secs_f64();
        println!(
            "batch {batch}: {rate:.0} durable deposits/s of 4 KiB; drained {count} in {drained} pages, {drain:.0}/s"
        );
        assert_eq!(store.generate(&sids[0], Generation(1), &[1 ^ 0x5a; 32].into()).map(|_| ()), Ok(()));
    }
}
