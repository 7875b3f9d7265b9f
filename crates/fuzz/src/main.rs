//! `fuzz TARGET [--seconds N] [--seed S] [--keep]`, `fuzz TARGET --replay FILE`, `fuzz list|record|seeds|minimise`.

use fuzz::corpus;
use fuzz::engine::{Engine, Finding, try_once};
use fuzz::target::{TARGETS, Target, find};
use fuzz::world::World;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const USAGE: &str = "usage: fuzz TARGET [--seconds N] [--seed S] [--keep]
       fuzz TARGET --replay FILE
       fuzz list      what there is to fuzz
       fuzz record    seal new envelopes into fuzz/world (then run seeds)
       fuzz minimise  shorten what was kept, and let go of what shows nothing new
       fuzz seeds     write the first inputs into fuzz/corpus";
/// Inputs that `--keep` adds to a corpus at most, and how large they may be.
const KEPT_MAX: usize = 64;
const KEPT_BYTES_MAX: usize = 2_048;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(words) => {
            eprintln!("{words}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<(), String> {
    let (command, options) = args.split_first().ok_or(USAGE)?;
    match command.as_str() {
        "list" => TARGETS.iter().for_each(|target| println!("{:14} {}", target.name, target.about)),
        "minimise" => minimise().map_err(|error| error.to_string())?,
        "record" => World::record().map_err(|error| error.to_string())?,
        "seeds" => fuzz::seeds::write().map_err(|error| error.to_string())?,
        name => return try_target(find(name).ok_or(USAGE)?, options),
    }
    Ok(())
}

fn minimise() -> std::io::Result<()> {
    for target in TARGETS {
        let outcome = fuzz::minimise::minimise(&target)?;
        println!("{}: {} inputs stay, {} left", target.name, outcome.stayed, outcome.left);
    }
    Ok(())
}

fn try_target(target: Target, options: &[String]) -> Result<(), String> {
    if let Some(file) = value(options, "--replay") {
        let input = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
        return try_once(target, &input).map(drop).map_err(|finding| finding.what);
    }
    let seconds = number(options, "--seconds")?.unwrap_or(60);
    let seed = number(options, "--seed")?.unwrap_or_else(by_the_clock);
    println!("{}: seed {seed}", target.name);
    fuzz(target, seed, Duration::from_secs(seconds), options.iter().any(|option| option == "--keep"))
}

fn fuzz(target: Target, seed: u64, lasts: Duration, keep: bool) -> Result<(), String> {
    let files = corpus::load(&target).map_err(|error| error.to_string())?;
    let began = Instant::now();
    let inputs = files.into_iter().map(|(_, input)| input).collect();
    let mut engine = Engine::new(target, seed, inputs).map_err(|finding| report(&target, &finding))?;
    while began.elapsed() < lasts {
        engine.step().map_err(|finding| report(&target, &finding))?;
    }
    let (told, took) = (engine.report(), began.elapsed().as_secs_f64());
    let rate = told.executions as f64 / took;
    println!(
        "{}: {} executions in {took:.0} s ({rate:.0}/s), {} features, {} inputs, slowest {:?}, no findings",
        target.name, told.executions, told.features, told.pool, told.slowest
    );
    let small = engine.fresh().iter().filter(|input| input.len() <= KEPT_BYTES_MAX);
    for input in small.take(if keep { KEPT_MAX } else { 0 }) {
        corpus::keep(&target, input).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn report(target: &Target, finding: &Finding) -> String {
    let path = corpus::crash(target, &finding.input).map(|path| path.display().to_string());
    let path = path.unwrap_or_else(|error| error.to_string());
    format!(
        "{}: {}\nrepeat it with: cargo run --release -p fuzz -- {} --replay {path}",
        target.name, finding.what, target.name
    )
}

fn value<'a>(options: &'a [String], name: &str) -> Option<&'a str> {
    options.iter().skip_while(|option| *option != name).nth(1).map(String::as_str)
}

fn number(options: &[String], name: &str) -> Result<Option<u64>, String> {
    value(options, name).map(|text| text.parse().map_err(|_| format!("{name} takes a number"))).transpose()
}

fn by_the_clock() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    since.as_secs()
}
