//! `sim [--seed N | --runs N --from SEED] [--people N] [--relays N] [--steps N] [--with F] [--without F] [--trace]`.

use std::process::ExitCode;
use std::time::Instant;

use sim::{Faults, Report, Scenario, Tally, simulate};

const USAGE: &str = "usage: sim [--seed N] [--runs N] [--from SEED] [--people N] [--relays N] [--steps N]
           [--with FAULT,..] [--without FAULT,..] [--only FAULT,..] [--trace] [--keep-going]
faults:";

/// What the command line asks for.
struct Asked {
    from: u64,
    runs: u64,
    people: Option<usize>,
    relays: Option<usize>,
    steps: Option<u32>,
    /// Which faults to have, in place of those that a seed draws.
    only: bool,
    /// Switched on or off, in this order.
    switches: Vec<(String, bool)>,
    trace: bool,
    keep_going: bool,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match read(&args) {
        Ok(asked) => run(&asked),
        Err(words) => {
            eprintln!("{words}\n{USAGE} {}", Faults::names().join(" "));
            ExitCode::from(2)
        }
    }
}

fn read(args: &[String]) -> Result<Asked, String> {
    let mut asked = Asked {
        from: by_the_clock(),
        runs: 1,
        people: None,
        relays: None,
        steps: None,
        only: false,
        switches: Vec::new(),
        trace: false,
        keep_going: false,
    };
    let mut args = args.iter();
    while let Some(name) = args.next() {
        match name.as_str() {
            "--trace" => asked.trace = true,
            "--keep-going" => asked.keep_going = true,
            "--seed" | "--from" => asked.from = number(name, args.next())?,
            "--runs" => asked.runs = number(name, args.next())?,
            "--people" => asked.people = Some(number(name, args.next())?),
            "--relays" => asked.relays = Some(number(name, args.next())?),
            "--steps" => asked.steps = Some(number(name, args.next())?),
            "--with" => switch(&mut asked.switches, args.next(), true)?,
            "--without" => switch(&mut asked.switches, args.next(), false)?,
            "--only" => {
                asked.only = true;
                asked.switches.clear();
                switch(&mut asked.switches, args.next(), true)?;
            }
            other => return Err(format!("what is {other}?")),
        }
    }
    let in_bounds = asked.people.is_none_or(|people| (2..=5).contains(&people))
        && asked.relays.is_none_or(|relays| (1..=2).contains(&relays));
    in_bounds.then_some(asked).ok_or_else(|| "two to five people, one or two relays".to_owned())
}

fn number<T: std::str::FromStr>(name: &str, value: Option<&String>) -> Result<T, String> {
    value.and_then(|text| text.parse().ok()).ok_or_else(|| format!("{name} takes a number"))
}

fn switch(switches: &mut Vec<(String, bool)>, names: Option<&String>, on: bool) -> Result<(), String> {
    let names = names.ok_or("which fault?")?;
    for name in names.split(',').filter(|name| !name.is_empty()) {
        if !Faults::names().contains(&name) {
            return Err(format!("there is no fault called {name}"));
        }
        switches.push((name.to_owned(), on));
    }
    Ok(())
}

fn by_the_clock() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn run(asked: &Asked) -> ExitCode {
    let (began, mut tally, mut bad) = (Instant::now(), Tally::default(), Vec::new());
    for seed in asked.from..asked.from.saturating_add(asked.runs) {
        let report = simulate(seed, &scenario(asked, seed));
        tally.merge(&report.tally);
        if tally.of("runs") % 100 == 0 {
            eprintln!("{}", line(&tally, asked.from, began, &bad));
        }
        if asked.trace {
            report.trace.iter().for_each(|line| println!("{line}"));
        }
        if !report.broken.is_empty() {
            tell(&report);
            bad.push(seed);
            if !asked.keep_going {
                break;
            }
        }
    }
    println!("{tally}");
    println!("{}", line(&tally, asked.from, began, &bad));
    if bad.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn line(tally: &Tally, from: u64, began: Instant, bad: &[u64]) -> String {
    format!(
        "{} texts stored, {} shown, {} faults in {} runs from seed {from}; {:.0} s; failing seeds: {bad:?}",
        tally.of("texts stored"),
        tally.of("texts shown"),
        tally.sum("fault: "),
        tally.of("runs"),
        began.elapsed().as_secs_f64(),
    )
}

fn scenario(asked: &Asked, seed: u64) -> Scenario {
    let drawn = Scenario::of(seed);
    let mut faults = if asked.only { Faults::NONE } else { drawn.faults };
    for (name, on) in &asked.switches {
        // Every name was looked at when it was read.
        let _known = faults.set(name, *on);
    }
    Scenario {
        people: asked.people.unwrap_or(drawn.people),
        relays: asked.relays.unwrap_or(drawn.relays),
        steps: asked.steps.unwrap_or(drawn.steps),
        faults,
    }
}

fn tell(report: &Report) {
    println!("seed {} breaks its promises ({:?}):", report.seed, report.scenario);
    report.broken.iter().for_each(|what| println!("  {what}"));
}
