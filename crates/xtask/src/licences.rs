//! What we may depend on: licences that we allow, packages that we do not.

use crate::Findings;
use crate::licence_expression::is_allowed;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Licences that we may pass on.
const ALLOWED: [&str; 15] = [
    "MIT",
    "Apache-2.0",
    "ISC",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "Zlib",
    "Unicode-3.0",
    "CC0-1.0",
    "MPL-2.0",
    "CDLA-Permissive-2.0",
    "0BSD",
    "BSL-1.0",
    "WTFPL",
    "blessing",
];

/// Packages that must not be compiled, each with its reason.
const BANNED: [(&str, &str); 5] = [
    ("bincode", "a tombstone"),
    ("akd", "our ledger is another design"),
    ("ring", "aws-lc-rs is the one provider"),
    ("openssl", "TLS is rustls"),
    ("openssl-src", "SQLCipher's ciphers are those of aws-lc (docs/decisions/0016)"),
];

/// Packages with this beginning must not be compiled either.
const BANNED_PREFIX: &str = "pqcrypto-";

/// What may be there in one version only: TLS and the vault share it.
const ONCE: &str = "aws-lc-sys";

/// The programs that we ship; what they reach is what counts.
const SHIPPED: [&str; 2] = ["cli", "server"];

/// How many packages both programs together may need (`CONTRIBUTING.md § Dependencies`).
const PACKAGES_MAX: usize = 290;

/// One package that a shipped program is compiled from.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    licence: String,
}

/// Runs every check of this file over what the shipped programs are compiled from.
pub fn check(root: &Path) -> Result<Findings, String> {
    let mut packages = BTreeSet::new();
    for program in SHIPPED {
        let compiled = compiled_into(root, program)?;
        println!("xtask licences: {program} is compiled from {} packages of others", compiled.len());
        packages.extend(compiled);
    }
    println!("xtask licences: {} packages of others in all", packages.len());
    let mut findings: Findings = packages.iter().filter_map(finding).collect();
    let versions = packages.iter().filter(|package| package.name == ONCE).count();
    if versions > 1 {
        findings.push(format!(
            "{ONCE} is there in {versions} versions: raise the line in patches/openssl-sys/Cargo.toml"
        ));
    }
    if packages.len() > PACKAGES_MAX {
        findings.push(format!(
            "{} packages are more than the {PACKAGES_MAX} that we allow ourselves",
            packages.len()
        ));
    }
    Ok(findings)
}

/// Asks `cargo tree`, which, unlike `cargo metadata`, leaves out what no enabled feature compiles.
fn compiled_into(root: &Path, program: &str) -> Result<BTreeSet<Package>, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args([
            "tree",
            "--locked",
            "-e",
            "normal,build",
            "--prefix",
            "none",
            "--no-dedupe",
            "--format",
            "{p}|{l}",
        ])
        .args(["--target", "x86_64-unknown-linux-gnu", "-p", program])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cargo tree did not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo tree failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(lines.lines().filter(|line| !is_ours(line, root)).filter_map(package).collect())
}

/// Ours are shown with their folder.
fn is_ours(line: &str, root: &Path) -> bool {
    line.contains(&format!("({}", root.display()))
}

fn package(line: &str) -> Option<Package> {
    let (package, licence) = line.split_once('|')?;
    let mut words = package.split_whitespace();
    let (name, version) = (words.next()?, words.next()?);
    Some(Package { name: name.to_owned(), version: version.to_owned(), licence: licence.to_owned() })
}

fn finding(package: &Package) -> Option<String> {
    let who = format!("{} {}", package.name, package.version);
    if let Some((_, why)) = BANNED.iter().find(|(name, _)| *name == package.name) {
        return Some(format!("{who} is banned: {why}"));
    }
    if package.name.starts_with(BANNED_PREFIX) {
        return Some(format!("{who} is banned: {BANNED_PREFIX}*"));
    }
    let allowed = is_allowed(&package.licence, &ALLOWED);
    (!allowed).then(|| format!("{who} has the licence “{}”", package.licence))
}
