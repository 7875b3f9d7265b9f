//! How soon the server listens, and how large the programs are.

use crate::relay::{Relay, program};
use crate::{Failure, median};

/// Cold start to listening: first start (which makes keys) and later starts, and memory when idle.
pub fn run(times: usize) -> Result<(), Failure> {
    let mut first = Vec::new();
    let mut idle = Vec::new();
    for _ in 0..times {
        let relay = Relay::start()?;
        first.push(relay.started_in.as_secs_f64() * 1e3);
        idle.push(relay.resident_bytes()? as f64 / 1e6);
    }
    println!(
        "start: first start to listening {:.1} ms, resident {:.1} MB (medians of {times})",
        median(first),
        median(idle)
    );
    Ok(())
}

/// Sizes of the two programs.
pub fn sizes() -> Result<(), Failure> {
    for name in ["oub", "oublietted"] {
        println!("size: {name} {:.2} MB", std::fs::metadata(program(name))?.len() as f64 / 1e6);
    }
    Ok(())
}
