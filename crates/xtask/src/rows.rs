//! Every test that the page of hostile rows names is a test.

use crate::{Findings, tidy::files};
use std::collections::BTreeSet;
use std::path::Path;

const PAGE: &str = "docs/hostile-rows.md";

/// Looks each name up among the test functions of all crates.
pub fn check(root: &Path) -> Result<Findings, String> {
    let read =
        |path: &Path| std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let mut tests = BTreeSet::new();
    for file in files(&root.join("crates"), "rs")? {
        tests.extend(tests_of(&read(&file)?));
    }
    let page = read(&root.join(PAGE))?;
    let dead = names(&page).filter(|name| !tests.contains(*name));
    Ok(dead.map(|name| format!("{PAGE} names {name}, which is no test")).collect())
}

/// The functions of a file that stand behind a `#[test]`.
pub fn tests_of(text: &str) -> Vec<String> {
    let behind = text.split("#[test]").skip(1);
    let name = |part: &str| Some(part.split_once("fn ")?.1.split_once('(')?.0.to_owned());
    behind.filter_map(name).collect()
}

/// Words in backticks in the rows of tables that look like names of tests.
fn names(page: &str) -> impl Iterator<Item = &str> {
    let rows = page.lines().filter(|line| line.starts_with('|'));
    let quoted = rows.flat_map(|row| row.split('`').skip(1).step_by(2));
    quoted.filter(|word| {
        word.contains('_') && word.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_is_gone_is_found() {
        let page = "a `word_of_prose`\n| S01 | `a_true_sentence`, `crates/a_path.rs`; `two words` |\n";
        assert_eq!(names(page).collect::<Vec<_>>(), ["a_true_sentence"]);
        let source = "#[test]\n#[ignore]\nfn a_true_sentence() {}\nfn a_helper() {}\n";
        assert_eq!(tests_of(source), ["a_true_sentence"]);
    }
}
