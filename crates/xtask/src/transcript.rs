//! Runs the ```console blocks of a page and compares what is printed with what the page shows.
//!
//! Lines that begin with `$ ` are typed; the lines below them are what the page says they print, standard error
//! included. `…` in a shown line stands for anything; a shown line that is `…` alone stands for any lines. In a
//! command, a word with `…` stands for the last word of its form that a command before it printed.
//! `alice$ ` is Alice at her own machine: `oub` has a home and a passphrase of hers there.
//! All blocks of a page run in one shell, in an empty folder, with our programs first on the PATH; a command
//! that ends in ` &` runs in the background and is ended, by its pid, when the page is through.

use crate::Findings;
use std::path::Path;
use std::process::{Command, Stdio};

/// What one command is shown to print.
struct Step {
    /// At whose machine; nobody's in particular if none is named.
    who: Option<String>,
    command: String,
    shown: Vec<String>,
}

/// Between the outputs of two commands in the shell's output.
const MARK: &str = "=== oubliette transcript ===";

/// What the commands of a page find in their shell.
const PRELUDE: &str = r#"exec >.printed 2>&1
echo 'correct horse battery staple' >.passphrase; chmod 600 .passphrase
at() { export OUB_HOME="$PWD/$1" OUB_PASSPHRASE_FILE="$PWD/.passphrase" OUB_BACKUP_PASSPHRASE_FILE="$PWD/.passphrase"; }
nobody() { unset OUB_HOME OUB_PASSPHRASE_FILE OUB_BACKUP_PASSPHRASE_FILE; }
printed() { grep -oE -- "$1" .printed | tail -n 1; }
"#;

/// Longest run of a page, in seconds.
const SECONDS_MAX: &str = "120";

/// Runs one page.
pub fn check(root: &Path, page: &str) -> Result<Findings, String> {
    let text = std::fs::read_to_string(root.join(page)).map_err(|error| format!("{page}: {error}"))?;
    let steps = steps(&text);
    if steps.is_empty() {
        return Err(format!("{page} has no ```console block"));
    }
    let folder = std::env::temp_dir().join(format!("oubliette-transcript-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let printed = run(root, &folder, &steps);
    std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let printed = printed?;
    let parts: Vec<&str> = printed.split(MARK).skip(1).collect();
    println!("xtask transcript: {page}: {} commands", steps.len());
    if parts.len() < steps.len() {
        return Ok(vec![format!("{page}: only {} of {} commands ran:\n{printed}", parts.len(), steps.len())]);
    }
    Ok(steps.iter().zip(parts).filter_map(|(step, part)| difference(page, step, part)).collect())
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            _ if !inside => {}
            _ => match (typed(line), steps.last_mut()) {
                (Some(step), _) => steps.push(step),
                (None, Some(step)) => step.shown.push(line.to_owned()),
                (None, None) => {}
            },
        }
    }
    steps
}

/// A line that somebody types: `$ ` or `name$ `, and the command.
fn typed(line: &str) -> Option<Step> {
    let (prompt, command) = line.split_once("$ ")?;
    if !prompt.chars().all(|each| each.is_ascii_lowercase()) {
        return None;
    }
    let who = (!prompt.is_empty()).then(|| prompt.to_owned());
    Some(Step { who, command: command.to_owned(), shown: Vec::new() })
}

/// What the shell does for a step: whose machine it is at, then the command.
fn spoken(step: &Step) -> String {
    let at = step.who.as_ref().map_or("nobody".to_owned(), |who| format!("at {who}"));
    let is_end = |each: char| each.is_whitespace() || matches!(each, '"' | '(' | ')' | '=');
    let words = step.command.split_inclusive(is_end).map(|word| match word.contains('…') {
        false => word.to_owned(),
        // Looked up when its turn comes.
        true => {
            let (form, end) = word.split_at(word.trim_end_matches(is_end).len());
            let parts: Vec<String> = form.split('…').map(literally).collect();
            format!("$(printed '{}'){end}", parts.join("[^[:space:]]*"))
        }
    });
    format!("{at}\n{}\n", words.collect::<String>())
}

/// A text as a regular expression that means nothing else.
fn literally(text: &str) -> String {
    let each = |char: char| match char.is_alphanumeric() || matches!(char, '/' | ':' | '-' | '#' | '@') {
        true => char.to_string(),
        false => format!("[{char}]"),
    };
    text.chars().map(each).collect()
}

