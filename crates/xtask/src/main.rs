//! Checks that the project is what it says it is: `cargo xtask arrows | licences | tidy | transcript | promises`.

mod arrows;
mod codes;
mod fuzzing;
mod graph;
mod licence_expression;
mod licences;
mod promises;
mod rows;
mod sentences;
mod tidy;
mod transcript;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What a check found wrong, one line each; empty means that all is well.
type Findings = Vec<String>;

const USAGE: &str =
    "usage: cargo xtask arrows | licences | tidy | transcript [FILE] | promises [--long] [--only Pn]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let root = root();
    let outcome = match arguments.first().map(String::as_str) {
        Some("arrows") => arrows::check(&root),
        Some("licences") => licences::check(&root),
        Some("tidy") => tidy(&root),
        Some("promises") => promises::prove(&root, arguments.get(1..).unwrap_or_default()),
        Some("transcript") => transcript::check(&root, arguments.get(1).map_or("README.md", String::as_str)),
        _ => Err(USAGE.to_owned()),
    };
    report(arguments.first().map_or("", String::as_str), outcome)
}

/// What is written is true, as far as that can be read.
fn tidy(root: &Path) -> Result<Findings, String> {
    Ok([tidy::check(root)?, rows::check(root)?, fuzzing::check(root)?, promises::check(root)?].concat())
}

/// Prints what was found and turns it into an exit code: 0 well, 1 findings, 2 the check could not run.
fn report(check: &str, outcome: Result<Findings, String>) -> ExitCode {
    match outcome {
        Ok(findings) if findings.is_empty() => {
            println!("xtask {check}: ok");
            ExitCode::SUCCESS
        }
        Ok(findings) => {
            for finding in &findings {
                eprintln!("xtask {check}: {finding}");
            }
            eprintln!("xtask {check}: {} finding(s)", findings.len());
            ExitCode::FAILURE
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

/// The repository's root: two folders above this crate.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map_or_else(PathBuf::new, Path::to_path_buf)
}
