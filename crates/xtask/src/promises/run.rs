//! Runs the proofs of one promise and keeps the lines that they print for it.

use super::table::{BENCH, BUILD, Promise, Proof, Tests};
use crate::{Findings, rows::tests_of, tidy::files};
use std::path::Path;
use std::process::Command;

/// What came of a promise's proofs.
#[derive(Default)]
pub struct Outcome {
    /// What was printed behind `promise Pn: `.
    pub figures: Vec<String>,
    /// What is not proven, one line each.
    pub faults: Findings,
}

/// Runs all proofs, whatever comes of the first.
pub fn run(root: &Path, promise: &Promise, long: bool) -> Outcome {
    let mut outcome = Outcome::default();
    if promise.proofs.is_empty() {
        outcome.faults.push("no test of it is known to xtask".to_owned());
    }
    for proof in promise.proofs {
        let (figures, fault) = match proof {
            Proof::Tests(tests) => run_tests(root, promise.id, tests, long),
            Proof::Measured(arguments) => measure(root, promise.id, proof, arguments),
            Proof::Printed { page, limits } => find_limits(root, page, limits),
        };
        if figures.is_empty() && fault.is_none() {
            outcome.faults.push(format!("`{}` printed no figure", proof.command()));
        }
        outcome.figures.extend(figures);
        outcome.faults.extend(fault);
    }
    outcome
}

fn run_tests(root: &Path, id: &str, tests: &Tests, long: bool) -> (Vec<String>, Option<String>) {
    let mut cargo = Command::new("cargo");
    cargo.args(tests.arguments()).current_dir(root);
    match long {
        true => cargo.env("OUBLIETTE_LONG", "1"),
        false => cargo.env_remove("OUBLIETTE_LONG"),
    };
    let output = match cargo.output() {
        Ok(output) => output,
        Err(error) => return (Vec::new(), Some(format!("cargo did not start: {error}"))),
    };
    let printed = String::from_utf8_lossy(&output.stdout);
    let fault = (!output.status.success()).then(|| {
        // The words of the failure are for whoever runs this; the page names the command.
        eprint!("{printed}{}", String::from_utf8_lossy(&output.stderr));
        format!("`{}` failed", tests.command())
    });
    (figures(&printed, id), fault)
}

/// Builds what is measured, and measures.
fn measure(root: &Path, id: &str, proof: &Proof, arguments: &[&str]) -> (Vec<String>, Option<String>) {
    let fails = || Some(format!("`{}` failed", proof.command()));
    let built = Command::new("cargo").args(BUILD).current_dir(root).status();
    if !built.is_ok_and(|status| status.success()) {
        return (Vec::new(), fails());
    }
    let output = match Command::new(root.join(BENCH)).args(arguments).current_dir(root).output() {
        Ok(output) => output,
        Err(error) => return (Vec::new(), Some(format!("{BENCH} did not start: {error}"))),
    };
    // Every line of it says something, and the page keeps the last.
    let printed = String::from_utf8_lossy(&output.stdout);
    eprint!("{printed}{}", String::from_utf8_lossy(&output.stderr));
    (figures(&printed, id), if output.status.success() { None } else { fails() })
}

/// What stands behind `promise Pn: ` anywhere in a line: the test harness may have written before it.
fn figures(printed: &str, id: &str) -> Vec<String> {
    let mark = format!("promise {id}: ");
    printed.lines().filter_map(|line| Some(line.split_once(&mark)?.1.trim().to_owned())).collect()
}

/// Every limit of what we promise stands on the page, whatever its line breaks.
fn find_limits(root: &Path, page: &str, limits: &[&str]) -> (Vec<String>, Option<String>) {
    let text = match std::fs::read_to_string(root.join(page)) {
        Ok(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Err(error) => return (Vec::new(), Some(format!("{page}: {error}"))),
    };
    let absent: Vec<&str> = limits.iter().copied().filter(|limit| !text.contains(limit)).collect();
    let printed = limits.len() - absent.len();
    let figure = format!("{printed} of {} limits are printed in {page}", limits.len());
    let fault = (!absent.is_empty()).then(|| format!("{page} does not say: {}", absent.join("; ")));
    (vec![figure], fault)
}

/// Limits that the table names and their page does not print.
pub fn unprinted(root: &Path, promise: &Promise) -> Findings {
    let faults = promise.proofs.iter().filter_map(|proof| match proof {
        Proof::Printed { page, limits } => find_limits(root, page, limits).1,
        Proof::Tests(_) | Proof::Measured(_) => None,
    });
    faults.map(|fault| format!("{}: {fault}", promise.id)).collect()
}

/// Tests that the table names and no file of their crate has.
pub fn dead_tests(root: &Path, promise: &Promise) -> Result<Findings, String> {
    let mut findings = Findings::new();
    for proof in promise.proofs {
        let Proof::Tests(tests) = proof else { continue };
        let mut living = Vec::new();
        for file in files(&root.join("crates").join(tests.package), "rs")? {
            let text =
                std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            living.extend(tests_of(&text));
        }
        let dead = tests.names.iter().filter(|name| {
            let last = name.rsplit("::").next().unwrap_or_default();
            !living.iter().any(|living| living == last)
        });
        findings.extend(dead.map(|name| format!("{}: {} has no test {name}", promise.id, tests.package)));
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_found_behind_what_the_harness_wrote() {
        let printed = "running 1 test\ntest a ... promise P1: 9 deposits, 0 lost\nok\npromise P12: other\n";
        assert_eq!(figures(printed, "P1"), ["9 deposits, 0 lost"]);
        assert_eq!(figures(printed, "P2"), Vec::<String>::new());
    }

    #[test]
    fn a_limit_that_is_not_printed_is_a_fault() {
        let root = crate::root();
        let (_, fault) = find_limits(&root, "spec/threat-model.md", &["a sentence that nobody wrote"]);
        assert!(fault.is_some());
    }

    #[test]
    fn a_test_that_is_gone_is_found() {
        const GONE: Tests = Tests { package: "xtask", target: &["--bins"], names: &["run::no_such_test"] };
        let promise = Promise { id: "P0", sentence: "", proofs: &[Proof::Tests(GONE)], not_shown: "" };
        assert_eq!(dead_tests(&crate::root(), &promise).map(|findings| findings.len()), Ok(1));
    }
}
