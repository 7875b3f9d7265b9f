//! Where output goes: answers to standard output, talk to standard error.

use std::io::{self, IsTerminal as _, Write as _};

use crate::json::Line;
use crate::messages::problems;
use crate::problem::Problem;

/// Nobody reads standard output any more; the run ends quietly.
#[derive(Debug)]
pub struct Closed;

/// The two streams, and how much to say on the second.
#[derive(Clone, Debug)]
pub struct Screen {
    json: bool,
    quiet: u8,
    verbose: u8,
    colour: bool,
}

impl Screen {
    /// A screen for these global options.
    pub fn new(json: bool, quiet: u8, verbose: u8, colour: bool) -> Self {
        Self { json, quiet, verbose, colour }
    }

    /// Whether answers are JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether talk is not wanted.
    pub fn is_quiet(&self) -> bool {
        self.quiet > 0
    }

    /// Prints one answer: the line for a program, or the text for a person.
    pub fn answer(&self, line: Line, text: &str) -> Result<(), Closed> {
        if self.json { self.print(&line.to_string()) } else { self.print(text) }
    }

    /// Prints one line on standard output and hands it over at once.
    pub fn print(&self, text: &str) -> Result<(), Closed> {
        let mut out = io::stdout().lock();
        // A full disk or a closed pipe alike: what cannot be handed over was not handed over.
        writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|_| Closed)
    }

    /// Says something useful, unless quiet.
    pub fn say(&self, text: &str) {
        if self.quiet == 0 {
            talk(text);
        }
    }

    /// Says something that should not be missed; only `-qq` silences it.
    pub fn warn(&self, text: &str) {
        if self.quiet < 2 {
            talk(&format!("{} {text}", self.paint(problems::warning_label(), "33")));
        }
    }

    /// Says what cannot be had again; only `-qq` silences it.
    pub fn important(&self, text: &str) {
        if self.quiet < 2 {
            talk(text);
        }
    }

    /// Says a detail that `-v` asks for.
    pub fn detail(&self, text: &str) {
        if self.verbose > 0 {
            talk(text);
        }
    }

    /// Tells a problem: to the person, and with `--json` to the program too.
    pub fn tell(&self, problem: &Problem) {
        if self.json {
            // A closed pipe cannot stop us from ending with the right code.
            let _ = self.print(&problem.to_json().to_string());
        }
        let label = problems::error_label();
        talk(&problem.to_string().replacen(label, &self.paint(label, "31"), 1));
    }

    fn paint(&self, word: &str, code: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word.to_owned() }
    }
}

/// One line on standard error; a closed standard error is not worth dying for.
fn talk(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether a person sits at both ends, so that a question can be asked.
pub fn can_ask(no_input: bool) -> bool {
    !no_input && io::stdin().is_terminal() && io::stderr().is_terminal()
}
