//! Nothing of ours looks at `cfg(fuzzing)`, and nothing of ours builds with it: vodozemac leaves its checks of MACs
//! and signatures out under that flag. One line refuses it, in `crates/e2ee/src/fence.rs`.

use crate::{Findings, tidy::files};
use std::path::{Path, PathBuf};

/// Where the flag is refused.
const REFUSED_IN: &str = "crates/e2ee/src/fence.rs";
const REFUSAL: &str = "#[cfg(fuzzing)]\ncompile_error!";
/// Where the word itself may stand: here, and where the flag is refused.
const MAY_NAME_IT: [&str; 2] = ["crates/xtask/src/fuzzing.rs", REFUSED_IN];

/// Looks through sources, manifests and scripts.
pub fn check(root: &Path) -> Result<Findings, String> {
    let read =
        |path: &Path| std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let mut findings = Findings::new();
    if !read(&root.join(REFUSED_IN))?.contains(REFUSAL) {
        findings.push(format!("{REFUSED_IN} does not refuse cfg(fuzzing)"));
    }
    for path in places(root)? {
        let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        if !MAY_NAME_IT.contains(&shown.as_str()) && names_the_flag(&read(&path)?) {
            findings.push(format!("{shown} names the flag under which libraries leave checks out"));
        }
    }
    Ok(findings)
}

/// What is compiled, and what says how.
fn places(root: &Path) -> Result<Vec<PathBuf>, String> {
    let mut places = files(&root.join("crates"), "rs")?;
    places.extend(files(&root.join("crates"), "toml")?);
    let scripts = ["Cargo.toml", ".cargo/config.toml", "test", ".ci/run", "fuzz/run", "bench/run"];
    places.extend(scripts.iter().map(|script| root.join(script)).filter(|path| path.is_file()));
    Ok(places)
}

/// Comments may speak of it.
fn names_the_flag(text: &str) -> bool {
    let code =
        text.lines().map(str::trim_start).filter(|line| !line.starts_with("//") && !line.starts_with('#'));
    let attributes = text.lines().map(str::trim_start).filter(|line| line.starts_with("#["));
    code.chain(attributes).any(|line| line.contains("cfg") && line.contains("fuzzing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_is_left_out_for_fuzzers_is_found() {
        assert!(names_the_flag("    #[cfg(not(fuzzing))]\n    verify();\n"));
        assert!(names_the_flag("RUSTFLAGS='--cfg fuzzing' cargo build\n"));
        assert!(!names_the_flag("//! There is no `cfg(fuzzing)` here.\nmod fuzzing;\n"));
    }

    #[test]
    fn the_flag_is_refused_and_named_nowhere() {
        assert_eq!(check(&crate::root()), Ok(Findings::new()));
    }
}
