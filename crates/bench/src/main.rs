//! Measures the real programs; `bench` without a word says how.
//!
//! Every subcommand starts its own `oublietted` from `target/release` on a folder of its own and on a core of its own,
//! measures, ends it, and prints one line a figure. Put what it prints into `bench/RESULTS.md`, with the command.

mod absent;
mod affinity;
mod citizen;
mod compare;
mod deposit;
mod disk;
mod disk_probe;
mod envelopes;
mod equal;
mod figures;
mod flood;
mod idle;
mod inbox;
mod line;
mod link;
mod live;
mod machine;
mod ours;
mod people;
mod raw;
mod relay;
mod soak;
mod stage;
mod start;
mod unlock;

use idle::Who;
use stage::Stage;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// What goes wrong in a benchmark ends it, with its sentence.
type Failure = Box<dyn Error>;

const USAGE: &str = "usage: bench SUBCOMMAND [NUMBERS]
  compare w1 [ROUNDS [ENVELOPES]]              64 pairs live, ours and the raw relay in turns
  compare w2 [ROUNDS [PEOPLE [ENVELOPES [WINDOW]]]]  deposits for absent people, drains, drains from far away
  compare w3 [CONNECTIONS]                     idle connections
  w1 [ENVELOPES [WINDOW]]                      64 pairs live, ours alone
  w1-rate PER_SECOND [SECONDS]                 the same at a fixed rate
  w2 [PEOPLE [ENVELOPES [WINDOW [DELAY_MS]]]]  deposits for absent people and a drain, ours alone
  idle [CONNECTIONS] | idle-owners [CONNECTIONS]    idle senders, owners who wait for envelopes; ours alone
  deposit [IN_FLIGHT [COUNT]]                  deposits into 64 inboxes
  start [TIMES] | size                         start and size of the programs
  start-mailboxes [COUNT] | start-waiting [COUNT]    start with so much in the store
  disk [PEOPLE [ENVELOPES]]                    bytes written and bytes left
  equal [ROUNDS]                               whether the clock tells answers apart
  flood [SECONDS [FLOOD]]                      what an honest pair feels of each flood
  soak [MINUTES [PER_SECOND]]                  whether memory, descriptors or disk grow with what passed through
  people | unlock [TIMES]                      what a person waits for
  raw-relay FOLDER                             the floor, until it is killed
A load is given up after OUBLIETTE_BENCH_SECONDS (600).";

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
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["raw-relay", folder] = words.as_slice() {
        return raw::run(Path::new(folder));
    }
    affinity::pin()?;
    affinity::raise_descriptors()?;
    match words.as_slice() {
        ["compare", "w1", ..] => on_one_thread(compare::live(number(2, 3)?, number(3, 60_000)?)),
        ["compare", "w2", ..] => {
            let (rounds, people, count) = (number(2, 2)?, number(3, 1_000)?, number(4, 100_000)?);
            on_one_thread(compare::absent(rounds, people, count, number(5, 1)?))
        }
        ["compare", "w3", ..] => on_one_thread(compare::idle(number(2, 10_000)?)),
        ["w1", ..] => on_one_thread(w1(live::Pace::Window(number(2, 8)?), number(1, 60_000)?)),
        ["w1-rate", ..] => {
            let (rate, seconds) = (number(1, 5_000)?, number(2, 5)?);
            on_one_thread(w1(live::Pace::Rate(rate as f64), rate * seconds))
        }
        ["w2", ..] => {
            let (people, count) = (number(1, 1_000)?, number(2, 100_000)?);
            on_one_thread(w2(people, count, number(3, 1)?, number(4, 0)?))
        }
        ["deposit"] => [(1, 2_000), (16, 8_000), (256, 32_000)]
            .into_iter()
            .try_for_each(|(in_flight, count)| on_one_thread(deposit::run(in_flight, count))),
        ["deposit", ..] => on_one_thread(deposit::run(number(1, 16)?, number(2, 8_000)?)),
        ["idle", ..] => on_one_thread(w3(Who::Senders, number(1, 10_000)?)),
        ["idle-owners", ..] => on_one_thread(w3(Who::Owners, number(1, 1_000)?)),
        ["start", ..] => start::run(number(1, 20)?),
        ["start-mailboxes", ..] => on_one_thread(start::with_mailboxes(number(1, 100_000)?)),
        ["start-waiting", ..] => on_one_thread(start::with_waiting(number(1, 100_000)?)),
        ["disk", ..] => on_one_thread(disk::run(number(1, 1_000)?, number(2, 100_000)?)),
        ["equal", ..] => on_one_thread(equal::run(number(1, 1_000)?)),
        ["flood", ..] => on_one_thread(flood::run(number(1, 10)?, words.get(2).copied())),
        ["soak", ..] => {
            let (minutes, rate) = (number(1, 120)?, number(2, 500)?);
            // Half as long again for those who make the mailboxes.
            bounded(Duration::from_secs(minutes as u64 * 90 + 120), soak::run(minutes, rate))
        }
        ["people"] => people::run(),
        ["size"] => start::sizes(),
        ["unlock", ..] => {
            unlock::run(number(1, 5)?);
            Ok(())
        }
        _ => Err(USAGE.into()),
    }
}

/// One thread drives everything: it has one core. What takes too long is given up, its relays ended.
fn on_one_thread(load: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    bounded(limit(), load)
}

/// Likewise, of what may take so long.
fn bounded(limit: Duration, load: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let bounded = async {
        let given_up = |_| format!("given up after {} s", limit.as_secs());
        tokio::time::timeout(limit, load).await.map_err(given_up)?
    };
    tokio::task::LocalSet::new().block_on(&runtime, bounded)
}

/// How long one load may take.
fn limit() -> Duration {
    let seconds = std::env::var("OUBLIETTE_BENCH_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(600))
}

async fn w1(pace: live::Pace, count: usize) -> Result<(), Failure> {
    let stage = Stage::ours(live::PAIRS).await?;
    live::run(&stage, pace, count).await?.print(stage.name, "W1");
    Ok(())
}

async fn w2(people: usize, count: usize, window: usize, delay_ms: usize) -> Result<(), Failure> {
    let stage = Stage::ours(people).await?;
    absent::deposit(&stage, people, count, window).await?.print(stage.name, "W2 deposit");
    let delay = Duration::from_millis(delay_ms as u64);
    absent::drain(&stage, people, count, delay).await?.print(stage.name, "W2 drain");
    Ok(())
}

async fn w3(who: Who, connections: usize) -> Result<(), Failure> {
    let stage = Stage::ours(idle::people(who, connections)).await?;
    idle::run(&stage, who, connections).await?.print(stage.name, connections);
    Ok(())
}

/// The median of some figures (0 of none).
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
