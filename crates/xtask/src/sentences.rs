//! What `oub` says to people stands in its table of messages: a sentence elsewhere would be in one language only.
//!
//! Looked at are the string literals of the command, without its tests. A sentence is two words beside each other; a
//! single word goes unnoticed.

use std::path::Path;

use crate::tidy::files;

/// Where sentences may stand, which of them (all, where that is empty), and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("messages/", "", "the table itself"),
    ("args.rs", "", "the grammar is English; a test of messages/help.rs holds its French to it"),
    ("args/examples.rs", "", "the same"),
    ("chat/pictures.rs", "", "tests"),
    ("daemon/conversation.rs", "", "what the daemon says to programs is English"),
    ("daemon/request.rs", "", "the same"),
    ("daemon/saying.rs", "", "the same"),
    ("daemon/unit.rs", "", "a unit is read by systemd, and by whoever keeps the machine"),
    ("commands/said.rs", "never left", "a state that programs read"),
];

/// Signs before or after which French has a space that must not break.
const BREAKING: [&str; 6] = [" ;", " ?", " !", " »", "« ", " :"];

/// Sentences outside the table, exceptions that nothing needs any more, and French of the library with a space that
/// breaks; the table looks after its own French.
pub fn check(root: &Path) -> Result<Vec<String>, String> {
    let mut findings = Vec::new();
    let mut needed = vec![false; EXCEPTIONS.len()];
    for (name, text) in texts(&root.join("crates/cli/src"))? {
        for sentence in literals(without_tests(&text)).into_iter().filter(|text| is_sentence(text)) {
            let fits = |(place, only, _): &(&str, &str, &str)| {
                name.starts_with(*place) && (only.is_empty() || *only == sentence)
            };
            match EXCEPTIONS.iter().position(fits) {
                Some(number) => needed.iter_mut().skip(number).take(1).for_each(|needed| *needed = true),
                None => {
                    findings.push(format!("crates/cli/src/{name} says “{sentence}”: let messages/ say it"))
                }
            }
        }
    }
    let idle = EXCEPTIONS.iter().zip(&needed).filter(|(_, needed)| !**needed);
    findings
        .extend(idle.map(|((place, ..), _)| format!("sentences.rs: nothing needs the exception of {place}")));
    let french = |(name, text): &(String, String)| name.starts_with("error/") || text.contains("both!(");
    for (name, text) in texts(&root.join("crates/client/src"))?.into_iter().filter(french) {
        let breaks = |literal: &String| BREAKING.iter().any(|breaking| literal.contains(breaking));
        let wrong = literals(without_tests(&text)).into_iter().filter(breaks);
        findings.extend(wrong.map(|literal| format!("crates/client/src/{name}: “{literal}” wants U+00A0")));
    }
    Ok(findings)
}

/// Each with its path below the folder.
fn texts(folder: &Path) -> Result<Vec<(String, String)>, String> {
    let read = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok((path.strip_prefix(folder).unwrap_or(&path).display().to_string(), text))
    };
    files(folder, "rs")?.into_iter().map(read).collect()
}

/// Tests close a file, in a module of their own.
fn without_tests(text: &str) -> &str {
    let is_module = |at: &usize| {
        let after = text.get(*at..).unwrap_or_default().lines().skip_while(|line| line.starts_with("#["));
        after.take(1).any(|line| line.ends_with('{'))
    };
    let end = text.match_indices("\n#[cfg(test)]").map(|(at, _)| at + 1).find(is_module);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// What stands between quotation marks, but not in comments and attributes.
fn literals(text: &str) -> Vec<String> {
    let kept = |line: &&str| !line.trim_start().starts_with("//") && !line.trim_start().starts_with("#[");
    let text = text.lines().filter(kept).collect::<Vec<_>>().join("\n");
    let mut literals = Vec::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['"', '\'']) {
        let before = rest.get(..at).unwrap_or_default();
        let hashes = "#".repeat(before.chars().rev().take_while(|sign| *sign == '#').count());
        let is_raw = before.trim_end_matches('#').ends_with('r');
        let from = rest.get(at..).unwrap_or_default();
        if from.starts_with('\'') {
            // A quotation mark as a character is none; a lifetime has no end.
            let length = ["'\"'", "'\\\"'", "'\\''"].iter().find(|mark| from.starts_with(**mark));
            rest = from.get(length.map_or(1, |mark| mark.len())..).unwrap_or_default();
            continue;
        }
        let inside = from.get(1..).unwrap_or_default();
        let length = if is_raw { inside.find(&format!("\"{hashes}")) } else { end_of(inside) };
        let length = length.unwrap_or(inside.len());
        literals.push(inside.get(..length).unwrap_or_default().to_owned());
        rest = inside.get(length + 1..).unwrap_or_default();
    }
    literals
}

/// Where a literal ends that began before: at a mark that no backslash takes away.
fn end_of(inside: &str) -> Option<usize> {
    let mut escaped = false;
    inside.char_indices().find_map(|(at, sign)| {
        let ends = sign == '"' && !escaped;
        escaped = sign == '\\' && !escaped;
        ends.then_some(at)
    })
}

/// Two words with a blank between them; what stands in braces is put in later, and no word.
fn is_sentence(literal: &str) -> bool {
    let literal = literal.replace("\\n", "\n");
    let words: Vec<&str> = literal.split(' ').collect();
    let is_word = |word: &str| {
        let word = word.trim_matches(|sign: char| ",;:.?!'()“”".contains(sign));
        word.chars().count() > 1 && word.chars().all(|sign| sign.is_alphabetic() || sign == '\'')
    };
    words.windows(2).any(|pair| pair.iter().all(|word| is_word(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_found_whatever_stands_around_them() {
        let text = concat!(
            "// not \"this\"\n#[arg(value_name = \"NOR THIS\")]\nfn f<'a>() { say(\"one \\\"two\\\"\", '\"', '\\'', \"three\"); ",
            "raw(r#\"four \"five\"#); }\n"
        );
        assert_eq!(literals(text), ["one \\\"two\\\"", "three", "four \"five"]);
    }

    #[test]
    fn a_sentence_is_told_from_names_formats_and_markup() {
        for sentence in
            ["nobody yet", "{why}: try again", "it is {count}", "Décliner la demande ?", "a\\nbe it so"]
        {
            assert!(is_sentence(sentence), "{sentence}");
        }
        for other in [
            "",
            "connected",
            "{a} ({b})",
            "%Y-%m-%d %H:%M",
            "<li class=\\\"x\\\"><b>",
            "/to NAME",
            "  ",
            "--x y",
        ] {
            assert!(!is_sentence(other), "{other}");
        }
    }

    #[test]
    fn tests_at_the_end_are_left_out_and_a_module_of_tests_elsewhere_is_not_the_end() {
        let text = "a\n#[cfg(test)]\nmod pictures;\nb\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n";
        assert_eq!(without_tests(text), "a\n#[cfg(test)]\nmod pictures;\nb\n");
    }
}
