//! `docs/promises.md`: one section for each promise, replaced when it is proven again.

use super::run::Outcome;
use super::table::{Promise, Proof};
use std::fmt;

/// Where it lies.
pub const PAGE: &str = "docs/promises.md";

const HEAD: &str = "\
# Promises, as last proven

`cargo xtask promises` runs what is named here and writes this page; nobody edits it by hand. Each section says when,
at which commit and on which machine, whether the proof held, and what it printed. `--long` runs the heavy sizes,
`--only Pn` proves one promise again. A promise whose proof fails or prints no figure is an error of the command.
";

/// Before what a proof leaves open.
const NOT_SHOWN: &str = "\nNot shown by this: ";

/// The whole page.
pub struct Page {
    /// In the order of the promises.
    pub sections: Vec<Section>,
}

/// What is said of one promise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section {
    id: String,
    verdict: String,
    /// From its heading to before the next.
    text: String,
}

impl Page {
    /// Reads what an earlier run wrote.
    pub fn parse(text: &str) -> Page {
        let sections = text.split("\n## ").skip(1).filter_map(|part| {
            let id = part.split_whitespace().next()?.to_owned();
            let verdict = part.split("**").nth(1)?.to_owned();
            Some(Section { id, verdict, text: format!("## {}\n", part.trim_end()) })
        });
        Page { sections: sections.collect() }
    }

    /// Puts what was proven in the place of what stood there.
    pub fn replace(&mut self, proven: Section) {
        if let Some(section) = self.sections.iter_mut().find(|section| section.id == proven.id) {
            *section = proven;
        }
    }

    /// What it says of a promise.
    pub fn section(&self, id: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.id == id)
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}\n| promise | proof |\n|---|---|")?;
        self.sections
            .iter()
            .try_for_each(|section| writeln!(f, "| {} | {} |", section.id, section.verdict))?;
        self.sections.iter().try_for_each(|section| write!(f, "\n{}", section.text))
    }
}

impl Section {
    /// What a run showed.
    pub fn proven(promise: &Promise, outcome: &Outcome, how: &str) -> Section {
        let verdict = if outcome.faults.is_empty() { "held" } else { "NOT PROVEN" };
        let mut lines = vec![format!("**{verdict}** · {how}"), String::new()];
        lines.extend(outcome.figures.iter().map(|figure| format!("* {figure}")));
        lines.extend(outcome.faults.iter().map(|fault| format!("* **{fault}**")));
        Section::new(promise, verdict, &lines)
    }

    /// Nobody has tried yet.
    pub fn unproven(promise: &Promise) -> Section {
        Section::new(promise, "not tried", &["**not tried** on any machine".to_owned()])
    }

    /// What it says that the proof leaves open; empty where it says nothing of that.
    pub fn not_shown(&self) -> &str {
        let said = self.text.split_once(NOT_SHOWN).map(|(_, rest)| rest);
        said.and_then(|rest| rest.lines().next()).unwrap_or_default()
    }

    fn new(promise: &Promise, verdict: &str, lines: &[String]) -> Section {
        let mut text = format!("## {} {}\n\n{}\n", promise.id, promise.sentence, lines.join("\n"));
        if !promise.not_shown.is_empty() {
            text.push_str(&format!("{NOT_SHOWN}{}\n", promise.not_shown));
        }
        let commands: Vec<String> = promise.proofs.iter().map(Proof::command).collect();
        text.push_str(&format!("\n```sh\n{}\n```\n", commands.join("\n")));
        Section { id: promise.id.to_owned(), verdict: verdict.to_owned(), text }
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::PROMISES;
    use super::*;

    #[test]
    fn a_page_that_is_read_is_written_as_it_was() {
        let outcome = Outcome { figures: vec!["9 tried, 0 lost".to_owned()], faults: Vec::new() };
        let sections: Vec<_> =
            PROMISES.iter().map(|promise| Section::proven(promise, &outcome, "today")).collect();
        let text = Page { sections: sections.clone() }.to_string();
        let again = Page::parse(&text);
        assert_eq!(again.sections, sections);
        assert_eq!(again.to_string(), text);
    }

    #[test]
    fn what_a_proof_leaves_open_is_read_as_it_was_written() {
        for promise in &PROMISES {
            let page = Page { sections: vec![Section::unproven(promise)] }.to_string();
            let said = Page::parse(&page).section(promise.id).map(|section| section.not_shown().to_owned());
            assert_eq!(said.as_deref(), Some(promise.not_shown), "{}", promise.id);
        }
    }

    #[test]
    fn a_proof_that_failed_is_said_and_not_hidden() {
        let outcome = Outcome { figures: Vec::new(), faults: vec!["`cargo test` failed".to_owned()] };
        let section = PROMISES.first().map(|promise| Section::proven(promise, &outcome, "today"));
        assert!(
            section.is_some_and(|section| section.verdict == "NOT PROVEN" && section.text.contains("failed"))
        );
    }
}
