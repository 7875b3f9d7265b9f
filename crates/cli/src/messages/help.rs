//! The help of the command line.

use clap::Command;

use super::{Language, language};

/// The grammar, with its help in the language of this run.
pub fn in_its_language(grammar: Command) -> Command {
    match language() {
        Language::English | Language::French => grammar,
    }
}
