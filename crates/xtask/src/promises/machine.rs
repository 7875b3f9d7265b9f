//! Where and when something was proven.

use std::path::Path;
use std::process::Command;

/// The line that a reader needs to weigh a figure.
pub struct Machine {
    date: String,
    commit: String,
    cores: String,
    system: String,
    rustc: String,
}

impl Machine {
    /// Asks the system; what it does not say is called unknown.
    pub fn look(root: &Path) -> Machine {
        let commit = said(root, "git", &["rev-parse", "--short", "HEAD"]);
        // The page itself is about to change: that does not make another program.
        let changes = said(root, "git", &["status", "--porcelain", "-uno", "--", ".", ":!docs/promises.md"]);
        let changed = if changes == UNKNOWN || changes.is_empty() { "" } else { " with changes" };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Machine {
            date: said(root, "date", &["-u", "+%Y-%m-%d"]),
            commit: format!("{commit}{changed}"),
            cores: format!("{} × {cores}", processor()),
            system: said(root, "uname", &["-sr"]),
            rustc: said(root, "rustc", &["--version"]).split(" (").next().unwrap_or(UNKNOWN).to_owned(),
        }
    }

    /// All of it.
    pub fn line(&self) -> String {
        let Machine { date, commit, cores, system, rustc } = self;
        format!("{date}, commit {commit}, {cores}, {system}, {rustc}")
    }
}

const UNKNOWN: &str = "unknown";

fn said(root: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(root).output();
    match output {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        _ => UNKNOWN.to_owned(),
    }
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("model name"));
    line.and_then(|line| line.split_once(':')).map_or(UNKNOWN, |(_, name)| name.trim()).to_owned()
}
