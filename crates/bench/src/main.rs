//! Measures the real programs: `bench deposit | idle | start | people | size | unlock`.
//!
//! Every subcommand starts its own `oublietted` from `target/release` on a folder of its own, measures, ends it,
//! and prints one line a figure. Put what it prints into `bench/RESULTS.md`, with the command.

mod deposit;
mod idle;
mod link;
mod people;
mod relay;
mod start;
mod unlock;

use std::error::Error;
use std::process::ExitCode;

/// What goes wrong in a benchmark ends it, with its sentence.
type Failure = Box<dyn Error>;

const USAGE: &str = "usage: bench deposit [IN_FLIGHT [COUNT]] | idle [CONNECTIONS] | start [TIMES] | people | size | unlock [TIMES]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Failure> {
    let number = |at: usize, default: usize| -> Result<usize, Failure> {
        arguments
            .get(at)
            .map_or(Ok(default), |word| word.parse().map_err(|_| format!("{word} is not a number").into()))
    };
    match arguments.first().map(String::as_str) {
        Some("deposit") if arguments.len() == 1 => [(1, 2_000), (16, 8_000), (256, 32_000)]
            .into_iter()
            .try_for_each(|(in_flight, count)| deposit::run(in_flight, count)),
        Some("deposit") => deposit::run(number(1, 16)?, number(2, 8_000)?),
        Some("idle") => idle::run(number(1, 2_000)?),
        Some("start") => start::run(number(1, 20)?),
        Some("people") => people::run(),
        Some("size") => start::sizes(),
        Some("unlock") => {
            unlock::run(number(1, 5)?);
            Ok(())
        }
        _ => Err(USAGE.into()),
    }
}

/// The median of some figures (0 of none).
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
