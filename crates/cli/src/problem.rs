//! What went wrong, told to a person: what, why, the risk if there is one, and what to do.

use std::fmt;

use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{Words, problems};
use crate::shown::{shown, shown_on_one_line};

/// One failure with everything that somebody needs to go on. Its layout is fixed by tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    what: String,
    why: String,
    risk: Option<String>,
    remedy: String,
    exit: Exit,
    code: String,
    retry_after: Option<u64>,
}

impl Problem {
    /// A problem without a risk to the person.
    pub fn new(
        exit: Exit,
        code: &str,
        what: impl Into<String>,
        why: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            what: what.into(),
            why: why.into(),
            risk: None,
            remedy: remedy.into(),
            exit,
            code: code.to_owned(),
            retry_after: None,
        }
    }

    /// A problem of the table of messages.
    pub fn of(exit: Exit, code: &str, words: Words) -> Self {
        Self::new(exit, code, words.what, words.why, words.remedy)
    }

    /// Says what is known here of why, and the library cannot know.
    pub fn with_why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// The same of what to do.
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// Names what somebody might suffer.
    pub fn with_risk(mut self, risk: Option<String>) -> Self {
        self.risk = risk;
        self
    }

    /// Says how many seconds to wait before asking again.
    pub fn with_retry_after(mut self, seconds: Option<u64>) -> Self {
        self.retry_after = seconds;
        self
    }

    /// What happened, in one line.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// How the program ends because of it.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    fn rows(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} {}", problems::error_label(), shown_on_one_line(&self.what))?;
        row(out, problems::why_label(), &self.why)?;
        if let Some(risk) = &self.risk {
            row(out, problems::risk_label(), risk)?;
        }
        row(out, problems::do_label(), &self.remedy)
    }

    /// The same facts for a program.
    pub fn to_json(&self) -> Line {
        Line::new("error")
            .text("code", &self.code)
            .number("exit", u64::from(self.exit.number()))
            .text("what", &self.what)
            .text("why", &self.why)
            .maybe_text("risk", self.risk.as_deref())
            .text("do", &self.remedy)
            .maybe_number("retry_after", self.retry_after)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rows(out)?;
        write!(out, "  {}", problems::ends_with(self.exit.number(), &self.code))
    }
}

/// A problem that is told beside something else, and with which nothing ends.
pub struct Aside<'a>(pub &'a Problem);

impl fmt::Display for Aside<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.rows(out)?;
        write!(out, "  ({})", self.0.code)
    }
}

/// One labelled row; further lines of the text stand under the first.
fn row(out: &mut fmt::Formatter<'_>, label: &str, text: &str) -> fmt::Result {
    let labels = [problems::why_label(), problems::risk_label(), problems::do_label()];
    let columns = labels.map(|label| label.chars().count()).into_iter().max().unwrap_or_default();
    writeln!(out, "  {label:<columns$}  {}", shown(text.trim_end(), columns + 4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::{Language, in_language};

    fn changed_key() -> Problem {
        Problem::new(
            Exit::Identity,
            "OUB-E061",
            "bob's key is not the one you verified",
            "the server offered a different key and it is not signed by the old one",
            "call bob and run   oub verify bob",
        )
        .with_risk(Some("someone may be answering in bob's place; nothing was sent".to_owned()))
    }

    #[test]
    fn a_problem_says_what_why_risk_and_do_in_fixed_columns() {
        assert_eq!(
            changed_key().to_string(),
            "error: bob's key is not the one you verified\n  \
             why   the server offered a different key and it is not signed by the old one\n  \
             risk  someone may be answering in bob's place; nothing was sent\n  \
             do    call bob and run   oub verify bob\n  \
             (exit 6, OUB-E061)"
        );
    }

    #[test]
    fn a_problem_told_beside_something_else_names_no_exit_code() {
        let said = Aside(&changed_key()).to_string();
        assert!(said.ends_with("oub verify bob\n  (OUB-E061)"), "{said}");
    }

    #[test]
    fn a_problem_in_french_has_the_same_rows() {
        let said = in_language(Language::French, || changed_key().to_string());
        let labels: Vec<&str> = said.lines().map(|line| line.get(..10).unwrap_or(line)).collect();
        assert_eq!(
            labels,
            ["erreur\u{a0}: ", "  cause   ", "  risque  ", "  faire   ", "  (code de"],
            "{said}"
        );
    }

    #[test]
    fn a_problem_without_risk_leaves_the_row_out_and_indents_further_lines() {
        let problem = Problem::new(Exit::Local, "OUB-E070", "a", "b", "one\ntwo");
        assert_eq!(
            problem.to_string(),
            "error: a\n  why   b\n  do    one\n        two\n  (exit 7, OUB-E070)"
        );
    }

    #[test]
    fn a_problem_in_json_carries_the_same_facts() {
        assert_eq!(
            changed_key().with_retry_after(Some(60)).to_json().to_string(),
            "{\"v\":1,\"t\":\"error\",\"code\":\"OUB-E061\",\"exit\":6,\
             \"what\":\"bob's key is not the one you verified\",\
             \"why\":\"the server offered a different key and it is not signed by the old one\",\
             \"risk\":\"someone may be answering in bob's place; nothing was sent\",\
             \"do\":\"call bob and run   oub verify bob\",\"retry_after\":60}"
        );
    }
}