/// Types every command into one shell and returns what it printed.
fn run(root: &Path, folder: &Path, steps: &[Step]) -> Result<String, String> {
    // As ./test builds them, or as they ship (dist).
    let profile = std::env::var("OUBLIETTE_PROFILE").unwrap_or_else(|_| "release".to_owned());
    let programs = root.join("target").join(profile);
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let mut script = String::from(PRELUDE);
    for step in steps {
        script.push_str(&format!("echo '{MARK}'\n{}", spoken(step)));
        if step.command.ends_with('&') {
            script.push_str("pids=\"$pids $!\"; sleep 1\n");
            if step.command.starts_with("oublietted serve") {
                // A busy machine takes longer; one that does not start at all is told by the next command.
                script.push_str(
                    "for _ in $(seq 150); do oublietted status >/dev/null 2>&1 && break; sleep 0.2; done\n",
                );
            }
        }
    }
    script.push_str(&format!("echo '{MARK}'\nfor pid in $pids; do kill $pid; wait $pid; done 2>/dev/null\n"));
    let file = folder.join(".transcript");
    std::fs::write(&file, script).map_err(|error| format!("{}: {error}", file.display()))?;
    let ended = Command::new("timeout")
        .args([SECONDS_MAX, "bash"])
        .arg(&file)
        .current_dir(folder)
        .env("PATH", path)
        .env("HOME", folder)
        .env_remove("XDG_DATA_HOME")
        .env("OUBLIETTED_DATA", folder.join("relay"))
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .status();
    ended.map_err(|error| format!("bash did not start: {error}"))?;
    let printed = folder.join(".printed");
    let bytes = std::fs::read(&printed).map_err(|error| format!("{}: {error}", printed.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What is wrong with one step, with both sides.
fn difference(page: &str, step: &Step, printed: &str) -> Option<String> {
    let printed: Vec<&str> = printed.lines().skip(1).collect();
    let shown: Vec<&str> = trimmed(step.shown.iter().map(String::as_str).collect());
    let printed = trimmed(printed);
    if matches_lines(&shown, &printed) {
        return None;
    }
    Some(format!(
        "{page}: {}$ {}\n  shown:\n    {}\n  printed:\n    {}",
        step.who.as_deref().unwrap_or_default(),
        step.command,
        shown.join("\n    "),
        printed.join("\n    ")
    ))
}

/// Without empty lines at the end.
fn trimmed(mut lines: Vec<&str>) -> Vec<&str> {
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    lines
}

fn matches_lines(shown: &[&str], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((&"…", rest)) => {
            (0..=printed.len()).any(|skip| matches_lines(rest, printed.get(skip..).unwrap_or_default()))
        }
        Some((first, rest)) => printed
            .split_first()
            .is_some_and(|(line, others)| matches_line(first, line) && matches_lines(rest, others)),
    }
}

/// Whether a line is the shown one, `…` standing for anything.
fn matches_line(shown: &str, line: &str) -> bool {
    match shown.split_once('…') {
        None => shown.trim_end() == line.trim_end(),
        Some((before, after)) => line.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| matches_line(after, rest.get(at..).unwrap_or_default()))
        }),
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_ellipsis_stands_for_anything_and_the_rest_is_meant() {
        assert!(matches_line("a … c … e", "a b c d e"));
        assert!(!matches_line("a … c", "a b d"));
        assert!(matches_lines(&["a", "…", "z"], &["a", "b", "c", "z"]));
        assert!(!matches_lines(&["a", "z"], &["a", "b", "z"]));
    }

    #[test]
    fn commands_and_their_lines_are_told_apart() {
        let steps = steps("x\n```console\n$ one\nsays 3$ and\nbob$ two\n```\n$ three\n");
        assert_eq!(steps.len(), 2);
        assert_eq!((steps[0].who.as_deref(), &*steps[0].shown), (None, &["says 3$ and".to_owned()][..]));
        assert_eq!((steps[1].who.as_deref(), steps[1].shown.len()), (Some("bob"), 0));
    }

    #[test]
    fn an_ellipsis_in_a_command_is_looked_up_in_what_was_printed() {
        let step = typed("bob$ oub add \"oub://a.b/…#…\" --as 'x y'").unwrap();
        assert_eq!(
            spoken(&step),
            "at bob\noub add \"$(printed 'oub://a[.]b/[^[:space:]]*#[^[:space:]]*')\" --as 'x y'\n"
        );
    }
}
