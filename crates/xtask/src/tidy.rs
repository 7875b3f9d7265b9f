//! Paths that our pages name exist, the pages that must be there are there, and what people read is in its table.

use crate::Findings;
use std::path::{Path, PathBuf};

/// Pages at the root that a visitor expects.
const PAGES: [&str; 9] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "STYLE.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "bench/RESULTS.md",
];

/// Where a word in backticks counts as a path when it begins so.
const ROOTS: [&str; 9] =
    ["crates/", "spec/", "vectors/", "docs/", "bench/", "deploy/", "fuzz/", ".ci/", ".cargo/"];

/// Files longer than this hold a second noun.
const LINES_MAX: usize = 900;

/// Runs every check of this file.
pub fn check(root: &Path) -> Result<Findings, String> {
    let mut findings: Findings = PAGES
        .iter()
        .filter(|page| !root.join(page).is_file())
        .map(|page| format!("{page} is missing"))
        .collect();
    for page in markdown(root)? {
        let text = std::fs::read_to_string(&page).map_err(|error| format!("{}: {error}", page.display()))?;
        let shown = page.strip_prefix(root).unwrap_or(&page).display().to_string();
        findings.extend(dead_paths(root, &shown, &text));
    }
    for file in files(&root.join("crates"), "rs")? {
        let lines = std::fs::read_to_string(&file)
            .map_err(|error| format!("{}: {error}", file.display()))?
            .lines()
            .count();
        if lines > LINES_MAX {
            findings.push(format!("{} has {lines} lines; look for its second noun", file.display()));
        }
    }
    findings.extend(crate::codes::check(root)?);
    findings.extend(crate::sentences::check(root)?);
    Ok(findings)
}

/// Words in backticks that look like paths of ours and are not.
fn dead_paths(root: &Path, page: &str, text: &str) -> Findings {
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|quoted| quoted.split_whitespace().next())
        .filter(|word| ROOTS.iter().any(|root| word.starts_with(root)))
        .filter(|word| !word.contains(['*', '<', '{', '…']))
        .filter(|word| !root.join(word.trim_end_matches(['.', ',', ':'])).exists())
        .map(|word| format!("{page} names {word}, which does not exist"))
        .collect()
}

/// The pages whose paths must be true.
fn markdown(root: &Path) -> Result<Vec<PathBuf>, String> {
    let mut pages: Vec<PathBuf> = PAGES
        .iter()
        .filter(|page| page.ends_with(".md"))
        .map(|page| root.join(page))
        .filter(|page| page.is_file())
        .collect();
    pages.extend(files(&root.join("spec"), "md")?);
    pages.extend(files(&root.join("docs"), "md")?);
    Ok(pages)
}

/// Every file below a folder with an ending, in a stable order.
pub fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for entry in entries.flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => open.push(path),
                false if path.extension().is_some_and(|extension| extension == ending) => found.push(path),
                false => {}
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_path_is_found_and_a_living_one_is_not() {
        let root = crate::root();
        let text = "see `crates/xtask/src/tidy.rs` and `crates/nowhere.rs`, but not `let x`";
        assert_eq!(dead_paths(&root, "page", text), ["page names crates/nowhere.rs, which does not exist"]);
    }
}
