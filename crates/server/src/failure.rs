//! What an operator reads when something did not work: what, why, what to do (ux-notes § errors).

use std::fmt;

/// Exit code: something nobody foresaw.
pub const EXIT_UNEXPECTED: u8 = 1;
/// Exit code: the command line or the configuration is wrong.
pub const EXIT_USAGE: u8 = 2;
/// Exit code: not now; trying again is safe.
pub const EXIT_TEMPORARY: u8 = 4;
/// Exit code: the running server said no.
pub const EXIT_REFUSED: u8 = 5;
/// Exit code: the server's identity is not as expected.
pub const EXIT_IDENTITY: u8 = 6;
/// Exit code: the data folder cannot be used.
pub const EXIT_LOCAL: u8 = 7;

/// One error screen. Printed by `main` only; the code is stable, the words may improve.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// What happened, in a few words.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do next.
    pub remedy: String,
    /// How the process ends.
    pub exit: u8,
    /// Stable name of this screen, for scripts and search engines.
    pub code: String,
}

impl Failure {
    /// A screen from its parts, most telling first.
    pub fn new(
        what: impl Into<String>,
        why: impl Into<String>,
        remedy: impl Into<String>,
        exit: u8,
        code: &str,
    ) -> Self {
        Self { what: what.into(), why: why.into(), remedy: remedy.into(), exit, code: code.to_owned() }
    }
}

impl Failure {
    /// One JSON line for scripts.
    pub fn json(&self) -> String {
        let Self { what, why, remedy, exit, code } = self;
        serde_json::json!({"v": 1, "t": "error", "what": what, "why": why, "do": remedy, "exit": exit, "code": code})
            .to_string()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "error: {}", self.what)?;
        writeln!(out, "  why   {}", self.why)?;
        writeln!(out, "  do    {}", self.remedy)?;
        write!(out, "  (exit {}, {})", self.exit, self.code)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_says_what_why_and_what_to_do() {
        let shown = Failure::new("no", "because", "this", EXIT_LOCAL, "OUB-S070").to_string();
        assert_eq!(shown, "error: no\n  why   because\n  do    this\n  (exit 7, OUB-S070)");
    }
}
