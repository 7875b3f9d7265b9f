//! The fences between our crates: ARCHITECTURE.md names every arrow, and some places are out of reach.

use crate::Findings;
use crate::graph::Graph;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Crates that know no runtime, socket, clock or file.
const PURE: [&str; 6] = ["wire", "crypto", "e2ee", "proto", "ledger", "client-core"];

/// What a pure crate must not reach at any depth.
const IMPURE: [&str; 14] = [
    "tokio",
    "mio",
    "socket2",
    "async-std",
    "smol",
    "rustls",
    "tokio-rustls",
    "rusqlite",
    "libsqlite3-sys",
    "fjall",
    "tempfile",
    "chrono",
    "jiff",
    "time",
];

/// What the relay must never link.
const NEVER_IN_SERVER: [&str; 5] = ["e2ee", "vodozemac", "client-core", "client", "rusqlite"];

/// Runs every check of this file.
pub fn check(root: &Path) -> Result<Findings, String> {
    let graph = Graph::load(root)?;
    let page = std::fs::read_to_string(root.join("ARCHITECTURE.md"))
        .map_err(|error| format!("ARCHITECTURE.md cannot be read: {error}"))?;
    let drawn = drawn_arrows(&page);
    if drawn.is_empty() {
        return Err("ARCHITECTURE.md has no block ```arrows".to_owned());
    }
    let mut findings = differences(&drawn, &real_arrows(&graph));
    findings.extend(PURE.iter().flat_map(|pure| reached(&graph, pure, &IMPURE)));
    findings.extend(reached(&graph, "server", &NEVER_IN_SERVER));
    findings.extend(wasm_check(root)?);
    Ok(findings)
}

/// The arrows of the page: lines `from -> to to to` inside the block that opens with ```arrows.
fn drawn_arrows(page: &str) -> BTreeSet<(String, String)> {
    let block = page.split("```arrows").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or_default();
    block
        .lines()
        .filter_map(|line| line.split_once("->"))
        .flat_map(|(from, to)| to.split_whitespace().map(move |to| (from.trim().to_owned(), to.to_owned())))
        .collect()
}

/// The arrows between our crates as cargo sees them.
fn real_arrows(graph: &Graph) -> BTreeSet<(String, String)> {
    graph
        .ours()
        .flat_map(|from| from.needs.iter().map(move |to| (from, to)))
        .filter_map(|(from, to)| {
            graph.get(to).filter(|to| to.ours).map(|to| (from.name.clone(), to.name.clone()))
        })
        .collect()
}

fn differences(drawn: &BTreeSet<(String, String)>, real: &BTreeSet<(String, String)>) -> Findings {
    let undrawn = real
        .difference(drawn)
        .map(|(from, to)| format!("{from} uses {to}, which ARCHITECTURE.md does not draw"));
    let unreal = drawn
        .difference(real)
        .map(|(from, to)| format!("ARCHITECTURE.md draws {from} -> {to}, which is not so"));
    undrawn.chain(unreal).collect()
}

fn reached(graph: &Graph, from: &str, banned: &[&str]) -> Findings {
    let names = graph.names_reached_from(from);
    banned.iter().filter(|name| names.contains(**name)).map(|name| format!("{from} reaches {name}")).collect()
}

/// The pure crates check for a machine without files, clocks and sockets, where its standard library is there.
fn wasm_check(root: &Path) -> Result<Findings, String> {
    if !wasm_is_installed() {
        println!(
            "xtask arrows: SKIPPED the wasm32 check: `rustup target add wasm32-unknown-unknown` was not done here"
        );
        return Ok(Findings::new());
    }
    let mut cargo = Command::new("cargo");
    cargo.args(["check", "--release", "--locked", "--target", "wasm32-unknown-unknown"]).current_dir(root);
    cargo.env("RUSTFLAGS", "--cfg getrandom_backend=\"custom\"");
    for name in PURE {
        cargo.args(["-p", name]);
    }
    let status = cargo.status().map_err(|error| format!("cargo check did not start: {error}"))?;
    Ok(if status.success() {
        Findings::new()
    } else {
        vec!["a pure crate does not check for wasm32".to_owned()]
    })
}

fn wasm_is_installed() -> bool {
    let Ok(output) = Command::new("rustc").args(["--print", "sysroot"]).output() else { return false };
    let sysroot = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Path::new(&sysroot).join("lib/rustlib/wasm32-unknown-unknown").exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_read_and_the_rest_of_the_page_is_not() {
        let page = "a -> b\n```arrows\nc -> d e\nf\n```\ng -> h\n";
        let arrows: Vec<_> = drawn_arrows(page).into_iter().collect();
        assert_eq!(arrows, [("c".into(), "d".into()), ("c".into(), "e".into())]);
    }

    #[test]
    fn an_arrow_on_one_side_only_is_a_finding_either_way() {
        let one = BTreeSet::from([("a".to_owned(), "b".to_owned())]);
        assert_eq!(differences(&one, &BTreeSet::new()).len(), 1);
        assert_eq!(differences(&BTreeSet::new(), &one).len(), 1);
        assert!(differences(&one, &one).is_empty());
    }
}
