//! `cargo xtask promises [--long] [--only Pn]`: runs the proof of every promise and writes `docs/promises.md`.
//!
//! A proof is a test that prints `promise Pn: …` with its figures. One that fails, or prints nothing, is an error,
//! and the page says so. `--only` proves one again and leaves the others as they were proven.

mod machine;
mod page;
mod run;
mod table;

use crate::Findings;
use machine::Machine;
use page::{PAGE, Page, Section};
use std::path::Path;
use std::time::Instant;
use table::{PROMISES, Promise};

/// What to prove, and how thoroughly.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    long: bool,
    only: Option<String>,
}

/// Proves, writes the page, and reports each promise that is not proven.
pub fn prove(root: &Path, arguments: &[String]) -> Result<Findings, String> {
    let options = options(arguments)?;
    let machine = Machine::look(root);
    let path = root.join(PAGE);
    let before = Page::parse(&std::fs::read_to_string(&path).unwrap_or_default());
    let kept = |promise: &Promise| before.section(promise.id).cloned();
    let sections = PROMISES.iter().map(|promise| kept(promise).unwrap_or_else(|| Section::unproven(promise)));
    let mut page = Page { sections: sections.collect() };
    let (began, mut findings) = (Instant::now(), Findings::new());
    for promise in &PROMISES {
        if options.only.as_deref().is_none_or(|only| only == promise.id) {
            page.replace(prove_one(root, promise, &options, &machine, &mut findings));
            // After each, so that a run that is broken off keeps what it proved.
            std::fs::write(&path, page.to_string()).map_err(|error| format!("{PAGE}: {error}"))?;
        }
    }
    println!("xtask promises: {PAGE} is written, {} s", began.elapsed().as_secs());
    Ok(findings)
}

/// Whether the page names every promise with what its proof leaves open, every test of the table is one, and every limit
/// stands where it says.
pub fn check(root: &Path) -> Result<Findings, String> {
    let text = std::fs::read_to_string(root.join(PAGE)).map_err(|error| format!("{PAGE}: {error}"))?;
    let page = Page::parse(&text);
    let mut findings = Findings::new();
    for promise in &PROMISES {
        findings.extend(unsaid(&page, promise));
        findings.extend(run::dead_tests(root, promise)?);
        findings.extend(run::unprinted(root, promise));
    }
    Ok(findings)
}

/// What the page does not say of a promise, or says otherwise than the table.
fn unsaid(page: &Page, promise: &Promise) -> Option<String> {
    let Promise { id, not_shown, .. } = promise;
    match page.section(id) {
        None => Some(format!("{PAGE} does not name {id}; run cargo xtask promises --only {id}")),
        Some(section) if section.not_shown() != *not_shown => Some(format!(
            "{PAGE} does not say as the table what {id} leaves open; run cargo xtask promises --only {id}"
        )),
        Some(_) => None,
    }
}

fn prove_one(
    root: &Path,
    promise: &Promise,
    options: &Options,
    machine: &Machine,
    findings: &mut Findings,
) -> Section {
    println!("xtask promises: {} {}", promise.id, promise.sentence);
    let began = Instant::now();
    let outcome = run::run(root, promise, options.long);
    outcome.figures.iter().for_each(|figure| println!("  {figure}"));
    findings.extend(outcome.faults.iter().map(|fault| format!("{}: {fault}", promise.id)));
    let how = format!(
        "{}, {} s{}",
        machine.line(),
        began.elapsed().as_secs(),
        if options.long { ", long" } else { "" }
    );
    Section::proven(promise, &outcome, &how)
}

fn options(arguments: &[String]) -> Result<Options, String> {
    const USAGE: &str = "usage: cargo xtask promises [--long] [--only Pn]";
    let (mut options, mut rest) = (Options { long: false, only: None }, arguments.iter());
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--long" => options.long = true,
            "--only" => {
                let wanted = rest.next().ok_or(USAGE)?;
                let known = PROMISES.iter().any(|promise| promise.id == wanted);
                options.only = Some(known.then(|| wanted.clone()).ok_or("promises are P1 to P15")?);
            }
            _ => return Err(USAGE.to_owned()),
        }
    }
    Ok(options)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn promises_are_numbered_without_a_gap() {
        let ids: Vec<String> = PROMISES.iter().map(|promise| promise.id.to_owned()).collect();
        let wanted: Vec<String> = (1..=15).map(|n| format!("P{n}")).collect();
        assert_eq!(ids, wanted);
    }

    #[test]
    fn a_limit_that_the_page_lacks_is_found() {
        let page = |promise: &Promise| Page { sections: vec![Section::unproven(promise)] };
        for promise in &PROMISES {
            assert_eq!(unsaid(&page(promise), promise), None);
            let other = Promise { not_shown: "something else", proofs: &[], ..*promise };
            assert!(unsaid(&page(promise), &other).is_some() && unsaid(&page(&other), promise).is_some());
        }
    }

    #[test]
    fn only_what_is_a_promise_can_be_proven() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(options(&words(&["--long", "--only", "P4"])).unwrap().only.as_deref(), Some("P4"));
        assert!(options(&words(&["--only", "P16"])).is_err());
        assert!(options(&words(&["--only"])).is_err());
        assert!(options(&words(&["--fast"])).is_err());
    }
}
