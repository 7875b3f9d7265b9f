//! Codes of errors name one cause each: none of the command's own is one of the library's.

use std::collections::BTreeMap;
use std::path::Path;

use crate::tidy::files;

/// What is wrong with the codes of `oub`.
pub fn check(root: &Path) -> Result<Vec<String>, String> {
    let mut library: BTreeMap<u32, String> = BTreeMap::new();
    let mut findings = Vec::new();
    for (shown, text) in texts(&root.join("crates/client/src/error"))? {
        for number in text.lines().filter_map(number_of) {
            if let Some(other) = library.insert(number, shown.clone()) {
                findings.push(format!("OUB-E{number:03} stands for two causes in {shown} and {other}"));
            }
        }
    }
    for (shown, text) in texts(&root.join("crates/cli/src"))? {
        // Tests at the bottom of a file name the library's codes.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for number in literals(code).filter(|number| library.contains_key(number)) {
            findings.push(format!("{shown}: OUB-E{number:03} is one of the library's codes"));
        }
    }
    Ok(findings)
}

fn texts(folder: &Path) -> Result<Vec<(String, String)>, String> {
    let read = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok((path.display().to_string(), text))
    };
    files(folder, "rs")?.into_iter().map(read).collect()
}

/// `NoHome => 12,` as the tables of numbers have it; exit codes have one digit.
fn number_of(line: &str) -> Option<u32> {
    let number = line.trim().strip_suffix(',')?.rsplit_once("=> ")?.1;
    number.parse().ok().filter(|number| *number >= 10)
}

fn literals(code: &str) -> impl Iterator<Item = u32> {
    code.split("\"OUB-E").skip(1).filter_map(|rest| rest.get(..3)?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_literals_are_found() {
        assert_eq!(number_of("            NoSuchMessage { .. } => 131,"), Some(131));
        assert_eq!(number_of("            QuestionOver => 5,"), None, "an exit code");
        assert_eq!(number_of("            ..20 => 1,"), None);
        assert_eq!(literals("usage(\"OUB-E035\", x); new(\"OUB-E151\")").collect::<Vec<_>>(), [35, 151]);
    }
}
