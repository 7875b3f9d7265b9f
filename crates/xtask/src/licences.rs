//! What we may depend on: licences that we allow, packages that we do not.

use crate::Findings;
use crate::graph::{Graph, Package};
use crate::licence_expression::is_allowed;
use std::path::Path;

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
const BANNED: [(&str, &str); 4] = [
    ("bincode", "a tombstone"),
    ("akd", "our ledger is another design"),
    ("ring", "aws-lc-rs is the one provider"),
    ("openssl", "TLS is rustls"),
];

/// Packages with this beginning must not be compiled either.
const BANNED_PREFIX: &str = "pqcrypto-";

/// The programs that we ship; what they reach is what counts.
const SHIPPED: [&str; 2] = ["cli", "server"];

/// How many packages both programs together may need (`CONTRIBUTING.md § Dependencies`).
const PACKAGES_MAX: usize = 290;

/// Runs every check of this file over what the shipped programs reach.
pub fn check(root: &Path) -> Result<Findings, String> {
    let graph = Graph::load(root)?;
    let mut ids = std::collections::BTreeSet::new();
    for program in SHIPPED {
        let reached = graph.reached_from(program);
        println!("xtask licences: {program} reaches {} packages", reached.len());
        ids.extend(reached);
    }
    let packages: Vec<&Package> =
        ids.iter().filter_map(|id| graph.get(id)).filter(|package| !package.ours).collect();
    println!("xtask licences: {} packages of others in all", packages.len());
    let mut findings: Findings = packages.iter().copied().filter_map(finding).collect();
    if packages.len() > PACKAGES_MAX {
        findings.push(format!(
            "{} packages are more than the {PACKAGES_MAX} that we allow ourselves",
            packages.len()
        ));
    }
    Ok(findings)
}

fn finding(package: &Package) -> Option<String> {
    let who = format!("{} {}", package.name, package.version);
    if let Some((_, why)) = BANNED.iter().find(|(name, _)| *name == package.name) {
        return Some(format!("{who} is banned: {why}"));
    }
    if package.name.starts_with(BANNED_PREFIX) {
        return Some(format!("{who} is banned: {BANNED_PREFIX}*"));
    }
    match &package.licence {
        None => Some(format!("{who} states no licence")),
        Some(licence) if is_allowed(licence, &ALLOWED) => None,
        Some(licence) => Some(format!("{who} has the licence {licence}")),
    }
}
