//! What was sent and what was shown, counted against each other; and what a command may say of a failing vault.

use crate::person::{Person, Ran};

/// The codes of a vault that cannot be used, and of a file beside it.
const LOCAL: [&str; 4] = ["OUB-E078", "OUB-E079", "OUB-E080", "OUB-E200"];

/// What one person sent to another.
#[derive(Default)]
pub struct Book {
    sent: Vec<String>,
    shown: Vec<String>,
    again: usize,
}

impl Book {
    /// A text that was not there before; it counts as sent.
    pub fn next_text(&mut self) -> String {
        let text = format!("text {}", self.sent.len());
        self.sent.push(text.clone());
        text
    }

    /// The same, of many pages.
    pub fn long_text(&mut self) -> String {
        let text = format!("text {} {}", self.sent.len(), "0123456789abcdef".repeat(1_500));
        self.sent.push(text.clone());
        text
    }

    /// Whether these are the first of what was sent, in order.
    pub fn begins_with(&self, texts: &[&str]) -> bool {
        texts.len() <= self.sent.len() && self.sent.iter().zip(texts).all(|(sent, text)| sent == text)
    }

    /// Shown by a command. A text comes again only where the command before could not note that it was shown.
    pub fn shown(&mut self, texts: Vec<String>, may_have_been_shown: bool) {
        for text in texts {
            match self.shown.contains(&text) {
                true => {
                    assert!(may_have_been_shown, "shown twice: {text}");
                    self.again += 1;
                }
                false => self.shown.push(text),
            }
        }
    }

    /// Nothing lost, twice or out of order, on the screen and in the history of who was written to.
    pub fn assert_exact(&self, test: &str, reader: &Person, writer: &str) {
        println!(
            "promise P2: {test}: {} messages, 0 lost, 0 twice, 0 out of order; {} shown again after a failure",
            self.sent.len(),
            self.again
        );
        assert_eq!(self.shown, self.sent, "on the screen");
        assert_eq!(history(reader, writer, "received")[1..], self.sent, "in the history, after the greeting");
    }
}

/// What the history with a contact holds.
pub fn history(person: &Person, contact: &str, direction: &str) -> Vec<String> {
    let lines = person.json(&["log", contact]);
    let lines = lines.iter().filter(|line| line["direction"] == direction);
    lines.map(|line| line["text"].as_str().unwrap().to_owned()).collect()
}

/// Done, or the vault's problem with what, why and what to do. Says whether it was done.
pub fn assert_told(ran: &Ran, what: &str) -> bool {
    let said = format!("{what}\n{}{}", ran.out, ran.err);
    assert!(!ran.err.contains("panicked"), "{said}");
    // With --json a problem is a line of the answer.
    let told = format!("{}{}", ran.out, ran.err);
    match ran.code {
        Some(0) => return true,
        Some(7) => assert!(LOCAL.iter().any(|code| told.contains(code)), "{said}"),
        _ => panic!("{said}"),
    }
    let has = |text: &str, json: &str| ran.err.contains(text) || ran.out.contains(json);
    assert!(has("error: ", "\"what\":\"") && has("\n  why ", "\"why\":\""), "{said}");
    assert!(has("\n  do ", "\"do\":\""), "{said}");
    false
}

/// Whether a problem says that what was asked for is kept all the same.
pub fn is_kept(ran: &Ran) -> bool {
    ran.err.contains("what you asked for is kept and goes on with the next command")
}

/// Texts on whole lines, whatever else was printed.
pub fn texts_of(out: &str) -> Vec<String> {
    let lines = out.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let lines: Vec<_> = lines.filter_map(|line| serde_json::from_str(line).ok()).collect();
    crate::person::texts(&lines)
}
