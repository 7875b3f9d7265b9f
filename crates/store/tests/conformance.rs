//! The conformance suite on both engines.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Mutex;

use store::{EmbeddedStore, MemoryStore, Options, Store};

#[test]
fn the_memory_engine_does_what_the_spec_says() {
    for (sentence, case) in store::conformance::cases() {
        println!("memory: {sentence}");
        case(&|options| Box::new(MemoryStore::with(options)));
    }
}

#[test]
fn the_embedded_engine_does_what_the_spec_says() {
    for (sentence, case) in store::conformance::cases() {
        println!("embedded: {sentence}");
        let dirs = Mutex::new(Vec::new());
        case(&|options| -> Box<dyn Store> {
            // What is judged here is behaviour; the disk has its own tests.
            let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
            let options = Options { reserve_bytes: 0, ..options };
            let store = EmbeddedStore::open_with(dir.path(), options).unwrap();
            dirs.lock().unwrap().push(dir);
            Box::new(store)
        });
    }
}
